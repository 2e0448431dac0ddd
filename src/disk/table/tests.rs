//! Tests of `table`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

fn keys(entries: Vec<Entry>) -> Vec<String> {
    entries.into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned()).collect()
}

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
        run_steps(&steps, Table::in_memory(), |table| table);
    }

    #[test]
    fn a_table_on_disk_does_what_a_map_does_also_after_opening_it_again(steps in steps()) {
        let folder = folder();
        let open = || Table::open(folder.path(), "table").expect("it opens");
        run_steps(&steps, open(), |table| {
            table.flush([]).expect("it is written");
            drop(table);
            open()
        });
    }
}

#[test]
fn what_was_not_flushed_is_gone_with_its_checkpoint_after_a_crash() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    table.apply([(b"a".to_vec(), Some(b"1".to_vec()))]);
    table.flush([(b"checkpoint".to_vec(), Some(b"1".to_vec()))]).expect("it is written");
    table.apply([(b"a".to_vec(), Some(b"2".to_vec())), (b"checkpoint".to_vec(), Some(b"2".to_vec()))]);
    drop(table);
    let table = Table::open(folder.path(), "table").expect("it opens again");
    assert_eq!(table.get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(table.get(b"checkpoint"), Ok(Some(b"1".to_vec())));
}

#[test]
fn several_tables_share_a_folder_and_do_not_see_each_other() {
    let path = folder();
    let folder = Folder::open(path.path()).expect("it opens");
    let (one, other) = (folder.table("one").expect("a table"), folder.table("other").expect("a table"));
    for table in [&one, &other] {
        table.put(b"key".to_vec(), b"value".to_vec());
        table.flush([]).expect("it is written");
    }
    one.delete(b"key".to_vec());
    one.flush([]).expect("it is written");
    assert_eq!((one.get(b"key"), other.get(b"key")), (Ok(None), Ok(Some(b"value".to_vec()))));
    drop(folder);
    let in_use = DiskError::InUse { folder: path.path().to_path_buf() };
    assert_eq!(Folder::open(path.path()).map(drop), Err(in_use.clone()));
    assert_eq!(Folder::destroy(path.path()), Err(in_use));
    drop((one, other));
    assert_eq!(Folder::destroy(path.path()), Ok(()));
    assert!(!path.path().exists());
    assert_eq!(Folder::destroy(path.path()), Ok(()), "there is nothing left to delete");
}

#[test]
fn a_flush_frees_the_memory_and_moves_nothing_out_of_sight() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    table.put(b"a".to_vec(), vec![1; 1000]);
    assert!(table.overlay_bytes() >= 1000);
    assert_eq!(table.get_in_memory(b"a"), InMemory::Known(Some(vec![1; 1000])));
    assert_eq!(table.get_in_memory(b"b"), InMemory::Known(None));
    table.flush([]).expect("it is written");
    assert_eq!(table.overlay_bytes(), 0);
    assert_eq!(table.get_in_memory(b"a"), InMemory::Unknown);
    assert_eq!(table.get(b"a"), Ok(Some(vec![1; 1000])));
    assert_eq!(Table::in_memory().get_in_memory(b"a"), InMemory::Known(None));
}

#[test]
fn a_reader_sees_all_changes_of_a_batch_or_none_while_they_are_flushed() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    let rounds = 200u32;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=rounds {
                let changes = (0..20u8).map(|key| (vec![key], Some(round.to_be_bytes().to_vec())));
                table.apply(changes);
                if round % 7 == 0 {
                    table.flush([]).expect("it is written");
                }
            }
        });
        let mut seen = vec![0; 4];
        while seen != rounds.to_be_bytes() {
            let entries = table.scan_prefix(&[], Direction::Forward, 100).expect("it is read");
            let Some((_, value)) = entries.first() else { continue };
            assert!(entries.len() == 20 && entries.iter().all(|(_, other)| other == value));
            assert!(*value >= seen, "nothing is taken back");
            seen.clone_from(value);
        }
    });
}

#[test]
fn a_scan_within_an_empty_range_finds_nothing() {
    let table = Table::in_memory();
    table.put(b"b".to_vec(), Vec::new());
    let range = (Bound::Excluded(&b"c"[..]), Bound::Excluded(&b"a"[..]));
    assert_eq!(table.scan(range, Direction::Forward, 9).map(keys), Ok(Vec::new()));
    assert_eq!(table.scan_prefix(&[0xff], Direction::Backward, 9).map(keys), Ok(Vec::new()));
    assert_eq!(table.scan_prefix(b"", Direction::Backward, 9).map(keys), Ok(vec!["b".into()]));
}

#[test]
fn runs_are_merged_and_what_is_left_of_them_is_removed() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    for round in 0..40u32 {
        let changes =
            (0..50u32).map(|key| ((key * 40 + round).to_be_bytes().to_vec(), Some(vec![round as u8; 90])));
        table.apply(changes);
        table.delete((round / 2 * 40).to_be_bytes().to_vec());
        table.flush([]).expect("it is written");
    }
    let numbers = |table: &Table| table.layers().runs.iter().map(|run| run.number).collect::<Vec<_>>();
    let before = numbers(&table);
    assert!(before.len() < 16, "{} runs of 40 flushes are left", before.len());
    let files = || {
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        entries
            .filter(|entry| entry.as_ref().is_ok_and(|e| e.path().extension() == Some("run".as_ref())))
            .count()
    };
    assert_eq!(files(), before.len());
    std::fs::write(folder.path().join("table.999.run"), b"left by a crash").expect("it is written");
    std::fs::write(folder.path().join("table.manifest.new"), b"left by a crash").expect("it is written");
    let entries = table.scan_prefix(&[], Direction::Forward, 9_999).expect("it is read");
    assert_eq!(entries.len(), 2_000 - 20);
    drop(table);
    let table = Table::open(folder.path(), "table").expect("it opens again");
    assert_eq!(numbers(&table), before);
    assert_eq!(table.scan_prefix(&[], Direction::Forward, 9_999), Ok(entries));
    assert_eq!(files(), before.len());
}
