//! A part of a benchmark in a process of its own: for memory that nothing before it has touched.

use std::fs::File;
use std::io;
use std::process::Command;

use serde_json::Value;

use super::arguments;

/// The part that this process is, when it is one.
pub fn part() -> Option<String> {
    arguments::text("--part")
}

/// Runs a part and gives the line of JSON that it ends with.
pub fn run(part: &str, arguments: &[&str]) -> Value {
    let program = std::env::current_exe().expect("the program knows where it is");
    let output = Command::new(program).args(["--part", part]).args(arguments).output();
    let output = output.expect("the program starts again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    told.unwrap_or_else(|| panic!("part {part} failed: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A number of what a part told.
pub fn number(told: &Value, field: &str) -> f64 {
    told[field].as_f64().unwrap_or_else(|| panic!("a part tells {field}: {told}"))
}

/// Reads the program itself, so that a cold page cache is cold for the store alone.
pub fn read_program() {
    let program = std::env::current_exe().and_then(File::open);
    let read = program.and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    assert!(read.is_ok_and(|bytes| bytes > 0), "the program can be read");
}

/// Empties the page cache where this process may, and tells whether it did.
pub fn drop_page_cache() -> bool {
    let synced = Command::new("sync").status().is_ok_and(|status| status.success());
    synced && std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}
