//! Pages of runs: many small entries, of which a few can be had without the others.
//!
//! Knows the bytes of a page; must not know where they were read, nor check them.
//!
//! ```text
//!   page:   group … | where each group begins, two bytes | groups, two bytes | CRC-32
//!   group:  some entries, of which the first has its whole key
//!   entry:  bytes shared with the key before it | rest of the key, counted
//!           | 0, or 1 + length of the value | value
//! ```

use std::ops::{Bound, Range};

use super::merge;
use super::segment::{Building, Segment};
use super::{KEY_BYTES_MAX, Shape, VALUE_BYTES_MAX};
use crate::disk::bytes::{Malformed, Reader};

/// How many entries stand after each other of which only the first has its whole key: a lookup goes
/// to the right one of these by halving, and then along them.
pub(super) const ENTRIES_A_GROUP: usize = 16;

/// The most bytes of a key that are not written again: they are counted in one byte.
pub(super) const SHARED_BYTES_MAX: usize = u8::MAX as usize;

/// Why a page cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadPage {
    #[error("its checksum is another")]
    Checksum,
    #[error("a key shares more bytes than the key before it has")]
    Shared,
    #[error("its whole keys stand elsewhere")]
    Whole,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// The content of a page, without the checksum, which was found right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    entries: &'a [u8],
    /// Where the groups begin.
    starts: &'a [[u8; 2]],
}

impl<'a> Page<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Page<'a>, BadPage> {
        let (bytes, count) = bytes.split_last_chunk::<2>().ok_or(BadPage::Whole)?;
        let starts = 2 * usize::from(u16::from_le_bytes(*count));
        let entries = bytes.len().checked_sub(starts).ok_or(BadPage::Whole)?;
        let (entries, starts) = bytes.split_at(entries);
        let starts = starts.as_chunks::<2>().0;
        // Every entry is in a group.
        match starts.first() {
            Some([0, 0]) => Ok(Page { entries, starts }),
            None if entries.is_empty() => Ok(Page { entries, starts }),
            Some(_) | None => Err(BadPage::Whole),
        }
    }

    /// How many groups it has.
    pub(super) fn groups(&self) -> usize {
        self.starts.len()
    }

    /// The groups that may have something of a range.
    pub(super) fn groups_within(&self, range: merge::Range<'_>) -> Result<Range<usize>, BadPage> {
        let first = match range.0 {
            Bound::Included(from) | Bound::Excluded(from) => self.groups_up_to(from)?.saturating_sub(1),
            Bound::Unbounded => 0,
        };
        let end = match range.1 {
            Bound::Included(to) => self.groups_up_to(to)?,
            Bound::Excluded(to) => self.groups_with(|first| first < to)?,
            Bound::Unbounded => self.groups(),
        };
        Ok(first..end)
    }

    /// The entries of some groups.
    pub(super) fn unpack(&self, groups: Range<usize>, shape: Shape) -> Result<Segment, BadPage> {
        let entries = self.between(groups)?;
        let mut reader = Reader::new(entries);
        let mut unpacked = Building::of_page(2 * entries.len(), shape);
        while !reader.rest().is_empty() {
            let Packed { shared, rest, value } = Packed::take(&mut reader)?;
            unpacked.push_after(shared, rest, value).ok_or(BadPage::Shared)?;
        }
        Ok(unpacked.finish())
    }

    /// What the page says of a key, without building the keys before it.
    pub(super) fn find(&self, key: &[u8]) -> Result<Option<Option<&'a [u8]>>, BadPage> {
        let Some(group) = self.groups_up_to(key)?.checked_sub(1) else { return Ok(None) };
        let mut reader = Reader::new(self.between(group..group + 1)?);
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

    /// How many groups begin with no key after `key`.
    fn groups_up_to(&self, key: &[u8]) -> Result<usize, BadPage> {
        self.groups_with(|first| first <= key)
    }

    /// How many groups begin with a key that `is_in`, which holds for the first ones alone.
    fn groups_with(&self, is_in: impl Fn(&[u8]) -> bool) -> Result<usize, BadPage> {
        let (mut from, mut to) = (0, self.groups());
        while from < to {
            let middle = from.midpoint(to);
            let mut reader = Reader::new(self.between(middle..self.groups())?);
            if is_in(Packed::take(&mut reader)?.rest) { from = middle + 1 } else { to = middle }
        }
        Ok(from)
    }

    fn between(&self, groups: Range<usize>) -> Result<&'a [u8], BadPage> {
        let at = |group: usize| match self.starts.get(group) {
            Some(start) => usize::from(u16::from_le_bytes(*start)),
            None => self.entries.len(),
        };
        self.entries.get(at(groups.start)..at(groups.end)).ok_or(BadPage::Whole)
    }
}

/// How many bytes two keys begin with together.
pub(super) fn shared_bytes(one: &[u8], other: &[u8]) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::table::Use;

    /// A page of groups of the keys 10 to 19, 20 to 29 and 30 to 39, by twos, and what it holds.
    fn page() -> Vec<u8> {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        for group in 1..4u8 {
            starts.push((bytes.len() as u16).to_le_bytes());
            for key in (group * 10..(group + 1) * 10).step_by(2) {
                bytes.extend_from_slice(&[0, 1, key, 2, key]);
            }
        }
        bytes.extend(starts.concat());
        bytes.extend_from_slice(&3u16.to_le_bytes());
        bytes
    }

    #[test]
    fn only_those_groups_are_looked_at_that_may_have_something_of_a_range() {
        let bytes = page();
        let page = Page::of(&bytes).expect("it is a page");
        let cases = [
            (Bound::Unbounded, Bound::Unbounded, 0..3),
            (Bound::Included(20), Bound::Unbounded, 1..3),
            (Bound::Included(19), Bound::Included(20), 0..2),
            (Bound::Included(21), Bound::Excluded(30), 1..2),
            (Bound::Excluded(29), Bound::Included(30), 1..3),
            (Bound::Included(5), Bound::Excluded(10), 0..0),
            (Bound::Included(40), Bound::Included(50), 2..3),
        ];
        for (from, to, expected) in cases {
            let (from, to) = (from.map(|key: u8| [key]), to.map(|key: u8| [key]));
            let range = (from.as_ref().map(|key| &key[..]), to.as_ref().map(|key| &key[..]));
            assert_eq!(page.groups_within(range).expect("it is right"), expected, "{range:?}");
        }
        let group = page.unpack(1..2, |_| Use::Scanned { list: 0 }).expect("it is right");
        let keys: Vec<&[u8]> = (0..group.len()).map(|at| group.key(at)).collect();
        assert_eq!(keys, [[20], [22], [24], [26], [28]]);
        assert_eq!(page.find(&[24]).expect("it is right"), Some(Some(&[24][..])));
        assert_eq!(page.find(&[25]).expect("it is right"), None);
    }

    #[test]
    fn a_page_whose_groups_leave_entries_out_is_a_bad_one() {
        let good = page();
        let mut late = good.clone();
        let starts = good.len() - 8;
        late[starts] = 5;
        assert!(matches!(Page::of(&late), Err(BadPage::Whole)));
        let none = [&good[..starts], &[0, 0]].concat();
        assert!(matches!(Page::of(&none), Err(BadPage::Whole)));
    }
}
