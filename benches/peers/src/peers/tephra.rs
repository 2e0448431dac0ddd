//! tephra: one conditional append for each session, and nothing else.
//!
//! The condition is over the whole log: no event is tagged with the slot. It is the only one that holds
//! the rule by itself, and as fast here as one from a known position on. Its clients were the fastest on
//! one thread: its writer has the other core.

use std::path::PathBuf;

use tephra::{
    AppendCondition, AppendError, ConflictSite, Event, EventType, Query, QueryItem, SegmentConfig,
    SegmentSet, Tag, Tags, WriteCoordinator, WriteHandle, WriterConfig,
};
use uuid::Uuid;

use crate::load::Load;
use crate::peer::{EVENT_NAMES, EVENTS, NewSession, Peer, Place, Taken, Threads};

/// What tephra's own benchmarks take: no burst fills a segment, so that none is sealed meanwhile.
const SEGMENT_BYTES: usize = 1 << 30;

/// A channel's id, as the slot's tag names it.
const CHANNEL: Uuid = Uuid::from_u128(1);

pub struct Tephra {
    folder: PathBuf,
    coordinator: WriteCoordinator,
    handle: WriteHandle,
    types: [EventType; EVENTS],
    bodies: [Vec<u8>; EVENTS],
}

impl Tephra {
    /// The events of a session: one in the slot, two of the session, as the engine's streams have them.
    fn events(&self, slot: &Tags, session: &Tags) -> Vec<Event> {
        let tags = [slot, session, session];
        (0..EVENTS)
            .map(|at| Event::new(&self.types[at], tags[at], &self.bodies[at]).expect("an event is small"))
            .collect()
    }
}

impl Peer for Tephra {
    const THREADS: Threads = Threads::One;
    const HOLDS_RULE: bool = true;

    async fn open(place: &Place, _load: &Load) -> Tephra {
        let set = SegmentSet::open(&place.folder, SegmentConfig::new(SEGMENT_BYTES)).expect("the log opens");
        let (coordinator, handle) =
            WriteCoordinator::start(set, WriterConfig::default()).expect("the writer starts");
        let types = EVENT_NAMES.map(|name| EventType::new(name).expect("a legal name"));
        Tephra { folder: place.folder.clone(), coordinator, handle, types, bodies: place.payload.bodies() }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        let slot = tags(format!("slot:{}:{}", CHANNEL.simple(), session.account()));
        let events = self.events(&slot, &tags(format!("session:{}", session.id.simple())));
        let condition = AppendCondition::new(Query::item(QueryItem::with_tags(slot)));
        match self.handle.append_async(events, Some(condition)).await {
            Ok(_) => Ok(()),
            Err(AppendError::Conflict { at: ConflictSite::Durable(_), .. }) => Err(Taken),
            Err(error) => panic!("tephra: {error}"),
        }
    }

    async fn close(self) -> usize {
        drop(self.handle);
        drop(self.coordinator.shutdown());
        let set = SegmentSet::open_read_only(&self.folder, SegmentConfig::new(SEGMENT_BYTES));
        let events = set.expect("the log opens again").last_position().get() as usize;
        assert_eq!(events % EVENTS, 0, "each session has all its events");
        events / EVENTS
    }
}

fn tags(tag: String) -> Tags {
    Tags::new([Tag::new(tag).expect("a legal tag")]).expect("one tag is legal")
}
