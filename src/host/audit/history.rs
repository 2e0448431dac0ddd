//! `audit history`.

use std::path::Path;

use clap::{Args, Subcommand};
use switchboard::audit::{self, Audit, AuditError, Subject};
use switchboard::domain::account::Account;
use switchboard::domain::event::Slot;
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, OperatorId, SessionId};
use uuid::Uuid;

use super::progress::Watch;
use super::{Until, say, sentence};
use crate::host::json::event::EventJson;
use crate::host::json::ids::{self, AccountKindCode, AppCode};

/// Whose history to print.
#[derive(Args)]
pub struct History {
    #[command(subcommand)]
    of: Of,
    /// Prints JSON Lines, an event of the log each.
    #[arg(long, global = true)]
    json: bool,
    /// Prints refused commands too, of lines that keep them.
    #[arg(long, global = true)]
    refused: bool,
    #[command(flatten)]
    until: Until,
}

#[derive(Subcommand)]
enum Of {
    /// Of a session.
    Session {
        /// The session.
        session: Uuid,
    },
    /// Of a customer's address on one channel.
    Slot {
        /// The channel.
        channel: Uuid,
        /// The kind of the address, such as phone.
        #[arg(value_parser = ids::code::<AccountKindCode>)]
        kind: AccountKindCode,
        /// The address, in the one form that is compared.
        address: String,
    },
    /// Of a record: its fields, and the sessions of it or linked to it.
    Element {
        /// Its app.
        #[arg(value_parser = ids::code::<AppCode>)]
        app: AppCode,
        /// The record.
        element: Uuid,
    },
    /// Of a customer's address on all channels.
    Account {
        /// The kind of the address, such as phone.
        #[arg(value_parser = ids::code::<AccountKindCode>)]
        kind: AccountKindCode,
        /// The address, in the one form that is compared.
        address: String,
    },
    /// Of an operator: what they did, and the sessions while they were theirs.
    Operator {
        /// The operator.
        operator: Uuid,
    },
}

impl Of {
    fn subject(self) -> Subject {
        match self {
            Of::Session { session } => Subject::Session(SessionId(session)),
            Of::Slot { channel, kind, address } => {
                let account = Account { kind: kind.0, address };
                Subject::Slot(Slot { channel: ChannelId(channel), account })
            }
            Of::Element { app, element } => {
                Subject::Element(ElementRef { app: app.0, element: ElementId(element) })
            }
            Of::Account { kind, address } => Subject::Account(Account { kind: kind.0, address }),
            Of::Operator { operator } => Subject::Operator(OperatorId(operator)),
        }
    }
}

impl History {
    /// Prints the timeline.
    pub async fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let opened = Audit::open(data)?;
        let to = self.until.position(&opened).await?;
        let mut history = audit::History::new(opened.log(), self.of.subject(), to);
        if self.refused {
            history = history.with_refused();
        }
        let mut report = |progress| watch.report(progress);
        let mut found = false;
        while let Some(recorded) = history.next(&mut report).await? {
            found = true;
            if self.json {
                let json = serde_json::to_string(&EventJson::from(&recorded));
                say(&json.map_err(|error| AuditError::Failed(error.to_string()))?)?;
            } else {
                say(&sentence::line(&recorded, history.names()))?;
            }
        }
        if found {
            return Ok(());
        }
        Err(AuditError::Asked(format!("the log up to position {to} knows nothing of it")))
    }
}
