//! Random histories of a table against a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<(u8, Option<u8>)>),
    Flush,
    Reopen,
    Clear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let changes = prop::collection::vec((0u8..40, prop::option::of(any::<u8>())), 1..10);
    let step = prop_oneof![
        8 => changes.prop_map(Step::Apply),
        3 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        1 => Just(Step::Clear),
    ];
    prop::collection::vec(step, 1..25)
}

/// Keys of which some are prefixes of others.
fn key(number: u8) -> Vec<u8> {
    vec![number % 4; 1 + usize::from(number / 4)]
}

/// Some of them are looked up, some stand in lists, and some are too short for theirs.
fn mixed(key: &[u8]) -> Use {
    match key.first() {
        Some(1) => Use::Scanned { list: 1 },
        Some(2) => Use::Scanned { list: 2 },
        Some(3) => Use::Scanned { list: 9 },
        _ => Use::LookedUp,
    }
}

fn compare(table: &Table, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    for number in 0..40 {
        let key = key(number);
        assert_eq!(table.get(&key), Ok(model.get(&key).cloned()));
    }
    for from in [key(0), key(6), key(2)] {
        for limit in [1, 3, 100] {
            let range = (Bound::Included(&*from), Bound::Excluded(&[3u8, 3][..]));
            let entries = model.range::<[u8], _>(range).map(|(k, v)| (k.clone(), v.clone()));
            let forward: Vec<_> = entries.clone().take(limit).collect();
            let backward: Vec<_> = entries.rev().take(limit).collect();
            assert_eq!(table.scan(range, Direction::Forward, limit), Ok(forward));
            assert_eq!(table.scan(range, Direction::Backward, limit), Ok(backward));
        }
        let prefixed = model.iter().filter(|(key, _)| key.starts_with(&from));
        let prefixed: Vec<_> = prefixed.map(|(k, v)| (k.clone(), v.clone())).collect();
        assert_eq!(table.scan_prefix(&from, Direction::Forward, 100), Ok(prefixed));
    }
}

fn run_steps(steps: &[Step], mut table: Table, mut reopen: impl FnMut(Table) -> Table) {
    let mut model = BTreeMap::new();
    for step in steps {
        match step {
            Step::Apply(changes) => {
                for (number, value) in changes {
                    match value {
                        Some(value) => model.insert(key(*number), vec![*value]),
                        None => model.remove(&key(*number)),
                    };
                }
                table.apply(changes.iter().map(|(number, value)| (key(*number), value.map(|v| vec![v]))));
            }
            Step::Flush => table.flush([]).expect("it is written"),
            Step::Reopen => table = reopen(table),
            Step::Clear => {
                table.clear().expect("it is cleared");
                model.clear();
            }
        }
        compare(&table, &model);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_does_what_a_map_does(steps in steps()) {
        run_steps(&steps, Table::in_memory_of(mixed), |table| table);
    }

    #[test]
    fn a_table_on_disk_does_what_a_map_does_also_after_opening_it_again(steps in steps()) {
        let folder = folder();
        let open = || open_of(folder.path(), mixed);
        run_steps(&steps, open(), |table| {
            table.flush([]).expect("it is written");
            drop(table);
            open()
        });
    }
}

/// Numbers that look random and follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Lists of 256 keys of those that `run_at_random` makes.
fn listed(_key: &[u8]) -> Use {
    Use::Scanned { list: b"some prefix".len() + 7 }
}

/// Batches of all sizes, so that segments are merged at once, later, and not at all.
fn run_at_random(seed: u64, mut table: Table, mut reopen: impl FnMut(Table) -> Table) {
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let mut model = BTreeMap::new();
    let key = |number: u64| [&b"some prefix"[..], &number.to_be_bytes()].concat();
    for step in 0..60u64 {
        let size = [3, 40, 300, 1_500, 6_000][chance.below(5) as usize];
        let first = chance.below(8_000);
        let changes: Vec<Change> = (0..size)
            .map(|at| {
                let number = if at % 2 == 0 { first + at } else { chance.below(9_000) };
                let value =
                    (chance.below(4) > 0).then(|| step.to_be_bytes().repeat(chance.below(9) as usize));
                (key(number), value)
            })
            .collect();
        for (key, value) in &changes {
            match value {
                Some(value) => model.insert(key.clone(), value.clone()),
                None => model.remove(key),
            };
        }
        table.apply(changes);
        match chance.below(8) {
            0 | 1 => table.flush_only([]).expect("it is written"),
            2 => table.merge().expect("it is merged"),
            4 => table.merge_at_rest().expect("it is merged"),
            3 => table = reopen(table),
            _ => {}
        }
        for _ in 0..5 {
            let (from, to) = (key(chance.below(9_000)), key(chance.below(9_000)));
            let (from, to) = (from.clone().min(to.clone()), from.max(to));
            let limit = 1 + chance.below(60) as usize;
            let range = (Bound::Excluded(&*from), Bound::Included(&*to));
            let within = || model.range::<[u8], _>(range).map(|(k, v)| (k.clone(), v.clone()));
            let forward = within().take(limit).collect();
            assert_eq!(table.scan(range, Direction::Forward, limit), Ok(forward), "seed {seed}");
            let backward = within().rev().take(limit).collect();
            assert_eq!(table.scan(range, Direction::Backward, limit), Ok(backward), "seed {seed}");
        }
        for list in 0..40u64 {
            let list = &key(list << 8)[..listed(&[]).list(&key(0)).map_or(0, <[u8]>::len)];
            let within = model.iter().filter(|(key, _)| key.starts_with(list));
            let within = within.map(|(k, v)| (k.clone(), v.clone())).take(5).collect();
            assert_eq!(table.scan_prefix(list, Direction::Forward, 5), Ok(within), "seed {seed}");
        }
        for number in (0..9_000).step_by(301).map(|number| number + chance.below(301)) {
            assert_eq!(table.get(&key(number)), Ok(model.get(&key(number)).cloned()), "seed {seed}");
        }
    }
    let all: Vec<Entry> = model.clone().into_iter().collect();
    assert!(table.scan_prefix(&[], Direction::Forward, 20_000) == Ok(all), "seed {seed}");
    let all: Vec<Entry> = model.into_iter().rev().collect();
    assert!(table.scan_prefix(&[], Direction::Backward, 20_000) == Ok(all), "seed {seed}");
}

#[test]
fn large_and_small_batches_give_what_a_map_gives() {
    let shapes: [Shape; 2] = [|_| Use::LookedUp, listed];
    for (seed, shape) in
        [1, std::process::id().into()].into_iter().flat_map(|seed| shapes.map(|of| (seed, of)))
    {
        run_at_random(seed, Table::in_memory_of(shape), |table| table);
        let folder = folder();
        let open = || open_of(folder.path(), shape);
        run_at_random(seed, open(), |table| {
            table.flush([]).expect("it is written");
            drop(table);
            open()
        });
    }
}
