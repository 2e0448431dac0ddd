//! What becomes of an outgoing message: pending → handed over → delivered → read, or failed.

use super::Session;
use crate::domain::command::DeliveryReport;
use crate::domain::event::SessionEvent;
use crate::domain::id::{MessageId, Principal};
use crate::domain::limits::REASON_BYTES_MAX;
use crate::domain::name;
use crate::domain::rejection::{Input, Rejection};

/// How far an outgoing message got.
///
/// ```text
///   Pending ──▶ HandedOver ──▶ Delivered ──▶ Read
///      └────────────┴────────▶ Failed
/// ```
///
/// A report may skip steps; one that says less than is known changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Written; nobody took it yet.
    Pending,
    /// The channel took it.
    HandedOver,
    /// It reached the customer.
    Delivered,
    /// The customer read it.
    Read,
    /// It did not get through.
    Failed,
}

/// Decides a report about an outgoing message; on closed sessions too, where late ones arrive.
pub(super) fn report(
    session: &Session,
    principal: &Principal,
    message: MessageId,
    report: &DeliveryReport,
) -> Result<Option<SessionEvent>, Rejection> {
    let known = session.messages.get(&message).ok_or(Rejection::MessageNotFound { message })?;
    if *principal != Principal::Channel(session.channel) {
        return Err(Rejection::PrincipalNotAllowed);
    }
    let delivery = known.ok_or(Rejection::NotOutgoing { message })?;
    let to = match report {
        DeliveryReport::HandedOver => Delivery::HandedOver,
        DeliveryReport::Delivered => Delivery::Delivered,
        DeliveryReport::Read => Delivery::Read,
        DeliveryReport::Failed { .. } => Delivery::Failed,
    };
    if let (Delivery::Delivered | Delivery::Read, Delivery::Failed)
    | (Delivery::Failed, Delivery::Delivered | Delivery::Read) = (delivery, to)
    {
        return Err(Rejection::DeliverySettled { message });
    }
    let event = match report {
        DeliveryReport::HandedOver => SessionEvent::MessageHandedOver { message },
        DeliveryReport::Delivered => SessionEvent::MessageDelivered { message },
        DeliveryReport::Read => SessionEvent::MessageRead { message },
        DeliveryReport::Failed { reason } => {
            let reason = name::one_line(Input::Reason, reason, REASON_BYTES_MAX)?;
            SessionEvent::MessageFailed { message, reason }
        }
    };
    Ok((to > delivery).then_some(event))
}
