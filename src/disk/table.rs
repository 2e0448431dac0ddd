//! What can be derived again: ordered tables that are written lazily, in large batches.
//!
//! A table answers from its layers in memory and, under them, from sorted runs on the disk. Changes
//! go to the top layer and become visible at once and together; a flush makes a run of the layer,
//! which counts from one moment to the next, while readers and the writer go on. Runs of a size are
//! merged when there are several. After a crash a table is as some flush left it, and the checkpoint
//! that its owner wrote with its changes says where to go on.
//!
//! ```text
//!   apply ──▶ [ fresh ]        both in memory; a value of None hides what is below
//!             [ leaving ] ──▶ [run] [run] [  run  ] [     run     ]   newest first
//! ```

#![allow(dead_code, reason = "the log's index gets and puts; projections scan and delete")]

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Database, DiskError};
use layers::{Layer, Layers, over};
use merge::Merge;
use run::{Building, Pages, Run};

mod filter;
mod layers;
mod merge;
mod run;

/// The longest key of a table.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// The largest value of a table: a page with one entry stays below 6 KB, so that sled's leaves stay
/// in its data file.
pub(crate) const VALUE_BYTES_MAX: usize = 4 * 1024;

/// How many runs of about one size are merged: fewer cost more writing, more cost more looking.
const MERGED_RUNS: usize = 4;

/// The pages of derived data that sled keeps in memory for a folder.
const CACHE_BYTES: u64 = 16 << 20;

/// A change of one entry: a value to put, or `None` to delete.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// An entry that was read.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A folder of tables.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Database>);

impl Folder {
    /// Opens or creates a folder, which stays locked until it and its tables are dropped.
    pub(crate) fn open(path: &Path) -> Result<Folder, DiskError> {
        Database::open(path, CACHE_BYTES).map(|database| Folder(Arc::new(database)))
    }

    /// Opens or creates the table of that name.
    pub(crate) fn table(&self, name: &str) -> Result<Table, DiskError> {
        let tree = self.0.db.open_tree(name).map_err(|error| self.0.failed(error))?;
        let runs = Pages { tree: &tree, folder: self }.load()?;
        let number = runs.iter().map(|run| run.number).max().map_or(0, |number| number + 1);
        let table = Table { tree: Some((tree, self.clone())), ..Table::in_memory() };
        table.write().runs = runs.into_iter().map(Arc::new).collect();
        table.next_run.store(number, Ordering::Relaxed);
        Ok(table)
    }

    /// Deletes a folder of tables that nobody has open; it need not exist.
    pub(crate) fn destroy(path: &Path) -> Result<(), DiskError> {
        super::destroy(path)
    }
}

/// What a lookup that does not touch the disk can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InMemory {
    /// The value, or that there is none.
    Known(Option<Vec<u8>>),
    /// Only the disk knows.
    Unknown,
}

/// Which end of a scan comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// An ordered table of keys and values for one writer and many readers.
#[derive(Debug)]
pub(crate) struct Table {
    layers: RwLock<Layers>,
    /// Held while a layer moves down: one at a time.
    flushing: Mutex<()>,
    /// Held while runs are merged.
    merging: Mutex<()>,
    /// Held while the list of runs changes.
    manifest: Mutex<()>,
    next_run: AtomicU64,
    tree: Option<(sled::Tree, Folder)>,
}

