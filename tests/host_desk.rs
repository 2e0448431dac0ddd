//! A day at the desk over HTTP: each route is used at least once, and the lists show what was done.

#[path = "support/host.rs"]
mod host;

use host::{BORIS, GLEB, Host, IVAN, MAIL, ORDER, SUPPORT, WHATSAPP, id, text, with_ivan};
use serde_json::{Value, json};

/// What stands on a page.
#[track_caller]
fn items(page: &Value) -> Vec<Value> {
    page["items"].as_array().unwrap_or_else(|| panic!("{page} is no page")).clone()
}

#[tokio::test]
async fn a_session_lives_from_its_creation_to_its_second_close() {
    let host = Host::sample().await;
    let (anna, boris, vera) = (host.by("anna"), host.by("boris"), host.by("vera"));
    let session = text(&anna.post("/api/sessions", with_ivan()).await.expect(201)["session"]);
    let path = format!("/api/sessions/{session}");
    let sent = anna.post(&format!("{path}/messages"), json!({ "text": "Добрый день!" })).await.expect(201);
    let channel = format!("/api/channels/{}", id(WHATSAPP));
    let report = json!({ "session": session, "message": sent["message"], "report": { "state": "read" } });
    host.by("channel:whatsapp").post(&format!("{channel}/deliveries"), report).await.expect(200);
    anna.put(&format!("{path}/name"), json!({ "name": "Про заказ" })).await.expect(200);
    let link = format!("{path}/links/orders/{}", id(ORDER));
    anna.put(&link, json!({})).await.expect(200);
    vera.post(&format!("{path}/assign"), json!({ "operator": id(BORIS) })).await.expect(200);
    anna.post(&format!("{path}/close"), json!({})).await.refused(409, "NotAssignee");
    boris.post(&format!("{path}/close"), json!({})).await.expect(200);
    boris.post(&format!("{path}/messages"), json!({ "text": "?" })).await.refused(409, "SessionClosed");
    anna.post(&format!("{path}/reopen"), json!({})).await.expect(200);
    anna.delete(&link).await.expect(200);
    anna.post(&format!("{path}/close"), json!({})).await.expect(200);
    let shown = anna.get(&path).await.expect(200);
    assert_eq!((&shown["status"], &shown["cycles"]), (&json!("closed"), &json!(2)));
    assert_eq!((&shown["name"], &shown["links"]), (&json!("Про заказ"), &json!([])));
    let transcript = anna.get(&format!("{path}/transcript?order=oldest-first")).await.expect(200);
    let kinds: Vec<_> = items(&transcript).iter().map(|entry| text(&entry["item"]["kind"])).collect();
    let expected = ["created", "assigned", "message", "renamed", "linked", "assigned", "closed", "reopened"];
    assert_eq!(kinds[..8], expected);
    assert_eq!(items(&transcript)[2]["item"]["message"]["delivery"], json!({ "state": "read" }));
    let mine = anna.get("/api/sessions?list=my-closed").await.expect(200);
    assert_eq!(text(&items(&mine)[0]["session"]), session);
    let next = text(&anna.post("/api/sessions", with_ivan()).await.expect(201)["session"]);
    let next_shown = anna.get(&format!("/api/sessions/{next}")).await.expect(200);
    assert_eq!(next_shown["continues"], session);
    let earlier = anna.get(&format!("/api/sessions/{next}/earlier")).await.expect(200);
    assert_eq!(items(&earlier)[0]["text"], "Добрый день!");
}

