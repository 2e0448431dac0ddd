//! The console's pages in a browser: two people talking, a host that is killed, texts that look like
//! markup, the keyboard alone, screen readers, small screens, and ten thousand sessions.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use browser::{Browser, Driver, eventually};
use host::{Host, ORDER, SUPPORT, WHATSAPP, id, with_ivan};
use http_desk::*;
use serde_json::{Value, json};
use thirtyfour::Key;

/// The sessions of the long list.
const SESSIONS: usize = 10_000;

/// The longest time from the data's arrival to the first row that is painted.
const FIRST_PAINT_MAX: f64 = 300.0;

/// The longest that the page may be busy at one go: longer, and typing is felt to stick.
const LONG_TASK_MAX: f64 = 200.0;

/// The rounds. What the page costs is in each of them, and what else the machine does only adds to it: so the
/// least of them is held against the bounds, and the middle one is printed beside it.
const ROUNDS: usize = 5;

/// The customer's page of the WhatsApp channel.
async fn customer(driver: &Driver, host: &Host) -> Browser {
    let customer = driver.browser("ru").await;
    customer.go(&format!("{}/customer", host.address)).await;
    customer.fill("#token", &host.tokens["channel:whatsapp"]).await;
    customer.keys(Key::Enter).await;
    customer.find("#text").await;
    customer
}

async fn says(who: &Browser, field: &str, text: &str) {
    who.fill(field, text).await;
    who.keys(Key::Enter).await;
}

