//! The conditions of a run, told before any figure.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::peer::Payload;

#[path = "../../support/mount.rs"]
mod mount;

/// Appends timed to tell how fast the folder's disk is.
const SYNCS: usize = 200;

/// Prints what the figures stand on.
pub fn print(folder: &Path, payload: &Payload, server: Option<&str>) {
    fs::create_dir_all(folder).expect("the folder can be created");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("cores: {cores}{}", processor().map_or_else(String::new, |model| format!(" ({model})")));
    println!("file system: {}", mount::file_system(folder).unwrap_or_else(|| "unknown".to_owned()));
    let bytes = payload.bytes();
    println!("append of {bytes} bytes and fdatasync, median of {SYNCS}: {} µs", sync_us(folder, bytes));
    println!("postgresql: {}", server.unwrap_or("none"));
    println!(
        "payload: {bytes} bytes a creation, in events of {:?}: the bodies of the engine's own three events, \
         measured; each store adds its envelope or columns",
        payload.events
    );
    println!(
        "loop: closed; a latency is what a client waited from asking to its answer, and it asks again at \
         once, so that no waiting is left out"
    );
    println!("allocator: mimalloc");
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn sync_us(folder: &Path, bytes: usize) -> u128 {
    let path = folder.join("sync-latency");
    let mut file = File::create(&path).expect("a file can be created");
    let body = vec![0; bytes];
    let mut taken: Vec<u128> = (0..SYNCS)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&body).and_then(|()| file.sync_data()).expect("the file takes it");
            started.elapsed().as_micros()
        })
        .collect();
    fs::remove_file(&path).expect("the file can be removed");
    taken.sort_unstable();
    taken[SYNCS / 2]
}
