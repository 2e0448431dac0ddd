//! Channels as data: what each kind of medium allows.

use super::account::AccountKind;
use super::id::{ChannelId, KindCode};

/// A kind of medium.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelKind {
    /// WhatsApp.
    WhatsApp,
    /// A personal Telegram account.
    Telegram,
    /// A Telegram bot.
    TelegramBot,
    /// A Viber bot.
    ViberBot,
    /// VK, ВКонтакте.
    Vk,
    /// The chat on a web page.
    LiveChat,
    /// E-mail.
    Email,
    /// A medium that the host declares, with a policy of its own.
    Custom(KindCode),
}

/// When operators may start a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperatorCreate {
    /// Never: the medium lets only customers begin.
    Never,
    /// When the customer wrote to this very channel before.
    PriorInboundOnly,
    /// Always.
    Always,
}

/// How many sessions of one customer may be open on the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParallelOpen {
    /// One: messengers, which show a customer a single conversation.
    One,
    /// Any number: e-mail.
    Many,
}

/// What an address of the channel looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressFormat {
    /// A telephone number in international form, ITU-T E.164: `+79161234567`.
    PhoneE164,
    /// The same, or a username of the messenger.
    PhoneOrUsername,
    /// An e-mail address, RFC 5321.
    Email,
    /// An id that only the medium understands.
    Opaque,
}

/// Which fields of a contact an address may be taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldTypes {
    /// Fields of type Account.
    pub account: bool,
    /// Fields of type E-mail.
    pub email: bool,
}

/// Whether a session has a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectRule {
    /// It may have one; without it the name of the session is the subject.
    Optional,
    /// The medium knows no subjects.
    None,
}

/// The rules of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChannelPolicy {
    /// When operators may start a session; the gate of prior contact holds for processes too.
    pub operator_create: OperatorCreate,
    /// How many sessions of one customer may be open.
    pub parallel_open: ParallelOpen,
    /// What an address looks like.
    pub account: AddressFormat,
    /// Which fields an address may be taken from.
    pub field_types: FieldTypes,
    /// Whether a session has a subject.
    pub subject: SubjectRule,
    /// Whether business processes may send.
    pub initiated: bool,
    /// The longest outgoing text, in characters (Unicode scalar values).
    pub text_chars_max: u32,
}

/// A channel of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its id, which no other line's channel has.
    pub id: ChannelId,
    /// Its kind, for ever.
    pub kind: ChannelKind,
    /// Its title for people.
    pub title: String,
    /// Its rules now.
    pub policy: ChannelPolicy,
    /// Whether it is connected.
    pub connected: bool,
}

impl ChannelKind {
    /// The rules that the medium itself imposes; `None` for a kind that the host declares.
    #[must_use]
    pub fn policy(&self) -> Option<ChannelPolicy> {
        use {AddressFormat as Format, OperatorCreate as Create};
        let (operator_create, account, initiated, text_chars_max) = match self {
            // WhatsApp Cloud API: a text body of 4096 characters.
            ChannelKind::WhatsApp => (Create::Always, Format::PhoneE164, true, 4096),
            // Telegram: 4096 UTF-8 characters after entities parsing.
            ChannelKind::Telegram => (Create::Always, Format::PhoneOrUsername, true, 4096),
            ChannelKind::TelegramBot => (Create::PriorInboundOnly, Format::Opaque, true, 4096),
            // Viber REST Bot API: 7000 characters.
            ChannelKind::ViberBot => (Create::Never, Format::Opaque, false, 7000),
            // VK API messages.send: 4096 characters.
            ChannelKind::Vk => (Create::Never, Format::Opaque, true, 4096),
            ChannelKind::LiveChat => (Create::Never, Format::Opaque, false, 10_000),
            ChannelKind::Email => (Create::Always, Format::Email, true, 250_000),
            ChannelKind::Custom(_) => return None,
        };
        let email = *self == ChannelKind::Email;
        Some(ChannelPolicy {
            operator_create,
            parallel_open: if email { ParallelOpen::Many } else { ParallelOpen::One },
            account,
            field_types: FieldTypes { account: true, email },
            subject: if email { SubjectRule::Optional } else { SubjectRule::None },
            initiated,
            text_chars_max,
        })
    }

