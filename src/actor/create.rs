//! Creating a session: examined, decided and written without waiting for other creations.

use super::{CONFLICTS_MAX, Create, World, contended};
use crate::domain::create::{self, Draft, DraftFacts};
use crate::domain::event::{EntryPoint, Stream};
use crate::domain::id::{OperatorId, Principal};
use crate::domain::line::Line;
use crate::domain::rejection::{Rejection, Thing};
use crate::log::Version;
use crate::request::{CommandError, Receipt};
use crate::seeded::{self, Spot};
use crate::store::{Decision, Guards};

/// Creates a session, or finds that the same command created it before.
pub(super) async fn create(world: &World, ask: &Create) -> Result<Receipt, CommandError> {
    let Principal::Operator(operator) = ask.caller.principal else {
        return Err(Rejection::PrincipalNotAllowed.into());
    };
    for _ in 0..CONFLICTS_MAX {
        match attempt(world, ask, operator).await {
            Ok(Some(receipt)) => return Ok(receipt),
            Ok(None) => {
                if let Some(receipt) = before(world, ask).await? {
                    return Ok(receipt);
                }
            }
            // Its own session may be what refuses a repeated creation.
            Err(CommandError::Rejected(rejection)) => {
                return match before(world, ask).await {
                    Ok(receipt) => receipt.ok_or(CommandError::Rejected(rejection)),
                    Err(CommandError::Rejected(_)) if is_absence(&rejection) => Err((*rejection).into()),
                    Err(error) => Err(error),
                };
            }
            Err(error) => return Err(error),
        }
    }
    Err(contended(&Stream::Session(ask.command.session)))
}

/// Whether something that the command names is not there, which is told before what is there already.
fn is_absence(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::ChannelNotFound { .. }
            | Rejection::OperatorNotFound { .. }
            | Rejection::ElementNotFound { .. }
    )
}

/// The receipt of the same command, if it was answered before.
async fn before(world: &World, ask: &Create) -> Result<Option<Receipt>, CommandError> {
    let session = ask.command.session;
    let known = world.store.session(session).await?;
    if known.state.is_none() {
        return Ok(None);
    }
    match known.answered(ask.caller.command, ask.digest)? {
        Some(position) => Ok(Some(Receipt { position, session: Some(session), message: None })),
        None => Err(Rejection::AlreadyExists { thing: Thing::Session }.into()),
    }
}

/// Decides and writes once; `None` when what it stood on had moved.
async fn attempt(world: &World, ask: &Create, operator: OperatorId) -> Result<Option<Receipt>, CommandError> {
    let (store, command) = (&world.store, &*ask.command);
    let workspace = store.workspace().await?;
    let line = store.line(command.line).await?;
    let person = store.operator(operator).await?;
    let contact = world.element(&command.contact).await?;
    let card_known = match &command.via {
        EntryPoint::LinesSection => true,
        EntryPoint::Card(element) => world.element(element).await?.state().is_some(),
    };
    let examined = create::examine(
        &Draft::of(operator, command),
        &DraftFacts {
            line: line.state.as_ref(),
            workspace: &workspace.state,
            operator: person.state.as_ref(),
            contact: contact.state(),
            card_known,
        },
    );
    if let Some(rejection) = examined.verdict.0.into_iter().next() {
        return Err(rejection.into());
    }
    let (Some(state), Some(customer), Some(route)) = (&line.state, contact.state(), &examined.route) else {
        return Err(CommandError::Unreadable("an examination passed without a route".to_owned()));
    };
    let seen = store.slot(&route.slot()).await?;
    // The same command for another session is another command; for this one, it is answered already.
    if seen.answered(ask.caller.command, ask.digest)?.is_some() {
        return Ok(None);
    }
    let slot_version = seen.version;
    let slot = store.with_holder(seen.state).await?;
    let now = store.now();
    seeded::may_panic(Spot::Decide);
    let facts = create::decide(operator, command, state, customer, route, &slot, now)?;
    let primary = Stream::Session(command.session);
    let mut guards = Guards::default();
    guards.at(&primary, Version::ABSENT);
    guards.at(&Stream::Workspace, workspace.version);
    guards.at(&Stream::Line(command.line), line.version);
    guards.at(&Stream::Operator(operator), person.version);
    if let Some(version) = contact.version() {
        guards.at(&Stream::Element(command.contact.clone()), version);
    }
    if Line::exclusive(route.channel) {
        guards.at(&Stream::Slot(route.slot()), slot_version);
    }
    let (caller, digest) = (&ask.caller, ask.digest);
    let decision = Decision { caller, digest, now, revision: state.revision, facts, guards, primary };
    match store.commit(decision).await {
        Ok(appended) => {
            Ok(Some(Receipt { position: appended.last, session: Some(command.session), message: None }))
        }
        Err(error) => world.after_failure(error).await.map(|()| None),
    }
}
