//! Projections compared with what the log gives when it is folded anew, of a closed folder and beside a
//! running engine; and those of a closed folder replaced by that.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::past::past;
use super::{Audit, AuditError, Fault, Progress};
use crate::log::{Log, Position};
use crate::projection::{Place, ProjectionError, ProjectionName, Projections, QueryError, Still, place};

/// How often it is reported how far projections are.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// What was proved of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewProof {
    /// The projection.
    pub name: ProjectionName,
    /// How many entries its table has, each as when it is folded anew.
    pub entries: u64,
}

/// Folds every projection anew in a folder for it, and compares the tables entry by entry.
///
/// What a folder's own projections lack at the end of the log is folded first.
///
/// # Errors
///
/// `Fault` for a table that differs; `Failed` when one could not be read or written; `Stopped` where
/// `report` says so.
pub async fn prove_views(
    audit: &Audit,
    folder: &Path,
    scratch: &Path,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<Vec<ViewProof>, AuditError> {
    let (kept, anew) = (place::current(folder), scratch.to_path_buf());
    let kept = Projections::open(Place::Folder(kept), audit.log()).await.map_err(of_kept)?;
    let head = audit.head();
    let kept_up = following("projections", kept.caught_up(head), || kept.position(), head, report).await;
    let compared = match kept_up.and_then(|caught_up| Ok(caught_up?)) {
        Ok(()) => compare(audit.log(), &kept, anew, report).await,
        Err(error) => Err(error),
    };
    kept.close().await?;
    compared
}

/// Folds every projection anew in a folder for it, up to where those of a running engine are, and compares
/// the tables as they were there, entry by entry, while the engine goes on.
///
/// # Errors
///
/// As [`prove_views`].
pub async fn prove_views_beside(
    log: Arc<dyn Log>,
    running: &Projections,
    scratch: &Path,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<Vec<ViewProof>, AuditError> {
    compare(log, running, scratch.to_path_buf(), report).await
}

/// Folds every projection of a closed folder anew, beside the old ones, which are not looked at and are
/// removed when the new ones are on the disk.
///
/// # Errors
///
/// `Fault` where the log cannot be folded; `Failed` when a table could not be written; `Stopped` where
/// `report` says so. The old ones count then, and nothing of the new ones is left.
pub async fn rebuild(
    audit: &Audit,
    folder: &Path,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<(), AuditError> {
    let other = || place::other(folder).map_err(ProjectionError::from);
    let anew = Projections::open(Place::Folder(other()?), audit.log()).await?;
    let head = audit.head();
    let folded = following("rebuild", anew.caught_up(head), || anew.position(), head, report).await;
    // What was folded is on the disk when it counts.
    let (folded, closed) = (folded.and_then(|folded| Ok(folded?)), anew.close().await);
    if let Err(error) = folded.and_then(|()| Ok(closed?)) {
        // What cannot be removed does not count, and is emptied next time.
        let _ = other();
        return Err(error);
    }
    place::turn(folder).map_err(AuditError::io(folder))?;
    // From here on the other folder is that of the old ones.
    let _ = other();
    Ok(())
}

/// Reports how far some work on projections is until it is done.
///
/// # Errors
///
/// `Stopped` where `report` says so; the work is dropped then.
pub async fn following<T>(
    work: &'static str,
    done: impl Future<Output = T>,
    at: impl Fn() -> Position,
    end: Position,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<T, AuditError> {
    let mut done = std::pin::pin!(done);
    loop {
        if !report(Progress { work, at: at().min(end), end }) {
            return Err(AuditError::Stopped { at: at() });
        }
        if let Ok(answer) = tokio::time::timeout(REPORT_EVERY, &mut done).await {
            report(Progress { work, at: end, end });
            return Ok(answer);
        }
    }
}

async fn compare(
    log: Arc<dyn Log>,
    kept: &Projections,
    anew: PathBuf,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<Vec<ViewProof>, AuditError> {
    let kept = kept.still().await.map_err(of_kept)?;
    let anew = Projections::open(Place::Folder(anew), past(log, kept.at)?).await?;
    let compared = compare_with(&kept, &anew, report).await;
    anew.close().await?;
    compared
}

async fn compare_with(
    kept: &Still,
    anew: &Projections,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<Vec<ViewProof>, AuditError> {
    let at = kept.at;
    following("projections anew", anew.caught_up(at), || anew.position(), at, report).await??;
    let anew = anew.still().await?;
    let mut proofs = Vec::new();
    for name in ProjectionName::ALL {
        if !report(Progress { work: "comparing tables", at, end: at }) {
            return Err(AuditError::Stopped { at });
        }
        let (found, right) = (kept.digest(name).await.map_err(of_kept)?, anew.digest(name).await?);
        if found != right {
            let reason = format!(
                "the projection {name} has {} entries that are not the {} which the log gives: rebuild it",
                found.entries, right.entries
            );
            return Err(Fault::at(at, reason).into());
        }
        proofs.push(ViewProof { name, entries: right.entries });
    }
    Ok(proofs)
}

/// Why tables that are there could not be used, and what helps.
fn of_kept(error: impl Into<AuditError>) -> AuditError {
    match error.into() {
        AuditError::Failed(reason) => AuditError::Failed(format!("{reason}: rebuild them")),
        other => other,
    }
}

impl From<ProjectionError> for AuditError {
    fn from(error: ProjectionError) -> AuditError {
        let position: Option<Position> = match &error {
            ProjectionError::Disorder { found, .. } => Some(*found),
            ProjectionError::Undecodable { position, .. } | ProjectionError::Illegal { position, .. } => {
                Some(*position)
            }
            ProjectionError::Store { .. }
            | ProjectionError::Log { .. }
            | ProjectionError::Panicked { .. }
            | ProjectionError::Closed => None,
        };
        match position {
            Some(position) => Fault::at(position, error).into(),
            None => AuditError::Failed(error.to_string()),
        }
    }
}

impl From<QueryError> for AuditError {
    fn from(error: QueryError) -> AuditError {
        match error {
            QueryError::Unavailable(error) => error.into(),
            other => AuditError::Failed(other.to_string()),
        }
    }
}
