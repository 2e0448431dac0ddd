//! A directory of the host's own: the rules read from it, and the engine keeps no elements.

use std::sync::Mutex;

use switchboard::audit::{Policies, what_if};
use switchboard::directory::{Directory, DirectoryError, DirectoryFuture, Found};
use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::command::{ElementCommand, OperatorCommand, WorkspaceCommand};
use switchboard::domain::element::Element;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::{AppId, ElementRef};
use switchboard::log::Position;
use switchboard::log::memory::MemoryLog;

use super::*;

/// The host's records, or its silence, or its panic.
#[derive(Default)]
struct Records {
    elements: Mutex<Vec<Element>>,
    silent: AtomicU32,
    panics: AtomicU32,
}

impl Records {
    fn answer<T: Send + 'static>(&self, answer: T) -> DirectoryFuture<T> {
        let take = |left: &AtomicU32| {
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
        };
        let (silent, panics) = (take(&self.silent), take(&self.panics));
        Box::pin(async move {
            assert!(!panics, "a panic that a test asked for");
            if silent { Err(DirectoryError("it sleeps".into())) } else { Ok(answer) }
        })
    }

    fn first(&self, is: impl Fn(&Element) -> bool) -> Option<Element> {
        let elements = self.elements.lock().expect("no panic under this lock");
        elements.iter().find(|element| is(element)).cloned()
    }
}

impl Directory for Records {
    fn element(&self, element: &ElementRef) -> DirectoryFuture<Option<Element>> {
        self.answer(self.first(|known| known.id == *element))
    }

    fn find(&self, app: &AppId, account: &Account) -> DirectoryFuture<Option<Element>> {
        let has = |known: &Element| known.fields.values().any(|value| value.text() == account.address);
        self.answer(self.first(|known| known.id.app == *app && has(known)))
    }

    fn search(&self, app: &AppId, text: &str, _: Option<String>, most: usize) -> DirectoryFuture<Found> {
        let elements = self.elements.lock().expect("no panic under this lock");
        let fits = |known: &&Element| known.id.app == *app && known.title.contains(text);
        let elements = elements.iter().filter(fits).take(most).cloned().collect();
        self.answer(Found { elements, next: None })
    }
}

/// A line of WhatsApp over the host's own contacts.
async fn desk() -> (Arc<Records>, Engine) {
    desk_on(EngineOptions::in_memory()).await
}

async fn desk_on(options: EngineOptions) -> (Arc<Records>, Engine) {
    let records = Arc::new(Records::default());
    let field = ("phone".to_owned(), account(AccountKind::Phone, PHONE));
    let ivan = Element { id: contact(1), title: "Иван из CRM".into(), fields: [field].into() };
    let one = Element { id: order(1), title: "Заказ 1".into(), fields: [].into() };
    records.elements.lock().expect("no panic under this lock").extend([ivan, one]);
    let options = options.directory(Arc::clone(&records) as Arc<dyn Directory>);
    let engine = Engine::open(options).await.expect("the engine opens");
    for code in ["contacts", "orders"] {
        let declare = WorkspaceCommand::DeclareApp { app: app(code), title: code.into() };
        engine.workspace(admin(), declare).await.expect("an app");
    }
    let anna = OperatorCommand::RegisterOperator { name: "Анна".into() };
    engine.operator(admin(), ANNA, anna).await.expect("a person");
    let kind = switchboard::domain::channel::ChannelKind::WhatsApp;
    for command in [
        LineCommand::CreateLine { title: "Служба поддержки".into() },
        LineCommand::ConnectChannel { channel: WHATSAPP, kind, title: "WhatsApp".into(), policy: None },
        LineCommand::SetContactApp { app: app("contacts") },
        LineCommand::GrantRole { operator: ANNA, role: Role::Operator },
        LineCommand::BindApp { app: app("orders") },
        LineCommand::PlaceWidget { app: app("orders") },
    ] {
        engine.line(admin(), SUPPORT, command).await.expect("a setting");
    }
    (records, engine)
}

