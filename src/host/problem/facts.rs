//! The facts of a refusal as JSON, under the names that the refusal gives them.

use serde_json::{Map, Value, json};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::id::{ElementRef, OperatorId};
use switchboard::domain::rejection::{ChannelChoice, Rejection};

use crate::host::json::policy::address_format;

/// Every fact of a refusal.
#[must_use]
pub fn facts(rejection: &Rejection) -> Map<String, Value> {
    match existence(rejection).or_else(|| content(rejection)).unwrap_or_else(|| state(rejection)) {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

fn existence(rejection: &Rejection) -> Option<Value> {
    use Rejection as R;
    Some(match rejection {
        R::LineNotFound { line }
        | R::NotOperatorOfLine { line }
        | R::NotMemberOfLine { line }
        | R::NoContactApp { line }
        | R::NoOutboundChannel { line }
        | R::ChannelOfAnotherLine { line } => json!({ "line": line.0 }),
        R::ChannelNotFound { channel }
        | R::ChannelDisconnected { channel }
        | R::NeverContacted { channel } => json!({ "channel": channel.0 }),
        R::AppNotFound { app } | R::AppNotBound { app } | R::WidgetNotPlaced { app } => {
            json!({ "app": app.as_str() })
        }
        R::ProcessNotFound { process } | R::ProcessNotPermitted { process } => {
            json!({ "process": process.as_str() })
        }
        R::OperatorNotFound { operator } | R::OperatorOffline { operator } => {
            json!({ "operator": operator.0 })
        }
        R::ElementNotFound { element } | R::ElementNotLinked { element } => {
            json!({ "element": element_json(element) })
        }
        R::SessionNotFound { session }
        | R::SessionClosed { session }
        | R::SessionNotClosed { session }
        | R::SessionOfAnotherCustomer { session } => json!({ "session": session.0 }),
        R::MessageNotFound { message } | R::NotOutgoing { message } | R::DeliverySettled { message } => {
            json!({ "message": message.0 })
        }
        R::AlreadyExists { thing } => json!({ "thing": thing.code() }),
        _ => return None,
    })
}

fn content(rejection: &Rejection) -> Option<Value> {
    use Rejection as R;
    Some(match rejection {
        R::SubjectTooLong { bytes, max } => json!({ "bytes": bytes, "max": max }),
        R::BadSubject { at } => json!({ "at": at }),
        R::Blank { input } => json!({ "input": input.code() }),
        R::TextTooLong { chars, max } => json!({ "chars": chars, "max": max }),
        R::TooLong { input, bytes, max } => {
            json!({ "input": input.code(), "bytes": bytes, "max": max })
        }
        R::BadCharacter { input, at } => json!({ "input": input.code(), "at": at }),
        R::DuplicateField { field } => json!({ "field": field }),
        R::LimitReached { limit, max } => json!({ "limit": limit.code(), "max": max }),
        R::PolicyNotAllowed { field } => json!({ "field": field }),
        R::BadTemplate { line, column, reason } => {
            json!({ "line": line, "column": column, "reason": reason })
        }
        R::FieldTypeNotAllowed { field, field_type } => {
            json!({ "field": field, "field_type": field_type.code() })
        }
        _ => return None,
    })
}

fn state(rejection: &Rejection) -> Value {
    use Rejection as R;
    match rejection {
        R::TargetNotOfLine { operator, line } => json!({ "operator": operator.0, "line": line.0 }),
        R::NotAssignee { holder, holder_name } => {
            json!({ "holder": id(holder), "holder_name": holder_name })
        }
        R::OpenSessionExists { session, holder, holder_name } => {
            json!({ "session": session.0, "holder": id(holder), "holder_name": holder_name })
        }
        R::ContactNotInContactApp { app, contact_app } => {
            json!({ "app": app.as_str(), "contact_app": contact_app.as_str() })
        }
        R::AccountKindMismatch { kind, channels } => {
            json!({ "kind": kind.code(), "channels": codes(channels) })
        }
        R::AmbiguousChannel { channels } => json!({ "channels": choices(channels) }),
        R::ChannelForbidsOperatorCreate { kind }
        | R::ChannelForbidsInitiated { kind }
        | R::ChannelKindFixed { kind } => json!({ "kind": kind.code() }),
        R::BadAddress { expected, given, suggestion } => {
            json!({ "expected": address_format(*expected), "given": given, "suggestion": suggestion })
        }
        R::AdministratorsOnly
        | R::PrincipalNotAllowed
        | R::LicenceInactive
        | R::AccountNotOfContact
        | R::SubjectNotSupported
        | R::PolicyMissing => json!({}),
        // Told by the two functions before this one; a new refusal has to be placed by hand.
        R::LineNotFound { .. }
        | R::NotOperatorOfLine { .. }
        | R::NotMemberOfLine { .. }
        | R::NoContactApp { .. }
        | R::NoOutboundChannel { .. }
        | R::ChannelOfAnotherLine { .. }
        | R::ChannelNotFound { .. }
        | R::ChannelDisconnected { .. }
        | R::NeverContacted { .. }
        | R::AppNotFound { .. }
        | R::AppNotBound { .. }
        | R::WidgetNotPlaced { .. }
        | R::ProcessNotFound { .. }
        | R::ProcessNotPermitted { .. }
        | R::OperatorNotFound { .. }
        | R::OperatorOffline { .. }
        | R::ElementNotFound { .. }
        | R::ElementNotLinked { .. }
        | R::SessionNotFound { .. }
        | R::SessionClosed { .. }
        | R::SessionNotClosed { .. }
        | R::SessionOfAnotherCustomer { .. }
        | R::MessageNotFound { .. }
        | R::NotOutgoing { .. }
        | R::DeliverySettled { .. }
        | R::AlreadyExists { .. }
        | R::SubjectTooLong { .. }
        | R::BadSubject { .. }
        | R::Blank { .. }
        | R::TextTooLong { .. }
        | R::TooLong { .. }
        | R::BadCharacter { .. }
        | R::DuplicateField { .. }
        | R::LimitReached { .. }
        | R::PolicyNotAllowed { .. }
        | R::BadTemplate { .. }
        | R::FieldTypeNotAllowed { .. } => Value::Null,
    }
}

fn id(operator: &Option<OperatorId>) -> Option<uuid::Uuid> {
    operator.map(|operator| operator.0)
}

fn element_json(element: &ElementRef) -> Value {
    json!({ "app": element.app.as_str(), "element": element.element.0 })
}

fn codes(channels: &[ChannelKind]) -> Vec<&str> {
    channels.iter().map(ChannelKind::code).collect()
}

fn choices(channels: &[ChannelChoice]) -> Vec<Value> {
    let choice = |choice: &ChannelChoice| json!({ "channel": choice.channel.0, "title": choice.title });
    channels.iter().map(choice).collect()
}
