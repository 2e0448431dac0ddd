//! What administrators set on a line: channels, rules, apps, the widget, the template.

use axum::Json;
use axum::extract::State;
use switchboard::domain::command::LineCommand;
use switchboard::domain::id::{ChannelId, LineId};
use switchboard::domain::name::{NameContext, NameTemplate, session_name};
use switchboard::domain::rejection::Rejection;
use uuid::Uuid;

use super::answer::{Created, Done, Reply, Shared, done};
use crate::host::actor::{Actor, Asker};
use crate::host::extract::{Body, Path};
use crate::host::json::ids::AppCode;
use crate::host::json::line::{
    ContactAppJson, NamePreviewJson, NameTemplateJson, NewChannelJson, RefusalAuditJson,
};
use crate::host::json::policy::{PolicyJson, RulesJson};
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;
use crate::host::tokens;

/// Connects a channel, for the first time or again.
#[utoipa::path(post, path = "/api/lines/{line}/channels", tag = "lines", params(("line" = Uuid, Path)),
    request_body = NewChannelJson, responses((status = 201, body = ReceiptJson)))]
pub async fn connect(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(new): Body<NewChannelJson>,
) -> Result<Created, Problem> {
    let id = new.channel.unwrap_or(asker.id());
    let (channel, kind, title) = (ChannelId(id), new.kind.0, new.title);
    let policy = new.policy.map(PolicyJson::into);
    let command = LineCommand::ConnectChannel { channel, kind, title, policy };
    let receipt = host.engine.line(asker.caller, LineId(line), command).await?;
    Ok(Created::with_id(receipt, id, format!("/api/lines/{line}")))
}

/// Disconnects a channel; its open sessions stay.
#[utoipa::path(delete, path = "/api/lines/{line}/channels/{channel}", tag = "lines",
    params(("line" = Uuid, Path), ("channel" = Uuid, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn disconnect(
    State(host): Shared,
    asker: Asker,
    Path((line, channel)): Path<(Uuid, Uuid)>,
) -> Done {
    let command = LineCommand::DisconnectChannel { channel: ChannelId(channel) };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Changes the rules of a channel: narrower than the medium's, never wider.
#[utoipa::path(put, path = "/api/lines/{line}/channels/{channel}/policy", tag = "lines",
    params(("line" = Uuid, Path), ("channel" = Uuid, Path)), request_body = PolicyJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn set_policy(
    State(host): Shared,
    asker: Asker,
    Path((line, channel)): Path<(Uuid, Uuid)>,
    Body(policy): Body<PolicyJson>,
) -> Done {
    let command = LineCommand::SetChannelPolicy { channel: ChannelId(channel), policy: policy.into() };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Changes the other rules.
#[utoipa::path(put, path = "/api/lines/{line}/rules", tag = "lines", params(("line" = Uuid, Path)),
    request_body = RulesJson, responses((status = 200, body = ReceiptJson)))]
pub async fn set_rules(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(rules): Body<RulesJson>,
) -> Done {
    let command = LineCommand::SetLineRules { rules: rules.into() };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Keeps the commands that the line refuses, so that its history tells them, or keeps them no longer.
#[utoipa::path(put, path = "/api/lines/{line}/refusal-audit", tag = "lines", params(("line" = Uuid, Path)),
    request_body = RefusalAuditJson, responses((status = 200, body = ReceiptJson)))]
pub async fn set_refusal_audit(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(audit): Body<RefusalAuditJson>,
) -> Done {
    let command = LineCommand::SetRefusalAudit { active: audit.active };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Sets the template of sessions' names.
#[utoipa::path(put, path = "/api/lines/{line}/name-template", tag = "lines", params(("line" = Uuid, Path)),
    request_body = NameTemplateJson, responses((status = 200, body = ReceiptJson)))]
pub async fn set_name_template(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(template): Body<NameTemplateJson>,
) -> Done {
    let command = LineCommand::SetNameTemplate { template: template.template };
    done(host.engine.line(asker.caller, LineId(line), command).await)
}

/// Shows the name that a template would give an example session of the line; nothing is set.
#[utoipa::path(post, path = "/api/lines/{line}/name-template/preview", tag = "lines",
    params(("line" = Uuid, Path)), request_body = NameTemplateJson,
    responses((status = 200, body = NamePreviewJson)))]
pub async fn preview_name(
    State(host): Shared,
    actor: Actor,
    Path(line): Path<Uuid>,
    Body(wanted): Body<NameTemplateJson>,
) -> Reply<NamePreviewJson> {
    host.engine.require_reader(&actor.principal, LineId(line)).await?;
    let template = NameTemplate::new(&wanted.template)?;
    let line = LineId(line);
    let view = host.engine.read().await?.line(line).await?.ok_or(Rejection::LineNotFound { line })?;
    let channels = host.engine.channels(line).await?;
    let channel = channels.first().map_or("WhatsApp", |channel| channel.title.as_str());
    let example = NameContext {
        customer: "Иван Петров",
        account: "+79161234567",
        line: &view.title,
        channel,
        created: tokens::now(),
        subject: "",
    };
    Ok(Json(NamePreviewJson { name: session_name(Some(&template), &example) }))
}

/// Chooses the app of the line's customers, «Для связи учётной записи».
#[utoipa::path(put, path = "/api/lines/{line}/contact-app", tag = "lines", params(("line" = Uuid, Path)),
    request_body = ContactAppJson, responses((status = 200, body = ReceiptJson)))]
pub async fn set_contact_app(
    State(host): Shared,
    asker: Asker,
    Path(line): Path<Uuid>,
    Body(app): Body<ContactAppJson>,
) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::SetContactApp { app: app.app.0 }).await)
}

/// Leaves the line without one.
#[utoipa::path(delete, path = "/api/lines/{line}/contact-app", tag = "lines", params(("line" = Uuid, Path)),
    responses((status = 200, body = ReceiptJson)))]
pub async fn clear_contact_app(State(host): Shared, asker: Asker, Path(line): Path<Uuid>) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::ClearContactApp).await)
}

/// Lets sessions of the line be linked to elements of an app.
#[utoipa::path(put, path = "/api/lines/{line}/apps/{app}", tag = "lines",
    params(("line" = Uuid, Path), ("app" = String, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn bind(State(host): Shared, asker: Asker, Path((line, app)): Path<(Uuid, AppCode)>) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::BindApp { app: app.0 }).await)
}

/// Lets them no more; links made stay.
#[utoipa::path(delete, path = "/api/lines/{line}/apps/{app}", tag = "lines",
    params(("line" = Uuid, Path), ("app" = String, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn unbind(State(host): Shared, asker: Asker, Path((line, app)): Path<(Uuid, AppCode)>) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::UnbindApp { app: app.0 }).await)
}

/// Places the widget «Переписка в Линиях» on the form of a bound app.
#[utoipa::path(put, path = "/api/lines/{line}/apps/{app}/widget", tag = "lines",
    params(("line" = Uuid, Path), ("app" = String, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn place_widget(
    State(host): Shared,
    asker: Asker,
    Path((line, app)): Path<(Uuid, AppCode)>,
) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::PlaceWidget { app: app.0 }).await)
}

/// Takes it off.
#[utoipa::path(delete, path = "/api/lines/{line}/apps/{app}/widget", tag = "lines",
    params(("line" = Uuid, Path), ("app" = String, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn remove_widget(
    State(host): Shared,
    asker: Asker,
    Path((line, app)): Path<(Uuid, AppCode)>,
) -> Done {
    done(host.engine.line(asker.caller, LineId(line), LineCommand::RemoveWidget { app: app.0 }).await)
}
