//! Events of the log as JSON, each kind with its fields.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{
    ChannelEvent, ElementEvent, EntryPoint, Event, InboundEvent, InitiatedEvent, LineEvent, OperatorEvent,
    SessionEvent, SlotEvent, Stream, WorkspaceEvent,
};
use switchboard::domain::id::ElementRef;
use switchboard::domain::refused::RefusalEvent;
use switchboard::wire::{self, KINDS, Recorded};
use utoipa::ToSchema;
use uuid::Uuid;

use super::element::FieldJson;
use super::ids::ElementRefJson;
use super::policy::{PolicyJson, RoleJson, RulesJson};
use super::principal::PrincipalJson;
use super::session::OriginJson;
use super::time::Time;

/// An event of the log.
#[derive(Serialize, ToSchema)]
pub struct EventJson {
    /// Its place in the log.
    pub position: u64,
    /// When it was decided.
    pub time: Time,
    /// Who acted.
    pub principal: PrincipalJson,
    /// The command that it answers.
    pub command: Uuid,
    /// What it is a fact of.
    #[schema(value_type = Object)]
    pub stream: Value,
    /// The name of its kind.
    pub kind: &'static str,
    /// What happened.
    #[schema(value_type = Object)]
    pub payload: Value,
}

impl From<&Recorded> for EventJson {
    fn from(recorded: &Recorded) -> EventJson {
        EventJson {
            position: recorded.position.0,
            time: Time(recorded.time),
            principal: PrincipalJson::from(&recorded.principal),
            command: recorded.command.0,
            stream: stream(&recorded.stream),
            kind: kind(&recorded.event),
            payload: payload(&recorded.event),
        }
    }
}

/// The name that the log's table of kinds gives an event.
fn kind(event: &Event) -> &'static str {
    let number = wire::encode(event).kind;
    KINDS.iter().find(|kind| kind.number == number).map_or("unknown", |kind| kind.name)
}

fn stream(stream: &Stream) -> Value {
    match stream {
        Stream::Workspace => json!({ "of": "workspace" }),
        Stream::Line(line) => json!({ "of": "line", "line": line.0 }),
        Stream::Channel(channel) => json!({ "of": "channel", "channel": channel.0 }),
        Stream::Operator(operator) => json!({ "of": "operator", "operator": operator.0 }),
        Stream::Element(id) => {
            json!({ "of": "element", "app": id.app.as_str(), "element": id.element.0 })
        }
        Stream::Session(session) => json!({ "of": "session", "session": session.0 }),
        Stream::Slot(slot) => json!({
            "of": "slot", "channel": slot.channel.0,
            "account": { "kind": slot.account.kind.code(), "address": slot.account.address },
        }),
        Stream::Inbound(channel, external_id) => {
            json!({ "of": "inbound", "channel": channel.0, "external_id": external_id })
        }
        Stream::Initiated(command) => json!({ "of": "initiated", "command": command.0 }),
        Stream::Refusals(line, day) => json!({ "of": "refusals", "line": line.0, "day": day.0 }),
    }
}

fn payload(event: &Event) -> Value {
    match event {
        Event::Workspace(event) => workspace(event),
        Event::Line(event) => line(event),
        Event::Channel(ChannelEvent::ChannelBound { line }) => json!({ "line": line.0 }),
        Event::Operator(event) => operator(event),
        Event::Element(event) => element(event),
        Event::Session(event) => session(event),
        Event::Slot(event) => slot(event),
        Event::Inbound(InboundEvent::InboundAccepted { session, message })
        | Event::Initiated(InitiatedEvent::InitiatedAccepted { session, message }) => {
            json!({ "session": session.0, "message": message.0 })
        }
        Event::Refusal(event) => refusal(event),
    }
}

fn workspace(event: &WorkspaceEvent) -> Value {
    match event {
        WorkspaceEvent::AppDeclared { app, title } | WorkspaceEvent::AppRenamed { app, title } => {
            json!({ "app": app.as_str(), "title": title })
        }
        WorkspaceEvent::ServiceLicenceActivated | WorkspaceEvent::ServiceLicenceDeactivated => json!({}),
        WorkspaceEvent::ProcessPermitted { process, title } => {
            json!({ "process": process.as_str(), "title": title })
        }
        WorkspaceEvent::ProcessForbidden { process } => json!({ "process": process.as_str() }),
    }
}

fn line(event: &LineEvent) -> Value {
    match event {
        LineEvent::LineCreated { title } | LineEvent::LineRenamed { title } => json!({ "title": title }),
        LineEvent::ChannelConnected { channel, kind, title, policy, revision } => json!({
            "channel": channel.0, "kind": kind.code(), "title": title,
            "policy": PolicyJson::from(policy), "revision": revision.0,
        }),
        LineEvent::ChannelDisconnected { channel, revision }
        | LineEvent::ChannelReconnected { channel, revision } => {
            json!({ "channel": channel.0, "revision": revision.0 })
        }
        LineEvent::ChannelPolicySet { channel, policy, revision } => json!({
            "channel": channel.0, "policy": PolicyJson::from(policy), "revision": revision.0,
        }),
        LineEvent::LineRulesSet { rules, revision } => {
            json!({ "rules": RulesJson::from(*rules), "revision": revision.0 })
        }
        LineEvent::RoleGranted { operator, role } | LineEvent::RoleRevoked { operator, role } => {
            json!({ "operator": operator.0, "role": RoleJson::from(*role) })
        }
        LineEvent::ContactAppCleared
        | LineEvent::RefusalAuditActivated
        | LineEvent::RefusalAuditDeactivated => json!({}),
        LineEvent::ContactAppSet { app }
        | LineEvent::AppBound { app }
        | LineEvent::AppUnbound { app }
        | LineEvent::WidgetPlaced { app }
        | LineEvent::WidgetRemoved { app } => json!({ "app": app.as_str() }),
        LineEvent::NameTemplateSet { template } => json!({ "template": template }),
    }
}

