//! What an operator and an administrator press beside the golden scenarios, in a browser: the dialogs, the
//! settings, the tokens, signing out, and many tabs of one person.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/console.rs"]
mod console;
#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use browser::{Browser, eventually};
use console::{begin, desk, settings};
use host::{Host, SUPPORT, WHATSAPP, id, with_ivan};
use http_desk::*;
use serde_json::{Value, json};
use thirtyfour::Key;

/// The tabs of one operator: more than a browser has connections to one host.
const TABS: usize = 8;

/// The streams of events that the host gives one token.
const STREAMS_OF_TOKEN_MAX: usize = 16;

/// «+ Создать» adds a contact inside the dialog: the line stays chosen, the contact is taken, and what is
/// wrong with an address is told without losing anything.
#[tokio::test]
async fn a_contact_is_added_inside_the_dialog_and_the_form_is_kept() {
    let (_driver, host, anna) = desk("anna").await;
    anna.press("+ Новая сессия").await;
    anna.press("Служба поддержки").await;
    anna.press("+ Создать").await;
    anna.until("the name is asked for", "return document.activeElement.matches('.contact-form input')").await;
    anna.keys("Ольга Новая").await;
    anna.fill("input[id^=address]", "+7916").await;
    anna.keys(Key::Enter).await;
    anna.sees_at("dialog .choices", "Служба поддержки").await;
    // The host keeps what it is given; whether the number fits a channel is told by the dry run.
    anna.sees_at("dialog .chosen", "Ольга Новая").await;
    anna.sees_at("dialog", "записан неверно").await;
    assert_eq!(anna.count("dialog input[name=account]:enabled").await, 0);
    anna.press("Изменить").await;

    anna.press("+ Создать").await;
    let name = ".contact-form .field input";
    anna.fill(name, "Пётр Новый").await;
    anna.fill("input[id^=address]", "+79165550001").await;
    anna.press("Добавить контакт").await;
    anna.sees_at("dialog .chosen", "Пётр Новый").await;
    let line = "return document.querySelector('.choice:has([name=line]:checked)').textContent";
    assert!(anna.script::<String>(line, Vec::new()).await.starts_with("Служба поддержки"));
    anna.find("dialog input[name=account]:checked").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.gone("dialog").await;
    anna.sees_at(".window-head", "Пётр Новый").await;
    let mine = items(&host.by("anna"), "/api/sessions?list=my").await;
    assert_eq!((&mine[0]["customer_name"], mine.len()), (&json!("Пётр Новый"), 1));
    anna.quit().await;
}

/// Thinking better of «+ Создать» leaves the form as it was; so does a name that nobody gave.
#[tokio::test]
async fn a_contact_that_is_not_added_leaves_the_form_as_it_was() {
    let (_driver, host, anna) = desk("anna").await;
    let head = host.head().await;
    anna.press("+ Новая сессия").await;
    anna.press("Почта").await;
    anna.press("+ Создать").await;
    anna.press("Добавить контакт").await;
    anna.sees_at(".contact-form .notice", "азвание").await;
    anna.find("dialog .contact-form").await;
    anna.click(".contact-form .actions button:not(.primary)").await;
    anna.gone(".contact-form").await;
    anna.until("the focus is back", "return document.activeElement.id === 'add-contact'").await;
    anna.sees_at(".choice:has([name=line]:checked)", "Почта").await;
    anna.press("Иван Петров").await;
    anna.sees_at("dialog .chosen", "Иван Петров").await;
    assert_eq!(host.head().await, head, "nothing was written");
    anna.quit().await;
}

