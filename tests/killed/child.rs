//! The process that is killed: this test's own program again, with an engine under load.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use switchboard::domain::command::{ChosenAccount, CreateSession, SessionCommand};
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{CommandId, MessageId, OperatorId, Principal, SessionId};
use switchboard::log::embedded::{EmbeddedOptions, Faults};
use switchboard::{Caller, CommandError, Engine, EngineOptions, Receipt};

use super::check;

const FOLDER: &str = "SWITCHBOARD_TEST_FOLDER";
const WITNESS: &str = "SWITCHBOARD_TEST_WITNESS";
const POINT: &str = "SWITCHBOARD_TEST_POINT";

/// A seeded bug for the child alone: who checks what is left shall have none.
const BUG: &str = "SWITCHBOARD_BUG_OF_CHILD";

/// Clients at once, each with a customer of its own.
pub const CLIENTS: u64 = 8;

/// How long a child works before it closes by itself.
const WORK: Duration = Duration::from_millis(40);

/// What a child that is to be killed when it has sealed a file seals: it has written as much in a moment.
const SEALED_FILE_BYTES: u64 = 128 << 10;

/// A child that is not killed ends by itself: it may never come to its point, or its parent is gone.
const LIFE: Duration = Duration::from_secs(30);

/// Where a child is killed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Point {
    AtRandom,
    /// While it opens what the last one left.
    Opening,
    /// A group is checked, and not handed over.
    BeforeWrite,
    /// The store has it, and it is not synced.
    BeforeSync,
    /// It is durable, and nobody was told.
    AfterSync,
    /// Old frames stand in a sealed file, and in the store still.
    Sealed,
    /// At random while it closes, which writes checkpoints.
    Closing,
    /// When the file of a checkpoint, of the index or of a projection, is seen and does not count yet.
    Checkpoint,
}

/// Stops the writer for ever at a point, and says so.
struct StopAt {
    point: String,
    left: AtomicU64,
}

impl StopAt {
    fn at(&self, point: Point) -> io::Result<()> {
        if self.point == format!("{point:?}") && self.left.fetch_sub(1, Ordering::SeqCst) == 0 {
            say("at the point");
            loop {
                std::thread::park();
            }
        }
        Ok(())
    }
}

impl Faults for StopAt {
    fn before_write(&self) -> io::Result<()> {
        self.at(Point::BeforeWrite)
    }

    fn before_sync(&self) -> io::Result<()> {
        self.at(Point::BeforeSync)
    }

    fn after_sync(&self) -> io::Result<()> {
        self.at(Point::AfterSync)
    }

    fn after_seal(&self) -> io::Result<()> {
        self.at(Point::Sealed)
    }
}

fn say(what: &str) {
    let mut out = io::stdout();
    // Nobody reads it where the parent has seen enough.
    let _ = writeln!(out, "\nchild: {what}").and_then(|()| out.flush());
}

/// What a client asks for as its command `number`: a session from its creation to its closing, again
/// and again in the same slot.
pub async fn send(engine: &Engine, client: u64, number: u64) -> Result<Receipt, CommandError> {
    let anna = Principal::Operator(OperatorId(check::ANNA));
    let caller = Caller::with_id(anna, CommandId(check::id(2, client, number)));
    let session = SessionId(check::id(3, client, number / 6));
    let command = match number % 6 {
        0 => {
            let create = CreateSession {
                session,
                line: check::LINE,
                contact: check::contact(client),
                account: ChosenAccount { text: check::phone(client), field: None },
                channel: None,
                subject: None,
                via: EntryPoint::LinesSection,
            };
            return engine.create_session(caller, create).await;
        }
        1 | 4 => SessionCommand::SendMessage {
            message: MessageId(check::id(4, client, number)),
            text: "Ответ".repeat(1 + (number as usize * 37) % 300),
            via: EntryPoint::LinesSection,
        },
        2 | 5 => SessionCommand::Close,
        _ => SessionCommand::Reopen,
    };
    engine.session(caller, session, command).await
}

