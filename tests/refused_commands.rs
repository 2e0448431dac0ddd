//! Refused commands are kept where a line says so: what of them, by which history they are told, that no
//! text of anybody is among it, and that a flood of them is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use switchboard::audit::{self, History, Progress, Subject};
use switchboard::clock::Clock;
use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{CreateSession, ElementCommand, LineCommand, SessionCommand};
use switchboard::domain::event::{Event, LineEvent, Slot, Stream};
use switchboard::domain::id::{ChannelId, OperatorId, SessionId};
use switchboard::domain::limits::{REFUSAL_VALUE_BYTES_MAX, REFUSALS_PER_DAY_MAX};
use switchboard::domain::refused::{Day, RefusalDay, RefusalEvent, Refused};
use switchboard::domain::time::Timestamp;
use switchboard::log::Position;
use switchboard::wire::{self, Recorded};
use switchboard::{Caller, Engine};
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;

use desk::*;

/// What nobody may find among what is kept.
const SECRET: &str = "между нами";

fn quiet(_: Progress) -> bool {
    true
}

async fn keep(engine: &Engine, active: bool) {
    engine.line(admin(), SUPPORT, LineCommand::SetRefusalAudit { active }).await.expect("it is set");
}

async fn create(engine: &Engine, by: OperatorId) -> SessionId {
    let command = creation(SUPPORT, PHONE);
    engine.create_session(operator(by), command).await.expect("created").session.expect("its id")
}

/// What was kept of refusals since a position, once all of it is written.
async fn kept(engine: &Engine, after: Position) -> Vec<(Recorded, Refused)> {
    engine.refusals_kept().await;
    let recorded = recorded_after(engine, after).await;
    let refused = |recorded: Recorded| match recorded.event.clone() {
        Event::Refusal(RefusalEvent::CommandRefused(refused)) => Some((recorded, *refused)),
        _ => None,
    };
    recorded.into_iter().filter_map(refused).collect()
}

async fn history(engine: &Engine, subject: Subject, refused: bool) -> Vec<Recorded> {
    engine.refusals_kept().await;
    let audit = engine.audit().expect("a log with frames");
    let mut history = History::new(audit.log(), subject, audit.head());
    if refused {
        history = history.with_refused();
    }
    let mut told = Vec::new();
    while let Some(recorded) = history.next(&mut quiet).await.expect("it is read") {
        told.push(recorded);
    }
    told
}

fn codes(told: &[Recorded]) -> Vec<&str> {
    let code = |recorded: &&Recorded| matches!(recorded.event, Event::Refusal(_));
    let told = told.iter().filter(code).map(|recorded| match &recorded.event {
        Event::Refusal(RefusalEvent::CommandRefused(refused)) => refused.code.as_str(),
        _ => "omitted",
    });
    told.collect()
}

#[tokio::test]
async fn nothing_is_kept_unless_the_line_says_so_and_nothing_of_other_lines() {
    let engine = Home::folder().desk().await;
    create(&engine, ANNA).await;
    let refuse = |caller: Caller, command: CreateSession| {
        let engine = engine.clone();
        async move { refusal(engine.create_session(caller, command).await).code() }
    };
    let before = engine.head();
    assert_eq!(refuse(operator(BORIS), creation(SUPPORT, PHONE)).await, "OpenSessionExists");
    assert_eq!(kept(&engine, before).await, []);
    assert_eq!(engine.head(), before, "nothing at all is written");

    keep(&engine, true).await;
    assert!(engine.keeps_refusals(SUPPORT).await.expect("it is known"));
    let before = engine.head();
    assert_eq!(refuse(operator(BORIS), creation(MAIL, PHONE)).await, "AccountKindMismatch");
    assert_eq!(kept(&engine, before).await, []);
    assert_eq!(refuse(operator(BORIS), creation(SUPPORT, PHONE)).await, "OpenSessionExists");
    assert_eq!(kept(&engine, before).await.len(), 1);

    keep(&engine, false).await;
    let before = engine.head();
    assert_eq!(refuse(operator(BORIS), creation(SUPPORT, PHONE)).await, "OpenSessionExists");
    assert_eq!(kept(&engine, before).await, []);
    let events = recorded_after(&engine, Position::START).await;
    let mut of_line = events.iter().filter(|recorded| matches!(&recorded.event, Event::Line(_)));
    let ended = of_line.next_back().map(|recorded| recorded.event.clone());
    assert_eq!(ended, Some(Event::Line(LineEvent::RefusalAuditDeactivated)));
}

