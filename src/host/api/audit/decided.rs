//! What was decided at a position and by which rules: an event, a line's rules, and why somebody would have
//! been refused.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use switchboard::audit::{self, AuditError};
use switchboard::domain::command::ChosenAccount;
use switchboard::domain::create::Draft;
use switchboard::domain::event::{EntryPoint, Slot, Stream};
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, LineId, OperatorId};
use switchboard::domain::rejection::Rejection;
use switchboard::log::{Log, Position};
use switchboard::wire;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use uuid::Uuid;

use super::super::answer::{Reply, Shared};
use super::past::{AtQuery, Then, asked};
use super::{begin, no_position, problem};
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::audit::At;
use crate::host::extract::{Language, Path, Query};
use crate::host::json::event::EventJson;
use crate::host::json::ids::AppCode;
use crate::host::json::past::{PastRefusalsJson, PastRulesJson};
use crate::host::problem::Problem;

/// Who wants to start a session with whom, and as of when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PastDraftQuery {
    /// A position of the log, or a moment as RFC 3339 writes it.
    #[param(value_type = String)]
    at: At,
    /// Who wants to start it.
    operator: Uuid,
    /// The customer's app.
    #[param(value_type = String)]
    app: AppCode,
    /// The customer.
    contact: Uuid,
    /// The customer's address, as a field of theirs holds it.
    address: String,
    /// The channel, where the line has several that fit.
    channel: Option<Uuid>,
    /// The subject.
    subject: Option<String>,
}

/// Shows the event at a position, to the supervisors of its line; of none, to administrators.
#[utoipa::path(get, path = "/api/audit/state/event", tag = "audit", params(AtQuery),
    responses((status = 200, body = EventJson)))]
pub async fn past_event(
    State(host): Shared,
    actor: Actor,
    Query(AtQuery { at }): Query<AtQuery>,
) -> Reply<EventJson> {
    actor.person()?;
    let (log, at, _place) = log_at(&host, at).await?;
    let before = Position(at.0.saturating_sub(1));
    let found = log.read_all(before, 1).await.map_err(|error| problem(error.into()))?;
    let record = found.first().ok_or_else(|| no_position(&host))?;
    let event = wire::recorded(record).map_err(|error| problem(error.into()))?;
    match line_of(&host, &event.stream).await? {
        Some(line) => host.engine.require_supervisor(&actor.principal, line).await?,
        None => actor.administrator().map(drop)?,
    }
    Ok(Json(EventJson::from(&event)))
}

/// Shows the rules of a line as they were, and their revision.
#[utoipa::path(get, path = "/api/audit/state/lines/{line}/rules", tag = "audit",
    params(("line" = Uuid, Path), AtQuery), responses((status = 200, body = PastRulesJson)))]
pub async fn past_rules(
    State(host): Shared,
    actor: Actor,
    Path(line): Path<Uuid>,
    Query(AtQuery { at }): Query<AtQuery>,
) -> Reply<PastRulesJson> {
    let line = LineId(line);
    host.engine.require_supervisor(&actor.principal, line).await?;
    let (log, _, _place) = log_at(&host, at).await?;
    let known = audit::line_of(log, line).await.map_err(problem)?;
    Ok(Json(known.ok_or(Rejection::LineNotFound { line })?.into()))
}

/// Shows why an operator could not have started a session, by the rules and the state of then.
#[utoipa::path(get, path = "/api/audit/state/lines/{line}/refusals", tag = "audit",
    params(("line" = Uuid, Path), PastDraftQuery), responses((status = 200, body = PastRefusalsJson)))]
pub async fn past_refusals(
    State(host): Shared,
    actor: Actor,
    Language(lang): Language,
    Path(line): Path<Uuid>,
    Query(query): Query<PastDraftQuery>,
) -> Reply<PastRefusalsJson> {
    let line = LineId(line);
    host.engine.require_supervisor(&actor.principal, line).await?;
    let draft = Draft {
        contact: Some(ElementRef { app: query.app.0, element: ElementId(query.contact) }),
        account: Some(ChosenAccount { text: query.address, field: None }),
        channel: query.channel.map(ChannelId),
        subject: query.subject,
        ..Draft::on(line, OperatorId(query.operator), EntryPoint::LinesSection)
    };
    let decided = asked(host, query.at, move |Then { engine, log, at }| async move {
        let refusals = engine.examine(&draft).await?;
        let known = audit::line_of(log, line).await.map_err(problem)?;
        Ok(PastRefusalsJson::of(at, known.as_ref(), &refusals, lang))
    });
    Ok(Json(decided.await?))
}

/// The log as it was, for what needs no projections, and a place among the questions about the past.
async fn log_at(host: &Arc<Host>, at: At) -> Result<(Arc<dyn Log>, Position, OwnedSemaphorePermit), Problem> {
    let (opened, place) = begin(host, &host.audits.past)?;
    let at = at.position(&opened).await.map_err(problem)?;
    match audit::past(opened.log(), at) {
        Ok(log) => Ok((log, at, place)),
        Err(AuditError::Asked(_)) => Err(no_position(host)),
        Err(error) => Err(problem(error)),
    }
}

/// The line whose affair the events of a stream are, if they are one's.
async fn line_of(host: &Host, stream: &Stream) -> Result<Option<LineId>, Problem> {
    Ok(match stream {
        Stream::Line(line) | Stream::Refusals(line, _) => Some(*line),
        Stream::Channel(channel) | Stream::Inbound(channel, _) | Stream::Slot(Slot { channel, .. }) => {
            host.engine.line_of_channel(*channel).await?
        }
        Stream::Session(session) => {
            host.engine.read().await?.session(*session).await?.map(|found| found.line)
        }
        Stream::Workspace | Stream::Operator(_) | Stream::Element(_) | Stream::Initiated(_) => None,
    })
}
