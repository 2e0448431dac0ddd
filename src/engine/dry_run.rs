//! The dry run: what an operator may choose, and why not the rest, by the rules that decide.

use super::Engine;
use crate::domain::command::ChosenAccount;
use crate::domain::create::{self, Draft, DraftFacts};
use crate::domain::element::FieldType;
use crate::domain::event::EntryPoint;
use crate::domain::id::{ChannelId, ElementRef, LineId, OperatorId};
use crate::domain::rejection::Rejection;
use crate::request::CommandError;

/// A line in the dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct LineChoice {
    /// The line.
    pub line: LineId,
    /// Its title.
    pub title: String,
    /// Why it cannot be chosen, in the order of the rules; empty when it can.
    pub refusals: Vec<Rejection>,
}

/// An address of a contact on a channel of the line, in the dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The contact's field.
    pub field: String,
    /// Its type.
    pub field_type: FieldType,
    /// The address, as the field holds it.
    pub text: String,
    /// The channel.
    pub channel: ChannelId,
    /// The channel's title.
    pub channel_title: String,
    /// Whether the channel takes a subject.
    pub subject: bool,
    /// Why they cannot be chosen, in the order of the rules; empty when they can.
    pub refusals: Vec<Rejection>,
}

impl Engine {
    /// The lines on which a person has a role, and whether a session can be started there.
    ///
    /// # Errors
    ///
    /// When something could not be read.
    pub async fn line_choices(
        &self,
        operator: OperatorId,
        via: &EntryPoint,
    ) -> Result<Vec<LineChoice>, CommandError> {
        let unavailable = |error: String| CommandError::Unavailable(error);
        let views = self.read().await.map_err(|error| unavailable(error.to_string()))?;
        let lines = views.lines_of(operator).await.map_err(|error| unavailable(error.to_string()))?;
        let mut choices = Vec::with_capacity(lines.len());
        for line in lines {
            let draft = Draft::on(line.line, operator, via.clone());
            let refusals = self.examine(&draft).await?;
            choices.push(LineChoice { line: line.line, title: line.title, refusals });
        }
        Ok(choices)
    }

    /// Each address of a contact on each channel of a line, and whether it can be chosen.
    ///
    /// # Errors
    ///
    /// `LineNotFound`, `NoContactApp`, `ContactNotInContactApp`, `ElementNotFound`, or when something
    /// could not be read.
    pub async fn choices(
        &self,
        operator: OperatorId,
        line: LineId,
        contact: &ElementRef,
        via: &EntryPoint,
    ) -> Result<Vec<Choice>, CommandError> {
        let known = self.inner.world.store.line(line).await?;
        let state = known.state.as_ref().ok_or(Rejection::LineNotFound { line })?;
        // Fields of other apps' elements are nobody's business here.
        state.require_contact_app(&contact.app)?;
        let found = self.inner.world.element(contact).await?;
        let element = found.state().ok_or_else(|| Rejection::ElementNotFound { element: contact.clone() })?;
        let mut choices = Vec::new();
        for (field, value) in &element.fields {
            for channel in state.channels.values() {
                let draft = Draft {
                    contact: Some(contact.clone()),
                    account: Some(ChosenAccount {
                        text: value.text().to_owned(),
                        field: Some(field.clone()),
                    }),
                    channel: Some(channel.id),
                    ..Draft::on(line, operator, via.clone())
                };
                choices.push(Choice {
                    field: field.clone(),
                    field_type: value.field_type(),
                    text: value.text().to_owned(),
                    channel: channel.id,
                    channel_title: channel.title.clone(),
                    subject: channel.policy.subject == crate::domain::channel::SubjectRule::Optional
                        && *via == EntryPoint::LinesSection,
                    refusals: self.examine(&draft).await?,
                });
            }
        }
        Ok(choices)
    }

    /// Every rule that refuses a draft, in the order of the rules; empty when it would be accepted.
    ///
    /// # Errors
    ///
    /// When something could not be read.
    pub async fn examine(&self, draft: &Draft) -> Result<Vec<Rejection>, CommandError> {
        let world = &self.inner.world;
        let workspace = world.store.workspace().await?;
        let line = world.store.line(draft.line).await?;
        let operator = world.store.operator(draft.operator).await?;
        let contact = match &draft.contact {
            Some(contact) => world.element(contact).await?.into_state(),
            None => None,
        };
        let card_known = match &draft.via {
            EntryPoint::LinesSection => true,
            EntryPoint::Card(element) => world.element(element).await?.state().is_some(),
        };
        let facts = DraftFacts {
            line: line.state.as_ref(),
            workspace: &workspace.state,
            operator: operator.state.as_ref(),
            contact: contact.as_ref(),
            card_known,
        };
        let create::Examined { mut verdict, route } = create::examine(draft, &facts);
        if let Some(route) = route {
            let slot = world.store.with_holder(world.store.slot(&route.slot()).await?.state).await?;
            create::examine_slot(&route, &slot, draft.subject.as_deref(), &draft.via, &mut verdict);
        }
        Ok(verdict.0)
    }
}
