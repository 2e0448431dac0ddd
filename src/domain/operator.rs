//! People at the console and their presence.

use super::command::OperatorCommand;
use super::event::{Event, Fact, IllegalEvent, OperatorEvent, Stream};
use super::id::{OperatorId, Principal};
use super::name;
use super::rejection::{Input, Rejection, Thing};
use super::workspace::Workspace;

/// A person at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that colleagues see.
    pub name: String,
    /// Whether the person said to be there; it counts only while the service licence is active.
    pub online: bool,
}

impl Operator {
    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] for a fact that cannot have happened to this state.
    pub fn evolve(state: Option<Operator>, event: &OperatorEvent) -> Result<Operator, IllegalEvent> {
        match (state, event) {
            (None, OperatorEvent::OperatorRegistered { name }) => {
                Ok(Operator { name: name.clone(), online: false })
            }
            (Some(state), OperatorEvent::OperatorRenamed { name }) => {
                Ok(Operator { name: name.clone(), ..state })
            }
            (Some(state), OperatorEvent::WentOnline) => Ok(Operator { online: true, ..state }),
            (Some(state), OperatorEvent::WentOffline) => Ok(Operator { online: false, ..state }),
            (Some(_), OperatorEvent::OperatorRegistered { .. }) => {
                Err(IllegalEvent("an operator was registered twice"))
            }
            (None, _) => Err(IllegalEvent("something happened to an operator that was never registered")),
        }
    }
}

/// Decides a command about a person at the console.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    operator: OperatorId,
    state: Option<&Operator>,
    workspace: &Workspace,
    principal: &Principal,
    command: &OperatorCommand,
) -> Result<Vec<Fact>, Rejection> {
    let administrator = matches!(principal, Principal::Administrator(_));
    let administrators_only = || administrator.then_some(()).ok_or(Rejection::AdministratorsOnly);
    let event = match (command, state) {
        (OperatorCommand::RegisterOperator { .. }, Some(_)) => {
            return Err(Rejection::AlreadyExists { thing: Thing::Operator });
        }
        (OperatorCommand::RegisterOperator { name }, None) => {
            administrators_only()?;
            Some(OperatorEvent::OperatorRegistered { name: name::title(Input::Name, name)? })
        }
        (OperatorCommand::RenameOperator { .. } | OperatorCommand::SetPresence { .. }, None) => {
            return Err(Rejection::OperatorNotFound { operator });
        }
        (OperatorCommand::RenameOperator { name }, Some(state)) => {
            administrators_only()?;
            let name = name::title(Input::Name, name)?;
            (state.name != name).then_some(OperatorEvent::OperatorRenamed { name })
        }
        (OperatorCommand::SetPresence { online }, Some(state)) => {
            if !administrator && *principal != Principal::Operator(operator) {
                return Err(Rejection::PrincipalNotAllowed);
            }
            if !workspace.licence_active {
                return Err(Rejection::LicenceInactive);
            }
            let event = if *online { OperatorEvent::WentOnline } else { OperatorEvent::WentOffline };
            (state.online != *online).then_some(event)
        }
    };
    let fact = |event| Fact { stream: Stream::Operator(operator), event: Event::Operator(event) };
    Ok(event.into_iter().map(fact).collect())
}
