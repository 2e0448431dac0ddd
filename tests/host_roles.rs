//! Who sees what over HTTP: a role that is missing, or was taken away, shows nothing of a line.

#[path = "support/host.rs"]
mod host;

use host::{ANNA, BORIS, GLEB, Host, IVAN, MAIL, MESSENGERS, SUPPORT, TELEGRAM_BOT, id, session_with};
use host::{text, with_ivan};
use serde_json::{Value, json};

/// Takes a role away.
async fn remove(host: &Host, line: u128, person: u128, role: &str) {
    let role = format!("/api/lines/{}/members/{}/{role}", id(line), id(person));
    host.by("administrator").delete(&role).await.expect(200);
}

/// What each item of a page has under a name.
#[track_caller]
fn each(page: &Value, name: &str) -> Vec<String> {
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(|i| text(&i[name])).collect()
}

#[tokio::test]
async fn a_stranger_to_a_line_learns_nothing_of_its_customers_from_a_dry_run() {
    let host = Host::sample().await;
    remove(&host, SUPPORT, BORIS, "operator").await;
    host.by("anna").post("/api/sessions", with_ivan()).await.expect(201);
    let codes = async |who: &str, draft: Value| -> Vec<String> {
        let verdict = host.by(who).post("/api/sessions/dry-run", draft).await.expect(200);
        assert_eq!(verdict["allowed"], false);
        let refusals = verdict["refusals"].as_array().expect("refusals are a list").iter();
        refusals.map(|refusal| text(&refusal["code"])).collect()
    };
    for address in ["+79161234567", "+79990000000", "nonsense"] {
        let draft = session_with(SUPPORT, IVAN, address);
        assert_eq!(codes("boris", draft).await, ["NotOperatorOfLine"], "{address}");
    }
    assert_eq!(codes("gleb", with_ivan()).await, ["NotOperatorOfLine", "OpenSessionExists"], "a reader sees");
    let nothing = session_with(0xffff, IVAN, "+79161234567");
    assert_eq!(codes("boris", nothing).await, ["LineNotFound"]);
    let choices = format!("/api/lines/{}/choices?app=contacts&element={}", id(SUPPORT), id(IVAN));
    host.by("boris").get(&choices).await.refused(403, "NotMemberOfLine");
}

#[tokio::test]
async fn my_sessions_are_those_of_my_lines_and_of_the_line_that_is_named() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let (mut of_support, mut of_mail) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mail = session_with(MAIL, IVAN, "ivan.petrov@example.com");
        of_mail.push(text(&anna.post("/api/sessions", mail).await.expect(201)["session"]));
        let session = text(&anna.post("/api/sessions", with_ivan()).await.expect(201)["session"]);
        anna.post(&format!("/api/sessions/{session}/close"), json!({})).await.expect(200);
        of_support.push(session);
    }
    let open = text(&anna.post("/api/sessions", with_ivan()).await.expect(201)["session"]);
    of_mail.reverse();
    let named = format!("/api/sessions?list=my&line={}", id(SUPPORT));
    assert_eq!(each(&anna.get(&named).await.expect(200), "session"), [open]);
    assert_eq!(each(&anna.get("/api/sessions?list=my").await.expect(200), "session").len(), 3);
    let closed = anna.get("/api/sessions?list=my-closed").await.expect(200);
    assert_eq!(each(&closed, "session").len(), of_support.len());

    remove(&host, SUPPORT, ANNA, "operator").await;
    anna.get(&named).await.refused(403, "NotMemberOfLine");
    let closed = anna.get("/api/sessions?list=my-closed").await.expect(200);
    assert!(each(&closed, "session").is_empty(), "{closed}");
    let (mut seen, mut path) = (Vec::new(), "/api/sessions?list=my&limit=1".to_owned());
    loop {
        let page = anna.get(&path).await.expect(200);
        seen.extend(each(&page, "session"));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/sessions?list=my&limit=1&after={next}");
    }
    assert_eq!(seen, of_mail, "a page that is empty still leads on");
    host.by("administrator").get("/api/sessions?list=my").await.refused(403, "PrincipalNotAllowed");
}

#[tokio::test]
async fn an_app_is_read_by_permitted_processes_and_people_of_its_lines() {
    let host = Host::sample().await;
    let apps = ["/api/apps/contacts/elements", "/api/apps/orders/elements"];
    for app in apps {
        host.by("process:order-ready").get(app).await.expect(200);
        host.by("gleb").get(app).await.expect(200);
        host.by("channel:whatsapp").get(app).await.refused(403, "PrincipalNotAllowed");
    }
    host.by("administrator").delete("/api/processes/order-ready").await.expect(200);
    for line in [SUPPORT, MAIL, TELEGRAM_BOT, MESSENGERS] {
        remove(&host, line, GLEB, "reader").await;
    }
    for app in apps {
        host.by("process:order-ready").get(app).await.refused(403, "ProcessNotPermitted");
        host.by("gleb").get(app).await.refused(403, "PrincipalNotAllowed");
    }
    let one = format!("/api/apps/contacts/elements/{}", id(IVAN));
    host.by("process:order-ready").get(&one).await.refused(403, "ProcessNotPermitted");
    host.by("gleb").get(&one).await.refused(403, "PrincipalNotAllowed");
}

#[tokio::test]
async fn who_reads_a_line_is_told_that_its_active_sessions_are_for_supervisors() {
    let host = Host::sample().await;
    let active = format!("/api/sessions?list=active&line={}", id(SUPPORT));
    for who in ["anna", "gleb"] {
        let refused = host.by(who).reading("ru").get(&active).await.refused(403, "SupervisorsOnly");
        assert_eq!(refused["detail"], "Список «Активные» этой линии — для её супервизоров");
        assert_eq!(refused["facts"], json!({ "line": id(SUPPORT) }));
    }
    host.by("vera").get(&active).await.expect(200);
    remove(&host, SUPPORT, GLEB, "reader").await;
    host.by("gleb").get(&active).await.refused(403, "NotMemberOfLine");
    let nothing = format!("/api/sessions?list=active&line={}", id(0xffff));
    host.by("gleb").get(&nothing).await.refused(404, "LineNotFound");
}
