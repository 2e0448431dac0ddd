//! Who reads what: the rules of reading that several routes share.

use axum::http::StatusCode;
use switchboard::CommandError;
use switchboard::domain::id::{LineId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use switchboard::projection::{PAGE_ITEMS_MAX, PageOf, SessionSummary};

use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::json::page::page_of;
use crate::host::problem::{Problem, Sentence};

/// The page that is wanted.
pub fn page(after: Option<&str>, limit: Option<usize>) -> Result<PageOf, Problem> {
    page_of(after, limit).ok_or_else(|| {
        let detail = Sentence::new("after — не курсор страницы", "`after` is no cursor of a page");
        Problem::new(StatusCode::BAD_REQUEST, "BadCursor", detail)
    })
}

/// The lines whose sessions somebody reads; `None` is all of them.
pub async fn visible_lines(host: &Host, actor: &Actor) -> Result<Option<Vec<LineId>>, Problem> {
    match actor.principal {
        Principal::Administrator(_) => Ok(None),
        Principal::Operator(operator) => {
            let mine = host.engine.read().await?.lines_of(operator).await?;
            Ok(Some(mine.into_iter().map(|line| line.line).collect()))
        }
        Principal::Channel(_) | Principal::Process(_) => Err(Rejection::PrincipalNotAllowed.into()),
    }
}

/// Whether somebody reads a line; nobody reads one that is not there.
pub async fn is_reader(host: &Host, actor: &Actor, line: LineId) -> Result<bool, CommandError> {
    match host.engine.require_reader(&actor.principal, line).await {
        Ok(()) => Ok(true),
        Err(CommandError::Rejected(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Every line there is, for an administrator's lists.
pub async fn every_line(host: &Host) -> Result<Vec<LineId>, Problem> {
    let views = host.engine.read().await?;
    let (mut lines, mut page) = (Vec::new(), PageOf::first(PAGE_ITEMS_MAX));
    loop {
        let found = views.lines(page).await?;
        lines.extend(found.items.into_iter().map(|line| line.line));
        match found.next {
            Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
            None => return Ok(lines),
        }
    }
}

/// A session that somebody reads.
pub async fn session(host: &Host, actor: &Actor, session: SessionId) -> Result<SessionSummary, Problem> {
    actor.person()?;
    let found = host.engine.read().await?.session(session).await?;
    let found = found.ok_or(Rejection::SessionNotFound { session })?;
    host.engine.require_reader(&actor.principal, found.line).await?;
    Ok(found)
}
