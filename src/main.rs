//! The reference host's program: reads the command line, and tells people what went wrong.
//!
//! Everything that it serves is in `host`, which is built on the library's public API alone.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use host::audit::Audit;
use host::{HostError, Limits, ServeOptions, TlsFiles, TokenOptions, Verify};

mod host;

/// Frees come from other threads than allocations here, which the C library's allocator pays dearly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a host that could not start.
const COULD_NOT_START: u8 = 2;

/// How long work on the disk may go on once everything else has ended. The log keeps its promises
/// without it, and the host has to be gone within five seconds.
const LEAVE: Duration = Duration::from_millis(300);

/// Operators' sessions with customers over messengers and e-mail.
#[derive(Parser)]
#[command(name = "switchboard", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the JSON API.
    Serve(Serve),
    /// Proves, replays and questions the log of a folder that no host serves.
    Audit(Audit),
    /// Issues a token for an administrator, while nothing serves the folder.
    Token(Token),
}

#[derive(Args)]
struct Serve {
    /// Loads the sample workspace; a second time changes nothing.
    #[arg(long)]
    sample: bool,
    /// Where to listen, by address or name; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7070")]
    listen: String,
    /// The folder of the log, the projections and the tokens.
    #[arg(long, default_value = "./switchboard-data")]
    data: PathBuf,
    /// How much of the log is checked before it serves; the rest is checked as it is read.
    #[arg(long, value_enum, default_value = "recent")]
    verify: Verify,
    #[command(flatten)]
    tls: TlsFiles,
    #[command(flatten)]
    limits: Limits,
}

#[derive(Args)]
struct Token {
    /// The administrator's id; a new one without it.
    #[arg(long)]
    administrator: Option<uuid::Uuid>,
    /// Days until the token expires; never without it.
    #[arg(long)]
    days: Option<u32>,
    /// The folder of the log, the projections and the tokens.
    #[arg(long, default_value = "./switchboard-data")]
    data: PathBuf,
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // What an audit has to say, it says itself.
    let traces = if matches!(command, Command::Audit(_)) { "error" } else { "info" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(traces));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let command = match command {
        Command::Audit(audit) => return host::audit::run(audit, LEAVE),
        Command::Serve(serve) => Service::Serve(serve),
        Command::Token(token) => Service::Token(token),
    };
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switchboard: {error}");
            if error.started() { ExitCode::FAILURE } else { ExitCode::from(COULD_NOT_START) }
        }
    }
}

/// What needs the host's own files.
enum Service {
    Serve(Serve),
    Token(Token),
}

fn run(command: Service) -> Result<(), HostError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(HostError::Runtime)?;
    let ended = match command {
        Service::Serve(Serve { sample, listen, data, verify, tls, limits }) => {
            runtime.block_on(host::serve(ServeOptions { sample, listen, data, verify, limits, tls }))
        }
        Service::Token(Token { administrator, days, data }) => {
            runtime.block_on(host::issue_token(TokenOptions { administrator, days, data }))
        }
    };
    // A runtime that is dropped waits for its blocking tasks without bound.
    runtime.shutdown_timeout(LEAVE);
    ended
}
