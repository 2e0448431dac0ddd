//! One suite for every log: what the engine may rely on, whatever keeps the events.

use std::sync::Arc;

use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions};
use switchboard::log::memory::MemoryLog;
use switchboard::log::{
    Append, AppendError, Entry, Expected, Log, Position, Record, Stamp, StreamName, Version,
};
use tempfile::TempDir;
use uuid::Uuid;

#[path = "log_conformance/model.rs"]
mod model;

/// A log under test and the folder that it lives in, if it has one.
struct Subject {
    log: Arc<dyn Log>,
    _folder: Option<TempDir>,
}

fn memory() -> Subject {
    Subject { log: MemoryLog::new(), _folder: None }
}

fn embedded() -> Subject {
    embedded_with(EmbeddedOptions::default())
}

/// One whose frames leave the store almost at once.
fn sealing() -> Subject {
    embedded_with(EmbeddedOptions { sealed_file_bytes: 300, ..EmbeddedOptions::default() })
}

fn embedded_with(options: EmbeddedOptions) -> Subject {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = EmbeddedLog::open(folder.path(), options).expect("a new log opens");
    Subject { log, _folder: Some(folder) }
}

/// Runs each claim on each log.
macro_rules! claims {
    ($($claim:ident),* $(,)?) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                super::$claim(super::memory()).await;
            })*
        }
        mod on_disk {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                super::$claim(super::embedded()).await;
            })*
        }
        mod in_sealed_files {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                super::$claim(super::sealing()).await;
            })*
        }
    };
}

claims![
    positions_are_dense_and_records_are_read_as_they_were_appended,
    versions_count_each_stream_alone,
    a_conflict_names_what_was_found_and_writes_nothing,
    a_stream_may_be_guarded_without_being_written,
    any_version_is_taken_where_nothing_is_expected,
    of_many_racers_one_wins,
    appends_of_one_moment_see_those_before_them,
    a_stream_is_read_in_pages,
    the_log_is_read_in_pages,
    records_are_read_where_they_stand_within_a_bound_of_bytes,
    the_head_is_followed,
    an_append_goes_on_when_nobody_waits_for_it,
    large_events_are_read_back,
    an_append_larger_than_a_frame_stays_together,
    malformed_appends_are_refused_with_the_bound,
    a_closed_log_refuses_appends,
    figures_count_what_was_acknowledged,
];

fn name(text: &str) -> StreamName {
    StreamName::new(text.as_bytes())
}

fn stamp(command: u128) -> Stamp {
    let command = Uuid::from_u128(command);
    Stamp {
        time_us: 1_700_000_000_000_000,
        command,
        digest: 77,
        correlation: command,
        causation: Uuid::from_u128(5),
        principal: b"operator 7".to_vec().into(),
        policy_revision: 3,
    }
}

fn entry(stream: &str, payload: &[u8]) -> Entry {
    Entry { stream: name(stream), kind: 9, schema: 2, codec: 1, payload: payload.to_vec().into() }
}

fn append(entries: &[(&str, &[u8])], expects: &[(&str, u64)]) -> Append {
    Append {
        entries: entries.iter().map(|(stream, payload)| entry(stream, payload)).collect(),
        expects: expects.iter().map(|(stream, at)| (name(stream), Expected::Exactly(Version(*at)))).collect(),
        stamp: stamp(1),
    }
}

async fn all(log: &Arc<dyn Log>) -> Vec<Record> {
    log.read_all(Position::START, usize::MAX).await.expect("the log is read")
}

async fn stream(log: &Arc<dyn Log>, stream: &str) -> Vec<Record> {
    log.read_stream(&name(stream), Version::ABSENT, usize::MAX).await.expect("the stream is read")
}

fn positions(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.position.0).collect()
}

async fn positions_are_dense_and_records_are_read_as_they_were_appended(subject: Subject) {
    let log = &subject.log;
    assert_eq!(log.head(), Position::START);
    assert_eq!(all(log).await, []);
    let one = append(&[("a", b"1"), ("b", b""), ("b", b"3")], &[("a", 0)]);
    let appended = log.append(one.clone()).await.expect("the first append");
    assert_eq!((appended.first, appended.last), (Position(1), Position(3)));
    let appended = log.append(append(&[("c", b"4")], &[])).await.expect("the second append");
    assert_eq!((appended.first, appended.last), (Position(4), Position(4)));
    let records = all(log).await;
    assert_eq!(positions(&records), [1, 2, 3, 4]);
    for (record, entry) in records.iter().zip(&one.entries) {
        assert_eq!((&record.entry, &record.stamp), (entry, &one.stamp));
    }
    let mut events: Vec<_> = records.iter().map(|record| record.event_id()).collect();
    events.dedup();
    assert_eq!(events.len(), 4, "each event has an id of its own");
}