/// A customer and an operator talk in two browsers; each sees the other's words within a second.
#[tokio::test]
async fn two_people_talk_and_what_is_written_looks_the_same_at_both_ends() {
    let driver = Driver::start_alone().await;
    let host = Host::sample().await;
    let (anna, customer) = (driver.browser("en-GB").await, customer(&driver, &host).await);
    anna.sign_in(&host.address, &host.tokens["anna"]).await;
    anna.press("Queue").await;

    // Markup is text: nothing is loaded, nothing runs, and what was typed is what is seen.
    let markup = "<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script> &amp;";
    says(&customer, "#text", markup).await;
    anna.click(".row").await;
    anna.press("Take").await;
    anna.sees_at(".messages", markup).await;
    assert_eq!(anna.count(".messages img, .messages script").await, 0);
    assert!(anna.script::<bool>("return window.hurt === undefined", Vec::new()).await);
    let refused = "try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true }";
    assert!(anna.script::<bool>(refused, Vec::new()).await, "the page's policy lets no text become markup");

    anna.find(".composer textarea:enabled").await;
    let mut slowest = Duration::ZERO;
    for (at, (from, to)) in
        [(&anna, &customer), (&customer, &anna), (&anna, &customer)].into_iter().enumerate()
    {
        let text = format!("Слово {at}");
        let field = if from.count("#text").await == 1 { "#text" } else { ".composer textarea" };
        says(from, field, &text).await;
        let began = Instant::now();
        to.sees_at(".messages", &text).await;
        slowest = slowest.max(began.elapsed());
    }
    println!("a message is seen in the other browser after at most {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    anna.sees_at(".messages", "read").await;
    customer.quit().await;
    anna.quit().await;
}

/// The host is killed while both write: what was typed meanwhile arrives once, in order, without a reload.
#[tokio::test]
async fn a_dialogue_goes_on_after_the_host_was_killed_without_a_gap() {
    let driver = Driver::start().await;
    let mut host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;
    let (anna, customer) = (driver.browser("ru").await, customer(&driver, &host).await);
    anna.sign_in(&host.address, &host.tokens["anna"]).await;
    anna.go(&format!("{}/#/sessions/{session}", host.address)).await;
    anna.find(".composer textarea:enabled").await;
    says(&customer, "#text", "Раз").await;
    anna.sees_at(".messages", "Раз").await;

    host.kill().await;
    anna.sees_at(".offline", "Связь с сервером потеряна").await;
    says(&anna, ".composer textarea", "Два").await;
    anna.sees_at(".messages .unsent", "Два").await;
    anna.fill(".composer textarea", "черновик").await;
    let host = host.restart_in_place().await;
    customer.sees_at(".messages", "Два").await;
    says(&customer, "#text", "Три").await;
    anna.sees_at(".messages", "Три").await;
    anna.gone(".message.unsent").await;
    anna.until(
        "the page says nothing of lost connections",
        "return document.querySelector('.offline').hidden",
    )
    .await;
    let shown = "return [...document.querySelectorAll('.messages .text')].map((it) => it.textContent)";
    assert_eq!(anna.script::<Vec<String>>(shown, Vec::new()).await, ["Раз", "Два", "Три"]);
    let draft = "return document.querySelector('.composer textarea').value";
    assert_eq!(anna.script::<String>(draft, Vec::new()).await, "черновик", "what was being typed stays");
    assert_eq!(said(&host.by("anna"), &session).await, ["Раз", "Два", "Три"]);
    customer.quit().await;
    anna.quit().await;
}

/// From the sign-in to a sent message and back without a mouse; the focus is seen at every step.
#[tokio::test]
async fn a_message_is_sent_with_the_keyboard_alone() {
    let driver = Driver::start().await;
    let host = Host::sample().await;
    let anna = driver.browser("ru").await;
    anna.go(&format!("{}/", host.address)).await;
    anna.find("#token").await;
    anna.keys(host.tokens["anna"].as_str()).await;
    anna.keys(Key::Enter).await;
    anna.find(".bar").await;
    tab_to(&anna, "+ Новая сессия").await;
    anna.keys(Key::Enter).await;
    anna.until("a line has the focus", "return document.activeElement.name === 'line'").await;
    anna.keys(Key::Escape).await;
    anna.gone("dialog").await;
    let back = "return document.activeElement.id === 'new-session'";
    assert!(anna.script::<bool>(back, Vec::new()).await, "Escape gives the focus back");
    anna.keys(Key::Enter).await;
    anna.until("a line has the focus", "return document.activeElement.name === 'line'").await;
    // The arrows go through the lines that can be chosen, and past those that cannot.
    for _ in 0..4 {
        if anna.text("label.choice:has(:checked)").await.contains("Служба поддержки") {
            break;
        }
        anna.keys(Key::Down).await;
    }
    anna.sees_at("label.choice:has(:checked)", "Служба поддержки").await;
    tab_to(&anna, "Иван Петров").await;
    anna.keys(Key::Enter).await;
    anna.find("dialog input[name=account]:checked").await;
    anna.until("it may be created", "return !document.querySelector('dialog [type=submit]').disabled").await;
    tab_to(&anna, "Создать").await;
    anna.keys(Key::Enter).await;
    anna.gone("dialog").await;
    anna.until("one may write at once", "return document.activeElement.matches('.composer textarea')").await;
    anna.keys("Без мыши").await;
    anna.keys(Key::Enter).await;
    anna.sees_at(".messages .message:not(.unsent)", "Без мыши").await;
    anna.quit().await;
}

/// Presses Tab until what says so has the focus; what has it on the way has to show it.
async fn tab_to(page: &Browser, words: &str) {
    let state = "const it = document.activeElement; const style = getComputedStyle(it);
        return [it.textContent.trim(), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1]";
    for _ in 0..60 {
        page.keys(Key::Tab).await;
        // What was asked for may be on its way still.
        let (text, is_seen): (String, bool) = page.script(state, Vec::new()).await;
        assert!(is_seen || text.len() > 400, "the focus is not seen on «{text}»");
        if text.starts_with(words) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("«{words}» is not reached by Tab");
}

/// Where pictures of the pages are kept; `tests/screenshots` takes them from there into docs/.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

/// Every page, wide and 360 pixels narrow, light and dark: a checker for screen readers finds no serious
/// fault, and nothing sticks out to the side. A picture of each is kept.
#[tokio::test]
async fn every_page_is_accessible_and_fits_a_small_screen_in_both_schemes() {
    let driver = Driver::start().await;
    let host = Host::sample().await;
    let (anna, administrator) = (host.by("anna"), host.by("administrator"));
    let session = open(&anna, with_ivan()).await;
    say(&anna, &session, "Здравствуйте! Заказ № 17 собран, можно забирать.").await;
    anna.put(&of(&session, &format!("/links/orders/{}", id(ORDER))), json!({})).await.expect(200);
    customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, "Спасибо! До какого часа вы сегодня работаете?")
        .await;
    customer_writes(&host, ("whatsapp", WHATSAPP), "+79990000001", "Добрый день").await;
    administrator.put("/api/workspace/service-licence", json!({ "active": true })).await.expect(200);
    let online = json!({ "online": true });
    anna.put(&format!("/api/operators/{}/presence", id(host::ANNA)), online).await.expect(200);

    let seen = Pages { page: driver.browser("ru").await, host: &host };
    seen.page.go(&format!("{}/", host.address)).await;
    seen.check("sign-in", ".sign-in").await;
    seen.page.sign_in(&host.address, &host.tokens["anna"]).await;
    seen.at("lines", "/#/", ".row").await;
    seen.at("session", &format!("/#/sessions/{session}"), ".composer textarea:enabled").await;
    seen.at("apps", "/#/apps/orders", ".plain-item").await;
    seen.at("card", &format!("/#/apps/orders/{}", id(ORDER)), ".widget .message").await;
    seen.at("dialog", "/#/", "#new-session").await;
    seen.page.quit().await;

    let seen = Pages { page: driver.browser("ru").await, host: &host };
    seen.page.sign_in(&host.address, &host.tokens["administrator"]).await;
    seen.at("settings", "/#/settings", ".panel li").await;
    seen.at("settings-line", &format!("/#/settings/{}", id(SUPPORT)), "table").await;
    seen.at("settings-initiated", "/#/settings/initiated", ".found-item").await;
    seen.at("settings-tokens", "/#/settings/tokens", ".setting").await;
    seen.page.quit().await;

    let seen = Pages { page: customer(&driver, &host).await, host: &host };
    seen.page.find(".message").await;
    seen.check("customer", ".message").await;
    seen.page.quit().await;
}

struct Pages<'a> {
    page: Browser,
    host: &'a Host,
}

