//! The seed's own world, built through the engine: its lines, people, apps and customers.

// Each test binary uses its part of it.
#![allow(dead_code)]

use std::sync::Arc;
use std::time::Duration;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{
    ChosenAccount, CreateSession, ElementCommand, LineCommand, OperatorCommand, ReceiveMessage,
    SendInitiated, SessionCommand, WorkspaceCommand,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, CommandId, ElementId, ElementRef, LineId, MessageId, OperatorId,
    Principal, ProcessId, SessionId,
};
use switchboard::domain::rejection::Rejection;
use switchboard::log::embedded::EmbeddedOptions;
use switchboard::log::memory::MemoryLog;
use switchboard::log::{Log, Position};
use switchboard::projection::{
    MessageView, Order, PAGE_ITEMS_MAX, PageOf, Place, SessionSummary, TranscriptItem,
};
use switchboard::wire::{self, Recorded};
use switchboard::{ActorOptions, Caller, CommandError, Engine, EngineOptions, Receipt};
use tempfile::TempDir;
use uuid::Uuid;

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Actors that are waited for: an unoptimised build on a busy machine needs longer than people wait.
pub fn patient() -> ActorOptions {
    ActorOptions { reply_wait: Duration::from_secs(600), ..ActorOptions::default() }
}

/// «Служба поддержки»: WhatsApp, «Контакты», orders with the widget, deals without it.
pub const SUPPORT: LineId = LineId(id(0x1001));
/// A line with e-mail alone.
pub const MAIL: LineId = LineId(id(0x1002));
/// A line with a Telegram bot alone.
pub const BOT: LineId = LineId(id(0x1003));
/// A line with ViberBot, VK and LiveChat.
pub const OTHERS: LineId = LineId(id(0x1004));
pub const LINES: [LineId; 4] = [SUPPORT, MAIL, BOT, OTHERS];

pub const WHATSAPP: ChannelId = ChannelId(id(0x2001));
pub const EMAIL: ChannelId = ChannelId(id(0x2002));
pub const TELEGRAM_BOT: ChannelId = ChannelId(id(0x2003));
pub const VIBER: ChannelId = ChannelId(id(0x2004));
pub const VK: ChannelId = ChannelId(id(0x2005));
pub const LIVE_CHAT: ChannelId = ChannelId(id(0x2006));

pub const ANNA: OperatorId = OperatorId(id(0x3001));
pub const BORIS: OperatorId = OperatorId(id(0x3002));
/// Supervisor.
pub const VERA: OperatorId = OperatorId(id(0x3003));
/// Reader.
pub const GLEB: OperatorId = OperatorId(id(0x3004));
pub const PEOPLE: [(OperatorId, &str); 4] =
    [(ANNA, "Анна"), (BORIS, "Борис"), (VERA, "Вера"), (GLEB, "Глеб")];

pub const PHONE: &str = "+79161234567";
pub const PHONE_2: &str = "+79261234568";
pub const MAIL_ADDRESS: &str = "ivan@example.ru";
pub const BOT_USER: &str = "100500";

pub fn app(code: &str) -> AppId {
    AppId::new(code).expect("a code")
}

pub fn order_ready() -> ProcessId {
    ProcessId::new("order-ready").expect("a code")
}

/// A contact: 1 is Иван Петров, 2 is Мария Смирнова.
pub fn contact(number: u128) -> ElementRef {
    ElementRef { app: app("contacts"), element: ElementId(id(0x4000 + number)) }
}

pub fn order(number: u128) -> ElementRef {
    ElementRef { app: app("orders"), element: ElementId(id(0x5000 + number)) }
}

/// A deal: its app is bound to the line, but its form has no widget.
pub fn deal() -> ElementRef {
    ElementRef { app: app("deals"), element: ElementId(id(0x6001)) }
}

pub fn admin() -> Caller {
    Caller::administrator(AdministratorId(Uuid::nil()))
}

pub fn operator(operator: OperatorId) -> Caller {
    Caller::operator(operator)
}

/// The same caller by a command id that a test repeats.
pub fn by(principal: Principal, command: CommandId) -> Caller {
    Caller::with_id(principal, command)
}

