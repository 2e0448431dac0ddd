//! The twelve golden scenarios over HTTP, in the words of the product.
//!
//! Each restarts the host before its last assertions, so that what is seen is what was recorded.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;
#[path = "support/traces.rs"]
mod traces;

use std::sync::Arc;

use host::{
    ANNA, Answer, BORIS, EMAIL, Host, IVAN, LIVE_CHAT, MAIL, MARIA, MESSENGERS, ORDER, SUPPORT, TELEGRAM_BOT,
    TELEGRAM_BOT_CHANNEL, VIBER, VK, WHATSAPP, id, session_with, with_ivan,
};
use http_desk::*;
use reqwest::Method;
use serde_json::{Value, json};

fn mail_to_ivan() -> Value {
    session_with(MAIL, IVAN, MAIL_ADDRESS)
}

/// «Служба поддержки» + «Контакты», WhatsApp +79161234567 → создана, назначена на автора, в «Мои сессии».
#[tokio::test]
async fn s01_a_session_on_whatsapp_is_created_assigned_to_its_author_and_in_my_sessions() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;

    let host = host.restart().await;
    let anna = host.by("anna");
    let mine = items(&anna, "/api/sessions?list=my").await;
    assert_eq!(sessions(&mine), [session.as_str()]);
    assert_eq!(mine[0], seen(&anna, &session).await, "the list shows what the session is");
    let expected = json!({
        "line": id(SUPPORT), "channel": id(WHATSAPP), "kind": "whatsapp",
        "account": { "kind": "phone", "address": PHONE },
        "contact": element("contacts", IVAN), "customer_name": "Иван Петров",
        "subject": null, "origin": { "kind": "lines-section" }, "continues": null,
        "status": "assigned", "operator": id(ANNA), "messages": 0, "unread": 0,
    });
    for (member, value) in expected.as_object().expect("members") {
        assert_eq!(mine[0][member], *value, "{member}");
    }
    let happened = transcript(&anna, &session).await;
    let created = json!({ "kind": "created", "origin": { "kind": "lines-section" } });
    assert_eq!(happened, [created, json!({ "kind": "assigned", "operator": id(ANNA) })]);
    assert!(list(&anna, "queue").await.is_empty(), "it never waits in the queue");
    assert!(list(&host.by("boris"), "my").await.is_empty());
    assert_eq!(list(&host.by("vera"), "active").await, [session]);
}

/// Та же учётная запись повторно → отказ с номером открытой сессии и её оператором.
#[tokio::test]
async fn s02_the_same_account_again_is_refused_with_the_open_session_and_its_operator() {
    let host = Host::sample().await;
    let session = open(&host.by("anna"), with_ivan()).await;

    let host = host.restart().await;
    for name in ["boris", "anna"] {
        let again = refused(&host, name, SESSIONS, with_ivan(), 409, "OpenSessionExists").await;
        assert_eq!(again.facts, json!({ "session": session, "holder": id(ANNA), "holder_name": "Анна" }));
        assert_eq!(again.ru, format!("С клиентом уже открыта сессия {session}, оператор: Анна"));
        assert_eq!(again.en, format!("session {session} with this customer is open, Анна has it"));
    }
    let verdict = host.by("boris").post("/api/sessions/dry-run", with_ivan()).await.expect(200);
    assert_eq!(verdict["allowed"], false, "the dialog says so before the command");
    assert_eq!(verdict["refusals"][0]["facts"]["session"], session);
    assert_eq!(list(&host.by("anna"), "my").await, [session]);
    assert!(list(&host.by("boris"), "my").await.is_empty());
}

/// Закрыть → создать снова → видна история прежней.
#[tokio::test]
async fn s03_after_closing_a_new_session_shows_the_history_of_the_old_one() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let old = open(&anna, with_ivan()).await;
    say(&anna, &old, "Добрый день").await;
    let received = customer_writes(&host, ("whatsapp", WHATSAPP), PHONE, "Здравствуйте").await;
    assert_eq!(received, old, "it belongs to the open session");
    act(&anna, &old, "close").await;
    let new = open(&host.by("boris"), with_ivan()).await;

    let host = host.restart().await;
    let boris = host.by("boris");
    let session = seen(&boris, &new).await;
    assert_eq!(session["continues"], old);
    assert_eq!((&session["status"], &session["operator"]), (&json!("assigned"), &json!(id(BORIS))));
    let above = items(&boris, &of(&new, "/earlier")).await;
    assert_eq!(texts(&above), ["Здравствуйте", "Добрый день"]);
    assert!(above.iter().all(|message| message["session"] == old));
    assert_eq!(above[0]["author"], json!({ "kind": "customer" }));
    assert_eq!(above[1]["author"], json!({ "kind": "operator", "operator": id(ANNA) }));
    let closed = seen(&boris, &old).await;
    assert_eq!((&closed["status"], &closed["operator"]), (&json!("closed"), &json!(id(ANNA))));
    assert_eq!(list(&boris, "closed").await, [old]);
}

