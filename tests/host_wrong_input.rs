//! Wrong input of every kind: a clear problem, and nothing is changed.

#[path = "support/host.rs"]
mod host;

use host::{Answer, Host, IVAN, MAIL, SUPPORT, id, session_with, with_ivan};
use reqwest::Method;
use serde_json::{Value, json};

/// The largest body that the host reads.
const BODY_BYTES_MAX: usize = 2 << 20;

#[tokio::test]
async fn who_has_no_good_token_is_told_why() {
    let host = Host::sample().await;
    let missing = host.nobody().get("/api/me").await;
    assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"switchboard\"");
    missing.refused(401, "TokenMissing");
    let anna = host.tokens["anna"].clone();
    let spoilt = format!("{}0", &anna[..anna.len() - 1]);
    let other = format!("{}1", &anna[..anna.len() - 1]);
    for token in ["x", "sb_", "sb_x_y", if spoilt == anna { &other } else { &spoilt }] {
        let answer = host.with_token(token).get("/api/me").await;
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{token}");
        answer.refused(401, "TokenUnknown");
    }
    let basic = host.nobody().request(Method::GET, "/api/me").header("Authorization", "Basic YTpi");
    Answer::of(basic).await.refused(401, "TokenMissing");
    // Who asks is looked at before what is asked.
    host.nobody().post("/api/sessions", json!("nonsense")).await.refused(401, "TokenMissing");
}

#[tokio::test]
async fn an_expired_token_and_a_revoked_one_open_no_more() {
    let host = Host::sample().await;
    let admin = host.by("administrator");
    let anna = json!({ "kind": "operator", "operator": id(host::ANNA) });
    let ended = json!({ "principal": anna, "expires_at": "2020-01-01T00:00:00Z" });
    let ended = admin.post("/api/tokens", ended).await.expect(201);
    let by = host.with_token(ended["token"].as_str().expect("a token"));
    by.get("/api/me").await.refused(401, "TokenExpired");
    let ru = by.reading("ru").get("/api/me").await.refused(401, "TokenExpired");
    assert_eq!(ru["detail"], "Срок токена истёк");

    let fresh = admin.post("/api/tokens", json!({ "principal": anna })).await.expect(201);
    let by = host.with_token(fresh["token"].as_str().expect("a token"));
    by.get("/api/me").await.expect(200);
    let path = format!("/api/tokens/{}", fresh["id"].as_str().expect("an id"));
    host.by("anna").delete(&path).await.refused(403, "AdministratorsOnly");
    admin.delete(&path).await.expect(200);
    by.get("/api/me").await.refused(401, "TokenUnknown");
    admin.delete(&path).await.refused(404, "TokenNotFound");
    let listed = admin.get("/api/tokens").await;
    assert!(!listed.text.contains("sb_"), "no secret is listed");
}

