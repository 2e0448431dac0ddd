//! `audit state`: an engine over the log as it was answers as it would have answered then.

use std::path::Path;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use switchboard::audit::{self, Audit, AuditError};
use switchboard::domain::command::ChosenAccount;
use switchboard::domain::create::Draft;
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, LineId, OperatorId, SessionId};
use switchboard::domain::rejection::Lang;
use switchboard::domain::time::Timestamp;
use switchboard::log::{Log, Position};
use switchboard::projection::{PAGE_ITEMS_MAX, Page, PageOf, Place, Projections, QueryError, SessionSummary};
use switchboard::{Engine, EngineOptions};
use uuid::Uuid;

use super::progress::Watch;
use super::scratch::Scratch;
use super::{moment, print};
use crate::host::json::event::EventJson;
use crate::host::json::ids::{self, AppCode};
use crate::host::json::past::{PastRefusalsJson, PastRulesJson};
use crate::host::json::session::SessionJson;

/// What to show, and as of when.
#[derive(Args)]
pub struct State {
    /// The position, or the moment as RFC 3339 writes it.
    #[arg(long, global = true, value_parser = at)]
    at: Option<At>,
    #[command(subcommand)]
    of: Of,
}

/// When something was.
#[derive(Clone, Copy)]
pub enum At {
    /// When the log's head was there.
    Position(Position),
    /// At a moment.
    Moment(Timestamp),
}