fn operator(event: &OperatorEvent) -> Value {
    match event {
        OperatorEvent::OperatorRegistered { name } | OperatorEvent::OperatorRenamed { name } => {
            json!({ "name": name })
        }
        OperatorEvent::WentOnline | OperatorEvent::WentOffline => json!({}),
    }
}

fn element(event: &ElementEvent) -> Value {
    let field_json = |value: &FieldValue| FieldJson::from(value);
    match event {
        ElementEvent::ElementCreated { title, fields } => {
            let fields: BTreeMap<&str, FieldJson> =
                fields.iter().map(|(name, value)| (name.as_str(), field_json(value))).collect();
            json!({ "title": title, "fields": fields })
        }
        ElementEvent::ElementRenamed { title } => json!({ "title": title }),
        ElementEvent::FieldSet { field, value } => json!({ "field": field, "value": field_json(value) }),
        ElementEvent::FieldCleared { field } => json!({ "field": field }),
    }
}

fn session(event: &SessionEvent) -> Value {
    match event {
        SessionEvent::SessionCreated { .. } => created(event),
        SessionEvent::OperatorAssigned { operator } => json!({ "operator": operator.0 }),
        SessionEvent::MessageSent { message, operator, text, via } => json!({
            "message": message.0, "operator": operator.0, "text": text, "card": card(via),
        }),
        SessionEvent::InitiatedMessageSent { message, process, text } => {
            json!({ "message": message.0, "process": process.as_str(), "text": text })
        }
        SessionEvent::MessageReceived { message, external_id, text, subject, sent_at } => json!({
            "message": message.0, "external_id": external_id, "text": text, "subject": subject,
            "sent_at": sent_at.map(Time),
        }),
        SessionEvent::MessageHandedOver { message }
        | SessionEvent::MessageDelivered { message }
        | SessionEvent::MessageRead { message } => json!({ "message": message.0 }),
        SessionEvent::MessageFailed { message, reason } => {
            json!({ "message": message.0, "reason": reason })
        }
        SessionEvent::SessionClosed => json!({}),
        SessionEvent::SessionReopened { operator } => {
            json!({ "operator": operator.map(|operator| operator.0) })
        }
        SessionEvent::SessionRenamed { name } => json!({ "name": name }),
        SessionEvent::ElementLinked { element } | SessionEvent::ElementUnlinked { element } => {
            json!({ "element": element_ref(element) })
        }
    }
}

fn created(event: &SessionEvent) -> Value {
    let SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, continues } =
        event
    else {
        return Value::Null;
    };
    json!({
        "line": line.0,
        "channel": channel.0,
        "kind": kind.code(),
        "customer": {
            "account": { "kind": customer.account.kind.code(), "address": customer.account.address },
            "contact": customer.contact.as_ref().map(element_ref),
            "name": customer.name,
        },
        "name": name,
        "subject": subject,
        "origin": OriginJson::from(origin),
        "continues": continues.map(|session| session.0),
    })
}

fn slot(event: &SlotEvent) -> Value {
    match event {
        SlotEvent::SlotClaimed { session }
        | SlotEvent::SlotReleased { session }
        | SlotEvent::SlotJoined { session }
        | SlotEvent::SlotLeft { session } => json!({ "session": session.0 }),
        SlotEvent::CustomerWrote => json!({}),
    }
}

fn refusal(event: &RefusalEvent) -> Value {
    match event {
        RefusalEvent::CommandRefused(refused) => json!({
            "command": refused.command,
            "code": refused.code,
            "session": refused.session.map(|session| session.0),
            "channel": refused.channel.map(|channel| channel.0),
            "account": refused.account.as_ref().map(|account| {
                json!({ "kind": account.kind.code(), "address": account.address })
            }),
            "elements": refused.elements.iter().map(element_ref).collect::<Vec<_>>(),
            "operator": refused.operator.map(|operator| operator.0),
            "values": refused.values.iter().cloned().collect::<BTreeMap<_, _>>(),
        }),
        RefusalEvent::RefusalsOmitted { count } => json!({ "count": count }),
    }
}

fn card(via: &EntryPoint) -> Option<ElementRefJson> {
    match via {
        EntryPoint::LinesSection => None,
        EntryPoint::Card(element) => Some(element_ref(element)),
    }
}

fn element_ref(element: &ElementRef) -> ElementRefJson {
    element.into()
}
