//! Opening an embedded log: its header, its frames, and the index up to its head.
//!
//! Knows what must hold before anything is believed; repairs nothing of the log, and builds the
//! index anew whenever that cannot be used.

use std::path::Path;

use uuid::Uuid;

use super::frames::{self, Frames};
use super::header::Header;
use super::index::{Checkpoint, Draft, Index};
use super::recent::Recent;
use super::shared::Disk;
use super::{EmbeddedOptions, OpenError, Verify};
use crate::disk::{DiskError, Folder, Table};
use crate::log::frame::{Frame, Hash};
use crate::log::{Position, ReadError, StreamName, Version};

/// The name of the folder with the truth.
pub(super) const LOG_FOLDER: &str = "log";

/// The name of the folder with what is derived from it.
const INDEX_FOLDER: &str = "index";

/// The name of the index's table in its folder.
const INDEX_TABLE: &str = "streams";

/// How many events before those that the index has not are checked by [`Verify::Recent`]: what is
/// read in about a second.
const RECENT_EVENTS: u64 = 1_000_000;

/// A log that was found right.
pub(super) struct Opened {
    pub(super) disk: Disk,
    /// The newest frames of those that were checked.
    pub(super) recent: Recent,
    pub(super) head: Position,
    pub(super) chain: Hash,
    pub(super) store_id: Uuid,
}

pub(super) fn open(path: &Path, options: &EmbeddedOptions) -> Result<Opened, OpenError> {
    let (frames, header) =
        Frames::open(&path.join(LOG_FOLDER), options).map_err(|error| whole(path, error))?;
    let (index, checkpoint) = open_index(path, &header)?;
    check_end(&frames, &checkpoint)?;
    let recent = Recent::default();
    let walk = Walk { frames: &frames, index: &index, recent: &recent, header: &header, path };
    let begin = Checkpoint { position: Position::START, hash: header.hash, ..checkpoint };
    let from = match options.verify {
        Verify::All => proved(&frames, begin, newest(&frames, begin, checkpoint, RECENT_EVENTS)?)?,
        Verify::Recent => newest(&frames, begin, checkpoint, RECENT_EVENTS)?,
        Verify::Tail => checkpoint,
    };
    let end = walk.run(from, &checkpoint)?;
    let disk = Disk { frames, index };
    Ok(Opened { disk, recent, head: end.position, chain: end.hash, store_id: header.store_id })
}

/// Proves the sealed files before the newest events; what comes after them is left to who goes on there.
fn proved(frames: &Frames, begin: Checkpoint, newest: Checkpoint) -> Result<Checkpoint, OpenError> {
    let end = frames.prove_up_to(newest.position, check_records)?;
    Ok(end.map_or(begin, |(position, hash)| Checkpoint { position, hash, ..begin }))
}

fn check_records(frame: &Frame) -> Result<(), ReadError> {
    let mut records = frame.records();
    records.try_for_each(|record| record.map(drop)).map_err(|error| frames::damaged(frame.first, error))
}

/// Where the newest events begin, as far back as they are checked; not after what the index has.
fn newest(
    frames: &Frames,
    begin: Checkpoint,
    indexed: Checkpoint,
    events: u64,
) -> Result<Checkpoint, OpenError> {
    let oldest = indexed.position.0.saturating_sub(events);
    if oldest == 0 {
        return Ok(begin);
    }
    let frame = frames.holding(Position(oldest))?;
    Ok(Checkpoint { position: Position(frame.first.0 - 1), hash: frame.previous(), ..indexed })
}

/// Opens the index; one that is unreadable, or of another log or format, is deleted and begun anew.
fn open_index(path: &Path, header: &Header) -> Result<(Index, Checkpoint), OpenError> {
    let folder = path.join(INDEX_FOLDER);
    let begin = Checkpoint { store_id: header.store_id, position: Position::START, hash: header.hash };
    match usable_index(&folder, begin) {
        Ok(Some(usable)) => return Ok(usable),
        Err(error @ DiskError::InUse { .. }) => return Err(failed(path, error)),
        Ok(None) => tracing::info!("the stream index is of another log or format and is built anew"),
        Err(error) => tracing::warn!(%error, "the stream index cannot be read and is built anew"),
    }
    Folder::destroy(&folder).map_err(|error| failed(path, error))?;
    let table = Table::open(&folder, INDEX_TABLE).map_err(|error| failed(path, error))?;
    Ok((Index::new(table), begin))
}

fn usable_index(folder: &Path, begin: Checkpoint) -> Result<Option<(Index, Checkpoint)>, DiskError> {
    let index = Index::new(Table::open(folder, INDEX_TABLE)?);
    if index.is_empty()? {
        return Ok(Some((index, begin)));
    }
    let checkpoint = index.checkpoint()?.filter(|checkpoint| checkpoint.store_id == begin.store_id);
    Ok(checkpoint.map(|checkpoint| (index, checkpoint)))
}

