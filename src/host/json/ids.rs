//! Codes and references to elements, checked while they are read.

use std::borrow::Cow;

use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Error as _, IntoDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{AppId, ElementId, ElementRef, KindCode, ProcessId};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! checked_texts {
    ($($(#[$doc:meta])* $name:ident($inner:ty) by $read:expr, $write:expr, $example:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
        #[schema(value_type = String, example = $example, pattern = "^[a-z0-9_.-]{1,64}$")]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$name, D::Error> {
                let text = Cow::<'de, str>::deserialize(from)?;
                $read(&text).map($name).map_err(D::Error::custom)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str($write(&self.0))
            }
        }
    )*};
}

checked_texts! {
    /// The code of an app.
    AppCode(AppId) by AppId::new, AppId::as_str, "contacts";
    /// The code of a business process.
    ProcessCode(ProcessId) by ProcessId::new, ProcessId::as_str, "order-ready";
    /// The code of a kind of channel: a built-in one, or one that the host declares.
    ChannelKindCode(ChannelKind) by channel_kind, ChannelKind::code, "whatsapp";
    /// The code of a kind of account: a built-in one, or one that the host declares.
    AccountKindCode(AccountKind) by account_kind, AccountKind::code, "phone";
}

fn channel_kind(code: &str) -> Result<ChannelKind, switchboard::domain::id::BadCode> {
    let built_in = ChannelKind::BUILT_IN.into_iter().find(|kind| kind.code() == code);
    built_in.map_or_else(|| KindCode::new(code).map(ChannelKind::Custom), Ok)
}

fn account_kind(code: &str) -> Result<AccountKind, switchboard::domain::id::BadCode> {
    let built_in = AccountKind::BUILT_IN.into_iter().find(|kind| kind.code() == code);
    built_in.map_or_else(|| KindCode::new(code).map(AccountKind::Custom), Ok)
}

/// Reads a code from the command line.
///
/// # Errors
///
/// What is wrong with it.
pub fn code<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    let text: StrDeserializer<'_, ValueError> = text.into_deserializer();
    T::deserialize(text).map_err(|error| error.to_string())
}

/// A record of an app.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ElementRefJson {
    /// The app.
    pub app: AppCode,
    /// The record.
    pub element: Uuid,
}

impl ElementRefJson {
    /// As the library names it.
    #[must_use]
    pub fn into_ref(self) -> ElementRef {
        ElementRef { app: self.app.0, element: ElementId(self.element) }
    }
}

impl From<&ElementRef> for ElementRefJson {
    fn from(element: &ElementRef) -> ElementRefJson {
        ElementRefJson { app: AppCode(element.app.clone()), element: element.element.0 }
    }
}

/// Where an operator acts from: the card of an element, or without one the Lines section.
#[must_use]
pub fn entry_point(card: Option<ElementRefJson>) -> EntryPoint {
    card.map_or(EntryPoint::LinesSection, |card| EntryPoint::Card(card.into_ref()))
}
