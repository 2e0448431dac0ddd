//! One creation of a session, by other stores and by Switchboard, side by side in one run.
//!
//! Round by round every peer runs once under every load, each run in an empty folder or database, so
//! that the machine's noise hits all of them alike. `benches/peers/run` starts what they need.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use arguments::{Arguments, USAGE};
use load::{Load, Work};
use peer::{Payload, Place};
use report::Series;
use roster::Entry;

mod arguments;
mod conditions;
mod load;
mod peer;
mod peers;
mod report;
mod roster;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The folder of the PostgreSQL server's socket, and the server's version and settings in a line.
const SERVER: [&str; 2] = ["PEERS_POSTGRES", "PEERS_POSTGRES_CONDITIONS"];

/// Lines of every load.
const LINES: usize = 64;

/// Clients of the bursts.
const CLIENTS: [usize; 3] = [1, 64, 1024];

/// Clients of the sustained runs.
const SUSTAINED_CLIENTS: usize = 1024;

/// Creations of a burst, by how many a second a peer can do: none of them runs for a minute.
struct Counts {
    fast: usize,
    slow: usize,
    /// Of a client alone, who waits for a sync each time.
    alone: usize,
}

const COUNTS: Counts = Counts { fast: 200_000, slow: 10_000, alone: 2_000 };
const COUNTS_QUICK: Counts = Counts { fast: 4_096, slow: 1_024, alone: 200 };

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let [socket, server] = SERVER.map(|name| std::env::var(name).ok());
    if let Some(peer) = arguments.peers.iter().find(|peer| peer.needs_server && socket.is_none()) {
        eprintln!("{} needs a PostgreSQL server: benches/peers/run starts one", peer.name);
        return ExitCode::FAILURE;
    }
    let payload = measured_payload();
    conditions::print(&arguments.folder, &payload, server.as_deref());
    for peer in &arguments.peers {
        println!("{}: {}; durable: {}", peer.name, peer.does, peer.durability);
    }
    println!("rounds: {}, every peer once in each; medians of them", arguments.rounds);
    let place = Place { folder: arguments.folder.join("run"), postgres: socket, payload };
    measure(&arguments, &place);
    let _ = fs::remove_dir_all(&place.folder);
    ExitCode::SUCCESS
}

fn measured_payload() -> Payload {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(peers::switchboard::payload())
}

/// Runs all rounds, then prints all figures.
fn measure(arguments: &Arguments, place: &Place) {
    let counts = if arguments.quick { COUNTS_QUICK } else { COUNTS };
    let mut series = planned(arguments, &counts);
    for round in 0..arguments.rounds {
        for series in &mut series {
            let run = in_empty_folder(place, series.0, series.1.load);
            eprintln!(
                "round {}: {} by {} clients: {:.0}/s",
                round + 1,
                series.1.peer,
                series.1.load.clients,
                run.per_second()
            );
            series.1.runs.push(run);
        }
    }
    let series: Vec<Series> = series.into_iter().map(|(_, series)| series).collect();
    for clients in CLIENTS {
        report::print(Load { clients, lines: LINES, work: Work::Burst { count: 0 } }, &series);
    }
    report::print(sustained(arguments), &series);
}

/// Every peer under every load, in the order in which they run.
fn planned(arguments: &Arguments, counts: &Counts) -> Vec<(&'static Entry, Series)> {
    let mut planned = Vec::new();
    for clients in CLIENTS {
        for &entry in &arguments.peers {
            let count = match (clients, entry.slow) {
                (1, _) => counts.alone,
                (_, true) => counts.slow,
                (_, false) => counts.fast,
            };
            let load = Load { clients, lines: LINES, work: Work::Burst { count } };
            planned.push((entry, Series { peer: entry.name, load, runs: Vec::new() }));
        }
    }
    let long = arguments.peers.iter().filter(|entry| entry.sustained && !arguments.sustained.is_zero());
    for &entry in long {
        planned.push((entry, Series { peer: entry.name, load: sustained(arguments), runs: Vec::new() }));
    }
    planned
}

fn sustained(arguments: &Arguments) -> Load {
    let work = Work::Sustained { duration: arguments.sustained };
    Load { clients: SUSTAINED_CLIENTS, lines: LINES, work }
}

fn in_empty_folder(place: &Place, entry: &Entry, load: Load) -> load::Run {
    remove(&place.folder);
    let run = (entry.run)(place, load);
    remove(&place.folder);
    run
}

fn remove(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).expect("the folder of the run before can be removed");
    }
}
