//! Looking things up: one by one, and in pages.

use std::ops::Bound;

use crate::disk::table::{Direction, Entry, Snapshot};
use crate::domain::account::AccountText;
use crate::domain::element::Element;
use crate::domain::id::{AppId, ChannelId, ElementId, ElementRef, LineId, OperatorId, ProcessId};
use crate::domain::limits::{BOUND_APPS_MAX, CHANNELS_MAX, WORKSPACE_ENTRIES_MAX};

use super::super::merge::MERGED_PARTS_MAX;
use super::super::pack::{Pack, Unpack, damaged};
use super::super::page::{Cursor, Page, PageOf};
use super::super::{ProjectionError, QueryError};
use super::element::{by_address, by_title, read};
use super::line::{APP_OF_LINE, AppMarks, CHANNEL, LINE, LineRow, MEMBER, MEMBERSHIP, key};
use super::{
    APP, AppView, ChannelView, LICENCE, LineView, MemberView, OPERATOR, OperatorLine, OperatorView, PROCESS,
    ProcessView, Roles,
};

/// The most elements that share an address and are told; more are a mistake of whoever saved them.
pub const ELEMENTS_FOUND_MAX: usize = 16;

/// The most elements that one page of a search looks into; the next page goes on from there.
pub const SEARCH_EXAMINED_MAX: usize = 5_000;

/// Elements that a search reads at once.
const SEARCH_ENTRIES: usize = 256;

/// The most apps that a line's rows can name: bound ones, and ones that were and keep their widget.
const APPS_OF_LINE_MAX: usize = BOUND_APPS_MAX + WORKSPACE_ENTRIES_MAX;

type Found<T> = Result<T, QueryError>;

pub(in super::super) fn service_licence(table: &Snapshot) -> Found<bool> {
    Ok(table.get(&[LICENCE])? == Some(vec![1]))
}

pub(in super::super) fn apps(table: &Snapshot) -> Found<Vec<AppView>> {
    let entries = titles(table, APP)?.into_iter();
    let view =
        |(code, title): (String, String)| Ok(AppView { app: AppId::new(&code).map_err(damaged)?, title });
    Ok(entries.map(view).collect::<Result<_, ProjectionError>>()?)
}

pub(in super::super) fn processes(table: &Snapshot) -> Found<Vec<ProcessView>> {
    let entries = titles(table, PROCESS)?.into_iter();
    let view = |(code, title): (String, String)| {
        Ok(ProcessView { process: ProcessId::new(&code).map_err(damaged)?, title })
    };
    Ok(entries.map(view).collect::<Result<_, ProjectionError>>()?)
}

fn titles(table: &Snapshot, tag: u8) -> Result<Vec<(String, String)>, ProjectionError> {
    let entries = table.scan_prefix(&[tag], Direction::Forward, WORKSPACE_ENTRIES_MAX)?.into_iter();
    entries.map(|(key, title)| Ok((text(&key[1..])?, text(&title)?))).collect()
}

fn text(bytes: &[u8]) -> Result<String, ProjectionError> {
    String::from_utf8(bytes.to_vec()).map_err(damaged)
}

pub(in super::super) fn operator(table: &Snapshot, operator: OperatorId) -> Found<Option<OperatorView>> {
    let bytes = table.get(&Pack::key(OPERATOR).id(operator.0).done())?;
    Ok(bytes.map(|bytes| OperatorView::decode(operator, &bytes)).transpose()?)
}

pub(in super::super) fn operators(table: &Snapshot, page: &PageOf) -> Found<Page<OperatorView>> {
    keyed(table, &[OPERATOR], page, |(key, value)| {
        OperatorView::decode(OperatorId(Unpack::key(key).id()?), value)
    })
}

pub(in super::super) fn line(table: &Snapshot, line: LineId) -> Found<Option<LineView>> {
    let Some(bytes) = table.get(&key(LINE, line).done())? else {
        return Ok(None);
    };
    Ok(Some(line_view(table, line, &bytes)?))
}

pub(in super::super) fn lines(table: &Snapshot, page: &PageOf) -> Found<Page<LineView>> {
    keyed(table, &[LINE], page, |(key, value)| line_view(table, LineId(Unpack::key(key).id()?), value))
}

fn line_view(table: &Snapshot, line: LineId, bytes: &[u8]) -> Result<LineView, ProjectionError> {
    let LineRow { title, contact_app, name_template, rules } = LineRow::decode(bytes)?;
    let (mut channels, mut bound_apps, mut widgets) = (Vec::new(), Vec::new(), Vec::new());
    let prefix = key(CHANNEL, line).done();
    for (key, value) in table.scan_prefix(&prefix, Direction::Forward, CHANNELS_MAX)? {
        let channel = ChannelId(Unpack::row(&key[prefix.len()..]).id()?);
        channels.push(ChannelView::decode(channel, &value)?);
    }
    let prefix = key(APP_OF_LINE, line).done();
    for (key, value) in table.scan_prefix(&prefix, Direction::Forward, APPS_OF_LINE_MAX)? {
        let app = AppId::new(&text(&key[prefix.len()..])?).map_err(damaged)?;
        let marks = AppMarks::decode(&value)?;
        if marks.widget {
            widgets.push(app.clone());
        }
        if marks.bound {
            bound_apps.push(app);
        }
    }
    Ok(LineView { line, title, contact_app, name_template, rules, channels, bound_apps, widgets })
}

