//! What only a log on disk can do: be opened again, be damaged, be full, be held by another.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Faults, OpenError, Verify};
use switchboard::log::{Append, AppendError, Entry, Log, Position, Record, Stamp, StreamName, Version};
use tempfile::TempDir;
use uuid::Uuid;

use faults::{FailAt, POINTS, Point};

#[path = "log_embedded/damage.rs"]
mod damage;
#[path = "support/faults.rs"]
mod faults;
#[path = "log_embedded/process.rs"]
mod process;
#[path = "log_embedded/sealed.rs"]
mod sealed;
#[path = "log_embedded/sealed_syncs.rs"]
mod sealed_syncs;
#[path = "log_embedded/stages.rs"]
mod stages;

const VERIFY: [Verify; 3] = [Verify::All, Verify::Recent, Verify::Tail];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

fn open(folder: &Path) -> Arc<EmbeddedLog> {
    EmbeddedLog::open(folder, EmbeddedOptions::default()).expect("it opens")
}

fn open_error(folder: &Path, verify: Verify) -> OpenError {
    let options = EmbeddedOptions { verify, ..EmbeddedOptions::default() };
    EmbeddedLog::open(folder, options).expect_err("it must not open")
}

fn name(text: &str) -> StreamName {
    StreamName::new(text.as_bytes())
}

fn append(stream: &str, payload: &[u8]) -> Append {
    let command = Uuid::from_u128(1);
    let principal = b"operator 7".to_vec().into();
    let stamp = Stamp {
        time_us: 1,
        command,
        digest: 2,
        correlation: command,
        causation: command,
        principal,
        policy_revision: 0,
    };
    let entry =
        Entry { stream: name(stream), kind: 1, schema: 1, codec: 1, payload: payload.to_vec().into() };
    Append { entries: vec![entry], expects: vec![], stamp }
}

/// Appends events one after the other, so that each has a frame of its own.
async fn fill(log: &EmbeddedLog, count: usize) {
    for number in 0..count {
        let stream = format!("stream {}", number % 3);
        log.append(append(&stream, &[number as u8; 50])).await.expect("an append");
    }
}

async fn all(log: &EmbeddedLog) -> Vec<Record> {
    log.read_all(Position::START, usize::MAX).await.expect("the log is read")
}

async fn streams(log: &EmbeddedLog) -> Vec<Vec<Record>> {
    let mut streams = Vec::new();
    for stream in ["stream 0", "stream 1", "stream 2", "large"] {
        let read = log.read_stream(&name(stream), Version::ABSENT, usize::MAX).await;
        streams.push(read.expect("a stream is read"));
    }
    streams
}

fn blobs(folder: &Path) -> usize {
    entries(&folder.join("log").join("blobs"))
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("sled makes this folder").count()
}