impl At {
    /// The position that is meant.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn position(self, opened: &Audit) -> Result<Position, AuditError> {
        match self {
            At::Position(position) => Ok(position),
            At::Moment(moment) => audit::position_at(&*opened.log(), moment).await,
        }
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<At, D::Error> {
        at(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

fn at(text: &str) -> Result<At, String> {
    match text.parse() {
        Ok(position) => Ok(At::Position(Position(position))),
        Err(_) => moment(text).map(At::Moment),
    }
}

#[derive(Subcommand)]
enum Of {
    /// A session.
    Session {
        /// The session.
        session: Uuid,
    },
    /// A list of sessions.
    List {
        /// Which list.
        list: List,
        /// The lines of the queue, of active and closed sessions; the operator of «my» sessions.
        #[arg(required = true)]
        of: Vec<Uuid>,
    },
    /// The sessions on an element's card, the open ones first.
    Card {
        /// Its app.
        #[arg(value_parser = ids::code::<AppCode>)]
        app: AppCode,
        /// The record.
        element: Uuid,
    },
    /// A line's rules, and the revision of them.
    Rules {
        /// The line.
        line: Uuid,
    },
    /// The event at the position.
    Event,
    /// Why an operator could not have created a session.
    Refusals(Refusals),
}

#[derive(Clone, Copy, ValueEnum)]
enum List {
    /// Waiting for an operator.
    Queue,
    /// Open, with an operator.
    Active,
    /// Closed.
    Closed,
    /// An operator's open sessions.
    My,
}

#[derive(Args)]
struct Refusals {
    /// Who wants to create.
    #[arg(long)]
    operator: Uuid,
    /// The line.
    #[arg(long)]
    line: Uuid,
    /// The customer's app.
    #[arg(long, value_parser = ids::code::<AppCode>)]
    app: AppCode,
    /// The customer.
    #[arg(long)]
    contact: Uuid,
    /// The customer's address, as a field of theirs holds it.
    #[arg(long)]
    address: String,
    /// The channel, where the line has several that fit.
    #[arg(long)]
    channel: Option<Uuid>,
    /// The subject.
    #[arg(long)]
    subject: Option<String>,
}

impl State {
    /// Prints what is asked for as JSON.
    pub async fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let opened = Audit::open(data)?;
        let at = match self.at {
            Some(at) => at.position(&opened).await?,
            None => opened.head(),
        };
        let past = audit::past(opened.log(), at)?;
        let scratch = Scratch::in_data(data)?;
        let options = EngineOptions::with_log(Arc::clone(&past), Place::Folder(scratch.path().to_path_buf()));
        let engine = Engine::open(options).await.map_err(failed)?;
        let mut report = |progress| watch.report(progress);
        let folded = || Position(at.0.saturating_sub(engine.stats().projection_lag));
        let answering = self.of.answer(&engine, past, at);
        let answered = audit::following("state", answering, folded, at, &mut report).await;
        engine.close().await.map_err(failed)?;
        answered?
    }
}

impl Of {
    async fn answer(self, engine: &Engine, past: Arc<dyn Log>, at: Position) -> Result<(), AuditError> {
        let views = engine.read().await.map_err(failed)?;
        match self {
            Of::Session { session } => {
                let found = views.session(SessionId(session)).await?;
                let found = found.ok_or_else(|| unknown("session", session, at))?;
                print(&SessionJson::from(found))
            }
            Of::List { list, of } => {
                let of: Vec<LineId> = of.into_iter().map(LineId).collect();
                pages(|page| list.page(&views, &of, page)).await
            }
            Of::Card { app, element } => {
                let element = ElementRef { app: app.0, element: ElementId(element) };
                pages(|page| views.linked(&element, None, page)).await?;
                pages(|page| views.archive(&element, None, page)).await
            }
            Of::Rules { line } => rules(past, LineId(line), at).await,
            Of::Event => {
                let before = Position(at.0.saturating_sub(1));
                let found = past.read_all(before, 1).await?;
                let record = found.first().ok_or_else(|| unknown("event", at, at))?;
                print(&EventJson::from(&switchboard::wire::recorded(record)?))
            }
            Of::Refusals(asked) => asked.answer(engine, past, at).await,
        }
    }
}

impl List {
    async fn page(
        self,
        views: &Projections,
        of: &[LineId],
        page: PageOf,
    ) -> Result<Page<SessionSummary>, QueryError> {
        match self {
            List::Queue => views.queue(of, page).await,
            List::Active => views.active(of, page).await,
            List::Closed => views.closed_of_lines(of, page).await,
            List::My => views.my_sessions(OperatorId(of[0].0), page).await,
        }
    }
}

/// Prints every page of a list.
async fn pages<F, Fut>(ask: F) -> Result<(), AuditError>
where
    F: Fn(PageOf) -> Fut,
    Fut: Future<Output = Result<Page<SessionSummary>, QueryError>>,
{
    let mut page = PageOf::first(PAGE_ITEMS_MAX);
    loop {
        let found = ask(page).await?;
        for session in found.items {
            print(&SessionJson::from(session))?;
        }
        match found.next {
            Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
            None => return Ok(()),
        }
    }
}

async fn rules(past: Arc<dyn Log>, line: LineId, at: Position) -> Result<(), AuditError> {
    let known = audit::line_of(past, line).await?.ok_or_else(|| unknown("line", line, at))?;
    print(&PastRulesJson::from(known))
}

impl Refusals {
    async fn answer(self, engine: &Engine, past: Arc<dyn Log>, at: Position) -> Result<(), AuditError> {
        let line = LineId(self.line);
        let draft = Draft {
            contact: Some(ElementRef { app: self.app.0, element: ElementId(self.contact) }),
            account: Some(ChosenAccount { text: self.address, field: None }),
            channel: self.channel.map(ChannelId),
            subject: self.subject,
            ..Draft::on(line, OperatorId(self.operator), EntryPoint::LinesSection)
        };
        let refusals = engine.examine(&draft).await.map_err(failed)?;
        let line = audit::line_of(past, line).await?;
        print(&PastRefusalsJson::of(at, line.as_ref(), &refusals, Lang::En))
    }
}

fn unknown(what: &str, id: impl std::fmt::Display, at: Position) -> AuditError {
    AuditError::Asked(format!("there was no {what} {id} at position {at}"))
}

fn failed(error: impl std::fmt::Display) -> AuditError {
    AuditError::Failed(error.to_string())
}
