//! The peers, each in a file of its own; none of them knows another.

pub mod bare_file;
pub mod cqrs_es;
pub mod no_log;
pub mod postgres;
pub mod server;
pub mod sqlite;
pub mod switchboard;
pub mod tephra;
