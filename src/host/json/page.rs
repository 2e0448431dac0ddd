//! Pages of lists.

use serde::{Deserialize, Serialize};
use switchboard::projection::{Cursor, Page, PageOf};
use utoipa::{IntoParams, ToSchema};

/// Items on a page, where the request does not say.
const ITEMS_DEFAULT: usize = 50;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageJson<T> {
    /// The items; there may be none and still a next page.
    pub items: Vec<T>,
    /// What to hand in as `after` for the next page; none at the end.
    pub next: Option<String>,
}

impl<T> PageJson<T> {
    /// A list that has one page.
    #[must_use]
    pub fn whole(items: Vec<T>) -> PageJson<T> {
        PageJson { items, next: None }
    }

    /// A page as the library gives it.
    pub fn of<V>(page: Page<V>, item: impl FnMut(V) -> T) -> PageJson<T> {
        PageJson {
            items: page.items.into_iter().map(item).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

/// Which page is wanted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before it; the first page without it.
    pub after: Option<String>,
    /// The most items, 1 to 200; 50 without it.
    pub limit: Option<usize>,
}

/// The page as the library asks for it; `None` when `after` is no cursor.
#[must_use]
pub fn page_of(after: Option<&str>, limit: Option<usize>) -> Option<PageOf> {
    let items_max = limit.unwrap_or(ITEMS_DEFAULT);
    let after = after.map(str::parse::<Cursor>).transpose().ok()?;
    Some(PageOf { after, items_max })
}

/// Items on a page.
#[must_use]
pub fn items(limit: Option<usize>) -> usize {
    limit.unwrap_or(ITEMS_DEFAULT)
}
