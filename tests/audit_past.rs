//! Over random lists of everybody's commands: the state at a position is the state that was live
//! when the log's head was there; the log is proved; and what is exported and imported is the same.

use std::path::Path;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use switchboard::audit::{self, Audit, Progress};
use switchboard::log::Position;
use switchboard::log::embedded::EmbeddedOptions;
use switchboard::projection::{Place, ProjectionName, SessionSummary};
use switchboard::{Engine, EngineOptions, Receipt};

#[path = "support/desk.rs"]
mod desk;
#[path = "support/invariants/steps.rs"]
mod steps;

use desk::*;
use steps::{Known, Order, any_step};

/// Lists that are tried, each in a folder of its own.
const LISTS: usize = 20;

/// Steps of a list.
const STEPS: usize = 40;

fn quiet(_: Progress) -> bool {
    true
}

/// Frames leave the store soon, so that sealed ones are audited too.
fn soon_sealed(data: &Path) -> EngineOptions {
    EngineOptions::at_with(data, EmbeddedOptions { sealed_file_bytes: 8 << 10, ..EmbeddedOptions::default() })
}

/// Everything that lists and cards show.
#[derive(Debug, PartialEq)]
struct Shown {
    sessions: Vec<Option<SessionSummary>>,
    lists: Vec<Vec<SessionSummary>>,
    cards: Vec<Vec<String>>,
}

async fn shown(engine: &Engine, known: &Known) -> Shown {
    let views = engine.read().await.expect("the projections follow");
    let mut sessions = Vec::new();
    for session in &known.sessions {
        sessions.push(views.session(*session).await.expect("it is answered"));
    }
    let mut lists = vec![
        views.queue(&LINES, all()).await.expect("it is answered").items,
        views.active(&LINES, all()).await.expect("it is answered").items,
        views.closed_of_lines(&LINES, all()).await.expect("it is answered").items,
    ];
    for (person, _) in PEOPLE {
        lists.push(my_sessions(engine, person).await);
    }
    let cards = vec![element_texts(engine, &order(1)).await];
    Shown { sessions, lists, cards }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_state_at_a_position_is_the_one_that_was_live_there() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    for _ in 0..LISTS {
        let steps = prop::collection::vec(any_step(), STEPS).new_tree(&mut runner).expect("a list").current();
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let data = folder.path().join("data");
        let engine = Engine::open(soon_sealed(&data)).await.expect("it opens");
        populate(&engine).await;
        let (mut known, mut before, mut live) = (Known::default(), Vec::new(), Vec::new());
        for (number, step) in steps.iter().enumerate() {
            let order = Order::new(number, step, &known, &before);
            if let Ok(Receipt { session: Some(session), message, .. }) = order.send(&engine).await {
                if !known.sessions.contains(&session) {
                    known.sessions.push(session);
                }
                known.messages.extend(message.map(|message| (session, message)));
            }
            before.push(order);
            live.push((engine.head(), known.clone(), shown(&engine, &known).await));
        }
        let online = engine.audit().expect("a log of frames");
        let proof = audit::verify(&online, Position(1), None, &[], &mut quiet)
            .unwrap_or_else(|fault| panic!("{fault}\n{steps:#?}"));
        assert_eq!(proof.head.position, engine.head());
        for (head, known, live) in live {
            let past = audit::past(online.log(), head).expect("the log was there");
            let then = Engine::open(EngineOptions::with_log(past, Place::Memory)).await.expect("it opens");
            assert_eq!(shown(&then, &known).await, live, "at position {head}\n{steps:#?}");
            then.close().await.expect("it closes");
        }
        let mut first = Vec::new();
        audit::archive(&online, None, &mut first, &mut quiet).expect("it is written");
        drop(online);
        engine.close().await.expect("it closes");
        drop(engine);

        let scratch = folder.path().join("scratch");
        let closed = Audit::open(&data).expect("it opens");
        let views = audit::prove_views(&closed, &data, &scratch, &mut quiet)
            .await
            .unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(views.len(), 3);
        closed.close().await;

        let copy = folder.path().join("copy");
        let restored = audit::import(&mut first.as_slice(), &copy, &mut quiet).expect("it is whole");
        assert_eq!(restored, proof);
        let mut second = Vec::new();
        audit::archive(&Audit::open(&copy).expect("it opens"), None, &mut second, &mut quiet)
            .expect("written");
        assert!(first == second, "an archive of what was restored is the same");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_an_engine_under_load_verifies_when_it_is_restored() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let engine = Engine::open(soon_sealed(&folder.path().join("data"))).await.expect("it opens");
    populate(&engine).await;
    let writing = {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in 0..400 {
                let text = format!("message {number}");
                let message = inbound(WHATSAPP, PHONE, &format!("load-{number}"), &text);
                let caller = by(switchboard::domain::id::Principal::Channel(WHATSAPP), command_id());
                engine.receive(caller, message).await.expect("it is taken");
            }
        })
    };
    let mut backups = Vec::new();
    while !writing.is_finished() {
        let online = engine.audit().expect("a log of frames");
        let mut archive = Vec::new();
        let archived = audit::archive(&online, None, &mut archive, &mut quiet).expect("it is written");
        backups.push((archived.head, archive));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    writing.await.expect("the load ends");
    assert!(backups.windows(2).any(|pair| pair[0].0.position < pair[1].0.position), "the log grew meanwhile");
    let (head, archive) = &backups[backups.len() / 2];
    let restored = audit::import(&mut archive.as_slice(), &folder.path().join("copy"), &mut quiet);
    assert_eq!(restored.expect("it is proved").head, *head);
    let whole = engine.audit().expect("a log of frames");
    let heads: Vec<_> = backups.iter().map(|(head, _)| *head).collect();
    audit::verify(&whole, Position(1), None, &heads, &mut quiet).expect("each backup was of this log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_with_the_old_projections_while_new_ones_are_folded() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let data = folder.path().join("data");
    let mut engine = Engine::open(soon_sealed(&data)).await.expect("it opens");
    populate(&engine).await;
    for number in 0..300 {
        let message = inbound(WHATSAPP, PHONE, &format!("many-{number}"), "text");
        let caller = by(switchboard::domain::id::Principal::Channel(WHATSAPP), command_id());
        engine.receive(caller, message).await.expect("it is taken");
    }
    let before = queue(&engine).await;
    assert_eq!(before.len(), 1);
    for round in 0..3 {
        let rebuilding = {
            let engine = engine.clone();
            tokio::spawn(async move { engine.rebuild(&ProjectionName::ALL).await })
        };
        let mut answered = 0;
        while !rebuilding.is_finished() {
            assert_eq!(queue(&engine).await, before, "round {round}");
            answered += 1;
        }
        rebuilding.await.expect("no panic").expect("they are folded anew");
        assert!(answered > 1, "only {answered} questions were answered meanwhile");
        assert_eq!(queue(&engine).await, before, "round {round}");
        engine.close().await.expect("it closes");
        drop(engine);
        engine = Engine::open(soon_sealed(&data)).await.expect("it opens");
        assert_eq!(queue(&engine).await, before, "round {round}, opened again");
    }
}
