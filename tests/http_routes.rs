//! Every route, asked by everybody: the whole table of who may what, written out.
//!
//! A cell is a status. Where it is no success, nothing was written. A route without a row fails the
//! test, whether the document describes it or the sources alone name it.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use host::{
    BORIS, EMAIL, GLEB, Host, IVAN, MAIL, ORDER, Person, SUPPORT, TELEGRAM_BOT, id, session_with, text,
};
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Who asks: nobody, somebody with a token that was never issued, an operator of another line, a
/// reader of the line, an operator of the line whose session it is not, the one whose it is, a
/// supervisor, the administrator, a process, another line's channel, the line's channel.
const COLUMNS: [&str; 11] = [
    "none",
    "unknown",
    "stranger",
    "reader",
    "colleague",
    "operator",
    "supervisor",
    "administrator",
    "process",
    "foreign",
    "channel",
];

/// What a refusal of somebody who asks what is not for him may say.
const REFUSALS: [&str; 9] = [
    "TokenMissing",
    "TokenUnknown",
    "AdministratorsOnly",
    "PrincipalNotAllowed",
    "NotOperatorOfLine",
    "NotMemberOfLine",
    "SupervisorsOnly",
    "NotAssignee",
    // A card is shown to who has a line with the widget on its form.
    "WidgetNotPlaced",
];

/// The line is «Почта»; the session is of Анна's, the element a contact, the operator Борис.
const TABLE: &str = "
                                                              none unkn stra read coll oper supe admi proc fore chan