#[tokio::test]
async fn each_refusal_is_told_by_the_histories_of_what_it_was_about_and_holds_no_text() {
    let home = Home::folder();
    let engine = home.desk().await;
    keep(&engine, true).await;
    let session = create(&engine, ANNA).await;
    let before = engine.head();
    let account = Account { kind: AccountKind::Phone, address: PHONE.to_owned() };
    let boris = || operator(BORIS);

    let mut again = creation(SUPPORT, PHONE);
    again.subject = Some(SECRET.into());
    let again = engine.create_session(boris(), again).await;
    assert_eq!(refusal(again).code(), "OpenSessionExists");
    assert_eq!(refusal(engine.session(boris(), session, message(SECRET)).await).code(), "NotAssignee");
    let rename = SessionCommand::Rename { name: SECRET.into() };
    assert_eq!(refusal(engine.session(boris(), session, rename).await).code(), "NotAssignee");
    let link = SessionCommand::LinkElement { element: order(9) };
    assert_eq!(refusal(engine.session(operator(ANNA), session, link).await).code(), "ElementNotFound");
    let bad = inbound(WHATSAPP, "8916", "wamid.1", SECRET);
    assert_eq!(refusal(engine.receive(Caller::channel(WHATSAPP), bad).await).code(), "BadAddress");
    let send = initiated(SUPPORT, PHONE_2, SECRET);
    assert_eq!(refusal(engine.send_initiated(process_of(&send), send).await).code(), "AccountNotOfContact");
    let title = LineCommand::RenameLine { title: SECRET.into() };
    assert_eq!(refusal(engine.line(boris(), SUPPORT, title).await).code(), "AdministratorsOnly");
    let record = ElementCommand::RenameElement { title: SECRET.into() };
    let record = engine.element(operator(GLEB), contact(2), Some(SUPPORT), record).await;
    assert_eq!(refusal(record).code(), "NotOperatorOfLine");

    let all = kept(&engine, before).await;
    let told: Vec<(&str, &str)> =
        all.iter().map(|(_, refused)| (refused.command.as_str(), refused.code.as_str())).collect();
    assert_eq!(
        told,
        [
            ("CreateSession", "OpenSessionExists"),
            ("SendMessage", "NotAssignee"),
            ("Rename", "NotAssignee"),
            ("LinkElement", "ElementNotFound"),
            ("ReceiveMessage", "BadAddress"),
            ("SendInitiated", "AccountNotOfContact"),
            ("RenameLine", "AdministratorsOnly"),
            ("RenameElement", "NotOperatorOfLine"),
        ]
    );
    let (recorded, first) = &all[0];
    assert_eq!(recorded.principal, boris().principal);
    assert!(recorded.policy_revision.0 > 0, "the rules of that moment are named");
    assert_eq!((first.session, first.channel), (Some(session), Some(WHATSAPP)));
    assert_eq!((&first.account, &first.elements), (&Some(account.clone()), &vec![contact(1)]));
    let values = [("session", session.to_string()), ("holder", ANNA.to_string())];
    assert_eq!(first.values, values.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(all[4].1.values[1], ("given".to_owned(), "8916".to_owned()));
    for (recorded, _) in &all {
        let payload = wire::encode(&recorded.event).payload;
        let found = payload.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes());
        assert!(!found, "position {} holds a text", recorded.position);
    }

    let slot = Slot { channel: WHATSAPP, account: account.clone() };
    let of_session = ["OpenSessionExists", "NotAssignee", "NotAssignee", "ElementNotFound"];
    for (subject, expected) in [
        (Subject::Session(session), of_session.to_vec()),
        (Subject::Slot(slot), of_session.to_vec()),
        (Subject::Account(account), of_session.to_vec()),
        (
            Subject::Account(Account { kind: AccountKind::Phone, address: PHONE_2.into() }),
            vec!["AccountNotOfContact"],
        ),
        (Subject::Element(order(9)), vec!["ElementNotFound"]),
        (Subject::Element(contact(2)), vec!["NotOperatorOfLine"]),
        (Subject::Operator(GLEB), vec!["NotOperatorOfLine"]),
        (
            Subject::Operator(BORIS),
            vec!["OpenSessionExists", "NotAssignee", "NotAssignee", "AdministratorsOnly"],
        ),
    ] {
        assert_eq!(codes(&history(&engine, subject.clone(), true).await), expected, "{subject:?}");
        assert_eq!(codes(&history(&engine, subject.clone(), false).await), [""; 0], "{subject:?}, unasked");
    }
    let proof = audit::verify(&engine.audit().expect("frames"), Position(1), None, &[], &mut quiet);
    assert_eq!(proof.expect("it is proved").head.position, engine.head());
}

