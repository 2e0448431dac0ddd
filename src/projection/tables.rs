//! The tables of the projections: opened, changed together, and read together.
//!
//! Knows versions and checkpoints; must not know what a fold does.
//!
//! ```text
//!   0x00        version, position, id of the last event folded     first entry of each table
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use uuid::Uuid;

use crate::disk::Table;
use crate::disk::table::{Folder, Prepared, Shape, Snapshot};
use crate::log::{Log, Position};
use crate::seeded::{self, Bug, Spot};
use crate::wire::Recorded;

use super::folding::{Fold, Folding};
use super::pack::{Pack, Unpack};
use super::recent::Recent;
use super::{Place, ProjectionError, ProjectionName, directory, messages, panics, sessions};

const CHECKPOINT: u8 = 0;

/// How many projections there are.
pub(super) const COUNT: usize = ProjectionName::ALL.len();

/// Up to where each projection has folded, in the order of [`ProjectionName::ALL`].
pub(super) type Positions = [Position; COUNT];

/// What some pages of the log change, a batch for each projection.
pub(super) type Changes = [Option<Prepared>; COUNT];

type Begin = fn(Snapshot, Recent) -> Box<dyn Fold>;

/// A projection: a fold, and the table that it folds into.
#[derive(Debug)]
struct View {
    name: ProjectionName,
    version: u32,
    begin: Begin,
    table: Table,
    /// What stands in the table; a fold takes it and gives it back.
    recent: Mutex<Recent>,
}

impl View {
    fn open(name: ProjectionName, folder: Option<&Folder>) -> Result<View, ProjectionError> {
        let (version, begin, shape): (u32, Begin, Shape) = match name {
            ProjectionName::Sessions => (sessions::VERSION, sessions::fold, sessions::shape),
            ProjectionName::Messages => (messages::VERSION, messages::fold, messages::shape),
            ProjectionName::Directory => (directory::VERSION, directory::fold, directory::shape),
        };
        let table = match folder {
            None => Table::in_memory_of(shape),
            Some(folder) => folder.table_of(name.as_str(), shape)?,
        };
        Ok(View { name, version, begin, table, recent: Mutex::default() })
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checkpoint(&self, at: Checkpoint) -> Vec<u8> {
        Pack::row().count(u64::from(self.version)).position(at.position).id(at.event).done()
    }

    /// The checkpoint, if there is one of this version.
    fn load(&self) -> Result<Option<Checkpoint>, ProjectionError> {
        let Some(bytes) = self.table.get(&[CHECKPOINT])? else { return Ok(None) };
        let mut row = Unpack::row(&bytes);
        if row.count()? != u64::from(self.version) {
            return Ok(None);
        }
        let checkpoint = Checkpoint { position: row.position()?, event: row.id()? };
        row.end()?;
        Ok(Some(checkpoint))
    }
}

/// A fold of some pages into one table, which it does not change yet.
pub(super) struct Underway {
    views: Arc<[View; COUNT]>,
    /// Which of them.
    of: usize,
    fold: Box<dyn Fold>,
    folding: Folding,
    /// What the table has already.
    after: Position,
    last: Option<Checkpoint>,
}

impl Underway {
    /// Folds the page after those before.
    pub(super) fn page(&mut self, page: &[Recorded]) -> Result<(), ProjectionError> {
        let page = &page[page.partition_point(|recorded| recorded.position <= self.after)..];
        let Some(last) = page.last() else { return Ok(()) };
        panics::caught(self.folding.place(), || {
            seeded::may_panic(Spot::Fold);
            self.fold.page(page, &self.folding)
        })?;
        self.last = Some(Checkpoint { position: last.position, event: last.event_id() });
        Ok(())
    }

    /// What the pages add, if they had anything new.
    pub(super) fn finish(self) -> Result<Option<Prepared>, ProjectionError> {
        let Underway { views, of, fold, folding, last, .. } = self;
        panics::caught(folding.place(), || {
            let view = &views[of];
            let (mut batch, recent) = fold.finish();
            *view.recent() = recent;
            let Some(last) = last else { return Ok(None) };
            batch.put(&[CHECKPOINT], &view.checkpoint(last));
            Ok(Some(view.table.prepare(batch)))
        })
    }
}

/// Up to where a table is folded, and which event stands there: another log has another one.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    position: Position,
    event: Uuid,
}

/// The tables, while they are open.
#[derive(Debug)]
pub(super) struct Tables {
    /// Written while a page becomes visible, so that a query sees all tables as of one position.
    views: RwLock<Option<Arc<[View; COUNT]>>>,
    on_disk: bool,
}

/// All tables as of one position.
#[derive(Debug)]
pub(super) struct Snapshots([Snapshot; COUNT]);

impl Snapshots {
    pub(super) fn sessions(&self) -> &Snapshot {
        &self.0[0]
    }

    pub(super) fn messages(&self) -> &Snapshot {
        &self.0[1]
    }

    pub(super) fn directory(&self) -> &Snapshot {
        &self.0[2]
    }

    /// The same for reading without waiting for the disk, and for no longer than so many bytes of each
    /// take.
    fn at_once(&self, bytes_max: usize) -> Snapshots {
        Snapshots(self.0.each_ref().map(|table| table.at_once(bytes_max)))
    }

    /// Whether anything would have had to wait.
    pub(super) fn gave_up(&self) -> bool {
        self.0.iter().any(Snapshot::gave_up)
    }
}

fn snapshots(
    views: &Option<Arc<[View; COUNT]>>,
    ready: impl FnOnce() -> bool,
) -> Result<Option<Snapshots>, ProjectionError> {
    let views = views.as_deref().ok_or(ProjectionError::Closed)?;
    Ok(ready().then(|| Snapshots(views.each_ref().map(|view| view.table.snapshot()))))
}

