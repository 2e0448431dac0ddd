//! The log of one machine: a writer thread in front of a store in a folder.
//!
//! Knows frames, the stream index and what is behind `disk`; must not know sled.
//!
//! ```text
//!   append ─ encode ─▶ [queue] ─▶ check · frame ─▶ write · sync ─▶ index, head ─▶ answer
//!                                                             `─▶ [recent] ◀─ reads ─▶ [kept] store, sealed files
//! ```
//!
//! The folder holds `log/`, which is the truth, and `index/`, which is derived from it and may be
//! deleted while the log is closed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Append, AppendError, Appended, Log, LogFuture, LogStats, Position, ReadError, Record, StreamName, Version,
};
use prepare::Prepared;
use read::Patience;
use readers::Readers;
use shared::Shared;
use writer::{Request, Writer};

mod commit;
mod frames;
mod group;
mod header;
mod index;
mod kept;
mod lazily;
mod open;
mod prepare;
mod prove;
pub(crate) mod raw;
mod read;
mod readers;
mod recent;
mod shared;
mod writer;

/// How many appends may wait for the writer: several group commits, and a few megabytes.
pub const QUEUE_APPENDS_MAX: usize = 16_384;

/// How an [`EmbeddedLog`] is opened.
#[derive(Clone)]
pub struct EmbeddedOptions {
    /// How much of the log is read and checked before it is open.
    pub verify: Verify,
    /// How many appends may wait for the writer; more are answered with [`AppendError::Busy`].
    pub queue_appends_max: usize,
    /// How many bytes of the store's pages stay in memory.
    pub cache_bytes: u64,
    /// From which size on a sealed file is ended. As much as one waits in the store at least, and
    /// two at most, before old frames leave it for a file.
    pub sealed_file_bytes: u64,
    /// Failures to inject, for tests.
    pub faults: Option<Arc<dyn Faults>>,
}

impl Default for EmbeddedOptions {
    fn default() -> EmbeddedOptions {
        EmbeddedOptions {
            verify: Verify::default(),
            queue_appends_max: QUEUE_APPENDS_MAX,
            cache_bytes: 8 << 20,
            sealed_file_bytes: 8 << 20,
            faults: None,
        }
    }
}

impl fmt::Debug for EmbeddedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedOptions")
            .field("verify", &self.verify)
            .field("queue_appends_max", &self.queue_appends_max)
            .field("cache_bytes", &self.cache_bytes)
            .field("sealed_file_bytes", &self.sealed_file_bytes)
            .field("faults", &self.faults.is_some())
            .finish()
    }
}

/// How much of the log is read and checked when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// Every frame: its checksum, its place in the chain, and that no position is missing. Takes
    /// a second for some million events.
    All,
    /// The same of the newest million events, which is all of most logs; the checksum of an older
    /// frame is checked when it is read. At most about a second.
    #[default]
    Recent,
    /// The same only of what was written since the index was, which is the least.
    Tail,
}

/// Failures that a test injects around the writer's steps.
///
/// An error is treated as if the step itself had failed.
pub trait Faults: Send + Sync + 'static {
    /// Is asked before a group is handed to the store.
    ///
    /// # Errors
    ///
    /// What the write shall fail with.
    fn before_write(&self) -> io::Result<()> {
        Ok(())
    }

    /// Is asked when the store has the group, before it is synced.
    ///
    /// # Errors
    ///
    /// What the write shall fail with.
    fn after_write(&self) -> io::Result<()> {
        Ok(())
    }

    /// Is asked before the store is synced.
    ///
    /// # Errors
    ///
    /// What the sync shall fail with.
    fn before_sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Is asked when a group is durable, before anybody is told.
    ///
    /// # Errors
    ///
    /// What the sync shall be said to have failed with.
    fn after_sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Is asked before each sync of a sealed file that is being written, and of its folder.
    ///
    /// # Errors
    ///
    /// What that sync shall fail with.
    fn before_seal_sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Is asked when old frames stand in a sealed file, and in the store still.
    ///
    /// # Errors
    ///
    /// What sealing shall fail with.
    fn after_seal(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a log could not be opened. Nothing was repaired or removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The folder is open already.
    #[error(
        "the log in {} is open already, here or in another process: close that one, or ask it",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The log was written in a format that this version does not know.
    #[error("the log has format {found}, and this version reads format {known}")]
    Format {
        /// The format that was found.
        found: u32,
        /// The format that this version reads.
        known: u32,
    },
    /// What stands at this position is not what was written.
    #[error("the log is damaged at position {position}: {reason}")]
    Damaged {
        /// The first position of the first frame that does not fit; zero is the log's header.
        position: Position,
        /// What does not fit.
        reason: String,
    },
    /// The log ends before a position that it is known to have had.
    #[error("the log ends at position {found}, but it had position {had}: its end was lost")]
    Truncated {
        /// The position that it had.
        had: Position,
        /// The position at which it ends.
        found: Position,
    },
    /// The store could not be read or written.
    #[error("the log could not be opened: {reason}")]
    Failed {
        /// What failed.
        reason: String,
    },
}

