//! The layers of the crate, held by reading its sources: one crate has no compiler wall for them.
//!
//! Comments and literals are taken out first, and `#[cfg(test)]` items where a rule is about what
//! runs at a host's.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "support/source.rs"]
mod source;

use source::{Source, names, path_names, without_tests};

/// The most lines of a file of `src`.
const LINES_MAX: usize = 500;

/// The most lines of the model's reference: who reads it beside the mission is to see that it is right.
const REFERENCE_LINES_MAX: usize = 200;

/// What a rule found: the file, the line, and what it says.
#[derive(Debug, PartialEq, Eq)]
struct Finding(String);

/// Every rule on one file; `file` is its path under `src`, with slashes.
fn findings(file: &str, text: &str) -> Vec<Finding> {
    let source = Source::new(text);
    let shipped = without_tests(&source.code);
    let mut found = Vec::new();
    let mut say = |what: String| found.push(Finding(format!("src/{file}: {what}")));
    let lines = text.lines().count();
    if lines > LINES_MAX {
        say(format!("has {lines} lines, not at most {LINES_MAX}"));
    }
    if file == "mod.rs" || file.ends_with("/mod.rs") {
        say("foo.rs and foo/, never mod.rs".to_owned());
    }
    let opens = if file == "lib.rs" { "#![doc" } else { "//!" };
    if !placeholder(text) && !text.starts_with(opens) {
        say(format!("does not begin with {opens}"));
    }
    if shipped.contains(".unwrap()") {
        say("unwraps outside of tests".to_owned());
    }
    for (layer, forbidden) in FORBIDDEN {
        if in_layer(file, layer) {
            for word in forbidden.iter().filter(|word| mentions(&shipped, word)) {
                say(format!("{layer} must not name {word}"));
            }
        }
    }
    for (word, home) in ONLY_IN {
        if !in_layer(file, home) && mentions(&source.code, word) {
            say(format!("only {home} names {word}"));
        }
    }
    if in_layer(file, "host") || file == "main.rs" {
        for path in path_names(&shipped, "crate").into_iter().filter(|path| path != "host") {
            say(format!("the host names crate::{path}: it is built on the public API alone"));
        }
    }
    found
}

/// What a layer must not name: crates, functions, and our own modules as `crate::…`.
const FORBIDDEN: [(&str, &[&str]); 8] = [
    (
        "domain",
        &[
            "tokio",
            "kameo",
            "sled",
            "bincode",
            "serde",
            "now_v4",
            "new_v4",
            "now_v7",
            "SystemTime",
            "Instant",
            "Utc::now",
            "Local::now",
            "crate::log",
            "crate::wire",
            "crate::store",
            "crate::actor",
            "crate::projection",
            "crate::engine",
            "crate::disk",
            "crate::request",
            "crate::host",
        ],
    ),
    (
        "log",
        &[
            "crate::domain",
            "crate::wire",
            "crate::store",
            "crate::actor",
            "crate::projection",
            "crate::engine",
            "crate::request",
            "crate::host",
        ],
    ),
    ("disk", &["crate::domain", "crate::wire", "crate::actor", "crate::projection", "crate::engine"]),
    ("wire", &["crate::store", "crate::actor", "crate::projection", "crate::engine", "crate::disk"]),
    ("store", &["crate::actor", "crate::projection", "crate::engine", "crate::disk", "crate::host"]),
    ("audit", &["crate::actor", "crate::engine", "crate::disk", "crate::host"]),
    ("actor", &["crate::projection", "crate::engine", "crate::disk", "crate::host"]),
    ("projection", &["crate::actor", "crate::store", "crate::engine", "crate::host"]),
];

/// A crate that one layer alone names.
const ONLY_IN: [(&str, &str); 3] = [("sled", "disk"), ("bincode", "wire"), ("kameo", "actor")];

/// Whether a file is `layer.rs` or below `layer/`.
fn in_layer(file: &str, layer: &str) -> bool {
    file.strip_prefix(layer).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// A file that holds a place and nothing else.
fn placeholder(text: &str) -> bool {
    matches!(text.trim(), "" | "fn main() {}")
}

fn mentions(code: &str, word: &str) -> bool {
    match word.strip_prefix("crate::") {
        Some(module) => path_names(code, "crate").iter().any(|named| named == module),
        None => names(code, word),
    }
}

#[test]
fn every_file_keeps_to_its_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = rust_files(&root);
    assert!(files.len() > 80, "only {} files were found in {}", files.len(), root.display());
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        found.extend(findings(&file, &fs::read_to_string(&path).expect("a source file")));
    }
    let found: Vec<String> = found.into_iter().map(|finding| finding.0).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[track_caller]
