//! What is measured on a log of one length, in a process of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};
use switchboard::domain::id::LineId;
use switchboard::projection::{Order, PageOf, Projections};
use switchboard::{Engine, EngineOptions};

use crate::support::past::Past;
use crate::support::{latency, process, sessions, sizes};

/// Samples of each latency.
const SAMPLES: usize = 200;

/// Creations of the single client.
const CREATIONS_ALONE: usize = 100;

/// Clients that create at once, and the creations of each.
const CLIENTS: usize = 64;
const CREATIONS_EACH: usize = 20;

/// Creations of one run, no two with the same contact on the same line.
const CREATIONS: usize = CREATIONS_ALONE + CLIENTS * CREATIONS_EACH;

/// Items of a page.
const PAGE_ITEMS: usize = 50;

/// Opens the store and measures everything once; each value is a median in microseconds, unless its
/// name says otherwise.
pub async fn measure(folder: &Path, events: usize, run: usize) -> Value {
    let past = Arc::new(sizes::past(events));
    let engine = Engine::open(EngineOptions::at(folder)).await.expect("the engine opens, as a host does");
    let views = engine.read().await.expect("the projections run");
    let mut told = Map::new();
    let mut tell = |name: &str, value: f64| told.insert(name.to_owned(), json!(value));
    let mb = || process::resident_bytes() as f64 / f64::from(1 << 20);
    tell("resident_opened_mb", mb());
    let reads = Reads { views: &views, past: &past, run };
    tell("session", reads.session().await);
    tell("transcript", reads.transcript().await);
    tell("card", reads.card().await);
    tell("list_active", reads.list_active().await);
    tell("list_closed", reads.list_closed().await);
    tell("activation_closed", activation(&engine, &past, |nth| closed(&past, run, nth)).await);
    tell("activation_open", activation(&engine, &past, |nth| past.open_session(nth % past.open)).await);
    sessions::activate(&engine, &past, (0..past.open).map(|nth| past.open_session(nth)).collect()).await;
    tell("resident_active_mb", mb());
    let mut creations = (run * CREATIONS..(run + 1) * CREATIONS).map(|number| place(&past, number));
    let mut taken = Vec::new();
    for (contact, line) in creations.by_ref().take(CREATIONS_ALONE) {
        taken.push(create(&engine, &past, contact, line).await);
    }
    tell("creation", median(&taken));
    let (elapsed, cpu) = create_at_once(&engine, &past, creations.collect()).await;
    tell("creations_per_second", elapsed);
    tell("creation_cpu", cpu);
    engine.read().await.expect("the projections run");
    engine.close().await.expect("the engine closes");
    Value::Object(told)
}

struct Reads<'a> {
    views: &'a Projections,
    past: &'a Past,
    run: usize,
}

