//! Sorted runs: a file of many small entries packed into pages, written once and never changed.
//!
//! A run keeps the first key of each page (its *fences*) and a filter in memory. A file that is
//! removed while somebody reads it is there until he is done.
//!
//! ```text
//!   page … | meta | foot       page:  entry … | where a key stands whole, two bytes each | their
//!                                     number, two bytes | CRC-32
//!                              entry: bytes shared with the key before it | rest of the key, counted
//!                                     | 0, or 1 + length of the value | value
//!                              meta:  entries | keys in the filter | pages | fence, counted, and
//!                                     length of its page … | filter
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use super::cache::Cache;
use super::filter::{Filter, Probe};
use super::merge::{Deletions, Merge, Range};
use super::segment::{Building, EntryRef, Segment};
use super::{Direction, KEY_BYTES_MAX, Shape, VALUE_BYTES_MAX};
use crate::disk::bytes::{Malformed, Reader, put_counted, put_varint};
use crate::disk::{DiskError, foot, read_at, read_at_once};

/// The size that a page is filled to: a lookup reads and checks one, and keeps a fence of it in memory.
const PAGE_BYTES: usize = 8 * 1024;

/// How many entries stand after each other of which only the first has its whole key: a lookup goes
/// to the right one of these by halving, and then along them.
const ENTRIES_A_WHOLE_KEY: usize = 16;

/// The most whole keys of a page, whose shortest entries have three bytes.
const WHOLE_KEYS_MAX: usize = PAGE_BYTES / 3 / ENTRIES_A_WHOLE_KEY + 2;

/// The largest page: a full one and the entry that filled it.
const PAGE_BYTES_MAX: usize = PAGE_BYTES + KEY_BYTES_MAX + VALUE_BYTES_MAX + 32 + 2 * WHOLE_KEYS_MAX;

/// What is written to a file at once.
const WRITE_BYTES: usize = 256 * 1024;

/// The mark of a run's foot, with the version of its form.
const MARK: foot::Mark = *b"swbrun\0\x02";

const CRC_BYTES: usize = 4;

/// The most bytes of a key that are not written again: they are counted in one byte.
const SHARED_BYTES_MAX: usize = u8::MAX as usize;

/// A finished run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) entries: u64,
    file: File,
    fences: Fences,
    filter: Filter,
    shape: Shape,
    cache: Arc<Cache>,
}

/// The first keys of the pages, and where the pages end.
#[derive(Debug, Default)]
struct Fences {
    keys: Vec<u8>,
    key_ends: Vec<u32>,
    page_ends: Vec<u64>,
}

impl Fences {
    fn len(&self) -> usize {
        self.page_ends.len()
    }

    fn push_key(&mut self, key: &[u8]) {
        self.keys.extend_from_slice(key);
        self.key_ends
            .push(u32::try_from(self.keys.len()).expect("fences of four gigabytes are of 2^25 pages"));
    }

    fn push_page(&mut self, length: usize) {
        self.page_ends.push(self.end() + length as u64);
    }

    fn end(&self) -> u64 {
        self.page_ends.last().copied().unwrap_or(0)
    }

    fn key(&self, page: usize) -> &[u8] {
        let start = page.checked_sub(1).map_or(0, |before| self.key_ends[before]);
        &self.keys[start as usize..self.key_ends[page] as usize]
    }

    fn page(&self, page: usize) -> (u64, usize) {
        let start = page.checked_sub(1).map_or(0, |before| self.page_ends[before]);
        (start, (self.page_ends[page] - start) as usize)
    }

    /// How many pages begin with no key after `key`.
    fn up_to(&self, key: &[u8]) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.key(middle) <= key { from = middle + 1 } else { to = middle }
        }
        from
    }
}

impl Run {
    /// Opens a run, and reads what is kept of it in memory.
    pub(super) fn open(path: &Path, number: u64, shape: Shape, cache: Arc<Cache>) -> Result<Run, DiskError> {
        let failed = |error: std::io::Error| DiskError::failed(path, error);
        let broken = |what: &str| DiskError::failed(path, format!("a table is broken: {what}"));
        let file = File::open(path).map_err(failed)?;
        let meta = foot::read(&file, MARK).map_err(failed)?.map_err(broken)?;
        let (entries, fences, filter) =
            parse_meta(&meta.bytes).map_err(|error| broken(&error.to_string()))?;
        if fences.end() != meta.at {
            return Err(broken("its pages are of another length"));
        }
        Ok(Run { number, entries, file, fences, filter, shape, cache })
    }

    /// How many of its keys are looked up one by one.
    pub(super) fn points(&self) -> usize {
        self.filter.keys()
    }

