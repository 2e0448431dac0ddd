//! The stream index: which positions a stream's events have.
//!
//! A fold of the log, kept in a table of derived data with the position it has reached; dropped and
//! built again at will. A stream has one entry with its version and its newest positions, and one
//! entry for each full chunk of positions before them, so that an append to a long stream rewrites
//! a few hundred bytes and no more. The writer only touches maps in memory; encoding and sorting
//! are done by whoever flushes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::fast::RandomState;
use smallvec::SmallVec;
use uuid::Uuid;

use crate::disk::bytes::{Malformed, put_varint};
use crate::disk::table::Snapshot;
use crate::disk::{Change, Direction, DiskError, Table};
use crate::log::frame::Hash;
use crate::log::{Position, StreamName, Version};
use entries::{
    checkpoint_bytes, chunk_key, parse, parse_checkpoint, put_positions, tail_key, take_positions,
};
use known::Known;

mod entries;
mod known;

/// The version of the index's entries; with another one it is built anew.
const FORMAT: u8 = 1;

/// How many positions stand in one entry: some 200 bytes where a stream is not busy.
const CHUNK: u64 = 64;

/// How many streams' tails wait in memory, some 200 bytes each, before they are written: large
/// batches cost less.
const FRESH_STREAMS_MAX: usize = 65_536;

/// How much may wait in the table after failed flushes: some ten flushes.
const TABLE_OVERLAY_BYTES_MAX: usize = 128 << 20;

/// The key of the checkpoint, which no stream has, since no name is empty.
const CHECKPOINT_KEY: [u8; 2] = [0, 0];

/// How far the index has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    /// The log that it is of.
    pub(super) store_id: Uuid,
    /// The last position that it has, which is the last of a frame; zero before the first.
    pub(super) position: Position,
    /// The hash of that frame, or of the header.
    pub(super) hash: Hash,
}

/// The newest positions of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tail {
    version: u64,
    /// Those of the versions after the last multiple of [`CHUNK`] that was filled.
    positions: SmallVec<[u64; 2]>,
}

#[derive(Debug)]
pub(super) struct Index {
    /// The chunks, and the tails that were flushed.
    table: Table,
    hot: RwLock<Hot>,
    /// Held while tails move into the table: one flush at a time.
    flushing: Mutex<()>,
}

/// Hashed with a key of the process: names hold what customers and their channels chose.
type Tails = HashMap<StreamName, Tail, RandomState>;

/// The tails that are newer than those in the table, and some that are as new.
#[derive(Debug, Default)]
struct Hot {
    fresh: Tails,
    /// On their way into the table.
    leaving: Arc<Tails>,
    /// How far the fresh tails have come.
    checkpoint: Option<Checkpoint>,
    /// Of streams that are neither fresh nor leaving.
    known: Known,
    /// How many layers have left; until the next one has, whatever is newer than the table is here.
    left: u64,
}

impl Index {
    pub(super) fn new(table: Table) -> Index {
        Index { table, hot: RwLock::default(), flushing: Mutex::default() }
    }

    /// How far the index has come; `None` when there is none that can be used.
    pub(super) fn checkpoint(&self) -> Result<Option<Checkpoint>, DiskError> {
        let value = self.table.get(&CHECKPOINT_KEY)?;
        Ok(value.and_then(|value| parse_checkpoint(&value).ok().flatten()))
    }

