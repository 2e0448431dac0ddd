//! A merge that is under way, or fails, while the projections are rebuilt or closed.

#![expect(clippy::await_holding_lock, reason = "merges are held on purpose, and no task waits for that")]

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::View;
use super::tests::by_administrator;
use crate::domain::account::{Account, AccountKind};
use crate::domain::channel::ChannelKind;
use crate::domain::event::{Customer, Event, Fact, Origin, SessionEvent, Stream};
use crate::domain::id::{ChannelId, LineId, SessionId};
use crate::log::Log;
use crate::log::memory::MemoryLog;
use crate::projection::{PageOf, Place, ProjectionError, ProjectionName, Projections, SessionSummary};
use crate::wire;

/// Events after which these tables are written, so that there are runs to merge soon.
const FLUSH_EVENTS: u64 = 20;

/// Sessions after which a merge must have begun: it takes some flushes, and each some sessions.
const SESSIONS_MAX: u128 = 2_000;

/// What is waited for that must happen.
const HANG: Duration = Duration::from_secs(60);

fn line() -> LineId {
    LineId(Uuid::from_u128(1))
}

async fn opened(place: Place, log: &Arc<MemoryLog>) -> Projections {
    let log: Arc<dyn Log> = Arc::<MemoryLog>::clone(log);
    Projections::open_to_flush(place, log, FLUSH_EVENTS).await.expect("it opens")
}

/// Creates a session that waits, and closes every other one.
async fn happens(log: &MemoryLog, number: u128) {
    let account = Account { kind: AccountKind::Phone, address: format!("+7916{number:07}") };
    let created = SessionEvent::SessionCreated {
        line: line(),
        channel: ChannelId(Uuid::from_u128(2)),
        kind: ChannelKind::WhatsApp,
        customer: Customer { account, contact: None, name: "Анна".into() },
        name: format!("session {number}"),
        subject: None,
        origin: Origin::LinesSection,
        continues: None,
    };
    let closed = (number.is_multiple_of(2)).then_some(SessionEvent::SessionClosed);
    let stream = Stream::Session(SessionId(Uuid::from_u128(1_000 + number)));
    let facts = std::iter::once(created).chain(closed);
    let fact = |event| wire::entry(&Fact { stream: stream.clone(), event: Event::Session(event) });
    let append = by_administrator(1 + number, facts.map(fact).collect());
    log.append(append).await.expect("a log in memory takes it");
}

/// The table that is merged first.
fn sessions(projections: &Projections) -> impl std::ops::Deref<Target = View> {
    struct First(Arc<[View; super::COUNT]>);
    impl std::ops::Deref for First {
        type Target = View;
        fn deref(&self) -> &View {
            &self.0[0]
        }
    }
    First(projections.tables.views().expect("they are open"))
}

/// Lets sessions happen until a merge is under way, which cannot end while merges are held.
async fn until_merging(projections: &Projections, log: &MemoryLog) {
    for number in 0..SESSIONS_MAX {
        happens(log, number).await;
        projections.caught_up(log.head()).await.expect("it folds");
        if sessions(projections).table.has_merged() {
            return;
        }
    }
    panic!("nothing was merged");
}

/// All sessions, those that wait and those that are closed.
async fn all(projections: &Projections) -> Vec<SessionSummary> {
    let mut all = Vec::new();
    for closed in [false, true] {
        let mut page = PageOf::first(200);
        loop {
            let read = match closed {
                false => projections.queue(&[line()], page).await,
                true => projections.closed_of_lines(&[line()], page).await,
            };
            let read = read.expect("it answers");
            all.extend(read.items);
            let Some(next) = read.next else { break };
            page = PageOf::after(next, 200);
        }
    }
    all
}