GET    /                                                      200  200  200  200  200  200  200  200  200  200  200
GET    /customer                                              200  200  200  200  200  200  200  200  200  200  200
GET    /console/{name}                                        200  200  200  200  200  200  200  200  200  200  200
GET    /healthz                                               200  200  200  200  200  200  200  200  200  200  200
GET    /metrics                                               200  200  200  200  200  200  200  200  200  200  200
GET    /api/openapi.json                                      200  200  200  200  200  200  200  200  200  200  200
GET    /api/me                                                401  401  200  200  200  200  200  200  200  200  200
POST   /api/sign-in                                           401  401  200  200  200  200  200  200  200  200  200
DELETE /api/sign-in                                           401  401  200  200  200  200  200  200  200  200  200
GET    /api/workspace                                         401  401  200  200  200  200  200  200  403  403  403
POST   /api/apps                                              401  401  403  403  403  403  403  201  403  403  403
GET    /api/apps                                              401  401  200  200  200  200  200  200  403  403  403
PUT    /api/workspace/service-licence                         401  401  403  403  403  403  403  200  403  403  403
POST   /api/projections/rebuild                               401  401  403  403  403  403  403  200  403  403  403
POST   /api/sessions                                          401  401  403  403  201  201  403  403  403  403  403
GET    /api/sessions                                          401  401  200  200  200  200  200  403  403  403  403
GET    /api/sessions/{session}                                401  401  403  200  200  200  200  200  403  403  403
GET    /api/sessions/{session}/transcript                     401  401  403  200  200  200  200  200  403  403  403
GET    /api/sessions/{session}/earlier                        401  401  403  200  200  200  200  200  403  403  403
POST   /api/sessions/{session}/messages                       401  401  403  403  409  201  409  403  403  403  403
POST   /api/sessions/{session}/take                           401  401  403  403  409  200  409  403  403  403  403
POST   /api/sessions/{session}/assign                         401  401  403  403  409  200  200  403  403  403  403
POST   /api/sessions/{session}/close                          401  401  403  403  409  200  409  403  403  403  403
POST   /api/sessions/{session}/reopen                         401  401  403  403  200  200  200  403  403  403  403
PUT    /api/sessions/{session}/name                           401  401  403  403  409  200  409  403  403  403  403
PUT    /api/sessions/{session}/links/{app}/{element}          401  401  403  403  200  200  200  403  403  403  403
DELETE /api/sessions/{session}/links/{app}/{element}          401  401  403  403  200  200  200  403  403  403  403
GET    /api/choices/lines                                     401  401  200  200  200  200  200  403  403  403  403
GET    /api/lines/{line}/choices                              401  401  403  200  200  200  200  403  403  403  403
POST   /api/sessions/dry-run                                  401  401  200  200  200  200  200  403  403  403  403
GET    /api/apps/{app}/elements/{element}/sessions            401  401  422  200  200  200  200  200  403  403  403
GET    /api/apps/{app}/elements/{element}/messages            401  401  422  200  200  200  200  200  403  403  403
GET    /api/customers/{kind}/{address}/sessions               401  401  200  200  200  200  200  200  403  403  403
GET    /api/customers/{kind}/{address}/messages               401  401  200  200  200  200  200  200  403  403  403
POST   /api/apps/{app}/elements                               401  401  403  403  201  201  403  201  201  403  403
GET    /api/apps/{app}/elements                               401  401  200  200  200  200  200  200  200  403  403
GET    /api/lines/{line}/contacts                             401  401  403  200  200  200  200  200  403  403  403
GET    /api/apps/{app}/elements/{element}                     401  401  200  200  200  200  200  200  200  403  403
PATCH  /api/apps/{app}/elements/{element}                     401  401  403  403  200  200  403  200  200  403  403
PUT    /api/apps/{app}/elements/{element}/fields/{field}      401  401  403  403  200  200  403  200  200  403  403
DELETE /api/apps/{app}/elements/{element}/fields/{field}      401  401  403  403  200  200  403  200  200  403  403
POST   /api/operators                                         401  401  403  403  403  403  403  201  403  403  403
GET    /api/operators                                         401  401  200  200  200  200  200  200  403  403  403
GET    /api/operators/{operator}                              401  401  200  200  200  200  200  200  403  403  403
PATCH  /api/operators/{operator}                              401  401  403  403  403  403  403  200  403  403  403
POST   /api/lines                                             401  401  403  403  403  403  403  201  403  403  403
GET    /api/lines                                             401  401  200  200  200  200  200  200  403  403  403
GET    /api/lines/{line}                                      401  401  403  200  200  200  200  200  403  403  403
PATCH  /api/lines/{line}                                      401  401  403  403  403  403  403  200  403  403  403
POST   /api/lines/{line}/channels                             401  401  403  403  403  403  403  201  403  403  403
DELETE /api/lines/{line}/channels/{channel}                   401  401  403  403  403  403  403  200  403  403  403
PUT    /api/lines/{line}/channels/{channel}/policy            401  401  403  403  403  403  403  200  403  403  403
PUT    /api/lines/{line}/rules                                401  401  403  403  403  403  403  200  403  403  403
PUT    /api/lines/{line}/name-template                        401  401  403  403  403  403  403  200  403  403  403
POST   /api/lines/{line}/name-template/preview                401  401  403  200  200  200  200  200  403  403  403
PUT    /api/lines/{line}/contact-app                          401  401  403  403  403  403  403  200  403  403  403
DELETE /api/lines/{line}/contact-app                          401  401  403  403  403  403  403  200  403  403  403
PUT    /api/lines/{line}/apps/{app}                           401  401  403  403  403  403  403  200  403  403  403
DELETE /api/lines/{line}/apps/{app}                           401  401  403  403  403  403  403  200  403  403  403
PUT    /api/lines/{line}/apps/{app}/widget                    401  401  403  403  403  403  403  200  403  403  403
DELETE /api/lines/{line}/apps/{app}/widget                    401  401  403  403  403  403  403  200  403  403  403
GET    /api/lines/{line}/members                              401  401  403  200  200  200  200  200  403  403  403
PUT    /api/lines/{line}/members/{operator}/{role}            401  401  403  403  403  403  403  200  403  403  403
DELETE /api/lines/{line}/members/{operator}/{role}            401  401  403  403  403  403  403  200  403  403  403
PUT    /api/processes/{process}                               401  401  403  403  403  403  403  200  403  403  403
DELETE /api/processes/{process}                               401  401  403  403  403  403  403  200  403  403  403
POST   /api/processes/{process}/messages                      401  401  403  403  403  403  403  403  201  403  403
POST   /api/channels/{channel}/messages                       401  401  403  403  403  403  403  403  403  403  201
POST   /api/channels/{channel}/deliveries                     401  401  403  403  403  403  403  403  403  403  200
GET    /api/channels/{channel}/customers/{address}/messages   401  401  403  403  403  403  403  403  403  403  200
GET    /api/channels/{channel}/events                         401  401  403  403  403  403  403  403  403  403  200
GET    /api/channels/{channel}                                401  401  403  403  403  403  403  403  403  403  200
POST   /api/tokens                                            401  401  403  403  403  403  403  201  403  403  403
GET    /api/tokens                                            401  401  403  403  403  403  403  200  403  403  403
DELETE /api/tokens/{token}                                    401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/verify                                      401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/archive                                     401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/export                                      401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/sessions/{session}/history                  401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/channels/{channel}/slots/{kind}/{address}/history 401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/accounts/{kind}/{address}/history           401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/apps/{app}/elements/{element}/history       401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/operators/{operator}/history                401  401  403  403  403  403  403  200  403  403  403
GET    /api/audit/state/sessions/{session}                    401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/state/sessions                              401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/state/apps/{app}/elements/{element}/sessions 401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/state/event                                 401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/state/lines/{line}/rules                    401  401  403  403  403  403  200  200  403  403  403
GET    /api/audit/state/lines/{line}/refusals                 401  401  403  403  403  403  200  200  403  403  403
POST   /api/audit/lines/{line}/what-if                        401  401  403  403  403  403  200  200  403  403  403
PUT    /api/lines/{line}/refusal-audit                        401  401  403  403  403  403  403  200  403  403  403
GET    /api/events                                            401  401  200  200  200  200  200  200  403  200  200
PUT    /api/operators/{operator}/presence                     401  401  403  403  200  403  403  200  403  403  403
";

