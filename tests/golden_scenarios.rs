//! The twelve golden scenarios, in the words of the product, through the embedded engine alone.
//!
//! Each runs in memory and in a folder; there the engine is closed and opened again before the
//! last assertions, so that what is seen is what was recorded.

use std::sync::Arc;

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{AddressFormat, ChannelKind};
use switchboard::domain::command::{LineCommand, SessionCommand};
use switchboard::domain::event::{EntryPoint, Origin};
use switchboard::domain::id::{MessageId, SessionId};
use switchboard::domain::rejection::{Lang, Rejection};
use switchboard::projection::{Author, SessionStatus, TranscriptItem};
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;

use desk::*;

macro_rules! golden {
    ($($scenario:ident)*) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::$scenario(super::Home::memory()).await;
            })*
        }

        mod in_a_folder {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                super::$scenario(super::Home::folder()).await;
            })*
        }
    };
}

golden! {
    s01_a_session_on_whatsapp_is_created_assigned_to_its_author_and_in_my_sessions
    s02_the_same_account_again_is_refused_with_the_open_session_and_its_operator
    s03_after_closing_a_new_session_shows_the_history_of_the_old_one
    s04_the_subject_of_an_email_is_the_name_of_the_session
    s05_without_a_subject_the_template_names_session_and_email
    s06_a_phone_number_on_an_email_line_is_refused
    s07_telegram_bot_before_and_after_the_customer_wrote
    s08_viber_vk_and_live_chat_are_refused
    s09_offline_is_refused_with_the_service_and_allowed_without_it
    s10_the_process_order_ready_writes_an_email_while_all_are_offline
    s11_the_widget_on_an_orders_card_shows_history_answers_and_creates
    s12_of_64_creations_at_once_exactly_one_succeeds
}

/// «Служба поддержки» + «Контакты», WhatsApp +79161234567 → создана, назначена на автора, в «Мои сессии».
async fn s01_a_session_on_whatsapp_is_created_assigned_to_its_author_and_in_my_sessions(home: Home) {
    let engine = home.desk().await;
    let create = creation(SUPPORT, PHONE);
    let receipt = engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    assert_eq!(receipt.session, Some(create.session));

    let engine = home.reopened(engine).await;
    let mine = my_sessions(&engine, ANNA).await;
    assert_eq!(mine.iter().map(|session| session.session).collect::<Vec<_>>(), [create.session]);
    assert_eq!(mine[0].status, SessionStatus::Assigned(ANNA));
    assert_eq!((mine[0].line, mine[0].channel), (SUPPORT, WHATSAPP));
    assert_eq!(mine[0].account.address, PHONE);
    assert_eq!(mine[0].contact, Some(contact(1)));
    assert_eq!(mine[0].customer_name, "Иван Петров");
    assert_eq!(mine[0].subject, None);
    assert_eq!(mine[0].messages, 0, "creating sends nothing");
    assert_eq!(
        transcript(&engine, create.session).await,
        [
            TranscriptItem::Created { origin: Origin::LinesSection },
            TranscriptItem::Assigned { operator: ANNA }
        ]
    );
    assert!(queue(&engine).await.is_empty(), "it never waits in the queue");
    assert!(my_sessions(&engine, BORIS).await.is_empty());
}

/// Та же учётная запись повторно → отказ с номером открытой сессии и её оператором.
async fn s02_the_same_account_again_is_refused_with_the_open_session_and_its_operator(home: Home) {
    let engine = home.desk().await;
    let first = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), first.clone()).await.expect("created");
    let expected = Rejection::OpenSessionExists {
        session: first.session,
        holder: Some(ANNA),
        holder_name: Some("Анна".into()),
    };
    let head = engine.head();
    let again = engine.create_session(operator(BORIS), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(again), expected);
    let own = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(own), expected);
    assert_eq!(engine.head(), head, "a refusal leaves nothing");
    for lang in [Lang::Ru, Lang::En] {
        let sentence = expected.sentence(lang);
        assert!(sentence.contains("Анна"), "{sentence:?} names the holder");
    }

    let engine = home.reopened(engine).await;
    let again = engine.create_session(operator(BORIS), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(again), expected);
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1);
    assert!(my_sessions(&engine, BORIS).await.is_empty());
}