impl Table {
    /// Opens or creates one table in a folder of its own.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Table, DiskError> {
        Folder::open(folder)?.table(name)
    }

    /// Makes a table without a disk below it; nothing of it ever leaves the memory.
    #[must_use]
    pub(crate) fn in_memory() -> Table {
        Table {
            layers: RwLock::default(),
            flushing: Mutex::default(),
            merging: Mutex::default(),
            manifest: Mutex::default(),
            next_run: AtomicU64::new(0),
            tree: None,
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let layers = self.read();
        match layers.get(key) {
            Some(known) => Ok(known.clone()),
            None => self.get_below(&layers.runs, key),
        }
    }

    /// Looks a key up without touching the disk.
    pub(crate) fn get_in_memory(&self, key: &[u8]) -> InMemory {
        let layers = self.read();
        match layers.get(key) {
            Some(known) => InMemory::Known(known.clone()),
            None if layers.runs.iter().any(|run| run.may_contain(key)) => InMemory::Unknown,
            None => InMemory::Known(None),
        }
    }

    pub(crate) fn put(&self, key: Vec<u8>, value: Vec<u8>) {
        self.apply([(key, Some(value))]);
    }

    pub(crate) fn delete(&self, key: Vec<u8>) {
        self.apply([(key, None)]);
    }

    /// Makes several changes that readers see together.
    ///
    /// # Panics
    ///
    /// When a key is longer than [`KEY_BYTES_MAX`] or a value larger than [`VALUE_BYTES_MAX`]:
    /// whoever derives data cuts it to that size.
    pub(crate) fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let mut layers = self.write();
        for (key, value) in changes {
            check(&key, value.as_ref());
            layers.put(key, value);
        }
    }

    /// Reads up to `limit` entries within a range of keys.
    pub(crate) fn scan(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        if is_empty(range) {
            return Ok(Vec::new());
        }
        let layers = self.read();
        let above = [&layers.fresh, &*layers.leaving].into_iter();
        let above = above.map(|layer| merge::items(layer, range, direction));
        let below = self.pages().into_iter().flat_map(|pages| {
            layers.runs.iter().map(move |run| -> merge::Source<'_> { run.items(pages, range, direction) })
        });
        Merge::new(above.chain(below), direction)?.collect(limit)
    }

    /// Reads up to `limit` entries whose keys begin with `prefix`.
    pub(crate) fn scan_prefix(
        &self,
        prefix: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        let end = merge::after_prefix(prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.scan((Bound::Included(prefix), end), direction, limit)
    }

    /// Writes what was applied, and `extra` with it, so that after a crash all of it is there or
    /// none; then merges the runs that there are too many of, which may take long.
    ///
    /// # Errors
    ///
    /// [`DiskError::Failed`]: everything is still readable, and the next flush tries again.
    pub(crate) fn flush(&self, extra: impl IntoIterator<Item = Change>) -> Result<(), DiskError> {
        self.flush_only(extra)?;
        self.merge()
    }

    /// Flushes without merging, for whoever cannot wait.
    pub(crate) fn flush_only(&self, extra: impl IntoIterator<Item = Change>) -> Result<(), DiskError> {
        let _one_at_a_time = lock(&self.flushing);
        // Collected before the lock is taken: it may be all that there is to write.
        let extra: Layer = extra.into_iter().collect();
        extra.iter().for_each(|(key, value)| check(key, value.as_ref()));
        let leaving = {
            let mut layers = self.write();
            layers.fresh_bytes = 0;
            let leaving = over(extra, std::mem::take(&mut layers.fresh));
            if self.tree.is_none() {
                leaving.into_iter().for_each(|(key, value)| layers.put(key, value));
                return Ok(());
            }
            layers.leaving = Arc::new(leaving);
            Arc::clone(&layers.leaving)
        };
        let written = self.write_run(&leaving);
        drop(leaving);
        let mut layers = self.write();
        let leaving = std::mem::take(&mut layers.leaving);
        if written.is_err() {
            layers.put_back(leaving);
        }
        written
    }

    /// Deletes every entry.
    pub(crate) fn clear(&self) -> Result<(), DiskError> {
        let (_no_merge, _no_flush) = (lock(&self.merging), lock(&self.flushing));
        let _manifest = lock(&self.manifest);
        let gone = {
            let mut layers = self.write();
            if let Some(pages) = self.pages() {
                pages.write_manifest(std::iter::empty())?;
            }
            std::mem::take(&mut *layers).runs
        };
        self.remove(&gone)
    }

    /// About how much memory a flush would free.
    pub(crate) fn overlay_bytes(&self) -> usize {
        self.read().fresh_bytes
    }

    /// Where the table is kept, if it is kept.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.tree.as_ref().map(|(_, folder)| folder.0.folder.clone())
    }

    fn pages(&self) -> Option<Pages<'_>> {
        self.tree.as_ref().map(|(tree, folder)| Pages { tree, folder })
    }

    fn get_below(&self, runs: &[Arc<Run>], key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let Some(pages) = self.pages() else { return Ok(None) };
        for run in runs {
            if let Some(known) = run.get(pages, key)? {
                return Ok(known);
            }
        }
        Ok(None)
    }

    /// Makes a run of a layer and puts it before the others.
    fn write_run(&self, layer: &Layer) -> Result<(), DiskError> {
        let Some(pages) = self.pages().filter(|_| !layer.is_empty()) else { return Ok(()) };
        let mut building = Building::new(pages, self.number(), layer.len());
        for (key, value) in layer {
            building.push(key, value.as_deref())?;
        }
        let run = Arc::new(building.finish()?);
        self.replace_runs(&[], run)
    }

    /// Merges runs as long as several of about one size stand next to each other.
    fn merge(&self) -> Result<(), DiskError> {
        let Some(pages) = self.pages() else { return Ok(()) };
        let Ok(_one_at_a_time) = self.merging.try_lock() else { return Ok(()) };
        loop {
            let runs = self.read().runs.clone();
            let Some(due) = due(&runs) else { return Ok(()) };
            let oldest = due.end == runs.len();
            let merged = &runs[due];
            let entries_max = merged.iter().map(|run| run.entries as usize).sum();
            let everything = (Bound::Unbounded, Bound::Unbounded);
            let sources = merged.iter().map(|run| run.items(pages, everything, Direction::Forward));
            let mut merge = Merge::new(sources, Direction::Forward)?;
            let building = Building::new(pages, self.number(), entries_max);
            let run = run::copy(building, || merge.next(), !oldest)?;
            self.replace_runs(merged, Arc::new(run))?;
            self.remove(merged)?;
        }
    }

    /// Puts a run where the old ones were, or before all, on the disk and then in memory.
    fn replace_runs(&self, old: &[Arc<Run>], new: Arc<Run>) -> Result<(), DiskError> {
        let Some(pages) = self.pages() else { return Ok(()) };
        let _one_at_a_time = lock(&self.manifest);
        let mut runs = self.read().runs.clone();
        let at =
            old.first().and_then(|old| runs.iter().position(|run| run.number == old.number)).unwrap_or(0);
        runs.splice(at..at + old.len(), [new]);
        pages.write_manifest(runs.iter().map(Arc::as_ref))?;
        pages.flush()?;
        self.write().runs = runs;
        Ok(())
    }

    fn remove(&self, runs: &[Arc<Run>]) -> Result<(), DiskError> {
        let Some(pages) = self.pages() else { return Ok(()) };
        runs.iter().try_for_each(|run| pages.remove(run.number))
    }

    fn number(&self) -> u64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    fn read(&self) -> RwLockReadGuard<'_, Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Layers> {
        self.layers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(key: &[u8], value: Option<&Vec<u8>>) {
    assert!(key.len() <= KEY_BYTES_MAX, "a key has at most 1024 bytes");
    assert!(value.is_none_or(|value| value.len() <= VALUE_BYTES_MAX), "a value has at most 4 KB");
}

/// The newest [`MERGED_RUNS`] neighbours of which the oldest is not much larger than the others.
fn due(runs: &[Arc<Run>]) -> Option<std::ops::Range<usize>> {
    let starts = 0..(runs.len() + 1).saturating_sub(MERGED_RUNS);
    let mut groups = starts.map(|start| start..start + MERGED_RUNS);
    groups.find(|group| {
        let (oldest, newer) = runs[group.clone()].split_last().expect("a group has MERGED_RUNS runs");
        oldest.entries <= newer.iter().map(|run| run.entries).sum::<u64>() * 2
    })
}

/// `BTreeMap::range` panics on a range that ends before it starts.
fn is_empty(range: (Bound<&[u8]>, Bound<&[u8]>)) -> bool {
    match range {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from >= to
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
