//! What only the inside can show: a table of another version.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::disk::table::Folder;
use crate::domain::event::{Event, Fact, OperatorEvent, Stream};
use crate::domain::id::{AdministratorId, OperatorId, Principal};
use crate::log::memory::MemoryLog;
use crate::log::{Append, Entry, Log, Position, Stamp};
use crate::projection::pack::{Pack, Unpack};
use crate::projection::{PageOf, Place, ProjectionName, Projections};
use crate::wire;

use super::{CHECKPOINT, directory};

async fn log_of_an_operator() -> Arc<MemoryLog> {
    let log = MemoryLog::new();
    let event = OperatorEvent::OperatorRegistered { name: "Анна".into() };
    let fact = Fact { stream: Stream::Operator(OperatorId(Uuid::max())), event: Event::Operator(event) };
    log.append(by_administrator(1, vec![wire::entry(&fact)])).await.expect("it fits");
    log
}

/// What a command of an administrator appends.
pub(super) fn by_administrator(command: u128, entries: Vec<Entry>) -> Append {
    let principal = wire::principal_bytes(&Principal::Administrator(AdministratorId(Uuid::nil())));
    let id = Uuid::from_u128(command);
    let stamp = Stamp {
        time_us: 0,
        command: id,
        digest: 0,
        correlation: id,
        causation: id,
        principal: principal.into(),
        policy_revision: 0,
    };
    Append { entries, expects: Vec::new(), stamp }
}

/// Writes a row of an operator whom nobody registered, and a checkpoint that claims this version.
async fn tamper(folder: &Path, log: &MemoryLog, version: u32) {
    let last = log.read_all(Position::START, 1).await.expect("a log in memory")[0].clone();
    let table = Folder::open(folder).expect("it is free").table("directory").expect("it is a table");
    let row = Pack::row().text("nobody").flag(false).byte(0).done();
    table.put(Pack::key(b'o').id(Uuid::nil()).done(), row);
    let checkpoint = Pack::row().count(u64::from(version)).position(last.position).id(last.event_id()).done();
    table.flush([(vec![CHECKPOINT], Some(checkpoint))]).expect("it is written");
}

async fn operators(folder: &Path, log: &Arc<MemoryLog>) -> usize {
    let log: Arc<dyn Log> = Arc::<MemoryLog>::clone(log);
    let projections = Projections::open(Place::Folder(folder.into()), log).await.expect("it opens");
    let operators = projections.operators(PageOf::first(10)).await.expect("it answers");
    projections.close().await.expect("it is written");
    operators.items.len()
}

#[tokio::test]
async fn a_table_of_another_version_is_folded_again() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let log = log_of_an_operator().await;
    assert_eq!(operators(folder.path(), &log).await, 1);
    tamper(folder.path(), &log, directory::VERSION).await;
    assert_eq!(operators(folder.path(), &log).await, 2, "a table of this version is taken as it is");
    tamper(folder.path(), &log, directory::VERSION + 1).await;
    assert_eq!(operators(folder.path(), &log).await, 1, "one of another is not");
}

#[test]
fn a_checkpoint_names_its_version_first() {
    let views = super::Tables::open(&Place::Memory).expect("memory").views().expect("they are open");
    for (view, name) in views.iter().zip(ProjectionName::ALL) {
        let at = super::Checkpoint { position: Position(7), event: Uuid::max() };
        assert_eq!(view.name, name);
        assert_eq!(Unpack::row(&view.checkpoint(at)).count().ok(), Some(u64::from(view.version)));
    }
}
