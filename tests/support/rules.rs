//! A desk to try rules on: an engine in memory with «Служба поддержки», its people and its apps.

#![allow(dead_code)] // Each test file uses a part of it.

use std::collections::BTreeMap;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::{
    AddressFormat, ChannelKind, ChannelPolicy, FieldTypes, OperatorCreate, ParallelOpen, SubjectRule,
};
use switchboard::domain::command::*;
use switchboard::domain::create::Draft;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::*;
use switchboard::log::Position;
use switchboard::wire::Recorded;
use switchboard::{Caller, CommandError, Engine, EngineOptions, Receipt};
use uuid::Uuid;

pub type Answer = Result<Receipt, CommandError>;

pub struct Desk {
    pub engine: Engine,
    pub line: LineId,
    /// An operator of the line.
    pub anna: OperatorId,
    /// Another one.
    pub boris: OperatorId,
    /// Known, but without any role.
    pub stranger: OperatorId,
    pub process: ProcessId,
}

pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

pub fn app(code: &str) -> AppId {
    AppId::new(code).expect("tests use legal codes")
}

pub fn kind_code() -> KindCode {
    KindCode::new("pager").expect("a legal code")
}

pub fn admin() -> Caller {
    Caller::administrator(AdministratorId(Uuid::nil()))
}

/// "Ok", or the code of what went wrong.
pub fn code(answer: &Answer) -> &'static str {
    answer.as_ref().map_or_else(CommandError::code, |_| "Ok")
}

/// The policy of a kind that the host declares.
pub fn pager_policy() -> ChannelPolicy {
    ChannelPolicy {
        operator_create: OperatorCreate::Always,
        parallel_open: ParallelOpen::One,
        account: AddressFormat::Opaque,
        field_types: FieldTypes { account: true, email: false },
        subject: SubjectRule::None,
        initiated: true,
        text_chars_max: 100,
    }
}

pub fn channel_kinds() -> Vec<ChannelKind> {
    ChannelKind::BUILT_IN.into_iter().chain([ChannelKind::Custom(kind_code())]).collect()
}

pub fn account_kinds() -> Vec<AccountKind> {
    AccountKind::BUILT_IN.into_iter().chain([AccountKind::Custom(kind_code())]).collect()
}

/// A right address of each kind.
pub fn address(kind: &AccountKind) -> &'static str {
    match kind {
        AccountKind::Phone => "+79161234567",
        AccountKind::TelegramUsername => "@ivan_petrov",
        AccountKind::TelegramUser => "77001",
        AccountKind::ViberUser => "viber-77001",
        AccountKind::VkUser => "id77001",
        AccountKind::LiveChatVisitor => "visitor-77001",
        AccountKind::Email => "ivan@example.com",
        AccountKind::Custom(_) => "pager-77001",
    }
}

/// The kind of account that belongs to a kind of channel.
pub fn own_account(kind: &ChannelKind) -> AccountKind {
    match kind {
        ChannelKind::WhatsApp | ChannelKind::Telegram => AccountKind::Phone,
        ChannelKind::TelegramBot => AccountKind::TelegramUser,
        ChannelKind::ViberBot => AccountKind::ViberUser,
        ChannelKind::Vk => AccountKind::VkUser,
        ChannelKind::LiveChat => AccountKind::LiveChatVisitor,
        ChannelKind::Email => AccountKind::Email,
        ChannelKind::Custom(code) => AccountKind::Custom(code.clone()),
    }
}

pub fn account(kind: AccountKind, text: &str) -> FieldValue {
    FieldValue::Account(AccountText { kind, text: text.into() })
}

pub fn phone(text: &str) -> FieldValue {
    account(AccountKind::Phone, text)
}

