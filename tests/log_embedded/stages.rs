//! Two groups in flight: one is written while the next is checked on top of it, and any step of the
//! first may fail.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Faults, Verify};
use switchboard::log::{Append, AppendError, Expected, Log, Position, StreamName, Version};

use super::{all, append, folder, name, open};

/// The step that fails: its kind, and how many of its kind succeed before.
#[derive(Clone, Copy, Debug)]
struct Plan {
    point: Step,
    after: u64,
    /// How long each sync takes, so that a group is filled behind it.
    sync_us: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Write,
    Written,
    Sync,
    Panic,
    None,
}

struct Failing {
    plan: Plan,
    seen: AtomicU64,
}

impl Failing {
    fn at(&self, step: Step) -> io::Result<()> {
        if step == self.plan.point && self.seen.fetch_add(1, Ordering::SeqCst) == self.plan.after {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl Faults for Failing {
    fn before_write(&self) -> io::Result<()> {
        self.at(Step::Panic).expect("a seeded panic of the writer");
        self.at(Step::Write)
    }

    fn after_write(&self) -> io::Result<()> {
        self.at(Step::Written)
    }

    fn before_sync(&self) -> io::Result<()> {
        std::thread::sleep(Duration::from_micros(self.plan.sync_us));
        self.at(Step::Sync)
    }
}

/// How many streams the clients write, and how many clients race on each.
const STREAMS: usize = 3;
const CLIENTS: usize = 24;
const APPENDS: u64 = 12;

/// What a client was told: which marks were acknowledged, which are in doubt, which were refused.
#[derive(Default)]
struct Told {
    stored: Vec<(Position, u64)>,
    doubtful: Vec<u64>,
    refused: Vec<u64>,
}

/// Two events with one mark, on the stream at the version that was last heard of.
fn marked(stream: &StreamName, version: Version, mark: u64) -> Append {
    let one = append("all", &mark.to_be_bytes());
    let mut entries = one.entries.clone();
    entries[0].stream = stream.clone();
    entries.push(switchboard::log::Entry { stream: name("all"), ..entries[0].clone() });
    Append { entries, expects: vec![(stream.clone(), Expected::Exactly(version))], ..one }
}

async fn client(log: Arc<EmbeddedLog>, number: usize) -> Told {
    let stream = name(&format!("stream {}", number % STREAMS));
    let (mut told, mut version) = (Told::default(), Version::ABSENT);
    for at in 0..APPENDS {
        let mark = number as u64 * APPENDS + at;
        loop {
            match log.append(marked(&stream, version, mark)).await {
                Ok(appended) => {
                    assert!(log.head() >= appended.last, "the head moves before the answer");
                    told.stored.push((appended.first, mark));
                    version = version.next();
                    break;
                }
                Err(AppendError::Conflict { found, .. }) => version = found,
                Err(AppendError::Unknown { .. }) => {
                    told.doubtful.push(mark);
                    break;
                }
                Err(AppendError::Unavailable { .. }) => {
                    told.refused.push(mark);
                    break;
                }
                Err(other) => panic!("client {number} was told {other}"),
            }
        }
    }
    told
}

/// What of each mark is in a log, by the position of its first event.
fn marks(records: &[switchboard::log::Record]) -> Vec<(Position, u64)> {
    assert!(records.len().is_multiple_of(2), "appends are there wholly or not at all");
    let pairs = records.chunks(2).map(|pair| {
        assert_eq!(pair[0].entry.payload, pair[1].entry.payload, "the events of an append stand together");
        let mark = <[u8; 8]>::try_from(&*pair[0].entry.payload).expect("a mark has eight bytes");
        (pair[0].position, u64::from_be_bytes(mark))
    });
    pairs.collect()
}

async fn run(plan: Plan) {
    let folder = folder();
    let faults: Arc<dyn Faults> = Arc::new(Failing { plan, seen: AtomicU64::new(0) });
    let options = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
    let log = EmbeddedLog::open(folder.path(), options).expect("it opens");
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&log), number))).collect();
    let mut told = Told::default();
    for client in clients {
        let one = client.await.expect("a client does not panic");
        told.stored.extend(one.stored);
        told.doubtful.extend(one.doubtful);
        told.refused.extend(one.refused);
    }
    let seen = marks(&all(&log).await);
    told.stored.sort_unstable();
    let mut before = seen.clone();
    before.sort_unstable();
    assert_eq!(before, told.stored, "readers see what was acknowledged, and nothing else");
    assert_eq!(log.head().0, 2 * seen.len() as u64);
    assert_eq!(log.poisoned().is_some(), !told.refused.is_empty() || !told.doubtful.is_empty());
    log.close().await;
    drop(log);

    let options = EmbeddedOptions { verify: Verify::All, ..EmbeddedOptions::default() };
    let log = EmbeddedLog::open(folder.path(), options).expect("it opens again");
    let there = marks(&all(&log).await);
    assert!(there.starts_with(&seen), "what was acknowledged is where it was");
    for (_, mark) in &there[seen.len()..] {
        assert!(told.doubtful.contains(mark), "{mark} was not acknowledged, nor said to be in doubt");
    }
    for mark in &told.refused {
        assert!(there.iter().all(|(_, there)| there != mark), "{mark} was said not to be stored");
    }
    log.close().await;
    drop(log);
    open(folder.path()).append(append("stream 0", b"more")).await.expect("it goes on");
}

