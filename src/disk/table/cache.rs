//! Pages of runs that were read lately, as they are looked into.
//!
//! What is written about at one time stands near each other, so that a few pages answer many
//! lookups. Each page has one place; a newer one there takes it over.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::segment::Segment;
use crate::disk::DiskError;

/// Pages kept for a table: some three megabytes.
const PAGES_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    places: Mutex<Vec<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    run: u64,
    page: usize,
    entries: Arc<Segment>,
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Cache {
        let places = (0..PAGES_MAX).map(|_| None).collect();
        Cache { folder: folder.to_path_buf(), places: Mutex::new(places) }
    }

    pub(super) fn get(&self, run: u64, page: usize) -> Option<Arc<Segment>> {
        let places = self.places();
        let known = places[place(run, page)].as_ref()?;
        (known.run == run && known.page == page).then(|| Arc::clone(&known.entries))
    }

    pub(super) fn put(&self, run: u64, page: usize, entries: &Arc<Segment>) {
        let known = Known { run, page, entries: Arc::clone(entries) };
        let before = self.places()[place(run, page)].replace(known);
        drop(before);
    }

    /// An error of the folder whose pages these are.
    pub(super) fn failed(&self, reason: String) -> DiskError {
        DiskError::failed(&self.folder, reason)
    }

    fn places(&self) -> MutexGuard<'_, Vec<Option<Known>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(run: u64, page: usize) -> usize {
    let mixed = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ page as u64;
    (mixed % PAGES_MAX as u64) as usize
}
