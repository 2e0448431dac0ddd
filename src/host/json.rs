//! What goes over the wire: mirrors of the library's types, with their schemas.
//!
//! Ids are UUID texts, kinds their stable codes, times RFC 3339 with microseconds, positions numbers.
//! Must not know HTTP.

pub mod channel;
pub mod choice;
pub mod element;
pub mod event;
pub mod ids;
pub mod line;
pub mod message;
pub mod operator;
pub mod page;
pub mod past;
pub mod policy;
pub mod principal;
pub mod receipt;
pub mod session;
pub mod time;
pub mod token;
