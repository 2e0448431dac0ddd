//! What operators do with a session that exists.

use axum::extract::State;
use switchboard::domain::command::SessionCommand;
use switchboard::domain::id::{ElementId, ElementRef, MessageId, OperatorId, SessionId};
use uuid::Uuid;

use super::answer::{Created, Done, Shared, done};
use crate::host::actor::Asker;
use crate::host::extract::{Body, Path};
use crate::host::json::ids::{AppCode, entry_point};
use crate::host::json::operator::NameJson;
use crate::host::json::receipt::ReceiptJson;
use crate::host::json::session::{AssignJson, NewMessageJson};
use crate::host::problem::Problem;

/// Writes to the customer.
#[utoipa::path(post, path = "/api/sessions/{session}/messages", tag = "sessions",
    params(("session" = Uuid, Path)), request_body = NewMessageJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn send(
    State(host): Shared,
    asker: Asker,
    Path(session): Path<Uuid>,
    Body(new): Body<NewMessageJson>,
) -> Result<Created, Problem> {
    let (message, via) = (MessageId(asker.id()), entry_point(new.card));
    let command = SessionCommand::SendMessage { message, text: new.text, via };
    let receipt = host.engine.session(asker.caller, SessionId(session), command).await?;
    Ok(Created::at(receipt, format!("/api/sessions/{session}/transcript")))
}

/// Takes a session from the queue.
#[utoipa::path(post, path = "/api/sessions/{session}/take", tag = "sessions",
    params(("session" = Uuid, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn take(State(host): Shared, asker: Asker, Path(session): Path<Uuid>) -> Done {
    done(host.engine.session(asker.caller, SessionId(session), SessionCommand::Take).await)
}

/// Assigns a session to somebody of the line.
#[utoipa::path(post, path = "/api/sessions/{session}/assign", tag = "sessions",
    params(("session" = Uuid, Path)), request_body = AssignJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn assign(
    State(host): Shared,
    asker: Asker,
    Path(session): Path<Uuid>,
    Body(to): Body<AssignJson>,
) -> Done {
    let command = SessionCommand::AssignOperator { operator: OperatorId(to.operator) };
    done(host.engine.session(asker.caller, SessionId(session), command).await)
}

/// Closes a session.
#[utoipa::path(post, path = "/api/sessions/{session}/close", tag = "sessions",
    params(("session" = Uuid, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn close(State(host): Shared, asker: Asker, Path(session): Path<Uuid>) -> Done {
    done(host.engine.session(asker.caller, SessionId(session), SessionCommand::Close).await)
}

/// Opens a closed session again, assigned to who asks.
#[utoipa::path(post, path = "/api/sessions/{session}/reopen", tag = "sessions",
    params(("session" = Uuid, Path)), responses((status = 200, body = ReceiptJson)))]
pub async fn reopen(State(host): Shared, asker: Asker, Path(session): Path<Uuid>) -> Done {
    done(host.engine.session(asker.caller, SessionId(session), SessionCommand::Reopen).await)
}

/// Gives a session another name; a subject already sent stays.
#[utoipa::path(put, path = "/api/sessions/{session}/name", tag = "sessions",
    params(("session" = Uuid, Path)), request_body = NameJson, responses((status = 200, body = ReceiptJson)))]
pub async fn rename(
    State(host): Shared,
    asker: Asker,
    Path(session): Path<Uuid>,
    Body(name): Body<NameJson>,
) -> Done {
    let command = SessionCommand::Rename { name: name.name };
    done(host.engine.session(asker.caller, SessionId(session), command).await)
}

/// Links a session to an element.
#[utoipa::path(put, path = "/api/sessions/{session}/links/{app}/{element}", tag = "sessions",
    params(("session" = Uuid, Path), ("app" = String, Path), ("element" = Uuid, Path)),
    responses((status = 200, body = ReceiptJson)))]
pub async fn link(
    State(host): Shared,
    asker: Asker,
    Path((session, app, element)): Path<(Uuid, AppCode, Uuid)>,
) -> Done {
    let element = ElementRef { app: app.0, element: ElementId(element) };
    let command = SessionCommand::LinkElement { element };
    done(host.engine.session(asker.caller, SessionId(session), command).await)
}

/// Takes it out of the element's correspondence.
#[utoipa::path(delete, path = "/api/sessions/{session}/links/{app}/{element}", tag = "sessions",
    params(("session" = Uuid, Path), ("app" = String, Path), ("element" = Uuid, Path)),
    responses((status = 200, body = ReceiptJson)))]
pub async fn unlink(
    State(host): Shared,
    asker: Asker,
    Path((session, app, element)): Path<(Uuid, AppCode, Uuid)>,
) -> Done {
    let element = ElementRef { app: app.0, element: ElementId(element) };
    let command = SessionCommand::UnlinkElement { element };
    done(host.engine.session(asker.caller, SessionId(session), command).await)
}
