//! Random lists of commands by everybody, with ids derived from the list alone.

use proptest::prelude::*;
use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{ChannelKind, OperatorCreate};
use switchboard::domain::command::{
    CreateSession, DeliveryReport, ElementCommand, LineCommand, OperatorCommand, SessionCommand,
    WorkspaceCommand,
};
use switchboard::domain::event::{EntryPoint, InboundRule, LineRules, Role};
use switchboard::domain::id::{
    ChannelId, CommandId, ElementRef, LineId, MessageId, OperatorId, Principal, SessionId,
};
use switchboard::{Caller, CommandError, Engine, Receipt};
use uuid::Uuid;

use crate::desk::*;

/// Somebody whom no line knows and who was never registered.
pub const STRANGER: OperatorId = OperatorId(Uuid::from_u128(0x3005));
pub const ACTORS: [OperatorId; 5] = [ANNA, BORIS, VERA, GLEB, STRANGER];
pub const CHANNELS: [(LineId, ChannelId); 6] = [
    (SUPPORT, WHATSAPP),
    (MAIL, EMAIL),
    (BOT, TELEGRAM_BOT),
    (OTHERS, VIBER),
    (OTHERS, VK),
    (OTHERS, LIVE_CHAT),
];

/// The address of a contact on a channel.
pub fn address(channel: usize, contact: u128) -> String {
    let second = contact == 2;
    match channel {
        0 => (if second { PHONE_2 } else { PHONE }).to_owned(),
        1 => (if second { "maria@example.ru" } else { MAIL_ADDRESS }).to_owned(),
        2 => (if second { "100501" } else { BOT_USER }).to_owned(),
        3 => format!("viber-{contact}"),
        4 => format!("vk-{contact}"),
        _ => format!("visitor-{contact}"),
    }
}

/// A step of a list; sessions and messages are named by how many were before them.
#[derive(Clone, Debug)]
pub enum Step {
    Create {
        who: usize,
        channel: usize,
        contact: u128,
        subject: u8,
        via: u8,
    },
    Receive {
        channel: usize,
        contact: u128,
        external: u8,
        answers: Option<usize>,
    },
    Initiate {
        channel: usize,
        contact: u128,
        append_to: Option<usize>,
    },
    Session {
        who: usize,
        session: usize,
        act: Act,
    },
    Report {
        session: usize,
        report: u8,
    },
    Presence {
        who: usize,
        online: bool,
    },
    Licence {
        active: bool,
    },
    Roles {
        who: usize,
        line: usize,
        role: u8,
        grant: bool,
    },
    Channel {
        channel: usize,
        connect: bool,
    },
    Policy {
        channel: usize,
        never: bool,
    },
    Rules {
        line: usize,
        supervisors_create: bool,
        reopen: bool,
    },
    Phone {
        contact: u128,
        wrong: bool,
    },
    /// An earlier step again, by the same command id.
    Again {
        back: usize,
    },
}

#[derive(Clone, Debug)]
pub enum Act {
    Take,
    Assign(usize),
    Send { card: bool },
    Close,
    Reopen,
    Rename,
    Link(u8),
    Unlink(u8),
}

pub fn any_step() -> BoxedStrategy<Step> {
    let who = || prop_oneof![6 => 0..3usize, 1 => 3..5usize];
    let channel = || prop_oneof![3 => 0..3usize, 1 => 3..6usize];
    let contact = || prop_oneof![3 => Just(1u128), 1 => Just(2u128)];
    let session = || 0..6usize;
    prop_oneof![
        10 => (who(), channel(), contact(), 0..4u8, 0..5u8)
            .prop_map(|(who, channel, contact, subject, via)| Step::Create { who, channel, contact, subject, via }),
        8 => (channel(), contact(), 0..6u8, prop::option::of(session()))
            .prop_map(|(channel, contact, external, answers)| Step::Receive { channel, contact, external, answers }),
        4 => (channel(), contact(), prop::option::weighted(0.3, session()))
            .prop_map(|(channel, contact, append_to)| Step::Initiate { channel, contact, append_to }),
        24 => (who(), session(), any_act()).prop_map(|(who, session, act)| Step::Session { who, session, act }),
        3 => (session(), 0..4u8).prop_map(|(session, report)| Step::Report { session, report }),
        4 => (who(), any::<bool>()).prop_map(|(who, online)| Step::Presence { who, online }),
        2 => any::<bool>().prop_map(|active| Step::Licence { active }),
        3 => (who(), 0..4usize, 0..3u8, any::<bool>())
            .prop_map(|(who, line, role, grant)| Step::Roles { who, line, role, grant }),
        2 => (channel(), prop::bool::weighted(0.7)).prop_map(|(channel, connect)| Step::Channel { channel, connect }),
        1 => (channel(), any::<bool>()).prop_map(|(channel, never)| Step::Policy { channel, never }),
        2 => (0..4usize, any::<bool>(), any::<bool>())
            .prop_map(|(line, supervisors_create, reopen)| Step::Rules { line, supervisors_create, reopen }),
        1 => (contact(), any::<bool>()).prop_map(|(contact, wrong)| Step::Phone { contact, wrong }),
        4 => (1..12usize).prop_map(|back| Step::Again { back }),
    ]
    .boxed()
}

