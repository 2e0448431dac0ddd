//! A folder beside the log for what an audit folds, removed when the audit ends.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard::audit::AuditError;

use crate::host::folder;

/// What their names begin with.
const PREFIX: &str = "audit-scratch-";

/// A folder that is removed when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in a data folder that nobody else has open, where the disk has room for a log.
    ///
    /// # Errors
    ///
    /// When it could not be created.
    pub fn in_data(data: &Path) -> Result<Scratch, AuditError> {
        Scratch::sweep(data);
        Scratch::beside(data)
    }

    /// Makes one more beside others of this process.
    ///
    /// # Errors
    ///
    /// When it could not be created.
    pub fn beside(data: &Path) -> Result<Scratch, AuditError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = data.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let failed = |error| AuditError::Failed(format!("{}: {error}", path.display()));
        folder::create(&path).map_err(failed)?;
        Ok(Scratch(path))
    }

    /// Removes those that killed processes left, once nobody else can have the folder open.
    pub fn sweep(data: &Path) {
        for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                // What stays is no part of the log.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is no part of the log, and the name says whose it was.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