/// What a body has to be for the route to do what it is for.
fn body(method: &str, path: &str, scene: &Scene) -> Option<Value> {
    let fresh = Uuid::now_v7().simple().to_string();
    Some(match (method, path) {
        ("POST", "/api/sessions") => mail(),
        ("POST", "/api/sessions/dry-run") => mail(),
        ("POST", "/api/sessions/{session}/messages") => json!({ "text": "Добрый день" }),
        ("POST", "/api/sessions/{session}/assign") => json!({ "operator": id(BORIS) }),
        ("PUT", "/api/sessions/{session}/name") => json!({ "name": "Иначе" }),
        ("POST", "/api/apps/{app}/elements") => json!({ "title": "Новый", "line": id(MAIL) }),
        ("PATCH", "/api/apps/{app}/elements/{element}") => json!({ "title": "Иначе" }),
        ("PUT", "/api/apps/{app}/elements/{element}/fields/{field}") => {
            json!({ "type": "account", "kind": "email", "text": "a@example.com" })
        }
        ("POST", "/api/apps") => json!({ "app": format!("a{}", &fresh[20..]), "title": "Новое" }),
        ("PUT", "/api/workspace/service-licence") => json!({ "active": false }),
        ("PUT", "/api/processes/{process}") => json!({ "title": "Заказ готов" }),
        ("POST", "/api/operators") => json!({ "name": "Пётр" }),
        ("PATCH", "/api/operators/{operator}") => json!({ "name": "Борис" }),
        ("PUT", "/api/operators/{operator}/presence") => json!({ "online": true }),
        ("POST", "/api/lines") => json!({ "title": "Новая" }),
        ("PATCH", "/api/lines/{line}") => json!({ "title": "Почта" }),
        ("POST", "/api/lines/{line}/channels") => json!({ "kind": "vk", "title": "ВК" }),
        ("PUT", "/api/lines/{line}/channels/{channel}/policy") => scene.policy.clone(),
        ("PUT", "/api/lines/{line}/rules") => {
            json!({ "supervisors_create": false, "reopen_within_seconds": null })
        }
        // Kept, the refusals of the rows after this one would be written.
        ("PUT", "/api/lines/{line}/refusal-audit") => json!({ "active": false }),
        ("POST", "/api/audit/lines/{line}/what-if") => {
            json!({ "channels": { scene.channel.as_str(): scene.policy } })
        }
        ("PUT", "/api/lines/{line}/name-template") | ("POST", "/api/lines/{line}/name-template/preview") => {
            json!({ "template": "{{ customer }}" })
        }
        ("PUT", "/api/lines/{line}/contact-app") => json!({ "app": "contacts" }),
        ("POST", "/api/projections/rebuild") => json!({ "names": ["directory"] }),
        ("POST", "/api/tokens") => json!({ "principal": { "kind": "operator", "operator": id(GLEB) } }),
        ("POST", "/api/channels/{channel}/messages") => {
            json!({ "address": MAIL_ADDRESS, "external_id": fresh, "text": "Где мой заказ?" })
        }
        ("POST", "/api/channels/{channel}/deliveries") => {
            json!({ "session": scene.session, "message": scene.message, "report": { "state": "delivered" } })
        }
        ("POST", "/api/processes/{process}/messages") => with(mail(), json!({ "text": "Заказ готов" })),
        _ => return None,
    })
}

fn mail() -> Value {
    session_with(MAIL, IVAN, MAIL_ADDRESS)
}

/// What one request is about: made anew for each, so that none finds what another left.
struct Scene {
    method: &'static str,
    session: String,
    message: String,
    contact: String,
    token: String,
    channel: String,
    policy: Value,
    head: u64,
}