fn any_act() -> BoxedStrategy<Act> {
    prop_oneof![
        2 => Just(Act::Take),
        2 => (0..5usize).prop_map(Act::Assign),
        5 => any::<bool>().prop_map(|card| Act::Send { card }),
        5 => Just(Act::Close),
        4 => Just(Act::Reopen),
        1 => Just(Act::Rename),
        2 => (0..3u8).prop_map(Act::Link),
        1 => (0..3u8).prop_map(Act::Unlink),
    ]
    .boxed()
}

/// What is known so far, by which steps name things.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub sessions: Vec<SessionId>,
    pub messages: Vec<(SessionId, MessageId)>,
}

impl Known {
    /// The session `back` before the newest; one that does not exist where there is none.
    fn session(&self, back: usize) -> SessionId {
        let at = self.sessions.len().checked_sub(back + 1);
        at.map_or(SessionId(Uuid::from_u128(0xdead)), |at| self.sessions[at])
    }

    fn message(&self, session: SessionId) -> MessageId {
        let of_session = self.messages.iter().rev().find(|(of, _)| *of == session);
        of_session.map_or(MessageId(Uuid::from_u128(0xbeef)), |(_, message)| *message)
    }
}

/// A step with everything decided, so that it can be sent again.
#[derive(Clone)]
pub struct Order {
    pub command: CommandId,
    step: Step,
    known: Known,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "step {} ({:?})", self.number(), self.step)
    }
}

/// The `number`-th id of a kind.
fn id(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | (number as u128 + 1))
}

impl Order {
    /// The order of the `number`-th step.
    pub fn new(number: usize, step: &Step, known: &Known, before: &[Order]) -> Order {
        if let Step::Again { back } = step
            && let Some(order) = before.len().checked_sub(*back).map(|at| &before[at])
        {
            return order.clone();
        }
        Order { command: CommandId(id(0xc, number)), step: step.clone(), known: known.clone() }
    }

    fn number(&self) -> usize {
        // Ids are made by `id` from numbers of steps.
        usize::try_from(self.command.0.as_u128() & 0xffff_ffff).expect("a number of a step") - 1
    }

    fn caller(&self, principal: Principal) -> Caller {
        Caller::with_id(principal, self.command)
    }

    pub async fn send(&self, engine: &Engine) -> Result<Receipt, CommandError> {
        match &self.step {
            Step::Create { who, .. } => {
                let caller = self.caller(Principal::Operator(ACTORS[*who]));
                engine.create_session(caller, self.creation()).await
            }
            Step::Receive { channel, contact, external, answers } => {
                let channel_id = CHANNELS[*channel].1;
                let external_id = format!("m-{external}-{contact}");
                let mut command = inbound(channel_id, &address(*channel, *contact), &external_id, "Вопрос");
                command.session = self.new_session();
                command.message = self.new_message();
                command.in_reply_to = answers.map(|back| self.known.session(back));
                engine.receive(self.caller(Principal::Channel(channel_id)), command).await
            }
            Step::Initiate { channel, contact, append_to } => {
                let line = CHANNELS[*channel].0;
                let mut command = initiated(line, &address(*channel, *contact), "Заказ готов");
                command.command = self.command;
                command.contact = crate::desk::contact(*contact);
                command.session = self.new_session();
                command.message = self.new_message();
                command.append_to = append_to.map(|back| self.known.session(back));
                engine.send_initiated(self.caller(Principal::Process(order_ready())), command).await
            }
            Step::Session { who, session, act } => {
                let caller = self.caller(Principal::Operator(ACTORS[*who]));
                engine.session(caller, self.known.session(*session), self.act(act)).await
            }
            Step::Report { session, report } => self.report(engine, *session, *report).await,
            _ => self.configure(engine).await,
        }
    }

    fn new_session(&self) -> SessionId {
        SessionId(id(0x5, self.number()))
    }

    fn new_message(&self) -> MessageId {
        MessageId(id(0x3, self.number()))
    }

    fn creation(&self) -> CreateSession {
        let Step::Create { channel, contact, subject, via, .. } = &self.step else {
            unreachable!("asked of a creation alone")
        };
        let mut command = creation(CHANNELS[*channel].0, &address(*channel, *contact));
        command.session = self.new_session();
        command.contact = crate::desk::contact(*contact);
        command.via = match via {
            0..=2 => EntryPoint::LinesSection,
            3 => EntryPoint::Card(order(1)),
            _ => EntryPoint::Card(deal()),
        };
        command.subject = match subject {
            0 => Some("Счёт 17".into()),
            1 => Some(" \t".into()),
            2 => Some("две\r\nстроки".into()),
            _ => None,
        };
        command
    }

