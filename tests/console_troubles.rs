//! What the console's pages live through, in a browser: reads that fail, windows that hang, connections that
//! let nothing through, and changes under the hand of whoever works there.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/console.rs"]
mod console;
#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::time::Duration;

use browser::{Browser, eventually};
use console::{begin, desk, settings};
use host::{Host, ORDER, SUPPORT, WHATSAPP, id, with_ivan};
use http_desk::*;
use serde_json::{Value, json};
use thirtyfour::Key;

/// The window of a new session with Иван Петров.
async fn window(host: &Host, anna: &Browser) -> String {
    let session = open(&host.by("anna"), with_ivan()).await;
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.find(".composer textarea:enabled").await;
    session
}

/// Lets no request pass whose address is like one of these.
async fn block(page: &Browser, addresses: Value) {
    page.tools("Network.enable", json!({})).await;
    page.tools("Network.setBlockedURLs", json!({ "urls": addresses })).await;
}

async fn customer_says(host: &Host, text: &str) {
    customer_writes(host, ("whatsapp", WHATSAPP), PHONE, text).await;
}

/// Signing out asks no projection: it takes back the cookies, the drafts and the tokens for trying out also
/// while every read of the page fails, in each of its tabs.
#[tokio::test]
async fn signing_out_leaves_nothing_while_nothing_can_be_read() {
    let (_driver, host, admin) = desk("administrator").await;
    let tokens = async || items(&host.by("administrator"), "/api/tokens").await.len();
    let before = tokens().await;
    settings(&admin, &host).await;
    let first = admin.tab().await;
    admin.click("button[aria-label='Написать как клиент: WhatsApp']").await;
    eventually("the customer's side opens", async || (admin.tabs().await.len() == 2).then_some(())).await;
    admin.turn_to(&first).await;
    assert_eq!(tokens().await, before + 1);
    let draft = "sessionStorage.setItem('switchboard.draft.x', 'x');
        sessionStorage.setItem('switchboard.unsent.x', '[]'); return null";
    admin.script::<Value>(draft, Vec::new()).await;
    // What the host answers while its projections fail: whatever is read is a failure, what is not read is done.
    let failing = "const real = window.fetch; window.asked = 0;
        window.fetch = (path, about) => {
            if (about?.method === 'DELETE') return real(path, about);
            window.asked += 1;
            const body = { status: 500, code: 'Failed', detail: 'Хранилище не отвечает', outcome: 'not-written' };
            return Promise.resolve(new Response(JSON.stringify(body), { status: 500 }));
        }; return null";
    admin.script::<Value>(failing, Vec::new()).await;
    admin.press("Токены").await;
    admin.sees_at(".settings-place", "Хранилище не отвечает").await;
    assert_ne!(admin.script::<u32>("return window.asked", Vec::new()).await, 0);
    admin.press("Выйти").await;
    admin.find("#token").await;
    assert_eq!((admin.count(".bar").await, admin.count("dialog").await), (0, 0));
    let left = "return Object.keys(sessionStorage).filter((name) => /draft|unsent/.test(name)).length";
    assert_eq!(admin.script::<u32>(left, Vec::new()).await, 0, "no text is left");
    assert_eq!(tokens().await, before, "the token for trying out has ended");
    admin.go(&format!("{}/", host.address)).await;
    admin.find("#token").await;
    let status = "return fetch('/api/me').then((answer) => answer.status)";
    assert_eq!(admin.script::<u32>(status, Vec::new()).await, 401, "no cookie is left");
    admin.quit().await;
}

/// How long the second window waits in the test for one that says nothing: longer than the signs of life of
/// the host are apart, and far below what it waits otherwise.
const SILENT: Duration = Duration::from_secs(8);

