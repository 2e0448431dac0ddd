//! Switchboard: an event-sourced engine for operators' sessions with customers.

pub mod clock;
pub(crate) mod disk;
pub mod domain;
pub mod log;
pub mod request;
pub mod wire;
