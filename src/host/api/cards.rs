//! The card of an element: the widget «Переписка в Линиях».

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use switchboard::domain::id::{ElementId, ElementRef, LineId, Principal};
use switchboard::domain::rejection::Rejection;
use utoipa::IntoParams;
use uuid::Uuid;

use super::answer::{Reply, Shared};
use super::reading;
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::extract::{Path, Query};
use crate::host::json::ids::AppCode;
use crate::host::json::message::MessageJson;
use crate::host::json::page::{PageJson, PageQuery};
use crate::host::json::session::SessionJson;
use crate::host::problem::Problem;

/// Which sessions of a card are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CardSessionsQuery {
    /// The closed ones instead of the open ones.
    archive: Option<bool>,
    /// `next` of the page before it.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

/// Lists the sessions linked to an element.
#[utoipa::path(get, path = "/api/apps/{app}/elements/{element}/sessions", tag = "cards",
    params(("app" = String, Path), ("element" = Uuid, Path), CardSessionsQuery),
    responses((status = 200, body = PageJson<SessionJson>)))]
pub async fn sessions(
    State(host): Shared,
    actor: Actor,
    Path((app, element)): Path<(AppCode, Uuid)>,
    Query(query): Query<CardSessionsQuery>,
) -> Reply<PageJson<SessionJson>> {
    let element = ElementRef { app: app.0, element: ElementId(element) };
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let lines = card_lines(&host, &actor, &element).await?;
    let views = host.engine.read().await?;
    let found = if query.archive.unwrap_or(false) {
        views.archive(&element, lines.as_deref(), page).await?
    } else {
        views.linked(&element, lines.as_deref(), page).await?
    };
    Ok(Json(PageJson::of(found, SessionJson::from)))
}

/// Shows the messages of all sessions linked to an element, newest first.
#[utoipa::path(get, path = "/api/apps/{app}/elements/{element}/messages", tag = "cards",
    params(("app" = String, Path), ("element" = Uuid, Path), PageQuery),
    responses((status = 200, body = PageJson<MessageJson>)))]
pub async fn messages(
    State(host): Shared,
    actor: Actor,
    Path((app, element)): Path<(AppCode, Uuid)>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<MessageJson>> {
    let element = ElementRef { app: app.0, element: ElementId(element) };
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let lines = card_lines(&host, &actor, &element).await?;
    let found = host.engine.read().await?.element_messages(&element, lines.as_deref(), page).await?;
    Ok(Json(PageJson::of(found, MessageJson::from)))
}

/// The lines whose correspondence the card shows; `None` is all of them, for administrators.
async fn card_lines(
    host: &Host,
    actor: &Actor,
    element: &ElementRef,
) -> Result<Option<Vec<LineId>>, Problem> {
    match actor.principal {
        Principal::Operator(operator) => Ok(Some(host.engine.card_lines(operator, element).await?)),
        Principal::Administrator(_) => match host.engine.find_element(element).await? {
            Some(_) => Ok(None),
            None => Err(Rejection::ElementNotFound { element: element.clone() }.into()),
        },
        Principal::Channel(_) | Principal::Process(_) => Err(Rejection::PrincipalNotAllowed.into()),
    }
}