/// The window that keeps the feed of all hangs, with its lock: another steals it and goes on without a gap.
/// When the first wakes up it follows the other one, misses nothing, and sees nothing twice.
#[tokio::test]
async fn another_window_takes_the_feed_of_one_that_hangs() {
    let (_driver, host, anna) = desk("anna").await;
    let session = window(&host, &anna).await;
    let first = anna.tab().await;
    customer_says(&host, "Раз").await;
    anna.sees_at(".messages", "Раз").await;
    let second = anna.open_tab("about:blank").await;
    let patience = format!(
        "const wait = window.setTimeout;
        window.setTimeout = (run, ms, ...more) => wait(run, ms === 40000 ? {} : ms, ...more);",
        SILENT.as_millis()
    );
    anna.tools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": patience })).await;
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.sees_at(".messages", "Раз").await;
    let steals = "const real = navigator.locks.request.bind(navigator.locks); window.stolen = 0;
        navigator.locks.request = (name, how, run) => { if (how.steal) window.stolen += 1; return real(name, how, run); };
        return null";
    anna.script::<Value>(steals, Vec::new()).await;
    let stolen = async || anna.script::<u32>("return window.stolen", Vec::new()).await;
    // While the first is well it says so again and again, and nobody takes its place.
    tokio::time::sleep(SILENT + Duration::from_secs(2)).await;
    assert_eq!(stolen().await, 0, "a window that is well keeps its lock");

    anna.turn_to(&first).await;
    anna.tools("Page.setWebLifecycleState", json!({ "state": "frozen" })).await;
    anna.turn_to(&second).await;
    customer_says(&host, "Два").await;
    anna.sees_at(".messages", "Два").await;
    assert_eq!(stolen().await, 1);
    customer_says(&host, "Три").await;
    anna.sees_at(".messages", "Три").await;

    anna.turn_to(&first).await;
    anna.tools("Page.setWebLifecycleState", json!({ "state": "active" })).await;
    customer_says(&host, "Четыре").await;
    for tab in [&first, &second] {
        anna.turn_to(tab).await;
        anna.sees_at(".messages", "Четыре").await;
        let shown = "return [...document.querySelectorAll('.messages .text')].map((it) => it.textContent)";
        assert_eq!(anna.script::<Vec<String>>(shown, Vec::new()).await, ["Раз", "Два", "Три", "Четыре"]);
    }
    assert_eq!(stolen().await, 1, "the lock stays where it is");
    anna.quit().await;
}

/// What the host has not taken stays in sight when another page is shown and when all is loaded anew, and is
/// sent once and in order when the host can be reached.
#[tokio::test]
async fn what_was_not_sent_outlasts_its_window_and_a_reload() {
    let (_driver, host, anna) = desk("anna").await;
    let session = window(&host, &anna).await;
    block(&anna, json!(["*/messages"])).await;
    for text in ["Раз", "Два"] {
        anna.fill(".composer textarea", text).await;
        anna.keys(Key::Enter).await;
        anna.sees_at(".messages .unsent:last-child", text).await;
    }
    anna.press("Приложения").await;
    anna.find(".plain-item").await;
    let back = format!("{}/#/sessions/{session}", host.address);
    anna.go(&back).await;
    let unsent = "return [...document.querySelectorAll('.unsent .text')].map((it) => it.textContent)";
    anna.find(".unsent").await;
    assert_eq!(anna.script::<Vec<String>>(unsent, Vec::new()).await, ["Раз", "Два"]);
    anna.script::<Value>("location.reload(); return null", Vec::new()).await;
    anna.find(".unsent").await;
    assert_eq!(anna.script::<Vec<String>>(unsent, Vec::new()).await, ["Раз", "Два"]);
    anna.sees_at(".unsent", "Вернуть в черновик").await;
    assert!(said(&host.by("anna"), &session).await.is_empty());

    block(&anna, json!([])).await;
    anna.press("Отправить снова").await;
    // What waits for the same reason goes with it.
    anna.sees_at(".messages .message:not(.unsent):last-child", "Два").await;
    anna.gone(".unsent").await;
    assert_eq!(said(&host.by("anna"), &session).await, ["Раз", "Два"]);
    anna.quit().await;
}