fn bites(file: &str, code: &str, what: &str) {
    let found = findings(file, &format!("//! A file.\n{code}\n"));
    assert!(found.iter().any(|finding| finding.0.contains(what)), "{code:?} gave {found:?}, not {what:?}");
}

#[track_caller]
fn passes(file: &str, code: &str) {
    assert_eq!(findings(file, &format!("//! A file.\n{code}\n")), []);
}

#[test]
fn the_models_reference_can_be_read_at_once() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model/reference.rs");
    let lines = fs::read_to_string(path).expect("a source file").lines().count();
    assert!(lines <= REFERENCE_LINES_MAX, "it has {lines} lines");
}

#[test]
fn the_scanner_finds_a_runtime_or_a_clock_in_the_domain() {
    bites("domain/a.rs", "use tokio::sync::Mutex;", "domain must not name tokio");
    bites("domain.rs", "let now = std::time::SystemTime::now();", "domain must not name SystemTime");
    bites("domain/a.rs", "let now = Utc::now();", "domain must not name Utc::now");
    bites("domain/a/b.rs", "let id = Uuid::now_v7();", "domain must not name now_v7");
    bites("domain/a.rs", "#[derive(serde::Serialize)] struct A;", "domain must not name serde");
    passes("domain/a.rs", "/// Not of tokio.\nlet text = \"tokio\"; let tokio_like = 1; // sled");
}

#[test]
fn the_scanner_finds_a_layer_that_is_named_from_below() {
    bites("domain/a.rs", "use crate::request::Caller;", "domain must not name crate::request");
    bites(
        "domain/a.rs",
        "use crate::{\n    domain::id::LineId,\n    log::{Log, Position},\n};",
        "crate::log",
    );
    bites("log/a.rs", "fn of(line: crate::domain::id::LineId) {}", "log must not name crate::domain");
    bites("actor/a.rs", "use crate::projection::Page;", "actor must not name crate::projection");
    bites("projection/a.rs", "use crate::actor::World;", "projection must not name crate::actor");
    bites("projection/a.rs", "use crate::{store as kept, wire};", "projection must not name crate::store");
    passes("actor/a.rs", "use crate::{domain::log_like::Thing, store::Store};");
    passes("projection/a.rs", "#[cfg(test)]\nmod tests {\n    use crate::store::Store;\n}");
}

#[test]
fn the_scanner_finds_a_crate_outside_of_its_layer() {
    bites("log/embedded.rs", "let tree: sled::Tree;", "only disk names sled");
    bites("projection/a.rs", "#[cfg(test)]\nmod tests { use bincode::config; }", "only wire names bincode");
    bites("engine.rs", "use kameo::Actor;", "only actor names kameo");
    passes("disk/a.rs", "let tree: sled::Tree;");
}

#[test]
fn the_scanner_finds_a_host_that_reaches_inside() {
    bites("host/http.rs", "use crate::engine::Engine;", "the host names crate::engine");
    bites("main.rs", "use crate::{host::cli, actor};", "the host names crate::actor");
    passes("host/http.rs", "use switchboard::Engine; use crate::host::json;");
}

#[test]
fn the_scanner_finds_files_of_the_wrong_form() {
    bites("engine/a.rs", "let a = b.unwrap();", "unwraps");
    bites("engine/a.rs", &"\n".repeat(500), "has 502 lines");
    bites("engine/mod.rs", "", "never mod.rs");
    assert_eq!(findings("a.rs", "use std::fmt;\n").len(), 1, "a file without its first words");
    assert_eq!(findings("lib.rs", "//! Words.\n").len(), 1, "the library's first words are its readme");
    passes("engine/a.rs", "#[cfg(test)]\nmod tests { fn a() { b.unwrap(); } }\nfn c() { d.unwrap_or(1); }");
    passes(
        "engine/a.rs",
        "let text = \"a.unwrap()\"; // b.unwrap()\nlet c = '\"'; let d = r#\"e.unwrap()\"#;",
    );
}
