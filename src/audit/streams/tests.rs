//! One command id for everything: what a hostile archive would make a proof hold.

use super::*;
use crate::domain::account::{Account, AccountKind};
use crate::domain::channel::ChannelKind;
use crate::domain::event::{Customer, Fact, Origin};
use crate::domain::id::{ChannelId, LineId, OperatorId, Principal};
use crate::log::Stamp;

const CHANNEL: ChannelId = ChannelId(Uuid::from_u128(2));

fn slot(number: usize) -> Slot {
    let account = Account { kind: AccountKind::Phone, address: format!("+7916{number:07}") };
    Slot { channel: CHANNEL, account }
}

fn claim(number: usize) -> Fact {
    let event = SlotEvent::SlotClaimed { session: SessionId(Uuid::from_u128(number as u128)) };
    Fact { stream: Stream::Slot(slot(number)), event: Event::Slot(event) }
}

fn creation(number: usize) -> Fact {
    let created = SessionEvent::SessionCreated {
        line: LineId(Uuid::from_u128(3)),
        channel: CHANNEL,
        kind: ChannelKind::WhatsApp,
        customer: Customer { account: slot(number).account, contact: None, name: String::new() },
        name: String::new(),
        subject: None,
        origin: Origin::LinesSection,
        continues: None,
    };
    let session = SessionId(Uuid::from_u128(number as u128));
    Fact { stream: Stream::Session(session), event: Event::Session(created) }
}

/// A fact as the log has it, always of the same command.
fn record(at: usize, fact: &Fact) -> Record {
    let id = Uuid::from_u128(7);
    let principal = wire::principal_bytes(&Principal::Operator(OperatorId(id))).into();
    let stamp = Stamp {
        time_us: 0,
        command: id,
        digest: 0,
        correlation: id,
        causation: id,
        principal,
        policy_revision: 1,
    };
    let (version, previous) = (Version(1), Version::ABSENT);
    Record { position: Position(at as u64 + 1), version, previous, stamp, entry: wire::entry(fact) }
}

#[test]
fn what_one_command_id_opens_waits_only_for_its_counterpart_however_much_it_is() {
    let mut sweep = Sweep::new(0, STATES_MAX);
    for number in 0..2 * MOVES_MAX {
        sweep.take(record(2 * number, &claim(number))).expect("it is right");
        sweep.take(record(2 * number + 1, &creation(number))).expect("it is right");
        assert_eq!(sweep.moves.waiting(), 0, "after session {number}");
    }
    sweep.settle().expect("each session has its slot");
}

#[test]
fn openings_without_their_slots_are_a_fault_before_they_are_too_many_to_hold() {
    for fact in [claim, creation] {
        let mut sweep = Sweep::new(0, STATES_MAX);
        let fault = (0..=MOVES_MAX).find_map(|number| sweep.take(record(number, &fact(number))).err());
        let Some(AuditError::Fault(fault)) = fault else { panic!("a fault is expected, not {fault:?}") };
        assert_eq!(fault.position, Position(1));
        assert!(fault.reason.contains("without their slots"), "{fault}");
    }
}
