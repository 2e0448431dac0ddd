//! An embedded log frame by frame, for audit: read in order, or written into an empty store.
//!
//! Knows where frames are kept, and is the one way to them from outside; must not know what their
//! records mean.

use std::path::Path;

use bytes::Bytes;
use uuid::Uuid;

use super::header::{self, Header};
use super::open::LOG_FOLDER;
use super::shared::closed;
use super::{EmbeddedLog, OpenError, frames};
use crate::disk::Store;
use crate::log::frame::{self, Frame, Hash};
use crate::log::{Position, ReadError};

/// How many bytes of frames are handed to the store at once.
const IMPORT_BATCH_BYTES: usize = 1 << 20;

/// How many bytes of the store's pages stay in memory while a log is imported.
const IMPORT_CACHE_BYTES: u64 = 32 << 20;

/// What a log is, and the bytes that the first frame is chained to.
#[derive(Clone, Debug)]
pub(crate) struct RawHeader {
    pub(crate) bytes: Bytes,
    pub(crate) store_id: Uuid,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(crate) created_us: i64,
    pub(crate) hash: Hash,
}

impl RawHeader {
    /// Checks the bytes of a log's header.
    pub(crate) fn check(bytes: Bytes) -> Result<RawHeader, OpenError> {
        let Header { store_id, created_us, hash } = header::read(&bytes)?;
        Ok(RawHeader { bytes, store_id, created_us, hash })
    }
}

impl EmbeddedLog {
    /// Whether a folder holds a log; opening would create one.
    pub(crate) fn exists(folder: &Path) -> bool {
        folder.join(LOG_FOLDER).is_dir()
    }

    /// The log's header.
    pub(crate) fn raw_header(&self) -> Result<RawHeader, ReadError> {
        let disk = self.shared.disk();
        let store = &disk.as_ref().ok_or_else(closed)?.store;
        let bytes = store.get(&frame::key(Position::START, 0)).map_err(frames::unavailable)?;
        let bytes = bytes.ok_or_else(|| frames::damaged(Position::START, "the header is missing"))?;
        RawHeader::check(Bytes::from_owner(bytes)).map_err(|error| match error {
            OpenError::Failed { reason } => ReadError::Unavailable { reason },
            other => frames::damaged(Position::START, other),
        })
    }

    /// The first position of the frame that holds a position which the log has.
    pub(crate) fn raw_first(&self, position: Position) -> Result<Position, ReadError> {
        let disk = self.shared.disk();
        frames::first_of(&disk.as_ref().ok_or_else(closed)?.store, position)
    }

    /// The frame that begins at a position, its checksum found right; `None` where none begins.
    pub(crate) fn raw_frame(&self, first: Position) -> Result<Option<Frame>, ReadError> {
        let disk = self.shared.disk();
        frames::starting_at(&disk.as_ref().ok_or_else(closed)?.store, first)
    }

    /// What stands where a frame should begin, unchecked: for showing what is wrong with it.
    pub(crate) fn raw_bytes(&self, first: Position) -> Option<Bytes> {
        let disk = self.shared.disk();
        let found = disk.as_ref()?.store.get(&frame::key(first, 0)).ok()??;
        Some(Bytes::from_owner(found))
    }
}

/// Writes frames that were checked into a folder without a log.
pub(crate) struct Importer {
    store: Store,
    waiting: Vec<Frame>,
    bytes: usize,
}

impl Importer {
    /// Begins a log with a header that was checked.
    pub(crate) fn begin(folder: &Path, header: &RawHeader) -> Result<Importer, OpenError> {
        let store = Store::open(&folder.join(LOG_FOLDER), IMPORT_CACHE_BYTES).map_err(failed)?;
        let key = frame::key(Position::START, 0);
        store.apply([(key, header.bytes.as_ref())]).map_err(failed)?;
        Ok(Importer { store, waiting: Vec::new(), bytes: 0 })
    }

    /// Adds the next frame.
    pub(crate) fn add(&mut self, frame: Frame) -> Result<(), OpenError> {
        self.bytes += frame.bytes().len();
        self.waiting.push(frame);
        if self.bytes < IMPORT_BATCH_BYTES {
            return Ok(());
        }
        self.write()
    }

    /// Waits until everything is on the disk, and lets go of the folder.
    pub(crate) fn finish(mut self) -> Result<(), OpenError> {
        self.write()?;
        self.store.sync().map_err(failed)
    }

    fn write(&mut self) -> Result<(), OpenError> {
        self.store.apply(self.waiting.iter().flat_map(Frame::values)).map_err(failed)?;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn failed(error: crate::disk::DiskError) -> OpenError {
    OpenError::Failed { reason: error.to_string() }
}