    /// Whether the run may have something to say of a key.
    pub(super) fn may_contain(&self, key: &[u8], probe: Probe) -> bool {
        !(self.shape)(key).is_looked_up() || self.filter.may_contain(probe)
    }

    /// What the run says of a key: nothing, that it is deleted, or its value.
    pub(super) fn get(&self, key: &[u8], probe: Probe) -> Result<Option<Option<Vec<u8>>>, DiskError> {
        let Some(page) = self.page_of(key, probe) else { return Ok(None) };
        let bytes = match self.cache.bytes(self.number, page) {
            Some(known) => known,
            None => {
                let read = Arc::new(self.read_page(page)?);
                self.cache.keep_bytes(self.number, page, &read);
                read
            }
        };
        self.find(page, &bytes, key)
    }

    /// The same without waiting for the disk, if that is possible.
    pub(super) fn get_at_once(
        &self,
        key: &[u8],
        probe: Probe,
    ) -> Option<Result<Option<Option<Vec<u8>>>, DiskError>> {
        let Some(page) = self.page_of(key, probe) else { return Some(Ok(None)) };
        let bytes = match self.cache.bytes(self.number, page) {
            Some(known) => known,
            None => {
                let read = self.page_bytes(page, |bytes, at| Ok(read_at_once(&self.file, bytes, at)));
                let read = Arc::new(read.transpose()?.ok()?);
                self.cache.keep_bytes(self.number, page, &read);
                read
            }
        };
        Some(self.find(page, &bytes, key))
    }

    /// The page that a key is in, if it is in any.
    fn page_of(&self, key: &[u8], probe: Probe) -> Option<usize> {
        self.may_contain(key, probe).then(|| self.fences.up_to(key).checked_sub(1)).flatten()
    }

    fn find(&self, page: usize, bytes: &[u8], key: &[u8]) -> Result<Option<Option<Vec<u8>>>, DiskError> {
        let found = find_in_page(bytes, key).map_err(|error| self.broken(page, error))?;
        Ok(found.map(|value| value.map(<[u8]>::to_vec)))
    }

    /// The pages that may have something of a range.
    pub(super) fn pages(&self, range: Range<'_>, cached: bool) -> Pages<'_> {
        let first = match range.0 {
            Bound::Included(from) | Bound::Excluded(from) => self.fences.up_to(from).saturating_sub(1),
            Bound::Unbounded => 0,
        };
        let end = match range.1 {
            Bound::Included(to) | Bound::Excluded(to) => self.fences.up_to(to),
            Bound::Unbounded => self.fences.len(),
        };
        Pages { run: self, left: first..end, cached }
    }

    fn page(&self, page: usize, cached: bool) -> Result<Arc<Segment>, DiskError> {
        if let Some(known) = self.cache.entries(self.number, page) {
            return Ok(known);
        }
        let bytes = self.read_page(page)?;
        let read = Arc::new(parse_page(&bytes, self.shape).map_err(|error| self.broken(page, error))?);
        if cached {
            self.cache.keep_entries(self.number, page, &read);
        }
        Ok(read)
    }

    /// The bytes of a page, checked, without the checksum.
    fn read_page(&self, page: usize) -> Result<Vec<u8>, DiskError> {
        let read = self.page_bytes(page, |bytes, at| read_at(&self.file, bytes, at).map(|()| true))?;
        Ok(read.unwrap_or_default())
    }

    /// The same with a reader that says whether it has read; nothing where it has not.
    fn page_bytes(
        &self,
        page: usize,
        read: impl FnOnce(&mut [u8], u64) -> std::io::Result<bool>,
    ) -> Result<Option<Vec<u8>>, DiskError> {
        let (at, length) = self.fences.page(page);
        let mut bytes = vec![0; length];
        if !read(&mut bytes, at).map_err(|error| self.broken(page, error))? {
            return Ok(None);
        }
        let checked = bytes.split_last_chunk::<CRC_BYTES>();
        let checked = checked.filter(|(entries, crc)| crc32fast::hash(entries).to_le_bytes() == **crc);
        let length = checked.ok_or_else(|| self.broken(page, BadPage::Checksum))?.0.len();
        bytes.truncate(length);
        Ok(Some(bytes))
    }

    fn broken(&self, page: usize, reason: impl ToString) -> DiskError {
        let reason = reason.to_string();
        self.cache.failed(format!("a table is broken: page {page} of run {}: {reason}", self.number))
    }
}

/// Pages of a run that are left to read.
pub(super) struct Pages<'a> {
    run: &'a Run,
    left: std::ops::Range<usize>,
    cached: bool,
}

impl Pages<'_> {
    pub(super) fn next(&mut self, direction: Direction) -> Result<Option<Arc<Segment>>, DiskError> {
        let next = match direction {
            Direction::Forward => self.left.next(),
            Direction::Backward => self.left.next_back(),
        };
        next.map(|page| self.run.page(page, self.cached)).transpose()
    }
}

