//! Names and subjects: templates, their faults and bounds, and headers that stay one line (R14, R15).

use proptest::prelude::*;
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{ElementCommand, LineCommand, SessionCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{Event, SessionEvent};
use switchboard::domain::name::{NameContext, NameTemplate, session_name};
use switchboard::domain::rejection::Rejection;
use switchboard::domain::time::Timestamp;

use super::rules::{Desk, admin, new_id, phone};

const EMAIL: &str = "ivan@example.com";

fn context<'a>(customer: &'a str, channel: &'a str) -> NameContext<'a> {
    NameContext {
        customer,
        account: EMAIL,
        line: "Служба поддержки",
        channel,
        created: Timestamp(1_795_356_000_000_000),
        subject: "",
    }
}

/// The name and the subject of a session created with a subject, under a template.
async fn created(template: Option<&str>, subject: Option<&str>) -> (String, Option<String>) {
    let (desk, _) = Desk::with(ChannelKind::Email).await;
    if let Some(template) = template {
        desk.configure(LineCommand::SetNameTemplate { template: template.into() }).await.expect("set");
    }
    let contact = desk.contact(FieldValue::Email(EMAIL.into())).await;
    let mut command = desk.creation(&contact, EMAIL);
    command.subject = subject.map(str::to_owned);
    let head = desk.engine.head();
    desk.create(desk.anna, &command).await.expect("created");
    let written = desk.written(head).await;
    let found = written.into_iter().find_map(|one| match one.event {
        Event::Session(SessionEvent::SessionCreated { name, subject, .. }) => Some((name, subject)),
        _ => None,
    });
    found.expect("a session was created")
}

#[tokio::test]
async fn a_subject_is_the_name_and_a_blank_one_leaves_both_to_the_template() {
    let template = Some("Обращение: {{ customer }}");
    let both = |text: &str| (text.to_owned(), Some(text.to_owned()));
    assert_eq!(created(template, Some("Счёт 17")).await, both("Счёт 17"));
    for blank in [None, Some(""), Some("   "), Some("\t \u{a0}")] {
        assert_eq!(created(template, blank).await, both("Обращение: Иван Петров"), "{blank:?}");
    }
}

#[tokio::test]
async fn a_template_that_renders_blank_gives_way_to_a_name_that_cannot() {
    for template in ["{{ subject }}", "{% if false %}x{% endif %}", "{# nothing #}", "{{ ' \n ' }}"] {
        let (name, subject) = created(Some(template), None).await;
        assert!(name.starts_with("e-mail: Иван Петров, 20"), "{template:?} gave {name:?}");
        assert_eq!(subject, Some(name));
    }
}

#[tokio::test]
async fn renaming_leaves_the_subject_as_it_was_sent() {
    let (desk, _) = Desk::with(ChannelKind::Email).await;
    let contact = desk.contact(FieldValue::Email(EMAIL.into())).await;
    let mut command = desk.creation(&contact, EMAIL);
    command.subject = Some("Счёт 17".into());
    desk.create(desk.anna, &command).await.expect("created");
    let rename = SessionCommand::Rename { name: "Возврат".into() };
    desk.ask(desk.anna, command.session, rename).await.expect("renamed");
    let views = desk.engine.read().await.expect("read");
    let summary = views.session(command.session).await.expect("read").expect("known");
    assert_eq!((summary.name.as_str(), summary.subject.as_deref()), ("Возврат", Some("Счёт 17")));
    let rename = SessionCommand::Rename { name: "a\r\nBcc: b".into() };
    assert_eq!(desk.refusal(desk.ask(desk.anna, command.session, rename)).await.code(), "BadCharacter");
}

#[test]
fn a_wrong_template_is_refused_with_the_place_of_the_error() {
    let cases = [
        ("{{ nobody }}", 1, 4),
        ("Имя: {{ customer|nothing }}", 1, 18),
        ("первая строка\n  {{ line ", 2, 6),
        ("{% if %}", 1, 7),
        ("{{ customer.name.first }}", 1, 12),
    ];
    for (template, line, column) in cases {
        let Err(Rejection::BadTemplate { line: found_line, column: found, reason }) =
            NameTemplate::new(template)
        else {
            panic!("{template:?} is wrong");
        };
        assert_eq!((found_line, found), (line, column), "{template:?}: {reason}");
        assert!(!reason.is_empty());
    }
    assert_eq!(NameTemplate::new("  \n").map_err(|no| no.code()), Err("Blank"));
    assert_eq!(NameTemplate::new(&"x".repeat(2049)).map_err(|no| no.code()), Err("TooLong"));
}

#[test]
fn a_template_that_could_run_or_grow_without_bound_is_refused() {
    for template in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{{ 'x' * 1000000000000 }}",
        "{{ range(100000)|join(customer * 10000) }}",
        "{% set a = 'x' * 100 %}{% set a = a * 1000 %}{% set a = a * 1000 %}{% set a = a * 1000 %}{{ a }}",
        &format!("{{% set a = customer %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(60)),
        &format!("{{% set a = customer %}}{}{{{{ a }}}}", "{% set a = a + a %}".repeat(60)),
        &format!("{{% set a = [1] %}}{}{{{{ a }}}}", "{% set a = [a, a] %}".repeat(60)),
        &format!("{{% set a = 'x' %}}{}", "{% set a %}{{ a }}{{ a }}{% endset %}".repeat(45)),
        &format!("{{{{ 'x'{} }}}}", "|replace('x','xxxxxxxxxx')".repeat(60)),
        &format!(
            "{}{{{{ a }}}}",
            "{% for a in [customer ~ customer] recursive %}{{ loop([a ~ a]) }}{% endfor %}"
        ),
        "{{ 'x'|indent(1000000000) }}",
        "{{ '%1000000000d'|format(1) }}",
    ] {
        let refused = NameTemplate::new(template).map_err(|no| no.code());
        assert_eq!(refused.map(|_| ()), Err("BadTemplate"), "{template:?}");
    }
}

#[test]
fn a_template_shapes_a_name_with_conditions_and_filters() {
    for (template, expected) in [
        ("{{ customer|upper }}", "ИВАН"),
        ("{% if subject %}{{ subject }}{% else %}{{ customer }}{% endif %}", "Иван"),
        ("{{ channel }}: {{ customer|default('кто-то')|trim }}", "WhatsApp: Иван"),
        ("{% if customer == 'Иван' and not subject %}{{- line -}}{% endif %}", "Служба поддержки"),
        ("{# никому #}{ {{ '+*~,{' }} }", "{ +*~,{ }"),
        ("{{ created[:10] }}", "2026-11-22"),
    ] {
        let template = NameTemplate::new(template).expect(template);
        assert_eq!(session_name(Some(&template), &context("Иван", "WhatsApp")), expected);
    }
}

/// Texts as customers, channels and attackers write them.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![Just('\r'), Just('\n'), Just('\u{85}'), Just('\u{2028}'), any::<char>()],
        0..60,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #[test]
    fn a_name_is_one_line_that_fits_a_header_and_is_never_blank(
        customer in text(),
        channel in "[^\\p{C}\\p{Z}]{1,20}",
        times in 1..40usize,
        template in prop_oneof![Just("{{ customer }}"), Just("{{ customer }}\r\n{{ channel }}"), Just("{{ subject }}")],
    ) {
        let long = customer.repeat(times);
        let template = NameTemplate::new(template).expect("legal");
        for template in [Some(&template), None] {
            let name = session_name(template, &context(&long, &channel));
            prop_assert!(!name.trim().is_empty() && name.len() <= 998, "{} octets", name.len());
            prop_assert!(!name.contains(|c: char| c.is_control() || c == '\u{2028}'), "{name:?}");
        }
    }
}

#[tokio::test]
async fn a_line_break_in_a_customers_name_never_reaches_a_header() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let element = desk.contact(phone("+79161234567")).await;
    let title = "Иван\r\nBcc: all@example.com".to_owned();
    let rename = ElementCommand::RenameElement { title };
    let refused = desk.refusal(desk.engine.element(admin(), element, None, rename)).await;
    assert_eq!(refused.code(), "BadCharacter");
    let mut inbound = desk.inbound(channel, "+79161234568");
    inbound.sender = Some("Иван\r\nBcc: all@example.com".into());
    inbound.external_id = new_id().to_string();
    let received = desk.receive(inbound).await.expect("a customer's name is made safe, not refused");
    let views = desk.engine.read().await.expect("read");
    let session = received.session.expect("a session");
    let summary = views.session(session).await.expect("read").expect("known");
    assert!(!summary.name.contains(['\r', '\n']), "{:?}", summary.name);
}
