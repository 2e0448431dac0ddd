//! The log as it was: a session, a list and a card at a position or a moment.
//!
//! The projections of that position are folded from the start of the log, in a folder that is removed
//! afterwards. Who may see them is asked of the roles of today.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use switchboard::audit::{self, Audit, AuditError};
use switchboard::domain::id::{ElementId, ElementRef, LineId, OperatorId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use switchboard::log::{Log, Position};
use switchboard::projection::{Page, PageOf, Place, SessionSummary};
use switchboard::{Engine, EngineOptions};
use tokio::sync::watch;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::answer::{Reply, Shared};
use super::super::reading;
use super::{begin, failed, no_position, problem};
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::audit::{At, Scratch};
use crate::host::extract::{Path, Query};
use crate::host::json::ids::AppCode;
use crate::host::json::page::PageJson;
use crate::host::json::session::SessionJson;
use crate::host::problem::{Problem, Sentence};

/// As of when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AtQuery {
    /// A position of the log, or a moment as RFC 3339 writes it.
    #[param(value_type = String)]
    pub(super) at: At,
}

/// A list as of when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PastListQuery {
    /// A position of the log, or a moment as RFC 3339 writes it.
    #[param(value_type = String)]
    at: At,
    /// The list.
    #[param(inline)]
    list: PastListJson,
    /// Of this line alone; otherwise of every line that the asker supervises.
    line: Option<Uuid>,
    /// Whose sessions, of the list `my`.
    operator: Option<Uuid>,
    /// `next` of the page before it, with the same `at`.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

/// The lists of the past.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum PastListJson {
    /// Waiting for an operator.
    Queue,
    /// Open, with an operator.
    Active,
    /// Closed.
    Closed,
    /// An operator's open sessions.
    My,
}

/// A card as of when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PastCardQuery {
    /// A position of the log, or a moment as RFC 3339 writes it.
    #[param(value_type = String)]
    at: At,
    /// The closed ones instead of the open ones.
    archive: Option<bool>,
    /// `next` of the page before it, with the same `at`.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

/// What is asked of the past.
enum Question {
    Session(SessionId),
    Queue(Vec<LineId>, PageOf),
    Active(Vec<LineId>, PageOf),
    Closed(Vec<LineId>, PageOf),
    My(OperatorId, Vec<LineId>, PageOf),
    Linked(ElementRef, Vec<LineId>, PageOf),
    Archive(ElementRef, Vec<LineId>, PageOf),
}

/// Shows a session as it was.
#[utoipa::path(get, path = "/api/audit/state/sessions/{session}", tag = "audit",
    params(("session" = Uuid, Path), AtQuery), responses((status = 200, body = SessionJson)))]
pub async fn past_session(
    State(host): Shared,
    actor: Actor,
    Path(session): Path<Uuid>,
    Query(query): Query<AtQuery>,
) -> Reply<SessionJson> {
    let session = SessionId(session);
    let known = reading::session(&host, &actor, session).await?;
    host.engine.require_supervisor(&actor.principal, known.line).await?;
    let found = asked(host, query.at, move |then| Question::Session(session).answer(then)).await?;
    let found = found.items.into_iter().next().ok_or(Rejection::SessionNotFound { session })?;
    Ok(Json(found.into()))
}

/// Shows a list of sessions as it was.
#[utoipa::path(get, path = "/api/audit/state/sessions", tag = "audit", params(PastListQuery),
    responses((status = 200, body = PageJson<SessionJson>)))]
pub async fn past_list(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<PastListQuery>,
) -> Reply<PageJson<SessionJson>> {
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let lines = supervised(&host, &actor, query.line.map(LineId)).await?;
    let question = match (query.list, query.operator) {
        (PastListJson::My, None) => return Err(no_operator()),
        (PastListJson::My, Some(operator)) => Question::My(OperatorId(operator), lines, page),
        (PastListJson::Queue, _) => Question::Queue(lines, page),
        (PastListJson::Active, _) => Question::Active(lines, page),
        (PastListJson::Closed, _) => Question::Closed(lines, page),
    };
    let found = asked(host, query.at, move |then| question.answer(then)).await?;
    Ok(Json(PageJson::of(found, SessionJson::from)))
}

/// Shows the sessions on an element's card as it was, of the lines that the asker supervises.
#[utoipa::path(get, path = "/api/audit/state/apps/{app}/elements/{element}/sessions", tag = "audit",
    params(("app" = String, Path), ("element" = Uuid, Path), PastCardQuery),
    responses((status = 200, body = PageJson<SessionJson>)))]
