//! The places of messages, page by page.

use crate::disk::table::Snapshot;
use crate::domain::account::Account;
use crate::domain::id::{ElementRef, LineId, MessageId, SessionId};
use crate::log::Position;

use super::super::QueryError;
use super::super::merge::{Span, merged, parts_of_lines};
use super::super::pack::{ID_BYTES, Pack, Unpack};
use super::super::page::PageOf;
use super::{Delivery, Filing, OF_CUSTOMER, OF_ELEMENT, marks};

/// Where an entry of a history stands, and in whose session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Place {
    pub(in super::super) position: Position,
    pub(in super::super) session: SessionId,
}

type Places = Result<Vec<Place>, QueryError>;

/// One place more than the page holds, if there is one; `None` without such a session.
pub(in super::super) fn transcript(
    table: &Snapshot,
    session: SessionId,
    span: Span,
    page: &PageOf,
) -> Result<Option<Vec<Place>>, QueryError> {
    if Filing::get(table, session)?.is_none() {
        return Ok(None);
    }
    let positions = marks::transcript(table, session, span, page.limit() + 1)?;
    Ok(Some(positions.into_iter().map(|position| Place { position, session }).collect()))
}

/// Messages of the session's slot before the session was created.
pub(in super::super) fn earlier(
    table: &Snapshot,
    session: SessionId,
    page: &PageOf,
) -> Result<Option<Vec<Place>>, QueryError> {
    let Some(filing) = Filing::get(table, session)? else { return Ok(None) };
    let before = page.position()?.unwrap_or(filing.created).min(filing.created);
    places(table, vec![filing.slot(Pack::key(OF_CUSTOMER)).done()], Some(before), page).map(Some)
}

pub(in super::super) fn of_element(
    table: &Snapshot,
    element: &ElementRef,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> Places {
    let prefix = Pack::key(OF_ELEMENT).element(element).done();
    places(table, parts_of_lines(table, &prefix, lines, 0)?, page.position()?, page)
}

pub(in super::super) fn of_account(
    table: &Snapshot,
    account: &Account,
    lines: Option<&[LineId]>,
    page: &PageOf,
) -> Places {
    let prefix = Pack::key(OF_CUSTOMER).account(account).done();
    places(table, parts_of_lines(table, &prefix, lines, ID_BYTES)?, page.position()?, page)
}

fn places(table: &Snapshot, prefixes: Vec<Vec<u8>>, before: Option<Position>, page: &PageOf) -> Places {
    let entries = merged(table, prefixes, Span::Before(before), page.limit() + 1)?;
    let place = |(position, value): (Position, Vec<u8>)| {
        Ok(Place { position, session: SessionId(Unpack::row(&value).id()?) })
    };
    entries.into_iter().map(place).collect()
}

/// What became of these messages, in their order.
pub(in super::super) fn deliveries(
    table: &Snapshot,
    messages: &[(SessionId, MessageId)],
) -> Result<Vec<Delivery>, QueryError> {
    messages.iter().map(|(session, message)| Ok(Delivery::get(table, *session, *message)?)).collect()
}
