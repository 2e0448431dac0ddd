//! A line: a desk with its people, channels, apps and rules.

use std::collections::{BTreeMap, BTreeSet};

use super::channel::{Channel, ParallelOpen};
use super::event::{IllegalEvent, LineEvent, LineRules, Role};
use super::id::{AppId, ChannelId, LineId, OperatorId, PolicyRevision};
use super::name::NameTemplate;
use super::rejection::Rejection;

mod configure;

pub use configure::{LineFacts, decide};

/// An app bound to a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundApp {
    /// Whether the correspondence widget stands on its form.
    pub widget: bool,
}

/// A line as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// Its title.
    pub title: String,
    /// Its channels, disconnected ones included.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Who has which roles.
    pub roles: BTreeSet<(OperatorId, Role)>,
    /// The app of its customers.
    pub contact_app: Option<AppId>,
    /// The apps whose elements its sessions may be linked to.
    pub apps: BTreeMap<AppId, BoundApp>,
    /// The template of sessions' names; `None` is the built-in one.
    pub template: Option<NameTemplate>,
    /// The rules beside those of the channels.
    pub rules: LineRules,
    /// Whether the commands that it refuses are kept.
    pub refusal_audit: bool,
    /// The revision of all its rules.
    pub revision: PolicyRevision,
}

