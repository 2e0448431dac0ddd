//! What can be derived again: ordered tables that are written lazily, in large batches.
//!
//! A table is a stack of sorted layers that never change: segments in memory and, under them, runs
//! on the disk. A batch of changes becomes a segment, which counts from one moment to the next; a
//! flush makes one run of all segments; neighbours of about one size are merged, so that an entry is
//! written again as often as the table has grown by a factor. Whoever reads holds the layers of a
//! moment, so that no reader, flush or merge keeps the writer waiting, nor the other way round.
//! After a crash a table is as some flush left it, and the checkpoint that its owner wrote with its
//! changes says where to go on.
//!
//! ```text
//!   apply ──▶ [ ][ ][   fresh   ]      segments in memory; a deletion hides what is below
//!             [ leaving ]──▶ [run] [run] [  run  ] [     run     ]   newest first
//! ```

#![allow(dead_code, reason = "the log's index gets and puts; projections scan and delete")]

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::{DiskError, create_folder};
use files::Files;
use layers::Layers;
use merge::{Cursor, Deletions, EVERYTHING, Merge};
use run::Run;
use segment::{Building, Segment};
use tiers::{MERGED_AT_ONCE_ENTRIES_MAX, MERGED_RUNS, MERGED_SEGMENTS, at_rest, due, merged_at_once};

mod cache;
mod files;
mod filter;
mod layers;
mod merge;
mod page;
mod patience;
mod run;
mod segment;
mod shape;
mod tiers;

pub(crate) use layers::Snapshot;
pub(crate) use merge::after_prefix;
pub(crate) use segment::Batch;
pub(crate) use shape::{Shape, Use};

/// The longest key of a table.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// The largest value of a table: some go into a page of a few KB.
pub(crate) const VALUE_BYTES_MAX: usize = 4 * 1024;

/// Segments are not merged beyond this: without a disk, merging all there is would take long.
const SEGMENT_BYTES_MAX: usize = 256 << 20;

/// A change of one entry: a value to put, or `None` to delete.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// An entry that was read.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// A folder of tables.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    _lock: super::Lock,
}

impl Folder {
    /// Opens or creates a folder, which stays locked until it and its tables are dropped.
    pub(crate) fn open(path: &Path) -> Result<Folder, DiskError> {
        create_folder(path).map_err(|error| DiskError::failed(path, error))?;
        let lock = super::lock(path)?;
        Ok(Folder(Arc::new(Opened { path: path.to_path_buf(), _lock: lock })))
    }

    /// Opens or creates the table of that name, of which any key may be looked up.
    pub(crate) fn table(&self, name: &str) -> Result<Table, DiskError> {
        self.table_of(name, |_| Use::LookedUp)
    }

    /// The same of a table whose keys are used in several ways.
    pub(crate) fn table_of(&self, name: &str, shape: Shape) -> Result<Table, DiskError> {
        let files = Files::new(self, name, shape);
        let runs: Vec<Arc<Run>> = files.load()?.into_iter().map(Arc::new).collect();
        let number = runs.iter().map(|run| run.number).max().map_or(0, |number| number + 1);
        let mut table = Table { files: Some(files), ..Table::in_memory_of(shape) };
        table.next_run = AtomicU64::new(number);
        table.change(|layers| layers.runs = runs);
        Ok(table)
    }

    /// Deletes a folder of tables that nobody has open; it need not exist.
    pub(crate) fn destroy(path: &Path) -> Result<(), DiskError> {
        super::destroy(path)
    }

    fn path(&self) -> &Path {
        &self.0.path
    }
}

/// Which end of a scan comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

impl Direction {
    fn next_of(self, left: &mut std::ops::Range<usize>) -> Option<usize> {
        match self {
            Direction::Forward => left.next(),
            Direction::Backward => left.next_back(),
        }
    }
}

