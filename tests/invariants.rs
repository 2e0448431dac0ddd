//! The ten invariants of the mission over random lists of everybody's commands, with restarts and
//! with commands at once; a failure prints its seed and the shortest list that shows it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::SessionId;
use switchboard::log::Position;
use switchboard::projection::{Order as Reading, ProjectionName, SessionStatus};
use switchboard::wire::Recorded;
use switchboard::{CommandError, Engine, Receipt};

#[path = "support/invariants/bites.rs"]
mod bites;
#[path = "support/desk.rs"]
mod desk;
#[path = "support/invariants/ledger.rs"]
mod ledger;
#[path = "support/invariants/steps.rs"]
mod steps;

use desk::*;
use ledger::Ledger;
use steps::{ACTORS, Known, Order, Step, any_step};

/// Lists tried on a log in memory: half a minute on two cores, unoptimised.
const LISTS_IN_MEMORY: u32 = 160;

/// Lists tried in a folder, where each restart opens a store.
const LISTS_IN_A_FOLDER: u32 = 16;

/// Shorter lists tried when one fails.
const SHRINKINGS_MAX: u32 = 200;

/// The variable that repeats the lists of a failure.
const SEED: &str = "SWITCHBOARD_SEED";

/// Steps of a list.
const STEPS: std::ops::Range<usize> = 20..90;

/// A batch of steps sent at once, and whether the engine is restarted after it.
type Batch = (Vec<Step>, bool);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let batch =
        (prop_oneof![3 => vec(any_step(), 1..2), 1 => vec(any_step(), 2..6)], prop::bool::weighted(0.04));
    vec(batch, STEPS)
}

/// The seed of the lists: fresh each time, or the one that a failure printed.
fn seed() -> u64 {
    let fresh = || u64::try_from(uuid::Uuid::now_v7().as_u128() & u128::from(u64::MAX)).unwrap_or(0);
    std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or_else(fresh)
}

fn holds(lists: u32, home: fn() -> Home) {
    let config = Config {
        cases: lists,
        max_shrink_iters: SHRINKINGS_MAX,
        failure_persistence: None,
        ..Config::default()
    };
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let result = runner.run(&batches(), |batches| {
        let run = runtime.block_on(async { tokio::spawn(run(home(), batches)).await });
        run.map_err(|error| {
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            TestCaseError::fail(text.unwrap_or("a panic without text").to_owned())
        })
    });
    if let Err(error) = result {
        panic!("repeat with {SEED}={seed}\n{error}");
    }
}

#[test]
fn the_ten_invariants_hold_in_memory() {
    holds(LISTS_IN_MEMORY, Home::memory);
}

#[test]
fn the_ten_invariants_hold_in_a_folder() {
    holds(LISTS_IN_A_FOLDER, Home::folder);
}

/// What came of an order.
struct Answered {
    order: Order,
    answer: Result<Receipt, CommandError>,
}

impl Answered {
    /// Whether the answer names the place of an event of its own command.
    fn placed(&self, events: &[Recorded]) -> bool {
        let Ok(receipt) = self.answer else { return false };
        let at = usize::try_from(receipt.position.0).expect("a position") - 1;
        events[at].command == self.order.command
    }
}

async fn run(home: Home, batches: Vec<Batch>) {
    let mut engine = home.desk().await;
    let (mut known, mut answered) = (Known::default(), Vec::<Answered>::new());
    for (batch, restart) in batches {
        let before: Vec<Order> = answered.iter().map(|answered| answered.order.clone()).collect();
        let numbered = batch.iter().enumerate();
        let orders: Vec<Order> =
            numbered.map(|(at, step)| Order::new(before.len() + at, step, &known, &before)).collect();
        let sent: Vec<_> = orders
            .into_iter()
            .map(|order| {
                let engine = engine.clone();
                tokio::spawn(async move {
                    let answer = order.send(&engine).await;
                    Answered { order, answer }
                })
            })
            .collect();
        for sent in sent {
            let sent = sent.await.expect("an order is answered");
            learn(&mut known, &sent);
            answered.push(sent);
        }
        if restart {
            engine = restarted(&home, engine).await;
        }
    }
    check(&engine, &answered, &known).await;
    let engine = restarted(&home, engine).await;
    let head = engine.head();
    repeated(&engine, &answered).await;
    assert_eq!(engine.head(), head, "commands that were recorded write nothing when they are repeated");
    engine.close().await.expect("the engine closes");
}

fn learn(known: &mut Known, sent: &Answered) {
    let Ok(Receipt { session: Some(session), message, .. }) = sent.answer else { return };
    if !known.sessions.contains(&session) {
        known.sessions.push(session);
    }
    known.messages.extend(message.map(|message| (session, message)));
}

/// 6: what is shown and what may be chosen is the same after a restart.
async fn restarted(home: &Home, engine: Engine) -> Engine {
    let sessions = sessions_of(&engine).await;
    let before = (shown(&engine, &sessions).await, choices(&engine).await);
    let engine = home.reopened(engine).await;
    assert_eq!(before.0, shown(&engine, &sessions).await, "6: the projections after a restart");
    assert_eq!(before.1, choices(&engine).await, "6: the rules after a restart");
    engine
}

