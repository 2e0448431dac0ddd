//! Merging the layers of a table: the upper hides the lower, and a deletion hides both.
//!
//! Knows sorted entries; must not know where a layer is kept.

use std::ops::Bound;

use super::{Change, Direction, Entry, Layer};
use crate::disk::DiskError;

/// An entry of a layer on its way; a value of `None` is a deletion.
pub(super) type Item = Result<Change, DiskError>;

/// The entries of one layer, in the order of the merge.
pub(super) type Source<'a> = Box<dyn Iterator<Item = Item> + 'a>;

/// The first key after all that begin with `prefix`, if there is one.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// The entries of a layer in memory within a range of keys.
pub(super) fn items<'a>(
    layer: &'a Layer,
    range: (Bound<&'a [u8]>, Bound<&'a [u8]>),
    direction: Direction,
) -> Source<'a> {
    let entries = layer.range::<[u8], _>(range).map(|(key, value)| Ok((key.clone(), value.clone())));
    match direction {
        Direction::Forward => Box::new(entries),
        Direction::Backward => Box::new(entries.rev()),
    }
}

/// Several layers as one.
pub(super) struct Merge<'a> {
    /// The uppermost first, each with its next entry.
    sources: Vec<(Source<'a>, Option<Change>)>,
    direction: Direction,
}

impl<'a> Merge<'a> {
    pub(super) fn new(
        sources: impl Iterator<Item = Source<'a>>,
        direction: Direction,
    ) -> Result<Merge<'a>, DiskError> {
        let with_head = |mut source: Source<'a>| {
            let head = source.next().transpose()?;
            Ok((source, head))
        };
        Ok(Merge { sources: sources.map(with_head).collect::<Result<_, DiskError>>()?, direction })
    }

    /// Takes the next key's entry from the uppermost source that has it, and drops it from the others.
    pub(super) fn next(&mut self) -> Result<Option<Change>, DiskError> {
        let heads = self.sources.iter().enumerate();
        let heads = heads.filter_map(|(at, (_, head))| head.as_ref().map(|(key, _)| (key, at)));
        // Of equal keys `min_by` keeps the first, which is the uppermost.
        let first = match self.direction {
            Direction::Forward => heads.min_by(|one, other| one.0.cmp(other.0)),
            Direction::Backward => heads.min_by(|one, other| other.0.cmp(one.0)),
        };
        let Some((_, at)) = first else { return Ok(None) };
        let Some(taken) = self.advance(at)? else { return Ok(None) };
        for lower in at + 1..self.sources.len() {
            if self.sources[lower].1.as_ref().is_some_and(|(key, _)| *key == taken.0) {
                self.advance(lower)?;
            }
        }
        Ok(Some(taken))
    }

    /// Up to `limit` entries, without those that are deleted.
    pub(super) fn collect(mut self, limit: usize) -> Result<Vec<Entry>, DiskError> {
        let mut found = Vec::new();
        while found.len() < limit {
            match self.next()? {
                Some((key, Some(value))) => found.push((key, value)),
                Some((_, None)) => {}
                None => break,
            }
        }
        Ok(found)
    }

    fn advance(&mut self, at: usize) -> Result<Option<Change>, DiskError> {
        let (source, head) = &mut self.sources[at];
        let next = source.next().transpose()?;
        Ok(std::mem::replace(head, next))
    }
}