/// A line whose contacts are of another app drops the contact, and says so; a line of the same app keeps it.
#[tokio::test]
async fn the_contact_is_dropped_where_the_line_has_another_app() {
    let (_driver, host, anna) = desk("anna").await;
    let administrator = host.by("administrator");
    let partners = json!({ "app": "partners", "title": "Партнёры" });
    administrator.post("/api/apps", partners).await.expect(201);
    administrator
        .put(&line(host::TELEGRAM_BOT, "/contact-app"), json!({ "app": "partners" }))
        .await
        .expect(200);
    begin(&anna, "Служба поддержки").await;
    anna.sees_at("dialog .chosen", "Иван Петров").await;
    anna.press("Почта").await;
    anna.sees_at("dialog .chosen", "Иван Петров").await;
    assert_eq!(anna.count(".dropped").await, 0, "the same app's contact stays");
    anna.press("Телеграм-бот").await;
    anna.sees_at(".dropped", "Иван Петров — из другого приложения").await;
    assert_eq!(anna.count("dialog .chosen").await, 0);
    anna.sees_at("dialog .found", "Ничего не найдено").await;
    assert_eq!(anna.count("dialog [name=account]").await, 0);
    anna.sees_at("dialog .verdict", "Выберите контакт").await;
    assert_eq!(anna.count("dialog [type=submit]:enabled").await, 0);
    anna.quit().await;
}

/// A channel's rules are made narrower in their dialog; one that the medium does not allow is refused there.
#[tokio::test]
async fn a_channels_rules_are_changed_and_refused_in_their_dialog() {
    let (_driver, host, admin) = desk("administrator").await;
    settings(&admin, &host).await;
    let open = "button[aria-label='Правила: WhatsApp']";
    admin.click(open).await;
    admin.sees_at("dialog", "Правила канала WhatsApp").await;
    admin.fill("dialog input[type=number]", "100").await;
    admin.keys(Key::Enter).await;
    admin.gone("dialog").await;
    let rules = async || host.by("administrator").get(&line(SUPPORT, "")).await.expect(200);
    assert_eq!(rules().await["channels"][0]["policy"]["text_chars_max"], 100);

    admin.click(open).await;
    admin.find("dialog select").await;
    let choose = "const [create, subject] = document.querySelectorAll('dialog select');
        subject.value = 'optional'; return create.value";
    assert_eq!(admin.script::<String>(choose, Vec::new()).await, "always");
    let head = host.head().await;
    admin.click("dialog [type=submit]").await;
    admin.find("dialog .notice").await;
    assert_eq!(host.head().await, head, "a refusal leaves nothing");
    let choose = "const [create, subject] = document.querySelectorAll('dialog select');
        subject.value = 'none'; create.value = 'never'; return create.value";
    assert_eq!(admin.script::<String>(choose, Vec::new()).await, "never");
    admin.click("dialog [type=submit]").await;
    admin.gone("dialog").await;
    assert_eq!(rules().await["channels"][0]["policy"]["operator_create"], "never");
    let refused = host.by("anna").post(SESSIONS, with_ivan()).await;
    refused.refused(422, "ChannelForbidsOperatorCreate");
    admin.quit().await;
}

/// A line keeps its refused commands once its switch is on, and its history tells them.
#[tokio::test]
async fn the_switch_of_a_line_keeps_its_refused_commands() {
    let (_driver, host, admin) = desk("administrator").await;
    settings(&admin, &host).await;
    let switch = "label.check:has(+ p.quiet) input";
    for active in [true, false] {
        admin.click(switch).await;
        let kept = async || host.by("administrator").get(&line(SUPPORT, "")).await.expect(200);
        eventually("the line is told", async || (kept().await["refusal_audit"] == active).then_some(()))
            .await;
        admin.find(if active { "label.check:has(+ p.quiet) input:checked" } else { switch }).await;
    }
    admin.quit().await;
}

/// The licence's switch makes the presence switch of operators appear, and disappear.
#[tokio::test]
async fn the_switch_of_the_licence_brings_the_switch_of_presence_and_takes_it() {
    let (driver, host, anna) = desk("anna").await;
    let admin = driver.browser("ru").await;
    admin.sign_in(&host.address, &host.tokens["administrator"]).await;
    admin.press("Настройки").await;
    for active in [true, false] {
        admin.click("#licence").await;
        match active {
            true => drop(anna.find(".presence").await),
            false => anna.gone(".presence").await,
        }
        let me = host.by("anna").get("/api/me").await.expect(200);
        assert_eq!(me["service_licence"], active);
    }
    admin.quit().await;
    anna.quit().await;
}

