//! Transcripts, cards and customers.

use switchboard::domain::event::{Fact, SessionEvent};
use switchboard::domain::time::Timestamp;
use switchboard::log::Position;
use switchboard::projection::{
    Author, Cursor, Delivery, MessageView, Order, PAGE_TEXT_BYTES_MAX, PageOf, TranscriptEntry,
    TranscriptItem,
};

use crate::drained;
use crate::world::*;

fn texts(messages: &[MessageView]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}

async fn transcript(world: &World, order: Order, page: PageOf) -> Vec<TranscriptEntry> {
    let page = world.projections.transcript(session(1), order, page).await;
    page.expect("it can be read").expect("it exists").items
}

async fn card(world: &World, element: u128) -> Vec<MessageView> {
    drained!(2, |page| world.projections.element_messages(&order(element), None, page))
}

#[tokio::test]
async fn a_transcript_shows_messages_and_marks_in_order() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), assigned(1, 1)]).await;
    world.happened(&[created(2, &at(1, 2)), received(1, 1), received(2, 2), sent(1, 1, 3)]).await;
    world.happened(&[of(1, SessionEvent::MessageHandedOver { message: message(3) })]).await;
    world.happened(&[of(1, SessionEvent::SessionRenamed { name: "другое".into() }), linked(1, 1)]).await;
    world.happened(&[unlinked(1, 1), closed(1), reopened(1, Some(2)), initiated(1, 4)]).await;
    let oldest = transcript(&world, Order::OldestFirst, first()).await;
    let shown = oldest.iter().map(|entry| match &entry.item {
        TranscriptItem::Message(message) => message.text.clone(),
        TranscriptItem::Created { .. } => "created".into(),
        TranscriptItem::Assigned { operator } => format!("assigned {operator}"),
        TranscriptItem::Closed => "closed".into(),
        TranscriptItem::Reopened { operator } => format!("reopened {}", operator.is_some()),
        TranscriptItem::Renamed { name } => name.clone(),
        TranscriptItem::Linked { element } => format!("linked {}", element.app),
        TranscriptItem::Unlinked { element } => format!("unlinked {}", element.app),
    });
    let assigned = format!("assigned {}", operator(1));
    let expected = [
        "created",
        &assigned,
        "question 1",
        "answer 3",
        "другое",
        "linked orders",
        "unlinked orders",
        "closed",
        "reopened true",
        "notice 4",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    let mut newest = transcript(&world, Order::NewestFirst, first()).await;
    newest.reverse();
    assert_eq!(newest, oldest, "both ways show the same");
    let after = PageOf::after(Cursor::at(Position(8)), 2);
    let late = transcript(&world, Order::OldestFirst, after).await;
    let positions: Vec<_> = late.iter().map(|entry| entry.position).collect();
    assert_eq!(positions, [Position(9), Position(10)], "what came after a place");
    let TranscriptItem::Message(process) = &oldest[9].item else { panic!("a message") };
    assert!(matches!(&process.author, Author::Process(code) if code.as_str() == "order-ready"));
}

#[tokio::test]
async fn a_transcript_of_a_thousand_messages_is_paged_without_gap_or_repeat() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), created(2, &at(1, 2))]).await;
    for chunk in 0..10 {
        let facts: Vec<_> = (0..100).map(|id| received(1 + id % 2, chunk * 100 + id)).collect();
        world.recorded(&facts).await;
    }
    world.projections.caught_up(Position(1_002)).await.expect("it folds");
    for (order, items_max) in [(Order::NewestFirst, 7), (Order::OldestFirst, 199)] {
        let mut positions = Vec::new();
        let mut page = PageOf::first(items_max);
        loop {
            let read = world.projections.transcript(session(1), order, page).await;
            let read = read.expect("it can be read").expect("it exists");
            positions.extend(read.items.iter().map(|entry| entry.position.0));
            let Some(next) = read.next else { break };
            page = PageOf::after(next, items_max);
        }
        if order == Order::NewestFirst {
            positions.reverse();
        }
        let expected: Vec<u64> = std::iter::once(1).chain((3..1_003).step_by(2)).collect();
        assert!(positions == expected, "{order:?}");
    }
}

#[tokio::test]
async fn a_message_shows_the_furthest_it_came() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), assigned(1, 1), sent(1, 1, 1), received(1, 2)]).await;
    let delivery = async |world: &World| {
        let shown = transcript(world, Order::OldestFirst, first()).await;
        let message = |at: usize| match &shown[at].item {
            TranscriptItem::Message(message) => message.delivery.clone(),
            other => panic!("{other:?} is no message"),
        };
        assert_eq!(message(3), None, "a customer's message is not delivered by us");
        message(2).expect("ours is")
    };
    assert_eq!(delivery(&world).await, Delivery::Pending);
    let reason = "blocked".to_owned();
    let reports = [
        (SessionEvent::MessageHandedOver { message: message(1) }, Delivery::HandedOver),
        (
            SessionEvent::MessageFailed { message: message(1), reason: reason.clone() },
            Delivery::Failed { reason },
        ),
        (SessionEvent::MessageRead { message: message(1) }, Delivery::Read),
        (SessionEvent::MessageDelivered { message: message(1) }, Delivery::Read),
    ];
    for (report, expected) in reports {
        world.happened(&[of(1, report)]).await;
        assert_eq!(delivery(&world).await, expected);
    }
}

