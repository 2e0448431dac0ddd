//! Business processes: permitted by administrators, they write without an operator.

use axum::extract::State;
use switchboard::domain::command::{SendInitiated, WorkspaceCommand};
use switchboard::domain::id::{ChannelId, LineId, MessageId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;

use super::answer::{Created, Done, Shared, done};
use crate::host::actor::Asker;
use crate::host::extract::{Body, Path};
use crate::host::json::channel::InitiatedJson;
use crate::host::json::ids::ProcessCode;
use crate::host::json::line::TitleJson;
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Lets a process send initiated messages.
#[utoipa::path(put, path = "/api/processes/{process}", tag = "processes", params(("process" = String, Path)),
    request_body = TitleJson, responses((status = 200, body = ReceiptJson)))]
pub async fn permit(
    State(host): Shared,
    asker: Asker,
    Path(process): Path<ProcessCode>,
    Body(title): Body<TitleJson>,
) -> Done {
    let command = WorkspaceCommand::PermitProcess { process: process.0, title: title.title };
    done(host.engine.workspace(asker.caller, command).await)
}

/// Lets it no more.
#[utoipa::path(delete, path = "/api/processes/{process}", tag = "processes",
    params(("process" = String, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn forbid(State(host): Shared, asker: Asker, Path(process): Path<ProcessCode>) -> Done {
    let command = WorkspaceCommand::ForbidProcess { process: process.0 };
    done(host.engine.workspace(asker.caller, command).await)
}

/// Sends a message of a process: «Инициативное сообщение в линию».
#[utoipa::path(post, path = "/api/processes/{process}/messages", tag = "processes",
    params(("process" = String, Path)), request_body = InitiatedJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn send(
    State(host): Shared,
    asker: Asker,
    Path(process): Path<ProcessCode>,
    Body(new): Body<InitiatedJson>,
) -> Result<Created, Problem> {
    if asker.caller.principal != Principal::Process(process.0) {
        return Err(Rejection::PrincipalNotAllowed.into());
    }
    let command = SendInitiated {
        command: asker.caller.command,
        session: SessionId(asker.id()),
        message: MessageId(asker.id()),
        line: LineId(new.line),
        contact: new.contact.into_ref(),
        account: new.account.into(),
        channel: new.channel.map(ChannelId),
        subject: new.subject,
        append_to: new.append_to.map(SessionId),
        text: new.text,
    };
    let created = command.session;
    let receipt = host.engine.send_initiated(asker.caller, command).await?;
    Ok(Created::at(receipt, format!("/api/sessions/{}", receipt.session.unwrap_or(created))))
}