    fn act(&self, act: &Act) -> SessionCommand {
        let elements = [order(1), order(2), deal()];
        let element = |number: &u8| -> ElementRef { elements[usize::from(*number)].clone() };
        match act {
            Act::Take => SessionCommand::Take,
            Act::Assign(to) => SessionCommand::AssignOperator { operator: ACTORS[*to] },
            Act::Send { card } => SessionCommand::SendMessage {
                message: self.new_message(),
                text: "Ответ".into(),
                via: if *card { EntryPoint::Card(order(1)) } else { EntryPoint::LinesSection },
            },
            Act::Close => SessionCommand::Close,
            Act::Reopen => SessionCommand::Reopen,
            Act::Rename => SessionCommand::Rename { name: format!("Имя {}", self.number()) },
            Act::Link(number) => SessionCommand::LinkElement { element: element(number) },
            Act::Unlink(number) => SessionCommand::UnlinkElement { element: element(number) },
        }
    }

    async fn report(&self, engine: &Engine, session: usize, report: u8) -> Result<Receipt, CommandError> {
        let session = self.known.session(session);
        let reports = [
            DeliveryReport::HandedOver,
            DeliveryReport::Delivered,
            DeliveryReport::Read,
            DeliveryReport::Failed { reason: "нет такого номера".into() },
        ];
        let message = self.known.message(session);
        let command =
            SessionCommand::ReportDelivery { message, report: reports[usize::from(report)].clone() };
        let channel = CHANNELS[self.number() % CHANNELS.len()].1;
        engine.session(self.caller(Principal::Channel(channel)), session, command).await
    }

    async fn configure(&self, engine: &Engine) -> Result<Receipt, CommandError> {
        let admin = self.caller(admin().principal);
        match &self.step {
            Step::Presence { who, online } => {
                let caller = self.caller(Principal::Operator(ACTORS[*who]));
                let command = OperatorCommand::SetPresence { online: *online };
                engine.operator(caller, ACTORS[*who], command).await
            }
            Step::Licence { active } => {
                engine.workspace(admin, WorkspaceCommand::SetServiceLicence { active: *active }).await
            }
            Step::Roles { who, line, role, grant } => {
                let role = [Role::Operator, Role::Supervisor, Role::Reader][usize::from(*role)];
                let operator = ACTORS[*who];
                let command = if *grant {
                    LineCommand::GrantRole { operator, role }
                } else {
                    LineCommand::RevokeRole { operator, role }
                };
                engine.line(admin, LINES[*line], command).await
            }
            Step::Channel { channel, connect } => {
                let (line, channel_id) = CHANNELS[*channel];
                let kind = ChannelKind::BUILT_IN
                    .into_iter()
                    .find(|kind| channel_kind(*channel) == *kind)
                    .expect("a built-in kind");
                let command = if *connect {
                    LineCommand::ConnectChannel {
                        channel: channel_id,
                        kind,
                        title: "снова".into(),
                        policy: None,
                    }
                } else {
                    LineCommand::DisconnectChannel { channel: channel_id }
                };
                engine.line(admin, line, command).await
            }
            Step::Policy { channel, never } => {
                let (line, channel_id) = CHANNELS[*channel];
                let mut policy = channel_kind(*channel).policy().expect("of a built-in kind");
                if *never {
                    policy.operator_create = OperatorCreate::Never;
                }
                engine.line(admin, line, LineCommand::SetChannelPolicy { channel: channel_id, policy }).await
            }
            Step::Rules { line, supervisors_create, reopen } => {
                let inbound = if *reopen {
                    InboundRule::ReopenWithin { seconds: 3600 }
                } else {
                    InboundRule::NewSession
                };
                let rules = LineRules { supervisors_create: *supervisors_create, inbound };
                engine.line(admin, LINES[*line], LineCommand::SetLineRules { rules }).await
            }
            Step::Phone { contact, wrong } => {
                let text = if *wrong { "8916".to_owned() } else { address(0, *contact) };
                let value = account(AccountKind::Phone, &text);
                let command = ElementCommand::SetField { field: "phone".into(), value };
                engine.element(admin, crate::desk::contact(*contact), None, command).await
            }
            // Nothing was before it: a command of no effect.
            _ => engine.workspace(admin, WorkspaceCommand::ForbidProcess { process: order_ready() }).await,
        }
    }
}

pub fn channel_kind(channel: usize) -> ChannelKind {
    match channel {
        0 => ChannelKind::WhatsApp,
        1 => ChannelKind::Email,
        2 => ChannelKind::TelegramBot,
        3 => ChannelKind::ViberBot,
        4 => ChannelKind::Vk,
        _ => ChannelKind::LiveChat,
    }
}
