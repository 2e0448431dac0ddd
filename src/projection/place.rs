//! Which of two folders beside a log holds its projections, so that they can be folded anew in the
//! other one while the first is read.
//!
//! ```text
//!   folder/views.current    the name of the one that counts; `views` without it
//!   folder/views/  folder/views.2/
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::disk::{DiskError, Folder};

const NAMES: [&str; 2] = ["views", "views.2"];
const CURRENT: &str = "views.current";

/// The folder that holds the projections of the log in `folder`.
#[must_use]
pub(crate) fn current(folder: &Path) -> PathBuf {
    folder.join(NAMES[number(folder)])
}

/// The other folder, emptied.
///
/// # Errors
///
/// When somebody has it open still, or it could not be removed.
pub(crate) fn other(folder: &Path) -> Result<PathBuf, DiskError> {
    let other = folder.join(NAMES[1 - number(folder)]);
    Folder::destroy(&other)?;
    Ok(other)
}

/// Makes the other folder the one that counts, durably.
///
/// # Errors
///
/// When that could not be written; the first one counts still.
pub(crate) fn turn(folder: &Path) -> io::Result<()> {
    let (name, fresh) = (NAMES[1 - number(folder)], folder.join("views.next"));
    let mut file = File::create(&fresh)?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(CURRENT))?;
    File::open(folder)?.sync_all()
}

/// Which folder counts. What cannot be read counts as nothing: projections are folded anew.
fn number(folder: &Path) -> usize {
    match fs::read_to_string(folder.join(CURRENT)) {
        Ok(name) if name == NAMES[1] => 1,
        Ok(_) | Err(_) => 0,
    }
}