/// Закрыть → создать снова → видна история прежней.
async fn s03_after_closing_a_new_session_shows_the_history_of_the_old_one(home: Home) {
    let engine = home.desk().await;
    let (old, new) = (creation(SUPPORT, PHONE), creation(SUPPORT, PHONE));
    engine.create_session(operator(ANNA), old.clone()).await.expect("created");
    engine.session(operator(ANNA), old.session, message("Добрый день")).await.expect("sent");
    let answer = inbound(WHATSAPP, PHONE, "wa-1", "Здравствуйте");
    let caller = || switchboard::Caller::channel(WHATSAPP);
    let received = engine.receive(caller(), answer).await.expect("received");
    assert_eq!(received.session, Some(old.session), "it belongs to the open session");
    engine.session(operator(ANNA), old.session, SessionCommand::Close).await.expect("closed");
    engine.create_session(operator(BORIS), new.clone()).await.expect("a closed session never blocks");

    let engine = home.reopened(engine).await;
    let session = summary(&engine, new.session).await;
    assert_eq!(session.continues, Some(old.session));
    assert_eq!(session.status, SessionStatus::Assigned(BORIS));
    let above: Vec<_> = earlier(&engine, new.session).await;
    let texts: Vec<_> = above.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["Здравствуйте", "Добрый день"]);
    assert!(above.iter().all(|message| message.session == old.session));
    assert_eq!(
        summary(&engine, old.session).await.status,
        SessionStatus::Closed { last_operator: Some(ANNA) }
    );
}

/// Почта: тема «Счёт 17» = название.
async fn s04_the_subject_of_an_email_is_the_name_of_the_session(home: Home) {
    let engine = home.desk().await;
    let mut create = creation(MAIL, MAIL_ADDRESS);
    create.subject = Some("Счёт 17".into());
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    let at_creation = summary(&engine, create.session).await;
    assert_eq!((at_creation.name.as_str(), at_creation.subject.as_deref()), ("Счёт 17", Some("Счёт 17")));
    let rename = SessionCommand::Rename { name: "Счёт 17, оплачен".into() };
    engine.session(operator(ANNA), create.session, rename).await.expect("renamed");
    let second = creation(MAIL, MAIL_ADDRESS);
    engine.create_session(operator(ANNA), second).await.expect("e-mail allows any number");

    let engine = home.reopened(engine).await;
    let session = summary(&engine, create.session).await;
    assert_eq!(session.name, "Счёт 17, оплачен");
    assert_eq!(session.subject.as_deref(), Some("Счёт 17"), "renaming does not rewrite a subject");
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 2);
}

/// Почта без темы → название по шаблону.
async fn s05_without_a_subject_the_template_names_session_and_email(home: Home) {
    let engine = home.desk().await;
    let mut blank = creation(MAIL, MAIL_ADDRESS);
    blank.subject = Some("   ".into());
    let none = creation(MAIL, MAIL_ADDRESS);
    for create in [&blank, &none] {
        engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    }
    // A template that renders nothing gives the built-in name, which cannot be blank.
    let template = LineCommand::SetNameTemplate { template: "{% if false %}x{% endif %}".into() };
    engine.line(admin(), MAIL, template).await.expect("a template");
    let fallen = creation(MAIL, MAIL_ADDRESS);
    engine.create_session(operator(ANNA), fallen.clone()).await.expect("created");

    let engine = home.reopened(engine).await;
    for create in [&blank, &none] {
        let session = summary(&engine, create.session).await;
        assert_eq!(session.name, "Иван Петров · e-mail");
        assert_eq!(session.subject.as_deref(), Some("Иван Петров · e-mail"));
    }
    let session = summary(&engine, fallen.session).await;
    assert!(session.name.contains("Иван Петров"), "{:?} is the built-in name", session.name);
    assert_eq!(session.subject, Some(session.name));
}

/// Телефон на почтовой линии → отказ.
async fn s06_a_phone_number_on_an_email_line_is_refused(home: Home) {
    let engine = home.desk().await;
    let head = engine.head();
    let expected =
        Rejection::AccountKindMismatch { kind: AccountKind::Phone, channels: vec![ChannelKind::Email] };
    let answer = engine.create_session(operator(ANNA), creation(MAIL, PHONE)).await;
    assert_eq!(refusal(answer), expected);
    // The other way round: an address of an e-mail field on a line of messengers.
    let answer = engine.create_session(operator(ANNA), creation(SUPPORT, MAIL_ADDRESS)).await;
    assert_eq!(refusal(answer).code(), "FieldTypeNotAllowed");

    let engine = home.reopened(engine).await;
    assert_eq!(engine.head(), head, "a refusal leaves nothing");
    assert!(my_sessions(&engine, ANNA).await.is_empty());
}

