//! The operators' lists.

use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::{Customer, Origin, SessionEvent};
use switchboard::domain::id::{CODE_BYTES_MAX, ElementRef, KindCode};
use switchboard::domain::limits::{ADDRESS_BYTES_MAX, LINKS_MAX, SESSION_NAME_BYTES_MAX, TITLE_BYTES_MAX};
use switchboard::log::Position;
use switchboard::projection::{
    Cursor, LastMessage, MERGED_PARTS_MAX, MessageDirection, Order, PageOf, QueryError, SessionStatus,
};

use crate::drained;
use crate::world::*;

/// The lists that show a session: my (of operator 1), queue, active, closed.
async fn lists(world: &World) -> [Vec<u128>; 4] {
    let (projections, lines) = (&world.projections, [line(1)]);
    [
        numbers(&projections.my_sessions(operator(1), first()).await.expect("my")),
        numbers(&projections.queue(&lines, first()).await.expect("queue")),
        numbers(&projections.active(&lines, first()).await.expect("active")),
        numbers(&projections.closed_of_lines(&lines, first()).await.expect("closed")),
    ]
}

const NONE: Vec<u128> = Vec::new();

#[tokio::test]
async fn a_session_stands_in_the_lists_of_its_status() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1))]).await;
    assert_eq!(lists(&world).await, [NONE, vec![1], NONE, NONE], "created: it waits");
    world.happened(&[assigned(1, 1)]).await;
    assert_eq!(lists(&world).await, [vec![1], NONE, vec![1], NONE], "taken");
    world.happened(&[assigned(1, 2)]).await;
    assert_eq!(lists(&world).await, [NONE, NONE, vec![1], NONE], "handed to a colleague");
    world.happened(&[closed(1)]).await;
    assert_eq!(lists(&world).await, [NONE, NONE, NONE, vec![1]], "closed");
    let of_last = world.projections.closed_of_operator(operator(2), first()).await.expect("closed");
    assert_eq!(numbers(&of_last), [1], "it is filed with its last operator");
    world.happened(&[reopened(1, None)]).await;
    assert_eq!(lists(&world).await, [NONE, vec![1], NONE, NONE], "reopened without operator");
    world.happened(&[closed(1)]).await;
    let of_last = world.projections.closed_of_operator(operator(2), first()).await.expect("closed");
    assert_eq!(numbers(&of_last), NONE, "nobody had it since it was reopened");
    world.happened(&[reopened(1, Some(1))]).await;
    assert_eq!(lists(&world).await, [vec![1], NONE, vec![1], NONE], "reopened by an operator");
}

#[tokio::test]
async fn a_session_created_by_an_operator_never_waits() {
    let mut world = World::new().await;
    world.happened(&[claimed(1, &at(1, 1)), created(1, &at(1, 1)), assigned(1, 1)]).await;
    let summary = world.summary(1).await;
    assert_eq!(summary.status, SessionStatus::Assigned(operator(1)));
    assert_eq!(lists(&world).await, [vec![1], NONE, vec![1], NONE]);
}

#[tokio::test]
async fn a_summary_says_what_happened() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), assigned(1, 1)]).await;
    world.happened(&[received(1, 1)]).await;
    world.happened(&[received(1, 2), initiated(1, 3)]).await;
    let summary = world.summary(1).await;
    assert_eq!((summary.messages, summary.unread), (3, 2), "a process's message answers nobody");
    world.happened(&[sent(1, 1, 4)]).await;
    world.happened(&[of(1, SessionEvent::SessionRenamed { name: "Счёт 17".into() })]).await;
    world.happened(&[linked(1, 5), linked(1, 5)]).await;
    let summary = world.summary(1).await;
    assert_eq!((summary.messages, summary.unread), (4, 0));
    let direction = MessageDirection::Outgoing;
    assert_eq!(summary.last_message, Some(LastMessage { position: Position(6), direction }));
    assert_eq!((summary.name.as_str(), summary.links), ("Счёт 17", vec![order(5)]));
    assert_eq!((summary.created.time.0, summary.created.position), (MINUTE_US, Position(1)));
    assert_eq!(summary.last_activity.position, Position(6), "naming and linking are no activity");
    assert_eq!((summary.cycles, summary.closed_at), (0, None));
}

#[tokio::test]
async fn every_closing_is_counted_and_the_last_one_is_dated() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), assigned(1, 1)]).await;
    for _ in 0..3 {
        world.happened(&[closed(1)]).await;
        world.happened(&[reopened(1, Some(1))]).await;
    }
    let summary = world.summary(1).await;
    assert_eq!(summary.cycles, 3);
    assert_eq!(summary.closed_at.map(|at| at.position), Some(Position(7)));
    assert_eq!(summary.status_since.position, Position(8));
    let page = world.projections.transcript(session(1), Order::OldestFirst, first()).await;
    assert_eq!(page.expect("it can be read").expect("it exists").items.len(), 8, "no cycle is lost");
}

#[tokio::test]
async fn my_sessions_and_active_ones_are_by_last_activity_and_the_queue_by_waiting() {
    let mut world = World::new().await;
    for number in 1..=3 {
        world.happened(&[created(number, &at(1, 1)), assigned(number, 1)]).await;
        world.happened(&[created(number + 10, &at(1, 1))]).await;
    }
    world.happened(&[received(1, 1)]).await;
    world.happened(&[received(11, 2)]).await;
    let [my, queue, active, _] = lists(&world).await;
    assert_eq!((my, active), (vec![1, 3, 2], vec![1, 3, 2]));
    assert_eq!(queue, [11, 12, 13], "a message does not lose one's place in the queue");
}

