//! What each command does to a session in each state, by role, cell by cell.

#[path = "support/rules.rs"]
mod rules;

use rules::{Desk, Table, address, app, code, new_id, phone, send};
use switchboard::Caller;
use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{DeliveryReport, LineCommand, SessionCommand};
use switchboard::domain::event::Role;
use switchboard::domain::id::{ChannelId, ElementRef, MessageId, OperatorId, SessionId};
use switchboard::domain::session::Session;

/// `Ok` writes; `same` is accepted and writes nothing; else the code of the refusal.
///
/// `mine` is assigned to who asks, also where the person is no operator of the line any more.
const STATES: &str = "
command, role      | absent    | waiting       | mine          | another's     | closed
take, operator     | not found | Ok            | same          | NotAssignee   | SessionClosed
take, supervisor   | not found | Ok            | same          | NotAssignee   | SessionClosed
take, reader       | not found | no role       | no role       | no role       | no role
take, stranger     | not found | no role       | no role       | no role       | no role
assign, operator   | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
assign, supervisor | not found | Ok            | Ok            | Ok            | SessionClosed
assign, reader     | not found | no role       | no role       | no role       | no role
assign, stranger   | not found | no role       | no role       | no role       | no role
take over, operator   | not found | NotAssignee | same         | NotAssignee   | SessionClosed
take over, supervisor | not found | Ok          | same         | Ok            | SessionClosed
take over, reader     | not found | no role     | no role      | no role       | no role
take over, stranger   | not found | no role     | no role      | no role       | no role
send, operator     | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
send, supervisor   | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
send, reader       | not found | no role       | no role       | no role       | no role
send, stranger     | not found | no role       | no role       | no role       | no role
close, operator    | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
close, supervisor  | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
close, reader      | not found | no role       | no role       | no role       | no role
close, stranger    | not found | no role       | no role       | no role       | no role
reopen, operator   | not found | open          | open          | open          | Ok
reopen, supervisor | not found | open          | open          | open          | Ok
reopen, reader     | not found | no role       | no role       | no role       | no role
reopen, stranger   | not found | no role       | no role       | no role       | no role
rename, operator   | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
rename, supervisor | not found | NotAssignee   | Ok            | NotAssignee   | SessionClosed
rename, reader     | not found | no role       | no role       | no role       | no role
rename, stranger   | not found | no role       | no role       | no role       | no role
link, operator     | not found | Ok            | Ok            | Ok            | Ok
link, supervisor   | not found | Ok            | Ok            | Ok            | Ok
link, reader       | not found | no role       | no role       | no role       | no role
link, stranger     | not found | no role       | no role       | no role       | no role
link again, operator   | not found | same      | same          | same          | same
link again, supervisor | not found | same      | same          | same          | same
link again, reader     | not found | no role   | no role       | no role       | no role
link again, stranger   | not found | no role   | no role       | no role       | no role
unlink, operator   | not found | Ok            | Ok            | Ok            | Ok
unlink, supervisor | not found | Ok            | Ok            | Ok            | Ok
unlink, reader     | not found | no role       | no role       | no role       | no role
unlink, stranger   | not found | no role       | no role       | no role       | no role
report, operator   | not found | not allowed   | not allowed   | not allowed   | not allowed
report, supervisor | not found | not allowed   | not allowed   | not allowed   | not allowed
report, reader     | not found | not allowed   | not allowed   | not allowed   | not allowed
report, stranger   | not found | not allowed   | not allowed   | not allowed   | not allowed
create, operator   | Ok        | AlreadyExists | AlreadyExists | AlreadyExists | AlreadyExists
create, supervisor | no role   | AlreadyExists | AlreadyExists | AlreadyExists | AlreadyExists
create, reader     | no role   | AlreadyExists | AlreadyExists | AlreadyExists | AlreadyExists
create, stranger   | no role   | AlreadyExists | AlreadyExists | AlreadyExists | AlreadyExists
";

/// Who needs no role: the channel and the process. `into` writes to the session, `new` to a new one.
const MESSAGES: &str = "
command                  | absent    | waiting | mine | another's | closed
report, its channel      | not found | Ok      | Ok   | Ok        | Ok
report, another channel  | not found | not allowed | not allowed | not allowed | not allowed
inbound                  | new       | into    | into | into      | new
initiated                | new       | into    | into | into      | new
initiated, appended      | not found | into    | into | into      | SessionClosed
close, a process         | not found | not allowed | not allowed | not allowed | not allowed
close, an administrator  | not found | not allowed | not allowed | not allowed | not allowed
";

/// What is known of a message × what the channel reports.
const DELIVERY: &str = "
known       | handed over | delivered | read    | failed
pending     | Ok          | Ok        | Ok      | Ok
handed over | same        | Ok        | Ok      | Ok
delivered   | same        | same      | Ok      | settled
read        | same        | same      | same    | settled
failed      | same        | settled   | settled | same
";

