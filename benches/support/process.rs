//! What a process takes: memory and processor time, as Linux tells it.

use std::fs;
use std::time::Duration;

/// Ticks of the processor's accounting in a second; Linux tells user space 100 on every architecture.
const TICKS_PER_SECOND: u64 = 100;

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
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells a process its times");
    let (_, fields) = stat.rsplit_once(')').expect("the program's name is in brackets");
    // utime and stime are fields 14 and 15; the first after the name is field 3.
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// Processor time of this thread so far.
pub fn thread_cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread its times");
    let nanos = stat.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is the time on a processor"))
}
