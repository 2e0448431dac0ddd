//! Where a folder is; the crate of the peers includes this file.

use std::fs;
use std::path::Path;

/// The type of the file system that a folder is on: the longest mount point that leads to it.
pub fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let leading = mounted.filter(|(point, _)| folder.starts_with(point));
    leading.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}
