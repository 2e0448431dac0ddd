//! Two processes: one has the log open and may be killed, the other one opens it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, OpenError, Verify};
use switchboard::log::{Log, Position};

use super::{all, append, folder, open, open_error};

const FOLDER: &str = "SWITCHBOARD_TEST_FOLDER";

/// How many positions are read from the other process before it is killed.
const ACKNOWLEDGED: usize = 200;

/// What the other process does: it appends and says each position, until it is killed. Run by
/// anybody else, with no folder named, it has nothing to do.
#[test]
#[ignore = "the other tests run it in a process of its own"]
fn appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let options = EmbeddedOptions { sealed_file_bytes: 8 << 10, ..EmbeddedOptions::default() };
    let log = EmbeddedLog::open(Path::new(&folder), options).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    loop {
        let appended = runtime.block_on(log.append(append("a", &[5; 300]))).expect("an append");
        let mut out = std::io::stdout();
        writeln!(out, "\nposition {}", appended.last).and_then(|()| out.flush()).expect("the pipe is open");
    }
}

fn other_process(folder: &Path) -> Child {
    Command::new(std::env::current_exe().expect("a test knows its own file"))
        .args(["--ignored", "--exact", "--nocapture", "process::appends_until_it_is_killed"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts")
}

/// Reads positions that the other process was told are durable.
fn positions(child: &mut Child, count: usize) -> Vec<u64> {
    let out = BufReader::new(child.stdout.take().expect("its output is piped"));
    let lines = out.lines().map(|line| line.expect("its output is text"));
    let numbers =
        lines.filter_map(|line| line.strip_prefix("position ").map(|n| n.parse().expect("a number")));
    numbers.take(count).collect()
}

#[tokio::test]
async fn a_log_that_another_process_has_open_is_refused_and_after_a_kill_it_has_all_that_was_acknowledged() {
    let folder = folder();
    for round in 0..3 {
        let mut child = other_process(folder.path());
        let acknowledged = positions(&mut child, ACKNOWLEDGED);
        if round == 0 {
            let in_use = OpenError::InUse { folder: folder.path().to_path_buf() };
            assert_eq!(open_error(folder.path(), Verify::All), in_use);
        }
        child.kill().expect("the process is killed");
        child.wait().expect("the process has ended");
        let log = open(folder.path());
        let last = acknowledged.last().copied().expect("something was acknowledged");
        assert_eq!(acknowledged.len(), ACKNOWLEDGED);
        assert!(log.head() >= Position(last), "{} was acknowledged, the head is {}", last, log.head());
        assert_eq!(all(&log).await.len() as u64, log.head().0);
        log.close().await;
    }
}