async fn versions_count_each_stream_alone(subject: Subject) {
    let log = &subject.log;
    for _ in 0..3 {
        log.append(append(&[("a", b"x"), ("b", b"y"), ("a", b"z")], &[])).await.expect("an append");
    }
    let versions: Vec<_> = stream(log, "a").await.iter().map(|r| (r.version.0, r.previous.0)).collect();
    assert_eq!(versions, [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4), (6, 5)]);
    assert_eq!(positions(&stream(log, "b").await), [2, 5, 8]);
    assert_eq!(stream(log, "absent").await, []);
}

async fn a_conflict_names_what_was_found_and_writes_nothing(subject: Subject) {
    let log = &subject.log;
    log.append(append(&[("slot", b"x"), ("session", b"y")], &[("slot", 0)])).await.expect("the first");
    let late = append(&[("other", b"x"), ("slot", b"x")], &[("other", 0), ("slot", 0)]);
    let refused = log.append(late).await;
    let conflict = AppendError::Conflict { stream: name("slot"), expected: Version(0), found: Version(1) };
    assert_eq!(refused, Err(conflict));
    assert_eq!(stream(log, "other").await, []);
    assert_eq!(log.head(), Position(2));
    let early = log.append(append(&[("slot", b"x")], &[("slot", 9)])).await;
    let conflict = AppendError::Conflict { stream: name("slot"), expected: Version(9), found: Version(1) };
    assert_eq!(early, Err(conflict));
}

async fn a_stream_may_be_guarded_without_being_written(subject: Subject) {
    let log = &subject.log;
    log.append(append(&[("operator", b"on")], &[])).await.expect("the first");
    log.append(append(&[("session", b"x")], &[("operator", 1)])).await.expect("the guard holds");
    log.append(append(&[("operator", b"off")], &[])).await.expect("the guarded stream moves");
    let refused = log.append(append(&[("session", b"x")], &[("operator", 1)])).await;
    let conflict =
        AppendError::Conflict { stream: name("operator"), expected: Version(1), found: Version(2) };
    assert_eq!(refused, Err(conflict));
    assert_eq!(stream(log, "operator").await.len(), 2, "a guard writes nothing");
}

async fn any_version_is_taken_where_nothing_is_expected(subject: Subject) {
    let log = &subject.log;
    for _ in 0..2 {
        let mut note = append(&[("notes", b"x")], &[]);
        note.expects.push((name("notes"), Expected::Any));
        log.append(note).await.expect("any version is expected");
        log.append(append(&[("notes", b"y")], &[])).await.expect("nothing is expected");
    }
    assert_eq!(stream(log, "notes").await.len(), 4);
}

async fn of_many_racers_one_wins(subject: Subject) {
    let log = &subject.log;
    let mut racers = Vec::new();
    for racer in 0..64u128 {
        let log = Arc::clone(log);
        racers.push(tokio::spawn(async move {
            let session = format!("session {racer}");
            log.append(append(&[("slot", b"claimed"), (&session, b"created")], &[("slot", 0)])).await
        }));
    }
    let (mut won, mut lost) = (0, 0);
    for racer in racers {
        match racer.await.expect("a racer does not panic") {
            Ok(_) => won += 1,
            Err(AppendError::Conflict { found: Version(1), .. }) => lost += 1,
            Err(other) => panic!("a racer was told {other}"),
        }
    }
    assert_eq!((won, lost), (1, 63));
    assert_eq!(log.head(), Position(2));
}

