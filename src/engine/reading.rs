//! Who may read what: members of a line its sessions, and a card only where its widget stands.

use super::Engine;
use crate::directory::Found;
use crate::domain::channel::Channel;
use crate::domain::element::Element;
use crate::domain::event::Role;
use crate::domain::id::{AppId, ChannelId, ElementRef, LineId, OperatorId, Principal};
use crate::domain::rejection::Rejection;
use crate::projection::{PAGE_ITEMS_MAX, PageOf, QueryError};
use crate::request::CommandError;

/// Why a search was not answered. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// What was given as `after` is no cursor of this search.
    #[error("{0:?} is no cursor of this search")]
    BadCursor(String),
    /// A rule says no, or something could not be read.
    #[error(transparent)]
    Failed(#[from] CommandError),
}

impl From<Rejection> for SearchError {
    fn from(rejection: Rejection) -> SearchError {
        SearchError::Failed(rejection.into())
    }
}

impl Engine {
    /// Requires that somebody may read the sessions of a line: its members, and administrators.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, `NotMemberOfLine`, `PrincipalNotAllowed`.
    pub async fn require_reader(&self, principal: &Principal, line: LineId) -> Result<(), CommandError> {
        let known = self.inner.world.store.line(line).await?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        match principal {
            Principal::Administrator(_) => Ok(()),
            Principal::Operator(operator) if state.has_member(*operator) => Ok(()),
            Principal::Operator(_) => Err(Rejection::NotMemberOfLine { line }.into()),
            Principal::Channel(_) | Principal::Process(_) => Err(Rejection::PrincipalNotAllowed.into()),
        }
    }

    /// The channels of a line with their rules, by id; disconnected ones included.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, or when it could not be read.
    pub async fn channels(&self, line: LineId) -> Result<Vec<Channel>, CommandError> {
        let known = self.inner.world.store.line(line).await?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        Ok(state.channels.values().cloned().collect())
    }

    /// Whether a line keeps the commands that it refuses.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, or when it could not be read.
    pub async fn keeps_refusals(&self, line: LineId) -> Result<bool, CommandError> {
        let known = self.inner.world.store.line(line).await?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        Ok(state.refusal_audit)
    }

    /// The line that a channel belongs to, for ever.
    ///
    /// # Errors
    ///
    /// When it could not be read.
    pub async fn line_of_channel(&self, channel: ChannelId) -> Result<Option<LineId>, CommandError> {
        Ok(self.inner.world.store.channel_line(channel).await?)
    }

    /// Requires that somebody is a supervisor of a line, or an administrator.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, `NotMemberOfLine`, `PrincipalNotAllowed`.
    pub async fn require_supervisor(&self, principal: &Principal, line: LineId) -> Result<(), CommandError> {
        let known = self.inner.world.store.line(line).await?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        match principal {
            Principal::Administrator(_) => Ok(()),
            Principal::Operator(operator) if state.has(*operator, Role::Supervisor) => Ok(()),
            Principal::Operator(_) => Err(Rejection::NotMemberOfLine { line }.into()),
            Principal::Channel(_) | Principal::Process(_) => Err(Rejection::PrincipalNotAllowed.into()),
        }
    }

    /// The lines whose correspondence an element's card shows to a person: those that place the
    /// widget on the form of its app and on which the person has a role.
    ///
    /// # Errors
    ///
    /// `ElementNotFound`; `WidgetNotPlaced` where there is no such line.
    pub async fn card_lines(
        &self,
        operator: OperatorId,
        element: &ElementRef,
    ) -> Result<Vec<LineId>, CommandError> {
        if self.inner.world.element(element).await?.state().is_none() {
            return Err(Rejection::ElementNotFound { element: element.clone() }.into());
        }
        let views = self.read().await.map_err(|error| unavailable(&error))?;
        let mine = views.lines_of(operator).await.map_err(|error| unavailable(&error))?;
        let mut shown = Vec::new();
        for line in mine {
            let known = self.inner.world.store.line(line.line).await?;
            if known.state.as_ref().is_some_and(|state| state.require_widget(&element.app).is_ok()) {
                shown.push(line.line);
            }
        }
        if shown.is_empty() {
            return Err(Rejection::WidgetNotPlaced { app: element.app.clone() }.into());
        }
        Ok(shown)
    }

    /// Contacts of a line whose title or an address contains a text, and where more begin.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, `NoContactApp`, `BadCursor`, or when something could not be read.
    pub async fn search_contacts(
        &self,
        line: LineId,
        text: &str,
        after: Option<String>,
        items_max: usize,
    ) -> Result<Found, SearchError> {
        let known = self.inner.world.store.line(line).await.map_err(CommandError::from)?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        let app = state.contact_app.as_ref().ok_or(Rejection::NoContactApp { line })?;
        self.search_elements(app, text, after, items_max).await
    }

    /// Elements of an app whose title or an address contains a text, and where more begin.
    ///
    /// # Errors
    ///
    /// `BadCursor`, or when something could not be read.
    pub async fn search_elements(
        &self,
        app: &AppId,
        text: &str,
        after: Option<String>,
        items_max: usize,
    ) -> Result<Found, SearchError> {
        let items_max = items_max.clamp(1, PAGE_ITEMS_MAX);
        if let Some(directory) = &self.inner.world.directory {
            let found = directory.search(app, text, after, items_max).await;
            return Ok(found.map_err(|error| unavailable(&error))?);
        }
        let page = match &after {
            None => PageOf::first(items_max),
            Some(text) => {
                let cursor = text.parse().map_err(|_| SearchError::BadCursor(text.clone()))?;
                PageOf::after(cursor, items_max)
            }
        };
        let views = self.read().await.map_err(|error| unavailable(&error))?;
        match views.search_elements(app, text, page).await {
            Ok(found) => {
                let next = found.next.map(|cursor| cursor.to_string());
                Ok(Found { elements: found.items, next })
            }
            Err(QueryError::ForeignCursor) => Err(SearchError::BadCursor(after.unwrap_or_default())),
            Err(error) => Err(unavailable(&error).into()),
        }
    }

    /// One element, from wherever elements are kept.
    ///
    /// # Errors
    ///
    /// When it could not be read.
    pub async fn find_element(&self, element: &ElementRef) -> Result<Option<Element>, CommandError> {
        Ok(self.inner.world.element(element).await?.into_state())
    }
}

fn unavailable(error: &impl std::fmt::Display) -> CommandError {
    CommandError::Unavailable(error.to_string())
}