impl Scene {
    /// What a route's row needs; what it does not name is not made.
    async fn of(host: &Host, method: &'static str, path: &str) -> Scene {
        let (anna, admin) = (host.by("anna"), host.by("administrator"));
        let mut scene = Scene {
            method,
            session: String::new(),
            message: String::new(),
            contact: id(IVAN),
            token: String::new(),
            channel: id(EMAIL),
            policy: Value::Null,
            head: 0,
        };
        // The event at the head is one of the line then.
        if path.contains("{session}") || path.ends_with("/deliveries") || path.ends_with("/state/event") {
            scene.session = open(&anna, mail()).await;
        }
        if path.ends_with("/deliveries") {
            let sent = anna.post(&of(&scene.session, "/messages"), json!({ "text": "Добрый день" })).await;
            scene.message = text(&sent.expect(201)["message"]);
        }
        if path.ends_with("/reopen") {
            act(&anna, &scene.session, "close").await;
        }
        if method == "DELETE" && path.contains("/links/") {
            let link = of(&scene.session, &format!("/links/orders/{}", id(ORDER)));
            anna.put(&link, json!({})).await.expect(200);
        }
        if method != "GET" && path.contains("{app}/elements/{element}") {
            let fields = json!({ "email": { "type": "account", "kind": "email", "text": "b@example.com" } });
            let made = json!({ "title": "Клиент", "fields": fields });
            let made = admin.post("/api/apps/contacts/elements", made).await.expect(201);
            scene.contact = text(&made["id"]);
        }
        if path.contains("{token}") {
            let principal = json!({ "kind": "operator", "operator": id(GLEB) });
            let issued = admin.post("/api/tokens", json!({ "principal": principal })).await.expect(201);
            scene.token = text(&issued["id"]);
        }
        if method == "DELETE" && path.ends_with("/channels/{channel}") {
            let new = json!({ "kind": "vk", "title": "ВК" });
            let new = admin.post(&line(MAIL, "/channels"), new).await.expect(201);
            scene.channel = text(&new["id"]);
        }
        if path.ends_with("/presence") {
            licence(host, true).await;
        }
        if method == "DELETE" && path == "/api/processes/{process}" {
            admin.put("/api/processes/spare", json!({ "title": "Запасной" })).await.expect(200);
        }
        if path.ends_with("/policy") || path.ends_with("/what-if") {
            let shown = admin.get(&line(MAIL, "")).await.expect(200);
            let channels = shown["channels"].as_array().expect("channels").iter();
            let mut own = channels.filter(|channel| channel["channel"] == id(EMAIL));
            scene.policy = own.next().expect("the line's channel")["policy"].clone();
        }
        scene.head = host.head().await;
        scene
    }

    /// The path with this scene in its variables, and the query that the route cannot do without.
    fn path(&self, path: &str) -> String {
        let card = ["/links/{app}/{element}", "/{element}/sessions", "/{element}/messages"];
        let is_card = card.iter().any(|end| path.ends_with(end));
        let part = |part: &str| match part {
            "{name}" => "app.js".to_owned(),
            "{session}" => self.session.clone(),
            "{app}" if is_card || path.ends_with("/widget") => "orders".to_owned(),
            "{app}" => "contacts".to_owned(),
            "{element}" if is_card => id(ORDER),
            "{element}" => self.contact.clone(),
            // The rows after this one still need the app of «Почта».
            "{line}" if self.method == "DELETE" && path.ends_with("/contact-app") => id(SUPPORT),
            "{line}" => id(MAIL),
            "{channel}" => self.channel.clone(),
            "{operator}" => id(BORIS),
            "{role}" => "reader".to_owned(),
            "{process}" if self.method == "DELETE" => "spare".to_owned(),
            "{process}" => "order-ready".to_owned(),
            "{field}" => "email".to_owned(),
            "{kind}" => "email".to_owned(),
            "{address}" => MAIL_ADDRESS.to_owned(),
            "{token}" => self.token.clone(),
            part => part.to_owned(),
        };
        let filled = path.split('/').map(part).collect::<Vec<_>>().join("/");
        let query = match path {
            "/api/sessions" => "?list=my".to_owned(),
            "/api/audit/state/sessions" => format!("?list=queue&at={}", self.head),
            "/api/audit/state/lines/{line}/refusals" => {
                let address = format!("app=contacts&contact={}&address={MAIL_ADDRESS}", id(IVAN));
                format!("?at={}&operator={}&{address}", self.head, id(BORIS))
            }
            path if path.starts_with("/api/audit/state/") => format!("?at={}", self.head),
            "/api/lines/{line}/choices" => format!("?app=contacts&element={}", id(IVAN)),
            path if self.method != "GET" && path.contains("{app}/elements/{element}") => {
                format!("?line={}", id(MAIL))
            }
            _ => String::new(),
        };
        filled + query.as_str()
    }
}

