//! The reference: what a desk answers, written from the mission and from `docs/commands.md` alone.
//! The first check that fails is the answer, so the order of the lines is the order of the checks.

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{ChannelKind as Kind, OperatorCreate};
use switchboard::domain::command::{SessionCommand as S, *};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, InboundRule, Role};
use switchboard::domain::id::*;

use super::state::{Answer, Channel, Command, Line, Model, Session, Slot};

const DONE: Answer = Ok((None, None));

fn need(holds: bool, code: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(code) }
}

/// The mission's table: who may begin, whether processes send, whose addresses, and in which form.
pub fn medium(kind: &Kind) -> (OperatorCreate, bool, AccountKind, fn(&str) -> bool) {
    let phone = |address: &str| address.starts_with("+7") && address.len() == 12;
    match kind {
        Kind::WhatsApp => (OperatorCreate::Always, true, AccountKind::Phone, phone),
        Kind::TelegramBot => (OperatorCreate::PriorInboundOnly, true, AccountKind::TelegramUser, |_| true),
        Kind::Vk => (OperatorCreate::Never, true, AccountKind::VkUser, |_| true),
        Kind::Email => (OperatorCreate::Always, true, AccountKind::Email, |address| address.contains('@')),
        _ => (OperatorCreate::Never, false, AccountKind::LiveChatVisitor, |_| true),
    }
}

impl Model {
    pub fn answer(&mut self, who: &Principal, command: &Command) -> Answer {
        let administrator = matches!(who, Principal::Administrator(_));
        match command {
            Command::Licence(active) => {
                need(administrator, "AdministratorsOnly")?;
                self.licence = *active;
            }
            Command::Permit(process, permitted) => {
                need(*permitted || self.processes.contains_key(process), "ProcessNotFound")?;
                need(administrator, "AdministratorsOnly")?;
                self.processes.insert(process.clone(), *permitted);
            }
            Command::Presence(person, online) => {
                need(self.people.contains_key(person), "OperatorNotFound")?;
                need(administrator || *who == Principal::Operator(*person), "PrincipalNotAllowed")?;
                need(self.licence, "LicenceInactive")?;
                self.people.insert(*person, *online);
            }
            Command::Field(element, name, value) => {
                let fields = self.elements.get_mut(element).ok_or("ElementNotFound")?;
                need(administrator, "AdministratorsOnly")?;
                let _ = match value {
                    Some(value) => fields.insert(name.clone(), value.clone()),
                    None => fields.remove(name),
                };
            }
            Command::Line(line, command) => return self.configure(administrator, *line, command),
            Command::Create(command) => return self.create(who, command),
            Command::Receive(command) => return self.receive(who, command),
            Command::Initiate(command) => return self.initiate(who, command),
            Command::Session(session, command) => return self.conduct(who, *session, command),
        }
        DONE
    }

    fn configure(&mut self, administrator: bool, id: LineId, command: &LineCommand) -> Answer {
        use LineCommand as C;
        let line = self.lines.get_mut(&id).ok_or("LineNotFound")?;
        if let C::DisconnectChannel { channel } | C::SetChannelPolicy { channel, .. } = command {
            need(line.channels.contains_key(channel), "ChannelNotFound")?;
        }
        if let C::GrantRole { operator, .. } = command {
            need(self.people.contains_key(operator), "OperatorNotFound")?;
        }
        need(administrator, "AdministratorsOnly")?;
        match command {
            C::ConnectChannel { channel, .. } => {
                line.channels.get_mut(channel).ok_or("ChannelOfAnotherLine")?.connected = true;
            }
            C::DisconnectChannel { channel } => {
                line.channels.get_mut(channel).expect("known").connected = false
            }
            C::SetChannelPolicy { channel, policy } => {
                let channel = line.channels.get_mut(channel).expect("known");
                need(policy.operator_create <= medium(&channel.kind).0, "PolicyNotAllowed")?;
                channel.create = policy.operator_create;
            }
            C::SetLineRules { rules } => line.rules = *rules,
            C::GrantRole { operator, role } => drop(line.roles.insert((*operator, *role))),
            C::RevokeRole { operator, role } => drop(line.roles.remove(&(*operator, *role))),
            C::SetContactApp { app } => line.contacts = Some(app.clone()),
            C::ClearContactApp => line.contacts = None,
            C::BindApp { app } => drop(line.bound.entry(app.clone()).or_insert(false)),
            C::UnbindApp { app } => drop(line.bound.remove(app)),
            C::PlaceWidget { app } => *line.bound.get_mut(app).ok_or("AppNotBound")? = true,
            C::RemoveWidget { app } => *line.bound.get_mut(app).ok_or("AppNotBound")? = false,
            _ => {}
        }
        DONE
    }

