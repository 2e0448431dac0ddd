//! Sorted entries in memory, made once and never changed.
//!
//! All entries stand in one piece of memory, so that one costs eight bytes besides its own.
//!
//! ```text
//!   starts   ─┬────────┬──── …
//!   bytes     [k v key value][k v key value] …      k, v: lengths; v = 0xffff is a deletion
//! ```

use super::filter::{Filter, Probe};
use super::{Change, KEY_BYTES_MAX, Shape, VALUE_BYTES_MAX};

/// The length of a value that says: deleted.
const DELETED: u16 = u16::MAX;

const HEAD_BYTES: usize = 4;

/// Below that a look at the entries costs what one at a filter does.
const FILTERED_ENTRIES_MIN: usize = 64;

/// An entry; a value of `None` hides what is below.
pub(super) type EntryRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// Changes on their way into a table, in any order; of two of one key the later counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    slots: Vec<Slot>,
}

/// Where an entry stands; it is sorted by its first bytes mostly, without a look at the entry.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The halves of its head: as one number they would take a third more room, which is moved a lot.
    high: u64,
    low: u64,
    at: u32,
}

impl Slot {
    fn new(head: u128, at: u32) -> Slot {
        Slot { high: (head >> 64) as u64, low: head as u64, at }
    }

    #[inline]
    fn head(self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

impl Batch {
    /// Makes a batch with room for some changes.
    pub(crate) fn with_capacity(changes: usize) -> Batch {
        Batch { bytes: Vec::with_capacity(changes * 64), slots: Vec::with_capacity(changes) }
    }

    /// # Panics
    ///
    /// When a key is longer than [`KEY_BYTES_MAX`] or a value larger than [`VALUE_BYTES_MAX`]:
    /// whoever derives data cuts it to that size. The same for [`Batch::delete`].
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) {
        self.change(key, Some(value));
    }

    pub(crate) fn delete(&mut self, key: &[u8]) {
        self.change(key, None);
    }

    pub(crate) fn change(&mut self, key: &[u8], value: Option<&[u8]>) {
        let at = u32::try_from(self.bytes.len()).expect("a batch is a page of the log: some megabytes");
        put(key, value, &mut self.bytes);
        self.slots.push(Slot::new(head(key), at));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Sorts the changes.
    pub(super) fn seal(mut self, shape: Shape) -> Segment {
        let bytes = &self.bytes;
        // Whoever makes a batch adds much of it in order; this sort makes use of that.
        self.slots.sort_by(|one, other| {
            let by_key = || key_at(bytes, one.at).cmp(key_at(bytes, other.at));
            one.head().cmp(&other.head()).then_with(by_key).then(other.at.cmp(&one.at))
        });
        self.slots.dedup_by(|next, kept| {
            next.head() == kept.head() && key_at(bytes, next.at) == key_at(bytes, kept.at)
        });
        let mut before = None;
        let is_filtered = |slot: &&Slot| {
            let key = key_at(bytes, slot.at);
            shape(key).filtered(before.replace(key), key).is_some()
        };
        let points = self.slots.iter().filter(is_filtered).count();
        let mut building = Building::new(self.slots.len(), bytes.len(), points, shape);
        for slot in &self.slots {
            let (key, value) = entry_at(bytes, slot.at);
            building.push(key, value);
        }
        building.finish()
    }
}

impl Extend<Change> for Batch {
    fn extend<I: IntoIterator<Item = Change>>(&mut self, changes: I) {
        changes.into_iter().for_each(|(key, value)| self.change(&key, value.as_deref()));
    }
}

impl FromIterator<Change> for Batch {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Batch {
        let mut batch = Batch::default();
        batch.extend(changes);
        batch
    }
}

/// Sorted entries.
#[derive(Debug, Default)]
pub(super) struct Segment {
    bytes: Vec<u8>,
    starts: Vec<u32>,
    filter: Option<Filter>,
    shape: Option<Shape>,
}

impl Segment {
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// What it takes of the memory, but for its filter.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.starts.len() * size_of::<u32>()
    }

    /// How many keys and lists a filter takes of it, at most.
    pub(super) fn points_max(&self) -> usize {
        self.filter.as_ref().map_or(self.len(), Filter::keys)
    }

    #[inline]
    pub(super) fn key(&self, at: usize) -> &[u8] {
        key_at(&self.bytes, self.starts[at])
    }

    #[inline]
    pub(super) fn entry(&self, at: usize) -> EntryRef<'_> {
        entry_at(&self.bytes, self.starts[at])
    }

    /// How many entries stand before the first whose key is not `before`.
    pub(super) fn partition(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        self.starts.partition_point(|start| before(key_at(&self.bytes, *start)))
    }

