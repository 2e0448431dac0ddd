//! Merging the layers of a table: the upper hides the lower, and a deletion hides both.
//!
//! Knows sorted entries; must not know where a layer is kept.
//!
//! ```text
//!   cursor ┐
//!   cursor ├──▶ heap by key, the uppermost first ──▶ entry
//!   cursor ┘
//! ```

use std::cmp::Ordering;
use std::ops::Bound;

use super::run::Pages;
use super::segment::{EntryRef, Segment, head};
use super::{Direction, Entry, Shape, Use};
use crate::disk::DiskError;

/// A range of keys.
pub(super) type Range<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The range of all keys.
pub(super) const EVERYTHING: Range<'static> = (Bound::Unbounded, Bound::Unbounded);

/// The first key after all that begin with `prefix`, if there is one.
pub(crate) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Entries of one layer within a range, one after the other.
pub(super) struct Cursor<'a> {
    entries: Entries<'a>,
    /// Those that are left of the segment, or of the run's piece at hand.
    at: usize,
    end: usize,
    range: Range<'a>,
    direction: Direction,
    /// The pieces of the run that are left.
    pages: Option<Pages<'a>>,
}

enum Entries<'a> {
    Segment(&'a Segment),
    Piece(Segment),
}

impl<'a> Cursor<'a> {
    pub(super) fn of_segment(segment: &'a Segment, range: Range<'a>, direction: Direction) -> Cursor<'a> {
        let (at, end) = within(segment, range);
        Cursor { entries: Entries::Segment(segment), at, end, range, direction, pages: None }
    }

    /// Begins to read a run.
    pub(super) fn of_run(
        pages: Pages<'a>,
        range: Range<'a>,
        direction: Direction,
    ) -> Result<Cursor<'a>, DiskError> {
        let entries = Entries::Piece(Segment::default());
        let mut cursor = Cursor { entries, at: 0, end: 0, range, direction, pages: Some(pages) };
        cursor.next_piece()?;
        Ok(cursor)
    }

    #[inline]
    fn segment(&self) -> &Segment {
        match &self.entries {
            Entries::Segment(segment) => segment,
            Entries::Piece(piece) => piece,
        }
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.at >= self.end
    }

    #[inline]
    fn place(&self) -> usize {
        match self.direction {
            Direction::Forward => self.at,
            Direction::Backward => self.end - 1,
        }
    }

    #[inline]
    fn key(&self) -> &[u8] {
        self.segment().key(self.place())
    }

    #[inline]
    fn entry(&self) -> EntryRef<'_> {
        self.segment().entry(self.place())
    }

    #[inline]
    fn advance(&mut self) -> Result<(), DiskError> {
        match self.direction {
            Direction::Forward => self.at += 1,
            Direction::Backward => self.end -= 1,
        }
        self.next_piece()
    }

    /// Goes on to the next piece that has anything of the range, when this one has nothing left.
    fn next_piece(&mut self) -> Result<(), DiskError> {
        while self.is_done()
            && let Some(pages) = &mut self.pages
        {
            let Some(piece) = pages.next(self.direction)? else { return Ok(()) };
            (self.at, self.end) = within(&piece, self.range);
            self.entries = Entries::Piece(piece);
        }
        Ok(())
    }
}

fn within(segment: &Segment, range: Range<'_>) -> (usize, usize) {
    let at = match range.0 {
        Bound::Unbounded => 0,
        Bound::Included(from) => segment.partition(|key| key < from),
        Bound::Excluded(from) => segment.partition(|key| key <= from),
    };
    let end = match range.1 {
        Bound::Unbounded => segment.len(),
        Bound::Included(to) => segment.partition(|key| key <= to),
        Bound::Excluded(to) => segment.partition(|key| key < to),
    };
    (at, end)
}

/// Several layers as one.
pub(super) struct Merge<'a> {
    /// The uppermost first.
    cursors: Vec<Cursor<'a>>,
    /// The cursors that have an entry, as a heap: each comes before those at twice its place.
    heap: Vec<Top>,
    direction: Direction,
}

/// A cursor in the heap; most are told apart without a look at their keys.
#[derive(Clone, Copy)]
struct Top {
    head: u128,
    cursor: usize,
}

