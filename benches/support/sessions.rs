//! What benchmarks do with sessions of a past.

use std::sync::Arc;
use std::time::Instant;

use switchboard::Engine;
use switchboard::domain::command::SessionCommand;
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::MessageId;
use switchboard::projection::{PAGE_ITEMS_MAX, PageOf, Projections};

use uuid::Uuid;

use super::desk::Desk;
use super::past::{Past, TEXT};
use super::{arguments, latency};

/// Sessions activated at once, unless `--at-once` says otherwise.
const AT_ONCE: usize = 64;

/// Makes the actor of each session by a command that changes nothing: its operator takes it.
pub async fn activate(engine: &Engine, past: &Arc<Past>, numbers: Vec<usize>) {
    let numbers = Arc::new(numbers);
    let at_once = arguments::number("--at-once").unwrap_or(AT_ONCE);
    let workers: Vec<_> = (0..at_once)
        .map(|worker| {
            let (engine, past, numbers) = (engine.clone(), Arc::clone(past), Arc::clone(&numbers));
            tokio::spawn(async move {
                for number in numbers.iter().skip(worker).step_by(at_once) {
                    touch(&engine, &past, *number).await;
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("sessions are activated");
    }
}

/// Asks a session for what changes nothing, and tells how long the answer took, in microseconds.
pub async fn touch(engine: &Engine, past: &Past, number: usize) -> u32 {
    let (caller, session) = (past.desk.caller(past.line(number)), past.session(number));
    let asked = Instant::now();
    let answer = engine.session(caller, session, SessionCommand::Take).await;
    let taken = latency::micros(asked.elapsed());
    match answer {
        Ok(_) => assert!(past.is_open(number), "session {number} is open"),
        Err(error) => {
            assert!(error.rejection().is_some() && !past.is_open(number), "session {number}: {error}");
        }
    }
    taken
}

/// Its operator writes to the customer of a session.
pub async fn send(engine: &Engine, past: &Past, number: usize) {
    let (message, text, via) = (MessageId(Uuid::now_v7()), TEXT.to_owned(), EntryPoint::LinesSection);
    let command = SessionCommand::SendMessage { message, text, via };
    let caller = past.desk.caller(past.line(number));
    engine.session(caller, past.session(number), command).await.expect("the message is legal");
}

/// How many sessions the lists of all lines show as active.
pub async fn open(views: &Projections, desk: &Desk) -> usize {
    let mut count = 0;
    for line in &desk.lines {
        let mut page = PageOf::first(PAGE_ITEMS_MAX);
        loop {
            let read = views.active(&[line.line], page).await.expect("a list is read");
            count += read.items.len();
            match read.next {
                Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
                None => break,
            }
        }
    }
    count
}
