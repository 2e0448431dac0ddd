//! Fuzzing without libFuzzer: every input of the corpus, and then random changes of them for a while.
//!
//! An input that leads to something that was not seen before is changed further. What fails is written to
//! `target/fuzz`, and is named with the words that repeat it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use switchboard_fuzz::{TARGETS, Target, api};

mod mutate;

use mutate::Random;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// How long each target's inputs are changed.
const SECONDS: u64 = 60;

/// The variables that say otherwise, and that repeat the order of the changes.
const SECONDS_VARIABLE: &str = "SWITCHBOARD_FUZZ_SECONDS";
const SEED_VARIABLE: &str = "SWITCHBOARD_SEED";

/// How long one input may take.
const INPUT_TIME_MAX: Duration = Duration::from_secs(10);

/// Inputs of one target that are kept to be changed further, and ends that are told apart.
const POOL_MAX: usize = 4096;

/// Memory that an input may take for each of its bytes.
const MEMORY_PER_BYTE: usize = 64;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        ["--replay", target, file] => replay(target, Path::new(file)),
        [] => fuzz(&TARGETS),
        [..] => {
            let named = |name: &&str| TARGETS.iter().find(|target| target.name == *name).copied();
            match arguments.iter().map(named).collect::<Option<Vec<_>>>() {
                Some(targets) => fuzz(&targets),
                None => usage(),
            }
        }
    };
    if catch_unwind(api::end).is_err() || !ended { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn usage() -> bool {
    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    eprintln!(
        "fuzz-stable [TARGET …], or fuzz-stable --replay TARGET FILE; the targets are {}",
        names.join(", ")
    );
    false
}

fn replay(target: &str, file: &Path) -> bool {
    let Some(target) = TARGETS.iter().find(|known| known.name == target) else { return usage() };
    let input = match fs::read(file) {
        Ok(input) => input,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return false;
        }
    };
    println!("{}", (target.run)(&input));
    true
}

fn fuzz(targets: &[Target]) -> bool {
    let fresh = || uuid::Uuid::now_v7().as_u128() as u64;
    let seed = number(SEED_VARIABLE).unwrap_or_else(fresh);
    println!("{SEED_VARIABLE}={seed}");
    // Each goes on after another has failed: one run tells all that is wrong.
    targets.iter().filter(|target| !Fuzzing::of(target, seed).run()).count() == 0
}

struct Fuzzing<'a> {
    target: &'a Target,
    random: Random,
    pool: Vec<Vec<u8>>,
    /// What became of inputs so far.
    seen: BTreeSet<String>,
    inputs: u64,
    /// The input at hand stands here: it may end the process.
    at_hand: fs::File,
    folder: PathBuf,
    heaviest: usize,
}

impl Fuzzing<'_> {
    fn of(target: &Target, seed: u64) -> Fuzzing<'_> {
        let target_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fuzz");
        fs::create_dir_all(&target_folder).expect("a folder for failures");
        let folder = target_folder.canonicalize().expect("it is there");
        let at_hand = fs::File::create(folder.join(format!("{}-at-hand", target.name))).expect("a file");
        let (pool, seen) = (Vec::new(), BTreeSet::new());
        Fuzzing { target, random: Random(seed), pool, seen, inputs: 0, at_hand, folder, heaviest: 0 }
    }

    /// Tells whether everything holds.
    fn run(mut self) -> bool {
        let name = self.target.name;
        let corpus = corpus(name);
        for (file, input) in &corpus {
            if let Err(said) = self.one(input) {
                eprintln!("{name}: {} of the corpus: {said}", file.display());
                return false;
            }
            self.pool.push(input.clone());
        }
        let kept = self.pool.len();
        let seconds = number(SECONDS_VARIABLE).unwrap_or(SECONDS);
        let (began, time) = (Instant::now(), Duration::from_secs(seconds));
        while began.elapsed() < time {
            let input = mutate::mutated(&mut self.random, &self.pool, self.target);
            let known = self.seen.len();
            if let Err(said) = self.one(&input) {
                self.report(&input, &said);
                return false;
            }
            if self.seen.len() > known {
                self.pool.push(input);
            }
        }
        println!(
            "{name}: {} inputs, {kept} of them from the corpus; {} different ends; at most {} KiB at once",
            self.inputs,
            self.seen.len(),
            self.heaviest >> 10,
        );
        self.ends_differ(kept)
    }

    /// A target that takes everything or nothing tests little.
    fn ends_differ(&self, kept: usize) -> bool {
        let refused = self.seen.iter().filter(|end| end.contains("refused") || end.contains(" 4")).count();
        if kept == 0 || refused == 0 || refused == self.seen.len() {
            eprintln!(
                "{}: of {} ends {refused} are refusals: {:?}",
                self.target.name,
                self.seen.len(),
                self.seen
            );
            return false;
        }
        true
    }

    /// Runs an input, within its time and memory; the error says what does not hold.
    fn one(&mut self, input: &[u8]) -> Result<(), String> {
        self.note(input);
        self.inputs += 1;
        let (began, before) = (Instant::now(), MEMORY.current_usage());
        MEMORY.reset_peak_usage();
        let ended = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        let taken = MEMORY.peak_usage().saturating_sub(before);
        self.heaviest = self.heaviest.max(taken);
        let end = ended.map_err(|panic| match panic.downcast_ref::<String>() {
            Some(said) => said.clone(),
            None => panic.downcast_ref::<&str>().copied().unwrap_or("it said nothing").to_owned(),
        })?;
        let memory_max = self.target.memory_bytes_max + MEMORY_PER_BYTE * input.len();
        if taken > memory_max {
            return Err(format!("{} bytes take {taken} bytes of memory, over {memory_max}", input.len()));
        }
        if began.elapsed() > INPUT_TIME_MAX {
            return Err(format!("it takes {:?}", began.elapsed()));
        }
        if self.seen.len() < POOL_MAX {
            self.seen.insert(end);
        }
        Ok(())
    }

    fn note(&mut self, input: &[u8]) {
        use std::io::Seek;
        let noted = self.at_hand.rewind().and_then(|()| self.at_hand.write_all(input));
        noted.and_then(|()| self.at_hand.set_len(input.len() as u64)).expect("the input at hand is noted");
    }

    fn report(&self, input: &[u8], said: &str) {
        let name = self.target.name;
        let file = self.folder.join(format!("{name}-{}", &blake3::hash(input).to_hex()[..16]));
        fs::write(&file, input).expect("the failing input is written");
        eprintln!("{name} FAILED after {} inputs: {said}", self.inputs);
        eprintln!("repeat it with: tests/fuzz/run --replay {name} {}", file.display());
    }
}

/// The inputs that are kept, in the order of their names.
fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(&file).expect("an input is read"))).collect()
}
