//! Enumerations as numbers, only ever appended; zero is never one.

use super::payload::Bad;
use crate::domain::account::AccountKind;
use crate::domain::channel::{AddressFormat, ChannelKind, OperatorCreate, ParallelOpen, SubjectRule};
use crate::domain::event::Role;
use crate::domain::id::KindCode;

/// The number of a kind that the host declares; its code follows.
pub(super) const CUSTOM: u8 = 255;

macro_rules! numbers {
    ($($type:ident, $number:ident, $value:ident, $what:literal { $($variant:ident = $code:literal)* })*) => {$(
        pub(super) fn $number(value: $type) -> u8 {
            match value { $($type::$variant => $code),* }
        }

        pub(super) fn $value(number: u8) -> Result<$type, Bad> {
            match number {
                $($code => Ok($type::$variant),)*
                _ => Err(Bad(format!(concat!("{} is no ", $what), number))),
            }
        }
    )*};
}

/// The same for kinds, of which the host may declare more.
macro_rules! kinds {
    ($($type:ident, $parts:ident, $value:ident, $what:literal { $($variant:ident = $code:literal)* })*) => {$(
        pub(super) fn $parts(kind: &$type) -> (u8, Option<&str>) {
            match kind {
                $($type::$variant => ($code, None),)*
                $type::Custom(code) => (CUSTOM, Some(code.as_str())),
            }
        }

        pub(super) fn $value(number: u8, code: Option<&str>) -> Result<$type, Bad> {
            match (number, code) {
                $(($code, None) => Ok($type::$variant),)*
                (CUSTOM, Some(code)) => Ok($type::Custom(KindCode::new(code)?)),
                (CUSTOM, None) => Err(Bad(concat!("a declared ", $what, " has no code").to_owned())),
                (_, None) => Err(Bad(format!(concat!("{} is no ", $what), number))),
                (_, Some(_)) => Err(Bad(format!(concat!($what, " {} has a code"), number))),
            }
        }
    )*};
}

numbers! {
    Role, role_number, role, "role" { Operator = 1 Supervisor = 2 Reader = 3 }

    OperatorCreate, operator_create_number, operator_create, "rule of creation" {
        Never = 1 PriorInboundOnly = 2 Always = 3
    }

    ParallelOpen, parallel_open_number, parallel_open, "rule of parallel sessions" { One = 1 Many = 2 }

    AddressFormat, address_format_number, address_format, "form of addresses" {
        PhoneE164 = 1 PhoneOrUsername = 2 Email = 3 Opaque = 4
    }

    SubjectRule, subject_rule_number, subject_rule, "rule of subjects" { Optional = 1 None = 2 }
}

kinds! {
    ChannelKind, channel_kind_parts, channel_kind, "kind of channels" {
        WhatsApp = 1 Telegram = 2 TelegramBot = 3 ViberBot = 4 Vk = 5 LiveChat = 6 Email = 7
    }

    AccountKind, account_kind_parts, account_kind, "kind of accounts" {
        Phone = 1 TelegramUsername = 2 TelegramUser = 3 ViberUser = 4 VkUser = 5 LiveChatVisitor = 6 Email = 7
    }
}
