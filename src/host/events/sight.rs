//! Who sees which event: administrators all, people those of their lines, a channel its own.

use std::collections::{HashMap, HashSet};

use switchboard::CommandError;
use switchboard::domain::event::{Event, LineEvent, SessionEvent, Stream, WorkspaceEvent};
use switchboard::domain::id::{ChannelId, LineId, OperatorId, Principal, SessionId};
use switchboard::domain::rejection::Rejection;
use switchboard::projection::QueryError;
use switchboard::wire::Recorded;

use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::problem::Problem;

/// Sessions whose place is remembered; beyond, they are looked up again.
const PLACES_MAX: usize = 10_000;

/// What one reader sees.
pub struct Sight {
    who: Who,
    places: HashMap<SessionId, Place>,
}

enum Who {
    Everything,
    Person { operator: OperatorId, lines: HashSet<LineId> },
    Channel(ChannelId),
}

/// Where a session stands, for ever.
#[derive(Clone, Copy)]
struct Place {
    line: LineId,
    channel: ChannelId,
}

impl Sight {
    /// What somebody sees.
    ///
    /// # Errors
    ///
    /// `PrincipalNotAllowed` for processes, or when something could not be read.
    pub async fn of(host: &Host, actor: &Actor) -> Result<Sight, Problem> {
        let who = match actor.principal {
            Principal::Administrator(_) => Who::Everything,
            Principal::Channel(channel) => Who::Channel(channel),
            Principal::Process(_) => return Err(Rejection::PrincipalNotAllowed.into()),
            Principal::Operator(operator) => Who::Person { operator, lines: lines_of(host, operator).await? },
        };
        Ok(Sight { who, places: HashMap::new() })
    }

    /// Whether the reader sees an event.
    ///
    /// # Errors
    ///
    /// When something could not be read.
    pub async fn sees(&mut self, host: &Host, recorded: &Recorded) -> Result<bool, CommandError> {
        if let Who::Person { operator, lines } = &mut self.who
            && changes_roles(&recorded.event, *operator)
        {
            *lines = lines_of(host, *operator).await.map_err(unavailable)?;
        }
        match &self.who {
            Who::Everything => Ok(true),
            Who::Channel(channel) => {
                let channel = *channel;
                let place = self.place(host, recorded).await?;
                Ok(place.is_some_and(|place| place.channel == channel))
            }
            Who::Person { operator, lines } => match &recorded.stream {
                Stream::Workspace => Ok(is_licence(&recorded.event)),
                Stream::Line(line) => Ok(lines.contains(line)),
                Stream::Operator(who) => Ok(who == operator),
                Stream::Session(_) => {
                    let place = self.place(host, recorded).await?;
                    Ok(place.is_some_and(|place| self.reads(place.line)))
                }
                Stream::Channel(_)
                | Stream::Element(_)
                | Stream::Slot(_)
                | Stream::Inbound(..)
                | Stream::Initiated(_)
                | Stream::Refusals(..) => Ok(false),
            },
        }
    }

    fn reads(&self, line: LineId) -> bool {
        match &self.who {
            Who::Everything => true,
            Who::Person { operator: _, lines } => lines.contains(&line),
            Who::Channel(_) => false,
        }
    }

    /// Where the session of an event stands; `None` for what is no session's.
    async fn place(&mut self, host: &Host, recorded: &Recorded) -> Result<Option<Place>, CommandError> {
        let Stream::Session(session) = recorded.stream else { return Ok(None) };
        if let Some(place) = self.places.get(&session) {
            return Ok(Some(*place));
        }
        let place =
            if let Event::Session(SessionEvent::SessionCreated { line, channel, .. }) = &recorded.event {
                Some(Place { line: *line, channel: *channel })
            } else {
                let views = host.engine.read().await.map_err(|error| unavailable(error.into()))?;
                let found = views.session(session).await.map_err(unavailable)?;
                found.map(|found| Place { line: found.line, channel: found.channel })
            };
        if let Some(place) = place {
            if self.places.len() >= PLACES_MAX {
                self.places.clear();
            }
            self.places.insert(session, place);
        }
        Ok(place)
    }
}

async fn lines_of(host: &Host, operator: OperatorId) -> Result<HashSet<LineId>, QueryError> {
    let mine = host.engine.read().await.map_err(QueryError::Unavailable)?.lines_of(operator).await?;
    Ok(mine.into_iter().map(|line| line.line).collect())
}

fn changes_roles(event: &Event, of: OperatorId) -> bool {
    let Event::Line(LineEvent::RoleGranted { operator, .. } | LineEvent::RoleRevoked { operator, .. }) =
        event
    else {
        return false;
    };
    *operator == of
}

fn is_licence(event: &Event) -> bool {
    matches!(
        event,
        Event::Workspace(WorkspaceEvent::ServiceLicenceActivated | WorkspaceEvent::ServiceLicenceDeactivated)
    )
}

fn unavailable(error: QueryError) -> CommandError {
    CommandError::Unavailable(error.to_string())
}