impl Pages<'_> {
    async fn at(&self, name: &str, address: &str, there: &str) {
        self.page.go(&format!("{}{address}", self.host.address)).await;
        self.page.find(there).await;
        if name == "dialog" {
            self.page.press("+ Новая сессия").await;
            self.page.press("Служба поддержки").await;
            self.page.press("Мария Сидорова").await;
            self.page.sees_at("dialog", "записан неверно").await;
        }
        self.check(name, if name == "dialog" { "dialog" } else { there }).await;
    }

    async fn check(&self, name: &str, there: &str) {
        for (scheme, width, height) in
            [("light", 1280, 800), ("dark", 1280, 800), ("dark", 360, 740), ("light", 360, 740)]
        {
            self.page.scheme(scheme).await;
            self.page.size(width, height).await;
            self.page.find(there).await;
            let size = if width == 360 { "small" } else { "wide" };
            self.page.picture(&pictures().join(format!("{name}-{scheme}-{size}.png"))).await;
            let sticks_out = "const it = document.documentElement;
                return Math.max(it.scrollWidth - innerWidth, it.scrollHeight - innerHeight, 0)";
            let pixels: f64 = self.page.script(sticks_out, Vec::new()).await;
            assert!(pixels < 1.0, "{name}, {width} pixels wide: {pixels} pixels stick out of the window");
            let faults = accessibility_faults(&self.page).await;
            assert!(faults.is_empty(), "{name}, {scheme}, {width} pixels wide:\n{}", faults.join("\n"));
        }
    }
}

/// What axe-core finds serious or critical.
async fn accessibility_faults(page: &Browser) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe-core-4.14.1/axe.min.js");
    let axe = fs::read_to_string(folder).expect("axe-core is there: tests/install fetches it");
    let run = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, help, nodes }) => id + ': ' + help + ' ' + nodes.map((it) => it.html.slice(0, 160) + ' ' + it.failureSummary).join(' | ')))";
    page.tools("Runtime.evaluate", json!({ "expression": axe })).await;
    let parameters = json!({ "expression": run, "awaitPromise": true, "returnByValue": true });
    let answer = page.tools("Runtime.evaluate", parameters).await;
    let found =
        answer["result"]["value"].as_array().unwrap_or_else(|| panic!("axe-core did not run: {answer}"));
    found.iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect()
}

/// Ten thousand sessions: the list is painted at once, scrolled to its end, and never holds the page up.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_ten_thousand_sessions_paints_at_once_and_scrolls_to_its_end() {
    let driver = Driver::start_alone().await;
    let host = Host::sample().await;
    fill_queue(&host).await;
    let anna = driver.browser("ru").await;
    anna.tools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
    anna.sign_in(&host.address, &host.tokens["anna"]).await;
    anna.press("Очередь").await;
    let mut rounds = Vec::new();
    for round in 1..=ROUNDS {
        let figures = long_list(&host, &anna, round).await;
        println!("10,000 sessions, round {round}: {figures:?}");
        assert!(figures.rows_drawn < 100, "{figures:?}");
        rounds.push(figures);
    }
    let [first_paint, middle_paint] = least_and_middle(rounds.iter().map(|figures| figures.first_paint_ms));
    let [longest_task, middle_task] = least_and_middle(rounds.iter().map(|figures| figures.longest_task_ms));
    println!(
        "10,000 sessions, the best and the middle of {ROUNDS}: {first_paint:.0} and {middle_paint:.0} ms to the \
        first row, longest task {longest_task:.0} and {middle_task:.0} ms"
    );
    assert!(first_paint < FIRST_PAINT_MAX && longest_task < LONG_TASK_MAX, "{rounds:?}");
    anna.quit().await;
}

fn least_and_middle(figures: impl Iterator<Item = f64>) -> [f64; 2] {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    [sorted[0], sorted[sorted.len() / 2]]
}

