//! The engine against a reference of its rules: random commands of everybody, on a log that fails, on
//! engines that are lost and opened again, on a clock that steps; every answer is compared by its code.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use switchboard::clock::Clock;
use switchboard::domain::command::{OperatorCommand, SessionCommand, WorkspaceCommand};
use switchboard::domain::id::{CommandId, Principal};
use switchboard::domain::time::Timestamp;
use switchboard::projection::SessionStatus;
use switchboard::{Caller, CommandError, Engine, Outcome, Receipt};

#[path = "model/home.rs"]
mod home;
#[path = "model/reference.rs"]
mod reference;
#[path = "model/state.rs"]
mod state;
#[path = "model/steps.rs"]
mod steps;
#[path = "support/troubled_log.rs"]
mod troubled_log;
#[path = "model/world.rs"]
mod world;

use home::Home;
use state::{Command, Model};
use steps::{Fate, Step, What, steps};

/// Commands that are compared on a log in memory, and in folders: a minute of two cores, unoptimised.
const COMMANDS: usize = 100_000;
const COMMANDS_IN_FOLDERS: usize = 2_000;

/// Steps of a history: enough that slots change hands many times, few enough to read.
const STEPS: std::ops::Range<usize> = 1..500;

/// What histories have to meet, and how often at least, or they say little.
const MET: [&str; 34] = [
    "written",
    "nothing to do",
    "LineNotFound",
    "ChannelNotFound",
    "SessionNotFound",
    "ElementNotFound",
    "AlreadyExists",
    "PrincipalNotAllowed",
    "NotOperatorOfLine",
    "TargetNotOfLine",
    "ProcessNotPermitted",
    "OperatorOffline",
    "LicenceInactive",
    "SessionClosed",
    "SessionNotClosed",
    "NotAssignee",
    "NoContactApp",
    "ContactNotInContactApp",
    "AppNotBound",
    "WidgetNotPlaced",
    "ElementNotLinked",
    "AccountNotOfContact",
    "FieldTypeNotAllowed",
    "AccountKindMismatch",
    "AmbiguousChannel",
    "ChannelDisconnected",
    "ChannelForbidsOperatorCreate",
    "ChannelForbidsInitiated",
    "BadAddress",
    "NeverContacted",
    "OpenSessionExists",
    "SessionOfAnotherCustomer",
    "SubjectNotSupported",
    "BadSubject",
];
const TIMES_MIN: usize = 3;

/// Shorter histories tried when one fails.
const SHRINKINGS_MAX: u32 = 1_500;

/// The variable that repeats the histories of a failure.
const SEED: &str = "SWITCHBOARD_SEED";

/// A clock that a history sets.
#[derive(Debug, Default)]
pub struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// What was asked and answered by an id.
struct Answered {
    who: Principal,
    command: Command,
    receipt: Receipt,
}

type Codes = BTreeMap<&'static str, usize>;

struct History {
    model: Model,
    home: Home,
    clock: Arc<SetClock>,
    /// `None` while it is opened again.
    engine: Option<Engine>,
    answered: BTreeMap<CommandId, Answered>,
    /// How often each code was answered.
    codes: Codes,
    /// What was said, for the report of a failure.
    told: Vec<String>,
}

async fn send(
    engine: &Engine,
    id: CommandId,
    who: &Principal,
    command: &Command,
) -> Result<Receipt, CommandError> {
    let caller = Caller::with_id(who.clone(), id);
    match command.clone() {
        Command::Licence(active) => {
            engine.workspace(caller, WorkspaceCommand::SetServiceLicence { active }).await
        }
        Command::Permit(process, true) => {
            let title = "Заказ готов".to_owned();
            engine.workspace(caller, WorkspaceCommand::PermitProcess { process, title }).await
        }
        Command::Permit(process, false) => {
            engine.workspace(caller, WorkspaceCommand::ForbidProcess { process }).await
        }
        Command::Presence(person, online) => {
            engine.operator(caller, person, OperatorCommand::SetPresence { online }).await
        }
        Command::Field(element, field, value) => {
            use switchboard::domain::command::ElementCommand as E;
            let command = match value {
                Some(value) => E::SetField { field, value },
                None => E::ClearField { field },
            };
            engine.element(caller, element, None, command).await
        }
        Command::Line(line, command) => engine.line(caller, line, command).await,
        Command::Create(command) => engine.create_session(caller, command).await,
        Command::Receive(command) => engine.receive(caller, command).await,
        Command::Initiate(command) => engine.send_initiated(caller, command).await,
        Command::Session(session, command) => engine.session(caller, session, command).await,
    }
}

impl History {
    async fn begin(home: Home) -> History {
        let clock = Arc::new(SetClock::default());
        let engine = Some(home.open(&clock).await);
        let (model, answered, codes, told) = (world::model(), BTreeMap::new(), Codes::new(), Vec::new());
        History { model, home, clock, engine, answered, codes, told }
    }

