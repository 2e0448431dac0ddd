//! A load: how many clients create how many sessions, and the closed loop in which they do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::peer::{NewSession, Peer, Place, Threads};

/// Creations a second that a sustained run prepares slots for: above any figure of any peer.
const SUSTAINED_PER_SECOND_MAX: usize = 200_000;

/// How often the lag of what is derived is looked at.
const LAG_SAMPLED_EVERY: Duration = Duration::from_millis(250);

/// How long the clients go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Until so many sessions are created.
    Burst { count: usize },
    /// For so long.
    Sustained { duration: Duration },
}

/// So many clients on so many lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub clients: usize,
    pub lines: usize,
    pub work: Work,
}

impl Load {
    /// Sessions that one client creates at most.
    pub fn per_client_max(&self) -> usize {
        match self.work {
            Work::Burst { count } => count.div_ceil(self.clients),
            Work::Sustained { duration } => {
                (duration.as_secs_f64() * SUSTAINED_PER_SECOND_MAX as f64) as usize / self.clients + 1
            }
        }
    }

    /// A client beside the others, of whom the second session in one slot is asked.
    pub fn prober(&self) -> usize {
        self.clients
    }

    fn deadline(&self) -> Option<Instant> {
        match self.work {
            Work::Burst { .. } => None,
            Work::Sustained { duration } => Some(Instant::now() + duration),
        }
    }
}

/// What one run of one peer showed.
pub struct Run {
    pub created: usize,
    /// Until the last client had its answer, and in a sustained run what is derived was up to date.
    pub elapsed: Duration,
    /// What each client waited, in microseconds.
    pub latencies: Histogram<u64>,
    /// The most events that what is derived lagged behind.
    pub lag_max: u64,
    /// From the last answer until what is derived was up to date.
    pub settled: Duration,
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.created as f64 / self.elapsed.as_secs_f64()
    }
}

/// Runs a load on a peer in an empty place, and checks that the work was done.
pub fn run<P: Peer>(place: &Place, load: Load) -> Run {
    runtime(P::THREADS).block_on(async {
        let peer = Arc::new(P::open(place, &load).await);
        let mut expected = probe(&*peer, &load).await;
        peer.ready().await;
        peer.settle().await;
        let run = drive(&peer, load).await;
        expected += run.created;
        let peer = Arc::into_inner(peer).expect("the clients have ended");
        assert_eq!(peer.close().await, expected, "every session stands in the store");
        run
    })
}

fn runtime(threads: Threads) -> Runtime {
    let mut builder = match threads {
        Threads::One => Builder::new_current_thread(),
        Threads::PerCore => Builder::new_multi_thread(),
    };
    builder.enable_all().build().expect("a runtime starts")
}

/// Asks for two sessions in one slot, tells how many were created, and that it was as the peer claims.
async fn probe<P: Peer>(peer: &P, load: &Load) -> usize {
    let first = NewSession::of(load, load.prober(), 0);
    peer.create(first).await.expect("an empty store has a free slot");
    let second = peer.create(NewSession { id: Uuid::now_v7(), ..first }).await;
    assert_eq!(second.is_err(), P::HOLDS_RULE, "a second open session in the slot");
    1 + usize::from(second.is_ok())
}

async fn drive<P: Peer>(peer: &Arc<P>, load: Load) -> Run {
    let started = Instant::now();
    let deadline = load.deadline();
    let clients: Vec<_> = (0..load.clients)
        .map(|client| tokio::spawn(create_all(Arc::clone(peer), load, client, deadline)))
        .collect();
    let lag = tokio::spawn(watch_lag(Arc::clone(peer), deadline));
    let mut waited = Vec::with_capacity(load.clients);
    for client in clients {
        waited.push(client.await.expect("a client ends"));
    }
    let answered = started.elapsed();
    let lag_max = lag.await.expect("the watch ends");
    peer.settle().await;
    let settled = started.elapsed();
    let mut latencies = histogram();
    for microseconds in waited.iter().flatten() {
        latencies.record(u64::from(*microseconds)).expect("it grows by itself");
    }
    Run {
        created: waited.iter().map(Vec::len).sum(),
        elapsed: if deadline.is_some() { settled } else { answered },
        latencies,
        lag_max,
        settled: settled - answered,
    }
}

/// Creates a client's sessions one after the other, and tells what it waited for each.
async fn create_all<P: Peer>(peer: Arc<P>, load: Load, client: usize, deadline: Option<Instant>) -> Vec<u32> {
    let mut waited = Vec::new();
    for nth in 0..load.per_client_max() {
        let asked = Instant::now();
        if deadline.is_some_and(|deadline| asked >= deadline) {
            return waited;
        }
        peer.create(NewSession::of(&load, client, nth)).await.expect("the slot is free");
        waited.push(u32::try_from(asked.elapsed().as_micros()).expect("within an hour"));
    }
    assert!(deadline.is_none(), "the slots prepared for a sustained run were enough");
    waited
}

/// The greatest lag until the deadline; there is none to watch in a burst.
async fn watch_lag<P: Peer>(peer: Arc<P>, deadline: Option<Instant>) -> u64 {
    let mut greatest = 0;
    while deadline.is_some_and(|deadline| Instant::now() < deadline) {
        tokio::time::sleep(LAG_SAMPLED_EVERY).await;
        greatest = greatest.max(peer.lag());
    }
    greatest
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are legal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_clients_ask_for_one_slot() {
        let load = Load { clients: 3, lines: 1, work: Work::Burst { count: 10 } };
        let mut slots: Vec<usize> = (0..load.clients)
            .flat_map(|client| (0..load.per_client_max()).map(move |nth| (client, nth)))
            .map(|(client, nth)| NewSession::of(&load, client, nth).slot)
            .chain([NewSession::of(&load, load.prober(), 0).slot])
            .collect();
        let asked = slots.len();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!((slots.len(), asked), (13, 13));
    }
}
