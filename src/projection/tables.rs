//! The tables of the projections: opened, changed together, and read together.
//!
//! Knows versions and checkpoints; must not know what a fold does.
//!
//! ```text
//!   0x00        version, position, id of the last event folded     first entry of each table
//! ```

use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use crate::disk::Table;
use crate::disk::table::{Change, Folder};
use crate::log::{Log, Position};
use crate::wire::Recorded;

use super::folding::Folding;
use super::pack::{Pack, Unpack};
use super::{Place, ProjectionError, ProjectionName, directory, messages, sessions};

const CHECKPOINT: u8 = 0;

/// How many projections there are.
pub(super) const COUNT: usize = ProjectionName::ALL.len();

/// Up to where each projection has folded, in the order of [`ProjectionName::ALL`].
pub(super) type Positions = [Position; COUNT];

type Fold = fn(&Table, &[Recorded], &Folding) -> Result<Vec<Change>, ProjectionError>;

/// A projection: a fold, and the table that it folds into.
#[derive(Debug)]
struct View {
    name: ProjectionName,
    version: u32,
    fold: Fold,
    table: Table,
}

impl View {
    fn new(name: ProjectionName, table: Table) -> View {
        let (version, fold): (u32, Fold) = match name {
            ProjectionName::Sessions => (sessions::VERSION, sessions::fold),
            ProjectionName::Messages => (messages::VERSION, messages::fold),
            ProjectionName::Directory => (directory::VERSION, directory::fold),
        };
        View { name, version, fold, table }
    }

    fn checkpoint(&self, at: Checkpoint) -> Change {
        let row = Pack::row().count(u64::from(self.version)).position(at.position).id(at.event);
        (vec![CHECKPOINT], Some(row.done()))
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

/// Up to where a table is folded, and which event stands there: another log has another one.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    position: Position,
    event: Uuid,
}

/// The tables, while they are open.
#[derive(Debug)]
pub(super) struct Tables {
    /// Written while a page is applied, so that a query sees all tables as of one position.
    views: RwLock<Option<Arc<[View]>>>,
    on_disk: bool,
}

/// The tables for one query.
pub(super) struct Snapshot<'a>(&'a [View]);

impl<'a> Snapshot<'a> {
    pub(super) fn sessions(&self) -> &'a Table {
        &self.0[0].table
    }

    pub(super) fn messages(&self) -> &'a Table {
        &self.0[1].table
    }

    pub(super) fn directory(&self) -> &'a Table {
        &self.0[2].table
    }
}

impl Tables {
    pub(super) fn open(place: &Place) -> Result<Tables, ProjectionError> {
        let folder = match place {
            Place::Memory => None,
            Place::Folder(path) => Some(Folder::open(path)?),
        };
        let mut views = Vec::with_capacity(COUNT);
        for name in ProjectionName::ALL {
            let table = match &folder {
                None => Table::in_memory(),
                Some(folder) => folder.table(name.as_str())?,
            };
            views.push(View::new(name, table));
        }
        Ok(Tables { views: RwLock::new(Some(views.into())), on_disk: folder.is_some() })
    }

    /// Whether a query may have to read from the disk.
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
                positions[at] = checkpoint.position;
            } else {
                tracing::info!(projection = %name, "folding from the start of the log");
                views[at].table.clear()?;
            }
        }
        Ok(positions)
    }

    /// Reads the tables as of one position, if `ready` says so while nothing can change.
    pub(super) fn read<T>(
        &self,
        ready: impl FnOnce() -> bool,
        read: impl FnOnce(&Snapshot<'_>) -> T,
    ) -> Result<Option<T>, ProjectionError> {
        // A panic under this lock has changed nothing, or stops the runner, which queries ask first.
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let views = views.as_deref().ok_or(ProjectionError::Closed)?;
        Ok(ready().then(|| read(&Snapshot(views))))
    }

    /// What a page adds to the projections that do not have it yet; nothing is changed.
    pub(super) fn fold(
        &self,
        page: &[Recorded],
        at: &Positions,
        folding: impl Fn(ProjectionName) -> Folding,
    ) -> Result<Vec<Vec<Change>>, ProjectionError> {
        let fold = |(view, at): (&View, &Position)| {
            let new = page.partition_point(|recorded| recorded.position <= *at);
            let page = &page[new..];
            let mut changes = (view.fold)(&view.table, page, &folding(view.name))?;
            if let Some(last) = page.last() {
                let checkpoint = Checkpoint { position: last.position, event: last.event_id };
                changes.push(view.checkpoint(checkpoint));
            }
            Ok(changes)
        };
        self.views()?.iter().zip(at).map(fold).collect()
    }

    /// Changes all tables; nobody reads in between, and `published` happens with it.
    pub(super) fn apply(
        &self,
        changes: Vec<Vec<Change>>,
        published: impl FnOnce(),
    ) -> Result<(), ProjectionError> {
        self.alone(|views| {
            for (view, changes) in views.iter().zip(changes) {
                view.table.apply(changes);
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
                view.table.clear()?;
            }
            Ok(())
        })
    }

    /// Writes every table with its checkpoint to the disk.
    pub(super) fn flush(&self) -> Result<(), ProjectionError> {
        Ok(self.views()?.iter().try_for_each(|view| view.table.flush([]))?)
    }

    /// The same without merging what the tables have written before, which may take long.
    pub(super) fn flush_only(&self) -> Result<(), ProjectionError> {
        Ok(self.views()?.iter().try_for_each(|view| view.table.flush_only([]))?)
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
    fn views(&self) -> Result<Arc<[View]>, ProjectionError> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.clone().ok_or(ProjectionError::Closed)
    }

    fn alone<T>(
        &self,
        change: impl FnOnce(&[View]) -> Result<T, ProjectionError>,
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
mod tests;
