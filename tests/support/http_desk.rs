//! The desk of the sample over HTTP: what its people do and see, in a word each.
//!
//! Knows the API's paths; must not know the library.

#![allow(dead_code)] // Each test program uses a part of it.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::host::{Host, Person, id, text};

pub const SESSIONS: &str = "/api/sessions";
pub const PHONE: &str = "+79161234567";
pub const MAIL_ADDRESS: &str = "ivan.petrov@example.com";
pub const BOT_USER: &str = "100500";

/// The path of a session, with what follows.
pub fn of(session: &str, rest: &str) -> String {
    format!("{SESSIONS}/{session}{rest}")
}

/// The path of a line of the sample, with what follows.
pub fn line(number: u128, rest: &str) -> String {
    format!("/api/lines/{}{rest}", id(number))
}

/// The path of a record of the sample, with what follows.
pub fn record(app: &str, number: u128, rest: &str) -> String {
    format!("/api/apps/{app}/elements/{}{rest}", id(number))
}

/// A body with some of its members given.
pub fn with(mut body: Value, members: Value) -> Value {
    let given = members.as_object().expect("members are an object").clone();
    body.as_object_mut().expect("a body is an object").extend(given);
    body
}

/// An element as a body names it.
pub fn element(app: &str, number: u128) -> Value {
    json!({ "app": app, "element": id(number) })
}

/// Creates a session, and gives its id.
pub async fn open(by: &Person<'_>, body: Value) -> String {
    text(&by.post(SESSIONS, body).await.expect(201)["session"])
}

/// Writes to the customer.
pub async fn say(by: &Person<'_>, session: &str, words: &str) {
    by.post(&of(session, "/messages"), json!({ "text": words })).await.expect(201);
}

/// Does with a session what needs no body: `take`, `close`, `reopen`.
pub async fn act(by: &Person<'_>, session: &str, what: &str) {
    by.post(&of(session, &format!("/{what}")), json!({})).await.expect(200);
}

/// A session as somebody sees it.
pub async fn seen(by: &Person<'_>, session: &str) -> Value {
    by.get(&of(session, "")).await.expect(200)
}

/// The items of the first page of a list.
pub async fn items(by: &Person<'_>, path: &str) -> Vec<Value> {
    let page = by.get(path).await.expect(200);
    page["items"].as_array().unwrap_or_else(|| panic!("{page} is no page")).clone()
}

/// The items of every page of a list.
pub async fn all_items(by: &Person<'_>, path: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), format!("{path}limit=200"));
    loop {
        let page = by.get(&next).await.expect(200);
        all.extend(page["items"].as_array().expect("a page").iter().cloned());
        match page["next"].as_str() {
            Some(after) => next = format!("{path}limit=200&after={after}"),
            None => return all,
        }
    }
}

/// The sessions of a list.
pub async fn list(by: &Person<'_>, of: &str) -> Vec<String> {
    sessions(&items(by, &format!("{SESSIONS}?list={of}")).await)
}

/// The ids of sessions.
pub fn sessions(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["session"])).collect()
}

/// The texts of messages, in the order of the list.
pub fn texts(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["text"])).collect()
}

/// What happened in a session, oldest first.
pub async fn transcript(by: &Person<'_>, session: &str) -> Vec<Value> {
    let entries = items(by, &of(session, "/transcript?order=oldest-first&limit=200")).await;
    entries.into_iter().map(|entry| entry["item"].clone()).collect()
}

/// The texts of a session, oldest first.
pub async fn said(by: &Person<'_>, session: &str) -> Vec<String> {
    let items = transcript(by, session).await.into_iter();
    let messages = items.filter(|item| item["kind"] == "message");
    messages.map(|item| text(&item["message"]["text"])).collect()
}

/// A customer writes to a channel, which hands the message in; gives its session.
pub async fn customer_writes(host: &Host, channel: (&str, u128), from: &str, words: &str) -> String {
    let (name, number) = channel;
    let body = json!({ "address": from, "external_id": format!("{words} {from}"), "text": words });
    let path = format!("/api/channels/{}/messages", id(number));
    text(&host.by(&format!("channel:{name}")).post(&path, body).await.expect(201)["session"])
}

/// Switches the service licence.
pub async fn licence(host: &Host, active: bool) {
    let path = "/api/workspace/service-licence";
    host.by("administrator").put(path, json!({ "active": active })).await.expect(200);
}

/// Somebody comes or goes.
pub async fn presence(host: &Host, name: &str, number: u128, online: bool) {
    let path = format!("/api/operators/{}/presence", id(number));
    host.by(name).put(&path, json!({ "online": online })).await.expect(200);
}

/// A refusal, in both languages.
#[derive(Debug)]
pub struct Refusal {
    pub facts: Value,
    pub ru: String,
    pub en: String,
}

/// Posts what is refused by a rule, as a Russian and as an English reader: nothing is written, and
/// both are told the same code and facts.
pub async fn refused(host: &Host, name: &str, path: &str, body: Value, status: u16, code: &str) -> Refusal {
    let head = host.head().await;
    let by = host.by(name);
    let (ru, en) = (by.reading("ru").post(path, body.clone()).await, by.post(path, body).await);
    let languages = [&ru, &en].map(|answer| answer.header("content-language").to_owned());
    let (ru, en) = (ru.refused(status, code), en.refused(status, code));
    assert_eq!(languages, ["ru", "en"]);
    assert_eq!((&ru["facts"], &ru["outcome"]), (&en["facts"], &en["outcome"]));
    assert_eq!(ru["outcome"], "not-written");
    assert_eq!(host.head().await, head, "a refusal leaves nothing");
    let refusal = Refusal { facts: ru["facts"].clone(), ru: text(&ru["detail"]), en: text(&en["detail"]) };
    assert!(refusal.ru.contains(|letter| ('а'..='я').contains(&letter)), "{refusal:?}");
    assert_ne!(refusal.ru, refusal.en);
    refusal
}

/// A request that may get no answer, when the host is killed under it: `None` then.
pub async fn perhaps(request: RequestBuilder) -> Option<(u16, Value)> {
    let response = request.timeout(Duration::from_secs(60)).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, response.json().await.ok()?))
}

/// What makes a contact with a number.
pub fn contact_request(by: &Person<'_>, contact: Uuid, phone: &str) -> RequestBuilder {
    let fields = json!({ "phone": { "type": "account", "kind": "phone", "text": phone } });
    let body = json!({ "id": contact, "title": format!("Клиент {phone}"), "fields": fields });
    by.request(Method::POST, "/api/apps/contacts/elements").json(&body)
}

/// Every route of the document: its method, its path with variables, and whether it has a body.
pub async fn routes(host: &Host) -> Vec<(Method, String, bool)> {
    let document = host.nobody().get("/api/openapi.json").await.expect(200);
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, route) in methods.as_object().expect("methods") {
            let known = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            routes.push((known, path.clone(), route["requestBody"].is_object()));
        }
    }
    assert!(routes.len() > 50, "the document has every route");
    routes
}

/// A path with the same thing for each variable.
pub fn filled(path: &str, with: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { with } else { part });
    parts.collect::<Vec<_>>().join("/")
}
