//! Who may ask what: every route wants a token, a reader never writes, nobody acts on a foreign line.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use host::{ANNA, Answer, BORIS, Host, ORDER, SUPPORT, id, with_ivan};
use http_desk::*;
use serde_json::json;

/// How long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn no_route_opens_without_a_token_but_those_for_who_watches() {
    let host = Host::sample().await;
    let head = host.head().await;
    for (method, path, _) in routes(&host).await {
        let path = filled(&path, &id(0xffff));
        let answer = Answer::of(host.nobody().request(method.clone(), &path).json(&json!({}))).await;
        if ["/healthz", "/metrics", "/api/openapi.json"].contains(&path.as_str()) {
            assert_eq!(answer.status, 200, "{path}");
            continue;
        }
        assert_eq!(answer.status, 401, "{method} {path}");
        answer.refused(401, "TokenMissing");
        let made_up = format!("sb_{}_{}", "0".repeat(32), "0".repeat(64));
        let by = host.with_token(&made_up);
        Answer::of(by.request(method, &path).json(&json!({}))).await.refused(401, "TokenUnknown");
    }
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_reader_writes_nothing_and_an_operator_nothing_on_another_line() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let role = line(SUPPORT, &format!("/members/{}/operator", id(BORIS)));
    host.by("administrator").delete(&role).await.expect(200);
    let head = host.head().await;
    for name in ["gleb", "boris"] {
        let by = host.by(name);
        by.post(SESSIONS, with_ivan()).await.refused(403, "NotOperatorOfLine");
        for (command, body) in [
            ("/messages", json!({ "text": "Добрый день" })),
            ("/take", json!({})),
            ("/assign", json!({ "operator": id(ANNA) })),
            ("/close", json!({})),
            ("/reopen", json!({})),
        ] {
            by.post(&of(&session, command), body).await.refused(403, "NotOperatorOfLine");
        }
        by.put(&of(&session, "/name"), json!({ "name": "Иначе" })).await.refused(403, "NotOperatorOfLine");
        let link = of(&session, &format!("/links/orders/{}", id(ORDER)));
        by.put(&link, json!({})).await.refused(403, "NotOperatorOfLine");
        by.delete(&link).await.refused(403, "NotOperatorOfLine");
        let contact = json!({ "title": "Новый", "line": id(SUPPORT) });
        by.post("/api/apps/contacts/elements", contact).await.refused(403, "NotOperatorOfLine");
    }
    host.by("gleb").get(&of(&session, "")).await.expect(200);
    let boris = host.by("boris");
    for rest in ["", "/transcript", "/earlier"] {
        boris.get(&of(&session, rest)).await.refused(403, "NotMemberOfLine");
    }
    for list in ["closed", "queue"] {
        let path = format!("/api/sessions?list={list}&line={}", id(SUPPORT));
        boris.get(&path).await.refused(403, "NotMemberOfLine");
    }
    let customer = format!("/api/customers/phone/{PHONE}/sessions");
    assert!(items(&boris, &customer).await.is_empty(), "another line's session is not shown");
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_token_opens_until_the_moment_that_it_expires() {
    let host = Host::sample().await;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let ends = chrono::DateTime::from_timestamp_micros(since.as_micros() as i64 + 3_000_000);
    let ends = ends.expect("a moment").to_rfc3339();
    let principal = json!({ "kind": "operator", "operator": id(ANNA) });
    let token = json!({ "principal": principal, "expires_at": ends });
    let issued = host.by("administrator").post("/api/tokens", token).await.expect(201);
    let by = host.with_token(&host::text(&issued["token"]));
    by.get("/api/me").await.expect(200);
    let began = Instant::now();
    let answer = loop {
        let answer = by.get("/api/me").await;
        if answer.status != 200 {
            break answer;
        }
        assert!(began.elapsed() < PATIENCE, "it opens still");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    answer.refused(401, "TokenExpired");
    assert!(began.elapsed() > Duration::from_secs(1), "it opened until then");
    let head = host.head().await;
    by.post(SESSIONS, with_ivan()).await.refused(401, "TokenExpired");
    assert_eq!(host.head().await, head);
}
