//! A decision is written only while everything that it stands on is still so.
//!
//! One engine decides, and its append is held; another engine on the same log changes what the
//! first one has read; then the append goes on. Only the log's expectations can tell.

use switchboard::domain::command::{ElementCommand, OperatorCommand};
use switchboard::domain::event::Role;

use super::*;

/// What happens between a decision and its append.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    WentOffline,
    LostTheRole,
    ChannelDisconnected,
    AddressChanged,
}

impl Meanwhile {
    async fn happens(self, engine: &Engine) {
        let offline = OperatorCommand::SetPresence { online: false };
        let other = account(switchboard::domain::account::AccountKind::Phone, PHONE_2);
        let happened = match self {
            Meanwhile::WentOffline => engine.operator(operator(ANNA), ANNA, offline).await,
            Meanwhile::LostTheRole => {
                let revoke = LineCommand::RevokeRole { operator: ANNA, role: Role::Operator };
                engine.line(admin(), SUPPORT, revoke).await
            }
            Meanwhile::ChannelDisconnected => {
                let disconnect = LineCommand::DisconnectChannel { channel: WHATSAPP };
                engine.line(admin(), SUPPORT, disconnect).await
            }
            Meanwhile::AddressChanged => {
                let fields =
                    engine.find_element(&contact(1)).await.expect("readable").expect("it is there").fields;
                let is = |value: &switchboard::domain::element::FieldValue| value.text() == PHONE;
                let field = fields.iter().find(|(_, value)| is(value)).expect("the number").0.clone();
                let set = ElementCommand::SetField { field, value: other };
                engine.element(admin(), contact(1), None, set).await
            }
        };
        happened.expect("it happens");
    }
}

/// Two engines on one log, with the licence active and Анна there; the first one's appends can be held.
async fn two_engines() -> (Arc<TroubledLog>, Engine, Engine) {
    let log = TroubledLog::new();
    let first = desk_on(&log, ActorOptions::default()).await;
    licence(&first, true).await;
    presence(&first, ANNA, true).await;
    let options = EngineOptions::with_log(log.untroubled() as Arc<dyn Log>, Place::Memory);
    (log, first, Engine::open(options).await.expect("the engine opens"))
}

#[tokio::test]
async fn a_creation_stands_on_presence_role_channel_and_contact_until_it_is_written() {
    for (meanwhile, code) in [
        (Meanwhile::WentOffline, "OperatorOffline"),
        (Meanwhile::LostTheRole, "NotOperatorOfLine"),
        (Meanwhile::ChannelDisconnected, "ChannelDisconnected"),
        (Meanwhile::AddressChanged, "AccountNotOfContact"),
    ] {
        let (log, first, second) = two_engines().await;
        let (before, create) = (log.handed_over(), creation(SUPPORT, PHONE));
        log.hold(true);
        let asked = tokio::spawn({
            let (first, create) = (first.clone(), create.clone());
            async move { first.create_session(operator(ANNA), create).await }
        });
        eventually("the creation is decided", || log.handed_over() > before).await;
        meanwhile.happens(&second).await;
        log.hold(false);
        let refused = asked.await.expect("an answer");
        assert_eq!(refusal(refused).code(), code, "{meanwhile:?}");
        assert_eq!(my_sessions(&second, ANNA).await.len(), 0, "{meanwhile:?}");
    }
}

#[tokio::test]
async fn a_message_stands_on_presence_role_and_channel_until_it_is_written() {
    for (meanwhile, code) in [
        (Meanwhile::WentOffline, "OperatorOffline"),
        (Meanwhile::LostTheRole, "NotOperatorOfLine"),
        (Meanwhile::ChannelDisconnected, "ChannelDisconnected"),
    ] {
        let (log, first, second) = two_engines().await;
        let session = session_of_anna(&first).await;
        let before = log.handed_over();
        log.hold(true);
        let sent = send(&first, operator(ANNA), session, message("Добрый день"));
        eventually("the message is decided", || log.handed_over() > before).await;
        meanwhile.happens(&second).await;
        log.hold(false);
        let refused = sent.await.expect("an answer");
        assert_eq!(refusal(refused).code(), code, "{meanwhile:?}");
        assert!(texts(&second, session).await.is_empty(), "{meanwhile:?}");
    }
}
