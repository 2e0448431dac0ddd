//! The feed: every event, in order, from any position, whoever reads how slowly.

use std::time::Duration;

use switchboard::domain::event::Event;
use switchboard::engine::{Feed, FeedError};
use switchboard::log::Position;
use switchboard::wire::Recorded;
use switchboard::{Caller, Engine};

#[path = "support/desk.rs"]
mod desk;

use desk::*;

/// Messages of one writer.
const MESSAGES: usize = 8;
/// Writers at once.
const WRITERS: usize = 64;

/// 64 customers write at once, each to a session of its own.
fn write(engine: &Engine, round: usize) -> Vec<tokio::task::JoinHandle<()>> {
    let customer = |writer: usize| {
        let engine = engine.clone();
        async move {
            for number in 0..MESSAGES {
                let external = format!("{round}-{writer}-{number}");
                let hello = inbound(VK, &format!("vk-{writer}"), &external, &external);
                engine.receive(Caller::channel(VK), hello).await.expect("received");
            }
        }
    };
    (0..WRITERS).map(|writer| tokio::spawn(customer(writer))).collect()
}

/// Reads up to a position, and checks that each event comes once and in its place.
async fn read_to(feed: &mut Feed, last: Position) -> Vec<Recorded> {
    let mut read: Vec<Recorded> = Vec::new();
    while feed.position() < last {
        let expected = feed.position().next();
        let recorded = feed.next().await.expect("the feed reads");
        assert_eq!((recorded.position, feed.position()), (expected, expected), "no gap and no repeat");
        read.push(recorded);
    }
    read
}

async fn joined(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("a writer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_any_position_the_feed_gives_everything_once_while_64_tasks_write() {
    for home in [Home::memory(), Home::folder()] {
        let mut engine = home.desk().await;
        let start = engine.head();
        for round in 0..2 {
            let starts = [Position::START, Position(7), start, engine.head()];
            let readers: Vec<_> = starts.map(|after| (after, engine.subscribe(after))).into();
            let writers = write(&engine, round);
            let events = u64::try_from(WRITERS * MESSAGES).expect("a small number");
            let least = Position(engine.head().0 + events);
            let readers: Vec<_> = readers
                .into_iter()
                .map(|(after, mut feed)| {
                    tokio::spawn(async move { (after, read_to(&mut feed, least).await, feed) })
                })
                .collect();
            joined(writers).await;
            let head = engine.head();
            let everything = recorded_after(&engine, Position::START).await;
            for reader in readers {
                let (after, mut read, mut feed) = reader.await.expect("a reader");
                read.extend(read_to(&mut feed, head).await);
                let from = usize::try_from(after.0).expect("a small number");
                assert!(read == everything[from..], "after {after} the feed gives what the log holds");
            }
            engine = home.reopened(engine).await;
            assert!(recorded_after(&engine, Position::START).await == everything, "the same after reopening");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_misses_nothing_and_holds_up_nobody() {
    let engine = Home::memory().desk().await;
    let mut slow = engine.subscribe(engine.head());
    let first = engine.head().next();
    joined(write(&engine, 0)).await;
    let head = engine.head();
    assert_eq!(slow.next().await.expect("the first one").position, first);
    let read = read_to(&mut slow, head).await;
    assert_eq!(read.len() as u64, head.0 - first.0);
    let received = |recorded: &&Recorded| matches!(recorded.event, Event::Inbound(_));
    assert_eq!(read.iter().filter(received).count(), WRITERS * MESSAGES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_subscribers_read_the_same() {
    let engine = Home::memory().desk().await;
    let after = engine.head();
    let target = Position(after.0 + (WRITERS * MESSAGES) as u64);
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let mut feed = engine.subscribe(after);
            tokio::spawn(async move { read_to(&mut feed, target).await })
        })
        .collect();
    joined(write(&engine, 0)).await;
    let mut expected = recorded_after(&engine, after).await;
    expected.truncate(WRITERS * MESSAGES);
    for reader in readers {
        assert!(reader.await.expect("a reader") == expected);
    }
}

/// Each wait is given up at another moment; the event comes with the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_wait_loses_no_event() {
    for home in [Home::memory(), Home::folder()] {
        let engine = home.desk().await;
        let after = engine.head();
        let mut feed = engine.subscribe(after);
        let writers = write(&engine, 0);
        let target = Position(after.0 + (WRITERS * MESSAGES) as u64);
        let (mut read, mut dropped) = (Vec::new(), 0_u32);
        while feed.position() < target {
            let patience = Duration::from_micros(u64::from(dropped % 40));
            tokio::select! {
                biased;
                recorded = feed.next() => read.push(recorded.expect("the feed reads").position.0),
                () = tokio::time::sleep(patience) => dropped += 1,
            }
            if dropped % 3 == 0 {
                // Polled once and dropped.
                let once = std::future::poll_fn(|context| {
                    let polled = std::pin::pin!(feed.next()).as_mut().poll(context);
                    std::task::Poll::Ready(polled)
                });
                match once.await {
                    std::task::Poll::Ready(recorded) => {
                        read.push(recorded.expect("the feed reads").position.0)
                    }
                    std::task::Poll::Pending => dropped += 1,
                }
            }
        }
        joined(writers).await;
        let expected: Vec<u64> = (after.0 + 1..).take(read.len()).collect();
        assert_eq!(read, expected, "after {dropped} dropped waits");
    }
}

#[tokio::test]
async fn a_feed_ends_with_its_engine_and_goes_on_where_it_was() {
    for home in [Home::memory(), Home::folder()] {
        let engine = home.desk().await;
        let mut feed = engine.subscribe(Position::START);
        let head = engine.head();
        read_to(&mut feed, head).await;
        let waiting = tokio::spawn(async move {
            let end = feed.next().await;
            (end, feed)
        });
        let engine = home.reopened(engine).await;
        let (end, mut feed) = waiting.await.expect("a reader");
        assert_eq!(end, Err(FeedError::Closed));
        assert_eq!(feed.next().await, Err(FeedError::Closed), "and stays at its end");
        let mut next = engine.subscribe(feed.position());
        let create = creation(SUPPORT, PHONE);
        let receipt = engine.create_session(operator(ANNA), create).await.expect("created");
        assert_eq!(read_to(&mut next, receipt.position).await.len() as u64, receipt.position.0 - head.0);
        drop(engine);
        assert_eq!(next.next().await, Err(FeedError::Closed), "an engine that was dropped is gone too");
    }
}
