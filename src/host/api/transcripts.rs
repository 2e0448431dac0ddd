//! What was said in a session, and before it.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use switchboard::domain::id::SessionId;
use switchboard::domain::rejection::Rejection;
use switchboard::projection::Order;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer::{Reply, Shared};
use super::reading;
use crate::host::actor::Actor;
use crate::host::extract::{Path, Query};
use crate::host::json::message::{EntryJson, MessageJson};
use crate::host::json::page::{PageJson, PageQuery};

/// Which end of a transcript comes first.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OrderJson {
    /// The newest; a page goes on towards the past.
    #[default]
    NewestFirst,
    /// The oldest; a page goes on towards the present.
    OldestFirst,
}

/// Which part of a transcript is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TranscriptQuery {
    /// Which end comes first; the newest without it.
    #[param(inline)]
    order: Option<OrderJson>,
    /// `next` of the page before it, or `p` and the position of an entry that is known.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

/// Shows what happened in a session.
#[utoipa::path(get, path = "/api/sessions/{session}/transcript", tag = "sessions",
    params(("session" = Uuid, Path), TranscriptQuery), responses((status = 200, body = PageJson<EntryJson>)))]
pub async fn transcript(
    State(host): Shared,
    actor: Actor,
    Path(session): Path<Uuid>,
    Query(query): Query<TranscriptQuery>,
) -> Reply<PageJson<EntryJson>> {
    let session = SessionId(session);
    let page = reading::page(query.after.as_deref(), query.limit)?;
    reading::session(&host, &actor, session).await?;
    let order = match query.order.unwrap_or_default() {
        OrderJson::NewestFirst => Order::NewestFirst,
        OrderJson::OldestFirst => Order::OldestFirst,
    };
    let found = host.engine.read().await?.transcript(session, order, page).await?;
    let found = found.ok_or(Rejection::SessionNotFound { session })?;
    Ok(Json(PageJson::of(found, EntryJson::from)))
}

/// Shows what was written with this customer on this channel before the session.
#[utoipa::path(get, path = "/api/sessions/{session}/earlier", tag = "sessions",
    params(("session" = Uuid, Path), PageQuery), responses((status = 200, body = PageJson<MessageJson>)))]
pub async fn earlier(
    State(host): Shared,
    actor: Actor,
    Path(session): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<MessageJson>> {
    let session = SessionId(session);
    let page = reading::page(query.after.as_deref(), query.limit)?;
    reading::session(&host, &actor, session).await?;
    let found = host.engine.read().await?.earlier(session, page).await?;
    let found = found.ok_or(Rejection::SessionNotFound { session })?;
    Ok(Json(PageJson::of(found, MessageJson::from)))
}
