//! The way to a customer: from a contact's field to a channel and a checked address.
//!
//! One function serves the operators' dialog, their command, and the processes' messages.

use super::account::{Account, AccountText};
use super::channel::{Channel, ChannelPolicy, OperatorCreate};
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

/// What became of looking for a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// It leads to a checked address, though what was noted may still forbid it.
    Open(Route<'a>),
    /// The channel is known, but the address cannot be used on it.
    Blocked(&'a Channel),
    /// Not even the channel is known.
    Unknown,
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
        // A medium that asks for it does so whatever narrower policy the line has set.
        let asked = |policy: &ChannelPolicy| policy.operator_create == OperatorCreate::PriorInboundOnly;
        let gated = asked(&self.channel.policy) || self.channel.kind.policy().as_ref().is_some_and(asked);
        if gated && !slot.state.customer_wrote {
            return Err(Rejection::NeverContacted { channel: self.channel.id });
        }
        Ok(())
    }
}

/// Finds the way to a contact's account, noting everything that is in its way.
pub fn find<'a>(
    line: &'a Line,
    contact: &Element,
    chosen: &ChosenAccount,
    named: Option<ChannelId>,
    purpose: Purpose,
    verdict: &mut Verdict,
) -> Way<'a> {
    let Choice { address, channel, refusals } = choose(line, contact, chosen, named);
    verdict.0.extend(refusals);
    let Some(channel) = channel else { return Way::Unknown };
    verdict.note(lets(channel, purpose));
    // An account of another medium is no address here, so that its form is not asked.
    let Some(address) = address.filter(|address| channel.accepts(&address.kind)) else {
        return Way::Blocked(channel);
    };
    let account = Account::normalise(&address, channel.policy.account).map_err(|bad| Rejection::BadAddress {
        expected: bad.expected,
        given: bad.given,
        suggestion: bad.suggestion,
    });
    match verdict.note(account) {
        Some(account) => Way::Open(Route { channel, account }),
        None => Way::Blocked(channel),
    }
}

/// Whether any connected channel of a line lets operators start sessions.
pub fn require_outbound(line: &Line) -> Result<(), Rejection> {
    let outbound =
        |channel: &Channel| channel.connected && channel.policy.operator_create != OperatorCreate::Never;
    let any = line.channels.values().any(outbound);
    any.then_some(()).ok_or(Rejection::NoOutboundChannel { line: line.id })
}

/// An address and a channel for it, as far as they are known, and what is wrong with them.
#[derive(Debug, Default)]
struct Choice<'a> {
    address: Option<AccountText>,
    channel: Option<&'a Channel>,
    refusals: Vec<Rejection>,
}

/// The first field with the chosen text for which there is a channel, else the first of them.
fn choose<'a>(
    line: &'a Line,
    contact: &Element,
    chosen: &ChosenAccount,
    named: Option<ChannelId>,
) -> Choice<'a> {
    let is_chosen = |(field, value): &(&String, &FieldValue)| {
        value.text() == chosen.text && chosen.field.as_ref().is_none_or(|name| name == *field)
    };
    let mut fields: Vec<_> = contact.fields.iter().filter(is_chosen).collect();
    fields.sort_by_key(|(_, value)| value.field_type() == FieldType::Text);
    let mut first = None;
    for (field, value) in fields {
        let choice = channel_for(line, field, value, named);
        if choice.refusals.is_empty() {
            return choice;
        }
        first.get_or_insert(choice);
    }
    first.unwrap_or_else(|| Choice { refusals: vec![Rejection::AccountNotOfContact], ..Choice::default() })
}

/// The channel for a field: it permits the type, fits the kind, and is connected; where none does
/// all of it and only one is in question, that one, with everything that is wrong with it.
fn channel_for<'a>(line: &'a Line, field: &str, value: &FieldValue, named: Option<ChannelId>) -> Choice<'a> {
    let mut pool: Vec<&Channel> = match named {
        Some(named) => line.channels.get(&named).into_iter().collect(),
        None => line.channels.values().collect(),
    };
    let address = value.account();
    let mut verdict = Verdict::default();
    if pool.is_empty() {
        // A line without channels has none for any field; a text is no address on any line.
        verdict.0.push(match address {
            Some(_) => Rejection::NoOutboundChannel { line: line.id },
            None => not_allowed(field, value),
        });
    } else if !keep(&mut pool, |channel| permits(channel, value.field_type())) {
        verdict.0.push(not_allowed(field, value));
    }
    let fits = |channel: &Channel| address.as_ref().is_none_or(|address| channel.accepts(&address.kind));
    let kinds = pool.iter().map(|channel| channel.kind.clone()).collect();
    if let (false, Some(address), false) = (keep(&mut pool, fits), &address, pool.is_empty()) {
        verdict.0.push(Rejection::AccountKindMismatch { kind: address.kind.clone(), channels: kinds });
    }
    let connected = keep(&mut pool, |channel| channel.connected);
    let channel = match (pool.as_slice(), connected) {
        ([channel], true) => Some(*channel),
        ([channel, rest @ ..], false) if rest.is_empty() || verdict.0.is_empty() => {
            verdict.0.push(Rejection::ChannelDisconnected { channel: channel.id });
            rest.is_empty().then_some(*channel)
        }
        (several, true) if verdict.0.is_empty() => {
            verdict.0.push(Rejection::AmbiguousChannel { channels: choices(several) });
            None
        }
        (_, _) => None,
    };
    Choice { address, channel, refusals: verdict.0 }
}

/// Keeps the channels that pass, unless none does; says whether one did.
fn keep(pool: &mut Vec<&Channel>, passes: impl Fn(&Channel) -> bool) -> bool {
    let any = pool.iter().any(|channel| passes(channel));
    if any {
        pool.retain(|channel| passes(channel));
    }
    any
}

fn not_allowed(field: &str, value: &FieldValue) -> Rejection {
    Rejection::FieldTypeNotAllowed { field: field.to_owned(), field_type: value.field_type() }
}

fn choices(channels: &[&Channel]) -> Vec<ChannelChoice> {
    let choice = |channel: &&Channel| ChannelChoice { channel: channel.id, title: channel.title.clone() };
    channels.iter().map(choice).collect()
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
