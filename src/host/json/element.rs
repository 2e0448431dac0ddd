//! Elements of apps: contacts, orders and what else the host's workspace has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard::domain::account::AccountText;
use switchboard::domain::element::{Element, FieldValue};
use switchboard::projection::AppView;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::{AccountKindCode, AppCode};

/// The value of a field, kept exactly as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum FieldJson {
    /// «Учётная запись».
    Account {
        /// What it is meant to be.
        kind: AccountKindCode,
        /// The address.
        #[schema(example = "+79161234567")]
        text: String,
    },
    /// «Электронная почта».
    Email {
        /// The address.
        text: String,
    },
    /// Anything.
    Text {
        /// The text.
        text: String,
    },
}

impl From<FieldJson> for FieldValue {
    fn from(json: FieldJson) -> FieldValue {
        match json {
            FieldJson::Account { kind, text } => FieldValue::Account(AccountText { kind: kind.0, text }),
            FieldJson::Email { text } => FieldValue::Email(text),
            FieldJson::Text { text } => FieldValue::Text(text),
        }
    }
}

impl From<&FieldValue> for FieldJson {
    fn from(value: &FieldValue) -> FieldJson {
        match value {
            FieldValue::Account(AccountText { kind, text }) => {
                FieldJson::Account { kind: AccountKindCode(kind.clone()), text: text.clone() }
            }
            FieldValue::Email(text) => FieldJson::Email { text: text.clone() },
            FieldValue::Text(text) => FieldJson::Text { text: text.clone() },
        }
    }
}

/// An element to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewElementJson {
    /// The element's id; that of the command without it.
    pub id: Option<Uuid>,
    /// The line whose customer it is: operators name it, «+ Создать».
    pub line: Option<Uuid>,
    /// Its title.
    #[schema(example = "Иван Петров")]
    pub title: String,
    /// Its fields by name.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldJson>,
}

/// An element.
#[derive(Serialize, ToSchema)]
pub struct ElementJson {
    /// The app.
    pub app: AppCode,
    /// The element.
    pub element: Uuid,
    /// Its title.
    pub title: String,
    /// Its fields by name.
    pub fields: BTreeMap<String, FieldJson>,
}

impl From<Element> for ElementJson {
    fn from(element: Element) -> ElementJson {
        ElementJson {
            app: AppCode(element.id.app),
            element: element.id.element.0,
            title: element.title,
            fields: element.fields.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
        }
    }
}

/// An app.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppJson {
    /// Its code.
    pub app: AppCode,
    /// Its title.
    #[schema(example = "Контакты")]
    pub title: String,
}

impl From<AppView> for AppJson {
    fn from(view: AppView) -> AppJson {
        AppJson { app: AppCode(view.app), title: view.title }
    }
}
