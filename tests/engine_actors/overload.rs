//! Too much at once is answered, at a bound, with `Busy`; nothing waits for ever.

use switchboard::log::{Append, Position, Stamp};

use super::*;

/// A desk whose log holds every append, so that commands pile up.
async fn held(actors: ActorOptions) -> (Arc<TroubledLog>, Engine, SessionId) {
    let log = TroubledLog::new();
    let engine = desk_on(&log, actors).await;
    let session = session_of_anna(&engine).await;
    log.hold(true);
    (log, engine, session)
}

#[tokio::test]
async fn a_full_mailbox_answers_busy_and_the_same_command_may_be_sent_again() {
    let wait = Duration::from_millis(5);
    let actors = ActorOptions { session_mailbox_max: 2, mailbox_wait: wait, ..ActorOptions::default() };
    let (log, engine, session) = held(actors).await;
    let commands: Vec<_> = (0..16).map(|number| (command_id(), message(&format!("{number:02}")))).collect();
    let caller = |id| by(Principal::Operator(ANNA), id);
    let sent: Vec<_> =
        commands.iter().map(|(id, command)| send(&engine, caller(*id), session, command.clone())).collect();
    eventually("the mailbox overflows", || engine.stats().failed > 0).await;
    log.hold(false);
    let (mut accepted, mut busy) = (0, Vec::new());
    for (sent, (id, command)) in sent.into_iter().zip(commands) {
        match sent.await.expect("an answer") {
            Ok(_) => accepted += 1,
            Err(error) => {
                assert_eq!((error.code(), error.outcome()), ("Busy", Outcome::NotWritten));
                busy.push((id, command));
            }
        }
    }
    assert!(accepted > 0 && !busy.is_empty(), "{accepted} accepted, {} refused", busy.len());
    assert_eq!(texts(&engine, session).await.len(), accepted, "what was refused was not written");
    for (id, command) in busy {
        engine.session(caller(id), session, command).await.expect("sent again");
    }
    let mut all = texts(&engine, session).await;
    all.sort();
    let expected: Vec<String> = (0..16).map(|number| format!("{number:02}")).collect();
    assert_eq!(all, expected);
}

/// Those that come before the actor has started are among them.
#[tokio::test]
async fn no_more_requests_wait_for_a_session_than_its_mailbox_takes() {
    let actors = ActorOptions { session_mailbox_max: 8, ..patient() };
    let (log, engine, session) = held(actors).await;
    let mut sent = Vec::new();
    for wave in [5, 32] {
        sent.extend((0..wave).map(|_| send(&engine, operator(ANNA), session, message("раз"))));
        // On one thread whoever was first is first again.
        for _ in 0..wave {
            tokio::task::yield_now().await;
        }
    }
    eventually("all but nine are refused", || engine.stats().failed == 28).await;
    log.hold(false);
    let mut accepted = 0;
    for sent in sent {
        match sent.await.expect("an answer") {
            Ok(_) => accepted += 1,
            Err(error) => assert_eq!(error.code(), "Busy"),
        }
    }
    assert_eq!((accepted, texts(&engine, session).await.len()), (9, 9), "the one that is decided, and eight");
}

#[tokio::test]
async fn a_line_creates_at_most_so_many_sessions_at_once() {
    let (log, engine, _) = held(ActorOptions { line_creations_max: 3, ..ActorOptions::default() }).await;
    let creations: Vec<_> = (0..8)
        .map(|_| {
            let engine = engine.clone();
            let create = creation(MAIL, MAIL_ADDRESS);
            tokio::spawn(async move { engine.create_session(operator(ANNA), create).await })
        })
        .collect();
    eventually("the others are refused", || engine.stats().failed == 5).await;
    // Another line has a bound of its own.
    let engine_of = engine.clone();
    let mut second = creation(SUPPORT, PHONE_2);
    second.contact = contact(2);
    let other = tokio::spawn(async move { engine_of.create_session(operator(ANNA), second).await });
    log.hold(false);
    other.await.expect("an answer").expect("created");
    let (mut created, mut busy) = (0, 0);
    for creation in creations {
        match creation.await.expect("an answer") {
            Ok(_) => created += 1,
            Err(error) => {
                assert_eq!((error.code(), error.outcome()), ("Busy", Outcome::NotWritten));
                busy += 1;
            }
        }
    }
    assert_eq!((created, busy), (3, 5));
    engine.create_session(operator(ANNA), creation(MAIL, MAIL_ADDRESS)).await.expect("there is room again");
}

#[tokio::test]
async fn a_command_without_an_answer_in_time_is_unknown_and_found_again() {
    let wait = Duration::from_millis(400);
    let (log, engine, session) = held(ActorOptions { reply_wait: wait, ..ActorOptions::default() }).await;
    let (id, text) = (command_id(), message("раз"));
    let late = engine.session(by(Principal::Operator(ANNA), id), session, text.clone()).await;
    assert_eq!(late.expect_err("no answer yet").outcome(), Outcome::Unknown);
    log.hold(false);
    eventually("the command ends", || engine.stats().commands == 0).await;
    let head = engine.head();
    engine.session(by(Principal::Operator(ANNA), id), session, text).await.expect("it was written");
    assert_eq!(engine.head(), head);
    assert_eq!(texts(&engine, session).await, ["раз"]);
}

/// Who reads waits until he sees what was answered: commands do not run away from him.
#[tokio::test]
async fn commands_wait_for_projections_that_are_far_behind() {
    const BEHIND_EVENTS_MAX: usize = 131_072;
    let log = TroubledLog::new();
    let engine = desk_on(&log, ActorOptions::default()).await;
    let session = session_of_anna(&engine).await;
    engine.read().await.expect("the projections run");
    log.hold_back(true);
    // Somebody else writes, more than one is read.
    let last = log.untroubled().read_all(Position::START, usize::MAX).await.expect("it reads").pop();
    let last = last.expect("the desk was set up");
    let mut left = BEHIND_EVENTS_MAX;
    while left > 0 {
        let (entries, expects) = (vec![last.entry.clone(); left.min(10_000)], Vec::new());
        let stamp = Stamp { command: uuid::Uuid::now_v7(), ..last.stamp.clone() };
        left -= entries.len();
        log.untroubled().append(Append { entries, expects, stamp }).await.expect("it is written");
    }
    assert_eq!(engine.stats().projection_lag, BEHIND_EVENTS_MAX as u64);
    engine.session(operator(ANNA), session, message("раз")).await.expect("it is not too far");
    let second = send(&engine, operator(ANNA), session, message("два"));
    let line = engine.line(admin(), SUPPORT, LineCommand::RenameLine { title: "Линия".into() });
    let waits = tokio::time::timeout(Duration::from_millis(100), line).await;
    assert!(waits.is_err() && !second.is_finished(), "one event more is too far");
    assert_eq!(engine.stats().commands, 0, "nothing of it has begun");
    let head = engine.head();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    let busy = second.await.expect("an answer").expect_err("nobody folds");
    assert_eq!((busy.code(), busy.outcome()), ("Busy", Outcome::NotWritten), "{busy}");
    tokio::time::resume();
    let third = send(&engine, operator(ANNA), session, message("три"));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!third.is_finished());
    log.hold_back(false);
    third.await.expect("an answer").expect("it is written when the projections are there");
    assert_eq!(engine.head(), Position(head.0 + 1), "what was refused was not written");
    assert!(engine.stats().projection_lag < BEHIND_EVENTS_MAX as u64);
    engine.close().await.expect("it closes");
}
