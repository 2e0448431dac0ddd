//! Questions of the rules that the projections answer.

use std::sync::Arc;

use crate::actor::Lookup;
use crate::directory::{DirectoryError, DirectoryFuture};
use crate::domain::account::{Account, AccountText};
use crate::domain::element::Element;
use crate::domain::id::{AppId, OperatorId};
use crate::log::Log;

use super::views::Views;

/// Answers from the projections, once they have what the log holds.
pub(super) struct EmbeddedDirectory {
    log: Arc<dyn Log>,
    views: Arc<Views>,
}

impl EmbeddedDirectory {
    pub fn new(log: Arc<dyn Log>, views: Arc<Views>) -> EmbeddedDirectory {
        EmbeddedDirectory { log, views }
    }
}

impl Lookup for EmbeddedDirectory {
    fn lines_of(&self, operator: OperatorId) -> DirectoryFuture<usize> {
        let (projections, head) = (self.views.current(), self.log.head());
        Box::pin(async move {
            let failed = |error: String| DirectoryError(error);
            projections.caught_up(head).await.map_err(|error| failed(error.to_string()))?;
            let lines = projections.lines_of(operator).await;
            Ok(lines.map_err(|error| failed(error.to_string()))?.len())
        })
    }

    fn find(&self, app: &AppId, account: &Account) -> DirectoryFuture<Option<Element>> {
        let (projections, head) = (self.views.current(), self.log.head());
        let app = app.clone();
        let account = AccountText { kind: account.kind.clone(), text: account.address.clone() };
        Box::pin(async move {
            let failed = |error: String| DirectoryError(error);
            projections.caught_up(head).await.map_err(|error| failed(error.to_string()))?;
            let found = projections.elements_by_account(&app, &account).await;
            Ok(found.map_err(|error| failed(error.to_string()))?.into_iter().next())
        })
    }
}
