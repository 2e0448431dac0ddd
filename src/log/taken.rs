//! Records that are collected within a bound on their bytes.

use super::Record;

/// Records for one answer: as many as are within a bound, and the first whatever it has.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) records: Vec<Record>,
    bytes: usize,
    bytes_max: usize,
}

impl Taken {
    pub(super) fn new(bytes_max: usize) -> Taken {
        Taken { records: Vec::new(), bytes: 0, bytes_max }
    }

    /// Takes a record if there is room for it, and says whether there was.
    pub(super) fn add(&mut self, record: Record) -> bool {
        self.bytes = self.bytes.saturating_add(record.entry.payload.len());
        let fits = self.records.is_empty() || self.bytes <= self.bytes_max;
        if fits {
            self.records.push(record);
        }
        fits
    }
}