impl Tables {
    pub(super) fn open(place: &Place) -> Result<Tables, ProjectionError> {
        let folder = match place {
            Place::Memory => None,
            Place::Folder(path) => Some(Folder::open(path)?),
        };
        let [sessions, messages, directory] =
            ProjectionName::ALL.map(|name| View::open(name, folder.as_ref()));
        let views = Arc::new([sessions?, messages?, directory?]);
        Ok(Tables { views: RwLock::new(Some(views)), on_disk: folder.is_some() })
    }

    /// Whether the tables are in a folder, to which they are written.
    pub(super) fn on_disk(&self) -> bool {
        self.on_disk
    }

    /// Where each projection goes on; a table of another version or another log is dropped.
    pub(super) async fn checkpoints(&self, log: &Arc<dyn Log>) -> Result<Positions, ProjectionError> {
        let mut positions = [Position::START; COUNT];
        for (at, name) in ProjectionName::ALL.into_iter().enumerate() {
            let views = self.views()?;
            let checkpoint = views[at].load()?;
            if let Some(checkpoint) = checkpoint
                && is_of(log, checkpoint).await?
            {
                positions[at] = Position(checkpoint.position.0 + u64::from(seeded::is(Bug::CheckpointAhead)));
            } else {
                tracing::info!(projection = %name, "folding from the start of the log");
                views[at].table.clear()?;
            }
        }
        Ok(positions)
    }

    /// The tables as of one position, if `ready` says so while nothing can change.
    pub(super) fn read(&self, ready: impl FnOnce() -> bool) -> Result<Option<Snapshots>, ProjectionError> {
        // A panic under this lock has changed nothing, or stops the runner, which queries ask first.
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        snapshots(&views, ready)
    }

    /// The same, if nobody is changing them just now, for reading no longer than so many bytes of each
    /// take.
    pub(super) fn read_at_once(
        &self,
        ready: impl FnOnce() -> bool,
        bytes_max: usize,
    ) -> Option<Result<Option<Snapshots>, ProjectionError>> {
        let views = self.views.try_read().ok()?;
        let snapshots = snapshots(&views, ready);
        Some(snapshots.map(|tables| tables.map(|tables| tables.at_once(bytes_max))))
    }

    /// Begins to fold pages into a projection, which has what is up to its place in `at`.
    pub(super) fn begin(&self, at: &Positions, name: ProjectionName) -> Result<Underway, ProjectionError> {
        let views = self.views()?;
        let of = name as usize;
        let view = &views[of];
        let recent = std::mem::take(&mut *view.recent());
        let fold = (view.begin)(view.table.snapshot(), recent);
        Ok(Underway { folding: Folding::new(name, at[of]), fold, of, after: at[of], last: None, views })
    }

    /// Changes all tables; nobody reads in between, and `published` happens with it.
    pub(super) fn apply(&self, changes: Changes, published: impl FnOnce()) -> Result<(), ProjectionError> {
        self.alone(|views| {
            for (view, changes) in views.iter().zip(changes) {
                if let Some(changes) = changes {
                    view.table.publish(changes);
                }
            }
            published();
            Ok(())
        })
    }

    /// Drops projections; `published` happens before anybody can read again.
    pub(super) fn clear(
        &self,
        names: &[ProjectionName],
        published: impl FnOnce(),
    ) -> Result<(), ProjectionError> {
        self.alone(|views| {
            published();
            for view in views.iter().filter(|view| names.contains(&view.name)) {
                *view.recent() = Recent::default();
                view.table.clear()?;
            }
            Ok(())
        })
    }

    /// Writes every table with its checkpoint to the disk, if there is one.
    pub(super) fn flush(&self) -> Result<(), ProjectionError> {
        Ok(self.views()?.iter().try_for_each(|view| view.table.flush_only([]))?)
    }

    /// The most runs that a table has on the disk.
    pub(super) fn runs(&self) -> Result<usize, ProjectionError> {
        Ok(self.views()?.iter().map(|view| view.table.runs()).max().unwrap_or(0))
    }

    /// Merges what the tables have written before, which may take long.
    pub(super) fn merge(&self) -> Result<(), ProjectionError> {
        Ok(self.views()?.iter().try_for_each(|view| view.table.merge())?)
    }

    /// The same, further than is due.
    pub(super) fn merge_at_rest(&self) -> Result<(), ProjectionError> {
        Ok(self.views()?.iter().try_for_each(|view| view.table.merge_at_rest())?)
    }

    /// About how much memory a flush would free.
    pub(super) fn unflushed_bytes(&self) -> Result<usize, ProjectionError> {
        Ok(self.views()?.iter().map(|view| view.table.overlay_bytes()).sum())
    }

    /// Releases the folder.
    pub(super) fn close(&self) {
        *self.views.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The tables for their only writer, who need not keep readers out while it reads or flushes.
    fn views(&self) -> Result<Arc<[View; COUNT]>, ProjectionError> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.clone().ok_or(ProjectionError::Closed)
    }

    fn alone<T>(
        &self,
        change: impl FnOnce(&[View; COUNT]) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        let views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        change(views.as_deref().ok_or(ProjectionError::Closed)?)
    }
}

/// Whether the log has the checkpoint's event at the checkpoint's position.
async fn is_of(log: &Arc<dyn Log>, checkpoint: Checkpoint) -> Result<bool, ProjectionError> {
    if log.head() < checkpoint.position {
        return Ok(false);
    }
    let after = Position(checkpoint.position.0.saturating_sub(1));
    let read = log.read_all(after, 1).await.map_err(|source| ProjectionError::Log { after, source })?;
    Ok(read.first().is_some_and(|r| r.position == checkpoint.position && r.event_id() == checkpoint.event))
}

#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod tests;
