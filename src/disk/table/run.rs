//! Sorted runs: many small entries packed into pages of a few KB, written once and never changed.
//!
//! The store pays some 12 µs and a place in its leaves for each key, so a page is a key and an entry
//! is not. A run keeps the first key of each page (its *fences*) and a filter in memory.
//!
//! ```text
//!   'p' run page   ->  page:   entry …      entry: key, counted | 0, or 1 and value, counted
//!   'f' run part   ->  meta, in parts:      entries | fences | key, counted … | filter
//!   'm'            ->  manifest: the numbers of the runs, newest first
//! ```

use std::ops::{Bound, RangeBounds};

use super::filter::Filter;
use super::merge::Item;
use super::{Change, Direction, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::disk::DiskError;
use crate::disk::bytes::{Malformed, Reader, put_counted, put_varint};

/// The size that a page is filled to: a lookup reads one, and an entry larger than that has one of
/// its own, which stays below the 6 KB of which the store's leaves may have 17.
const PAGE_BYTES: usize = 4 * 1024;

/// The most bytes of one value of a run's meta.
const META_BYTES_MAX: usize = 6 * 1024;

const MANIFEST_KEY: &[u8] = b"m";

/// The most runs of a manifest, far above what merging lets be.
const RUNS_MAX: usize = 512;

/// A finished run; its pages are on the disk.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    pub(super) entries: u64,
    /// The first key of each page.
    fences: Vec<Box<[u8]>>,
    filter: Filter,
}

/// The tree that runs are kept in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages<'a> {
    pub(super) tree: &'a sled::Tree,
    pub(super) folder: &'a super::Folder,
}

impl Pages<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>, DiskError> {
        self.tree.get(key).map_err(|error| self.folder.0.failed(error))
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), DiskError> {
        self.tree.insert(key, value).map(drop).map_err(|error| self.folder.0.failed(error))
    }

    pub(super) fn flush(&self) -> Result<(), DiskError> {
        self.tree.flush().map(drop).map_err(|error| self.folder.0.failed(error))
    }

    fn broken(&self, reason: impl ToString) -> DiskError {
        DiskError::failed(&self.folder.0.folder, format!("a table is broken: {}", reason.to_string()))
    }

    /// The runs that are there, newest first; what others have left behind is removed.
    pub(super) fn load(&self) -> Result<Vec<Run>, DiskError> {
        let manifest = self.get(MANIFEST_KEY)?.unwrap_or_default();
        let mut reader = Reader::new(&manifest);
        let mut runs = Vec::new();
        while reader.end("manifest").is_err() {
            let number = u64::from_be_bytes(reader.array("run").map_err(|error| self.broken(error))?);
            runs.push(self.load_run(number)?);
        }
        self.remove_others(&runs)?;
        Ok(runs)
    }

    /// Makes these the runs that are there, at once.
    pub(super) fn write_manifest<'r>(&self, runs: impl Iterator<Item = &'r Run>) -> Result<(), DiskError> {
        let manifest: Vec<u8> = runs.flat_map(|run| run.number.to_be_bytes()).collect();
        if manifest.len() > RUNS_MAX * 8 {
            return Err(self.broken("it has more runs than it may have"));
        }
        self.insert(MANIFEST_KEY, &manifest)
    }

    /// Removes the pages of a run that is in no manifest any more.
    pub(super) fn remove(&self, number: u64) -> Result<(), DiskError> {
        for kind in [b'p', b'f'] {
            for key in self.tree.scan_prefix(prefix(kind, number)).keys() {
                key.and_then(|key| self.tree.remove(key)).map_err(|error| self.folder.0.failed(error))?;
            }
        }
        Ok(())
    }

    fn remove_others(&self, runs: &[Run]) -> Result<(), DiskError> {
        for kind in [b'p', b'f'] {
            let mut from = prefix(kind, 0).to_vec();
            while let Some(entry) = self.tree.range(from.as_slice()..).next() {
                let (key, _) = entry.map_err(|error| self.folder.0.failed(error))?;
                let Some(number) = number_of(kind, &key) else { break };
                if !runs.iter().any(|run| run.number == number) {
                    self.remove(number)?;
                }
                let Some(next) = number.checked_add(1) else { break };
                from = prefix(kind, next).to_vec();
            }
        }
        Ok(())
    }

    fn load_run(&self, number: u64) -> Result<Run, DiskError> {
        let mut meta = Vec::new();
        for part in self.tree.scan_prefix(prefix(b'f', number)).values() {
            meta.extend_from_slice(&part.map_err(|error| self.folder.0.failed(error))?);
        }
        Run::parse_meta(number, &meta).map_err(|error| self.broken(error))
    }

    fn page(&self, run: &Run, page: usize) -> Result<sled::IVec, DiskError> {
        let bytes = self.get(&key(b'p', run.number, page))?;
        bytes.ok_or_else(|| self.broken(format_args!("page {page} of run {} is missing", run.number)))
    }
}

