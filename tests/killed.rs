//! Killed for real: a process under load gets SIGKILL at random and at named points, over and over in
//! one folder, or loses what was not synced as in a power cut; what it acknowledged stands in another
//! folder, synced, and is held against the log that is left.

use std::path::Path;
use std::time::{Duration, Instant};

#[path = "killed/check.rs"]
mod check;
#[path = "killed/checkpoint.rs"]
mod checkpoint;
#[path = "killed/child.rs"]
mod child;
#[path = "killed/disk.rs"]
mod disk;

use check::{Checked, Random};
use checkpoint::Checkpoints;
use child::{Child, Point};

/// Kills in a plain run of the tests; a soak has as many as fit its time.
const CYCLES: u64 = 300;

/// Cycles of one folder: it is opened twice in each, and its log grows.
const CYCLES_OF_A_FOLDER: u64 = 50;

/// The variable that repeats the order of the kills of a failure; the moments are the machine's.
const SEED: &str = "SWITCHBOARD_SEED";

/// How many minutes to go on killing: `tests/soak` sets it.
const SOAK_MINUTES: &str = "SWITCHBOARD_SOAK_MINUTES";

fn seed() -> u64 {
    let fresh = || u64::try_from(uuid::Uuid::now_v7().as_u128() & u128::from(u64::MAX)).unwrap_or(0);
    let seed = std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or_else(fresh);
    println!("{SEED}={seed}");
    seed
}

/// A child that closes writes its checkpoints at once.
const CHECKPOINT_WITHIN: Duration = Duration::from_secs(20);

/// How often a child comes by its point before it is killed there.
fn after(point: Point, random: &mut Random) -> u64 {
    random.below(if point == Point::Sealed { 2 } else { 40 })
}

/// Starts a child in a folder, kills it where it is told, and gives what it had got to, and whether a
/// checkpoint is left half written.
fn one_kill(folder: &Path, witness: &Path, cycle: u64, random: &mut Random) -> (Point, bool) {
    let points = [
        Point::AtRandom,
        Point::BeforeWrite,
        Point::AtRandom,
        Point::BeforeSync,
        Point::Opening,
        Point::AfterSync,
        Point::AtRandom,
        Point::Closing,
        Point::Sealed,
        Point::Checkpoint,
    ];
    let point = points[(cycle % points.len() as u64) as usize];
    let mut child = Child::start(folder, witness, point, after(point, random));
    let mut checkpoints = None;
    match point {
        Point::AtRandom => {
            child.wait_for("ready");
            std::thread::sleep(Duration::from_micros(random.below(60_000)));
        }
        // It opens a folder that was killed before: that may take longer than an empty one.
        Point::Opening => std::thread::sleep(Duration::from_micros(random.below(150_000))),
        Point::Closing => {
            child.wait_for("closing");
            std::thread::sleep(Duration::from_micros(random.below(20_000)));
        }
        Point::Checkpoint => {
            let before = Checkpoints::of(folder);
            child.wait_for("closing");
            before.wait_for_another(folder, CHECKPOINT_WITHIN);
            checkpoints = Some(before);
        }
        Point::BeforeWrite | Point::BeforeSync | Point::AfterSync | Point::Sealed => {
            child.wait_for("at the point")
        }
    }
    child.kill();
    (point, checkpoints.is_some_and(|before| before.half_written(folder)))
}

fn kill_over_and_over(enough: impl Fn(u64) -> bool) {
    let mut random = Random(seed());
    let (mut cycle, mut all, mut half_written) = (0, Checked::default(), 0);
    while !enough(cycle) {
        let (folder, witness) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        check::populate(folder.path());
        let mut checked = Checked::default();
        for _ in 0..CYCLES_OF_A_FOLDER {
            let (point, half) = one_kill(folder.path(), witness.path(), cycle, &mut random);
            half_written += u64::from(half);
            check::hold(folder.path(), witness.path(), &mut checked, &format!("cycle {cycle}, {point:?}"));
            cycle += 1;
            if enough(cycle) {
                break;
            }
        }
        all.add(&checked);
    }
    println!("{cycle} kills, {half_written} of them left a checkpoint half written: {all}");
    assert!(all.acknowledged > cycle, "the children were under load");
    assert!(half_written > 0, "some were killed while a checkpoint was written");
    assert!(all.in_doubt > 0 && all.lost > 0, "some were killed before a write and some after it");
}