#[test]
fn whatever_fails_with_two_groups_in_flight_the_answers_are_true() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build();
    let runtime = runtime.expect("a runtime");
    let step = prop_oneof![
        2 => Just(Step::Write),
        2 => Just(Step::Written),
        3 => Just(Step::Sync),
        2 => Just(Step::Panic),
        1 => Just(Step::None),
    ];
    let plans =
        (step, 0u64..40, 0u64..1_500).prop_map(|(point, after, sync_us)| Plan { point, after, sync_us });
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let result = runner.run(&plans, |plan| {
        runtime.block_on(run(plan));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Holds each write until it is let through.
#[derive(Default)]
struct Held {
    writes: std::sync::Mutex<u64>,
    let_through: std::sync::Condvar,
    fails: AtomicU64,
}

impl Held {
    fn let_through(&self, writes: u64) {
        *self.writes.lock().expect("nobody panicked") += writes;
        self.let_through.notify_all();
    }
}

impl Faults for Held {
    fn before_write(&self) -> io::Result<()> {
        let writes = self.writes.lock().expect("nobody panicked");
        *self.let_through.wait_while(writes, |writes| *writes == 0).expect("nobody panicked") -= 1;
        match self.fails.load(Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err(io::Error::from(io::ErrorKind::StorageFull)),
        }
    }
}

/// A log whose groups of more than a few appends are held before they are written.
fn held(folder: &std::path::Path) -> (Arc<EmbeddedLog>, Arc<Held>) {
    let held = Arc::new(Held::default());
    let faults = Some(Arc::clone(&held) as Arc<dyn Faults>);
    let log = EmbeddedLog::open(folder, EmbeddedOptions { faults, ..EmbeddedOptions::default() });
    (log.expect("it opens"), held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_stands_on_a_failed_one_is_refused_and_not_in_doubt() {
    let folder = folder();
    let (log, held) = held(folder.path());
    // The first is written alone; what comes meanwhile is the second group, and then a third.
    let first = log.append(append("a", b"first"));
    let second: Vec<_> = (0..50).map(|_| log.append(append("a", b"second"))).collect();
    held.let_through(1);
    first.await.expect("the first is written");
    let third: Vec<_> = (0..50).map(|_| log.append(append("a", b"third"))).collect();
    held.fails.store(1, Ordering::SeqCst);
    held.let_through(1);
    let (mut stored, mut doubtful) = (1, 0);
    for answer in second.into_iter().chain(third) {
        match answer.await {
            // It was taken together with the first.
            Ok(_) => stored += 1,
            Err(AppendError::Unknown { .. }) => doubtful += 1,
            Err(AppendError::Unavailable { .. }) => {}
            other => panic!("it was told {other:?}"),
        }
    }
    assert!((1..=100).contains(&doubtful), "one group was handed over and failed");
    assert_eq!(log.head(), Position(stored));
    held.let_through(100);
    log.close().await;
    drop(log);
    assert_eq!(open(folder.path()).head(), Position(stored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_checked_behind_a_group_in_flight_stands_on_it() {
    let folder = folder();
    let (log, held) = held(folder.path());
    let at = |version: u64| Append {
        expects: vec![(name("a"), Expected::Exactly(Version(version)))],
        ..append("a", &version.to_be_bytes())
    };
    let answers: Vec<_> = (0..200).map(|version| log.append(at(version))).collect();
    let stale = log.append(at(7));
    assert_eq!(log.head(), Position::START, "nothing is seen before it is durable");
    held.let_through(1_000);
    for (answer, position) in answers.into_iter().zip(1..) {
        assert_eq!(answer.await.map(|appended| appended.last), Ok(Position(position)));
    }
    let found = AppendError::Conflict { stream: name("a"), expected: Version(7), found: Version(200) };
    assert_eq!(stale.await, Err(found));
}