/// What a long list costs the page, in milliseconds.
#[derive(Debug)]
#[allow(dead_code)] // Printed whole.
struct Figures {
    /// From the arrival of the data to the first painted row.
    first_paint_ms: f64,
    /// Until all of it was read and scrolled through.
    scrolled_ms: u128,
    /// The longest that the page was busy at one go, a change of the list included; 0 where no task took 50.
    longest_task_ms: f64,
    /// What such tasks were, as the browser tells.
    long_tasks: Vec<String>,
    /// Rows in the page.
    rows_drawn: usize,
}

/// Loads the list, scrolls to its end, and lets one of its sessions change.
async fn long_list(host: &Host, anna: &Browser, round: usize) -> Figures {
    anna.script::<Value>("location.reload(); return null", Vec::new()).await;
    anna.until("the first row is painted", "return Boolean(window.painted)").await;
    let first_paint_ms = anna.script(FIRST_PAINT, Vec::new()).await;
    let began = Instant::now();
    // Its last row is drawn a frame after the page was scrolled there.
    let to_the_end = "const rows = document.querySelector('.rows'); rows.scrollTop = rows.scrollHeight;
        return [...rows.querySelectorAll('.row')].some((it) => it.getAttribute('aria-setsize') >= 10000
            && it.getAttribute('aria-posinset') === it.getAttribute('aria-setsize'))";
    eventually("the end is reached", async || {
        anna.script::<bool>(to_the_end, Vec::new()).await.then_some(())
    })
    .await;
    let scrolled_ms = began.elapsed().as_millis();
    let rows_drawn = anna.count(".row").await;
    let (late, unread): (String, u32) = anna.script(LAST_ROW, Vec::new()).await;
    customer_writes(host, ("whatsapp", WHATSAPP), &late, &format!("Ещё раз {round}")).await;
    eventually("the list shows the change", async || {
        let (now, more): (String, u32) = anna.script(LAST_ROW, Vec::new()).await;
        (now == late && more == unread + 1).then_some(())
    })
    .await;
    let longest_task_ms = anna.script("return Math.max(0, ...window.tasks)", Vec::new()).await;
    let long_tasks = anna.script("return window.frames_", Vec::new()).await;
    Figures { first_paint_ms, scrolled_ms, longest_task_ms, long_tasks, rows_drawn }
}

/// Notes long tasks, and when the first row was painted.
const WATCH: &str = "
    window.tasks = [];
    window.frames_ = [];
    const whose = (it) => Math.round(it.duration) + ' ms, of it blocking ' + Math.round(it.blockingDuration) + ': '
        + it.scripts.map((of) => of.invoker + ' ' + Math.round(of.duration)).join(', ');
    new PerformanceObserver((list) => list.getEntries().forEach((it) => window.frames_.push(whose(it))))
        .observe({ type: 'long-animation-frame', buffered: true });
    new PerformanceObserver((list) => list.getEntries().forEach((it) => window.tasks.push(it.duration)))
        .observe({ type: 'longtask', buffered: true });
    new MutationObserver((_, self) => {
        if (!document.querySelector('.row')) return;
        self.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now() }));
    }).observe(document, { childList: true, subtree: true });";

/// Whose the last row is, and how many messages of it are unread.
const LAST_ROW: &str = "
    const place = (it) => Number(it.getAttribute('aria-posinset'));
    const last = [...document.querySelectorAll('.row')].reduce((a, b) => (place(a) > place(b) ? a : b));
    return [last.querySelector('.row-who').textContent, parseInt(last.querySelector('.badge').textContent)];";

/// The time from the arrival of the list's first page to the first row painted.
const FIRST_PAINT: &str = "
    const pages = performance.getEntriesByType('resource').filter((it) => it.name.includes('list=queue'));
    return window.painted - pages[0].responseEnd;";

/// Ten thousand customers write.
async fn fill_queue(host: &Host) {
    let client = reqwest::Client::new();
    let path = format!("{}/api/channels/{}/messages", host.address, id(WHATSAPP));
    let token = host.tokens["channel:whatsapp"].clone();
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..64 {
        let (client, path, token) = (client.clone(), path.clone(), token.clone());
        writers.spawn(async move {
            for number in (writer..SESSIONS).step_by(64) {
                let body = json!({
                    "address": format!("+7916{number:07}"), "external_id": number.to_string(), "text": "Здравствуйте",
                });
                let answer = client.post(&path).bearer_auth(&token).json(&body).send().await;
                let status = answer.expect("the host answers").status().as_u16();
                assert_eq!(status, 201, "customer {number}");
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.expect("every customer writes");
    }
}