/// A [`Log`] in a folder of this machine; one at a time has it open.
#[derive(Debug)]
pub struct EmbeddedLog {
    shared: Arc<Shared>,
    queue_appends_max: usize,
    /// Gone once the log is closed; the writer ends when it has taken what was sent before.
    requests: RwLock<Option<mpsc::Sender<Request>>>,
    /// Turns true, or loses its sender, when the writer has ended and the folder is free.
    ended: watch::Receiver<bool>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
}

impl EmbeddedLog {
    /// Opens the log in a folder, or creates one there; blocks until it is checked.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; nothing is repaired, and the folder is released again.
    pub fn open(path: &Path, options: EmbeddedOptions) -> Result<Arc<EmbeddedLog>, OpenError> {
        let opened = open::open(path, &options)?;
        let (requests, queue) = mpsc::channel(options.queue_appends_max.max(1));
        let (end, ended) = watch::channel(false);
        let shared = Arc::new(Shared::new(opened.disk, opened.recent, opened.head));
        let failed = |error: io::Error| OpenError::Failed { reason: error.to_string() };
        let readers = Readers::start().map_err(failed)?;
        let writer = Writer::new(Arc::clone(&shared), queue, opened.chain, opened.store_id, options.faults);
        let writer = thread::Builder::new()
            .name("switchboard-log".into())
            .spawn(move || {
                writer.run();
                end.send_replace(true);
            })
            .map_err(failed)?;
        Ok(Arc::new(EmbeddedLog {
            shared,
            queue_appends_max: options.queue_appends_max,
            requests: RwLock::new(Some(requests)),
            ended,
            writer: Mutex::new(Some(writer)),
            readers,
        }))
    }

    /// Hands an append to the writer.
    fn send(&self, append: Append) -> Result<oneshot::Receiver<Result<Appended, AppendError>>, AppendError> {
        if let Some(reason) = self.poisoned() {
            return Err(AppendError::Unavailable { reason });
        }
        let prepared = Prepared::new(append)?;
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        let Some(requests) = requests.as_ref() else {
            return Err(AppendError::Unavailable { reason: "it is closed".into() });
        };
        let (answer, answered) = oneshot::channel();
        match requests.try_send(Request { prepared, answer }) {
            Ok(()) => Ok(answered),
            Err(mpsc::error::TrySendError::Full(_)) => {
                Err(AppendError::Busy { queue_max: self.queue_appends_max })
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                Err(AppendError::Unavailable { reason: "its writer has ended: open it again".into() })
            }
        }
    }

    fn refuse_appends(&self) {
        self.requests.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Log for EmbeddedLog {
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>> {
        let sent = self.send(append);
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            sent?.await.unwrap_or_else(|_| {
                // It panicked, and may not have come to say so itself: nobody hears of it before it is said.
                shared.poison("its writer panicked");
                Err(AppendError::Unknown { reason: "the writer ended before it answered".into() })
            })
        })
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let stream = stream.clone();
        self.read(move |shared, patience| read::stream(shared, patience, &stream, after, limit))
    }

    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.read(move |shared, patience| read::all(shared, patience, after, limit))
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.read(move |shared, patience| read::at(shared, patience, &positions, bytes_max))
    }

    fn head(&self) -> Position {
        self.shared.head()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.shared.follow()
    }

    fn stats(&self) -> LogStats {
        let requests = self.requests.read().unwrap_or_else(PoisonError::into_inner);
        let queued = requests.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        LogStats { queued: queued as u64, ..self.shared.counters.stats() }
    }

    fn poisoned(&self) -> Option<String> {
        self.shared.poisoned()
    }

    fn close(&self) -> LogFuture<()> {
        self.refuse_appends();
        let mut ended = self.ended.clone();
        Box::pin(async move {
            // An error says that the writer is gone, which is what is waited for.
            let _ = ended.wait_for(|ended| *ended).await;
        })
    }
}

impl EmbeddedLog {
    /// Reads at once if that can be, or else on a thread that may wait for the disk.
    fn read<F>(&self, read: F) -> LogFuture<Result<Vec<Record>, ReadError>>
    where
        F: Fn(&Shared, Patience) -> Result<Option<Vec<Record>>, ReadError> + Send + 'static,
    {
        if let Some(done) = read(&self.shared, Patience::AtOnce).transpose() {
            return Box::pin(std::future::ready(done));
        }
        let shared = Arc::clone(&self.shared);
        let answered = self.readers.read(move || read(&shared, Patience::Waiting));
        Box::pin(async move {
            let answer = answered.await;
            let panicked = |_| Err(ReadError::Unavailable { reason: "the reading panicked".into() });
            answer.unwrap_or_else(panicked).map(Option::unwrap_or_default)
        })
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.refuse_appends();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // The writer catches its own panics; there is nobody left to tell.
            let _ = writer.join();
        }
    }
}