/// A token is issued, shown once, opens, is listed, and opens no more once it is revoked.
#[tokio::test]
async fn a_token_is_issued_shown_once_and_revoked() {
    let (driver, host, admin) = desk("administrator").await;
    admin.go(&format!("{}/#/settings/tokens", host.address)).await;
    admin.find(".setting").await;
    let before = admin.count(".setting").await;
    admin.press("Выдать токен").await;
    let choose = "const it = document.querySelector('dialog select');
        it.value = [...it.options].find((of) => of.textContent === 'Борис').value; return it.value";
    assert_ne!(admin.script::<String>(choose, Vec::new()).await, "");
    admin.click("dialog [type=submit]").await;
    admin.sees_at("dialog", "Он показан один раз").await;
    let token =
        admin.script::<String>("return document.querySelector('dialog input[readonly]').value", Vec::new());
    let token = token.await;
    admin.keys(Key::Enter).await;
    admin.gone("dialog").await;
    assert!(!admin.text("body").await.contains(&token), "it is shown once");
    assert_eq!(admin.count(".setting").await, before + 1);

    let boris = driver.browser("ru").await;
    boris.sign_in(&host.address, &token).await;
    boris.sees_at(".bar", "Борис").await;
    let last = "const all = document.querySelectorAll(\"button[aria-label='Отозвать: Борис']\");
        all[all.length - 1].click(); return all.length";
    assert_eq!(admin.script::<u32>(last, Vec::new()).await, 2);
    // Nothing brings it back: it is asked first, and thinking better of it leaves it as it was.
    admin.sees_at("dialog", "Борис: токен перестанет действовать").await;
    admin.keys(Key::Escape).await;
    admin.gone("dialog").await;
    boris.sees_at(".bar", "Борис").await;
    assert_eq!(admin.script::<u32>(last, Vec::new()).await, 2);
    admin.click("dialog [type=submit]").await;
    eventually("it leaves the page", async || (admin.count(".setting").await == before).then_some(())).await;
    host.with_token(&token).get("/api/me").await.refused(401, "TokenUnknown");
    host.by("boris").get("/api/me").await.expect(200);
    // The feed ends with the token, and the page asks to sign in.
    boris.find("#token").await;
    boris.quit().await;
    admin.quit().await;
}

/// Signing out takes back every cookie of the browser, in all of its tabs, and the drafts, and the tokens
/// for trying out end with it.
#[tokio::test]
async fn signing_out_leaves_nothing_behind_in_any_tab() {
    let (_driver, host, admin) = desk("administrator").await;
    settings(&admin, &host).await;
    let first = admin.tab().await;
    let tokens = async || items(&host.by("administrator"), "/api/tokens").await.len();
    let before = tokens().await;
    // Trying a channel out twice takes one token.
    for tabs in [2, 2] {
        admin.turn_to(&first).await;
        admin.click("button[aria-label='Написать как клиент: WhatsApp']").await;
        eventually("the customer's side opens", async || (admin.tabs().await.len() == tabs).then_some(()))
            .await;
    }
    let second = admin.tabs().await.into_iter().find(|tab| *tab != first).expect("there are two");
    assert_eq!(tokens().await, before + 1);
    admin.turn_to(&second).await;
    admin.find("#text").await;
    let channel = format!("/api/channels/{}", id(WHATSAPP));
    assert_eq!(status(&admin, &channel).await, 200);

    admin.turn_to(&first).await;
    let third = admin.open_tab(&format!("{}/#/apps", host.address)).await;
    admin.find(".plain-item").await;
    admin.press("Выйти").await;
    admin.find("#token").await;
    for tab in [&first, &third] {
        admin.turn_to(tab).await;
        admin.find("#token").await;
        assert_eq!(admin.count(".bar").await, 0);
    }
    for path in ["/api/me", &channel] {
        assert_eq!(status(&admin, path).await, 401, "{path} opens with no cookie");
    }
    assert_eq!(tokens().await, before, "the token for trying out has ended");
    admin.go(&format!("{}/", host.address)).await;
    admin.find("#token").await;
    admin.quit().await;
}