#[tokio::test]
async fn linking_brings_a_sessions_messages_to_the_card_and_unlinking_takes_them_away() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), received(1, 1)]).await;
    world.happened(&[created(2, &at(2, 2)), received(2, 2)]).await;
    world.happened(&[received(1, 3), linked(1, 1), received(1, 4)]).await;
    assert_eq!(texts(&card(&world, 1).await), ["question 4", "question 3", "question 1"]);
    world.happened(&[linked(2, 1), linked(2, 9), received(2, 5)]).await;
    let all = ["question 5", "question 4", "question 3", "question 2", "question 1"];
    assert_eq!(texts(&card(&world, 1).await), all);
    let second = world.projections.element_messages(&order(1), Some(&[line(2)]), first()).await;
    assert_eq!(texts(&second.expect("it can be read").items), ["question 5", "question 2"], "of one line");
    world.happened(&[unlinked(1, 1), received(1, 6)]).await;
    assert_eq!(texts(&card(&world, 1).await), ["question 5", "question 2"]);
    world.happened(&[linked(1, 1), unlinked(1, 1), linked(1, 1)]).await;
    assert_eq!(card(&world, 1).await.len(), 6, "linked again, it is all there");
    assert_eq!(texts(&card(&world, 9).await), ["question 5", "question 2"], "the other card is its own");
}

/// A message with a text of so many bytes, of which every second letter has two.
fn written(id: u128, bytes: usize) -> String {
    let pairs = (bytes - 3).div_euclid(3);
    let text: String = format!("{id:03}{}", "aй".repeat(pairs));
    format!("{text}{}", "z".repeat(bytes - text.len()))
}

fn every_kind_of_message(of_session: u128, from: u128) -> Vec<Fact> {
    let mut facts =
        vec![sent(of_session, 1, from), initiated(of_session, from + 1), received(of_session, from + 2)];
    for (id, bytes) in (from + 3..).zip([510, 511, 512, 513, 4_000]) {
        facts.push(received_text(of_session, id, written(id, bytes)));
    }
    for (id, subject) in
        (from + 8..).zip([Some(String::new()), Some("тема".repeat(50)), Some("тема".repeat(63)), None])
    {
        let (text, external_id) = (written(id, 8), format!("mail.{id}"));
        let sent_at = (id % 2 == 0).then_some(Timestamp(id as i64));
        let event =
            SessionEvent::MessageReceived { message: message(id), external_id, text, subject, sent_at };
        facts.push(of(of_session, event));
    }
    facts
}

#[tokio::test]
async fn a_card_shows_the_same_of_a_message_whether_it_was_linked_before_or_after() {
    let mut world = World::new().await;
    world
        .happened(&[created(1, &at(1, 1)), created(2, &at(2, 1)), linked(1, 1), linked(1, 2), linked(2, 1)])
        .await;
    for (number, from) in [(1, 100), (2, 200), (1, 300)] {
        world.happened(&every_kind_of_message(number, from)).await;
    }
    world.happened(&[of(1, SessionEvent::MessageRead { message: message(100) }), unlinked(1, 2)]).await;
    world.happened(&[linked(1, 2), linked(2, 2), linked(2, 3)]).await;
    let [before, after] = [card(&world, 1).await, card(&world, 2).await];
    assert_eq!(before.len(), 36);
    assert_eq!(before, after, "the second card reads all of it from the log");
    let of_customer = drained!(5, |page| world.projections.customer_messages(&phone(1), None, page));
    assert_eq!(before, of_customer);
    let large_page = world.projections.element_messages(&order(1), None, PageOf::first(36)).await;
    assert_eq!(large_page.expect("a page").items, before);
    let read: Vec<_> = before.iter().filter(|shown| shown.delivery == Some(Delivery::Read)).collect();
    assert_eq!(read.len(), 1, "what became of one message is told of it alone");
    let subjects = before.iter().filter_map(|shown| shown.subject.as_deref()).map(str::len);
    assert_eq!(subjects.collect::<Vec<_>>(), [504, 400, 0].repeat(3));
    assert_eq!(before.iter().filter(|shown| shown.sent_at.is_some()).count(), 6);
}