/// A run that is being written; nobody sees it before it is in a manifest.
struct Writing {
    file: BufWriter<File>,
    entries: u64,
    fences: Fences,
    filter: Filter,
    shape: Shape,
    page: Vec<u8>,
    /// How many entries the page has, and where those with a whole key begin.
    in_page: usize,
    whole: Vec<u16>,
    last: Vec<u8>,
}

/// Writes what a merge gives into a file, and waits until the disk has it.
pub(super) fn write(
    path: &Path,
    mut merge: Merge<'_>,
    points_max: usize,
    deletions: Deletions,
    shape: Shape,
) -> std::io::Result<Result<(), DiskError>> {
    let file = BufWriter::with_capacity(WRITE_BYTES, File::create(path)?);
    let (page, last) = (Vec::with_capacity(PAGE_BYTES_MAX), Vec::with_capacity(KEY_BYTES_MAX));
    let filter = Filter::new(points_max);
    let (in_page, whole) = (0, Vec::with_capacity(WHOLE_KEYS_MAX));
    let fences = Fences::default();
    let mut writing = Writing { file, entries: 0, fences, filter, shape, page, in_page, whole, last };
    let failed = |error| DiskError::failed(path, error);
    loop {
        match merge.next(deletions, |entry| writing.push(entry).map_err(failed)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    writing.finish().map(Ok)
}

impl Writing {
    /// Adds an entry after all that were added before.
    fn push(&mut self, (key, value): EntryRef<'_>) -> std::io::Result<()> {
        if self.page.len() >= PAGE_BYTES {
            self.write_page()?;
        }
        let shared = match self.in_page.is_multiple_of(ENTRIES_A_WHOLE_KEY) {
            true => 0,
            false => shared_bytes(&self.last, key).min(SHARED_BYTES_MAX),
        };
        if self.in_page.is_multiple_of(ENTRIES_A_WHOLE_KEY) {
            self.whole.push(self.page.len() as u16);
        }
        self.in_page += 1;
        if self.page.is_empty() {
            self.fences.push_key(key);
        }
        self.page.push(shared as u8);
        put_counted(&key[shared..], &mut self.page);
        put_varint(value.map_or(0, |value| 1 + value.len() as u64), &mut self.page);
        self.page.extend_from_slice(value.unwrap_or_default());
        self.last.truncate(shared);
        self.last.extend_from_slice(&key[shared..]);
        if (self.shape)(key).is_looked_up() {
            self.filter.insert(Probe::of(key));
        }
        self.entries += 1;
        Ok(())
    }

    fn write_page(&mut self) -> std::io::Result<()> {
        self.page.extend(self.whole.iter().flat_map(|at| at.to_le_bytes()));
        self.page.extend_from_slice(&(self.whole.len() as u16).to_le_bytes());
        let crc = crc32fast::hash(&self.page).to_le_bytes();
        self.page.extend_from_slice(&crc);
        self.file.write_all(&self.page)?;
        self.fences.push_page(self.page.len());
        self.page.clear();
        self.in_page = 0;
        self.whole.clear();
        // A page can be read without the one before it.
        self.last.clear();
        Ok(())
    }

    fn finish(mut self) -> std::io::Result<()> {
        if !self.page.is_empty() {
            self.write_page()?;
        }
        let mut meta = Vec::new();
        put_varint(self.entries, &mut meta);
        put_varint(self.filter.keys() as u64, &mut meta);
        put_varint(self.fences.len() as u64, &mut meta);
        for page in 0..self.fences.len() {
            put_counted(self.fences.key(page), &mut meta);
            put_varint(self.fences.page(page).1 as u64, &mut meta);
        }
        self.filter.put(&mut meta);
        self.file.write_all(&foot::put(MARK, meta))?;
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }
}

fn parse_meta(meta: &[u8]) -> Result<(u64, Fences, Filter), Malformed> {
    let mut reader = Reader::new(meta);
    let entries = reader.varint("entries", u64::MAX)?;
    let points = reader.varint("keys in the filter", entries)?;
    let pages = reader.varint("pages", meta.len() as u64)?;
    let mut fences = Fences::default();
    for _ in 0..pages {
        fences.push_key(reader.counted("fence", 0, KEY_BYTES_MAX)?);
        fences.push_page(reader.varint("page", PAGE_BYTES_MAX as u64)? as usize);
    }
    let filter = Filter::parse(points as usize, reader.rest()).ok_or(Malformed::End { field: "filter" })?;
    Ok((entries, fences, filter))
}

/// Why a page cannot be read.
#[derive(Debug, thiserror::Error)]
enum BadPage {
    #[error("its checksum is another")]
    Checksum,
    #[error("a key shares more bytes than the key before it has")]
    Shared,
    #[error("its whole keys stand elsewhere")]
    Whole,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The content of a page.
struct Page<'a> {
    entries: &'a [u8],
    /// Where entries with whole keys begin.
    whole: &'a [[u8; 2]],
}

impl<'a> Page<'a> {
    fn of(bytes: &'a [u8]) -> Result<Page<'a>, BadPage> {
        let (bytes, count) = bytes.split_last_chunk::<2>().ok_or(BadPage::Whole)?;
        let whole = 2 * usize::from(u16::from_le_bytes(*count));
        let entries = bytes.len().checked_sub(whole).ok_or(BadPage::Whole)?;
        let (entries, whole) = bytes.split_at(entries);
        Ok(Page { entries, whole: whole.as_chunks::<2>().0 })
    }

    /// The entries among which a key is, if it is in the page.
    fn around(&self, key: &[u8]) -> Result<&'a [u8], BadPage> {
        let (mut from, mut to) = (0, self.whole.len());
        while from < to {
            let middle = from.midpoint(to);
            let mut reader = Reader::new(self.from(middle)?);
            if Packed::take(&mut reader)?.rest <= key { from = middle + 1 } else { to = middle }
        }
        let Some(first) = from.checked_sub(1) else { return Ok(&[]) };
        let entries = self.from(first)?;
        let length = match from < self.whole.len() {
            true => entries.len().checked_sub(self.from(from)?.len()).ok_or(BadPage::Whole)?,
            false => entries.len(),
        };
        entries.get(..length).ok_or(BadPage::Whole)
    }

    fn from(&self, whole: usize) -> Result<&'a [u8], BadPage> {
        let at = usize::from(u16::from_le_bytes(self.whole[whole]));
        self.entries.get(at..).ok_or(BadPage::Whole)
    }
}

fn parse_page(bytes: &[u8], shape: Shape) -> Result<Segment, BadPage> {
    let entries = Page::of(bytes)?.entries;
    let mut reader = Reader::new(entries);
    let mut page = Building::of_page(2 * entries.len(), shape);
    while !reader.rest().is_empty() {
        let Packed { shared, rest, value } = Packed::take(&mut reader)?;
        page.push_after(shared, rest, value).ok_or(BadPage::Shared)?;
    }
    Ok(page.finish())
}

/// What a page says of a key, without building the keys before it.
fn find_in_page<'a>(bytes: &'a [u8], key: &[u8]) -> Result<Option<Option<&'a [u8]>>, BadPage> {
    let mut reader = Reader::new(Page::of(bytes)?.around(key)?);
    // How many bytes `key` has in common with the entry before, which is less than it.
    let mut common = 0;
    while !reader.rest().is_empty() {
        let Packed { shared, rest, value } = Packed::take(&mut reader)?;
        // What differs from the entry before only after the place where that one was less is less too.
        if shared > common {
            continue;
        }
        if shared < common {
            // What differs from it earlier is greater there than both; but of many shared bytes not
            // all are counted.
            if shared < SHARED_BYTES_MAX {
                return Ok(None);
            }
            common = shared;
        }
        let wanted = &key[common..];
        let more = shared_bytes(rest, wanted);
        match (rest.get(more), wanted.get(more)) {
            (None, None) => return Ok(Some(value)),
            (Some(found), Some(wanted)) if found > wanted => return Ok(None),
            (Some(_), None) => return Ok(None),
            (Some(_) | None, Some(_)) => common += more,
        }
    }
    Ok(None)
}

/// How many bytes two keys begin with together.
fn shared_bytes(one: &[u8], other: &[u8]) -> usize {
    let (words, _) = one.as_chunks::<8>();
    let (others, _) = other.as_chunks::<8>();
    let alike = words.iter().zip(others).take_while(|(a, b)| a == b).count() * 8;
    alike + one[alike..].iter().zip(&other[alike..]).take_while(|(a, b)| a == b).count()
}

/// An entry as it stands in a page.
struct Packed<'a> {
    /// How many bytes its key has in common with the key before it.
    shared: usize,
    rest: &'a [u8],
    value: Option<&'a [u8]>,
}

impl<'a> Packed<'a> {
    fn take(reader: &mut Reader<'a>) -> Result<Packed<'a>, Malformed> {
        let shared = usize::from(reader.byte("shared bytes")?);
        let rest = reader.counted("key", 0, KEY_BYTES_MAX)?;
        let value = match reader.varint("value", 1 + VALUE_BYTES_MAX as u64)? {
            0 => None,
            length => Some(reader.take(length as usize - 1, "value")?),
        };
        Ok(Packed { shared, rest, value })
    }
}
