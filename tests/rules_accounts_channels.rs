//! Which account goes with which channel, cell by cell (R11 to R13, R27, R32, R34, R35).

#[path = "support/rules.rs"]
mod rules;

use rules::{Desk, Table, account, account_kinds, address, app, channel_kinds, code, kind_code, new_id};
use rules::{own_account, pager_policy, phone};
use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{AddressFormat, ChannelKind, ChannelPolicy};
use switchboard::domain::command::{ChosenAccount, LineCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::id::{ChannelId, LineId};

/// What an operator's creation is answered; `bot` is TelegramBot before the customer wrote.
const CREATION: &str = "
account           | whatsapp | telegram | telegram-bot   | viber-bot | vk       | live-chat | email    | pager
phone             | Ok       | Ok       | mismatch       | mismatch  | mismatch | mismatch  | mismatch | mismatch
telegram-username | mismatch | Ok       | mismatch       | mismatch  | mismatch | mismatch  | mismatch | mismatch
telegram-user     | mismatch | mismatch | NeverContacted | mismatch  | mismatch | mismatch  | mismatch | mismatch
viber-user        | mismatch | mismatch | mismatch       | forbids   | mismatch | mismatch  | mismatch | mismatch
vk-user           | mismatch | mismatch | mismatch       | mismatch  | forbids  | mismatch  | mismatch | mismatch
live-chat-visitor | mismatch | mismatch | mismatch       | mismatch  | mismatch | forbids   | mismatch | mismatch
email             | mismatch | mismatch | mismatch       | mismatch  | mismatch | mismatch  | Ok       | mismatch
pager             | mismatch | mismatch | mismatch       | mismatch  | mismatch | mismatch  | mismatch | Ok
";

/// The type of the field that holds the channel's own kind of account.
const FIELDS: &str = "
field   | whatsapp   | telegram   | telegram-bot   | viber-bot  | vk         | live-chat  | email      | pager
Account | Ok         | Ok         | NeverContacted | forbids    | forbids    | forbids    | Ok         | Ok
E-mail  | field type | field type | field type     | field type | field type | field type | Ok         | field type
Text    | field type | field type | field type     | field type | field type | field type | field type | field type
";

/// A process's message to a customer who never wrote, and to one who did.
const INITIATED: &str = "
customer    | whatsapp | telegram | telegram-bot   | viber-bot | vk | live-chat | email | pager
never wrote | Ok       | Ok       | NeverContacted | silent    | Ok | silent    | Ok    | Ok
wrote       | Ok       | Ok       | Ok             | silent    | Ok | silent    | Ok    | Ok
";

/// The tables' short words.
fn full(word: &str) -> &str {
    match word {
        "mismatch" => "AccountKindMismatch",
        "forbids" => "ChannelForbidsOperatorCreate",
        "silent" => "ChannelForbidsInitiated",
        "field type" => "FieldTypeNotAllowed",
        other => other,
    }
}

#[tokio::test]
async fn an_operator_starts_a_session_only_where_the_account_fits_the_channel() {
    let desk = Desk::open().await;
    let mut table = Table::parse(CREATION);
    for kind in channel_kinds() {
        let line = LineId(new_id());
        desk.create_line(line).await;
        desk.connect_to(line, kind.clone()).await;
        for account_kind in account_kinds() {
            let expected = table.take(account_kind.code(), kind.code());
            let text = address(&account_kind);
            let contact = desk.contact(account(account_kind.clone(), text)).await;
            let mut command = desk.creation(&contact, text);
            command.line = line;
            let answer = desk.create(desk.anna, &command).await;
            assert_eq!(code(&answer), full(&expected), "{account_kind:?} on {kind:?}");
        }
    }
    table.done();
}

#[tokio::test]
async fn an_address_is_taken_from_fields_of_the_types_that_the_channel_permits() {
    let mut table = Table::parse(FIELDS);
    for kind in channel_kinds() {
        let (desk, _) = Desk::with(kind.clone()).await;
        let (own, email) = (own_account(&kind), "ivan@example.com");
        let own_text = address(&own);
        for (field_type, value) in [
            ("Text", FieldValue::Text(own_text.into())),
            ("E-mail", FieldValue::Email(email.into())),
            ("Account", account(own, own_text)),
        ] {
            let text = value.text().to_owned();
            let contact = desk.contact(value).await;
            let answer = desk.create(desk.anna, &desk.creation(&contact, &text)).await;
            assert_eq!(code(&answer), full(&table.take(field_type, kind.code())), "{field_type}, {kind:?}");
        }
    }
    table.done();
}

#[tokio::test]
async fn a_process_sends_where_the_channel_lets_it() {
    let mut table = Table::parse(INITIATED);
    for kind in channel_kinds() {
        let (desk, channel) = Desk::with(kind.clone()).await;
        let own = own_account(&kind);
        let text = address(&own);
        let contact = desk.contact(account(own, text)).await;
        let answer = desk.initiate(&contact, text).await;
        assert_eq!(code(&answer), full(&table.take("never wrote", kind.code())), "{kind:?}");
        desk.receive(desk.inbound(channel, text)).await.expect("every medium delivers");
        let answer = desk.initiate(&contact, text).await;
        assert_eq!(code(&answer), full(&table.take("wrote", kind.code())), "{kind:?}, after a message");
    }
    table.done();
}

#[tokio::test]
async fn where_customers_begin_no_earlier_message_lets_an_operator_begin() {
    for kind in [ChannelKind::ViberBot, ChannelKind::Vk, ChannelKind::LiveChat] {
        let (desk, channel) = Desk::with(kind.clone()).await;
        let own = own_account(&kind);
        let text = address(&own);
        let contact = desk.contact(account(own, text)).await;
        let wrote = desk.receive(desk.inbound(channel, text)).await.expect("delivered");
        let session = wrote.session.expect("a session took it");
        desk.ask(desk.anna, session, switchboard::domain::command::SessionCommand::Take)
            .await
            .expect("taken");
        desk.ask(desk.anna, session, switchboard::domain::command::SessionCommand::Close)
            .await
            .expect("closed");
        let answer = desk.create(desk.anna, &desk.creation(&contact, text)).await;
        assert_eq!(code(&answer), "ChannelForbidsOperatorCreate", "{kind:?}");
    }
}

#[tokio::test]
async fn a_message_to_another_bot_does_not_open_this_one() {
    let (desk, first) = Desk::with(ChannelKind::TelegramBot).await;
    let second = desk.connect(ChannelKind::TelegramBot).await;
    let text = "77001";
    let contact = desk.contact(account(AccountKind::TelegramUser, text)).await;
    let wrote = desk.receive(desk.inbound(first, text)).await.expect("delivered");
    let mut command = desk.creation(&contact, text);
    command.channel = Some(second);
    assert_eq!(code(&desk.create(desk.anna, &command).await), "NeverContacted");
    let session = wrote.session.expect("a session took it");
    desk.ask(desk.anna, session, switchboard::domain::command::SessionCommand::Take).await.expect("taken");
    desk.ask(desk.anna, session, switchboard::domain::command::SessionCommand::Close).await.expect("closed");
    command.channel = Some(first);
    assert_eq!(code(&desk.create(desk.anna, &command).await), "Ok");
}

#[tokio::test]
async fn a_declared_channel_takes_the_accounts_that_its_format_names() {
    use AddressFormat as Format;
    let own = AccountKind::Custom(kind_code());
    let cases = [
        (Format::PhoneE164, vec![AccountKind::Phone]),
        (Format::PhoneOrUsername, vec![AccountKind::Phone, own.clone()]),
        (Format::Email, vec![AccountKind::Email]),
        (Format::Opaque, vec![own]),
    ];
    for (format, takes) in cases {
        let desk = Desk::open().await;
        let (channel, kind) = (ChannelId(new_id()), ChannelKind::Custom(kind_code()));
        let policy = Some(ChannelPolicy { account: format, ..pager_policy() });
        let command = LineCommand::ConnectChannel { channel, kind, title: "Пейджер".into(), policy };
        desk.configure(command).await.expect("connected");
        for kind in account_kinds() {
            let text = if matches!(kind, AccountKind::Custom(_)) { "pager_77001" } else { address(&kind) };
            let text = if format == Format::Opaque { text } else { text.trim_start_matches('@') };
            let contact = desk.contact(account(kind.clone(), text)).await;
            let expected = if takes.contains(&kind) { "Ok" } else { "AccountKindMismatch" };
            let answer = desk.create(desk.anna, &desk.creation(&contact, text)).await;
            assert_eq!(code(&answer), expected, "{kind:?} where {format:?} is declared");
        }
    }
}

#[tokio::test]
async fn a_line_with_two_fitting_channels_wants_one_named() {
    let (desk, first) = Desk::with(ChannelKind::WhatsApp).await;
    desk.connect(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone("+79161234567")).await;
    let mut command = desk.creation(&contact, "+79161234567");
    assert_eq!(code(&desk.create(desk.anna, &command).await), "AmbiguousChannel");
    command.channel = Some(first);
    assert_eq!(code(&desk.create(desk.anna, &command).await), "Ok");
}

#[tokio::test]
async fn the_account_is_one_of_the_chosen_customer_and_of_the_lines_app() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let ivan = desk.contact(phone("+79161234567")).await;
    desk.contact(phone("+79161234568")).await;
    let answer = desk.create(desk.anna, &desk.creation(&ivan, "+79161234568")).await;
    assert_eq!(code(&answer), "AccountNotOfContact", "it is another customer's");
    let mut command = desk.creation(&ivan, "+79161234567");
    command.account = ChosenAccount { text: "+79161234567".into(), field: Some("fax".into()) };
    assert_eq!(code(&desk.create(desk.anna, &command).await), "AccountNotOfContact", "no such field");
    let stray = desk.element("stray", vec![("address".into(), phone("+79161234567"))]).await;
    let answer = desk.create(desk.anna, &desk.creation(&stray, "+79161234567")).await;
    assert_eq!(code(&answer), "ContactNotInContactApp");
    desk.configure(LineCommand::SetContactApp { app: app("stray") }).await.expect("chosen");
    assert_eq!(code(&desk.create(desk.anna, &desk.creation(&stray, "+79161234567")).await), "Ok");
    desk.configure(LineCommand::ClearContactApp).await.expect("cleared");
    assert_eq!(code(&desk.create(desk.anna, &desk.creation(&stray, "+79161234567")).await), "NoContactApp");
}
