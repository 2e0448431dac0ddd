//! Switchboard: an event-sourced engine for operators' sessions with customers.

pub mod domain;
pub mod log;
pub mod wire;
