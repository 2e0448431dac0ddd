//! More than an engine can take at once: it says so, and its memory does not grow with what it refuses.

use std::sync::Arc;

use peak_alloc::PeakAlloc;
use switchboard::log::Log;
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions, Outcome};
use tokio::task::JoinSet;

#[path = "support/desk.rs"]
mod desk;
#[path = "support/troubled_log.rs"]
mod troubled_log;

use desk::*;
use troubled_log::TroubledLog;

/// Counts what is allocated: what the process has in memory is its allocator's business.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Commands for one session that waits for the disk, in each round of a flood.
const FLOOD: u32 = 60_000;
const ROUNDS: usize = 4;

/// How many of them are taken: the one that is decided, and those in the mailbox.
const TAKEN_MAX: usize = 65;

/// What one of them says: kept, those of a round would be over a hundred megabytes.
const TEXT_CHARS: usize = 2048;

/// What a round may leave allocated. What is refused leaves nothing: a byte for each would be too much.
const ROUND_BYTES_MAX: usize = FLOOD as usize / 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_for_one_session_is_answered_busy_and_leaves_nothing_in_memory() {
    let log = TroubledLog::new();
    let options = EngineOptions::with_log(Arc::clone(&log) as Arc<dyn Log>, Place::Memory).actors(patient());
    let engine = Engine::open(options).await.expect("the engine opens");
    populate(&engine).await;
    let create = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    log.hold(true);
    let (mut after_round, mut answers) = (Vec::new(), JoinSet::new());
    for round in 0..ROUNDS {
        for number in 0..FLOOD {
            let (engine, text) = (engine.clone(), format!("{round} {number} {}", "x".repeat(TEXT_CHARS)));
            answers
                .spawn(async move { engine.session(operator(ANNA), create.session, message(&text)).await });
        }
        // Those that were taken wait for the log; all the others are answered.
        while answers.len() > TAKEN_MAX {
            let answer = answers.join_next().await.expect("there are more").expect("no panic");
            let error = answer.expect_err("the log answers nobody");
            assert_eq!((error.code(), error.outcome()), ("Busy", Outcome::NotWritten), "round {round}");
        }
        after_round.push(MEMORY.current_usage());
    }
    println!("{FLOOD} commands a round; bytes allocated after each: {after_round:?}");
    let grown = after_round[ROUNDS - 1].saturating_sub(after_round[0]);
    assert!(grown <= ROUND_BYTES_MAX * (ROUNDS - 1), "{grown} bytes more: {after_round:?}");
    log.hold(false);
    let (taken, refused): (Vec<_>, Vec<_>) = answers.join_all().await.into_iter().partition(Result::is_ok);
    let other = refused.iter().find(|refused| refused.as_ref().is_err_and(|error| error.code() != "Busy"));
    assert!(other.is_none(), "what was taken is written: {other:?}");
    // Whoever was refused before the first was decided left a place to the next.
    assert!(taken.len() >= TAKEN_MAX - 1, "{} are taken", taken.len());
    assert_eq!(summary(&engine, create.session).await.messages, taken.len() as u64);
    engine.close().await.expect("it closes");
}
