//! Tails that were looked up in the table lately, so that they are not looked up there again.
//!
//! Knows that a tail here is the newest as long as none is on its way into the table; whoever
//! writes one takes it away here.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;

use super::Tail;
use crate::log::StreamName;

/// How many tails are kept, some 200 bytes each: those of all lines and operators that work, and of
/// the customers of the last minutes.
const KNOWN_MAX: usize = 16_384;

#[derive(Debug, Default)]
pub(super) struct Known {
    tails: HashMap<StreamName, Entry, RandomState>,
    /// The oldest first; names that were taken away stand here until their turn comes.
    order: VecDeque<StreamName>,
}

#[derive(Debug)]
struct Entry {
    tail: Tail,
    /// Whether it was asked for since its turn to go came last.
    used: AtomicBool,
}

impl Known {
    pub(super) fn get(&self, stream: &StreamName) -> Option<&Tail> {
        let entry = self.tails.get(stream)?;
        entry.used.store(true, Ordering::Relaxed);
        Some(&entry.tail)
    }

    pub(super) fn insert(&mut self, stream: &StreamName, tail: Tail) {
        while self.order.len() >= KNOWN_MAX {
            let Some(oldest) = self.order.pop_front() else { break };
            match self.tails.get(&oldest) {
                Some(entry) if entry.used.swap(false, Ordering::Relaxed) => self.order.push_back(oldest),
                Some(_) => drop(self.tails.remove(&oldest)),
                None => {}
            }
        }
        let entry = Entry { tail, used: AtomicBool::new(false) };
        if self.tails.insert(stream.clone(), entry).is_none() {
            self.order.push_back(stream.clone());
        }
    }

    /// A newer tail is somewhere else.
    pub(super) fn take_away(&mut self, stream: &StreamName) {
        self.tails.remove(stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> StreamName {
        StreamName::new(&number.to_be_bytes())
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_asked_for() {
        let mut known = Known::default();
        for number in 0..3 * KNOWN_MAX {
            known.insert(&name(number), Tail::default());
            assert!(known.get(&name(0)).is_some(), "it is asked for again and again");
            if number % 3 == 1 {
                known.take_away(&name(number));
            }
        }
        assert!(known.order.len() <= KNOWN_MAX && known.tails.len() <= known.order.len());
        assert!(known.get(&name(3)).is_none(), "nobody has asked for it since");
    }
}
