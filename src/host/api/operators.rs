//! People at the console and their presence.

use axum::Json;
use axum::extract::State;
use switchboard::domain::command::OperatorCommand;
use switchboard::domain::id::OperatorId;
use switchboard::domain::rejection::Rejection;
use uuid::Uuid;

use super::answer::{Created, Done, Reply, Shared, done};
use super::reading;
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Body, Path, Query};
use crate::host::json::operator::{NameJson, NewOperatorJson, OperatorJson, PresenceJson};
use crate::host::json::page::{PageJson, PageQuery};
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Registers a person.
#[utoipa::path(post, path = "/api/operators", tag = "operators", request_body = NewOperatorJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn register(
    State(host): Shared,
    asker: Asker,
    Body(new): Body<NewOperatorJson>,
) -> Result<Created, Problem> {
    let id = new.id.unwrap_or(asker.id());
    let command = OperatorCommand::RegisterOperator { name: new.name };
    let receipt = host.engine.operator(asker.caller, OperatorId(id), command).await?;
    Ok(Created::with_id(receipt, id, format!("/api/operators/{id}")))
}

/// Lists the people.
#[utoipa::path(get, path = "/api/operators", tag = "operators", params(PageQuery),
    responses((status = 200, body = PageJson<OperatorJson>)))]
pub async fn list(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<OperatorJson>> {
    actor.person()?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let found = host.engine.read().await?.operators(page).await?;
    Ok(Json(PageJson::of(found, OperatorJson::from)))
}

/// Shows a person.
#[utoipa::path(get, path = "/api/operators/{operator}", tag = "operators", params(("operator" = Uuid, Path)),
    responses((status = 200, body = OperatorJson)))]
pub async fn one(State(host): Shared, actor: Actor, Path(operator): Path<Uuid>) -> Reply<OperatorJson> {
    actor.person()?;
    let operator = OperatorId(operator);
    let found = host.engine.read().await?.operator(operator).await?;
    Ok(Json(found.ok_or(Rejection::OperatorNotFound { operator })?.into()))
}

/// Gives a person another name.
#[utoipa::path(patch, path = "/api/operators/{operator}", tag = "operators", params(("operator" = Uuid, Path)),
    request_body = NameJson, responses((status = 200, body = ReceiptJson)))]
pub async fn rename(
    State(host): Shared,
    asker: Asker,
    Path(operator): Path<Uuid>,
    Body(name): Body<NameJson>,
) -> Done {
    let command = OperatorCommand::RenameOperator { name: name.name };
    done(host.engine.operator(asker.caller, OperatorId(operator), command).await)
}

/// Says that a person is there, or away.
#[utoipa::path(put, path = "/api/operators/{operator}/presence", tag = "operators",
    params(("operator" = Uuid, Path)), request_body = PresenceJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn set_presence(
    State(host): Shared,
    asker: Asker,
    Path(operator): Path<Uuid>,
    Body(presence): Body<PresenceJson>,
) -> Done {
    let command = OperatorCommand::SetPresence { online: presence.online };
    done(host.engine.operator(asker.caller, OperatorId(operator), command).await)
}