    /// Runs a step and compares; the error says what differed.
    async fn step(&mut self, number: usize, step: &Step) -> Result<(), String> {
        match step.what {
            What::Clock => {
                self.model.now = step.moment(&self.model);
                self.clock.0.store(self.model.now, Ordering::SeqCst);
                self.told.push(format!("{number}: the clock says {}", self.model.now));
            }
            What::Again | What::Reused => self.again(number, step).await?,
            _ => self.first(number, step).await?,
        }
        if step.fate == Fate::Restart {
            self.told.push(format!("{number}: the engine is opened again"));
            self.reopen(number.is_multiple_of(2)).await;
            self.compare().await?;
        }
        Ok(())
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().expect("there is one between steps")
    }

    async fn reopen(&mut self, in_order: bool) {
        let engine = self.engine.take().expect("there is one between steps");
        self.engine = Some(self.home.reopened(engine, &self.clock, in_order).await);
    }

    async fn first(&mut self, number: usize, step: &Step) -> Result<(), String> {
        let (who, command) = step.order(number, &self.model);
        let mut after = self.model.clone();
        let expected = after.answer(&who, &command);
        let writes = expected.is_ok() && after != self.model;
        let id = CommandId(Step::fresh(number, 1));
        self.told.push(format!("{number}: {who:?} {command:?}"));
        let mut written = false;
        if let (Fate::Fails { how, crash, again }, true) = (step.fate, writes) {
            written = self.fails(id, &who, &command, how).await?;
            // An embedded log takes nothing more then.
            if crash || matches!(self.home, Home::Folder(..)) {
                self.reopen(false).await;
            }
            if !again {
                self.told.push(format!("  and nobody asks again (written: {written})"));
                if written {
                    self.model = after;
                }
                return Ok(());
            }
        }
        let before = self.engine().head();
        let answer = send(self.engine(), id, &who, &command).await;
        let moved = self.engine().head() > before;
        let said = match &answer {
            Ok(receipt) => Ok((receipt.session, receipt.message)),
            Err(error) => Err(error.code()),
        };
        if said != expected {
            return Err(format!("it says {said:?}, and the reference {expected:?}"));
        }
        if moved != (writes && !written) {
            return Err(format!("something was written: {moved}, and by the reference: {writes}"));
        }
        self.model = after;
        let code = if writes { "written" } else { said.err().unwrap_or("nothing to do") };
        *self.codes.entry(code).or_default() += 1;
        if let (Ok(receipt), true) = (answer, writes) {
            if receipt.position != self.engine().head() {
                return Err(format!("its place is {receipt:?}, the head {}", self.engine().head()));
            }
            self.answered.insert(id, Answered { who, command, receipt });
        }
        Ok(())
    }

    /// Sends a command that the log will fail, and holds the answer to what is known of it; tells
    /// whether it is there all the same.
    async fn fails(
        &mut self,
        id: CommandId,
        who: &Principal,
        command: &Command,
        how: u8,
    ) -> Result<bool, String> {
        let before = self.engine().head();
        let (outcome, written) = self.home.trouble(how);
        let answer = send(self.engine(), id, who, command).await;
        self.told.push(format!("  the log fails ({how}): {answer:?}"));
        let Err(error) = answer else { return Err("the log failed, and it was acknowledged".into()) };
        if error.outcome() != outcome || error.rejection().is_some() {
            return Err(format!("{error}: {:?}, and it is {outcome:?}", error.outcome()));
        }
        if outcome == Outcome::NotWritten && self.engine().head() > before {
            return Err(format!("{error}, and something was written"));
        }
        let poisoned = self.engine().poisoned().is_some();
        if poisoned != matches!(self.home, Home::Folder(..)) {
            return Err(format!("{error}, and the log is said to be poisoned: {poisoned}"));
        }
        if poisoned {
            let refused = send(self.engine(), CommandId(uuid::Uuid::nil()), who, command).await;
            if !matches!(&refused, Err(CommandError::Unavailable(_))) {
                return Err(format!("a failed log takes commands: {refused:?}"));
            }
        }
        Ok(written)
    }