#[tokio::test]
async fn a_customer_who_writes_waits_in_the_queue_until_somebody_takes() {
    let host = Host::sample().await;
    let inbound = format!("/api/channels/{}/messages", id(WHATSAPP));
    let message = json!({ "address": "+79161234567", "external_id": "1", "text": "Где мой заказ?" });
    let channel = host.by("channel:whatsapp");
    let first = channel.post(&inbound, message.clone()).await.expect(201);
    assert_eq!(channel.post(&inbound, message).await.expect(201)["message"], first["message"]);
    let queue = format!("/api/sessions?list=queue&line={}", id(SUPPORT));
    let waiting = items(&host.by("gleb").get(&queue).await.expect(200));
    assert_eq!((waiting.len(), &waiting[0]["session"]), (1, &first["session"]));
    let path = format!("/api/sessions/{}", text(&first["session"]));
    host.by("anna").post(&format!("{path}/take"), json!({})).await.expect(200);
    assert!(items(&host.by("gleb").get(&queue).await.expect(200)).is_empty());
    let active = items(&host.by("vera").get("/api/sessions?list=active").await.expect(200));
    assert_eq!(active[0]["session"], first["session"]);
    let account = "/api/customers/phone/%2B79161234567";
    assert_eq!(items(&host.by("gleb").get(&format!("{account}/sessions")).await.expect(200)).len(), 1);
    let messages = items(&host.by("gleb").get(&format!("{account}/messages")).await.expect(200));
    assert_eq!((messages.len(), &messages[0]["text"]), (1, &json!("Где мой заказ?")));
}

#[tokio::test]
async fn the_card_shows_its_correspondence_while_the_widget_stands() {
    let host = Host::sample().await;
    let card = format!("/api/apps/orders/elements/{}", id(ORDER));
    let mut body = with_ivan();
    body["card"] = json!({ "app": "orders", "element": id(ORDER) });
    let anna = host.by("anna");
    let lines = anna.get(&format!("/api/choices/lines?app=orders&element={}", id(ORDER))).await.expect(200);
    let open: Vec<_> = items(&lines).into_iter().filter(|line| line["refusals"] == json!([])).collect();
    assert_eq!((open.len(), &open[0]["title"]), (1, &json!("Служба поддержки")));
    let session = text(&anna.post("/api/sessions", body.clone()).await.expect(201)["session"]);
    let answer = json!({ "text": "Заказ готов", "card": body["card"] });
    anna.post(&format!("/api/sessions/{session}/messages"), answer).await.expect(201);
    let shown = items(&anna.get(&format!("{card}/sessions")).await.expect(200));
    assert_eq!((shown.len(), &shown[0]["session"]), (1, &json!(session)));
    assert!(items(&anna.get(&format!("{card}/sessions?archive=true")).await.expect(200)).is_empty());
    assert_eq!(items(&anna.get(&format!("{card}/messages")).await.expect(200))[0]["text"], "Заказ готов");
    let widget = format!("/api/lines/{}/apps/orders/widget", id(SUPPORT));
    host.by("administrator").delete(&widget).await.expect(200);
    anna.get(&format!("{card}/messages")).await.refused(422, "WidgetNotPlaced");
    anna.get(&format!("{card}/sessions")).await.refused(422, "WidgetNotPlaced");
    anna.post("/api/sessions", body).await.refused(422, "WidgetNotPlaced");
    host.by("administrator").put(&widget, json!({})).await.expect(200);
    assert_eq!(items(&anna.get(&format!("{card}/messages")).await.expect(200)).len(), 1);
}