/// What a request of the page is answered.
async fn status(page: &Browser, path: &str) -> u32 {
    page.script("return fetch(arguments[0]).then((answer) => answer.status)", vec![json!(path)]).await
}

/// A draft waits for its writer while a token ends, and nobody else ever sees it.
#[tokio::test]
async fn a_draft_outlasts_its_writers_token_and_not_a_change_of_persons() {
    let (_driver, host, boris) = desk("boris").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let anna = json!({ "principal": { "kind": "operator", "operator": id(host::ANNA) } });
    let issued = host.by("administrator").post("/api/tokens", anna).await.expect(201);
    let page = boris;
    page.press("Выйти").await;
    page.sign_in(&host.address, &host::text(&issued["token"])).await;
    page.sees_at(".bar", "Анна").await;
    let window = format!("{}/#/sessions/{session}", host.address);
    page.go(&window).await;
    page.fill(".composer textarea:enabled", "только моё").await;
    let revoke = format!("/api/tokens/{}", host::text(&issued["id"]));
    host.by("administrator").delete(&revoke).await.expect(200);
    page.find("#token").await;

    page.sign_in(&host.address, &host.tokens["anna"]).await;
    page.go(&window).await;
    let draft = "return document.querySelector('.composer textarea').value";
    page.find(".composer textarea:enabled").await;
    assert_eq!(page.script::<String>(draft, Vec::new()).await, "только моё");
    // Her token ends again, and another person sits down.
    page.script::<Value>("return fetch('/api/sign-in', { method: 'DELETE' }).then(() => null)", Vec::new())
        .await;
    page.sign_in(&host.address, &host.tokens["boris"]).await;
    page.sees_at(".bar", "Борис").await;
    let kept = "return Object.keys(sessionStorage).filter((name) => name.includes('draft')).length";
    assert_eq!(page.script::<u32>(kept, Vec::new()).await, 0);
    page.quit().await;
}

/// What was written while the network was away is told to wait, and sent once, by itself, when it is back;
/// the page says meanwhile that the connection is lost.
#[tokio::test]
async fn what_is_written_without_a_network_is_sent_when_it_is_back() {
    let (_driver, host, anna) = desk("anna").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.find(".composer textarea:enabled").await;
    let network = async |offline: bool| {
        let conditions =
            json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        anna.tools("Network.emulateNetworkConditions", conditions).await;
    };
    anna.tools("Network.enable", json!({})).await;
    network(true).await;
    anna.sees_at(".offline", "Связь с сервером потеряна").await;
    anna.fill(".composer textarea", "Из туннеля").await;
    anna.keys(Key::Enter).await;
    // It tries for a while by itself, and then waits for the connection or for a press.
    anna.sees_at(".message.unsent", "Отправить снова").await;
    anna.sees_at(".message.unsent .notice", "Нет связи с сервером").await;
    network(false).await;
    anna.sees_at(".messages .message:not(.unsent)", "Из туннеля").await;
    anna.gone(".message.unsent").await;
    anna.until("nothing is said of it any more", "return document.querySelector('.offline').hidden").await;
    assert_eq!(said(&host.by("anna"), &session).await, ["Из туннеля"]);
    anna.quit().await;
}

