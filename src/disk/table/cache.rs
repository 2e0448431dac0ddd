//! Pages of runs that were read lately.
//!
//! What is written about at one time stands near each other, so that a few pages answer many
//! lookups. Each page has one place; a newer one there takes it over.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::DiskError;

/// Pages that are kept for a table, thirty-two megabytes where so many are looked into: a thousand
/// who look side by side, each in a few pages of its own.
const PAGES_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    places: Mutex<Vec<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    run: u64,
    page: usize,
    bytes: Arc<Vec<u8>>,
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Cache {
        let places = Mutex::new((0..PAGES_MAX).map(|_| None).collect());
        Cache { folder: folder.to_path_buf(), places }
    }

    /// The bytes of a page, which were checked when they were read.
    pub(super) fn get(&self, run: u64, page: usize) -> Option<Arc<Vec<u8>>> {
        let places = self.lock();
        let known = places[place(run, page)].as_ref()?;
        (known.run == run && known.page == page).then(|| Arc::clone(&known.bytes))
    }

    pub(super) fn keep(&self, run: u64, page: usize, bytes: &Arc<Vec<u8>>) {
        let known = Known { run, page, bytes: Arc::clone(bytes) };
        let before = self.lock()[place(run, page)].replace(known);
        drop(before);
    }

    /// An error of the folder whose pages these are.
    pub(super) fn failed(&self, reason: String) -> DiskError {
        DiskError::failed(&self.folder, reason)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Known>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(run: u64, page: usize) -> usize {
    let mixed = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ page as u64;
    (mixed % PAGES_MAX as u64) as usize
}