pub fn command_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

pub fn account(kind: AccountKind, text: &str) -> FieldValue {
    FieldValue::Account(AccountText { kind, text: text.to_owned() })
}

pub fn chosen(text: &str) -> ChosenAccount {
    ChosenAccount { text: text.to_owned(), field: None }
}

/// A creation in the Lines section, for the first contact.
pub fn creation(line: LineId, address: &str) -> CreateSession {
    CreateSession {
        session: SessionId(Uuid::now_v7()),
        line,
        contact: contact(1),
        account: chosen(address),
        channel: None,
        subject: None,
        via: EntryPoint::LinesSection,
    }
}

pub fn message(text: &str) -> SessionCommand {
    let message = MessageId(Uuid::now_v7());
    SessionCommand::SendMessage { message, text: text.to_owned(), via: EntryPoint::LinesSection }
}

/// A customer's message, with an id of the channel's own.
pub fn inbound(channel: ChannelId, address: &str, external_id: &str, text: &str) -> ReceiveMessage {
    ReceiveMessage {
        session: SessionId(Uuid::now_v7()),
        message: MessageId(Uuid::now_v7()),
        channel,
        address: address.to_owned(),
        sender: None,
        external_id: external_id.to_owned(),
        text: text.to_owned(),
        subject: None,
        in_reply_to: None,
        sent_at: None,
    }
}

/// A message of the process «Заказ готов» to the first contact.
pub fn initiated(line: LineId, address: &str, text: &str) -> SendInitiated {
    SendInitiated {
        command: command_id(),
        session: SessionId(Uuid::now_v7()),
        message: MessageId(Uuid::now_v7()),
        line,
        contact: contact(1),
        account: chosen(address),
        channel: None,
        subject: None,
        append_to: None,
        text: text.to_owned(),
    }
}

/// The caller of an initiated message: its command's id is the command's own.
pub fn process_of(command: &SendInitiated) -> Caller {
    Caller::with_id(Principal::Process(order_ready()), command.command)
}