async fn appends_of_one_moment_see_those_before_them(subject: Subject) {
    let log = &subject.log;
    let first = log.append(append(&[("a", b"1")], &[("a", 0)]));
    let stale = log.append(append(&[("b", b"2")], &[("a", 0)]));
    let second = log.append(append(&[("a", b"3")], &[("a", 1)]));
    let third = log.append(append(&[("b", b"4")], &[("b", 0)]));
    assert_eq!(first.await.expect("the first").last, Position(1));
    let conflict = AppendError::Conflict { stream: name("a"), expected: Version(0), found: Version(1) };
    assert_eq!(stale.await, Err(conflict));
    assert_eq!(second.await.expect("the second").last, Position(2));
    assert_eq!(third.await.expect("the third").last, Position(3));
}

async fn a_stream_is_read_in_pages(subject: Subject) {
    let log = &subject.log;
    for number in 0..150u32 {
        log.append(append(&[("a", &number.to_le_bytes()), ("b", b"x")], &[])).await.expect("an append");
    }
    let mut read = Vec::new();
    let mut after = Version::ABSENT;
    loop {
        let page = log.read_stream(&name("a"), after, 7).await.expect("a page");
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        after = last.version;
        read.extend(page);
    }
    assert_eq!(read, stream(log, "a").await);
    assert_eq!(read.len(), 150);
    assert!(read.iter().zip(0u32..).all(|(record, n)| *record.entry.payload == n.to_le_bytes()));
    assert_eq!(log.read_stream(&name("a"), Version(u64::MAX), 9).await, Ok(Vec::new()));
    assert_eq!(log.read_stream(&name("a"), Version(0), 0).await, Ok(Vec::new()));
}

async fn records_are_read_where_they_stand_within_a_bound_of_bytes(subject: Subject) {
    let log = &subject.log;
    for number in 0..60usize {
        let (stream, payload) = (format!("stream {}", number % 7), vec![number as u8; number]);
        log.append(append(&[(&stream, &payload)], &[])).await.expect("an append");
    }
    let all = log.read_all(Position::START, 99).await.expect("the log is read");
    let read = async |wanted: &[u64], bytes_max| {
        let positions = wanted.iter().copied().map(Position).collect();
        let read = log.read_at(positions, bytes_max).await.expect("it is read");
        let as_written = |record: &Record| *record == all[record.position.0 as usize - 1];
        assert!(read.iter().all(as_written));
        read.iter().map(|record| record.position.0).collect::<Vec<_>>()
    };
    assert_eq!(read(&[60, 1, 30, 30, 31, 2], usize::MAX).await, [60, 1, 30, 30, 31, 2]);
    assert_eq!(read(&[61, 5, 0, u64::MAX, 6], usize::MAX).await, [5, 6], "what is not there is left out");
    assert_eq!(read(&[11, 21, 31, 1], 30).await, [11, 21], "ten and twenty bytes are thirty");
    assert_eq!(read(&[60, 1], 0).await, [60], "the first is read, whatever it has");
    assert_eq!(read(&[1, 60, 1], 0).await, [1], "no bytes are within the bound, one is not");
    assert_eq!(read(&[], 9).await, [0u64; 0]);
}

async fn the_log_is_read_in_pages(subject: Subject) {
    let log = &subject.log;
    for number in 0..50u32 {
        let stream = format!("stream {}", number % 7);
        log.append(append(&[(&stream, &[1; 300]), ("x", b"")], &[])).await.expect("an append");
    }
    for size in [1, 3, 100, 1000] {
        let mut read = Vec::new();
        while let Some(page) = {
            let after = Position(read.len() as u64);
            let page = log.read_all(after, size).await.expect("a page");
            (!page.is_empty()).then_some(page)
        } {
            assert!(page.len() <= size);
            read.extend(page);
        }
        assert_eq!(positions(&read), (1..=100).collect::<Vec<_>>());
    }
    assert_eq!(log.read_all(Position(u64::MAX), 9).await, Ok(Vec::new()));
    assert_eq!(log.read_all(Position(0), 0).await, Ok(Vec::new()));
}

async fn the_head_is_followed(subject: Subject) {
    let log = &subject.log;
    let mut head = log.follow();
    assert_eq!(*head.borrow_and_update(), Position::START);
    let reader = tokio::spawn({
        let log = Arc::clone(log);
        async move {
            let mut read = Vec::new();
            while read.len() < 100 {
                head.changed().await.expect("the log lives");
                let reached = *head.borrow_and_update();
                let page = log.read_all(Position(read.len() as u64), usize::MAX).await.expect("a page");
                read.extend(page);
                assert!(read.len() as u64 >= reached.0, "the head says what can be read");
            }
            read
        }
    });
    for _ in 0..100 {
        let appended = log.append(append(&[("a", b"x")], &[])).await.expect("an append");
        assert!(log.head() >= appended.last, "the answer comes after the head has moved");
    }
    let read = reader.await.expect("the reader does not panic");
    assert_eq!(positions(&read), (1..=100).collect::<Vec<_>>());
}

