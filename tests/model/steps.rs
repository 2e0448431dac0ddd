//! Random steps: six small numbers each, so that every list of them means something and shrinks.

use proptest::collection::vec;
use proptest::prelude::*;
use switchboard::domain::channel::OperatorCreate;
use switchboard::domain::command::*;
use switchboard::domain::event::{EntryPoint, InboundRule, LineRules, Role};
use switchboard::domain::id::*;
use uuid::Uuid;

use super::state::{Command, Line, Model, Session};
use super::world::*;

/// Who of a list asks what, and what befalls it.
#[derive(Clone, Debug)]
pub struct Step {
    pub what: What,
    /// Numbers that the kind of step reads as it likes.
    who: u8,
    a: u8,
    b: u8,
    c: u8,
    pub fate: Fate,
}

/// Whom somebody wants to reach, and how.
struct Reach {
    line: LineId,
    contact: ElementRef,
    account: ChosenAccount,
    channel: Option<ChannelId>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    Create,
    Receive,
    Initiate,
    Act,
    Presence,
    Licence,
    Permit,
    Field,
    Line,
    Clock,
    Again,
    Reused,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    Plain,
    /// The log refuses it, loses its answer, or loses it; the engine may crash, and it may be sent again.
    Fails {
        how: u8,
        crash: bool,
        again: bool,
    },
    /// The engine is lost, or closed, and opened again.
    Restart,
}

pub fn steps(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        14 => Just(What::Create),
        11 => Just(What::Receive),
        6 => Just(What::Initiate),
        45 => Just(What::Act),
        5 => Just(What::Presence),
        1 => Just(What::Licence),
        1 => Just(What::Permit),
        3 => Just(What::Field),
        8 => Just(What::Line),
        5 => Just(What::Clock),
        3 => Just(What::Again),
        2 => Just(What::Reused),
    ];
    let fate = prop_oneof![
        92 => Just(Fate::Plain),
        7 => (0..3u8, any::<bool>(), any::<bool>()).prop_map(|(how, crash, again)| Fate::Fails { how, crash, again }),
        1 => Just(Fate::Restart),
    ];
    let step = (what, any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), fate);
    vec(step.prop_map(|(what, who, a, b, c, fate)| Step { what, who, a, b, c, fate }), count)
}

fn pick<T: Clone>(from: &[T], number: u8) -> T {
    from[usize::from(number) % from.len()].clone()
}

/// Mostly the first, with one in `odds` another.
fn mostly<T>(number: u8, odds: u8, usual: T, other: impl FnOnce(u8) -> T) -> T {
    if number.is_multiple_of(odds) { other(number / odds) } else { usual }
}

/// The closed sessions of customers who have none that is open, the newest first.
fn left(model: &Model) -> impl Iterator<Item = &Session> {
    let closed = model.sessions.values().rev().filter(|session| session.closed_at.is_some());
    closed.filter(|session| model.last_of(&session.slot, true).is_none())
}

impl Step {
    pub fn fresh(number: usize, kind: u128) -> Uuid {
        Uuid::from_u128((kind << 64) + number as u128 + 1)
    }

    /// Who asks for what, as step `number` of a history that has come to this state.
    pub fn order(&self, number: usize, model: &Model) -> (Principal, Command) {
        let (admin, person) = (administrator(), pick(&PEOPLE, self.a));
        let contact = element(usize::from(mostly(self.a, 24, self.a % 2, |at| at % 5)));
        match self.what {
            What::Create => self.create(number, model, contact),
            What::Receive => self.receive(number, model),
            What::Initiate => self.initiate(number, model, contact),
            What::Act => self.act(number, model),
            What::Presence => {
                let who = mostly(self.who, 4, Principal::Operator(person), |_| admin);
                (who, Command::Presence(person, !self.b.is_multiple_of(4)))
            }
            What::Licence => (admin, Command::Licence(self.a.is_multiple_of(2))),
            What::Permit => (admin, Command::Permit(process(0), !self.a.is_multiple_of(3))),
            What::Field => {
                let of = usize::from(self.a % 2);
                let (name, value) =
                    field(if self.b.is_multiple_of(4) { 1 - of } else { of }, usize::from(self.c) % FIELDS);
                (admin, Command::Field(element(of), name, (!self.b.is_multiple_of(3)).then_some(value)))
            }
            _ => {
                let line = usize::from(self.who) % (LINES.len() - 1);
                (admin, Command::Line(LINES[line], self.setting(line, &model.lines[&LINES[line]])))
            }
        }
    }

