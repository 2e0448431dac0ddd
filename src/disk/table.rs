//! What can be derived again: ordered tables that are written lazily, in large batches.
//!
//! A table answers from its layers in memory and, under them, from the disk. Changes go to the top
//! layer and become visible at once and together; a flush moves the layer down in one atomic batch
//! while readers and the writer go on. After a crash a table is as some flush left it, and the
//! checkpoint that its owner wrote with its changes says where to go on.
//!
//! ```text
//!   apply ──▶ [ fresh ]        both in memory; a value of None hides what is below
//!             [ leaving ]  ──▶ one batch ──▶ [ tree ]
//! ```

#![allow(dead_code, reason = "the log's index gets and puts; projections scan and delete")]

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Database, DiskError};

mod merge;

/// The longest key of a table.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// The largest value of a table: with at most 17 to a leaf of sled, a leaf stays in its data file.
pub(crate) const VALUE_BYTES_MAX: usize = 6 * 1024;

/// The pages of derived data that sled keeps in memory for a folder.
const CACHE_BYTES: u64 = 16 << 20;

/// What an entry costs in memory besides its bytes, roughly.
const ENTRY_OVERHEAD_BYTES: usize = 96;

/// A change of one entry: a value to put, or `None` to delete.
pub(crate) type Change = (Vec<u8>, Option<Vec<u8>>);

/// An entry that was read.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

type Layer = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

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
        Ok(Table { tree: Some((tree, self.clone())), ..Table::in_memory() })
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
    /// Held while a layer moves down: one flush at a time.
    flushing: Mutex<()>,
    tree: Option<(sled::Tree, Folder)>,
}

#[derive(Debug, Default)]
struct Layers {
    fresh: Layer,
    fresh_bytes: usize,
    leaving: Arc<Layer>,
}

impl Table {
    /// Opens or creates one table in a folder of its own.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Table, DiskError> {
        Folder::open(folder)?.table(name)
    }

    /// Makes a table without a disk below it; nothing of it ever leaves the memory.
    #[must_use]
    pub(crate) fn in_memory() -> Table {
        Table { layers: RwLock::default(), flushing: Mutex::default(), tree: None }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let layers = self.read();
        match layers.get(key) {
            Some(known) => Ok(known.clone()),
            None => self.get_below(key),
        }
    }

    /// Looks a key up without touching the disk.
    pub(crate) fn get_in_memory(&self, key: &[u8]) -> InMemory {
        match (self.read().get(key), &self.tree) {
            (Some(known), _) => InMemory::Known(known.clone()),
            (None, None) => InMemory::Known(None),
            (None, Some(_)) => InMemory::Unknown,
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
            assert!(key.len() <= KEY_BYTES_MAX, "a key has at most 1024 bytes");
            assert!(value.as_ref().is_none_or(|v| v.len() <= VALUE_BYTES_MAX), "a value has at most 6 KB");
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
        let below = self.tree.as_ref().map(|(tree, folder)| (tree.range::<&[u8], _>(range), folder));
        let below = below.into_iter().flat_map(|(entries, folder)| {
            let entries: Box<dyn Iterator<Item = _>> = match direction {
                Direction::Forward => Box::new(entries),
                Direction::Backward => Box::new(entries.rev()),
            };
            entries.map(|entry| match entry {
                Ok((key, value)) => Ok((key.to_vec(), Some(value.to_vec()))),
                Err(error) => Err(folder.0.failed(error)),
            })
        });
        merge::scan([&layers.fresh, &layers.leaving], below, range, direction, limit)
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

    /// Writes what was applied, and `extra` with it, in one atomic batch.
    ///
    /// # Errors
    ///
    /// [`DiskError::Failed`]: everything is still readable, and the next flush tries again.
    pub(crate) fn flush(&self, extra: impl IntoIterator<Item = Change>) -> Result<(), DiskError> {
        let _one_at_a_time = lock(&self.flushing);
        let leaving = {
            let mut layers = self.write();
            for (key, value) in extra {
                layers.put(key, value);
            }
            let Some(_) = &self.tree else { return Ok(()) };
            layers.fresh_bytes = 0;
            layers.leaving = Arc::new(std::mem::take(&mut layers.fresh));
            Arc::clone(&layers.leaving)
        };
        let written = self.write_below(&leaving);
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
        let _one_at_a_time = lock(&self.flushing);
        let mut layers = self.write();
        *layers = Layers::default();
        let Some((tree, folder)) = &self.tree else { return Ok(()) };
        tree.clear().map_err(|error| folder.0.failed(error))
    }

    /// About how much memory a flush would free.
    pub(crate) fn overlay_bytes(&self) -> usize {
        self.read().fresh_bytes
    }

    /// Where the table is kept, if it is kept.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.tree.as_ref().map(|(_, folder)| folder.0.folder.clone())
    }

    fn get_below(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let Some((tree, folder)) = &self.tree else { return Ok(None) };
        let value = tree.get(key).map_err(|error| folder.0.failed(error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn write_below(&self, layer: &Layer) -> Result<(), DiskError> {
        let Some((tree, folder)) = &self.tree else { return Ok(()) };
        let mut batch = sled::Batch::default();
        for (key, value) in layer {
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        tree.apply_batch(batch).map_err(|error| folder.0.failed(error))?;
        tree.flush().map_err(|error| folder.0.failed(error))?;
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Layers> {
        self.layers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Layers> {
        self.layers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Layers {
    fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.fresh.get(key).or_else(|| self.leaving.get(key))
    }

    fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let size = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.fresh_bytes += key.len() + size(&value) + ENTRY_OVERHEAD_BYTES;
        let key_bytes = key.len();
        if let Some(old) = self.fresh.insert(key, value) {
            self.fresh_bytes -= key_bytes + size(&old) + ENTRY_OVERHEAD_BYTES;
        }
    }

    /// Takes a layer that could not be written back below the changes made since.
    fn put_back(&mut self, leaving: Arc<Layer>) {
        for (key, value) in leaving.iter() {
            if !self.fresh.contains_key(key) {
                self.put(key.clone(), value.clone());
            }
        }
    }
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
