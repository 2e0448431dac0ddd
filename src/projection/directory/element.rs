//! Elements: their fields, and how they are found by title, by a part of it, and by address.
//!
//! ```text
//!   e app element                    title
//!   f app element field part         value, cut over a few entries when it is long
//!   t app title element              what a search looks into; the title in lower case, cut
//!   k app kind address element       the address as it is compared
//! ```

use std::collections::BTreeMap;

use crate::disk::table::{Batch, Direction, Snapshot};
use crate::domain::account::{Account, AccountText};
use crate::domain::channel::AddressFormat;
use crate::domain::element::{Element, FieldValue};
use crate::domain::event::ElementEvent;
use crate::domain::id::{AppId, ElementRef};
use crate::domain::limits::{ADDRESS_BYTES_MAX, FIELD_BYTES_MAX, FIELDS_MAX};

use super::super::ProjectionError;
use super::super::folding::{ById, Folding};
use super::super::pack::{Pack, Unpack, damaged};

const TITLE: u8 = b'e';
const FIELD: u8 = b'f';
const BY_TITLE: u8 = b't';
const BY_ADDRESS: u8 = b'k';

/// How much of a title elements are sorted by, in bytes: what a list shows of it.
pub(super) const SORTED_BYTES_MAX: usize = 64;

/// How much of an element a search looks into, in bytes: the title and a dozen addresses fit, and
/// the entry fits a value of the table.
const SEARCHED_BYTES_MAX: usize = 2_048;

/// How much of a field's value stands in one entry, in bytes.
const PART_BYTES: usize = 2_048;

/// The most entries of one field: its value has some bytes before its text.
const PARTS_MAX: usize = FIELD_BYTES_MAX / PART_BYTES + 1;

/// Elements touched by some pages of the log, as they were and as they are; the first touched first.
#[derive(Default)]
pub(super) struct Elements {
    places: ById<ElementRef, usize>,
    touched: Vec<Touched>,
}

struct Touched {
    before: Option<Element>,
    after: Option<Element>,
}

impl Elements {
    pub(super) fn fold(
        &mut self,
        table: &Snapshot,
        id: &ElementRef,
        event: &ElementEvent,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let place = match self.places.get(id) {
            Some(place) => *place,
            None => {
                let before = read(table, id)?;
                self.touched.push(Touched { after: before.clone(), before });
                self.places.insert(id.clone(), self.touched.len() - 1);
                self.touched.len() - 1
            }
        };
        let touched = &mut self.touched[place];
        let missing = || at.illegal(format!("element {} does not exist", id.element));
        match event {
            ElementEvent::ElementCreated { title, fields } => {
                let fields = fields.iter().cloned().collect();
                touched.after = Some(Element { id: id.clone(), title: title.clone(), fields });
            }
            ElementEvent::ElementRenamed { title } => {
                touched.after.as_mut().ok_or_else(missing)?.title.clone_from(title);
            }
            ElementEvent::FieldSet { field, value } => {
                touched.after.as_mut().ok_or_else(missing)?.fields.insert(field.clone(), value.clone());
            }
            ElementEvent::FieldCleared { field } => {
                touched.after.as_mut().ok_or_else(missing)?.fields.remove(field);
            }
        }
        Ok(())
    }

    /// Adds what turns the elements as they were into what they are.
    pub(super) fn write(self, changes: &mut Batch) {
        let new = || self.touched.iter().filter(|touched| touched.before.is_none());
        let new = || new().filter_map(|touched| touched.after.as_ref());
        // One kind of entries after the other, each in about the order of its keys: that sorts well.
        for entries in KINDS {
            new().for_each(|element| entries(element, &mut |key, value| changes.put(&key, value)));
        }
        for Touched { before, after } in &self.touched {
            let Some(before) = before else { continue };
            let (before, after) = (entries(before), after.as_ref().map(entries).unwrap_or_default());
            before.keys().filter(|key| !after.contains_key(*key)).for_each(|key| changes.delete(key));
            let news = after.iter().filter(|(key, value)| before.get(*key) != Some(*value));
            news.for_each(|(key, value)| changes.put(key, value));
        }
    }
}

/// Everything that the table holds of an element.
fn entries(element: &Element) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut entries = BTreeMap::new();
    for of_kind in KINDS {
        of_kind(element, &mut |key, value| drop(entries.insert(key, value.to_vec())));
    }
    entries
}

/// What gives the entries of one kind of an element.
type OfKind = fn(&Element, &mut dyn FnMut(Vec<u8>, &[u8]));

const KINDS: [OfKind; 4] = [title, fields, title_searched, addresses];

