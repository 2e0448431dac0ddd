//! The syncs of a sealed file and of its folder: each of them fails, or is where the machine stops.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Faults, Verify};
use switchboard::log::{Log, Record};

use super::sealed::{files, until};
use super::{all, append, folder};

/// Over a mebibyte, so that a file is synced also while it is being written.
const FILE_BYTES: u64 = 2 << 20;
const EVENT_BYTES: usize = 300 << 10;
/// Enough for one file to be sealed, and not for two.
const EVENTS: u64 = 16;

/// What happens at one sync.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Fails,
    /// The folder is copied as it is then, for the machine to have stopped there.
    Stops,
}

struct AtSync {
    fate: Fate,
    /// The number of the sync that it befalls, from zero.
    number: u64,
    folder: PathBuf,
    copy: PathBuf,
    /// Nothing is sealed before everything is written: a copy is of a store at rest.
    written: AtomicBool,
    seen: AtomicU64,
    sealed: AtomicBool,
    /// What stood in the folder of sealed files at each sync: names and lengths.
    stood: Mutex<Vec<Vec<(String, u64)>>>,
}

impl Faults for AtSync {
    fn before_seal_sync(&self) -> io::Result<()> {
        while !self.written.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        self.stood.lock().expect("nobody panicked").push(lengths(&self.folder));
        if self.seen.fetch_add(1, Ordering::SeqCst) != self.number {
            return Ok(());
        }
        match self.fate {
            Fate::Fails => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Fate::Stops => {
                copy(&self.folder, &self.copy);
                Ok(())
            }
        }
    }

    fn after_seal(&self) -> io::Result<()> {
        self.sealed.store(true, Ordering::SeqCst);
        Ok(())
    }
}

fn lengths(folder: &Path) -> Vec<(String, u64)> {
    let name = |file: &PathBuf| file.file_name().expect("a name").to_string_lossy().into_owned();
    // One may get its other name between the two looks.
    let with_length = |file: &PathBuf| Some((name(file), fs::metadata(file).ok()?.len()));
    files(folder).iter().filter_map(with_length).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder is made");
    for entry in fs::read_dir(from).expect("a folder is read") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).expect("a file is copied")),
        }
    }
}

fn options(faults: Option<Arc<dyn Faults>>) -> EmbeddedOptions {
    EmbeddedOptions {
        verify: Verify::All,
        sealed_file_bytes: FILE_BYTES,
        faults,
        ..EmbeddedOptions::default()
    }
}

/// Writes a log of which one file is sealed, and lets one sync of it fail or be the last; returns what
/// was acknowledged, and what stood in the folder of sealed files at each sync.
async fn run(folder: &Path, copy: &Path, fate: Fate, number: u64) -> (Vec<Record>, Vec<Vec<(String, u64)>>) {
    let at = Arc::new(AtSync {
        fate,
        number,
        folder: folder.to_path_buf(),
        copy: copy.to_path_buf(),
        written: AtomicBool::new(false),
        seen: AtomicU64::new(0),
        sealed: AtomicBool::new(false),
        stood: Mutex::default(),
    });
    let faults = Arc::clone(&at) as Arc<dyn Faults>;
    let log = EmbeddedLog::open(folder, options(Some(faults))).expect("it opens");
    for event in 0..EVENTS {
        log.append(append(&format!("stream {}", event % 3), &[event as u8; EVENT_BYTES]))
            .await
            .expect("an append");
    }
    let before = all(&log).await;
    at.written.store(true, Ordering::SeqCst);
    let failed = || fate == Fate::Fails && at.seen.load(Ordering::SeqCst) > number;
    until("sealing, or its failure", || failed() || at.sealed.load(Ordering::SeqCst)).await;
    assert_eq!(log.poisoned(), None, "a file that cannot be sealed costs nothing but its room");
    log.append(append("stream 0", b"more")).await.expect("the log goes on");
    assert!(all(&log).await.starts_with(&before), "{fate:?} at sync {number}");
    log.close().await;
    let stood = at.stood.lock().expect("nobody panicked").clone();
    (before, stood)
}

