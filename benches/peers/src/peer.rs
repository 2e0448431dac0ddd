//! What a peer is: a store that sessions are created in. Must not know any of them.

use std::future::Future;
use std::path::PathBuf;

use uuid::Uuid;

use crate::load::Load;

/// A session to create. Its slot, the channel and the customer's account, is free.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    pub id: Uuid,
    /// The client that asks; its line is the client's number modulo the lines.
    pub client: usize,
    /// How many sessions the client created before.
    pub nth: usize,
    /// One number for each slot of the run.
    pub slot: usize,
}

impl NewSession {
    /// The session that a client asks for next.
    pub fn of(load: &Load, client: usize, nth: usize) -> NewSession {
        NewSession { id: Uuid::now_v7(), client, nth, slot: client * load.per_client_max() + nth }
    }

    /// The customer's account, as long as a telephone number.
    pub fn account(&self) -> String {
        format!("+7916{:07}", self.slot)
    }
}

/// The slot is taken by another open session; nothing was written.
#[derive(Debug)]
pub struct Taken;

/// How many bytes the events of one creation have: of the engine's own, measured when the run starts.
#[derive(Clone, Copy, Debug)]
pub struct Payload {
    /// The bodies of the three events, without any envelope.
    pub events: [usize; EVENTS],
}

/// Events of one creation: the slot is claimed, the session is created, an operator is assigned.
pub const EVENTS: usize = 3;

/// The names of these events.
pub const EVENT_NAMES: [&str; EVENTS] = ["SlotClaimed", "SessionCreated", "OperatorAssigned"];

impl Payload {
    /// Bytes of one creation.
    pub fn bytes(&self) -> usize {
        self.events.iter().sum()
    }

    /// Bodies of this size.
    pub fn bodies(&self) -> [Vec<u8>; EVENTS] {
        self.events.map(|bytes| vec![b'x'; bytes])
    }
}

/// Where a run of a peer keeps its data, and what it writes.
#[derive(Clone, Debug)]
pub struct Place {
    /// A folder that does not exist yet.
    pub folder: PathBuf,
    /// The folder of the PostgreSQL server's socket, where there is a server.
    pub postgres: Option<String>,
    pub payload: Payload,
}

/// The threads that a peer's clients run on; the peer's own come to them.
#[derive(Clone, Copy, Debug)]
pub enum Threads {
    One,
    PerCore,
}

/// A store that sessions are created in.
///
/// A failure other than [`Taken`] panics: a run that failed has no figure.
pub trait Peer: Send + Sync + Sized + 'static {
    /// The threads on which its clients were the fastest.
    const THREADS: Threads;

    /// Whether it refuses a second open session in a slot.
    const HOLDS_RULE: bool;

    /// Opens an empty store, with all that the clients of a load stand on.
    fn open(place: &Place, load: &Load) -> impl Future<Output = Self> + Send;

    /// Creates a session; durable before the answer, where the peer is durable at all.
    fn create(&self, session: NewSession) -> impl Future<Output = Result<(), Taken>> + Send;

    /// Ends the preparation: the clock starts after it.
    fn ready(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Events that what is derived from the log does not show yet.
    fn lag(&self) -> u64 {
        0
    }

    /// Waits until what is derived from the log shows everything.
    fn settle(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Closes the store and counts the sessions in what it left behind, each with all its events.
    fn close(self) -> impl Future<Output = usize> + Send;
}
