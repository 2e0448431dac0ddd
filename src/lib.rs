#![doc = include_str!("../README.md")]

pub(crate) mod actor;
pub mod audit;
pub mod clock;
pub mod directory;
pub(crate) mod disk;
pub mod domain;
pub mod engine;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod log;
pub mod projection;
pub mod request;
#[cfg(feature = "seeded-bugs")]
#[doc(hidden)]
pub mod seeded;
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) mod seeded;
pub(crate) mod store;
pub mod wire;

pub use actor::ActorOptions;
pub use engine::{Engine, EngineOptions};
pub use request::{Caller, CommandError, Outcome, Receipt};
