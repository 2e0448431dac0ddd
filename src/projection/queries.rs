//! The questions that the projections answer.
//!
//! Every list is paged by where its page ends, and a page costs what it holds, whatever came before
//! it. Tables in memory are read at once, tables of a folder on a blocking thread; texts are read
//! from the log.

use std::sync::Arc;

use crate::domain::account::{Account, AccountText};
use crate::domain::element::Element;
use crate::domain::id::{AppId, ElementRef, LineId, OperatorId, SessionId};
use crate::log::Position;
use crate::wire::Recorded;

use super::merge::Span;
use super::messages::{self, Place, Texts};
use super::page::{Cursor, Page, PageOf};
use super::tables::Snapshot;
use super::{
    AppView, LineView, MemberView, MessageView, OperatorLine, OperatorView, PAGE_ITEMS_MAX, ProcessView,
    ProjectionError, Projections, QueryError, SessionSummary, TranscriptEntry, TranscriptItem, directory,
    sessions,
};

/// Which end of a transcript comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Newest first; a page goes on towards the past.
    NewestFirst,
    /// Oldest first; a page goes on towards the present. [`Cursor::at`] an entry that is known
    /// gives what came after it.
    OldestFirst,
}

type Sessions = Result<Page<SessionSummary>, QueryError>;
type Messages = Result<Page<MessageView>, QueryError>;

/// # Sessions
///
/// Every list is in the order of the log. All of these fail as [`Projections::session`] does; those
/// of lines also with [`QueryError::TooWide`] for more than [`super::MERGED_PARTS_MAX`] lines.
impl Projections {
    /// A session, open or closed.
    ///
    /// # Errors
    ///
    /// [`QueryError::Unavailable`] when the projections have stopped; [`QueryError::ForeignCursor`]
    /// where a page is asked for with the cursor of another list.
    pub async fn session(&self, session: SessionId) -> Result<Option<SessionSummary>, QueryError> {
        self.ask(move |tables| sessions::find(tables.sessions(), session)).await
    }

    /// The open sessions of an operator, the last active first.
    pub async fn my_sessions(&self, operator: OperatorId, page: PageOf) -> Sessions {
        self.ask(move |tables| sessions::my(tables.sessions(), operator, &page)).await
    }

    /// The open sessions of lines that have no operator, the longest waiting first.
    pub async fn queue(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::queue(tables.sessions(), &lines, &page)).await
    }

    /// The open sessions of lines that have an operator, the last active first.
    pub async fn active(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::active(tables.sessions(), &lines, &page)).await
    }

    /// The closed sessions of lines, the last closed first.
    pub async fn closed_of_lines(&self, lines: &[LineId], page: PageOf) -> Sessions {
        let lines = lines.to_vec();
        self.ask(move |tables| sessions::closed_of_lines(tables.sessions(), &lines, &page)).await
    }

    /// The closed sessions whose last operator this was, the last closed first.
    pub async fn closed_of_operator(&self, operator: OperatorId, page: PageOf) -> Sessions {
        self.ask(move |tables| sessions::closed_of_operator(tables.sessions(), operator, &page)).await
    }

    /// The open sessions linked to an element, the last created first; of some lines or all.
    pub async fn linked(&self, element: &ElementRef, lines: Option<&[LineId]>, page: PageOf) -> Sessions {
        let (element, lines) = (element.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::linked(tables.sessions(), &element, lines.as_deref(), &page)).await
    }

    /// The closed sessions linked to an element, the last closed first; of some lines or all.
    pub async fn archive(&self, element: &ElementRef, lines: Option<&[LineId]>, page: PageOf) -> Sessions {
        let (element, lines) = (element.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::archived(tables.sessions(), &element, lines.as_deref(), &page)).await
    }

    /// All sessions with an account, the last created first; of some lines or all.
    pub async fn customer_sessions(
        &self,
        account: &Account,
        lines: Option<&[LineId]>,
        page: PageOf,
    ) -> Sessions {
        let (account, lines) = (account.clone(), lines.map(<[LineId]>::to_vec));
        self.ask(move |tables| sessions::by_account(tables.sessions(), &account, lines.as_deref(), &page))
            .await
    }
}

