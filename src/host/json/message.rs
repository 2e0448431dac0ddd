//! Correspondence: messages and what else a transcript shows.

use serde::Serialize;
use switchboard::projection::{Author, Delivery, MessageView, TranscriptEntry, TranscriptItem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::channel::ReportJson;
use super::ids::{ElementRefJson, ProcessCode};
use super::principal::PrincipalJson;
use super::session::{DirectionJson, OriginJson};
use super::time::Time;

/// Who wrote a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AuthorJson {
    /// The customer.
    Customer,
    /// An operator.
    Operator {
        /// The person.
        operator: Uuid,
    },
    /// A business process.
    Process {
        /// The process.
        process: ProcessCode,
    },
}

/// What became of an outgoing message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MessageDeliveryJson {
    /// No channel has taken it yet.
    Pending(PendingJson),
    /// The channel's last word.
    Reported(ReportJson),
}

/// No channel has taken the message yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PendingJson {
    /// `pending`.
    #[schema(example = "pending")]
    pub state: &'static str,
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageJson {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was recorded.
    pub time: Time,
    /// Its session.
    pub session: Uuid,
    /// Its id.
    pub message: Uuid,
    /// Which way it went.
    pub direction: DirectionJson,
    /// Who wrote it.
    pub author: AuthorJson,
    /// What it says.
    pub text: String,
    /// The subject that the customer gave it.
    pub subject: Option<String>,
    /// When the customer sent it, by the channel's word.
    pub sent_at: Option<Time>,
    /// What became of it; none for a customer's.
    pub delivery: Option<MessageDeliveryJson>,
}

impl From<MessageView> for MessageJson {
    fn from(view: MessageView) -> MessageJson {
        MessageJson {
            direction: view.direction().into(),
            position: view.position.0,
            time: Time(view.time),
            session: view.session.0,
            message: view.message.0,
            author: match view.author {
                Author::Customer => AuthorJson::Customer,
                Author::Operator(operator) => AuthorJson::Operator { operator: operator.0 },
                Author::Process(process) => AuthorJson::Process { process: ProcessCode(process) },
            },
            text: view.text,
            subject: view.subject,
            sent_at: view.sent_at.map(Time),
            delivery: view.delivery.map(delivery),
        }
    }
}

fn delivery(delivery: Delivery) -> MessageDeliveryJson {
    MessageDeliveryJson::Reported(match delivery {
        Delivery::Pending => return MessageDeliveryJson::Pending(PendingJson { state: "pending" }),
        Delivery::HandedOver => ReportJson::HandedOver,
        Delivery::Delivered => ReportJson::Delivered,
        Delivery::Read => ReportJson::Read,
        Delivery::Failed { reason } => ReportJson::Failed { reason },
    })
}

/// An entry of a session's transcript.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryJson {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was recorded.
    pub time: Time,
    /// Who acted.
    pub by: PrincipalJson,
    /// What happened.
    pub item: ItemJson,
}

/// What happened in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ItemJson {
    /// Somebody wrote.
    Message {
        /// The message.
        message: Box<MessageJson>,
    },
    /// It was created.
    Created {
        /// Where it came from.
        origin: OriginJson,
    },
    /// It became an operator's.
    Assigned {
        /// Whose it is since.
        operator: Uuid,
    },
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened {
        /// Whose it is since; nobody's in the queue.
        operator: Option<Uuid>,
    },
    /// It got another name.
    Renamed {
        /// Its name since.
        name: String,
    },
    /// It was added to an element's correspondence.
    Linked {
        /// The element.
        element: ElementRefJson,
    },
    /// It was taken out of there.
    Unlinked {
        /// The element.
        element: ElementRefJson,
    },
}

impl From<TranscriptEntry> for EntryJson {
    fn from(entry: TranscriptEntry) -> EntryJson {
        let item = match entry.item {
            TranscriptItem::Message(message) => ItemJson::Message { message: Box::new(message.into()) },
            TranscriptItem::Created { origin } => ItemJson::Created { origin: OriginJson::from(&origin) },
            TranscriptItem::Assigned { operator } => ItemJson::Assigned { operator: operator.0 },
            TranscriptItem::Closed => ItemJson::Closed,
            TranscriptItem::Reopened { operator } => {
                ItemJson::Reopened { operator: operator.map(|operator| operator.0) }
            }
            TranscriptItem::Renamed { name } => ItemJson::Renamed { name },
            TranscriptItem::Linked { element } => ItemJson::Linked { element: (&element).into() },
            TranscriptItem::Unlinked { element } => ItemJson::Unlinked { element: (&element).into() },
        };
        EntryJson {
            position: entry.position.0,
            time: Time(entry.time),
            by: PrincipalJson::from(&entry.by),
            item,
        }
    }
}
