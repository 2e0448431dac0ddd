//! The invariants, checked on the recorded events alone by a fold that shares no code with ours.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::{
    Event, LineEvent, OperatorEvent, Origin, Role, SessionEvent, Slot, SlotEvent, Stream, WorkspaceEvent,
};
use switchboard::domain::id::{
    ChannelId, CommandId, ElementRef, LineId, MessageId, OperatorId, Principal, SessionId,
};
use switchboard::wire::Recorded;

/// What a session came to.
#[derive(Clone, Debug)]
pub struct Session {
    pub line: LineId,
    pub slot: Slot,
    pub kind: ChannelKind,
    pub open: bool,
    pub operator: Option<OperatorId>,
    pub name: String,
    pub closings: u64,
    pub links: BTreeSet<ElementRef>,
    pub messages: Vec<MessageId>,
    creator: Option<(OperatorId, CommandId)>,
    events: u64,
}

/// Everything that the invariants need, as of a prefix of the log.
#[derive(Debug, Default)]
pub struct Ledger {
    pub sessions: HashMap<SessionId, Session>,
    pub commands: HashSet<CommandId>,
    position: u64,
    versions: HashMap<Stream, u64>,
    licence: bool,
    online: HashSet<OperatorId>,
    roles: HashSet<(LineId, OperatorId, Role)>,
    channels: HashMap<ChannelId, (LineId, bool)>,
    revisions: HashMap<LineId, u32>,
    wrote: HashSet<Slot>,
    holders: BTreeMap<Slot, SessionId>,
}

impl Ledger {
    /// Takes the next event; panics where an invariant of the mission does not hold.
    pub fn take(&mut self, recorded: &Recorded) {
        self.position += 1;
        assert_eq!(recorded.position.0, self.position, "7: positions are 1, 2, 3, …");
        let version = self.versions.entry(recorded.stream.clone()).or_default();
        *version += 1;
        assert_eq!(recorded.version.0, *version, "7: no gap in {:?}", recorded.stream);
        self.commands.insert(recorded.command);
        self.may_act(recorded);
        match (&recorded.stream, &recorded.event) {
            (Stream::Session(session), Event::Session(event)) => self.session(*session, event, recorded),
            (Stream::Slot(slot), Event::Slot(event)) => self.slot(slot, event),
            (Stream::Line(line), Event::Line(event)) => self.line(*line, event),
            (Stream::Operator(operator), Event::Operator(event)) => match event {
                OperatorEvent::WentOnline => drop(self.online.insert(*operator)),
                OperatorEvent::WentOffline => drop(self.online.remove(operator)),
                OperatorEvent::OperatorRegistered { .. } | OperatorEvent::OperatorRenamed { .. } => {}
            },
            (Stream::Workspace, Event::Workspace(WorkspaceEvent::ServiceLicenceActivated)) => {
                self.licence = true;
            }
            (Stream::Workspace, Event::Workspace(WorkspaceEvent::ServiceLicenceDeactivated)) => {
                self.licence = false;
            }
            _ => {}
        }
    }

    /// Who may have written this event, by what was recorded before it.
    fn may_act(&self, recorded: &Recorded) {
        let Principal::Operator(operator) = recorded.principal else { return };
        if matches!(recorded.stream, Stream::Operator(own) if own == operator) {
            return; // Presence is the person's own word.
        }
        let at = recorded.position;
        assert!(
            !self.licence || self.online.contains(&operator),
            "9: {operator} is Offline and changed {:?} at {at}",
            recorded.stream
        );
        let line = match (&recorded.stream, &recorded.event) {
            (Stream::Session(_), Event::Session(SessionEvent::SessionCreated { line, .. })) => Some(*line),
            (Stream::Session(session), _) => Some(self.sessions[session].line),
            (Stream::Slot(slot), _) => Some(self.channels[&slot.channel].0),
            _ => None,
        };
        let has = |role| match line {
            Some(line) => self.roles.contains(&(line, operator, role)),
            None => self.roles.iter().any(|(_, who, of)| *who == operator && *of == role),
        };
        assert!(
            has(Role::Operator) || has(Role::Supervisor),
            "10: {operator} has no role to write and changed {:?} at {at}",
            recorded.stream
        );
    }

    fn session(&mut self, id: SessionId, event: &SessionEvent, recorded: &Recorded) {
        if let SessionEvent::SessionCreated { .. } = event {
            return self.created(id, event, recorded);
        }
        let revisions = &self.revisions;
        let session = self.sessions.get_mut(&id).expect("2: a session begins with its creation");
        let revision = revisions.get(&session.line).copied().unwrap_or_default();
        assert_eq!(recorded.policy_revision.0, revision, "the rules in force at {}", recorded.position);
        session.events += 1;
        if let (Some((creator, command)), 1) = (session.creator, session.events) {
            let assigned = SessionEvent::OperatorAssigned { operator: creator };
            assert_eq!((event, recorded.command), (&assigned, command), "3: the creator is first, at once");
        }
        let needs_open = !matches!(
            event,
            SessionEvent::SessionReopened { .. }
                | SessionEvent::ElementLinked { .. }
                | SessionEvent::ElementUnlinked { .. }
                | SessionEvent::MessageHandedOver { .. }
                | SessionEvent::MessageDelivered { .. }
                | SessionEvent::MessageRead { .. }
                | SessionEvent::MessageFailed { .. }
        );
        assert!(session.open || !needs_open, "5: {event:?} in a closed session at {}", recorded.position);
        match event {
            SessionEvent::OperatorAssigned { operator } => session.operator = Some(*operator),
            SessionEvent::MessageSent { message, operator, .. } => {
                assert_eq!(session.operator, Some(*operator), "only its operator writes in a session");
                session.messages.push(*message);
            }
            SessionEvent::InitiatedMessageSent { message, .. } => session.messages.push(*message),
            SessionEvent::MessageReceived { message, .. } => {
                session.messages.push(*message);
                self.wrote.insert(session.slot.clone());
            }
            SessionEvent::SessionClosed => (session.open, session.closings) = (false, session.closings + 1),
            SessionEvent::SessionReopened { operator } => {
                assert!(!session.open, "a session is reopened when it is closed");
                (session.open, session.operator) = (true, *operator);
                self.one_open(id);
            }
            SessionEvent::SessionRenamed { name } => session.name.clone_from(name),
            SessionEvent::ElementLinked { element } => drop(session.links.insert(element.clone())),
            SessionEvent::ElementUnlinked { element } => drop(session.links.remove(element)),
            _ => {}
        }
    }