/// Почта: тема «Счёт 17» = название.
#[tokio::test]
async fn s04_the_subject_of_an_email_is_the_name_of_the_session() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let session = open(&anna, with(mail_to_ivan(), json!({ "subject": "Счёт 17" }))).await;
    let at_creation = seen(&anna, &session).await;
    assert_eq!((&at_creation["name"], &at_creation["subject"]), (&json!("Счёт 17"), &json!("Счёт 17")));
    let renamed = json!({ "name": "Счёт 17, оплачен" });
    anna.put(&of(&session, "/name"), renamed).await.expect(200);
    let second = open(&anna, mail_to_ivan()).await;

    let host = host.restart().await;
    let anna = host.by("anna");
    let now = seen(&anna, &session).await;
    assert_eq!(now["name"], "Счёт 17, оплачен");
    assert_eq!(now["subject"], "Счёт 17", "renaming does not rewrite a subject");
    let mut mine = list(&anna, "my").await;
    let mut both = [session, second];
    mine.sort();
    both.sort();
    assert_eq!(mine, both, "e-mail allows any number of open sessions");
}

/// Почта без темы → название по шаблону.
#[tokio::test]
async fn s05_without_a_subject_the_template_names_session_and_email() {
    let host = Host::sample().await;
    let (anna, template) = (host.by("anna"), line(MAIL, "/name-template"));
    let set = |text: &str| json!({ "template": text });
    let administrator = host.by("administrator");
    administrator.put(&template, set("{{ customer }} · {{ channel }}")).await.expect(200);
    let blank = open(&anna, with(mail_to_ivan(), json!({ "subject": "   " }))).await;
    let none = open(&anna, mail_to_ivan()).await;
    // A template that renders nothing gives the built-in name, which cannot be blank.
    administrator.put(&template, set("{% if false %}x{% endif %}")).await.expect(200);
    let fallen = open(&anna, mail_to_ivan()).await;

    let host = host.restart().await;
    let anna = host.by("anna");
    for session in [blank, none] {
        let session = seen(&anna, &session).await;
        assert_eq!(session["name"], "Иван Петров · Электронная почта");
        assert_eq!(session["subject"], session["name"]);
    }
    let session = seen(&anna, &fallen).await;
    let name = session["name"].as_str().expect("a name");
    assert!(name.contains("Иван Петров"), "{name:?} is the built-in name");
    assert_eq!(session["subject"], name);
}

/// Телефон на почтовой линии → отказ.
#[tokio::test]
async fn s06_a_phone_number_on_an_email_line_is_refused() {
    let host = Host::sample().await.restart().await;
    let phone = session_with(MAIL, IVAN, PHONE);
    let phone = refused(&host, "anna", SESSIONS, phone, 422, "AccountKindMismatch").await;
    assert_eq!(phone.facts, json!({ "kind": "phone", "channels": ["email"] }));
    assert!(phone.en.contains("a telephone number does not fit"), "{phone:?}");
    // The other way round: an address of an e-mail field on a line of messengers.
    let mail = session_with(SUPPORT, IVAN, MAIL_ADDRESS);
    let mail = refused(&host, "anna", SESSIONS, mail, 422, "FieldTypeNotAllowed").await;
    assert_eq!(mail.facts, json!({ "field": "email", "field_type": "email" }));
    assert!(list(&host.by("anna"), "my").await.is_empty());
}

