//! Too much, too long, too often, too slow: each has its bound, its status, and writes nothing.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;
#[path = "support/memory.rs"]
mod memory;

use std::time::{Duration, Instant};

use host::{Answer, Host, IVAN, MAIL, program, session_with, with_ivan};
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host with the sample and some limits of its own.
async fn limited(limits: &[&str]) -> Host {
    let command = |data: &std::path::Path| {
        let mut command = program(data, "127.0.0.1:0");
        command.args(limits);
        command
    };
    Host::started_by(command).await
}

fn place(host: &Host) -> std::net::SocketAddr {
    host.address.trim_start_matches("http://").parse().expect("the address is one")
}

async fn connect(host: &Host) -> TcpStream {
    TcpStream::connect(place(host)).await.expect("the host listens")
}

/// Sends octets, and reads what comes until the host closes the connection.
async fn raw(host: &Host, octets: &[u8]) -> String {
    let mut connection = connect(host).await;
    // The host may have closed before it has taken everything.
    let _ = connection.write_all(octets).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
    let _ = read.expect("the connection is closed in time");
    String::from_utf8(answer).expect("an answer is text")
}

#[tokio::test]
async fn a_path_and_headers_that_are_too_long_are_told_with_their_bound() {
    let host = Host::sample().await;
    let head = host.head().await;
    let by = host.by("anna");
    let long = by.get(&format!("/api/lines?after={}", "x".repeat(9 << 10))).await;
    assert_eq!(long.refused(414, "UriTooLong")["facts"], json!({ "max": 8 << 10 }));
    by.get(&format!("/api/lines?after={}", "x".repeat(7 << 10))).await.refused(400, "BadCursor");
    for headers in [1, 90] {
        let mut request = by.request(Method::POST, SESSIONS).json(&with_ivan());
        for number in 0..headers {
            request = request.header(format!("x-{number}"), "x".repeat((17 << 10) / headers));
        }
        let long = Answer::of(request).await.refused(431, "HeadersTooLarge");
        assert_eq!(long["facts"], json!({ "max": 16 << 10 }));
    }
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_head_that_is_not_read_to_its_end_is_refused_by_its_status_alone() {
    let host = Host::sample().await;
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    let answer = raw(&host, format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let endless = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nx: {}", "x".repeat(65 << 10));
    let answer = raw(&host, endless.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let answer = raw(&host, b"GET /healthz HTTP/1.1\r\nno header\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    host.nobody().get("/healthz").await.expect(200);
}

/// Asks until it is told to wait, and gives that answer; a bound has to come within so many requests.
async fn asked_too_often(most: usize, ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..most {
        let answer = ask().await;
        if answer.status == 429 {
            return answer;
        }
    }
    panic!("{most} requests were answered");
}

#[tokio::test]
async fn a_token_that_asks_too_often_waits_and_the_others_do_not() {
    let host = limited(&["--requests-per-token", "2"]).await;
    let head = host.head().await;
    let anna = host.by("anna");
    let told = asked_too_often(100, || anna.get("/api/me")).await;
    assert_eq!(told.header("retry-after"), "1");
    let ru = anna.reading("ru").post(SESSIONS, with_ivan()).await.refused(429, "TooManyRequests");
    assert_eq!(ru["detail"], "Слишком много запросов подряд, повторите через 1 с");
    assert_eq!(ru["outcome"], "not-written");
    host.by("boris").get("/api/me").await.expect(200);
    host.nobody().get("/api/me").await.refused(401, "TokenMissing");
    assert_eq!(host.head().await, head);
    let began = Instant::now();
    while anna.get("/api/me").await.status == 429 {
        assert!(began.elapsed() < PATIENCE, "it is let in again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn strangers_that_ask_too_often_wait_and_who_is_known_at_the_same_address_does_not() {
    let host = limited(&["--requests-per-address", "2"]).await;
    let made_up = format!("sb_{}_{}", "0".repeat(32), "0".repeat(64));
    for stranger in [host.nobody(), host.with_token(&made_up)] {
        let told = asked_too_often(100, || stranger.get("/api/me")).await;
        assert_eq!(told.header("retry-after"), "1");
        told.refused(429, "TooManyRequests");
    }
    for _ in 0..50 {
        host.by("anna").get("/api/me").await.expect(200);
    }
}

#[tokio::test]
async fn no_rate_is_no_limit() {
    let host = limited(&["--requests-per-address", "0", "--requests-per-token", "0"]).await;
    for _ in 0..200 {
        host.nobody().get("/api/me").await.refused(401, "TokenMissing");
        host.by("anna").get("/api/me").await.expect(200);
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_one_that_ends_makes_room() {
    let host = limited(&["--connections-of-address-max", "4"]).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut connection = connect(&host).await;
        connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("it is sent");
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.expect("it is answered");
        assert_eq!(&answer, b"HTTP/1.1 200");
        held.push(connection);
    }
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(&host, request).await, "", "a fifth is closed");
    held.pop();
    let began = Instant::now();
    while !raw(&host, request).await.starts_with("HTTP/1.1 200") {
        assert!(began.elapsed() < PATIENCE, "there is room again");
    }
}

#[tokio::test]
async fn who_finds_no_place_waits_until_there_is_one() {
    let host = limited(&["--connections-max", "2", "--head-seconds-max", "3600"]).await;
    let held = [connect(&host).await, connect(&host).await];
    let waiting = raw(&host, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    tokio::pin!(waiting);
    let early = tokio::time::timeout(Duration::from_millis(500), &mut waiting).await;
    assert!(early.is_err(), "there is no place yet: {early:?}");
    drop(held);
    assert!(waiting.await.starts_with("HTTP/1.1 200"), "it was answered then");
}

#[tokio::test]
async fn slow_heads_are_closed_and_slow_bodies_told() {
    let host = limited(&["--head-seconds-max", "2", "--body-seconds-max", "2"]).await;
    let (head, token) = (host.head().await, host.tokens["anna"].clone());
    let began = Instant::now();
    let dripped = async |start: String| {
        let mut connection = connect(&host).await;
        connection.write_all(start.as_bytes()).await.expect("a beginning is sent");
        let (mut reading, mut writing) = connection.into_split();
        let dripping = tokio::spawn(async move {
            while writing.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut answer)).await;
        let _ = read.expect("the connection is closed in time");
        dripping.abort();
        String::from_utf8(answer).expect("an answer is text")
    };
    let slow_head = dripped("GET /healthz HTTP/1.1\r\nHost: ".to_owned()).await;
    assert_eq!(slow_head, "", "a head that drips has no answer");
    let slow_body = dripped(format!(
        "POST {SESSIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
    ));
    let slow_body = slow_body.await;
    assert!(slow_body.starts_with("HTTP/1.1 408 "), "{slow_body}");
    assert!(slow_body.contains("\"code\":\"BodyTooSlow\""), "{slow_body}");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(host.head().await, head);
}

/// A connection whose system holds little for it, so that who does not read is noticed soon.
async fn small_connection(host: &Host) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("the system has sockets");
    socket.set_recv_buffer_size(4 << 10).expect("a socket can be small");
    socket.connect(place(host)).await.expect("the host listens")
}

/// What a slow reader may cost: a page of events that are read, those that wait, and what the system holds.
const READER_BYTES_MAX: u64 = 2 << 20;

/// Octets of one long message, of which the slow readers' tests write many.
const LONG: usize = 32 << 10;

/// Writes long mails, so that what is read of them is more than the system holds for a connection.
async fn fill(host: &Host, messages: usize) -> String {
    let session = open(&host.by("anna"), session_with(MAIL, IVAN, MAIL_ADDRESS)).await;
    for _ in 0..messages {
        say(&host.by("anna"), &session, &"x".repeat(LONG)).await;
    }
    session
}

/// Readers that ask for something long, take one octet now and then, and are to be left.
async fn trickle(
    host: &Host,
    path: &str,
    token: &str,
    readers: usize,
) -> Vec<tokio::task::JoinHandle<usize>> {
    let mut trickling = Vec::new();
    for _ in 0..readers {
        let mut connection = small_connection(host).await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        connection.write_all(request.as_bytes()).await.expect("a request is sent");
        let mut status = [0; 12];
        connection.read_exact(&mut status).await.expect("an answer begins");
        assert_eq!(&status, b"HTTP/1.1 200");
        trickling.push(tokio::spawn(async move {
            let (mut octet, mut taken) = ([0; 1], 0);
            while let Ok(1) = connection.read(&mut octet).await {
                taken += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            taken
        }));
    }
    trickling
}

/// Waits for what has to happen.
async fn until(what: &str, mut is_there: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_there().await {
        assert!(began.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_feed_that_trickle_lose_their_places_while_the_memory_is_bounded() {
    let host = limited(&["--stall-seconds-max", "2", "--streams-of-token-max", "8"]).await;
    fill(&host, 200).await;
    let before = memory::resident(host.process_id());
    let token = host.tokens["administrator"].clone();
    let trickling = trickle(&host, "/api/events?after=0", &token, 8).await;
    let by = host.by("administrator");
    let status = async || {
        let stream = by.request(Method::GET, "/api/events").send().await.expect("the host answers");
        stream.status().as_u16()
    };
    assert_eq!(status().await, 429, "all places are taken");
    let mut most = before;
    // A place that is given back is one of those that trickled: nobody else had one.
    until("they are left", async || {
        most = most.max(memory::resident(host.process_id()));
        status().await == 200
    })
    .await;
    let grown = most.saturating_sub(before);
    println!("8 readers that trickle: {} KiB each", grown / 8 / 1_024);
    assert!(grown < 8 * READER_BYTES_MAX, "{grown} octets for 8 readers");
    trickling.into_iter().for_each(|reader| reader.abort());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_an_export_that_trickle_lose_their_places() {
    let host = limited(&["--stall-seconds-max", "2"]).await;
    fill(&host, 100).await;
    let token = host.tokens["administrator"].clone();
    let trickling = trickle(&host, "/api/audit/export", &token, 2).await;
    let by = host.by("administrator");
    by.get("/api/audit/verify").await.refused(503, "Busy");
    until("they are left", async || by.get("/api/audit/verify").await.status == 200).await;
    for reader in trickling {
        reader.abort();
    }
}

#[tokio::test]
async fn a_limit_that_is_none_is_refused_before_anything_is_opened() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let data = folder.path().join("data");
    for (flag, value) in [("--connections-max", "0"), ("--stall-seconds-max", "0"), ("--streams-max", "many")]
    {
        let mut command = program(&data, "127.0.0.1:0");
        let ended = command.args([flag, value]).stderr(std::process::Stdio::piped()).output().await;
        let ended = ended.expect("the program runs");
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{told}");
        assert!(told.contains(flag) && told.contains(value), "{told}");
    }
    assert!(!data.exists(), "nothing was made");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_told_before_it_is_read() {
    let host = Host::sample().await;
    let token = &host.tokens["anna"];
    let announced = format!(
        "POST {SESSIONS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000000000\r\nConnection: close\r\n\r\n"
    );
    let answer = raw(&host, announced.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let told: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
    assert_eq!(told["code"], "BodyTooLarge");
}
