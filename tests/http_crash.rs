//! A host killed in the middle of a thousand creations: what was acknowledged is there, the rest is
//! there wholly or not at all, and asking again with the same keys makes exactly a thousand.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use host::{ANNA, Host, SUPPORT, id};
use http_desk::*;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use switchboard::domain::event::{Event, SessionEvent, SlotEvent, Stream};
use switchboard::domain::id::{OperatorId, Principal, SessionId};
use switchboard::log::Position;
use switchboard::wire::Recorded;
use switchboard::{Engine, EngineOptions};
use tokio::sync::watch;
use uuid::Uuid;

const CREATIONS: usize = 1_000;
const CLIENTS: usize = 16;

/// How long a thousand requests may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A creation that a round tries: its key is its session's id.
struct Creation {
    key: Uuid,
    contact: Uuid,
    phone: String,
}

impl Creation {
    fn body(&self) -> Value {
        json!({
            "line": id(SUPPORT),
            "contact": { "app": "contacts", "element": self.contact },
            "account": { "text": self.phone },
        })
    }

    fn request(&self, host: &Host) -> RequestBuilder {
        let by = host.by("anna").key(&self.key.to_string());
        by.request(Method::POST, SESSIONS).json(&self.body())
    }
}

/// What the clients know: which creations were sent, and which receipts came back.
#[derive(Default)]
struct Known {
    sent: HashSet<usize>,
    receipts: BTreeMap<usize, Value>,
}

/// Sends requests from sixteen clients until they are all answered, or until nobody answers.
async fn send_all(requests: Vec<RequestBuilder>, answered: watch::Sender<usize>) -> Known {
    let requests: Arc<Vec<_>> = Arc::new(requests);
    let (next, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(answered));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (requests, next, answered) =
                (Arc::clone(&requests), Arc::clone(&next), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut known = Known::default();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(at) else { return known };
                    known.sent.insert(at);
                    let request = request.try_clone().expect("a body of JSON is there again");
                    let Some((status, receipt)) = perhaps(request).await else { return known };
                    assert_eq!(status, 201, "{receipt}");
                    known.receipts.insert(at, receipt);
                    answered.send_modify(|answered| *answered += 1);
                }
            })
        })
        .collect();
    let mut all = Known::default();
    for client in clients {
        let known = client.await.expect("a client");
        all.sent.extend(known.sent);
        all.receipts.extend(known.receipts);
    }
    all
}

async fn send_to_the_end(requests: Vec<RequestBuilder>) -> Known {
    let known = tokio::time::timeout(PATIENCE, send_all(requests, watch::Sender::new(0))).await;
    known.expect("they are answered in time")
}

/// A seeded generator: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// What the log holds, read by the library while no host has the folder.
async fn recorded(host: &mut Host) -> Vec<Recorded> {
    let (status, _) = host.stop().await;
    assert!(status.success(), "{status}");
    let engine = Engine::open(EngineOptions::at(host.data())).await.expect("the log opens");
    let (head, mut feed, mut all) = (engine.head(), engine.subscribe(Position::START), Vec::new());
    while feed.position() < head {
        all.push(feed.next().await.expect("the feed reads"));
    }
    engine.close().await.expect("the engine closes");
    assert!(all.iter().zip(1..).all(|(event, position)| event.position == Position(position)));
    all
}

/// The keys of the creations in a log: each is there whole, once, with its slot and its assignee.
fn whole_creations(log: &[Recorded], creations: &[Creation]) -> HashSet<Uuid> {
    let mut by_command: HashMap<Uuid, Vec<&Recorded>> = HashMap::new();
    for event in log {
        by_command.entry(event.command.0).or_default().push(event);
    }
    let anna = OperatorId(id(ANNA).parse().expect("a UUID"));
    let mut found = HashSet::new();
    for creation in creations {
        let Some(events) = by_command.get(&creation.key) else { continue };
        let first = events[0].position.0;
        let session = SessionId(creation.key);
        let (mut created, mut assigned, mut claimed) = (0, 0, 0);
        for (event, position) in events.iter().zip(first..) {
            assert_eq!(event.position.0, position, "nothing stands between the facts of a creation");
            assert_eq!(event.principal, Principal::Operator(anna));
            match (&event.stream, &event.event) {
                (Stream::Session(of), Event::Session(SessionEvent::SessionCreated { customer, .. })) => {
                    assert_eq!((*of, customer.account.address.as_str()), (session, creation.phone.as_str()));
                    created += 1;
                }
                (Stream::Session(of), Event::Session(SessionEvent::OperatorAssigned { operator })) => {
                    assert_eq!((*of, *operator), (session, anna));
                    assigned += 1;
                }
                (Stream::Slot(slot), Event::Slot(SlotEvent::SlotClaimed { session: by })) => {
                    assert_eq!((slot.account.address.as_str(), *by), (creation.phone.as_str(), session));
                    claimed += 1;
                }
                other => panic!("a creation left {other:?}"),
            }
        }
        assert_eq!((created, assigned, claimed), (1, 1, 1), "a creation is whole, and there once");
        found.insert(creation.key);
    }
    let sessions =
        log.iter().filter(|event| matches!(event.event, Event::Session(SessionEvent::SessionCreated { .. })));
    assert_eq!(sessions.count(), found.len(), "there are no other sessions");
    found
}

