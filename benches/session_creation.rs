//! Concurrent creation of sessions, durable before the answer, through actors, rules and projections.
//!
//! Closed loop: each client waits for its receipt before it asks again, so that a latency is what a
//! client waited, and the rate is what so many clients get. Each client creates sessions with
//! customers of its own; all contacts exist before the clock starts.
//!
//! `cargo bench --bench session_creation [-- --sessions N --runs N]`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{
    ChosenAccount, CreateSession, ElementCommand, LineCommand, OperatorCommand, WorkspaceCommand,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, ElementId, ElementRef, LineId, OperatorId, SessionId,
};
use switchboard::{Caller, Engine, EngineOptions};
use uuid::Uuid;

#[path = "support.rs"]
mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One way to run the benchmark.
#[derive(Clone, Copy)]
struct Load {
    clients: usize,
    lines: usize,
    durable: bool,
}

const LOADS: [Load; 5] = [
    Load { clients: 1, lines: 1, durable: true },
    Load { clients: 64, lines: 1, durable: true },
    Load { clients: 1024, lines: 1, durable: true },
    Load { clients: 1024, lines: 64, durable: true },
    Load { clients: 1024, lines: 64, durable: false },
];

/// Creations of one run, unless `--sessions` says otherwise; a single client makes fewer.
const SESSIONS: usize = 50_000;

/// Creations of the single client: it waits for a sync each time.
const SESSIONS_ALONE: usize = 2_000;

/// Runs of each load; the median is printed.
const RUNS: usize = 3;

/// A figure of one run.
struct Run {
    per_second: f64,
    latencies: Histogram<u64>,
    events_per_sync: f64,
    bytes_per_event: f64,
}

fn main() {
    let sessions = support::argument("--sessions").unwrap_or(SESSIONS);
    let runs = support::argument("--runs").unwrap_or(RUNS).max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("session_creation");
    support::print_conditions(&folder);
    println!("payload: a creation is 3 events; closed loop; median of {runs} runs\n");
    for load in LOADS {
        let count = if load.clients == 1 { sessions.min(SESSIONS_ALONE) } else { sessions };
        let mut done: Vec<Run> = (0..runs).map(|_| runtime.block_on(run(load, count, &folder))).collect();
        done.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        print(load, count, &done[done.len() / 2]);
    }
    let _ = std::fs::remove_dir_all(&folder);
}

fn print(load: Load, count: usize, run: &Run) {
    let Load { clients, lines, durable } = load;
    let durability = if durable { "fdatasync before the answer" } else { "memory" };
    let at = |quantile: f64| run.latencies.value_at_quantile(quantile);
    println!(
        "{clients:>5} clients, {lines:>2} lines, {count} sessions, {durability}: {:>8.0}/s   p50 {} µs  p99 {} µs  p99.9 {} µs  max {} µs   {:.1} events/sync  {:.0} bytes/event",
        run.per_second,
        at(0.5),
        at(0.99),
        at(0.999),
        run.latencies.max(),
        run.events_per_sync,
        run.bytes_per_event,
    );
    println!(
        "{{\"figure\":\"session_creation\",\"clients\":{clients},\"lines\":{lines},\"sessions\":{count},\"durable\":{durable},\"value\":{:.1},\"unit\":\"creations/s\",\"p50_us\":{},\"p99_us\":{},\"p999_us\":{},\"events_per_sync\":{:.2},\"bytes_per_event\":{:.1}}}",
        run.per_second,
        at(0.5),
        at(0.99),
        at(0.999),
        run.events_per_sync,
        run.bytes_per_event,
    );
}

