//! What does not change any more: files of numbered bytes, written once and read from anywhere.
//!
//! Knows numbers that rise and bytes that stand under them; must not know what they are, nor check
//! them: that is for whoever sealed them. A file is in the folder as a whole or not at all.
//!
//! ```text
//!   FIRST.sealed     block … | meta | foot
//!                    meta:  first number | last number − first | label, counted | blocks
//!                           | for each: its first number − that of the block before, its length
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bytes::{Malformed, Reader, put_counted, put_varint};
use super::{DiskError, create_folder, foot, read_at, read_at_once, sync_folder};
use crate::seeded::{self, Bug};

/// The foot's mark, with the version of this form.
const MARK: foot::Mark = *b"swbsea\0\x01";

/// A block is full from here on: what is read to find one item, unless the item is larger.
const BLOCK_BYTES: u32 = 1024;

/// The most bytes of a label.
const LABEL_BYTES_MAX: usize = 256;

/// The largest first number, so that none after it is beyond what can be counted.
const NUMBER_MAX: u64 = u64::MAX / 2;

/// How much is written before it is synced: who syncs another file meanwhile may wait for it.
const SYNCED_BYTES: u64 = 1 << 20;

/// What is handed to the system at once.
const WRITE_BYTES: usize = 64 * 1024;

/// How many files are kept open: a process may have some thousand, and a long log has more.
const OPEN_FILES_MAX: usize = 512;

/// How many are open in this process.
static OPEN_FILES: AtomicUsize = AtomicUsize::new(0);

const SUFFIX: &str = ".sealed";
const UNFINISHED: &str = ".sealed.new";

/// A sealed file.
#[derive(Debug)]
pub(crate) struct Sealed {
    path: PathBuf,
    first: u64,
    last: u64,
    label: Vec<u8>,
    blocks: Blocks,
    file: OnceLock<OpenFile>,
}

/// A file that counts among those that this process has open.
#[derive(Debug)]
struct OpenFile(File);

/// Where the blocks begin, by number (less the first of the file) and by offset: eight bytes a block.
#[derive(Debug)]
struct Blocks {
    numbers: Vec<u32>,
    /// One more: where the last block ends.
    offsets: Vec<u32>,
}

