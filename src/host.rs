//! The reference host: a JSON API over one engine and the console on it, with tokens, events and figures.
//!
//! Built on the library's public API alone, and so proves it; must not know how anything is stored
//! but its own tokens.
//!
//! ```text
//!   HTTP ─▶ observe ─▶ localise ─▶ admit ─▶ route ─▶ Actor (token) ─▶ Key (command id) ─▶ engine ─▶ receipt
//!                                                                                problem ◀─ refusal
//! ```

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use switchboard::domain::id::{AdministratorId, Principal};
use switchboard::engine::OpenError;
use switchboard::log::embedded::{self, EmbeddedOptions};
use switchboard::{CommandError, Engine, EngineOptions};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

mod actor;
mod address;
mod admission;
mod api;
pub mod audit;
mod connections;
mod console;
mod cookie;
mod derive;
mod events;
mod extract;
mod folder;
mod json;
mod language;
mod limits;
mod metrics;
mod open_files;
mod problem;
mod rates;
mod sample;
mod shutdown;
mod tls;
mod tokens;

pub use limits::Limits;
pub use tls::TlsFiles;

use connections::Door;
use events::{Streams, Threads};
use metrics::Metrics;
use rates::Rates;
use tls::TlsError;
use tokens::{NewToken, TokenError, Tokens};

/// How long requests under way may take once the host is told to stop: the rest of the five
/// seconds that a stop may take is the engine's and the runtime's.
const DRAIN: Duration = Duration::from_millis(3_300);

/// How long the engine may take to close; what it does not write then is folded again.
const CLOSE: Duration = Duration::from_millis(1_200);

const DAY: Duration = Duration::from_secs(86_400);

/// How to serve.
pub struct ServeOptions {
    /// Whether to load the sample workspace.
    pub sample: bool,
    /// Where to listen: an address or a name, and a port.
    pub listen: String,
    /// The data folder.
    pub data: PathBuf,
    /// How much of the log to check before it serves.
    pub verify: Verify,
    /// How much to take on.
    pub limits: Limits,
    /// The certificate and the key, where there are some.
    pub tls: TlsFiles,
}

/// How much of the log is checked before the host serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Verify {
    /// Every frame.
    All,
    /// The newest million events.
    Recent,
    /// What was written since the index was.
    Tail,
}

impl From<Verify> for embedded::Verify {
    fn from(verify: Verify) -> embedded::Verify {
        match verify {
            Verify::All => embedded::Verify::All,
            Verify::Recent => embedded::Verify::Recent,
            Verify::Tail => embedded::Verify::Tail,
        }
    }
}

/// How to issue a token at the command line.
pub struct TokenOptions {
    /// The administrator; a new one without it.
    pub administrator: Option<Uuid>,
    /// Days until it expires.
    pub days: Option<u32>,
    /// The data folder.
    pub data: PathBuf,
}

