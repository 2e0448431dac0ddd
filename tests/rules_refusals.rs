//! Every code of a refusal: reached through the engine, without a trace, in both languages, documented.

#[path = "rules_refusals/examples.rs"]
mod examples;
#[path = "rules_refusals/provoke.rs"]
mod provoke;
#[path = "support/rules.rs"]
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use rules::{Desk, code, phone, send};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::SessionCommand;
use switchboard::domain::rejection::{Lang, Rejection, command_id_reused};

const PAGE: &str = include_str!("../docs/commands.md");
const COMMANDS: &str = include_str!("../src/domain/command.rs");

#[tokio::test]
async fn every_code_is_reached_and_leaves_no_event() {
    for expected in Rejection::CODES {
        let desk = Desk::open().await;
        let refused = provoke::refusal(expected, &desk).await;
        assert_eq!(refused.code(), expected);
        let Some(rejection) = refused.rejection() else {
            assert_eq!(expected, "CommandIdReused", "only this one is no rule's");
            continue;
        };
        assert_eq!(rejection.code(), expected);
        assert_eq!(refused.outcome(), switchboard::Outcome::NotWritten);
    }
}

#[test]
fn every_code_has_an_example_and_they_stand_in_one_order() {
    let codes: Vec<&str> = examples::rejections().iter().map(Rejection::code).collect();
    let expected: Vec<&str> =
        Rejection::CODES.into_iter().filter(|code| *code != "CommandIdReused").collect();
    assert_eq!(codes, expected);
}

/// What a person reads: both sentences and both hints.
fn readings(rejection: &Rejection) -> Vec<(Lang, String)> {
    let mut readings = Vec::new();
    for lang in [Lang::Ru, Lang::En] {
        readings.push((lang, rejection.sentence(lang)));
        readings.extend(rejection.hint(lang).map(|hint| (lang, hint)));
    }
    readings
}

#[test]
fn every_refusal_reads_in_russian_and_in_english() {
    for rejection in examples::rejections() {
        for (lang, text) in readings(&rejection) {
            assert!(text.chars().count() > 8, "{text:?} is no sentence");
            assert!(!text.ends_with('.') && !text.contains("Some(") && !text.contains("  "), "{text:?}");
            let russian = text.chars().any(|c| matches!(c, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё'));
            let named = text.contains('"') || text.contains("Анна") || text.contains("{{");
            assert!(russian == (lang == Lang::Ru) || named, "{text:?} is not {lang:?}");
        }
        let hints = (rejection.hint(Lang::Ru).is_some(), rejection.hint(Lang::En).is_some());
        assert_eq!(hints.0, hints.1, "{} has both hints or none", rejection.code());
    }
    assert_ne!(command_id_reused(Lang::Ru), command_id_reused(Lang::En));
}

#[test]
fn an_id_is_in_a_sentence_only_where_people_look_for_the_session() {
    for rejection in examples::rejections() {
        let named = matches!(rejection, Rejection::OpenSessionExists { .. });
        let text: String = readings(&rejection).into_iter().map(|(_, text)| text).collect();
        assert_eq!(text.contains(examples::ID), named, "{text}");
    }
}

#[tokio::test]
async fn a_conflict_names_the_open_session_and_its_holder() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone("+79161234567")).await;
    let first = desk.creation(&contact, "+79161234567");
    desk.create(desk.anna, &first).await.expect("created");
    let again = desk.creation(&contact, "+79161234567");
    let refused = desk.refusal(desk.create(desk.boris, &again)).await;
    let named = Rejection::OpenSessionExists {
        session: first.session,
        holder: Some(desk.anna),
        holder_name: Some("Анна".into()),
    };
    assert_eq!(refused.rejection(), Some(&named));
    let sentence = named.sentence(Lang::Ru);
    assert!(sentence.contains(&first.session.to_string()) && sentence.contains("Анна"), "{sentence}");
    // The other ways into the slot name the same session: reopening as well.
    desk.ask(desk.anna, first.session, SessionCommand::Close).await.expect("closed");
    desk.create(desk.boris, &again).await.expect("the slot is free");
    let refused = desk.refusal(desk.ask(desk.anna, first.session, SessionCommand::Reopen)).await;
    let (session, holder_name) = (again.session, Some("Борис".into()));
    let named = Rejection::OpenSessionExists { session, holder: Some(desk.boris), holder_name };
    assert_eq!(refused.rejection(), Some(&named));
    let refused = desk.refusal(desk.ask(desk.anna, again.session, send("Добрый день"))).await;
    let holder_name = Some("Борис".into());
    assert_eq!(refused.rejection(), Some(&Rejection::NotAssignee { holder: Some(desk.boris), holder_name }));
}