/// # Correspondence
///
/// A page ends early when its texts are more than [`super::PAGE_TEXT_BYTES_MAX`]. All of these fail
/// as [`Projections::session`] does, and with [`QueryError::Unavailable`] when the log cannot be read.
impl Projections {
    /// What happened in a session; `None` when there is no such session.
    pub async fn transcript(
        &self,
        session: SessionId,
        order: Order,
        page: PageOf,
    ) -> Result<Option<Page<TranscriptEntry>>, QueryError> {
        let limit = page.limit();
        let places = move |tables: &Snapshot<'_>| {
            let from = page.position()?;
            let span = match order {
                Order::NewestFirst => Span::Before(from),
                Order::OldestFirst => Span::After(from),
            };
            messages::transcript(tables.messages(), session, span, &page)
        };
        let Some(places) = self.ask(places).await? else { return Ok(None) };
        let (read, next) = self.read(places, limit).await?;
        let mut items = read.into_iter().map(messages::entry).collect::<Result<Vec<_>, _>>()?;
        self.deliver(items.iter_mut().filter_map(message_of)).await?;
        Ok(Some(Page { items, next }))
    }

    /// What was written in the session's slot before the session was created, newest first; `None`
    /// when there is no such session.
    pub async fn earlier(
        &self,
        session: SessionId,
        page: PageOf,
    ) -> Result<Option<Page<MessageView>>, QueryError> {
        let limit = page.limit();
        let places = self.ask(move |tables| messages::earlier(tables.messages(), session, &page)).await?;
        match places {
            None => Ok(None),
            Some(places) => self.messages(places, limit).await.map(Some),
        }
    }

    /// The messages of all sessions linked to an element, newest first; of some lines or all.
    pub async fn element_messages(
        &self,
        element: &ElementRef,
        lines: Option<&[LineId]>,
        page: PageOf,
    ) -> Messages {
        let (element, lines, limit) = (element.clone(), lines.map(<[LineId]>::to_vec), page.limit());
        let places = self
            .ask(move |tables| messages::of_element(tables.messages(), &element, lines.as_deref(), &page))
            .await?;
        self.messages(places, limit).await
    }

    /// The messages of all sessions with an account, newest first; of some lines or all.
    pub async fn customer_messages(
        &self,
        account: &Account,
        lines: Option<&[LineId]>,
        page: PageOf,
    ) -> Messages {
        let (account, lines, limit) = (account.clone(), lines.map(<[LineId]>::to_vec), page.limit());
        let places = self
            .ask(move |tables| messages::of_account(tables.messages(), &account, lines.as_deref(), &page))
            .await?;
        self.messages(places, limit).await
    }

    /// What the messages at these positions say, each cut to `chars_max` characters, for previews in
    /// lists; `None` where no message stands.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooWide`] for more than [`PAGE_ITEMS_MAX`] positions; else as the others.
    pub async fn texts(
        &self,
        positions: &[Position],
        chars_max: usize,
    ) -> Result<Vec<Option<String>>, QueryError> {
        if positions.len() > PAGE_ITEMS_MAX {
            return Err(QueryError::TooWide { parts_max: PAGE_ITEMS_MAX });
        }
        let texts = Texts::new(&self.log);
        let mut found = Vec::with_capacity(positions.len());
        for position in positions {
            let text = texts.at(*position).await?.and_then(messages::message).map(|message| message.text);
            found.push(text.map(|text| text.chars().take(chars_max).collect()));
        }
        Ok(found)
    }
}

/// # Directory
///
/// All of these fail as [`Projections::session`] does.
impl Projections {
    /// A line.
    pub async fn line(&self, line: LineId) -> Result<Option<LineView>, QueryError> {
        self.ask(move |tables| directory::line(tables.directory(), line)).await
    }

    /// All lines, by id.
    pub async fn lines(&self, page: PageOf) -> Result<Page<LineView>, QueryError> {
        self.ask(move |tables| directory::lines(tables.directory(), &page)).await
    }

    /// The lines on which a person has a role, by id.
    ///
    /// # Errors
    ///
    /// [`QueryError::TooWide`] for more than [`super::MERGED_PARTS_MAX`] lines; else as the others.
    pub async fn lines_of(&self, operator: OperatorId) -> Result<Vec<OperatorLine>, QueryError> {
        self.ask(move |tables| directory::lines_of(tables.directory(), operator)).await
    }

    /// The people of a line, by id.
    pub async fn members(&self, line: LineId, page: PageOf) -> Result<Page<MemberView>, QueryError> {
        self.ask(move |tables| directory::members(tables.directory(), line, &page)).await
    }

    /// A person at the console.
    pub async fn operator(&self, operator: OperatorId) -> Result<Option<OperatorView>, QueryError> {
        self.ask(move |tables| directory::operator(tables.directory(), operator)).await
    }

    /// All people at the console, by id.
    pub async fn operators(&self, page: PageOf) -> Result<Page<OperatorView>, QueryError> {
        self.ask(move |tables| directory::operators(tables.directory(), &page)).await
    }

    /// The apps of the host, by code.
    pub async fn apps(&self) -> Result<Vec<AppView>, QueryError> {
        self.ask(|tables| directory::apps(tables.directory())).await
    }

