//! The disk: ordered keys and values in folders. The only place that names sled.
//!
//! Knows keys and bytes, no events. [`store::Store`] is for what must not be lost and is synced by
//! its caller; [`sealed::Sealed`] is for what left a store because it does not change any more;
//! [`table::Table`] is for what can be derived again and is written lazily.
//!
//! ```text
//!   folder/lock        held by whoever has the folder open
//!   folder/db …        of a store: sled's own files
//!   folder/*.sealed …  files of numbered bytes, in a folder of their own
//!   folder/*.run …     of tables: sorted runs
//! ```

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) mod bytes;
mod foot;
pub(crate) mod sealed;
pub(crate) mod store;
pub(crate) mod table;

pub(crate) use sealed::{BeforeSync, Sealed, Sealing};
pub(crate) use store::Store;
pub(crate) use table::{Change, Direction, Folder, Table};

/// What went wrong with a folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DiskError {
    /// Somebody has it open. Nothing was changed.
    #[error("folder {} is open already, here or in another process", folder.display())]
    InUse { folder: PathBuf },
    /// Reading or writing failed. What was being written may or may not be there.
    #[error("folder {}: {reason}", folder.display())]
    Failed { folder: PathBuf, reason: String },
    /// What stands in a file, from this number on, is not what was written.
    #[error("{}: {reason}", file.display())]
    Broken { file: PathBuf, number: u64, reason: String },
    /// Whoever asked does not wait for the disk, and would have to. Nothing is wrong.
    #[error("the disk would have to be waited for")]
    NotAtOnce,
}

impl DiskError {
    fn failed(folder: &Path, reason: impl ToString) -> DiskError {
        DiskError::Failed { folder: folder.to_path_buf(), reason: reason.to_string() }
    }

    /// What sled says; what is damaged there has no number, since sled does not know whose bytes they are.
    fn of(folder: &Path, error: sled::Error) -> DiskError {
        match error {
            sled::Error::Corruption { .. } => DiskError::Broken {
                file: folder.join(DATA),
                number: 0,
                reason: "the store's file is damaged, and it does not say where: restore an archive"
                    .to_owned(),
            },
            // This version writes one form of it alone: another one was not written.
            sled::Error::Unsupported(reason) => DiskError::Broken {
                file: folder.join(CONF),
                number: 0,
                reason: format!(
                    "the store's file {CONF} is damaged, or of a later version: restore an archive ({reason})"
                ),
            },
            error => DiskError::failed(folder, error),
        }
    }
}

/// The name of the file that is locked while a folder is open.
const LOCK: &str = "lock";

/// The file of sled that holds all data.
const DATA: &str = "db";

/// The file of sled that says in which form the data is.
const CONF: &str = "conf";

/// The size of sled's segments: an item of more than a quarter of it, less its header, would go to
/// a file in `blobs/` that sled never syncs.
const SEGMENT_BYTES: usize = 512 * 1024;

/// How long sled's threads of a handle that was dropped in this process may hold on to its file.
/// Our own lock is free by then, so nobody else can be the one who holds it.
const RELEASE_WAIT_MAX: Duration = Duration::from_secs(10);
const RELEASE_POLL: Duration = Duration::from_millis(2);

/// An open folder; the order of the fields is the order in which they are released.
#[derive(Debug)]
struct Database {
    db: sled::Db,
    folder: PathBuf,
    _lock: Lock,
}

impl Database {
    /// Opens or creates the folder; `cache_bytes` bounds the pages that sled keeps in memory.
    fn open(folder: &Path, cache_bytes: u64) -> Result<Database, DiskError> {
        let failed = |error: io::Error| DiskError::failed(folder, error);
        create_folder(folder).map_err(failed)?;
        let lock = lock(folder)?;
        let db = open_sled(folder, cache_bytes)?;
        // Also of one that was there: who created it may have been killed before he did this.
        File::open(folder.join(CONF)).and_then(|file| file.sync_all()).map_err(failed)?;
        File::open(folder.join(DATA)).and_then(|file| file.sync_all()).map_err(failed)?;
        sync_folder(folder).map_err(failed)?;
        Ok(Database { db, folder: folder.to_path_buf(), _lock: lock })
    }

    fn failed(&self, error: sled::Error) -> DiskError {
        DiskError::of(&self.folder, error)
    }
}

/// A lock that is held until it is dropped.
///
/// It is let go of in so many words: closing the file is not enough while a process that this one has
/// just begun has its files too, which it has until it runs its own program.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // One that cannot be let go of is let go of by closing the file.
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<Lock, DiskError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(|error| DiskError::failed(folder, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(DiskError::InUse { folder: folder.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(DiskError::failed(folder, error)),
    }
}

fn open_sled(folder: &Path, cache_bytes: u64) -> Result<sled::Db, DiskError> {
    let began = Instant::now();
    loop {
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(cache_bytes)
            .segment_size(SEGMENT_BYTES)
            .mode(sled::Mode::HighThroughput)
            .flush_every_ms(None);
        match config.open() {
            Ok(db) => return Ok(db),
            Err(error) if is_held(&error) && began.elapsed() < RELEASE_WAIT_MAX => {
                thread::sleep(RELEASE_POLL)
            }
            Err(error) if is_held(&error) => return Err(DiskError::InUse { folder: folder.to_path_buf() }),
            Err(error) => return Err(DiskError::of(folder, error)),
        }
    }
}

/// sled has no kind of error for a lock that is held, only these words.
fn is_held(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// Creates a folder and those above it, each of them durably.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    let above = folder.parent().unwrap_or(Path::new(""));
    create_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Fills `bytes` from a file, wherever others read it.
#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => (bytes, at) = (&mut bytes[read..], at + read as u64),
        }
    }
    Ok(())
}

/// Fills `bytes` from a file if the system surely has them in memory, and says whether it did; an
/// error is left to whoever waits for the disk.
#[cfg(target_os = "linux")]
fn read_at_once(file: &File, bytes: &mut [u8], at: u64) -> bool {
    let length = bytes.len();
    let into = &mut [io::IoSliceMut::new(bytes)];
    let read = rustix::io::preadv2(file, into, at, rustix::io::ReadWriteFlags::NOWAIT);
    read.is_ok_and(|read| read == length)
}

#[cfg(not(target_os = "linux"))]
fn read_at_once(_: &File, _: &mut [u8], _: u64) -> bool {
    false
}

/// Removes a folder and everything in it, unless somebody has it open.
fn destroy(folder: &Path) -> Result<(), DiskError> {
    if !folder.exists() {
        return Ok(());
    }
    let held = lock(folder)?;
    fs::remove_dir_all(folder).map_err(|error| DiskError::failed(folder, error))?;
    drop(held);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_let_go_of_is_free_while_another_process_still_has_its_file() {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let held = lock(folder.path()).expect("nobody has it");
        // As a process has it that was begun and does not run its own program yet.
        let inherited = held.0.try_clone().expect("a second handle of the same file");
        assert!(matches!(lock(folder.path()), Err(DiskError::InUse { .. })));
        drop(held);
        drop(lock(folder.path()).expect("it is free"));
        drop(inherited);
    }
}
