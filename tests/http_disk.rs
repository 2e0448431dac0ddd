//! What happens to the disk under a host: bytes altered while it was away, and no room to write.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use host::{Host, IVAN, MAIL, program, run, session_with, with_ivan};
use http_desk::*;
use serde_json::json;
use tokio::process::Command;

/// How long the files of a host that ended may stay locked.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the store of the log as it lies on the disk.
fn with_store<T>(data: &Path, change: impl FnOnce(&sled::Db) -> T) -> T {
    let began = Instant::now();
    let store = loop {
        match sled::Config::new().path(data.join("log")).flush_every_ms(None).open() {
            Ok(store) => break store,
            Err(error) if error.to_string().contains("lock") && began.elapsed() < PATIENCE => {
                std::thread::yield_now();
            }
            Err(error) => panic!("the store does not open: {error}"),
        }
    };
    let changed = change(&store);
    store.flush().expect("the store is written");
    changed
}

/// The positions at which frames begin: what else is kept has longer keys.
fn frames(data: &Path) -> Vec<u64> {
    with_store(data, |store| {
        let keys = store.iter().keys().map(|key| key.expect("the store is read"));
        keys.filter_map(|key| Some(u64::from_be_bytes(key.as_ref().try_into().ok()?))).collect()
    })
}

fn flip(data: &Path, position: u64, at: impl FnOnce(usize) -> usize) {
    with_store(data, |store| {
        let key = position.to_be_bytes();
        let value = store.get(key).expect("the store is read").expect("a frame begins here");
        let mut value = value.to_vec();
        let at = at(value.len());
        value[at] ^= 0x10;
        store.insert(key, value).expect("the store is written");
    });
}

#[tokio::test]
async fn an_altered_frame_keeps_the_host_from_starting_and_is_named_by_its_position() {
    let mut host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    say(&host.by("anna"), &session, "Добрый день").await;
    let (status, _) = host.stop().await;
    assert!(status.success(), "{status}");
    let frames = frames(&host.data());
    assert!(frames.len() > 10, "each command has a frame: {frames:?}");
    for position in [frames[0], frames[frames.len() / 2], frames[frames.len() - 1]] {
        for at in [|len| len - 1, |len| len / 2] {
            flip(&host.data(), position, at);
            let again = run(&host.data(), "127.0.0.1:0").await;
            let told = String::from_utf8_lossy(&again.stderr).into_owned();
            assert_eq!(again.status.code(), Some(2), "{told}");
            assert!(told.contains(&format!("damaged at position {position}:")), "{position}: {told}");
            assert!(told.contains(&host.data().display().to_string()), "the folder is named: {told}");
            assert!(again.stdout.is_empty(), "it never listened");
            flip(&host.data(), position, at);
        }
    }
    let host = host.restart_stopped().await;
    assert_eq!(said(&host.by("anna"), &session).await, ["Добрый день"], "unaltered it starts");
}

/// The program, started so that a file too large is an error to it and not its end.
#[cfg(target_os = "linux")]
fn without_file_size_signal(data: &Path) -> Command {
    let program = program(data, "127.0.0.1:0");
    let program = program.as_std();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(program.get_args()).env("RUST_LOG", "off").stdout(Stdio::piped()).kill_on_drop(true);
    command
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_cannot_write_says_so_reads_on_and_loses_nothing_acknowledged() {
    let host = Host::started_by(without_file_size_signal).await;
    let mail = || session_with(MAIL, IVAN, MAIL_ADDRESS);
    let kept = host.by("anna").key("kept").post(SESSIONS, mail()).await.expect(201);
    let process = host.process_id().to_string();
    let limit = Command::new("prlimit").args(["--pid", &process, "--fsize=1"]).status().await;
    assert!(limit.expect("prlimit is there").success(), "from now on no file can be written");

    let doubtful = host.by("anna").key("doubtful").post(SESSIONS, mail()).await;
    assert_eq!(doubtful.refused(500, "Unknown")["outcome"], "unknown");
    for _ in 0..3 {
        let refused = host.by("anna").reading("ru").key("refused").post(SESSIONS, mail()).await;
        let refused = refused.refused(503, "Unavailable");
        assert_eq!(refused["outcome"], "not-written");
        assert_eq!(refused["detail"], "Сервер сейчас не принимает команды");
    }
    host.nobody().get("/healthz").await.refused(503, "Poisoned");
    let kept_session = host::text(&kept["session"]);
    assert_eq!(seen(&host.by("anna"), &kept_session).await["status"], "assigned", "reading goes on");

    let host = host.crash().await;
    let anna = host.by("anna");
    assert_eq!(anna.key("kept").post(SESSIONS, mail()).await.expect(201), kept);
    let mine = list(&anna, "my").await.len();
    assert!((1..=2).contains(&mine), "what was in doubt is there or not: {mine}");
    let doubtful = anna.key("doubtful").post(SESSIONS, mail()).await.expect(201);
    let again = anna.key("doubtful").post(SESSIONS, mail()).await.expect(201);
    assert_eq!(again, doubtful);
    anna.key("refused").post(SESSIONS, mail()).await.expect(201);
    assert_eq!(list(&anna, "my").await.len(), 3, "each key made one session");
    assert_eq!(host.nobody().get("/healthz").await.expect(200)["status"], json!("ok"));
}
