//! What channels and processes hand in.

use serde::{Deserialize, Serialize};
use switchboard::domain::command::DeliveryReport;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::{ChannelKindCode, ElementRefJson};
use super::session::AccountChoiceJson;
use super::time::Time;

/// A channel, as itself sees it.
#[derive(Serialize, ToSchema)]
pub struct OwnChannelJson {
    /// The channel.
    pub channel: Uuid,
    /// Its kind.
    pub kind: ChannelKindCode,
    /// Its title.
    pub title: String,
    /// Whether it is connected.
    pub connected: bool,
    /// Its line.
    pub line: Uuid,
    /// The line's title.
    pub line_title: String,
}

/// A customer's message, as a channel delivers it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InboundJson {
    /// The customer's address, in the channel's form.
    #[schema(example = "+79161234567")]
    pub address: String,
    /// The customer's name, where the channel tells it.
    pub sender: Option<String>,
    /// The channel's own id of the message: the same again changes nothing.
    pub external_id: String,
    /// The text.
    pub text: String,
    /// The subject, of e-mail.
    pub subject: Option<String>,
    /// The session that it answers.
    pub in_reply_to: Option<Uuid>,
    /// When it was sent, by the channel's word.
    pub sent_at: Option<Time>,
}

/// What a channel tells of an outgoing message.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryJson {
    /// The message's session.
    pub session: Uuid,
    /// The message.
    pub message: Uuid,
    /// What became of it.
    pub report: ReportJson,
}

/// What became of an outgoing message.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ReportJson {
    /// The channel took it.
    HandedOver,
    /// It reached the customer.
    Delivered,
    /// The customer read it.
    Read,
    /// It did not get through.
    Failed {
        /// Why.
        reason: String,
    },
}

impl From<ReportJson> for DeliveryReport {
    fn from(json: ReportJson) -> DeliveryReport {
        match json {
            ReportJson::HandedOver => DeliveryReport::HandedOver,
            ReportJson::Delivered => DeliveryReport::Delivered,
            ReportJson::Read => DeliveryReport::Read,
            ReportJson::Failed { reason } => DeliveryReport::Failed { reason },
        }
    }
}

/// A message of a business process.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InitiatedJson {
    /// The line.
    pub line: Uuid,
    /// The customer.
    pub contact: ElementRefJson,
    /// The customer's address.
    pub account: AccountChoiceJson,
    /// The channel, where the line has several that fit.
    pub channel: Option<Uuid>,
    /// The subject of a new e-mail session.
    pub subject: Option<String>,
    /// The open session to append to.
    pub append_to: Option<Uuid>,
    /// The text.
    #[schema(example = "Заказ № 17 готов")]
    pub text: String,
}
