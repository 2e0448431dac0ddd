//! SQLite in WAL with `synchronous=FULL`: one writer connection, one transaction for each session.
//!
//! FULL syncs the WAL at each commit. A transaction is never shared between sessions: the refusal of one
//! must not undo its neighbour's creation.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::load::Load;
use crate::peer::{EVENTS, NewSession, Peer, Place, Taken, Threads};

const CHANNEL: Uuid = Uuid::from_u128(1);

const SCHEMA: &str = "
    CREATE TABLE sessions (
        id BLOB PRIMARY KEY, channel BLOB NOT NULL, account TEXT NOT NULL, line INTEGER NOT NULL,
        open INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX one_open_session ON sessions (channel, account) WHERE open;
    CREATE TABLE events (
        position INTEGER PRIMARY KEY, session BLOB NOT NULL, kind INTEGER NOT NULL, body BLOB NOT NULL
    );";

type Request = (NewSession, oneshot::Sender<Result<(), Taken>>);

pub struct Sqlite {
    path: PathBuf,
    requests: Sender<Request>,
    writer: JoinHandle<()>,
}

impl Peer for Sqlite {
    const THREADS: Threads = Threads::One;
    const HOLDS_RULE: bool = true;

    async fn open(place: &Place, load: &Load) -> Sqlite {
        fs::create_dir_all(&place.folder).expect("the folder can be created");
        let path = place.folder.join("sessions.sqlite");
        let connection = Connection::open(&path).expect("the database opens");
        // Exclusive: the one connection needs no shared memory and no locks to be taken each time.
        for (name, value) in [("locking_mode", "EXCLUSIVE"), ("journal_mode", "WAL"), ("synchronous", "FULL")]
        {
            connection.pragma_update(None, name, value).expect("a pragma is set");
        }
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("read");
        assert_eq!(mode, "wal");
        connection.execute_batch(SCHEMA).expect("the schema is legal");
        let (requests, waiting) = channel();
        let (bodies, lines) = (place.payload.bodies(), load.lines);
        let writer = thread::spawn(move || write_each(connection, &bodies, lines, &waiting));
        Sqlite { path, requests, writer }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        let (answer, answered) = oneshot::channel();
        self.requests.send((session, answer)).expect("the writer lives");
        answered.await.expect("the writer answers")
    }

    async fn close(self) -> usize {
        drop(self.requests);
        self.writer.join().expect("the writer ended");
        let connection = Connection::open(&self.path).expect("the database opens again");
        let count = |table: &str| -> usize {
            let query = format!("SELECT count(*) FROM {table}");
            connection.query_row(&query, [], |row| row.get(0)).expect("the table is counted")
        };
        assert_eq!(count("events"), count("sessions") * EVENTS, "each session has all its events");
        count("sessions")
    }
}

/// Writes each session in a transaction of its own, until nobody can ask any more.
fn write_each(
    mut connection: Connection,
    bodies: &[Vec<u8>; EVENTS],
    lines: usize,
    waiting: &Receiver<Request>,
) {
    while let Ok((session, answer)) = waiting.recv() {
        answer.send(write(&mut connection, bodies, lines, session)).expect("the client waits");
    }
}

fn write(
    connection: &mut Connection,
    bodies: &[Vec<u8>; EVENTS],
    lines: usize,
    session: NewSession,
) -> Result<(), Taken> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(behavior).expect("a transaction begins");
    let insert = "INSERT INTO sessions (id, channel, account, line, open) VALUES (?1, ?2, ?3, ?4, 1)";
    let id = session.id.as_bytes();
    let line = session.client % lines;
    let inserted = transaction.prepare_cached(insert).expect("prepared").execute(params![
        id,
        CHANNEL.as_bytes(),
        session.account(),
        line,
    ]);
    match inserted {
        Ok(_) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => return Err(Taken),
        Err(error) => panic!("sqlite: {error}"),
    }
    let insert = "INSERT INTO events (session, kind, body) VALUES (?1, ?2, ?3)";
    for (kind, body) in bodies.iter().enumerate() {
        let mut statement = transaction.prepare_cached(insert).expect("prepared");
        statement.execute(params![id, kind, body]).expect("an event is written");
    }
    transaction.commit().expect("the transaction is durable");
    Ok(())
}
