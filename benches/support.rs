//! What benchmarks share: their arguments, and the conditions that they print.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Syncs timed to tell how fast the folder's disk is.
const SYNCS: usize = 200;

/// The number after a flag on the command line.
pub fn argument(flag: &str) -> Option<usize> {
    let arguments: Vec<String> = std::env::args().collect();
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1)?.parse().ok()
}

/// Prints cores, file system and the latency of a sync in the folder.
pub fn print_conditions(folder: &Path) {
    fs::create_dir_all(folder).expect("the folder can be created");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("cores: {cores}");
    println!("file system: {}", file_system(folder).unwrap_or_else(|| "unknown".to_owned()));
    println!("append of 512 bytes and fdatasync, median of {SYNCS}: {} µs", sync_latency_us(folder));
}

/// The type of the file system that a folder is on: the longest mount point that leads to it.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let leading = mounted.filter(|(point, _)| folder.starts_with(point));
    leading.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_owned())
}

fn sync_latency_us(folder: &Path) -> u128 {
    let path = folder.join("sync-latency");
    let mut file = File::create(&path).expect("a file can be created");
    let mut taken: Vec<u128> = (0..SYNCS)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&[0; 512]).expect("the file can be written");
            file.sync_data().expect("the file can be synced");
            started.elapsed().as_micros()
        })
        .collect();
    fs::remove_file(&path).expect("the file can be removed");
    taken.sort_unstable();
    taken[SYNCS / 2]
}
