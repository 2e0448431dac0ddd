//! Questions about what was written: the places from the tables, the texts from there or from the log.

use crate::domain::account::Account;
use crate::domain::id::{ElementRef, LineId, SessionId};
use crate::log::Position;
use crate::wire::Recorded;

use super::super::merge::Span;
use super::super::messages::{self, Listed, Texts};
use super::super::page::{Cursor, PAGE_ITEMS_MAX, Page, PageOf};
use super::super::tables::Snapshots;
use super::super::{MessageView, Projections, QueryError, TranscriptEntry, TranscriptItem};

/// Which end of a transcript comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// Newest first; a page goes on towards the past.
    NewestFirst,
    /// Oldest first; a page goes on towards the present. [`Cursor::at`] an entry that is known
    /// gives what came after it.
    OldestFirst,
}

type Messages = Result<Page<MessageView>, QueryError>;

/// # Correspondence
///
/// A page ends early when its texts are more than [`super::super::PAGE_TEXT_BYTES_MAX`]. All of these fail
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
        let places = move |tables: &Snapshots| {
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
        let mut found: Vec<Option<String>> = Vec::with_capacity(positions.len());
        while found.len() < positions.len() {
            let rest = &positions[found.len()..];
            let mut read = texts.at(rest.to_vec()).await?.into_iter().peekable();
            if read.peek().is_none() {
                // What is left are positions that the log has not.
                found.resize(positions.len(), None);
            }
            for position in rest {
                if read.peek().is_none() {
                    break;
                }
                let recorded = read.next_if(|recorded| recorded.position == *position);
                let text = recorded.and_then(messages::message).map(|message| message.text);
                found.push(text.map(|text| text.chars().take(chars_max).collect()));
            }
        }
        Ok(found)
    }
}

impl Projections {
    /// Reads what stands at the places of a page, of which there is one more if the list goes on.
    async fn read(
        &self,
        mut places: Vec<Position>,
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

    /// Makes a page of messages, of which there is one more if the list goes on.
    async fn messages(&self, mut listed: Vec<Listed>, limit: usize) -> Messages {
        let mut more = listed.len() > limit;
        listed.truncate(limit);
        let at = |listed: &Listed| match listed {
            Listed::At(position) => Some(*position),
            Listed::Whole(_) => None,
        };
        let places: Vec<Position> = listed.iter().filter_map(at).collect();
        let read = if places.is_empty() { Vec::new() } else { Texts::new(&self.log).read(&places).await? };
        let (mut items, mut read) = (Vec::with_capacity(listed.len()), read.into_iter());
        for listed in listed {
            let recorded = match listed {
                Listed::Whole(message) => {
                    items.push(message);
                    continue;
                }
                Listed::At(_) => read.next(),
            };
            // The log gives no more texts than a page has room for.
            let Some(recorded) = recorded else {
                more = true;
                break;
            };
            let position = recorded.position;
            items.push(messages::message(recorded).ok_or_else(|| messages::misplaced(position))?);
        }
        let last = items.last().filter(|_| more);
        let next = last.map(|message| Cursor::at(message.position));
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
