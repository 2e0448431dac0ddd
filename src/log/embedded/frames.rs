//! The frames of the log, wherever they are: the newest in the store, older ones in sealed files.
//!
//! Knows keys, parts and files; the records inside are decoded by [`crate::log::frame`]. A frame is
//! durable in the store before anybody hears of it; when enough newer ones have followed, it is
//! copied to a sealed file, from which one frame is read as one block, and leaves the store.
//!
//! ```text
//!   [ 1 … 40,112 ][ 40,113 … 80,016 ][ … ]  │  80,017 …  head
//!        sealed files, never changed        │  the store
//! ```

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::vec;

use bytes::Bytes;

use super::header::{self, Header};
use super::{EmbeddedOptions, OpenError};
use crate::disk::{DiskError, Sealed, Sealing, Store};
use crate::log::frame::{self, Frame, Hash};
use crate::log::{Position, ReadError};

/// The folder of the sealed files, within that of the store.
const SEALED_FOLDER: &str = "sealed";

/// A key after that of every frame.
const AFTER_ALL: [u8; 16] = [0xff; 16];

/// How much of a sealed file is read at once by whoever reads on and on; most want one frame, so it
/// begins with one block and a few, and is doubled.
const READ_ON_BYTES_MIN: usize = 16 << 10;
const READ_ON_BYTES_MAX: usize = 256 << 10;

/// How many frames leave the store at once: others write to it between.
const REMOVED_AT_ONCE: usize = 64;

/// How many entries are gone through by one iterator of the store, which keeps their leaves.
const COUNTED_AT_ONCE: usize = 1024;

/// The frames of an open log.
#[derive(Debug)]
pub(super) struct Frames {
    store: Store,
    folder: PathBuf,
    /// In order and without gaps. Whoever reads from the store holds this, so that nothing leaves
    /// the store under his hands.
    sealed: RwLock<Vec<Sealed>>,
    /// How many bytes of frames wait in the store, and from how many on some are sealed.
    waiting: AtomicU64,
    sealed_from: AtomicU64,
    file_bytes: u64,
}

/// What a sealed file says of its frames: the hash of the one before them, and of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Label {
    previous: Hash,
    last: Hash,
}

impl Label {
    fn parse(bytes: &[u8]) -> Option<Label> {
        let (previous, last) = bytes.split_first_chunk()?;
        Some(Label { previous: *previous, last: last.try_into().ok()? })
    }

    fn bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.previous);
        bytes[32..].copy_from_slice(&self.last);
        bytes
    }
}

impl Frames {
    /// Opens or creates the store of a log and its sealed files, and lets go of what was sealed
    /// but had not left the store.
    pub(super) fn open(folder: &Path, options: &EmbeddedOptions) -> Result<(Frames, Header), OpenError> {
        let store = Store::open(folder, options.cache_bytes)?;
        let folder = folder.join(SEALED_FOLDER);
        let sealed = Sealed::open_all(&folder)?;
        let header = header::load_or_create(&store, sealed.is_empty())?;
        let last = check_chain(&sealed, header.hash)?;
        let frames = Frames {
            store,
            folder,
            sealed: RwLock::new(sealed),
            waiting: AtomicU64::new(0),
            sealed_from: AtomicU64::new(2 * options.sealed_file_bytes),
            file_bytes: options.sealed_file_bytes,
        };
        frames.remove_up_to(frames.sealed_end())?;
        frames.check_first(last)?;
        Ok((frames, header))
    }

    /// Writes frames, all or none; they are durable after the next [`Frames::sync`].
    pub(super) fn write(&self, frames: &[Frame]) -> Result<(), DiskError> {
        self.store.apply(frames.iter().flat_map(Frame::values))
    }

    /// Waits until everything that was written is on the disk.
    pub(super) fn sync(&self) -> Result<(), DiskError> {
        self.store.sync()
    }

    /// The position of the last event; [`Position::START`] when there is none.
    pub(super) fn last(&self) -> Result<Position, ReadError> {
        let sealed = self.sealed();
        match self.first_at_or_before(&AFTER_ALL)? {
            Position::START => Ok(end_of(&sealed)),
            first => match self.in_store(first)? {
                Some(frame) => Ok(frame.last),
                None => Err(damaged(first, "its first part is missing")),
            },
        }
    }

    /// Reads the frame that holds a position which the log has.
    pub(super) fn holding(&self, position: Position) -> Result<Frame, ReadError> {
        let frame = self.from(position).next();
        frame.unwrap_or_else(|| Err(damaged(position, "its frame is missing")))
    }

    /// Reads the frame that holds a position which the log has, and those that are read with it.
    pub(super) fn around(&self, position: Position) -> Result<Vec<Frame>, ReadError> {
        self.read(position, 0)
    }

    /// The same if that needs no waiting for the disk; whoever waits is told what is wrong.
    pub(super) fn around_at_once(&self, position: Position) -> Option<Vec<Frame>> {
        let sealed = self.sealed();
        let file = sealed.get(sealed.partition_point(|file| file.last() < position.0))?;
        split(position, file.read_at_once(position.0)?.into()).ok()
    }

