//! Sorted runs: a file of many small entries packed into pages, written once and never changed.
//!
//! A run keeps the first key of each page (its *fences*) and a filter in memory. A file that is
//! removed while somebody reads it is there until he is done.
//!
//! ```text
//!   page … | meta | foot       meta: entries | keys in the filter | pages | fence, counted, and
//!                                    length of its page … | filter
//! ```

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use super::cache::Cache;
use super::filter::{Filter, Probe};
use super::merge::{Deletions, Merge, Range};
use super::page::{BadPage, ENTRIES_A_GROUP, Page, SHARED_BYTES_MAX, shared_bytes};
use super::patience::{LOOK_COST, Patience};
use super::segment::{EntryRef, Segment};
use super::{Direction, KEY_BYTES_MAX, Shape, VALUE_BYTES_MAX};
use crate::disk::bytes::{Malformed, Reader, put_counted, put_varint};
use crate::disk::{DiskError, foot, read_at, read_at_once};

/// The size that a page is filled to: a lookup reads and checks one, and keeps a fence of it in memory.
const PAGE_BYTES: usize = 8 * 1024;

/// The most whole keys of a page, whose shortest entries have three bytes.
const WHOLE_KEYS_MAX: usize = PAGE_BYTES / 3 / ENTRIES_A_GROUP + 2;

/// The largest page: a full one and the entry that filled it.
const PAGE_BYTES_MAX: usize = PAGE_BYTES + KEY_BYTES_MAX + VALUE_BYTES_MAX + 32 + 2 * WHOLE_KEYS_MAX;

/// What is written to a file at once.
const WRITE_BYTES: usize = 256 * 1024;

/// The mark of a run's foot, with the version of its form.
const MARK: foot::Mark = *b"swbrun\0\x03";

const CRC_BYTES: usize = 4;

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
        self.count(|first| first <= key)
    }

    /// How many pages begin with a key before `key`.
    fn before(&self, key: &[u8]) -> usize {
        self.count(|first| first < key)
    }

    /// How many pages begin with a key that `is_in`, which holds for the first ones alone.
    fn count(&self, is_in: impl Fn(&[u8]) -> bool) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if is_in(self.key(middle)) { from = middle + 1 } else { to = middle }
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

    /// How many keys and lists its filter has taken.
    pub(super) fn points(&self) -> usize {
        self.filter.keys()
    }

    /// Whether the run may have something to say of a key.
    pub(super) fn may_contain(&self, key: &[u8], probe: Probe) -> bool {
        !(self.shape)(key).is_looked_up() || self.filter.may_contain(probe)
    }

    /// Whether the run may have something of a list, if it is known which one is asked for.
    pub(super) fn may_have(&self, list: Option<Probe>) -> bool {
        list.is_none_or(|list| self.filter.may_contain(list))
    }

    /// What the run says of a key: nothing, that it is deleted, or its value.
    pub(super) fn get(
        &self,
        key: &[u8],
        probe: Probe,
        patience: &Patience,
    ) -> Result<Option<Option<Vec<u8>>>, DiskError> {
        let page = self.may_contain(key, probe).then(|| self.fences.up_to(key).checked_sub(1)).flatten();
        let Some(page) = page else { return Ok(None) };
        let bytes = self.page(page, patience)?;
        let found = Page::of(&bytes).and_then(|page| page.find(key));
        Ok(found.map_err(|error| self.broken(page, error))?.map(|value| value.map(<[u8]>::to_vec)))
    }

    /// What may be within a range, for somebody who wants a little of it.
    pub(super) fn groups<'a>(&'a self, range: Range<'a>, patience: &'a Patience) -> Pages<'a> {
        let first = match range.0 {
            Bound::Included(from) | Bound::Excluded(from) => self.fences.up_to(from).saturating_sub(1),
            Bound::Unbounded => 0,
        };
        let end = match range.1 {
            Bound::Included(to) => self.fences.up_to(to),
            Bound::Excluded(to) => self.fences.before(to),
            Bound::Unbounded => self.fences.len(),
        };
        Pages { run: self, left: first..end, by_groups: Some(ByGroups { range, patience, page: None }) }
    }

    /// All that it has, for somebody who wants all of it.
    pub(super) fn pages(&self) -> Pages<'_> {
        Pages { run: self, left: 0..self.fences.len(), by_groups: None }
    }

    /// The bytes of a page, kept for others.
    fn page(&self, page: usize, patience: &Patience) -> Result<Arc<Vec<u8>>, DiskError> {
        if let Some(known) = self.cache.get(self.number, page) {
            return Ok(known);
        }
        let read = Arc::new(self.read_page(page, patience)?);
        self.cache.keep(self.number, page, &read);
        Ok(read)
    }

    /// The bytes of a page, checked, without the checksum.
    fn read_page(&self, page: usize, patience: &Patience) -> Result<Vec<u8>, DiskError> {
        let (at, length) = self.fences.page(page);
        patience.take(length)?;
        let mut bytes = vec![0; length];
        if patience.waits() {
            read_at(&self.file, &mut bytes, at).map_err(|error| self.broken(page, error))?;
        } else if !read_at_once(&self.file, &mut bytes, at) {
            return Err(patience.give_up());
        }
        let checked = bytes.split_last_chunk::<CRC_BYTES>();
        let checked = checked.filter(|(entries, crc)| crc32fast::hash(entries).to_le_bytes() == **crc);
        let length = checked.ok_or_else(|| self.broken(page, BadPage::Checksum))?.0.len();
        bytes.truncate(length);
        Ok(bytes)
    }

    fn broken(&self, page: usize, reason: impl ToString) -> DiskError {
        let reason = reason.to_string();
        self.cache.failed(format!("a table is broken: page {page} of run {}: {reason}", self.number))
    }
}

