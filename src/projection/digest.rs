//! Digests of whole tables, by which they are compared with the same tables folded anew.

use std::ops::Bound;
use std::sync::Arc;

use crate::disk::table::{Direction, Entry, Snapshot};

use super::panics::joined;
use super::tables::Snapshots;
use super::{ProjectionError, ProjectionName, Projections, QueryError, messages};
use crate::log::Position;

/// Entries read at once.
const PAGE_ENTRIES: usize = 4_096;

/// What a table holds, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// How many entries it has.
    pub(crate) entries: u64,
    /// The BLAKE3 hash of all keys and values.
    pub(crate) hash: [u8; 32],
}

/// All tables as of one position, whatever is folded meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Still {
    /// Where they are.
    pub(crate) at: Position,
    tables: Arc<Snapshots>,
}

impl Projections {
    /// Holds the tables as they are now, once they are ready.
    pub(crate) async fn still(&self) -> Result<Still, ProjectionError> {
        loop {
            self.ready().await?;
            let mut at = Position::START;
            let tables = self.tables.read(|| {
                let progress = self.progress.borrow();
                at = progress.position;
                progress.is_ready()
            })?;
            if let Some(tables) = tables {
                return Ok(Still { at, tables: Arc::new(tables) });
            }
        }
    }
}

impl Still {
    /// Reads the whole table of a projection, page by page.
    pub(crate) async fn digest(&self, name: ProjectionName) -> Result<Digest, QueryError> {
        let tables = Arc::clone(&self.tables);
        let read = move || match name {
            ProjectionName::Sessions => digest(tables.sessions(), |entry| Ok(vec![entry])),
            ProjectionName::Messages => digest(tables.messages(), messages::apart),
            ProjectionName::Directory => digest(tables.directory(), |entry| Ok(vec![entry])),
        };
        joined(tokio::task::spawn_blocking(read), self.at).await?
    }
}

/// Digests a table; `apart` makes of an entry those that follow from the log alone.
fn digest(
    table: &Snapshot,
    apart: impl Fn(Entry) -> Result<Vec<Entry>, ProjectionError>,
) -> Result<Digest, QueryError> {
    let (mut entries, mut hasher) = (0, blake3::Hasher::new());
    let mut after: Option<Vec<u8>> = None;
    loop {
        let begin = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let page = table.scan((begin, Bound::Unbounded), Direction::Forward, PAGE_ENTRIES)?;
        let full = page.len() == PAGE_ENTRIES;
        after = page.last().map(|(key, _)| key.clone());
        for entry in page {
            for (key, value) in apart(entry)? {
                for bytes in [key, value] {
                    hasher.update(&(bytes.len() as u64).to_le_bytes());
                    hasher.update(&bytes);
                }
                entries += 1;
            }
        }
        if !full {
            return Ok(Digest { entries, hash: hasher.finalize().into() });
        }
    }
}
