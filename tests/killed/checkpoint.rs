//! The checkpoints of a folder, as whoever looks at its files sees them: runs, and the manifests that say
//! which of them count.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs and manifests: of a manifest what it says, of a run nothing.
#[derive(Default, PartialEq)]
pub struct Checkpoints(BTreeMap<PathBuf, Vec<u8>>);

fn is_run(file: &Path) -> bool {
    file.extension().is_some_and(|end| end == "run")
}

impl Checkpoints {
    pub fn of(folder: &Path) -> Checkpoints {
        let mut found = Checkpoints::default();
        found.look(folder);
        found
    }

    fn look(&mut self, folder: &Path) {
        // A file or a folder may go between the two looks.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.look(&path);
            } else if is_run(&path) {
                self.0.insert(path, Vec::new());
            } else if path.extension().is_some_and(|end| end == "manifest") {
                let said = fs::read(&path).unwrap_or_default();
                self.0.insert(path, said);
            }
        }
    }

    fn another_run(&self, now: &Checkpoints) -> Option<PathBuf> {
        now.0.keys().find(|file| is_run(file) && !self.0.contains_key(*file)).cloned()
    }

    /// Waits until there is a run that was not there.
    pub fn wait_for_another(&self, folder: &Path, within: Duration) {
        let since = Instant::now();
        while self.another_run(&Checkpoints::of(folder)).is_none() {
            assert!(since.elapsed() < within, "no checkpoint is written");
        }
    }

    /// Whether there is a run that was not there, of a table whose manifest is as it was.
    pub fn half_written(&self, folder: &Path) -> bool {
        let now = Checkpoints::of(folder);
        now.0.keys().filter(|file| is_run(file) && !self.0.contains_key(*file)).any(|run| {
            let table = run
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .split('.')
                .next()
                .unwrap_or_default()
                .to_owned();
            let manifest = run.with_file_name(format!("{table}.manifest"));
            self.0.get(&manifest) == now.0.get(&manifest)
        })
    }
}