#[tokio::test]
async fn contacts_come_from_the_hosts_directory() {
    let (_, engine) = desk().await;
    let mut create = creation(SUPPORT, PHONE);
    create.via = EntryPoint::Card(order(1));
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    let shown = summary(&engine, create.session).await;
    assert_eq!((shown.customer_name.as_str(), shown.links), ("Иван из CRM", vec![order(1)]));
    engine.session(operator(ANNA), create.session, SessionCommand::Close).await.expect("closed");
    let hello = inbound(WHATSAPP, PHONE, "wa-1", "Здравствуйте");
    let received = engine.receive(Caller::channel(WHATSAPP), hello).await.expect("received");
    let shown = summary(&engine, received.session.expect("a session")).await;
    assert_eq!((shown.customer_name.as_str(), shown.contact), ("Иван из CRM", Some(contact(1))));
    let found = engine.search_contacts(SUPPORT, "CRM", None, 10).await.expect("found");
    assert_eq!(found.elements.iter().map(|element| element.id.clone()).collect::<Vec<_>>(), [contact(1)]);
    let mut unknown = creation(SUPPORT, PHONE_2);
    unknown.contact = contact(2);
    let refused = engine.create_session(operator(ANNA), unknown).await;
    assert_eq!(refusal(refused).code(), "ElementNotFound");
}

#[tokio::test]
async fn what_a_log_without_the_hosts_contacts_does_not_tell_is_no_difference_between_rules() {
    let log: Arc<dyn Log> = MemoryLog::new();
    let (_, engine) = desk_on(EngineOptions::with_log(Arc::clone(&log), Place::Memory)).await;
    engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await.expect("created");
    let range = (Position(1), log.head());
    let (mut on, mut told) = (|_| true, |difference| panic!("a difference: {difference:?}"));
    let same = what_if(Arc::clone(&log), range, &Policies::default(), &mut on, &mut told).await;
    let same = same.expect("the log is read");
    assert_eq!((same.creations, same.refused), (1, 0));
}

#[tokio::test]
async fn the_engines_own_commands_to_elements_are_refused_beside_a_hosts_directory() {
    let (_, engine) = desk().await;
    let head = engine.head();
    let rename = ElementCommand::RenameElement { title: "Пётр".into() };
    let refused = engine.element(admin(), contact(1), None, rename).await.expect_err("the host keeps them");
    assert_eq!((refused.code(), refused.outcome()), ("Unavailable", Outcome::NotWritten));
    assert_eq!(engine.head(), head);
}

#[tokio::test]
async fn a_directory_that_does_not_answer_or_panics_leaves_nothing_behind() {
    let (records, engine) = desk().await;
    let (create, id, head) = (creation(SUPPORT, PHONE), command_id(), engine.head());
    let ask = || engine.create_session(by(Principal::Operator(ANNA), id), create.clone());
    records.silent.store(1, Ordering::SeqCst);
    let silent = ask().await.expect_err("it did not answer");
    assert_eq!((silent.code(), silent.outcome()), ("Unavailable", Outcome::NotWritten));
    assert_eq!(engine.head(), head);
    records.panics.store(1, Ordering::SeqCst);
    if let Err(error) = ask().await {
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(engine.head(), head);
    }
    ask().await.expect("asked again");
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1);
}

/// Nobody is asked twice: what an operator may do does not depend on the host's records.
#[tokio::test]
async fn a_session_goes_on_while_the_directory_sleeps() {
    let (records, engine) = desk().await;
    let session = session_of_anna(&engine).await;
    records.silent.store(u32::MAX, Ordering::SeqCst);
    let who: OperatorId = ANNA;
    engine.session(operator(who), session, message("Добрый день")).await.expect("sent");
    let hello = inbound(WHATSAPP, PHONE, "wa-1", "Здравствуйте");
    let received = engine.receive(Caller::channel(WHATSAPP), hello).await;
    assert_eq!(received.map(|receipt| receipt.session), Ok(Some(session)), "the session knows its customer");
    engine.session(operator(who), session, SessionCommand::Close).await.expect("closed");
}

/// What a host answers is brought within the limits before a fact is made of it.
#[tokio::test]
async fn a_name_of_any_length_from_the_directory_harms_nothing() {
    let (records, engine) = desk().await;
    records.elements.lock().expect("no panic under this lock")[0].title = "Очень\r\nдлинно ".repeat(100_000);
    let create = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    let shown = summary(&engine, create.session).await;
    assert!(shown.customer_name.len() <= 512 && !shown.customer_name.contains(char::is_control));
    assert_eq!(engine.projections_stopped(), None);
}