/// Sends a client's commands from where the witness says that it was, the last one again.
async fn client(engine: Engine, client: u64, witness: PathBuf) {
    let path = witness.join(client.to_string());
    let told = check::told(&path);
    let mut file: File = OpenOptions::new().create(true).append(true).open(&path).expect("a file");
    if let Some((last, position)) = told.last().copied() {
        let again = match send(&engine, client, last).await {
            // The engine closes before this client came to ask.
            Err(CommandError::Unavailable(_)) => return,
            answer => answer.expect("what was acknowledged is answered again"),
        };
        assert_eq!(again.position.0, position, "client {client}, command {last}: the receipt of before");
    }
    for number in told.last().map_or(0, |(last, _)| last + 1).. {
        let receipt = match send(&engine, client, number).await {
            // The engine closes.
            Err(CommandError::Unavailable(_)) => return,
            answer => answer.expect("what it may do is done"),
        };
        // In one piece, which a kill does not cut: the next line would stand behind what is left.
        let line = format!("{number} {}\n", receipt.position);
        file.write_all(line.as_bytes()).expect("a line is written");
        file.sync_data().expect("the witness is synced");
    }
}

/// What the child does. Run by anybody else, with no folder named, it has nothing to do.
#[test]
#[ignore = "the other tests run it in a process of its own"]
fn works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("the child: {panic}");
        std::process::exit(101);
    }));
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        say("nobody killed it");
        std::process::exit(1);
    });
    let witness = PathBuf::from(std::env::var_os(WITNESS).expect("a witness"));
    let point = std::env::var(POINT).expect("a point");
    let (point, after) = point.split_once(' ').expect("a point and a number");
    let left = AtomicU64::new(after.parse().expect("a number"));
    let faults: Arc<dyn Faults> = Arc::new(StopAt { point: point.to_owned(), left });
    let mut options = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
    if point == format!("{:?}", Point::Sealed) {
        options.sealed_file_bytes = SEALED_FILE_BYTES;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let engine = Engine::open(EngineOptions::at_with(folder, options)).await.expect("it opens");
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| tokio::spawn(client(engine.clone(), number, witness.clone())))
            .collect();
        say("ready");
        if [Point::Closing, Point::Checkpoint].map(|point| format!("{point:?}")).contains(&point.to_owned()) {
            tokio::time::sleep(WORK).await;
            say("closing");
            engine.close().await.expect("it closes");
            say("closed");
        }
        for client in clients {
            client.await.expect("a client does not panic");
        }
    });
}

/// A child under way.
pub struct Child {
    process: std::process::Child,
    out: BufReader<ChildStdout>,
}

impl Child {
    pub fn start(folder: &Path, witness: &Path, point: Point, after: u64) -> Child {
        let mut process = Command::new(std::env::current_exe().expect("a test knows its own file"))
            .args(["--ignored", "--exact", "--nocapture", "child::works_until_it_is_killed"])
            .env(FOLDER, folder)
            .env(WITNESS, witness)
            .env(POINT, format!("{point:?} {after}"))
            .env("SWITCHBOARD_BUG", std::env::var_os(BUG).unwrap_or_default())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let out = BufReader::new(process.stdout.take().expect("its output is piped"));
        Child { process, out }
    }

    /// Reads what it says until it says this.
    pub fn wait_for(&mut self, what: &str) {
        let mut all = String::new();
        loop {
            let from = all.len();
            let read = self.out.read_line(&mut all).expect("its output is text");
            assert!(read > 0, "the child ended before it was {what:?}:\n{all}");
            if all[from..].trim_end().strip_prefix("child: ") == Some(what) {
                return;
            }
        }
    }

    /// Holds it where it is.
    pub fn stop(&self) {
        let stop = format!("kill -STOP {}", self.process.id());
        let stopped = Command::new("sh").args(["-c", &stop]).status();
        assert!(stopped.is_ok_and(|status| status.success()), "the child is stopped");
    }

    pub fn kill(mut self) {
        // One that was to be killed while it closes may have ended by itself.
        let _ = self.process.kill();
        let status = self.process.wait().expect("the child has ended");
        assert!(status.code().is_none_or(|code| code == 0), "the child failed by itself: {status}");
    }
}

/// A test that fails leaves no child behind, which would hold the disk.
impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
