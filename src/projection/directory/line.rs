//! Lines: what they are called, who serves them, over which channels and for which apps.

use crate::domain::channel::ChannelKind;
use crate::domain::event::{InboundRule, LineEvent, LineRules, Role};
use crate::domain::id::{AppId, ChannelId, LineId, OperatorId};

use super::super::ProjectionError;
use super::super::folding::Folding;
use super::super::pack::{Pack, Unpack, damaged};
use super::Draft;

pub(super) const LINE: u8 = b'l';
pub(super) const CHANNEL: u8 = b'h';
pub(super) const APP_OF_LINE: u8 = b'b';
pub(super) const MEMBER: u8 = b'm';
pub(super) const MEMBERSHIP: u8 = b'n';

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineView {
    /// The line.
    pub line: LineId,
    /// Its title now.
    pub title: String,
    /// The app of its customers, if one is chosen.
    pub contact_app: Option<AppId>,
    /// The template of its sessions' names, if one was set.
    pub name_template: Option<String>,
    /// Its rules beside those of its channels.
    pub rules: LineRules,
    /// Its channels, disconnected ones included, by id.
    pub channels: Vec<ChannelView>,
    /// The apps whose elements its sessions may be linked to, by code.
    pub bound_apps: Vec<AppId>,
    /// The apps whose forms have the correspondence widget, by code.
    pub widgets: Vec<AppId>,
}

/// A channel of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// The channel.
    pub channel: ChannelId,
    /// Its kind, for ever.
    pub kind: ChannelKind,
    /// Its title.
    pub title: String,
    /// Whether it is connected.
    pub connected: bool,
}

/// The roles of a person on one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles {
    /// Serves customers.
    pub operator: bool,
    /// Sees all sessions, assigns and takes over.
    pub supervisor: bool,
    /// Reads.
    pub reader: bool,
}

/// A person on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// The person.
    pub operator: OperatorId,
    /// What the person may do there; at least one.
    pub roles: Roles,
}

/// A line as one of its people sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorLine {
    /// The line.
    pub line: LineId,
    /// Its title now.
    pub title: String,
    /// What the person may do there; at least one.
    pub roles: Roles,
}

impl Roles {
    fn set(&mut self, role: Role, granted: bool) {
        match role {
            Role::Operator => self.operator = granted,
            Role::Supervisor => self.supervisor = granted,
            Role::Reader => self.reader = granted,
        }
    }

    fn encode(self) -> Vec<u8> {
        Pack::row().flag(self.operator).flag(self.supervisor).flag(self.reader).done()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Roles, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let roles = Roles { operator: row.flag()?, supervisor: row.flag()?, reader: row.flag()? };
        row.end()?;
        Ok(roles)
    }
}

/// What a line's own row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineRow {
    pub(super) title: String,
    pub(super) contact_app: Option<AppId>,
    pub(super) name_template: Option<String>,
    pub(super) rules: LineRules,
}

impl LineRow {
    fn encode(&self) -> Vec<u8> {
        let pack = Pack::row()
            .text(&self.title)
            .option(self.contact_app.as_ref(), |pack, app| pack.text(app.as_str()))
            .option(self.name_template.as_deref(), Pack::text)
            .flag(self.rules.supervisors_create);
        match self.rules.inbound {
            InboundRule::NewSession => pack.byte(1).done(),
            InboundRule::ReopenWithin { seconds } => pack.byte(2).count(u64::from(seconds)).done(),
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<LineRow, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let line = LineRow {
            title: row.text()?,
            contact_app: row.option(Unpack::app)?,
            name_template: row.option(Unpack::text)?,
            rules: LineRules { supervisors_create: row.flag()?, inbound: decode_inbound(&mut row)? },
        };
        row.end()?;
        Ok(line)
    }
}

fn decode_inbound(row: &mut Unpack<'_>) -> Result<InboundRule, ProjectionError> {
    match row.byte()? {
        1 => Ok(InboundRule::NewSession),
        2 => {
            let seconds = u32::try_from(row.count()?).map_err(damaged)?;
            Ok(InboundRule::ReopenWithin { seconds })
        }
        other => Err(damaged(format!("has an inbound rule {other}"))),
    }
}

impl ChannelView {
    fn encode(&self) -> Vec<u8> {
        Pack::row().channel_kind(&self.kind).text(&self.title).flag(self.connected).done()
    }

    pub(super) fn decode(channel: ChannelId, bytes: &[u8]) -> Result<ChannelView, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let (kind, title, connected) = (row.channel_kind()?, row.text()?, row.flag()?);
        row.end()?;
        Ok(ChannelView { channel, kind, title, connected })
    }
}

