//! The installation: who asks, apps, the service licence, the projections.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard::domain::command::WorkspaceCommand;
use switchboard::domain::id::Principal;
use switchboard::projection::ProjectionName;
use utoipa::ToSchema;

use super::answer::{Created, Done, Reply, Shared, done};
use crate::host::actor::{Actor, Asker};
use crate::host::extract::Body;
use crate::host::json::element::AppJson;
use crate::host::json::ids::ProcessCode;
use crate::host::json::operator::OperatorJson;
use crate::host::json::page::PageJson;
use crate::host::json::principal::PrincipalJson;
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Who asks.
#[derive(Serialize, ToSchema)]
pub struct MeJson {
    principal: PrincipalJson,
    /// The person, when an operator asks.
    operator: Option<OperatorJson>,
    /// Whether presence means anything.
    service_licence: bool,
}

/// Tells who asks.
#[utoipa::path(get, path = "/api/me", tag = "workspace", responses((status = 200, body = MeJson)))]
pub async fn me(State(host): Shared, actor: Actor) -> Reply<MeJson> {
    let views = host.engine.read().await?;
    let operator = match actor.principal {
        Principal::Operator(operator) => views.operator(operator).await?,
        Principal::Channel(_) | Principal::Process(_) | Principal::Administrator(_) => None,
    };
    Ok(Json(MeJson {
        principal: PrincipalJson::from(&actor.principal),
        operator: operator.map(OperatorJson::from),
        service_licence: views.service_licence().await?,
    }))
}

/// The installation.
#[derive(Serialize, ToSchema)]
pub struct WorkspaceJson {
    /// Whether the service licence is active, and so presence exists.
    service_licence: bool,
    /// The apps.
    apps: Vec<AppJson>,
    /// The processes that may send.
    processes: Vec<ProcessJson>,
    /// The position of the last durable event.
    head: u64,
}

/// A process that may send initiated messages.
#[derive(Serialize, ToSchema)]
pub struct ProcessJson {
    process: ProcessCode,
    title: String,
}

/// Shows the installation.
#[utoipa::path(get, path = "/api/workspace", tag = "workspace",
    responses((status = 200, body = WorkspaceJson)))]
pub async fn workspace(State(host): Shared, actor: Actor) -> Reply<WorkspaceJson> {
    actor.person()?;
    let views = host.engine.read().await?;
    let processes = views.processes().await?.into_iter();
    Ok(Json(WorkspaceJson {
        service_licence: views.service_licence().await?,
        apps: views.apps().await?.into_iter().map(AppJson::from).collect(),
        processes: processes
            .map(|view| ProcessJson { process: ProcessCode(view.process), title: view.title })
            .collect(),
        head: host.engine.head().0,
    }))
}

/// Declares an app, or gives it another title.
#[utoipa::path(post, path = "/api/apps", tag = "workspace", request_body = AppJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn declare_app(
    State(host): Shared,
    asker: Asker,
    Body(app): Body<AppJson>,
) -> Result<Created, Problem> {
    let AppJson { app, title } = app;
    let command = WorkspaceCommand::DeclareApp { app: app.0.clone(), title };
    let receipt = host.engine.workspace(asker.caller, command).await?;
    Ok(Created::at(receipt, format!("/api/apps/{}/elements", app.0)))
}

/// Lists the apps.
#[utoipa::path(get, path = "/api/apps", tag = "workspace", responses((status = 200, body = PageJson<AppJson>)))]
pub async fn apps(State(host): Shared, actor: Actor) -> Reply<PageJson<AppJson>> {
    actor.person()?;
    let apps = host.engine.read().await?.apps().await?;
    Ok(Json(PageJson::whole(apps.into_iter().map(AppJson::from).collect())))
}

/// The service licence.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenceJson {
    /// Whether it is active.
    active: bool,
}

/// Switches the service licence.
#[utoipa::path(put, path = "/api/workspace/service-licence", tag = "workspace", request_body = LicenceJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn set_licence(State(host): Shared, asker: Asker, Body(licence): Body<LicenceJson>) -> Done {
    let command = WorkspaceCommand::SetServiceLicence { active: licence.active };
    done(host.engine.workspace(asker.caller, command).await)
}

/// A projection.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectionJson {
    /// Sessions and their lists.
    Sessions,
    /// Whose messages stand where.
    Messages,
    /// Lines, operators, apps and elements.
    Directory,
}

/// Which projections to rebuild.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebuildJson {
    /// Which; all without it.
    names: Option<Vec<ProjectionJson>>,
}

/// How far the projections are.
#[derive(Serialize, ToSchema)]
pub struct RebuiltJson {
    /// The position that they have.
    position: u64,
}

/// Drops projections and folds them again from the start of the log.
#[utoipa::path(post, path = "/api/projections/rebuild", tag = "workspace", request_body = RebuildJson,
    responses((status = 200, body = RebuiltJson)))]
pub async fn rebuild(
    State(host): Shared,
    actor: Actor,
    Body(wanted): Body<RebuildJson>,
) -> Reply<RebuiltJson> {
    actor.administrator()?;
    let name = |name: ProjectionJson| match name {
        ProjectionJson::Sessions => ProjectionName::Sessions,
        ProjectionJson::Messages => ProjectionName::Messages,
        ProjectionJson::Directory => ProjectionName::Directory,
    };
    let names: Vec<ProjectionName> = match wanted.names {
        None => ProjectionName::ALL.to_vec(),
        Some(names) => names.into_iter().map(name).collect(),
    };
    host.engine.rebuild(&names).await?;
    Ok(Json(RebuiltJson { position: host.engine.read().await?.position().0 }))
}