pub async fn past_card(
    State(host): Shared,
    actor: Actor,
    Path((app, element)): Path<(AppCode, Uuid)>,
    Query(query): Query<PastCardQuery>,
) -> Reply<PageJson<SessionJson>> {
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let lines = supervised(&host, &actor, None).await?;
    let element = ElementRef { app: app.0, element: ElementId(element) };
    let question = match query.archive.unwrap_or(false) {
        true => Question::Archive(element, lines, page),
        false => Question::Linked(element, lines, page),
    };
    let found = asked(host, query.at, move |then| question.answer(then)).await?;
    Ok(Json(PageJson::of(found, SessionJson::from)))
}

/// The one line that was named, or all that somebody supervises today; nobody sees the past of none.
async fn supervised(host: &Host, actor: &Actor, line: Option<LineId>) -> Result<Vec<LineId>, Problem> {
    actor.person()?;
    if let Some(line) = line {
        host.engine.require_supervisor(&actor.principal, line).await?;
        return Ok(vec![line]);
    }
    let Principal::Operator(operator) = actor.principal else { return reading::every_line(host).await };
    let mine = host.engine.read().await?.lines_of(operator).await?.into_iter();
    let lines: Vec<LineId> = mine.filter(|line| line.roles.supervisor).map(|line| line.line).collect();
    match lines.is_empty() {
        true => Err(Rejection::AdministratorsOnly.into()),
        false => Ok(lines),
    }
}

/// The log and an engine over it, as they were at a position.
pub(super) struct Then {
    pub(super) engine: Engine,
    pub(super) log: Arc<dyn Log>,
    pub(super) at: Position,
}

/// Folds the projections as of then and asks them. It ends when nobody waits for it any more.
pub(super) async fn asked<T, A>(
    host: Arc<Host>,
    at: At,
    ask: impl FnOnce(Then) -> A + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    A: Future<Output = Result<T, Problem>> + Send,
{
    let (opened, place) = begin(&host, &host.audits.past)?;
    // Ends with this handler, which ends with its client.
    let (_asking, mut asked) = watch::channel(());
    let answering = tokio::spawn(async move {
        let _place = place;
        let at = at.position(&opened).await.map_err(problem)?;
        if at > opened.head() {
            return Err(no_position(&host));
        }
        let scratch = Scratch::beside(&host.data).map_err(problem)?;
        let then = opened_at(&opened, at, &scratch).await.map_err(problem)?;
        let engine = then.engine.clone();
        let answer = tokio::select! {
            answer = ask(then) => answer,
            _ = asked.changed() => Err(problem(AuditError::Stopped { at })),
            () = stopped(host.stopping.clone()) => Err(problem(AuditError::Stopped { at })),
        };
        // Its folder is removed when nobody writes there any more.
        let closed = engine.close().await;
        drop(scratch);
        let answer = answer?;
        closed?;
        Ok(answer)
    });
    answering.await.map_err(|error| problem(failed(&error)))?
}

async fn opened_at(opened: &Audit, at: Position, scratch: &Scratch) -> Result<Then, AuditError> {
    let log = audit::past(opened.log(), at)?;
    let place = Place::Folder(scratch.path().to_path_buf());
    let engine = Engine::open(EngineOptions::with_log(Arc::clone(&log), place)).await;
    Ok(Then { engine: engine.map_err(|error| failed(&error))?, log, at })
}

impl Question {
    async fn answer(self, then: Then) -> Result<Page<SessionSummary>, Problem> {
        let views = then.engine.read().await?;
        Ok(match self {
            Question::Session(session) => {
                let items = views.session(session).await?.into_iter().collect();
                Page { items, next: None }
            }
            Question::Queue(lines, page) => views.queue(&lines, page).await?,
            Question::Active(lines, page) => views.active(&lines, page).await?,
            Question::Closed(lines, page) => views.closed_of_lines(&lines, page).await?,
            Question::My(operator, lines, page) => {
                let mut found = views.my_sessions(operator, page).await?;
                found.items.retain(|session| lines.contains(&session.line));
                found
            }
            Question::Linked(element, lines, page) => views.linked(&element, Some(&lines), page).await?,
            Question::Archive(element, lines, page) => views.archive(&element, Some(&lines), page).await?,
        })
    }
}

/// Waits until the host stops.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A host that is gone has stopped.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn no_operator() -> Problem {
    let detail = Sentence::new("Для списка my нужен operator", "the list `my` needs `operator`");
    Problem::new(StatusCode::BAD_REQUEST, "BadQuery", detail)
}