    /// The processes that may send, by code.
    pub async fn processes(&self) -> Result<Vec<ProcessView>, QueryError> {
        self.ask(|tables| directory::processes(tables.directory())).await
    }

    /// Whether the service licence is active.
    pub async fn service_licence(&self) -> Result<bool, QueryError> {
        self.ask(|tables| directory::service_licence(tables.directory())).await
    }

    /// An element with its fields.
    pub async fn element(&self, element: &ElementRef) -> Result<Option<Element>, QueryError> {
        let element = element.clone();
        self.ask(move |tables| directory::element(tables.directory(), &element)).await
    }

    /// The elements of an app that have this address in a field, by id; at most
    /// [`super::ELEMENTS_FOUND_MAX`]. Addresses compare in their normalised form, where they have one.
    pub async fn elements_by_account(
        &self,
        app: &AppId,
        account: &AccountText,
    ) -> Result<Vec<Element>, QueryError> {
        let (app, account) = (app.clone(), account.clone());
        self.ask(move |tables| directory::elements_by_account(tables.directory(), &app, &account)).await
    }

    /// The elements of an app whose title or an address contains `part`, whatever its case, by
    /// title; all of them when it is blank. A page looks into at most
    /// [`super::SEARCH_EXAMINED_MAX`] elements, and may hold fewer than asked and have a next one.
    pub async fn search_elements(
        &self,
        app: &AppId,
        part: &str,
        page: PageOf,
    ) -> Result<Page<Element>, QueryError> {
        let (app, part) = (app.clone(), part.to_owned());
        self.ask(move |tables| directory::search(tables.directory(), &app, &part, &page)).await
    }
}

fn message_of(entry: &mut TranscriptEntry) -> Option<&mut MessageView> {
    match &mut entry.item {
        TranscriptItem::Message(message) => Some(message),
        TranscriptItem::Created { .. }
        | TranscriptItem::Assigned { .. }
        | TranscriptItem::Closed
        | TranscriptItem::Reopened { .. }
        | TranscriptItem::Renamed { .. }
        | TranscriptItem::Linked { .. }
        | TranscriptItem::Unlinked { .. } => None,
    }
}

impl Projections {
    /// Reads the tables as of one position, once they are ready.
    async fn ask<T, F>(&self, read: F) -> Result<T, QueryError>
    where
        T: Send + 'static,
        F: Fn(&Snapshot<'_>) -> Result<T, QueryError> + Send + Sync + 'static,
    {
        let read = Arc::new(read);
        loop {
            self.ready().await?;
            let (tables, progress, read) =
                (Arc::clone(&self.tables), self.progress.clone(), Arc::clone(&read));
            let query = move || tables.read(|| progress.borrow().is_ready(), |tables| read(tables));
            let answer = if self.tables.on_disk() {
                super::runner::joined(tokio::task::spawn_blocking(query), self.position()).await?
            } else {
                query()
            };
            match answer {
                Ok(Some(answer)) => return answer,
                // A rebuilding began in between, and nothing was read.
                Ok(None) => {}
                Err(ProjectionError::Closed) => return Err(self.stopped().into()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what stands at the places of a page, of which there is one more if the list goes on.
    async fn read(
        &self,
        mut places: Vec<Place>,
        limit: usize,
    ) -> Result<(Vec<Recorded>, Option<Cursor>), QueryError> {
        let mut more = places.len() > limit;
        places.truncate(limit);
        let read = Texts::new(&self.log).read(&places).await?;
        more |= read.len() < places.len();
        let last = read.last().filter(|_| more);
        let next = last.map(|recorded| Cursor::at(recorded.position));
        Ok((read, next))
    }

    async fn messages(&self, places: Vec<Place>, limit: usize) -> Messages {
        let (read, next) = self.read(places, limit).await?;
        let view = |recorded: Recorded| {
            let position = recorded.position;
            messages::message(recorded).ok_or_else(|| messages::misplaced(position))
        };
        let mut items = read.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        self.deliver(items.iter_mut()).await?;
        Ok(Page { items, next })
    }

    /// Says of outgoing messages what became of them.
    async fn deliver<'a>(&self, shown: impl Iterator<Item = &'a mut MessageView>) -> Result<(), QueryError> {
        let outgoing: Vec<_> = shown.filter(|message| message.delivery.is_some()).collect();
        if outgoing.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = outgoing.iter().map(|message| (message.session, message.message)).collect();
        let deliveries = self.ask(move |tables| messages::deliveries(tables.messages(), &ids)).await?;
        for (message, delivery) in outgoing.into_iter().zip(deliveries) {
            message.delivery = Some(delivery);
        }
        Ok(())
    }
}
