//! What channels hand in: customers' messages, and what became of outgoing ones.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Sse;
use switchboard::domain::account::{Account, AccountText};
use switchboard::domain::channel::Channel;
use switchboard::domain::command::{ReceiveMessage, SessionCommand};
use switchboard::domain::id::{ChannelId, LineId, MessageId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use uuid::Uuid;

use super::answer::{Created, Done, Reply, Shared, done};
use super::reading;
use crate::host::Host;
use crate::host::actor::{Actor, Asker};
use crate::host::events::{self, EventsQuery};
use crate::host::extract::{Body, INBOUND_BYTES_MAX, Path, Query};
use crate::host::json::channel::{DeliveryJson, InboundJson, OwnChannelJson};
use crate::host::json::event::EventJson;
use crate::host::json::ids::ChannelKindCode;
use crate::host::json::message::MessageJson;
use crate::host::json::page::{PageJson, PageQuery};
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
    let channel = own(&asker.caller.principal, channel)?;
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
    own(&asker.caller.principal, channel)?;
    let (session, message) = (SessionId(delivery.session), MessageId(delivery.message));
    let command = SessionCommand::ReportDelivery { message, report: delivery.report.into() };
    done(host.engine.session(asker.caller, session, command).await)
}

/// Shows what was written with one customer on this channel, newest first: what the customer sees.
#[utoipa::path(get, path = "/api/channels/{channel}/customers/{address}/messages", tag = "channels",
    params(("channel" = Uuid, Path), ("address" = String, Path), PageQuery),
    responses((status = 200, body = PageJson<MessageJson>)))]
pub async fn customer_messages(
    State(host): Shared,
    actor: Actor,
    Path((channel, address)): Path<(Uuid, String)>,
    Query(query): Query<PageQuery>,
) -> Reply<PageJson<MessageJson>> {
    let own = own(&actor.principal, channel)?;
    let page = reading::page(query.after.as_deref(), query.limit)?;
    let (line, channel) = known(&host, own).await?;
    let raw = AccountText { kind: channel.inbound_account(&address), text: address };
    let account = Account::normalise(&raw, channel.policy.account).map_err(|bad| {
        let (expected, given, suggestion) = (bad.expected, bad.given, bad.suggestion);
        Rejection::BadAddress { expected, given, suggestion }
    })?;
    let views = host.engine.read().await?;
    let mut found = views.customer_messages(&account, Some(&[line]), page).await?;
    // The line may have another channel of the same kind; its pages hold fewer then.
    let mut here = HashMap::new();
    for message in &found.items {
        if let Entry::Vacant(unknown) = here.entry(message.session) {
            let session = views.session(message.session).await?;
            unknown.insert(session.is_some_and(|session| session.channel == own));
        }
    }
    found.items.retain(|message| here.get(&message.session).copied().unwrap_or(false));
    Ok(Json(PageJson::of(found, MessageJson::from)))
}

/// Follows the channel's own sessions, as `/api/events` does; the cookie of a channel reaches no
/// other path.
#[utoipa::path(get, path = "/api/channels/{channel}/events", tag = "channels",
    params(("channel" = Uuid, Path), EventsQuery),
    responses((status = 200, body = EventJson, content_type = "text/event-stream")))]
pub async fn events(
    State(host): Shared,
    actor: Actor,
    headers: HeaderMap,
    Path(channel): Path<Uuid>,
    Query(query): Query<EventsQuery>,
) -> Result<Sse<events::Events>, Problem> {
    own(&actor.principal, channel)?;
    events::follow(host, &actor, &headers, query.after).await
}

/// Shows a channel to itself.
#[utoipa::path(get, path = "/api/channels/{channel}", tag = "channels", params(("channel" = Uuid, Path)),
    responses((status = 200, body = OwnChannelJson)))]
pub async fn one(State(host): Shared, actor: Actor, Path(channel): Path<Uuid>) -> Reply<OwnChannelJson> {
    let own = own(&actor.principal, channel)?;
    let (line, found) = known(&host, own).await?;
    let view = host.engine.read().await?.line(line).await?.ok_or(Rejection::LineNotFound { line })?;
    Ok(Json(OwnChannelJson {
        channel,
        kind: ChannelKindCode(found.kind),
        title: found.title,
        connected: found.connected,
        line: line.0,
        line_title: view.title,
    }))
}

/// A channel with its line.
async fn known(host: &Host, channel: ChannelId) -> Result<(LineId, Channel), Problem> {
    let unknown = || Rejection::ChannelNotFound { channel };
    let line = host.engine.line_of_channel(channel).await?.ok_or_else(unknown)?;
    let mut channels = host.engine.channels(line).await?.into_iter();
    Ok((line, channels.find(|found| found.id == channel).ok_or_else(unknown)?))
}

/// The channel of the path, when it is the one who asks.
fn own(principal: &Principal, channel: Uuid) -> Result<ChannelId, Problem> {
    match *principal {
        Principal::Channel(own) if own.0 == channel => Ok(own),
        Principal::Channel(_)
        | Principal::Operator(_)
        | Principal::Process(_)
        | Principal::Administrator(_) => Err(Rejection::PrincipalNotAllowed.into()),
    }
}