fn title(element: &Element, entry: &mut dyn FnMut(Vec<u8>, &[u8])) {
    entry(Pack::key(TITLE).element(&element.id).done(), element.title.as_bytes());
}

fn fields(element: &Element, entry: &mut dyn FnMut(Vec<u8>, &[u8])) {
    for (field, value) in &element.fields {
        let key = Pack::key(FIELD).element(&element.id).text(field);
        for (part, bytes) in (0..).zip(encode(value).chunks(PART_BYTES)) {
            entry(key.clone().byte(part).done(), bytes);
        }
    }
}

fn title_searched(element: &Element, entry: &mut dyn FnMut(Vec<u8>, &[u8])) {
    let key = by_title(&element.id.app).raw(sorted(&element.title).as_bytes());
    entry(key.id(element.id.element.0).done(), &searched(element));
}

fn addresses(element: &Element, entry: &mut dyn FnMut(Vec<u8>, &[u8])) {
    for account in element.fields.values().filter_map(FieldValue::account) {
        if let Some(prefix) = by_address(&element.id.app, &account) {
            entry(prefix.id(element.id.element.0).done(), &[]);
        }
    }
}

pub(super) fn by_title(app: &AppId) -> Pack {
    Pack::key(BY_TITLE).text(app.as_str())
}

/// The key of an address, without the element; `None` when it is too long to be one.
pub(super) fn by_address(app: &AppId, account: &AccountText) -> Option<Pack> {
    let address = compared(account);
    (address.len() <= ADDRESS_BYTES_MAX)
        .then(|| Pack::key(BY_ADDRESS).text(app.as_str()).account_kind(&account.kind).text(&address))
}

/// The title in lower case, cut to what elements are sorted by.
fn sorted(title: &str) -> String {
    let mut lower = title.to_lowercase();
    lower.truncate(lower.floor_char_boundary(SORTED_BYTES_MAX));
    lower
}

/// What a search looks into.
fn searched(element: &Element) -> Vec<u8> {
    let mut text = element.title.to_lowercase();
    for account in element.fields.values().filter_map(FieldValue::account) {
        if account.text.len() <= ADDRESS_BYTES_MAX {
            text.push('\n');
            text.push_str(&account.text.to_lowercase());
        }
    }
    text.truncate(text.floor_char_boundary(SEARCHED_BYTES_MAX));
    text.into_bytes()
}

/// An address in the form in which addresses of its kind are compared; one that has not the right
/// form compares by its characters in lower case.
fn compared(account: &AccountText) -> String {
    // A number in international form has that form already, whether or not it is in use, which takes
    // long to find out.
    let digits = account.text.strip_prefix('+').unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && account.kind.format() == AddressFormat::PhoneE164 {
        return account.text.clone();
    }
    match Account::normalise(account, account.kind.format()) {
        Ok(account) => account.address,
        Err(_) => account.text.trim().to_lowercase(),
    }
}

/// Reads an element.
pub(super) fn read(table: &Snapshot, id: &ElementRef) -> Result<Option<Element>, ProjectionError> {
    let Some(title) = table.get(&Pack::key(TITLE).element(id).done())? else { return Ok(None) };
    let title = String::from_utf8(title).map_err(damaged)?;
    let prefix = Pack::key(FIELD).element(id).done();
    let mut values: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (key, value) in table.scan_prefix(&prefix, Direction::Forward, FIELDS_MAX * PARTS_MAX)? {
        let field = Unpack::row(&key[prefix.len()..]).text()?;
        values.entry(field).or_default().extend(value);
    }
    let decoded = values.into_iter().map(|(field, value)| Ok((field, decode(&value)?)));
    let fields = decoded.collect::<Result<_, ProjectionError>>()?;
    Ok(Some(Element { id: id.clone(), title, fields }))
}

fn encode(value: &FieldValue) -> Vec<u8> {
    match value {
        FieldValue::Account(account) => {
            Pack::row().byte(1).account_kind(&account.kind).text(&account.text).done()
        }
        FieldValue::Email(text) => Pack::row().byte(2).text(text).done(),
        FieldValue::Text(text) => Pack::row().byte(3).text(text).done(),
    }
}

fn decode(bytes: &[u8]) -> Result<FieldValue, ProjectionError> {
    let mut row = Unpack::row(bytes);
    let value = match row.byte()? {
        1 => FieldValue::Account(AccountText { kind: row.account_kind()?, text: row.text()? }),
        2 => FieldValue::Email(row.text()?),
        3 => FieldValue::Text(row.text()?),
        other => return Err(damaged(format!("has a field of type {other}"))),
    };
    row.end()?;
    Ok(value)
}