    /// A setting of a line that is not refused.
    fn setting(&self, line: usize, known: &Line) -> LineCommand {
        let of: Vec<_> = (0..CHANNELS.len()).filter(|at| CHANNELS[*at].0 == line).collect();
        let at = pick(&of, self.b);
        let app = app(usize::from(self.b) % 3);
        let (operator, role) =
            (pick(&PEOPLE, self.b), pick(&[Role::Operator, Role::Supervisor, Role::Reader], self.c));
        match self.a % 20 {
            0 => LineCommand::ClearContactApp,
            1 | 2 => LineCommand::SetContactApp { app: mostly(self.c, 3, crate::world::app(0), |_| app) },
            3 => LineCommand::UnbindApp { app },
            4..=6 if !known.bound.contains_key(&app) => LineCommand::BindApp { app },
            4 | 5 => LineCommand::RemoveWidget { app },
            6 => LineCommand::PlaceWidget { app },
            7 | 8 => LineCommand::RevokeRole { operator, role },
            9 | 10 => LineCommand::GrantRole { operator, role },
            11 | 12 => LineCommand::DisconnectChannel { channel: channel(at) },
            13..=15 => {
                let mut policy = CHANNELS[at].1.policy().expect("of a built-in kind");
                let prior = OperatorCreate::PriorInboundOnly;
                let stricter = [OperatorCreate::Never, prior, prior, policy.operator_create];
                policy.operator_create = pick(&stricter, self.c).min(policy.operator_create);
                LineCommand::SetChannelPolicy { channel: channel(at), policy }
            }
            16 | 17 => connect(at, &CHANNELS[at].1),
            _ => {
                let inbound = InboundRule::ReopenWithin { seconds: u32::from(self.c) };
                let inbound = if self.b.is_multiple_of(3) { InboundRule::NewSession } else { inbound };
                LineCommand::SetLineRules {
                    rules: LineRules { supervisors_create: self.c.is_multiple_of(2), inbound },
                }
            }
        }
    }

    /// One of the newest sessions, now and then one that does not exist.
    fn session(&self, number: u8, model: &Model) -> SessionId {
        let back = usize::from(number % 8) % model.sessions.len().max(1);
        let found = mostly(number, 40, model.sessions.keys().rev().nth(back), |_| None);
        found.copied().unwrap_or(SessionId(Uuid::from_u128(0xdead)))
    }

    fn new_session(&self, number: usize, model: &Model) -> SessionId {
        mostly(self.c, 32, SessionId(Step::fresh(number, 5)), |at| self.session(at, model))
    }

    fn account(&self, of: &ElementRef) -> ChosenAccount {
        let contact = if *of == element(1) { 1 } else { 0 };
        let number = pick(&[0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7], self.b);
        let (name, value) = field(mostly(self.who, 48, contact, |_| 1 - contact), number);
        ChosenAccount { text: value.text().to_owned(), field: (self.who % 3 == 1).then_some(name) }
    }

    fn via(&self, number: u8) -> EntryPoint {
        mostly(number, 4, EntryPoint::LinesSection, |at| EntryPoint::Card(element(usize::from(at) % 4)))
    }

    /// A line of the account's medium mostly, and now and then a channel, which often is of that medium too.
    fn way(&self) -> (LineId, Option<ChannelId>) {
        let usual = pick(&[0, 1, 4, 3, 6, 2, 2, 3, 5, 7, 0, 4], self.b);
        let line = mostly(self.c, 6, CHANNELS[usual].0, |at| usize::from(at) % LINES.len());
        let of: Vec<_> = (0..CHANNELS.len()).filter(|at| CHANNELS[*at].0 == line).collect();
        let named = match self.a {
            a if a % 23 == 1 => 8,
            a if a.is_multiple_of(2) => usual,
            a => pick(&of, a / 3),
        };
        (LINES[line], (!self.a.is_multiple_of(3)).then(|| channel(named)))
    }

    /// The way to a contact; now and then to the customer of one of the newest sessions.
    fn reach(&self, model: &Model, contact: ElementRef) -> Reach {
        let known = model.sessions.get(&self.session(self.c, model));
        let Some(Session { line, slot, .. }) = known.filter(|_| (self.a / 8).is_multiple_of(3)) else {
            let (line, channel) = self.way();
            return Reach { line, account: self.account(&contact), contact, channel };
        };
        let has = |contact: &usize| (0..FIELDS).any(|number| field(*contact, number).1.text() == slot.1);
        let contact = element((0..2).find(has).unwrap_or(0));
        let account = ChosenAccount { text: slot.1.clone(), field: None };
        Reach { line: *line, contact, account, channel: Some(slot.0) }
    }

    fn create(&self, number: usize, model: &Model, contact: ElementRef) -> (Principal, Command) {
        let who = mostly(self.who, 10, Principal::Operator(pick(&PEOPLE[..3], self.who)), |at| {
            pick(&[Principal::Operator(PEOPLE[3]), administrator()], at)
        });
        let Reach { line, contact, account, channel } = self.reach(model, contact);
        let subject =
            ["Счёт 17", " ", "две\nстроки"].get(usize::from(self.c % 12)).map(|text| (*text).to_owned());
        let (session, via) = (self.new_session(number, model), self.via(self.who));
        (who, Command::Create(CreateSession { session, line, contact, account, channel, subject, via }))
    }

