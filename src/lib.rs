#![doc = include_str!("../README.md")]

pub(crate) mod actor;
pub mod clock;
pub mod directory;
pub(crate) mod disk;
pub mod domain;
pub mod engine;
pub mod log;
pub mod projection;
pub mod request;
pub(crate) mod seeded;
pub(crate) mod store;
pub mod wire;

pub use actor::ActorOptions;
pub use engine::{Engine, EngineOptions};
pub use request::{Caller, CommandError, Outcome, Receipt};
