//! Elements of apps: contacts to choose from, and the records that sessions are linked to.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use switchboard::directory::Found;
use switchboard::domain::command::ElementCommand;
use switchboard::domain::id::{AppId, ElementId, ElementRef, LineId, Principal};
use switchboard::domain::rejection::Rejection;
use utoipa::IntoParams;
use uuid::Uuid;

use super::answer::{Created, Done, Reply, Shared, done};
use super::reading;
use crate::host::Host;
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Body, Path, Query};
use crate::host::json::element::{ElementJson, FieldJson, NewElementJson};
use crate::host::json::ids::AppCode;
use crate::host::json::line::TitleJson;
use crate::host::json::page::{PageJson, items};
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Creates an element; an operator names the line whose customer it is, «+ Создать».
#[utoipa::path(post, path = "/api/apps/{app}/elements", tag = "elements", params(("app" = String, Path)),
    request_body = NewElementJson, responses((status = 201, body = ReceiptJson)))]
pub async fn create(
    State(host): Shared,
    asker: Asker,
    Path(app): Path<AppCode>,
    Body(new): Body<NewElementJson>,
) -> Result<Created, Problem> {
    let id = new.id.unwrap_or(asker.id());
    let element = element(app.clone(), id);
    let fields = new.fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    let command = ElementCommand::CreateElement { title: new.title, fields };
    let line = new.line.map(LineId);
    let receipt = host.engine.element(asker.caller, element, line, command).await?;
    Ok(Created::with_id(receipt, id, format!("/api/apps/{}/elements/{id}", app.0)))
}

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// A part of the title or of an address; everything without it.
    text: Option<String>,
    /// `next` of the page before it.
    after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    limit: Option<usize>,
}

impl SearchQuery {
    fn checked(self) -> Result<(String, Option<String>, usize), Problem> {
        reading::page(self.after.as_deref(), self.limit)?;
        Ok((self.text.unwrap_or_default(), self.after, items(self.limit)))
    }
}

/// Searches an app's elements.
#[utoipa::path(get, path = "/api/apps/{app}/elements", tag = "elements",
    params(("app" = String, Path), SearchQuery), responses((status = 200, body = PageJson<ElementJson>)))]
pub async fn search(
    State(host): Shared,
    actor: Actor,
    Path(app): Path<AppCode>,
    Query(query): Query<SearchQuery>,
) -> Reply<PageJson<ElementJson>> {
    require_app(&host, &actor, &app.0).await?;
    let (text, after, limit) = query.checked()?;
    Ok(found(host.engine.search_elements(&app.0, &text, after, limit).await?))
}

/// Searches the customers of a line.
#[utoipa::path(get, path = "/api/lines/{line}/contacts", tag = "elements",
    params(("line" = Uuid, Path), SearchQuery), responses((status = 200, body = PageJson<ElementJson>)))]
pub async fn contacts(
    State(host): Shared,
    actor: Actor,
    Path(line): Path<Uuid>,
    Query(query): Query<SearchQuery>,
) -> Reply<PageJson<ElementJson>> {
    host.engine.require_reader(&actor.principal, LineId(line)).await?;
    let (text, after, limit) = query.checked()?;
    Ok(found(host.engine.search_contacts(LineId(line), &text, after, limit).await?))
}

fn found(found: Found) -> Json<PageJson<ElementJson>> {
    let items = found.elements.into_iter().map(ElementJson::from).collect();
    Json(PageJson { items, next: found.next })
}

/// Shows an element.
#[utoipa::path(get, path = "/api/apps/{app}/elements/{element}", tag = "elements",
    params(("app" = String, Path), ("element" = Uuid, Path)), responses((status = 200, body = ElementJson)))]
pub async fn one(
    State(host): Shared,
    actor: Actor,
    Path((app, id)): Path<(AppCode, Uuid)>,
) -> Reply<ElementJson> {
    require_app(&host, &actor, &app.0).await?;
    let element = element(app, id);
    let found = host.engine.find_element(&element).await?;
    Ok(Json(found.ok_or(Rejection::ElementNotFound { element })?.into()))
}

/// For whom an element is changed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// The line whose customer it is: operators name it.
    line: Option<Uuid>,
}

/// Gives an element another title.
#[utoipa::path(patch, path = "/api/apps/{app}/elements/{element}", tag = "elements",
    params(("app" = String, Path), ("element" = Uuid, Path), LineQuery), request_body = TitleJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn rename(
    State(host): Shared,
    asker: Asker,
    Path((app, id)): Path<(AppCode, Uuid)>,
    Query(query): Query<LineQuery>,
    Body(title): Body<TitleJson>,
) -> Done {
    let command = ElementCommand::RenameElement { title: title.title };
    done(host.engine.element(asker.caller, element(app, id), query.line.map(LineId), command).await)
}

/// Sets a field.
#[utoipa::path(put, path = "/api/apps/{app}/elements/{element}/fields/{field}", tag = "elements",
    params(("app" = String, Path), ("element" = Uuid, Path), ("field" = String, Path), LineQuery),
    request_body = FieldJson, responses((status = 200, body = ReceiptJson)))]
pub async fn set_field(
    State(host): Shared,
    asker: Asker,
    Path((app, id, field)): Path<(AppCode, Uuid, String)>,
    Query(query): Query<LineQuery>,
    Body(value): Body<FieldJson>,
) -> Done {
    let command = ElementCommand::SetField { field, value: value.into() };
    done(host.engine.element(asker.caller, element(app, id), query.line.map(LineId), command).await)
}

/// Clears a field.
#[utoipa::path(delete, path = "/api/apps/{app}/elements/{element}/fields/{field}", tag = "elements",
    params(("app" = String, Path), ("element" = Uuid, Path), ("field" = String, Path), LineQuery),
    responses((status = 200, body = ReceiptJson)))]
pub async fn clear_field(
    State(host): Shared,
    asker: Asker,
    Path((app, id, field)): Path<(AppCode, Uuid, String)>,
    Query(query): Query<LineQuery>,
) -> Done {
    let command = ElementCommand::ClearField { field };
    done(host.engine.element(asker.caller, element(app, id), query.line.map(LineId), command).await)
}

fn element(app: AppCode, id: Uuid) -> ElementRef {
    ElementRef { app: app.0, element: ElementId(id) }
}

/// Requires that somebody reads an app's elements: administrators do, processes while they are
/// permitted, and the people of the lines that it is the contact app of or bound to.
async fn require_app(host: &Host, actor: &Actor, app: &AppId) -> Result<(), Problem> {
    let views = host.engine.read().await?;
    if !views.apps().await?.iter().any(|known| known.app == *app) {
        return Err(Rejection::AppNotFound { app: app.clone() }.into());
    }
    let operator = match &actor.principal {
        Principal::Administrator(_) => return Ok(()),
        Principal::Process(process) => {
            let permitted = views.processes().await?.iter().any(|known| known.process == *process);
            let refused = || Rejection::ProcessNotPermitted { process: process.clone() }.into();
            return if permitted { Ok(()) } else { Err(refused()) };
        }
        Principal::Channel(_) => return Err(Rejection::PrincipalNotAllowed.into()),
        Principal::Operator(operator) => *operator,
    };
    for mine in views.lines_of(operator).await? {
        let Some(line) = views.line(mine.line).await? else { continue };
        if line.contact_app.as_ref() == Some(app) || line.bound_apps.contains(app) {
            return Ok(());
        }
    }
    Err(Rejection::PrincipalNotAllowed.into())
}