impl Desk {
    /// A line with contacts, bound orders with the widget, its people and no channel.
    pub async fn open() -> Desk {
        let engine = Engine::open(EngineOptions::in_memory()).await.expect("memory opens");
        let id = || OperatorId(new_id());
        let process = ProcessId::new("order-ready").expect("a legal code");
        let (anna, boris, stranger) = (id(), id(), id());
        let desk = Desk { engine, line: LineId(new_id()), anna, boris, stranger, process };
        for code in ["contacts", "orders", "stray"] {
            let command = WorkspaceCommand::DeclareApp { app: app(code), title: code.into() };
            desk.workspace(command).await.expect("declared");
        }
        let (process, title) = (desk.process.clone(), "Заказ готов".into());
        desk.workspace(WorkspaceCommand::PermitProcess { process, title }).await.expect("permitted");
        for (operator, name) in [(anna, "Анна"), (boris, "Борис"), (stranger, "Чужой")] {
            let command = OperatorCommand::RegisterOperator { name: name.into() };
            desk.engine.operator(admin(), operator, command).await.expect("registered");
        }
        desk.create_line(desk.line).await;
        desk
    }

    pub async fn create_line(&self, line: LineId) {
        for command in [
            LineCommand::CreateLine { title: "Служба поддержки".into() },
            LineCommand::SetContactApp { app: app("contacts") },
            LineCommand::BindApp { app: app("orders") },
            LineCommand::PlaceWidget { app: app("orders") },
            LineCommand::GrantRole { operator: self.anna, role: Role::Operator },
            LineCommand::GrantRole { operator: self.boris, role: Role::Operator },
        ] {
            self.engine.line(admin(), line, command).await.expect("configured");
        }
    }

    /// A desk with one channel.
    pub async fn with(kind: ChannelKind) -> (Desk, ChannelId) {
        let desk = Desk::open().await;
        let channel = desk.connect(kind).await;
        (desk, channel)
    }

    pub async fn workspace(&self, command: WorkspaceCommand) -> Answer {
        self.engine.workspace(admin(), command).await
    }

    pub async fn configure(&self, command: LineCommand) -> Answer {
        self.engine.line(admin(), self.line, command).await
    }

    pub async fn licence(&self, active: bool) {
        self.workspace(WorkspaceCommand::SetServiceLicence { active }).await.expect("switched");
    }

    pub async fn presence(&self, operator: OperatorId, online: bool) {
        let command = OperatorCommand::SetPresence { online };
        self.engine.operator(admin(), operator, command).await.expect("presence is set");
    }

    /// A person with one role on the line.
    pub async fn person(&self, role: Option<Role>) -> OperatorId {
        let operator = OperatorId(new_id());
        let command = OperatorCommand::RegisterOperator { name: "Вера".into() };
        self.engine.operator(admin(), operator, command).await.expect("registered");
        if let Some(role) = role {
            self.configure(LineCommand::GrantRole { operator, role }).await.expect("granted");
        }
        operator
    }

    pub async fn connect(&self, kind: ChannelKind) -> ChannelId {
        self.connect_to(self.line, kind).await
    }

    pub async fn connect_to(&self, line: LineId, kind: ChannelKind) -> ChannelId {
        let channel = ChannelId(new_id());
        let policy = matches!(kind, ChannelKind::Custom(_)).then(pager_policy);
        let title = kind.title().to_owned();
        let command = LineCommand::ConnectChannel { channel, kind, title, policy };
        self.engine.line(admin(), line, command).await.expect("connected");
        channel
    }

    /// A customer with one address in a field named `address`.
    pub async fn contact(&self, value: FieldValue) -> ElementRef {
        self.element("contacts", vec![("address".into(), value)]).await
    }

    pub async fn element(&self, code: &str, fields: Vec<(String, FieldValue)>) -> ElementRef {
        let element = ElementRef { app: app(code), element: ElementId(new_id()) };
        let command = ElementCommand::CreateElement { title: "Иван Петров".into(), fields };
        self.engine.element(admin(), element.clone(), None, command).await.expect("created");
        element
    }

    /// A creation from the Lines section.
    pub fn creation(&self, contact: &ElementRef, text: &str) -> CreateSession {
        CreateSession {
            session: SessionId(new_id()),
            line: self.line,
            contact: contact.clone(),
            account: ChosenAccount { text: text.into(), field: None },
            channel: None,
            subject: None,
            via: EntryPoint::LinesSection,
        }
    }

