//! The questions that the projections answer.
//!
//! Every list is paged by where its page ends, and a page costs what it holds, whatever came before
//! it. Tables in memory are read at once, tables of a folder on a blocking thread; texts are read
//! from the log.

use std::sync::Arc;

use super::tables::Snapshots;
use super::{ProjectionError, Projections, QueryError};

mod correspondence;
mod directory;
mod sessions;

pub use correspondence::Order;

impl Projections {
    /// Reads the tables as of one position, once they are ready.
    async fn ask<T, F>(&self, read: F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Fn(&Snapshots) -> Result<T, QueryError> + Send + Sync + 'static,
    {
        let read = Arc::new(read);
        loop {
            self.ready().await?;
            let (tables, progress, read) =
                (Arc::clone(&self.tables), self.progress.clone(), Arc::clone(&read));
            let query = move || {
                let tables = tables.read(|| progress.borrow().is_ready())?;
                Ok(tables.map(|tables| read(&tables)))
            };
            let answer = if self.tables.on_disk() {
                super::panics::joined(tokio::task::spawn_blocking(query), self.position()).await?
            } else {
                query()
            };
            match answer {
                Ok(Some(answer)) => return answer,
                // A rebuilding began in between, and nothing was read.
                Ok(None) => {}
                Err(ProjectionError::Closed) => return Err(self.stopped().await.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
