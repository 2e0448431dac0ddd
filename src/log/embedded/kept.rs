//! Frames that somebody waited for lately, for the next reads nearby.
//!
//! Knows checked frames; one that is asked for again stays longer than one that was only brought
//! along. What was written lately is in [`super::recent`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::log::Position;
use crate::log::frame::Frame;

/// The most bytes of frames kept: what a thousand readers look at side by side, a few times over.
const KEPT_BYTES_MAX: usize = 8 << 20;

/// What a frame costs besides its bytes, roughly.
const FRAME_OVERHEAD_BYTES: usize = 160;

/// A bounded number of frames, found by any position that they hold.
#[derive(Debug, Default)]
pub(super) struct Kept {
    frames: RwLock<Frames>,
}

#[derive(Debug, Default)]
struct Frames {
    /// By their first positions.
    by_first: BTreeMap<Position, Entry>,
    /// The oldest first; each frame stands here once.
    order: VecDeque<Position>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    frame: Frame,
    /// Whether it was asked for since its turn to go came last.
    used: AtomicBool,
}

impl Kept {
    /// The frame that holds a position, if it is kept.
    pub(super) fn find(&self, position: Position) -> Option<Frame> {
        let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
        let (_, entry) = frames.by_first.range(..=position).next_back()?;
        if entry.frame.last < position {
            return None;
        }
        entry.used.store(true, Ordering::Relaxed);
        Some(entry.frame.clone())
    }

    /// Keeps frames, and lets go of those that nobody has asked for longest.
    pub(super) fn keep(&self, read: Vec<Frame>) {
        let mut frames = self.frames.write().unwrap_or_else(PoisonError::into_inner);
        // Room is made first: what was read just now is not what has to go.
        frames.shrink(KEPT_BYTES_MAX.saturating_sub(read.iter().map(size).sum()));
        for frame in read {
            let (first, size) = (frame.first, size(&frame));
            let entry = Entry { frame, used: AtomicBool::new(false) };
            if frames.by_first.insert(first, entry).is_none() {
                frames.order.push_back(first);
                frames.bytes += size;
            }
        }
    }
}

impl Frames {
    fn shrink(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max {
            let Some(first) = self.order.pop_front() else { break };
            match self.by_first.get(&first) {
                Some(entry) if entry.used.swap(false, Ordering::Relaxed) => self.order.push_back(first),
                Some(entry) => {
                    self.bytes -= size(&entry.frame);
                    self.by_first.remove(&first);
                }
                None => {}
            }
        }
    }
}

fn size(frame: &Frame) -> usize {
    frame.bytes().len() + FRAME_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Version;
    use crate::log::frame::Open;

    /// A frame of one record with no right content, which nobody decodes here.
    fn frame(first: u64) -> Frame {
        let mut open = Open::new(Position(first));
        open.push(Version(1), Version(0), &[7; 6_000]);
        open.push(Version(1), Version(0), &[7; 10]);
        open.seal(&[0; 32]).frame
    }

    #[test]
    fn a_frame_is_found_by_each_of_its_positions_and_by_no_other() {
        let kept = Kept::default();
        kept.keep(vec![frame(11), frame(21)]);
        let found = |position| kept.find(Position(position)).map(|frame| frame.first.0);
        let expected = [(10, None), (11, Some(11)), (12, Some(11)), (13, None), (22, Some(21)), (23, None)];
        for (position, first) in expected {
            assert_eq!(found(position), first, "{position}");
        }
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes_within_the_bound() {
        let kept = Kept::default();
        for number in 0..10_000 {
            kept.keep(vec![frame(1 + 2 * number)]);
            assert!(kept.find(Position(1)).is_some(), "it is asked for again and again");
        }
        let frames = kept.frames.read().expect("nobody panicked");
        assert!(frames.bytes <= KEPT_BYTES_MAX);
        assert_eq!(frames.order.len(), frames.by_first.len());
        assert_eq!(frames.bytes, frames.by_first.values().map(|entry| size(&entry.frame)).sum::<usize>());
        assert!(!frames.by_first.contains_key(&Position(3)), "nobody has asked for it since");
    }
}
