//! Questions about sessions and the lists they stand in.

use crate::domain::account::Account;
use crate::domain::id::{ElementRef, LineId, OperatorId, SessionId};

use super::super::page::{Page, PageOf};
use super::super::{Projections, QueryError, SessionSummary, sessions};

type Sessions = Result<Page<SessionSummary>, QueryError>;

/// # Sessions
///
/// Every list is in the order of the log. All of these fail as [`Projections::session`] does; those
/// of lines also with [`QueryError::TooWide`] for more than [`super::super::MERGED_PARTS_MAX`] lines.
impl Projections {
    /// A session, open or closed.
    ///
    /// # Errors
    ///
    /// [`QueryError::Unavailable`] when the projections have stopped; [`QueryError::ForeignCursor`]
    /// where a page is asked for with the cursor of another list.
    pub async fn session(&self, session: SessionId) -> Result<Option<SessionSummary>, QueryError> {
        self.ask(move |tables| sessions::find(tables.sessions(), session)).await
    }

    /// The open sessions of an operator, the last active first.
    pub async fn my_sessions(&self, operator: OperatorId, page: PageOf) -> Sessions {
        self.ask(move |tables| sessions::my(tables.sessions(), operator, &page)).await
    }

    /// The open sessions of lines that have no operator, the longest waiting first.
    pub async fn queue(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::queue(tables.sessions(), &lines, &page)).await
    }

    /// The open sessions of lines that have an operator, the last active first.
    pub async fn active(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::active(tables.sessions(), &lines, &page)).await
    }

    /// The closed sessions of lines, the last closed first.
    pub async fn closed_of_lines(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::closed_of_lines(tables.sessions(), &lines, &page)).await
    }

    /// The closed sessions whose last operator this was, the last closed first.
    pub async fn closed_of_operator(&self, operator: OperatorId, page: PageOf) -> Sessions {
        self.ask(move |tables| sessions::closed_of_operator(tables.sessions(), operator, &page)).await
    }

    /// The open sessions linked to an element, the last created first; of some lines or all.
    pub async fn linked(&self, element: &ElementRef, lines: Option<&[LineId]>, page: PageOf) -> Sessions {
        let (element, lines) = (element.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::linked(tables.sessions(), &element, lines.as_deref(), &page)).await
    }

    /// The closed sessions linked to an element, the last closed first; of some lines or all.
    pub async fn archive(&self, element: &ElementRef, lines: Option<&[LineId]>, page: PageOf) -> Sessions {
        let (element, lines) = (element.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::archived(tables.sessions(), &element, lines.as_deref(), &page)).await
    }

    /// All sessions with an account, the last created first; of some lines or all.
    pub async fn customer_sessions(
        &self,
        account: &Account,
        lines: Option<&[LineId]>,
        page: PageOf,
    ) -> Sessions {
        let (account, lines) = (account.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::by_account(tables.sessions(), &account, lines.as_deref(), &page))
            .await
    }
}
