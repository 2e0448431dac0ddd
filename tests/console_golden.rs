//! The golden scenarios that a person can see, in a browser, in the words of the product.
//!
//! Everything that the operator does is pressed and typed; only what others do meanwhile goes over HTTP.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/console.rs"]
mod console;
#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;

use browser::Browser;
use console::{begin, desk};
use host::{BORIS, Host, MAIL, ORDER, SUPPORT, TELEGRAM_BOT_CHANNEL, WHATSAPP, id, with_ivan};
use http_desk::*;
use serde_json::json;
use thirtyfour::Key;

/// Creates a session with Иван Петров over WhatsApp.
async fn with_ivan_on_whatsapp(anna: &Browser) {
    begin(anna, "Служба поддержки").await;
    anna.find("dialog input[name=account]:checked").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.gone("dialog").await;
    anna.sees_at(".window-head", "+79161234567").await;
}

/// Writes into the open session.
async fn writes(operator: &Browser, text: &str) {
    operator.fill(".composer textarea:enabled", text).await;
    operator.keys(Key::Enter).await;
    operator.sees_at(".messages .message:not(.unsent):last-child", text).await;
}

/// 1–3: created and mine; the same account again names the session and its operator; after closing a
/// new one shows what was said before.
#[tokio::test]
async fn s01_to_s03_a_session_is_mine_blocks_another_and_continues_after_closing() {
    let (driver, host, anna) = desk("anna").await;
    with_ivan_on_whatsapp(&anna).await;
    anna.sees_at(".window-head", "моя").await;
    anna.sees_at(".rows", "Иван Петров").await;
    writes(&anna, "Заказ собран").await;

    let boris = driver.browser("ru").await;
    boris.sign_in(&host.address, &host.tokens["boris"]).await;
    begin(&boris, "Служба поддержки").await;
    boris.sees_at("dialog", "С клиентом уже открыта сессия").await;
    boris.sees_at("dialog", "оператор: Анна").await;
    assert_eq!(boris.count("dialog input[name=account]:enabled").await, 0, "nothing is left to choose");
    boris.press("Открыть сессию (Анна)").await;
    boris.gone("dialog").await;
    boris.sees_at(".window", "Заказ собран").await;
    boris.sees_at(".composer", "Сессию ведёт Анна").await;

    // Whoever chose before the other was faster is told by the command itself.
    let session = list(&host.by("anna"), "my").await.remove(0);
    anna.press("Закрыть").await;
    anna.sees_at(".window-head", "закрыта").await;
    begin(&boris, "Служба поддержки").await;
    boris.find("dialog input[name=account]:checked").await;
    boris.until("it may be created", "return !document.querySelector('dialog [type=submit]').disabled").await;
    with_ivan_on_whatsapp(&anna).await;
    boris.click("dialog [type=submit]:enabled").await;
    boris.sees_at("dialog .notice", "С клиентом уже открыта сессия").await;
    boris.sees_at("dialog .notice", "Открыть сессию (Анна)").await;
    boris.quit().await;

    anna.sees_at(".messages", "Прежняя переписка").await;
    anna.sees_at(".messages", "Заказ собран").await;
    let mine = items(&host.by("anna"), "/api/sessions?list=my").await;
    assert_eq!(mine[0]["continues"], json!(session));
    anna.quit().await;
}

/// 4 and 5: the subject is the name; without one the line's template gives it. 6: a telephone number
/// cannot be chosen on a line of e-mail, and the dialog says why.
#[tokio::test]
async fn s04_to_s06_mail_takes_a_subject_or_the_template_and_no_telephone_number() {
    let (_driver, host, anna) = desk("anna").await;
    let template = json!({ "template": "{{ customer }} — письмо" });
    host.by("administrator").put(&line(MAIL, "/name-template"), template).await.expect(200);
    begin(&anna, "Почта").await;
    anna.sees_at("dialog", "Учётная запись «номер телефона» не подходит каналам линии").await;
    let phone = "return [...document.querySelectorAll('.choice.refused')]
        .some((it) => it.textContent.includes('+79161234567') && it.querySelector('input').disabled)";
    anna.until("the telephone number is grey", phone).await;
    anna.fill("#subject", "Счёт 17").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.sees_at(".window-title", "Счёт 17").await;

    begin(&anna, "Почта").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.sees_at(".window-title", "Иван Петров — письмо").await;
    let names: Vec<_> = items(&host.by("anna"), "/api/sessions?list=my").await;
    assert_eq!((&names[1]["name"], &names[1]["subject"]), (&json!("Счёт 17"), &json!("Счёт 17")));
    anna.quit().await;
}

