//! The questions that the projections answer.
//!
//! Every list is paged by where its page ends, and a page costs what it holds, whatever came before
//! it. Tables are read at once as far as the system has them in its memory, and else on a blocking
//! thread; texts are read from the log.

use std::cell::Cell;
use std::sync::Arc;

use super::tables::Snapshots;
use super::{ProjectionError, Projections, QueryError};

mod correspondence;
mod directory;
mod sessions;

pub use correspondence::Order;

/// The most bytes of tables that are read by whoever asks: some hundred microseconds.
const AT_ONCE_BYTES_MAX: usize = 256 << 10;

impl Projections {
    /// Reads the tables as of one position, once they are ready.
    pub(super) async fn ask<T, F>(&self, read: F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Fn(&Snapshots) -> Result<T, QueryError> + Send + Sync + 'static,
    {
        let read = Arc::new(read);
        loop {
            self.ready().await?;
            match self.read_at_once(&*read) {
                Some(Ok(Some(answer))) => return answer,
                // A rebuilding began in between, and nothing was read.
                Some(Ok(None)) => continue,
                Some(Err(error)) => return Err(self.failed(error).await),
                None => {}
            }
            let (tables, progress, read) =
                (Arc::clone(&self.tables), self.progress.clone(), Arc::clone(&read));
            let query = move || {
                let tables = tables.read(|| progress.borrow().is_ready())?;
                Ok(tables.map(|tables| read(&tables)))
            };
            let waited = super::panics::joined(tokio::task::spawn_blocking(query), self.position()).await?;
            match waited {
                Ok(Some(answer)) => return answer,
                Ok(None) => {}
                Err(error) => return Err(self.failed(error).await),
            }
        }
    }

    /// The same without waiting for the disk; `None` when that does not do.
    fn read_at_once<T>(
        &self,
        read: impl Fn(&Snapshots) -> Result<T, QueryError>,
    ) -> Option<Result<Option<Result<T, QueryError>>, ProjectionError>> {
        let tables = match self.tables.read(|| self.progress.borrow().is_ready()) {
            Ok(Some(tables)) => tables.at_once(AT_ONCE_BYTES_MAX),
            Ok(None) => return Some(Ok(None)),
            Err(error) => return Some(Err(error)),
        };
        let answer = super::panics::caught(&Cell::new(self.position()), || Ok(Some(read(&tables))));
        (!tables.gave_up()).then_some(answer)
    }

    async fn failed(&self, error: ProjectionError) -> QueryError {
        match error {
            ProjectionError::Closed => self.stopped().await.into(),
            error => error.into(),
        }
    }
}
