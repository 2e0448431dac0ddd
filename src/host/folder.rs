//! The data folder: customers' messages and tokens stand in it, and its owner alone looks in.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// The owner reads, writes and enters it, nobody else.
const MODE: u32 = 0o700;

/// Creates a folder and those above it, where there is none; one that is there stays as it is.
///
/// # Errors
///
/// When it could not be created.
pub fn create(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(MODE).create(path)
}
