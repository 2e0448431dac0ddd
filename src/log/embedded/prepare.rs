//! Appends on their way to the writer, checked and encoded by whoever sends them.
//!
//! Knows the envelope; must not know positions and versions, which only the writer gives.

use crate::log::envelope::{self, RECORD_BYTES_MAX, VERSIONS_BYTES_MAX};
use crate::log::frame::{FRAME_RECORDS_MAX, FULL_BODY_BYTES};
use crate::log::{Append, AppendError, Expected, StreamName, bounds};

/// An append whose records are encoded but for their versions.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) expects: Vec<(StreamName, Expected)>,
    pub(super) runs: Vec<Run>,
    /// The bytes of its records.
    pub(super) bytes: usize,
}

/// Records that stand in one frame: only the first of them is written in full.
#[derive(Debug, Default)]
pub(super) struct Run {
    contents: Vec<u8>,
    /// Each record's stream, and where its content ends.
    records: Vec<(StreamName, usize)>,
}

impl Prepared {
    pub(super) fn new(append: Append) -> Result<Prepared, AppendError> {
        bounds::check(&append)?;
        let mut runs = vec![Run::default()];
        let mut bytes = 0;
        for entry in append.entries {
            let Some(run) = runs.last_mut() else { break };
            let whole = run.contents.len();
            let stream = run.records.last().is_some_and(|(stream, _)| *stream == entry.stream);
            let shared = envelope::Shared { stamp: !run.records.is_empty(), stream };
            envelope::put_content(&append.stamp, &entry, shared, &mut run.contents);
            if run.is_over() {
                run.contents.truncate(whole);
                let mut next = Run::default();
                envelope::put_content(&append.stamp, &entry, envelope::Shared::default(), &mut next.contents);
                next.end(entry.stream);
                runs.push(next);
            } else {
                run.end(entry.stream);
            }
        }
        runs.iter().for_each(|run| bytes += run.bytes_max());
        debug_assert!(runs.iter().all(|run| run.contents.len() <= RECORD_BYTES_MAX));
        Ok(Prepared { expects: append.expects, runs, bytes })
    }
}

impl Run {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The most bytes that it takes in a frame.
    pub(super) fn bytes_max(&self) -> usize {
        self.contents.len() + self.len() * VERSIONS_BYTES_MAX
    }

    /// Its records: their streams and their contents.
    pub(super) fn records(&self) -> impl Iterator<Item = (&StreamName, &[u8])> {
        let mut from = 0;
        self.records.iter().map(move |(stream, end)| {
            let content = &self.contents[from..*end];
            from = *end;
            (stream, content)
        })
    }

    /// Whether the record that was just encoded makes it more than one frame may hold.
    fn is_over(&self) -> bool {
        let len = self.contents.len() + (self.len() + 1) * VERSIONS_BYTES_MAX;
        let over = len > FULL_BODY_BYTES || self.len() >= FRAME_RECORDS_MAX as usize;
        over && !self.records.is_empty()
    }

    fn end(&mut self, stream: StreamName) {
        self.records.push((stream, self.contents.len()));
    }
}
