//! Who runs: each peer by its name, how durable it is, and what it does for a session.

use crate::load::{Load, Run, run};
use crate::peer::Place;
use crate::peers::bare_file::BareFile;
use crate::peers::cqrs_es::CqrsEs;
use crate::peers::no_log::SwitchboardNoLog;
use crate::peers::postgres::Postgres;
use crate::peers::sqlite::Sqlite;
use crate::peers::switchboard::Switchboard;
use crate::peers::tephra::Tephra;

/// A peer, as the run and the report know it.
pub struct Entry {
    pub name: &'static str,
    /// What is true of a session when its client has the answer.
    pub durability: &'static str,
    /// What it does for a session, and what it does not.
    pub does: &'static str,
    pub run: fn(&Place, Load) -> Run,
    /// One transaction for each session: a burst of it is short, or it runs for minutes.
    pub slow: bool,
    pub needs_server: bool,
    /// Whether it runs for a minute as well.
    pub sustained: bool,
}

/// Conditional appends with group commit: what ours is measured by.
pub const TEPHRA: &str = "tephra";

/// The limit of the disk.
pub const BARE_FILE: &str = "bare_file";

/// Ours.
pub const SWITCHBOARD: &str = "switchboard";

/// Ours without what a log costs.
pub const SWITCHBOARD_NO_LOG: &str = "switchboard_no_log";

pub const PEERS: [Entry; 7] = [
    Entry {
        name: TEPHRA,
        durability: "fdatasync before the answer, group commit",
        does: "one conditional append of three events; the slot is held; no rules, no projections",
        run: run::<Tephra>,
        slow: false,
        needs_server: false,
        sustained: true,
    },
    Entry {
        name: "cqrs_es",
        durability: "PostgreSQL, fsync and synchronous_commit on",
        does: "loads an aggregate, one command, three events in one transaction; the slot is NOT held",
        run: run::<CqrsEs>,
        slow: true,
        needs_server: true,
        sustained: false,
    },
    Entry {
        name: "postgres",
        durability: "PostgreSQL, fsync and synchronous_commit on",
        does: "a session and three events in one transaction; a partial unique index holds the slot",
        run: run::<Postgres>,
        slow: true,
        needs_server: true,
        sustained: false,
    },
    Entry {
        name: "sqlite",
        durability: "WAL with synchronous=FULL",
        does: "a session and three events in one transaction; a partial unique index holds the slot",
        run: run::<Sqlite>,
        slow: true,
        needs_server: false,
        sustained: false,
    },
    Entry {
        name: BARE_FILE,
        durability: "fdatasync before the answer, one writer's groups (a client alone syncs by itself)",
        does: "appends the bytes and nothing else; the slot is NOT held",
        run: run::<BareFile>,
        slow: false,
        needs_server: false,
        sustained: false,
    },
    Entry {
        name: SWITCHBOARD,
        durability: "fdatasync before the answer, group commit",
        does: "actors, all rules, three events, the slot is held, projections",
        run: run::<Switchboard>,
        slow: false,
        needs_server: false,
        sustained: true,
    },
    Entry {
        name: SWITCHBOARD_NO_LOG,
        durability: "none",
        does: "actors, all rules, the slot is held; versions are counted, events and projections dropped",
        run: run::<SwitchboardNoLog>,
        slow: false,
        needs_server: false,
        sustained: false,
    },
];
