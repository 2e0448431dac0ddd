//! The OpenAPI document, the health route and the figures.

#[path = "support/host.rs"]
mod host;

use std::collections::BTreeSet;

use host::{Answer, Host, id, with_ivan};
use reqwest::Method;
use serde_json::Value;

const METHODS: [(&str, Method); 5] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
];

/// The routes that need no token.
const OPEN: [&str; 3] = ["/healthz", "/metrics", "/api/openapi.json"];

#[tokio::test]
async fn every_described_operation_is_routed_and_no_other() {
    let host = Host::sample().await;
    let document = host.nobody().get("/api/openapi.json").await.expect(200);
    let paths = document["paths"].as_object().expect("paths are an object");
    assert!(paths.len() >= 50, "{} paths", paths.len());
    for (path, item) in paths {
        let concrete = concrete(path);
        for (name, method) in METHODS {
            let answer = Answer::of(host.nobody().request(method, &concrete)).await;
            match (item.get(name).is_some(), OPEN.contains(&path.as_str())) {
                (true, true) => assert_eq!(answer.status, 200, "{name} {path}: {}", answer.text),
                (true, false) => drop(answer.refused(401, "TokenMissing")),
                (false, _) => drop(answer.refused(405, "MethodNotAllowed")),
            }
        }
    }
}

/// A path with something in the place of each variable.
fn concrete(path: &str) -> String {
    let part = |part: &str| match part {
        "{app}" => "orders".to_owned(),
        "{process}" => "order-ready".to_owned(),
        "{role}" => "operator".to_owned(),
        "{field}" | "{address}" => "x".to_owned(),
        "{kind}" => "phone".to_owned(),
        part if part.starts_with('{') => id(0xffff),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn the_document_is_whole_in_itself() {
    let host = Host::sample().await;
    let document = host.nobody().get("/api/openapi.json").await.expect(200);
    let version = document["openapi"].as_str().unwrap_or_default();
    assert!(version.starts_with("3.1"), "{version}");
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in &references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} names nothing");
    }
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths are an object") {
        for (name, operation) in item.as_object().expect("an item is an object") {
            let of = format!("{name} {path}");
            let operation_id = operation["operationId"].as_str().unwrap_or_default();
            assert!(names.insert(operation_id.to_owned()), "{of}: {operation_id} is taken");
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(problem.is_object(), "{of} has no problems");
            let variables = path.matches('{').count();
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(of_path, variables, "{of}");
            let keyed = parameters.iter().any(|parameter| parameter["name"] == "idempotency-key");
            assert!(!keyed || name != "get", "{of}");
        }
    }
}

#[tokio::test]
async fn a_key_is_described_where_it_is_read_and_nowhere_else() {
    let host = Host::sample().await;
    let document = host.nobody().get("/api/openapi.json").await.expect(200);
    let admin = host.by("administrator").key("no key");
    let mut keyless = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths are an object") {
        for (name, method) in METHODS.into_iter().filter(|(name, _)| item.get(name).is_some()) {
            let parameters = item[name]["parameters"].as_array().cloned().unwrap_or_default();
            let described = parameters.iter().any(|parameter| parameter["name"] == "idempotency-key");
            if name != "get" {
                let answer = Answer::of(admin.request(method, &concrete(path))).await;
                assert_eq!(described, answer.body["code"] == "BadIdempotencyKey", "{name} {path}");
            }
            if name != "get" && !described {
                keyless.insert(format!("{name} {path}"));
            }
        }
    }
    let expected = [
        "delete /api/sign-in",
        "delete /api/tokens/{token}",
        "post /api/audit/lines/{line}/what-if",
        "post /api/lines/{line}/name-template/preview",
        "post /api/projections/rebuild",
        "post /api/sessions/dry-run",
        "post /api/sign-in",
        "post /api/tokens",
    ];
    assert_eq!(keyless.into_iter().collect::<Vec<_>>(), expected);
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let ("$ref", Some(reference)) = (name.as_str(), member.as_str()) {
                    into.insert(reference.to_owned());
                }
                collect(member, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_figures_count_requests_by_route_and_name_nobody() {
    let host = Host::sample().await;
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    host.by("boris").post("/api/sessions", with_ivan()).await.refused(409, "OpenSessionExists");
    host.by("anna").get("/api/customers/phone/+79161234567/sessions").await.expect(200);
    let health = host.nobody().get("/healthz").await.expect(200);
    assert_eq!(health["status"], "ok");
    let text = host.nobody().get("/metrics").await.text;
    for line in [
        "switchboard_http_requests_total{method=\"POST\",route=\"/api/sessions\",status=\"201\"} 1",
        "switchboard_http_requests_total{method=\"POST\",route=\"/api/sessions\",status=\"409\"} 1",
        "switchboard_commands_refused_total 1",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(text.contains(&format!("switchboard_log_head {}", health["head"])), "{text}");
    for help in text.lines().filter(|line| line.starts_with("# HELP ")) {
        assert!(help.ends_with('.') && !help.ends_with(".."), "{help}");
    }
    assert!(text.ends_with("# EOF\n"), "it is whole");
    assert!(!text.contains("7916"), "no address is a label");
}
