//! Live events: every one that the reader may see, once, also over a broken connection.

#[path = "support/host.rs"]
mod host;

use std::time::{Duration, Instant};

use host::{Host, IVAN, MAIL, Person, SUPPORT, id, session_with, text, with_ivan};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// How long a test waits for an event that has to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// One block of a stream.
#[derive(Debug, Default)]
struct Block {
    id: Option<u64>,
    name: Option<String>,
    data: Option<Value>,
}

struct Stream {
    response: Response,
    read: String,
    last: Option<u64>,
}

impl Stream {
    async fn open(by: &Person<'_>, path: &str, last: Option<u64>) -> Stream {
        let mut request = by.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.send().await.expect("the stream begins");
        assert_eq!(response.status().as_u16(), 200);
        Stream { response, read: String::new(), last }
    }

    /// The next block; `None` at the end.
    async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let block = parse(block);
                self.read = rest.to_owned();
                self.last = block.id.or(self.last);
                return Some(block);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.expect("something comes in time").ok()??;
            self.read.push_str(std::str::from_utf8(&chunk).expect("chunks end with characters here"));
        }
    }

    /// The next event, past signs of life.
    async fn event(&mut self) -> (u64, String, Value) {
        let event = async {
            loop {
                let block = self.block().await.expect("the stream goes on");
                if let (Some(id), Some(name), Some(data)) = (block.id, block.name, block.data) {
                    return (id, name, data);
                }
            }
        };
        tokio::time::timeout(PATIENCE, event).await.expect("an event comes in time")
    }
}

fn parse(text: &str) -> Block {
    let mut block = Block::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => block.id = Some(id.parse().expect("an id is a position")),
            Some(("event", name)) => block.name = Some(name.to_owned()),
            Some(("data", data)) => block.data = Some(serde_json::from_str(data).expect("data is JSON")),
            Some(_) | None => {}
        }
    }
    block
}

#[tokio::test]
async fn a_reader_who_comes_back_misses_nothing_and_sees_nothing_twice() {
    let host = Host::sample().await;
    let admin = host.by("administrator");
    let mut seen = Vec::new();
    let mut last = None;
    for round in 0..6 {
        let mut stream = Stream::open(&admin, "/api/events?after=0", last).await;
        let body = session_with(MAIL, IVAN, "ivan.petrov@example.com");
        host.by("anna").key(&format!("round-{round}")).post("/api/sessions", body).await.expect(201);
        for _ in 0..11 {
            let (position, _, data) = stream.event().await;
            assert_eq!(data["position"], position);
            seen.push(position);
        }
        last = stream.last;
    }
    let expected: Vec<u64> = (1..=66).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_new_event_comes_within_a_second() {
    let host = Host::sample().await;
    let mut stream = Stream::open(&host.by("gleb"), "/api/events", None).await;
    assert_eq!(stream.block().await.and_then(|block| block.id), Some(host.head().await));
    let began = Instant::now();
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let (_, name, data) = stream.event().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(name, "session-created");
    assert_eq!(data["payload"]["line"], id(SUPPORT));
    assert_eq!(data["principal"], json!({ "kind": "operator", "operator": id(host::ANNA) }));
}

#[tokio::test]
async fn people_see_their_lines_alone_and_their_id_moves_on() {
    let host = Host::sample().await;
    let admin = host.by("administrator");
    for line in [host::TELEGRAM_BOT, MAIL, host::MESSENGERS] {
        let role = format!("/api/lines/{}/members/{}/operator", id(line), id(host::BORIS));
        admin.delete(&role).await.expect(200);
    }
    let after = host.head().await;
    for _ in 0..3 {
        let body = session_with(MAIL, IVAN, "ivan.petrov@example.com");
        host.by("anna").post("/api/sessions", body).await.expect(201);
    }
    let passed = host.head().await;
    let mut stream = Stream::open(&host.by("boris"), &format!("/api/events?after={after}"), None).await;
    while stream.last.is_none_or(|last| last < passed) {
        let block = stream.block().await.expect("the stream goes on");
        assert!(block.data.is_none(), "a session of another line was shown: {block:?}");
    }
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let (_, name, data) = stream.event().await;
    assert_eq!((name.as_str(), &data["payload"]["line"]), ("session-created", &json!(id(SUPPORT))));
}

#[tokio::test]
async fn a_person_who_loses_a_role_sees_the_line_no_more() {
    let host = Host::sample().await;
    let mut stream = Stream::open(&host.by("boris"), "/api/events", None).await;
    let session = host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    while stream.event().await.1 != "operator-assigned" {}
    let role = format!("/api/lines/{}/members/{}/operator", id(SUPPORT), id(host::BORIS));
    host.by("administrator").delete(&role).await.expect(200);
    let path = format!("/api/sessions/{}/messages", text(&session["session"]));
    host.by("anna").post(&path, json!({ "text": "тайна" })).await.expect(201);
    let head = host.head().await;
    while stream.last.is_none_or(|last| last < head) {
        let block = stream.block().await.expect("the stream goes on");
        assert!(block.data.is_none(), "{block:?}");
    }
}

#[tokio::test]
async fn a_channel_sees_its_own_sessions_and_a_process_nothing() {
    let host = Host::sample().await;
    let mut stream = Stream::open(&host.by("channel:whatsapp"), "/api/events", None).await;
    let mail = session_with(MAIL, IVAN, "ivan.petrov@example.com");
    host.by("anna").post("/api/sessions", mail).await.expect(201);
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let (_, name, data) = stream.event().await;
    assert_eq!((name.as_str(), &data["payload"]["channel"]), ("session-created", &json!(id(host::WHATSAPP))));
    host.by("process:order-ready").get("/api/events").await.refused(403, "PrincipalNotAllowed");
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let host = Host::sample().await;
    let principal = json!({ "kind": "operator", "operator": id(host::ANNA) });
    let issued =
        host.by("administrator").post("/api/tokens", json!({ "principal": principal })).await.expect(201);
    let mut stream = Stream::open(&host.with_token(&text(&issued["token"])), "/api/events", None).await;
    stream.block().await.expect("it begins");
    host.by("administrator").delete(&format!("/api/tokens/{}", text(&issued["id"]))).await.expect(200);
    while stream.block().await.is_some() {}
}

#[tokio::test]
async fn one_token_has_so_many_streams_and_a_stream_that_was_left_gives_its_place_back() {
    let host = Host::sample().await;
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(Stream::open(&host.by("anna"), "/api/events", None).await);
    }
    let refused = host.by("anna").get("/api/events").await.refused(429, "TooManyStreams");
    assert_eq!(refused["facts"], json!({ "max": 16 }));
    Stream::open(&host.by("boris"), "/api/events", None).await.block().await.expect("others have theirs");
    streams.pop();
    let again = async {
        let by = host.by("anna");
        while by.request(Method::GET, "/api/events").send().await.expect("an answer").status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the place is free again");
}
