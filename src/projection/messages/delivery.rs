//! What became of an outgoing message.

use crate::disk::table::Snapshot;
use crate::domain::id::{MessageId, SessionId};

use super::super::ProjectionError;
use super::super::pack::{Pack, Unpack, damaged};

pub(super) const KEY: u8 = b'd';

/// What became of an outgoing message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// No channel has taken it yet.
    Pending,
    /// The channel took it.
    HandedOver,
    /// It did not get through; a later word that it did is believed.
    Failed {
        /// Why, in the channel's words.
        reason: String,
    },
    /// It reached the customer.
    Delivered,
    /// The customer read it.
    Read,
}

impl Delivery {
    fn rank(&self) -> u8 {
        match self {
            Delivery::Pending => 0,
            Delivery::HandedOver => 1,
            Delivery::Failed { .. } => 2,
            Delivery::Delivered => 3,
            Delivery::Read => 4,
        }
    }

    /// Whether this is news after `known`.
    pub(super) fn follows(&self, known: &Delivery) -> bool {
        self.rank() > known.rank()
    }

    pub(super) fn encode(&self, row: Pack) -> Vec<u8> {
        let pack = row.byte(self.rank());
        match self {
            Delivery::Failed { reason } => pack.text(reason).done(),
            Delivery::Pending | Delivery::HandedOver | Delivery::Delivered | Delivery::Read => pack.done(),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Delivery, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let delivery = match row.byte()? {
            0 => Delivery::Pending,
            1 => Delivery::HandedOver,
            2 => Delivery::Failed { reason: row.text()? },
            3 => Delivery::Delivered,
            4 => Delivery::Read,
            other => return Err(damaged(format!("has a delivery {other}"))),
        };
        row.end()?;
        Ok(delivery)
    }

    pub(super) fn get(
        table: &Snapshot,
        session: SessionId,
        message: MessageId,
    ) -> Result<Delivery, ProjectionError> {
        let bytes = table.get(&key(session, message, Pack::key(KEY)))?;
        bytes.as_deref().map_or(Ok(Delivery::Pending), Delivery::decode)
    }
}

/// The key of a message, behind its tag.
pub(super) fn key(session: SessionId, message: MessageId, tag: Pack) -> Vec<u8> {
    tag.id(session.0).id(message.0).done()
}
