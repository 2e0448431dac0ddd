//! How much memory a process has, as Linux tells it.

// Each test binary uses its part of it.
#![allow(dead_code)]

use std::fs;

/// What a process has in memory now, in octets.
///
/// # Panics
///
/// When there is no such process.
pub fn resident(process: u32) -> u64 {
    told(process, "VmRSS:").expect("the system tells of processes")
}

/// The most that a process ever had in memory, in octets; nothing when it is gone.
pub fn most(process: u32) -> Option<u64> {
    told(process, "VmHWM:")
}

fn told(process: u32, what: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes << 10)
}
