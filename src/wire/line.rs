//! Payloads of lines.

use bincode::{BorrowDecode, Encode};

use super::numbers;
use super::payload::{Bad, NothingV1, read, unplaced, write};
use super::policy::{ChannelPolicyV1, LineRulesV1};
use super::shared::{IdV1, KindV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::{LineEvent, Role};
use crate::domain::id::{AppId, ChannelId, OperatorId, PolicyRevision};

/// Of a line created or renamed.
#[derive(Encode, BorrowDecode)]
struct LineTitleV1<'a> {
    title: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct ChannelConnectedV1<'a> {
    channel: IdV1,
    kind: KindV1<'a>,
    title: &'a str,
    policy: ChannelPolicyV1,
    revision: u32,
}

/// Of a channel disconnected or connected again.
#[derive(Encode, BorrowDecode)]
struct ChannelSwitchedV1 {
    channel: IdV1,
    revision: u32,
}

#[derive(Encode, BorrowDecode)]
struct ChannelPolicySetV1 {
    channel: IdV1,
    policy: ChannelPolicyV1,
    revision: u32,
}

#[derive(Encode, BorrowDecode)]
struct LineRulesSetV1 {
    rules: LineRulesV1,
    revision: u32,
}

/// Of a role granted or revoked.
#[derive(Encode, BorrowDecode)]
struct LineRoleV1 {
    operator: IdV1,
    role: u8,
}

/// Of an app that becomes or ceases to be something for the line.
#[derive(Encode, BorrowDecode)]
struct LineAppV1<'a> {
    app: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct NameTemplateSetV1<'a> {
    template: &'a str,
}