/// TelegramBot до и после входящего.
#[tokio::test]
async fn s07_telegram_bot_before_and_after_the_customer_wrote() {
    let host = Host::sample().await;
    let anna = host.by("anna");
    let create = || session_with(TELEGRAM_BOT, IVAN, BOT_USER);
    let never = refused(&host, "anna", SESSIONS, create(), 422, "NeverContacted").await;
    assert_eq!(never.facts, json!({ "channel": id(TELEGRAM_BOT_CHANNEL) }));
    assert_eq!(never.ru, "Клиент ещё не писал в этот канал");

    let bot = ("telegram-bot", TELEGRAM_BOT_CHANNEL);
    let asked = customer_writes(&host, bot, BOT_USER, "Вы работаете?").await;
    assert_eq!(list(&anna, "queue").await, [asked.as_str()], "it waits in the queue");
    let held = refused(&host, "anna", SESSIONS, create(), 409, "OpenSessionExists").await;
    assert_eq!(held.facts, json!({ "session": asked, "holder": null, "holder_name": null }));
    assert!(held.ru.contains("она в очереди"), "{held:?}");
    act(&anna, &asked, "take").await;
    act(&anna, &asked, "close").await;

    let host = host.restart().await;
    let session = open(&host.by("anna"), create()).await;
    assert_eq!(seen(&host.by("anna"), &session).await["continues"], asked);
    // Somebody else of the same app never wrote to this bot.
    let field = json!({ "type": "account", "kind": "telegram-user", "text": "100777" });
    let path = record("contacts", MARIA, "/fields/telegram-bot");
    host.by("administrator").put(&path, field).await.expect(200);
    let stranger = session_with(TELEGRAM_BOT, MARIA, "100777");
    refused(&host, "anna", SESSIONS, stranger, 422, "NeverContacted").await;
}

/// ViberBot, ВКонтакте, LiveChat → отказ.
#[tokio::test]
async fn s08_viber_vk_and_live_chat_are_refused() {
    let host = Host::sample().await;
    let channels =
        [("viber-bot", VIBER, "viber-ivan=="), ("vk", VK, "100501"), ("live-chat", LIVE_CHAT, "visitor-17")];
    for (kind, channel, address) in channels {
        let create = || session_with(MESSENGERS, IVAN, address);
        let code = "ChannelForbidsOperatorCreate";
        let before = refused(&host, "anna", SESSIONS, create(), 422, code).await;
        assert_eq!(before.facts, json!({ "kind": kind }));
        assert!(before.ru.starts_with("Операторы не могут сами создавать сессии в"), "{before:?}");
        // Even where the customer wrote before.
        let session = customer_writes(&host, (kind, channel), address, "Добрый день").await;
        act(&host.by("anna"), &session, "take").await;
        act(&host.by("anna"), &session, "close").await;
        let after = refused(&host, "anna", SESSIONS, create(), 422, code).await;
        assert_eq!(after.facts, json!({ "kind": kind }));
    }

    let host = host.restart().await;
    for (kind, _, address) in channels {
        let create = session_with(MESSENGERS, IVAN, address);
        let still = refused(&host, "anna", SESSIONS, create, 422, "ChannelForbidsOperatorCreate").await;
        assert_eq!(still.facts, json!({ "kind": kind }));
    }
    assert!(list(&host.by("anna"), "my").await.is_empty());
}

/// Офлайн при Service → отказ; без Service → можно.
#[tokio::test]
async fn s09_offline_is_refused_with_the_service_and_allowed_without_it() {
    let host = Host::sample().await;
    licence(&host, true).await;
    let offline = refused(&host, "anna", SESSIONS, with_ivan(), 409, "OperatorOffline").await;
    assert_eq!(offline.facts, json!({ "operator": id(ANNA) }));
    assert_eq!(offline.ru, "Оператор со статусом Офлайн не может работать с сессиями");
    presence(&host, "anna", ANNA, true).await;
    let session = open(&host.by("anna"), with_ivan()).await;
    presence(&host, "anna", ANNA, false).await;
    let commands = [
        ("/messages", json!({ "text": "Добрый день" })),
        ("/take", json!({})),
        ("/assign", json!({ "operator": id(BORIS) })),
        ("/close", json!({})),
        ("/reopen", json!({})),
    ];
    for (command, body) in commands {
        refused(&host, "anna", &of(&session, command), body, 409, "OperatorOffline").await;
    }
    let anna = host.by("anna");
    anna.put(&of(&session, "/name"), json!({ "name": "Иначе" })).await.refused(409, "OperatorOffline");
    let link = of(&session, &format!("/links/orders/{}", id(ORDER)));
    anna.put(&link, json!({})).await.refused(409, "OperatorOffline");

    let host = host.restart().await;
    let body = json!({ "text": "Добрый день" });
    refused(&host, "anna", &of(&session, "/messages"), body, 409, "OperatorOffline").await;
    licence(&host, false).await;
    say(&host.by("anna"), &session, "Добрый день").await;
    let mail = open(&host.by("boris"), mail_to_ivan()).await;
    assert_eq!(said(&host.by("anna"), &session).await, ["Добрый день"]);
    assert_eq!(list(&host.by("boris"), "my").await, [mail]);
}