impl Sealed {
    /// Opens all files of a folder, in order; creates the folder, and removes what was not finished.
    pub(crate) fn open_all(folder: &Path) -> Result<Vec<Sealed>, DiskError> {
        let failed = |error: io::Error| DiskError::failed(folder, error);
        create_folder(folder).map_err(failed)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(UNFINISHED) {
                fs::remove_file(&path).map_err(failed)?;
            } else if let Some(first) = name.strip_suffix(SUFFIX).and_then(|first| first.parse().ok()) {
                files.push(Sealed::open(path, first)?);
            }
        }
        files.sort_unstable_by_key(|file| file.first);
        // Who put a file here may have been killed before he knew that it stays.
        sync_folder(folder).map_err(failed)?;
        folder.parent().map_or(Ok(()), sync_folder).map_err(failed)?;
        Ok(files)
    }

    fn open(path: PathBuf, first: u64) -> Result<Sealed, DiskError> {
        let broken = |reason: String| DiskError::Broken { file: path.clone(), number: first, reason };
        let meta = File::open(&path)
            .and_then(|file| foot::read(&file, MARK))
            .map_err(|error| DiskError::failed(&path, error))?
            .map_err(|what| broken(format!("its sealed file is broken: {what}")))?;
        let sealed = Sealed::parse(path.clone(), &meta.bytes)
            .map_err(|error| broken(format!("its sealed file is broken: {error}")))?;
        if sealed.first != first || u64::from(sealed.blocks.end()) != meta.at {
            return Err(broken("its sealed file is another one".into()));
        }
        Ok(sealed)
    }

    fn parse(path: PathBuf, meta: &[u8]) -> Result<Sealed, Malformed> {
        let mut reader = Reader::new(meta);
        let first = reader.varint("first number", NUMBER_MAX)?;
        let last = first + reader.varint("numbers", u64::from(u32::MAX))?;
        let label = reader.counted("label", 0, LABEL_BYTES_MAX)?.to_vec();
        let count = reader.varint("blocks", meta.len() as u64)?;
        let mut blocks = Blocks::new();
        let mut number = 0;
        for _ in 0..count {
            number += reader.varint("number of a block", last - first - number)?;
            let length = reader.varint("length of a block", (u32::MAX - blocks.end()).into())?;
            blocks.push(number as u32, length as u32);
        }
        reader.end("bytes after the last block")?;
        Ok(Sealed { path, first, last, label, blocks, file: OnceLock::new() })
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// What its owner wrote on it.
    pub(crate) fn label(&self) -> &[u8] {
        &self.label
    }

    /// Reads the block in which a number stands that the file has, and as many after it as are
    /// within `bytes_max` together.
    pub(crate) fn read(&self, number: u64, bytes_max: usize) -> Result<Vec<u8>, DiskError> {
        let failed = |error: io::Error| DiskError::failed(&self.path, error);
        let (from, to) = self.blocks.span(number.saturating_sub(self.first), bytes_max as u64);
        let mut bytes = vec![0; (to - from) as usize];
        let read = self.with_file(|file| read_at(file, &mut bytes, from.into()));
        read.and_then(|read| read).map_err(failed)?;
        Ok(bytes)
    }

    /// Reads the block in which a number stands into the beginning of `bytes`, if it has no more than
    /// so many and that needs no waiting for the disk; says how many it has.
    pub(crate) fn read_at_once(&self, number: u64, bytes_max: usize, bytes: &mut Vec<u8>) -> Option<usize> {
        let (from, to) = self.blocks.span(number.saturating_sub(self.first), 0);
        let length = (to - from) as usize;
        // To open the file may be to wait.
        let file = self.file.get().filter(|_| length <= bytes_max)?;
        if bytes.len() < length {
            bytes.resize(length, 0);
        }
        read_at_once(&file.0, &mut bytes[..length], from.into()).then_some(length)
    }

    /// The file stays open if not many are.
    fn with_file<T>(&self, read: impl FnOnce(&File) -> T) -> io::Result<T> {
        if let Some(kept) = self.file.get() {
            return Ok(read(&kept.0));
        }
        let file = OpenFile::of(&self.path)?;
        match OPEN_FILES.load(Ordering::Relaxed) > OPEN_FILES_MAX {
            true => Ok(read(&file.0)),
            false => Ok(read(&self.file.get_or_init(|| file).0)),
        }
    }
}

