//! Elements: records of the host's apps, whose typed fields hold customers' addresses.

use std::collections::BTreeMap;

use super::account::{AccountKind, AccountText};
use super::id::ElementRef;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Account, «Учётная запись».
    Account,
    /// E-mail, «Электронная почта».
    Email,
    /// Plain text.
    Text,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldValue {
    /// An account, as it was saved.
    Account(AccountText),
    /// An e-mail address, as it was saved.
    Email(String),
    /// Anything.
    Text(String),
}

impl FieldValue {
    /// The type of the field.
    #[must_use]
    pub fn field_type(&self) -> FieldType {
        match self {
            FieldValue::Account(_) => FieldType::Account,
            FieldValue::Email(_) => FieldType::Email,
            FieldValue::Text(_) => FieldType::Text,
        }
    }

    /// The text that was saved.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            FieldValue::Account(account) => &account.text,
            FieldValue::Email(text) | FieldValue::Text(text) => text,
        }
    }

    /// The address in the field, whatever its form; a text is none.
    #[must_use]
    pub fn account(&self) -> Option<AccountText> {
        match self {
            FieldValue::Account(account) => Some(account.clone()),
            FieldValue::Email(text) => Some(AccountText { kind: AccountKind::Email, text: text.clone() }),
            FieldValue::Text(_) => None,
        }
    }
}

/// A record of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Which one.
    pub id: ElementRef,
    /// Its title for people; of a contact, the customer's name.
    pub title: String,
    /// Its fields by name.
    pub fields: BTreeMap<String, FieldValue>,
}
