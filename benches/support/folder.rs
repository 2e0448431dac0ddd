//! Folders of a benchmark, in the target's folder for temporary files: on a disk, not in memory.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An empty folder; it is removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, without what an earlier run may have left there.
    pub fn new(name: &str) -> Folder {
        let path = place(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the folder can be created");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where a folder of this name stands.
pub fn place(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("benches").join(name)
}

/// Reads all files of a folder, so that the system has them in memory: it may have let go of what nobody
/// read for a while, also where there is room.
pub fn warm(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            warm(&path);
        } else if let Ok(mut file) = File::open(path) {
            io::copy(&mut file, &mut io::sink()).expect("the file can be read");
        }
    }
}

/// What a folder takes on the disk, in bytes: blocks in use, not the lengths of sparse files.
pub fn bytes_on_disk(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_on_disk(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        // A file of the store that went away meanwhile.
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}