/// Compares where the log ends, and what it had at the checkpoint, with what the index remembers.
fn check_end(frames: &Frames, checkpoint: &Checkpoint) -> Result<(), OpenError> {
    let had = checkpoint.position;
    if had == Position::START {
        return Ok(());
    }
    let found = frames.last()?;
    if found < had {
        return Err(OpenError::Truncated { had, found });
    }
    let frame = frames.holding(had)?;
    if frame.last != had || frame.hash() != checkpoint.hash {
        return Err(frames::damaged(frame.first, "it is not the frame that the index has seen here").into());
    }
    Ok(())
}

/// Going through the frames in order.
struct Walk<'a> {
    frames: &'a Frames,
    index: &'a Index,
    recent: &'a Recent,
    header: &'a Header,
    path: &'a Path,
}

impl Walk<'_> {
    /// Checks every frame after `from` and folds into the index those that it has not; returns
    /// where the log ends.
    fn run(&self, from: Checkpoint, indexed: &Checkpoint) -> Result<Checkpoint, OpenError> {
        let mut end = from;
        for frame in self.frames.from(end.position.next()) {
            let frame = frame?;
            if frame.previous() != end.hash {
                return Err(frames::damaged(frame.first, "it is not chained to the frame before it").into());
            }
            end = Checkpoint { store_id: self.header.store_id, position: frame.last, hash: frame.hash() };
            if end.position > indexed.position {
                self.fold(&frame, &end)?;
            } else {
                check_records(&frame)?;
            }
            self.recent.push(vec![frame]);
        }
        // A frame after the gap says that one is missing.
        if self.frames.last()? > end.position {
            return Err(frames::damaged(end.position.next(), "its frame is missing").into());
        }
        Ok(end)
    }

    fn fold(&self, frame: &Frame, end: &Checkpoint) -> Result<(), OpenError> {
        let mut draft = Draft::default();
        for record in frame.records() {
            let (position, record) = record.map_err(|error| frames::damaged(frame.first, error))?;
            let version = draft
                .push(self.index, None, &StreamName::new(record.stream), position)
                .map_err(|error| failed(self.path, error))?;
            if record.version != version || record.previous != Version(version.0 - 1) {
                let reason = format_args!(
                    "its stream is at version {version}, but it has version {} after {}",
                    record.version, record.previous
                )
                .to_string();
                return Err(frames::damaged(position, reason).into());
            }
        }
        draft.publish(self.index, end);
        if self.index.wants_flush() {
            self.index.flush().map_err(|error| failed(self.path, error))?;
        }
        Ok(())
    }
}

/// Names the log's folder where somebody else has one within it open.
fn whole(path: &Path, error: OpenError) -> OpenError {
    match error {
        OpenError::InUse { .. } => OpenError::InUse { folder: path.to_path_buf() },
        error => error,
    }
}

fn failed(path: &Path, error: DiskError) -> OpenError {
    whole(path, error.into())
}

impl From<DiskError> for OpenError {
    fn from(error: DiskError) -> OpenError {
        match error {
            DiskError::InUse { folder } => OpenError::InUse { folder },
            error => frames::unavailable(error).into(),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> OpenError {
        match error {
            ReadError::Damaged { position, reason } => OpenError::Damaged { position, reason },
            ReadError::Unavailable { reason } => OpenError::Failed { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::frame::Open;

    #[test]
    fn the_newest_events_are_checked_from_the_frame_that_holds_the_oldest_of_them() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let (frames, header) = Frames::open(folder.path(), &EmbeddedOptions::default()).expect("it opens");
        let begin = Checkpoint { store_id: header.store_id, position: Position::START, hash: header.hash };
        let mut ends = vec![begin];
        for number in 0..10 {
            let end = ends[number];
            let mut open = Open::new(end.position.next());
            (0..3).for_each(|_| open.push(Version(1), Version(0), &[7; 9]));
            let sealed = open.seal(&end.hash);
            frames.write(std::slice::from_ref(&sealed.frame)).expect("it is written");
            ends.push(Checkpoint { position: sealed.frame.last, hash: sealed.hash, ..begin });
        }
        let from = |events| newest(&frames, begin, ends[10], events);
        // Position 30 is the last; 20 back is 10, the first of the frame after the third.
        for (events, end) in [(0, 9), (1, 9), (3, 8), (20, 3), (29, 0), (30, 0), (99, 0)] {
            assert_eq!(from(events), Ok(ends[end]), "{events} events");
        }
    }
}
