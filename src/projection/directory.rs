//! Who and what there is: lines with their people and channels, operators, apps, elements.
//!
//! Knows what the hosts' forms offer to choose from; must not know sessions.
//!
//! ```text
//!   w                        whether the service licence is active
//!   a app                    title
//!   p process                title
//!   o operator               name, presence
//!   l line                   title, contact app, template, rules
//!   h line channel           kind, title, whether it is connected
//!   b line app               whether it is bound, whether the widget is placed
//!   m line operator          roles
//!   n operator line          roles
//!   e app element            title           (elements: see `element`)
//! ```

use std::collections::BTreeMap;

use crate::disk::table::{Batch, Snapshot, Use};
use crate::domain::event::{Event, OperatorEvent, Stream, WorkspaceEvent};
use crate::domain::id::{AppId, OperatorId, ProcessId};
use crate::wire::Recorded;

use super::folding::{Fold, Folding, foreign};
use super::pack::{Pack, Unpack};
use super::recent::Recent;
use super::{Moment, ProjectionError};

mod element;
mod line;
mod lookup;

pub use line::{ChannelView, LineView, MemberView, OperatorLine, Roles};
pub use lookup::{ELEMENTS_FOUND_MAX, SEARCH_EXAMINED_MAX};
pub(super) use lookup::{
    apps, element, elements_by_account, line, lines, lines_of, members, operator, operators, processes,
    search, service_licence,
};

/// Raised with every change of the rows: an older table is dropped and folded again.
pub(super) const VERSION: u32 = 2;

/// There are few of these; any of them may be looked up.
pub(super) fn shape(_key: &[u8]) -> Use {
    Use::LookedUp
}

const LICENCE: u8 = b'w';
const APP: u8 = b'a';
const PROCESS: u8 = b'p';
const OPERATOR: u8 = b'o';

/// An app of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// The app.
    pub app: AppId,
    /// Its title now.
    pub title: String,
}

/// A process that may send initiated messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessView {
    /// The process.
    pub process: ProcessId,
    /// Its title.
    pub title: String,
}

/// A person at the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorView {
    /// The person.
    pub operator: OperatorId,
    /// The name now.
    pub name: String,
    /// Whether the person is there; it means something only while the service licence is active.
    pub online: bool,
    /// Since when; `None` before the first change.
    pub presence_since: Option<Moment>,
}

impl OperatorView {
    fn encode(&self) -> Vec<u8> {
        Pack::row().text(&self.name).flag(self.online).option(self.presence_since, Pack::moment).done()
    }

    fn decode(operator: OperatorId, bytes: &[u8]) -> Result<OperatorView, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let view = OperatorView {
            operator,
            name: row.text()?,
            online: row.flag()?,
            presence_since: row.option(Unpack::moment)?,
        };
        row.end()?;
        Ok(view)
    }
}

/// A table with the changes of some pages in front of it.
struct Draft {
    table: Snapshot,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Draft {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ProjectionError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => Ok(self.table.get(key)?),
        }
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }
}

/// What some pages of the log change.
struct Directory {
    recent: Recent,
    draft: Draft,
    elements: element::Elements,
}

/// Begins to fold.
pub(super) fn fold(table: Snapshot, recent: Recent) -> Box<dyn Fold> {
    let draft = Draft { table, changes: BTreeMap::new() };
    Box::new(Directory { recent, draft, elements: element::Elements::default() })
}

impl Fold for Directory {
    fn page(&mut self, page: &[Recorded], at: &Folding) -> Result<(), ProjectionError> {
        let Directory { recent: _, draft, elements } = self;
        for recorded in page {
            at.now(recorded.position);
            match (&recorded.event, &recorded.stream) {
                (Event::Workspace(event), Stream::Workspace) => workspace(draft, event),
                (Event::Line(event), Stream::Line(line)) => line::fold(draft, *line, event, at)?,
                (Event::Operator(event), Stream::Operator(id)) => {
                    operator_event(draft, *id, event, recorded, at)?
                }
                (Event::Element(event), Stream::Element(id)) => elements.fold(&draft.table, id, event, at)?,
                (Event::Channel(_), Stream::Channel(_))
                | (Event::Session(_), Stream::Session(_))
                | (Event::Slot(_), Stream::Slot(_))
                | (Event::Inbound(_), Stream::Inbound(..))
                | (Event::Initiated(_), Stream::Initiated(_))
                | (Event::Refusal(_), Stream::Refusals(..)) => {}
                (
                    Event::Workspace(_)
                    | Event::Line(_)
                    | Event::Channel(_)
                    | Event::Operator(_)
                    | Event::Element(_)
                    | Event::Session(_)
                    | Event::Slot(_)
                    | Event::Inbound(_)
                    | Event::Initiated(_)
                    | Event::Refusal(_),
                    stream,
                ) => return Err(foreign(at, stream)),
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> (Batch, Recent) {
        let mut changes: Batch = self.draft.changes.into_iter().collect();
        self.elements.write(&mut changes);
        (changes, self.recent)
    }
}

fn workspace(draft: &mut Draft, event: &WorkspaceEvent) {
    match event {
        WorkspaceEvent::AppDeclared { app, title } | WorkspaceEvent::AppRenamed { app, title } => {
            draft.put(Pack::key(APP).raw(app.as_str().as_bytes()).done(), title.clone().into_bytes());
        }
        WorkspaceEvent::ServiceLicenceActivated => draft.put(vec![LICENCE], vec![1]),
        WorkspaceEvent::ServiceLicenceDeactivated => draft.put(vec![LICENCE], vec![0]),
        WorkspaceEvent::ProcessPermitted { process, title } => {
            draft.put(Pack::key(PROCESS).raw(process.as_str().as_bytes()).done(), title.clone().into_bytes());
        }
        WorkspaceEvent::ProcessForbidden { process } => {
            draft.delete(Pack::key(PROCESS).raw(process.as_str().as_bytes()).done());
        }
    }
}

fn operator_event(
    draft: &mut Draft,
    operator: OperatorId,
    event: &OperatorEvent,
    recorded: &Recorded,
    at: &Folding,
) -> Result<(), ProjectionError> {
    let key = Pack::key(OPERATOR).id(operator.0).done();
    let known = draft.get(&key)?.map(|bytes| OperatorView::decode(operator, &bytes)).transpose()?;
    let known = known.ok_or_else(|| at.illegal(format!("operator {operator} is not registered")));
    let since = Some(Moment { position: recorded.position, time: recorded.time });
    let view = match event {
        OperatorEvent::OperatorRegistered { name } => {
            OperatorView { operator, name: name.clone(), online: false, presence_since: None }
        }
        OperatorEvent::OperatorRenamed { name } => OperatorView { name: name.clone(), ..known? },
        OperatorEvent::WentOnline => OperatorView { online: true, presence_since: since, ..known? },
        OperatorEvent::WentOffline => OperatorView { online: false, presence_since: since, ..known? },
    };
    draft.put(key, view.encode());
    Ok(())
}
