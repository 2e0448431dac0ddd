//! Lines, their channels and their people.

use serde::{Deserialize, Serialize};
use switchboard::domain::channel::Channel;
use switchboard::projection::{LineView, MemberView, Roles};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::{AppCode, ChannelKindCode};
use super::policy::{PolicyJson, RoleJson, RulesJson};

/// A line to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLineJson {
    /// The line's id; that of the command without it.
    pub id: Option<Uuid>,
    /// Its title.
    #[schema(example = "Служба поддержки")]
    pub title: String,
}

/// A title.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TitleJson {
    /// The title.
    pub title: String,
}

/// A channel to connect, for the first time or again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChannelJson {
    /// The channel's id; that of the command without it.
    pub channel: Option<Uuid>,
    /// Its kind.
    pub kind: ChannelKindCode,
    /// Its title.
    pub title: String,
    /// Its rules; a declared kind needs them.
    pub policy: Option<PolicyJson>,
}

/// The app of a line's customers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactAppJson {
    /// The app.
    pub app: AppCode,
}

/// The template of sessions' names.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameTemplateJson {
    /// In the syntax of Jinja, with `customer`, `account`, `line`, `channel`, `created`, `subject`.
    #[schema(example = "{{ customer }} — {{ created }}")]
    pub template: String,
}

/// Whether the commands that a line refuses are kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalAuditJson {
    /// Whether they are, from now on.
    pub active: bool,
}

/// What a template makes of an example.
#[derive(Serialize, ToSchema)]
pub struct NamePreviewJson {
    /// The name.
    #[schema(example = "Иван Петров — 2026-11-22 14:05")]
    pub name: String,
}

/// A line.
#[derive(Serialize, ToSchema)]
pub struct LineJson {
    /// The line.
    pub line: Uuid,
    /// Its title.
    pub title: String,
    /// The app of its customers, «Для связи учётной записи».
    pub contact_app: Option<AppCode>,
    /// The template of its sessions' names.
    pub name_template: Option<String>,
    /// Its rules beside those of its channels.
    pub rules: RulesJson,
    /// Whether the commands that it refuses are kept.
    pub refusal_audit: bool,
    /// Its channels, disconnected ones included.
    pub channels: Vec<ChannelJson>,
    /// The apps whose elements its sessions may be linked to.
    pub bound_apps: Vec<AppCode>,
    /// The apps whose forms have the correspondence widget.
    pub widgets: Vec<AppCode>,
    /// The asker's roles there; none of an administrator's.
    pub my_roles: Vec<RoleJson>,
}

/// A channel of a line.
#[derive(Serialize, ToSchema)]
pub struct ChannelJson {
    /// The channel.
    pub channel: Uuid,
    /// Its kind.
    pub kind: ChannelKindCode,
    /// Its title.
    pub title: String,
    /// Whether it is connected.
    pub connected: bool,
    /// Its rules now.
    pub policy: PolicyJson,
}

/// A person of a line.
#[derive(Serialize, ToSchema)]
pub struct MemberJson {
    /// The person.
    pub operator: Uuid,
    /// The person's roles.
    pub roles: Vec<RoleJson>,
}

/// Roles as a list.
#[must_use]
pub fn roles(roles: Roles) -> Vec<RoleJson> {
    let Roles { operator, supervisor, reader } = roles;
    let all =
        [(operator, RoleJson::Operator), (supervisor, RoleJson::Supervisor), (reader, RoleJson::Reader)];
    all.into_iter().filter_map(|(has, role)| has.then_some(role)).collect()
}

impl LineJson {
    /// A line as somebody with these roles sees it.
    #[must_use]
    pub fn of(view: LineView, channels: Vec<Channel>, refusal_audit: bool, mine: Roles) -> LineJson {
        LineJson {
            line: view.line.0,
            title: view.title,
            contact_app: view.contact_app.map(AppCode),
            name_template: view.name_template,
            rules: view.rules.into(),
            refusal_audit,
            channels: channels.into_iter().map(ChannelJson::from).collect(),
            bound_apps: view.bound_apps.into_iter().map(AppCode).collect(),
            widgets: view.widgets.into_iter().map(AppCode).collect(),
            my_roles: roles(mine),
        }
    }
}

impl From<Channel> for ChannelJson {
    fn from(of: Channel) -> ChannelJson {
        let Channel { id, kind, title, policy, connected } = of;
        let policy = PolicyJson::from(&policy);
        ChannelJson { channel: id.0, kind: ChannelKindCode(kind), title, connected, policy }
    }
}

impl From<MemberView> for MemberJson {
    fn from(view: MemberView) -> MemberJson {
        MemberJson { operator: view.operator.0, roles: roles(view.roles) }
    }
}
