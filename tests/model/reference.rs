//! The reference: what becomes of sessions, written from the mission and from `docs/commands.md` alone.
//! The first check that fails is the answer, so the order of the lines is the order of the checks.

use std::collections::BTreeMap;

use switchboard::domain::channel::{ChannelKind as Kind, OperatorCreate};
use switchboard::domain::command::{SessionCommand as S, *};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, InboundRule, Role};
use switchboard::domain::id::*;

use super::state::{Answer, Channel, Checked, Command, Line, Model, Slot, card_of};

fn need(holds: bool, code: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(code) }
}

/// An account of a contact, and the channel if it is named.
type Wanted<'a> = (&'a ElementRef, &'a ChosenAccount, Option<ChannelId>);
/// Whether a channel lets it be done, and what is said where it does not.
type May = (fn(&Channel) -> bool, &'static str);

const BEGIN: May = (|to| to.create != OperatorCreate::Never, "ChannelForbidsOperatorCreate");
const SEND: May = (|to| to.medium().sends, "ChannelForbidsInitiated");

impl Model {
    pub fn answer(&mut self, who: &Principal, command: &Command) -> Answer {
        match command {
            Command::Create(command) => self.create(who, command),
            Command::Receive(command) => self.receive(who, command),
            Command::Initiate(command) => self.initiate(who, command),
            Command::Session(session, command) => self.conduct(who, *session, command),
            Command::Presence(..) if !self.licence => Err("LicenceInactive"),
            setting => Ok(self.set(setting)),
        }
    }

    /// Who may act on the sessions of a line.
    fn acting(line: &Line, who: &Principal, supervisors: bool) -> Checked<OperatorId> {
        let Principal::Operator(me) = *who else { return Err("PrincipalNotAllowed") };
        let may = line.has(me, Role::Operator) || (supervisors && line.has(me, Role::Supervisor));
        need(may, "NotOperatorOfLine").map(|()| me)
    }

    fn card(line: &Line, via: &EntryPoint) -> Checked<()> {
        let EntryPoint::Card(element) = via else { return Ok(()) };
        need(*line.bound.get(&element.app).ok_or("AppNotBound")?, "WidgetNotPlaced")
    }

    /// The way to a customer: the one channel that fits the account, if it may be taken.
    fn route(&self, line: &Line, (of, account, named): Wanted, (may, not): May) -> Checked<(Slot, Kind)> {
        let channels = || line.channels.iter().filter(|(id, _)| named.is_none_or(|named| named == **id));
        let fields = self.elements[of].iter();
        let mut ways: Vec<_> = fields.flat_map(|field| channels().map(move |to| (field, to))).collect();
        let mut only = |code, fits: &dyn Fn(&str, &FieldValue, &Channel) -> bool| {
            ways.retain(|((name, value), (_, channel))| fits(name, value, channel));
            need(!ways.is_empty(), code)
        };
        let named = |name: &str| account.field.as_ref().is_none_or(|field| field == name);
        only("AccountNotOfContact", &|name, value, _| value.text() == account.text && named(name))?;
        let is_account = |value: &FieldValue| matches!(value, FieldValue::Account(_));
        let is_mail = |value: &FieldValue| matches!(value, FieldValue::Email(_));
        let typed =
            |value: &FieldValue, kind: &Kind| is_account(value) || (is_mail(value) && *kind == Kind::Email);
        only("FieldTypeNotAllowed", &|_, value, to| typed(value, &to.kind))?;
        let kind_of = |value: &FieldValue| value.account().map(|account| account.kind);
        only("AccountKindMismatch", &|_, value, to| kind_of(value) == Some(to.medium().accounts))?;
        only("ChannelDisconnected", &|_, _, to| to.connected)?;
        let fitting: BTreeMap<_, _> = ways.into_iter().map(|(_, to)| to).collect();
        need(fitting.len() == 1, "AmbiguousChannel")?;
        let (id, channel) = fitting.into_iter().next().expect("one");
        need(may(channel), not)?;
        need((channel.medium().is_address)(&account.text), "BadAddress")?;
        let slot = (*id, account.text.clone());
        let gated = [channel.create, channel.medium().begins].contains(&OperatorCreate::PriorInboundOnly);
        need(!gated || self.wrote.contains(&slot), "NeverContacted")?;
        Ok((slot, channel.kind.clone()))
    }

    fn create(&mut self, who: &Principal, command: &CreateSession) -> Answer {
        let CreateSession { session, line: id, contact, account, channel, subject, via } = command;
        let line = self.lines.get(id).ok_or("LineNotFound")?.clone();
        need(matches!(who, Principal::Operator(_)), "PrincipalNotAllowed")?;
        need(channel.is_none_or(|channel| line.channels.contains_key(&channel)), "ChannelNotFound")?;
        need(self.elements.contains_key(contact), "ElementNotFound")?;
        need(!self.sessions.contains_key(session), "AlreadyExists")?;
        let me = Model::acting(&line, who, line.rules.supervisors_create)?;
        need(!self.licence || self.people[&me], "OperatorOffline")?;
        need(*line.contacts.as_ref().ok_or("NoContactApp")? == contact.app, "ContactNotInContactApp")?;
        Model::card(&line, via)?;
        let (slot, kind) = self.route(&line, (contact, account, *channel), BEGIN)?;
        need(kind == Kind::Email || self.last_of(&slot, true).is_none(), "OpenSessionExists")?;
        let subject = subject.as_deref().unwrap_or("").trim();
        need(subject.is_empty() || (kind == Kind::Email && card_of(via).is_none()), "SubjectNotSupported")?;
        need(!subject.contains('\n'), "BadSubject")?;
        self.open(*session, *id, slot, Some(me)).links.extend(card_of(via).cloned());
        Ok((Some(*session), None))
    }

    fn receive(&mut self, who: &Principal, command: &ReceiveMessage) -> Answer {
        let ReceiveMessage { session, message, channel, address, external_id, in_reply_to, .. } = command;
        let of = self.lines.iter().find(|(_, line)| line.channels.contains_key(channel));
        let (line, rules, to) =
            of.map(|(id, of)| (*id, of.rules, &of.channels[channel])).ok_or("ChannelNotFound")?;
        need(*who == Principal::Channel(*channel), "PrincipalNotAllowed")?;
        let delivery = (*channel, external_id.clone());
        if let Some(before) = self.delivered.get(&delivery) {
            return Ok(*before);
        }
        need(to.connected, "ChannelDisconnected")?;
        need((to.medium().is_address)(address), "BadAddress")?;
        let slot: Slot = (*channel, address.clone());
        let closed_at = |id: &SessionId| self.sessions[id].closed_at;
        let in_time = |id: &SessionId| match rules.inbound {
            InboundRule::NewSession => false,
            InboundRule::ReopenWithin { seconds } => {
                closed_at(id).is_some_and(|at| self.now - at <= i64::from(seconds) * 1_000_000)
            }
        };
        let its = |id: &SessionId| self.sessions.get(id).is_some_and(|session| session.slot == slot);
        let answered = in_reply_to.filter(its);
        let open = answered.filter(|id| closed_at(id).is_none()).or(self.last_of(&slot, true));
        let goes_to = open.or(answered.or(self.last_of(&slot, false)).filter(in_time));
        need(goes_to.is_some() || !self.sessions.contains_key(session), "AlreadyExists")?;
        let id = goes_to.unwrap_or(*session);
        if open.is_none() {
            self.open(id, line, slot.clone(), None);
        }
        self.wrote.insert(slot);
        self.delivered.insert(delivery, (Some(id), Some(*message)));
        self.say(id, *message)
    }

    fn initiate(&mut self, who: &Principal, command: &SendInitiated) -> Answer {
        let SendInitiated { session, message, line: id, contact, account, channel, append_to, .. } = command;
        let line = self.lines.get(id).ok_or("LineNotFound")?.clone();
        need(channel.is_none_or(|channel| line.channels.contains_key(&channel)), "ChannelNotFound")?;
        need(self.elements.contains_key(contact), "ElementNotFound")?;
        let Principal::Process(process) = who else { return Err("PrincipalNotAllowed") };
        need(self.processes.get(process) == Some(&true), "ProcessNotPermitted")?;
        need(*line.contacts.as_ref().ok_or("NoContactApp")? == contact.app, "ContactNotInContactApp")?;
        let (slot, kind) = self.route(&line, (contact, account, *channel), SEND)?;
        let goes_to = append_to.or(self.last_of(&slot, true).filter(|_| kind != Kind::Email));
        if let Some(id) = goes_to {
            let session = self.sessions.get(&id).ok_or("SessionNotFound")?;
            need(session.closed_at.is_none(), "SessionClosed")?;
            need(session.slot == slot, "SessionOfAnotherCustomer")?;
        } else {
            need(!self.sessions.contains_key(session), "AlreadyExists")?;
            self.open(*session, *id, slot, None);
        }
        self.say(goes_to.unwrap_or(*session), *message)
    }

    fn conduct(&mut self, who: &Principal, id: SessionId, command: &S) -> Answer {
        let session = self.sessions.get(&id).ok_or("SessionNotFound")?;
        let (line, slot, holder) = (self.lines[&session.line].clone(), session.slot.clone(), session.holder);
        let channel = &line.channels[&slot.0];
        let me = Model::acting(&line, who, true)?;
        if let S::AssignOperator { operator } = command {
            let serves = line.has(*operator, Role::Operator) || line.has(*operator, Role::Supervisor);
            need(serves, "TargetNotOfLine")?;
        }
        need(!self.licence || self.people[&me], "OperatorOffline")?;
        let (open, mine) = (session.closed_at.is_none(), holder == Some(me));
        let (in_state, may) = match command {
            S::Reopen => (!open, true),
            S::Take => (open, mine || holder.is_none()),
            S::AssignOperator { .. } => (open, mine || line.has(me, Role::Supervisor)),
            _ => (open, mine),
        };
        need(in_state, if open { "SessionNotClosed" } else { "SessionClosed" })?;
        need(may, "NotAssignee")?;
        match command {
            S::SendMessage { via, .. } => {
                Model::card(&line, via)?;
                need(card_of(via).is_none_or(|card| session.links.contains(card)), "ElementNotLinked")?;
                need(channel.connected, "ChannelDisconnected")?;
            }
            S::Reopen => {
                need(channel.connected, "ChannelDisconnected")?;
                let is_free = channel.kind == Kind::Email || self.last_of(&slot, true).is_none();
                need(is_free, "OpenSessionExists")?;
            }
            _ => {}
        }
        let line = session.line;
        let session = self.sessions.get_mut(&id).expect("known");
        match command {
            S::Take => session.holder = Some(me),
            S::AssignOperator { operator } => session.holder = Some(*operator),
            S::SendMessage { message, .. } => return self.say(id, *message),
            S::Close => session.closed_at = Some(self.now),
            _ => drop(self.open(id, line, slot, Some(me))),
        }
        Ok((Some(id), None))
    }
}