/// An ordered table of keys and values for one writer and many readers.
#[derive(Debug)]
pub(crate) struct Table {
    /// Replaced as a whole, under a lock that nobody holds for longer than that.
    layers: RwLock<Arc<Layers>>,
    /// Held while segments move down: one flush at a time.
    flushing: Mutex<()>,
    /// Held while runs are merged.
    merging: Mutex<()>,
    /// Held by a test that wants a merge to take long.
    #[cfg(test)]
    merge_gate: Mutex<()>,
    /// Whether a merge has come to the gate.
    #[cfg(test)]
    at_merge_gate: std::sync::atomic::AtomicBool,
    /// Held while the list of runs changes.
    manifest: Mutex<()>,
    next_run: AtomicU64,
    shape: Shape,
    files: Option<Files>,
}

/// Changes that are sorted and merged, and wait for the moment from which they count.
#[derive(Debug)]
pub(crate) struct Prepared {
    changes: Arc<Segment>,
    /// The same with the segments below them, and those.
    merged: Option<(Arc<Segment>, Vec<Arc<Segment>>)>,
}

impl Table {
    /// Opens or creates one table in a folder of its own.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Table, DiskError> {
        Folder::open(folder)?.table(name)
    }

    /// Makes a table without a disk below it; nothing of it ever leaves the memory.
    #[must_use]
    pub(crate) fn in_memory() -> Table {
        Table::in_memory_of(|_| Use::LookedUp)
    }

    /// The same of a table whose keys are used in several ways.
    #[must_use]
    pub(crate) fn in_memory_of(shape: Shape) -> Table {
        Table {
            layers: RwLock::default(),
            flushing: Mutex::default(),
            merging: Mutex::default(),
            #[cfg(test)]
            merge_gate: Mutex::default(),
            #[cfg(test)]
            at_merge_gate: std::sync::atomic::AtomicBool::default(),
            manifest: Mutex::default(),
            next_run: AtomicU64::new(0),
            shape,
            files: None,
        }
    }

    /// The table as it is now, whatever becomes of it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.layers(), self.shape)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        self.snapshot().get(key)
    }

    /// Reads up to `limit` entries within a range of keys.
    pub(crate) fn scan(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        self.snapshot().scan(range, direction, limit)
    }

    /// Reads up to `limit` entries whose keys begin with `prefix`.
    pub(crate) fn scan_prefix(
        &self,
        prefix: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        self.snapshot().scan_prefix(prefix, direction, limit)
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
    /// As [`Batch::put`] does.
    pub(crate) fn apply(&self, changes: impl IntoIterator<Item = Change>) {
        let batch: Batch = changes.into_iter().collect();
        if !batch.is_empty() {
            self.publish(self.prepare(batch));
        }
    }

    /// Does the work of making changes, so that nothing is left to do but to make them visible.
    pub(crate) fn prepare(&self, batch: Batch) -> Prepared {
        let changes = Arc::new(batch.seal(self.shape));
        let layers = self.layers();
        let (mut newest, mut below) = (Arc::clone(&changes), layers.fresh.as_slice());
        while let Some(count) = merged_at_once(&newest, below) {
            let lower = &below[..count];
            newest = Arc::new(self.merge_segments(std::iter::once(&newest).chain(lower), false));
            below = &below[count..];
        }
        let merged = layers.fresh[..layers.fresh.len() - below.len()].to_vec();
        Prepared { changes, merged: (!merged.is_empty()).then_some((newest, merged)) }
    }

    /// Makes changes visible, all together.
    pub(crate) fn publish(&self, Prepared { changes, merged }: Prepared) {
        self.change(|layers| match merged {
            // A flush may have taken the segments below.
            Some((newest, lower)) if is_prefix(&lower, &layers.fresh) => {
                drop(layers.fresh.splice(..lower.len(), [newest]));
            }
            _ => layers.fresh.insert(0, changes),
        });
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
        let Some(files) = &self.files else {
            self.apply(extra);
            return Ok(());
        };
        let extra: Batch = extra.into_iter().collect();
        let extra = (!extra.is_empty()).then(|| Arc::new(extra.seal(self.shape)));
        let leaving = self.change(|layers| {
            // A flush that panicked has left something behind, which is older than what is fresh.
            let (fresh, left) = (std::mem::take(&mut layers.fresh), std::mem::take(&mut layers.leaving));
            layers.leaving = extra.into_iter().chain(fresh).chain(left).collect();
            layers.leaving.clone()
        });
        if leaving.is_empty() {
            return Ok(());
        }
        let written = self.write_run(files, &leaving);
        if written.is_err() {
            self.change(|layers| layers.fresh.append(&mut layers.leaving));
        }
        written
    }

    /// Merges what there is too much of, as long as several of about one size stand next to each
    /// other. It may take long, and returns at once while another does it.
    pub(crate) fn merge(&self) -> Result<(), DiskError> {
        let Ok(_one_at_a_time) = self.merging.try_lock() else { return Ok(()) };
        match &self.files {
            Some(files) => self.merge_runs(files, |sizes| due(sizes, MERGED_RUNS)),
            None => {
                self.merge_large_segments();
                Ok(())
            }
        }
    }

    /// Merges further than [`Table::merge`], so that few runs are left to look into: for when nothing else
    /// is to do. It may take long, and returns at once while another merges.
    pub(crate) fn merge_at_rest(&self) -> Result<(), DiskError> {
        let Ok(_one_at_a_time) = self.merging.try_lock() else { return Ok(()) };
        self.files.as_ref().map_or(Ok(()), |files| self.merge_runs(files, at_rest))
    }

    /// Lets no merge end while this is held.
    #[cfg(test)]
    pub(crate) fn hold_merges(&self) -> MutexGuard<'_, ()> {
        lock(&self.merge_gate)
    }

    /// Whether a merge has written its run; it is under way still if merges were held before it.
    #[cfg(test)]
    pub(crate) fn has_merged(&self) -> bool {
        self.at_merge_gate.load(Ordering::Relaxed)
    }

    /// How many runs it has on the disk.
    pub(crate) fn runs(&self) -> usize {
        self.layers().runs.len()
    }

    /// Deletes every entry.
    pub(crate) fn clear(&self) -> Result<(), DiskError> {
        let (_no_merge, _no_flush) = (lock(&self.merging), lock(&self.flushing));
        let _manifest = lock(&self.manifest);
        if let Some(files) = &self.files {
            files.write_manifest(std::iter::empty())?;
        }
        let gone = self.change(std::mem::take).runs;
        self.files.iter().try_for_each(|files| gone.iter().try_for_each(|run| files.remove(run.number)))
    }

    /// About how much memory a flush would free.
    pub(crate) fn overlay_bytes(&self) -> usize {
        self.layers().fresh.iter().map(|segment| segment.size()).sum()
    }

    /// Where the table is kept, if it is kept.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.files.as_ref().map(|files| files.folder().to_path_buf())
    }

    /// Makes a run of what leaves the memory, and puts it before the others.
    fn write_run(&self, files: &Files, leaving: &[Arc<Segment>]) -> Result<(), DiskError> {
        let merge = merge_of(leaving.iter())?;
        let points_max = leaving.iter().map(|segment| segment.points_max()).sum();
        let run = files.write(self.number(), merge, points_max, Deletions::Kept(self.shape))?;
        let _one_at_a_time = lock(&self.manifest);
        let runs = self.layers().runs.clone();
        let runs: Vec<Arc<Run>> = std::iter::once(Arc::new(run)).chain(runs).collect();
        files.write_manifest(runs.iter().map(Arc::as_ref))?;
        self.change(|layers| {
            layers.runs = runs;
            layers.leaving.clear();
        });
        Ok(())
    }

    fn merge_runs(
        &self,
        files: &Files,
        due: impl Fn(&[u64]) -> Option<std::ops::Range<usize>>,
    ) -> Result<(), DiskError> {
        loop {
            let runs = self.layers().runs.clone();
            let Some(due) = due(&runs.iter().map(|run| run.entries).collect::<Vec<_>>()) else {
                return Ok(());
            };
            let oldest = due.end == runs.len();
            let merged = &runs[due];
            let deletions = if oldest { Deletions::Dropped } else { Deletions::Kept(self.shape) };
            let points_max = merged.iter().map(|run| run.points()).sum();
            let cursors =
                merged.iter().map(|run| Cursor::of_run(run.pages(), EVERYTHING, Direction::Forward));
            let merge = Merge::new(cursors, Direction::Forward)?;
            let run = Arc::new(files.write(self.number(), merge, points_max, deletions)?);
            #[cfg(test)]
            {
                self.at_merge_gate.store(true, Ordering::Relaxed);
                drop(lock(&self.merge_gate));
            }
            self.replace_runs(files, merged, run)?;
            merged.iter().try_for_each(|run| files.remove(run.number))?;
        }
    }

    /// Puts a run where those were that it is made of, on the disk and then in memory.
    fn replace_runs(&self, files: &Files, old: &[Arc<Run>], new: Arc<Run>) -> Result<(), DiskError> {
        let _one_at_a_time = lock(&self.manifest);
        let mut runs = self.layers().runs.clone();
        let at = runs.iter().position(|run| old.first().is_some_and(|old| Arc::ptr_eq(run, old)));
        let at = at.expect("only a flush changes the runs while others are merged, and it adds one");
        runs.splice(at..at + old.len(), [new]);
        files.write_manifest(runs.iter().map(Arc::as_ref))?;
        self.change(|layers| layers.runs = runs);
        Ok(())
    }

    /// Merges the segments that are too large for [`Table::prepare`].
    fn merge_large_segments(&self) {
        loop {
            let fresh = self.layers().fresh.clone();
            let small = fresh.iter().position(|segment| segment.len() >= MERGED_AT_ONCE_ENTRIES_MAX);
            let large = &fresh[small.unwrap_or(fresh.len())..];
            let sizes: Vec<u64> = large.iter().map(|segment| segment.len() as u64).collect();
            let Some(due) = due(&sizes, MERGED_SEGMENTS) else { return };
            let oldest = due.end == large.len();
            let merged = &large[due];
            if merged.iter().map(|segment| segment.size()).sum::<usize>() > SEGMENT_BYTES_MAX {
                return;
            }
            let new = Arc::new(self.merge_segments(merged.iter(), oldest));
            self.change(|layers| {
                let at = layers.fresh.iter().position(|segment| Arc::ptr_eq(segment, &merged[0]));
                let at = at.expect("what is applied meanwhile takes the place of small segments alone");
                layers.fresh.splice(at..at + merged.len(), [new]);
            });
        }
    }

    fn merge_segments<'s>(
        &self,
        segments: impl Iterator<Item = &'s Arc<Segment>> + Clone,
        oldest: bool,
    ) -> Segment {
        let sum = |size: fn(&Segment) -> usize| segments.clone().map(|segment| size(segment)).sum();
        let mut building =
            Building::new(sum(Segment::len), sum(Segment::size), sum(Segment::points_max), self.shape);
        let deletions = if oldest { Deletions::Dropped } else { Deletions::Kept(self.shape) };
        let merged = merge_of(segments).and_then(|mut merge| {
            while merge.next(deletions, |(key, value)| {
                building.push(key, value);
                Ok(())
            })? {}
            Ok(())
        });
        merged.expect("memory is read without error");
        building.finish()
    }

    fn number(&self) -> u64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    fn layers(&self) -> Arc<Layers> {
        Arc::clone(&self.layers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the layers for those who read them from now on.
    fn change<T>(&self, change: impl FnOnce(&mut Layers) -> T) -> T {
        let mut layers = self.layers.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Layers::clone(&layers);
        let answer = change(&mut next);
        let before = std::mem::replace(&mut *layers, Arc::new(next));
        drop(layers);
        // Freeing what nobody reads any more may take a while.
        drop(before);
        answer
    }
}

fn merge_of<'s>(segments: impl Iterator<Item = &'s Arc<Segment>>) -> Result<Merge<'s>, DiskError> {
    let cursor = |segment: &'s Arc<Segment>| Ok(Cursor::of_segment(segment, EVERYTHING, Direction::Forward));
    Merge::new(segments.map(cursor), Direction::Forward)
}

fn is_prefix(segments: &[Arc<Segment>], of: &[Arc<Segment>]) -> bool {
    segments.len() <= of.len() && segments.iter().zip(of).all(|(one, other)| Arc::ptr_eq(one, other))
}

fn lock(mutex: &Mutex<()>) -> MutexGuard<'_, ()> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