/// Whatever the folder of sealed files may be like when the machine stopped: nothing that was not synced
/// need be there, a new name no more than new bytes.
fn after_a_stop(copy_of: &Path, into: &Path) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut as_if = |name: &str, change: &dyn Fn(&Path)| {
        let folder = into.join(name);
        copy(copy_of, &folder);
        files(&folder).iter().for_each(|file| change(file));
        folders.push(folder);
    };
    as_if("everything is there", &|_| {});
    as_if("the name is not there", &|file| fs::remove_file(file).expect("it is removed"));
    if files(copy_of).iter().any(|file| file.extension().is_some_and(|end| end == "new")) {
        let cut = |file: &Path, part: u64| {
            let length = fs::metadata(file).expect("it is there").len();
            let file = fs::File::options().write(true).open(file).expect("it opens");
            file.set_len(length * part / 2).expect("it is cut");
        };
        as_if("half of the bytes are there", &|file| cut(file, 1));
        as_if("no byte is there", &|file| cut(file, 0));
    } else {
        as_if("the old name is there", &|file| {
            fs::rename(file, file.with_extension("sealed.new")).expect("it is renamed");
        });
    }
    folders
}

#[tokio::test]
async fn whichever_sync_of_a_sealed_file_fails_nothing_is_lost_and_it_is_made_up_for() {
    for number in 0.. {
        let (folder, copy) = (folder(), folder());
        let (before, stood) = run(folder.path(), copy.path(), Fate::Fails, number).await;
        let log = EmbeddedLog::open(folder.path(), options(None)).expect("it opens again");
        assert!(all(&log).await.starts_with(&before), "sync {number}");
        // As much again, and a file is sealed after all.
        for _ in 0..EVENTS {
            log.append(append("stream 0", &[9; EVENT_BYTES])).await.expect("an append");
        }
        until("the sealing that failed", || {
            lengths(folder.path()).iter().any(|(name, _)| name.ends_with(".sealed"))
        })
        .await;
        let then = all(&log).await;
        log.close().await;
        let log = EmbeddedLog::open(folder.path(), options(None)).expect("it opens a third time");
        assert!(then.starts_with(&before) && all(&log).await == then, "sync {number}");
        if (stood.len() as u64) <= number {
            assert!(number >= 3, "a file is synced while it is written, at its end, and in its folder");
            return;
        }
    }
}

#[tokio::test]
async fn wherever_the_machine_stops_while_a_file_is_sealed_nothing_is_lost() {
    for number in 0.. {
        let (folder, stops, then) = (folder(), folder(), folder());
        let (before, stood) = run(folder.path(), stops.path(), Fate::Stops, number).await;
        let sealed = lengths(folder.path());
        let (in_place, written) = stood.split_last().expect("it is synced");
        assert_eq!(*in_place, sealed, "the last sync is that of the folder, with the file in its place");
        let whole =
            written.last().and_then(|stood| stood.first()).map(|(name, length)| (name.as_str(), *length));
        let name = format!("{}.new", sealed[0].0);
        assert_eq!(whole, Some((name.as_str(), sealed[0].1)), "it is synced whole before it gets its name");
        if (stood.len() as u64) <= number {
            assert!(number >= 3, "a file is synced while it is written, at its end, and in its folder");
            return;
        }
        for folder in after_a_stop(stops.path(), then.path()) {
            let what = format!("sync {number}, {}", folder.display());
            let log =
                EmbeddedLog::open(&folder, options(None)).unwrap_or_else(|error| panic!("{what}: {error}"));
            let found = all(&log).await;
            assert!(found == before, "{what}: {} of {}", found.len(), before.len());
            log.append(append("stream 0", &[9; EVENT_BYTES])).await.expect("an append");
            until("sealing after a stop", || {
                // Whoever counts what waits in the store does so behind the writer's back.
                drop(log.append(append("stream 1", b"more")));
                lengths(&folder).iter().any(|(name, _)| name.ends_with(".sealed"))
            })
            .await;
            let then = all(&log).await;
            log.close().await;
            let log = EmbeddedLog::open(&folder, options(None)).expect("it opens once more");
            // Some appends that nobody waited for came after the reading.
            assert!(then.starts_with(&before) && all(&log).await.starts_with(&then), "{what}");
        }
    }
}