#[tokio::test]
async fn unsuitable_json_is_refused_with_its_place() {
    let host = Host::sample().await;
    let head = host.head().await;
    let contact = json!({ "app": "contacts", "element": id(IVAN) });
    let unsuitable = [
        ("", "EOF while parsing"),
        ("{", "EOF while parsing"),
        ("[]", "invalid length"),
        ("{\"line\":1}", "invalid type"),
        ("{\"line\":\"x\"}", "UUID"),
        ("{\"lines\":null}", "unknown field `lines`"),
        ("{\"line\":\"\u{0}\"}", "control character"),
    ];
    for (body, reason) in unsuitable {
        let request = host.by("anna").request(Method::POST, "/api/sessions");
        let request = request.header("Content-Type", "application/json").body(body);
        let problem = Answer::of(request).await.refused(400, "BadJson");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(reason)), "{problem}");
        assert!(problem["facts"]["line"].is_number() && problem["facts"]["column"].is_number(), "{problem}");
    }
    let not_utf8 = host.by("anna").request(Method::POST, "/api/sessions");
    let not_utf8 = not_utf8.header("Content-Type", "application/json").body(vec![b'"', 0xff, b'"']);
    Answer::of(not_utf8).await.refused(400, "BadJson");
    let bad_code = json!({ "line": id(SUPPORT), "contact": { "app": "Контакты", "element": id(IVAN) },
        "account": { "text": "+79161234567" } });
    host.by("anna").post("/api/sessions", bad_code).await.refused(400, "BadJson");
    let missing = json!({ "line": id(SUPPORT), "contact": contact });
    let missing = host.by("anna").post("/api/sessions", missing).await.refused(400, "BadJson");
    assert!(missing["detail"].as_str().is_some_and(|detail| detail.contains("missing field `account`")));
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn another_content_type_and_too_long_a_body_are_refused() {
    let host = Host::sample().await;
    let head = host.head().await;
    let request = host.by("anna").request(Method::POST, "/api/sessions");
    let plain = request.header("Content-Type", "text/plain").body(with_ivan().to_string());
    Answer::of(plain).await.refused(415, "UnsupportedMediaType");
    let none = host.by("anna").request(Method::POST, "/api/sessions").body(with_ivan().to_string());
    Answer::of(none).await.refused(415, "UnsupportedMediaType");
    let mut body = with_ivan();
    body["subject"] = Value::String("я".repeat(BODY_BYTES_MAX / 2));
    let long = host.by("anna").post("/api/sessions", body).await.refused(413, "BodyTooLarge");
    assert_eq!(long["facts"]["max"], BODY_BYTES_MAX);
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_customers_text_arrives_also_with_every_letter_escaped() {
    let host = Host::sample().await;
    let path = format!("/api/channels/{}/messages", id(host::WHATSAPP));
    let text = "\\u044f".repeat(1 << 19);
    assert!(text.len() > BODY_BYTES_MAX);
    let body = format!("{{\"address\":\"+79161234567\",\"external_id\":\"1\",\"text\":\"{text}\"}}");
    let by = host.by("channel:whatsapp").request(Method::POST, &path);
    let sent = Answer::of(by.header("Content-Type", "application/json").body(body)).await.expect(201);
    let session = sent["session"].as_str().expect("an id");
    let shown = host.by("anna").get(&format!("/api/sessions/{session}/transcript")).await;
    assert!(shown.text.contains("яяяя"), "it is kept as it was meant");
}

#[tokio::test]
async fn texts_beyond_their_limits_are_refused_with_the_limit() {
    let host = Host::sample().await;
    let session = host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let head = host.head().await;
    let path = format!("/api/sessions/{}/messages", session["session"].as_str().expect("an id"));
    let long = host.by("anna").post(&path, json!({ "text": "я".repeat(4097) })).await;
    assert_eq!(long.refused(422, "TextTooLong")["facts"], json!({ "chars": 4097, "max": 4096 }));
    host.by("anna").post(&path, json!({ "text": "  " })).await.refused(422, "Blank");
    let mut mail = session_with(MAIL, IVAN, "ivan.petrov@example.com");
    mail["subject"] = json!("a\r\nBcc: x");
    host.by("anna").post("/api/sessions", mail.clone()).await.refused(422, "BadSubject");
    mail["subject"] = json!("a".repeat(999));
    host.by("anna").post("/api/sessions", mail).await.refused(422, "SubjectTooLong");
    let title = json!({ "title": "я".repeat(300) });
    host.by("administrator").post("/api/lines", title).await.refused(422, "TooLong");
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn unknown_ids_routes_and_methods_are_told_apart() {
    let host = Host::sample().await;
    let (head, anna, nothing) = (host.head().await, host.by("anna"), id(0xffff));
    let mut body = with_ivan();
    body["line"] = json!(nothing);
    anna.post("/api/sessions", body).await.refused(404, "LineNotFound");
    let unknown_contact = session_with(SUPPORT, 0xffff, "+79161234567");
    anna.post("/api/sessions", unknown_contact).await.refused(404, "ElementNotFound");
    let on_no_line = json!({ "title": "Пётр", "fields": {}, "line": nothing });
    anna.post("/api/apps/contacts/elements", on_no_line).await.refused(404, "LineNotFound");
    anna.get(&format!("/api/sessions/{nothing}")).await.refused(404, "SessionNotFound");
    let take = format!("/api/sessions/{nothing}/take");
    anna.post(&take, json!({})).await.refused(404, "SessionNotFound");
    anna.get(&format!("/api/lines/{nothing}")).await.refused(404, "LineNotFound");
    anna.get(&format!("/api/operators/{nothing}")).await.refused(404, "OperatorNotFound");
    anna.get(&format!("/api/apps/orders/elements/{nothing}")).await.refused(404, "ElementNotFound");
    anna.get("/api/apps/nothing/elements").await.refused(404, "AppNotFound");
    anna.get("/api/nothing").await.refused(404, "RouteNotFound");
    host.nobody().get("/nothing").await.refused(404, "RouteNotFound");
    let wrong = anna.delete("/api/sessions").await;
    assert!(wrong.header("allow").contains("POST"), "{:?}", wrong.headers);
    wrong.refused(405, "MethodNotAllowed");
    anna.get("/api/lines/x").await.refused(400, "BadPath");
    anna.get("/api/apps/%D0%9A/elements").await.refused(400, "BadPath");
    anna.get("/api/sessions").await.refused(400, "BadQuery");
    anna.get("/api/sessions?list=mine").await.refused(400, "BadQuery");
    anna.get("/api/sessions?list=my&lines=1").await.refused(400, "BadQuery");
    anna.get("/api/sessions?list=my&after=zzz").await.refused(400, "BadCursor");
    anna.get("/api/lines?after=p1&limit=1").await.expect(200);
    host.by("administrator").get("/api/lines?after=p1").await.refused(400, "BadCursor");
    anna.get("/api/events?after=999999").await.refused(400, "BadPosition");
    anna.get("/api/customers/phone/89161234567/sessions").await.refused(422, "BadAddress");
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn a_bad_idempotency_key_is_refused() {
    let host = Host::sample().await;
    let head = host.head().await;
    for key in ["", "two words", &"k".repeat(201)] {
        let by = host.by("anna").key(key);
        by.post("/api/sessions", with_ivan()).await.refused(400, "BadIdempotencyKey");
    }
    let twice = host.by("anna").key("1").request(Method::POST, "/api/sessions");
    let twice = twice.header("Idempotency-Key", "2").json(&with_ivan());
    Answer::of(twice).await.refused(400, "BadIdempotencyKey");
    assert_eq!(host.head().await, head);
}

#[tokio::test]
async fn the_wrong_role_is_refused() {
    let host = Host::sample().await;
    let line = format!("/api/lines/{}", id(SUPPORT));
    let session = host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let session = format!("/api/sessions/{}", session["session"].as_str().expect("an id"));
    let head = host.head().await;
    for person in ["anna", "vera", "gleb", "channel:whatsapp", "process:order-ready"] {
        let by = host.by(person);
        by.patch(&line, json!({ "title": "Моя" })).await.refused(403, "AdministratorsOnly");
        by.post("/api/projections/rebuild", json!({})).await.refused(403, "AdministratorsOnly");
        by.get("/api/tokens").await.refused(403, "AdministratorsOnly");
        let licence = json!({ "active": true });
        by.put("/api/workspace/service-licence", licence).await.refused(403, "AdministratorsOnly");
    }
    for outside in ["channel:whatsapp", "process:order-ready"] {
        host.by(outside).get(&session).await.refused(403, "PrincipalNotAllowed");
        host.by(outside).get("/api/lines").await.refused(403, "PrincipalNotAllowed");
        host.by(outside).get("/api/operators").await.refused(403, "PrincipalNotAllowed");
    }
    host.by("gleb").post(&format!("{session}/close"), json!({})).await.refused(403, "NotOperatorOfLine");
    host.by("anna").get("/api/sessions?list=active").await.expect(200);
    let active = format!("/api/sessions?list=active&line={}", id(SUPPORT));
    host.by("anna").get(&active).await.refused(403, "SupervisorsOnly");
    host.by("vera").get(&active).await.expect(200);
    let other = format!("/api/channels/{}/messages", id(host::VK));
    let message = json!({ "address": "1", "external_id": "1", "text": "Привет" });
    host.by("channel:whatsapp").post(&other, message).await.refused(403, "PrincipalNotAllowed");
    assert_eq!(host.head().await, head);
}
