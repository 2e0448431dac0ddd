//! The page of dependencies, held to Cargo.toml and to the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A table's rows by their first cell, without its back quotes.
type Rows = BTreeMap<String, Vec<String>>;

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What Cargo.toml names as dependencies: each with whether its default features are on.
fn named(cargo: &str) -> BTreeMap<String, bool> {
    let mut named = BTreeMap::new();
    let mut within = false;
    for line in cargo.lines() {
        if line.starts_with('[') {
            within = line.trim_end().ends_with("dependencies]");
        } else if let (true, Some((name, rest))) = (within, line.split_once(" = ")) {
            let defaults = !rest.contains("default-features = false");
            let known = named.entry(name.trim().to_owned()).or_insert(false);
            *known |= defaults;
        }
    }
    named
}

/// The releases in the lock file.
fn locked(lock: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut locked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]") {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.map(|text| text.trim_matches('"'))
        };
        if let (Some(name), Some(version)) = (field("name"), field("version")) {
            locked.entry(name).or_default().push(version);
        }
    }
    locked
}

/// The rows of the tables of a page under the headings that a rule picks.
fn rows(page: &str, of: impl Fn(&str) -> bool) -> Rows {
    let (mut heading, mut rows) = (String::new(), Rows::new());
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.to_owned();
        } else if of(&heading) && line.starts_with("| `") {
            let cells: Vec<String> =
                line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            let name = cells[0].trim_matches('`').to_owned();
            assert!(rows.insert(name, cells).is_none(), "twice: {line}");
        }
    }
    rows
}

/// What is wrong with a page.
fn findings(page: &str, cargo: &str, lock: &str) -> Vec<String> {
    let (named, locked) = (named(cargo), locked(lock));
    let told = rows(page, |heading| heading.starts_with("Of the "));
    let defaults = rows(page, |heading| heading == "Default features");
    let mut found = Vec::new();
    for name in named.keys().filter(|name| !told.contains_key(*name)) {
        found.push(format!("{name} has no row"));
    }
    for (name, cells) in &told {
        if !named.contains_key(name) {
            found.push(format!("{name} is no dependency"));
        }
        let release = cells.get(1).map_or("", String::as_str);
        if !locked.get(name.as_str()).is_some_and(|locked| locked.contains(&release)) {
            found.push(format!("{name} is locked at {:?}, not at {release}", locked.get(name.as_str())));
        }
        if cells.len() != 7 || cells.iter().any(String::is_empty) {
            found.push(format!("{name} lacks something of: what for, newest, weak points, unsafe, brings"));
        }
    }
    let with_defaults: BTreeSet<&String> =
        named.iter().filter(|(_, on)| **on).map(|(name, _)| name).collect();
    for name in with_defaults.iter().filter(|name| !defaults.contains_key(**name)) {
        found.push(format!("{name} has its default features, and nothing says what for"));
    }
    for name in defaults.keys().filter(|name| !with_defaults.contains(name)) {
        found.push(format!("{name} has no default features"));
    }
    found
}

#[test]
fn every_dependency_has_its_row_with_the_release_that_is_locked() {
    let found = findings(&read("docs/dependencies.md"), &read("Cargo.toml"), &read("Cargo.lock"));
    assert!(found.is_empty(), "docs/dependencies.md:\n{}", found.join("\n"));
}

#[test]
fn a_missing_row_an_old_release_and_defaults_without_a_word_are_found() {
    let (page, cargo, lock) = (read("docs/dependencies.md"), read("Cargo.toml"), read("Cargo.lock"));
    let finds = |page: &str, cargo: &str, what: &str| {
        let found = findings(page, cargo, &lock);
        assert!(found.iter().any(|found| found.contains(what)), "{what:?} is not among {found:?}");
    };
    finds(&page.replace("| `sled` |", "| `fjall` |"), &cargo, "sled has no row");
    finds(&page.replace("| `sled` |", "| `fjall` |"), &cargo, "fjall is no dependency");
    finds(&page.replace("| 0.34.7 |", "| 0.34.6 |"), &cargo, "sled is locked at");
    let more = cargo
        .replace("subtle = { version = \"2\", default-features = false, ", "subtle = { version = \"2\", ");
    finds(&page, &more, "subtle has its default features");
    finds(
        &page,
        &cargo.replace("[dev-dependencies]", "[dev-dependencies]\nleft-pad = \"1\""),
        "left-pad has no row",
    );
}
