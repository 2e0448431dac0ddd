//! Commands to what is no actor: the installation, people, records. Decide, append, decide again
//! when somebody else was first.

use std::sync::Arc;

use crate::actor::{Ask, CONFLICTS_MAX, World, contended};
use crate::domain::command::{ElementCommand, OperatorCommand, WorkspaceCommand};
use crate::domain::event::{Fact, Stream};
use crate::domain::id::{ElementRef, LineId, OperatorId, PolicyRevision};
use crate::domain::rejection::Rejection;
use crate::domain::{element, operator, workspace};
use crate::log::Position;
use crate::request::{CommandError, Receipt};
use crate::store::{Decision, Guards};

/// Carries out a command to the installation.
pub(super) async fn workspace(world: &World, ask: &Ask<WorkspaceCommand>) -> Result<Receipt, CommandError> {
    for _ in 0..CONFLICTS_MAX {
        let state = world.store.workspace().await?;
        if let Some(position) = state.answered(ask.caller.command, ask.digest)? {
            return Ok(Receipt::at(position));
        }
        let facts = workspace::decide(&state.state, &ask.caller.principal, &ask.command)?;
        let mut guards = Guards::default();
        guards.at(&Stream::Workspace, state.version);
        if let Some(receipt) = write(world, ask, facts, guards, Stream::Workspace, state.last).await? {
            return Ok(receipt);
        }
    }
    Err(contended(&Stream::Workspace))
}

/// Carries out a command about a person.
pub(super) async fn operator(
    world: &World,
    operator: OperatorId,
    ask: &Ask<OperatorCommand>,
) -> Result<Receipt, CommandError> {
    for _ in 0..CONFLICTS_MAX {
        let state = world.store.operator(operator).await?;
        if let Some(position) = state.answered(ask.caller.command, ask.digest)? {
            return Ok(Receipt::at(position));
        }
        let workspace = world.store.workspace().await?;
        let principal = &ask.caller.principal;
        let known = state.state.as_ref();
        let facts = operator::decide(operator, known, &workspace.state, principal, &ask.command)?;
        let mut guards = Guards::default();
        guards.at(&Stream::Operator(operator), state.version);
        guards.at(&Stream::Workspace, workspace.version);
        let primary = Stream::Operator(operator);
        if let Some(receipt) = write(world, ask, facts, guards, primary, state.last).await? {
            return Ok(receipt);
        }
    }
    Err(contended(&Stream::Operator(operator)))
}

/// Carries out a command about a record.
pub(super) async fn element(
    world: &World,
    id: &ElementRef,
    line: Option<LineId>,
    ask: &Ask<Arc<ElementCommand>>,
) -> Result<Receipt, CommandError> {
    if world.directory.is_some() {
        return Err(CommandError::Unavailable("the host keeps the elements itself".to_owned()));
    }
    for _ in 0..CONFLICTS_MAX {
        let state = world.store.element(id).await?;
        if let Some(position) = state.answered(ask.caller.command, ask.digest)? {
            return Ok(Receipt::at(position));
        }
        let workspace = world.store.workspace().await?;
        let mut guards = Guards::default();
        guards.at(&Stream::Element(id.clone()), state.version);
        let of_line = match line {
            None => None,
            Some(line) => {
                let known = world.store.line(line).await?;
                if known.state.is_none() {
                    return Err(Rejection::LineNotFound { line }.into());
                }
                guards.at(&Stream::Line(line), known.version);
                Some(known)
            }
        };
        let of_line = of_line.as_ref().and_then(|known| known.state.as_ref());
        let principal = &ask.caller.principal;
        let known = state.state.as_ref();
        let facts = element::decide(id, known, &workspace.state, of_line, principal, &ask.command)?;
        let primary = Stream::Element(id.clone());
        if let Some(receipt) = write(world, ask, facts, guards, primary, state.last).await? {
            return Ok(receipt);
        }
    }
    Err(contended(&Stream::Element(id.clone())))
}

/// Writes a decision; `None` when what it stood on had moved.
async fn write<C>(
    world: &World,
    ask: &Ask<C>,
    facts: Vec<Fact>,
    guards: Guards,
    primary: Stream,
    unchanged: Position,
) -> Result<Option<Receipt>, CommandError> {
    if facts.is_empty() {
        return Ok(Some(Receipt::at(unchanged)));
    }
    let decision = Decision {
        caller: &ask.caller,
        digest: ask.digest,
        now: world.store.now(),
        revision: PolicyRevision::default(),
        facts,
        guards,
        primary,
    };
    match world.store.commit(decision).await {
        Ok(appended) => Ok(Some(Receipt::at(appended.last))),
        Err(error) => world.after_failure(error).await.map(|()| None),
    }
}