#[test]
fn whatever_was_acknowledged_before_a_kill_is_there_and_the_rest_wholly_or_not_at_all() {
    let minutes = std::env::var(SOAK_MINUTES).ok().and_then(|text| text.parse().ok());
    match minutes.map(|minutes: u64| (Instant::now(), Duration::from_secs(60 * minutes))) {
        Some((began, soak)) => kill_over_and_over(|_| began.elapsed() >= soak),
        None => kill_over_and_over(|cycle| cycle >= CYCLES),
    }
}

/// Power cuts of one run: each takes a second.
const POWER_CUTS: u64 = 12;

const POWER_CUT_AT: [Point; 4] = [Point::AtRandom, Point::BeforeSync, Point::AfterSync, Point::Sealed];

/// Acknowledgements to wait for when the log's file has grown: some of them stand in its new part.
const ACKNOWLEDGED_SINCE: usize = 2 * child::CLIENTS as usize;

/// A child writes half a megabyte, a segment of sled's, in a second or two.
const GROWS_WITHIN: Duration = Duration::from_secs(20);

/// Waits until the log's file is longer than it was, and commands were acknowledged since.
///
/// A write over what the file had is on the disk as soon as sled has handed it over. What stands in a
/// part that is new is there only when the file's length is too, which nothing but a sync writes.
fn wait_until_grown(folder: &Path, witness: &Path) {
    let length = || std::fs::metadata(folder.join("log/db")).map_or(0, |file| file.len());
    let acknowledged = || {
        (0..child::CLIENTS).map(|client| check::told(&witness.join(client.to_string())).len()).sum::<usize>()
    };
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        let since = Instant::now();
        while !done() {
            assert!(since.elapsed() < GROWS_WITHIN, "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let before = length();
    wait("the log's file does not grow", &|| length() > before);
    let enough = acknowledged() + ACKNOWLEDGED_SINCE;
    wait("nothing is acknowledged", &|| acknowledged() >= enough);
}

#[test]
#[ignore = "mounts a file system from an image, as root"]
fn whatever_was_acknowledged_before_a_power_cut_is_on_the_disk() {
    let mut random = Random(seed());
    let place = tempfile::tempdir().expect("a folder");
    let Some(disk) = disk::Image::mounted(place.path()) else {
        eprintln!("SKIPPED, NO POWER WAS CUT: no image can be mounted here (are you root?)");
        return;
    };
    let witness = tempfile::tempdir().expect("a folder");
    let folder = disk.folder().join("data");
    check::populate(&folder);
    let mut checked = Checked::default();
    for cut in 0..POWER_CUTS {
        let point = POWER_CUT_AT[(cut % 4) as usize];
        let mut child = Child::start(&folder, witness.path(), point, after(point, &mut random));
        if point == Point::AtRandom {
            child.wait_for("ready");
            wait_until_grown(&folder, witness.path());
            std::thread::sleep(Duration::from_micros(random.below(20_000)));
        } else {
            child.wait_for("at the point");
        }
        child.stop();
        let left = disk.as_after_a_power_cut();
        child.kill();
        let mut after = Checked::default();
        check::hold(&left.folder().join("data"), witness.path(), &mut after, &format!("power cut {cut}"));
        check::hold(&folder, witness.path(), &mut checked, &format!("after power cut {cut}"));
    }
    println!("{POWER_CUTS} power cuts: {checked}");
    assert!(checked.acknowledged > POWER_CUTS, "the children were under load");
}