impl Reads<'_> {
    async fn session(&self) -> f64 {
        let mut taken = Vec::new();
        for nth in 0..SAMPLES {
            let session = self.past.session(closed(self.past, self.run, nth + SAMPLES));
            let asked = Instant::now();
            let found = self.views.session(session).await.expect("a session is read");
            taken.push(latency::micros(asked.elapsed()));
            assert!(found.is_some(), "the session is known");
        }
        median(&taken)
    }

    async fn transcript(&self) -> f64 {
        let mut taken = Vec::new();
        for nth in 0..SAMPLES {
            let session = self.past.session(closed(self.past, self.run, nth + 2 * SAMPLES));
            let (order, page) = (Order::NewestFirst, PageOf::first(PAGE_ITEMS));
            let asked = Instant::now();
            let read = self.views.transcript(session, order, page).await.expect("a transcript is read");
            taken.push(latency::micros(asked.elapsed()));
            assert!(read.is_some_and(|page| page.items.len() > self.past.messages), "it is complete");
        }
        median(&taken)
    }

    async fn card(&self) -> f64 {
        let mut taken = Vec::new();
        for nth in 0..SAMPLES {
            let card = self.past.card(spread(nth + self.run * SAMPLES, self.past.cards));
            let asked = Instant::now();
            let read = self.views.element_messages(&card, None, PageOf::first(PAGE_ITEMS)).await;
            taken.push(latency::micros(asked.elapsed()));
            assert_eq!(read.expect("a card is read").items.len(), PAGE_ITEMS, "the page is full");
        }
        median(&taken)
    }

    async fn list_active(&self) -> f64 {
        let mut taken = Vec::new();
        for nth in 0..SAMPLES {
            let line = self.line(nth);
            let asked = Instant::now();
            let read = self.views.active(&[line], PageOf::first(PAGE_ITEMS)).await;
            taken.push(latency::micros(asked.elapsed()));
            assert_eq!(read.expect("a list is read").items.len(), PAGE_ITEMS, "the page is full");
        }
        median(&taken)
    }

    async fn list_closed(&self) -> f64 {
        let mut taken = Vec::new();
        for nth in 0..SAMPLES {
            let line = self.line(nth);
            let asked = Instant::now();
            let read = self.views.closed_of_lines(&[line], PageOf::first(PAGE_ITEMS)).await;
            taken.push(latency::micros(asked.elapsed()));
            assert_eq!(read.expect("a list is read").items.len(), PAGE_ITEMS, "the page is full");
        }
        median(&taken)
    }

    fn line(&self, nth: usize) -> LineId {
        self.past.desk.lines[nth % self.past.desk.lines.len()].line
    }
}

/// The first command of sessions that have no actor; it changes nothing, so that no sync is in it.
async fn activation(engine: &Engine, past: &Past, number: impl Fn(usize) -> usize) -> f64 {
    let mut taken = Vec::new();
    for nth in 0..SAMPLES {
        taken.push(sessions::touch(engine, past, number(nth)).await);
    }
    median(&taken)
}

async fn create(engine: &Engine, past: &Past, contact: usize, line: usize) -> u32 {
    let (caller, command) = (past.desk.caller(line), past.desk.creation(line, contact));
    let asked = Instant::now();
    engine.create_session(caller, command).await.expect("the creation is legal");
    latency::micros(asked.elapsed())
}

/// Creations per second of many clients, and the processor time of each in microseconds.
async fn create_at_once(engine: &Engine, past: &Arc<Past>, places: Vec<(usize, usize)>) -> (f64, f64) {
    let (count, places) = (places.len() as f64, Arc::new(places));
    let (started, cpu) = (Instant::now(), process::cpu_time());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (engine, past, places) = (engine.clone(), Arc::clone(past), Arc::clone(&places));
            tokio::spawn(async move {
                for (contact, line) in places.iter().skip(client).step_by(CLIENTS) {
                    create(&engine, &past, *contact, *line).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("a client ends");
    }
    let cpu = process::cpu_time() - cpu;
    (count / started.elapsed().as_secs_f64(), cpu.as_micros() as f64 / count)
}

/// The contact and line of the n-th creation: a contact that was long not asked for, and no pair twice.
fn place(past: &Past, number: usize) -> (usize, usize) {
    (spread(number, past.contacts), number / past.contacts % past.desk.lines.len())
}

/// A closed session, each time another, from anywhere in the past.
fn closed(past: &Past, run: usize, nth: usize) -> usize {
    let number = spread(nth + run * 3 * SAMPLES, past.sessions);
    if past.is_open(number) { (number + 1) % past.sessions } else { number }
}

/// Numbers in an order that jumps about: neighbours are at least a twelfth of any length in use apart.
fn spread(number: usize, of: usize) -> usize {
    // A prime, so that no number comes twice before all have come.
    number * 778_000_547 % of
}

fn median(taken: &[u32]) -> f64 {
    latency::histogram(taken).value_at_quantile(0.5) as f64
}
