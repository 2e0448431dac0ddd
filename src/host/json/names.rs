//! Stable words for the small enumerations of refusals.

use switchboard::domain::element::FieldType;
use switchboard::domain::rejection::{Input, Limit, Thing};

/// A thing with an id.
#[must_use]
pub fn thing(thing: Thing) -> &'static str {
    match thing {
        Thing::Line => "line",
        Thing::Operator => "operator",
        Thing::Element => "element",
        Thing::Session => "session",
        Thing::Message => "message",
    }
}

/// What a text was meant for.
#[must_use]
pub fn input(input: Input) -> &'static str {
    match input {
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

/// Something of which there can be only so many.
#[must_use]
pub fn limit(limit: Limit) -> &'static str {
    match limit {
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

/// The type of a field.
#[must_use]
pub fn field_type(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Account => "account",
        FieldType::Email => "email",
        FieldType::Text => "text",
    }
}