    /// What it says of a key: nothing, that it is deleted, or its value.
    pub(super) fn get(&self, key: &[u8], probe: Probe) -> Option<Option<&[u8]>> {
        if let (Some(filter), Some(shape)) = (&self.filter, self.shape)
            && shape(key).is_looked_up()
            && !filter.may_contain(probe)
        {
            return None;
        }
        self.find(key)
    }

    /// Whether it may have something of a list, if it is known which one is asked for.
    pub(super) fn may_have(&self, list: Option<Probe>) -> bool {
        list.is_none_or(|list| self.filter.as_ref().is_none_or(|filter| filter.may_contain(list)))
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        let at = self.partition(|other| other < key);
        (at < self.len() && self.key(at) == key).then(|| self.entry(at).1)
    }
}

/// A segment that is being made, in the order of its keys.
pub(super) struct Building {
    segment: Segment,
    shape: Shape,
}

impl Building {
    /// Begins a segment of about so many entries and bytes, of which at most `points` are looked up.
    pub(super) fn new(entries: usize, bytes: usize, points: usize, shape: Shape) -> Building {
        let filter = (entries >= FILTERED_ENTRIES_MIN).then(|| Filter::new(points));
        let (bytes, starts) = (Vec::with_capacity(bytes), Vec::with_capacity(entries));
        Building { segment: Segment { bytes, starts, filter, shape: Some(shape) }, shape }
    }

    /// Begins one that is read through: no filter says what it does not have.
    pub(super) fn of_page(bytes: usize, shape: Shape) -> Building {
        Building { segment: Segment { bytes: Vec::with_capacity(bytes), ..Segment::default() }, shape }
    }

    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let Segment { bytes, starts, filter, .. } = &mut self.segment;
        if let Some(filter) = filter {
            let before = starts.last().map(|start| key_at(bytes, *start));
            if let Some(filtered) = (self.shape)(key).filtered(before, key) {
                filter.insert(Probe::of(filtered));
            }
        }
        starts.push(place(bytes.len()));
        put(key, value, bytes);
    }

    /// Adds an entry whose key begins as the one before it does; `None` when that is shorter.
    pub(super) fn push_after(&mut self, shared: usize, rest: &[u8], value: Option<&[u8]>) -> Option<()> {
        let Segment { bytes, starts, .. } = &mut self.segment;
        let before = starts.last().map_or(0..0, |start| {
            let key = *start as usize + HEAD_BYTES;
            key..key + key_at(bytes, *start).len()
        });
        (shared <= before.len() && shared + rest.len() <= KEY_BYTES_MAX).then_some(())?;
        starts.push(place(bytes.len()));
        bytes.extend_from_slice(&lengths(shared + rest.len(), value));
        bytes.extend_from_within(before.start..before.start + shared);
        bytes.extend_from_slice(rest);
        bytes.extend_from_slice(value.unwrap_or_default());
        Some(())
    }

    pub(super) fn finish(self) -> Segment {
        self.segment
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("segments of more than SEGMENT_BYTES_MAX are not merged")
}

#[inline]
fn put(key: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(&lengths(key.len(), value));
    out.extend_from_slice(key);
    out.extend_from_slice(value.unwrap_or_default());
}

#[inline]
fn lengths(key: usize, value: Option<&[u8]>) -> [u8; HEAD_BYTES] {
    assert!(key <= KEY_BYTES_MAX, "a key has at most 1024 bytes");
    assert!(value.is_none_or(|value| value.len() <= VALUE_BYTES_MAX), "a value has at most 4 KB");
    let [a, b] = (key as u16).to_le_bytes();
    let [c, d] = value.map_or(DELETED, |value| value.len() as u16).to_le_bytes();
    [a, b, c, d]
}

#[inline]
fn key_at(bytes: &[u8], at: u32) -> &[u8] {
    let at = at as usize;
    let length = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    &bytes[at + HEAD_BYTES..at + HEAD_BYTES + length]
}

#[inline]
fn entry_at(bytes: &[u8], at: u32) -> EntryRef<'_> {
    let key = key_at(bytes, at);
    let at = at as usize;
    let length = u16::from_le_bytes([bytes[at + 2], bytes[at + 3]]);
    let value = at + HEAD_BYTES + key.len();
    (key, (length != DELETED).then(|| &bytes[value..value + usize::from(length)]))
}

/// The first bytes of a key as a number: when those of two keys differ, they sort as the keys do.
#[inline]
pub(super) fn head(key: &[u8]) -> u128 {
    match key.first_chunk::<16>() {
        Some(head) => u128::from_be_bytes(*head),
        None => {
            let mut head = [0; 16];
            head[..key.len()].copy_from_slice(key);
            u128::from_be_bytes(head)
        }
    }
}
