//! Killed for real: a process under load gets SIGKILL at random and at named points, over and over in
//! one folder, or loses what was not synced as in a power cut; what it acknowledged stands in another
//! folder, synced, and is held against the log that is left.

use std::path::Path;
use std::time::{Duration, Instant};

#[path = "killed/check.rs"]
mod check;
#[path = "killed/child.rs"]
mod child;
#[path = "killed/disk.rs"]
mod disk;

use check::{Checked, Random};
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

/// Starts a child in a folder, kills it where it is told, and gives what it had got to.
fn one_kill(folder: &Path, witness: &Path, cycle: u64, random: &mut Random) -> Point {
    let points = [
        Point::AtRandom,
        Point::BeforeWrite,
        Point::AtRandom,
        Point::BeforeSync,
        Point::Opening,
        Point::AfterSync,
        Point::AtRandom,
        Point::Closing,
    ];
    let point = points[(cycle % points.len() as u64) as usize];
    let mut child = Child::start(folder, witness, point, random.below(40));
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
        Point::BeforeWrite | Point::BeforeSync | Point::AfterSync => child.wait_for("at the point"),
    }
    child.kill();
    point
}

fn kill_over_and_over(enough: impl Fn(u64) -> bool) {
    let mut random = Random(seed());
    let (mut cycle, mut all) = (0, Checked::default());
    while !enough(cycle) {
        let (folder, witness) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        check::populate(folder.path());
        let mut checked = Checked::default();
        for _ in 0..CYCLES_OF_A_FOLDER {
            let point = one_kill(folder.path(), witness.path(), cycle, &mut random);
            check::hold(folder.path(), witness.path(), &mut checked, &format!("cycle {cycle}, {point:?}"));
            cycle += 1;
            if enough(cycle) {
                break;
            }
        }
        all.add(&checked);
    }
    println!("{cycle} kills: {all}");
    assert!(all.acknowledged > cycle, "the children were under load");
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
        let point = [Point::AtRandom, Point::BeforeSync, Point::AfterSync][(cut % 3) as usize];
        let mut child = Child::start(&folder, witness.path(), point, random.below(40));
        if point == Point::AtRandom {
            child.wait_for("ready");
            std::thread::sleep(Duration::from_micros(50_000 + random.below(200_000)));
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