    fn receive(&self, number: usize, model: &Model) -> (Principal, Command) {
        let at = usize::from(mostly(self.a, 12, self.a % 8, |at| at % 9));
        let fields: [usize; 9] = [0, 0, 2, 1, 0, 4, 1, 5, 4];
        let usual = field(usize::from(self.b % 2), fields[at]).1.text().to_owned();
        let address = mostly(self.b, 20, usual, |_| "8916".to_owned());
        let last = left(model).take(3).collect::<Vec<_>>();
        let (channel, address) = match self.b / 20 % 3 {
            0 if !last.is_empty() => pick(&last, self.a).slot.clone(),
            _ => (channel(at), address),
        };
        let slot = (channel, address.clone());
        let before = model.sessions.iter().rev().filter(|(_, session)| session.slot == slot);
        let of_slot: Vec<_> = before.map(|(id, _)| *id).take(4).collect();
        let answered = if of_slot.is_empty() || self.who.is_multiple_of(8) {
            self.session(self.c, model)
        } else {
            pick(&of_slot, self.who / 2)
        };
        let sender = Principal::Channel(channel);
        let command = ReceiveMessage {
            session: self.new_session(number, model),
            message: MessageId(Step::fresh(number, 3)),
            channel,
            address,
            sender: None,
            external_id: mostly(self.c, 8, number.to_string(), |at| format!("repeated {}", at % 4)),
            text: "Здравствуйте".to_owned(),
            subject: None,
            in_reply_to: self.who.is_multiple_of(2).then_some(answered),
            sent_at: None,
        };
        (mostly(self.who, 32, sender, |_| administrator()), Command::Receive(command))
    }

    fn initiate(&self, number: usize, model: &Model, contact: ElementRef) -> (Principal, Command) {
        let Reach { line, contact, account, channel } = self.reach(model, contact);
        let append_to = (self.who % 4 == 1).then(|| self.session(self.c, model));
        let session = self.new_session(number, model);
        let command = SendInitiated {
            command: CommandId(Step::fresh(number, 1)),
            session,
            message: MessageId(Step::fresh(number, 3)),
            line,
            account,
            contact,
            channel,
            subject: None,
            append_to,
            text: "Заказ готов".to_owned(),
        };
        let who = mostly(self.who, 16, Principal::Process(process(0)), |at| {
            pick(&[Principal::Process(process(1)), Principal::Operator(PEOPLE[0])], at)
        });
        (who, Command::Initiate(command))
    }

    fn act(&self, number: usize, model: &Model) -> (Principal, Command) {
        let id = self.session(self.a, model);
        let known = model.sessions.get(&id);
        let holder = known.and_then(|session| session.holder);
        let card = known.filter(|_| self.c % 3 == 1).and_then(|session| session.links.first());
        let usual = Principal::Operator(holder.unwrap_or(pick(&PEOPLE[..3], self.who)));
        let who = mostly(self.who, 4, usual, |at| {
            mostly(at, 8, Principal::Operator(pick(&PEOPLE, at)), |_| administrator())
        });
        let act = match self.b % 20 {
            0..=2 => SessionCommand::Take,
            3..=5 => SessionCommand::AssignOperator { operator: pick(&PEOPLE, self.c) },
            6..=10 => {
                let message = MessageId(Step::fresh(number, 3));
                let via = card.map_or_else(|| self.via(self.c), |card| EntryPoint::Card(card.clone()));
                SessionCommand::SendMessage { message, text: "Ответ".to_owned(), via }
            }
            11..=14 => SessionCommand::Close,
            _ => SessionCommand::Reopen,
        };
        (who, Command::Session(id, act))
    }

    /// What the clock says next, in microseconds: where a closed session's time to be reopened by its customer
    /// runs out, or just beside it; else later than now, and now and then before.
    pub fn moment(&self, model: &Model) -> i64 {
        let until = |session: &Session| match model.lines[&session.line].rules.inbound {
            InboundRule::ReopenWithin { seconds } => {
                Some(session.closed_at? + i64::from(seconds) * 1_000_000)
            }
            InboundRule::NewSession => None,
        };
        let until: Vec<_> = left(model).filter_map(until).take(3).collect();
        let beside = pick(&[0, 0, 1, 250_000, 1_000_000, -1, -250_000, -1_000_000], self.c);
        let micros = i64::from(self.b) * 1_000_000 + i64::from(self.c % 4) * 250_000;
        match self.who % 3 {
            1 | 2 if !until.is_empty() => pick(&until, self.a) + beside,
            _ => model.now + mostly(self.a, 4, micros, |_| -micros),
        }
    }

    /// Which of so many things before it is meant.
    pub fn of(&self, count: usize) -> usize {
        count - 1 - usize::from(self.a) % count.min(64)
    }
}