/// 7: TelegramBot before and after the customer wrote; 8: ViberBot, ВКонтакте and LiveChat never.
#[tokio::test]
async fn s07_and_s08_bots_wait_for_the_customer_and_some_media_for_ever() {
    let (_driver, host, anna) = desk("anna").await;
    begin(&anna, "Телеграм-бот").await;
    anna.sees_at("dialog", "Клиент ещё не писал в этот канал").await;
    let refused = "return [...document.querySelectorAll('.choice.refused')]
        .some((it) => it.textContent.includes('Мессенджеры')
            && it.textContent.includes('нет подключённого канала, в котором оператор может начать сессию'))";
    anna.until("the line of ViberBot, VK and LiveChat is grey", refused).await;
    anna.keys(Key::Escape).await;
    anna.gone("dialog").await;

    customer_writes(&host, ("telegram-bot", TELEGRAM_BOT_CHANNEL), BOT_USER, "Здравствуйте").await;
    anna.press("Очередь").await;
    anna.click(".row").await;
    anna.press("Взять").await;
    anna.sees_at(".window-head", "моя").await;
    anna.press("Закрыть").await;
    anna.sees_at(".window-head", "закрыта").await;
    anna.press("Мои сессии").await;
    begin(&anna, "Телеграм-бот").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.gone("dialog").await;
    anna.sees_at(".window-head", "моя").await;
    anna.sees_at(".messages", "Прежняя переписка").await;
    anna.quit().await;
}

/// 9: with the licence, Офлайн cannot create; without it presence means nothing and has no switch.
#[tokio::test]
async fn s09_presence_counts_and_is_shown_only_while_the_licence_is_active() {
    let (_driver, host, anna) = desk("anna").await;
    assert_eq!(anna.count(".presence").await, 0, "there is no switch without the licence");
    let licence = |active| json!({ "active": active });
    let administrator = host.by("administrator");
    administrator.put("/api/workspace/service-licence", licence(true)).await.expect(200);
    anna.sees_at(".presence", "Офлайн").await;
    anna.press("+ Новая сессия").await;
    anna.sees_at("dialog", "Оператор со статусом Офлайн не может работать с сессиями").await;
    assert_eq!(anna.count("dialog input[name=line]:enabled").await, 0);
    anna.keys(Key::Escape).await;
    anna.click(".presence").await;
    anna.sees_at(".presence", "Онлайн").await;
    with_ivan_on_whatsapp(&anna).await;
    anna.click(".presence").await;
    anna.sees_at(".composer", "Вы Офлайн").await;
    administrator.put("/api/workspace/service-licence", licence(false)).await.expect(200);
    anna.gone(".presence").await;
    writes(&anna, "Без лицензии можно").await;
    anna.quit().await;
}

/// 11: the widget on an order's card shows history, answers and creates; without it there is none of it.
#[tokio::test]
async fn s11_the_widget_on_an_orders_card_shows_history_answers_and_creates() {
    let (_driver, host, anna) = desk("anna").await;
    let session = open(&host.by("anna"), with_ivan()).await;
    say(&host.by("anna"), &session, "Собираем заказ").await;
    host.by("anna").put(&of(&session, &format!("/links/orders/{}", id(ORDER))), json!({})).await.expect(200);

    anna.go(&format!("{}/#/apps/orders/{}", host.address, id(ORDER))).await;
    anna.sees_at(".widget", "Переписка в Линиях").await;
    anna.sees_at(".widget-place", "Собираем заказ").await;
    anna.press("По учётной записи +79161234567").await;
    anna.sees_at(".widget-place", "Собираем заказ").await;
    anna.click(".menu-item").await;
    writes(&anna, "Заказ собран").await;
    anna.press("Закрыть").await;
    anna.sees_at(".widget-menu", "Нет открытых сессий.").await;
    begin(&anna, "Служба поддержки").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.gone("dialog").await;
    anna.sees_at(".window-head", "моя").await;
    writes(&anna, "Можно забирать").await;
    customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, "Спасибо").await;
    anna.sees_at(".widget-place", "Спасибо").await;
    let linked = items(&host.by("anna"), &record("orders", ORDER, "/sessions")).await;
    assert_eq!(
        (&linked[0]["origin"]["kind"], &linked[0]["operator"]),
        (&json!("card"), &json!(id(host::ANNA)))
    );

    let widget = line(SUPPORT, "/apps/orders/widget");
    host.by("administrator").delete(&widget).await.expect(200);
    anna.go(&format!("{}/#/apps/orders", host.address)).await;
    anna.press("Заказ № 17").await;
    anna.sees_at(".card", "Заказ № 17").await;
    anna.until(
        "the card stays without a widget",
        "return document.querySelector('.card-widget').children.length === 0",
    )
    .await;
    assert_eq!(anna.count(".widget").await, 0);
    anna.quit().await;
}

