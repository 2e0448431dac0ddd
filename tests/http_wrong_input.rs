//! Wrong input from every side, over every route: a clear problem, never a failure of the host's,
//! and nothing is changed. What single fields refuse is in `host_wrong_input`.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::time::Duration;

use host::{Answer, Host, IVAN, MAIL, ORDER, SUPPORT, id, session_with, with_ivan};
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requires a success that changes nothing, or a whole problem that is the asker's fault.
#[track_caller]
fn no_failure(answer: Answer, of: &str) {
    let (status, code) = (answer.status, answer.body["code"].as_str().map(str::to_owned));
    assert!(status < 500, "{of}: {}", answer.text);
    if status >= 400 {
        let code = code.unwrap_or_else(|| panic!("{of}: {status} {} is no problem", answer.text));
        answer.refused(status, &code);
    }
}

#[tokio::test]
async fn junk_on_every_route_is_the_askers_fault_and_changes_nothing() {
    let host = Host::sample().await;
    let head = host.head().await;
    let long = "a".repeat(5_000);
    let parts = [
        "x",
        "%00",
        "%FF%FE",
        "%0d%0aX:%20y",
        "..%2f..%2fetc",
        "%2E%2E",
        "%E2%80%AE",
        "'%20OR%201=1",
        "*",
        "-1",
        &long,
        &id(0xffff),
    ];
    let bodies: [&[u8]; 6] = [b"{}", b"null", b"[[]]", b"{\"text\":1}", b"\xff\xfe", b"{\"title\":"];
    for (method, path, has_body) in routes(&host).await {
        if path == "/api/events" || path == "/api/projections/rebuild" {
            continue; // One never ends, the other has nothing to refuse in `{}`.
        }
        for name in ["administrator", "anna"] {
            for part in parts {
                if path.ends_with("/events") && part == "%2E%2E" {
                    continue; // This is the path of the events that never end.
                }
                let (of, request) = (format!("{method} {}", filled(&path, part)), || {
                    host.by(name).request(method.clone(), &filled(&path, part))
                });
                if !has_body {
                    no_failure(Answer::of(request()).await, &of);
                    continue;
                }
                for body in bodies {
                    let sent = request().header("Content-Type", "application/json").body(body);
                    no_failure(Answer::of(sent).await, &of);
                }
            }
        }
    }
    assert_eq!(host.head().await, head, "nothing was written");
}

