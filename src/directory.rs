//! Where contacts and elements come from: the embedded apps, or a host's own records.

use std::future::Future;
use std::pin::Pin;

use crate::domain::account::Account;
use crate::domain::element::Element;
use crate::domain::id::{AppId, ElementRef};

/// A future of a directory.
pub type DirectoryFuture<T> = Pin<Box<dyn Future<Output = Result<T, DirectoryError>> + Send + 'static>>;

/// Why a directory could not answer; the command that asked is answered `Unavailable`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the directory did not answer: {0}")]
pub struct DirectoryError(pub String);

/// Elements found, and where the next ones begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The elements.
    pub elements: Vec<Element>,
    /// What to hand in as `after` for more; `None` at the end.
    pub next: Option<String>,
}

/// Answers about elements from a host's own records.
///
/// Given to the engine when it is opened, it replaces the embedded elements: rules read from it,
/// and the engine's own commands to elements are refused.
pub trait Directory: Send + Sync + 'static {
    /// One element with its fields.
    fn element(&self, element: &ElementRef) -> DirectoryFuture<Option<Element>>;

    /// The element of an app that has this account in a field of type Account or E-mail.
    fn find(&self, app: &AppId, account: &Account) -> DirectoryFuture<Option<Element>>;

    /// Elements of an app whose title or addresses contain a text, at most `items_max`.
    fn search(
        &self,
        app: &AppId,
        text: &str,
        after: Option<String>,
        items_max: usize,
    ) -> DirectoryFuture<Found>;
}
