//! Random histories, and what the lists must be by looking at all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use switchboard::domain::event::{Event, Fact, SessionEvent, Stream};
use switchboard::domain::id::{ElementRef, OperatorId, SessionId};
use switchboard::log::Log;
use switchboard::log::memory::MemoryLog;
use switchboard::projection::{Order, PageOf, Place, ProjectionName, Projections, SessionStatus};

use crate::drained;
use crate::world::*;

const SESSIONS: u128 = 24;
const OPERATORS: u64 = 3;
const LINES: u128 = 3;
const ACCOUNTS: u128 = 4;
const ELEMENTS: u64 = 4;

/// SplitMix64: a seed gives the same numbers for ever.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn place(number: u128) -> At {
    at(number % LINES, u32::try_from(number % ACCOUNTS).expect("it is small"))
}

/// A legal history of so many commands.
pub fn history(seed: u64, commands: usize) -> Vec<Vec<Fact>> {
    let mut random = Random(seed);
    let mut open: BTreeMap<u128, bool> = BTreeMap::new();
    let mut sent: Vec<(u128, u128)> = Vec::new();
    let mut messages = 0;
    (0..commands)
        .map(|_| {
            let events = 1 + random.below(4);
            (0..events).map(|_| step(&mut random, &mut open, &mut sent, &mut messages)).collect()
        })
        .collect()
}

fn step(
    random: &mut Random,
    open: &mut BTreeMap<u128, bool>,
    sent_so_far: &mut Vec<(u128, u128)>,
    messages: &mut u128,
) -> Fact {
    let number = u128::from(random.below(SESSIONS as u64));
    let by = u128::from(random.below(OPERATORS));
    let element = u128::from(random.below(ELEMENTS));
    *messages += 1;
    match (open.get(&number), random.below(10)) {
        (None, _) => {
            open.insert(number, true);
            created(number, &place(number))
        }
        (Some(true), 0) => {
            open.insert(number, false);
            closed(number)
        }
        (Some(true), 1 | 2) => assigned(number, by),
        (Some(false), 0 | 1) => {
            open.insert(number, true);
            reopened(number, (by > 0).then_some(by))
        }
        (Some(_), 3) => linked(number, element),
        (Some(_), 4) => unlinked(number, element),
        (Some(true), 5 | 6) => {
            sent_so_far.push((number, *messages));
            sent(number, by, *messages)
        }
        (Some(_), 7) => match sent_so_far.last() {
            Some((number, id)) => of(*number, SessionEvent::MessageDelivered { message: message(*id) }),
            None => of(number, SessionEvent::SessionRenamed { name: format!("name {messages}") }),
        },
        (Some(_), 8) => initiated(number, *messages),
        (Some(_), _) if random.below(4) == 0 => {
            let length = 500 + random.below(30) as usize;
            received_text(number, *messages, "x".repeat(length))
        }
        (Some(_), _) => received(number, *messages),
    }
}

/// Everything that can be asked about a history, in writing.
pub async fn dump(projections: &Projections) -> String {
    let mut text = String::new();
    let mut say = |what: &str, found: &dyn std::fmt::Debug| {
        writeln!(text, "{what}: {found:?}").expect("a string takes it");
    };
    for number in 0..SESSIONS {
        let id = session(number);
        say("session", &projections.session(id).await.expect("it answers"));
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let page = projections.transcript(id, order, PageOf::first(200)).await;
            say("transcript", &page.expect("it can be read"));
        }
        say("earlier", &projections.earlier(id, first()).await.expect("it can be read"));
    }
    for number in 0..u128::from(OPERATORS) {
        let id = operator(number);
        say("my", &drained!(5, |page| projections.my_sessions(id, page)));
        say("closed", &drained!(5, |page| projections.closed_of_operator(id, page)));
    }
    let lines: Vec<_> = (0..LINES).map(line).collect();
    for lines in [&lines[..], &lines[..1], &lines[1..]] {
        say("queue", &drained!(3, |page| projections.queue(lines, page)));
        say("active", &drained!(3, |page| projections.active(lines, page)));
        say("closed", &drained!(3, |page| projections.closed_of_lines(lines, page)));
    }
    for number in 0..u128::from(ELEMENTS) {
        let element = order(number);
        say("linked", &drained!(3, |page| projections.linked(&element, None, page)));
        say("archive", &drained!(3, |page| projections.archive(&element, Some(&lines), page)));
        say("card", &drained!(50, |page| projections.element_messages(&element, None, page)));
    }
    for number in 0..u32::try_from(ACCOUNTS).expect("it is small") {
        let account = phone(number);
        say("sessions", &drained!(3, |page| projections.customer_sessions(&account, None, page)));
        say("messages", &drained!(50, |page| projections.customer_messages(&account, None, page)));
    }
    text
}

/// A session as the model knows it.
#[derive(Default)]
struct Known {
    holder: Option<OperatorId>,
    open: bool,
    since: u64,
    active: u64,
    links: BTreeSet<ElementRef>,
    messages: Vec<u64>,
}