/// Whoever works with the keyboard keeps the place where the page draws something anew: a button of a
/// session into which a customer writes, a switch of the settings that was just pressed.
#[tokio::test]
async fn the_focus_stays_where_it_is_while_the_page_changes() {
    let (driver, host, anna) = desk("anna").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.find("[data-action=rename]").await;
    let focus =
        "const it = document.querySelector(arguments[0]); it.focus(); return document.activeElement === it";
    assert!(anna.script::<bool>(focus, vec![json!("[data-action=rename]")]).await);
    customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, "Ответьте").await;
    anna.sees_at(".messages", "Ответьте").await;
    anna.find(".row .badge").await;
    anna.keys(Key::Enter).await;
    anna.sees_at("dialog", "Название сессии").await;
    anna.keys(Key::Escape).await;
    anna.gone("dialog").await;
    anna.click("[data-action=close]").await;
    anna.sees_at(".window-head", "закрыта").await;
    anna.until("the title has the focus", "return document.activeElement.matches('.window-title')").await;
    anna.quit().await;

    let admin = driver.browser("ru").await;
    admin.sign_in(&host.address, &host.tokens["administrator"]).await;
    settings(&admin, &host).await;
    let reader = "input[aria-label='Борис: Читатель']";
    admin.find(reader).await;
    assert!(admin.script::<bool>(focus, vec![json!(reader)]).await);
    for checked in [true, false] {
        admin.keys(" ").await;
        let kept = format!(
            "const it = document.activeElement; return it.matches(\"{reader}\") && it.checked === {checked}"
        );
        admin.until("the switch is kept, and has the focus", &kept).await;
        let now = async || {
            let members = items(&host.by("administrator"), &line(SUPPORT, "/members")).await;
            let boris = members.iter().find(|member| member["operator"] == id(host::BORIS))?;
            let reads = boris["roles"].as_array()?.contains(&json!("reader"));
            (reads == checked).then_some(())
        };
        eventually("the role is as it was switched", now).await;
    }
    admin.quit().await;
}

/// Eight tabs of one operator are all live: they share one feed, and go on without a gap when the tab that
/// keeps it closes.
#[tokio::test]
async fn eight_tabs_of_one_operator_are_all_live_over_one_feed() {
    let (_driver, host, anna) = desk("anna").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let window = format!("{}/#/sessions/{session}", host.address);
    anna.go(&window).await;
    anna.find(".composer textarea:enabled").await;
    let mut tabs = vec![anna.tab().await];
    while tabs.len() < TABS {
        tabs.push(anna.open_tab(&window).await);
        anna.find(".composer textarea:enabled").await;
    }
    let mut said = Vec::new();
    for (round, leaving) in [None, Some(0), Some(0), Some(3)].into_iter().enumerate() {
        if let Some(leaving) = leaving {
            let tab: thirtyfour::WindowHandle = tabs.remove(leaving);
            anna.turn_to(&tab).await;
            anna.close_tab().await;
            anna.turn_to(&tabs[0]).await;
        }
        let text = format!("Слово {round}");
        // It is written while nobody leads, or before.
        customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, &text).await;
        said.push(text);
        for tab in &tabs {
            anna.turn_to(tab).await;
            anna.sees_at(".messages", &said[round]).await;
            let shown =
                "return [...document.querySelectorAll('.messages .text')].map((it) => it.textContent)";
            assert_eq!(anna.script::<Vec<String>>(shown, Vec::new()).await, said);
        }
        let one = async || (feeds(&host).await == 1).then_some(());
        eventually(&format!("round {round}: the tabs share one feed"), one).await;
    }
    anna.quit().await;
}

/// How many streams of events Анна's token has: those that are left until the host refuses her one more.
async fn feeds(host: &Host) -> usize {
    let mut left = Vec::new();
    loop {
        let answer = host.by("anna").request(reqwest::Method::GET, "/api/events").send().await;
        let answer = answer.expect("the host answers");
        match answer.status().as_u16() {
            200 => left.push(answer),
            429 => return STREAMS_OF_TOKEN_MAX - left.len(),
            other => panic!("a stream is answered with {other}"),
        }
    }
}
