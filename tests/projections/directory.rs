//! Lines, people, apps and elements.

use std::collections::BTreeMap;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{
    ElementEvent, Event, Fact, InboundRule, LineEvent, LineRules, OperatorEvent, Role, Stream, WorkspaceEvent,
};
use switchboard::domain::id::{ElementId, ElementRef, PolicyRevision, ProcessId};
use switchboard::domain::limits::{FIELD_BYTES_MAX, FIELD_NAME_BYTES_MAX, FIELDS_MAX, TITLE_BYTES_MAX};
use switchboard::projection::{OperatorLine, PageOf, Roles, SEARCH_EXAMINED_MAX};

use crate::drained;
use crate::world::*;

fn of_line(number: u128, event: LineEvent) -> Fact {
    Fact { stream: Stream::Line(line(number)), event: Event::Line(event) }
}

fn of_workspace(event: WorkspaceEvent) -> Fact {
    Fact { stream: Stream::Workspace, event: Event::Workspace(event) }
}

fn of_operator(number: u128, event: OperatorEvent) -> Fact {
    Fact { stream: Stream::Operator(operator(number)), event: Event::Operator(event) }
}

fn contact(number: u128) -> ElementRef {
    ElementRef { app: app("contacts"), element: ElementId(uuid(8, number)) }
}

fn of_contact(number: u128, event: ElementEvent) -> Fact {
    Fact { stream: Stream::Element(contact(number)), event: Event::Element(event) }
}

fn account(kind: AccountKind, text: &str) -> AccountText {
    AccountText { kind, text: text.into() }
}

fn new_contact(number: u128, title: &str, fields: &[(&str, FieldValue)]) -> Fact {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    of_contact(number, ElementEvent::ElementCreated { title: title.into(), fields })
}

fn whatsapp_on(number: u128) -> LineEvent {
    let kind = ChannelKind::WhatsApp;
    let policy = kind.policy().expect("it is built in");
    let (title, revision) = ("+7 495".into(), PolicyRevision(1));
    LineEvent::ChannelConnected { channel: channel(number), kind, title, policy, revision }
}

#[tokio::test]
async fn a_line_is_what_was_said_of_it() {
    let mut world = World::new().await;
    let rules = LineRules { supervisors_create: true, inbound: InboundRule::ReopenWithin { seconds: 60 } };
    let revision = PolicyRevision(2);
    let events = [
        LineEvent::LineCreated { title: "Служба".into() },
        LineEvent::LineRenamed { title: "Служба поддержки".into() },
        LineEvent::ContactAppSet { app: app("contacts") },
        LineEvent::AppBound { app: app("orders") },
        LineEvent::AppBound { app: app("deals") },
        LineEvent::AppUnbound { app: app("deals") },
        LineEvent::WidgetPlaced { app: app("orders") },
        LineEvent::NameTemplateSet { template: "{{ customer }}".into() },
        LineEvent::LineRulesSet { rules, revision },
        whatsapp_on(1),
        whatsapp_on(2),
        LineEvent::ChannelDisconnected { channel: channel(1), revision },
    ];
    let facts: Vec<_> = events.into_iter().map(|event| of_line(1, event)).collect();
    world.happened(&facts).await;
    let line = world.projections.line(line(1)).await.expect("it can be read").expect("it exists");
    assert_eq!(line.title, "Служба поддержки");
    assert_eq!((line.contact_app, line.rules), (Some(app("contacts")), rules));
    assert_eq!((line.bound_apps, line.widgets), (vec![app("orders")], vec![app("orders")]));
    assert_eq!(line.name_template.as_deref(), Some("{{ customer }}"));
    let connected: Vec<_> = line.channels.iter().map(|channel| channel.connected).collect();
    assert_eq!(connected, [false, true]);
}

#[tokio::test]
async fn the_lines_of_an_operator_are_those_with_a_role() {
    let mut world = World::new().await;
    let (reader, operator_role) = (Role::Reader, Role::Operator);
    let id = operator(1);
    world
        .happened(&[
            of_line(1, LineEvent::LineCreated { title: "A".into() }),
            of_line(2, LineEvent::LineCreated { title: "B".into() }),
            of_line(1, LineEvent::RoleGranted { operator: id, role: operator_role }),
            of_line(1, LineEvent::RoleGranted { operator: id, role: Role::Supervisor }),
            of_line(2, LineEvent::RoleGranted { operator: id, role: reader }),
        ])
        .await;
    world
        .happened(&[
            of_line(1, LineEvent::RoleRevoked { operator: id, role: operator_role }),
            of_line(2, LineEvent::RoleRevoked { operator: id, role: reader }),
        ])
        .await;
    let roles = Roles { supervisor: true, ..Roles::default() };
    let lines = world.projections.lines_of(id).await;
    assert_eq!(lines, Ok(vec![OperatorLine { line: line(1), title: "A".into(), roles }]));
    let members = drained!(1, |page| world.projections.members(line(1), page));
    assert_eq!(members.len(), 1);
    assert_eq!(drained!(1, |page| world.projections.members(line(2), page)), []);
    assert_eq!(drained!(1, |page| world.projections.lines(page)).len(), 2);
}