#[tokio::test]
async fn junk_behind_the_question_mark_is_refused_and_pages_keep_their_bounds() {
    let host = Host::sample().await;
    let (head, anna) = (host.head().await, host.by("anna"));
    let lists = [
        "/api/sessions?list=my&".to_owned(),
        line(SUPPORT, "/contacts?"),
        record("orders", ORDER, "/messages?"),
    ];
    for list in &lists {
        for bad in [
            "limit=-1",
            "limit=many",
            "limit=1.5",
            "limit=1e3",
            "limit=99999999999999999999",
            "limit=",
            "limit=1&limit=2",
            "unknown=1",
            "after=p1&after=p2",
        ] {
            anna.get(&format!("{list}{bad}")).await.refused(400, "BadQuery");
        }
        for cursor in ["", "p", "p-1", "p99999999999999999999", "k", "kzz", "k1", "%00", "%FF", "q1"] {
            let answer = anna.get(&format!("{list}after={cursor}")).await;
            assert!([400, 200].contains(&answer.status), "{cursor}: {}", answer.text);
            no_failure(answer, cursor);
        }
        for bounded in ["limit=0", "limit=1", "limit=200", "limit=1000000"] {
            let page = anna.get(&format!("{list}{bounded}")).await.expect(200);
            assert!(page["items"].as_array().is_some_and(|items| items.len() <= 200), "{page}");
        }
        let long = format!("{list}{}", "a=b&".repeat(1_000));
        anna.get(&long).await.refused(400, "BadQuery");
        let huge = format!("{list}{}", "a=b&".repeat(10_000));
        anna.get(&huge).await.refused(414, "UriTooLong");
    }
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_bad_last_event_id_is_refused_with_the_head() {
    let host = Host::sample().await;
    let head = host.head().await;
    for bad in ["", "x", "-1", "1.5", " ", "0x10", "18446744073709551616", &(head + 1).to_string()] {
        let request = host.by("anna").request(Method::GET, "/api/events?after=0");
        let answer = Answer::of(request.header("Last-Event-ID", bad)).await;
        assert_eq!(answer.refused(400, "BadPosition")["facts"], json!({ "head": head }), "{bad:?}");
    }
    for bad in ["after=x", "after=-1", "after=18446744073709551616", "before=1"] {
        host.by("anna").get(&format!("/api/events?{bad}")).await.refused(400, "BadQuery");
    }
}

#[tokio::test]
async fn json_that_says_too_much_or_nothing_sensible_is_refused() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let head = host.head().await;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let bodies = [
        ("twice", r#"{"text":"a","text":"b"}"#.to_owned()),
        ("unknown", r#"{"text":"a","operator":"me"}"#.to_owned()),
        ("unknown inside", r#"{"text":"a","card":{"app":"orders","element":null,"x":1}}"#.to_owned()),
        ("trailing", r#"{"text":"a"}{"text":"b"}"#.to_owned()),
        ("trailing comma", r#"{"text":"a",}"#.to_owned()),
        ("half a surrogate", r#"{"text":"\ud800"}"#.to_owned()),
        ("a byte order mark", "\u{feff}{\"text\":\"a\"}".to_owned()),
        ("not a number", r#"{"text":NaN}"#.to_owned()),
        ("a number", r#"{"text":1e999}"#.to_owned()),
        ("an object", r#"{"text":{"$gt":""}}"#.to_owned()),
        ("null", r#"{"text":null}"#.to_owned()),
        ("nothing", "{}".to_owned()),
        ("a text", r#""text""#.to_owned()),
        ("deep", deep("[", "]")),
        ("deep in place", format!(r#"{{"text":{}}}"#, deep("[", "]"))),
        ("deep objects", format!(r#"{{"card":{}1{}}}"#, r#"{"card":"#.repeat(50_000), "}".repeat(50_000))),
    ];
    for (what, body) in bodies {
        let request = host.by("anna").request(Method::POST, &of(&session, "/messages"));
        let request = request.header("Content-Type", "application/json").body(body);
        let problem = Answer::of(request).await;
        assert_eq!(problem.body["code"], "BadJson", "{what}: {}", problem.text);
        problem.refused(400, "BadJson");
    }
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn texts_that_are_blank_or_carry_controls_are_refused() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    for blank in ["", " ", "\u{a0}\u{2003}", "\n\t \r\n"] {
        let body = json!({ "text": blank });
        refused(&host, "anna", &of(&session, "/messages"), body, 422, "Blank").await;
    }
    for subject in ["a\r\nBcc: all@example.com", "a\nb", "a\rb", "a\u{0}b", "a\u{85}b"] {
        let body = with(session_with(MAIL, IVAN, MAIL_ADDRESS), json!({ "subject": subject }));
        let told = refused(&host, "anna", SESSIONS, body, 422, "BadSubject").await;
        assert_eq!(told.facts, json!({ "at": 1 }), "{subject:?}");
        let answer = host.by("anna").put(&of(&session, "/name"), json!({ "name": subject })).await;
        assert_eq!(answer.status, 422, "{subject:?}: {}", answer.text);
    }
    let title = json!({ "title": " " });
    refused(&host, "administrator", "/api/lines", title, 422, "Blank").await;
}

#[tokio::test]
async fn texts_over_the_limit_are_refused_with_the_limit() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let head = host.head().await;
    let (administrator, channel) = (host.by("administrator"), host.by("channel:whatsapp"));
    let long = |max: usize| "я".repeat(max / 2 + 1);
    let rename = host.by("anna").put(&of(&session, "/name"), json!({ "name": long(998) })).await;
    let template = administrator.put(&line(MAIL, "/name-template"), json!({ "template": long(2048) })).await;
    let title = administrator.post("/api/lines", json!({ "title": long(512) })).await;
    let name = administrator.post("/api/operators", json!({ "name": long(512) })).await;
    let field = json!({ "type": "text", "text": long(4096) });
    let field = administrator.put(&record("contacts", IVAN, "/fields/note"), field).await;
    let field_name = json!({ "title": "x", "fields": { long(128): { "type": "text", "text": "" } } });
    let field_name = administrator.post("/api/apps/contacts/elements", field_name).await;
    let path = format!("/api/channels/{}/messages", id(host::WHATSAPP));
    let inbound = json!({ "address": PHONE, "external_id": long(998), "text": "Привет" });
    let external_id = channel.post(&path, inbound).await;
    let answers = [
        ("name", 998, rename),
        ("template", 2048, template),
        ("title", 512, title),
        ("name", 512, name),
        ("field-value", 4096, field),
        ("field-name", 128, field_name),
        ("external-id", 998, external_id),
    ];
    for (input, max, answer) in answers {
        let facts = json!({ "input": input, "bytes": max + 2, "max": max });
        assert_eq!(answer.refused(422, "TooLong")["facts"], facts);
    }
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn what_is_no_http_is_refused_or_dropped_and_the_host_serves_on() {
    let host = Host::sample().await;
    let head = host.head().await;
    let token = &host.tokens["anna"];
    let (body, start) = (
        with_ivan().to_string(),
        format!(
            "POST /api/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n"
        ),
    );
    let wrong: Vec<Vec<u8>> = vec![
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\x00\x00\x00\x00\r\n\r\n".to_vec(),
        b"GARBAGE\r\n\r\n".to_vec(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(70_000)).into_bytes(),
        b"GET /api/me HTTP/9.9\r\n\r\n".to_vec(),
        b"GET /api/me HTTP/1.1\r\nHost x\r\n\r\n".to_vec(),
        format!("GET /api/me HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)).into_bytes(),
        format!("GET /api/me HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(5_000)).into_bytes(),
        format!("{start}Content-Length: -1\r\n\r\n{body}").into_bytes(),
        format!("{start}Content-Length: 5\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
        format!("{start}Transfer-Encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n").into_bytes(),
        format!("{start}Content-Length: 99999999999999999999\r\n\r\n{body}").into_bytes(),
    ];
    let address = host.address.trim_start_matches("http://");
    for octets in &wrong {
        let mut connection = TcpStream::connect(address).await.expect("the host listens");
        // It may be refused before it is sent whole.
        let _ = connection.write_all(octets).await;
        let _ = connection.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "the connection ends");
        let (answer, sent) = (String::from_utf8_lossy(&answer), String::from_utf8_lossy(&octets[..8]));
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{sent:?}: {answer}");
    }
    host.by("anna").get("/api/me").await.expect(200);
    assert_eq!(host.head().await, head, "nothing was written");
    assert!(list(&host.by("anna"), "my").await.is_empty());
    let _: Value = host.nobody().get("/healthz").await.expect(200);
}
