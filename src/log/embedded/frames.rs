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
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::vec;

use bytes::Bytes;

use super::header::{self, Header};
use super::{EmbeddedOptions, OpenError};
use crate::disk::{BeforeSync, DiskError, Sealed, Sealing, Store};
use crate::log::frame::{self, Frame, Hash, InBuffer};
use crate::log::{Position, ReadError};

/// The folder of the sealed files, within that of the store.
const SEALED_FOLDER: &str = "sealed";

/// A key after that of every frame.
const AFTER_ALL: [u8; 16] = [0xff; 16];

/// How much of a sealed file is read at once by whoever reads on and on; most want one frame, so it
/// begins with one block and a few, and is doubled.
const READ_ON_BYTES_MIN: usize = 16 << 10;
const READ_ON_BYTES_MAX: usize = 256 << 10;

/// The largest size from which on a sealed file is ended.
const FILE_BYTES_MAX: u64 = 1 << 30;

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
    sealed: RwLock<Vec<Arc<Sealed>>>,
    /// How many bytes of frames wait in the store, and from how many on some are sealed.
    waiting: AtomicU64,
    sealed_from: AtomicU64,
    file_bytes: u64,
}

/// What a sealed file says of its frames: the hash of the one before them, and of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) previous: Hash,
    pub(super) last: Hash,
}

impl Label {
    pub(super) fn parse(bytes: &[u8]) -> Option<Label> {
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
        let (store, folder) = (Store::open(folder, options.cache_bytes), folder.join(SEALED_FOLDER));
        let store = store.map_err(|error| beyond_sealed(error, &folder))?;
        let sealed: Vec<_> = Sealed::open_all(&folder)?.into_iter().map(Arc::new).collect();
        let file_bytes = options.sealed_file_bytes.clamp(1, FILE_BYTES_MAX);
        let header = header::load_or_create(&store, sealed.is_empty())?;
        let last = check_chain(&sealed, header.hash)?;
        let frames = Frames {
            store,
            folder,
            sealed: RwLock::new(sealed),
            waiting: AtomicU64::new(0),
            sealed_from: AtomicU64::new(2 * file_bytes),
            file_bytes,
        };
        frames.remove_sealed()?;
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

    /// The bytes of the log's header.
    pub(super) fn header(&self) -> Result<Bytes, ReadError> {
        let bytes = self.store.get(&frame::key(Position::START, 0)).map_err(unavailable)?;
        bytes.map(Bytes::from_owner).ok_or_else(|| damaged(Position::START, "the header is missing"))
    }

    /// What the store has where a frame should begin, whatever it is.
    pub(super) fn unchecked(&self, first: Position) -> Option<Bytes> {
        self.store.get(&frame::key(first, 0)).ok()?.map(Bytes::from_owner)
    }

    #[cfg(test)]
    pub(super) fn put_unchecked(&self, first: Position, bytes: &[u8]) -> Result<(), DiskError> {
        self.store.apply([(frame::key(first, 0), bytes)])
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
        self.read(position, 0).map(apart)
    }

    /// Reads the block with the frame that holds a position into `buffer`, if it needs no waiting for the
    /// disk and no more than so many bytes, which are taken away; says where the frame is. Whoever waits
    /// is told what is wrong.
    pub(super) fn holding_at_once(
        &self,
        position: Position,
        bytes_left: &mut usize,
        buffer: &mut Vec<u8>,
    ) -> Option<InBuffer> {
        // Somebody who wants to write waits for somebody who reads from the disk.
        let file = file_of(&self.sealed.try_read().ok()?, position)?;
        let block = file.read_at_once(position.0, *bytes_left, buffer)?;
        *bytes_left -= block;
        InBuffer::find(&buffer[..block], position)
    }

    /// Reads the frames on from the one that holds a position, as long as they follow each other.
    pub(super) fn from(&self, position: Position) -> Following<'_> {
        Following { frames: self, next: position, read: Vec::new().into_iter(), bytes: 0 }
    }

