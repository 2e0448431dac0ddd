//! The words of sentences: channels, accounts, forms, fields and limits by their names.

use crate::domain::account::AccountKind;
use crate::domain::channel::{AddressFormat, ChannelKind};
use crate::domain::element::FieldType;
use crate::domain::rejection::{ChannelChoice, Input, Limit, Thing};

pub(super) fn named(name: &Option<String>, id: &impl std::fmt::Display) -> String {
    name.clone().unwrap_or_else(|| id.to_string())
}

pub(super) fn titles(channels: &[ChannelChoice]) -> String {
    channels.iter().map(|choice| choice.title.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn kind_ru(kind: &ChannelKind) -> &str {
    match kind {
        ChannelKind::Vk => "ВКонтакте",
        ChannelKind::Email => "Электронная почта",
        other => other.title(),
    }
}

pub(super) fn account_kind_ru(kind: &AccountKind) -> &str {
    match kind {
        AccountKind::Phone => "номер телефона",
        AccountKind::Email => "электронная почта",
        AccountKind::TelegramUsername => "имя в Telegram",
        AccountKind::TelegramUser => "пользователь TelegramBot",
        AccountKind::ViberUser => "пользователь ViberBot",
        AccountKind::VkUser => "пользователь ВКонтакте",
        AccountKind::LiveChatVisitor => "посетитель LiveChat",
        AccountKind::Custom(code) => code.as_str(),
    }
}

pub(super) fn account_kind_en(kind: &AccountKind) -> String {
    match kind {
        AccountKind::Phone => "a telephone number".into(),
        AccountKind::Email => "an e-mail address".into(),
        AccountKind::TelegramUsername => "a username of Telegram".into(),
        AccountKind::TelegramUser => "a user of TelegramBot".into(),
        AccountKind::ViberUser => "a user of ViberBot".into(),
        AccountKind::VkUser => "a user of VK".into(),
        AccountKind::LiveChatVisitor => "a visitor of LiveChat".into(),
        AccountKind::Custom(code) => format!("an account of kind {code}"),
    }
}

/// A count of bytes with the word in the case that the number asks for.
pub(super) fn bytes_ru(bytes: usize) -> String {
    let word = match (bytes % 100, bytes % 10) {
        (12..=14, _) => "байт",
        (_, 2..=4) => "байта",
        (_, _) => "байт",
    };
    format!("{bytes} {word}")
}

pub(super) fn format_ru(format: AddressFormat) -> &'static str {
    match format {
        AddressFormat::PhoneE164 => "номер в международном формате +7XXXXXXXXXX (E.164)",
        AddressFormat::PhoneOrUsername => {
            "номер в международном формате +7XXXXXXXXXX (E.164) или имя пользователя"
        }
        AddressFormat::Email => "адрес электронной почты",
        AddressFormat::Opaque => "идентификатор без пробелов",
    }
}

pub(super) fn format_en(format: AddressFormat) -> &'static str {
    match format {
        AddressFormat::PhoneE164 => "a number in international form, +7XXXXXXXXXX (E.164)",
        AddressFormat::PhoneOrUsername => {
            "a number in international form, +7XXXXXXXXXX (E.164), or a username"
        }
        AddressFormat::Email => "an e-mail address",
        AddressFormat::Opaque => "an id without spaces",
    }
}

pub(super) fn field_type_ru(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Account => "«Учётная запись»",
        FieldType::Email => "«Электронная почта»",
        FieldType::Text => "«Текст»",
    }
}

pub(super) fn field_type_en(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Account => "Account",
        FieldType::Email => "E-mail",
        FieldType::Text => "Text",
    }
}

pub(super) fn input_ru(input: Input) -> &'static str {
    match input {
        Input::Title => "название",
        Input::Name => "имя",
        Input::FieldName => "имя поля",
        Input::FieldValue => "значение поля",
        Input::Text => "текст сообщения",
        Input::ExternalId => "идентификатор сообщения в канале",
        Input::Reason => "причина",
        Input::Template => "шаблон",
    }
}

pub(super) fn input_en(input: Input) -> &'static str {
    match input {
        Input::Title => "title",
        Input::Name => "name",
        Input::FieldName => "name of the field",
        Input::FieldValue => "value of the field",
        Input::Text => "text of the message",
        Input::ExternalId => "channel's id of the message",
        Input::Reason => "reason",
        Input::Template => "template",
    }
}

pub(super) fn thing_ru(thing: Thing) -> &'static str {
    match thing {
        Thing::Line => "Линия",
        Thing::Operator => "Оператор",
        Thing::Element => "Элемент",
        Thing::Session => "Сессия",
        Thing::Message => "Сообщение",
    }
}

pub(super) fn thing_en(thing: Thing) -> &'static str {
    match thing {
        Thing::Line => "a line",
        Thing::Operator => "an operator",
        Thing::Element => "an element",
        Thing::Session => "a session",
        Thing::Message => "a message",
    }
}

pub(super) fn limit_ru(limit: Limit) -> &'static str {
    match limit {
        Limit::Channels => "каналы линии",
        Limit::BoundApps => "приложения, привязанные к линии",
        Limit::Members => "участники линии",
        Limit::LinesOfOperator => "линии одного оператора",
        Limit::Apps => "приложения",
        Limit::Processes => "бизнес-процессы",
        Limit::Fields => "поля элемента",
        Limit::Links => "связи сессии",
    }
}

pub(super) fn limit_en(limit: Limit) -> &'static str {
    match limit {
        Limit::Channels => "channels of a line",
        Limit::BoundApps => "apps of a line",
        Limit::Members => "members of a line",
        Limit::LinesOfOperator => "lines of one operator",
        Limit::Apps => "apps",
        Limit::Processes => "processes",
        Limit::Fields => "fields of an element",
        Limit::Links => "links of a session",
    }
}