/// Why the host did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no runtime. Nothing was opened.
    #[error("the runtime could not be started: {0}")]
    Runtime(io::Error),
    /// The data folder could not be created. Nothing was opened.
    #[error("{}: {source}", data.display())]
    Folder {
        /// The data folder.
        data: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine could not be opened. Nothing was changed.
    #[error("{}: {source}", data.display())]
    Open {
        /// The data folder.
        data: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// The certificate or the key does not serve. Nothing was opened.
    #[error("cannot serve with TLS: {0}")]
    Tls(#[from] TlsError),
    /// The tokens could not be read or written. The log is as it was.
    #[error(transparent)]
    Tokens(#[from] TokenError),
    /// The address could not be listened at. Nothing was changed.
    #[error("cannot listen at {listen}: {source}")]
    Listen {
        /// The address.
        listen: String,
        /// Why.
        source: io::Error,
    },
    /// The sample could not be loaded; what was loaded stays, and loading it again goes on there.
    #[error("the sample could not be loaded: {0}")]
    Sample(#[from] CommandError),
    /// The engine did not close in order; the next opening finds everything in the log.
    #[error("the engine did not close in order: {0}")]
    Close(String),
}

impl HostError {
    /// Whether the host had started.
    #[must_use]
    pub fn started(&self) -> bool {
        match self {
            HostError::Close(_) => true,
            HostError::Runtime(_)
            | HostError::Folder { .. }
            | HostError::Open { .. }
            | HostError::Tls(_)
            | HostError::Tokens(_)
            | HostError::Listen { .. }
            | HostError::Sample(_) => false,
        }
    }
}

/// What every request is answered from.
pub struct Host {
    /// The engine.
    pub engine: Engine,
    /// Who may ask.
    pub tokens: Tokens,
    /// Figures of requests.
    pub metrics: Metrics,
    /// The places for streams of events.
    pub streams: Streams,
    /// Where they follow the log.
    pub followers: Threads,
    /// How often somebody may ask.
    pub rates: Rates,
    /// The bounds of requests.
    pub limits: Limits,
    /// Whether clients reach the host by TLS alone.
    pub secure: bool,
    /// The places for audits.
    pub audits: api::audit::Places,
    /// The data folder, where an audit folds what it is asked of the past.
    pub data: PathBuf,
    /// Turns true when the host stops; streams of events end then.
    pub stopping: watch::Receiver<bool>,
}

/// Serves until it is told to stop.
///
/// # Errors
///
/// [`HostError`]; its `started()` tells whether anything was served.
pub async fn serve(options: ServeOptions) -> Result<(), HostError> {
    let tls = options.tls.acceptor()?;
    let data = &options.data;
    folder::create(data).map_err(|source| HostError::Folder { data: data.clone(), source })?;
    let log = EmbeddedOptions { verify: options.verify.into(), ..EmbeddedOptions::default() };
    let engine = Engine::open(EngineOptions::at_with(data, log)).await;
    let engine = engine.map_err(|source| HostError::Open { data: data.clone(), source })?;
    let served = serve_engine(engine.clone(), options, tls).await;
    let closed = match tokio::time::timeout(CLOSE, engine.close()).await {
        Ok(closed) => closed.map_err(|error| HostError::Close(error.to_string())),
        Err(_) => Err(HostError::Close(format!("it took more than {} ms", CLOSE.as_millis()))),
    };
    served.and(closed)
}

async fn serve_engine(
    engine: Engine,
    options: ServeOptions,
    tls: Option<TlsAcceptor>,
) -> Result<(), HostError> {
    let ServeOptions { sample, listen, data, limits, verify: _, tls: _ } = options;
    let tokens = Tokens::open(&data)?;
    open_files::allow(limits.connections_max);
    let (secure, scheme) = if tls.is_some() { (true, "https") } else { (false, "http") };
    let bound = async {
        let listener = TcpListener::bind(&listen).await?;
        let address = listener.local_addr()?;
        Ok((Door::new(listener, tls, limits.clone())?, address))
    };
    let (door, address) = bound.await.map_err(|source| HostError::Listen { listen, source })?;
    if sample {
        sample::load(&engine).await?;
        sample::print_tokens(&tokens)?;
    }
    let (stop, stopping) = watch::channel(false);
    let metrics = Metrics::new(engine.clone());
    let audits = api::audit::Places::default();
    audit::Scratch::sweep(&data);
    let streams = Streams::new(limits.streams_max, limits.streams_of_token_max);
    let rates = Rates::new(&limits);
    let followers = Threads::start().map_err(HostError::Runtime)?;
    let host = Arc::new(Host {
        engine,
        tokens,
        metrics,
        streams,
        followers,
        rates,
        limits,
        secure,
        audits,
        data,
        stopping,
    });
    let drain = shutdown::Signals::listen(stop).map_err(HostError::Runtime)?;
    println!("listening on {scheme}://{address}");
    drain.serve(door, api::router(host), DRAIN).await;
    Ok(())
}

/// Issues a token for an administrator and prints it, once.
///
/// # Errors
///
/// [`HostError::Tokens`], among others when a host serves the folder.
pub async fn issue_token(options: TokenOptions) -> Result<(), HostError> {
    let TokenOptions { administrator, days, data } = options;
    let tokens = Tokens::open(&data)?;
    let administrator = AdministratorId(administrator.unwrap_or_else(Uuid::now_v7));
    let expires = days.map(|days| tokens::in_future(DAY * days));
    let principal = Principal::Administrator(administrator);
    let (_, secret) = tokens.issue(NewToken { principal, expires })?;
    println!("administrator {administrator}: {secret}");
    Ok(())
}