    pub async fn create(&self, by: OperatorId, command: &CreateSession) -> Answer {
        self.engine.create_session(Caller::operator(by), command.clone()).await
    }

    /// The codes of the dry run.
    pub async fn examine(&self, by: OperatorId, command: &CreateSession) -> Vec<&'static str> {
        let found = self.engine.examine(&Draft::of(by, command)).await.expect("examined");
        found.iter().map(switchboard::domain::rejection::Rejection::code).collect()
    }

    pub async fn ask(&self, by: OperatorId, session: SessionId, command: SessionCommand) -> Answer {
        self.engine.session(Caller::operator(by), session, command).await
    }

    pub fn inbound(&self, channel: ChannelId, address: &str) -> ReceiveMessage {
        ReceiveMessage {
            session: SessionId(new_id()),
            message: MessageId(new_id()),
            channel,
            address: address.into(),
            sender: None,
            external_id: new_id().to_string(),
            text: "Здравствуйте".into(),
            subject: None,
            in_reply_to: None,
            sent_at: None,
        }
    }

    pub async fn receive(&self, command: ReceiveMessage) -> Answer {
        self.engine.receive(Caller::channel(command.channel), command).await
    }

    pub fn initiated(&self, contact: &ElementRef, text: &str) -> (Caller, SendInitiated) {
        let caller = Caller::process(self.process.clone());
        let command = SendInitiated {
            command: caller.command,
            session: SessionId(new_id()),
            message: MessageId(new_id()),
            line: self.line,
            contact: contact.clone(),
            account: ChosenAccount { text: text.into(), field: None },
            channel: None,
            subject: None,
            append_to: None,
            text: "Ваш заказ готов".into(),
        };
        (caller, command)
    }

    pub async fn initiate(&self, contact: &ElementRef, text: &str) -> Answer {
        let (caller, command) = self.initiated(contact, text);
        self.engine.send_initiated(caller, command).await
    }

    /// The refusal of a command, which leaves nothing behind.
    pub async fn refusal(&self, asking: impl Future<Output = Answer>) -> CommandError {
        let head = self.engine.head();
        let error = asking.await.expect_err("a rule refuses it");
        assert_eq!(self.engine.head(), head, "{} left an event", error.code());
        error
    }

    /// Everything written after a position.
    pub async fn written(&self, after: Position) -> Vec<Recorded> {
        let mut feed = self.engine.subscribe(after);
        let mut written = Vec::new();
        while feed.position() < self.engine.head() {
            written.push(feed.next().await.expect("the log is whole"));
        }
        written
    }
}

pub fn send(text: &str) -> SessionCommand {
    let via = EntryPoint::LinesSection;
    SessionCommand::SendMessage { message: MessageId(new_id()), text: text.into(), via }
}

/// A table as it is written in a test: a row of columns' names, then a row for each name.
pub struct Table(BTreeMap<(String, String), String>);

impl Table {
    pub fn parse(text: &str) -> Table {
        let mut rows = text.lines().map(str::trim).filter(|row| !row.is_empty());
        let split = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let columns = split(rows.next().expect("a table has a head"));
        let mut cells = BTreeMap::new();
        for row in rows.map(split) {
            assert_eq!(row.len(), columns.len(), "the row {:?} has a cell for each column", row[0]);
            for (column, cell) in columns.iter().zip(&row).skip(1) {
                let before = cells.insert((row[0].clone(), column.clone()), cell.clone());
                assert!(before.is_none(), "the row {:?} stands twice", row[0]);
            }
        }
        Table(cells)
    }

    /// Takes a cell out; a missing one fails the test.
    pub fn take(&mut self, row: &str, column: &str) -> String {
        let cell = self.0.remove(&(row.to_owned(), column.to_owned()));
        cell.unwrap_or_else(|| panic!("the table has no cell for {row} and {column}"))
    }

    /// Fails where a cell was never taken.
    pub fn done(self) {
        assert!(self.0.is_empty(), "cells that nothing stands for: {:?}", self.0.keys());
    }
}
