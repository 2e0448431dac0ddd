//! The live feed while sixteen clients write, over a restart and over a kill of the host: no event
//! is missing, none comes twice, and each comes soon. Who sees what is in `host_events`.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use host::{Host, IVAN, MAIL, session_with};
use http_desk::*;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const CLIENTS: usize = 16;
const CREATIONS: usize = 12;

/// Events after which the first connection is left: somewhere in the middle of the writing.
const BREAK_AFTER: usize = 120;

/// How long a test waits for an event that has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reader of the feed, who keeps what has come.
struct Reader {
    response: Option<Response>,
    unread: Vec<u8>,
    last: Option<u64>,
    events: Vec<Value>,
}

impl Reader {
    fn new() -> Reader {
        Reader { response: None, unread: Vec::new(), last: None, events: Vec::new() }
    }

    /// Connects, with the last id where there was one.
    async fn connect(&mut self, host: &Host, name: &str) {
        let mut request = host.by(name).request(Method::GET, "/api/events?after=0");
        if let Some(last) = self.last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.send().await.expect("the stream begins");
        assert_eq!(response.status().as_u16(), 200);
        (self.response, self.unread) = (Some(response), Vec::new());
    }

    /// Reads what comes next; false when the connection has ended.
    async fn read(&mut self) -> bool {
        let response = self.response.as_mut().expect("it is connected");
        let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("something comes in time");
        let Ok(Some(chunk)) = chunk else { return false };
        self.unread.extend_from_slice(&chunk);
        while let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
            let block: Vec<u8> = self.unread.drain(..end + 2).collect();
            self.take(std::str::from_utf8(&block).expect("a block is text"));
        }
        true
    }

    /// Takes a block as a browser does: the id counts once its block is whole.
    fn take(&mut self, block: &str) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if let Some(id) = field("id:") {
            self.last = Some(id.parse().expect("an id is a position"));
        }
        if let Some(data) = field("data:") {
            let event: Value = serde_json::from_str(data).expect("data is JSON");
            assert_eq!(event["position"].as_u64(), self.last, "an event's id is its position");
            assert_eq!(event["kind"].as_str(), field("event:"));
            self.events.push(event);
        }
    }

    async fn read_to(&mut self, position: u64) {
        while self.last.is_none_or(|last| last < position) {
            assert!(self.read().await, "the stream goes on");
        }
    }

    fn positions(&self) -> Vec<u64> {
        self.events.iter().map(|event| event["position"].as_u64().expect("a number")).collect()
    }
}

/// Starts clients that write until they are done, or until nobody answers.
fn clients(host: &Host) -> Vec<JoinHandle<BTreeMap<String, Value>>> {
    let client = |client: usize| {
        let requests: Vec<_> = (0..CREATIONS)
            .map(|number| {
                let key = format!("{client}-{number}");
                let by = host.by(["anna", "boris"][client % 2]).key(&key);
                let body = session_with(MAIL, IVAN, MAIL_ADDRESS);
                (key, by.request(Method::POST, SESSIONS).json(&body))
            })
            .collect();
        tokio::spawn(async move {
            let mut receipts = BTreeMap::new();
            for (key, request) in requests {
                let Some((status, receipt)) = perhaps(request).await else { break };
                assert_eq!(status, 201, "{receipt}");
                receipts.insert(key, receipt);
            }
            receipts
        })
    };
    (0..CLIENTS).map(client).collect()
}

async fn ended(clients: Vec<JoinHandle<BTreeMap<String, Value>>>) -> BTreeMap<String, Value> {
    let mut receipts = BTreeMap::new();
    for client in clients {
        receipts.extend(client.await.expect("a client"));
    }
    receipts
}

/// A reader follows while clients write, the host ends under both, and they go on with the next one.
async fn followed_over(ends: impl AsyncFnOnce(Host) -> Host) {
    let host = Host::sample().await;
    let mut reader = Reader::new();
    reader.connect(&host, "administrator").await;
    let writing = clients(&host);
    while reader.events.len() < BREAK_AFTER {
        assert!(reader.read().await, "the stream goes on");
    }
    let host = ends(host).await;
    // What was on its way when the host ended still counts; half a block does not.
    while reader.read().await {}
    let before = ended(writing).await;

    let writing = clients(&host);
    reader.connect(&host, "administrator").await;
    let after = async {
        let receipts = ended(writing).await;
        (receipts, host.head().await)
    };
    let ((receipts, head), ()) = tokio::join!(after, async {
        while reader.events.len() < BREAK_AFTER * 2 {
            assert!(reader.read().await, "the stream goes on");
        }
    });
    reader.read_to(head).await;
    assert_eq!(reader.positions(), (1..=head).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(receipts.len(), CLIENTS * CREATIONS);
    for (key, receipt) in &before {
        assert_eq!(receipts[key], *receipt, "the same key has the same receipt");
    }
    let created = reader.events.iter().filter(|event| event["kind"] == "session-created");
    let mut created: Vec<_> = created.map(|event| event["stream"]["session"].clone()).collect();
    let mut acknowledged: Vec<_> = receipts.values().map(|receipt| receipt["session"].clone()).collect();
    created.sort_by_key(Value::to_string);
    acknowledged.sort_by_key(Value::to_string);
    assert_eq!(created, acknowledged, "each creation is shown once, and no other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_follows_sixteen_writers_over_a_restart_without_gap_or_repeat() {
    followed_over(Host::restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_follows_sixteen_writers_over_a_kill_without_gap_or_repeat() {
    followed_over(Host::crash).await;
}

/// A reader who leaves and comes back again and again, while everybody writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_leaves_after_each_chunk_misses_nothing() {
    let host = Host::sample().await;
    let mut reader = Reader::new();
    let writing = clients(&host);
    let mut connections = 0;
    while connections < 30 {
        reader.connect(&host, "administrator").await;
        assert!(reader.read().await && reader.read().await, "the stream goes on");
        connections += 1;
    }
    ended(writing).await;
    let head = host.head().await;
    reader.connect(&host, "administrator").await;
    reader.read_to(head).await;
    assert_eq!(reader.positions(), (1..=head).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_within_a_second_to_every_reader_while_nobody_hurries() {
    let host = Host::sample().await;
    let mut readers = Vec::new();
    for name in ["anna", "boris", "vera", "gleb", "administrator", "channel:email"] {
        let mut reader = Reader::new();
        reader.last = Some(host.head().await);
        reader.connect(&host, name).await;
        assert!(reader.read().await, "it begins with its position");
        readers.push(reader);
    }
    let session = open(&host.by("anna"), session_with(MAIL, IVAN, MAIL_ADDRESS)).await;
    for round in 0..5 {
        let began = Instant::now();
        let words = format!("сообщение {round}");
        say(&host.by("anna"), &session, &words).await;
        for reader in &mut readers {
            let is_it = |event: &Value| event["payload"]["text"] == json!(words);
            while !reader.events.last().is_some_and(is_it) {
                assert!(reader.read().await, "the stream goes on");
            }
            assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        }
    }
}
