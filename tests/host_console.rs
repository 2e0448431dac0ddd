//! What the host gives a browser: the pages with their headers, the cookie of the sign-in, and what the
//! pages ask beside the desk's routes.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use host::{Answer, Host, LIVE_CHAT, SUPPORT, WHATSAPP, id, with_ivan};
use http_desk::*;
use reqwest::Method;
use serde_json::json;

/// Somebody with a cookie of a browser, sent from a page at an origin.
async fn by_cookie(host: &Host, method: Method, path: &str, cookie: &str, origin: Option<&str>) -> Answer {
    let mut request = host.nobody().request(method, path).header("Cookie", cookie);
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    Answer::of(request).await
}

/// Signs somebody of the sample in, and gives the cookie with its attributes.
async fn sign_in(host: &Host, name: &str) -> String {
    let answer = host.by(name).post("/api/sign-in", json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("set-cookie").to_owned()
}

#[tokio::test]
async fn pages_say_what_they_may_do_and_are_kept_until_they_change() {
    let host = Host::sample().await;
    for (path, media) in [
        ("/", "text/html; charset=utf-8"),
        ("/customer", "text/html; charset=utf-8"),
        ("/console/app.js", "text/javascript; charset=utf-8"),
        ("/console/base.css", "text/css; charset=utf-8"),
        ("/console/icon.svg", "image/svg+xml"),
    ] {
        let page = host.nobody().get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, media), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(policy.contains("default-src 'none'") && policy.contains("trusted-types 'none'"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        let tag = page.header("etag").to_owned();
        let kept = host.nobody().request(Method::GET, path).header("If-None-Match", &tag);
        let kept = Answer::of(kept).await;
        assert_eq!((kept.status, kept.text.as_str(), kept.header("etag")), (304, "", tag.as_str()), "{path}");
    }
    let html = host.nobody().get("/").await.text;
    assert!(!html.contains("<style") && !html.contains("onclick"), "nothing stands inline:\n{html}");
    for absent in ["/console/absent.js", "/console/..%2Fhost.rs", "/console/"] {
        host.nobody().get(absent).await.refused(404, "RouteNotFound");
    }
}

#[tokio::test]
async fn a_cookie_opens_for_pages_of_the_host_alone_and_no_script_reads_it() {
    let host = Host::sample().await;
    host.nobody().post("/api/sign-in", json!({})).await.refused(401, "TokenMissing");
    let set = sign_in(&host, "anna").await;
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/api;"] {
        assert!(set.contains(attribute), "{set}");
    }
    let cookie = set.split(';').next().expect("a cookie has a value");
    let me = by_cookie(&host, Method::GET, "/api/me", cookie, None).await.expect(200);
    assert_eq!(me["operator"]["name"], "Анна");

    let session = open(&host.by("anna"), with_ivan()).await;
    let close = of(&session, "/close");
    for origin in [None, Some("http://127.0.0.1:1"), Some("https://example.com"), Some("null")] {
        by_cookie(&host, Method::POST, &close, cookie, origin).await.refused(403, "ForeignOrigin");
    }
    assert_eq!(seen(&host.by("anna"), &session).await["status"], "assigned");
    by_cookie(&host, Method::POST, &close, cookie, Some(&host.address)).await.expect(200);

    let out = by_cookie(&host, Method::DELETE, "/api/sign-in", cookie, Some(&host.address)).await;
    assert!(out.header("set-cookie").contains("switchboard=; Path=/api; Max-Age=0"), "{:?}", out.headers);
    let soon = json!({ "principal": { "kind": "administrator", "administrator": id(0x0a) },
        "expires_at": "2100-01-01T00:00:00Z" });
    let token = host.by("administrator").post("/api/tokens", soon).await.expect(201)["token"].clone();
    let token = token.as_str().expect("a token is text");
    let answer = host.with_token(token).post("/api/sign-in", json!({})).await;
    assert!(answer.header("set-cookie").contains("Max-Age=2592000"), "a month at most");
}

#[tokio::test]
async fn signing_out_takes_every_cookie_back_also_for_a_token_that_ended() {
    let host = Host::sample().await;
    let principal = json!({ "kind": "operator", "operator": id(host::ANNA) });
    let issued = json!({ "principal": principal });
    let issued = host.by("administrator").post("/api/tokens", issued).await.expect(201);
    let token = format!("/api/tokens/{}", host::text(&issued["id"]));
    let person = format!("switchboard={}", host::text(&issued["token"]));
    let channel = host.by("channel:whatsapp").post("/api/sign-in", json!({})).await;
    let process = host.by("process:order-ready").post("/api/sign-in", json!({})).await;
    // What a browser sends where it signs out: its person's cookie, and the marks of those beside.
    let set = [&channel, &process].map(|answer| {
        let all = answer.headers.get_all("set-cookie").iter();
        all.map(|value| value.to_str().expect("text").to_owned()).collect::<Vec<_>>()
    });
    let marks = set.iter().flatten().filter(|cookie| cookie.contains("; Path=/api/sign-in;"));
    let marks = marks.map(|cookie| cookie.split(';').next().expect("a value")).collect::<Vec<_>>().join("; ");
    host.by("administrator").delete(&token).await.expect(200);

    let sent = format!("{person}; {marks}");
    let foreign = by_cookie(&host, Method::DELETE, "/api/sign-in", &sent, Some("https://example.com")).await;
    foreign.refused(403, "ForeignOrigin");
    let out = by_cookie(&host, Method::DELETE, "/api/sign-in", &sent, Some(&host.address)).await;
    let ended: Vec<_> =
        out.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect();
    for path in ["/api", &format!("/api/channels/{}", id(WHATSAPP)), "/api/processes/order-ready/messages"] {
        let cookie = format!("switchboard=; Path={path}; Max-Age=0; HttpOnly; SameSite=Strict");
        assert!(ended.contains(&cookie.as_str()), "{cookie} is not in {ended:?}");
    }
    assert_eq!(ended.iter().filter(|cookie| cookie.contains("; Path=/api/sign-in; Max-Age=0")).count(), 2);
    assert_eq!(out.expect(200)["signed_out"], 3);
    // The marks alone are enough, and nothing is nothing.
    let beside = by_cookie(&host, Method::DELETE, "/api/sign-in", &marks, Some(&host.address)).await;
    assert_eq!(beside.expect(200)["signed_out"], 2);
    host.nobody().delete("/api/sign-in").await.refused(401, "TokenMissing");
}

#[tokio::test]
async fn a_channels_cookie_goes_beside_a_persons_and_shows_what_its_customer_sees() {
    let host = Host::sample().await;
    let channel = format!("/api/channels/{}", id(WHATSAPP));
    let set = sign_in(&host, "channel:whatsapp").await;
    assert!(set.contains(&format!("; Path={channel};")), "{set}");
    // As browsers do, the cookie with the longer path first.
    let person = sign_in(&host, "anna").await;
    let value = |set: &str| set.split(';').next().expect("a value").to_owned();
    let both = format!("{}; {}", value(&set), value(&person));
    let about = by_cookie(&host, Method::GET, &channel, &both, None).await.expect(200);
    assert_eq!((&about["kind"], &about["line"]), (&json!("whatsapp"), &json!(id(SUPPORT))));
    assert_eq!((&about["title"], &about["line_title"]), (&json!("WhatsApp"), &json!("Служба поддержки")));

    let session = open(&host.by("anna"), with_ivan()).await;
    say(&host.by("anna"), &session, "Добрый день").await;
    customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, "Здравствуйте").await;
    customer_writes(&host, ("whatsapp", WHATSAPP), "+79990000001", "Чужое").await;
    let own = host.by("channel:whatsapp");
    let messages = format!("{channel}/customers/%2B79161234567/messages");
    assert_eq!(texts(&items(&own, &messages).await), ["Здравствуйте", "Добрый день"]);
    own.get(&format!("{channel}/customers/89161234567/messages")).await.refused(422, "BadAddress");
    for (who, path) in [("anna", &messages), ("channel:email", &messages), ("anna", &channel)] {
        host.by(who).get(path).await.refused(403, "PrincipalNotAllowed");
    }
    host.by("channel:live-chat").get(&format!("{channel}/events")).await.refused(403, "PrincipalNotAllowed");
    let absent = format!("/api/channels/{}/customers/x/messages", id(LIVE_CHAT));
    assert!(items(&host.by("channel:live-chat"), &absent).await.is_empty());
}

#[tokio::test]
async fn a_template_is_shown_before_it_is_set_and_lines_tell_their_channels_rules() {
    let host = Host::sample().await;
    let administrator = host.by("administrator");
    let preview = line(SUPPORT, "/name-template/preview");
    let template = json!({ "template": "{{ customer | upper }}: {{ channel }}, {{ line }}" });
    let shown = administrator.post(&preview, template).await.expect(200);
    assert_eq!(shown["name"], "ИВАН ПЕТРОВ: WhatsApp, Служба поддержки");
    let wrong = json!({ "template": "{{ customer | nope }}" });
    administrator.post(&preview, wrong).await.refused(422, "BadTemplate");
    let now = administrator.get(&line(SUPPORT, "")).await.expect(200);
    assert_eq!(now["name_template"], json!(null), "showing sets nothing");
    assert_eq!(now["channels"][0]["policy"]["text_chars_max"], 4096);
    assert_eq!(now["channels"][0]["policy"]["operator_create"], "always");
}
