//! Commands of the engine: repeated, dropped, raced, and customers' messages in every situation.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use switchboard::clock::Clock;
use switchboard::domain::channel::OperatorCreate;
use switchboard::domain::command::{
    DeliveryReport, ElementCommand, LineCommand, OperatorCommand, SessionCommand, WorkspaceCommand,
};
use switchboard::domain::event::{Event, InboundRule, LineRules, Role, SessionEvent};
use switchboard::domain::id::{CommandId, LineId, MessageId, OperatorId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use switchboard::domain::time::Timestamp;
use switchboard::log::Position;
use switchboard::projection::{SessionStatus, TranscriptItem};
use switchboard::{Caller, CommandError, Engine, Receipt};
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;
#[path = "engine_commands/inbound.rs"]
mod inbound_rules;
#[path = "engine_commands/races.rs"]
mod races;
#[path = "engine_commands/repeated.rs"]
mod repeated;

#[path = "engine_commands/taken.rs"]
mod taken;

use desk::*;

/// A clock that stands where a test puts it.
struct Hands(AtomicI64);

impl Hands {
    const START_US: i64 = 1_800_000_000_000_000;

    fn new() -> Arc<Hands> {
        Arc::new(Hands(AtomicI64::new(Hands::START_US)))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

fn as_channel(command: &switchboard::domain::command::ReceiveMessage) -> Caller {
    Caller::channel(command.channel)
}

/// A session of Анна on WhatsApp.
async fn session_of_anna(engine: &Engine) -> SessionId {
    let create = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    create.session
}

async fn conduct(engine: &Engine, who: OperatorId, session: SessionId, command: SessionCommand) -> Receipt {
    engine.session(operator(who), session, command).await.expect("accepted")
}

/// Sends again while the engine is too busy, as a host does.
async fn insist<F: Future<Output = Result<Receipt, CommandError>>>(
    send: impl Fn() -> F,
) -> Result<Receipt, CommandError> {
    loop {
        match send().await {
            Err(CommandError::Busy(_)) => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

/// The rules in force stand beside each event that was decided under them.
#[tokio::test]
async fn every_event_of_a_session_records_the_revision_of_its_rules() {
    let engine = Home::memory().desk().await;
    let session = session_of_anna(&engine).await;
    let mut policy = switchboard::domain::channel::ChannelKind::WhatsApp.policy().expect("a built-in kind");
    policy.text_chars_max = 5;
    let narrower = LineCommand::SetChannelPolicy { channel: WHATSAPP, policy: policy.clone() };
    engine.line(admin(), SUPPORT, narrower).await.expect("narrower");
    let long = engine.session(operator(ANNA), session, message("Слишком длинно")).await;
    assert_eq!(refusal(long), Rejection::TextTooLong { chars: 14, max: 5 });
    conduct(&engine, ANNA, session, message("Да")).await;
    policy.operator_create = OperatorCreate::Never;
    policy.text_chars_max = 4096;
    let never = LineCommand::SetChannelPolicy { channel: WHATSAPP, policy };
    engine.line(admin(), SUPPORT, never).await.expect("narrower");
    conduct(&engine, ANNA, session, SessionCommand::Close).await;
    let refused = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(refused).code(), "ChannelForbidsOperatorCreate");

    let events = recorded_after(&engine, Position::START).await;
    let of_session = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Session(event) => Some((event.clone(), recorded.policy_revision.0)),
        _ => None,
    });
    let revisions: Vec<u32> = of_session.map(|(_, revision)| revision).collect();
    assert_eq!(revisions, [1, 1, 2, 3], "created, assigned; sent; closed");
}

/// A policy may forbid what the medium allows, never allow what it forbids.
#[tokio::test]
async fn a_policy_is_never_wider_than_its_medium() {
    let engine = Home::memory().desk().await;
    let mut policy = switchboard::domain::channel::ChannelKind::Vk.policy().expect("a built-in kind");
    policy.operator_create = OperatorCreate::Always;
    let wider = LineCommand::SetChannelPolicy { channel: VK, policy };
    let refused = engine.line(admin(), OTHERS, wider).await;
    assert_eq!(refusal(refused), Rejection::PolicyNotAllowed { field: "operator_create" });
}

/// Several closings and reopenings keep every cycle.
#[tokio::test]
async fn every_closing_and_reopening_stays_in_the_transcript() {
    let home = Home::folder();
    let engine = home.desk().await;
    let session = session_of_anna(&engine).await;
    for who in [BORIS, VERA, ANNA] {
        let holder = match summary(&engine, session).await.status {
            SessionStatus::Assigned(holder) => holder,
            other => panic!("{other:?}"),
        };
        conduct(&engine, holder, session, SessionCommand::Close).await;
        conduct(&engine, who, session, SessionCommand::Reopen).await;
    }
    conduct(&engine, ANNA, session, SessionCommand::Close).await;
    let engine = home.reopened(engine).await;
    let items = transcript(&engine, session).await;
    let reopened: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            TranscriptItem::Reopened { operator } => Some(*operator),
            _ => None,
        })
        .collect();
    assert_eq!(reopened, [Some(BORIS), Some(VERA), Some(ANNA)]);
    assert_eq!(items.iter().filter(|item| **item == TranscriptItem::Closed).count(), 4);
    assert_eq!(summary(&engine, session).await.cycles, 4);
}
