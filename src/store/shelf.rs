//! States kept in memory by key, newest version wins.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Arc, PoisonError, RwLock};

use super::Folded;

/// Folded states by key, at most so many; of those that do not fit, the ones that were asked for
/// longest ago go first.
pub(super) struct Shelf<K, T> {
    kept: RwLock<Kept<K, T>>,
    /// How many each of the two generations holds.
    generation_max: usize,
}

type Generation<K, T> = HashMap<K, Arc<Folded<T>>>;

/// A state is put into the young generation, and again when it is asked for as an old one. A full
/// young generation becomes the old one, whose place it takes.
struct Kept<K, T> {
    young: Generation<K, T>,
    old: Generation<K, T>,
}

impl<K: Eq + Hash + Clone, T: Clone> Shelf<K, T> {
    pub fn new(kept_max: usize) -> Shelf<K, T> {
        let kept = Kept { young: HashMap::new(), old: HashMap::new() };
        Shelf { kept: RwLock::new(kept), generation_max: kept_max.div_ceil(2) }
    }

    pub fn get(&self, key: &K) -> Option<Arc<Folded<T>>> {
        let known = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(young) = kept.young.get(key) {
                return Some(Arc::clone(young));
            }
            kept.old.get(key).map(Arc::clone)?
        };
        Some(self.put(key.clone(), known))
    }

    /// A copy to fold further: of what is kept, or of nothing.
    pub fn start(&self, key: &K, empty: impl FnOnce() -> T) -> Folded<T> {
        self.get(key).map_or_else(|| Folded::empty(empty()), |kept| Folded::clone(&kept))
    }

    /// Keeps a state unless a newer one is there.
    pub fn keep(&self, key: K, folded: Folded<T>) -> Arc<Folded<T>> {
        self.put(key, Arc::new(folded))
    }

    /// Keeps nothing of a key: whoever asks next reads it from the log.
    pub fn forget(&self, key: &K) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = (kept.young.remove(key), kept.old.remove(key));
        drop(kept);
        drop(forgotten);
    }

    fn put(&self, key: K, folded: Arc<Folded<T>>) -> Arc<Folded<T>> {
        // What is dropped is dropped after the lock: it may be much.
        let mut dropped = Generation::new();
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let known = kept.young.get(&key).or_else(|| kept.old.get(&key));
        if let Some(newer) = known.filter(|known| known.version > folded.version) {
            return Arc::clone(newer);
        }
        if kept.young.len() >= self.generation_max && !kept.young.contains_key(&key) {
            let full = mem::take(&mut kept.young);
            dropped = mem::replace(&mut kept.old, full);
        }
        kept.young.insert(key, Arc::clone(&folded));
        drop(kept);
        drop(dropped);
        folded
    }
}

impl<K: Eq + Hash + Clone, T: Clone> Shelf<K, Option<T>> {
    /// Keeps a state that exists; what does not is asked for with made-up keys, and is not kept.
    pub fn keep_existing(&self, key: K, folded: Folded<Option<T>>) -> Arc<Folded<Option<T>>> {
        if folded.state.is_none() { Arc::new(folded) } else { self.keep(key, folded) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Version;

    fn at(version: u64) -> Folded<u64> {
        let mut folded = Folded::empty(version);
        folded.version = Version(version);
        folded
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_makes_room() {
        let shelf = Shelf::new(100);
        shelf.keep(0, at(1));
        for key in 1..1_000 {
            shelf.keep(key, at(1));
            assert!(shelf.get(&0).is_some(), "asked for all the time, after {key} others");
        }
        let kept = (1..1_000).filter(|key| shelf.get(key).is_some()).count();
        assert!((50..=100).contains(&kept), "{kept} are kept");
    }

    #[test]
    fn a_state_never_gives_way_to_an_older_one() {
        let shelf = Shelf::new(2);
        shelf.keep(1, at(7));
        shelf.keep(2, at(1));
        assert_eq!(shelf.keep(1, at(6)).version, Version(7));
        assert_eq!(shelf.get(&1).map(|kept| kept.version), Some(Version(7)));
        assert_eq!(shelf.keep(1, at(8)).version, Version(8));
    }
}