const STATE_NAMES: [&str; 5] = ["absent", "waiting", "mine", "another's", "closed"];
const COMMANDS: [&str; 12] = [
    "take",
    "assign",
    "take over",
    "send",
    "close",
    "reopen",
    "rename",
    "link",
    "link again",
    "unlink",
    "report",
    "create",
];
const ROLES: [(&str, Option<Role>); 4] = [
    ("operator", Some(Role::Operator)),
    ("supervisor", Some(Role::Supervisor)),
    ("reader", Some(Role::Reader)),
    ("stranger", None),
];

fn full(word: &str) -> &str {
    match word {
        "not found" => "SessionNotFound",
        "no role" => "NotOperatorOfLine",
        "open" => "SessionNotClosed",
        "not allowed" => "PrincipalNotAllowed",
        "settled" => "DeliverySettled",
        other => other,
    }
}

/// A session on its way, with an outgoing message and a link.
struct Stage {
    desk: Desk,
    channel: ChannelId,
    contact: ElementRef,
    order: ElementRef,
    actor: OperatorId,
    session: SessionId,
    message: MessageId,
}

const NUMBER: &str = "+79161234567";

/// A session in a state, and a person who has a role.
async fn stage(state: &str, role: Option<Role>) -> Stage {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let order = desk.element("orders", vec![]).await;
    let actor = desk.person(Some(Role::Operator)).await;
    let (mut session, mut message) = (SessionId(new_id()), MessageId(new_id()));
    if state != "absent" {
        let sent = desk.initiate(&contact, NUMBER).await.expect("a process begins");
        (session, message) = (sent.session.expect("a session"), sent.message.expect("a message"));
        let element = order.clone();
        desk.ask(actor, session, SessionCommand::LinkElement { element }).await.expect("linked");
    }
    let steps: &[(OperatorId, SessionCommand)] = match state {
        "absent" | "waiting" => &[],
        "mine" => &[(actor, SessionCommand::Take)],
        "another's" => &[(desk.boris, SessionCommand::Take)],
        "closed" => &[(actor, SessionCommand::Take), (actor, SessionCommand::Close)],
        other => panic!("no state {other}"),
    };
    for (by, command) in steps {
        desk.ask(*by, session, command.clone()).await.expect("staged");
    }
    let operator = actor;
    desk.configure(LineCommand::RevokeRole { operator, role: Role::Operator }).await.expect("revoked");
    if let Some(role) = role {
        desk.configure(LineCommand::GrantRole { operator, role }).await.expect("granted");
    }
    Stage { desk, channel, contact, order, actor, session, message }
}

impl Stage {
    /// What came of a command: the code, or `same` where nothing was written.
    async fn outcome(&self, caller: Caller, command: SessionCommand) -> &'static str {
        let head = self.desk.engine.head();
        let answer = self.desk.engine.session(caller, self.session, command).await;
        match (answer.is_ok(), self.desk.engine.head() == head) {
            (true, true) => "same",
            (false, false) => panic!("{} left an event", code(&answer)),
            (true, false) | (false, true) => code(&answer),
        }
    }

    async fn of_operator(&self, command: &str) -> &'static str {
        let element = self.order.clone();
        let report = DeliveryReport::Read;
        let command = match command {
            "take" => SessionCommand::Take,
            "assign" => SessionCommand::AssignOperator { operator: self.desk.anna },
            "take over" => SessionCommand::AssignOperator { operator: self.actor },
            "send" => send("Добрый день"),
            "close" => SessionCommand::Close,
            "reopen" => SessionCommand::Reopen,
            "rename" => SessionCommand::Rename { name: "Возврат".into() },
            "link" => SessionCommand::LinkElement { element: self.desk.element("orders", vec![]).await },
            "link again" => SessionCommand::LinkElement { element },
            "unlink" => SessionCommand::UnlinkElement { element },
            "report" => SessionCommand::ReportDelivery { message: self.message, report },
            "create" => {
                let mut command = self.desk.creation(&self.contact, NUMBER);
                command.session = self.session;
                return code(&self.desk.create(self.actor, &command).await);
            }
            other => panic!("no command {other}"),
        };
        self.outcome(Caller::operator(self.actor), command).await
    }

    async fn of_others(&self, command: &str) -> &'static str {
        let (desk, message, report) = (&self.desk, self.message, DeliveryReport::Read);
        let report = SessionCommand::ReportDelivery { message, report };
        let answer = match command {
            "report, its channel" => return self.outcome(Caller::channel(self.channel), report).await,
            "report, another channel" => {
                let other = desk.connect(ChannelKind::WhatsApp).await;
                return self.outcome(Caller::channel(other), report).await;
            }
            "close, a process" => {
                return self.outcome(Caller::process(desk.process.clone()), SessionCommand::Close).await;
            }
            "close, an administrator" => return self.outcome(rules::admin(), SessionCommand::Close).await,
            "inbound" => desk.receive(desk.inbound(self.channel, NUMBER)).await,
            "initiated" => desk.initiate(&self.contact, NUMBER).await,
            "initiated, appended" => {
                let (caller, mut command) = desk.initiated(&self.contact, NUMBER);
                command.append_to = Some(self.session);
                desk.engine.send_initiated(caller, command).await
            }
            other => panic!("no command {other}"),
        };
        match &answer {
            Ok(receipt) if receipt.session == Some(self.session) => "into",
            Ok(_) => "new",
            Err(error) => error.code(),
        }
    }
}

