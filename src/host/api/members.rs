//! The people of a line and their roles.

use axum::Json;
use axum::extract::State;
use switchboard::domain::command::LineCommand;
use switchboard::domain::id::{LineId, OperatorId};
use uuid::Uuid;

use super::answer::{Done, Reply, Shared, done};
use super::reading;
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Path, Query};
use crate::host::json::line::MemberJson;
use crate::host::json::page::{PageJson, PageQuery};
use crate::host::json::policy::RoleJson;
use crate::host::json::receipt::ReceiptJson;

/// Lists the people of a line.
#[utoipa::path(get, path = "/api/lines/{line}/members", tag = "members",
    params(("line" = Uuid, Path), PageQuery), responses((status = 200, body = PageJson<MemberJson>)))]
pub async fn list(
    State(host): Shared,
    actor: Actor,
    Path(line): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<MemberJson>> {
    host.engine.require_reader(&actor.principal, LineId(line)).await?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let found = host.engine.read().await?.members(LineId(line), page).await?;
    Ok(Json(PageJson::of(found, MemberJson::from)))
}

/// Gives a person a role.
#[utoipa::path(put, path = "/api/lines/{line}/members/{operator}/{role}", tag = "members",
    params(("line" = Uuid, Path), ("operator" = Uuid, Path), ("role" = RoleJson, Path)),
    responses((status = 200, body = ReceiptJson)))]
pub async fn grant(
    State(host): Shared,
    asker: Asker,
    Path((line, operator, role)): Path<(Uuid, Uuid, RoleJson)>,
) -> Done {
    let command = LineCommand::GrantRole { operator: OperatorId(operator), role: role.into() };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Takes a role.
#[utoipa::path(delete, path = "/api/lines/{line}/members/{operator}/{role}", tag = "members",
    params(("line" = Uuid, Path), ("operator" = Uuid, Path), ("role" = RoleJson, Path)),
    responses((status = 200, body = ReceiptJson)))]
pub async fn revoke(
    State(host): Shared,
    asker: Asker,
    Path((line, operator, role)): Path<(Uuid, Uuid, RoleJson)>,
) -> Done {
    let command = LineCommand::RevokeRole { operator: OperatorId(operator), role: role.into() };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}