async fn check(engine: &Engine, answered: &[Answered], known: &Known) {
    let events = recorded_after(engine, Position::START).await;
    let mut ledger = Ledger::default();
    for (at, recorded) in events.iter().enumerate() {
        ledger.take(recorded);
        if events.get(at + 1).is_none_or(|next| next.command != recorded.command) {
            ledger.settled();
        }
    }
    for Answered { order, answer } in answered {
        let mut same = answered.iter().filter(|other| other.order.command == order.command);
        let wrote = ledger.commands.contains(&order.command);
        match answer {
            // A command that changes nothing leaves no trace, and is decided anew when it is repeated.
            Ok(_) => {
                assert!(!wrote || same.any(|other| other.placed(&events)), "{order:?} has another's place")
            }
            Err(CommandError::Unknown(reason)) => panic!("{order:?}: {reason}"),
            Err(_) => assert!(
                !wrote || same.any(|other| other.answer.is_ok()),
                "4: {order:?} was refused and wrote"
            ),
        }
    }
    for session in &known.sessions {
        agrees(engine, &ledger, *session).await;
    }
    let before = shown(engine, &known.sessions).await;
    engine.rebuild(&ProjectionName::ALL).await.expect("rebuilt");
    assert_eq!(before, shown(engine, &known.sessions).await, "6: rebuilt projections equal the live ones");
}

/// 6: what is shown of a session is what was recorded of it.
async fn agrees(engine: &Engine, ledger: &Ledger, id: SessionId) {
    let (shown, recorded) = (summary(engine, id).await, &ledger.sessions[&id]);
    let status = match (recorded.open, recorded.operator) {
        (true, None) => SessionStatus::Waiting,
        (true, Some(operator)) => SessionStatus::Assigned(operator),
        (false, last_operator) => SessionStatus::Closed { last_operator },
    };
    assert_eq!(shown.status, status, "6: {id}");
    assert_eq!(
        (shown.line, shown.channel, &shown.name),
        (recorded.line, recorded.slot.channel, &recorded.name)
    );
    assert_eq!((shown.messages, shown.cycles), (recorded.messages.len() as u64, recorded.closings));
    assert_eq!(shown.links.iter().cloned().collect::<std::collections::BTreeSet<_>>(), recorded.links);
}

/// The same id gives the same receipt for ever, if the command changed anything.
async fn repeated(engine: &Engine, answered: &[Answered]) {
    let events = recorded_after(engine, Position::START).await;
    for Answered { order, answer } in answered.iter().filter(|answered| answered.placed(&events)) {
        assert_eq!(order.send(engine).await, *answer, "{order:?} again");
    }
}

async fn sessions_of(engine: &Engine) -> Vec<SessionId> {
    let views = engine.read().await.expect("projections");
    let mut sessions = Vec::new();
    for list in [
        views.queue(&LINES, all()).await,
        views.active(&LINES, all()).await,
        views.closed_of_lines(&LINES, all()).await,
    ] {
        sessions.extend(list.expect("a list").items.into_iter().map(|session| session.session));
    }
    sessions
}

/// Everything that the projections show, as text.
async fn shown(engine: &Engine, sessions: &[SessionId]) -> Vec<String> {
    let views = engine.read().await.expect("projections");
    let mut shown = Vec::new();
    for operator in ACTORS {
        shown.push(format!("{:?}", views.my_sessions(operator, all()).await));
        shown.push(format!("{:?}", views.closed_of_operator(operator, all()).await));
        shown.push(format!("{:?} {:?}", views.operator(operator).await, views.lines_of(operator).await));
    }
    shown.push(format!("{:?}", views.queue(&LINES, all()).await));
    shown.push(format!("{:?}", views.active(&LINES, all()).await));
    shown.push(format!("{:?}", views.closed_of_lines(&LINES, all()).await));
    for element in [order(1), order(2), deal()] {
        shown.push(format!("{:?}", views.linked(&element, None, all()).await));
        shown.push(format!("{:?}", views.archive(&element, None, all()).await));
        shown.push(format!("{:?}", views.element_messages(&element, None, all()).await));
    }
    for session in sessions {
        shown.push(format!("{:?}", views.session(*session).await));
        shown.push(format!("{:?}", views.transcript(*session, Reading::OldestFirst, all()).await));
        shown.push(format!("{:?}", views.earlier(*session, all()).await));
    }
    for line in LINES {
        shown.push(format!("{:?} {:?}", views.line(line).await, views.members(line, all()).await));
    }
    for contact in [contact(1), contact(2)] {
        shown.push(format!("{:?}", views.element(&contact).await));
    }
    shown
}

/// What everybody may start, by the live states of lines, people, contacts and slots.
async fn choices(engine: &Engine) -> Vec<String> {
    let mut choices = Vec::new();
    for operator in ACTORS {
        for line in LINES {
            for contact in [contact(1), contact(2)] {
                let found = engine.choices(operator, line, &contact, &EntryPoint::LinesSection).await;
                choices.push(format!("{found:?}"));
            }
        }
    }
    choices
}
