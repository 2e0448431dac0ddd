//! Following, stopping, rebuilding, reopening.

use std::sync::Arc;
use std::time::Duration;

use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{ElementEvent, Event, Fact, Stream};
use switchboard::log::memory::MemoryLog;
use switchboard::log::{
    Append, AppendError, Appended, Log, LogFuture, LogStats, Position, ReadError, Record, StreamName, Version,
};
use switchboard::projection::{
    PAGE_EVENTS_MAX, PAGES_TOGETHER_MAX, Place, ProjectionError, ProjectionName, Projections, QueryError,
};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::random::{dump, history};
use crate::world::*;

async fn recorded(log: &MemoryLog, commands: &[Vec<Fact>]) -> Position {
    let mut last = log.head();
    for facts in commands {
        let append = append_of(facts, u128::from(last.0) + 1, i64::try_from(last.0).expect("it is short"));
        last = log.append(append).await.expect("a log in memory takes it").last;
    }
    last
}

#[tokio::test]
async fn caught_up_waits_for_its_position_and_returns_at_once_for_an_old_one() {
    let mut world = World::new().await;
    let mut later = Box::pin(world.projections.caught_up(Position(2)));
    assert!(timeout(Duration::ZERO, later.as_mut()).await.is_err(), "nothing has happened");
    world.log.append(append_of(&[created(1, &at(1, 1)), received(1, 1)], 9, 0)).await.expect("it is taken");
    later.await.expect("it folds");
    assert!(world.projections.position() >= Position(2));
    assert_eq!(world.projections.caught_up(Position(1)).await, Ok(()));
    assert_eq!(world.projections.caught_up(Position::START).await, Ok(()));
    world.happened(&[received(1, 2)]).await;
}

#[tokio::test]
async fn a_query_after_opening_sees_all_that_the_log_held() {
    let log = MemoryLog::new();
    let facts: Vec<_> = (0..20_000).map(|number| created(number, &at(1, 1))).collect();
    for chunk in facts.chunks(5_000) {
        recorded(&log, &[chunk.to_vec()]).await;
    }
    let projections = open(Place::Memory, &log).await;
    let last = projections.session(session(19_999)).await.expect("it answers");
    assert!(last.is_some(), "without waiting for a position");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_seen_whole_wherever_pages_end() {
    let log = MemoryLog::new();
    let projections = open(Place::Memory, &log).await;
    assert_ne!(PAGE_EVENTS_MAX % 3, 0, "full pages would end between commands of three events by chance");
    let sessions = (PAGE_EVENTS_MAX * PAGES_TOGETHER_MAX / 2) as u128;
    let commands: Vec<_> = (0..sessions)
        .map(|number| vec![created(number, &at(1, 1)), assigned(number, 1), received(number, number)])
        .collect();
    let last = recorded(&log, &commands).await;
    let mut seen = Vec::new();
    while projections.position() < last {
        let queue = projections.queue(&[line(1)], first()).await.expect("queue");
        assert_eq!(numbers(&queue), [], "a session created by an operator never waits");
        seen.push(projections.position());
    }
    seen.dedup();
    assert!(seen.len() > 2, "it was asked between pages: {seen:?}");
}

#[tokio::test]
async fn a_rebuild_gives_what_was_there() {
    let log = MemoryLog::new();
    recorded(&log, &history(7, 600)).await;
    let projections = open(Place::Memory, &log).await;
    let live = dump(&projections).await;
    for name in ProjectionName::ALL {
        projections.rebuild(&[name]).await.expect("it folds");
        assert!(dump(&projections).await == live, "{name} rebuilt alone");
    }
    projections.rebuild(&ProjectionName::ALL).await.expect("it folds");
    assert!(dump(&projections).await == live, "all rebuilt");
    projections.rebuild(&[]).await.expect("nothing is to be done");
}

#[tokio::test]
async fn what_is_folded_many_pages_at_once_is_what_is_folded_one_by_one() {
    let log = MemoryLog::new();
    let followed = open(Place::Memory, &log).await;
    for command in history(23, 2 * PAGE_EVENTS_MAX) {
        let last = recorded(&log, &[command]).await;
        followed.caught_up(last).await.expect("it folds");
    }
    assert!(log.head().0 > 3 * PAGE_EVENTS_MAX as u64, "some pages");
    let one_by_one = dump(&followed).await;
    let at_once = open(Place::Memory, &log).await;
    assert!(dump(&at_once).await == one_by_one, "opened behind the log");
    followed.rebuild(&[ProjectionName::Messages]).await.expect("it folds");
    assert!(dump(&followed).await == one_by_one, "rebuilt");
}

#[tokio::test]
async fn nothing_is_left_out_where_there_are_more_pages_than_are_folded_together() {
    let log = MemoryLog::new();
    let sessions = ((PAGES_TOGETHER_MAX + 2) * PAGE_EVENTS_MAX) as u128;
    // A page ends where an append does.
    for from in (0..sessions).step_by(300) {
        let numbers = from..sessions.min(from + 300);
        recorded(&log, &[numbers.map(|number| created(number, &at(1, 1))).collect()]).await;
    }
    let projections = open(Place::Memory, &log).await;
    for number in 0..sessions {
        let known = projections.session(session(number)).await.expect("it answers");
        assert!(known.is_some(), "session {number}");
    }
}

#[tokio::test]
async fn queries_during_a_rebuild_wait_for_the_whole() {
    let log = MemoryLog::new();
    for chunk in 0..10 {
        let numbers = chunk * 3_000..(chunk + 1) * 3_000;
        recorded(&log, &[numbers.map(|number| created(number, &at(1, 1))).collect()]).await;
    }
    let projections = Arc::new(open(Place::Memory, &log).await);
    let last = || projections.session(session(29_999));
    assert!(last().await.expect("it answers").is_some());
    let rebuilding = tokio::spawn({
        let projections = Arc::clone(&projections);
        async move { projections.rebuild(&[ProjectionName::Sessions]).await }
    });
    while !rebuilding.is_finished() {
        assert!(last().await.expect("it answers").is_some(), "never a half");
        tokio::task::yield_now().await;
    }
    rebuilding.await.expect("it does not panic").expect("it folds");
}

#[tokio::test]
async fn a_folder_opened_again_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let place = || Place::Folder(folder.path().join("views"));
    let log = MemoryLog::new();
    let commands = history(11, 900);
    let (before, after) = commands.split_at(600);
    recorded(&log, before).await;
    let projections = open(place(), &log).await;
    let first = dump(&projections).await;
    projections.close().await.expect("it is written");
    assert_eq!(projections.session(session(1)).await, Err(QueryError::Unavailable(ProjectionError::Closed)));
    assert_eq!(projections.close().await, Err(ProjectionError::Closed));

    let projections = open(place(), &log).await;
    assert_eq!(projections.position(), log.head(), "nothing is folded again");
    assert!(dump(&projections).await == first, "the same from the disk");
    let last = recorded(&log, after).await;
    projections.caught_up(last).await.expect("it folds");
    let live = dump(&projections).await;
    projections.close().await.expect("it is written");

    let projections = open(place(), &log).await;
    assert!(dump(&projections).await == live, "the same after another opening");
    let fresh = open(Place::Memory, &log).await;
    assert!(dump(&fresh).await == live, "the same as from the start");
    projections.rebuild(&ProjectionName::ALL).await.expect("it folds");
    assert!(dump(&projections).await == live, "the same after a rebuild on disk");
}

