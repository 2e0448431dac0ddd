//! Lines: created by administrators, listed for their people.

use axum::Json;
use axum::extract::State;
use switchboard::domain::command::LineCommand;
use switchboard::domain::id::{LineId, Principal};
use switchboard::domain::rejection::Rejection;
use switchboard::projection::{LineView, Roles};
use uuid::Uuid;

use super::answer::{Created, Done, Reply, Shared, done};
use super::reading;
use crate::host::Host;
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Body, Path, Query};
use crate::host::json::line::{LineJson, NewLineJson, TitleJson};
use crate::host::json::page::{PageJson, PageQuery};
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Creates a line.
#[utoipa::path(post, path = "/api/lines", tag = "lines", request_body = NewLineJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn create(
    State(host): Shared,
    asker: Asker,
    Body(new): Body<NewLineJson>,
) -> Result<Created, Problem> {
    let id = new.id.unwrap_or(asker.id());
    let command = LineCommand::CreateLine { title: new.title };
    let receipt = host.engine.line(asker.caller, LineId(id), command).await?;
    Ok(Created::with_id(receipt, id, format!("/api/lines/{id}")))
}

/// Lists the lines on which the asker has a role; for administrators, all.
#[utoipa::path(get, path = "/api/lines", tag = "lines", params(PageQuery),
    responses((status = 200, body = PageJson<LineJson>)))]
pub async fn list(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<LineJson>> {
    actor.person()?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    match actor.principal {
        Principal::Operator(_) => Ok(Json(PageJson::whole(mine(&host, &actor).await?))),
        Principal::Administrator(_) | Principal::Channel(_) | Principal::Process(_) => {
            let found = host.engine.read().await?.lines(page).await?;
            let mut lines = Vec::with_capacity(found.items.len());
            for view in found.items {
                lines.push(shown(&host, view, Roles::default()).await?);
            }
            Ok(Json(PageJson { items: lines, next: found.next.map(|next| next.to_string()) }))
        }
    }
}

async fn mine(host: &Host, actor: &Actor) -> Result<Vec<LineJson>, Problem> {
    let views = host.engine.read().await?;
    let mut lines = Vec::new();
    for line in views.lines_of(actor.operator()?).await? {
        let Some(view) = views.line(line.line).await? else { continue };
        lines.push(shown(host, view, line.roles).await?);
    }
    Ok(lines)
}

/// Shows a line.
#[utoipa::path(get, path = "/api/lines/{line}", tag = "lines", params(("line" = Uuid, Path)),
    responses((status = 200, body = LineJson)))]
pub async fn one(State(host): Shared, actor: Actor, Path(line): Path<Uuid>) -> Reply<LineJson> {
    let line = LineId(line);
    host.engine.require_reader(&actor.principal, line).await?;
    let views = host.engine.read().await?;
    let roles = match actor.principal {
        Principal::Operator(operator) => {
            let mine = views.lines_of(operator).await?;
            mine.into_iter().find(|of| of.line == line).map(|of| of.roles).unwrap_or_default()
        }
        Principal::Administrator(_) | Principal::Channel(_) | Principal::Process(_) => Roles::default(),
    };
    let view = views.line(line).await?.ok_or(Rejection::LineNotFound { line })?;
    Ok(Json(shown(&host, view, roles).await?))
}

/// A line, with what is told by the engine alone.
async fn shown(host: &Host, view: LineView, roles: Roles) -> Result<LineJson, Problem> {
    let channels = host.engine.channels(view.line).await?;
    let refusal_audit = host.engine.keeps_refusals(view.line).await?;
    Ok(LineJson::of(view, channels, refusal_audit, roles))
}

/// Gives a line another title.
#[utoipa::path(patch, path = "/api/lines/{line}", tag = "lines", params(("line" = Uuid, Path)),
    request_body = TitleJson, responses((status = 200, body = ReceiptJson)))]
pub async fn rename(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(title): Body<TitleJson>,
) -> Done {
    let command = LineCommand::RenameLine { title: title.title };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}
