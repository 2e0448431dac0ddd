//! Audit beside a running host, with a supervisor's token: sessions, lists and cards as they were, other
//! rules, and refused commands; who may ask; and how many at once.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use host::*;
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};

/// Who reads nothing of a line's past.
const OTHERS: [&str; 3] = ["anna", "gleb", "channel:whatsapp"];

async fn lines_of(answer: reqwest::Response) -> Vec<Value> {
    let text = answer.text().await.expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn told(by: &Person<'_>, path: &str) -> Vec<Value> {
    let answer = by.request(Method::GET, path).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    lines_of(answer).await
}

fn codes(told: &[Value]) -> Vec<&str> {
    told.iter().filter_map(|event| event["payload"]["code"].as_str()).collect()
}

#[tokio::test]
async fn a_session_a_list_and_a_card_are_shown_as_they_were() {
    let host = Host::sample().await;
    let (anna, vera) = (host.by("anna"), host.by("vera"));
    let before = host.head().await;
    let session = open(&anna, with_ivan()).await;
    anna.put(&of(&session, &format!("/links/orders/{}", id(ORDER))), json!({})).await.expect(200);
    let opened = host.head().await;
    act(&anna, &session, "close").await;

    let state = format!("/api/audit/state/sessions/{session}?at=");
    let was = vera.get(&format!("{state}{opened}")).await.expect(200);
    let is = seen(&vera, &session).await;
    assert!(was["closed_at"].is_null() && !is["closed_at"].is_null(), "{was} {is}");
    vera.get(&format!("{state}{before}")).await.refused(404, "SessionNotFound");
    vera.get(&format!("{state}99999")).await.refused(400, "BadPosition");
    vera.get(&format!("{state}yesterday")).await.refused(400, "BadQuery");
    let now = vera.get(&format!("{state}2999-01-01T00:00:00Z")).await.expect(200);
    assert_eq!(now, is, "a moment that is to come is the present");

    let list = |name: &str, at: u64| format!("/api/audit/state/sessions?list={name}&at={at}");
    for (name, at, there) in [
        ("active", opened, true),
        ("closed", opened, false),
        ("queue", opened, false),
        ("active", before, false),
        ("active", opened + 2, false),
        ("closed", opened + 2, true),
    ] {
        let found = sessions(&items(&vera, &list(name, at)).await);
        assert_eq!(found.contains(&session), there, "{name} at {at}");
    }
    let my = format!("{}&operator={}", list("my", opened), id(ANNA));
    assert_eq!(sessions(&items(&host.by("administrator"), &my).await), std::slice::from_ref(&session));
    vera.get(&list("my", opened)).await.refused(400, "BadQuery");
    let mail = open(&anna, session_with(MAIL, IVAN, "ivan.petrov@example.com")).await;
    let role = line(MAIL, &format!("/members/{}/supervisor", id(VERA)));
    host.by("administrator").delete(&role).await.expect(200);
    let both = format!("{}&operator={}", list("my", host.head().await), id(ANNA));
    let others = format!("/api/audit/state/sessions/{mail}?at={}", host.head().await);
    assert_eq!(sessions(&items(&host.by("administrator"), &both).await), std::slice::from_ref(&mail));
    assert_eq!(sessions(&items(&vera, &both).await), [""; 0], "of a line that she does not supervise");
    vera.get(&others).await.refused(403, "NotMemberOfLine");
    let of_line = format!("{}&line={}", list("active", opened), id(SUPPORT));
    assert_eq!(sessions(&items(&vera, &of_line).await), std::slice::from_ref(&session));

    let card = |at: u64, rest: &str| {
        format!("/api/audit/state/apps/orders/elements/{}/sessions?at={at}{rest}", id(ORDER))
    };
    assert_eq!(sessions(&items(&vera, &card(opened, "")).await), std::slice::from_ref(&session));
    assert!(items(&vera, &card(opened + 2, "")).await.is_empty());
    assert_eq!(
        sessions(&items(&vera, &card(opened + 2, "&archive=true")).await),
        std::slice::from_ref(&session)
    );

    for name in OTHERS {
        for path in [format!("{state}{opened}"), list("active", opened), of_line.clone(), card(opened, "")] {
            let answer = host.by(name).get(&path).await;
            assert_eq!(answer.status, 403, "{name} {path}: {}", answer.text);
        }
    }
    let scratch = std::fs::read_dir(host.data()).expect("the data folder");
    let scratch = scratch.filter(|entry| {
        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("audit-"))
    });
    assert_eq!(scratch.count(), 0, "nothing is left of what was folded");
}