impl Run {
    /// Whether the run may have something to say of a key.
    pub(super) fn may_contain(&self, key: &[u8]) -> bool {
        self.filter.may_contain(key)
    }

    /// What the run says of a key: nothing, that it is deleted, or its value.
    pub(super) fn get(&self, pages: Pages<'_>, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, DiskError> {
        let after = self.fences.partition_point(|fence| **fence <= *key);
        if after == 0 || !self.may_contain(key) {
            return Ok(None);
        }
        let page = pages.page(self, after - 1)?;
        let mut reader = Reader::new(&page);
        while reader.end("page").is_err() {
            let (found, value) = take_entry(&mut reader).map_err(|error| pages.broken(error))?;
            if found == key {
                return Ok(Some(value.map(<[u8]>::to_vec)));
            }
        }
        Ok(None)
    }

    /// Its entries within a range of keys, page by page.
    pub(super) fn items<'a>(
        &'a self,
        pages: Pages<'a>,
        range: (Bound<&'a [u8]>, Bound<&'a [u8]>),
        direction: Direction,
    ) -> Box<dyn Iterator<Item = Item> + 'a> {
        let first = match range.0 {
            Bound::Included(from) | Bound::Excluded(from) => {
                self.fences.partition_point(|fence| **fence <= *from).saturating_sub(1)
            }
            Bound::Unbounded => 0,
        };
        let end = match range.1 {
            Bound::Included(to) | Bound::Excluded(to) => self.fences.partition_point(|fence| **fence <= *to),
            Bound::Unbounded => self.fences.len(),
        };
        let read = move |page| self.page_items(pages, page, range, direction);
        match direction {
            Direction::Forward => Box::new((first..end).flat_map(read)),
            Direction::Backward => Box::new((first..end).rev().flat_map(read)),
        }
    }

    fn page_items(
        &self,
        pages: Pages<'_>,
        page: usize,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        direction: Direction,
    ) -> Vec<Item> {
        let mut items = Vec::new();
        match pages.page(self, page) {
            Err(error) => return vec![Err(error)],
            Ok(bytes) => {
                let mut reader = Reader::new(&bytes);
                while reader.end("page").is_err() {
                    match take_entry(&mut reader) {
                        Err(error) => return vec![Err(pages.broken(error))],
                        Ok((key, value)) if RangeBounds::<[u8]>::contains(&range, key) => {
                            items.push(Ok((key.to_vec(), value.map(<[u8]>::to_vec))));
                        }
                        Ok(_) => {}
                    }
                }
            }
        }
        if direction == Direction::Backward {
            items.reverse();
        }
        items
    }

    fn meta(&self) -> Vec<u8> {
        let mut meta = Vec::new();
        put_varint(self.entries, &mut meta);
        put_varint(self.fences.len() as u64, &mut meta);
        self.fences.iter().for_each(|fence| put_counted(fence, &mut meta));
        meta.extend_from_slice(self.filter.bytes());
        meta
    }

    fn parse_meta(number: u64, meta: &[u8]) -> Result<Run, Malformed> {
        let mut reader = Reader::new(meta);
        let entries = reader.varint("entries", u64::MAX)?;
        let pages = reader.varint("fences", meta.len() as u64)?;
        let mut fences = Vec::new();
        for _ in 0..pages {
            fences.push(reader.counted("fence", 0, KEY_BYTES_MAX)?.into());
        }
        let filter = Filter::from_bytes(reader.rest().to_vec()).ok_or(Malformed::End { field: "filter" })?;
        Ok(Run { number, entries, fences, filter })
    }
}