    /// Up to `limit` positions of the stream's events after a version.
    pub(super) fn positions(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Position>, DiskError> {
        self.positions_in(|| self.table.snapshot(), stream, after, limit)
    }

    /// The same without waiting for the disk, reading so many bytes at most; `None` when that does
    /// not do.
    pub(super) fn positions_at_once(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
        bytes_max: usize,
    ) -> Option<Vec<Position>> {
        // Whoever waits for the disk is told what is wrong.
        self.positions_in(|| self.table.snapshot().at_once(bytes_max), stream, after, limit).ok()
    }

    /// What leaves the memory is in the table by then: whoever has not found it there looks at the
    /// table as it is afterwards.
    fn positions_in(
        &self,
        table: impl Fn() -> Snapshot,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Position>, DiskError> {
        if let Some(tail) = self.hot().get(stream)
            && after.0 >= tail.first() - 1
        {
            return Ok(tail.after(after.0, limit).collect());
        }
        let tail = self.tail(&table, stream)?;
        let (mut after, mut positions) = (after.0, Vec::new());
        // The chunks of a tail stand in the table before the tail is anywhere.
        let table = table();
        while after < tail.first() - 1 && positions.len() < limit {
            let chunk = after / CHUNK * CHUNK;
            let value = table.get(&chunk_key(stream, chunk + 1))?.unwrap_or_default();
            let chunk_positions =
                parse(&value, |reader| take_positions(reader, CHUNK)).map_err(|e| self.broken(e))?;
            let here = chunk_positions.iter().skip((after - chunk) as usize).take(limit - positions.len());
            positions.extend(here.copied().map(Position));
            after = chunk + CHUNK;
        }
        positions.extend(tail.after(after, limit - positions.len()));
        Ok(positions)
    }

    /// Keeps a tail that was found in the table when so many layers had left: who reads a stream
    /// mostly writes next what stands on it, and the writer looks it up again.
    fn keep(&self, stream: &StreamName, tail: Tail, left: u64) {
        let mut hot = self.hot_mut();
        // What was published meanwhile is here still, unless a layer has left.
        if hot.left == left && hot.get(stream).is_none() {
            hot.known.insert(stream, tail);
        }
    }

    /// Whether nothing was ever written to it.
    pub(super) fn is_empty(&self) -> Result<bool, DiskError> {
        self.table.scan_prefix(&[], Direction::Forward, 1).map(|first| first.is_empty())
    }

    /// Whether enough waits in memory for a flush to pay.
    pub(super) fn wants_flush(&self) -> bool {
        self.hot().fresh.len() > FRESH_STREAMS_MAX
    }

    /// Whether more waits in memory than may: then the writer waits for the flush.
    pub(super) fn must_flush(&self) -> bool {
        self.hot().fresh.len() > 4 * FRESH_STREAMS_MAX
    }

    /// Whether flushes have failed for so long that the table keeps too much in memory.
    pub(super) fn is_overdue(&self) -> bool {
        self.table.overlay_bytes() > TABLE_OVERLAY_BYTES_MAX
    }

    /// Writes what waits in memory, and merges what the table has too much of.
    pub(super) fn flush(&self) -> Result<(), DiskError> {
        self.flush_only()?;
        // Nobody who waits for the next flush waits for this.
        self.table.merge()
    }

    /// Writes what waits in memory, for a writer who cannot wait longer than that.
    pub(super) fn flush_only(&self) -> Result<(), DiskError> {
        self.flush_by(|changes| self.table.flush_only(changes))
    }

    /// Of a failure the table keeps in memory what it could not write.
    fn flush_by(&self, flush: impl FnOnce(Vec<Change>) -> Result<(), DiskError>) -> Result<(), DiskError> {
        let _one_at_a_time = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let (leaving, checkpoint) = {
            let mut hot = self.hot_mut();
            let fresh = std::mem::take(&mut hot.fresh);
            if hot.leaving.is_empty() {
                hot.leaving = Arc::new(fresh);
            } else {
                // What a flush that panicked has left behind is older.
                Arc::make_mut(&mut hot.leaving).extend(fresh);
            }
            (Arc::clone(&hot.leaving), hot.checkpoint)
        };
        let tails = leaving.iter().map(|(stream, tail)| (tail_key(stream), Some(tail.bytes())));
        let checkpoint = checkpoint.map(|at| (CHECKPOINT_KEY.to_vec(), Some(checkpoint_bytes(&at))));
        let mut changes: Vec<Change> = tails.chain(checkpoint).collect();
        changes.sort_unstable();
        let flushed = flush(changes);
        let mut hot = self.hot_mut();
        hot.leaving = Arc::default();
        hot.left += 1;
        flushed
    }

    fn hot(&self) -> RwLockReadGuard<'_, Hot> {
        self.hot.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn hot_mut(&self) -> RwLockWriteGuard<'_, Hot> {
        self.hot.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail(&self, table: impl Fn() -> Snapshot, stream: &StreamName) -> Result<Tail, DiskError> {
        let left = {
            let hot = self.hot();
            if let Some(tail) = hot.get(stream) {
                return Ok(tail.clone());
            }
            hot.left
        };
        let Some(value) = table().get(&tail_key(stream))? else { return Ok(Tail::default()) };
        let tail = Tail::parse(&value).map_err(|error| self.broken(error))?;
        self.keep(stream, tail.clone(), left);
        Ok(tail)
    }

    fn broken(&self, error: Malformed) -> DiskError {
        let folder = self.table.folder().unwrap_or_default();
        DiskError::Failed {
            reason: format!(
                "an entry of the stream index is broken ({error}): delete the folder while the log is closed"
            ),
            folder,
        }
    }
}

impl Hot {
    fn get(&self, stream: &StreamName) -> Option<&Tail> {
        let newer = self.fresh.get(stream).or_else(|| self.leaving.get(stream));
        newer.or_else(|| self.known.get(stream))
    }
}

/// Events on their way into the index; nobody sees them before [`Draft::publish`].
#[derive(Debug, Default)]
pub(super) struct Draft {
    tails: HashMap<StreamName, Drafted, RandomState>,
    chunks: Vec<Change>,
}

/// A stream that a draft has looked at.
#[derive(Debug, Default)]
struct Drafted {
    tail: Tail,
    /// Whether the draft has events of it.
    written: bool,
}

impl Draft {
    /// The version of a stream, with the draft's events; `below` is the draft that it stands on.
    pub(super) fn version(
        &mut self,
        index: &Index,
        below: Option<&Draft>,
        stream: &StreamName,
    ) -> Result<Version, DiskError> {
        self.look(index, below, stream).map(|drafted| Version(drafted.tail.version))
    }

    /// Adds an event of a stream at a position, and gives it its version.
    pub(super) fn push(
        &mut self,
        index: &Index,
        below: Option<&Draft>,
        stream: &StreamName,
        position: Position,
    ) -> Result<Version, DiskError> {
        let Drafted { tail, written } = self.look(index, below, stream)?;
        *written = true;
        let mut full = None;
        if tail.positions.len() as u64 == CHUNK {
            let mut value = Vec::new();
            put_positions(&tail.positions, &mut value);
            full = Some((chunk_key(stream, tail.first()), Some(value)));
            tail.positions.clear();
        }
        tail.version += 1;
        tail.positions.push(position.0);
        let version = Version(tail.version);
        self.chunks.extend(full);
        Ok(version)
    }

    /// Makes all events visible together.
    pub(super) fn publish(&self, index: &Index, checkpoint: &Checkpoint) {
        // A chunk first: until its tail follows, the same positions stand in the tail before it.
        if !self.chunks.is_empty() {
            index.table.apply(self.chunks.iter().cloned());
        }
        let written = self.tails.iter().filter(|(_, drafted)| drafted.written);
        let mut hot = index.hot_mut();
        for (stream, drafted) in written {
            hot.known.take_away(stream);
            hot.fresh.insert(stream.clone(), drafted.tail.clone());
        }
        hot.checkpoint = Some(*checkpoint);
    }

    /// An empty draft in the same memory.
    pub(super) fn emptied(mut self) -> Draft {
        self.tails.clear();
        self.chunks.clear();
        self
    }

    fn look(
        &mut self,
        index: &Index,
        below: Option<&Draft>,
        stream: &StreamName,
    ) -> Result<&mut Drafted, DiskError> {
        match self.tails.entry(stream.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let tail = match below.and_then(|below| below.tails.get(stream)) {
                    Some(drafted) => drafted.tail.clone(),
                    None => index.tail(|| index.table.snapshot(), stream)?,
                };
                Ok(unknown.insert(Drafted { tail, written: false }))
            }
        }
    }
}

impl Tail {
    /// The version of its oldest position, or the next version where it has none.
    fn first(&self) -> u64 {
        self.version + 1 - self.positions.len() as u64
    }

    fn after(&self, after: u64, limit: usize) -> impl Iterator<Item = Position> {
        let seen = after.saturating_sub(self.first() - 1);
        let seen = usize::try_from(seen).unwrap_or(usize::MAX);
        self.positions.iter().skip(seen).take(limit).copied().map(Position)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + 2 * self.positions.len());
        put_varint(self.version, &mut bytes);
        put_positions(&self.positions, &mut bytes);
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Tail, Malformed> {
        parse(bytes, |reader| {
            let version = reader.varint("version", u64::MAX - 1)?;
            let positions = take_positions(reader, version.min(CHUNK))?;
            Ok(Tail { version, positions: positions.into() })
        })
    }
}

#[cfg(test)]
mod tests;