/// A row of the table: a route, and what each column gets.
struct Row {
    method: &'static str,
    path: &'static str,
    cells: Vec<u16>,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().skip(2).filter(|line| !line.trim().is_empty());
    let row = |line: &'static str| {
        let mut words = line.split_whitespace();
        let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
        let cells: Vec<u16> = words.map(|cell| cell.parse().expect("a status")).collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{line}");
        Row { method, path, cells }
    };
    lines.map(row).collect()
}

/// Everybody of the columns, in their order.
async fn everybody(host: &Host) -> Vec<Person<'_>> {
    let admin = host.by("administrator");
    let stranger = json!({ "id": id(5), "name": "Семён" });
    admin.post("/api/operators", stranger).await.expect(201);
    let role = line(TELEGRAM_BOT, &format!("/members/{}/operator", id(5)));
    admin.put(&role, json!({})).await.expect(200);
    admin.put(&line(MAIL, "/apps/orders"), json!({})).await.expect(200);
    admin.put(&line(MAIL, "/apps/orders/widget"), json!({})).await.expect(200);
    let principal = json!({ "kind": "operator", "operator": id(5) });
    let issued = admin.post("/api/tokens", json!({ "principal": principal })).await.expect(201);
    let made_up = format!("sb_{}_{}", "0".repeat(32), "0".repeat(64));
    let mut all = vec![host.nobody(), host.with_token(&made_up), host.with_token(&text(&issued["token"]))];
    let names = ["gleb", "boris", "anna", "vera", "administrator", "process:order-ready", "channel:vk"];
    all.extend(names.map(|name| host.by(name)));
    all.push(host.by("channel:email"));
    all
}

/// Asks, and gives the status; a refusal says one of the known reasons, and leaves nothing behind.
async fn ask(host: &Host, by: &Person<'_>, row: &Row, unknown: &mut Vec<String>) -> u16 {
    let scene = Scene::of(host, row.method, row.path).await;
    let head = host.head().await;
    let method = Method::from_bytes(row.method.as_bytes()).expect("a method");
    let mut request = by.request(method, &scene.path(row.path));
    if let Some(body) = body(row.method, row.path, &scene) {
        request = request.json(&body);
    }
    // The streams of some answers do not end: their heads are enough.
    let answer = request.send().await.expect("the host answers");
    let status = answer.status().as_u16();
    if status >= 400 {
        let problem: Value = answer.json().await.expect("a problem");
        let code = text(&problem["code"]);
        if !REFUSALS.contains(&code.as_str()) {
            unknown.push(format!("{} {}: {problem}", row.method, row.path));
        }
        assert_eq!(host.head().await, head, "{} {} wrote: {code}", row.method, row.path);
    }
    status
}

#[tokio::test]
async fn everybody_gets_from_every_route_what_the_table_says() {
    let host = Host::sample().await;
    let everybody = everybody(&host).await;
    let (mut found, mut differ) = (String::new(), Vec::new());
    for row in rows() {
        write!(found, "\n{:<6} {:<54}", row.method, row.path).expect("a text grows");
        for ((by, name), expected) in everybody.iter().zip(COLUMNS).zip(&row.cells) {
            let status = ask(&host, by, &row, &mut differ).await;
            write!(found, " {status} ").expect("a text grows");
            if status != *expected {
                differ.push(format!("{} {} by {name}: {status}, not {expected}", row.method, row.path));
            }
        }
    }
    assert!(differ.is_empty(), "{}\n{found}", differ.join("\n"));
}

#[tokio::test]
async fn every_route_that_is_described_or_named_in_the_sources_has_a_row() {
    let host = Host::sample().await;
    let mut known = BTreeSet::new();
    for (method, path, _) in routes(&host).await {
        known.insert(format!("{method} {path}"));
    }
    let described = known.len();
    let (mut handlers, root) = (0, Path::new(env!("CARGO_MANIFEST_DIR")).join("src/host"));
    for source in sources(&root) {
        handlers += source.matches("#[utoipa::path(").count();
        // What is routed without a description is read, and found by its literal.
        let routed = source.split(".route(").skip(1);
        known.extend(routed.map(|rest| format!("GET {}", rest.split('"').nth(1).expect("a path"))));
    }
    assert_eq!(described, handlers, "each handler that is described is routed");
    let rows: BTreeSet<String> = rows().iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    let missing: Vec<_> = known.symmetric_difference(&rows).collect();
    assert!(missing.is_empty(), "without a row, or a row without a route: {missing:#?}");
}

fn sources(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(fs::read_to_string(&path).expect("a source"));
        }
    }
    all
}