async fn run(load: Load, count: usize, folder: &Path) -> Run {
    let _ = std::fs::remove_dir_all(folder);
    let options = if load.durable { EngineOptions::at(folder) } else { EngineOptions::in_memory() };
    let engine = Engine::open(options).await.expect("the engine opens in an empty folder");
    let desk = Arc::new(Desk::build(&engine, load.lines).await);
    let per_client = count / load.clients;
    desk.add_contacts(&engine, load.clients, per_client).await;
    engine.read().await.expect("the projections run");
    let before = engine.stats().log;
    let started = Instant::now();
    let clients: Vec<_> = (0..load.clients)
        .map(|client| tokio::spawn(Arc::clone(&desk).client(engine.clone(), client, per_client)))
        .collect();
    let mut latencies = histogram();
    for client in clients {
        latencies.add(client.await.expect("a client ends")).expect("the bounds are equal");
    }
    let elapsed = started.elapsed();
    engine.read().await.expect("the projections run");
    let after = engine.stats().log;
    engine.close().await.expect("the engine closes");
    let events = (after.events - before.events) as f64;
    assert_eq!(events as usize, per_client * load.clients * 3, "each creation wrote its three events");
    Run {
        per_second: (per_client * load.clients) as f64 / elapsed.as_secs_f64(),
        latencies,
        events_per_sync: events / (after.syncs - before.syncs).max(1) as f64,
        bytes_per_event: (after.bytes - before.bytes) as f64 / events,
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, Duration::from_secs(60).as_micros() as u64, 3)
        .expect("the bounds are legal")
}

/// Lines with an operator each, and customers.
struct Desk {
    app: AppId,
    lines: Vec<(LineId, OperatorId)>,
}

impl Desk {
    async fn build(engine: &Engine, lines: usize) -> Desk {
        let app = AppId::new("contacts").expect("a legal code");
        let title = "Контакты".to_owned();
        let declare = WorkspaceCommand::DeclareApp { app: app.clone(), title };
        engine.workspace(admin(), declare).await.expect("declared");
        let mut desk = Desk { app: app.clone(), lines: Vec::new() };
        for _ in 0..lines {
            let (line, operator) = (LineId(Uuid::now_v7()), OperatorId(Uuid::now_v7()));
            let register = OperatorCommand::RegisterOperator { name: "Анна".to_owned() };
            engine.operator(admin(), operator, register).await.expect("registered");
            let (channel, kind) = (ChannelId(Uuid::now_v7()), ChannelKind::WhatsApp);
            for command in [
                LineCommand::CreateLine { title: "Служба поддержки".to_owned() },
                LineCommand::ConnectChannel { channel, kind, title: "WhatsApp".to_owned(), policy: None },
                LineCommand::SetContactApp { app: app.clone() },
                LineCommand::GrantRole { operator, role: Role::Operator },
            ] {
                engine.line(admin(), line, command).await.expect("configured");
            }
            desk.lines.push((line, operator));
        }
        desk
    }

    async fn add_contacts(self: &Arc<Self>, engine: &Engine, clients: usize, per_client: usize) {
        let adding: Vec<_> = (0..clients)
            .map(|client| {
                let (engine, desk) = (engine.clone(), Arc::clone(self));
                tokio::spawn(async move {
                    for number in 0..per_client {
                        let text = phone(client * per_client + number);
                        let account = FieldValue::Account(AccountText { kind: AccountKind::Phone, text });
                        let fields = vec![("phone".to_owned(), account)];
                        let create = ElementCommand::CreateElement {
                            title: "Иван Петров".to_owned(),
                            fields,
                        };
                        let contact = desk.contact(client, number);
                        engine.element(admin(), contact, None, create).await.expect("added");
                    }
                })
            })
            .collect();
        for client in adding {
            client.await.expect("contacts are added");
        }
    }

    async fn client(self: Arc<Self>, engine: Engine, client: usize, count: usize) -> Histogram<u64> {
        let (line, operator) = self.lines[client % self.lines.len()];
        let mut latencies = histogram();
        for number in 0..count {
            let command = CreateSession {
                session: SessionId(Uuid::now_v7()),
                line,
                contact: self.contact(client, number),
                account: ChosenAccount { text: phone(client * count + number), field: None },
                channel: None,
                subject: None,
                via: EntryPoint::LinesSection,
            };
            let asked = Instant::now();
            engine.create_session(Caller::operator(operator), command).await.expect("created");
            latencies.record(asked.elapsed().as_micros() as u64).expect("within a minute");
        }
        latencies
    }

    fn contact(&self, client: usize, number: usize) -> ElementRef {
        let id = (client as u128) << 64 | number as u128;
        ElementRef { app: self.app.clone(), element: ElementId(Uuid::from_u128(id)) }
    }
}

fn admin() -> Caller {
    Caller::administrator(AdministratorId(Uuid::nil()))
}

fn phone(number: usize) -> String {
    format!("+7916{number:07}")
}