/// A run that is being written; nobody sees it before it is in a manifest.
pub(super) struct Building<'a> {
    pages: Pages<'a>,
    run: Run,
    page: Vec<u8>,
}

impl<'a> Building<'a> {
    /// Begins a run of at most that many entries.
    pub(super) fn new(pages: Pages<'a>, number: u64, entries_max: usize) -> Building<'a> {
        let run = Run { number, entries: 0, fences: Vec::new(), filter: Filter::new(entries_max) };
        Building { pages, run, page: Vec::with_capacity(PAGE_BYTES) }
    }

    /// Adds an entry after all that were added before.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), DiskError> {
        let whole = self.page.len();
        put_entry(key, value, &mut self.page);
        let over = whole > 0 && self.page.len() > PAGE_BYTES;
        if over {
            let entry = self.page.split_off(whole);
            self.write_page()?;
            self.page = entry;
        }
        if whole == 0 || over {
            self.run.fences.push(key.into());
        }
        self.run.filter.insert(key);
        self.run.entries += 1;
        Ok(())
    }

    /// Writes what is left; the run has all its pages then.
    pub(super) fn finish(mut self) -> Result<Run, DiskError> {
        if !self.page.is_empty() {
            self.write_page()?;
        }
        for (part, value) in self.run.meta().chunks(META_BYTES_MAX).enumerate() {
            self.pages.insert(&key(b'f', self.run.number, part), value)?;
        }
        Ok(self.run)
    }

    fn write_page(&mut self) -> Result<(), DiskError> {
        let page = self.run.fences.len() - 1;
        self.pages.insert(&key(b'p', self.run.number, page), &self.page)?;
        self.page.clear();
        Ok(())
    }
}

/// Copies what a merge gives into a run.
pub(super) fn copy(
    mut building: Building<'_>,
    mut next: impl FnMut() -> Result<Option<Change>, DiskError>,
    keeps_deletions: bool,
) -> Result<Run, DiskError> {
    while let Some((key, value)) = next()? {
        if value.is_some() || keeps_deletions {
            building.push(&key, value.as_deref())?;
        }
    }
    building.finish()
}

fn put_entry(key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    put_counted(key, out);
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            put_counted(value, out);
        }
    }
}

fn take_entry<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], Option<&'a [u8]>), Malformed> {
    let key = reader.counted("key", 0, KEY_BYTES_MAX)?;
    match reader.varint("kind of entry", 1)? {
        0 => Ok((key, None)),
        _ => Ok((key, Some(reader.counted("value", 0, VALUE_BYTES_MAX)?))),
    }
}

fn prefix(kind: u8, number: u64) -> [u8; 9] {
    let mut prefix = [kind; 9];
    prefix[1..].copy_from_slice(&number.to_be_bytes());
    prefix
}

fn key(kind: u8, number: u64, at: usize) -> [u8; 13] {
    let mut key = [0; 13];
    key[..9].copy_from_slice(&prefix(kind, number));
    key[9..].copy_from_slice(&(at as u32).to_be_bytes());
    key
}

fn number_of(kind: u8, key: &[u8]) -> Option<u64> {
    let (found, rest) = key.split_first()?;
    (*found == kind).then_some(())?;
    rest.first_chunk().map(|number| u64::from_be_bytes(*number))
}