#[tokio::test]
async fn the_dialog_offers_what_the_rules_allow_and_says_why_not_the_rest() {
    let host = Host::sample().await;
    let anna = host.by("anna").reading("ru");
    let query = format!("app=contacts&element={}", id(IVAN));
    let choices = anna.get(&format!("/api/lines/{}/choices?{query}", id(MAIL))).await.expect(200);
    let open: Vec<_> = items(&choices).into_iter().filter(|choice| choice["refusals"] == json!([])).collect();
    assert_eq!((open.len(), &open[0]["field"], &open[0]["subject"]), (1, &json!("email"), &json!(true)));
    let draft = json!({ "line": id(MAIL), "contact": { "app": "contacts", "element": id(IVAN) },
        "account": { "text": "+79161234567" } });
    let verdict = anna.post("/api/sessions/dry-run", draft).await.expect(200);
    assert_eq!(verdict["allowed"], false);
    assert_eq!(verdict["refusals"][0]["code"], "AccountKindMismatch");
    let verdict = anna.post("/api/sessions/dry-run", json!({ "line": id(MAIL) })).await.expect(200);
    assert_eq!(verdict, json!({ "allowed": true, "refusals": [] }));
    let new = json!({ "line": id(SUPPORT), "title": "Пётр", "fields": {
        "phone": { "type": "account", "kind": "phone", "text": "+79161234568" } } });
    let made = anna.post("/api/apps/contacts/elements", new.clone()).await.expect(201);
    let element = format!("/api/apps/contacts/elements/{}", text(&made["id"]));
    assert_eq!(anna.get(&element).await.expect(200)["fields"], new["fields"]);
    let of_line = format!("?line={}", id(SUPPORT));
    anna.patch(&format!("{element}{of_line}"), json!({ "title": "Пётр Иванов" })).await.expect(200);
    let field = format!("{element}/fields/note{of_line}");
    anna.put(&field, json!({ "type": "text", "text": "ВИП" })).await.expect(200);
    anna.delete(&field).await.expect(200);
    let found = format!("/api/lines/{}/contacts?text=%D0%B8%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2", id(SUPPORT));
    assert_eq!(items(&anna.get(&found).await.expect(200))[0]["title"], "Пётр Иванов");
    assert_eq!(items(&anna.get("/api/apps/contacts/elements?limit=1").await.expect(200)).len(), 1);
    host.by("gleb").post("/api/apps/contacts/elements", new).await.refused(403, "NotOperatorOfLine");
}

#[tokio::test]
async fn presence_counts_while_the_licence_is_active() {
    let host = Host::sample().await;
    let (admin, anna) = (host.by("administrator"), host.by("anna"));
    let presence = format!("/api/operators/{}/presence", id(host::ANNA));
    anna.put(&presence, json!({ "online": true })).await.refused(409, "LicenceInactive");
    admin.put("/api/workspace/service-licence", json!({ "active": true })).await.expect(200);
    anna.post("/api/sessions", with_ivan()).await.refused(409, "OperatorOffline");
    anna.put(&presence, json!({ "online": true })).await.expect(200);
    assert_eq!(anna.get("/api/me").await.expect(200)["operator"]["online"], true);
    anna.post("/api/sessions", with_ivan()).await.expect(201);
    host.by("boris").put(&presence, json!({ "online": false })).await.refused(403, "PrincipalNotAllowed");
}

#[tokio::test]
async fn a_process_writes_without_an_operator_while_it_is_permitted() {
    let host = Host::sample().await;
    let message = json!({ "line": id(MAIL), "contact": { "app": "contacts", "element": id(IVAN) },
        "account": { "text": "ivan.petrov@example.com" }, "subject": "Заказ № 17", "text": "Готов" });
    let (path, process) = ("/api/processes/order-ready/messages", host.by("process:order-ready").key("17"));
    let sent = process.post(path, message.clone()).await.expect(201);
    assert_eq!(process.post(path, message.clone()).await.expect(201), sent);
    let shown = host.by("anna").get(&format!("/api/sessions/{}", text(&sent["session"]))).await.expect(200);
    assert_eq!((&shown["status"], &shown["name"]), (&json!("waiting"), &json!("Заказ № 17")));
    host.by("anna").post(path, message.clone()).await.refused(403, "PrincipalNotAllowed");
    host.by("administrator").delete("/api/processes/order-ready").await.expect(200);
    process.key("18").post(path, message.clone()).await.refused(403, "ProcessNotPermitted");
    let title = json!({ "title": "Заказ готов" });
    host.by("administrator").put("/api/processes/order-ready", title).await.expect(200);
    process.key("18").post(path, message).await.expect(201);
}

