//! Which segments and runs are merged, and when: neighbours of about one size.
//!
//! Knows numbers of entries, and nothing of what they hold.

use std::ops::Range;
use std::sync::Arc;

use super::segment::Segment;

/// How many runs of about one size are merged: fewer cost more writing, more cost more looking.
pub(super) const MERGED_RUNS: usize = 6;

/// At rest, a run is merged with those above it unless it is so many times larger than all of them: each
/// entry is written again so many times at most before what it stands in is so much larger.
const AT_REST_TIMES: u64 = 4;

/// How many segments of about one size are merged; they cost less to look into than runs do.
pub(super) const MERGED_SEGMENTS: usize = 8;

/// Segments of fewer entries are merged by whoever applies the next: some milliseconds at most.
/// Larger ones are left to a flush.
pub(super) const MERGED_AT_ONCE_ENTRIES_MAX: usize = 4_096;

/// A batch of a few entries is merged with the one before it up to so many.
const FEW_ENTRIES: usize = 256;

/// How many of the segments below are merged with a new one before it counts.
pub(super) fn merged_at_once(newest: &Segment, below: &[Arc<Segment>]) -> Option<usize> {
    let next = below.first()?;
    if newest.len() + next.len() <= FEW_ENTRIES {
        return Some(1);
    }
    let class = |entries: usize| entries.max(FEW_ENTRIES).ilog2() / MERGED_SEGMENTS.ilog2();
    if newest.len() >= MERGED_AT_ONCE_ENTRIES_MAX {
        return None;
    }
    let alike = below.iter().take_while(|segment| class(segment.len()) <= class(newest.len())).count();
    (alike + 1 >= MERGED_SEGMENTS).then_some(alike)
}

/// The newest neighbours, so many or more, of which the oldest is not much larger than the others.
pub(super) fn due(sizes: &[u64], merged: usize) -> Option<Range<usize>> {
    let starts = 0..(sizes.len() + 1).saturating_sub(merged);
    let mut groups = starts.map(|start| start..start + merged);
    let is_due = |group: &Range<usize>| {
        let (oldest, newer) = sizes[group.clone()].split_last().expect("a group has several");
        *oldest <= newer.iter().sum::<u64>() * 2
    };
    let group = groups.find(is_due)?;
    let like_the_last = |at: &usize| sizes[*at] <= sizes[*at - 1] * 2;
    let more = (group.end..sizes.len()).take_while(like_the_last).count();
    Some(group.start..group.end + more)
}

/// The newest runs, down to the last that is not much larger than all above it: what is worth merging while
/// nothing else is to do.
pub(super) fn at_rest(sizes: &[u64]) -> Option<Range<usize>> {
    let (mut above, mut end) = (*sizes.first()?, 1);
    for (at, size) in sizes.iter().enumerate().skip(1) {
        if *size <= above * AT_REST_TIMES {
            end = at + 1;
        }
        above += size;
    }
    (end > 1).then_some(0..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_rest_a_run_waits_until_those_above_it_are_a_quarter_of_it() {
        for (sizes, merged) in [
            (&[][..], None),
            (&[7], None),
            (&[1, 4], Some(0..2)),
            (&[1, 5], None),
            (&[1, 5, 24], Some(0..3)),
            (&[1, 5, 25], None),
            (&[10, 10, 10, 500], Some(0..3)),
            (&[1, 100, 100, 100, 900], Some(0..5)),
        ] {
            assert_eq!(at_rest(sizes), merged, "{sizes:?}");
        }
    }

    #[test]
    fn at_rest_few_runs_are_left_and_no_entry_is_written_often() {
        let (mut runs, mut written) = (Vec::new(), 0);
        for _ in 0..1_000 {
            runs.insert(0, 1u64);
            while let Some(due) = at_rest(&runs) {
                let merged: u64 = runs.drain(due).sum();
                written += merged;
                runs.insert(0, merged);
            }
            assert!(runs.len() <= 5, "{runs:?}");
        }
        assert!(written <= 20 * 1_000, "each is written {} times", written / 1_000);
    }
}