#[tokio::test]
async fn a_supervisor_asks_what_other_rules_of_the_line_would_have_refused() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let path = format!("/api/audit/lines/{}/what-if", id(SUPPORT));
    let lines = items(&host.by("vera"), "/api/lines").await;
    let support = lines.iter().find(|line| line["line"] == id(SUPPORT)).expect("her line");
    let channels = support["channels"].as_array().expect("channels");
    let whatsapp = channels.iter().find(|channel| channel["channel"] == id(WHATSAPP)).expect("WhatsApp");
    let never = with(whatsapp["policy"].clone(), json!({ "operator_create": "never" }));
    let asked = |channel: u128, policy: &Value| json!({ "channels": { id(channel): policy } });
    let before = host.head().await;
    let ask = |name: &str, body: &Value| host.by(name).request(Method::POST, &path).json(body);
    let answer = ask("vera", &asked(WHATSAPP, &never)).send().await.expect("an answer");
    let found = lines_of(answer).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["session"], &found[0]["operator"]), (&json!(session), &json!(id(ANNA))));
    assert_eq!(found[0]["refusals"][0]["code"], "ChannelForbidsOperatorCreate");
    let sum = json!({ "creations": 1, "refused": 1, "reasons": { "ChannelForbidsOperatorCreate": 1 } });
    assert_eq!(found[1], sum);
    let same = ask("administrator", &asked(WHATSAPP, &whatsapp["policy"])).send().await.expect("an answer");
    assert_eq!(lines_of(same).await, [json!({ "creations": 1, "refused": 0, "reasons": {} })]);
    assert_eq!(host.head().await, before, "nothing is changed");

    for name in OTHERS {
        let answer = Answer::of(ask(name, &asked(WHATSAPP, &never))).await;
        assert_eq!(answer.status, 403, "{name}: {}", answer.text);
    }
    Answer::of(ask("vera", &asked(EMAIL, &never))).await.refused(404, "ChannelNotFound");
    Answer::of(ask("vera", &json!({}))).await.refused(400, "BadBody");
}

