//! The newest frames in memory, where nearly all reads find what they look for.
//!
//! Knows encoded frames, so that its size is exact and the writer decodes nothing.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use crate::log::Position;
use crate::log::frame::Frame;

/// The most bytes of frames kept: seconds of the fastest burst, hours of a desk's day, and all that
/// has not left the store for a sealed file.
const RECENT_BYTES_MAX: usize = 24 << 20;

/// What a frame costs besides its bytes, roughly.
const FRAME_OVERHEAD_BYTES: usize = 64;

/// A gapless run of frames up to the last that was written.
#[derive(Debug, Default)]
pub(super) struct Recent {
    frames: RwLock<Frames>,
}

#[derive(Debug, Default)]
struct Frames {
    frames: VecDeque<Frame>,
    bytes: usize,
}

impl Recent {
    /// Adds the frames after the last one.
    pub(super) fn push(&self, written: Vec<Frame>) {
        let mut frames = self.frames.write().unwrap_or_else(PoisonError::into_inner);
        for frame in written {
            frames.bytes += frame.bytes().len() + FRAME_OVERHEAD_BYTES;
            frames.frames.push_back(frame);
        }
        while frames.bytes > RECENT_BYTES_MAX {
            let Some(oldest) = frames.frames.pop_front() else { break };
            frames.bytes -= oldest.bytes().len() + FRAME_OVERHEAD_BYTES;
        }
    }

    /// The frame that holds a position, if it is recent.
    pub(super) fn find(&self, position: Position) -> Option<Frame> {
        let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
        let at = frames.frames.partition_point(|frame| frame.last < position);
        frames.frames.get(at).filter(|frame| frame.first <= position).cloned()
    }

    /// Whether everything from a position on is recent.
    pub(super) fn covers(&self, position: Position) -> bool {
        let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
        frames.frames.front().is_some_and(|frame| frame.first <= position)
    }
}
