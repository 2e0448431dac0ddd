//! What channels hand in: customers' messages, and what became of outgoing ones.

use axum::extract::State;
use switchboard::domain::command::{ReceiveMessage, SessionCommand};
use switchboard::domain::id::{ChannelId, MessageId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use uuid::Uuid;

use super::answer::{Created, Done, Shared, done};
use crate::host::actor::Asker;
use crate::host::extract::{Body, INBOUND_BYTES_MAX, Path};
use crate::host::json::channel::{DeliveryJson, InboundJson};
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// Takes a customer's message; the same again changes nothing.
#[utoipa::path(post, path = "/api/channels/{channel}/messages", tag = "channels",
    params(("channel" = Uuid, Path)), request_body = InboundJson,
    responses((status = 201, body = ReceiptJson)))]
pub async fn receive(
    State(host): Shared,
    asker: Asker,
    Path(channel): Path<Uuid>,
    Body(new): Body<InboundJson, INBOUND_BYTES_MAX>,
) -> Result<Created, Problem> {
    let channel = own(&asker, channel)?;
    let command = ReceiveMessage {
        session: SessionId(asker.id()),
        message: MessageId(asker.id()),
        channel,
        address: new.address,
        sender: new.sender,
        external_id: new.external_id,
        text: new.text,
        subject: new.subject,
        in_reply_to: new.in_reply_to.map(SessionId),
        sent_at: new.sent_at.map(|time| time.0),
    };
    let created = command.session;
    let receipt = host.engine.receive(asker.caller, command).await?;
    Ok(Created::at(receipt, format!("/api/sessions/{}", receipt.session.unwrap_or(created))))
}

/// Tells what became of an outgoing message.
#[utoipa::path(post, path = "/api/channels/{channel}/deliveries", tag = "channels",
    params(("channel" = Uuid, Path)), request_body = DeliveryJson,
    responses((status = 200, body = ReceiptJson)))]
pub async fn report(
    State(host): Shared,
    asker: Asker,
    Path(channel): Path<Uuid>,
    Body(delivery): Body<DeliveryJson>,
) -> Done {
    own(&asker, channel)?;
    let (session, message) = (SessionId(delivery.session), MessageId(delivery.message));
    let command = SessionCommand::ReportDelivery { message, report: delivery.report.into() };
    done(host.engine.session(asker.caller, session, command).await)
}

/// The channel of the path, when it is the one who asks.
fn own(asker: &Asker, channel: Uuid) -> Result<ChannelId, Problem> {
    match asker.caller.principal {
        Principal::Channel(own) if own.0 == channel => Ok(own),
        Principal::Channel(_)
        | Principal::Operator(_)
        | Principal::Process(_)
        | Principal::Administrator(_) => Err(Rejection::PrincipalNotAllowed.into()),
    }
}