#[test]
fn what_was_not_written_is_folded_again() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = MemoryLog::new();
    let run = || tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let commands = history(13, 400);
    let first = run();
    let live = first.block_on(async {
        let projections = open(Place::Folder(folder.path().into()), &log).await;
        recorded(&log, &commands).await;
        projections.caught_up(log.head()).await.expect("it folds");
        let live = dump(&projections).await;
        std::mem::forget(projections); // Nobody closes it, or even drops it: the runtime just ends.
        live
    });
    drop(first);
    let copy = tempfile::tempdir().expect("a folder for temporary files");
    for file in std::fs::read_dir(folder.path()).expect("it is a folder") {
        let file = file.expect("it can be read");
        if file.file_type().expect("it has a type").is_file() {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("it can be copied");
        }
    }
    run().block_on(async {
        let projections = open(Place::Folder(copy.path().into()), &log).await;
        assert_eq!(projections.position(), Position::START, "nothing was due to be written");
        assert!(dump(&projections).await == live, "as if nothing had been lost");
        projections.close().await.expect("it is written");
    });
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = MemoryLog::new();
    let first = open(Place::Folder(folder.path().into()), &log).await;
    let second = Projections::open(Place::Folder(folder.path().into()), log).await;
    assert!(matches!(&second, Err(ProjectionError::Store { reason }) if reason.contains("open already")));
    first.close().await.expect("it is written");
}