/// Folds an event of a line.
pub(super) fn fold(
    draft: &mut Draft,
    line: LineId,
    event: &LineEvent,
    at: &Folding,
) -> Result<(), ProjectionError> {
    match event {
        LineEvent::LineCreated { title } => {
            let (title, rules) = (title.clone(), LineRules::default());
            let row = LineRow { title, contact_app: None, name_template: None, rules };
            draft.put(key(LINE, line).done(), row.encode());
            Ok(())
        }
        LineEvent::LineRenamed { title } => change(draft, line, at, |row| row.title.clone_from(title)),
        LineEvent::ContactAppSet { app } => {
            change(draft, line, at, |row| row.contact_app = Some(app.clone()))
        }
        LineEvent::ContactAppCleared => change(draft, line, at, |row| row.contact_app = None),
        LineEvent::NameTemplateSet { template } => {
            change(draft, line, at, |row| row.name_template = Some(template.clone()))
        }
        LineEvent::LineRulesSet { rules, revision: _ } => change(draft, line, at, |row| row.rules = *rules),
        LineEvent::ChannelConnected { channel, kind, title, policy: _, revision: _ } => {
            let (kind, title) = (kind.clone(), title.clone());
            let view = ChannelView { channel: *channel, kind, title, connected: true };
            draft.put(key(CHANNEL, line).id(channel.0).done(), view.encode());
            Ok(())
        }
        LineEvent::ChannelDisconnected { channel, revision: _ } => connect(draft, line, *channel, false, at),
        LineEvent::ChannelReconnected { channel, revision: _ } => connect(draft, line, *channel, true, at),
        LineEvent::ChannelPolicySet { channel: _, policy: _, revision: _ }
        | LineEvent::RefusalAuditActivated
        | LineEvent::RefusalAuditDeactivated => Ok(()),
        LineEvent::RoleGranted { operator, role } => grant(draft, line, *operator, *role, true),
        LineEvent::RoleRevoked { operator, role } => grant(draft, line, *operator, *role, false),
        LineEvent::AppBound { app } => mark(draft, line, app, |marks| marks.bound = true),
        LineEvent::AppUnbound { app } => mark(draft, line, app, |marks| {
            marks.bound = false;
            marks.widget = false;
        }),
        LineEvent::WidgetPlaced { app } => mark(draft, line, app, |marks| marks.widget = true),
        LineEvent::WidgetRemoved { app } => mark(draft, line, app, |marks| marks.widget = false),
    }
}

pub(super) fn key(kind: u8, line: LineId) -> Pack {
    Pack::key(kind).id(line.0)
}

fn change(
    draft: &mut Draft,
    line: LineId,
    at: &Folding,
    change: impl FnOnce(&mut LineRow),
) -> Result<(), ProjectionError> {
    let key = key(LINE, line).done();
    let bytes = draft.get(&key)?.ok_or_else(|| at.illegal(format!("line {line} does not exist")))?;
    let mut row = LineRow::decode(&bytes)?;
    change(&mut row);
    draft.put(key, row.encode());
    Ok(())
}

fn connect(
    draft: &mut Draft,
    line: LineId,
    channel: ChannelId,
    connected: bool,
    at: &Folding,
) -> Result<(), ProjectionError> {
    let key = key(CHANNEL, line).id(channel.0).done();
    let bytes = draft.get(&key)?.ok_or_else(|| at.illegal(format!("channel {channel} does not exist")))?;
    let view = ChannelView { connected, ..ChannelView::decode(channel, &bytes)? };
    draft.put(key, view.encode());
    Ok(())
}

fn grant(
    draft: &mut Draft,
    line: LineId,
    operator: OperatorId,
    role: Role,
    granted: bool,
) -> Result<(), ProjectionError> {
    let member = key(MEMBER, line).id(operator.0).done();
    let membership = Pack::key(MEMBERSHIP).id(operator.0).id(line.0).done();
    let mut roles = draft.get(&member)?.map_or(Ok(Roles::default()), |bytes| Roles::decode(&bytes))?;
    roles.set(role, granted);
    for key in [member, membership] {
        if roles == Roles::default() {
            draft.delete(key);
        } else {
            draft.put(key, roles.encode());
        }
    }
    Ok(())
}

/// What an app is to a line.
#[derive(Clone, Copy, Default)]
pub(super) struct AppMarks {
    pub(super) bound: bool,
    pub(super) widget: bool,
}

impl AppMarks {
    pub(super) fn decode(bytes: &[u8]) -> Result<AppMarks, ProjectionError> {
        let mut row = Unpack::row(bytes);
        Ok(AppMarks { bound: row.flag()?, widget: row.flag()? })
    }
}

fn mark(
    draft: &mut Draft,
    line: LineId,
    app: &AppId,
    change: impl FnOnce(&mut AppMarks),
) -> Result<(), ProjectionError> {
    let key = key(APP_OF_LINE, line).raw(app.as_str().as_bytes()).done();
    let mut marks = draft.get(&key)?.map_or(Ok(AppMarks::default()), |bytes| AppMarks::decode(&bytes))?;
    change(&mut marks);
    if marks.bound || marks.widget {
        draft.put(key, Pack::row().flag(marks.bound).flag(marks.widget).done());
    } else {
        draft.delete(key);
    }
    Ok(())
}