/// The state of all sessions, by the plainest fold.
fn model(facts: &[Fact]) -> BTreeMap<SessionId, Known> {
    let mut sessions: BTreeMap<SessionId, Known> = BTreeMap::new();
    for (at, fact) in (1..).zip(facts) {
        let (Stream::Session(id), Event::Session(event)) = (&fact.stream, &fact.event) else { continue };
        let known = sessions.entry(*id).or_default();
        let mut status =
            |open, holder| (known.open, known.holder, known.since, known.active) = (open, holder, at, at);
        match event {
            SessionEvent::SessionCreated { .. } => status(true, None),
            SessionEvent::OperatorAssigned { operator } => status(true, Some(*operator)),
            SessionEvent::SessionReopened { operator } => status(true, *operator),
            SessionEvent::SessionClosed => {
                let holder = known.holder;
                (known.open, known.holder, known.since, known.active) = (false, holder, at, at);
            }
            SessionEvent::ElementLinked { element } => drop(known.links.insert(element.clone())),
            SessionEvent::ElementUnlinked { element } => drop(known.links.remove(element)),
            SessionEvent::MessageSent { .. }
            | SessionEvent::MessageReceived { .. }
            | SessionEvent::InitiatedMessageSent { .. } => {
                known.messages.push(at);
                known.active = at;
            }
            SessionEvent::MessageHandedOver { .. }
            | SessionEvent::MessageDelivered { .. }
            | SessionEvent::MessageRead { .. }
            | SessionEvent::MessageFailed { .. }
            | SessionEvent::SessionRenamed { .. } => {}
        }
    }
    sessions
}

/// The sessions that the model puts on a list, in the order of a place in the log.
fn listed(
    model: &BTreeMap<SessionId, Known>,
    on_list: impl Fn(&Known) -> bool,
    by: impl Fn(&Known) -> u64,
) -> Vec<SessionId> {
    let mut found: Vec<_> =
        model.iter().filter(|(_, known)| on_list(known)).map(|(id, known)| (by(known), *id)).collect();
    found.sort_unstable();
    found.into_iter().rev().map(|(_, id)| id).collect()
}

async fn agrees(projections: &Projections, facts: &[Fact]) {
    let model = model(facts);
    let lines: Vec<_> = (0..LINES).map(line).collect();
    let mut queue = drained!(4, |page| projections.queue(&lines, page));
    queue.reverse();
    assert_eq!(ids(&queue), listed(&model, |s| s.open && s.holder.is_none(), |s| s.since), "queue");
    let active = drained!(4, |page| projections.active(&lines, page));
    assert_eq!(ids(&active), listed(&model, |s| s.open && s.holder.is_some(), |s| s.active), "active");
    let closed = drained!(4, |page| projections.closed_of_lines(&lines, page));
    assert_eq!(ids(&closed), listed(&model, |s| !s.open, |s| s.since), "closed");
    for number in 0..u128::from(OPERATORS) {
        let by = Some(operator(number));
        let my = drained!(4, |page| projections.my_sessions(operator(number), page));
        assert_eq!(ids(&my), listed(&model, |s| s.open && s.holder == by, |s| s.active), "my");
        let closed = drained!(4, |page| projections.closed_of_operator(operator(number), page));
        assert_eq!(ids(&closed), listed(&model, |s| !s.open && s.holder == by, |s| s.since), "closed by");
    }
    for number in 0..u128::from(ELEMENTS) {
        let element = order(number);
        let card = drained!(30, |page| projections.element_messages(&element, None, page));
        let shown: Vec<u64> = card.iter().map(|message| message.position.0).collect();
        let linked = model.values().filter(|known| known.links.contains(&element));
        let mut expected: Vec<u64> = linked.flat_map(|known| known.messages.clone()).collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(shown, expected, "card");
        let archive = drained!(4, |page| projections.archive(&element, None, page));
        let archived = |known: &Known| !known.open && known.links.contains(&element);
        assert_eq!(ids(&archive), listed(&model, archived, |s| s.since), "archive");
    }
    for (id, known) in &model {
        let summary = projections.session(*id).await.expect("it answers").expect("it exists");
        assert_eq!(summary.messages, known.messages.len() as u64);
        assert_eq!(summary.status == SessionStatus::Waiting, known.open && known.holder.is_none());
    }
}

#[tokio::test]
async fn random_histories_give_the_lists_that_looking_at_all_of_them_gives() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is past 1970");
    let seeds = [1, 2, 3, now.subsec_nanos().into(), now.as_secs()];
    for seed in seeds {
        println!("seed {seed}");
        let log = MemoryLog::new();
        let projections = open(Place::Memory, &log).await;
        let commands = history(seed, 300);
        let mut facts = Vec::new();
        for (number, command) in (1..).zip(&commands) {
            facts.extend(command.iter().cloned());
            let last = log.append(append_of(command, number, 0)).await.expect("it is taken").last;
            // Pages of every size: sometimes the runner waits for more, sometimes not.
            if number % 7 == 0 || number % 100 == 0 {
                projections.caught_up(last).await.expect("a legal history folds");
            }
            if number % 100 == 0 {
                agrees(&projections, &facts).await;
            }
        }
        projections.caught_up(log.head()).await.expect("a legal history folds");
        let live = dump(&projections).await;
        projections.rebuild(&ProjectionName::ALL).await.expect("it folds");
        assert!(dump(&projections).await == live, "rebuilt is not live; seed {seed}");
        let fresh = open(Place::Memory, &log).await;
        assert!(dump(&fresh).await == live, "folded at once is not live; seed {seed}");
        agrees(&fresh, &facts).await;
    }
}
