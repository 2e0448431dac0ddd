//! What an administrator may change on a line.

use super::Line;
use crate::domain::channel::{Channel, ChannelKind, ChannelPolicy};
use crate::domain::command::LineCommand;
use crate::domain::event::{ChannelEvent, Event, Fact, LineEvent, Role, Stream};
use crate::domain::id::{AppId, ChannelId, LineId, OperatorId, PolicyRevision, Principal};
use crate::domain::limits::{BOUND_APPS_MAX, CHANNELS_MAX, LINES_PER_OPERATOR_MAX, MEMBERS_MAX};
use crate::domain::name::{self, NameTemplate};
use crate::domain::rejection::{Input, Limit, Rejection, Thing};
use crate::domain::workspace::Workspace;

/// What the rules about a line need from outside.
#[derive(Clone, Copy, Debug)]
pub struct LineFacts<'a> {
    /// The installation.
    pub workspace: &'a Workspace,
    /// Whether the person that the command names is known.
    pub operator_known: bool,
    /// On how many lines that person has a role.
    pub operator_lines: usize,
    /// The line that the named channel belongs to already.
    pub channel_line: Option<LineId>,
}

/// Decides a command about a line.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    line: LineId,
    state: Option<&Line>,
    principal: &Principal,
    command: &LineCommand,
    facts: &LineFacts<'_>,
) -> Result<Vec<Fact>, Rejection> {
    let of_line = |event| Fact { stream: Stream::Line(line), event: Event::Line(event) };
    existence(line, state, command, facts)?;
    let Principal::Administrator(_) = principal else { return Err(Rejection::AdministratorsOnly) };
    let state = match (command, state) {
        (LineCommand::CreateLine { title }, _) => {
            let title = name::title(Input::Title, title)?;
            return Ok(vec![of_line(LineEvent::LineCreated { title })]);
        }
        (_, None) => return Err(Rejection::LineNotFound { line }),
        (_, Some(state)) => state,
    };
    if let LineCommand::ConnectChannel { channel, kind, title, policy } = command {
        return connect(state, *channel, kind, title, policy.as_ref(), facts);
    }
    let event = change(state, command, facts.operator_lines)?;
    Ok(event.into_iter().map(of_line).collect())
}

/// The line exists, unless it is to be created, and so does what the command names.
fn existence(
    line: LineId,
    state: Option<&Line>,
    command: &LineCommand,
    facts: &LineFacts<'_>,
) -> Result<(), Rejection> {
    match (command, state) {
        (LineCommand::CreateLine { .. }, None) => Ok(()),
        (LineCommand::CreateLine { .. }, Some(_)) => Err(Rejection::AlreadyExists { thing: Thing::Line }),
        (_, None) => Err(Rejection::LineNotFound { line }),
        (
            LineCommand::DisconnectChannel { channel } | LineCommand::SetChannelPolicy { channel, .. },
            Some(state),
        ) => state.channel(*channel).map(|_| ()),
        (LineCommand::GrantRole { operator, .. }, Some(_)) if !facts.operator_known => {
            Err(Rejection::OperatorNotFound { operator: *operator })
        }
        (LineCommand::SetContactApp { app } | LineCommand::BindApp { app }, Some(_)) => {
            let known = facts.workspace.apps.contains_key(app);
            known.then_some(()).ok_or_else(|| Rejection::AppNotFound { app: app.clone() })
        }
        (_, Some(_)) => Ok(()),
    }
}

fn change(line: &Line, command: &LineCommand, operator_lines: usize) -> Result<Option<LineEvent>, Rejection> {
    let revision = line.revision.next();
    Ok(match command {
        LineCommand::CreateLine { .. } | LineCommand::ConnectChannel { .. } => None,
        LineCommand::RenameLine { title } => {
            let title = name::title(Input::Title, title)?;
            (line.title != title).then_some(LineEvent::LineRenamed { title })
        }
        LineCommand::DisconnectChannel { channel } => {
            let connected = line.channel(*channel)?.connected;
            connected.then_some(LineEvent::ChannelDisconnected { channel: *channel, revision })
        }
        LineCommand::SetChannelPolicy { channel, policy } => {
            set_policy(line.channel(*channel)?, policy, revision)?
        }
        LineCommand::SetLineRules { rules } => {
            (line.rules != *rules).then_some(LineEvent::LineRulesSet { rules: *rules, revision })
        }
        LineCommand::GrantRole { operator, role } => grant(line, *operator, *role, operator_lines)?,
        LineCommand::RevokeRole { operator, role } => {
            let has = line.has(*operator, *role);
            has.then_some(LineEvent::RoleRevoked { operator: *operator, role: *role })
        }
        LineCommand::SetContactApp { app } => {
            let same = line.contact_app.as_ref() == Some(app);
            (!same).then(|| LineEvent::ContactAppSet { app: app.clone() })
        }
        LineCommand::ClearContactApp => line.contact_app.is_some().then_some(LineEvent::ContactAppCleared),
        LineCommand::BindApp { app } => bind(line, app)?,
        LineCommand::UnbindApp { app } => {
            line.apps.contains_key(app).then(|| LineEvent::AppUnbound { app: app.clone() })
        }
        LineCommand::PlaceWidget { app } => {
            let bound = line.require_bound(app)?;
            (!bound.widget).then(|| LineEvent::WidgetPlaced { app: app.clone() })
        }
        LineCommand::RemoveWidget { app } => {
            let bound = line.require_bound(app)?;
            bound.widget.then(|| LineEvent::WidgetRemoved { app: app.clone() })
        }
        LineCommand::SetNameTemplate { template } => {
            let compiled = NameTemplate::new(template)?;
            let same = line.template.as_ref() == Some(&compiled);
            (!same).then(|| LineEvent::NameTemplateSet { template: template.clone() })
        }
        LineCommand::SetRefusalAudit { active } => (line.refusal_audit != *active).then_some(match active {
            true => LineEvent::RefusalAuditActivated,
            false => LineEvent::RefusalAuditDeactivated,
        }),
    })
}

