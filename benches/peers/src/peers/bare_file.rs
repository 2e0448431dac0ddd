//! A bare file: the limit of the disk, without streams, rules or a way to find anything again.
//!
//! One client appends and syncs by itself; many share the syncs of one writer thread.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::load::Load;
use crate::peer::{NewSession, Peer, Place, Taken, Threads};

pub struct BareFile {
    path: PathBuf,
    /// The bytes of one creation.
    bytes: Vec<u8>,
    appending: Appending,
}

enum Appending {
    Alone(Mutex<File>),
    Grouped { requests: Sender<oneshot::Sender<()>>, writer: JoinHandle<()> },
}

impl Peer for BareFile {
    const THREADS: Threads = Threads::One;
    const HOLDS_RULE: bool = false;

    async fn open(place: &Place, load: &Load) -> BareFile {
        fs::create_dir_all(&place.folder).expect("the folder can be created");
        let path = place.folder.join("appended");
        let file = File::options().create_new(true).append(true).open(&path).expect("the file is new");
        let bytes = vec![b'x'; place.payload.bytes()];
        let appending = if load.clients == 1 {
            Appending::Alone(Mutex::new(file))
        } else {
            let (requests, waiting) = channel();
            let bytes = bytes.clone();
            let writer = thread::spawn(move || write_groups(file, &bytes, &waiting));
            Appending::Grouped { requests, writer }
        };
        BareFile { path, bytes, appending }
    }

    async fn create(&self, _session: NewSession) -> Result<(), Taken> {
        match &self.appending {
            Appending::Alone(file) => {
                let mut file = file.lock().expect("nobody panicked with the file");
                file.write_all(&self.bytes).and_then(|()| file.sync_data()).expect("the file takes it");
            }
            Appending::Grouped { requests, .. } => {
                let (answer, answered) = oneshot::channel();
                requests.send(answer).expect("the writer lives");
                answered.await.expect("the writer answers");
            }
        }
        Ok(())
    }

    async fn close(self) -> usize {
        if let Appending::Grouped { requests, writer } = self.appending {
            drop(requests);
            writer.join().expect("the writer ended");
        }
        let length = fs::metadata(&self.path).expect("the file is there").len() as usize;
        assert_eq!(length % self.bytes.len(), 0, "each session has all its bytes");
        length / self.bytes.len()
    }
}

/// Writes what waits in one append, syncs once, answers all, until nobody can ask any more.
fn write_groups(mut file: File, bytes: &[u8], waiting: &Receiver<oneshot::Sender<()>>) {
    let mut group = Vec::new();
    while let Ok(first) = waiting.recv() {
        let answers: Vec<_> = [first].into_iter().chain(waiting.try_iter()).collect();
        group.clear();
        for _ in &answers {
            group.extend_from_slice(bytes);
        }
        file.write_all(&group).and_then(|()| file.sync_data()).expect("the file takes it");
        for answer in answers {
            answer.send(()).expect("the client waits");
        }
    }
}