#[tokio::test]
async fn an_address_of_a_known_form_is_kept_as_that_beside_a_channel_that_takes_any_text() {
    let engine = Home::folder().desk().await;
    keep(&engine, true).await;
    let channel = ChannelId(Uuid::from_u128(0x2101));
    let (kind, title) = (ChannelKind::Vk, "ВКонтакте".to_owned());
    let connect = LineCommand::ConnectChannel { channel, kind, title, policy: None };
    engine.line(admin(), SUPPORT, connect).await.expect("connected");
    create(&engine, ANNA).await;
    let before = engine.head();
    let again = engine.create_session(operator(BORIS), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(again).code(), "OpenSessionExists");
    let all = kept(&engine, before).await;
    let account = Account { kind: AccountKind::Phone, address: PHONE.to_owned() };
    assert_eq!((all[0].1.channel, &all[0].1.account), (Some(WHATSAPP), &Some(account)));
}

#[tokio::test]
async fn a_refused_command_is_decided_anew_when_its_id_comes_again() {
    let engine = Home::folder().desk().await;
    keep(&engine, true).await;
    let session = create(&engine, ANNA).await;
    let (again, id) = (creation(SUPPORT, PHONE), command_id());
    let caller = || by(operator(BORIS).principal, id);
    assert_eq!(refusal(engine.create_session(caller(), again.clone()).await).code(), "OpenSessionExists");
    engine.session(operator(ANNA), session, SessionCommand::Close).await.expect("closed");
    engine.create_session(caller(), again).await.expect("the slot is free by now");
    let events = history(&engine, Subject::Operator(BORIS), true).await;
    let of_id = events.iter().filter(|recorded| recorded.command == id).count();
    assert!(of_id >= 4, "the refusal and the creation have the command's id: {of_id}");
    let proof = audit::verify(&engine.audit().expect("frames"), Position(1), None, &[], &mut quiet);
    let streams = proof.expect("it is proved").streams.expect("of the whole log");
    assert_eq!(streams.openings, 2);
}

#[derive(Default)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