#[tokio::test]
async fn people_apps_and_processes_are_known_as_they_are_now() {
    let mut world = World::new().await;
    let process = ProcessId::new("order-ready").expect("it is a code");
    let (title, name) = (String::from("Заказ готов"), String::from("Анна"));
    world
        .happened(&[
            of_workspace(WorkspaceEvent::AppDeclared { app: app("orders"), title: "Заказы".into() }),
            of_workspace(WorkspaceEvent::AppRenamed { app: app("orders"), title: "Orders".into() }),
            of_workspace(WorkspaceEvent::ProcessPermitted { process: process.clone(), title }),
            of_workspace(WorkspaceEvent::ServiceLicenceActivated),
            of_operator(1, OperatorEvent::OperatorRegistered { name: "А".into() }),
            of_operator(1, OperatorEvent::OperatorRenamed { name }),
            of_operator(1, OperatorEvent::WentOnline),
            of_operator(2, OperatorEvent::OperatorRegistered { name: "Б".into() }),
        ])
        .await;
    let projections = &world.projections;
    assert_eq!(projections.apps().await.expect("apps")[0].title, "Orders");
    assert_eq!(projections.processes().await.expect("processes")[0].title, "Заказ готов");
    assert_eq!(projections.service_licence().await, Ok(true));
    let anna = projections.operator(operator(1)).await.expect("it can be read").expect("she is known");
    assert_eq!((anna.name.as_str(), anna.online), ("Анна", true));
    assert_eq!(drained!(1, |page| projections.operators(page)).len(), 2);
    world
        .happened(&[
            of_workspace(WorkspaceEvent::ProcessForbidden { process }),
            of_workspace(WorkspaceEvent::ServiceLicenceDeactivated),
            of_operator(1, OperatorEvent::WentOffline),
        ])
        .await;
    let projections = &world.projections;
    assert_eq!(projections.processes().await, Ok(vec![]));
    assert_eq!(projections.service_licence().await, Ok(false));
    let anna = projections.operator(operator(1)).await.expect("it can be read").expect("she is known");
    assert!(!anna.online && anna.presence_since.is_some());
}

#[tokio::test]
async fn an_element_is_found_by_each_of_its_addresses_while_it_has_them() {
    let mut world = World::new().await;
    let whatsapp = account(AccountKind::Phone, "+79161234567");
    let telegram = account(AccountKind::TelegramUsername, "@Anna_K");
    let mail = FieldValue::Email("Anna@Example.com".into());
    let fields = [
        ("whatsapp", FieldValue::Account(whatsapp.clone())),
        ("telegram", FieldValue::Account(telegram)),
        ("mail", mail),
    ];
    world.happened(&[new_contact(1, "Анна", &fields), new_contact(2, "Борис", &fields[..1])]).await;
    let found = async |world: &World, account: &AccountText| {
        let elements = world.projections.elements_by_account(&app("contacts"), account).await;
        elements.expect("it can be read").into_iter().map(|element| element.title).collect::<Vec<_>>()
    };
    assert_eq!(found(&world, &whatsapp).await, ["Анна", "Борис"]);
    assert_eq!(found(&world, &account(AccountKind::TelegramUsername, "anna_k")).await, ["Анна"]);
    assert_eq!(found(&world, &account(AccountKind::Email, "anna@example.com")).await, ["Анна"]);
    let other = world.projections.elements_by_account(&app("orders"), &whatsapp).await;
    assert_eq!(other, Ok(vec![]), "another app");
    let changed = FieldValue::Account(account(AccountKind::Phone, "+79161234568"));
    world
        .happened(&[
            of_contact(1, ElementEvent::FieldSet { field: "whatsapp".into(), value: changed }),
            of_contact(1, ElementEvent::FieldCleared { field: "mail".into() }),
            of_contact(1, ElementEvent::ElementRenamed { title: "Анна К.".into() }),
        ])
        .await;
    assert_eq!(found(&world, &whatsapp).await, ["Борис"]);
    assert_eq!(found(&world, &account(AccountKind::Email, "anna@example.com")).await, Vec::<String>::new());
    let element = world.projections.element(&contact(1)).await.expect("it can be read").expect("it exists");
    assert_eq!((element.title.as_str(), element.fields.len()), ("Анна К.", 2));
}

