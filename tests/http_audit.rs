//! Audit beside a running host: proving, an archive of a host under load, and who may ask.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use host::{Host, with_ivan};
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};
use switchboard::audit::{self, Progress};

fn quiet(_: Progress) -> bool {
    true
}

async fn body(host: &Host, name: &str, path: &str) -> Vec<u8> {
    let answer = host.by(name).request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    answer.bytes().await.expect("all of it").to_vec()
}

#[tokio::test]
async fn an_archive_of_a_host_under_load_is_restored_and_proved_and_its_head_is_one_of_the_hosts() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let session = open(&anna, with_ivan()).await;
    let (path, folder) = (of(&session, "/messages"), tempfile::tempdir().expect("a folder"));
    let load = async {
        for number in 0..60 {
            anna.post(&path, json!({ "text": format!("message {number}") })).await.expect(201);
        }
    };
    let (archive, ()) = tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            body(&host, "administrator", "/api/audit/archive").await
        },
        load
    );
    let restored = audit::import(&mut archive.as_slice(), &folder.path().join("copy"), &mut quiet);
    let restored = restored.expect("it is proved");
    let noted = format!("/api/audit/verify?expect={}", restored.head);
    let proof: Value = serde_json::from_slice(&body(&host, "administrator", &noted).await).expect("JSON");
    assert!(proof["events"].as_u64() > Some(restored.events), "the host went on: {proof}");
    assert_eq!(proof["sessions"], 1);
    let head = restored.head.to_string();
    let other = format!("{}{}", if head.starts_with('0') { '1' } else { '0' }, &head[1..]);
    let other = format!("/api/audit/verify?expect={other}");
    host.by("administrator").get(&other).await.refused(500, "LogFault");
    host.by("administrator").get("/api/audit/verify?expect=here").await.refused(400, "BadHead");
}

#[tokio::test]
async fn the_projections_of_a_host_under_load_are_as_the_log_gives_them_where_they_are() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let session = open(&anna, with_ivan()).await;
    let path = of(&session, "/messages");
    let load = async {
        for number in 0..60 {
            anna.post(&path, json!({ "text": format!("message {number}") })).await.expect(201);
        }
    };
    let administrator = host.by("administrator");
    let proving = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        administrator.get("/api/audit/verify?projections=true").await.expect(200)
    };
    let ((), under_load) = tokio::join!(load, proving);
    let after = administrator.get("/api/audit/verify?projections=true").await.expect(200);
    let entries = |proof: &Value, name: &str| {
        let views = proof["projections"].as_array().expect("they were asked for").iter();
        let view = views.clone().find(|view| view["name"] == name).expect("each of them");
        view["entries"].as_u64().expect("a number")
    };
    for name in ["sessions", "messages", "directory"] {
        assert!((1..=entries(&after, name)).contains(&entries(&under_load, name)), "{name}: {under_load}");
    }
    assert!(entries(&after, "messages") > 60, "{after}");
    assert_eq!(administrator.get("/api/audit/verify").await.expect(200)["projections"], Value::Null);
    let files = std::fs::read_dir(host.data()).expect("the host's folder").flatten();
    let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let left: Vec<String> = names.filter(|name| name.starts_with("audit-scratch-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn the_whole_log_is_the_administrators_and_a_sessions_history_its_supervisors_too() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    for path in ["/api/audit/verify", "/api/audit/archive", "/api/audit/export"] {
        for name in ["anna", "vera", "gleb", "channel:whatsapp"] {
            host.by(name).get(path).await.refused(403, "AdministratorsOnly");
        }
    }
    let history = format!("/api/audit/sessions/{session}/history");
    for name in ["anna", "gleb"] {
        host.by(name).get(&history).await.refused(403, "NotMemberOfLine");
    }
    let text = String::from_utf8(body(&host, "vera", &history).await).expect("text");
    let kinds: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["kind"].as_str().unwrap_or("").to_owned()
        })
        .collect();
    assert_eq!(kinds, ["slot-claimed", "session-created", "operator-assigned"]);

    let export = String::from_utf8(body(&host, "administrator", "/api/audit/export").await).expect("text");
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines[0]["log"].is_string() && lines[lines.len() - 1]["end"].is_string());
    let administrator = host.by("administrator");
    administrator.get("/api/audit/archive?to=99999").await.refused(400, "BadPosition");

    let part = body(&host, "administrator", "/api/audit/export?from=5&to=9").await;
    let part: Vec<Value> = part
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    let end = part[part.len() - 1]["end"].as_str().expect("its end").to_owned();
    assert!(part.len() < lines.len() && lines.contains(&part[1]), "it is a part of the whole: {part:?}");
    let proof = administrator.get("/api/audit/verify?from=5&to=9").await.expect(200);
    assert_eq!((&proof["head"], &proof["streams"]), (&json!(end), &Value::Null), "{proof}");
    assert!(proof["from"].as_u64() <= Some(5) && proof["from"].as_u64() > Some(1), "{proof}");
    let whole = administrator.get("/api/audit/verify?from=1").await.expect(200);
    assert!(whole["streams"].as_u64() > Some(3) && whole["slots"] == 1, "{whole}");
    for part in ["from=99999", "to=99999", "from=9&to=5", "to=0"] {
        administrator.get(&format!("/api/audit/verify?{part}")).await.refused(400, "BadPosition");
        administrator.get(&format!("/api/audit/export?{part}")).await.refused(400, "BadPosition");
    }
}
