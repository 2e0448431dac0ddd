//! How often somebody may ask: by token, and before there is a good one by address.
//!
//! Who has a good token is counted by it alone, so that strangers behind the same address do not shut
//! him out. Knows keys and moments; must not know a request.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use super::address::Address;
use super::limits::Limits;

/// How many seconds of its rate a client may spend at once: what piles up while a line stalls.
const BURST_SECONDS: u32 = 4;

/// Clients that are remembered, by token or address: some megabytes. Beyond, those that were not seen
/// of late are forgotten; if none is, strangers wait. There are fewer tokens than that.
const CLIENTS_MAX: usize = 65_536;

/// The pause between looks for clients that can be forgotten, each of which passes all of them; and
/// so the wait of those for whom there is no room.
const FORGET_PAUSE: Duration = Duration::from_secs(1);

/// The rates of all clients.
pub struct Rates {
    tokens: Option<Rate<Uuid>>,
    addresses: Option<Rate<Address>>,
}

impl Rates {
    /// The rates that the limits say.
    #[must_use]
    pub fn new(limits: &Limits) -> Rates {
        let (tokens, addresses) = (limits.requests_per_token, limits.requests_per_address);
        Rates {
            tokens: NonZeroU32::new(tokens).map(Rate::new),
            addresses: NonZeroU32::new(addresses).map(Rate::new),
        }
    }

    /// Counts a request by a good token.
    ///
    /// # Errors
    ///
    /// How long to wait, when it was one too many.
    pub fn by_token(&self, token: Uuid) -> Result<(), Duration> {
        self.tokens.as_ref().map_or(Ok(()), |rate| rate.count(token))
    }

    /// Counts a request without a good token.
    ///
    /// # Errors
    ///
    /// How long to wait, when it was one too many.
    pub fn by_address(&self, address: Address) -> Result<(), Duration> {
        self.addresses.as_ref().map_or(Ok(()), |rate| rate.count(address))
    }
}

/// The rate of each client of a kind.
struct Rate<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
    /// When clients were last forgotten.
    forgot: Mutex<Option<Instant>>,
}

impl<K: Hash + Eq + Clone> Rate<K> {
    fn new(per_second: NonZeroU32) -> Rate<K> {
        let burst = NonZeroU32::new(per_second.get().saturating_mul(BURST_SECONDS)).unwrap_or(per_second);
        Rate::of(Quota::per_second(per_second).allow_burst(burst))
    }

    fn of(quota: Quota) -> Rate<K> {
        Rate { limiter: RateLimiter::keyed(quota), clock: DefaultClock::default(), forgot: Mutex::default() }
    }

    fn count(&self, client: K) -> Result<(), Duration> {
        if self.limiter.len() >= CLIENTS_MAX && !self.make_room() {
            return Err(FORGET_PAUSE);
        }
        self.limiter.check_key(&client).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    fn make_room(&self) -> bool {
        // It guards a moment, which a panic cannot leave half done.
        let mut forgot = self.forgot.lock().unwrap_or_else(PoisonError::into_inner);
        if forgot.is_none_or(|moment| moment.elapsed() >= FORGET_PAUSE) {
            self.limiter.retain_recent();
            *forgot = Some(Instant::now());
        }
        self.limiter.len() < CLIENTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So rare that no second request is allowed while the test runs.
    fn rare() -> Rate<usize> {
        let burst = NonZeroU32::new(3).expect("three is not none");
        Rate::of(Quota::per_hour(NonZeroU32::MIN).allow_burst(burst))
    }

    #[test]
    fn a_client_spends_its_burst_and_then_waits_while_others_go_on() {
        let rate = rare();
        for _ in 0..3 {
            assert_eq!(rate.count(1), Ok(()));
        }
        let wait = rate.count(1).expect_err("it was one too many");
        assert!(wait > Duration::from_secs(3_000), "{wait:?}");
        assert_eq!(rate.count(2), Ok(()), "another client has its own");
    }

    #[test]
    fn clients_beyond_those_that_are_remembered_wait_and_cost_no_memory() {
        let rate = rare();
        assert!((0..CLIENTS_MAX).all(|client| rate.count(client).is_ok()), "each is new");
        assert!((0..CLIENTS_MAX).all(|more| rate.count(CLIENTS_MAX + more) == Err(FORGET_PAUSE)), "no room");
        assert_eq!(rate.limiter.len(), CLIENTS_MAX);
    }

    #[test]
    fn clients_that_were_not_seen_of_late_make_room() {
        // A thousandth of a second after its request, each is as if it had never asked.
        let rate = Rate::new(NonZeroU32::new(1_000).expect("a rate"));
        for client in 0..2 * CLIENTS_MAX {
            while rate.count(client).is_err() {
                std::thread::sleep(FORGET_PAUSE / 10);
            }
        }
        assert!(rate.limiter.len() <= CLIENTS_MAX);
    }
}