/// What happened to a session is seen by others at once, and its holder changes by a press.
#[tokio::test]
async fn a_session_is_renamed_linked_handed_on_closed_and_reopened_by_its_people() {
    let (driver, host, anna) = desk("anna").await;
    with_ivan_on_whatsapp(&anna).await;
    let vera = driver.browser("ru").await;
    vera.sign_in(&host.address, &host.tokens["vera"]).await;
    vera.press("Активные").await;
    vera.sees_at(".rows", "Анна").await;

    anna.press("Переименовать").await;
    anna.fill("dialog input", "Рекламация").await;
    anna.keys(Key::Enter).await;
    anna.sees_at(".window-title", "Рекламация").await;
    vera.sees_at(".rows", "Рекламация").await;
    anna.press("Связать").await;
    anna.press("Заказ № 17").await;
    anna.press("Связать").await;
    anna.sees_at(".chips", "Заказ № 17").await;
    anna.press("Убрать связь: Заказ № 17").await;
    anna.gone(".chips").await;

    vera.click(".row").await;
    vera.press("Назначить").await;
    vera.find("dialog option").await;
    let choose =
        "const it = document.querySelector('dialog select'); it.value = arguments[0]; return it.value";
    let chosen: String = vera.script(choose, vec![json!(id(BORIS))]).await;
    assert_eq!(chosen, id(BORIS));
    vera.click("dialog [type=submit]").await;
    vera.gone("dialog").await;
    anna.sees_at(".window-head", "Борис").await;
    anna.sees_at(".composer", "Сессию ведёт Борис").await;
    anna.sees_at(".lists", "У вас нет открытых сессий").await;
    vera.quit().await;

    act(&host.by("boris"), &list(&host.by("boris"), "my").await[0], "close").await;
    anna.sees_at(".window-head", "закрыта").await;
    anna.press("Открыть снова").await;
    anna.sees_at(".window-head", "моя").await;
    anna.sees_at(".messages", "Сессия открыта снова, оператор: Анна").await;
    anna.quit().await;
}

/// An administrator sets a line up by pressing alone; an operator starts a session there, a process
/// writes without one, and the administrator's browser stands for the customer.
#[tokio::test]
async fn an_administrator_sets_a_line_up_and_tries_it_out() {
    let (driver, host, anna) = desk("anna").await;
    let admin = driver.browser("ru").await;
    admin.sign_in(&host.address, &host.tokens["administrator"]).await;
    admin.press("Настройки").await;
    admin.press("+ Линия").await;
    admin.fill("dialog input", "Доставка").await;
    admin.click("dialog [type=submit]:enabled").await;
    admin.sees_at(".settings-place h1", "Доставка").await;
    admin.press("Подключить канал").await;
    admin.fill("dialog input", "WhatsApp доставки").await;
    admin.click("dialog [type=submit]:enabled").await;
    admin.sees_at(".settings-place", "WhatsApp доставки").await;
    let choose = "const it = document.querySelector('.settings-place select'); it.value = 'contacts';
        it.dispatchEvent(new Event('change')); return it.value";
    assert_eq!(admin.script::<String>(choose, Vec::new()).await, "contacts");
    admin
        .until(
            "the contact app is kept",
            "return document.querySelector('.settings-place select')?.value === 'contacts'",
        )
        .await;
    admin.click("input[aria-label='Анна: Оператор']").await;
    admin
        .until(
            "Анна is an operator",
            "return document.querySelector(\"input[aria-label='Анна: Оператор']\")?.checked",
        )
        .await;
    admin.fill("form input[spellcheck=false]", "{{ line }}: {{ customer | nope }}").await;
    admin.sees_at(".preview", "Ошибка в шаблоне").await;
    admin.fill("form input[spellcheck=false]", "{{ line }}: {{ customer }}").await;
    admin.sees_at(".preview", "Доставка: Иван Петров").await;
    admin
        .until(
            "it may be kept",
            "return !document.querySelector('.preview').closest('form').querySelector('button').disabled",
        )
        .await;
    admin.keys(Key::Enter).await;
    let delivery = line_by_title(&host, "Доставка").await;
    browser::eventually("the template is kept", async || {
        let now = host.by("administrator").get(&format!("/api/lines/{delivery}")).await.expect(200);
        (now["name_template"] == json!("{{ line }}: {{ customer }}")).then_some(())
    })
    .await;

    begin(&anna, "Доставка").await;
    anna.click("dialog [type=submit]:enabled").await;
    anna.sees_at(".window-title", "Доставка: Иван Петров").await;
    admin.press("Инициативное сообщение").await;
    admin.press("Иван Петров").await;
    let wanted = "const [, line, account] = document.querySelectorAll('.panel select');
        line.value = arguments[0]; account.value = arguments[1];
        account.dispatchEvent(new Event('change')); return account.value";
    // Letters have a subject, and nothing else does.
    let subject = "return document.querySelectorAll('.panel form > .field:not([hidden]):has(> input[type=text])').length";
    for (account, subjects) in [("email", 1), ("phone", 0)] {
        let chosen = admin.script::<String>(wanted, vec![json!(delivery), json!(account)]).await;
        assert_eq!(chosen, account);
        assert_eq!(admin.script::<u32>(subject, Vec::new()).await, subjects, "{account}");
    }
    admin.fill(".panel textarea", "Заказ № 17 готов").await;
    admin.click(".panel form [type=submit]:enabled").await;
    admin.sees_at(".panel", "Отправлено").await;
    anna.sees_at(".messages", "Заказ № 17 готов").await;
    admin.quit().await;
    anna.quit().await;
}

/// The id of a line by its title.
async fn line_by_title(host: &Host, title: &str) -> String {
    let lines = items(&host.by("administrator"), "/api/lines?limit=200").await;
    let found = lines.iter().find(|line| line["title"] == title);
    host::text(&found.expect("the line was created")["line"])
}
