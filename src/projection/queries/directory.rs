//! Questions about who and what there is.

use crate::domain::account::AccountText;
use crate::domain::element::Element;
use crate::domain::id::{AppId, ElementRef, LineId, OperatorId};

use super::super::page::{Page, PageOf};
use super::super::{
    AppView, LineView, MemberView, OperatorLine, OperatorView, ProcessView, Projections, QueryError,
    directory,
};

/// # Directory
///
/// All of these fail as [`Projections::session`] does.
impl Projections {
    /// A line.
    pub async fn line(&self, line: LineId) -> Result<Option<LineView>, QueryError> {
        self.ask(move |tables| directory::line(tables.directory(), line)).await
    }

    /// All lines, by id.
    pub async fn lines(&self, page: PageOf) -> Result<Page<LineView>, QueryError> {
        self.ask(move |tables| directory::lines(tables.directory(), &page)).await
    }

    /// The lines on which a person has a role, by id.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooWide`] for more than [`super::super::MERGED_PARTS_MAX`] lines; else as the others.
    pub async fn lines_of(&self, operator: OperatorId) -> Result<Vec<OperatorLine>, QueryError> {
        self.ask(move |tables| directory::lines_of(tables.directory(), operator)).await
    }

    /// The people of a line, by id.
    pub async fn members(&self, line: LineId, page: PageOf) -> Result<Page<MemberView>, QueryError> {
        self.ask(move |tables| directory::members(tables.directory(), line, &page)).await
    }

    /// A person at the console.
    pub async fn operator(&self, operator: OperatorId) -> Result<Option<OperatorView>, QueryError> {
        self.ask(move |tables| directory::operator(tables.directory(), operator)).await
    }

    /// All people at the console, by id.
    pub async fn operators(&self, page: PageOf) -> Result<Page<OperatorView>, QueryError> {
        self.ask(move |tables| directory::operators(tables.directory(), &page)).await
    }

    /// The apps of the host, by code.
    pub async fn apps(&self) -> Result<Vec<AppView>, QueryError> {
        self.ask(|tables| directory::apps(tables.directory())).await
    }

    /// The processes that may send, by code.
    pub async fn processes(&self) -> Result<Vec<ProcessView>, QueryError> {
        self.ask(|tables| directory::processes(tables.directory())).await
    }

    /// Whether the service licence is active.
    pub async fn service_licence(&self) -> Result<bool, QueryError> {
        self.ask(|tables| directory::service_licence(tables.directory())).await
    }

    /// An element with its fields.
    pub async fn element(&self, element: &ElementRef) -> Result<Option<Element>, QueryError> {
        let element = element.clone();
        self.ask(move |tables| directory::element(tables.directory(), &element)).await
    }

    /// The elements of an app that have this address in a field, by id; at most
    /// [`super::super::ELEMENTS_FOUND_MAX`]. Addresses compare in their normalised form, where they have one.
    pub async fn elements_by_account(
        &self,
        app: &AppId,
        account: &AccountText,
    ) -> Result<Vec<Element>, QueryError> {
        let (app, account) = (app.clone(), account.clone());
        self.ask(move |tables| directory::elements_by_account(tables.directory(), &app, &account)).await
    }

    /// The elements of an app whose title or an address contains `part`, whatever its case, by
    /// title; all of them when it is blank. A page looks into at most
    /// [`super::super::SEARCH_EXAMINED_MAX`] elements, and may hold fewer than asked and have a next one.
    pub async fn search_elements(
        &self,
        app: &AppId,
        part: &str,
        page: PageOf,
    ) -> Result<Page<Element>, QueryError> {
        let (app, part) = (app.clone(), part.to_owned());
        self.ask(move |tables| directory::search(tables.directory(), &app, &part, &page)).await
    }
}
