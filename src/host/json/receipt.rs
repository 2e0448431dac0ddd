//! The answer to a command.

use serde::Serialize;
use switchboard::Receipt;
use utoipa::ToSchema;
use uuid::Uuid;

/// The answer to a command: it is durable, and here is where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReceiptJson {
    /// The position of its last event; a command that changes nothing gives that of the last change.
    pub position: u64,
    /// What it created, where that is no session or message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// The session that it was about, or that it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Uuid>,
    /// The message that it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Uuid>,
}

impl From<Receipt> for ReceiptJson {
    fn from(receipt: Receipt) -> ReceiptJson {
        ReceiptJson {
            position: receipt.position.0,
            id: None,
            session: receipt.session.map(|session| session.0),
            message: receipt.message.map(|message| message.0),
        }
    }
}
