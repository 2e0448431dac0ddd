//! The facts of a refusal as texts by their names, as its audit keeps them.

use super::{ChannelChoice, Input, Limit, Rejection, Thing};
use crate::domain::channel::{AddressFormat, ChannelKind};
use crate::domain::element::FieldType;
use crate::domain::id::ElementRef;

impl Rejection {
    /// Every fact by its name, in the order of the variant's fields; none of what is not there.
    #[must_use]
    pub fn values(&self) -> Vec<(&'static str, String)> {
        use Rejection as R;
        match self {
            R::LineNotFound { line }
            | R::NotOperatorOfLine { line }
            | R::NotMemberOfLine { line }
            | R::NoContactApp { line }
            | R::NoOutboundChannel { line }
            | R::ChannelOfAnotherLine { line } => vec![("line", line.to_string())],
            R::ChannelNotFound { channel }
            | R::ChannelDisconnected { channel }
            | R::NeverContacted { channel } => vec![("channel", channel.to_string())],
            R::AppNotFound { app } | R::AppNotBound { app } | R::WidgetNotPlaced { app } => {
                vec![("app", app.as_str().to_owned())]
            }
            R::ProcessNotFound { process } | R::ProcessNotPermitted { process } => {
                vec![("process", process.as_str().to_owned())]
            }
            R::OperatorNotFound { operator } | R::OperatorOffline { operator } => {
                vec![("operator", operator.to_string())]
            }
            R::ElementNotFound { element } | R::ElementNotLinked { element } => {
                vec![("element", element_text(element))]
            }
            R::SessionNotFound { session }
            | R::SessionClosed { session }
            | R::SessionNotClosed { session }
            | R::SessionOfAnotherCustomer { session } => vec![("session", session.to_string())],
            R::MessageNotFound { message } | R::NotOutgoing { message } | R::DeliverySettled { message } => {
                vec![("message", message.to_string())]
            }
            R::TargetNotOfLine { operator, line } => {
                vec![("operator", operator.to_string()), ("line", line.to_string())]
            }
            R::OpenSessionExists { session, holder, holder_name: _ } => {
                let mut values = vec![("session", session.to_string())];
                values.extend(holder.map(|holder| ("holder", holder.to_string())));
                values
            }
            R::NotAssignee { holder, holder_name: _ } => {
                holder.map(|holder| ("holder", holder.to_string())).into_iter().collect()
            }
            R::ContactNotInContactApp { app, contact_app } => {
                vec![("app", app.as_str().to_owned()), ("contact_app", contact_app.as_str().to_owned())]
            }
            other => other.values_of_content(),
        }
    }

    /// The same of what is asked about channels and content.
    fn values_of_content(&self) -> Vec<(&'static str, String)> {
        use Rejection as R;
        match self {
            R::AlreadyExists { thing } => vec![("thing", thing.code().to_owned())],
            R::FieldTypeNotAllowed { field, field_type } => {
                vec![("field", field.clone()), ("field_type", field_type.code().to_owned())]
            }
            R::AccountKindMismatch { kind, channels } => {
                let codes: Vec<&str> = channels.iter().map(ChannelKind::code).collect();
                vec![("kind", kind.code().to_owned()), ("channels", codes.join(" "))]
            }
            R::AmbiguousChannel { channels } => vec![("channels", choices(channels))],
            R::ChannelForbidsOperatorCreate { kind }
            | R::ChannelForbidsInitiated { kind }
            | R::ChannelKindFixed { kind } => vec![("kind", kind.code().to_owned())],
            R::BadAddress { expected, given, suggestion } => {
                let mut values = vec![("expected", form(*expected).to_owned()), ("given", given.clone())];
                values.extend(suggestion.clone().map(|suggestion| ("suggestion", suggestion)));
                values
            }
            R::SubjectTooLong { bytes, max } => vec![("bytes", bytes.to_string()), ("max", max.to_string())],
            R::BadSubject { at } => vec![("at", at.to_string())],
            R::Blank { input } => vec![("input", input.code().to_owned())],
            R::TextTooLong { chars, max } => vec![("chars", chars.to_string()), ("max", max.to_string())],
            R::TooLong { input, bytes, max } => vec![
                ("input", input.code().to_owned()),
                ("bytes", bytes.to_string()),
                ("max", max.to_string()),
            ],
            R::BadCharacter { input, at } => {
                vec![("input", input.code().to_owned()), ("at", at.to_string())]
            }
            R::DuplicateField { field } => vec![("field", field.clone())],
            R::PolicyNotAllowed { field } => vec![("field", (*field).to_owned())],
            R::LimitReached { limit, max } => {
                vec![("limit", limit.code().to_owned()), ("max", max.to_string())]
            }
            R::BadTemplate { line, column, reason } => {
                vec![("line", line.to_string()), ("column", column.to_string()), ("reason", reason.clone())]
            }
            // Those without facts, and those that were told before.
            _ => Vec::new(),
        }
    }
}

impl Thing {
    /// The stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Thing::Line => "line",
            Thing::Operator => "operator",
            Thing::Element => "element",
            Thing::Session => "session",
            Thing::Message => "message",
        }
    }
}

impl Input {
    /// The stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Input::Title => "title",
            Input::Name => "name",
            Input::FieldName => "field-name",
            Input::FieldValue => "field-value",
            Input::Text => "text",
            Input::ExternalId => "external-id",
            Input::Reason => "reason",
            Input::Template => "template",
        }
    }
}

impl Limit {
    /// The stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Limit::Channels => "channels",
            Limit::BoundApps => "bound-apps",
            Limit::Members => "members",
            Limit::LinesOfOperator => "lines-of-operator",
            Limit::Apps => "apps",
            Limit::Processes => "processes",
            Limit::Fields => "fields",
            Limit::Links => "links",
        }
    }
}

impl FieldType {
    /// The stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            FieldType::Account => "account",
            FieldType::Email => "email",
            FieldType::Text => "text",
        }
    }
}

fn form(format: AddressFormat) -> &'static str {
    match format {
        AddressFormat::PhoneE164 => "phone-e164",
        AddressFormat::PhoneOrUsername => "phone-or-username",
        AddressFormat::Email => "email",
        AddressFormat::Opaque => "opaque",
    }
}

fn element_text(element: &ElementRef) -> String {
    format!("{} {}", element.app.as_str(), element.element)
}

fn choices(channels: &[ChannelChoice]) -> String {
    let ids: Vec<String> = channels.iter().map(|choice| choice.channel.to_string()).collect();
    ids.join(" ")
}
