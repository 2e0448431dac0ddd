//! States kept in memory by key, newest version wins.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use super::Folded;

/// Folded states by key, at most so many.
pub(super) struct Shelf<K, T> {
    kept: RwLock<HashMap<K, Arc<Folded<T>>>>,
    kept_max: usize,
}

impl<K: Eq + Hash + Clone, T: Clone> Shelf<K, T> {
    pub fn new(kept_max: usize) -> Shelf<K, T> {
        Shelf { kept: RwLock::new(HashMap::new()), kept_max }
    }

    pub fn get(&self, key: &K) -> Option<Arc<Folded<T>>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// A copy to fold further: of what is kept, or of nothing.
    pub fn start(&self, key: &K, empty: impl FnOnce() -> T) -> Folded<T> {
        self.get(key).map_or_else(|| Folded::empty(empty()), |kept| Folded::clone(&kept))
    }

    /// Keeps a state unless a newer one is there; full, the shelf is emptied first: it is a cache.
    pub fn keep(&self, key: K, folded: Folded<T>) -> Arc<Folded<T>> {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(newer) = kept.get(&key).filter(|known| known.version > folded.version) {
            return Arc::clone(newer);
        }
        if kept.len() >= self.kept_max && !kept.contains_key(&key) {
            kept.clear();
        }
        let folded = Arc::new(folded);
        kept.insert(key, Arc::clone(&folded));
        folded
    }
}

impl<K: Eq + Hash + Clone, T: Clone> Shelf<K, Option<T>> {
    /// Keeps a state that exists; what does not is asked for with made-up keys, and is not kept.
    pub fn keep_existing(&self, key: K, folded: Folded<Option<T>>) -> Arc<Folded<Option<T>>> {
        if folded.state.is_none() { Arc::new(folded) } else { self.keep(key, folded) }
    }
}