/// TelegramBot до и после входящего.
async fn s07_telegram_bot_before_and_after_the_customer_wrote(home: Home) {
    let engine = home.desk().await;
    let answer = engine.create_session(operator(ANNA), creation(BOT, BOT_USER)).await;
    assert_eq!(refusal(answer), Rejection::NeverContacted { channel: TELEGRAM_BOT });

    let hello = inbound(TELEGRAM_BOT, BOT_USER, "tg-1", "Вы работаете?");
    let received = engine.receive(switchboard::Caller::channel(TELEGRAM_BOT), hello).await.expect("received");
    let asked = received.session.expect("a session");
    assert_eq!(summary(&engine, asked).await.status, SessionStatus::Waiting, "it waits in the queue");
    let answer = engine.create_session(operator(ANNA), creation(BOT, BOT_USER)).await;
    let held = Rejection::OpenSessionExists { session: asked, holder: None, holder_name: None };
    assert_eq!(refusal(answer), held, "a session in the queue holds its slot");
    engine.session(operator(ANNA), asked, SessionCommand::Take).await.expect("taken");
    engine.session(operator(ANNA), asked, SessionCommand::Close).await.expect("closed");

    let engine = home.reopened(engine).await;
    let create = creation(BOT, BOT_USER);
    engine.create_session(operator(ANNA), create.clone()).await.expect("the customer wrote before");
    assert_eq!(summary(&engine, create.session).await.continues, Some(asked));
    // Somebody else of the same app never wrote to this bot.
    let mut stranger = creation(BOT, "100501");
    stranger.contact = contact(2);
    let answer = engine.create_session(operator(ANNA), stranger).await;
    assert_eq!(refusal(answer).code(), "NeverContacted");
}

/// ViberBot, ВКонтакте, LiveChat → отказ.
async fn s08_viber_vk_and_live_chat_are_refused(home: Home) {
    let engine = home.desk().await;
    let channels = [
        (VIBER, "viber-1", ChannelKind::ViberBot),
        (VK, "vk-1", ChannelKind::Vk),
        (LIVE_CHAT, "visitor-1", ChannelKind::LiveChat),
    ];
    for (channel, address, kind) in channels.clone() {
        let expected = Rejection::ChannelForbidsOperatorCreate { kind };
        let answer = engine.create_session(operator(ANNA), creation(OTHERS, address)).await;
        assert_eq!(refusal(answer), expected);
        // Even where the customer wrote before.
        let hello = inbound(channel, address, "m-1", "Добрый день");
        let received = engine.receive(switchboard::Caller::channel(channel), hello).await.expect("received");
        let session = received.session.expect("a session");
        engine.session(operator(ANNA), session, SessionCommand::Take).await.expect("taken");
        engine.session(operator(ANNA), session, SessionCommand::Close).await.expect("closed");
        let answer = engine.create_session(operator(ANNA), creation(OTHERS, address)).await;
        assert_eq!(refusal(answer), expected);
    }

    let engine = home.reopened(engine).await;
    for (_, address, kind) in channels {
        let answer = engine.create_session(operator(ANNA), creation(OTHERS, address)).await;
        assert_eq!(refusal(answer), Rejection::ChannelForbidsOperatorCreate { kind });
    }
    assert!(my_sessions(&engine, ANNA).await.is_empty());
}

/// Офлайн при Service → отказ; без Service → можно.
async fn s09_offline_is_refused_with_the_service_and_allowed_without_it(home: Home) {
    let engine = home.desk().await;
    licence(&engine, true).await;
    let answer = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(answer), Rejection::OperatorOffline { operator: ANNA });
    presence(&engine, ANNA, true).await;
    let first = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), first.clone()).await.expect("online");

    presence(&engine, ANNA, false).await;
    let commands = [
        message("Добрый день"),
        SessionCommand::Take,
        SessionCommand::AssignOperator { operator: BORIS },
        SessionCommand::Rename { name: "Иначе".into() },
        SessionCommand::LinkElement { element: order(1) },
        SessionCommand::Close,
        SessionCommand::Reopen,
    ];
    for command in commands {
        let answer = engine.session(operator(ANNA), first.session, command).await;
        assert_eq!(refusal(answer), Rejection::OperatorOffline { operator: ANNA });
    }

    let engine = home.reopened(engine).await;
    let answer = engine.session(operator(ANNA), first.session, message("Добрый день")).await;
    assert_eq!(refusal(answer), Rejection::OperatorOffline { operator: ANNA });
    licence(&engine, false).await;
    engine.session(operator(ANNA), first.session, message("Добрый день")).await.expect("no licence");
    engine.create_session(operator(BORIS), creation(MAIL, MAIL_ADDRESS)).await.expect("no licence");
    assert_eq!(texts(&engine, first.session).await, ["Добрый день"]);
    assert_eq!(my_sessions(&engine, BORIS).await.len(), 1);
}

