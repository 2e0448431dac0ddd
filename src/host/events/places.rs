//! The places of streams of events: so many in all, and so many of one token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// The places; a copy has the same ones.
#[derive(Clone, Debug)]
pub struct Streams {
    /// How many each token has; those with none are left out.
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
    max: usize,
    of_token_max: usize,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    All,
    /// The token has as many as one may have.
    Token {
        /// The bound.
        max: usize,
    },
}

/// A place; it is given back when dropped.
#[derive(Debug)]
pub struct Place {
    streams: Streams,
    token: Uuid,
}

impl Streams {
    /// So many places, of which one token may have so many.
    #[must_use]
    pub fn new(max: usize, of_token_max: usize) -> Streams {
        Streams { taken: Arc::default(), max, of_token_max }
    }

    /// Takes a place.
    ///
    /// # Errors
    ///
    /// [`Full`]; nothing was taken.
    pub fn take(&self, token: Uuid) -> Result<Place, Full> {
        let mut taken = self.taken();
        let own = taken.get(&token).copied().unwrap_or_default();
        if own >= self.of_token_max {
            return Err(Full::Token { max: self.of_token_max });
        }
        if taken.values().sum::<usize>() >= self.max {
            return Err(Full::All);
        }
        taken.insert(token, own + 1);
        Ok(Place { streams: self.clone(), token })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        // Each change is one insertion or one removal: a panic cannot leave half of it.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.streams.taken();
        match taken.get(&self.token) {
            Some(own) if *own > 1 => {
                let left = own - 1;
                taken.insert(self.token, left);
            }
            Some(_) | None => {
                taken.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_cannot_take_the_places_of_all() {
        let (streams, mut places) = (Streams::new(64, 16), Vec::new());
        for token in 0..4 {
            for _ in 0..16 {
                places.push(streams.take(Uuid::from_u128(token)).expect("there is a place"));
            }
            let refused = streams.take(Uuid::from_u128(token)).err();
            assert_eq!(refused, Some(Full::Token { max: 16 }));
        }
        assert_eq!(streams.take(Uuid::max()).err(), Some(Full::All));
        drop(places);
        assert!(streams.taken().is_empty(), "all are given back");
    }
}