pub(super) fn encode(event: &LineEvent) -> Encoded {
    match event {
        LineEvent::LineCreated { title } => write(kind::LINE_CREATED, 1, &LineTitleV1 { title }),
        LineEvent::LineRenamed { title } => write(kind::LINE_RENAMED, 1, &LineTitleV1 { title }),
        LineEvent::ChannelConnected { channel, kind, title, policy, revision } => {
            let payload = ChannelConnectedV1 {
                channel: id(channel.0),
                kind: KindV1::of_channel(kind),
                title,
                policy: ChannelPolicyV1::of(policy),
                revision: revision.0,
            };
            write(kind::CHANNEL_CONNECTED, 1, &payload)
        }
        LineEvent::ChannelDisconnected { channel, revision } => {
            write(kind::CHANNEL_DISCONNECTED, 1, &switched(*channel, *revision))
        }
        LineEvent::ChannelReconnected { channel, revision } => {
            write(kind::CHANNEL_RECONNECTED, 1, &switched(*channel, *revision))
        }
        LineEvent::ChannelPolicySet { channel, policy, revision } => {
            let (channel, policy) = (id(channel.0), ChannelPolicyV1::of(policy));
            write(kind::CHANNEL_POLICY_SET, 1, &ChannelPolicySetV1 { channel, policy, revision: revision.0 })
        }
        LineEvent::LineRulesSet { rules, revision } => {
            let rules = LineRulesV1::of(rules);
            write(kind::LINE_RULES_SET, 1, &LineRulesSetV1 { rules, revision: revision.0 })
        }
        LineEvent::RoleGranted { operator, role } => {
            write(kind::ROLE_GRANTED, 1, &line_role(*operator, *role))
        }
        LineEvent::RoleRevoked { operator, role } => {
            write(kind::ROLE_REVOKED, 1, &line_role(*operator, *role))
        }
        LineEvent::ContactAppSet { app } => write(kind::CONTACT_APP_SET, 1, &line_app(app)),
        LineEvent::ContactAppCleared => write(kind::CONTACT_APP_CLEARED, 1, &NothingV1),
        LineEvent::AppBound { app } => write(kind::APP_BOUND, 1, &line_app(app)),
        LineEvent::AppUnbound { app } => write(kind::APP_UNBOUND, 1, &line_app(app)),
        LineEvent::WidgetPlaced { app } => write(kind::WIDGET_PLACED, 1, &line_app(app)),
        LineEvent::WidgetRemoved { app } => write(kind::WIDGET_REMOVED, 1, &line_app(app)),
        LineEvent::NameTemplateSet { template } => {
            write(kind::NAME_TEMPLATE_SET, 1, &NameTemplateSetV1 { template })
        }
        LineEvent::RefusalAuditActivated => write(kind::REFUSAL_AUDIT_ACTIVATED, 1, &NothingV1),
        LineEvent::RefusalAuditDeactivated => write(kind::REFUSAL_AUDIT_DEACTIVATED, 1, &NothingV1),
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<LineEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::LINE_CREATED, 1) => LineEvent::LineCreated { title: title(bytes)? },
        (kind::LINE_RENAMED, 1) => LineEvent::LineRenamed { title: title(bytes)? },
        (kind::CHANNEL_CONNECTED, 1) => {
            let payload: ChannelConnectedV1<'_> = read(bytes)?;
            LineEvent::ChannelConnected {
                channel: ChannelId(uuid(payload.channel)),
                kind: payload.kind.channel()?,
                title: payload.title.to_owned(),
                policy: payload.policy.value()?,
                revision: PolicyRevision(payload.revision),
            }
        }
        (kind::CHANNEL_DISCONNECTED, 1) => {
            let (channel, revision) = channel(bytes)?;
            LineEvent::ChannelDisconnected { channel, revision }
        }
        (kind::CHANNEL_RECONNECTED, 1) => {
            let (channel, revision) = channel(bytes)?;
            LineEvent::ChannelReconnected { channel, revision }
        }
        (kind::CHANNEL_POLICY_SET, 1) => {
            let payload: ChannelPolicySetV1 = read(bytes)?;
            LineEvent::ChannelPolicySet {
                channel: ChannelId(uuid(payload.channel)),
                policy: payload.policy.value()?,
                revision: PolicyRevision(payload.revision),
            }
        }
        (kind::LINE_RULES_SET, 1) => {
            let LineRulesSetV1 { rules, revision } = read(bytes)?;
            LineEvent::LineRulesSet { rules: rules.value()?, revision: PolicyRevision(revision) }
        }
        (kind::ROLE_GRANTED, 1) => {
            let (operator, role) = role(bytes)?;
            LineEvent::RoleGranted { operator, role }
        }
        (kind::ROLE_REVOKED, 1) => {
            let (operator, role) = role(bytes)?;
            LineEvent::RoleRevoked { operator, role }
        }
        (kind::CONTACT_APP_SET, 1) => LineEvent::ContactAppSet { app: app(bytes)? },
        (kind::CONTACT_APP_CLEARED, 1) => {
            let NothingV1 = read(bytes)?;
            LineEvent::ContactAppCleared
        }
        (kind::APP_BOUND, 1) => LineEvent::AppBound { app: app(bytes)? },
        (kind::APP_UNBOUND, 1) => LineEvent::AppUnbound { app: app(bytes)? },
        (kind::WIDGET_PLACED, 1) => LineEvent::WidgetPlaced { app: app(bytes)? },
        (kind::WIDGET_REMOVED, 1) => LineEvent::WidgetRemoved { app: app(bytes)? },
        (kind::NAME_TEMPLATE_SET, 1) => {
            let NameTemplateSetV1 { template } = read(bytes)?;
            LineEvent::NameTemplateSet { template: template.to_owned() }
        }
        (kind::REFUSAL_AUDIT_ACTIVATED, 1) => {
            let NothingV1 = read(bytes)?;
            LineEvent::RefusalAuditActivated
        }
        (kind::REFUSAL_AUDIT_DEACTIVATED, 1) => {
            let NothingV1 = read(bytes)?;
            LineEvent::RefusalAuditDeactivated
        }
        _ => return Err(unplaced()),
    })
}

fn switched(channel: ChannelId, revision: PolicyRevision) -> ChannelSwitchedV1 {
    ChannelSwitchedV1 { channel: id(channel.0), revision: revision.0 }
}

fn line_role(operator: OperatorId, role: Role) -> LineRoleV1 {
    LineRoleV1 { operator: id(operator.0), role: numbers::role_number(role) }
}

fn line_app(app: &AppId) -> LineAppV1<'_> {
    LineAppV1 { app: app.as_str() }
}

fn title(bytes: &[u8]) -> Result<String, Bad> {
    let LineTitleV1 { title } = read(bytes)?;
    Ok(title.to_owned())
}

fn channel(bytes: &[u8]) -> Result<(ChannelId, PolicyRevision), Bad> {
    let ChannelSwitchedV1 { channel, revision } = read(bytes)?;
    Ok((ChannelId(uuid(channel)), PolicyRevision(revision)))
}

fn role(bytes: &[u8]) -> Result<(OperatorId, Role), Bad> {
    let LineRoleV1 { operator, role } = read(bytes)?;
    Ok((OperatorId(uuid(operator)), numbers::role(role)?))
}

fn app(bytes: &[u8]) -> Result<AppId, Bad> {
    let LineAppV1 { app } = read(bytes)?;
    Ok(AppId::new(app)?)
}