    /// The kind as a stable code; a custom kind is its own code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            ChannelKind::WhatsApp => "whatsapp",
            ChannelKind::Telegram => "telegram",
            ChannelKind::TelegramBot => "telegram-bot",
            ChannelKind::ViberBot => "viber-bot",
            ChannelKind::Vk => "vk",
            ChannelKind::LiveChat => "live-chat",
            ChannelKind::Email => "email",
            ChannelKind::Custom(code) => code.as_str(),
        }
    }

    /// The name that people read.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            ChannelKind::WhatsApp => "WhatsApp",
            ChannelKind::Telegram => "Telegram",
            ChannelKind::TelegramBot => "TelegramBot",
            ChannelKind::ViberBot => "ViberBot",
            ChannelKind::Vk => "VK",
            ChannelKind::LiveChat => "LiveChat",
            ChannelKind::Email => "e-mail",
            ChannelKind::Custom(code) => code.as_str(),
        }
    }

    /// The built-in kinds, in the order of the channel table.
    pub const BUILT_IN: [ChannelKind; 7] = [
        ChannelKind::WhatsApp,
        ChannelKind::Telegram,
        ChannelKind::TelegramBot,
        ChannelKind::ViberBot,
        ChannelKind::Vk,
        ChannelKind::LiveChat,
        ChannelKind::Email,
    ];
}

impl Channel {
    /// Whether an account of this kind is one of this medium.
    #[must_use]
    pub fn accepts(&self, kind: &AccountKind) -> bool {
        match (&self.kind, self.policy.account) {
            (ChannelKind::WhatsApp, _) => *kind == AccountKind::Phone,
            (ChannelKind::Telegram, _) => matches!(kind, AccountKind::Phone | AccountKind::TelegramUsername),
            (ChannelKind::TelegramBot, _) => *kind == AccountKind::TelegramUser,
            (ChannelKind::ViberBot, _) => *kind == AccountKind::ViberUser,
            (ChannelKind::Vk, _) => *kind == AccountKind::VkUser,
            (ChannelKind::LiveChat, _) => *kind == AccountKind::LiveChatVisitor,
            (ChannelKind::Email, _) => *kind == AccountKind::Email,
            (ChannelKind::Custom(_), AddressFormat::PhoneE164) => *kind == AccountKind::Phone,
            (ChannelKind::Custom(_), AddressFormat::Email) => *kind == AccountKind::Email,
            (ChannelKind::Custom(code), AddressFormat::Opaque | AddressFormat::PhoneOrUsername) => {
                let own = matches!(kind, AccountKind::Custom(of) if of == code);
                own || (*kind == AccountKind::Phone && self.policy.account == AddressFormat::PhoneOrUsername)
            }
        }
    }

    /// The kind of the account that this medium reports for a customer who writes.
    #[must_use]
    pub fn inbound_account(&self, address: &str) -> AccountKind {
        let phone_like = address.starts_with('+');
        match (&self.kind, self.policy.account) {
            (ChannelKind::WhatsApp, _) => AccountKind::Phone,
            (ChannelKind::Telegram, _) if phone_like => AccountKind::Phone,
            (ChannelKind::Telegram, _) => AccountKind::TelegramUsername,
            (ChannelKind::TelegramBot, _) => AccountKind::TelegramUser,
            (ChannelKind::ViberBot, _) => AccountKind::ViberUser,
            (ChannelKind::Vk, _) => AccountKind::VkUser,
            (ChannelKind::LiveChat, _) => AccountKind::LiveChatVisitor,
            (ChannelKind::Email, _) | (ChannelKind::Custom(_), AddressFormat::Email) => AccountKind::Email,
            (ChannelKind::Custom(_), AddressFormat::PhoneE164) => AccountKind::Phone,
            (ChannelKind::Custom(_), AddressFormat::PhoneOrUsername) if phone_like => AccountKind::Phone,
            (ChannelKind::Custom(code), AddressFormat::PhoneOrUsername | AddressFormat::Opaque) => {
                AccountKind::Custom(code.clone())
            }
        }
    }
}
