//! What happens to the disk under a host: bytes altered while it was away, and no room to write.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::path::Path;
use std::time::{Duration, Instant};

use host::{Host, run, with_ivan};
use http_desk::*;

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

#[tokio::test]
async fn whoever_starts_a_host_chooses_how_much_of_the_log_it_checks_before() {
    let mut host = Host::sample().await;
    let head = host.head().await;
    host.stop().await;
    let frames = frames(&host.data());
    let position = frames[frames.len() / 2];
    flip(&host.data(), position, |len| len - 1);
    let with = |data: &Path, verify: &str| {
        let mut command = host::program(data, "127.0.0.1:0");
        command.args(["--verify", verify]);
        command
    };
    for verify in ["all", "recent"] {
        let again = host::ended(with(&host.data(), verify)).await;
        let told = String::from_utf8_lossy(&again.stderr).into_owned();
        assert_eq!(again.status.code(), Some(2), "{verify}: {told}");
        assert!(told.contains(&format!("damaged at position {position}:")), "{verify}: {told}");
    }
    let unknown = host::ended(with(&host.data(), "some")).await;
    let told = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(2), "{told}");
    assert!(told.contains("all, recent, tail"), "{told}");
    flip(&host.data(), position, |len| len - 1);
    let copy = tempfile::tempdir().expect("a folder for temporary files");
    let copied = std::process::Command::new("cp").arg("-a").arg(host.data()).arg(copy.path()).status();
    assert!(copied.is_ok_and(|status| status.success()), "the folder is copied");
    let copied = copy.path().join(host.data().file_name().expect("the folder has a name"));
    for verify in ["all", "recent", "tail"] {
        let mut serving = Host::started_by(|_| with(&copied, verify)).await;
        assert_eq!(serving.head().await, head, "{verify}");
        serving.stop().await;
    }
}

#[cfg(target_os = "linux")]
#[path = "http_disk/no_room.rs"]
mod no_room;
