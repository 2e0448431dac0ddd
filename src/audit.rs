//! Audit: the log proved, replayed and questioned.
//!
//! Knows `domain`, `wire`, the log with its frames, and folds of it in `store` and `projection`; must
//! not know actors, the engine or a host. Everything here reads, but for [`import`], which writes into a
//! folder that has no log yet, and [`rebuild()`], which writes what is derived. Nothing holds more of a log in memory than one bound says.
//!
//! ```text
//!   closed folder ─ Audit::open ─┐                      ┌─ verify, export     frames, one after the other
//!   running engine ─ audit() ────┴─▶ Audit ─▶ frames ───┤
//!                                      │                └─ import ─▶ a folder without a log
//!                                      └────▶ records ───── history, past, what_if
//! ```

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::domain::time::Timestamp;
use crate::log::embedded::{EmbeddedLog, EmbeddedOptions, OpenError, Verify};
use crate::log::frame::Hash;
use crate::log::{Log, Position, ReadError};
use crate::wire::WireError;

#[cfg(test)]
mod tests;

mod archive;
mod export;
mod history;
mod past;
mod streams;
mod verify;
mod views;
mod walk;
mod what_if;

pub use archive::{Archived, archive, import};
pub use export::{ExportedEvent, ExportedFrame, Exporting};
pub use history::{History, Names, Subject};
pub use past::{line_of, past, position_at};
pub use streams::{STATES_MAX, StreamsProof};
pub use verify::{Proof, verify};
pub use views::{ViewProof, following, prove_views, prove_views_beside, rebuild};
pub use what_if::{Difference, Policies, WhatIf, what_if};

/// The first bytes of a frame that is wrong, as many as a fault shows.
const FAULT_BYTES_MAX: usize = 64;

/// A log to audit: of a closed folder, or of an engine that goes on.
#[derive(Clone, Debug)]
pub struct Audit {
    log: Arc<EmbeddedLog>,
    /// The last position when the audit began; what is written meanwhile is another audit's.
    head: Position,
    /// Whether it was opened for the audit, and is closed with it.
    closes: bool,
}

/// A hash of the whole log up to a position, to be noted elsewhere and compared later.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// The position of the last event under the hash; zero is the log's header alone.
    pub position: Position,
    /// The BLAKE3 hash of the frame that ends there, which is chained to all before it.
    pub hash: Hash,
}

/// The first thing in a log that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands; zero is the log's header.
    pub position: Position,
    /// What does not fit.
    pub reason: String,
    /// The first bytes of the frame there, where they could be read.
    pub bytes: Vec<u8>,
}

/// Why an audit did not come to its end. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The log is not what was written.
    #[error("{0}")]
    Fault(Fault),
    /// A host has the folder open.
    #[error(
        "{} is open in a running host: stop the host first, or audit an archive of it, which the \
         host gives at /api/audit/archive", folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no log in the folder.
    #[error("{} has no log: name the data folder of a host", folder.display())]
    NoLog {
        /// The folder.
        folder: PathBuf,
    },
    /// What would be written exists already.
    #[error("{} exists already: name a place where nothing is", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// The archive is not one, or not a whole one.
    #[error("the archive is refused: {0}")]
    Archive(String),
    /// What was asked for is not in the log.
    #[error("{0}")]
    Asked(String),
    /// It was told to stop.
    #[error("stopped at position {at}: nothing was proved")]
    Stopped {
        /// How far it had come.
        at: Position,
    },
    /// A file, the store or the log's format.
    #[error("{0}")]
    Failed(String),
}

impl AuditError {
    /// Whether the log, or an archive of it, was found to be wrong, rather than not readable at all.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, AuditError::Fault(_) | AuditError::Archive(_))
    }

    fn io(path: &Path) -> impl Fn(io::Error) -> AuditError {
        move |error| AuditError::Failed(format!("{}: {error}", path.display()))
    }
}

/// Takes reports of progress, and says whether to go on.
pub type Report<'a> = &'a mut dyn FnMut(Progress) -> bool;