#[tokio::test]
async fn a_log_opened_again_has_what_it_had_and_goes_on() {
    let folder = folder();
    let log = open(folder.path());
    fill(&log, 100).await;
    let before = (all(&log).await, streams(&log).await);
    log.close().await;
    for verify in VERIFY {
        let options = EmbeddedOptions { verify, ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(folder.path(), options).expect("it opens again");
        assert_eq!(log.head(), Position(100));
        assert!((all(&log).await, streams(&log).await) == before);
        log.close().await;
    }
    let log = open(folder.path());
    let appended = log.append(append("stream 0", b"more")).await.expect("it goes on");
    assert_eq!(appended.last, Position(101));
    let last = all(&log).await.pop().expect("there is a last record");
    assert_eq!((last.version, last.previous), (Version(35), Version(34)));
}

#[tokio::test]
async fn a_log_that_is_only_dropped_is_opened_again_at_once() {
    let folder = folder();
    for round in 1..=5 {
        let log = open(folder.path());
        assert_eq!(log.append(append("a", b"x")).await.map(|a| a.last), Ok(Position(round)));
    }
}

#[tokio::test]
async fn a_second_opener_is_told_the_folder_and_what_to_do() {
    let folder = folder();
    let log = open(folder.path());
    for verify in VERIFY {
        let error = open_error(folder.path(), verify);
        assert_eq!(error, OpenError::InUse { folder: folder.path().to_path_buf() });
        let text = error.to_string();
        assert!(text.contains(&*folder.path().to_string_lossy()) && text.contains("close"), "{text}");
    }
    log.append(append("a", b"x")).await.expect("the first opener is not disturbed");
}

#[tokio::test]
async fn an_index_that_is_gone_is_built_again() {
    let folder = folder();
    let log = open(folder.path());
    fill(&log, 300).await;
    log.append(append("large", &[7; 100_000])).await.expect("a large event");
    let before = streams(&log).await;
    log.close().await;
    std::fs::remove_dir_all(folder.path().join("index")).expect("the index is deleted");
    let log = open(folder.path());
    assert!(streams(&log).await == before);
    let stale = Append {
        expects: vec![(name("stream 0"), switchboard::log::Expected::Exactly(Version(99)))],
        ..append("stream 0", b"x")
    };
    let found =
        AppendError::Conflict { stream: name("stream 0"), expected: Version(99), found: Version(100) };
    assert_eq!(log.append(stale).await, Err(found));
}

#[tokio::test]
async fn an_index_of_another_log_is_not_believed() {
    let (one, other) = (folder(), folder());
    for (folder, count) in [(&one, 9), (&other, 30)] {
        let log = open(folder.path());
        fill(&log, count).await;
        log.close().await;
    }
    std::fs::remove_dir_all(one.path().join("index")).expect("the index is deleted");
    std::fs::rename(other.path().join("index"), one.path().join("index")).expect("another takes its place");
    let log = open(one.path());
    assert_eq!(log.head(), Position(9));
    assert_eq!(streams(&log).await.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_of_any_size_goes_to_a_file_that_nobody_syncs() {
    let folder = folder();
    let log = open(folder.path());
    for size in [100, 6_000, 6_200, 20_000, 131_072, 1 << 20, 4 << 20] {
        log.append(append("large", &vec![3; size])).await.expect("a large event");
    }
    let mut answers = Vec::new();
    for number in 0..10_000u32 {
        let stream = format!("stream {}", number % 1_000);
        answers.push(log.append(append(&stream, &[1; 160])));
    }
    for answer in answers {
        answer.await.expect("an append");
    }
    assert_eq!(blobs(folder.path()), 0);
    log.close().await;
    assert_eq!(blobs(folder.path()), 0);
    let log = open(folder.path());
    assert_eq!(log.head(), Position(10_007));
    assert_eq!(blobs(folder.path()), 0);
}

#[tokio::test]
async fn a_full_queue_is_said_and_nothing_is_written() {
    let folder = folder();
    let gate = Arc::new(Gate::default());
    let options = EmbeddedOptions {
        queue_appends_max: 2,
        faults: Some(Arc::clone(&gate) as Arc<dyn Faults>),
        ..EmbeddedOptions::default()
    };
    let log = EmbeddedLog::open(folder.path(), options).expect("it opens");
    let held = gate.0.lock().expect("nobody panicked");
    let mut waiting = Vec::new();
    // One group is with the writer at most, two wait in the queue: the rest finds it full.
    let busy = loop {
        let mut answer = log.append(append("a", b"x"));
        match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => break answer,
            Poll::Pending => waiting.push(answer),
        }
        assert!(waiting.len() < 100, "the queue never fills");
    };
    assert_eq!(busy, Err(AppendError::Busy { queue_max: 2 }));
    drop(held);
    let accepted = waiting.len() as u64;
    for answer in waiting {
        answer.await.expect("what was accepted is written");
    }
    assert_eq!(log.head(), Position(accepted));
}

/// Holds the writer while a test holds the lock.
#[derive(Default)]
struct Gate(std::sync::Mutex<()>);

impl Faults for Gate {
    fn before_write(&self) -> io::Result<()> {
        drop(self.0.lock());
        Ok(())
    }
}

#[tokio::test]
async fn after_a_failure_everything_is_refused_until_the_log_is_opened_again() {
    for point in POINTS {
        let folder = folder();
        let faults = Arc::new(FailAt::after(3, point));
        let options = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(folder.path(), options).expect("it opens");
        fill(&log, 3).await;
        let failed = log.append(append("stream 0", b"fails")).await;
        assert!(matches!(failed, Err(AppendError::Unknown { .. })), "{point:?}: {failed:?}");
        assert_eq!(log.head(), Position(3), "{point:?}");
        assert!(log.poisoned().is_some(), "{point:?}");
        assert_eq!(all(&log).await.len(), 3, "{point:?}: nothing is seen that is not durable");
        let refused = log.append(append("stream 0", b"x")).await;
        let Err(AppendError::Unavailable { reason }) = refused else { panic!("{point:?}: {refused:?}") };
        assert!(reason.contains("open it again"), "{reason}");
        assert_eq!(log.poisoned(), Some(reason));
        log.close().await;
        let log = open(folder.path());
        assert_eq!(log.head(), Position(if point.leaves_it() { 4 } else { 3 }), "{point:?}");
        log.append(append("stream 0", b"x")).await.expect("opened again it goes on");
    }
}

/// A thread that panics lets go of what it holds, the answer too, before anybody can catch it.
#[test]
fn whoever_hears_that_the_writer_panicked_finds_that_the_log_takes_no_more() {
    for _ in 0..50 {
        let folder = folder();
        let faults = Arc::new(FailAt::after(0, Point::Panic));
        let options = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
        let log = EmbeddedLog::open(folder.path(), options).expect("it opens");
        let mut answer = log.append(append("a", b"x"));
        // Asked without a pause, so that nothing happens between the answer and the question.
        let answered = loop {
            if let Poll::Ready(answered) = answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                break answered;
            }
        };
        assert!(log.poisoned().is_some(), "{answered:?}");
        assert!(matches!(answered, Err(AppendError::Unknown { .. })), "{answered:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_named_in_the_answer() {
    let folder = folder();
    let faults = Arc::new(FailAt::after(0, Point::BeforeWrite));
    let options = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
    let log = EmbeddedLog::open(folder.path(), options).expect("it opens");
    let full = io::Error::from(io::ErrorKind::StorageFull).to_string();
    assert_eq!(log.append(append("a", b"x")).await, Err(AppendError::Unknown { reason: full }));
}
