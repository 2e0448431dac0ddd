//! Switchboard: an event-sourced engine for operators' sessions with customers.

pub(crate) mod disk;
pub mod domain;
pub mod log;
pub mod projection;
pub mod wire;