#[tokio::test]
async fn a_new_contact_stays_when_its_session_is_refused() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone("89161234567")).await;
    assert_eq!(code(&desk.create(desk.anna, &desk.creation(&contact, "89161234567")).await), "BadAddress");
    assert!(desk.engine.find_element(&contact).await.expect("read").is_some());
}

/// The rows of the page's table of codes, by code.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let rows = PAGE.lines().filter_map(|row| row.strip_prefix("| `").map(|rest| (rest, row)));
    rows.filter_map(|(rest, row)| Some((rest.split_once('`')?.0, row))).collect()
}

#[test]
fn the_page_has_every_code_with_its_sentences() {
    let rows = rows();
    for rejection in examples::rejections() {
        let row = rows.get(rejection.code()).unwrap_or_else(|| panic!("no row of {}", rejection.code()));
        for (_, text) in readings(&rejection) {
            assert!(row.contains(&text), "the row of {} has not {text:?}", rejection.code());
        }
    }
    for lang in [Lang::Ru, Lang::En] {
        assert!(rows["CommandIdReused"].contains(command_id_reused(lang)));
    }
}

/// The names of all commands, from the source: a new one has to be documented.
fn command_names() -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    let mut of_enum = false;
    for line in COMMANDS.lines() {
        match line.strip_prefix("pub ") {
            Some(item) => of_enum = item.starts_with("enum"),
            None if of_enum && line.starts_with("    ") => {
                let name = line.trim().split([' ', ',', '(']).next().unwrap_or_default();
                if name.starts_with(|first: char| first.is_ascii_uppercase()) {
                    names.insert(name);
                }
            }
            None => {}
        }
    }
    names.extend(["CreateSession", "ReceiveMessage", "SendInitiated"]);
    names
}

/// The refusals that the page lists for each command, in its order.
fn refusals_by_command() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut commands = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            names = heading.split(", ").map(|name| name.trim_matches('`')).collect();
        }
        if let Some(list) = line.strip_prefix("Refused: ") {
            let codes: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
            commands.extend(names.drain(..).map(|name| (name, codes.clone())));
        }
    }
    commands
}

#[test]
fn the_page_has_every_command_and_its_refusals_in_the_order_of_the_codes() {
    let listed = refusals_by_command();
    let reports = ["HandedOver", "Delivered", "Read", "Failed"];
    for name in command_names() {
        if reports.contains(&name) {
            assert!(PAGE.contains(&format!("`{name}`")), "no word of the report {name}");
            continue;
        }
        let codes = listed.get(name).unwrap_or_else(|| panic!("no refusals are listed for {name}"));
        let places: Vec<usize> = codes
            .iter()
            .map(|code| Rejection::CODES.iter().position(|known| known == code).expect("a code"))
            .collect();
        assert!(places.is_sorted(), "the refusals of {name} stand out of order");
    }
    let named: BTreeSet<&str> = listed.values().flatten().copied().collect();
    let reading = ["NotMemberOfLine", "CommandIdReused"];
    let missing: Vec<&str> = Rejection::CODES
        .into_iter()
        .filter(|code| !named.contains(code) && !reading.contains(code))
        .collect();
    assert!(missing.is_empty(), "no command is refused with {missing:?}");
}
