//! PostgreSQL by hand: a session and its events in one statement, which is one transaction.
//!
//! The rule is a partial unique index. One statement instead of BEGIN, two INSERTs and COMMIT spares
//! three ways to the server and back.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::server;
use crate::load::Load;
use crate::peer::{EVENTS, NewSession, Peer, Place, Taken, Threads};

const CHANNEL: Uuid = Uuid::from_u128(1);

const SCHEMA: &str = "
    CREATE TABLE sessions (
        id uuid PRIMARY KEY, channel uuid NOT NULL, account text NOT NULL, line integer NOT NULL,
        open boolean NOT NULL
    );
    CREATE UNIQUE INDEX one_open_session ON sessions (channel, account) WHERE open;
    CREATE TABLE events (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session uuid NOT NULL,
        kind integer NOT NULL, body bytea NOT NULL
    );";

const INSERT: &str = "
    WITH session AS (
        INSERT INTO sessions (id, channel, account, line, open) VALUES ($1, $2, $3, $4, true)
    )
    INSERT INTO events (session, kind, body) VALUES ($1, 0, $5), ($1, 1, $6), ($1, 2, $7)";

pub struct Postgres {
    place: Place,
    pool: Pool,
    lines: usize,
    bodies: [Vec<u8>; EVENTS],
}

impl Peer for Postgres {
    const THREADS: Threads = Threads::One;
    const HOLDS_RULE: bool = true;

    async fn open(place: &Place, load: &Load) -> Postgres {
        server::fresh_database(place, SCHEMA).await;
        let manager = Manager::from_config(
            server::config(place, server::DATABASE),
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager).max_size(server::CONNECTIONS).build().expect("a legal pool");
        Postgres { place: place.clone(), pool, lines: load.lines, bodies: place.payload.bodies() }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        let client = self.pool.get().await.expect("the pool has connections");
        let insert = client.prepare_cached(INSERT).await.expect("the statement is legal");
        let (account, line) = (session.account(), (session.client % self.lines) as i32);
        let [claimed, created, assigned] = &self.bodies;
        let inserted = client
            .execute(&insert, &[&session.id, &CHANNEL, &account, &line, claimed, created, assigned])
            .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Err(Taken),
            Err(error) => panic!("postgres: {error}"),
        }
    }

    /// Opens every connection of the pool, and prepares the statement on it.
    async fn ready(&self) {
        let mut clients = Vec::new();
        for _ in 0..server::CONNECTIONS {
            let client = self.pool.get().await.expect("the server has connections");
            client.prepare_cached(INSERT).await.expect("the statement is legal");
            clients.push(client);
        }
    }

    async fn close(self) -> usize {
        self.pool.close();
        let sessions = server::count(&self.place, "sessions WHERE open").await;
        let events = server::count(&self.place, "events").await;
        assert_eq!(events, sessions * EVENTS, "each session has all its events");
        server::remove_database(&self.place).await;
        sessions
    }
}
