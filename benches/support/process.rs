//! What a process takes: memory and processor time, as Linux tells it.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Resident memory of this process, in bytes.
pub fn resident_bytes() -> u64 {
    status_kb("VmRSS:") * 1024
}

/// The most resident memory that this process ever had, in bytes.
pub fn resident_bytes_max() -> u64 {
    status_kb("VmHWM:") * 1024
}

fn status_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells a process its status");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    kb.expect("the status has its memory")
}

/// Processor time of this process so far, in user and in kernel mode, of all threads.
pub fn cpu_time() -> Duration {
    clock(ClockId::ProcessCPUTime)
}

/// Processor time of this thread so far.
pub fn thread_cpu_time() -> Duration {
    clock(ClockId::ThreadCPUTime)
}

fn clock(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).expect("a process has run for no less than nothing")
}