impl Line {
    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] for a fact that cannot have happened to this state.
    pub fn evolve(id: LineId, state: Option<Line>, event: &LineEvent) -> Result<Line, IllegalEvent> {
        match (state, event) {
            (None, LineEvent::LineCreated { title }) => Ok(Line::new(id, title.clone())),
            (None, _) => Err(IllegalEvent("something happened to a line that was never created")),
            (Some(_), LineEvent::LineCreated { .. }) => Err(IllegalEvent("a line was created twice")),
            (Some(mut line), event) => {
                line.apply(event)?;
                Ok(line)
            }
        }
    }

    fn new(id: LineId, title: String) -> Line {
        Line {
            id,
            title,
            channels: BTreeMap::new(),
            roles: BTreeSet::new(),
            contact_app: None,
            apps: BTreeMap::new(),
            template: None,
            rules: LineRules::default(),
            refusal_audit: false,
            revision: PolicyRevision::default(),
        }
    }

    fn apply(&mut self, event: &LineEvent) -> Result<(), IllegalEvent> {
        match event {
            LineEvent::LineCreated { .. } => return Err(IllegalEvent("a line was created twice")),
            LineEvent::LineRenamed { title } => self.title = title.clone(),
            LineEvent::ChannelConnected { .. }
            | LineEvent::ChannelDisconnected { .. }
            | LineEvent::ChannelReconnected { .. }
            | LineEvent::ChannelPolicySet { .. } => self.apply_to_channel(event)?,
            LineEvent::LineRulesSet { rules, revision } => {
                self.rules = *rules;
                self.revision = *revision;
            }
            LineEvent::RoleGranted { operator, role } => {
                self.roles.insert((*operator, *role));
            }
            LineEvent::RoleRevoked { operator, role } => {
                self.roles.remove(&(*operator, *role));
            }
            LineEvent::ContactAppSet { app } => self.contact_app = Some(app.clone()),
            LineEvent::ContactAppCleared => self.contact_app = None,
            LineEvent::AppBound { app } => {
                self.apps.insert(app.clone(), BoundApp::default());
            }
            LineEvent::AppUnbound { app } => {
                self.apps.remove(app);
            }
            LineEvent::WidgetPlaced { app } => self.bound_mut(app)?.widget = true,
            LineEvent::WidgetRemoved { app } => self.bound_mut(app)?.widget = false,
            LineEvent::NameTemplateSet { template } => {
                // What was a template once may be none by a later grammar; the line goes on without.
                self.template = NameTemplate::new(template).ok();
            }
            LineEvent::RefusalAuditActivated => self.refusal_audit = true,
            LineEvent::RefusalAuditDeactivated => self.refusal_audit = false,
        }
        Ok(())
    }

    fn apply_to_channel(&mut self, event: &LineEvent) -> Result<(), IllegalEvent> {
        let missing = IllegalEvent("something happened to a channel that the line does not have");
        match event {
            LineEvent::ChannelConnected { channel, kind, title, policy, revision } => {
                let new = Channel {
                    id: *channel,
                    kind: kind.clone(),
                    title: title.clone(),
                    policy: policy.clone(),
                    connected: true,
                };
                self.channels.insert(*channel, new);
                self.revision = *revision;
            }
            LineEvent::ChannelDisconnected { channel, revision } => {
                self.channels.get_mut(channel).ok_or(missing)?.connected = false;
                self.revision = *revision;
            }
            LineEvent::ChannelReconnected { channel, revision } => {
                self.channels.get_mut(channel).ok_or(missing)?.connected = true;
                self.revision = *revision;
            }
            LineEvent::ChannelPolicySet { channel, policy, revision } => {
                self.channels.get_mut(channel).ok_or(missing)?.policy = policy.clone();
                self.revision = *revision;
            }
            _ => return Err(IllegalEvent("no event of a channel")),
        }
        Ok(())
    }

    fn bound_mut(&mut self, app: &AppId) -> Result<&mut BoundApp, IllegalEvent> {
        self.apps.get_mut(app).ok_or(IllegalEvent("a widget on an app that is not bound"))
    }

    /// Whether a person has a role.
    #[must_use]
    pub fn has(&self, operator: OperatorId, role: Role) -> bool {
        self.roles.contains(&(operator, role))
    }

    /// Whether a person has any role, and so may read.
    #[must_use]
    pub fn has_member(&self, operator: OperatorId) -> bool {
        [Role::Operator, Role::Supervisor, Role::Reader].iter().any(|role| self.has(operator, *role))
    }

    /// Whether a person may hold sessions: operators, and supervisors who took them over.
    #[must_use]
    pub fn may_hold(&self, operator: OperatorId) -> bool {
        self.has(operator, Role::Operator) || self.has(operator, Role::Supervisor)
    }

    /// Requires somebody who may start sessions.
    ///
    /// # Errors
    ///
    /// `NotOperatorOfLine`.
    pub fn require_creator(&self, operator: OperatorId) -> Result<(), Rejection> {
        let supervisor = self.rules.supervisors_create && self.has(operator, Role::Supervisor);
        let may = self.has(operator, Role::Operator) || supervisor;
        may.then_some(()).ok_or(Rejection::NotOperatorOfLine { line: self.id })
    }

    /// Requires somebody who may hold sessions.
    ///
    /// # Errors
    ///
    /// `NotOperatorOfLine`.
    pub fn require_holder(&self, operator: OperatorId) -> Result<(), Rejection> {
        self.may_hold(operator).then_some(()).ok_or(Rejection::NotOperatorOfLine { line: self.id })
    }

    /// Requires that this is the app of the line's customers.
    ///
    /// # Errors
    ///
    /// `NoContactApp`, `ContactNotInContactApp`.
    pub fn require_contact_app(&self, app: &AppId) -> Result<(), Rejection> {
        match &self.contact_app {
            None => Err(Rejection::NoContactApp { line: self.id }),
            Some(contact_app) if contact_app != app => {
                Err(Rejection::ContactNotInContactApp { app: app.clone(), contact_app: contact_app.clone() })
            }
            Some(_) => Ok(()),
        }
    }

    /// Requires that sessions may be linked to elements of an app.
    ///
    /// # Errors
    ///
    /// `AppNotBound`.
    pub fn require_bound(&self, app: &AppId) -> Result<BoundApp, Rejection> {
        self.apps.get(app).copied().ok_or_else(|| Rejection::AppNotBound { app: app.clone() })
    }

    /// Requires that the card of an app's elements may be used.
    ///
    /// # Errors
    ///
    /// `AppNotBound`, `WidgetNotPlaced`.
    pub fn require_widget(&self, app: &AppId) -> Result<(), Rejection> {
        let bound = self.require_bound(app)?;
        bound.widget.then_some(()).ok_or_else(|| Rejection::WidgetNotPlaced { app: app.clone() })
    }

    /// A channel of the line.
    ///
    /// # Errors
    ///
    /// `ChannelNotFound`.
    pub fn channel(&self, channel: ChannelId) -> Result<&Channel, Rejection> {
        self.channels.get(&channel).ok_or(Rejection::ChannelNotFound { channel })
    }

    /// A connected channel of the line.
    ///
    /// # Errors
    ///
    /// `ChannelNotFound`, `ChannelDisconnected`.
    pub fn connected(&self, channel: ChannelId) -> Result<&Channel, Rejection> {
        let found = self.channel(channel)?;
        found.connected.then_some(found).ok_or(Rejection::ChannelDisconnected { channel })
    }

    /// Whether a session on this channel claims its slot for itself.
    #[must_use]
    pub fn exclusive(channel: &Channel) -> bool {
        channel.policy.parallel_open == ParallelOpen::One
    }
}