/// How far a long audit has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub work: &'static str,
    /// The position that was reached.
    pub at: Position,
    /// The position at which it ends.
    pub end: Position,
}

impl Audit {
    /// Opens the log of a folder that no host has open; blocks.
    ///
    /// What was written last is checked by it already, as when a host starts; nothing is created.
    ///
    /// # Errors
    ///
    /// `InUse`, `NoLog`, or the fault that was found.
    pub fn open(folder: &Path) -> Result<Audit, AuditError> {
        if !EmbeddedLog::exists(folder) {
            return Err(AuditError::NoLog { folder: folder.to_path_buf() });
        }
        let options = EmbeddedOptions { verify: Verify::Tail, ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(folder, options).map_err(|error| opening(folder, error))?;
        Ok(Audit { closes: true, ..Audit::of(log) })
    }

    /// Audits a log that is open, up to its present head; it stays open.
    pub(crate) fn of(log: Arc<EmbeddedLog>) -> Audit {
        let head = log.head();
        Audit { log, head, closes: false }
    }

    /// The log, for what reads records.
    #[must_use]
    pub fn log(&self) -> Arc<dyn Log> {
        Arc::<EmbeddedLog>::clone(&self.log)
    }

    /// The position at which this audit ends.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    /// The log's own id, and when it was created.
    ///
    /// # Errors
    ///
    /// `Fault` at position zero.
    pub fn identity(&self) -> Result<(Uuid, Timestamp), AuditError> {
        let header = self.log.raw_header()?;
        Ok((header.store_id, Timestamp(header.created_us)))
    }

    /// Lets go of the folder, whoever else still reads of it. A running engine's log stays open.
    pub async fn close(self) {
        if self.closes {
            self.log.close().await;
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "@{}", self.position)
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Head, String> {
        let wrong = || format!("{text:?} is no HASH@POSITION: 64 hexadecimal digits, @, and a number");
        let (hash, position) = text.split_once('@').ok_or_else(wrong)?;
        let position = Position(position.parse().map_err(|_| wrong())?);
        let hash = blake3::Hash::from_hex(hash).map_err(|_| wrong())?;
        Ok(Head { position, hash: hash.into() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}: {}", self.position, self.reason)?;
        if !self.bytes.is_empty() {
            f.write_str("; it begins with ")?;
            self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        }
        Ok(())
    }
}

impl Fault {
    fn at(position: Position, reason: impl fmt::Display) -> Fault {
        Fault { position, reason: reason.to_string(), bytes: Vec::new() }
    }

    fn showing(mut self, bytes: Option<&[u8]>) -> Fault {
        self.bytes = bytes.map_or_else(Vec::new, |bytes| bytes[..bytes.len().min(FAULT_BYTES_MAX)].to_vec());
        self
    }
}

impl From<Fault> for AuditError {
    fn from(fault: Fault) -> AuditError {
        AuditError::Fault(fault)
    }
}

impl From<ReadError> for AuditError {
    fn from(error: ReadError) -> AuditError {
        match error {
            ReadError::Damaged { position, reason } => Fault::at(position, reason).into(),
            ReadError::Unavailable { .. } => AuditError::Failed(error.to_string()),
        }
    }
}

impl From<WireError> for AuditError {
    fn from(error: WireError) -> AuditError {
        Fault::at(error.position.unwrap_or_default(), error.fault).into()
    }
}

fn opening(folder: &Path, error: OpenError) -> AuditError {
    match error {
        OpenError::InUse { .. } => AuditError::InUse { folder: folder.to_path_buf() },
        OpenError::Damaged { position, reason } => Fault::at(position, reason).into(),
        OpenError::Truncated { had, found } => {
            let reason = format!("the log ends at {found}, but it had position {had}: its end was lost");
            Fault::at(found.next(), reason).into()
        }
        OpenError::Format { .. } | OpenError::Failed { .. } => AuditError::Failed(error.to_string()),
    }
}
