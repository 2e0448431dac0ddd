//! cqrs-es on PostgreSQL: an aggregate with one command and its three events.
//!
//! Its boundary is one aggregate, so that it cannot by itself hold the rule of one open session in a
//! slot: a second one is created. Whoever needs the rule adds a table beside it, and a transaction.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use postgres_es::{PostgresCqrs, postgres_cqrs};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::server;
use crate::load::Load;
use crate::peer::{EVENT_NAMES, EVENTS, NewSession, Peer, Place, Taken, Threads};

/// The table of events, as postgres-es has it in `db/init.sql`.
const SCHEMA: &str = "
    CREATE TABLE events (
        aggregate_type text                         NOT NULL,
        aggregate_id   text                         NOT NULL,
        sequence       bigint CHECK (sequence >= 0) NOT NULL,
        event_type     text                         NOT NULL,
        event_version  text                         NOT NULL,
        payload        json                         NOT NULL,
        metadata       json                         NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence)
    );";

/// What JSON adds to the body of an event: its name, quotes and braces.
const JSON_BYTES: usize = r#"{"SessionCreated":""}"#.len();

/// A session, as far as one command needs it.
#[derive(Default, Serialize, Deserialize)]
struct Session {
    exists: bool,
}

/// The one command: creates the session with the bodies of its events.
struct Create([String; EVENTS]);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    SlotClaimed(String),
    SessionCreated(String),
    OperatorAssigned(String),
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        let at = match self {
            Event::SlotClaimed(_) => 0,
            Event::SessionCreated(_) => 1,
            Event::OperatorAssigned(_) => 2,
        };
        EVENT_NAMES[at].to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

/// The session exists already.
#[derive(Debug)]
struct Exists;

impl std::fmt::Display for Exists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the session exists")
    }
}

impl std::error::Error for Exists {}

impl Aggregate for Session {
    const TYPE: &'static str = "session";
    type Command = Create;
    type Event = Event;
    type Error = Exists;
    type Services = ();

    async fn handle(
        &mut self,
        Create([claimed, created, assigned]): Create,
        _services: &(),
        sink: &EventSink<Session>,
    ) -> Result<(), Exists> {
        if self.exists {
            return Err(Exists);
        }
        sink.write(Event::SlotClaimed(claimed), self).await;
        sink.write(Event::SessionCreated(created), self).await;
        sink.write(Event::OperatorAssigned(assigned), self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::SessionCreated(_) => self.exists = true,
            Event::SlotClaimed(_) | Event::OperatorAssigned(_) => {}
        }
    }
}

pub struct CqrsEs {
    place: Place,
    pool: sqlx::PgPool,
    framework: PostgresCqrs<Session>,
    bodies: [String; EVENTS],
}

impl Peer for CqrsEs {
    const THREADS: Threads = Threads::One;
    const HOLDS_RULE: bool = false;

    async fn open(place: &Place, _load: &Load) -> CqrsEs {
        server::fresh_database(place, SCHEMA).await;
        let options = PgConnectOptions::new()
            .socket(server::socket(place))
            .username(server::USER)
            .database(server::DATABASE);
        let connections = server::CONNECTIONS as u32;
        // No question to the server before each use of a connection: the server is not going away.
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .expect("the server answers");
        let framework = postgres_cqrs(pool.clone(), Vec::new(), ());
        let bodies = place.payload.events.map(|bytes| "x".repeat(bytes.saturating_sub(JSON_BYTES)));
        CqrsEs { place: place.clone(), pool, framework, bodies }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        let create = Create(self.bodies.clone());
        let created = self.framework.execute(&session.id.to_string(), create).await;
        created.expect("the session is new");
        Ok(())
    }

    async fn close(self) -> usize {
        drop(self.framework);
        self.pool.close().await;
        let sessions = server::count(&self.place, "(SELECT DISTINCT aggregate_id FROM events) AS ids").await;
        let events = server::count(&self.place, "events").await;
        assert_eq!(events, sessions * EVENTS, "each session has all its events");
        server::remove_database(&self.place).await;
        sessions
    }
}