#[tokio::test]
async fn the_tables_of_another_log_are_folded_again() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let place = || Place::Folder(folder.path().into());
    let old = MemoryLog::new();
    recorded(&old, &[vec![created(1, &at(1, 1))], vec![received(1, 1)]]).await;
    let projections = open(place(), &old).await;
    projections.session(session(1)).await.expect("it answers");
    projections.close().await.expect("it is written");

    for commands in [vec![vec![created(2, &at(1, 1))]], vec![vec![created(2, &at(1, 1))], vec![closed(2)]]] {
        let new = MemoryLog::new();
        recorded(&new, &commands).await;
        let projections = open(place(), &new).await;
        assert_eq!(projections.session(session(1)).await, Ok(None), "of the old log");
        assert!(projections.session(session(2)).await.expect("it answers").is_some(), "of the new log");
        projections.close().await.expect("it is written");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_stops_them_at_its_position() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1))]).await;
    let mut append = append_of(&[received(1, 1)], 50, 0);
    append.entries[0].kind = u16::MAX;
    world.log.append(append).await.expect("the log does not look");
    let stopped = world.projections.caught_up(Position(2)).await;
    let Err(ProjectionError::Undecodable { position, reason: _ }) = &stopped else { panic!("{stopped:?}") };
    assert_eq!(*position, Position(2));
    let error = stopped.expect_err("it stopped");
    assert_eq!(world.projections.caught_up(Position(1)).await, Ok(()), "that was reached before");
    let refused = world.projections.session(session(1)).await;
    assert_eq!(refused, Err(QueryError::Unavailable(error.clone())), "what is stale is not told");
    assert_eq!(world.projections.rebuild(&ProjectionName::ALL).await, Err(error));
}

#[tokio::test]
async fn an_event_that_contradicts_the_others_stops_them_at_its_position() {
    let illegal = [received(1, 1), closed(1), assigned(1, 1), linked(1, 1)];
    for fact in illegal {
        let mut world = World::new().await;
        world.recorded(&[created(2, &at(1, 1)), fact]).await;
        let stopped = world.projections.caught_up(Position(2)).await;
        let Err(ProjectionError::Illegal { projection, position, reason }) = stopped else {
            panic!("{stopped:?}")
        };
        assert_eq!((projection, position), (ProjectionName::Sessions, Position(2)), "{reason}");
    }
    for facts in [[closed(1), closed(1)], [closed(1), assigned(1, 1)], [received(1, 1), reopened(1, None)]] {
        let mut world = World::new().await;
        world.happened(&[created(1, &at(1, 1))]).await;
        world.recorded(&facts).await;
        let stopped = world.projections.caught_up(Position(3)).await;
        assert!(
            matches!(&stopped, Err(ProjectionError::Illegal { position: Position(3), .. })),
            "{stopped:?}"
        );
    }
}

#[tokio::test]
async fn a_panic_while_folding_stops_them_and_says_where() {
    let mut world = World::new().await;
    world.happened(&[created(1, &at(1, 1))]).await;
    // No command makes a field's name so long; it does not fit a key of the tables, which panic.
    let fields = vec![("f".repeat(5_000), FieldValue::Text(String::new()))];
    let event = ElementEvent::ElementCreated { title: "заказ".into(), fields };
    world.recorded(&[Fact { stream: Stream::Element(order(1)), event: Event::Element(event) }]).await;
    let stopped = world.projections.caught_up(Position(2)).await;
    let Err(ProjectionError::Panicked { position, reason }) = stopped else { panic!("{stopped:?}") };
    assert_eq!(position, Position(2));
    assert!(reason.contains("key"), "{reason}");
}

/// A log that fails as it is told.
struct Broken(Arc<MemoryLog>, fn(Position) -> Result<Vec<Record>, ReadError>);

impl Log for Broken {
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>> {
        self.0.append(append)
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.0.read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, _limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let answer = self.1;
        Box::pin(async move { answer(after) })
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.0.read_at(positions, bytes_max)
    }

    fn head(&self) -> Position {
        self.0.head()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.0.follow()
    }

    fn stats(&self) -> LogStats {
        self.0.stats()
    }

    fn poisoned(&self) -> Option<String> {
        self.0.poisoned()
    }

    fn close(&self) -> LogFuture<()> {
        self.0.close()
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_stops_them_with_its_reason() {
    let log = MemoryLog::new();
    recorded(&log, &[vec![created(1, &at(1, 1))]]).await;
    let source = ReadError::Unavailable { reason: "gone".into() };
    let broken = Broken(Arc::clone(&log), |_| Err(ReadError::Unavailable { reason: "gone".into() }));
    let projections = Projections::open(Place::Memory, Arc::new(broken)).await.expect("it opens");
    let stopped = projections.caught_up(Position(1)).await;
    assert_eq!(stopped, Err(ProjectionError::Log { after: Position::START, source }));
    let broken = Broken(log, |_| panic!("the log broke"));
    let projections = Projections::open(Place::Memory, Arc::new(broken)).await.expect("it opens");
    let stopped = projections.caught_up(Position(1)).await;
    let reason = "the log broke".to_owned();
    assert_eq!(stopped, Err(ProjectionError::Panicked { position: Position::START, reason }));
}
