//! What the fuzzers in `tests/fuzz` need of bytes that the library shows to nobody: frames and sealed files.
//!
//! Only there with the feature `fuzzing`, which nothing ships with; no part of the public API.

use std::path::Path;

use bytes::Bytes;

use crate::disk::{Sealed, Sealing};
use crate::log::envelope::{self, Shared};
use crate::log::frame::{self, Frame, Open};
use crate::log::{Position, Record};

/// The records of a frame, and how they are written again.
#[derive(Debug)]
pub struct FrameRead {
    /// The records.
    pub records: Vec<Record>,
    /// The flags of each, which say what is left out.
    pub flags: Vec<u8>,
    /// The frame that a writer makes of them which leaves out the same.
    pub rewritten: Vec<u8>,
}

/// Reads a frame at the position that it names.
///
/// # Errors
///
/// What is wrong with it, as the log says it.
pub fn read_frame(bytes: &[u8]) -> Result<FrameRead, String> {
    let (first, ..) = frame::extent(bytes).map_err(|error| error.to_string())?;
    let frame = Frame::check(first, Bytes::copy_from_slice(bytes)).map_err(|error| error.to_string())?;
    let (mut records, mut flags, mut open) = (Vec::new(), Vec::new(), Open::new(first));
    for record in frame.records() {
        let (position, encoded) = record.map_err(|error| error.to_string())?;
        let record = frame.record(position, &encoded);
        let shared = Shared {
            stamp: encoded.flags & envelope::SAME_STAMP != 0,
            stream: encoded.flags & envelope::SAME_STREAM != 0,
        };
        let mut content = Vec::new();
        envelope::put_content(&record.stamp, &record.entry, shared, &mut content);
        open.push(record.version, record.previous, &content);
        records.push(record);
        flags.push(encoded.flags);
    }
    let rewritten = open.seal(&frame.previous()).frame.bytes().to_vec();
    Ok(FrameRead { records, flags, rewritten })
}

/// A sealed file as it was read back.
#[derive(Debug, PartialEq, Eq)]
pub struct SealedRead {
    /// Its first and its last number.
    pub numbers: (u64, u64),
    /// What its owner wrote on it.
    pub label: Vec<u8>,
    /// Every byte from the first number on.
    pub bytes: Vec<u8>,
    /// The block in which each number stands that was asked for, of those that it has.
    pub blocks: Vec<Vec<u8>>,
}

/// Opens the sealed files of a folder, and reads from each the blocks of these numbers.
///
/// # Errors
///
/// What is wrong with one, as the log says it.
pub fn read_sealed(folder: &Path, numbers: &[u64]) -> Result<Vec<SealedRead>, String> {
    let read = |file: &Sealed| {
        let bytes = file.read(file.first(), usize::MAX)?;
        let has = |number: &&u64| (file.first()..=file.last()).contains(*number);
        let blocks =
            numbers.iter().filter(has).map(|number| file.read(*number, 0)).collect::<Result<_, _>>()?;
        let numbers = (file.first(), file.last());
        Ok(SealedRead { numbers, label: file.label().to_vec(), bytes, blocks })
    };
    let files = Sealed::open_all(folder).map_err(|error| error.to_string())?;
    files.iter().map(read).collect::<Result<_, crate::disk::DiskError>>().map_err(|error| error.to_string())
}

/// Seals items under rising numbers in a folder.
///
/// # Errors
///
/// What the disk says.
pub fn seal(folder: &Path, items: &[(u64, Vec<u8>)], last: u64, label: &[u8]) -> Result<(), String> {
    let first = items.first().map_or(last, |(first, _)| *first);
    let sealed = Sealing::begin(folder, first, &|| Ok(())).and_then(|mut sealing| {
        items.iter().try_for_each(|(number, bytes)| sealing.push(*number, bytes))?;
        sealing.finish(last, label)
    });
    sealed.map(drop).map_err(|error| error.to_string())
}

/// The position that a frame says it begins at, and its length, both unchecked.
#[must_use]
pub fn frame_extent(bytes: &[u8]) -> Option<(Position, usize)> {
    frame::extent(bytes).ok().map(|(first, _, length)| (first, length))
}
