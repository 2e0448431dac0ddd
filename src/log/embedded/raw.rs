//! An embedded log frame by frame, for audit: read in order, or written into an empty store.
//!
//! Knows where frames are kept, and is the one way to them from outside; must not know what their
//! records mean.

use std::path::Path;

use bytes::Bytes;
use uuid::Uuid;

use super::frames::{self, Frames};
use super::header::{self, Header};
use super::open::LOG_FOLDER;
use super::shared::closed;
use super::{EmbeddedLog, EmbeddedOptions, OpenError};
use crate::disk::Store;
use crate::log::frame::{self, Frame, Hash};
use crate::log::{Position, ReadError};

/// How many bytes of frames are handed to the store at once.
const IMPORT_BATCH_BYTES: usize = 1 << 20;

/// How many bytes of frames are read at once.
const READ_BYTES: usize = 128 << 10;

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
        let bytes = disk.as_ref().ok_or_else(closed)?.frames.header()?;
        RawHeader::check(bytes).map_err(|error| match error {
            OpenError::Failed { reason } => ReadError::Unavailable { reason },
            other => frames::damaged(Position::START, other),
        })
    }

    /// The frame that holds a position which the log has.
    pub(crate) fn raw_holding(&self, position: Position) -> Result<Frame, ReadError> {
        self.shared.disk().as_ref().ok_or_else(closed)?.frames.holding(position)
    }

    /// Some frames on from the one that holds a position, and why there are no more if something is
    /// wrong there. Their checksums are right; whether they follow each other is the caller's to see.
    pub(crate) fn raw_frames(&self, from: Position) -> (Vec<Frame>, Option<ReadError>) {
        let disk = self.shared.disk();
        let Some(disk) = disk.as_ref() else { return (Vec::new(), Some(closed())) };
        let (mut read, mut bytes) = (Vec::new(), 0);
        for frame in disk.frames.from(from) {
            match frame {
                Ok(frame) => {
                    bytes += frame.bytes().len();
                    read.push(frame);
                }
                Err(error) => return (read, Some(error)),
            }
            if bytes >= READ_BYTES {
                break;
            }
        }
        (read, None)
    }

    /// What stands where a frame should begin, unchecked: for showing what is wrong with it.
    pub(crate) fn raw_bytes(&self, first: Position) -> Option<Bytes> {
        self.shared.disk().as_ref()?.frames.unchecked(first)
    }
}

#[cfg(test)]
impl EmbeddedLog {
    /// Puts bytes where a frame begins, whatever they are.
    pub(crate) fn raw_put(&self, first: Position, bytes: &[u8]) {
        let disk = self.shared.disk();
        let frames = &disk.as_ref().expect("the log is open").frames;
        frames.put_unchecked(first, bytes).expect("the store takes it");
    }
}

/// Writes frames that were checked into a folder without a log.
pub(crate) struct Importer {
    frames: Frames,
    last: Position,
    waiting: Vec<Frame>,
    bytes: usize,
}

impl Importer {
    /// Begins a log with a header that was checked.
    pub(crate) fn begin(folder: &Path, header: &RawHeader) -> Result<Importer, OpenError> {
        let folder = folder.join(LOG_FOLDER);
        let options = EmbeddedOptions::default();
        let store = Store::open(&folder, options.cache_bytes)?;
        store.apply([(frame::key(Position::START, 0), header.bytes.as_ref())])?;
        store.sync()?;
        drop(store);
        let (frames, _) = Frames::open(&folder, &options)?;
        Ok(Importer { frames, last: Position::START, waiting: Vec::new(), bytes: 0 })
    }

    /// Adds the next frame.
    pub(crate) fn add(&mut self, frame: Frame) -> Result<(), OpenError> {
        self.bytes += frame.bytes().len();
        self.last = frame.last;
        self.waiting.push(frame);
        if self.bytes < IMPORT_BATCH_BYTES {
            return Ok(());
        }
        self.write()
    }

    /// Waits until everything is on the disk, and lets go of the folder.
    pub(crate) fn finish(mut self) -> Result<(), OpenError> {
        self.write()
    }

    fn write(&mut self) -> Result<(), OpenError> {
        self.frames.write(&self.waiting)?;
        self.frames.sync()?;
        self.frames.add_waiting(self.bytes as u64);
        self.waiting.clear();
        self.bytes = 0;
        while self.frames.wants_sealing() {
            self.frames.seal(self.last, &|| Ok(()), || Ok(()))?;
        }
        Ok(())
    }
}