pub(in super::super) fn members(table: &Snapshot, line: LineId, page: &PageOf) -> Found<Page<MemberView>> {
    let prefix = key(MEMBER, line).done();
    keyed(table, &prefix, page, |(key, value)| {
        let operator = OperatorId(Unpack::row(&key[prefix.len()..]).id()?);
        Ok(MemberView { operator, roles: Roles::decode(value)? })
    })
}

pub(in super::super) fn lines_of(table: &Snapshot, operator: OperatorId) -> Found<Vec<OperatorLine>> {
    let prefix = Pack::key(MEMBERSHIP).id(operator.0).done();
    let entries = table.scan_prefix(&prefix, Direction::Forward, MERGED_PARTS_MAX + 1);
    let entries = entries?;
    if entries.len() > MERGED_PARTS_MAX {
        return Err(QueryError::TooWide { parts_max: MERGED_PARTS_MAX });
    }
    let mut lines = Vec::with_capacity(entries.len());
    for (entry, roles) in entries {
        let line = LineId(Unpack::row(&entry[prefix.len()..]).id()?);
        let row = table.get(&key(LINE, line).done())?;
        let title = row.map(|bytes| LineRow::decode(&bytes)).transpose()?.map(|row| row.title);
        lines.push(OperatorLine { line, title: title.unwrap_or_default(), roles: Roles::decode(&roles)? });
    }
    Ok(lines)
}

pub(in super::super) fn element(table: &Snapshot, id: &ElementRef) -> Found<Option<Element>> {
    Ok(read(table, id)?)
}

pub(in super::super) fn elements_by_account(
    table: &Snapshot,
    app: &AppId,
    account: &AccountText,
) -> Found<Vec<Element>> {
    let Some(prefix) = by_address(app, account) else { return Ok(Vec::new()) };
    let prefix = prefix.done();
    let entries = table.scan_prefix(&prefix, Direction::Forward, ELEMENTS_FOUND_MAX);
    let mut elements = Vec::new();
    for (key, _) in entries? {
        elements.push(named(table, app, &key)?);
    }
    Ok(elements)
}

/// The element whose id ends a key.
fn named(table: &Snapshot, app: &AppId, key: &[u8]) -> Result<Element, ProjectionError> {
    let start = key.len().saturating_sub(size_of::<uuid::Uuid>());
    let element = ElementId(Unpack::row(&key[start..]).id()?);
    let id = ElementRef { app: app.clone(), element };
    read(table, &id)?.ok_or_else(|| damaged(format!("names element {element}, which has none")))
}

pub(in super::super) fn search(
    table: &Snapshot,
    app: &AppId,
    part: &str,
    page: &PageOf,
) -> Found<Page<Element>> {
    let part = part.trim().to_lowercase();
    let prefix = by_title(app).done();
    let mut after = page.key()?.map(|key| [prefix.as_slice(), key].concat());
    let mut found = Page::end();
    for _ in 0..SEARCH_EXAMINED_MAX.div_ceil(SEARCH_ENTRIES) {
        let entries = following(table, &prefix, after.as_deref(), SEARCH_ENTRIES)?;
        let more = entries.len() == SEARCH_ENTRIES;
        for (key, searched) in entries {
            if found.items.len() == page.limit() {
                found.next = after.map(|key| Cursor::at_key(key[prefix.len()..].to_vec()));
                return Ok(found);
            }
            if part.is_empty() || text(&searched)?.contains(&part) {
                found.items.push(named(table, app, &key)?);
            }
            after = Some(key);
        }
        if !more {
            return Ok(found);
        }
    }
    found.next = after.map(|key| Cursor::at_key(key[prefix.len()..].to_vec()));
    Ok(found)
}

/// A page of all entries below a prefix, in the order of their keys.
fn keyed<T>(
    table: &Snapshot,
    prefix: &[u8],
    page: &PageOf,
    view: impl Fn((&[u8], &[u8])) -> Result<T, ProjectionError>,
) -> Found<Page<T>> {
    let after = page.key()?.map(|key| [prefix, key].concat());
    let mut entries = following(table, prefix, after.as_deref(), page.limit() + 1)?;
    let more = entries.len() > page.limit();
    entries.truncate(page.limit());
    let last = entries.last().filter(|_| more);
    let next = last.map(|(key, _)| Cursor::at_key(key[prefix.len()..].to_vec()));
    let items = entries.iter().map(|(key, value)| view((key, value))).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

fn following(
    table: &Snapshot,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Entry>, ProjectionError> {
    let Some(after) = after else { return Ok(table.scan_prefix(prefix, Direction::Forward, limit)?) };
    // Behind the entry itself: no key has another for its prefix in these lists.
    let mut entries = table.scan((Bound::Excluded(after), Bound::Unbounded), Direction::Forward, limit)?;
    entries.retain(|(key, _)| key.starts_with(prefix));
    Ok(entries)
}