/// Процесс «Заказ готов» на почту, когда все Офлайн → видно в переписке.
async fn s10_the_process_order_ready_writes_an_email_while_all_are_offline(home: Home) {
    let engine = home.desk().await;
    licence(&engine, true).await;
    let mut ready = initiated(MAIL, MAIL_ADDRESS, "Заказ готов");
    ready.subject = Some("Ваш заказ".into());
    let sent = engine.send_initiated(process_of(&ready), ready.clone()).await.expect("sent");
    assert_eq!(sent.session, Some(ready.session));
    let again = initiated(MAIL, MAIL_ADDRESS, "Заказ ждёт вас");
    let other = engine.send_initiated(process_of(&again), again.clone()).await.expect("sent");
    assert_ne!(other.session, sent.session, "on e-mail a new session for each message");

    let engine = home.reopened(engine).await;
    let items = transcript(&engine, ready.session).await;
    assert_eq!(items[0], TranscriptItem::Created { origin: Origin::Process(order_ready()) });
    let TranscriptItem::Message(shown) = &items[1] else { panic!("{:?} is no message", items[1]) };
    assert_eq!((shown.text.as_str(), &shown.author), ("Заказ готов", &Author::Process(order_ready())));
    let session = summary(&engine, ready.session).await;
    assert_eq!(session.status, SessionStatus::Waiting, "no operator is involved");
    assert_eq!((session.name.as_str(), session.subject.as_deref()), ("Ваш заказ", Some("Ваш заказ")));
    let views = engine.read().await.expect("projections");
    let seen = views.customer_messages(&session.account, None, all()).await.expect("messages").items;
    let seen: Vec<_> = seen.into_iter().map(|message| message.text).collect();
    assert_eq!(seen, ["Заказ ждёт вас", "Заказ готов"]);
}

/// Виджет на карточке заказа: история, ответ, новая сессия; без виджета → нельзя.
async fn s11_the_widget_on_an_orders_card_shows_history_answers_and_creates(home: Home) {
    let engine = home.desk().await;
    let first = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), first.clone()).await.expect("created");
    engine.session(operator(ANNA), first.session, message("Собираем заказ")).await.expect("sent");
    let card = || EntryPoint::Card(order(1));
    let answer = |text: &str, via| SessionCommand::SendMessage {
        message: MessageId(Uuid::now_v7()),
        text: text.into(),
        via,
    };
    let unlinked = engine.session(operator(ANNA), first.session, answer("Рано", card())).await;
    assert_eq!(refusal(unlinked), Rejection::ElementNotLinked { element: order(1) });
    let link = SessionCommand::LinkElement { element: order(1) };
    engine.session(operator(ANNA), first.session, link).await.expect("linked");
    engine.session(operator(ANNA), first.session, answer("Заказ собран", card())).await.expect("answered");
    engine.session(operator(ANNA), first.session, SessionCommand::Close).await.expect("closed");
    let mut second = creation(SUPPORT, PHONE);
    second.via = card();
    engine.create_session(operator(ANNA), second.clone()).await.expect("created from the card");
    let mut email = creation(MAIL, MAIL_ADDRESS);
    (email.via, email.subject) = (card(), Some("Тема".into()));
    let answered = engine.create_session(operator(ANNA), email).await;
    assert_eq!(refusal(answered), Rejection::SubjectNotSupported, "the card asks for no subject");
    // The form of a deal has no widget, though its app is bound.
    let without = Rejection::WidgetNotPlaced { app: app("deals") };
    let mut third = creation(SUPPORT, PHONE_2);
    (third.contact, third.via) = (contact(2), EntryPoint::Card(deal()));
    assert_eq!(refusal(engine.create_session(operator(ANNA), third).await), without);
    assert_eq!(
        engine.card_lines(ANNA, &deal()).await.expect_err("no history either").rejection(),
        Some(&without)
    );

    let engine = home.reopened(engine).await;
    assert_eq!(element_texts(&engine, &order(1)).await, ["Заказ собран", "Собираем заказ"]);
    assert!(engine.card_lines(ANNA, &order(1)).await.expect("lines of the card").contains(&SUPPORT));
    let session = summary(&engine, second.session).await;
    assert_eq!(session.status, SessionStatus::Assigned(ANNA));
    assert_eq!((&session.links, &session.origin), (&vec![order(1)], &Origin::Card(order(1))));
    assert_eq!(session.continues, Some(first.session));
    engine.session(operator(ANNA), second.session, answer("Можно забирать", card())).await.expect("answered");
    let remove = LineCommand::RemoveWidget { app: app("orders") };
    engine.line(admin(), SUPPORT, remove).await.expect("the widget is taken off");
    let refused = engine.session(operator(ANNA), second.session, answer("Ещё", card())).await;
    assert_eq!(refusal(refused), Rejection::WidgetNotPlaced { app: app("orders") });
    assert_eq!(element_texts(&engine, &order(1)).await, ["Можно забирать", "Заказ собран", "Собираем заказ"]);
}

