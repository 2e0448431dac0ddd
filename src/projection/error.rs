//! What goes wrong with projections, and with a question to them.

use crate::disk::DiskError;
use crate::log::{Position, ReadError};

use super::ProjectionName;

/// Why the projections stopped. They are derived: opening them again, or folding them again from
/// the start, loses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// The folder of the tables could not be read or written. The tables are as of their last flush.
    #[error("the tables of the projections could not be used: {reason}")]
    Store {
        /// What failed.
        reason: String,
    },
    /// The log could not be read. The tables are as of the page before.
    #[error("the log could not be read after position {after}")]
    Log {
        /// The position that the read went on from.
        after: Position,
        /// What failed.
        source: ReadError,
    },
    /// The log gave an event out of its order. The tables are as of the page before.
    #[error("the log gave position {found} after position {after}")]
    Disorder {
        /// The position before.
        after: Position,
        /// The position that came.
        found: Position,
    },
    /// An event is of no kind or form that this version knows. No event of its page was folded.
    #[error("the event at position {position} cannot be decoded: {reason}")]
    Undecodable {
        /// The event's place.
        position: Position,
        /// What the codec said.
        reason: String,
    },
    /// An event contradicts those before it. No event of its page was folded.
    #[error("the event at position {position} does not fit projection {projection}: {reason}")]
    Illegal {
        /// Who noticed.
        projection: ProjectionName,
        /// The event's place.
        position: Position,
        /// What contradicts.
        reason: String,
    },
    /// Code of ours panicked. No event of its page was folded.
    #[error("folding panicked at position {position}: {reason}")]
    Panicked {
        /// The event that was being folded, or the last one folded before.
        position: Position,
        /// What the panic said.
        reason: String,
    },
    /// The projections were closed.
    #[error("the projections are closed")]
    Closed,
}

impl From<DiskError> for ProjectionError {
    fn from(error: DiskError) -> ProjectionError {
        ProjectionError::Store { reason: error.to_string() }
    }
}

/// Why a question was not answered. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The cursor is of another list.
    #[error("the cursor is of another list")]
    ForeignCursor,
    /// The list has too many parts, such as lines; ask for fewer.
    #[error("the list has more than {parts_max} parts")]
    TooWide {
        /// The bound.
        parts_max: usize,
    },
    /// The projections have stopped, or cannot be read.
    #[error(transparent)]
    Unavailable(#[from] ProjectionError),
}

impl From<DiskError> for QueryError {
    fn from(error: DiskError) -> QueryError {
        QueryError::Unavailable(error.into())
    }
}
