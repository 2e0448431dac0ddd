//! The command line of audit: every command with its output, in `tests/golden/audit` and in
//! `docs/audit.md`; what it says when it cannot run; and a checker that knows `docs/format.md` alone.
//!
//! A block of a page is run as a shell would, in a folder with the archive of the sample workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use switchboard::{Engine, EngineOptions};
use tempfile::TempDir;

/// The head of the sample's archive, as it was noted when that was written.
const HEAD: &str = "1b95a0fdfe21cb76342dc835cd4320e513aabcd6dac52f8cfe8510ca3a2f57e3@76";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with what the pages name: the sample's archive, and rules to try.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("a folder for temporary files");
    for name in ["sample.archive", "never.json"] {
        fs::copy(root().join("tests/golden/audit").join(name), place.path().join(name)).expect("it is there");
    }
    place
}

fn shell(command: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_switchboard")).parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).env_remove("RUST_LOG");
    shell.env("PATH", format!("{}:{path}", program.display()));
    shell.env("PYTHONPATH", root().join("target/python")).output().expect("a shell")
}

/// What a reader would see: the output, the errors, and the exit code unless it is zero.
fn seen(command: &str, folder: &Path) -> String {
    let Output { status, stdout, stderr } = shell(command, folder);
    let mut seen = String::from_utf8(stdout).expect("text") + &String::from_utf8(stderr).expect("text");
    if let Some(code) = status.code().filter(|code| *code != 0) {
        seen.push_str(&format!("exit {code}\n"));
    }
    seen
}

/// The commands of a page's blocks, each with what follows it there.
fn transcript(page: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), String::new())),
                (None, Some((command, _))) if command.ends_with('\\') => {
                    command.pop();
                    command.push_str(line.trim_start());
                }
                (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
                (None, None) => panic!("a block begins with output: {line}"),
            },
            (false, _) => {}
        }
    }
    commands
}

#[track_caller]
fn runs_as_written(page: &Path) {
    let text = fs::read_to_string(page).expect("a page");
    let (place, commands) = (place(), transcript(&text));
    assert!(commands.len() >= 3, "{} has only {} commands", page.display(), commands.len());
    for (command, written) in commands {
        assert_eq!(seen(&command, place.path()), written, "{}: {command}", page.display());
    }
}

#[test]
fn each_subcommand_prints_what_its_golden_page_has() {
    let pages = fs::read_dir(root().join("tests/golden/audit")).expect("a folder");
    let pages: Vec<PathBuf> = pages.map(|page| page.expect("an entry").path()).collect();
    let pages: Vec<&PathBuf> =
        pages.iter().filter(|page| page.extension().is_some_and(|kind| kind == "md")).collect();
    assert_eq!(pages.len(), 6, "verify, history, state, what-if, export and import, rebuild");
    pages.into_iter().for_each(|page| runs_as_written(page));
}

#[test]
fn the_investigation_of_the_page_on_audit_runs_as_it_is_written() {
    runs_as_written(&root().join("docs/audit.md"));
}

#[tokio::test]
async fn a_folder_that_a_host_holds_open_is_not_audited_and_the_message_says_what_to_do() {
    let place = place();
    let data = place.path().join("data");
    let engine = Engine::open(EngineOptions::at(&data)).await.expect("it opens");
    let seen = seen("switchboard audit --data data verify", place.path());
    assert!(seen.contains("stop the host first, or audit an archive of it"), "{seen}");
    assert!(seen.ends_with("exit 2\n"), "{seen}");
    engine.close().await.expect("it closes");
}

#[test]
fn an_export_that_is_killed_leaves_nothing_that_looks_like_an_archive() {
    let place = place();
    assert_eq!(
        shell("switchboard audit --data data import sample.archive", place.path()).status.code(),
        Some(0)
    );
    let full = shell("switchboard audit --data data export archive --out /dev/full", place.path());
    assert_eq!(full.status.code(), Some(2), "what exists is not written over");
    let whole = fs::read(place.path().join("sample.archive")).expect("it is there");
    fs::write(place.path().join("cut.archive"), &whole[..whole.len() - 1]).expect("it is written");
    let seen = seen("switchboard audit --data other import cut.archive", place.path());
    assert!(seen.contains("it has no end: its writing was cut off"), "{seen}");
    assert!(seen.ends_with("exit 1\n") && !place.path().join("other").exists(), "{seen}");
}

#[test]
#[ignore = "needs the BLAKE3 package for Python, which tests/install installs"]
fn an_independent_checker_verifies_an_export_and_notices_every_changed_line() {
    let place = place();
    let checker = root().join("tests/check_export.py");
    assert!(fs::read_to_string(&checker).expect("it is there").lines().count() <= 80);
    let export = "switchboard audit --data data import sample.archive && \
                  switchboard audit --data data export json --out export.jsonl && \
                  switchboard audit --data data export json --from 50 --to 60 --out range.jsonl";
    assert_eq!(shell(export, place.path()).status.code(), Some(0));
    let check =
        |file: &str, head: &str| seen(&format!("python3 {} {file} {head}", checker.display()), place.path());
    assert_eq!(check("export.jsonl", HEAD), format!("57 frames, 76 events: {HEAD}\n"));
    assert!(check("range.jsonl", "").contains("frames, "), "{}", check("range.jsonl", ""));
    assert!(check("export.jsonl", &HEAD.replace("1b95", "0b95")).ends_with("exit 1\n"));

    let text = fs::read_to_string(place.path().join("export.jsonl")).expect("it is written");
    let lines: Vec<&str> = text.lines().collect();
    for at in (0..lines.len()).step_by(7).chain([lines.len() - 1]) {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        changed[at] = change(&changed[at]);
        fs::write(place.path().join("changed.jsonl"), changed.join("\n")).expect("it is written");
        let seen = check("changed.jsonl", HEAD);
        assert!(seen.ends_with("exit 1\n"), "line {at} was {}, and the checker said {seen}", changed[at]);
    }
}

/// Changes one hexadecimal digit of what is hashed.
fn change(line: &str) -> String {
    let names = ["\"payload\":\"", "\"hash\":\"", "\"header\":\"", "\"end\":\""];
    let at = names.iter().find_map(|name| line.find(name).map(|at| at + name.len())).expect("a hashed field");
    let digit = if line.as_bytes()[at] == b'0' { "1" } else { "0" };
    format!("{}{digit}{}", &line[..at], &line[at + 1..])
}