impl OpenFile {
    fn of(path: &Path) -> io::Result<OpenFile> {
        let file = File::open(path)?;
        OPEN_FILES.fetch_add(1, Ordering::Relaxed);
        Ok(OpenFile(file))
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        OPEN_FILES.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Blocks {
    fn new() -> Blocks {
        Blocks { numbers: Vec::new(), offsets: vec![0] }
    }

    fn push(&mut self, number: u32, length: u32) {
        self.numbers.push(number);
        self.offsets.push(self.end() + length);
    }

    fn end(&self) -> u32 {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// From where to where the block with a number stands, and those after it within so many bytes.
    fn span(&self, number: u64, bytes_max: u64) -> (u32, u32) {
        let block = self.up_to(number).saturating_sub(1);
        let from = self.offsets[block];
        let ends = &self.offsets[block + 1..];
        let within = match bytes_max {
            0 => 1,
            _ => ends.partition_point(|end| u64::from(end - from) <= bytes_max).max(1),
        };
        (from, ends.get(within - 1).copied().unwrap_or(from))
    }

    /// How many blocks begin with no number after this one. Blocks have about as many numbers each,
    /// so that it is looked for from where it would stand if all had, in steps that double.
    fn up_to(&self, number: u64) -> usize {
        let Some(last) = self.numbers.last().copied() else { return 0 };
        let is_after = |first: &u32| u64::from(*first) > number;
        let count = self.numbers.len();
        let guess = u128::from(number) * count as u128 / (u128::from(last) + 1);
        let guess = usize::try_from(guess).map_or(count, |guess| guess.min(count));
        let (mut from, mut to, mut step) = (guess, guess, 4);
        while from > 0 && is_after(&self.numbers[from - 1]) {
            (to, from, step) = (from, from.saturating_sub(step), 2 * step);
        }
        while to < count && !is_after(&self.numbers[to]) {
            (from, to, step) = (to, count.min(to + step), 2 * step);
        }
        from + self.numbers[from..to].partition_point(|first| !is_after(first))
    }
}

/// Is asked before each sync of a file that is being written, and of its folder; an error is that sync's.
pub(crate) type BeforeSync<'a> = &'a dyn Fn() -> io::Result<()>;

/// A file that is being written.
pub(crate) struct Sealing<'a> {
    folder: PathBuf,
    before_sync: BeforeSync<'a>,
    file: BufWriter<File>,
    first: u64,
    blocks: Blocks,
    /// Of the block that is not full.
    number: u32,
    open: u32,
    unsynced: u64,
}

impl<'a> Sealing<'a> {
    /// Begins a file whose first item has a number.
    pub(crate) fn begin(
        folder: &Path,
        first: u64,
        before_sync: BeforeSync<'a>,
    ) -> Result<Sealing<'a>, DiskError> {
        let path = folder.join(format!("{first:020}{UNFINISHED}"));
        let file = File::create(&path).map_err(|error| DiskError::failed(&path, error))?;
        Ok(Sealing {
            folder: folder.to_path_buf(),
            before_sync,
            file: BufWriter::with_capacity(WRITE_BYTES, file),
            first,
            blocks: Blocks::new(),
            number: 0,
            open: 0,
            unsynced: 0,
        })
    }

    /// How many bytes it has.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.blocks.end()) + u64::from(self.open)
    }

    /// Adds an item, whose number is over that of the one before.
    pub(crate) fn push(&mut self, number: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let fits =
            |value: u64| u32::try_from(value).map_err(|_| self.failed("it has more than four gigabytes"));
        let number = fits(number - self.first)?;
        fits(self.bytes() + bytes.len() as u64)?;
        if self.open == 0 {
            self.number = number;
        }
        self.write(bytes).map_err(|error| self.failed(error))?;
        self.open += bytes.len() as u32;
        if self.open >= BLOCK_BYTES {
            self.end_block();
        }
        Ok(())
    }