#[tokio::test]
async fn elements_that_change_in_turns_keep_what_was_said_of_each() {
    let mut world = World::new().await;
    let renamed =
        |number, title: &str| of_contact(number, ElementEvent::ElementRenamed { title: title.into() });
    let named = |number, text: &str| {
        let (field, value) = ("name".into(), FieldValue::Text(text.into()));
        of_contact(number, ElementEvent::FieldSet { field, value })
    };
    let created =
        [new_contact(1, "Анна", &[]), new_contact(2, "Борис", &[]), renamed(1, "Анна К."), named(2, "Б")];
    // Together with their creation, and after it.
    world.happened(&created).await;
    world.happened(&[renamed(2, "Борис П."), named(1, "А"), renamed(2, "Борис Р.")]).await;
    for (number, title, name) in [(1, "Анна К.", "А"), (2, "Борис Р.", "Б")] {
        let element = world.projections.element(&contact(number)).await.expect("it can be read");
        let element = element.expect("it exists");
        assert_eq!(element.title, title);
        assert_eq!(element.fields, BTreeMap::from([("name".to_owned(), FieldValue::Text(name.into()))]));
    }
}

#[tokio::test]
async fn a_search_looks_into_titles_and_addresses_in_any_case() {
    let mut world = World::new().await;
    let mail = |text: &str| FieldValue::Email(text.into());
    world
        .happened(&[
            new_contact(1, "ЁЛКИН Пётр", &[("mail", mail("petr@example.com"))]),
            new_contact(2, "Straße", &[("note", FieldValue::Text("ёлка".into()))]),
            new_contact(3, "ёлкина", &[]),
        ])
        .await;
    let search = async |part: &str| {
        let found = drained!(1, |page| world.projections.search_elements(&app("contacts"), part, page));
        found.into_iter().map(|element| element.title).collect::<Vec<_>>()
    };
    assert_eq!(search("ёлк").await, ["ЁЛКИН Пётр", "ёлкина"], "a text field is not an address");
    assert_eq!(search("  PETR@ ").await, ["ЁЛКИН Пётр"]);
    assert_eq!(search("STRAß").await, ["Straße"]);
    assert_eq!(search("").await, ["Straße", "ЁЛКИН Пётр", "ёлкина"], "all, by title");
    assert_eq!(search("никто").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_search_looks_into_so_many_elements_a_page_and_then_goes_on() {
    let mut world = World::new().await;
    let count = SEARCH_EXAMINED_MAX as u128 + 1_000;
    for chunk in 0..count.div_ceil(1_000) {
        let numbers = chunk * 1_000..((chunk + 1) * 1_000).min(count);
        // Titles tie by tens.
        let facts: Vec<_> =
            numbers.map(|number| new_contact(number, &format!("n{:05}", number / 10), &[])).collect();
        world.happened(&facts).await;
    }
    let projections = &world.projections;
    let page = projections.search_elements(&app("contacts"), "n00599", first()).await.expect("a page");
    assert!(page.items.is_empty() && page.next.is_some(), "the first page found nothing yet");
    let found = drained!(3, |page| projections.search_elements(&app("contacts"), "n00599", page));
    assert_eq!(found.len(), 10);
    let all = drained!(200, |page| projections.search_elements(&app("contacts"), "", page));
    let ids: Vec<_> = all.iter().map(|element| element.id.clone()).collect();
    let expected: Vec<_> = (0..count).map(contact).collect();
    assert!(ids == expected, "every element once");
    assert_eq!(
        projections.search_elements(&app("orders"), "", PageOf::first(5)).await.expect("a page").items,
        []
    );
}

#[tokio::test]
async fn an_element_at_every_limit_is_kept_whole() {
    let mut world = World::new().await;
    let long = |at: usize| format!("{at:03}{}", "ф".repeat((FIELD_BYTES_MAX - 3) / 2));
    let value = |at| FieldValue::Account(account(AccountKind::Phone, &long(at)));
    let name = |at| format!("{at:0FIELD_NAME_BYTES_MAX$}");
    let fields: Vec<_> = (0..FIELDS_MAX).map(|at| (name(at), value(at))).collect();
    let title = "Ж".repeat(TITLE_BYTES_MAX / 2);
    let event = ElementEvent::ElementCreated { title: title.clone(), fields: fields.clone() };
    world.happened(&[of_contact(1, event)]).await;
    world.happened(&[of_contact(1, ElementEvent::FieldSet { field: name(1), value: value(999) })]).await;
    let element = world.projections.element(&contact(1)).await.expect("it can be read").expect("it exists");
    let mut expected: BTreeMap<_, _> = fields.into_iter().collect();
    expected.insert(name(1), value(999));
    assert!(element.title == title && element.fields == expected);
    let short = FieldValue::Text("1".into());
    world.happened(&[of_contact(1, ElementEvent::FieldSet { field: name(1), value: short.clone() })]).await;
    let element = world.projections.element(&contact(1)).await.expect("it can be read").expect("it exists");
    assert_eq!(element.fields.get(&name(1)), Some(&short), "nothing is left of what was longer");
}