const DAY_US: i64 = 86_400_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_refusals_is_counted_and_does_not_fill_the_log() {
    let home = Home::folder();
    let clock = Arc::new(SetClock::default());
    clock.0.store(20_000 * DAY_US, Ordering::SeqCst);
    let open = || async {
        let options = home.options().clock(Arc::clone(&clock) as Arc<dyn Clock>);
        Engine::open(options).await.expect("it opens")
    };
    let engine = open().await;
    populate(&engine).await;
    keep(&engine, true).await;
    let session = create(&engine, ANNA).await;
    let before = engine.head();
    let flood = |engine: Engine, of: u32| async move {
        for _ in 0..of {
            assert_eq!(
                refusal(engine.session(operator(BORIS), session, message(SECRET)).await).code(),
                "NotAssignee"
            );
        }
    };
    let day = |engine: &Engine, number: u32| {
        let engine = engine.clone();
        async move {
            engine.refusals_kept().await;
            let mut state = RefusalDay::default();
            for recorded in recorded_after(&engine, Position::START).await {
                if let (Stream::Refusals(SUPPORT, Day(of)), Event::Refusal(event)) =
                    (&recorded.stream, &recorded.event)
                    && *of == number
                {
                    state = state.evolve(event).expect("within the bound");
                }
            }
            state
        }
    };
    let floods: Vec<_> =
        (0..4).map(|_| tokio::spawn(flood(engine.clone(), REFUSALS_PER_DAY_MAX / 2))).collect();
    for flood in floods {
        flood.await.expect("all are refused");
    }
    engine.refusals_kept().await;
    let grown = engine.head().0 - before.0;
    let kept = u64::from(REFUSALS_PER_DAY_MAX);
    assert!((kept..kept + 16).contains(&grown), "the log has grown by {grown} events");
    let at = day(&engine, 20_000).await;
    assert_eq!(at.kept, REFUSALS_PER_DAY_MAX);
    assert!((kept / 2..=kept).contains(&at.omitted), "{} of {kept} are told", at.omitted);
    create_other(&engine).await;

    // What was counted so far is told when the engine closes, and goes on when it opens again.
    engine.close().await.expect("it closes");
    drop(engine);
    let engine = open().await;
    let at = day(&engine, 20_000).await;
    assert_eq!(at.omitted, kept, "each of the flood is kept or counted");
    flood(engine.clone(), 3).await;
    clock.0.store(20_001 * DAY_US, Ordering::SeqCst);
    flood(engine.clone(), 1).await;
    assert_eq!(day(&engine, 20_000).await.omitted, kept + 3, "the day that ended is told to its end");
    assert_eq!(day(&engine, 20_001).await, RefusalDay { kept: 1, omitted: 0 }, "and a new one begun");
    let omitted = codes(&history(&engine, Subject::Session(session), true).await)
        .iter()
        .filter(|code| **code == "omitted")
        .count();
    assert!(omitted > 1, "the history tells that it lacks some");
    let proof = audit::verify(&engine.audit().expect("frames"), Position(1), None, &[], &mut quiet);
    assert_eq!(proof.expect("it is proved").head.position, engine.head());
}

async fn create_other(engine: &Engine) {
    let command = CreateSession { contact: contact(2), account: chosen(PHONE_2), ..creation(SUPPORT, PHONE) };
    engine.create_session(operator(ANNA), command).await.expect("creating goes on");
}

#[test]
fn a_day_holds_so_many_refusals_and_its_count_only_grows() {
    let refused = || Refused {
        command: "Close".into(),
        code: "SessionClosed".into(),
        session: None,
        channel: None,
        account: None,
        elements: Vec::new(),
        operator: None,
        values: Vec::new(),
    };
    let event = || RefusalEvent::CommandRefused(Box::new(refused()));
    let mut day = RefusalDay::default();
    for _ in 0..REFUSALS_PER_DAY_MAX {
        day = day.evolve(&event()).expect("there is room");
    }
    assert!(day.evolve(&event()).is_err());
    let told: Vec<u64> = (1..=100)
        .filter(|omitted| {
            let told = day.is_to_be_told(*omitted);
            if told {
                day = day.evolve(&RefusalEvent::RefusalsOmitted { count: *omitted }).expect("it grows");
            }
            told
        })
        .collect();
    assert_eq!(told, [1, 2, 4, 8, 16, 32, 64]);
    assert!(day.evolve(&RefusalEvent::RefusalsOmitted { count: 64 }).is_err());
    assert!(Day::of(Timestamp(-1)) == Day(0) && Day::of(Timestamp(DAY_US)) == Day(1));
}

#[tokio::test]
async fn a_long_value_is_cut_between_characters() {
    let engine = Home::folder().desk().await;
    keep(&engine, true).await;
    let before = engine.head();
    let template = format!("{{{{ {} }}}}", "ы".repeat(400));
    let set = LineCommand::SetNameTemplate { template };
    assert_eq!(refusal(engine.line(admin(), SUPPORT, set).await).code(), "BadTemplate");
    let all = kept(&engine, before).await;
    assert!(
        all[0].1.values.iter().all(|(_, value)| value.len() <= REFUSAL_VALUE_BYTES_MAX),
        "{:?}",
        all[0].1
    );
}
