//! Histories: of a session and a slot its line's supervisors', of what crosses lines the administrators'.

use std::io;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use switchboard::audit::{History, Subject};
use switchboard::domain::account::Account;
use switchboard::domain::event::Slot;
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, OperatorId, SessionId};
use switchboard::domain::rejection::Rejection;
use tokio::sync::mpsc;
use utoipa::IntoParams;
use uuid::Uuid;

use super::super::answer::Shared;
use super::super::reading;
use super::{CHUNKS_MAX, LINES, answer, begin, going_on, until};
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::extract::{Path, Query};
use crate::host::json::event::EventJson;
use crate::host::json::ids::{AccountKindCode, AppCode};
use crate::host::problem::Problem;

/// How much of a history is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// The last position; what the log holds now without it.
    to: Option<u64>,
    /// Whether refused commands are told too, of lines that keep them.
    refused: Option<bool>,
}

/// Shows the timeline of a session: messages, assignments, presence and changes of the rules.
#[utoipa::path(get, path = "/api/audit/sessions/{session}/history", tag = "audit",
    params(("session" = Uuid, Path), HistoryQuery),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn session_history(
    State(host): Shared,
    actor: Actor,
    Path(session): Path<Uuid>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    let session = SessionId(session);
    let found = reading::session(&host, &actor, session).await?;
    host.engine.require_supervisor(&actor.principal, found.line).await?;
    told(host, Subject::Session(session), &query).await
}

/// Shows the timeline of a customer's address on one channel, with its sessions.
#[utoipa::path(get, path = "/api/audit/channels/{channel}/slots/{kind}/{address}/history", tag = "audit",
    params(("channel" = Uuid, Path), ("kind" = String, Path), ("address" = String, Path), HistoryQuery),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn slot_history(
    State(host): Shared,
    actor: Actor,
    Path((channel, kind, address)): Path<(Uuid, AccountKindCode, String)>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    actor.person()?;
    let channel = ChannelId(channel);
    let line = host.engine.line_of_channel(channel).await?;
    let line = line.ok_or(Rejection::ChannelNotFound { channel })?;
    host.engine.require_supervisor(&actor.principal, line).await?;
    let account = Account { kind: kind.0, address };
    told(host, Subject::Slot(Slot { channel, account }), &query).await
}

/// Shows the timeline of a customer's address on all channels, with its sessions.
#[utoipa::path(get, path = "/api/audit/accounts/{kind}/{address}/history", tag = "audit",
    params(("kind" = String, Path), ("address" = String, Path), HistoryQuery),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn account_history(
    State(host): Shared,
    actor: Actor,
    Path((kind, address)): Path<(AccountKindCode, String)>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    actor.administrator()?;
    told(host, Subject::Account(Account { kind: kind.0, address }), &query).await
}

/// Shows the timeline of a record, with the sessions of it and those that are linked to it.
#[utoipa::path(get, path = "/api/audit/apps/{app}/elements/{element}/history", tag = "audit",
    params(("app" = String, Path), ("element" = Uuid, Path), HistoryQuery),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn element_history(
    State(host): Shared,
    actor: Actor,
    Path((app, element)): Path<(AppCode, Uuid)>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    actor.administrator()?;
    let element = ElementRef { app: app.0, element: ElementId(element) };
    told(host, Subject::Element(element), &query).await
}

/// Shows the timeline of an operator: what they did, and the sessions while they were theirs.
#[utoipa::path(get, path = "/api/audit/operators/{operator}/history", tag = "audit",
    params(("operator" = Uuid, Path), HistoryQuery),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn operator_history(
    State(host): Shared,
    actor: Actor,
    Path(operator): Path<Uuid>,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Problem> {
    actor.administrator()?;
    told(host, Subject::Operator(OperatorId(operator)), &query).await
}

/// Answers with a history, an event a line.
async fn told(host: Arc<Host>, subject: Subject, query: &HistoryQuery) -> Result<Response, Problem> {
    let to = until(&host, query.to)?;
    let refused = query.refused.unwrap_or(false);
    if refused {
        host.engine.refusals_kept().await;
    }
    let (opened, place) = begin(&host, &host.audits.histories)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::spawn(async move {
        let _place = place;
        let mut history = History::new(opened.log(), subject, to.unwrap_or(opened.head()));
        if refused {
            history = history.with_refused();
        }
        let reader = sender.clone();
        let mut report = going_on(&host, move || reader.is_closed());
        loop {
            let line = match history.next(&mut report).await {
                Ok(None) => return,
                Ok(Some(recorded)) => {
                    serde_json::to_vec(&EventJson::from(&recorded)).map_err(io::Error::other)
                }
                Err(error) => Err(io::Error::other(error)),
            };
            let ended = line.is_err();
            let line = line.map(|mut line| {
                line.push(b'\n');
                Bytes::from(line)
            });
            // A reader who is gone has seen enough.
            if sender.send(line).await.is_err() || ended {
                return;
            }
        }
    });
    Ok(answer(LINES, receiver))
}
