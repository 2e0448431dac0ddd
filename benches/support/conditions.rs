//! The conditions of a run: what a figure means nothing without.

use std::fs;

use super::bare::BareFile;
use super::figure::Figure;
use super::folder::Folder;
use super::{arguments, latency, mount};

/// Syncs timed to tell how fast the folder's disk is.
const SYNCS: usize = 200;

/// Bytes of each.
const SYNC_BYTES: usize = 512;

/// Prints cores, memory, file system, the latency of a sync in the folder, durability and payload.
pub fn print(benchmark: &'static str, payload: &str) {
    let folder = Folder::new("conditions");
    let mut file = BareFile::create(folder.path());
    let syncs: Vec<_> = (0..SYNCS).map(|_| latency::micros(file.append(SYNC_BYTES))).collect();
    let syncs = latency::histogram(&syncs);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kind = mount::file_system(folder.path()).unwrap_or_else(|| "unknown".to_owned());
    println!("# {benchmark}");
    println!("cores: {cores}; memory: {} MB; file system: {kind}", memory_mb().unwrap_or(0));
    println!("payload: {payload}");
    println!("durability: fdatasync before the answer, unless a figure says otherwise");
    Figure::new("conditions")
        .with("benchmark", benchmark)
        .with("cores", cores)
        .with("memory_mb", memory_mb())
        .with("file_system", kind)
        .with("payload", payload)
        .with("durability", "fdatasync before the answer")
        .with("quick", arguments::quick())
        .value(syncs.value_at_quantile(0.5) as f64, "µs per append of 512 bytes and fdatasync")
        .latencies(&syncs)
        .print();
}

fn memory_mb() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1024)
}