#[tokio::test]
async fn a_thousand_sessions_of_three_lines_are_paged_without_gap_or_repeat() {
    let mut world = World::new().await;
    let mut facts = Vec::new();
    for number in 0..1_000 {
        facts.extend([created(number, &at(number % 3, 1)), assigned(number, 1)]);
    }
    world.happened(&facts).await; // One command: all have the same time.
    let lines = [line(0), line(1), line(2)];
    let newest_first: Vec<_> = (0..1_000).rev().map(session).collect();
    let projections = &world.projections;
    for items_max in [1, 7, 200] {
        let my = drained!(items_max, |page| projections.my_sessions(operator(1), page));
        assert!(ids(&my) == newest_first, "my sessions in pages of {items_max}");
        let active = drained!(items_max, |page| projections.active(&lines, page));
        assert!(ids(&active) == newest_first, "active sessions in pages of {items_max}");
    }
    let facts: Vec<_> = (0..1_000).map(closed).collect();
    world.happened(&facts).await;
    let projections = &world.projections;
    let by_line = drained!(33, |page| projections.closed_of_lines(&lines, page));
    assert!(ids(&by_line) == newest_first, "closed sessions of lines");
    let by_operator = drained!(33, |page| projections.closed_of_operator(operator(1), page));
    assert!(ids(&by_operator) == newest_first, "closed sessions of their operator");
    let facts: Vec<_> = (0..1_000).rev().map(|number| reopened(number, None)).collect();
    world.happened(&facts).await;
    let projections = &world.projections;
    let queue = drained!(33, |page| projections.queue(&lines, page));
    assert!(ids(&queue) == newest_first, "the queue, reopened backwards, the longest waiting first");
    let third = drained!(33, |page| projections.queue(&lines[..1], page));
    assert_eq!(third.len(), 334, "of one line");
}

#[tokio::test]
async fn a_list_names_a_line_once_and_not_too_many_of_them() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1))]).await;
    let queue = world.projections.queue(&[line(1), line(1)], first()).await.expect("queue");
    assert_eq!(numbers(&queue), [1]);
    let none = world.projections.queue(&[], first()).await.expect("queue");
    assert_eq!(numbers(&none), NONE);
    let lines: Vec<_> = (0..=MERGED_PARTS_MAX as u128).map(line).collect();
    let refused = world.projections.queue(&lines, first()).await;
    assert_eq!(refused, Err(QueryError::TooWide { parts_max: MERGED_PARTS_MAX }));
}

#[tokio::test]
async fn a_session_that_nobody_created_is_not_found() {
    let world = World::new().await;
    assert_eq!(world.projections.session(session(1)).await, Ok(None));
    let transcript = world.projections.transcript(session(1), Order::NewestFirst, first()).await;
    assert_eq!(transcript, Ok(None));
    assert_eq!(world.projections.earlier(session(1), first()).await, Ok(None));
}

#[test]
fn a_text_that_no_cursor_wrote_is_refused() {
    for text in ["", "p", "p-1", "p01", "p18446744073709551616", "k", "k1", "kzz", "K00", "k0é", "x1"] {
        assert!(text.parse::<Cursor>().is_err(), "{text:?}");
    }
    assert!(format!("k{}", "00".repeat(129)).parse::<Cursor>().is_err(), "it is too long");
    let cursor = Cursor::at(Position(90));
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    let named: Cursor = "k00".parse().expect("it is a cursor");
    let refused = world.projections.my_sessions(operator(1), PageOf::after(named, 5)).await;
    assert_eq!(refused, Err(QueryError::ForeignCursor));
    let placed = PageOf::after(Cursor::at(Position(1)), 5);
    assert_eq!(world.projections.operators(placed).await, Err(QueryError::ForeignCursor));
}

#[tokio::test]
async fn a_session_at_every_limit_is_kept_whole() {
    let mut world = World::new().await;
    let code = "z".repeat(CODE_BYTES_MAX);
    let element = |number| ElementRef { app: app(&code), element: order(number).element };
    let kind = KindCode::new(&code).expect("it is a code");
    let account = Account { kind: AccountKind::Custom(kind.clone()), address: "a".repeat(ADDRESS_BYTES_MAX) };
    let text = "ф".repeat(SESSION_NAME_BYTES_MAX / 2);
    let contact = Some(element(0));
    let customer = Customer { account: account.clone(), contact, name: "Ж".repeat(TITLE_BYTES_MAX / 2) };
    let created = SessionEvent::SessionCreated {
        line: line(1),
        channel: channel(1),
        kind: ChannelKind::Custom(kind),
        customer,
        name: text.clone(),
        subject: Some(text.clone()),
        origin: Origin::Card(element(0)),
        continues: Some(session(9)),
    };
    let links: Vec<_> = (0..LINKS_MAX as u128).map(element).collect();
    let mut facts = vec![of(1, created), assigned(1, 1), received(1, 1)];
    facts.extend(links.iter().map(|link| of(1, SessionEvent::ElementLinked { element: link.clone() })));
    facts.extend([closed(1), reopened(1, Some(1))]);
    world.happened(&facts).await;
    let summary = world.summary(1).await;
    assert!(summary.links == links && summary.subject == Some(text) && summary.account == account);
    world.happened(&[of(1, SessionEvent::ElementUnlinked { element: links[0].clone() })]).await;
    assert!(world.summary(1).await.links == links[1..]);
    let facts = links.iter().map(|link| of(1, SessionEvent::ElementUnlinked { element: link.clone() }));
    world.happened(&facts.collect::<Vec<_>>()).await;
    assert_eq!(world.summary(1).await.links, []);
}