    /// Reads the frames on from the one that holds a position, as long as they follow each other.
    pub(super) fn from(&self, position: Position) -> Following<'_> {
        Following { frames: self, next: position, read: Vec::new().into_iter(), bytes: 0 }
    }

    /// Counts what the store has up to a position, which is where it ended when it was opened.
    pub(super) fn count_waiting(&self, end: Position) -> Result<(), ReadError> {
        let mut next = frame::key(Position(1), 0);
        loop {
            let mut count = 0;
            for entry in self.store.entries_from(&next).take(COUNTED_AT_ONCE) {
                let (key, value) = entry.map_err(unavailable)?;
                if first_of(&key)? > end {
                    return Ok(());
                }
                self.add_waiting(value.len() as u64);
                next = key.to_vec();
                next.push(0);
                count += 1;
            }
            if count < COUNTED_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// Says that so many bytes more are in the store.
    pub(super) fn add_waiting(&self, bytes: u64) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether enough waits in the store for a file to be sealed.
    pub(super) fn wants_sealing(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= self.sealed_from.load(Ordering::Relaxed)
    }

    /// Moves the oldest frames of the store, up to the head at most, to a sealed file; `sealed` is
    /// called when the file is in its place and the frames have not left the store.
    ///
    /// # Errors
    ///
    /// Nothing is lost, and it is tried again when as much again waits.
    pub(super) fn seal(
        &self,
        head: Position,
        sealed: impl FnOnce() -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let file = self.write_sealed(head).and_then(|file| sealed().map(|()| file));
        let file = file.inspect_err(|_| {
            let again = self.waiting.load(Ordering::Relaxed) + self.file_bytes;
            self.sealed_from.store(again, Ordering::Relaxed);
        })?;
        self.sealed_from.store(2 * self.file_bytes, Ordering::Relaxed);
        let end = Position(file.last());
        // From here on nobody looks for them in the store, and those who do have let go of it.
        self.sealed.write().unwrap_or_else(PoisonError::into_inner).push(file);
        let removed = self.remove_up_to(end)?;
        self.waiting.fetch_sub(removed.min(self.waiting.load(Ordering::Relaxed)), Ordering::Relaxed);
        Ok(())
    }

    fn write_sealed(&self, head: Position) -> Result<Sealed, ReadError> {
        let first = self.sealed_end().next();
        let mut sealing = Sealing::begin(&self.folder, first.0).map_err(unavailable)?;
        let mut ends: Option<(Position, Label)> = None;
        for frame in self.from(first) {
            let frame = frame?;
            if frame.last > head || sealing.bytes() >= self.file_bytes {
                break;
            }
            let previous = ends.map_or(frame.previous(), |(_, label)| label.previous);
            ends = Some((frame.last, Label { previous, last: frame.hash() }));
            sealing.push(frame.first.0, frame.bytes()).map_err(unavailable)?;
        }
        let Some((last, label)) = ends else { return Err(damaged(first, "its frame is missing")) };
        sealing.finish(last.0, &label.bytes()).map_err(unavailable)
    }

    /// Reads the frames that stand with the one that holds a position, and more of them within so
    /// many bytes where that is cheap; none where the log has ended.
    fn read(&self, position: Position, bytes_max: usize) -> Result<Vec<Frame>, ReadError> {
        let sealed = self.sealed();
        if position <= end_of(&sealed) {
            let file = sealed.partition_point(|file| file.last() < position.0);
            let file = sealed.get(file).ok_or_else(|| damaged(position, "its frame is missing"))?;
            let bytes = file.read(position.0, bytes_max).map_err(unavailable)?;
            return split(position, bytes.into());
        }
        if let Some(frame) = self.in_store(position)? {
            return Ok(vec![frame]);
        }
        match self.first_at_or_before(&frame::key(position, u16::MAX))? {
            Position::START => Ok(Vec::new()),
            first => Ok(self.in_store(first)?.filter(|frame| frame.last >= position).into_iter().collect()),
        }
    }

    /// Reads and checks the frame that begins at a position, if one does in the store.
    fn in_store(&self, first: Position) -> Result<Option<Frame>, ReadError> {
        let get = |part: u16| self.store.get(&frame::key(first, part)).map_err(unavailable);
        let Some(value) = get(0)? else { return Ok(None) };
        let parts = frame::parts(&value).map_err(|error| damaged(first, error))?;
        if parts == 1 {
            return check(first, Bytes::from_owner(value)).map(Some);
        }
        let mut bytes = value.to_vec();
        for part in 1..parts {
            bytes.extend_from_slice(
                &get(part as u16)?
                    .ok_or_else(|| damaged(first, format_args!("its part {part} is missing")))?,
            );
        }
        check(first, bytes.into()).map(Some)
    }

    fn first_at_or_before(&self, key: &[u8]) -> Result<Position, ReadError> {
        let Some((key, _)) = self.store.at_or_before(key).map_err(unavailable)? else {
            return Ok(Position::START);
        };
        first_of(&key)
    }

    /// Takes away what the store has up to a position; returns how many bytes that were.
    fn remove_up_to(&self, end: Position) -> Result<u64, ReadError> {
        let after_header = frame::key(Position(1), 0);
        let mut removed = 0;
        loop {
            let mut keys = Vec::with_capacity(REMOVED_AT_ONCE);
            for entry in self.store.entries_from(&after_header).take(REMOVED_AT_ONCE) {
                let (key, value) = entry.map_err(unavailable)?;
                if first_of(&key)? > end {
                    break;
                }
                removed += value.len() as u64;
                keys.push(key.to_vec());
            }
            if keys.is_empty() {
                return Ok(removed);
            }
            self.store.remove(keys).map_err(unavailable)?;
        }
    }

    /// Says that the store goes on where the sealed files end.
    fn check_first(&self, last: Hash) -> Result<(), ReadError> {
        let end = self.sealed_end();
        let first = self.store.entries_from(&frame::key(Position(1), 0)).next();
        let Some((key, _)) = first.transpose().map_err(unavailable)? else { return Ok(()) };
        if first_of(&key)? != end.next() {
            return Err(damaged(end.next(), "its frame is missing"));
        }
        match self.in_store(end.next())? {
            Some(frame) if end > Position::START && frame.previous() != last => {
                Err(damaged(frame.first, "it is not chained to the frame before it"))
            }
            _ => Ok(()),
        }
    }

    fn sealed_end(&self) -> Position {
        end_of(&self.sealed())
    }

    fn sealed(&self) -> RwLockReadGuard<'_, Vec<Sealed>> {
        self.sealed.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Frames that follow each other.
#[derive(Debug)]
pub(super) struct Following<'a> {
    frames: &'a Frames,
    next: Position,
    read: vec::IntoIter<Frame>,
    /// How much is read next.
    bytes: usize,
}

impl Iterator for Following<'_> {
    type Item = Result<Frame, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.len() == 0 {
            match self.frames.read(self.next, self.bytes) {
                Ok(read) => self.read = read.into_iter(),
                Err(error) => return Some(Err(error)),
            }
            self.bytes = (2 * self.bytes).clamp(READ_ON_BYTES_MIN, READ_ON_BYTES_MAX);
        }
        let frame = self.read.next()?;
        self.next = frame.last.next();
        Some(Ok(frame))
    }
}

