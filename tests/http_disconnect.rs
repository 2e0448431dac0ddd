//! Clients that leave in the middle of a request: a complete request happens at most once, an
//! incomplete one not at all, and asking again with the same key is the way to know.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::time::Duration;

use host::{Host, IVAN, MAIL, session_with};
use http_desk::*;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// It closes the connection in order.
    Close,
    /// It resets the connection, as a crashed machine or a cut cable looks.
    Reset,
    /// It says that it sends nothing more, and is gone before the answer.
    HalfClose,
}

const LEAVINGS: [Leaving; 3] = [Leaving::Close, Leaving::Reset, Leaving::HalfClose];

/// A request as it goes over the wire: its head and its body.
struct Raw {
    head: String,
    body: String,
}

/// A request of Анна's with a key.
fn raw(host: &Host, path: &str, key: &str, body: Option<&Value>) -> Raw {
    let token = &host.tokens["anna"];
    let body = body.map(Value::to_string).unwrap_or_default();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: switchboard\r\nAuthorization: Bearer {token}\r\n\
         Idempotency-Key: {key}\r\n{kind}Content-Length: {}\r\n\r\n",
        body.len()
    );
    Raw { head, body }
}

/// Sends some octets and leaves.
async fn send_and_leave(host: &Host, octets: &[u8], leaving: Leaving) {
    let address = host.address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.expect("the host listens");
    connection.write_all(octets).await.expect("the octets are sent");
    match leaving {
        Leaving::Close => {}
        Leaving::Reset => connection.set_zero_linger().expect("a socket can be reset"),
        Leaving::HalfClose => connection.shutdown().await.expect("a socket can be half closed"),
    }
}

/// Where a request is cut so that it is not complete: in its head, and in its body where it has one.
fn incomplete(raw: &Raw) -> Vec<Vec<u8>> {
    let whole = [raw.head.as_bytes(), raw.body.as_bytes()].concat();
    let mut cuts = vec![0, 1, raw.head.len() / 2, raw.head.len() - 1];
    if !raw.body.is_empty() {
        cuts.extend([raw.head.len(), raw.head.len() + raw.body.len() / 2, whole.len() - 1]);
    }
    cuts.into_iter().map(|cut| whole[..cut].to_vec()).collect()
}

fn mail() -> Value {
    session_with(MAIL, IVAN, MAIL_ADDRESS)
}

/// A session of Анна's, and what the three commands of these tests are on it.
async fn commands(host: &Host) -> (String, [(String, Option<Value>); 3]) {
    let session = open(&host.by("anna"), mail()).await;
    let commands = [
        (SESSIONS.to_owned(), Some(mail())),
        (of(&session, "/messages"), Some(json!({ "text": "Добрый день" }))),
        (of(&session, "/close"), None),
    ];
    (session, commands)
}

#[tokio::test]
async fn an_incomplete_request_writes_nothing() {
    let host = Host::sample().await;
    let (session, commands) = commands(&host).await;
    let head = host.head().await;
    for (path, body) in &commands {
        let raw = raw(&host, path, "never", body.as_ref());
        for octets in incomplete(&raw) {
            for leaving in LEAVINGS {
                send_and_leave(&host, &octets, leaving).await;
            }
        }
    }
    assert_eq!(host.head().await, head);
    // The host ends only when every request under way has ended.
    let host = host.restart().await;
    assert_eq!(host.head().await, head, "nothing was written later either");
    assert_eq!(list(&host.by("anna"), "my").await, [session]);
    // The key was never used: another content has it.
    let by = host.by("anna").key("never");
    by.post(SESSIONS, with(mail(), json!({ "subject": "Другая" }))).await.expect(201);
}