#[tokio::test]
async fn each_command_does_in_each_state_what_the_table_says() {
    let mut table = Table::parse(STATES);
    for command in COMMANDS {
        for (role_name, role) in ROLES {
            for state in STATE_NAMES {
                let row = format!("{command}, {role_name}");
                let expected = table.take(&row, state);
                let outcome = stage(state, role).await.of_operator(command).await;
                assert_eq!(outcome, full(&expected), "{row}, {state}");
            }
        }
    }
    table.done();
}

#[tokio::test]
async fn messages_and_reports_need_no_operator() {
    let mut table = Table::parse(MESSAGES);
    let rows: Vec<&str> = MESSAGES.lines().skip(2).filter_map(|row| row.split('|').next()).collect();
    for row in rows.into_iter().map(str::trim) {
        for state in STATE_NAMES {
            let outcome = stage(state, Some(Role::Operator)).await.of_others(row).await;
            assert_eq!(outcome, full(&table.take(row, state)), "{row}, {state}");
        }
    }
    table.done();
}

fn report(name: &str) -> Option<DeliveryReport> {
    match name {
        "pending" => None,
        "handed over" => Some(DeliveryReport::HandedOver),
        "delivered" => Some(DeliveryReport::Delivered),
        "read" => Some(DeliveryReport::Read),
        "failed" => Some(DeliveryReport::Failed { reason: "номер заблокирован".into() }),
        other => panic!("no report {other}"),
    }
}

#[tokio::test]
async fn a_report_that_says_less_than_is_known_changes_nothing() {
    let mut table = Table::parse(DELIVERY);
    for known in ["pending", "handed over", "delivered", "read", "failed"] {
        for told in ["handed over", "delivered", "read", "failed"] {
            let stage = stage("mine", Some(Role::Operator)).await;
            let (message, caller) = (stage.message, || Caller::channel(stage.channel));
            if let Some(report) = report(known) {
                stage.outcome(caller(), SessionCommand::ReportDelivery { message, report }).await;
            }
            let report = report(told).expect("a report");
            let outcome = stage.outcome(caller(), SessionCommand::ReportDelivery { message, report }).await;
            assert_eq!(outcome, full(&table.take(known, told)), "{told} where {known} is known");
        }
    }
    table.done();
}

#[tokio::test]
async fn a_message_id_is_used_once_in_a_session_by_whoever_writes() {
    let stage = stage("mine", Some(Role::Operator)).await;
    let desk = &stage.desk;
    let mut sent = send("Добрый день");
    if let SessionCommand::SendMessage { message, .. } = &mut sent {
        *message = stage.message;
    }
    assert_eq!(desk.refusal(desk.ask(stage.actor, stage.session, sent)).await.code(), "AlreadyExists");
    let mut inbound = desk.inbound(stage.channel, NUMBER);
    inbound.message = stage.message;
    assert_eq!(desk.refusal(desk.receive(inbound)).await.code(), "AlreadyExists");
    let (caller, mut initiated) = desk.initiated(&stage.contact, NUMBER);
    initiated.message = stage.message;
    let refused = desk.refusal(desk.engine.send_initiated(caller, initiated)).await;
    assert_eq!(refused.code(), "AlreadyExists");
    desk.ask(stage.actor, stage.session, send("Добрый день")).await.expect("the session is whole");
}

#[tokio::test]
async fn creating_makes_the_creator_the_operator_with_nothing_between() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(address(&AccountKind::Phone))).await;
    let head = desk.engine.head();
    let command = desk.creation(&contact, NUMBER);
    desk.create(desk.anna, &command).await.expect("created");
    let mut state: Option<Session> = None;
    let mut kinds = Vec::new();
    for recorded in desk.written(head).await {
        let switchboard::domain::event::Event::Session(event) = &recorded.event else { continue };
        kinds.push(format!("{event:?}").split([' ', '{']).next().unwrap_or_default().to_owned());
        let evolved = Session::evolve(command.session, state.take(), event, recorded.time);
        state = Some(evolved.expect("the log is legal"));
    }
    assert_eq!(kinds, ["SessionCreated", "OperatorAssigned"], "no message was sent, no queue was entered");
    assert_eq!(state.and_then(|session| session.operator()), Some(desk.anna));
    assert!(command.contact.app == app("contacts"));
}