async fn an_append_goes_on_when_nobody_waits_for_it(subject: Subject) {
    let log = &subject.log;
    let mut head = log.follow();
    drop(log.append(append(&[("a", b"x")], &[])));
    head.wait_for(|head| *head == Position(1)).await.expect("the log lives");
    assert_eq!(stream(log, "a").await.len(), 1);
}

async fn large_events_are_read_back(subject: Subject) {
    let log = &subject.log;
    let sizes = [0, 1, 5_900, 6_000, 6_087, 6_088, 6_089, 6_144, 12_288, 70_000, 1 << 20, 4 << 20];
    for (size, fill) in sizes.into_iter().zip(1u8..) {
        let payload = vec![fill; size];
        log.append(append(&[("a", &payload), ("b", b"after")], &[])).await.expect("a large event");
    }
    let read = stream(log, "a").await;
    for ((record, size), fill) in read.iter().zip(sizes).zip(1u8..) {
        assert!(record.entry.payload == vec![fill; size], "{size} bytes");
    }
    assert_eq!(read.len(), sizes.len());
    assert_eq!(all(log).await.len(), 2 * sizes.len());
}

async fn an_append_larger_than_a_frame_stays_together(subject: Subject) {
    let log = &subject.log;
    log.append(append(&[("a", b"before")], &[])).await.expect("a small append");
    let entries: Vec<_> = (0..2_000).map(|_| ("a", &b"payload"[..])).collect();
    let appended = log.append(append(&entries, &[("a", 1)])).await.expect("an import");
    assert_eq!((appended.first, appended.last), (Position(2), Position(2_001)));
    let read = stream(log, "a").await;
    assert_eq!(read.len(), 2_001);
    assert!(read[1..].iter().all(|record| record.stamp == stamp(1)));
}

async fn malformed_appends_are_refused_with_the_bound(subject: Subject) {
    let log = &subject.log;
    let mut long_principal = append(&[("a", b"x")], &[]);
    long_principal.stamp.principal = vec![0; 256].into();
    let huge = vec![0; (4 << 20) + 1];
    let cases = [
        (append(&[], &[("a", 0)]), "1 to 10000"),
        (append(&[("a", b"x")], &[("a", 0), ("a", 0)]), "twice"),
        (long_principal, "255"),
        (append(&[("a", &huge)], &[]), "4194304"),
    ];
    for (malformed, bound) in cases {
        match log.append(malformed).await {
            Err(AppendError::Invalid { reason }) => assert!(reason.contains(bound), "{reason}"),
            other => panic!("expected the bound {bound}, but was told {other:?}"),
        }
    }
    assert_eq!(log.head(), Position::START);
}

async fn a_closed_log_refuses_appends(subject: Subject) {
    let log = &subject.log;
    let accepted = log.append(append(&[("a", b"x")], &[]));
    log.close().await;
    log.close().await;
    accepted.await.expect("what was accepted before is written");
    match log.append(append(&[("a", b"x")], &[])).await {
        Err(AppendError::Unavailable { reason }) => assert!(reason.contains("closed"), "{reason}"),
        other => panic!("a closed log answered {other:?}"),
    }
    assert_eq!(log.head(), Position(1));
}

async fn figures_count_what_was_acknowledged(subject: Subject) {
    let log = &subject.log;
    log.append(append(&[("a", b"x"), ("b", b"y")], &[("a", 0)])).await.expect("the first");
    log.append(append(&[("a", b"x")], &[])).await.expect("the second");
    log.append(append(&[("a", b"x")], &[("a", 0)])).await.expect_err("it is stale");
    let stats = log.stats();
    assert_eq!((stats.appends, stats.events, stats.conflicts, stats.syncs), (2, 3, 1, 2));
    assert!(stats.bytes > 0);
    assert_eq!(stats.queued, 0);
    assert_eq!(log.poisoned(), None);
}
