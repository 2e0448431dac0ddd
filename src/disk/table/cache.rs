//! Pages of runs that were read lately: their entries, for scans, and their bytes, for lookups.
//!
//! What is written about at one time stands near each other, so that a few pages answer many
//! lookups. Each page has one place; a newer one there takes it over.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::segment::Segment;
use crate::disk::DiskError;

/// Pages whose entries are kept for a table: some three megabytes.
const SCANNED_MAX: usize = 256;

/// Pages whose bytes are kept for a table, thirty-two megabytes where so many are looked into: a
/// thousand who look side by side, each in a few pages of its own.
const LOOKED_INTO_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    scanned: Places<Arc<Segment>>,
    looked_into: Places<Arc<Vec<u8>>>,
}

/// One form of pages.
#[derive(Debug)]
struct Places<T>(Mutex<Vec<Option<Known<T>>>>);

#[derive(Debug)]
struct Known<T> {
    run: u64,
    page: usize,
    content: T,
}

impl Cache {
    pub(super) fn new(folder: &Path) -> Cache {
        let folder = folder.to_path_buf();
        Cache { folder, scanned: Places::new(SCANNED_MAX), looked_into: Places::new(LOOKED_INTO_MAX) }
    }

    pub(super) fn entries(&self, run: u64, page: usize) -> Option<Arc<Segment>> {
        self.scanned.get(run, page)
    }

    pub(super) fn keep_entries(&self, run: u64, page: usize, entries: &Arc<Segment>) {
        self.scanned.put(run, page, Arc::clone(entries));
    }

    /// The bytes of a page, which were checked when they were read.
    pub(super) fn bytes(&self, run: u64, page: usize) -> Option<Arc<Vec<u8>>> {
        self.looked_into.get(run, page)
    }

    pub(super) fn keep_bytes(&self, run: u64, page: usize, bytes: &Arc<Vec<u8>>) {
        self.looked_into.put(run, page, Arc::clone(bytes));
    }

    /// An error of the folder whose pages these are.
    pub(super) fn failed(&self, reason: String) -> DiskError {
        DiskError::failed(&self.folder, reason)
    }
}

impl<T: Clone> Places<T> {
    fn new(pages_max: usize) -> Places<T> {
        Places(Mutex::new((0..pages_max).map(|_| None).collect()))
    }

    fn get(&self, run: u64, page: usize) -> Option<T> {
        let places = self.lock();
        let known = places[place(run, page, places.len())].as_ref()?;
        (known.run == run && known.page == page).then(|| known.content.clone())
    }

    fn put(&self, run: u64, page: usize, content: T) {
        let mut places = self.lock();
        let place = place(run, page, places.len());
        let before = places[place].replace(Known { run, page, content });
        drop(places);
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Known<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(run: u64, page: usize, places: usize) -> usize {
    let mixed = run.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ page as u64;
    (mixed % places as u64) as usize
}
