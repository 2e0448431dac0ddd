//! The ledger finds each broken invariant: real events, broken on purpose.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use switchboard::domain::command::SessionCommand;
use switchboard::domain::event::{Event, LineEvent, SessionEvent, SlotEvent, Stream, WorkspaceEvent};
use switchboard::domain::id::Principal;
use switchboard::log::{Position, Version};
use switchboard::wire::Recorded;

use crate::desk::*;
use crate::ledger::Ledger;

/// An e-mail session, and a messenger session that is closed and followed by another one.
async fn history() -> Vec<Recorded> {
    let engine = Home::memory().desk().await;
    let mail = creation(MAIL, MAIL_ADDRESS);
    engine.create_session(operator(ANNA), mail).await.expect("created");
    for _ in 0..2 {
        let create = creation(SUPPORT, PHONE);
        engine.create_session(operator(ANNA), create.clone()).await.expect("created");
        for command in [message("Добрый день"), SessionCommand::Close] {
            engine.session(operator(ANNA), create.session, command).await.expect("accepted");
        }
    }
    recorded_after(&engine, Position::START).await
}

/// What the ledger says of a history whose places are put in order again.
fn complaint(mut events: Vec<Recorded>) -> Option<String> {
    let mut versions: HashMap<Stream, u64> = HashMap::new();
    for (at, recorded) in events.iter_mut().enumerate() {
        let version = versions.entry(recorded.stream.clone()).or_default();
        *version += 1;
        (recorded.position, recorded.version) = (Position(at as u64 + 1), Version(*version));
    }
    complaint_as_is(&events)
}

fn complaint_as_is(events: &[Recorded]) -> Option<String> {
    let taken = catch_unwind(AssertUnwindSafe(|| {
        let mut ledger = Ledger::default();
        events.iter().for_each(|recorded| ledger.take(recorded));
        ledger.settled();
    }));
    let text =
        |panic: Box<dyn std::any::Any + Send>| panic.downcast_ref::<String>().cloned().unwrap_or_default();
    taken.err().map(text)
}

#[track_caller]
fn broken(invariant: &str, events: Vec<Recorded>) {
    let said = complaint(events);
    assert!(
        said.as_ref().is_some_and(|said| said.contains(invariant)),
        "{said:?} is not about {invariant:?}"
    );
}

fn of_session(recorded: &Recorded) -> Option<&SessionEvent> {
    match &recorded.event {
        Event::Session(event) => Some(event),
        _ => None,
    }
}

/// The history with one event changed: the first that the change takes.
fn changed(events: &[Recorded], change: impl FnMut(&mut Recorded) -> bool) -> Vec<Recorded> {
    let mut events = events.to_vec();
    assert!(events.iter_mut().any(change), "something was changed");
    events
}

#[tokio::test]
async fn the_ledger_finds_each_invariant_that_is_broken() {
    let events = history().await;
    assert_eq!(complaint(events.clone()), None, "the history itself is in order");

    let closing = |event: &Event| {
        matches!(
            event,
            Event::Session(SessionEvent::SessionClosed) | Event::Slot(SlotEvent::SlotReleased { .. })
        )
    };
    let never_closed: Vec<_> = events.iter().filter(|recorded| !closing(&recorded.event)).cloned().collect();
    broken("1: ", never_closed);
    let released = |event: &Event| matches!(event, Event::Slot(SlotEvent::SlotReleased { .. }));
    let kept: Vec<_> = events.iter().filter(|recorded| !released(&recorded.event)).cloned().collect();
    broken("1: ", kept);
    broken(
        "2: ",
        changed(&events, |recorded| match &mut recorded.event {
            Event::Session(SessionEvent::SessionCreated { line, .. }) => {
                std::mem::replace(line, SUPPORT) == MAIL
            }
            _ => false,
        }),
    );
    broken(
        "3: ",
        changed(&events, |recorded| match &mut recorded.event {
            Event::Session(SessionEvent::OperatorAssigned { operator }) => {
                *operator = BORIS;
                true
            }
            _ => false,
        }),
    );
    let mut late = events.clone();
    let sent = late
        .iter()
        .position(|recorded| matches!(of_session(recorded), Some(SessionEvent::MessageSent { .. })));
    let sent = late.remove(sent.expect("a message"));
    late.push(sent);
    broken("5: ", late);
    let mut gap = events.clone();
    gap.remove(3);
    assert!(complaint_as_is(&gap).is_some_and(|said| said.contains("7: ")), "a gap");
    broken(
        "8: ",
        changed(&events, |recorded| match &mut recorded.event {
            Event::Session(SessionEvent::SessionCreated { subject: Some(subject), .. }) => {
                subject.push('!');
                true
            }
            _ => false,
        }),
    );
    let mut licensed = events.clone();
    let switch = Event::Workspace(WorkspaceEvent::ServiceLicenceActivated);
    let first = Recorded { event: switch, stream: Stream::Workspace, ..licensed[0].clone() };
    licensed.insert(0, first);
    broken("9: ", licensed);
    broken(
        "10: ",
        changed(&events, |recorded| {
            let sent = matches!(of_session(recorded), Some(SessionEvent::MessageSent { .. }));
            if sent {
                recorded.principal = Principal::Operator(GLEB);
            }
            sent
        }),
    );
    let revoked = |event: &Event| matches!(event, Event::Line(LineEvent::RoleGranted { operator, .. }) if *operator == ANNA);
    broken("10: ", events.iter().filter(|recorded| !revoked(&recorded.event)).cloned().collect());
}
