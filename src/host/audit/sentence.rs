//! Events as lines of a timeline: position, moment, who, and what happened.

use switchboard::audit::Names;
use switchboard::domain::event::{
    ChannelEvent, ElementEvent, EntryPoint, Event, LineEvent, OperatorEvent, Origin, Role, SessionEvent,
    SlotEvent, Stream, WorkspaceEvent,
};
use switchboard::domain::id::{ElementRef, OperatorId, Principal};
use switchboard::domain::refused::RefusalEvent;
use switchboard::wire::Recorded;

use super::verify::rfc3339;
use crate::host::json::time::Time;

/// An event as a line. A text of several lines stays one.
pub fn line(recorded: &Recorded, names: &Names) -> String {
    let (position, time) = (recorded.position.0, rfc3339(Time(recorded.time)));
    let (who, what) = (who(&recorded.principal, names), what(recorded, names));
    let revision = match recorded.policy_revision.0 {
        0 => String::new(),
        revision => format!(" (rules {revision})"),
    };
    let what: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{position:>8}  {time}  {who:<24}  {what}{revision}")
}

fn who(principal: &Principal, names: &Names) -> String {
    match principal {
        Principal::Operator(operator) => person(*operator, names),
        Principal::Channel(channel) => match names.channel(*channel) {
            Some(title) => format!("channel {title}"),
            None => format!("channel {channel}"),
        },
        Principal::Process(process) => format!("process {}", process.as_str()),
        Principal::Administrator(_) => "administrator".to_owned(),
    }
}

fn person(operator: OperatorId, names: &Names) -> String {
    names.operator(operator).map_or_else(|| format!("operator {operator}"), str::to_owned)
}

fn what(recorded: &Recorded, names: &Names) -> String {
    match (&recorded.stream, &recorded.event) {
        (Stream::Session(session), Event::Session(event)) => {
            format!("session {session}: {}", session_sentence(event, names))
        }
        (Stream::Slot(slot), Event::Slot(event)) => {
            format!("slot {}: {}", slot.account.address, slot_sentence(event))
        }
        (Stream::Operator(operator), Event::Operator(event)) => operator_sentence(*operator, event, names),
        (Stream::Line(line), Event::Line(event)) => {
            let title = names.line(*line).map_or_else(|| line.to_string(), |title| format!("«{title}»"));
            format!("line {title}: {}", line_sentence(event, names))
        }
        (Stream::Element(element), Event::Element(event)) => {
            format!("{}: {}", record(element), element_sentence(event))
        }
        (_, Event::Workspace(event)) => workspace(event),
        (Stream::Channel(channel), Event::Channel(ChannelEvent::ChannelBound { line })) => {
            format!("channel {channel} belongs to line {line}")
        }
        (Stream::Refusals(line, _), Event::Refusal(event)) => {
            let title = names.line(*line).map_or_else(|| line.to_string(), |title| format!("«{title}»"));
            format!("line {title}: {}", refusal(event, names))
        }
        (Stream::Inbound(_, external_id), _) => format!("the channel's message {external_id} was accepted"),
        (_, _) => "the process's message was accepted".to_owned(),
    }
}

fn session_sentence(event: &SessionEvent, names: &Names) -> String {
    match event {
        SessionEvent::SessionCreated { line, channel, customer, name, origin, continues, .. } => {
            let title = names.line(*line).unwrap_or_default();
            let channel = names.channel(*channel).unwrap_or_default();
            let continues = continues.map(|before| format!(", continues {before}")).unwrap_or_default();
            let from = match origin {
                Origin::LinesSection => "in the Lines section".to_owned(),
                Origin::Card(element) => format!("on the card of {}", record(element)),
                Origin::Inbound => "by the customer's message".to_owned(),
                Origin::Process(process) => format!("by process {}", process.as_str()),
            };
            let address = &customer.account.address;
            format!("created «{name}» for {address}, line «{title}», {channel}, {from}{continues}")
        }
        SessionEvent::OperatorAssigned { operator } => format!("assigned to {}", person(*operator, names)),
        SessionEvent::MessageSent { operator, text, via, .. } => {
            let card = match via {
                EntryPoint::LinesSection => String::new(),
                EntryPoint::Card(element) => format!(" on the card of {}", record(element)),
            };
            format!("{} wrote{card}: {text}", person(*operator, names))
        }
        SessionEvent::InitiatedMessageSent { process, text, .. } => {
            format!("process {} wrote: {text}", process.as_str())
        }
        SessionEvent::MessageReceived { text, subject, .. } => match subject {
            Some(subject) => format!("the customer wrote, subject «{subject}»: {text}"),
            None => format!("the customer wrote: {text}"),
        },
        SessionEvent::MessageHandedOver { message } => format!("message {message} was handed over"),
        SessionEvent::MessageDelivered { message } => format!("message {message} was delivered"),
        SessionEvent::MessageRead { message } => format!("message {message} was read"),
        SessionEvent::MessageFailed { message, reason } => format!("message {message} failed: {reason}"),
        SessionEvent::SessionClosed => "closed".to_owned(),
        SessionEvent::SessionReopened { operator: None } => "reopened, waits in the queue".to_owned(),
        SessionEvent::SessionReopened { operator: Some(operator) } => {
            format!("reopened by {}", person(*operator, names))
        }
        SessionEvent::SessionRenamed { name } => format!("renamed to «{name}»"),
        SessionEvent::ElementLinked { element } => format!("linked to {}", record(element)),
        SessionEvent::ElementUnlinked { element } => format!("unlinked from {}", record(element)),
    }
}