#[tokio::test]
async fn an_administrator_sets_up_a_line_from_nothing() {
    let host = Host::sample().await;
    let admin = host.by("administrator");
    admin.post("/api/apps", json!({ "app": "deals", "title": "Сделки" })).await.expect(201);
    let darya = admin.post("/api/operators", json!({ "name": "Даша" })).await;
    let operator = darya.header("location").to_owned();
    let darya = text(&darya.expect(201)["id"]);
    admin.patch(&operator, json!({ "name": "Дарья" })).await.expect(200);
    assert_eq!(admin.get(&operator).await.expect(200)["name"], "Дарья");
    let line = admin.post("/api/lines", json!({ "title": "Продажи" })).await;
    let path = line.header("location").to_owned();
    line.expect(201);
    let custom = json!({ "kind": "max", "title": "MAX", "policy": { "operator_create": "always",
        "parallel_open": "one", "account": "opaque", "field_types": { "account": true, "email": false },
        "subject": "none", "initiated": true, "text_chars_max": 4000 } });
    let channels = format!("{path}/channels");
    let channel = text(&admin.post(&channels, custom.clone()).await.expect(201)["id"]);
    let mut narrower = custom["policy"].clone();
    narrower["text_chars_max"] = json!(1000);
    admin.put(&format!("{channels}/{channel}/policy"), narrower).await.expect(200);
    let no_policy = json!({ "kind": "max", "title": "MAX" });
    admin.post(&channels, no_policy).await.refused(422, "PolicyMissing");
    let rules = json!({ "supervisors_create": true, "reopen_within_seconds": 3600 });
    admin.put(&format!("{path}/rules"), rules.clone()).await.expect(200);
    let template = json!({ "template": "{{ customer }} — {{ line }}" });
    admin.put(&format!("{path}/name-template"), template.clone()).await.expect(200);
    let broken = json!({ "template": "{{ customer" });
    admin.put(&format!("{path}/name-template"), broken).await.refused(422, "BadTemplate");
    admin.put(&format!("{path}/contact-app"), json!({ "app": "contacts" })).await.expect(200);
    admin.put(&format!("{path}/apps/deals"), json!({})).await.expect(200);
    admin.put(&format!("{path}/apps/deals/widget"), json!({})).await.expect(200);
    admin.put(&format!("{path}/members/{darya}/supervisor"), json!({})).await.expect(200);
    let members = admin.get(&format!("{path}/members")).await.expect(200);
    assert_eq!(items(&members), [json!({ "operator": darya, "roles": ["supervisor"] })]);
    let shown = admin.get(&path).await.expect(200);
    assert_eq!((&shown["rules"], &shown["name_template"]), (&rules, &template["template"]));
    assert_eq!((&shown["bound_apps"], &shown["widgets"]), (&json!(["deals"]), &json!(["deals"])));
    assert_eq!(shown["channels"][0]["kind"], "max");
    admin.delete(&format!("{path}/apps/deals")).await.expect(200);
    admin.delete(&format!("{path}/contact-app")).await.expect(200);
    admin.delete(&format!("{channels}/{channel}")).await.expect(200);
    let shown = admin.get(&path).await.expect(200);
    assert_eq!((&shown["channels"][0]["connected"], &shown["contact_app"]), (&json!(false), &Value::Null));
    assert_eq!(items(&host.by("gleb").get("/api/operators").await.expect(200)).len(), 5);
    assert_eq!(items(&host.by("gleb").get("/api/apps").await.expect(200)).len(), 3);
    assert_eq!(host.by("gleb").get("/api/workspace").await.expect(200)["service_licence"], false);
    assert_eq!(host.by("gleb").get("/api/me").await.expect(200)["principal"]["operator"], id(GLEB));
}

#[tokio::test]
async fn rebuilt_lists_are_the_same_lists() {
    let host = Host::sample().await;
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let before = host.by("anna").get("/api/sessions?list=my").await.expect(200);
    let admin = host.by("administrator");
    let rebuilt = admin.post("/api/projections/rebuild", json!({ "names": ["sessions"] })).await.expect(200);
    assert_eq!(rebuilt["position"], host.head().await);
    admin.post("/api/projections/rebuild", json!({})).await.expect(200);
    assert_eq!(host.by("anna").get("/api/sessions?list=my").await.expect(200), before);
}
