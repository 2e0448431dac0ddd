//! Commands over HTTP: created once, repeated without doubling, refused with reasons.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{ANNA, Host, IVAN, MAIL, MARIA, MESSENGERS, SUPPORT, id, session_with, text, with_ivan};
use serde_json::json;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_session_is_created_for_who_asks_and_stands_where_the_answer_says() {
    let host = Host::sample().await;
    let answer = host.by("anna").post("/api/sessions", with_ivan()).await;
    let location = answer.header("location").to_owned();
    let receipt = answer.expect(201);
    assert_eq!(location, format!("/api/sessions/{}", text(&receipt["session"])));
    let session = host.by("anna").get(&location).await.expect(200);
    assert_eq!(session["operator"], id(ANNA));
    assert_eq!(session["status"], "assigned");
    assert_eq!(session["account"], json!({ "kind": "phone", "address": "+79161234567" }));
    assert_eq!(session["customer_name"], "Иван Петров");
}

#[tokio::test]
async fn the_same_key_gives_the_same_receipt_and_another_content_is_refused() {
    let host = Host::sample().await;
    for key in ["double-click", "6b0f6c2e-8f5e-4a55-9d6e-0f6f3f1d2c11"] {
        let by = host.by("anna").key(key);
        let body = session_with(MAIL, IVAN, "ivan.petrov@example.com");
        let receipt = by.post("/api/sessions", body.clone()).await.expect(201);
        let head = host.head().await;
        assert_eq!(by.post("/api/sessions", body).await.expect(201), receipt);
        let other = with_ivan();
        by.post("/api/sessions", other).await.refused(409, "CommandIdReused");
        assert_eq!(host.head().await, head, "a repetition writes nothing");
    }
    let session = text(&host.by("boris").post("/api/sessions", with_ivan()).await.expect(201)["session"]);
    let path = format!("/api/sessions/{session}/messages");
    let by = host.by("boris").key("one-message");
    let sent = by.post(&path, json!({ "text": "Добрый день!" })).await.expect(201);
    assert_eq!(by.post(&path, json!({ "text": "Добрый день!" })).await.expect(201), sent);
    by.post(&path, json!({ "text": "Добрый вечер!" })).await.refused(409, "CommandIdReused");
    let transcript = host.by("gleb").get(&format!("/api/sessions/{session}/transcript")).await.expect(200);
    let items = transcript["items"].as_array().expect("a page");
    assert_eq!(items.iter().filter(|entry| entry["item"]["kind"] == "message").count(), 1, "{transcript}");
}

#[tokio::test]
async fn a_key_of_one_person_is_not_the_key_of_another() {
    let host = Host::sample().await;
    let body = session_with(MAIL, IVAN, "ivan.petrov@example.com");
    let annas = host.by("anna").key("1").post("/api/sessions", body.clone()).await.expect(201);
    let boriss = host.by("boris").key("1").post("/api/sessions", body).await.expect(201);
    assert_ne!(annas["session"], boriss["session"]);
}

#[tokio::test]
async fn a_refusal_names_the_open_session_and_its_holder_in_both_languages() {
    let host = Host::sample().await;
    let open = text(&host.by("anna").post("/api/sessions", with_ivan()).await.expect(201)["session"]);
    let head = host.head().await;
    let boris = host.by("boris");
    let ru = boris.reading("ru-RU,ru;q=0.9").post("/api/sessions", with_ivan()).await;
    assert_eq!(ru.header("content-language"), "ru");
    let ru = ru.refused(409, "OpenSessionExists");
    let en = boris.reading("en").post("/api/sessions", with_ivan()).await.refused(409, "OpenSessionExists");
    assert_eq!(text(&ru["detail"]), format!("С клиентом уже открыта сессия {open}, оператор: Анна"));
    assert_eq!(text(&en["detail"]), format!("session {open} with this customer is open, Анна has it"));
    let facts = json!({ "session": open, "holder": id(ANNA), "holder_name": "Анна" });
    assert_eq!((&ru["facts"], &en["facts"]), (&facts, &facts));
    assert_eq!(ru["outcome"], "not-written");
    assert_eq!(host.head().await, head, "a refusal writes nothing");
}

#[tokio::test]
async fn the_rules_of_channels_speak_through_the_problems() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let bad = anna.post("/api/sessions", session_with(SUPPORT, MARIA, "89161234567")).await;
    let bad = bad.refused(422, "BadAddress");
    assert_eq!(bad["facts"]["suggestion"], "+79161234567");
    assert_eq!(bad["facts"]["expected"], "phone-e164");
    let phone_on_mail = anna.post("/api/sessions", session_with(MAIL, IVAN, "+79161234567")).await;
    let phone_on_mail = phone_on_mail.refused(422, "AccountKindMismatch");
    assert_eq!(phone_on_mail["facts"], json!({ "kind": "phone", "channels": ["email"] }));
    let viber = anna.post("/api/sessions", session_with(MESSENGERS, IVAN, "viber-ivan==")).await;
    viber.refused(422, "ChannelForbidsOperatorCreate");
    let bot = session_with(host::TELEGRAM_BOT, IVAN, "100500");
    anna.post("/api/sessions", bot).await.refused(422, "NeverContacted");
    host.by("vera").post("/api/sessions", with_ivan()).await.refused(403, "NotOperatorOfLine");
    host.by("administrator").post("/api/sessions", with_ivan()).await.refused(403, "PrincipalNotAllowed");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_loses_nothing_and_doubles_nothing() {
    let host = Host::sample().await;
    let address = host.address.trim_start_matches("http://").to_owned();
    let token = host.tokens["anna"].clone();
    for round in 0..20 {
        let body = session_with(MAIL, IVAN, "ivan.petrov@example.com").to_string();
        let (head, length) = (format!("Bearer {token}"), body.len());
        let request = format!(
            "POST /api/sessions HTTP/1.1\r\nHost: switchboard\r\nAuthorization: {head}\r\n\
             Idempotency-Key: leave-{round}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        let mut connection = tokio::net::TcpStream::connect(&address).await.expect("the host listens");
        // Every other time the request is cut short as well.
        let cut = if round % 2 == 0 { request.len() } else { request.len() - 10 };
        connection.write_all(&request.as_bytes()[..cut]).await.expect("the request is sent");
        drop(connection);
        let by = host.by("anna").key(&format!("leave-{round}"));
        let body = session_with(MAIL, IVAN, "ivan.petrov@example.com");
        let first = by.post("/api/sessions", body.clone()).await.expect(201);
        assert_eq!(by.post("/api/sessions", body).await.expect(201), first);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mine = host.by("anna").get("/api/sessions?list=my&limit=200").await.expect(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(20), "each key made one session");
}

#[tokio::test]
async fn of_many_creations_at_once_one_succeeds_and_the_others_name_it() {
    let host = Host::sample().await;
    let mut created = Vec::new();
    let mut named = Vec::new();
    let requests = (0..64).map(|at| {
        let by = host.by(if at % 2 == 0 { "anna" } else { "boris" });
        by.request(reqwest::Method::POST, "/api/sessions").json(&with_ivan())
    });
    let running: Vec<_> = requests.map(|request| tokio::spawn(host::Answer::of(request))).collect();
    for answer in running {
        let answer = answer.await.expect("no request panics");
        match answer.status {
            201 => created.push(text(&answer.body["session"])),
            _ => named.push(text(&answer.refused(409, "OpenSessionExists")["facts"]["session"])),
        }
    }
    assert_eq!((created.len(), named.len()), (1, 63));
    assert!(named.iter().all(|session| *session == created[0]), "each names the one");
}
