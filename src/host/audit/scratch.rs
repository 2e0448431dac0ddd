//! A folder beside the log for what an audit folds, removed when the audit ends.

use std::path::{Path, PathBuf};

use switchboard::audit::AuditError;

use crate::host::folder;

/// A folder that is removed when it is dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in a data folder, where the disk has room for a log and nobody else looks in.
    ///
    /// # Errors
    ///
    /// When it could not be created.
    pub fn in_data(data: &Path) -> Result<Scratch, AuditError> {
        let path = data.join(format!("audit-{}", std::process::id()));
        let failed = |error| AuditError::Failed(format!("{}: {error}", path.display()));
        // One of this name is of a process that was killed.
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => folder::create(&path).map_err(failed)?,
        }
        Ok(Scratch(path))
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
