//! The layers of a table, as of one moment: what a reader sees, whatever is written meanwhile.
//!
//! Knows which hides which; must not know how they come to be.

use std::sync::Arc;

use super::filter::Probe;
use super::merge::{Cursor, Merge, Range, after_prefix};
use super::run::Run;
use super::segment::Segment;
use super::{AtOnce, Direction, Entry};
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
    pub(super) layers: Arc<Layers>,
}

impl Snapshot {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, DiskError> {
        let probe = Probe::of(key);
        if let Some(known) = self.get_above(key, probe) {
            return Ok(known.map(<[u8]>::to_vec));
        }
        for run in &self.layers.runs {
            if let Some(known) = run.get(key, probe)? {
                return Ok(known);
            }
        }
        Ok(None)
    }

    /// Looks a key up without waiting for the disk.
    pub(crate) fn get_at_once(&self, key: &[u8]) -> AtOnce {
        let probe = Probe::of(key);
        if let Some(known) = self.get_above(key, probe) {
            return AtOnce::Known(known.map(<[u8]>::to_vec));
        }
        for run in &self.layers.runs {
            match run.get_at_once(key, probe) {
                Some(Ok(None)) => {}
                Some(Ok(Some(known))) => return AtOnce::Known(known),
                // Who asks the disk is told what is wrong.
                Some(Err(_)) | None => return AtOnce::Unknown,
            }
        }
        AtOnce::Known(None)
    }

    /// Reads up to `limit` entries within a range of keys.
    pub(crate) fn scan(
        &self,
        range: Range<'_>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, DiskError> {
        let above = self.segments().map(|segment| Ok(Cursor::of_segment(segment, range, direction)));
        let below = self.layers.runs.iter().map(|run| Cursor::of_run(run, range, direction, true));
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