impl<'a> Merge<'a> {
    pub(super) fn new(
        cursors: impl Iterator<Item = Result<Cursor<'a>, DiskError>>,
        direction: Direction,
    ) -> Result<Merge<'a>, DiskError> {
        let cursors: Vec<Cursor<'a>> = cursors.collect::<Result<_, _>>()?;
        let left = cursors.iter().enumerate().filter(|(_, cursor)| !cursor.is_done());
        let heap = left.map(|(at, cursor)| Top { head: head(cursor.key()), cursor: at }).collect();
        let mut merge = Merge { cursors, heap, direction };
        (0..merge.heap.len() / 2).rev().for_each(|at| merge.sift(at));
        Ok(merge)
    }

    /// Gives the next entry that is to be kept, and says whether there was any.
    pub(super) fn next(
        &mut self,
        keeps: Deletions,
        take: impl FnOnce(EntryRef<'_>) -> Result<(), DiskError>,
    ) -> Result<bool, DiskError> {
        let Some(top) = self.heap.first().copied() else { return Ok(false) };
        let mut hid = false;
        while let Some(lower) = self.equal(top) {
            hid |= self.cursors[self.heap[lower].cursor].entry().1.is_some();
            self.advance(lower)?;
        }
        let (key, value) = self.cursors[top.cursor].entry();
        if value.is_some() || keeps.keep(key, hid) {
            take((key, value))?;
        }
        self.advance(0)?;
        Ok(true)
    }

    /// Up to `limit` entries, without those that are deleted.
    pub(super) fn collect(mut self, limit: usize) -> Result<Vec<Entry>, DiskError> {
        let mut found = Vec::new();
        while found.len() < limit
            && self.next(Deletions::Dropped, |(key, value)| {
                found.extend(value.map(|value| (key.to_vec(), value.to_vec())));
                Ok(())
            })?
        {}
        Ok(found)
    }

    /// The place in the heap of another entry of the first key.
    fn equal(&self, top: Top) -> Option<usize> {
        let key = self.cursors[top.cursor].key();
        (1..self.heap.len().min(3)).find(|at| {
            let other = &self.heap[*at];
            other.head == top.head && self.cursors[other.cursor].key() == key
        })
    }

    fn advance(&mut self, at: usize) -> Result<(), DiskError> {
        let top = &mut self.heap[at];
        let cursor = &mut self.cursors[top.cursor];
        cursor.advance()?;
        if cursor.is_done() {
            self.heap.swap_remove(at);
        } else {
            top.head = head(cursor.key());
        }
        self.sift(at);
        Ok(())
    }

    /// Moves an entry down to its place.
    fn sift(&mut self, mut at: usize) {
        let Some(moved) = self.heap.get(at).copied() else { return };
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(mut first) = self.heap.get(left).copied() else { break };
            let mut place = left;
            if let Some(other) = self.heap.get(right).copied()
                && self.is_before(other, first)
            {
                (first, place) = (other, right);
            }
            if !self.is_before(first, moved) {
                break;
            }
            self.heap[at] = first;
            at = place;
        }
        self.heap[at] = moved;
    }

    #[inline]
    fn is_before(&self, one: Top, other: Top) -> bool {
        let by_key = || self.cursors[one.cursor].key().cmp(self.cursors[other.cursor].key());
        let order = one.head.cmp(&other.head).then_with(by_key);
        let order = if self.direction == Direction::Backward { order.reverse() } else { order };
        // Of equal keys the upper layer's comes first.
        order.then(one.cursor.cmp(&other.cursor)) == Ordering::Less
    }
}

/// What a merge does with deletions.
#[derive(Clone, Copy)]
pub(super) enum Deletions {
    /// There is nothing below that they could hide.
    Dropped,
    /// They are kept, but for those that have met the one entry that they were for.
    Kept(Shape),
}

impl Deletions {
    fn keep(self, key: &[u8], hid: bool) -> bool {
        match self {
            Deletions::Dropped => false,
            Deletions::Kept(shape) => !(hid && matches!(shape(key), Use::Once { .. })),
        }
    }
}