    /// An earlier command by its id: the same gives its receipt, another content is refused.
    async fn again(&mut self, number: usize, step: &Step) -> Result<(), String> {
        let of_sessions = |answered: &&CommandId| {
            step.what == What::Again || matches!(self.answered[*answered].command, Command::Session(..))
        };
        let ids: Vec<CommandId> = self.answered.keys().filter(of_sessions).copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let id = ids[step.of(ids.len())];
        let Answered { who, command, receipt } = &self.answered[&id];
        self.told.push(format!("{number}: {:?} again", command));
        let before = self.engine().head();
        let answer = match (step.what, command) {
            (What::Reused, Command::Session(session, _)) => {
                let rename = Command::Session(*session, SessionCommand::Rename { name: "Другое".into() });
                let answer = send(self.engine(), id, who, &rename).await;
                if answer != Err(CommandError::CommandIdReused(id)) {
                    return Err(format!("its id served twice: {answer:?}"));
                }
                Ok(*receipt)
            }
            _ => send(self.engine(), id, who, command).await,
        };
        if answer != Ok(*receipt) || self.engine().head() != before {
            return Err(format!("it was answered {receipt:?}, and now {answer:?}"));
        }
        Ok(())
    }

    /// What people are shown, against the reference.
    async fn compare(&self) -> Result<(), String> {
        let views = self.engine().read().await.map_err(|error| error.to_string())?;
        for (id, session) in &self.model.sessions {
            let shown = views.session(*id).await.map_err(|error| error.to_string())?;
            let shown = shown.ok_or_else(|| format!("{id} is shown to nobody"))?;
            let status = match (session.closed_at, session.holder) {
                (Some(_), last_operator) => SessionStatus::Closed { last_operator },
                (None, Some(operator)) => SessionStatus::Assigned(operator),
                (None, None) => SessionStatus::Waiting,
            };
            let messages = session.messages.len() as u64;
            let links: std::collections::BTreeSet<_> = shown.links.iter().cloned().collect();
            if (&shown.status, shown.messages, shown.line) != (&status, messages, session.line)
                || links != session.links
            {
                return Err(format!("{id} is shown as {shown:?}, and the reference has {session:?}"));
            }
        }
        Ok(())
    }
}

/// Runs a history to its end, or to where it differs.
async fn run(home: Home, steps: Vec<Step>) -> Result<Codes, String> {
    let mut history = History::begin(home).await;
    for (number, step) in steps.iter().enumerate() {
        if let Err(difference) = history.step(number, step).await {
            let told = &history.told[history.told.len().saturating_sub(40)..];
            return Err(format!("{}\n{difference}", told.join("\n")));
        }
    }
    history.compare().await?;
    history.engine().close().await.map_err(|error| error.to_string())?;
    Ok(history.codes)
}

fn seed() -> u64 {
    let fresh = || u64::try_from(uuid::Uuid::now_v7().as_u128() & u128::from(u64::MAX)).unwrap_or(0);
    std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or_else(fresh)
}

/// Runs histories until so many commands were compared.
fn agree(seed: u64, commands: usize, home: impl AsyncFn() -> Home) -> Codes {
    let asked = Config::default().max_shrink_iters;
    // Proptest's own variable goes first: `tests/bites` need not know the shortest history.
    let max_shrink_iters = if asked == u32::MAX { SHRINKINGS_MAX } else { asked };
    let config = Config { max_shrink_iters, failure_persistence: None, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut compared, codes) = (0, RefCell::new(Codes::new()));
    while compared < commands {
        let history = steps(STEPS).new_tree(&mut runner).expect("any numbers are steps");
        compared += history.current().len();
        let result = runner.run_one(history, |steps| {
            let answered = runtime.block_on(async { run(home().await, steps).await });
            let mut codes = codes.borrow_mut();
            answered.map_err(TestCaseError::fail)?.into_iter().for_each(|(code, times)| {
                *codes.entry(code).or_default() += times;
            });
            Ok(())
        });
        // The steps are numbers: what was said of them tells more.
        match result {
            Ok(_) => {}
            Err(TestError::Fail(said, _)) => panic!("repeat with {SEED}={seed}\n{said}"),
            Err(TestError::Abort(said)) => panic!("{said}"),
        }
    }
    println!("{SEED}={seed}: {compared} commands were answered alike");
    codes.into_inner()
}

#[test]
fn the_engine_answers_as_the_reference_does() {
    let seed = seed();
    let halves: Vec<Codes> = std::thread::scope(|scope| {
        let half = |half| scope.spawn(move || agree(seed.wrapping_add(half), COMMANDS / 2, Home::memory));
        let halves: Vec<_> = (0..2).map(half).collect();
        halves.into_iter().map(|half| half.join().expect("a half agrees")).collect()
    });
    let times = |code| halves.iter().filter_map(|codes| codes.get(code)).sum::<usize>();
    let codes: Vec<_> = MET.iter().map(|code| (*code, times(code))).collect();
    println!("{codes:?}");
    let seldom: Vec<_> = codes.iter().filter(|(_, times)| *times < TIMES_MIN).collect();
    assert!(seldom.is_empty(), "the histories are to meet each of them: {seldom:?}");
}

#[test]
fn an_engine_in_a_folder_answers_as_the_reference_does() {
    agree(seed(), COMMANDS_IN_FOLDERS, Home::folder);
}
