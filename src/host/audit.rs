//! The command line of audit: `switchboard audit …`.
//!
//! Built on the library's `audit` alone; says what was found on the standard output, how far it has
//! come and what went wrong on the standard error.
//!
//! ```text
//!   exit 0   proved, or done        1   a fault was found        2   could not run
//! ```

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use switchboard::audit::{self, AuditError};
use switchboard::domain::time::Timestamp;
use switchboard::log::Position;

mod export;
mod history;
mod progress;
mod scratch;
mod sentence;
mod state;
mod verify;
mod what_if;

pub use export::json_lines;
pub use scratch::Scratch;
pub use state::At;

use progress::Watch;

/// A fault was found.
const FAULT: u8 = 1;

/// Nothing could be said.
const COULD_NOT_RUN: u8 = 2;

/// Threads for work that waits or computes: some of what each has freed stays in the process for a
/// second, and a fold is no faster with more.
const BLOCKING_THREADS: usize = 4;

/// Proves, replays and questions the log of a folder that no host serves.
///
/// Exit codes: 0 proved or done, 1 a fault was found, 2 could not run.
#[derive(Args)]
pub struct Audit {
    /// The data folder of a host that is stopped.
    #[arg(long, global = true, default_value = "./switchboard-data")]
    data: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Proves checksums, chain, positions, transitions, slots and projections, or shows the first fault.
    Verify(verify::Verify),
    /// Prints one timeline of a session, slot, element, account or operator.
    History(history::History),
    /// Shows a session, list, card or refusal as it was at a position or a moment.
    State(state::State),
    /// Decides the creations of a range again under other rules, and prints the differences.
    WhatIf(what_if::WhatIf),
    /// Writes the log as JSON Lines for people, or as an archive to restore it from.
    Export(export::Export),
    /// Restores a log from an archive into a new data folder, and proves it.
    Import(export::Import),
    /// Folds projections again from the start of the log.
    Rebuild(verify::Rebuild),
}

/// Until where the log is looked at.
#[derive(Args)]
pub struct Until {
    /// The last position; the end of the log without it.
    #[arg(long, global = true, conflicts_with = "until")]
    to: Option<u64>,
    /// The last moment, as RFC 3339 writes it.
    #[arg(long, global = true, value_parser = moment)]
    until: Option<Timestamp>,
}

impl Until {
    /// The position that is meant.
    async fn position(&self, opened: &audit::Audit) -> Result<Position, AuditError> {
        match (self.to, self.until) {
            (Some(to), _) => Ok(Position(to)),
            (None, Some(moment)) => audit::position_at(&*opened.log(), moment).await,
            (None, None) => Ok(opened.head()),
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let parsed = chrono::DateTime::parse_from_rfc3339(text);
    let moment = parsed.map_err(|error| format!("no moment such as 2026-11-20T09:00:00Z: {error}"))?;
    Ok(Timestamp(moment.timestamp_micros()))
}

/// Runs an audit to its end, or to Ctrl-C; work on the disk may go on for `leave` after that.
pub fn run(audit: Audit, leave: Duration) -> ExitCode {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = match threads.enable_all().max_blocking_threads(BLOCKING_THREADS).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("switchboard: the runtime could not be started: {error}");
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let answer = runtime.block_on(answer(audit));
    runtime.shutdown_timeout(leave);
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switchboard: {error}");
            ExitCode::from(if error.is_fault() { FAULT } else { COULD_NOT_RUN })
        }
    }
}

async fn answer(audit: Audit) -> Result<(), AuditError> {
    let (data, watch) = (audit.data, Watch::start());
    let clears = matches!(audit.command, Command::Rebuild(_));
    tokio::select! {
        answer = command(audit.command, &data, &watch) => answer,
        () = watch.stopped(clears) => Err(AuditError::Failed("stopped: nothing was proved, nothing was changed".into())),
    }
}

async fn command(command: Command, data: &Path, watch: &Watch) -> Result<(), AuditError> {
    match command {
        Command::Verify(verify) => verify.run(data, watch).await,
        Command::History(history) => history.run(data, watch).await,
        Command::State(state) => state.run(data, watch).await,
        Command::WhatIf(what_if) => what_if.run(data, watch).await,
        Command::Export(export) => export.run(data, watch),
        Command::Import(import) => import.run(data, watch),
        Command::Rebuild(rebuild) => rebuild.run(data, watch).await,
    }
}

/// Prints a line; a reader who has seen enough ends the audit.
fn say(line: &impl std::fmt::Display) -> Result<(), AuditError> {
    writeln!(io::stdout(), "{line}").map_err(|error| AuditError::Failed(format!("the output: {error}")))
}

/// Prints something as a line of JSON.
fn print(json: &impl serde::Serialize) -> Result<(), AuditError> {
    let line = serde_json::to_string(json).map_err(|error| AuditError::Failed(error.to_string()))?;
    say(&line)
}