/// The folder opened again has what folding all of it anew gives.
async fn is_whole(folder: &Path, log: &Arc<MemoryLog>) {
    let again = timeout(HANG, opened(Place::Folder(folder.into()), log)).await.expect("it is free");
    let anew = opened(Place::Memory, log).await;
    let found = all(&again).await;
    assert!(!found.is_empty() && found == all(&anew).await, "of {} sessions", found.len());
    timeout(HANG, again.close()).await.expect("it ends").expect("it is written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_during_a_merge_waits_for_it_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = MemoryLog::new();
    let projections = opened(Place::Folder(folder.path().into()), &log).await;
    let first = sessions(&projections);
    let held = first.table.hold_merges();
    until_merging(&projections, &log).await;
    let before = all(&projections).await;
    let mut rebuilt = pin!(projections.rebuild(&ProjectionName::ALL));
    assert!(timeout(Duration::from_millis(50), rebuilt.as_mut()).await.is_err(), "it waits for the merge");
    assert!(all(&projections).await == before, "what is there is answered meanwhile");
    drop(held);
    timeout(HANG, rebuilt).await.expect("it ends").expect("it folds");
    assert!(all(&projections).await == before, "rebuilt");
    drop(first);
    timeout(HANG, projections.close()).await.expect("it ends").expect("it is written");
    is_whole(folder.path(), &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_close_during_a_merge_waits_for_it_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = MemoryLog::new();
    let projections = opened(Place::Folder(folder.path().into()), &log).await;
    let first = sessions(&projections);
    let held = first.table.hold_merges();
    until_merging(&projections, &log).await;
    let mut closed = pin!(projections.close());
    assert!(timeout(Duration::from_millis(50), closed.as_mut()).await.is_err(), "it waits for the merge");
    drop(held);
    drop(first);
    timeout(HANG, closed).await.expect("it ends").expect("it is written");
    is_whole(folder.path(), &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_at_rest_is_merged_by_itself_and_folds_on_meanwhile() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = MemoryLog::new();
    let projections = opened(Place::Folder(folder.path().into()), &log).await;
    let first = sessions(&projections);
    let mut number = 0;
    // Flushes follow each other until there is something to merge at rest that is not due.
    while first.table.runs() < 2 || first.table.has_merged() {
        happens(&log, number).await;
        projections.caught_up(log.head()).await.expect("it folds");
        number += 1;
        assert!(number < SESSIONS_MAX, "nothing was written");
    }
    let held = first.table.hold_merges();
    let begun = async {
        while !first.table.has_merged() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(HANG, begun).await.expect("a merge begins, though nothing happens");
    for more in number..number + 100 {
        happens(&log, more).await;
    }
    timeout(HANG, projections.caught_up(log.head())).await.expect("it folds meanwhile").expect("it folds");
    drop(held);
    timeout(HANG, projections.rest()).await.expect("it ends").expect("it is merged");
    assert_eq!(first.table.runs(), 1);
    drop(first);
    timeout(HANG, projections.close()).await.expect("it ends").expect("it is written");
    assert_eq!(projections.rest().await, Err(ProjectionError::Closed));
    is_whole(folder.path(), &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_fails_during_a_close_or_a_rebuild_is_told_and_loses_nothing() {
    for rebuild in [false, true] {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let log = MemoryLog::new();
        let projections = opened(Place::Folder(folder.path().into()), &log).await;
        let first = sessions(&projections);
        let held = first.table.hold_merges();
        until_merging(&projections, &log).await;
        // Neither the merge nor a flush can say which runs count.
        let obstacle = folder.path().join("sessions.manifest.new");
        let _ = std::fs::remove_file(&obstacle);
        std::fs::create_dir(&obstacle).expect("a folder in the way");
        let told = {
            let told = async {
                if rebuild {
                    projections.rebuild(&ProjectionName::ALL).await
                } else {
                    projections.close().await
                }
            };
            let mut told = pin!(told);
            assert!(
                timeout(Duration::from_millis(50), told.as_mut()).await.is_err(),
                "it waits for the merge"
            );
            drop(held);
            drop(first);
            timeout(HANG, told).await.expect("it ends")
        };
        assert!(matches!(&told, Err(ProjectionError::Store { .. })), "{told:?}");
        drop(projections);
        std::fs::remove_dir(&obstacle).expect("it is empty");
        is_whole(folder.path(), &log).await;
    }
}
