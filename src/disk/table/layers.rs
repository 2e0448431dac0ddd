//! The layers of a table that are in memory.
//!
//! Knows which hides which; must not know the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::run::Run;

/// What an entry costs in memory besides its bytes, roughly.
const ENTRY_OVERHEAD_BYTES: usize = 96;

/// Sorted entries; a value of `None` is a deletion.
pub(super) type Layer = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) fresh: Layer,
    pub(super) fresh_bytes: usize,
    pub(super) leaving: Arc<Layer>,
    /// Newest first. One that leaves this list is removed from the disk only then.
    pub(super) runs: Vec<Arc<Run>>,
}

impl Layers {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.fresh.get(key).or_else(|| self.leaving.get(key))
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let size = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.fresh_bytes += key.len() + size(&value) + ENTRY_OVERHEAD_BYTES;
        let key_bytes = key.len();
        if let Some(old) = self.fresh.insert(key, value) {
            self.fresh_bytes -= key_bytes + size(&old) + ENTRY_OVERHEAD_BYTES;
        }
    }

    /// Takes a layer that could not be written back below the changes made since.
    pub(super) fn put_back(&mut self, leaving: Arc<Layer>) {
        for (key, value) in leaving.iter() {
            if !self.fresh.contains_key(key) {
                self.put(key.clone(), value.clone());
            }
        }
    }
}

/// One layer over another, whichever is the larger.
pub(super) fn over(mut upper: Layer, mut lower: Layer) -> Layer {
    if upper.len() < lower.len() {
        lower.extend(upper);
        return lower;
    }
    for (key, value) in lower {
        upper.entry(key).or_insert(value);
    }
    upper
}
