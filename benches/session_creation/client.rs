//! Clients: one creates session after session, each with a receipt before the next; or they come at a rate.

use std::sync::Arc;
use std::time::Instant;

use switchboard::Engine;
use switchboard::domain::id::SessionId;

use super::load::Load;
use crate::support::bare::BareFile;
use crate::support::desk::Desk;
use crate::support::{latency, open_loop};

/// What a client was told.
#[derive(Default)]
pub struct Created {
    /// How long it waited for each receipt, in microseconds.
    pub latencies: Vec<u32>,
    /// The same of an append and sync of as many bytes to a bare file, where that was measured.
    pub bare: Vec<u32>,
    /// The sessions, with the line of each.
    pub sessions: Vec<(usize, SessionId)>,
    /// Whether it stopped before its time because it had no contact left.
    pub ran_out: bool,
}

/// Creates sessions until the load's number is reached or its time is over. With a bare file,
/// an append of as many bytes follows each creation, so that both meet the same disk.
pub async fn create(
    engine: Engine,
    desk: Arc<Desk>,
    load: Load,
    client: usize,
    until: Option<Instant>,
    mut bare: Option<BareFile>,
) -> Created {
    let mut created = Created::default();
    for number in 0..load.per_client() {
        if until.is_some_and(|until| Instant::now() >= until) {
            return created;
        }
        let (line, contact) = load.place(client, number);
        let command = desk.creation(line, contact);
        created.sessions.push((line, command.session));
        let caller = desk.caller(line);
        let before = bare.as_ref().map(|_| engine.stats().log.bytes);
        let asked = Instant::now();
        engine.create_session(caller, command).await.expect("the creation is legal");
        created.latencies.push(latency::micros(asked.elapsed()));
        if let (Some(file), Some(before)) = (&mut bare, before) {
            let bytes = engine.stats().log.bytes - before;
            let taken = tokio::task::block_in_place(|| file.append(bytes as usize));
            created.bare.push(latency::micros(taken));
        }
    }
    created.ran_out = until.is_some();
    created
}

/// Creates the load's sessions at a rate, each whether or not the last answer came.
pub async fn offer(engine: &Engine, desk: &Arc<Desk>, load: Load, per_second: usize) -> Created {
    let commands = (0..load.per_client()).map(|number| {
        let (line, contact) = load.place(0, number);
        (line, desk.creation(line, contact))
    });
    let commands: Vec<_> = commands.collect();
    let sessions = commands.iter().map(|(line, command)| (*line, command.session)).collect();
    let (engine, desk, count) = (engine.clone(), Arc::clone(desk), commands.len());
    let mut commands = commands.into_iter();
    let ask = move |_| {
        let (engine, next) = (engine.clone(), commands.next());
        let (line, command) = next.expect("there is a command for each");
        let caller = desk.caller(line);
        async move {
            engine.create_session(caller, command).await.expect("the creation is legal");
        }
    };
    let latencies = open_loop::run(per_second as f64, count, ask).await;
    Created { latencies, sessions, ..Created::default() }
}
