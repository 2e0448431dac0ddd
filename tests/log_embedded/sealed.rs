//! Frames that left the store for sealed files are as safe there, and as easily read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Faults, OpenError, Verify};
use switchboard::log::{Log, Position, ReadError};

use super::damage::with_store;
use super::{TempDir, VERIFY, all, append, fill, folder, streams};

/// Small, so that a few hundred events make several files.
const FILE_BYTES: u64 = 700;

fn options(verify: Verify) -> EmbeddedOptions {
    EmbeddedOptions { verify, sealed_file_bytes: FILE_BYTES, ..EmbeddedOptions::default() }
}

fn open(folder: &Path) -> Arc<EmbeddedLog> {
    EmbeddedLog::open(folder, options(Verify::All)).expect("it opens")
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("log").join("sealed")).expect("the folder is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry is read").path()).collect();
    files.sort();
    files
}

/// Waits for what happens behind the writer's back.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} never happens");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A closed log of which most is sealed, and how many events it has.
async fn closed_log() -> (TempDir, u64) {
    let folder = folder();
    let log = open(folder.path());
    while files(folder.path()).len() < 4 {
        fill(&log, 30).await;
    }
    log.append(append("large", &[9; 50_000])).await.expect("a large event");
    until("the sealing of a large event", || files(folder.path()).len() >= 5).await;
    fill(&log, 30).await;
    let head = log.head().0;
    log.close().await;
    (folder, head)
}

fn damaged_at(folder: &Path, verify: Verify) -> (u64, String) {
    match EmbeddedLog::open(folder, options(verify)) {
        Err(OpenError::Damaged { position, reason }) => (position.0, reason),
        other => panic!("expected damage, but found {other:?}"),
    }
}

fn first_of(file: &Path) -> u64 {
    let name = file.file_stem().expect("a file has a name").to_string_lossy();
    name.parse().expect("the name is the first position")
}

#[tokio::test]
async fn what_is_sealed_is_read_as_it_was_written_also_with_the_index_gone() {
    let folder = folder();
    let log = open(folder.path());
    fill(&log, 500).await;
    log.append(append("large", &[9; 50_000])).await.expect("a large event");
    fill(&log, 100).await;
    let before = (all(&log).await, streams(&log).await);
    until("sealing", || files(folder.path()).len() > 5).await;
    assert!((all(&log).await, streams(&log).await) == before, "in the open log");
    log.close().await;
    for verify in VERIFY {
        let log = EmbeddedLog::open(folder.path(), options(verify)).expect("it opens again");
        assert_eq!(log.head(), Position(601));
        for after in [0, 1, 250, 499, 500, 600, 601] {
            let read = log.read_all(Position(after), 7).await.expect("it is read");
            let expected: Vec<_> = before.0.iter().skip(after as usize).take(7).cloned().collect();
            assert!(read == expected, "{verify:?}: after {after}");
        }
        assert!((all(&log).await, streams(&log).await) == before, "{verify:?}");
        log.close().await;
        fs::remove_dir_all(folder.path().join("index")).expect("the index is deleted");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_reads_while_frames_leave_the_store_finds_each_of_them() {
    let folder = folder();
    let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default()).expect("it opens");
    fill(&log, 600).await;
    log.close().await;
    // Opened so, nothing of it is in memory: whoever reads it has to find it in the store or in a file.
    let log = EmbeddedLog::open(folder.path(), options(Verify::Tail)).expect("it opens again");
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4u64)
        .map(|reader| {
            let (log, done) = (Arc::clone(&log), Arc::clone(&done));
            tokio::spawn(async move {
                let mut rounds = 0;
                while !done.load(Ordering::SeqCst) || rounds == 0 {
                    let after = (rounds * 37 + reader * 150) % 590;
                    let read = log.read_all(Position(after), 600 - after as usize).await;
                    let read = read.expect("it is read");
                    let found: Vec<u64> = read.iter().map(|record| record.position.0).collect();
                    assert_eq!(found, (after + 1..=600).collect::<Vec<_>>(), "reader {reader}");
                    rounds += 1;
                }
            })
        })
        .collect();
    until("sealing", || {
        // An append wakes who seals.
        drop(log.append(append("stream 0", b"more")));
        files(folder.path()).len() > 60
    })
    .await;
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.expect("no reader misses anything");
    }
}

/// Fails where a file is sealed, until it is told not to.
#[derive(Default)]
struct Unsealing(AtomicBool);

impl Faults for Unsealing {
    fn after_seal(&self) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(io::Error::other("a seeded failure of sealing")),
        }
    }
}

