//! Random appends, compared with a naive model, also after opening again.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Verify};
use switchboard::log::memory::MemoryLog;
use switchboard::log::{Append, AppendError, Entry, Expected, Log, Position, Version};

use super::{name, stamp};

const STREAMS: [&str; 4] = ["a", "ab", "b", "\u{0}"];

/// An append: its entries as stream and size, its expectations as stream and how far off it is.
type Planned = (Vec<(usize, usize)>, Vec<(usize, i8)>);

#[derive(Clone, Debug)]
enum Step {
    /// Appends of one moment.
    Appends(Vec<Planned>),
    Reopen,
}

#[derive(Default)]
struct Model {
    events: Vec<(usize, u64, Vec<u8>)>,
    versions: BTreeMap<usize, u64>,
}

impl Model {
    fn version(&self, stream: usize) -> u64 {
        self.versions.get(&stream).copied().unwrap_or(0)
    }

    fn append(&mut self, entries: &[(usize, Vec<u8>)], expects: &[(usize, u64)]) -> Option<(usize, u64)> {
        let stale = expects.iter().find(|(stream, expected)| self.version(*stream) != *expected);
        if let Some((stream, _)) = stale {
            return Some((*stream, self.version(*stream)));
        }
        for (stream, payload) in entries {
            let version = self.version(*stream) + 1;
            self.versions.insert(*stream, version);
            self.events.push((*stream, version, payload.clone()));
        }
        None
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![8 => 0usize..200, 1 => 5_900usize..6_400, 1 => 0usize..40_000];
    let entries = prop::collection::vec((0..STREAMS.len(), size), 1..6);
    // Mostly right, sometimes stale: how far the expectation is off.
    let off = prop_oneof![6 => Just(0i8), 1 => -2i8..3];
    let expects = prop::collection::btree_map(0..STREAMS.len(), off, 0..3);
    let append = (entries, expects.prop_map(|expects| expects.into_iter().collect()));
    let appends = prop::collection::vec(append, 1..8).prop_map(Step::Appends);
    prop::collection::vec(prop_oneof![5 => appends, 1 => Just(Step::Reopen)], 1..20)
}

fn run_steps(steps: &[Step], mut log: Arc<dyn Log>, mut reopen: impl FnMut(Arc<dyn Log>) -> Arc<dyn Log>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Appends(appends) => runtime.block_on(append_both(&log, &mut model, appends)),
            Step::Reopen => {
                runtime.block_on(log.close());
                log = reopen(log);
            }
        }
        runtime.block_on(compare(&log, &model));
    }
}

async fn append_both(log: &Arc<dyn Log>, model: &mut Model, appends: &[Planned]) {
    let mut sent = Vec::new();
    for (entries, expects) in appends {
        let fill = model.events.len() as u8;
        let entries: Vec<_> = entries.iter().map(|(stream, size)| (*stream, vec![fill; *size])).collect();
        let expects: Vec<_> = expects
            .iter()
            .map(|(stream, off)| (*stream, model.version(*stream).saturating_add_signed(i64::from(*off))))
            .collect();
        let append = Append {
            entries: entries
                .iter()
                .map(|(stream, payload)| Entry {
                    stream: name(STREAMS[*stream]),
                    kind: 300,
                    schema: 1,
                    codec: 1,
                    payload: payload.clone().into(),
                })
                .collect(),
            expects: expects
                .iter()
                .map(|(stream, at)| (name(STREAMS[*stream]), Expected::Exactly(Version(*at))))
                .collect(),
            stamp: stamp(model.events.len() as u128),
        };
        sent.push((log.append(append), model.append(&entries, &expects)));
    }
    for (answer, expected) in sent {
        match (answer.await, expected) {
            (Ok(_), None) => {}
            (Err(AppendError::Conflict { stream, found, .. }), Some((expected, at))) => {
                assert_eq!((stream, found), (name(STREAMS[expected]), Version(at)));
            }
            (answer, expected) => panic!("the log answered {answer:?}, the model {expected:?}"),
        }
    }
}

async fn compare(log: &Arc<dyn Log>, model: &Model) {
    assert_eq!(log.head(), Position(model.events.len() as u64));
    let read = log.read_all(Position::START, usize::MAX).await.expect("the log is read");
    assert_eq!(read.len(), model.events.len());
    for (record, (stream, version, payload)) in read.iter().zip(&model.events) {
        assert_eq!((&record.entry.stream, record.version.0), (&name(STREAMS[*stream]), *version));
        assert!(record.entry.payload == *payload);
    }
    for stream in STREAMS {
        let of_stream: Vec<_> = read.iter().filter(|r| r.entry.stream == name(stream)).cloned().collect();
        let from = of_stream.len() / 2;
        let page = log.read_stream(&name(stream), Version(from as u64), 5).await.expect("a page");
        assert_eq!(page, of_stream.into_iter().skip(from).take(5).collect::<Vec<_>>());
    }
}

fn check(cases: u32, test: impl Fn(&[Step])) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    // The failing steps are printed shrunk, which says more than a seed.
    let result = runner.run(&steps(), |steps| {
        test(&steps);
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[test]
fn a_log_in_memory_does_what_the_model_does() {
    check(64, |steps| run_steps(steps, MemoryLog::new(), |closed| rewrite(&closed)));
}

/// A log in memory is not opened again; its events are appended to a new one.
fn rewrite(closed: &Arc<dyn Log>) -> Arc<dyn Log> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let log = MemoryLog::new();
    runtime.block_on(async {
        for record in closed.read_all(Position::START, usize::MAX).await.expect("it is read") {
            let append = Append { entries: vec![record.entry], expects: vec![], stamp: record.stamp };
            log.append(append).await.expect("it is copied");
        }
    });
    log
}

#[test]
fn an_embedded_log_does_what_the_model_does_also_after_opening_it_again() {
    check(24, |steps| {
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let mut opened = 0;
        let mut open = || -> Arc<dyn Log> {
            opened += 1;
            let verify = [Verify::All, Verify::Tail, Verify::Recent][opened % 3];
            let sealed_file_bytes = [16 << 20, 300, 4_000][opened / 3 % 3];
            let options = EmbeddedOptions { verify, sealed_file_bytes, ..EmbeddedOptions::default() };
            EmbeddedLog::open(folder.path(), options).expect("it opens")
        };
        run_steps(steps, open(), |closed| {
            drop(closed);
            open()
        });
    });
}
