//! What must not be lost: one ordered tree whose batches are durable once they are synced.
//!
//! sled's `flush` alone is not durable on Linux: it starts the writing of the file's pages without
//! waiting for the device. So a sync here is a flush and then `fdatasync` of the one data file.

use std::fs::File;
use std::ops::{Deref, RangeFrom};
use std::path::Path;

use super::{DATA, Database, DiskError};
use crate::seeded::{self, Bug};

/// Bytes that were read from a store.
#[derive(Clone, Debug)]
pub(crate) struct Bytes(sled::IVec);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// An ordered tree of keys and values.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
    data: File,
}

impl Store {
    /// Opens or creates the store in a folder of its own.
    pub(crate) fn open(folder: &Path, cache_bytes: u64) -> Result<Store, DiskError> {
        let database = Database::open(folder, cache_bytes)?;
        let data = File::open(folder.join(DATA)).map_err(|error| DiskError::failed(folder, error))?;
        Ok(Store { database, data })
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, DiskError> {
        let value = self.database.db.get(key).map_err(|error| self.database.failed(error))?;
        Ok(value.map(Bytes))
    }

    /// The entry with the largest key that is not over `key`.
    pub(crate) fn at_or_before(&self, key: &[u8]) -> Result<Option<(Bytes, Bytes)>, DiskError> {
        self.database.db.range(..=key).next_back().map(|entry| self.entry(entry)).transpose()
    }

    /// The entries from a key on, in order.
    pub(crate) fn entries_from(
        &self,
        key: &[u8],
    ) -> impl Iterator<Item = Result<(Bytes, Bytes), DiskError>> + use<'_> {
        let range: RangeFrom<&[u8]> = key..;
        self.database.db.range(range).map(|entry| self.entry(entry))
    }

    /// Writes all entries or none; they are durable after the next [`Store::sync`].
    pub(crate) fn apply<'a>(
        &self,
        entries: impl IntoIterator<Item = (Vec<u8>, &'a [u8])>,
    ) -> Result<(), DiskError> {
        let mut batch = sled::Batch::default();
        for (key, value) in entries {
            batch.insert(key, value);
        }
        self.database.db.apply_batch(batch).map_err(|error| self.database.failed(error))
    }

    /// Removes entries, all or none of them.
    pub(crate) fn remove(&self, keys: impl IntoIterator<Item = Vec<u8>>) -> Result<(), DiskError> {
        let mut batch = sled::Batch::default();
        keys.into_iter().for_each(|key| batch.remove(key));
        self.database.db.apply_batch(batch).map_err(|error| self.database.failed(error))
    }

    /// Waits until everything that was applied is on the disk.
    pub(crate) fn sync(&self) -> Result<(), DiskError> {
        self.database.db.flush().map_err(|error| self.database.failed(error))?;
        if seeded::is(Bug::FlushWithoutSync) {
            return Ok(());
        }
        self.data.sync_data().map_err(|error| DiskError::failed(&self.database.folder, error))
    }

    fn entry(&self, entry: sled::Result<(sled::IVec, sled::IVec)>) -> Result<(Bytes, Bytes), DiskError> {
        entry.map(|(key, value)| (Bytes(key), Bytes(value))).map_err(|error| self.database.failed(error))
    }
}