/// Процесс «Заказ готов» на почту, когда все Офлайн → видно в переписке.
#[tokio::test]
async fn s10_the_process_order_ready_writes_an_email_while_all_are_offline() {
    let host = Host::sample().await;
    licence(&host, true).await;
    let (process, path) = (host.by("process:order-ready"), "/api/processes/order-ready/messages");
    let ready = with(mail_to_ivan(), json!({ "subject": "Ваш заказ", "text": "Заказ готов" }));
    let sent = process.post(path, ready).await.expect(201);
    let again = with(mail_to_ivan(), json!({ "text": "Заказ ждёт вас" }));
    let other = process.post(path, again).await.expect(201);
    assert_ne!(other["session"], sent["session"], "on e-mail a new session for each message");

    let host = host.restart().await;
    let gleb = host.by("gleb");
    let session = host::text(&sent["session"]);
    let author = json!({ "kind": "process", "process": "order-ready" });
    let happened = transcript(&gleb, &session).await;
    assert_eq!(happened[0], json!({ "kind": "created", "origin": author }));
    let message = &happened[1]["message"];
    assert_eq!((&message["text"], &message["author"]), (&json!("Заказ готов"), &author));
    let shown = seen(&gleb, &session).await;
    assert_eq!((&shown["status"], &shown["operator"]), (&json!("waiting"), &Value::Null));
    assert_eq!((&shown["name"], &shown["subject"]), (&json!("Ваш заказ"), &json!("Ваш заказ")));
    assert_eq!(shown["channel"], id(EMAIL));
    let path = format!("/api/customers/email/{MAIL_ADDRESS}/messages");
    assert_eq!(texts(&items(&gleb, &path).await), ["Заказ ждёт вас", "Заказ готов"]);
}

/// Виджет на карточке заказа: история, ответ, новая сессия; без виджета → нельзя.
#[tokio::test]
async fn s11_the_widget_on_an_orders_card_shows_history_answers_and_creates() {
    const DEAL: u128 = 0x0501;
    let host = Host::sample().await;
    let (administrator, anna) = (host.by("administrator"), host.by("anna"));
    for path in [line(MAIL, "/apps/orders"), line(MAIL, "/apps/orders/widget")] {
        administrator.put(&path, json!({})).await.expect(200);
    }
    // The form of a deal has no widget, though its app is bound.
    administrator.post("/api/apps", json!({ "app": "deals", "title": "Сделки" })).await.expect(201);
    administrator.put(&line(SUPPORT, "/apps/deals"), json!({})).await.expect(200);
    let deal = json!({ "id": id(DEAL), "title": "Сделка 1" });
    administrator.post("/api/apps/deals/elements", deal).await.expect(201);

    let card = || json!({ "card": element("orders", ORDER) });
    let answer = |text: &str| with(json!({ "text": text }), card());
    let first = open(&anna, with_ivan()).await;
    say(&anna, &first, "Собираем заказ").await;
    let messages = of(&first, "/messages");
    let unlinked = refused(&host, "anna", &messages, answer("Рано"), 422, "ElementNotLinked").await;
    assert_eq!(unlinked.facts, json!({ "element": element("orders", ORDER) }));
    anna.put(&of(&first, &format!("/links/orders/{}", id(ORDER))), json!({})).await.expect(200);
    anna.post(&messages, answer("Заказ собран")).await.expect(201);
    act(&anna, &first, "close").await;
    let second = open(&anna, with(with_ivan(), card())).await;
    let themed = with(with(mail_to_ivan(), card()), json!({ "subject": "Тема" }));
    refused(&host, "anna", SESSIONS, themed, 422, "SubjectNotSupported").await;
    let deals = with(mail_to_ivan(), json!({ "card": element("deals", DEAL), "line": id(SUPPORT) }));
    let without = refused(&host, "anna", SESSIONS, deals, 422, "WidgetNotPlaced").await;
    assert_eq!(without.facts, json!({ "app": "deals" }));
    assert!(without.ru.contains("нет виджета «Переписка в Линиях»"), "{without:?}");
    let history = record("deals", DEAL, "/messages");
    anna.get(&history).await.refused(422, "WidgetNotPlaced");

    let host = host.restart().await;
    let (administrator, anna) = (host.by("administrator"), host.by("anna"));
    let history = record("orders", ORDER, "/messages");
    assert_eq!(texts(&items(&anna, &history).await), ["Заказ собран", "Собираем заказ"]);
    let linked = sessions(&items(&anna, &record("orders", ORDER, "/sessions")).await);
    assert_eq!(linked, [second.as_str()]);
    let archive = record("orders", ORDER, "/sessions?archive=true");
    assert_eq!(sessions(&items(&anna, &archive).await), [first.as_str()]);
    let session = seen(&anna, &second).await;
    assert_eq!((&session["status"], &session["operator"]), (&json!("assigned"), &json!(id(ANNA))));
    assert_eq!(session["links"], json!([element("orders", ORDER)]));
    assert_eq!(session["origin"], json!({ "kind": "card", "element": element("orders", ORDER) }));
    assert_eq!(session["continues"], first);
    anna.post(&of(&second, "/messages"), answer("Можно забирать")).await.expect(201);
    assert_eq!(texts(&items(&anna, &history).await)[0], "Можно забирать");
    for number in [SUPPORT, MAIL] {
        administrator.delete(&line(number, "/apps/orders/widget")).await.expect(200);
    }
    refused(&host, "anna", &of(&second, "/messages"), answer("Ещё"), 422, "WidgetNotPlaced").await;
    anna.get(&history).await.refused(422, "WidgetNotPlaced");
}

