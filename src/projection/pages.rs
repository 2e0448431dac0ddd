//! Pages of the log: read and decoded on one side, folded into the tables on another.
//!
//! Whoever keeps up folds short pages, one by one. Whoever is behind reads long ones, and folds many
//! of them together: what a session goes through within them is written once. A long page is decoded
//! on one thread while the next one is read on another, and each table is folded on one of its own.
//!
//! ```text
//!   log ──▶ decode ──▶ page page page ─┬─▶ sessions  ┐
//!                                      ├─▶ messages  ├─▶ one change of all tables
//!                                      └─▶ directory ┘
//! ```

use std::cell::Cell;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::disk::table::Prepared;
use crate::log::bounds::APPEND_ENTRIES_MAX;
use crate::log::{Log, Position, Record};
use crate::wire::{self, Recorded};

use super::panics::{caught, joined};
use super::runner::least;
use super::tables::{COUNT, Changes, Positions, Tables};
use super::{ProjectionError, ProjectionName};

/// The most events of a page, but for an append that is longer: a millisecond of work, and little
/// enough that what is decoded stays in the processor's caches until it is folded.
pub const PAGE_EVENTS_MAX: usize = 1_024;

/// The most pages folded together: a tenth of a second of work, after which readers see them. Only
/// who is so far behind folds so many, and he is there the sooner for it: what a session goes
/// through within them is written once.
pub const PAGES_TOGETHER_MAX: usize = 64;

/// Decoded pages that wait for a fold: one to go on with, and one in hand.
const PAGES_WAITING_MAX: usize = 2;

/// What comes out of a fold of long pages: where they ended, what they change, and what comes next.
type Folded = (Position, Changes, Result<Option<Page>, ProjectionError>);

/// A page of the log, which ends where an append does.
pub(super) enum Page {
    /// It has all there is; it is decoded where it is folded, since a thread of its own costs more
    /// than the work.
    Short(Vec<Record>),
    /// The log has more.
    Long(Arc<Vec<Recorded>>),
}

impl Page {
    /// The place of its last event, if it has any.
    pub(super) fn last(&self) -> Option<Position> {
        match self {
            Page::Short(records) => records.last().map(|record| record.position),
            Page::Long(decoded) => decoded.last().map(|recorded| recorded.position),
        }
    }
}

/// Reads a page, and decodes it if it is a long one.
pub(super) async fn read(log: &Arc<dyn Log>, after: Position) -> Result<Page, ProjectionError> {
    end(begin(log, after).await).await
}

/// A page that was read, and is being decoded on another thread if it is a long one.
enum Begun {
    Short(Vec<Record>),
    Long { after: Position, last: Position, decoded: JoinHandle<Result<Vec<Recorded>, ProjectionError>> },
}

async fn begin(log: &Arc<dyn Log>, after: Position) -> Result<Begun, ProjectionError> {
    let records = read_some(log, after).await?;
    let full = records.len() >= PAGE_EVENTS_MAX;
    let records = whole_appends(log, records).await?;
    match records.last().map(|record| record.position) {
        Some(last) if full => {
            let decoded = spawn_blocking(move || decode(&records, after));
            Ok(Begun::Long { after, last, decoded })
        }
        _ => Ok(Begun::Short(records)),
    }
}

async fn end(begun: Result<Begun, ProjectionError>) -> Result<Page, ProjectionError> {
    match begun? {
        Begun::Short(records) => Ok(Page::Short(records)),
        Begun::Long { after, decoded, .. } => Ok(Page::Long(Arc::new(joined(decoded, after).await??))),
    }
}

/// Cuts a page where an append ends, or reads on until one does: a reader of the tables must not
/// see half of a command. A page that is not full ends at the log's head, between appends.
async fn whole_appends(log: &Arc<dyn Log>, mut page: Vec<Record>) -> Result<Vec<Record>, ProjectionError> {
    let mut full = page.len() >= PAGE_EVENTS_MAX;
    while full && let Some(last) = page.last() {
        let (command, after) = (last.stamp.command, last.position);
        let before = page.iter().rposition(|record| record.stamp.command != command);
        if let Some(before) = before {
            page.truncate(before + 1);
            break;
        }
        // More of one command than fits an append: a page may end anywhere in it.
        if page.len() > APPEND_ENTRIES_MAX {
            break;
        }
        let more = read_some(log, after).await?;
        full = more.len() >= PAGE_EVENTS_MAX;
        page.extend(more);
    }
    Ok(page)
}