#[tokio::test]
async fn a_page_of_a_card_ends_before_the_first_text_that_it_has_no_room_for() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), linked(1, 1)]).await;
    let large = "й".repeat(400_000);
    for id in 0..12 {
        world.happened(&[received_text(1, 2 * id, large.clone()), received(1, 2 * id + 1)]).await;
    }
    let first_page = world.projections.element_messages(&order(1), None, first()).await.expect("a page");
    let short_and_large = 2 * (PAGE_TEXT_BYTES_MAX / large.len());
    assert_eq!(first_page.items.len(), short_and_large + 1, "the short one before the next large one too");
    let all = drained!(50, |page| world.projections.element_messages(&order(1), None, page));
    let positions: Vec<_> = all.iter().map(|message| message.position.0).collect();
    assert_eq!(positions, (3..27).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_card_lists_open_sessions_and_keeps_closed_ones_in_its_archive() {
    let mut world = World::new().await;
    for number in 1..=3 {
        world.happened(&[created(number, &at(number, 1)), assigned(number, 1), linked(number, 1)]).await;
    }
    world.happened(&[closed(3), closed(1)]).await;
    let projections = &world.projections;
    let open = projections.linked(&order(1), None, first()).await.expect("linked");
    let archive = projections.archive(&order(1), None, first()).await.expect("archive");
    assert_eq!((numbers(&open), numbers(&archive)), (vec![2], vec![1, 3]));
    let of_line = projections.archive(&order(1), Some(&[line(3)]), first()).await.expect("archive");
    assert_eq!(numbers(&of_line), [3]);
    world.happened(&[unlinked(1, 1), reopened(3, None)]).await;
    let open = world.projections.linked(&order(1), None, first()).await.expect("linked");
    let archive = world.projections.archive(&order(1), None, first()).await.expect("archive");
    assert_eq!((numbers(&open), numbers(&archive)), (vec![3, 2], vec![]));
}

#[tokio::test]
async fn a_card_with_many_messages_of_many_lines_is_paged_without_gap_or_repeat() {
    let mut world = World::new().await;
    let mut facts = Vec::new();
    for number in 0..100 {
        facts.extend([created(number, &at(number % 10, 1)), linked(number, 1)]);
    }
    world.happened(&facts).await;
    let facts: Vec<_> = (0..3_000).map(|id| received(id * 7 % 100, id)).collect();
    world.happened(&facts).await;
    let messages = drained!(97, |page| world.projections.element_messages(&order(1), None, page));
    let positions: Vec<_> = messages.iter().map(|message| message.position.0).collect();
    let expected: Vec<_> = (201..=3_200).rev().collect();
    assert!(positions == expected, "every message once, newest first");
}

#[tokio::test]
async fn a_customers_correspondence_spans_sessions_and_lines() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), received(1, 1), created(2, &at(2, 1)), received(2, 2)]).await;
    world.happened(&[created(3, &at(1, 2)), received(3, 3), received(1, 4)]).await;
    let projections = &world.projections;
    let sessions = projections.customer_sessions(&phone(1), None, first()).await.expect("sessions");
    assert_eq!(numbers(&sessions), [2, 1]);
    let messages = projections.customer_messages(&phone(1), None, first()).await.expect("messages");
    assert_eq!(texts(&messages.items), ["question 4", "question 2", "question 1"]);
    let of_line =
        projections.customer_messages(&phone(1), Some(&[line(1)]), first()).await.expect("messages");
    assert_eq!(texts(&of_line.items), ["question 4", "question 1"]);
    let of_line = projections.customer_sessions(&phone(1), Some(&[line(2), line(3)]), first()).await;
    assert_eq!(numbers(&of_line.expect("sessions")), [2]);
}

#[tokio::test]
async fn the_earlier_correspondence_is_of_the_same_slot_before_the_session() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), received(1, 1), closed(1)]).await;
    world.happened(&[created(2, &at(1, 1)), received(2, 2), closed(2)]).await;
    world.happened(&[created(3, &at(2, 1)), received(3, 3)]).await;
    world.happened(&[created(4, &at(1, 1)), received(4, 4), sent(4, 1, 5)]).await;
    let earlier = drained!(1, |page| async {
        world.projections.earlier(session(4), page).await.map(|page| page.expect("it exists"))
    });
    assert_eq!(texts(&earlier), ["question 2", "question 1"]);
    let none = world.projections.earlier(session(1), first()).await.expect("it can be read");
    assert_eq!(none.expect("it exists").items, []);
}

#[tokio::test]
async fn a_page_ends_early_when_its_texts_are_large() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1))]).await;
    let large = "й".repeat(400_000);
    for id in 0..12 {
        world.happened(&[received_text(1, id, large.clone())]).await;
    }
    let first_page = world.projections.customer_messages(&phone(1), None, first()).await.expect("a page");
    assert_eq!(first_page.items.len(), PAGE_TEXT_BYTES_MAX / large.len());
    let all = drained!(50, |page| world.projections.customer_messages(&phone(1), None, page));
    assert_eq!(all.len(), 12);
}

#[tokio::test]
async fn previews_are_cut_and_what_is_no_message_has_none() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1)), received_text(1, 1, "Здравствуйте".into())]).await;
    let previews = world.projections.texts(&[Position(2), Position(1), Position(9)], 5).await;
    assert_eq!(previews, Ok(vec![Some("Здрав".into()), None, None]));
}