#[tokio::test]
async fn a_creation_whose_answer_nobody_reads_happens_once() {
    let host = Host::sample().await;
    let mut created = Vec::new();
    for round in 0..20 {
        for leaving in LEAVINGS {
            let key = format!("creation-{round}-{leaving:?}");
            let raw = raw(&host, SESSIONS, &key, Some(&mail()));
            let octets = [raw.head.as_bytes(), raw.body.as_bytes()].concat();
            // Some leave twice before somebody stays for the answer.
            for _ in 0..=round % 2 {
                send_and_leave(&host, &octets, leaving).await;
            }
            let by = host.by("anna").key(&key);
            let receipt = by.post(SESSIONS, mail()).await.expect(201);
            assert_eq!(by.post(SESSIONS, mail()).await.expect(201), receipt);
            created.push(host::text(&receipt["session"]));
        }
    }
    let host = host.restart().await;
    let mut mine = sessions(&all_items(&host.by("anna"), "/api/sessions?list=my&").await);
    mine.sort();
    created.sort();
    assert_eq!(mine, created, "each key made one session, and nothing else did");
}

#[tokio::test]
async fn a_message_whose_answer_nobody_reads_is_sent_once() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let session = open(&anna, mail()).await;
    let path = of(&session, "/messages");
    let mut expected = Vec::new();
    for round in 0..20 {
        for leaving in LEAVINGS {
            let words = format!("{round} {leaving:?}");
            let (key, body) = (words.replace(' ', "-"), json!({ "text": words }));
            let raw = raw(&host, &path, &key, Some(&body));
            let octets = [raw.head.as_bytes(), raw.body.as_bytes()].concat();
            send_and_leave(&host, &octets, leaving).await;
            let receipt = anna.key(&key).post(&path, body.clone()).await.expect(201);
            assert_eq!(anna.key(&key).post(&path, body).await.expect(201), receipt);
            expected.push(words);
        }
    }
    let host = host.restart().await;
    assert_eq!(said(&host.by("anna"), &session).await, expected, "each once, in order");
}

#[tokio::test]
async fn a_closing_whose_answer_nobody_reads_happens_once() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let session = open(&anna, mail()).await;
    let path = of(&session, "/close");
    for round in 0..10 {
        for leaving in LEAVINGS {
            let key = format!("closing-{round}-{leaving:?}");
            // A closing needs no body; one that is announced and does not come whole makes it no second.
            let body = json!({});
            let raw = raw(&host, &path, &key, (round % 2 == 1).then_some(&body));
            let sent = [raw.head.as_bytes(), &raw.body.as_bytes()[..raw.body.len() / 2]].concat();
            send_and_leave(&host, &sent, leaving).await;
            let receipt = anna.key(&key).post(&path, json!({})).await.expect(200);
            assert_eq!(anna.key(&key).post(&path, json!({})).await.expect(200), receipt);
            act(&anna, &session, "reopen").await;
        }
    }
    let host = host.restart().await;
    let shown = seen(&host.by("anna"), &session).await;
    assert_eq!((&shown["cycles"], &shown["status"]), (&json!(30), &json!("assigned")));
}

#[tokio::test]
async fn many_clients_that_leave_at_once_hold_up_nobody() {
    let host = Host::sample().await;
    let octets: Vec<_> = (0..64)
        .map(|client| {
            let raw = raw(&host, SESSIONS, &format!("crowd-{}", client % 8), Some(&mail()));
            [raw.head.as_bytes(), raw.body.as_bytes()].concat()
        })
        .collect();
    for (octets, leaving) in octets.iter().zip(LEAVINGS.into_iter().cycle()) {
        send_and_leave(&host, octets, leaving).await;
    }
    let by = host.by("anna");
    for key in 0..8 {
        by.key(&format!("crowd-{key}")).post(SESSIONS, mail()).await.expect(201);
    }
    let host = host.restart().await;
    assert_eq!(list(&host.by("anna"), "my").await.len(), 8, "each key made one session");
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end_of_the_host() {
    let mut host = Host::sample().await;
    let head = host.head().await;
    let raw = raw(&host, SESSIONS, "half", Some(&mail()));
    let address = host.address.trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    for octets in incomplete(&raw) {
        let mut connection = TcpStream::connect(&address).await.expect("the host listens");
        connection.write_all(&octets).await.expect("the octets are sent");
        held.push(connection);
    }
    assert_eq!(host.head().await, head, "the host serves others meanwhile");
    let (status, took) = host.stop().await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    drop(held);
    assert_eq!(host.restart_stopped().await.head().await, head);
}