#[tokio::test]
async fn what_was_sealed_and_had_not_left_the_store_is_there_once() {
    let folder = folder();
    let faults = Arc::new(Unsealing::default());
    let with_faults =
        EmbeddedOptions { faults: Some(Arc::clone(&faults) as Arc<dyn Faults>), ..options(Verify::All) };
    let log = EmbeddedLog::open(folder.path(), with_faults.clone()).expect("it opens");
    fill(&log, 300).await;
    until("a sealed file", || !files(folder.path()).is_empty()).await;
    let before = all(&log).await;
    log.close().await;
    assert_eq!(files(folder.path()).len(), 1, "the first one is tried again and again");
    // The store forgets what it has only when the file proves to have it.
    let file = files(folder.path()).remove(0);
    let bytes = fs::read(&file).expect("the file is read");
    let mut flipped = bytes.clone();
    flipped[100] ^= 1;
    fs::write(&file, flipped).expect("the file is written");
    assert_eq!(damaged_at(folder.path(), Verify::Tail).0, 1);
    fs::remove_file(&file).expect("the file is removed");
    let log = open(folder.path());
    assert!(all(&log).await == before, "the store still has all of it");
    log.close().await;
    fs::write(&file, &bytes).expect("the file is written");
    for verify in VERIFY {
        let log = EmbeddedLog::open(folder.path(), options(verify)).expect("it opens again");
        assert!(all(&log).await == before, "{verify:?}");
        log.close().await;
    }

    // And a failure that ends is made up for.
    let log = EmbeddedLog::open(folder.path(), with_faults).expect("it opens");
    fill(&log, 300).await;
    faults.0.store(true, Ordering::SeqCst);
    while files(folder.path()).len() < 3 {
        fill(&log, 30).await;
    }
    let before = all(&log).await;
    log.close().await;
    assert!(all(&open(folder.path())).await == before);
}

#[tokio::test]
async fn every_flipped_byte_of_a_sealed_file_is_named_by_its_position() {
    let (folder, _) = closed_log().await;
    let files = files(folder.path());
    let (file, next) = (&files[1], first_of(&files[2]));
    let bytes = fs::read(file).expect("the file is read");
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(file, &flipped).expect("the file is written");
        let (position, reason) = damaged_at(folder.path(), Verify::All);
        assert!((first_of(file)..=next).contains(&position), "byte {at}: {position}, {reason}");
    }
    fs::write(file, &bytes).expect("the file is written");
    open(folder.path()).close().await;
}

#[tokio::test]
async fn a_sealed_frame_that_opening_did_not_check_is_checked_when_it_is_read() {
    let (folder, _) = closed_log().await;
    let file = &files(folder.path())[1];
    let mut bytes = fs::read(file).expect("the file is read");
    bytes[60] ^= 1;
    fs::write(file, &bytes).expect("the file is written");
    let log = EmbeddedLog::open(folder.path(), options(Verify::Tail)).expect("the tail is right");
    let first = first_of(file);
    match log.read_all(Position(first - 1), 9).await {
        Err(ReadError::Damaged { position, .. }) => assert_eq!(position.0, first),
        other => panic!("the damage was not noticed: {other:?}"),
    }
    let before = log.read_all(Position(0), first as usize - 1).await;
    assert!(before.is_ok(), "the file before is whole: {before:?}");
}

#[tokio::test]
async fn a_damaged_frame_takes_none_with_it_that_stands_before_it() {
    let (folder, _) = closed_log().await;
    let sealed = files(folder.path());
    let (file, next) = (&sealed[1], first_of(&sealed[2]));
    let mut bytes = fs::read(file).expect("the file is read");
    // The last frame of the file ends where its meta begins, whose length is told in its foot.
    let meta = bytes[bytes.len() - 12..][..8].try_into().map(u64::from_le_bytes).expect("eight bytes");
    let end = bytes.len() - 20 - meta as usize;
    bytes[end - 1] ^= 1;
    fs::write(file, &bytes).expect("the file is written");
    let log = EmbeddedLog::open(folder.path(), options(Verify::Tail)).expect("the tail is right");
    let (first, last) = (first_of(file), next - 1);
    for position in first..last {
        let read = log.read_at(vec![Position(position)], usize::MAX).await;
        assert_eq!(read.map(|records| records.len()), Ok(1), "{position} of {first} to {last}");
    }
    match log.read_at(vec![Position(last)], usize::MAX).await {
        Err(ReadError::Damaged { position, .. }) => assert_eq!(position.0, last),
        other => panic!("the damage was not noticed: {other:?}"),
    }
}