fn slot_sentence(event: &SlotEvent) -> String {
    match event {
        SlotEvent::SlotClaimed { session } => format!("held by session {session}"),
        SlotEvent::SlotReleased { session } => format!("released by session {session}"),
        SlotEvent::SlotJoined { session } => format!("joined by session {session}"),
        SlotEvent::SlotLeft { session } => format!("left by session {session}"),
        SlotEvent::CustomerWrote => "the customer wrote for the first time".to_owned(),
    }
}

/// Who gets a name is told by the id: the names are those of afterwards.
fn operator_sentence(operator: OperatorId, event: &OperatorEvent, names: &Names) -> String {
    match event {
        OperatorEvent::OperatorRegistered { name } => format!("operator {operator} was registered as {name}"),
        OperatorEvent::OperatorRenamed { name } => format!("operator {operator} was renamed to {name}"),
        OperatorEvent::WentOnline => format!("{} went online", person(operator, names)),
        OperatorEvent::WentOffline => format!("{} went offline", person(operator, names)),
    }
}

fn line_sentence(event: &LineEvent, names: &Names) -> String {
    let role = |role: &Role| match role {
        Role::Operator => "operator",
        Role::Supervisor => "supervisor",
        Role::Reader => "reader",
    };
    match event {
        LineEvent::LineCreated { title } => format!("created as «{title}»"),
        LineEvent::LineRenamed { title } => format!("renamed to «{title}»"),
        LineEvent::ChannelConnected { title, revision, .. } => {
            format!("channel {title} connected, rules are now {}", revision.0)
        }
        LineEvent::ChannelDisconnected { channel, revision } => {
            let title = names.channel(*channel).unwrap_or_default();
            format!("channel {title} disconnected, rules are now {}", revision.0)
        }
        LineEvent::ChannelReconnected { channel, revision } => {
            let title = names.channel(*channel).unwrap_or_default();
            format!("channel {title} connected again, rules are now {}", revision.0)
        }
        LineEvent::ChannelPolicySet { channel, revision, .. } => {
            let title = names.channel(*channel).unwrap_or_default();
            format!("rules of channel {title} changed, rules are now {}", revision.0)
        }
        LineEvent::LineRulesSet { revision, .. } => {
            format!("its rules changed, rules are now {}", revision.0)
        }
        LineEvent::RoleGranted { operator, role: granted } => {
            format!("{} became {}", person(*operator, names), role(granted))
        }
        LineEvent::RoleRevoked { operator, role: revoked } => {
            format!("{} is no longer {}", person(*operator, names), role(revoked))
        }
        LineEvent::ContactAppSet { app } => format!("customers are elements of {}", app.as_str()),
        LineEvent::ContactAppCleared => "customers are no elements".to_owned(),
        LineEvent::AppBound { app } => format!("app {} bound", app.as_str()),
        LineEvent::AppUnbound { app } => format!("app {} unbound", app.as_str()),
        LineEvent::WidgetPlaced { app } => format!("widget placed on {}", app.as_str()),
        LineEvent::WidgetRemoved { app } => format!("widget removed from {}", app.as_str()),
        LineEvent::NameTemplateSet { template } => format!("names follow {template}"),
        LineEvent::RefusalAuditActivated => "refused commands are kept".to_owned(),
        LineEvent::RefusalAuditDeactivated => "refused commands are kept no longer".to_owned(),
    }
}

fn refusal(event: &RefusalEvent, names: &Names) -> String {
    let refused = match event {
        RefusalEvent::CommandRefused(refused) => refused,
        RefusalEvent::RefusalsOmitted { count } => {
            return format!("{count} more were refused that day and are not kept");
        }
    };
    let mut about: Vec<String> = refused.session.iter().map(|session| format!("session {session}")).collect();
    about.extend(refused.account.as_ref().map(|account| account.address.clone()));
    about.extend(refused.channel.map(|channel| match names.channel(channel) {
        Some(title) => format!("channel {title}"),
        None => format!("channel {channel}"),
    }));
    about.extend(refused.elements.iter().map(record));
    about.extend(refused.operator.map(|operator| person(operator, names)));
    // What stands there already is not said twice.
    let told = about.join(" ");
    let values = refused.values.iter().filter(|(_, value)| !told.contains(value.as_str()));
    about.extend(values.map(|(name, value)| format!("{name} {value}")));
    format!("{} refused, {}: {}", refused.command, refused.code, about.join(", "))
}

fn element_sentence(event: &ElementEvent) -> String {
    match event {
        ElementEvent::ElementCreated { title, .. } => format!("created as «{title}»"),
        ElementEvent::ElementRenamed { title } => format!("renamed to «{title}»"),
        ElementEvent::FieldSet { field, value } => format!("field {field} is now {}", value.text()),
        ElementEvent::FieldCleared { field } => format!("field {field} is empty"),
    }
}

fn workspace(event: &WorkspaceEvent) -> String {
    match event {
        WorkspaceEvent::AppDeclared { app, title } => format!("app {} declared as «{title}»", app.as_str()),
        WorkspaceEvent::AppRenamed { app, title } => format!("app {} renamed to «{title}»", app.as_str()),
        WorkspaceEvent::ServiceLicenceActivated => "the service licence began".to_owned(),
        WorkspaceEvent::ServiceLicenceDeactivated => "the service licence ended".to_owned(),
        WorkspaceEvent::ProcessPermitted { process, .. } => format!("process {} may send", process.as_str()),
        WorkspaceEvent::ProcessForbidden { process } => format!("process {} may not send", process.as_str()),
    }
}

fn record(element: &ElementRef) -> String {
    format!("{} {}", element.app.as_str(), element.element)
}