/// Says that sealed files follow each other from the header on; returns the hash of the last frame.
fn check_chain(sealed: &[Sealed], header: Hash) -> Result<Hash, ReadError> {
    let (mut end, mut last) = (Position::START, header);
    for file in sealed {
        if file.first() != end.next().0 {
            return Err(damaged(end.next(), "its sealed file is missing"));
        }
        let label = Label::parse(file.label()).filter(|label| label.previous == last);
        let label = label.ok_or_else(|| damaged(end.next(), "it is not chained to the frame before it"))?;
        (end, last) = (Position(file.last()), label.last);
    }
    Ok(last)
}

/// Takes apart the frames of a sealed file from the one on that holds a position.
fn split(position: Position, mut bytes: Bytes) -> Result<Vec<Frame>, ReadError> {
    let mut frames: Vec<Frame> = Vec::new();
    while !bytes.is_empty() {
        let at = frames.last().map_or(position, |frame| frame.last.next());
        let (first, last, length) = frame::extent(&bytes).map_err(|error| damaged(at, error))?;
        let is_wanted = last >= position;
        if length > bytes.len() || (is_wanted && frames.is_empty() && first > position) {
            return Err(damaged(at, "its frame is missing"));
        }
        let frame = bytes.split_to(length);
        if is_wanted {
            frames.push(check(if frames.is_empty() { first } else { at }, frame)?);
        }
    }
    match frames.is_empty() {
        true => Err(damaged(position, "its frame is missing")),
        false => Ok(frames),
    }
}

fn end_of(sealed: &[Sealed]) -> Position {
    Position(sealed.last().map_or(0, Sealed::last))
}

fn first_of(key: &[u8]) -> Result<Position, ReadError> {
    let parsed = frame::parse_key(key);
    parsed
        .map(|(first, _)| first)
        .ok_or_else(|| damaged(Position::START, format_args!("no frame has the key {}", key.escape_ascii())))
}

fn check(first: Position, bytes: Bytes) -> Result<Frame, ReadError> {
    Frame::check(first, bytes).map_err(|error| damaged(first, error))
}

pub(super) fn damaged(position: Position, reason: impl ToString) -> ReadError {
    ReadError::Damaged { position, reason: reason.to_string() }
}

pub(super) fn unavailable(error: DiskError) -> ReadError {
    match error {
        DiskError::Broken { number, reason, .. } => damaged(Position(number), reason),
        error => ReadError::Unavailable { reason: error.to_string() },
    }
}