/// 64 параллельных создания → одна.
async fn s12_of_64_creations_at_once_exactly_one_succeeds(home: Home) {
    const ROUNDS: usize = 100;
    let engine = home.desk().await;
    let mut opened = Vec::new();
    for round in 0..ROUNDS {
        let start = Arc::new(tokio::sync::Barrier::new(64));
        let racers: Vec<_> = (0..64)
            .map(|racer| {
                let (engine, start) = (engine.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    let who = if racer % 2 == 0 { ANNA } else { BORIS };
                    start.wait().await;
                    (who, engine.create_session(operator(who), creation(SUPPORT, PHONE)).await)
                })
            })
            .collect();
        let (mut won, mut lost): (Vec<(_, SessionId)>, Vec<Rejection>) = (Vec::new(), Vec::new());
        for racer in racers {
            let (who, answer) = racer.await.expect("a racer");
            match answer {
                Ok(receipt) => won.push((who, receipt.session.expect("a session"))),
                refused => lost.push(refusal(refused)),
            }
        }
        assert_eq!((won.len(), lost.len()), (1, 63), "round {round}");
        let (who, session) = won[0];
        let name = PEOPLE.iter().find(|(person, _)| *person == who).map(|(_, name)| (*name).to_owned());
        let expected = Rejection::OpenSessionExists { session, holder: Some(who), holder_name: name };
        assert!(lost.iter().all(|refused| *refused == expected), "round {round}: {lost:?}");
        if round + 1 < ROUNDS {
            engine.session(operator(who), session, SessionCommand::Close).await.expect("closed");
        }
        opened.push((who, session));
    }

    let engine = home.reopened(engine).await;
    let &(who, last) = opened.last().expect("rounds");
    let mine = my_sessions(&engine, who).await;
    assert_eq!(mine.iter().map(|session| session.session).collect::<Vec<_>>(), [last]);
    let before = opened.iter().rev().nth(1).map(|(_, session)| *session);
    assert_eq!(mine[0].continues, before, "each continues the one before it");
    let views = engine.read().await.expect("projections");
    let all = views.customer_sessions(&mine[0].account, None, all()).await.expect("sessions").items;
    assert_eq!(all.len(), ROUNDS, "exactly one session for each round");
}

/// The address on the line is checked in the form that the channel needs, with a hint.
#[tokio::test]
async fn a_number_without_its_plus_is_refused_with_the_right_spelling() {
    let engine = Home::memory().desk().await;
    let set = switchboard::domain::command::ElementCommand::SetField {
        field: "phone".into(),
        value: account(AccountKind::Phone, "89161234567"),
    };
    engine.element(admin(), contact(1), None, set).await.expect("a number as people write it");
    let answer = engine.create_session(operator(ANNA), creation(SUPPORT, "89161234567")).await;
    let expected = Rejection::BadAddress {
        expected: AddressFormat::PhoneE164,
        given: "89161234567".into(),
        suggestion: Some(PHONE.into()),
    };
    assert_eq!(refusal(answer), expected);
}
