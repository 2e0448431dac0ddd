//! Figures of a running engine, and how its answers are counted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::id::CommandId;
use crate::log::LogStats;
use crate::request::{CommandError, Receipt};

/// Figures of a running engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineStats {
    /// Of the log.
    pub log: LogStats,
    /// Sessions whose actor lives.
    pub sessions_active: usize,
    /// Lines whose actor lives.
    pub lines_active: usize,
    /// Commands under way.
    pub commands: usize,
    /// Commands answered with a receipt.
    pub accepted: u64,
    /// Commands that a rule refused.
    pub refused: u64,
    /// Commands that failed otherwise.
    pub failed: u64,
    /// Events that the projections have not folded yet.
    pub projection_lag: u64,
}

/// How many commands were answered, and how.
#[derive(Debug, Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    /// Counts and traces an answer; never with a text or an address.
    pub fn count(&self, id: CommandId, answer: &Result<Receipt, CommandError>) {
        let counter = match answer {
            Ok(receipt) => {
                tracing::debug!(command = %id, position = receipt.position.0, "accepted");
                &self.accepted
            }
            Err(error @ (CommandError::Rejected(_) | CommandError::CommandIdReused(_))) => {
                tracing::debug!(command = %id, code = error.code(), "refused");
                &self.refused
            }
            Err(error) => {
                tracing::warn!(command = %id, code = error.code(), "failed: {error}");
                &self.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, in a record whose other figures are still zero.
    pub fn stats(&self) -> EngineStats {
        EngineStats {
            accepted: self.accepted.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            ..EngineStats::default()
        }
    }
}