/// Checks through the API that the log's creations are what people see, and no others.
async fn shown_as_recorded(host: &Host, creations: &[Creation], known: &Known, found: &HashSet<Uuid>) {
    let anna = host.by("anna");
    let mine = all_items(&anna, "/api/sessions?list=my&").await;
    let shown: HashSet<Uuid> =
        sessions(&mine).iter().map(|session| session.parse().expect("a UUID")).collect();
    assert_eq!(shown, *found, "«Мои сессии» are those of the log");
    assert_eq!(mine.len(), shown.len(), "each once");
    for session in &mine {
        assert_eq!((&session["status"], &session["operator"]), (&json!("assigned"), &json!(id(ANNA))));
    }
    // Those without an answer: a session that holds its slot, or nothing at all.
    for at in known.sent.iter().filter(|at| !known.receipts.contains_key(at)) {
        let creation = &creations[*at];
        let session = anna.get(&of(&creation.key.to_string(), "")).await;
        let verdict = anna.post("/api/sessions/dry-run", creation.body()).await.expect(200);
        if found.contains(&creation.key) {
            assert_eq!(session.expect(200)["account"]["address"], creation.phone);
            assert_eq!(verdict["refusals"][0]["facts"]["session"], json!(creation.key));
            let happened = transcript(&anna, &creation.key.to_string()).await;
            assert_eq!(happened.len(), 2, "created and assigned: {happened:?}");
        } else {
            session.refused(404, "SessionNotFound");
            assert_eq!(verdict["allowed"], true, "the slot is free: {verdict}");
        }
    }
}

async fn a_round(kill_after: std::ops::Range<u64>) {
    let mut random = Random(seed());
    let kill_after = (kill_after.start + random.below(kill_after.end - kill_after.start)) as usize;
    let mut creations = Vec::new();
    for at in 0..CREATIONS {
        let phone = format!("+7916{:07}", 1_000_000 + at);
        creations.push(Creation { key: Uuid::now_v7(), contact: Uuid::now_v7(), phone });
    }
    let host = Host::sample().await;
    let contacts = creations
        .iter()
        .map(|creation| contact_request(&host.by("administrator"), creation.contact, &creation.phone));
    assert_eq!(send_to_the_end(contacts.collect()).await.receipts.len(), CREATIONS);

    let requests = creations.iter().map(|creation| creation.request(&host)).collect();
    let answered = watch::Sender::new(0);
    let mut progress = answered.subscribe();
    let clients = tokio::spawn(send_all(requests, answered));
    let far = tokio::time::timeout(PATIENCE, progress.wait_for(|answered| *answered >= kill_after));
    assert!(far.await.expect("the clients get on").is_ok());
    // Answers come in bursts, after each sync: the moment of the kill shall not follow one.
    tokio::time::sleep(Duration::from_micros(random.below(5_000))).await;
    let mut host = host.crash().await;
    let known = clients.await.expect("the clients end");
    let (sent, acknowledged) = (known.sent.len(), known.receipts.len());
    println!("killed after {kill_after}: {sent} were sent and {acknowledged} acknowledged");
    assert!(acknowledged >= kill_after && acknowledged < CREATIONS, "it was in the middle");

    let found = whole_creations(&recorded(&mut host).await, &creations);
    println!("{} of them are there", found.len());
    for at in known.receipts.keys() {
        assert!(found.contains(&creations[*at].key), "creation {at} was acknowledged and is lost");
    }
    for (at, creation) in creations.iter().enumerate() {
        assert!(!found.contains(&creation.key) || known.sent.contains(&at), "creation {at} was never sent");
    }
    let host = host.restart_stopped().await;
    shown_as_recorded(&host, &creations, &known, &found).await;

    let requests = creations.iter().map(|creation| creation.request(&host)).collect();
    let again = send_to_the_end(requests).await;
    assert_eq!(again.receipts.len(), CREATIONS);
    for (at, receipt) in &known.receipts {
        assert_eq!(again.receipts[at], *receipt, "creation {at} has the receipt that it had");
    }
    let mut host = host;
    let found = whole_creations(&recorded(&mut host).await, &creations);
    assert_eq!(found.len(), CREATIONS, "exactly a thousand sessions");
    let host = host.restart_stopped().await;
    shown_as_recorded(&host, &creations, &again, &found).await;
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let seed = u64::from(now.subsec_nanos()) ^ now.as_secs();
    println!("seed {seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_early_loses_and_doubles_nothing() {
    a_round(1..200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_half_way_loses_and_doubles_nothing() {
    a_round(350..650).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_late_loses_and_doubles_nothing() {
    a_round(700..940).await;
}
