//! The files of a table: its runs, and the manifest that says which of them count.
//!
//! ```text
//!   NAME.manifest     MANIFEST | number of a run, eight bytes … | CRC-32      the runs, newest first
//!   NAME.NUMBER.run   a run
//! ```
//!
//! A manifest is written beside the one before it and takes its place in one step; a run is on the
//! disk by then. What no manifest names is removed when the table is opened.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::Cache;
use super::merge::{Deletions, Merge};
use super::run::{self, Run};
use super::{Folder, Shape};
use crate::disk::{DiskError, sync_folder};

/// The first bytes of a manifest.
const MANIFEST: [u8; 7] = *b"swbtab\0";

/// The version of its form and of that of its runs, which follows: a table of an older one is empty, for its
/// owner to derive it again.
const VERSION: u8 = 2;
const HEAD_BYTES: usize = MANIFEST.len() + 1;
const CRC_BYTES: usize = 4;

/// The most runs of a manifest, far above what merging lets be.
const RUNS_MAX: usize = 512;

/// Where the files of a table are.
#[derive(Debug)]
pub(super) struct Files {
    folder: Folder,
    name: String,
    shape: Shape,
    cache: Arc<Cache>,
}

impl Files {
    pub(super) fn new(folder: &Folder, name: &str, shape: Shape) -> Files {
        let cache = Arc::new(Cache::new(folder.path()));
        Files { folder: folder.clone(), name: name.to_owned(), shape, cache }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The runs that count, newest first; files of others are removed.
    pub(super) fn load(&self) -> Result<Vec<Run>, DiskError> {
        let numbers = self.read_manifest()?;
        let open =
            |number: &u64| Run::open(&self.path(*number), *number, self.shape, Arc::clone(&self.cache));
        let runs = numbers.iter().map(open).collect::<Result<_, _>>()?;
        self.remove_others(&numbers).map_err(|error| self.failed(error))?;
        Ok(runs)
    }

    /// Writes a run, which counts once a manifest names it.
    pub(super) fn write(
        &self,
        number: u64,
        merge: Merge<'_>,
        points_max: usize,
        deletions: Deletions,
    ) -> Result<Run, DiskError> {
        let path = self.path(number);
        let written = run::write(&path, merge, points_max, deletions, self.shape);
        written.map_err(|error| self.failed(error)).and_then(|written| written).inspect_err(|_| {
            // What cannot be written whole is not worth its room; opening removes it as well.
            let _ = fs::remove_file(&path);
        })?;
        Run::open(&path, number, self.shape, Arc::clone(&self.cache))
    }

    /// Makes these the runs that count, at once.
    pub(super) fn write_manifest<'r>(&self, runs: impl Iterator<Item = &'r Run>) -> Result<(), DiskError> {
        let mut bytes = [&MANIFEST[..], &[VERSION]].concat();
        bytes.extend(runs.flat_map(|run| run.number.to_be_bytes()));
        if bytes.len() > HEAD_BYTES + RUNS_MAX * size_of::<u64>() {
            return Err(self.failed("a table has more runs than it may have"));
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        let (path, beside) = (self.manifest(), self.folder().join(format!("{}.manifest.new", self.name)));
        let replace = || {
            let mut file = File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            fs::rename(&beside, &path)?;
            sync_folder(self.folder())
        };
        replace().map_err(|error| self.failed(error))
    }

    /// Removes a run that counts no more; whoever reads it reads on.
    pub(super) fn remove(&self, number: u64) -> Result<(), DiskError> {
        fs::remove_file(self.path(number)).map_err(|error| self.failed(error))
    }

    fn read_manifest(&self) -> Result<Vec<u64>, DiskError> {
        let bytes = match fs::read(self.manifest()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(error)),
        };
        let whole = bytes.split_last_chunk::<CRC_BYTES>();
        let whole = whole.filter(|(bytes, crc)| crc32fast::hash(bytes).to_le_bytes() == **crc);
        let whole = whole.and_then(|(bytes, _)| bytes.strip_prefix(&MANIFEST)?.split_first());
        match whole.map(|(version, numbers)| (*version, numbers.as_chunks::<8>())) {
            Some((VERSION, (numbers, []))) => {
                Ok(numbers.iter().map(|number| u64::from_be_bytes(*number)).collect())
            }
            Some((older, _)) if older < VERSION => Ok(Vec::new()),
            _ => Err(self.failed(format!("a table is broken: its manifest {}", self.manifest().display()))),
        }
    }

    fn remove_others(&self, numbers: &[u64]) -> io::Result<()> {
        for entry in fs::read_dir(self.folder())? {
            let name = entry?.file_name();
            let of_run = name.to_str().and_then(|name| name.strip_prefix(&*self.name)?.strip_prefix('.'));
            let number = of_run.and_then(|rest| rest.strip_suffix(".run")?.parse::<u64>().ok());
            if number.is_some_and(|number| !numbers.contains(&number)) {
                fs::remove_file(self.folder().join(name))?;
            }
        }
        Ok(())
    }

    fn manifest(&self) -> PathBuf {
        self.folder().join(format!("{}.manifest", self.name))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder().join(format!("{}.{number}.run", self.name))
    }

    fn failed(&self, reason: impl ToString) -> DiskError {
        DiskError::failed(self.folder(), reason)
    }
}
