//! The places of messages, page by page; those of an element with what they say.

use crate::disk::table::Snapshot;
use crate::domain::account::Account;
use crate::domain::id::{ElementRef, LineId, MessageId, SessionId};
use crate::log::Position;

use super::super::merge::{Span, merged, parts_of_lines};
use super::super::pack::{ID_BYTES, Pack};
use super::super::page::PageOf;
use super::super::{ProjectionError, QueryError};
use super::{Delivery, Filing, Listed, OF_CUSTOMER, OF_ELEMENT, marks};

type ListedOfPage = Result<Vec<Listed>, QueryError>;

/// One place more than the page holds, if there is one; `None` without such a session.
pub(in super::super) fn transcript(
    table: &Snapshot,
    session: SessionId,
    span: Span,
    page: &PageOf,
) -> Result<Option<Vec<Position>>, QueryError> {
    if Filing::get(table, session)?.is_none() {
        return Ok(None);
    }
    Ok(Some(marks::transcript(table, session, span, page.limit() + 1)?))
}

/// Messages of the session's slot before the session was created.
pub(in super::super) fn earlier(
    table: &Snapshot,
    session: SessionId,
    page: &PageOf,
) -> Result<Option<Vec<Listed>>, QueryError> {
    let Some(filing) = Filing::get(table, session)? else { return Ok(None) };
    let before = page.position()?.unwrap_or(filing.created).min(filing.created);
    listed(table, vec![filing.slot(Pack::key(OF_CUSTOMER)).done()], Some(before), page).map(Some)
}

pub(in super::super) fn of_element(
    table: &Snapshot,
    element: &ElementRef,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> ListedOfPage {
    let prefix = Pack::key(OF_ELEMENT).element(element).done();
    listed(table, parts_of_lines(table, &prefix, lines, 0)?, page.position()?, page)
}

pub(in super::super) fn of_account(
    table: &Snapshot,
    account: &Account,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> ListedOfPage {
    let prefix = Pack::key(OF_CUSTOMER).account(account).done();
    listed(table, parts_of_lines(table, &prefix, lines, ID_BYTES)?, page.position()?, page)
}

fn listed(table: &Snapshot, prefixes: Vec<Vec<u8>>, before: Option<Position>, page: &PageOf) -> ListedOfPage {
    let entries = merged(table, prefixes, Span::Before(before), page.limit() + 1)?;
    let rows = entries.into_iter().map(|(position, row)| Listed::decode(position, &row));
    Ok(rows.collect::<Result<_, ProjectionError>>()?)
}

/// What became of these messages, in their order.
pub(in super::super) fn deliveries(
    table: &Snapshot,
    messages: &[(SessionId, MessageId)],
) -> Result<Vec<Delivery>, QueryError> {
    messages.iter().map(|(session, message)| Ok(Delivery::get(table, *session, *message)?)).collect()
}
