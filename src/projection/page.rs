//! Pages: where one ends is where the next begins, whatever happens in between.
//!
//! Knows bounds and cursors; must not know what is on a page.

use std::fmt;
use std::str::FromStr;

use crate::log::Position;

use super::QueryError;

/// The most items of a page: what a person scrolls through, times some.
pub const PAGE_ITEMS_MAX: usize = 200;

/// The longest cursor, in bytes before it is written as text: a search's key with room.
const CURSOR_BYTES_MAX: usize = 128;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, in the order of the list. A page may hold fewer than were asked for, or none, and
    /// still have a next one: `next` alone says where a list ends.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end of the list.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub(super) fn end() -> Page<T> {
        Page { items: Vec::new(), next: None }
    }
}

/// Which page of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOf {
    /// Where it begins: `next` of the page before it, or `None` for the first page.
    pub after: Option<Cursor>,
    /// The most items on it, 1 to [`PAGE_ITEMS_MAX`]; what is outside is moved to the nearer end.
    pub items_max: usize,
}

impl PageOf {
    /// The first page.
    #[must_use]
    pub fn first(items_max: usize) -> PageOf {
        PageOf { after: None, items_max }
    }

    /// The page that begins at a cursor.
    #[must_use]
    pub fn after(cursor: Cursor, items_max: usize) -> PageOf {
        PageOf { after: Some(cursor), items_max }
    }

    pub(super) fn limit(&self) -> usize {
        self.items_max.clamp(1, PAGE_ITEMS_MAX)
    }

    /// The position that the page begins after, for lists in the order of the log.
    pub(super) fn position(&self) -> Result<Option<Position>, QueryError> {
        match self.after.as_ref().map(|cursor| &cursor.0) {
            None => Ok(None),
            Some(Place::Position(position)) => Ok(Some(*position)),
            Some(Place::Key(_)) => Err(QueryError::ForeignCursor),
        }
    }

    /// The key that the page begins after, for lists in the order of a name.
    pub(super) fn key(&self) -> Result<Option<&[u8]>, QueryError> {
        match self.after.as_ref().map(|cursor| &cursor.0) {
            None => Ok(None),
            Some(Place::Key(key)) => Ok(Some(key)),
            Some(Place::Position(_)) => Err(QueryError::ForeignCursor),
        }
    }
}

/// A place in a list, which goes through text unchanged and means something to its list alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Position(Position),
    Key(Vec<u8>),
}

impl Cursor {
    /// The place of an event in any list in the order of the log: its page begins with what comes
    /// after the event in that list, whether the event stands there or not.
    #[must_use]
    pub fn at(position: Position) -> Cursor {
        Cursor(Place::Position(position))
    }

    pub(super) fn at_key(key: Vec<u8>) -> Cursor {
        Cursor(Place::Key(key))
    }
}

/// A text that is no cursor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is no cursor of a page")]
pub struct BadCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Position(position) => write!(f, "p{position}"),
            Place::Key(key) => {
                f.write_str("k")?;
                key.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Cursor, BadCursor> {
        if let Some(digits) = text.strip_prefix('p') {
            let position: u64 = digits.parse().map_err(|_| BadCursor)?;
            let cursor = Cursor::at(Position(position));
            return if cursor.to_string() == text { Ok(cursor) } else { Err(BadCursor) };
        }
        let digits = text.strip_prefix('k').ok_or(BadCursor)?.as_bytes();
        if digits.is_empty() || digits.len() % 2 == 1 || digits.len() > 2 * CURSOR_BYTES_MAX {
            return Err(BadCursor);
        }
        let key: Option<Vec<u8>> =
            digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
        key.map(Cursor::at_key).ok_or(BadCursor)
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// Makes a page of a list in the order of the log, from one item more than the page holds.
pub(super) fn cut<T>(mut items: Vec<(Position, T)>, limit: usize) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|(position, _)| Cursor::at(*position)) } else { None };
    Page { items: items.into_iter().map(|(_, item)| item).collect(), next }
}
