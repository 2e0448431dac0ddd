//! Merging the layers of a table: the upper hides the lower, and a deletion hides both.
//!
//! Knows sorted entries; must not know where a layer is kept.

use std::iter::Peekable;
use std::ops::Bound;

use super::super::DiskError;
use super::{Change, Direction, Entry, Layer};

/// An entry of a layer on its way; a value of `None` is a deletion.
pub(super) type Item = Result<Change, DiskError>;

type Source<'a> = Peekable<Box<dyn Iterator<Item = Item> + 'a>>;

/// The first key after all that begin with `prefix`, if there is one.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// Merges layers, the uppermost first, with what is below them.
pub(super) fn scan<'a>(
    layers: [&'a Layer; 2],
    below: impl Iterator<Item = Item> + 'a,
    range: (Bound<&'a [u8]>, Bound<&'a [u8]>),
    direction: Direction,
    limit: usize,
) -> Result<Vec<Entry>, DiskError> {
    let [upper, lower] = layers.map(|layer| items(layer, range, direction));
    let below: Box<dyn Iterator<Item = Item> + 'a> = Box::new(below);
    let mut sources = [upper, lower, below.peekable()];
    let mut found = Vec::new();
    while found.len() < limit {
        match next(&mut sources, direction)? {
            Some((key, Some(value))) => found.push((key, value)),
            Some((_, None)) => {}
            None => break,
        }
    }
    Ok(found)
}

fn items<'a>(
    layer: &'a Layer,
    range: (Bound<&'a [u8]>, Bound<&'a [u8]>),
    direction: Direction,
) -> Source<'a> {
    let entries = layer.range::<[u8], _>(range).map(|(key, value)| Ok((key.clone(), value.clone())));
    let entries: Box<dyn Iterator<Item = Item> + 'a> = match direction {
        Direction::Forward => Box::new(entries),
        Direction::Backward => Box::new(entries.rev()),
    };
    entries.peekable()
}

/// Takes the next entry from the uppermost source that has its key, and drops it from the others.
fn next(sources: &mut [Source<'_>; 3], direction: Direction) -> Result<Option<Change>, DiskError> {
    let mut first: Option<Vec<u8>> = None;
    for source in sources.iter_mut() {
        let key = match source.peek() {
            Some(Ok((key, _))) => key,
            Some(Err(error)) => return Err(error.clone()),
            None => continue,
        };
        if first.as_ref().is_none_or(|first| comes_before(key, first, direction)) {
            first = Some(key.clone());
        }
    }
    let Some(first) = first else { return Ok(None) };
    let mut taken = None;
    for source in sources.iter_mut() {
        let same = source.next_if(|item| item.as_ref().is_ok_and(|(key, _)| *key == first));
        if let (None, Some(item)) = (&taken, same) {
            taken = Some(item?);
        }
    }
    Ok(taken)
}

fn comes_before(one: &[u8], other: &[u8], direction: Direction) -> bool {
    match direction {
        Direction::Forward => one < other,
        Direction::Backward => one > other,
    }
}