    /// Counts what the store has up to a position, which is where it ended when it was opened.
    pub(super) fn count_waiting(&self, end: Position, is_ending: impl Fn() -> bool) -> Result<(), ReadError> {
        let mut next = frame::key(Position(1), 0);
        loop {
            let mut count = 0;
            if is_ending() {
                return Ok(());
            }
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

    /// Moves the oldest frames of the store, up to the head at most, to a sealed file; `before_sync` is
    /// asked before each sync of it, and `sealed` when it is in its place and the frames have not left
    /// the store.
    ///
    /// # Errors
    ///
    /// Nothing is lost, and it is tried again when as much again waits.
    pub(super) fn seal(
        &self,
        head: Position,
        before_sync: BeforeSync<'_>,
        sealed: impl FnOnce() -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let file = self.write_sealed(head, before_sync).and_then(|file| sealed().map(|()| file));
        let file = file.inspect_err(|_| {
            let again = self.waiting.load(Ordering::Relaxed) + self.file_bytes;
            self.sealed_from.store(again, Ordering::Relaxed);
        })?;
        self.sealed_from.store(2 * self.file_bytes, Ordering::Relaxed);
        let end = Position(file.last());
        // From here on nobody looks for them in the store, and those who do have let go of it.
        self.sealed.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(file));
        self.remove_up_to(end, |bytes| {
            self.waiting.fetch_sub(bytes.min(self.waiting.load(Ordering::Relaxed)), Ordering::Relaxed);
        })
    }

    fn write_sealed(&self, head: Position, before_sync: BeforeSync<'_>) -> Result<Sealed, ReadError> {
        let first = self.sealed_end().next();
        let mut sealing = Sealing::begin(&self.folder, first.0, before_sync).map_err(unavailable)?;
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
        if let Some(file) = file_of(&sealed, position) {
            // It never goes away, so nobody has to wait for this reading.
            drop(sealed);
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

    /// Takes away what the store has up to a position, and says of each batch how many bytes it had.
    fn remove_up_to(&self, end: Position, removed: impl Fn(u64)) -> Result<(), ReadError> {
        let after_header = frame::key(Position(1), 0);
        loop {
            let (mut keys, mut bytes) = (Vec::with_capacity(REMOVED_AT_ONCE), 0);
            for entry in self.store.entries_from(&after_header).take(REMOVED_AT_ONCE) {
                let (key, value) = entry.map_err(unavailable)?;
                if first_of(&key)? > end {
                    break;
                }
                bytes += value.len() as u64;
                keys.push(key.to_vec());
            }
            if keys.is_empty() {
                return Ok(());
            }
            self.store.remove(keys).map_err(unavailable)?;
            removed(bytes);
        }
    }

    /// Takes away what was sealed and had not left the store, once the file proves to have it.
    fn remove_sealed(&self) -> Result<(), ReadError> {
        let last = self.sealed().last().cloned();
        let first = self.store.entries_from(&frame::key(Position(1), 0)).next();
        let (Some(file), Some(entry)) = (last, first) else { return Ok(()) };
        let (key, _) = entry.map_err(unavailable)?;
        if first_of(&key)? > Position(file.last()) {
            return Ok(());
        }
        self.prove(&file, |_| Ok(()))?;
        self.remove_up_to(Position(file.last()), |_| {})
    }

    /// Says that the store goes on where the sealed files end.
    fn check_first(&self, last: Hash) -> Result<(), ReadError> {
        let end = self.sealed_end();
        let first = self.store.entries_from(&frame::key(Position(1), 0)).next();
        let Some((key, _)) = first.transpose().map_err(unavailable)? else { return Ok(()) };
        if frame::parse_key(&key) != Some((end.next(), 0)) {
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

    pub(super) fn sealed(&self) -> RwLockReadGuard<'_, Vec<Arc<Sealed>>> {
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
fn check_chain(sealed: &[Arc<Sealed>], header: Hash) -> Result<Hash, ReadError> {
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
        match take(position, at, &mut bytes) {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => {}
            Err(error) if frames.is_empty() => return Err(error),
            // Those before it are right; who reads on is told.
            Err(_) => break,
        }
    }
    match frames.is_empty() {
        true => Err(damaged(position, "its frame is missing")),
        false => Ok(frames),
    }
}

/// Takes the next frame, which begins at `at` or holds it; nothing if it is one before `position`.
fn take(position: Position, at: Position, bytes: &mut Bytes) -> Result<Option<Frame>, ReadError> {
    let (first, last, length) = frame::extent(bytes).map_err(|error| damaged(at, error))?;
    let is_wanted = last >= position;
    let is_first = at == position;
    if length > bytes.len() || (is_wanted && is_first && first > position) {
        return Err(damaged(at, "its frame is missing"));
    }
    let frame = bytes.split_to(length);
    is_wanted.then(|| check(if is_first { first } else { at }, frame)).transpose()
}

/// Frames that are kept one by one do not keep what was read with them.
fn apart(frames: Vec<Frame>) -> Vec<Frame> {
    match frames.len() {
        1 => frames,
        _ => frames.into_iter().map(Frame::apart).collect(),
    }
}

fn file_of(sealed: &[Arc<Sealed>], position: Position) -> Option<Arc<Sealed>> {
    sealed.get(sealed.partition_point(|file| file.last() < position.0)).cloned()
}

fn end_of(sealed: &[Arc<Sealed>]) -> Position {
    Position(sealed.last().map_or(0, |file| file.last()))
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

/// Says of a store that cannot be read at which position that begins: after the last sealed file.
fn beyond_sealed(error: DiskError, sealed: &Path) -> DiskError {
    match error {
        DiskError::Broken { file, number: 0, reason } => {
            let sealed = Sealed::open_all(sealed).unwrap_or_default();
            DiskError::Broken { file, number: sealed.last().map_or(1, |last| last.last() + 1), reason }
        }
        error => error,
    }
}

pub(super) fn unavailable(error: DiskError) -> ReadError {
    match error {
        DiskError::Broken { number, reason, .. } => damaged(Position(number), reason),
        error => ReadError::Unavailable { reason: error.to_string() },
    }
}
