//! Switchboard: an event-sourced engine for operators' sessions with customers.

pub(crate) mod actor;
pub mod clock;
pub mod directory;
pub(crate) mod disk;
pub mod domain;
pub mod log;
pub mod request;
pub(crate) mod store;
pub mod wire;
