//! The ways to run the benchmark.

use std::time::Duration;

use crate::support::arguments;

/// Creations of a burst.
const SESSIONS: usize = 200_000;

/// Creations of a burst of the single client: it waits for a sync each time.
const SESSIONS_ALONE_MAX: usize = 5_000;

/// Creations per second that contacts are made for in a sustained run: above any rate seen.
const SUSTAINED_PER_SECOND_MAX: usize = 250_000;

/// Creations offered per second, unless `--rate` says otherwise.
const RATE: usize = 10_000;

/// The same of a quick run.
const RATE_QUICK: usize = 500;

/// How long a rate is offered, in seconds; a quick run takes a fifth.
const OFFERED_SECONDS: u64 = 10;

/// How long a client goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Until so many sessions are created by all clients.
    Burst(usize),
    /// For so long.
    Sustained(Duration),
    /// So many a second for so long, whether or not the last answer came.
    Offered(usize, Duration),
}

/// Which contacts sessions are created with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Contacts {
    /// Each once.
    Once,
    /// Each once by every line.
    Shared,
}

/// One way to run the benchmark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    pub clients: usize,
    pub lines: usize,
    pub contacts: Contacts,
    pub amount: Amount,
    pub durable: bool,
}

impl Load {
    /// The load in words, as `--only` finds it.
    pub fn label(&self) -> String {
        let Load { clients, lines, .. } = self;
        let amount = match self.amount {
            Amount::Burst(_) => "burst",
            Amount::Sustained(_) => "sustained",
            Amount::Offered(..) => "offered",
        };
        let log = if self.durable { "disk" } else { "memory" };
        format!("{amount} clients={clients} lines={lines} contacts={} log={log}", self.contacts.as_str())
    }

    /// Whether another load differs by its log alone.
    pub fn is_twin_of(&self, other: &Load) -> bool {
        *self == Load { durable: self.durable, ..*other }
    }

    /// The most sessions that one client creates.
    pub fn per_client(&self) -> usize {
        match self.amount {
            Amount::Burst(sessions) => (sessions / self.clients).max(1),
            Amount::Sustained(time) => {
                (SUSTAINED_PER_SECOND_MAX as f64 * time.as_secs_f64()) as usize / self.clients
            }
            Amount::Offered(rate, time) => (rate as f64 * time.as_secs_f64()) as usize,
        }
    }

    /// How many contacts that takes.
    pub fn contacts_needed(&self) -> usize {
        let lines = if self.contacts == Contacts::Once { 1 } else { self.lines };
        let groups = self.clients.div_ceil(lines);
        if self.clients < lines {
            self.per_client().div_ceil(lines) + self.clients
        } else {
            groups * self.per_client()
        }
    }

    /// The line and the contact of a client's session: no line has a contact twice.
    pub fn place(&self, client: usize, number: usize) -> (usize, usize) {
        let sequence = client * self.per_client() + number;
        let line = if self.clients < self.lines { sequence % self.lines } else { client % self.lines };
        let contact = match self.contacts {
            Contacts::Once => sequence,
            Contacts::Shared if self.clients < self.lines => sequence / self.lines,
            Contacts::Shared => client / self.lines * self.per_client() + number,
        };
        (line, contact)
    }
}

impl Contacts {
    /// The word of a figure's parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Contacts::Once => "once",
            Contacts::Shared => "shared",
        }
    }
}

/// All loads; those that differ by their log alone stand next to each other.
pub fn all() -> Vec<Load> {
    let sessions = arguments::size("--sessions", 2_000, SESSIONS);
    let mut loads = Vec::new();
    for clients in [1, 64, 1024] {
        for (lines, contacts) in [(1, Contacts::Once), (64, Contacts::Once), (64, Contacts::Shared)] {
            for durable in [false, true] {
                let count =
                    if clients == 1 { (sessions / 10).clamp(1, SESSIONS_ALONE_MAX) } else { sessions };
                loads.push(Load { clients, lines, contacts, amount: Amount::Burst(count), durable });
            }
        }
    }
    let time = Duration::from_secs(arguments::size("--sustained", 2, 60) as u64);
    for clients in [64, 1024] {
        let (lines, contacts, amount) = (64, Contacts::Shared, Amount::Sustained(time));
        loads.push(Load { clients, lines, contacts, amount, durable: true });
    }
    let time = Duration::from_secs(if arguments::quick() { OFFERED_SECONDS / 5 } else { OFFERED_SECONDS });
    let amount = Amount::Offered(arguments::size("--rate", RATE_QUICK, RATE), time);
    loads.push(Load { clients: 1, lines: 64, contacts: Contacts::Once, amount, durable: true });
    loads
}
