//! The order of the rules of a creation, and the dry run that is the same rules (mission's §5).

#[path = "support/rules.rs"]
mod rules;

use proptest::prelude::*;
use rules::{Desk, account, app, new_id, phone};
use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{ChannelKind, ChannelPolicy, OperatorCreate};
use switchboard::domain::command::{CreateSession, LineCommand, SessionCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::{ChannelId, ElementId, ElementRef, LineId, OperatorId};
use switchboard::domain::rejection::Rejection;

const NUMBER: &str = "+79161234567";

/// A desk with WhatsApp, a legal creation, and who asks for it.
struct Case {
    desk: Desk,
    channel: ChannelId,
    by: OperatorId,
    command: CreateSession,
}

impl Case {
    async fn on(kind: ChannelKind, value: FieldValue) -> Case {
        let (desk, channel) = Desk::with(kind).await;
        let text = value.text().to_owned();
        let contact = desk.contact(value).await;
        let command = desk.creation(&contact, &text);
        Case { by: desk.anna, desk, channel, command }
    }

    async fn legal() -> Case {
        Case::on(ChannelKind::WhatsApp, phone(NUMBER)).await
    }

    /// An address of another element, in an app that is not the contact app.
    async fn foreign_contact(&mut self) {
        self.command.contact = self.desk.element("stray", vec![("address".into(), phone(NUMBER))]).await;
    }

    /// A card whose app is not bound.
    async fn card_without_widget(&mut self) {
        let app = app("orders");
        self.command.via = EntryPoint::Card(self.desk.element("orders", vec![]).await);
        self.desk.configure(LineCommand::RemoveWidget { app }).await.expect("taken off");
    }

    async fn disconnect(&self) {
        let channel = self.channel;
        self.desk.configure(LineCommand::DisconnectChannel { channel }).await.expect("disconnected");
    }

    async fn hold_slot(&self) {
        let holding = self.desk.creation(&self.command.contact, &self.command.account.text);
        self.desk.create(self.desk.boris, &holding).await.expect("the slot is taken");
    }

    /// The command is answered by the first; the dry run tells all of them.
    async fn refuses(self, expected: &[&str]) {
        let refused = self.desk.refusal(self.desk.create(self.by, &self.command)).await;
        assert_eq!(self.desk.examine(self.by, &self.command).await, expected);
        assert_eq!(refused.code(), expected[0]);
        let at = |code: &str| Rejection::CODES.iter().position(|known| *known == code).expect("a code");
        assert!(expected.is_sorted_by_key(|code| at(code)), "{expected:?} follow the order of the codes");
    }
}

#[tokio::test]
async fn existence_comes_before_role() {
    let mut case = Case::legal().await;
    case.by = case.desk.stranger;
    case.command.channel = Some(ChannelId(new_id()));
    case.refuses(&["ChannelNotFound", "NotOperatorOfLine"]).await;
    let mut case = Case::legal().await;
    case.by = case.desk.stranger;
    case.command.contact.element = ElementId(new_id());
    case.refuses(&["ElementNotFound", "NotOperatorOfLine"]).await;
}

#[tokio::test]
async fn what_does_not_exist_is_told_in_one_order() {
    let mut case = Case::legal().await;
    case.by = OperatorId(new_id());
    case.command.channel = Some(ChannelId(new_id()));
    case.command.contact.element = ElementId(new_id());
    let card = ElementRef { app: app("orders"), element: ElementId(new_id()) };
    case.command.via = EntryPoint::Card(card);
    let found =
        ["ChannelNotFound", "OperatorNotFound", "ElementNotFound", "ElementNotFound", "NotOperatorOfLine"];
    case.refuses(&found).await;
    let mut case = Case::legal().await;
    case.by = OperatorId(new_id());
    case.command.line = LineId(new_id());
    case.command.contact.element = ElementId(new_id());
    case.refuses(&["LineNotFound", "OperatorNotFound", "ElementNotFound"]).await;
}

#[tokio::test]
async fn role_comes_before_presence() {
    let mut case = Case::legal().await;
    case.desk.licence(true).await;
    case.by = case.desk.stranger;
    case.refuses(&["NotOperatorOfLine", "OperatorOffline"]).await;
}

#[tokio::test]
async fn presence_comes_before_the_contact() {
    let mut case = Case::legal().await;
    case.desk.licence(true).await;
    case.foreign_contact().await;
    case.refuses(&["OperatorOffline", "ContactNotInContactApp"]).await;
    let case = Case::legal().await;
    case.desk.licence(true).await;
    case.desk.configure(LineCommand::ClearContactApp).await.expect("cleared");
    case.refuses(&["OperatorOffline", "NoContactApp"]).await;
}

#[tokio::test]
async fn the_contact_comes_before_the_card_and_the_card_before_the_account() {
    let mut case = Case::legal().await;
    case.foreign_contact().await;
    case.card_without_widget().await;
    case.command.account.text = "+79161234568".into();
    case.refuses(&["ContactNotInContactApp", "WidgetNotPlaced", "AccountNotOfContact"]).await;
    let mut case = Case::legal().await;
    case.foreign_contact().await;
    case.command.account.text = "+79161234568".into();
    case.refuses(&["ContactNotInContactApp", "AccountNotOfContact"]).await;
}

#[tokio::test]
async fn the_field_comes_before_the_channel() {
    let case = Case::on(ChannelKind::WhatsApp, FieldValue::Email("ivan@example.com".into())).await;
    case.disconnect().await;
    case.refuses(&["FieldTypeNotAllowed", "AccountKindMismatch", "ChannelDisconnected"]).await;
    let case = Case::on(ChannelKind::WhatsApp, FieldValue::Text(NUMBER.into())).await;
    case.disconnect().await;
    case.refuses(&["FieldTypeNotAllowed", "ChannelDisconnected"]).await;
}

#[tokio::test]
async fn the_channels_match_comes_before_its_connection_and_both_before_what_it_lets() {
    let viber = account(AccountKind::ViberUser, "v-1");
    let case = Case::on(ChannelKind::ViberBot, viber).await;
    case.disconnect().await;
    case.refuses(&["ChannelDisconnected", "ChannelForbidsOperatorCreate"]).await;
    let case = Case::on(ChannelKind::ViberBot, phone(NUMBER)).await;
    case.disconnect().await;
    let all = ["AccountKindMismatch", "ChannelDisconnected", "ChannelForbidsOperatorCreate"];
    case.refuses(&all).await;
}

#[tokio::test]
async fn what_the_channel_lets_comes_before_the_address() {
    let case = Case::on(ChannelKind::Vk, account(AccountKind::VkUser, "id 1")).await;
    case.refuses(&["ChannelForbidsOperatorCreate", "BadAddress"]).await;
}

#[tokio::test]
async fn the_address_comes_before_what_is_asked_of_its_slot() {
    // A wrong address has no slot: whether its customer wrote is not asked, its subject is.
    let mut case = Case::on(ChannelKind::TelegramBot, account(AccountKind::TelegramUser, "7 7")).await;
    case.command.subject = Some("Счёт 17".into());
    case.refuses(&["BadAddress", "SubjectNotSupported"]).await;
}

#[tokio::test]
async fn earlier_contact_comes_before_the_slot_and_the_slot_before_the_subject() {
    let mut case = Case::legal().await;
    case.hold_slot().await;
    let medium = ChannelKind::WhatsApp.policy().expect("built in");
    let policy = ChannelPolicy { operator_create: OperatorCreate::PriorInboundOnly, ..medium };
    let channel = case.channel;
    case.desk.configure(LineCommand::SetChannelPolicy { channel, policy }).await.expect("narrower");
    case.command.subject = Some("Счёт 17".into());
    case.refuses(&["NeverContacted", "OpenSessionExists", "SubjectNotSupported"]).await;
    let mut case = Case::legal().await;
    case.hold_slot().await;
    case.command.subject = Some("Счёт 17".into());
    case.refuses(&["OpenSessionExists", "SubjectNotSupported"]).await;
}

#[tokio::test]
async fn a_subject_too_long_comes_before_a_bad_one() {
    let email = || account(AccountKind::Email, "ivan@example.com");
    let mut case = Case::on(ChannelKind::Email, email()).await;
    case.command.subject = Some(format!("{}\r\nBcc: x", "я".repeat(499)));
    case.refuses(&["SubjectTooLong"]).await;
    let mut case = Case::on(ChannelKind::Email, email()).await;
    case.command.subject = Some("Счёт\r\nBcc: x@example.com".into());
    case.refuses(&["BadSubject"]).await;
    let mut case = Case::on(ChannelKind::Email, email()).await;
    case.command.subject = Some("я".repeat(499));
    assert!(case.desk.examine(case.by, &case.command).await.is_empty(), "998 octets fit");
    case.desk.create(case.by, &case.command).await.expect("998 octets fit");
    case.command.session = switchboard::domain::id::SessionId(new_id());
    case.command.via = EntryPoint::Card(case.desk.element("orders", vec![]).await);
    case.refuses(&["SubjectNotSupported"]).await;
}

/// A step of a random history: what is chosen, or what happens in between.
#[derive(Clone, Debug)]
enum Step {
    Create { by: usize, contact: usize, text: usize, channel: Option<usize>, subject: usize, card: bool },
    CloseOldest,
    Licence(bool),
    Presence(bool),
    Inbound(usize),
    Toggle(usize),
    Widget(bool),
}

const TEXTS: [&str; 6] = [NUMBER, "89161234567", "77001", "id77001", "ivan@example.com", "нет"];
const KINDS: [ChannelKind; 5] = [
    ChannelKind::WhatsApp,
    ChannelKind::TelegramBot,
    ChannelKind::Vk,
    ChannelKind::Email,
    ChannelKind::WhatsApp,
];

fn step() -> impl Strategy<Value = Step> {
    let channel = proptest::option::weighted(0.7, 0..KINDS.len());
    let create = (0..4usize, 0..4usize, 0..TEXTS.len(), channel, 0..4usize, proptest::bool::weighted(0.2))
        .prop_map(|(by, contact, text, channel, subject, card)| Step::Create {
            by,
            contact,
            text,
            channel,
            subject,
            card,
        });
    prop_oneof![
        12 => create,
        2 => Just(Step::CloseOldest),
        1 => any::<bool>().prop_map(Step::Licence),
        1 => any::<bool>().prop_map(Step::Presence),
        1 => (0..2usize).prop_map(Step::Inbound),
        1 => (0..KINDS.len()).prop_map(Step::Toggle),
        1 => any::<bool>().prop_map(Step::Widget),
    ]
}

/// Carries out a history; answers how many creations were accepted and refused.
async fn dry_runs_agree(steps: Vec<Step>) -> (u32, u32) {
    let desk = Desk::open().await;
    let reader = desk.person(Some(Role::Reader)).await;
    let people = [desk.anna, desk.boris, reader, OperatorId(new_id())];
    let mut channels = Vec::new();
    for kind in KINDS {
        channels.push(desk.connect(kind).await);
    }
    let full = vec![
        ("phone".into(), phone(NUMBER)),
        ("typed".into(), phone("89161234567")),
        ("bot".into(), account(AccountKind::TelegramUser, "77001")),
        ("vk".into(), account(AccountKind::VkUser, "id77001")),
        ("email".into(), FieldValue::Email("ivan@example.com".into())),
        ("note".into(), FieldValue::Text("нет".into())),
    ];
    let known = desk.element("contacts", full.clone()).await;
    let stray = desk.element("stray", full).await;
    let phone_only = desk.contact(phone(NUMBER)).await;
    let missing = ElementRef { app: app("contacts"), element: ElementId(new_id()) };
    let contacts = [known, stray, phone_only, missing];
    let order = desk.element("orders", vec![]).await;
    let subjects = [None, Some("  "), Some("Счёт 17"), Some("a\r\nb")];
    let (mut open, mut accepted, mut refused) = (Vec::new(), 0, 0);
    for step in steps {
        match step {
            Step::Create { by, contact, text, channel, subject, card } => {
                let mut command = desk.creation(&contacts[contact], TEXTS[text]);
                command.channel = channel.map(|at| channels[at]);
                command.subject = subjects[subject].map(str::to_owned);
                if card {
                    command.via = EntryPoint::Card(order.clone());
                }
                let verdict = desk.examine(people[by], &command).await;
                let answer = desk.create(people[by], &command).await;
                let first = verdict.first().copied().unwrap_or("Ok");
                assert_eq!(first, rules::code(&answer), "{command:?}: the dry run said {verdict:?}");
                if answer.is_ok() {
                    accepted += 1;
                    open.push((command.session, people[by]));
                } else {
                    refused += 1;
                }
            }
            Step::CloseOldest if open.is_empty() => {}
            Step::CloseOldest => {
                let (session, by) = open.remove(0);
                // While the operator is away the session stays open, and that is checked as well.
                if desk.ask(by, session, SessionCommand::Close).await.is_err() {
                    open.push((session, by));
                }
            }
            Step::Licence(active) => desk.licence(active).await,
            Step::Presence(online) => {
                let command = switchboard::domain::command::OperatorCommand::SetPresence { online };
                // Without the licence there is no presence to set.
                let _ = desk.engine.operator(rules::admin(), desk.anna, command).await;
            }
            Step::Inbound(at) => {
                let (channel, address) = [(channels[0], NUMBER), (channels[1], "77001")][at];
                // A disconnected channel delivers nothing.
                let _ = desk.receive(desk.inbound(channel, address)).await;
            }
            Step::Toggle(at) => {
                let (channel, kind) = (channels[at], KINDS[at].clone());
                let off = desk.configure(LineCommand::DisconnectChannel { channel }).await;
                if at % 2 == 0 {
                    let (title, policy) = (kind.title().to_owned(), None);
                    let command = LineCommand::ConnectChannel { channel, kind, title, policy };
                    desk.configure(command).await.expect("connected again");
                }
                off.expect("disconnected");
            }
            Step::Widget(placed) => {
                let app = app("orders");
                let place = LineCommand::PlaceWidget { app: app.clone() };
                desk.configure(if placed { place } else { LineCommand::RemoveWidget { app } })
                    .await
                    .expect("set");
            }
        }
    }
    (accepted, refused)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_dry_run_refuses_exactly_what_the_command_refuses(steps in proptest::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(dry_runs_agree(steps));
    }
}

#[tokio::test]
async fn the_dry_runs_of_the_property_see_both_answers() {
    let create =
        |contact, text, channel| Step::Create { by: 0, contact, text, channel, subject: 0, card: false };
    let steps = vec![create(0, 0, Some(0)), create(0, 0, Some(0)), create(0, 4, None), create(0, 4, None)];
    assert_eq!(dry_runs_agree(steps).await, (3, 1));
}
