//! The lists of sessions, page by page.
//!
//! Every list is in the order of the log: a position is one event of one session, so that sessions
//! never tie and a page's end is a place in the list for ever.

use crate::disk::table::Snapshot;
use crate::domain::account::Account;
use crate::domain::id::{ElementRef, LineId, OperatorId, SessionId};
use crate::log::Position;

use super::super::merge::{Span, merged, of_lines, parts_of_lines};
use super::super::pack::{ID_BYTES, Unpack};
use super::super::page::{Page, PageOf, cut};
use super::super::{ProjectionError, QueryError};
use super::{SessionSummary, row};

type Sessions = Result<Page<SessionSummary>, QueryError>;

pub(in super::super) fn find(
    table: &Snapshot,
    session: SessionId,
) -> Result<Option<SessionSummary>, QueryError> {
    Ok(row::get(table, session)?)
}

pub(in super::super) fn my(table: &Snapshot, operator: OperatorId, page: &PageOf) -> Sessions {
    newest(table, vec![row::my(operator).done()], page)
}

pub(in super::super) fn queue(table: &Snapshot, lines: &[LineId], page: &PageOf) -> Sessions {
    read(table, of_lines(&[row::QUEUE], lines)?, Span::After(page.position()?), page)
}

pub(in super::super) fn active(table: &Snapshot, lines: &[LineId], page: &PageOf) -> Sessions {
    newest(table, of_lines(&[row::ACTIVE], lines)?, page)
}

pub(in super::super) fn closed_of_lines(table: &Snapshot, lines: &[LineId], page: &PageOf) -> Sessions {
    newest(table, of_lines(&[row::CLOSED], lines)?, page)
}

pub(in super::super) fn closed_of_operator(
    table: &Snapshot,
    operator: OperatorId,
    page: &PageOf,
) -> Sessions {
    newest(table, vec![row::closed_by(operator).done()], page)
}

pub(in super::super) fn linked(
    table: &Snapshot,
    element: &ElementRef,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> Sessions {
    let prefix = row::of_element(row::LINKED, element).done();
    newest(table, parts_of_lines(table, &prefix, lines, 0)?, page)
}

pub(in super::super) fn archived(
    table: &Snapshot,
    element: &ElementRef,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> Sessions {
    let prefix = row::of_element(row::ARCHIVED, element).done();
    newest(table, parts_of_lines(table, &prefix, lines, 0)?, page)
}

pub(in super::super) fn by_account(
    table: &Snapshot,
    account: &Account,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> Sessions {
    let prefix = row::of_account(account).done();
    newest(table, parts_of_lines(table, &prefix, lines, ID_BYTES)?, page)
}

fn newest(table: &Snapshot, prefixes: Vec<Vec<u8>>, page: &PageOf) -> Sessions {
    read(table, prefixes, Span::Before(page.position()?), page)
}

fn read(table: &Snapshot, prefixes: Vec<Vec<u8>>, span: Span, page: &PageOf) -> Sessions {
    let limit = page.limit();
    let entries = merged(table, prefixes, span, limit + 1)?;
    let mut items = Vec::with_capacity(entries.len());
    for (position, value) in entries {
        items.push((position, summary(table, position, &value)?));
    }
    Ok(cut(items, limit))
}

fn summary(table: &Snapshot, at: Position, value: &[u8]) -> Result<SessionSummary, ProjectionError> {
    let session = SessionId(Unpack::row(value).id()?);
    row::get(table, session)?.ok_or_else(|| ProjectionError::Store {
        reason: format!("a list names session {session} at {at}, which has no row"),
    })
}