/// What is left to read of a run, page by page or in smaller pieces.
pub(super) struct Pages<'a> {
    run: &'a Run,
    left: std::ops::Range<usize>,
    by_groups: Option<ByGroups<'a>>,
}

/// How a run is read for a little of it: of a page only those groups are unpacked that are come to.
struct ByGroups<'a> {
    range: Range<'a>,
    patience: &'a Patience,
    page: Option<(usize, Arc<Vec<u8>>, std::ops::Range<usize>)>,
}

impl Pages<'_> {
    pub(super) fn next(&mut self, direction: Direction) -> Result<Option<Segment>, DiskError> {
        let (run, left) = (self.run, &mut self.left);
        let failed = |page: usize| move |error: BadPage| run.broken(page, error);
        let Some(ByGroups { range, patience, page: at_hand }) = &mut self.by_groups else {
            let Some(page) = direction.next_of(left) else { return Ok(None) };
            let bytes = run.read_page(page, &Patience::Waiting)?;
            let whole = Page::of(&bytes).and_then(|page| page.unpack(0..page.groups(), run.shape));
            return whole.map(Some).map_err(failed(page));
        };
        loop {
            if let Some((page, bytes, groups)) = at_hand
                && let Some(group) = direction.next_of(groups)
            {
                patience.take(LOOK_COST)?;
                let group = Page::of(bytes).and_then(|page| page.unpack(group..group + 1, run.shape));
                return group.map(Some).map_err(failed(*page));
            }
            let Some(page) = direction.next_of(left) else { return Ok(None) };
            let bytes = run.page(page, patience)?;
            let groups =
                Page::of(&bytes).and_then(|page| page.groups_within(*range)).map_err(failed(page))?;
            *at_hand = Some((page, bytes, groups));
        }
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
        let shared = match self.in_page.is_multiple_of(ENTRIES_A_GROUP) {
            true => 0,
            false => shared_bytes(&self.last, key).min(SHARED_BYTES_MAX),
        };
        if self.in_page.is_multiple_of(ENTRIES_A_GROUP) {
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
        if let Some(filtered) = (self.shape)(key).filtered(Some(&self.last), key) {
            self.filter.insert(Probe::of(filtered));
        }
        self.last.truncate(shared);
        self.last.extend_from_slice(&key[shared..]);
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
