//! Sessions: what is asked of them, and what their lists show.

use serde::{Deserialize, Serialize};
use switchboard::domain::command::ChosenAccount;
use switchboard::domain::event::Origin;
use switchboard::projection::{MessageDirection, Moment, SessionStatus, SessionSummary};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::{AccountKindCode, ChannelKindCode, ElementRefJson, ProcessCode};
use super::time::Time;

/// An address chosen from a contact's fields.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChoiceJson {
    /// The address, exactly as the field holds it.
    #[schema(example = "+79161234567")]
    pub text: String,
    /// The field, where several hold the same text.
    pub field: Option<String>,
}

impl From<AccountChoiceJson> for ChosenAccount {
    fn from(json: AccountChoiceJson) -> ChosenAccount {
        ChosenAccount { text: json.text, field: json.field }
    }
}

/// A session to create.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSessionJson {
    /// The session's id; that of the command without it.
    pub session: Option<Uuid>,
    /// The line.
    pub line: Uuid,
    /// The customer.
    pub contact: ElementRefJson,
    /// The customer's address.
    pub account: AccountChoiceJson,
    /// The channel, where the line has several that fit.
    pub channel: Option<Uuid>,
    /// The subject: e-mail from the Lines section only.
    pub subject: Option<String>,
    /// The element whose card the operator acts from; the Lines section without it.
    pub card: Option<ElementRefJson>,
}

/// A draft of a session, of which something may still be lacking.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftJson {
    /// The line.
    pub line: Uuid,
    /// The customer.
    pub contact: Option<ElementRefJson>,
    /// The customer's address.
    pub account: Option<AccountChoiceJson>,
    /// The channel.
    pub channel: Option<Uuid>,
    /// The subject.
    pub subject: Option<String>,
    /// The element whose card the operator acts from.
    pub card: Option<ElementRefJson>,
}

/// A message to a customer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessageJson {
    /// The text.
    #[schema(example = "Добрый день!")]
    pub text: String,
    /// The element whose card the operator answers from.
    pub card: Option<ElementRefJson>,
}

/// Whom to assign a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignJson {
    /// The operator.
    pub operator: Uuid,
}

/// Where a session came from.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OriginJson {
    /// An operator, in the Lines section.
    LinesSection,
    /// An operator, on a card.
    Card {
        /// The card's element.
        element: ElementRefJson,
    },
    /// The customer wrote.
    Inbound,
    /// A business process sent a message.
    Process {
        /// The process.
        process: ProcessCode,
    },
}

impl From<&Origin> for OriginJson {
    fn from(origin: &Origin) -> OriginJson {
        match origin {
            Origin::LinesSection => OriginJson::LinesSection,
            Origin::Card(element) => OriginJson::Card { element: element.into() },
            Origin::Inbound => OriginJson::Inbound,
            Origin::Process(process) => OriginJson::Process { process: ProcessCode(process.clone()) },
        }
    }
}

/// A customer's address in the one form that is compared.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountJson {
    /// Its kind.
    pub kind: AccountKindCode,
    /// The address.
    pub address: String,
}

/// Whose a session is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StatusJson {
    /// Nobody's yet: it stands in the queue.
    Waiting,
    /// Its operator's.
    Assigned,
    /// Closed.
    Closed,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectionJson {
    /// From the customer.
    Incoming,
    /// To the customer.
    Outgoing,
}

impl From<MessageDirection> for DirectionJson {
    fn from(direction: MessageDirection) -> DirectionJson {
        match direction {
            MessageDirection::Incoming => DirectionJson::Incoming,
            MessageDirection::Outgoing => DirectionJson::Outgoing,
        }
    }
}

/// The newest message of a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LastMessageJson {
    /// Where it stands in the log.
    pub position: u64,
    /// Which way it went.
    pub direction: DirectionJson,
}

/// A session.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionJson {
    /// The session.
    pub session: Uuid,
    /// Its line.
    pub line: Uuid,
    /// Its channel.
    pub channel: Uuid,
    /// The kind of its channel.
    pub kind: ChannelKindCode,
    /// The customer's address, as it was when the session was created.
    pub account: AccountJson,
    /// The customer's record, where there was one.
    pub contact: Option<ElementRefJson>,
    /// The customer's name at creation; empty when nobody knew it.
    pub customer_name: String,
    /// Its name.
    pub name: String,
    /// Its subject; e-mail only.
    pub subject: Option<String>,
    /// Where it came from.
    pub origin: OriginJson,
    /// The session of the same customer and channel before it.
    pub continues: Option<Uuid>,
    /// Whether it waits, is assigned or is closed.
    pub status: StatusJson,
    /// Whose it is, or of a closed one was.
    pub operator: Option<Uuid>,
    /// Since when its status is what it is.
    pub status_since: Time,
    /// When it was created.
    pub created_at: Time,
    /// When something happened last.
    pub last_activity_at: Time,
    /// When it was closed last.
    pub closed_at: Option<Time>,
    /// How many times it was closed.
    pub cycles: u64,
    /// Its messages in both directions.
    pub messages: u64,
    /// The customer's messages since an operator wrote last.
    pub unread: u64,
    /// Its newest message.
    pub last_message: Option<LastMessageJson>,
    /// The elements whose correspondence it belongs to.
    pub links: Vec<ElementRefJson>,
}

impl From<SessionSummary> for SessionJson {
    fn from(view: SessionSummary) -> SessionJson {
        let time = |moment: Moment| Time(moment.time);
        let (status, operator) = match view.status {
            SessionStatus::Waiting => (StatusJson::Waiting, None),
            SessionStatus::Assigned(operator) => (StatusJson::Assigned, Some(operator)),
            SessionStatus::Closed { last_operator } => (StatusJson::Closed, last_operator),
        };
        SessionJson {
            session: view.session.0,
            line: view.line.0,
            channel: view.channel.0,
            kind: ChannelKindCode(view.kind),
            account: AccountJson { kind: AccountKindCode(view.account.kind), address: view.account.address },
            contact: view.contact.as_ref().map(ElementRefJson::from),
            customer_name: view.customer_name,
            name: view.name,
            subject: view.subject,
            origin: OriginJson::from(&view.origin),
            continues: view.continues.map(|session| session.0),
            status,
            operator: operator.map(|operator| operator.0),
            status_since: time(view.status_since),
            created_at: time(view.created),
            last_activity_at: time(view.last_activity),
            closed_at: view.closed_at.map(time),
            cycles: view.cycles,
            messages: view.messages,
            unread: view.unread,
            last_message: view
                .last_message
                .map(|last| LastMessageJson { position: last.position.0, direction: last.direction.into() }),
            links: view.links.iter().map(ElementRefJson::from).collect(),
        }
    }
}