/// Connects a channel; the channel's own stream remembers for ever whose it is.
fn connect(
    line: &Line,
    channel: ChannelId,
    kind: &ChannelKind,
    title: &str,
    policy: Option<&ChannelPolicy>,
    facts: &LineFacts<'_>,
) -> Result<Vec<Fact>, Rejection> {
    let of_line = |event| Fact { stream: Stream::Line(line.id), event: Event::Line(event) };
    let revision = line.revision.next();
    if let Some(owner) = facts.channel_line.filter(|owner| *owner != line.id) {
        return Err(Rejection::ChannelOfAnotherLine { line: owner });
    }
    if let Some(known) = line.channels.get(&channel) {
        if known.kind != *kind {
            return Err(Rejection::ChannelKindFixed { kind: known.kind.clone() });
        }
        if known.connected {
            return Ok(Vec::new());
        }
        return Ok(vec![of_line(LineEvent::ChannelReconnected { channel, revision })]);
    }
    let title = name::title(Input::Title, title)?;
    if line.channels.len() >= CHANNELS_MAX {
        return Err(Rejection::LimitReached { limit: Limit::Channels, max: CHANNELS_MAX });
    }
    let policy = match (kind.policy(), policy) {
        (None, None) => return Err(Rejection::PolicyMissing),
        (None, Some(declared)) => declared_policy(declared)?,
        (Some(medium), None) => medium,
        (Some(medium), Some(narrower)) => narrowed(&medium, narrower)?,
    };
    let connected = LineEvent::ChannelConnected { channel, kind: kind.clone(), title, policy, revision };
    let bound = ChannelEvent::ChannelBound { line: line.id };
    Ok(vec![Fact { stream: Stream::Channel(channel), event: Event::Channel(bound) }, of_line(connected)])
}

fn set_policy(
    channel: &Channel,
    policy: &ChannelPolicy,
    revision: PolicyRevision,
) -> Result<Option<LineEvent>, Rejection> {
    let fixed = |field| Rejection::PolicyNotAllowed { field };
    if policy.parallel_open != channel.policy.parallel_open {
        return Err(fixed("parallel_open"));
    }
    if policy.account != channel.policy.account {
        return Err(fixed("account"));
    }
    let policy = match channel.kind.policy() {
        Some(medium) => narrowed(&medium, policy)?,
        None => declared_policy(policy)?,
    };
    let same = channel.policy == policy;
    Ok((!same).then_some(LineEvent::ChannelPolicySet { channel: channel.id, policy, revision }))
}

/// A policy of a declared kind may say anything, but a channel carries some text.
fn declared_policy(policy: &ChannelPolicy) -> Result<ChannelPolicy, Rejection> {
    if policy.text_chars_max == 0 {
        return Err(Rejection::PolicyNotAllowed { field: "text_chars_max" });
    }
    Ok(policy.clone())
}

/// A policy may forbid what the medium allows, never allow what it forbids.
fn narrowed(medium: &ChannelPolicy, wanted: &ChannelPolicy) -> Result<ChannelPolicy, Rejection> {
    let wider = [
        ("operator_create", wanted.operator_create > medium.operator_create),
        ("parallel_open", wanted.parallel_open != medium.parallel_open),
        ("account", wanted.account != medium.account),
        ("field_types", wanted.field_types.email && !medium.field_types.email),
        ("field_types", wanted.field_types.account && !medium.field_types.account),
        ("subject", wanted.subject != medium.subject),
        ("initiated", wanted.initiated && !medium.initiated),
        ("text_chars_max", wanted.text_chars_max > medium.text_chars_max || wanted.text_chars_max == 0),
    ];
    match wider.iter().find(|(_, is_wider)| *is_wider) {
        Some((field, _)) => Err(Rejection::PolicyNotAllowed { field }),
        None => Ok(wanted.clone()),
    }
}

fn grant(
    line: &Line,
    operator: OperatorId,
    role: Role,
    operator_lines: usize,
) -> Result<Option<LineEvent>, Rejection> {
    if line.has(operator, role) {
        return Ok(None);
    }
    if !line.has_member(operator) && operator_lines >= LINES_PER_OPERATOR_MAX {
        let limit = Limit::LinesOfOperator;
        return Err(Rejection::LimitReached { limit, max: LINES_PER_OPERATOR_MAX });
    }
    if line.roles.len() >= MEMBERS_MAX {
        return Err(Rejection::LimitReached { limit: Limit::Members, max: MEMBERS_MAX });
    }
    Ok(Some(LineEvent::RoleGranted { operator, role }))
}

fn bind(line: &Line, app: &AppId) -> Result<Option<LineEvent>, Rejection> {
    if line.apps.contains_key(app) {
        return Ok(None);
    }
    if line.apps.len() >= BOUND_APPS_MAX {
        return Err(Rejection::LimitReached { limit: Limit::BoundApps, max: BOUND_APPS_MAX });
    }
    Ok(Some(LineEvent::AppBound { app: app.clone() }))
}
