//! Sessions: created, listed and shown.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use switchboard::domain::command::CreateSession;
use switchboard::domain::id::{ChannelId, LineId, Principal, SessionId};
use switchboard::projection::{Page, PageOf, SessionSummary};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer::{Created, Reply, Shared};
use super::reading;
use crate::host::Host;
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Body, Path, Query};
use crate::host::json::ids::entry_point;
use crate::host::json::page::PageJson;
use crate::host::json::receipt::ReceiptJson;
use crate::host::json::session::{NewSessionJson, SessionJson};
use crate::host::problem::{Problem, Sentence};

/// Creates a session, assigned to the operator who asks.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", request_body = NewSessionJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn create(
    State(host): Shared,
    asker: Asker,
    Body(new): Body<NewSessionJson>,
) -> Result<Created, Problem> {
    let session = new.session.unwrap_or(asker.id());
    let command = CreateSession {
        session: SessionId(session),
        line: LineId(new.line),
        contact: new.contact.into_ref(),
        account: new.account.into(),
        channel: new.channel.map(ChannelId),
        subject: new.subject,
        via: entry_point(new.card),
    };
    let receipt = host.engine.create_session(asker.caller, command).await?;
    Ok(Created::at(receipt, format!("/api/sessions/{session}")))
}

/// A list of sessions.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListJson {
    /// «Мои сессии»: the asker's open ones, the last active first.
    My,
    /// The closed ones that were the asker's last, the last closed first.
    MyClosed,
    /// «Очередь»: without operator, the longest waiting first.
    Queue,
    /// «Активные»: with an operator, the last active first; for supervisors.
    Active,
    /// «Закрытые»: the last closed first.
    Closed,
}

/// Which sessions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The list.
    #[param(inline)]
    list: ListJson,
    /// Of this line alone; otherwise of every line that the asker reads, or supervises.
    line: Option<Uuid>,
    /// `next` of the page before it.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

/// Lists sessions.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(ListQuery),
    responses((status = 200, body = PageJson<SessionJson>)))]
pub async fn list(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<ListQuery>,
) -> Reply<PageJson<SessionJson>> {
    actor.person()?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let found = listed(&host, &actor, query.list, query.line.map(LineId), page).await?;
    Ok(Json(PageJson::of(found, SessionJson::from)))
}

async fn listed(
    host: &Host,
    actor: &Actor,
    list: ListJson,
    line: Option<LineId>,
    page: PageOf,
) -> Result<Page<SessionSummary>, Problem> {
    let lines = match list {
        ListJson::My | ListJson::MyClosed => {
            actor.operator()?;
            read_lines(host, actor, line).await?
        }
        ListJson::Queue | ListJson::Closed => read_lines(host, actor, line).await?,
        ListJson::Active => supervised_lines(host, actor, line).await?,
    };
    let views = host.engine.read().await?;
    Ok(match list {
        ListJson::My => of_lines(views.my_sessions(actor.operator()?, page).await?, &lines),
        ListJson::MyClosed => of_lines(views.closed_of_operator(actor.operator()?, page).await?, &lines),
        ListJson::Queue => views.queue(&lines, page).await?,
        ListJson::Active => views.active(&lines, page).await?,
        ListJson::Closed => views.closed_of_lines(&lines, page).await?,
    })
}

/// What a page has of these lines: it holds fewer then, and its `next` stays. A role that was taken
/// away takes the customers of the line with it.
fn of_lines(mut page: Page<SessionSummary>, lines: &[LineId]) -> Page<SessionSummary> {
    page.items.retain(|session| lines.contains(&session.line));
    page
}

/// The one line that was named, or all that the asker reads.
async fn read_lines(host: &Host, actor: &Actor, line: Option<LineId>) -> Result<Vec<LineId>, Problem> {
    if let Some(line) = line {
        host.engine.require_reader(&actor.principal, line).await?;
        return Ok(vec![line]);
    }
    match reading::visible_lines(host, actor).await? {
        Some(lines) => Ok(lines),
        None => reading::every_line(host).await,
    }
}

/// The one line that was named, or all that the asker supervises.
async fn supervised_lines(host: &Host, actor: &Actor, line: Option<LineId>) -> Result<Vec<LineId>, Problem> {
    if let Some(line) = line {
        return match host.engine.require_supervisor(&actor.principal, line).await {
            Ok(()) => Ok(vec![line]),
            Err(_) if reading::is_reader(host, actor, line).await? => Err(supervisors_only(line)),
            Err(error) => Err(error.into()),
        };
    }
    match actor.principal {
        Principal::Operator(operator) => {
            let mine = host.engine.read().await?.lines_of(operator).await?.into_iter();
            Ok(mine.filter(|line| line.roles.supervisor).map(|line| line.line).collect())
        }
        Principal::Administrator(_) | Principal::Channel(_) | Principal::Process(_) => {
            reading::every_line(host).await
        }
    }
}

/// The refusal for those who read the line, but do not supervise it.
fn supervisors_only(line: LineId) -> Problem {
    let detail = Sentence::new(
        "Список «Активные» этой линии — для её супервизоров",
        "the active sessions of this line are for its supervisors",
    );
    Problem::new(StatusCode::FORBIDDEN, "SupervisorsOnly", detail).with("line", line.to_string())
}

/// Shows a session.
#[utoipa::path(get, path = "/api/sessions/{session}", tag = "sessions", params(("session" = Uuid, Path)),
    responses((status = 200, body = SessionJson)))]
pub async fn one(State(host): Shared, actor: Actor, Path(session): Path<Uuid>) -> Reply<SessionJson> {
    Ok(Json(reading::session(&host, &actor, SessionId(session)).await?.into()))
}
