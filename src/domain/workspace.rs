//! The installation: its apps, its licence, its processes.

use std::collections::BTreeMap;

use super::command::WorkspaceCommand;
use super::event::{Event, Fact, IllegalEvent, Stream, WorkspaceEvent};
use super::id::{AppId, Principal, ProcessId};
use super::limits::WORKSPACE_ENTRIES_MAX;
use super::name;
use super::rejection::{Input, Limit, Rejection};

/// A process that may, or might once, send initiated messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its title for people.
    pub title: String,
    /// Whether it may send now.
    pub permitted: bool,
}

/// What holds for the whole installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    /// The known apps and their titles.
    pub apps: BTreeMap<AppId, String>,
    /// Whether the service licence is active, and so presence exists.
    pub licence_active: bool,
    /// The processes.
    pub processes: BTreeMap<ProcessId, Process>,
}

impl Workspace {
    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] for a fact that cannot have happened to this state.
    pub fn evolve(mut self, event: &WorkspaceEvent) -> Result<Workspace, IllegalEvent> {
        match event {
            WorkspaceEvent::AppDeclared { app, title } | WorkspaceEvent::AppRenamed { app, title } => {
                self.apps.insert(app.clone(), title.clone());
            }
            WorkspaceEvent::ServiceLicenceActivated => self.licence_active = true,
            WorkspaceEvent::ServiceLicenceDeactivated => self.licence_active = false,
            WorkspaceEvent::ProcessPermitted { process, title } => {
                self.processes.insert(process.clone(), Process { title: title.clone(), permitted: true });
            }
            WorkspaceEvent::ProcessForbidden { process } => {
                let known = self.processes.get_mut(process);
                known.ok_or(IllegalEvent("a process was forbidden that never was permitted"))?.permitted =
                    false;
            }
        }
        Ok(self)
    }

    /// Whether a process may send.
    #[must_use]
    pub fn permits(&self, process: &ProcessId) -> bool {
        self.processes.get(process).is_some_and(|known| known.permitted)
    }
}

/// Decides a command to the installation.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    state: &Workspace,
    principal: &Principal,
    command: &WorkspaceCommand,
) -> Result<Vec<Fact>, Rejection> {
    if let WorkspaceCommand::ForbidProcess { process } = command
        && !state.processes.contains_key(process)
    {
        return Err(Rejection::ProcessNotFound { process: process.clone() });
    }
    let Principal::Administrator(_) = principal else { return Err(Rejection::AdministratorsOnly) };
    let event = match command {
        WorkspaceCommand::DeclareApp { app, title } => {
            let title = name::title(Input::Title, title)?;
            match state.apps.get(app) {
                None if state.apps.len() >= WORKSPACE_ENTRIES_MAX => {
                    return Err(Rejection::LimitReached { limit: Limit::Apps, max: WORKSPACE_ENTRIES_MAX });
                }
                None => Some(WorkspaceEvent::AppDeclared { app: app.clone(), title }),
                Some(known) if *known == title => None,
                Some(_) => Some(WorkspaceEvent::AppRenamed { app: app.clone(), title }),
            }
        }
        WorkspaceCommand::SetServiceLicence { active } => match (state.licence_active, active) {
            (false, true) => Some(WorkspaceEvent::ServiceLicenceActivated),
            (true, false) => Some(WorkspaceEvent::ServiceLicenceDeactivated),
            (true, true) | (false, false) => None,
        },
        WorkspaceCommand::PermitProcess { process, title } => permit(state, process, title)?,
        WorkspaceCommand::ForbidProcess { process } => {
            let permitted = state.permits(process);
            permitted.then(|| WorkspaceEvent::ProcessForbidden { process: process.clone() })
        }
    };
    let fact = |event| Fact { stream: Stream::Workspace, event: Event::Workspace(event) };
    Ok(event.into_iter().map(fact).collect())
}

fn permit(state: &Workspace, process: &ProcessId, title: &str) -> Result<Option<WorkspaceEvent>, Rejection> {
    let title = name::title(Input::Title, title)?;
    let known = state.processes.get(process);
    if known.is_none() && state.processes.len() >= WORKSPACE_ENTRIES_MAX {
        return Err(Rejection::LimitReached { limit: Limit::Processes, max: WORKSPACE_ENTRIES_MAX });
    }
    if known.is_some_and(|known| known.permitted && known.title == title) {
        return Ok(None);
    }
    Ok(Some(WorkspaceEvent::ProcessPermitted { process: process.clone(), title }))
}