/// Why a command was refused by a rule.
#[track_caller]
pub fn refusal(answer: Result<Receipt, CommandError>) -> Rejection {
    match answer {
        Err(CommandError::Rejected(rejection)) => *rejection,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

/// A log in memory that outlives the engines that close it.
pub struct SharedLog(pub Arc<MemoryLog>);

impl Log for SharedLog {
    fn append(
        &self,
        append: switchboard::log::Append,
    ) -> switchboard::log::LogFuture<Result<switchboard::log::Appended, switchboard::log::AppendError>> {
        self.0.append(append)
    }

    fn read_stream(
        &self,
        stream: &switchboard::log::StreamName,
        after: switchboard::log::Version,
        limit: usize,
    ) -> switchboard::log::LogFuture<Result<Vec<switchboard::log::Record>, switchboard::log::ReadError>> {
        self.0.read_stream(stream, after, limit)
    }

    fn read_all(
        &self,
        after: Position,
        limit: usize,
    ) -> switchboard::log::LogFuture<Result<Vec<switchboard::log::Record>, switchboard::log::ReadError>> {
        self.0.read_all(after, limit)
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> switchboard::log::LogFuture<Result<Vec<switchboard::log::Record>, switchboard::log::ReadError>> {
        self.0.read_at(positions, bytes_max)
    }

    fn head(&self) -> Position {
        self.0.head()
    }

    fn follow(&self) -> tokio::sync::watch::Receiver<Position> {
        self.0.follow()
    }

    fn stats(&self) -> switchboard::log::LogStats {
        self.0.stats()
    }

    fn poisoned(&self) -> Option<String> {
        None
    }

    fn close(&self) -> switchboard::log::LogFuture<()> {
        Box::pin(async {})
    }
}

/// Frames leave the store soon, so that a test of a few hundred events sees sealed ones too.
fn soon_sealed() -> EmbeddedOptions {
    EmbeddedOptions { sealed_file_bytes: 8 << 10, ..EmbeddedOptions::default() }
}

/// Where an engine of a test lives.
pub enum Home {
    /// A log in memory; projections are folded anew by each engine.
    Memory(Arc<SharedLog>),
    /// A folder of the embedded log, removed at the end.
    Folder(TempDir),
}

impl Home {
    pub fn memory() -> Home {
        Home::Memory(Arc::new(SharedLog(MemoryLog::new())))
    }

    pub fn folder() -> Home {
        Home::Folder(TempDir::new().expect("a folder for the test"))
    }

    pub fn options(&self) -> EngineOptions {
        match self {
            Home::Memory(log) => EngineOptions::with_log(Arc::clone(log) as Arc<dyn Log>, Place::Memory),
            Home::Folder(folder) => EngineOptions::at_with(folder.path(), soon_sealed()),
        }
    }

    pub async fn open(&self) -> Engine {
        Engine::open(self.options()).await.expect("the engine opens")
    }

    /// Opens an engine and builds the seed's world in it.
    pub async fn desk(&self) -> Engine {
        let engine = self.open().await;
        populate(&engine).await;
        engine
    }

    /// Closes the engine and opens another one on what it left.
    pub async fn reopened(&self, engine: Engine) -> Engine {
        engine.close().await.expect("the engine closes");
        drop(engine);
        self.open().await
    }
}

/// Builds the seed's world.
pub async fn populate(engine: &Engine) {
    let workspace = |command| engine.workspace(admin(), command);
    for (code, title) in [("contacts", "Контакты"), ("orders", "Заказы"), ("deals", "Сделки")]
    {
        let declare = WorkspaceCommand::DeclareApp { app: app(code), title: title.into() };
        workspace(declare).await.expect("an app");
    }
    let permit =
        WorkspaceCommand::PermitProcess { process: order_ready(), title: "Заказ готов".into() };
    workspace(permit).await.expect("a process");
    for (person, name) in PEOPLE {
        let register = OperatorCommand::RegisterOperator { name: name.into() };
        engine.operator(admin(), person, register).await.expect("a person");
    }
    create_line(engine, SUPPORT, "Служба поддержки", &[(WHATSAPP, ChannelKind::WhatsApp)]).await;
    create_line(engine, MAIL, "Почта", &[(EMAIL, ChannelKind::Email)]).await;
    create_line(engine, BOT, "Бот", &[(TELEGRAM_BOT, ChannelKind::TelegramBot)]).await;
    let others = [(VIBER, ChannelKind::ViberBot), (VK, ChannelKind::Vk), (LIVE_CHAT, ChannelKind::LiveChat)];
    create_line(engine, OTHERS, "Прочие каналы", &others).await;
    create_records(engine).await;
}

async fn create_line(engine: &Engine, line: LineId, title: &str, channels: &[(ChannelId, ChannelKind)]) {
    let mut commands = vec![LineCommand::CreateLine { title: title.into() }];
    commands.extend(channels.iter().map(|(channel, kind)| LineCommand::ConnectChannel {
        channel: *channel,
        kind: kind.clone(),
        title: kind.title().to_owned(),
        policy: None,
    }));
    let role = |operator, role| LineCommand::GrantRole { operator, role };
    commands.extend([
        LineCommand::SetContactApp { app: app("contacts") },
        role(ANNA, Role::Operator),
        role(BORIS, Role::Operator),
        role(VERA, Role::Supervisor),
        role(GLEB, Role::Reader),
        LineCommand::BindApp { app: app("orders") },
        LineCommand::PlaceWidget { app: app("orders") },
        LineCommand::BindApp { app: app("deals") },
        LineCommand::SetNameTemplate { template: "{{ customer }} · {{ channel }}".into() },
    ]);
    for command in commands {
        engine.line(admin(), line, command).await.expect("a setting of a line");
    }
}

async fn create_records(engine: &Engine) {
    let people = [
        (contact(1), "Иван Петров", PHONE, MAIL_ADDRESS, BOT_USER, "1"),
        (contact(2), "Мария Смирнова", PHONE_2, "maria@example.ru", "100501", "2"),
    ];
    for (element, title, phone, mail, bot, other) in people {
        let fields = vec![
            ("phone".into(), account(AccountKind::Phone, phone)),
            ("mail".into(), FieldValue::Email(mail.into())),
            ("bot".into(), account(AccountKind::TelegramUser, bot)),
            ("viber".into(), account(AccountKind::ViberUser, &format!("viber-{other}"))),
            ("vk".into(), account(AccountKind::VkUser, &format!("vk-{other}"))),
            ("chat".into(), account(AccountKind::LiveChatVisitor, &format!("visitor-{other}"))),
        ];
        let create = ElementCommand::CreateElement { title: title.into(), fields };
        engine.element(admin(), element, None, create).await.expect("a contact");
    }
    for (element, title) in [(order(1), "Заказ 1"), (order(2), "Заказ 2"), (deal(), "Сделка 1")]
    {
        let create = ElementCommand::CreateElement { title: title.into(), fields: Vec::new() };
        engine.element(admin(), element, None, create).await.expect("an element");
    }
}

pub async fn licence(engine: &Engine, active: bool) {
    let switch = WorkspaceCommand::SetServiceLicence { active };
    engine.workspace(admin(), switch).await.expect("the licence is switched");
}

pub async fn presence(engine: &Engine, person: OperatorId, online: bool) {
    let set = OperatorCommand::SetPresence { online };
    engine.operator(operator(person), person, set).await.expect("presence is set");
}

/// «Мои сессии» of an operator.
pub async fn my_sessions(engine: &Engine, person: OperatorId) -> Vec<SessionSummary> {
    let views = engine.read().await.expect("projections");
    views.my_sessions(person, all()).await.expect("my sessions").items
}

pub async fn queue(engine: &Engine) -> Vec<SessionSummary> {
    engine.read().await.expect("projections").queue(&LINES, all()).await.expect("the queue").items
}

pub async fn summary(engine: &Engine, session: SessionId) -> SessionSummary {
    let views = engine.read().await.expect("projections");
    views.session(session).await.expect("a session").expect("it exists")
}

/// What happened in a session, oldest first.
pub async fn transcript(engine: &Engine, session: SessionId) -> Vec<TranscriptItem> {
    let views = engine.read().await.expect("projections");
    let page = views.transcript(session, Order::OldestFirst, all()).await.expect("a transcript");
    page.expect("the session exists").items.into_iter().map(|entry| entry.item).collect()
}

/// The texts of a session, oldest first.
pub async fn texts(engine: &Engine, session: SessionId) -> Vec<String> {
    let items = transcript(engine, session).await;
    let text = |item| match item {
        TranscriptItem::Message(message) => Some(message.text),
        _ => None,
    };
    items.into_iter().filter_map(text).collect()
}

/// What was written to the customer and by him before a session, newest first.
pub async fn earlier(engine: &Engine, session: SessionId) -> Vec<MessageView> {
    let views = engine.read().await.expect("projections");
    views.earlier(session, all()).await.expect("earlier messages").expect("the session exists").items
}

/// The correspondence on an element's card, newest first.
pub async fn element_texts(engine: &Engine, element: &ElementRef) -> Vec<String> {
    let views = engine.read().await.expect("projections");
    let page = views.element_messages(element, None, all()).await.expect("messages of an element");
    page.items.into_iter().map(|message| message.text).collect()
}

/// The longest page.
pub fn all() -> PageOf {
    PageOf::first(PAGE_ITEMS_MAX)
}

/// Everything that is recorded after a position.
pub async fn recorded_after(engine: &Engine, after: Position) -> Vec<Recorded> {
    let (head, mut feed) = (engine.head(), engine.subscribe(after));
    let mut read = Vec::new();
    while feed.position() < head {
        read.push(feed.next().await.expect("the feed reads"));
    }
    read
}

/// Everything that is recorded in a log.
pub async fn recorded_in(log: &dyn Log) -> Vec<Recorded> {
    let records = log.read_all(Position::START, usize::MAX).await.expect("the log reads");
    records.iter().map(|record| wire::recorded(record).expect("a fact")).collect()
}
