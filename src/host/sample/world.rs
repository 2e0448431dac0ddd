//! Who and what the sample consists of, with the ids that examples and tests use.
//!
//! ```text
//!   …-0000-00000000000a  the administrator        …0101 «Служба поддержки»  …0201 WhatsApp
//!   …-0000-000000000001  Анна, operator           …0102 «Почта»             …0202 e-mail
//!   …-0000-000000000002  Борис, operator          …0103 «Телеграм-бот»      …0203 TelegramBot
//!   …-0000-000000000003  Вера, supervisor         …0104 «Мессенджеры»       …0204 ViberBot, …0205 VK,
//!   …-0000-000000000004  Глеб, reader                                       …0206 LiveChat
//!   contacts …0301 Иван Петров, …0302 Мария Сидорова (badly saved)          orders …0401 «Заказ № 17»
//! ```

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::Role;
use switchboard::domain::id::{AdministratorId, ChannelId, OperatorId, Principal, ProcessId};
use uuid::Uuid;

/// An id of the sample: `5a3b1e00-0000-4000-8000-` and a number of twelve hexadecimal digits.
const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x5a3b_1e00_0000_4000_8000_0000_0000_0000 + number)
}

/// The app of the customers.
pub const CONTACTS_APP: &str = "contacts";
/// The app that the support line is bound to.
pub const ORDERS_APP: &str = "orders";
/// Its code.
pub const PROCESS: &str = "order-ready";
/// The administrator.
pub const ADMINISTRATOR: AdministratorId = AdministratorId(id(0x0a));
/// The line «Служба поддержки».
pub const SUPPORT: Uuid = id(0x0101);

/// A person of the sample.
pub struct Member {
    pub code: &'static str,
    pub id: Uuid,
    pub name: &'static str,
    pub role: Role,
}

/// The people, with the role that each has on every line.
pub const MEMBERS: [Member; 4] = [
    Member { code: "anna", id: id(1), name: "Анна", role: Role::Operator },
    Member { code: "boris", id: id(2), name: "Борис", role: Role::Operator },
    Member { code: "vera", id: id(3), name: "Вера", role: Role::Supervisor },
    Member { code: "gleb", id: id(4), name: "Глеб", role: Role::Reader },
];

/// A line of the sample.
pub struct Line {
    pub code: &'static str,
    pub id: Uuid,
    pub title: &'static str,
}

/// The lines.
pub const LINES: [Line; 4] = [
    Line { code: "support", id: SUPPORT, title: "Служба поддержки" },
    Line { code: "mail", id: id(0x0102), title: "Почта" },
    Line { code: "telegram-bot", id: id(0x0103), title: "Телеграм-бот" },
    Line { code: "messengers", id: id(0x0104), title: "Мессенджеры" },
];

/// A channel of the sample.
pub struct Channel {
    pub code: &'static str,
    pub id: Uuid,
    pub line: Uuid,
    pub kind: ChannelKind,
    pub title: &'static str,
}

const fn channel(
    code: &'static str,
    number: u128,
    line: u128,
    kind: ChannelKind,
    title: &'static str,
) -> Channel {
    Channel { code, id: id(number), line: id(line), kind, title }
}

/// The channels.
pub const CHANNELS: [Channel; 6] = [
    channel("whatsapp", 0x0201, 0x0101, ChannelKind::WhatsApp, "WhatsApp"),
    channel("email", 0x0202, 0x0102, ChannelKind::Email, "Электронная почта"),
    channel("telegram-bot", 0x0203, 0x0103, ChannelKind::TelegramBot, "TelegramBot"),
    channel("viber-bot", 0x0204, 0x0104, ChannelKind::ViberBot, "ViberBot"),
    channel("vk", 0x0205, 0x0104, ChannelKind::Vk, "ВКонтакте"),
    channel("live-chat", 0x0206, 0x0104, ChannelKind::LiveChat, "LiveChat"),
];

/// A field of an element of the sample.
pub struct Field {
    pub name: &'static str,
    /// The kind of the address; none of a plain text.
    pub kind: Option<AccountKind>,
    /// Whether an e-mail address stands in a field of type E-mail rather than Account.
    pub plain: bool,
    pub text: &'static str,
}

const fn account(name: &'static str, kind: AccountKind, text: &'static str) -> Field {
    Field { name, kind: Some(kind), plain: false, text }
}

/// An element of the sample.
pub struct Element {
    pub code: &'static str,
    pub app: &'static str,
    pub id: Uuid,
    pub title: &'static str,
    pub fields: &'static [Field],
}

/// The customers.
pub const CONTACTS: [Element; 2] = [
    Element {
        code: "ivan",
        app: CONTACTS_APP,
        id: id(0x0301),
        title: "Иван Петров",
        fields: &[
            account("phone", AccountKind::Phone, "+79161234567"),
            Field {
                name: "email",
                kind: Some(AccountKind::Email),
                plain: true,
                text: "ivan.petrov@example.com",
            },
            account("telegram-bot", AccountKind::TelegramUser, "100500"),
            account("viber", AccountKind::ViberUser, "viber-ivan=="),
            account("vk", AccountKind::VkUser, "100501"),
            account("live-chat", AccountKind::LiveChatVisitor, "visitor-17"),
        ],
    },
    Element {
        code: "maria",
        app: CONTACTS_APP,
        id: id(0x0302),
        title: "Мария Сидорова",
        fields: &[account("phone", AccountKind::Phone, "89161234567")],
    },
];

/// The orders.
pub const ORDERS: [Element; 1] = [Element {
    code: "order-17",
    app: ORDERS_APP,
    id: id(0x0401),
    title: "Заказ № 17",
    fields: &[Field { name: "number", kind: None, plain: false, text: "17" }],
}];

/// The process that tells customers of their orders.
pub fn process() -> ProcessId {
    ProcessId::new(PROCESS).expect("the sample's codes are of a-z and '-'")
}

/// Everybody who gets a token, under the name that it is printed with.
pub fn principals() -> Vec<(String, Principal)> {
    let mut all = vec![("administrator".to_owned(), Principal::Administrator(ADMINISTRATOR))];
    for member in MEMBERS {
        all.push((member.code.to_owned(), Principal::Operator(OperatorId(member.id))));
    }
    for channel in CHANNELS {
        all.push((format!("channel:{}", channel.code), Principal::Channel(ChannelId(channel.id))));
    }
    all.push((format!("process:{PROCESS}"), Principal::Process(process())));
    all
}