#[tokio::test]
async fn a_sealed_file_that_is_missing_cut_or_of_another_log_is_named_by_its_position() {
    let (folder, head) = closed_log().await;
    let (other, _) = closed_log().await;
    let (sealed, others) = (files(folder.path()), files(other.path()));
    let aside = folder.path().join("aside");
    for (at, file) in sealed.iter().enumerate() {
        let first = first_of(file);
        fs::rename(file, &aside).expect("the file is moved");
        for verify in VERIFY {
            assert_eq!(damaged_at(folder.path(), verify).0, first, "{verify:?}: file {at} is missing");
        }
        let bytes = fs::read(&aside).expect("the file is read");
        fs::write(file, &bytes[..bytes.len() / 2]).expect("half of the file is written");
        assert_eq!(damaged_at(folder.path(), Verify::Tail).0, first, "file {at} is cut");
        let another = others.get(at).or(others.last()).expect("the other log has some");
        fs::write(file, fs::read(another).expect("it is read")).expect("it is written");
        assert_eq!(damaged_at(folder.path(), Verify::Tail).0, first, "file {at} is another one");
        fs::rename(&aside, file).expect("the file is moved back");
    }
    // One in the place of another.
    fs::copy(&sealed[0], &aside).expect("the file is copied");
    fs::copy(&sealed[1], &sealed[0]).expect("the file is copied");
    assert_eq!(damaged_at(folder.path(), Verify::Tail).0, 1);
    fs::rename(&aside, &sealed[0]).expect("the file is moved back");
    assert_eq!(open(folder.path()).head().0, head, "unchanged it opens");
}

#[tokio::test]
async fn a_log_that_lost_its_store_is_not_begun_anew() {
    let (folder, _) = closed_log().await;
    let log = folder.path().join("log");
    for entry in fs::read_dir(&log).expect("the folder is read") {
        let path = entry.expect("an entry is read").path();
        match path.ends_with("sealed") {
            true => {}
            false if path.is_dir() => fs::remove_dir_all(path).expect("a folder of the store is removed"),
            false => fs::remove_file(path).expect("a file of the store is removed"),
        }
    }
    let (position, reason) = damaged_at(folder.path(), Verify::Tail);
    assert_eq!((position, reason.contains("header")), (0, true), "{reason}");
}

/// The first position that has not left the store.
fn first_in_store(folder: &Path) -> u64 {
    with_store(folder, |store| {
        let keys = store.iter().keys().map(|key| key.expect("the store is read"));
        let position = |key: sled::IVec| key.first_chunk().map(|position| u64::from_be_bytes(*position));
        keys.filter_map(position).find(|position| *position > 0).expect("some have not left it")
    })
}

/// Every file of a folder and those below it, but for the sealed ones.
fn store_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("an entry is read").path();
        match path.is_dir() {
            true if path.ends_with("sealed") => {}
            true => found.extend(store_files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("it is copied")),
        }
    }
}

#[tokio::test]
async fn every_flipped_byte_of_the_store_is_named_by_a_position_that_only_it_has_or_changes_nothing() {
    let (folder, head) = closed_log().await;
    let log = open(folder.path());
    let before = all(&log).await;
    log.close().await;
    drop(log);
    let beyond = first_in_store(folder.path());
    assert!(beyond > first_of(files(folder.path()).last().expect("some are sealed")) && beyond <= head);
    for file in store_files(&folder.path().join("log")) {
        let right = fs::read(&file).expect("the file is read");
        let name = file.strip_prefix(folder.path()).expect("it is of the log").to_owned();
        let written: Vec<usize> = (0..right.len()).filter(|at| right[*at] != 0).collect();
        // Each opens a store: all of a small file, and a sample of a large one.
        let mut named = 0;
        for (number, at) in written.iter().step_by(written.len() / 62 + 1).enumerate() {
            let copied = super::folder();
            copy(folder.path(), copied.path());
            let mut flipped = right.clone();
            flipped[*at] ^= 1 << (number % 8);
            fs::write(copied.path().join(&name), &flipped).expect("the file is written");
            match EmbeddedLog::open(copied.path(), options(Verify::All)) {
                Ok(log) => assert!(all(&log).await == before, "byte {at} of {} changes it", name.display()),
                Err(OpenError::Damaged { position, reason }) => {
                    assert_eq!(position.0, beyond, "byte {at} of {}: {reason}", name.display());
                    named += 1;
                }
                Err(other) => panic!("byte {at} of {}: {other}", name.display()),
            }
        }
        assert!(named > 0 || written.is_empty(), "nothing of {} was noticed", name.display());
    }
}
