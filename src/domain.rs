//! The rules, pure: what may be commanded, what follows from it, and what the facts add up to.
//!
//! Depends on nothing of ours and on no runtime: no clock, no randomness, no storage, no codec.
//! What a rule needs from outside is handed in as a value.
//!
//! ```text
//!   decide(state, command, facts, now) -> Result<Vec<Fact>, Rejection>
//!   evolve(state, event)               -> Result<State, IllegalEvent>
//! ```

pub mod account;
pub mod channel;
pub mod command;
pub mod create;
pub mod element;
pub mod event;
pub mod id;
pub mod inbound;
pub mod initiated;
pub mod limits;
pub mod line;
pub mod name;
pub mod operator;
pub mod refused;
pub mod rejection;
pub mod route;
pub mod session;
pub mod slot;
pub mod time;
pub mod workspace;
