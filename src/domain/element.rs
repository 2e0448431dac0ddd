//! Elements: records of the host's apps, whose typed fields hold customers' addresses.

use std::collections::BTreeMap;

use super::account::{AccountKind, AccountText};
use super::command::ElementCommand;
use super::event::{ElementEvent, Event, Fact, IllegalEvent, Stream};
use super::id::{AppId, ElementRef, Principal};
use super::limits::{FIELD_BYTES_MAX, FIELD_NAME_BYTES_MAX, FIELDS_MAX, TITLE_BYTES_MAX};
use super::line::Line;
use super::name;
use super::rejection::{Input, Limit, Rejection, Thing};
use super::workspace::Workspace;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Account, «Учётная запись».
    Account,
    /// E-mail, «Электронная почта».
    Email,
    /// Plain text.
    Text,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldValue {
    /// An account, as it was saved.
    Account(AccountText),
    /// An e-mail address, as it was saved.
    Email(String),
    /// Anything.
    Text(String),
}

impl FieldValue {
    /// The type of the field.
    #[must_use]
    pub fn field_type(&self) -> FieldType {
        match self {
            FieldValue::Account(_) => FieldType::Account,
            FieldValue::Email(_) => FieldType::Email,
            FieldValue::Text(_) => FieldType::Text,
        }
    }

    /// The text that was saved.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            FieldValue::Account(account) => &account.text,
            FieldValue::Email(text) | FieldValue::Text(text) => text,
        }
    }

    /// The address in the field, whatever its form; a text is none.
    #[must_use]
    pub fn account(&self) -> Option<AccountText> {
        match self {
            FieldValue::Account(account) => Some(account.clone()),
            FieldValue::Email(text) => Some(AccountText { kind: AccountKind::Email, text: text.clone() }),
            FieldValue::Text(_) => None,
        }
    }
}

/// A record of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Which one.
    pub id: ElementRef,
    /// Its title for people; of a contact, the customer's name.
    pub title: String,
    /// Its fields by name.
    pub fields: BTreeMap<String, FieldValue>,
}

impl Element {
    /// The element within the limits of the rules, whatever a host's directory answered: what is
    /// too long is cut or left out, so that no fact made from it is too large.
    #[must_use]
    pub fn bounded(mut self) -> Element {
        self.title = name::safe_line(&self.title, TITLE_BYTES_MAX);
        self.fields.retain(|field, value| {
            field.len() <= FIELD_NAME_BYTES_MAX && value.text().len() <= FIELD_BYTES_MAX
        });
        self
    }

    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] for a fact that cannot have happened to this state.
    pub fn evolve(
        id: &ElementRef,
        state: Option<Element>,
        event: &ElementEvent,
    ) -> Result<Element, IllegalEvent> {
        match (state, event) {
            (None, ElementEvent::ElementCreated { title, fields }) => {
                Ok(Element { id: id.clone(), title: title.clone(), fields: fields.iter().cloned().collect() })
            }
            (Some(mut state), ElementEvent::FieldSet { field, value }) => {
                state.fields.insert(field.clone(), value.clone());
                Ok(state)
            }
            (Some(mut state), ElementEvent::FieldCleared { field }) => {
                state.fields.remove(field);
                Ok(state)
            }
            (Some(state), ElementEvent::ElementRenamed { title }) => {
                Ok(Element { title: title.clone(), ..state })
            }
            (Some(_), ElementEvent::ElementCreated { .. }) => {
                Err(IllegalEvent("an element was created twice"))
            }
            (None, _) => Err(IllegalEvent("something happened to an element that was never created")),
        }
    }
}

/// Decides a command about a record.
///
/// An operator may keep the records of customers: `line` is a line where the person is an operator
/// and whose contact app this is.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    id: &ElementRef,
    state: Option<&Element>,
    workspace: &Workspace,
    line: Option<&Line>,
    principal: &Principal,
    command: &ElementCommand,
) -> Result<Vec<Fact>, Rejection> {
    if !workspace.apps.contains_key(&id.app) {
        return Err(Rejection::AppNotFound { app: id.app.clone() });
    }
    let event = match (command, state) {
        (ElementCommand::CreateElement { .. }, Some(_)) => {
            return Err(Rejection::AlreadyExists { thing: Thing::Element });
        }
        (ElementCommand::CreateElement { title, fields }, None) => {
            may_keep(&id.app, workspace, line, principal)?;
            let title = name::title(Input::Title, title)?;
            Some(ElementEvent::ElementCreated { title, fields: checked_fields(fields)? })
        }
        (_, None) => return Err(Rejection::ElementNotFound { element: id.clone() }),
        (command, Some(state)) => {
            may_keep(&id.app, workspace, line, principal)?;
            change(state, command)?
        }
    };
    let fact = |event| Fact { stream: Stream::Element(id.clone()), event: Event::Element(event) };
    Ok(event.into_iter().map(fact).collect())
}

fn may_keep(
    app: &AppId,
    workspace: &Workspace,
    line: Option<&Line>,
    principal: &Principal,
) -> Result<(), Rejection> {
    let operator = match principal {
        Principal::Administrator(_) => return Ok(()),
        Principal::Process(process) if workspace.permits(process) => return Ok(()),
        Principal::Process(process) => {
            return Err(Rejection::ProcessNotPermitted { process: process.clone() });
        }
        Principal::Channel(_) => return Err(Rejection::PrincipalNotAllowed),
        Principal::Operator(operator) => *operator,
    };
    let Some(line) = line else { return Err(Rejection::AdministratorsOnly) };
    line.require_creator(operator)?;
    line.require_contact_app(app)
}

fn change(state: &Element, command: &ElementCommand) -> Result<Option<ElementEvent>, Rejection> {
    Ok(match command {
        ElementCommand::CreateElement { .. } => None,
        ElementCommand::RenameElement { title } => {
            let title = name::title(Input::Title, title)?;
            (state.title != title).then_some(ElementEvent::ElementRenamed { title })
        }
        ElementCommand::SetField { field, value } => {
            let (field, value) = checked_field(field, value)?;
            if state.fields.len() >= FIELDS_MAX && !state.fields.contains_key(&field) {
                return Err(Rejection::LimitReached { limit: Limit::Fields, max: FIELDS_MAX });
            }
            let same = state.fields.get(&field) == Some(&value);
            (!same).then_some(ElementEvent::FieldSet { field, value })
        }
        ElementCommand::ClearField { field } => {
            let known = state.fields.contains_key(field);
            known.then(|| ElementEvent::FieldCleared { field: field.clone() })
        }
    })
}

fn checked_fields(fields: &[(String, FieldValue)]) -> Result<Vec<(String, FieldValue)>, Rejection> {
    let mut checked = BTreeMap::new();
    for (field, value) in fields {
        let (field, value) = checked_field(field, value)?;
        if checked.insert(field.clone(), value).is_some() {
            return Err(Rejection::DuplicateField { field });
        }
    }
    if checked.len() > FIELDS_MAX {
        return Err(Rejection::LimitReached { limit: Limit::Fields, max: FIELDS_MAX });
    }
    Ok(checked.into_iter().collect())
}

/// A value is kept exactly as it was typed: whether an address is right is asked when it is used.
fn checked_field(field: &str, value: &FieldValue) -> Result<(String, FieldValue), Rejection> {
    let field = name::one_line(Input::FieldName, field, FIELD_NAME_BYTES_MAX)?;
    name::within(Input::FieldValue, value.text(), FIELD_BYTES_MAX)?;
    Ok((field, value.clone()))
}