    /// A person who may act on the sessions of a line.
    fn acting(&self, who: &Principal, line: &Line, supervisors: bool) -> Result<OperatorId, &'static str> {
        let Principal::Operator(me) = *who else { return Err("PrincipalNotAllowed") };
        let serves = line.roles.contains(&(me, Role::Operator));
        let supervises = line.roles.contains(&(me, Role::Supervisor));
        need(serves || (supervisors && supervises), "NotOperatorOfLine")?;
        Ok(me)
    }

    fn present(&self, me: OperatorId) -> Result<(), &'static str> {
        need(!self.licence || self.people[&me], "OperatorOffline")
    }

    fn card(line: &Line, via: &EntryPoint) -> Result<(), &'static str> {
        let EntryPoint::Card(element) = via else { return Ok(()) };
        let widget = line.bound.get(&element.app).ok_or("AppNotBound")?;
        need(*widget, "WidgetNotPlaced")
    }

    fn contact(line: &Line, contact: &ElementRef) -> Result<(), &'static str> {
        let app = line.contacts.as_ref().ok_or("NoContactApp")?;
        need(contact.app == *app, "ContactNotInContactApp")
    }

    /// The way to a customer: whose account it is, and the one channel that fits it.
    fn route(
        &self,
        line: &Line,
        contact: &ElementRef,
        account: &ChosenAccount,
        named: Option<ChannelId>,
        may: impl Fn(&Channel) -> bool,
        forbidden: &'static str,
    ) -> Result<(Slot, Kind, bool), &'static str> {
        let held = self.elements[contact].iter().filter(|(name, value)| {
            value.text() == account.text && account.field.as_ref().is_none_or(|field| field == *name)
        });
        let held: Vec<&FieldValue> = held.map(|(_, value)| value).collect();
        need(!held.is_empty(), "AccountNotOfContact")?;
        let asked: Vec<_> =
            line.channels.iter().filter(|(id, _)| named.is_none_or(|named| named == **id)).collect();
        let types = |kind: &Kind, value: &FieldValue| match value {
            FieldValue::Account(_) => true,
            FieldValue::Email(_) => *kind == Kind::Email,
            FieldValue::Text(_) => false,
        };
        let typed = |value: &&FieldValue| asked.iter().any(|(_, channel)| types(&channel.kind, value));
        let held: Vec<&FieldValue> = held.into_iter().filter(typed).collect();
        need(!held.is_empty(), "FieldTypeNotAllowed")?;
        let fits = |kind: &Kind| {
            let fits =
                |value: &&FieldValue| value.account().is_some_and(|account| account.kind == medium(kind).2);
            held.iter().any(|value| types(kind, value) && fits(value))
        };
        let fitting: Vec<_> = asked.into_iter().filter(|(_, channel)| fits(&channel.kind)).collect();
        need(!fitting.is_empty(), "AccountKindMismatch")?;
        let connected: Vec<_> = fitting.iter().filter(|(_, channel)| channel.connected).collect();
        need(connected.len() < 2, "AmbiguousChannel")?;
        let (id, channel) = connected.first().ok_or("ChannelDisconnected")?;
        need(may(channel), forbidden)?;
        need(medium(&channel.kind).3(&account.text), "BadAddress")?;
        let slot = (**id, account.text.clone());
        let gated = [channel.create, medium(&channel.kind).0].contains(&OperatorCreate::PriorInboundOnly);
        let contacted = !gated || self.wrote.contains(&slot);
        Ok((slot, channel.kind.clone(), contacted))
    }

    fn holder_of(&self, slot: &Slot) -> Option<SessionId> {
        let open =
            self.sessions.iter().filter(|(_, session)| session.slot == *slot && session.closed_at.is_none());
        open.max_by_key(|(_, session)| session.opening).map(|(id, _)| *id)
    }

    fn open(&mut self, id: SessionId, line: LineId, slot: Slot, holder: Option<OperatorId>) {
        self.openings += 1;
        let (name, links, messages) = Default::default();
        let session =
            Session { line, slot, holder, closed_at: None, opening: self.openings, name, links, messages };
        self.sessions.insert(id, session);
    }

    fn create(&mut self, who: &Principal, command: &CreateSession) -> Answer {
        let line = self.lines.get(&command.line).ok_or("LineNotFound")?.clone();
        let Principal::Operator(me) = who else { return Err("PrincipalNotAllowed") };
        need(command.channel.is_none_or(|channel| line.channels.contains_key(&channel)), "ChannelNotFound")?;
        need(self.people.contains_key(me), "OperatorNotFound")?;
        need(self.elements.contains_key(&command.contact), "ElementNotFound")?;
        if let EntryPoint::Card(element) = &command.via {
            need(self.elements.contains_key(element), "ElementNotFound")?;
        }
        need(!self.sessions.contains_key(&command.session), "AlreadyExists")?;
        let me = self.acting(who, &line, line.rules.supervisors_create)?;
        self.present(me)?;
        Model::contact(&line, &command.contact)?;
        Model::card(&line, &command.via)?;
        let may = |channel: &Channel| channel.create != OperatorCreate::Never;
        let (slot, kind, contacted) = self.route(
            &line,
            &command.contact,
            &command.account,
            command.channel,
            may,
            "ChannelForbidsOperatorCreate",
        )?;
        need(contacted, "NeverContacted")?;
        need(kind == Kind::Email || self.holder_of(&slot).is_none(), "OpenSessionExists")?;
        let subject = command.subject.as_deref().unwrap_or("").trim();
        need(
            subject.is_empty() || (kind == Kind::Email && command.via == EntryPoint::LinesSection),
            "SubjectNotSupported",
        )?;
        need(!subject.contains('\n'), "BadSubject")?;
        self.open(command.session, command.line, slot, Some(me));
        if let EntryPoint::Card(element) = &command.via {
            self.sessions.get_mut(&command.session).expect("opened").links.insert(element.clone());
        }
        Ok((Some(command.session), None))
    }

    fn receive(&mut self, who: &Principal, command: &ReceiveMessage) -> Answer {
        let of = |line: &&LineId| self.lines[*line].channels.contains_key(&command.channel);
        let line = *self.lines.keys().find(of).ok_or("ChannelNotFound")?;
        let channel = self.lines[&line].channels[&command.channel].clone();
        need(*who == Principal::Channel(command.channel), "PrincipalNotAllowed")?;
        let delivery = (command.channel, command.external_id.clone());
        if let Some(named) = self.delivered.get(&delivery) {
            return Ok(*named);
        }
        need(channel.connected, "ChannelDisconnected")?;
        need(medium(&channel.kind).3(&command.address), "BadAddress")?;
        need(!command.external_id.trim().is_empty(), "Blank")?;
        let slot: Slot = (command.channel, command.address.clone());
        let answered = command
            .in_reply_to
            .filter(|id| self.sessions.get(id).is_some_and(|session| session.slot == slot));
        let is_open = |id: &SessionId| self.sessions[id].closed_at.is_none();
        let last = self
            .sessions
            .iter()
            .filter(|(_, session)| session.slot == slot)
            .max_by_key(|(_, session)| session.opening);
        let in_time = |id: &SessionId| match self.lines[&line].rules.inbound {
            InboundRule::NewSession => false,
            InboundRule::ReopenWithin { seconds } => {
                self.sessions[id].closed_at.is_some_and(|at| self.now - at <= i64::from(seconds) * 1_000_000)
            }
        };
        let goes_to = answered
            .filter(is_open)
            .or(self.holder_of(&slot))
            .or(answered.or(last.map(|(id, _)| *id)).filter(in_time));
        let id = goes_to.unwrap_or(command.session);
        match self.sessions.get_mut(&id) {
            Some(session) => {
                need(goes_to.is_some() && !session.messages.contains_key(&command.message), "AlreadyExists")?;
                if session.closed_at.take().is_some() {
                    self.openings += 1;
                    (session.opening, session.holder) = (self.openings, None);
                }
            }
            None => self.open(id, line, slot.clone(), None),
        }
        self.sessions.get_mut(&id).expect("opened").messages.insert(command.message, None);
        self.wrote.insert(slot);
        self.delivered.insert(delivery, (Some(id), Some(command.message)));
        Ok((Some(id), Some(command.message)))
    }

    fn initiate(&mut self, who: &Principal, command: &SendInitiated) -> Answer {
        let line = self.lines.get(&command.line).ok_or("LineNotFound")?.clone();
        need(command.channel.is_none_or(|channel| line.channels.contains_key(&channel)), "ChannelNotFound")?;
        need(self.elements.contains_key(&command.contact), "ElementNotFound")?;
        let Principal::Process(process) = who else { return Err("PrincipalNotAllowed") };
        need(self.processes.get(process) == Some(&true), "ProcessNotPermitted")?;
        Model::contact(&line, &command.contact)?;
        let may = |channel: &Channel| medium(&channel.kind).1;
        let (slot, kind, contacted) = self.route(
            &line,
            &command.contact,
            &command.account,
            command.channel,
            may,
            "ChannelForbidsInitiated",
        )?;
        need(contacted, "NeverContacted")?;
        let goes_to = command.append_to.or(self.holder_of(&slot).filter(|_| kind != Kind::Email));
        if let Some(id) = goes_to {
            let session = self.sessions.get(&id).ok_or("SessionNotFound")?;
            need(!session.messages.contains_key(&command.message), "AlreadyExists")?;
            need(session.closed_at.is_none(), "SessionClosed")?;
            need(session.slot == slot, "SessionOfAnotherCustomer")?;
        }
        need(!command.text.trim().is_empty(), "Blank")?;
        need(goes_to.is_some() || !self.sessions.contains_key(&command.session), "AlreadyExists")?;
        let id = goes_to.unwrap_or(command.session);
        if goes_to.is_none() {
            self.open(id, command.line, slot, None);
        }
        self.sessions.get_mut(&id).expect("open").messages.insert(command.message, Some(0));
        Ok((Some(id), Some(command.message)))
    }

    fn conduct(&mut self, who: &Principal, id: SessionId, command: &S) -> Answer {
        let mut session = self.sessions.get(&id).ok_or("SessionNotFound")?.clone();
        let line = self.lines[&session.line].clone();
        let known = |person: &OperatorId| need(self.people.contains_key(person), "OperatorNotFound");
        if let S::ReportDelivery { message, report } = command {
            let delivery = session.messages.get_mut(message).ok_or("MessageNotFound")?;
            need(*who == Principal::Channel(session.slot.0), "PrincipalNotAllowed")?;
            let said = match report {
                DeliveryReport::HandedOver => 1,
                DeliveryReport::Delivered => 2,
                DeliveryReport::Read => 3,
                DeliveryReport::Failed { .. } => 4,
            };
            let known = delivery.ok_or("NotOutgoing")?;
            need(!matches!((known, said), (2 | 3, 4) | (4, 2 | 3)), "DeliverySettled")?;
            *delivery = Some(known.max(said));
            self.sessions.insert(id, session);
            return Ok((Some(id), Some(*message)));
        }
        if let Principal::Operator(me) = who {
            known(me)?;
        }
        match command {
            S::AssignOperator { operator } => known(operator)?,
            S::SendMessage { message, .. } => need(!session.messages.contains_key(message), "AlreadyExists")?,
            S::LinkElement { element } => need(self.elements.contains_key(element), "ElementNotFound")?,
            _ => {}
        }
        let me = self.acting(who, &line, true)?;
        if let S::AssignOperator { operator } = command {
            let serves = |role| line.roles.contains(&(*operator, role));
            need(serves(Role::Operator) || serves(Role::Supervisor), "TargetNotOfLine")?;
        }
        self.present(me)?;
        match command {
            S::Reopen => need(session.closed_at.is_some(), "SessionNotClosed")?,
            S::LinkElement { .. } | S::UnlinkElement { .. } => {}
            _ => need(session.closed_at.is_none(), "SessionClosed")?,
        }
        let mine = session.holder == Some(me);
        match command {
            S::Take => need(mine || session.holder.is_none(), "NotAssignee")?,
            S::AssignOperator { .. } => {
                need(mine || line.roles.contains(&(me, Role::Supervisor)), "NotAssignee")?
            }
            S::SendMessage { .. } | S::Close | S::Rename { .. } => need(mine, "NotAssignee")?,
            _ => {}
        }
        let channel = &line.channels[&session.slot.0];
        let mut named = None;
        match command {
            S::Take => session.holder = Some(me),
            S::AssignOperator { operator } => session.holder = Some(*operator),
            S::SendMessage { message, text, via } => {
                Model::card(&line, via)?;
                if let EntryPoint::Card(element) = via {
                    need(session.links.contains(element), "ElementNotLinked")?;
                }
                need(channel.connected, "ChannelDisconnected")?;
                need(!text.trim().is_empty(), "Blank")?;
                named = Some(*message);
                session.messages.insert(*message, Some(0));
            }
            S::Close => session.closed_at = Some(self.now),
            S::Reopen => {
                need(channel.connected, "ChannelDisconnected")?;
                need(
                    channel.kind == Kind::Email || self.holder_of(&session.slot).is_none(),
                    "OpenSessionExists",
                )?;
                self.openings += 1;
                (session.closed_at, session.holder, session.opening) = (None, Some(me), self.openings);
            }
            S::LinkElement { element } => {
                need(line.bound.contains_key(&element.app), "AppNotBound")?;
                session.links.insert(element.clone());
            }
            S::UnlinkElement { element } => drop(session.links.remove(element)),
            S::Rename { name } => session.name.clone_from(name),
            S::ReportDelivery { .. } => {}
        }
        self.sessions.insert(id, session);
        Ok((Some(id), named))
    }
}
