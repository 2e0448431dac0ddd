//! A long log is verified, exported, imported and rebuilt in bounded memory: the real program on a log
//! of 200,000 events, or of as many as `SWITCHBOARD_AUDIT_EVENTS` says.

use std::collections::VecDeque;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::{Customer, Event, Fact, Origin, SessionEvent, Slot, SlotEvent, Stream};
use switchboard::domain::id::{ChannelId, LineId, OperatorId, Principal, SessionId};
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions};
use switchboard::log::{Append, AppendError, Appended, Log, LogFuture, Stamp};
use switchboard::wire;
use uuid::Uuid;

#[path = "support/memory.rs"]
mod memory;

/// The bound that docs/audit.md states, in megabytes.
const MEGABYTES_MAX: u64 = 400;

/// Appends in flight while the log is made.
const IN_FLIGHT: usize = 2_000;

const OPERATOR: OperatorId = OperatorId(Uuid::from_u128(1));
const CHANNEL: ChannelId = ChannelId(Uuid::from_u128(2));

/// A session from its creation to its closing: six events in two appends.
fn session(number: u64) -> [Append; 2] {
    let session = SessionId(Uuid::from_u128((0x0199_u128 << 112) | u128::from(number)));
    let account = Account { kind: AccountKind::Phone, address: format!("+7916{number:07}") };
    let slot = Stream::Slot(Slot { channel: CHANNEL, account: account.clone() });
    let of_session = |event| Fact { stream: Stream::Session(session), event: Event::Session(event) };
    let of_slot = |event| Fact { stream: slot.clone(), event: Event::Slot(event) };
    let created = SessionEvent::SessionCreated {
        line: LineId(Uuid::from_u128(3)),
        channel: CHANNEL,
        kind: ChannelKind::WhatsApp,
        customer: Customer { account, contact: None, name: format!("customer {number}") },
        name: format!("session {number}"),
        subject: None,
        origin: Origin::LinesSection,
        continues: None,
    };
    let assigned = SessionEvent::OperatorAssigned { operator: OPERATOR };
    let opening = [of_slot(SlotEvent::SlotClaimed { session }), of_session(created), of_session(assigned)];
    let renamed = SessionEvent::SessionRenamed { name: "served".to_owned() };
    let closing = [
        of_slot(SlotEvent::SlotReleased { session }),
        of_session(renamed),
        of_session(SessionEvent::SessionClosed),
    ];
    [append(2 * number, &opening), append(2 * number + 1, &closing)]
}

fn append(number: u64, facts: &[Fact]) -> Append {
    let command = Uuid::from_u128((1 << 100) | u128::from(number));
    let stamp = Stamp {
        time_us: 1_700_000_000_000_000 + number as i64,
        command,
        digest: number,
        correlation: command,
        causation: command,
        principal: wire::principal_bytes(&Principal::Operator(OPERATOR)).into(),
        policy_revision: 1,
    };
    Append { entries: facts.iter().map(wire::entry).collect(), expects: Vec::new(), stamp }
}

async fn make(folder: &Path, events: u64) {
    let log = EmbeddedLog::open(folder, EmbeddedOptions::default()).expect("it opens");
    let mut waiting: VecDeque<LogFuture<Result<Appended, AppendError>>> = VecDeque::new();
    for append in (0..events / 6).flat_map(session) {
        if waiting.len() >= IN_FLIGHT {
            let answer = waiting.pop_front().expect("it waits");
            answer.await.map(drop).expect("it is written");
        }
        waiting.push_back(log.append(append));
    }
    for answer in waiting {
        answer.await.map(drop).expect("it is written");
    }
    log.close().await;
}

/// Runs an audit to its end; returns the most memory that it had, in megabytes, and how long it took.
fn peak(folder: &Path, arguments: &[&str]) -> (u64, Duration) {
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .arg("audit")
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut peak = 0;
    loop {
        peak = peak.max(memory::most(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{arguments:?}: {status}");
            return (peak >> 20, began.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn a_long_log_is_audited_in_bounded_memory() {
    let events = std::env::var("SWITCHBOARD_AUDIT_EVENTS").ok().and_then(|text| text.parse().ok());
    let events = events.unwrap_or(200_000);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    make(&folder.path().join("data"), events).await;
    for arguments in [
        &["--data", "data", "verify", "--no-projections"] as &[&str],
        &["--data", "data", "export", "archive", "--out", "archive"],
        &["--data", "data", "export", "json"],
        &["--data", "copy", "import", "archive"],
        &["--data", "data", "rebuild"],
        &["--data", "data", "verify"],
    ] {
        let (megabytes, took) = peak(folder.path(), arguments);
        println!("{events} events, {arguments:?}: {megabytes} MB in {:.1} s", took.as_secs_f64());
        assert!(megabytes <= MEGABYTES_MAX, "{arguments:?} had {megabytes} MB");
    }
}

/// What a process says when it is told to end after a while.
fn interrupted(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .arg("audit")
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    std::thread::sleep(Duration::from_millis(700));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success(), "{arguments:?} ended before it was told to");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn long_work_ends_at_ctrl_c_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let data = folder.path().join("data");
    make(&data, 400_000).await;
    let left = || {
        let names =
            std::fs::read_dir(&data).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| name.starts_with("audit-") || name == "views.2" || name == "views.current");
        names
    };
    let session = Uuid::from_u128(0x0199_u128 << 112).to_string();
    for arguments in [
        &["--data", "data", "verify"] as &[&str],
        &["--data", "data", "rebuild"],
        &["--data", "data", "state", "session", &session],
        &["--data", "data", "export", "json", "--out", "events.jsonl"],
    ] {
        let (code, said) = interrupted(folder.path(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("stopped"), "{arguments:?}: {said}");
        assert!(left().is_empty(), "{arguments:?} left {:?}", left());
    }
    assert!(!folder.path().join("events.jsonl").exists(), "an export that is not whole has no name");
}
