//! Payloads of records of apps.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, read, unplaced, write};
use super::shared::KindV1;
use super::{Encoded, kind};
use crate::domain::account::AccountText;
use crate::domain::element::FieldValue;
use crate::domain::event::ElementEvent;

#[derive(Encode, BorrowDecode)]
struct ElementCreatedV1<'a> {
    title: &'a str,
    fields: Vec<FieldSetV1<'a>>,
}

#[derive(Encode, BorrowDecode)]
struct ElementRenamedV1<'a> {
    title: &'a str,
}

/// Of a field set later, and of each field at creation.
#[derive(Encode, BorrowDecode)]
struct FieldSetV1<'a> {
    field: &'a str,
    value: FieldValueV1<'a>,
}

#[derive(Encode, BorrowDecode)]
struct FieldClearedV1<'a> {
    field: &'a str,
}

const ACCOUNT: u8 = 1;
const EMAIL: u8 = 2;
const TEXT: u8 = 3;

/// The value of a field: its type, an account's kind, and the text.
#[derive(Encode, BorrowDecode)]
struct FieldValueV1<'a> {
    number: u8,
    account_kind: Option<KindV1<'a>>,
    text: &'a str,
}

impl<'a> FieldValueV1<'a> {
    fn of(value: &'a FieldValue) -> FieldValueV1<'a> {
        let (number, account_kind, text) = match value {
            FieldValue::Account(account) => {
                (ACCOUNT, Some(KindV1::of_account(&account.kind)), account.text.as_str())
            }
            FieldValue::Email(text) => (EMAIL, None, text.as_str()),
            FieldValue::Text(text) => (TEXT, None, text.as_str()),
        };
        FieldValueV1 { number, account_kind, text }
    }

    fn value(self) -> Result<FieldValue, Bad> {
        let text = self.text.to_owned();
        match (self.number, self.account_kind) {
            (ACCOUNT, Some(kind)) => Ok(FieldValue::Account(AccountText { kind: kind.account()?, text })),
            (EMAIL, None) => Ok(FieldValue::Email(text)),
            (TEXT, None) => Ok(FieldValue::Text(text)),
            (number, kind) => {
                let with = if kind.is_some() { "with" } else { "without" };
                Err(Bad(format!("{number} {with} a kind of accounts is no type of fields")))
            }
        }
    }
}

pub(super) fn encode(event: &ElementEvent) -> Encoded {
    match event {
        ElementEvent::ElementCreated { title, fields } => {
            let fields =
                fields.iter().map(|(field, value)| FieldSetV1 { field, value: FieldValueV1::of(value) });
            write(kind::ELEMENT_CREATED, 1, &ElementCreatedV1 { title, fields: fields.collect() })
        }
        ElementEvent::ElementRenamed { title } => {
            write(kind::ELEMENT_RENAMED, 1, &ElementRenamedV1 { title })
        }
        ElementEvent::FieldSet { field, value } => {
            write(kind::FIELD_SET, 1, &FieldSetV1 { field, value: FieldValueV1::of(value) })
        }
        ElementEvent::FieldCleared { field } => write(kind::FIELD_CLEARED, 1, &FieldClearedV1 { field }),
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<ElementEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::ELEMENT_CREATED, 1) => {
            let ElementCreatedV1 { title, fields } = read(bytes)?;
            let fields = fields
                .into_iter()
                .map(|FieldSetV1 { field, value }| Ok((field.to_owned(), value.value()?)))
                .collect::<Result<Vec<_>, Bad>>()?;
            ElementEvent::ElementCreated { title: title.to_owned(), fields }
        }
        (kind::ELEMENT_RENAMED, 1) => {
            let ElementRenamedV1 { title } = read(bytes)?;
            ElementEvent::ElementRenamed { title: title.to_owned() }
        }
        (kind::FIELD_SET, 1) => {
            let FieldSetV1 { field, value } = read(bytes)?;
            ElementEvent::FieldSet { field: field.to_owned(), value: value.value()? }
        }
        (kind::FIELD_CLEARED, 1) => {
            let FieldClearedV1 { field } = read(bytes)?;
            ElementEvent::FieldCleared { field: field.to_owned() }
        }
        _ => return Err(unplaced()),
    })
}
