//! The layers of a table, as of one moment: what a reader sees, whatever is written meanwhile.
//!
//! Knows which hides which; must not know how they come to be.

use std::sync::Arc;

use super::filter::Probe;
use super::merge::{Cursor, Merge, Range, after_prefix};
use super::patience::{LOOK_COST, Patience};
use super::run::Run;
use super::segment::Segment;
use super::{Direction, Entry, Shape};
use crate::disk::DiskError;

use std::ops::Bound;

/// The layers, of each kind the newest first; each kind is newer than those after it.
#[derive(Clone, Debug, Default)]
pub(super) struct Layers {
    /// What was applied lately.
    pub(super) fresh: Vec<Arc<Segment>>,
    /// What is being written to the disk.
    pub(super) leaving: Vec<Arc<Segment>>,
    /// What is on the disk.
    pub(super) runs: Vec<Arc<Run>>,
}

/// A table as of one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    layers: Arc<Layers>,
    shape: Shape,
    patience: Patience,
}

impl Snapshot {
    pub(super) fn of(layers: Arc<Layers>, shape: Shape) -> Snapshot {
        Snapshot { layers, shape, patience: Patience::Waiting }
    }

    /// The same for reading without waiting for the disk, and for no longer than so many bytes take:
    /// more than that fails as [`DiskError::NotAtOnce`].
    pub(crate) fn at_once(&self, bytes_max: usize) -> Snapshot {
        Snapshot { patience: Patience::at_once(bytes_max), ..self.clone() }
    }

    /// Whether anything that was read at once would have had to wait.
    pub(crate) fn gave_up(&self) -> bool {
        self.patience.gave_up()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        self.patience.take(LOOK_COST)?;
        let probe = Probe::of(key);
        if let Some(known) = self.get_above(key, probe) {
            return Ok(known.map(<[u8]>::to_vec));
        }
        for run in &self.layers.runs {
            if let Some(known) = run.get(key, probe, &self.patience)? {
                return Ok(known);
            }
        }
        Ok(None)
    }

    /// Reads up to `limit` entries within a range of keys.
    pub(crate) fn scan(
        &self,
        range: Range<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        self.patience.take((self.segments().count() + self.layers.runs.len()) * LOOK_COST)?;
        let list = list_of(self.shape, range).map(Probe::of);
        let above = self.segments().filter(|segment| segment.may_have(list));
        let above = above.map(|segment| Ok(Cursor::of_segment(segment, range, direction)));
        let below = self.layers.runs.iter().filter(|run| run.may_have(list));
        let below = below.map(|run| Cursor::of_run(run.groups(range, &self.patience), range, direction));
        Merge::new(above.chain(below), direction)?.collect(limit)
    }

    /// Reads up to `limit` entries whose keys begin with `prefix`.
    pub(crate) fn scan_prefix(
        &self,
        prefix: &[u8],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        let end = after_prefix(prefix);
        let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.scan((Bound::Included(prefix), end), direction, limit)
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.layers.fresh.iter().chain(&self.layers.leaving).map(Arc::as_ref)
    }

    fn get_above(&self, key: &[u8], probe: Probe) -> Option<Option<&[u8]>> {
        self.segments().find_map(|segment| segment.get(key, probe))
    }
}

/// The list that every key of a range stands in, if they all stand in one.
fn list_of<'a>(shape: Shape, range: Range<'a>) -> Option<&'a [u8]> {
    let (Bound::Included(from) | Bound::Excluded(from)) = range.0 else { return None };
    let list = shape(from).list(from)?;
    let ends_within = match range.1 {
        Bound::Included(to) => to.starts_with(list),
        Bound::Excluded(to) => to.starts_with(list) || after_prefix(list).is_some_and(|after| to == after),
        Bound::Unbounded => false,
    };
    ends_within.then_some(list)
}
