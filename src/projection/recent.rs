//! Rows that were written lately, as they stand in a table, so that the fold need not read them there.
//!
//! Two generations: a row that is not asked for while as many others are is let go of.

use super::folding::ById;
use super::messages::Filing;
use super::sessions::SessionSummary;
use crate::domain::id::SessionId;

/// Rows of one generation: some megabytes, and twice the sessions that a busy desk has open.
const ROWS_MAX: usize = 8_192;

/// The rows that a fold keeps at hand.
#[derive(Debug, Default)]
pub(super) struct Recent {
    pub(super) sessions: Rows<Box<SessionSummary>>,
    pub(super) filings: Rows<Filing>,
}

/// Rows by session.
#[derive(Debug)]
pub(super) struct Rows<R> {
    young: ById<SessionId, R>,
    old: ById<SessionId, R>,
}

impl<R> Default for Rows<R> {
    fn default() -> Rows<R> {
        Rows { young: ById::default(), old: ById::default() }
    }
}

impl<R> Rows<R> {
    /// Takes a row out, to be changed and kept again.
    pub(super) fn take(&mut self, session: SessionId) -> Option<R> {
        self.young.remove(&session).or_else(|| self.old.remove(&session))
    }

    /// Keeps a row as it will stand in the table.
    pub(super) fn keep(&mut self, session: SessionId, row: R) {
        if self.young.len() >= ROWS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(session, row);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_row_that_is_asked_for_stays_and_the_others_are_bounded() {
        let mut rows = Rows::default();
        let session = |number: usize| SessionId(Uuid::from_u128(number as u128));
        rows.keep(session(0), 0);
        for number in 1..10 * ROWS_MAX {
            rows.keep(session(number), number);
            let asked = rows.take(session(0));
            assert_eq!(asked, Some(0));
            rows.keep(session(0), 0);
        }
        assert_eq!(rows.take(session(1)), None);
        assert!(rows.young.len() + rows.old.len() <= 2 * ROWS_MAX);
    }
}
