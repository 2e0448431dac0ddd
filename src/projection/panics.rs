//! Waiting for tasks: a panic of one is an error like others, with the place where it happened.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::task::{JoinError, JoinHandle};

use crate::log::Position;

use super::ProjectionError;

/// Works through events, of which `at` is the one at hand; a panic is an error like others.
pub(super) fn caught<T>(
    at: &Cell<Position>,
    work: impl FnOnce() -> Result<T, ProjectionError>,
) -> Result<T, ProjectionError> {
    let panicked = |panic: Box<dyn Any + Send>| {
        Err(ProjectionError::Panicked { position: at.get(), reason: said(&*panic) })
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Waits for a task; a panic of it is an error like others.
pub(super) async fn joined<T>(task: JoinHandle<T>, last: Position) -> Result<T, ProjectionError> {
    task.await.map_err(|error| failed(error, last))
}

/// The error of a task that did not end by itself.
pub(super) fn failed(error: JoinError, position: Position) -> ProjectionError {
    match error.try_into_panic() {
        Ok(panic) => ProjectionError::Panicked { position, reason: said(&*panic) },
        // Only the end of the runtime cancels tasks of ours.
        Err(_) => ProjectionError::Closed,
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing").to_owned()
}