/// 64 параллельных создания → одна.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_of_64_creations_at_once_exactly_one_succeeds_a_hundred_times() {
    const ROUNDS: usize = 100;
    let host = Host::sample().await;
    let mut before = Value::Null;
    for round in 0..ROUNDS {
        let start = Arc::new(tokio::sync::Barrier::new(64));
        let racers: Vec<_> = (0..64)
            .map(|racer| {
                let (name, start) = (["anna", "boris"][racer % 2], Arc::clone(&start));
                let request = host.by(name).request(Method::POST, SESSIONS).json(&with_ivan());
                tokio::spawn(async move {
                    start.wait().await;
                    (name, Answer::of(request).await)
                })
            })
            .collect();
        let (mut won, mut named) = (Vec::new(), Vec::new());
        for racer in racers {
            let (name, answer) = racer.await.expect("a racer");
            match answer.status {
                201 => won.push((name, host::text(&answer.expect(201)["session"]))),
                _ => named.push(answer.refused(409, "OpenSessionExists")["facts"].clone()),
            }
        }
        assert_eq!((won.len(), named.len()), (1, 63), "round {round}");
        let (name, session) = &won[0];
        let (holder, title) = if *name == "anna" { (ANNA, "Анна") } else { (BORIS, "Борис") };
        let expected = json!({ "session": session, "holder": id(holder), "holder_name": title });
        assert!(named.iter().all(|facts| *facts == expected), "round {round}: {named:?}");
        let by = host.by(name);
        let shown = seen(&by, session).await;
        assert_eq!(shown["continues"], before, "each continues the one before it");
        assert_eq!(list(&by, "my").await, [session.as_str()], "round {round}");
        act(&by, session, "close").await;
        before = json!(session);
    }

    let host = host.restart().await;
    let path = format!("/api/customers/phone/%2B{}/sessions?", &PHONE[1..]);
    let all = all_items(&host.by("gleb"), &path).await;
    assert_eq!(all.len(), ROUNDS, "exactly one session for each round");
}

/// Who and what the sample and the scenarios know by other ways than a body.
const KNOWN: [&str; 10] = [
    "Иван",
    "Мария",
    "Анна",
    "Борис",
    "9161234567",
    "ivan.petrov",
    "viber-ivan",
    "visitor-17",
    "Заказ",
    "100500",
];

/// The scenarios again, in a process of their own whose hosts trace everything into a folder.
#[test]
fn no_trace_has_a_text_a_subject_a_name_an_address_or_a_token() {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let mut again = std::process::Command::new(std::env::current_exe().expect("this program has a file"));
    let again = again.args(["--test-threads=2", "--skip", "no_trace"]).env(host::TRACES, folder.path());
    let ran = again.output().expect("the scenarios run again");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{told}");
    let searched = traces::search(folder.path(), &KNOWN);
    println!("{} texts looked for in {} lines of traces", searched.texts, searched.lines);
    assert!(searched.texts > 50 && searched.lines > 100, "there is something to look for and in");
    assert!(searched.found.is_empty(), "{:#?}", searched.found);
}