/// A button that is held while the page draws itself anew is pressed when it is let go.
#[tokio::test]
async fn a_press_counts_though_the_page_changes_under_it() {
    let (_driver, host, anna) = desk("anna").await;
    window(&host, &anna).await;
    anna.hold("[data-action=rename]").await;
    customer_says(&host, "Ответьте").await;
    // The list shows what came; the head of the window, in which the button is, waits.
    anna.find(".row .badge").await;
    anna.let_go().await;
    anna.sees_at("dialog", "Название сессии").await;
    anna.keys(Key::Escape).await;
    anna.gone("dialog").await;
    anna.quit().await;
}

/// A text that is selected stays so while messages come; so does the place of the keyboard after a dialog
/// whose opener was drawn anew.
#[tokio::test]
async fn what_is_selected_and_where_the_keyboard_is_stay() {
    let (_driver, host, anna) = desk("anna").await;
    window(&host, &anna).await;
    customer_says(&host, "Заказ 4711").await;
    anna.sees_at(".messages", "Заказ 4711").await;
    let select = "getSelection().selectAllChildren(document.querySelector('.message .text')); return null";
    anna.script::<Value>(select, Vec::new()).await;
    customer_says(&host, "Где он?").await;
    anna.sees_at(".messages", "Где он?").await;
    let selected = "return getSelection().toString()";
    assert_eq!(anna.script::<String>(selected, Vec::new()).await, "Заказ 4711");

    let rename = "document.querySelector('[data-action=rename]').focus(); return null";
    anna.script::<Value>(rename, Vec::new()).await;
    anna.keys(Key::Enter).await;
    anna.fill("dialog input", "Рекламация").await;
    anna.keys(Key::Enter).await;
    anna.gone("dialog").await;
    anna.sees_at(".window-title", "Рекламация").await;
    let back = "return document.activeElement.matches('[data-action=rename]')";
    anna.until("the button has the focus", back).await;
    anna.quit().await;
}

/// A list that cannot be read says so, asks again now and then, and is there when it can be; and so is what
/// a dialog needs.
#[tokio::test]
async fn what_could_not_be_read_is_read_when_it_can_be() {
    let (_driver, host, anna) = desk("anna").await;
    window(&host, &anna).await;
    block(&anna, json!(["*list=my*", "*/members*"])).await;
    let count = "const real = window.fetch; window.asked = 0;
        window.fetch = (path, about) => { if (path.includes('list=my')) window.asked += 1; return real(path, about); };";
    anna.tools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": count })).await;
    anna.script::<Value>("location.reload(); return null", Vec::new()).await;
    anna.sees_at(".lists", "Нет связи с сервером").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asked: u32 = anna.script("return window.asked", Vec::new()).await;
    assert!((1..=5).contains(&asked), "the host is asked {asked} times");
    anna.press("Назначить").await;
    anna.sees_at("dialog", "Нет связи с сервером").await;
    block(&anna, json!([])).await;
    anna.find(".row").await;
    anna.press("Повторить").await;
    anna.sees_at("dialog select:enabled", "Анна").await;
    anna.find("dialog [type=submit]:enabled").await;
    anna.keys(Key::Escape).await;
    anna.quit().await;
}

/// Escape leaves the form of a new contact alone; the dialog around it and what was chosen there stay. While
/// the form is there no session is created with the contact that was chosen before.
#[tokio::test]
async fn escape_leaves_the_form_of_a_contact_and_not_the_dialog() {
    let (_driver, _host, anna) = desk("anna").await;
    begin(&anna, "Почта").await;
    anna.find("dialog [type=submit]:enabled").await;
    anna.press("+ Создать").await;
    anna.find(".contact-form").await;
    anna.keys("Ольга").await;
    anna.sees_at("dialog .verdict", "Добавьте контакт или отмените").await;
    assert_eq!(anna.count("dialog [type=submit]:enabled").await, 0);
    anna.keys(Key::Escape).await;
    anna.gone(".contact-form").await;
    anna.find("dialog [type=submit]:enabled").await;
    anna.sees_at("dialog .chosen", "Иван Петров").await;
    anna.sees_at("dialog .choice:has([name=line]:checked)", "Почта").await;
    anna.keys(Key::Escape).await;
    anna.gone("dialog").await;
    anna.quit().await;
}