#[tokio::test]
async fn an_event_the_rules_and_the_refusals_of_then_are_shown_as_they_were() {
    let host = Host::sample().await;
    let (administrator, vera) = (host.by("administrator"), host.by("vera"));
    let shown = administrator.get(&line(SUPPORT, "")).await.expect(200);
    let channels = shown["channels"].as_array().expect("channels");
    let whatsapp = channels.iter().find(|channel| channel["channel"] == id(WHATSAPP)).expect("WhatsApp");
    let policy = |change: Value| with(whatsapp["policy"].clone(), change);
    let free = host.head().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let held = host.head().await;
    act(&host.by("anna"), &session, "close").await;
    let path = line(SUPPORT, &format!("/channels/{}/policy", id(WHATSAPP)));
    administrator.put(&path, policy(json!({ "operator_create": "never" }))).await.expect(200);
    let forbidden = host.head().await;
    administrator.put(&path, policy(json!({}))).await.expect(200);

    let rules = |at: u64| format!("/api/audit/state/lines/{}/rules?at={at}", id(SUPPORT));
    let (before, then) =
        (vera.get(&rules(held)).await.expect(200), vera.get(&rules(forbidden)).await.expect(200));
    assert_eq!(before["channels"][id(WHATSAPP)], whatsapp["policy"]);
    assert_eq!(then["channels"][id(WHATSAPP)]["operator_create"], "never");
    assert_eq!(then["revision"].as_u64(), before["revision"].as_u64().map(|revision| revision + 1));
    assert_eq!((&then["line"], &then["title"]), (&json!(id(SUPPORT)), &shown["title"]));
    assert_eq!(then["rules"], shown["rules"]);
    vera.get(&rules(0)).await.refused(404, "LineNotFound");

    let refusals = |at: u64, of: &str| {
        let draft =
            format!("operator={}&app=contacts&contact={}&address=%2B79161234567", id(BORIS), id(IVAN));
        format!("/api/audit/state/lines/{}/refusals?at={at}&{draft}{of}", id(SUPPORT))
    };
    for (at, code) in [
        (free, None),
        (held, Some("OpenSessionExists")),
        (forbidden, Some("ChannelForbidsOperatorCreate")),
        (forbidden + 1, None),
    ] {
        let found = vera.get(&refusals(at, "")).await.expect(200);
        let codes: Vec<&str> = found["refusals"]
            .as_array()
            .expect("refusals")
            .iter()
            .filter_map(|refusal| refusal["code"].as_str())
            .collect();
        assert_eq!(codes, code.into_iter().collect::<Vec<_>>(), "at {at}: {found}");
        let revision = vera.get(&rules(at)).await.expect(200)["revision"].clone();
        assert_eq!((&found["position"], &found["rules_revision"]), (&json!(at), &revision));
    }
    let found = vera.get(&refusals(held, "")).await.expect(200);
    assert_eq!(found["refusals"][0]["facts"]["holder"], id(ANNA));
    let other = vera.get(&refusals(held, &format!("&channel={}", id(EMAIL)))).await.expect(200);
    assert_eq!(other["refusals"][0]["code"], "ChannelNotFound", "{other}");

    let event = |at: u64| format!("/api/audit/state/event?at={at}");
    let changed = vera.get(&event(forbidden)).await.expect(200);
    assert_eq!((&changed["position"], &changed["kind"]), (&json!(forbidden), &json!("channel-policy-set")));
    assert_eq!(changed["principal"]["kind"], "administrator");
    assert_eq!(vera.get(&event(held)).await.expect(200)["stream"]["session"], session);
    assert_eq!(vera.get(&event(free + 1)).await.expect(200)["stream"]["of"], "slot");
    assert_eq!(administrator.get(&event(1)).await.expect(200)["stream"]["of"], "workspace");
    vera.get(&event(1)).await.refused(403, "AdministratorsOnly");
    administrator.get(&event(0)).await.refused(400, "BadPosition");

    for path in [rules(99_999), refusals(99_999, ""), event(99_999)] {
        vera.get(&path).await.refused(400, "BadPosition");
    }
    for name in OTHERS {
        for path in [rules(held), refusals(held, ""), event(held), event(forbidden), event(free + 1)] {
            let answer = host.by(name).get(&path).await;
            assert_eq!(answer.status, 403, "{name} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn refused_commands_are_told_to_those_who_ask_for_them_once_the_line_keeps_them() {
    let host = Host::sample().await;
    let (administrator, vera) = (host.by("administrator"), host.by("vera"));
    let audit = line(SUPPORT, "/refusal-audit");
    vera.put(&audit, json!({ "active": true })).await.refused(403, "AdministratorsOnly");
    assert_eq!(vera.get(&line(SUPPORT, "")).await.expect(200)["refusal_audit"], false);
    administrator.put(&audit, json!({ "active": true })).await.expect(200);
    assert_eq!(vera.get(&line(SUPPORT, "")).await.expect(200)["refusal_audit"], true);

    let session = open(&host.by("anna"), with_ivan()).await;
    host.by("boris").post(SESSIONS, with_ivan()).await.refused(409, "OpenSessionExists");
    let history = format!("/api/audit/sessions/{session}/history");
    assert!(codes(&told(&vera, &history).await).is_empty(), "they are not asked for");
    let all = told(&vera, &format!("{history}?refused=true")).await;
    assert_eq!(codes(&all), ["OpenSessionExists"]);
    let refused = all.last().expect("it is the last one");
    assert_eq!(refused["principal"]["operator"], id(BORIS));
    assert_eq!(refused["payload"]["command"], "CreateSession");
    assert_eq!(refused["payload"]["values"]["holder"], id(ANNA));

    let slot =
        format!("/api/audit/channels/{}/slots/phone/%2B79161234567/history?refused=true", id(WHATSAPP));
    assert_eq!(codes(&told(&vera, &slot).await), ["OpenSessionExists"]);
    for path in [
        "/api/audit/accounts/phone/%2B79161234567/history?refused=true".to_owned(),
        format!("/api/audit/apps/contacts/elements/{}/history?refused=true", id(IVAN)),
        format!("/api/audit/operators/{}/history?refused=true", id(BORIS)),
    ] {
        assert_eq!(codes(&told(&administrator, &path).await), ["OpenSessionExists"], "{path}");
        vera.get(&path).await.refused(403, "AdministratorsOnly");
    }
    for name in OTHERS {
        let answer = host.by(name).get(&slot).await;
        assert_eq!(answer.status, 403, "{name}: {}", answer.text);
    }
    let until = host.head().await - 1;
    assert!(codes(&told(&vera, &format!("{history}?refused=true&to={until}")).await).is_empty());
}

#[tokio::test]
async fn what_takes_a_session_away_is_of_the_history_of_who_had_it_and_what_comes_after_is_not() {
    let host = Host::sample().await;
    let (anna, boris) = (host.by("anna"), host.by("boris"));
    let session = open(&anna, with_ivan()).await;
    host.by("vera").post(&of(&session, "/assign"), json!({ "operator": id(BORIS) })).await.expect(200);
    let away = host.head().await;
    say(&boris, &session, "Здравствуйте").await;
    let positions_of = async |operator: u128| {
        let history = format!("/api/audit/operators/{}/history", id(operator));
        let events = told(&host.by("administrator"), &history).await;
        let of_session = events.iter().filter(|event| event["stream"]["session"] == session.as_str());
        of_session.filter_map(|event| event["position"].as_u64()).collect::<Vec<_>>()
    };
    let (annas, borises) = (positions_of(ANNA).await, positions_of(BORIS).await);
    assert_eq!(annas.last(), Some(&away), "{annas:?}");
    assert!(borises.first() == Some(&away) && borises.len() > 1, "{borises:?}");
}

#[tokio::test]
async fn audits_of_the_whole_log_are_few_and_a_history_does_not_wait_for_them() {
    let host = Host::sample().await;
    let (administrator, email) = (host.by("administrator"), host.by("channel:email"));
    let messages = format!("/api/channels/{}/messages", id(EMAIL));
    for number in 0..40 {
        let text = "x".repeat(500_000);
        let external_id = format!("mail-{number}");
        let body = json!({ "address": "ivan.petrov@example.com", "external_id": external_id, "text": text });
        email.post(&messages, body).await.expect(201);
    }
    let archive = || administrator.request(Method::GET, "/api/audit/archive").send();
    // Nobody reads them: what the sockets do not hold, they wait with.
    let slow = [archive().await.expect("an answer"), archive().await.expect("an answer")];
    administrator.get("/api/audit/verify").await.refused(503, "Busy");
    let session = open(&host.by("anna"), with_ivan()).await;
    let history = format!("/api/audit/sessions/{session}/history");
    assert!(told(&host.by("vera"), &history).await.len() >= 3);
    host.by("vera")
        .get(&format!("/api/audit/state/sessions/{session}?at=99999"))
        .await
        .refused(400, "BadPosition");
    drop(slow);
    for _ in 0..200 {
        if administrator.get("/api/audit/verify").await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("their places are not given back");
}