    /// Makes the file durable, and puts it into the folder.
    pub(crate) fn finish(mut self, last: u64, label: &[u8]) -> Result<Sealed, DiskError> {
        if self.open > 0 {
            self.end_block();
        }
        let path = self.folder.join(format!("{:020}{SUFFIX}", self.first));
        let meta = self.meta(last, label);
        self.put_in_place(&meta, &path).map_err(|error| self.failed(error))?;
        let Sealing { first, blocks, .. } = self;
        Ok(Sealed { path, first, last, label: label.to_vec(), blocks, file: OnceLock::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNCED_BYTES {
            self.file.flush()?;
            self.sync(File::sync_data)?;
            self.unsynced = 0;
        }
        Ok(())
    }

    fn end_block(&mut self) {
        self.blocks.push(self.number, self.open);
        self.open = 0;
    }

    fn meta(&self, last: u64, label: &[u8]) -> Vec<u8> {
        let mut meta = Vec::new();
        put_varint(self.first, &mut meta);
        put_varint(last - self.first, &mut meta);
        put_counted(label, &mut meta);
        put_varint(self.blocks.numbers.len() as u64, &mut meta);
        let mut before = 0;
        for (number, ends) in self.blocks.numbers.iter().zip(self.blocks.offsets.windows(2)) {
            put_varint((number - before).into(), &mut meta);
            put_varint((ends[1] - ends[0]).into(), &mut meta);
            before = *number;
        }
        foot::put(MARK, meta)
    }

    fn put_in_place(&mut self, meta: &[u8], path: &Path) -> io::Result<()> {
        self.file.write_all(meta)?;
        self.file.flush()?;
        self.sync(File::sync_all)?;
        fs::rename(self.folder.join(format!("{:020}{UNFINISHED}", self.first)), path)?;
        (self.before_sync)()?;
        sync_folder(&self.folder)
    }

    fn sync(&self, sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
        (self.before_sync)()?;
        if seeded::is(Bug::SealWithoutSync) {
            return Ok(());
        }
        sync(self.file.get_ref())
    }

    fn failed(&self, reason: impl ToString) -> DiskError {
        DiskError::failed(&self.folder, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: u64, length: usize) -> Vec<u8> {
        vec![number as u8; length]
    }

    /// Items of several sizes with numbers that have gaps, and what each file says of each number.
    fn sealed(folder: &Path) -> (Sealed, Vec<(u64, usize)>) {
        let mut sealing = Sealing::begin(folder, 7, &|| Ok(())).expect("it is begun");
        let items: Vec<(u64, usize)> =
            (0..200u64).map(|at| (7 + at * 3, [40, 700, 5_000, 9_000][at as usize % 4])).collect();
        for (number, length) in &items {
            sealing.push(*number, &item(*number, *length)).expect("it is written");
        }
        let bytes: usize = items.iter().map(|(_, length)| length).sum();
        assert_eq!(sealing.bytes(), bytes as u64);
        (sealing.finish(7 + 199 * 3 + 2, b"label").expect("it is finished"), items)
    }

    #[test]
    fn every_number_is_read_from_the_block_that_it_stands_in_also_by_who_opens_the_folder() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let (written, items) = sealed(folder.path());
        let opened = Sealed::open_all(folder.path()).expect("it opens");
        assert_eq!(opened.len(), 1);
        for file in [&written, &opened[0]] {
            assert_eq!((file.first(), file.last(), file.label()), (7, 606, &b"label"[..]));
            for bytes_max in [0, 10_000, 100_000, usize::MAX] {
                for (at, (number, length)) in items.iter().enumerate() {
                    for number in [*number, number + 2] {
                        let bytes = file.read(number, bytes_max).expect("it is read");
                        if bytes_max == 0 {
                            let mut buffer = vec![9; 5_000];
                            let at_once = file.read_at_once(number, usize::MAX, &mut buffer);
                            assert!(at_once.is_none_or(|length| buffer[..length] == bytes), "{number}");
                            let little = file.read_at_once(number, 39, &mut buffer);
                            assert_eq!(little, None, "the least has forty bytes");
                        }
                        let own = item(items[at].0, *length);
                        let found = bytes.windows(own.len()).position(|window| window == own);
                        assert!(found.is_some_and(|at| at < 4_096), "{number}");
                        assert!(bytes.len() <= bytes_max.max(4_096 + 9_000), "{number}: {}", bytes.len());
                    }
                }
            }
        }
        let whole = written.read(7, usize::MAX).expect("it is read");
        assert_eq!(
            whole,
            items.iter().flat_map(|(number, length)| item(*number, *length)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_was_not_finished_is_removed_and_every_flipped_byte_of_the_meta_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut unfinished = Sealing::begin(folder.path(), 1, &|| Ok(())).expect("it is begun");
        unfinished.push(1, b"x").expect("it is written");
        drop(unfinished);
        let (_, items) = sealed(folder.path());
        assert_eq!(Sealed::open_all(folder.path()).map(|files| files.len()), Ok(1));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder is read").count(), 1);

        let path = folder.path().join(format!("{:020}.sealed", 7));
        let bytes = fs::read(&path).expect("it is read");
        let blocks: usize = items.iter().map(|(_, length)| length).sum();
        for at in blocks..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&path, flipped).expect("it is written");
            assert!(Sealed::open_all(folder.path()).is_err(), "byte {at} of {}", bytes.len());
        }
        fs::write(&path, &bytes[1..]).expect("it is written");
        assert!(Sealed::open_all(folder.path()).is_err(), "a byte is missing");
    }
}
