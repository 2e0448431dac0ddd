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
    let mut after_round = Vec::new();
    let mut accepted = JoinSet::new();
    for round in 0..ROUNDS {
        let mut answers = JoinSet::new();
        for number in 0..FLOOD {
            let (engine, text) = (engine.clone(), format!("{round} {number} {}", "x".repeat(TEXT_CHARS)));
            answers
                .spawn(async move { engine.session(operator(ANNA), create.session, message(&text)).await });
        }
        // Those that the mailbox took wait for the log; all the others are answered.
        let taken = if round == 0 { 65 } else { 0 };
        for _ in 0..FLOOD as usize - taken {
            let answer = answers.join_next().await.expect("there are more").expect("no panic");
            let error = answer.expect_err("the log answers nobody");
            assert_eq!((error.code(), error.outcome()), ("Busy", Outcome::NotWritten), "round {round}");
        }
        if round == 0 {
            accepted = answers;
        }
        after_round.push(MEMORY.current_usage());
    }
    println!("{FLOOD} commands a round; bytes allocated after each: {after_round:?}");
    let grown = after_round[ROUNDS - 1].saturating_sub(after_round[0]);
    assert!(grown <= ROUND_BYTES_MAX * (ROUNDS - 1), "{grown} bytes more: {after_round:?}");
    log.hold(false);
    let taken = accepted.join_all().await;
    let refused: Vec<_> = taken.iter().filter_map(|taken| taken.as_ref().err()).collect();
    assert!(refused.is_empty(), "what was taken is written: {:?}", refused.first());
    assert_eq!(summary(&engine, create.session).await.messages, taken.len() as u64);
    engine.close().await.expect("it closes");
}
