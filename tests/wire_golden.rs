//! The bytes of every kind and version are those that were committed, for ever.
//!
//! A fixture is never rewritten by a test. A mismatch prints the actual bytes; if they are of a new
//! kind or version, they are copied into the fixture by hand.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use switchboard::domain::event::Stream;
use switchboard::log::StreamName;
use switchboard::wire::{self, CODEC_BINCODE, KINDS};

use support::examples;

mod support {
    pub mod examples;
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/wire")
}

fn file_name(kind: &wire::Kind, schema: u8) -> String {
    format!("{}-{}-v{schema}.hex", kind.number, kind.name)
}

fn hex<B: AsRef<[u8]>>(payloads: impl IntoIterator<Item = B>) -> String {
    payloads.into_iter().fold(String::new(), |mut text, payload| {
        for byte in payload.as_ref() {
            write!(text, "{byte:02x}").expect("a String takes all text");
        }
        // A payload without bytes has to be seen.
        text.push_str(if payload.as_ref().is_empty() { "-\n" } else { "\n" });
        text
    })
}

fn bytes(line: &str) -> Vec<u8> {
    let digits = if line == "-" { "" } else { line };
    assert_eq!(digits.len() % 2, 0, "{line} has half a byte");
    let pairs = (0..digits.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits")).collect()
}

/// The lines of a fixture, after they were compared with what the code writes today.
fn compare(file: &str, actual: &str) -> Vec<Vec<u8>> {
    let committed = std::fs::read_to_string(folder().join(file))
        .unwrap_or_else(|error| panic!("{file}: {error}; its bytes are\n{actual}"));
    assert_eq!(committed, actual, "{file} differs; its bytes would be\n{actual}");
    committed.lines().map(bytes).collect()
}

#[test]
fn every_version_of_every_kind_decodes_from_the_committed_bytes_and_the_newest_encodes_to_them() {
    let examples = examples::events();
    for kind in KINDS {
        for schema in 1..=kind.newest {
            let of_kind =
                |example: &&examples::Example| (example.kind, example.schema) == (kind.number, schema);
            let events: Vec<_> = examples.iter().filter(of_kind).map(|example| &example.event).collect();
            let file = file_name(kind, schema);
            assert!(!events.is_empty(), "{file} has no example");
            let payloads = if schema == kind.newest {
                let encoded: Vec<_> = events.iter().map(|event| wire::encode(event)).collect();
                for encoded in &encoded {
                    let numbers = (encoded.kind, encoded.schema, encoded.codec);
                    assert_eq!(numbers, (kind.number, schema, CODEC_BINCODE), "{file}");
                }
                compare(&file, &hex(encoded.iter().map(|encoded| &encoded.payload)))
            } else {
                let old = std::fs::read_to_string(folder().join(&file))
                    .unwrap_or_else(|error| panic!("{file}: {error}"));
                old.lines().map(bytes).collect()
            };
            assert_eq!(payloads.len(), events.len(), "{file} has a line for each example");
            for (payload, event) in payloads.iter().zip(events) {
                let decoded = wire::decode(kind.number, schema, CODEC_BINCODE, payload);
                assert_eq!(decoded.as_ref(), Ok(event), "{file}");
            }
        }
    }
}

#[test]
fn every_fixture_is_one_of_a_known_kind() {
    let mut known: Vec<_> = KINDS
        .iter()
        .flat_map(|kind| (1..=kind.newest).map(|schema| file_name(kind, schema)))
        .chain(["stream-names.hex".to_owned(), "principals.hex".to_owned()])
        .collect();
    let entries = std::fs::read_dir(folder()).expect("the fixtures are there");
    let mut found: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
        .collect();
    known.sort();
    found.sort();
    assert_eq!(found, known);
}

#[test]
fn every_kind_stands_in_the_documentation_with_its_number_and_version() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/payloads.md");
    let text = std::fs::read_to_string(path).expect("docs/payloads.md is there");
    for kind in KINDS {
        let row = format!("| {} | `{}` | {} |", kind.number, kind.name, kind.newest);
        assert!(text.contains(&row), "docs/payloads.md lacks a row that begins with {row}");
    }
}

#[test]
fn names_of_streams_are_the_committed_bytes() {
    let streams = examples::streams();
    let names: Vec<_> = streams.iter().map(wire::stream_name).collect();
    let committed = compare("stream-names.hex", &hex(names.iter().map(StreamName::as_bytes)));
    for (name, stream) in committed.iter().zip(&streams) {
        let read = wire::stream(&StreamName::new(name)).expect("the name of a stream");
        match (stream, &read) {
            (Stream::Inbound(channel, id), Stream::Inbound(read_channel, read_id))
                if id.len() > 383 || id.starts_with("blake3:") =>
            {
                let hash = blake3::hash(id.as_bytes()).to_hex();
                assert_eq!((channel, format!("blake3:{hash}")), (read_channel, read_id.clone()));
            }
            _ => assert_eq!(&read, stream),
        }
    }
}

#[test]
fn principals_are_the_committed_bytes() {
    let principals = examples::principals();
    let committed = compare("principals.hex", &hex(principals.iter().map(wire::principal_bytes)));
    for (bytes, principal) in committed.iter().zip(principals) {
        assert_eq!(wire::principal(bytes), Ok(principal));
    }
}
