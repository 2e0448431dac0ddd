//! The yardstick of one durable write: an append to a bare file and `fdatasync`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A bare file; it is removed when dropped.
pub struct BareFile {
    file: File,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl BareFile {
    /// Creates the file in a folder.
    pub fn create(folder: &Path) -> BareFile {
        let path = folder.join("bare-file");
        let options = OpenOptions::new().create(true).append(true).clone();
        let file = options.open(&path).expect("a file can be created");
        BareFile { file, path, bytes: Vec::new() }
    }

    /// Appends so many bytes, syncs, and tells how long it took.
    pub fn append(&mut self, bytes: usize) -> Duration {
        self.bytes.resize(bytes, 0x5a);
        let started = Instant::now();
        self.file.write_all(&self.bytes).expect("the file can be written");
        self.file.sync_data().expect("the file can be synced");
        started.elapsed()
    }
}

impl Drop for BareFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
