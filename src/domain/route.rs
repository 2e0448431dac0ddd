//! The way to a customer: from a contact's field to a channel and a checked address.
//!
//! One function serves the operators' dialog, their command, and the processes' messages.

use super::account::Account;
use super::channel::{Channel, OperatorCreate};
use super::command::ChosenAccount;
use super::element::{Element, FieldType, FieldValue};
use super::event::Slot;
use super::id::ChannelId;
use super::line::Line;
use super::rejection::{ChannelChoice, Rejection};
use super::slot::SlotFacts;

/// Who wants to reach the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An operator starts a session.
    Operator,
    /// A process sends a message.
    Process,
}

/// A channel and an address on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// The customer's address.
    pub account: Account,
}

/// The refusals found so far, in the order of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict(pub Vec<Rejection>);

impl Verdict {
    /// Keeps a refusal and goes on.
    pub fn note<T>(&mut self, outcome: Result<T, Rejection>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(rejection) => {
                self.0.push(rejection);
                None
            }
        }
    }
}

impl Route<'_> {
    /// The slot that a session on this way would stand in.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot { channel: self.channel.id, account: self.account.clone() }
    }

    /// The rule of earlier contact.
    ///
    /// # Errors
    ///
    /// `NeverContacted`.
    pub fn require_earlier_contact(&self, slot: &SlotFacts) -> Result<(), Rejection> {
        let gated = self.channel.policy.operator_create == OperatorCreate::PriorInboundOnly;
        if gated && !slot.state.customer_wrote {
            return Err(Rejection::NeverContacted { channel: self.channel.id });
        }
        Ok(())
    }
}

/// Finds the way to a contact's account, noting what is in its way.
pub fn find<'a>(
    line: &'a Line,
    contact: &Element,
    chosen: &ChosenAccount,
    named: Option<ChannelId>,
    purpose: Purpose,
    verdict: &mut Verdict,
) -> Option<Route<'a>> {
    let (value, channel) = verdict.note(field_and_channel(line, contact, chosen, named))?;
    verdict.note(lets(channel, purpose));
    let address = value.account()?;
    let account = Account::normalise(&address, channel.policy.account).map_err(|bad| Rejection::BadAddress {
        expected: bad.expected,
        given: bad.given,
        suggestion: bad.suggestion,
    });
    Some(Route { channel, account: verdict.note(account)? })
}

/// Whether any connected channel of a line lets operators start sessions.
pub fn require_outbound(line: &Line) -> Result<(), Rejection> {
    let outbound =
        |channel: &Channel| channel.connected && channel.policy.operator_create != OperatorCreate::Never;
    let any = line.channels.values().any(outbound);
    any.then_some(()).ok_or(Rejection::NoOutboundChannel { line: line.id })
}

/// The first field with the chosen text for which there is a channel, else the first refusal.
fn field_and_channel<'a, 'e>(
    line: &'a Line,
    contact: &'e Element,
    chosen: &ChosenAccount,
    named: Option<ChannelId>,
) -> Result<(&'e FieldValue, &'a Channel), Rejection> {
    let is_chosen = |(field, value): &(&String, &FieldValue)| {
        value.text() == chosen.text && chosen.field.as_ref().is_none_or(|name| name == *field)
    };
    let mut refusal = Rejection::AccountNotOfContact;
    let mut fields: Vec<_> = contact.fields.iter().filter(is_chosen).collect();
    fields.sort_by_key(|(_, value)| value.field_type() == FieldType::Text);
    for (at, (field, value)) in fields.into_iter().enumerate() {
        match channel_for(line, field, value, named) {
            Ok(channel) => return Ok((value, channel)),
            Err(found) if at == 0 => refusal = found,
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn channel_for<'a>(
    line: &'a Line,
    field: &str,
    value: &FieldValue,
    named: Option<ChannelId>,
) -> Result<&'a Channel, Rejection> {
    let field_type = value.field_type();
    let not_allowed = || Rejection::FieldTypeNotAllowed { field: field.to_owned(), field_type };
    let kind = value.account().ok_or_else(not_allowed)?.kind;
    let pool: Vec<&Channel> = match named {
        Some(channel) => vec![line.channel(channel)?],
        None => line.channels.values().collect(),
    };
    if pool.is_empty() {
        return Err(Rejection::NoOutboundChannel { line: line.id });
    }
    let allowed: Vec<&Channel> = pool.into_iter().filter(|channel| permits(channel, field_type)).collect();
    if allowed.is_empty() {
        return Err(not_allowed());
    }
    let fitting: Vec<&Channel> = allowed.iter().copied().filter(|channel| channel.accepts(&kind)).collect();
    let connected: Vec<&Channel> = fitting.iter().copied().filter(|channel| channel.connected).collect();
    match (fitting.as_slice(), connected.as_slice()) {
        ([], _) => Err(Rejection::AccountKindMismatch {
            kind,
            channels: allowed.iter().map(|channel| channel.kind.clone()).collect(),
        }),
        ([disconnected, ..], []) => Err(Rejection::ChannelDisconnected { channel: disconnected.id }),
        (_, [channel]) => Ok(channel),
        (_, several) => Err(Rejection::AmbiguousChannel {
            channels: several
                .iter()
                .map(|channel| ChannelChoice { channel: channel.id, title: channel.title.clone() })
                .collect(),
        }),
    }
}

fn permits(channel: &Channel, field_type: FieldType) -> bool {
    match field_type {
        FieldType::Account => channel.policy.field_types.account,
        FieldType::Email => channel.policy.field_types.email,
        FieldType::Text => false,
    }
}

fn lets(channel: &Channel, purpose: Purpose) -> Result<(), Rejection> {
    let kind = channel.kind.clone();
    match purpose {
        Purpose::Operator if channel.policy.operator_create == OperatorCreate::Never => {
            Err(Rejection::ChannelForbidsOperatorCreate { kind })
        }
        Purpose::Process if !channel.policy.initiated => Err(Rejection::ChannelForbidsInitiated { kind }),
        Purpose::Operator | Purpose::Process => Ok(()),
    }
}