/// What an administrator typed and has not saved yet stays while others change the line, also when the
/// keyboard has left it; saving shows the line as it is then.
#[tokio::test]
async fn what_is_typed_into_settings_is_not_lost_to_what_others_change() {
    let (_driver, host, admin) = desk("administrator").await;
    settings(&admin, &host).await;
    let field = "form input[spellcheck=false]";
    admin.fill(field, "{{ line }} и {{ customer }}").await;
    admin.sees_at(".preview", "Служба поддержки и").await;
    let title = json!({ "title": "Служба заботы" });
    host.by("administrator").patch(&line(SUPPORT, ""), title).await.expect(200);
    admin.sees_at(".settings-menu", "Служба заботы").await;
    admin.keys(Key::Tab).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let typed = "return document.querySelector('form input[spellcheck=false]').value";
    assert_eq!(admin.script::<String>(typed, Vec::new()).await, "{{ line }} и {{ customer }}");
    admin.keys(Key::Enter).await;
    admin.sees_at(".settings-place h1", "Служба заботы").await;
    let kept = host.by("administrator").get(&line(SUPPORT, "")).await.expect(200);
    assert_eq!(kept["name_template"], "{{ line }} и {{ customer }}");
    admin.quit().await;
}

/// An address that leads nowhere says so once, offers nothing to write into, and leaves a way back; a dialog
/// does not follow to another page.
#[tokio::test]
async fn a_session_that_is_not_there_offers_a_way_back_and_nothing_else() {
    let (_driver, host, anna) = desk("anna").await;
    anna.size(360, 740).await;
    anna.press("+ Новая сессия").await;
    anna.find("dialog input[name=line]").await;
    anna.go(&format!("{}/#/sessions/{}", host.address, id(0))).await;
    anna.gone("dialog").await;
    anna.sees_at(".window .notice", "Такой сессии нет").await;
    assert_eq!(anna.count(".window > :not([hidden]) .notice").await, 1);
    assert!(!anna.find(".window").await.text().await.expect("it has a text").contains("Отправить"));
    anna.click(".window .back").await;
    anna.find("#new-session").await;
    anna.quit().await;
}

/// Whoever reads the history of a card further up stays there when something new comes.
#[tokio::test]
async fn the_history_of_a_card_keeps_its_place() {
    let (_driver, host, anna) = desk("anna").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    host.by("anna").put(&of(&session, &format!("/links/orders/{}", id(ORDER))), json!({})).await.expect(200);
    for number in 0..40 {
        say(&host.by("anna"), &session, &format!("Письмо {number}")).await;
    }
    anna.go(&format!("{}/#/apps/orders/{}", host.address, id(ORDER))).await;
    anna.sees_at(".widget-place", "Письмо 39").await;
    let up = "const it = document.querySelector('.widget-place .transcript'); it.scrollTop = 300; return it.scrollTop";
    assert_eq!(anna.script::<u32>(up, Vec::new()).await, 300);
    customer_says(&host, "Ещё одно").await;
    anna.sees_at(".widget-place", "Ещё одно").await;
    let place = "return document.querySelector('.widget-place .transcript').scrollTop";
    assert_eq!(anna.script::<u32>(place, Vec::new()).await, 300);
    assert_eq!(anna.count(".widget-place .message").await, 41, "each message is there once");

    // In the session's own window the newest message stays in sight while a long answer is written.
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.sees_at(".messages", "Ещё одно").await;
    let write = "const it = document.querySelector('.composer textarea'); it.value = 'строка\\n'.repeat(8);
        it.dispatchEvent(new Event('input')); return null";
    anna.find(".composer textarea:enabled").await;
    anna.script::<Value>(write, Vec::new()).await;
    let foot = "const it = document.querySelector('.transcript');
        return it.scrollHeight > it.clientHeight && it.scrollHeight - it.scrollTop - it.clientHeight < 2
            && document.querySelector('.composer textarea').clientHeight > 100";
    anna.until("the newest message is in sight", foot).await;
    anna.quit().await;
}