    fn created(&mut self, id: SessionId, event: &SessionEvent, recorded: &Recorded) {
        let SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, .. } = event
        else {
            unreachable!("asked of a creation alone")
        };
        assert_eq!(recorded.version.0, 1, "2: a session is created once");
        assert_eq!(self.channels.get(channel), Some(&(*line, true)), "2: a connected channel of its line");
        assert!(!customer.account.address.is_empty(), "2: a customer");
        let revision = self.revisions.get(line).copied().unwrap_or_default();
        assert_eq!(recorded.policy_revision.0, revision, "the rules in force at {}", recorded.position);
        let expected = (*kind == ChannelKind::Email).then(|| name.clone());
        assert_eq!(*subject, expected, "8: the subject is the name at creation");
        assert!(!name.trim().is_empty() && !name.chars().any(char::is_control), "8: {name:?} fits a header");
        let slot = Slot { channel: *channel, account: customer.account.clone() };
        let by_operator = matches!(origin, Origin::LinesSection | Origin::Card(_));
        let never = matches!(kind, ChannelKind::ViberBot | ChannelKind::Vk | ChannelKind::LiveChat);
        assert!(!(by_operator && never), "operators cannot start on {kind:?}");
        if *kind == ChannelKind::TelegramBot && *origin != Origin::Inbound {
            assert!(self.wrote.contains(&slot), "only to customers who wrote to this bot before");
        }
        let creator = match recorded.principal {
            Principal::Operator(operator) if by_operator => Some((operator, recorded.command)),
            _ => None,
        };
        let session = Session {
            line: *line,
            slot,
            kind: kind.clone(),
            open: true,
            operator: None,
            name: name.clone(),
            closings: 0,
            links: BTreeSet::new(),
            messages: Vec::new(),
            creator,
            events: 0,
        };
        assert!(self.sessions.insert(id, session).is_none(), "2: a session is created once");
        self.one_open(id);
    }

    /// 1: at every prefix at most one open messenger session of a slot.
    fn one_open(&self, id: SessionId) {
        let session = &self.sessions[&id];
        if session.kind == ChannelKind::Email {
            return;
        }
        let other =
            self.sessions.iter().find(|(other, of)| **other != id && of.open && of.slot == session.slot);
        assert!(other.is_none(), "1: {id} opened at {} beside {other:?}", self.position);
    }

    fn slot(&mut self, slot: &Slot, event: &SlotEvent) {
        match event {
            SlotEvent::SlotClaimed { session } => {
                let before = self.holders.insert(slot.clone(), *session);
                assert_eq!(before, None, "1: the slot was held");
            }
            SlotEvent::SlotReleased { session } => {
                assert_eq!(self.holders.remove(slot), Some(*session), "1: released by its holder");
            }
            SlotEvent::SlotJoined { .. } | SlotEvent::SlotLeft { .. } | SlotEvent::CustomerWrote => {}
        }
    }

    fn line(&mut self, line: LineId, event: &LineEvent) {
        match event {
            LineEvent::ChannelConnected { channel, revision, .. }
            | LineEvent::ChannelReconnected { channel, revision } => {
                self.channels.insert(*channel, (line, true));
                self.revisions.insert(line, revision.0);
            }
            LineEvent::ChannelDisconnected { channel, revision } => {
                self.channels.insert(*channel, (line, false));
                self.revisions.insert(line, revision.0);
            }
            LineEvent::ChannelPolicySet { revision, .. } | LineEvent::LineRulesSet { revision, .. } => {
                let before = self.revisions.insert(line, revision.0);
                assert_eq!(before.unwrap_or_default() + 1, revision.0, "a revision for each change");
            }
            LineEvent::RoleGranted { operator, role } => {
                self.roles.insert((line, *operator, *role));
            }
            LineEvent::RoleRevoked { operator, role } => {
                self.roles.remove(&(line, *operator, *role));
            }
            _ => {}
        }
    }

    /// What holds at the end of whole commands: who is open holds its slot, and nobody else.
    pub fn settled(&self) {
        let messenger = |session: &&Session| session.open && session.kind != ChannelKind::Email;
        let open: BTreeMap<Slot, SessionId> = self
            .sessions
            .iter()
            .filter(|(_, session)| messenger(session))
            .map(|(id, session)| (session.slot.clone(), *id))
            .collect();
        assert_eq!(open, self.holders, "1: slots are held by the sessions that are open");
    }
}
