//! A customer by the address: every session and message, of the lines that the asker reads.

use axum::Json;
use axum::extract::State;
use switchboard::domain::account::{Account, AccountKind, AccountText};
use switchboard::domain::rejection::Rejection;

use super::answer::{Reply, Shared};
use super::reading;
use crate::host::actor::Actor;
use crate::host::extract::{Path, Query};
use crate::host::json::ids::AccountKindCode;
use crate::host::json::message::MessageJson;
use crate::host::json::page::{PageJson, PageQuery};
use crate::host::json::session::SessionJson;
use crate::host::problem::Problem;

/// Lists the sessions with a customer, the last created first.
#[utoipa::path(get, path = "/api/customers/{kind}/{address}/sessions", tag = "customers",
    params(("kind" = String, Path), ("address" = String, Path), PageQuery),
    responses((status = 200, body = PageJson<SessionJson>)))]
pub async fn sessions(
    State(host): Shared,
    actor: Actor,
    Path((kind, address)): Path<(AccountKindCode, String)>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<SessionJson>> {
    let lines = reading::visible_lines(&host, &actor).await?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let account = account(kind.0, address)?;
    let found = host.engine.read().await?.customer_sessions(&account, lines.as_deref(), page).await?;
    Ok(Json(PageJson::of(found, SessionJson::from)))
}

/// Shows the messages of all sessions with a customer, newest first.
#[utoipa::path(get, path = "/api/customers/{kind}/{address}/messages", tag = "customers",
    params(("kind" = String, Path), ("address" = String, Path), PageQuery),
    responses((status = 200, body = PageJson<MessageJson>)))]
pub async fn messages(
    State(host): Shared,
    actor: Actor,
    Path((kind, address)): Path<(AccountKindCode, String)>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<MessageJson>> {
    let lines = reading::visible_lines(&host, &actor).await?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let account = account(kind.0, address)?;
    let found = host.engine.read().await?.customer_messages(&account, lines.as_deref(), page).await?;
    Ok(Json(PageJson::of(found, MessageJson::from)))
}

/// An address in the form that is compared; that of a declared kind is taken as it is.
fn account(kind: AccountKind, text: String) -> Result<Account, Problem> {
    let format = kind.format();
    Account::normalise(&AccountText { kind, text }, format).map_err(|bad| {
        let (expected, given, suggestion) = (bad.expected, bad.given, bad.suggestion);
        Rejection::BadAddress { expected, given, suggestion }.into()
    })
}