async fn read_some(log: &Arc<dyn Log>, after: Position) -> Result<Vec<Record>, ProjectionError> {
    let read = log.read_all(after, PAGE_EVENTS_MAX).await;
    read.map_err(|source| ProjectionError::Log { after, source })
}

/// Decodes a page; a panic of it has a place, as one of a fold has.
fn decode(page: &[Record], mut after: Position) -> Result<Vec<Recorded>, ProjectionError> {
    let at = Cell::new(after);
    caught(&at, || {
        let mut decoded = Vec::with_capacity(page.len());
        for record in page {
            let position = record.position;
            at.set(position);
            if position <= after {
                return Err(ProjectionError::Disorder { after, found: position });
            }
            after = position;
            let undecodable = |error: wire::WireError| ProjectionError::Undecodable {
                position,
                reason: error.fault.to_string(),
            };
            decoded.push(wire::recorded(record).map_err(undecodable)?);
        }
        Ok(decoded)
    })
}

/// Decodes and folds a short page.
pub(super) fn fold_short(
    tables: &Tables,
    records: &[Record],
    at: &Positions,
) -> Result<Changes, ProjectionError> {
    let page = decode(records, least(at))?;
    let [sessions, messages, directory] = ProjectionName::ALL.map(|name| {
        let mut fold = tables.begin(at, name)?;
        fold.page(&page)?;
        fold.finish()
    });
    Ok([sessions?, messages?, directory?])
}

/// Folds a long page and those after it, as far as they are long too.
pub(super) async fn fold_long(
    tables: &Arc<Tables>,
    log: &Arc<dyn Log>,
    first: Arc<Vec<Recorded>>,
    at: &Positions,
) -> Result<Folded, ProjectionError> {
    let channels = [(); COUNT].map(|()| mpsc::channel(PAGES_WAITING_MAX));
    let [(a, sessions), (b, messages), (c, directory)] = channels;
    let lane = |name, pages| lane(Arc::clone(tables), *at, name, pages);
    // All of them end before this does: nothing holds the tables longer.
    let ((last, next), sessions, messages, directory) = tokio::join!(
        feed(log, first, [a, b, c]),
        lane(ProjectionName::Sessions, sessions),
        lane(ProjectionName::Messages, messages),
        lane(ProjectionName::Directory, directory),
    );
    Ok((last, [sessions?, messages?, directory?], next))
}

/// Hands pages to the lanes, while those after them are read and decoded; says where the last of them ended,
/// and what was read after it.
async fn feed(
    log: &Arc<dyn Log>,
    mut page: Arc<Vec<Recorded>>,
    lanes: [mpsc::Sender<Arc<Vec<Recorded>>>; COUNT],
) -> (Position, Result<Option<Page>, ProjectionError>) {
    let (mut left, mut ahead) = (PAGES_TOGETHER_MAX, None);
    loop {
        left -= 1;
        let last = page.last().map_or(Position::START, |recorded| recorded.position);
        for lane in &lanes {
            // One that has failed takes no more, and says why itself.
            if lane.send(Arc::clone(&page)).await.is_err() {
                return (last, Ok(None));
            }
        }
        let next = match ahead.take() {
            Some(next) => next,
            None => begin(log, last).await,
        };
        if left == 0 {
            drop((lanes, page));
            return (last, end(next).await.map(Some));
        }
        // Decoding takes longer than reading and than each fold: two pages are decoded at once.
        if let Ok(Begun::Long { last, .. }) = &next {
            ahead = Some(begin(log, *last).await);
        }
        match end(next).await {
            Ok(Page::Long(next)) => page = next,
            next => return (last, next.map(Some)),
        }
    }
}

/// Folds pages into a table until no more come, on a thread of its own.
async fn lane(
    tables: Arc<Tables>,
    at: Positions,
    name: ProjectionName,
    mut pages: mpsc::Receiver<Arc<Vec<Recorded>>>,
) -> Result<Option<Prepared>, ProjectionError> {
    let work = move || {
        let mut fold = tables.begin(&at, name)?;
        while let Some(page) = pages.blocking_recv() {
            fold.page(&page)?;
        }
        fold.finish()
    };
    joined(spawn_blocking(work), least(&at)).await?
}
