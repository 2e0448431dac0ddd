//! Traces of hosts, searched for what must not be in them: texts, subjects, names, addresses, tokens.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Members of requests that hold what customers and operators wrote, or who they are.
const PRIVATE: [&str; 10] =
    ["text", "subject", "name", "title", "address", "sender", "external_id", "template", "token", "reason"];

/// What a trace may be mistaken for below so many letters: a number of an order stands in moments too.
const LETTERS_MIN: usize = 4;

/// What was found, and how much was looked at.
pub struct Searched {
    /// Lines of traces.
    pub lines: usize,
    /// Texts that were looked for.
    pub texts: usize,
    /// Each line that holds one, with it.
    pub found: Vec<String>,
}

/// Searches every trace of a folder for everything that was said, and for more of the same.
pub fn search(folder: &Path, more: &[&str]) -> Searched {
    let mut private: BTreeSet<String> = more.iter().map(|text| (*text).to_owned()).collect();
    for said in files(folder, "said") {
        let said: Value = serde_json::from_str(&said).expect("what was said is JSON");
        collect(&said, said.is_string(), &mut private);
    }
    private.retain(|text| text.chars().count() >= LETTERS_MIN);
    let mut searched = Searched { lines: 0, texts: private.len(), found: Vec::new() };
    for trace in files(folder, "traces") {
        for line in trace.lines() {
            searched.lines += 1;
            let held = private.iter().find(|text| line.contains(text.as_str()));
            searched.found.extend(held.map(|text| format!("{text:?} in {line}")));
        }
    }
    searched
}

fn files(folder: &Path, kind: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let of_kind = entries.filter(|path| path.extension().is_some_and(|extension| extension == kind));
    of_kind.map(|path| fs::read_to_string(path).expect("a file of text")).collect()
}

fn collect(said: &Value, is_private: bool, into: &mut BTreeSet<String>) {
    match said {
        Value::String(text) if is_private => {
            into.insert(text.clone());
            // What is long may be cut, and what has lines may be shown as one.
            into.extend(text.lines().map(|line| line.chars().take(24).collect()));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, is_private, into)),
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, PRIVATE.contains(&name.as_str()), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
