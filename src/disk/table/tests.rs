//! Tests of `table`.

use super::*;

mod at_random;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for temporary files")
}

fn open_of(folder: &Path, shape: Shape) -> Table {
    Folder::open(folder).and_then(|folder| folder.table_of("table", shape)).expect("it opens")
}

fn keys(entries: Vec<Entry>) -> Vec<String> {
    entries.into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned()).collect()
}

#[test]
fn a_snapshot_stays_what_it_was_whatever_is_written_merged_and_removed() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    let key = |number: u32| number.to_be_bytes().to_vec();
    let fill = |value: u8| table.apply((0..5_000).map(|number| (key(number), Some(vec![value; 20]))));
    fill(1);
    table.flush([]).expect("it is written");
    let before = table.snapshot();
    for value in 2..20 {
        fill(value);
        table.flush([]).expect("it is written and merged");
    }
    assert_eq!(before.get(&key(4_999)), Ok(Some(vec![1; 20])), "its file is gone, but open");
    table.clear().expect("it is cleared");
    let entries = before.scan_prefix(&[], Direction::Forward, 9_999).expect("it is read");
    assert_eq!(entries.len(), 5_000);
    assert!(entries.iter().all(|(_, value)| *value == [1; 20]));
    assert_eq!(table.scan_prefix(&[], Direction::Forward, 9_999), Ok(Vec::new()));
}

#[test]
fn readers_see_each_entry_once_while_the_table_is_flushed_and_merged() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    let done = std::sync::atomic::AtomicBool::new(false);
    let count = |number: u32| (number.to_be_bytes().to_vec(), Some(vec![7; 30]));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for batch in 0..60u32 {
                table.apply((batch * 500..(batch + 1) * 500).map(count));
            }
            done.store(true, Ordering::Relaxed);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                table.flush([]).expect("it is written");
            }
        });
        let mut seen = 0;
        while seen < 30_000 {
            let entries = table.scan_prefix(&[], Direction::Forward, 99_999).expect("it is read");
            let keys = entries.iter().map(|(key, _)| key.as_slice());
            let expected = (0..).map(u32::to_be_bytes);
            assert!(keys.zip(expected).all(|(key, expected)| key == expected), "none is missing or twice");
            assert!(
                entries.len() >= seen && entries.len().is_multiple_of(500),
                "whole batches, and none taken back"
            );
            seen = entries.len();
        }
    });
}

#[test]
fn what_is_put_once_and_deleted_once_vanishes_and_other_deletions_stay() {
    let shapes: [(Shape, u64); 3] =
        [(|_| Use::Once { list: 0 }, 0), (|_| Use::Scanned { list: 0 }, 300), (|_| Use::LookedUp, 300)];
    for (shape, left) in shapes {
        let path = folder();
        let table = open_of(path.path(), shape);
        let key = |number: u32| number.to_be_bytes().to_vec();
        table.apply((0..300).map(|number| (key(number), Some(vec![1]))));
        table.apply((0..300).map(|number| (key(number), None)));
        table.flush([]).expect("it is written");
        assert_eq!(table.layers().runs.iter().map(|run| run.entries).sum::<u64>(), left);
        assert_eq!(table.scan_prefix(&[], Direction::Forward, 9), Ok(Vec::new()));
        assert_eq!(table.get(&key(7)), Ok(None));
    }
}

#[test]
fn a_flush_that_fails_leaves_everything_to_be_read_and_flushed_again() {
    let path = folder();
    let table = Table::open(path.path(), "table").expect("it opens");
    table.put(b"a".to_vec(), b"1".to_vec());
    let obstacle = path.path().join("table.0.run");
    std::fs::create_dir(&obstacle).expect("a folder in the way");
    assert!(matches!(table.flush([]), Err(DiskError::Failed { .. })));
    table.put(b"b".to_vec(), b"2".to_vec());
    let both = vec![(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())];
    assert_eq!(table.scan_prefix(&[], Direction::Forward, 9), Ok(both.clone()));
    std::fs::remove_dir(&obstacle).expect("it is empty");
    table.flush([]).expect("it is written");
    drop(table);
    let table = Table::open(path.path(), "table").expect("it opens again");
    assert_eq!(table.scan_prefix(&[], Direction::Forward, 9), Ok(both));
}

#[test]
fn a_changed_byte_is_noticed_wherever_it_stands() {
    let path = folder();
    let table = Table::open(path.path(), "table").expect("it opens");
    table.apply((0..2_000u32).map(|number| (number.to_be_bytes().to_vec(), Some(vec![3; 20]))));
    table.flush([]).expect("it is written");
    drop(table);
    for name in ["table.0.run", "table.manifest"] {
        let file = path.path().join(name);
        let whole = std::fs::read(&file).expect("it is there");
        for at in (0..whole.len()).step_by(whole.len() / 40 + 1).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            std::fs::write(&file, &changed).expect("it is written");
            let read = Table::open(path.path(), "table")
                .and_then(|table| table.scan_prefix(&[], Direction::Forward, 9_999).map(|read| read.len()));
            assert!(matches!(&read, Err(DiskError::Failed { .. })), "{name}, byte {at}: {read:?}");
        }
        std::fs::write(&file, &whole).expect("it is written");
    }
}

#[test]
fn a_table_of_an_older_version_is_empty_and_one_of_a_newer_is_not_opened() {
    for (version, opens) in [(1, true), (3, false)] {
        let path = folder();
        let table = Table::open(path.path(), "table").expect("it opens");
        table.put(b"key".to_vec(), b"value".to_vec());
        table.flush([]).expect("it is written");
        drop(table);
        let manifest = path.path().join("table.manifest");
        let mut bytes = std::fs::read(&manifest).expect("a manifest");
        let end = bytes.len() - 4;
        bytes[7] = version;
        let crc = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&crc);
        std::fs::write(&manifest, bytes).expect("it can be written");
        let Ok(table) = Table::open(path.path(), "table") else {
            assert!(!opens && path.path().join("table.0.run").exists(), "version {version}");
            continue;
        };
        assert!(opens, "version {version}");
        assert_eq!(table.get(b"key"), Ok(None));
        assert!(!path.path().join("table.0.run").exists(), "what counts no more is removed");
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
    let at_once = |table: &Table, key: &[u8]| table.snapshot().at_once(1 << 20).get(key);
    assert_eq!(at_once(&table, b"a"), Ok(Some(vec![1; 1000])));
    assert_eq!(at_once(&table, b"b"), Ok(None));
    table.flush([]).expect("it is written");
    assert_eq!(table.overlay_bytes(), 0);
    // Whether the system has the page in memory is its own affair.
    let known = at_once(&table, b"a");
    assert!([Err(DiskError::NotAtOnce), Ok(Some(vec![1; 1000]))].contains(&known), "{known:?}");
    assert_eq!(table.get(b"a"), Ok(Some(vec![1; 1000])));
    assert_eq!(at_once(&Table::in_memory(), b"a"), Ok(None));
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
fn who_does_not_wait_reads_no_more_than_allowed_and_is_told_that_there_is_more() {
    let folder = folder();
    let table = Table::open(folder.path(), "table").expect("it opens");
    table.apply((0..9_000u32).map(|number| (number.to_be_bytes().to_vec(), Some(vec![7; 90]))));
    table.flush([]).expect("it is written");
    drop(table);
    let table = Table::open(folder.path(), "table").expect("it opens");
    let poor = table.snapshot().at_once(100);
    assert_eq!(poor.scan_prefix(&[], Direction::Forward, 5), Err(DiskError::NotAtOnce));
    assert!(poor.gave_up());
    let patient = table.snapshot();
    let all = patient.scan_prefix(&[], Direction::Forward, 9_999).expect("it is read");
    assert!(all.len() == 9_000 && !patient.gave_up());
    let bytes: usize = all.iter().map(|(key, value)| key.len() + value.len()).sum();
    let rich = table.snapshot().at_once(bytes / 2);
    assert_eq!(rich.scan_prefix(&[], Direction::Forward, 9_999), Ok(all), "what is kept costs less");
    assert!(!rich.gave_up());
    let hasty = table.snapshot().at_once(bytes / 20);
    assert_eq!(hasty.scan_prefix(&[], Direction::Forward, 9_999), Err(DiskError::NotAtOnce));
    assert!(hasty.gave_up(), "what is kept is not free either");
}

#[test]
fn runs_that_have_nothing_of_a_list_are_not_read_for_it() {
    let path = folder();
    let table = open_of(path.path(), |_| Use::Scanned { list: 2 });
    let key = |list: u16, place: u16| [list.to_be_bytes(), place.to_be_bytes()].concat();
    for run in 0..4 {
        table.apply((0..500).flat_map(|place| {
            (0..50).map(move |list| (key(4 * list + run, place), Some(vec![run as u8; 20])))
        }));
        table.flush_only([]).expect("it is written");
    }
    drop(table);
    let table = open_of(path.path(), |_| Use::Scanned { list: 2 });
    assert_eq!(table.runs(), 4);
    let read_within = |list: u16, bytes: usize| {
        let snapshot = table.snapshot().at_once(bytes);
        let read = snapshot.scan_prefix(&list.to_be_bytes(), Direction::Backward, 50);
        read.map(|entries| entries.len())
    };
    // A page for each end of the list, which is in one run, and the looks at four.
    assert_eq!(read_within(9, 20 << 10), Ok(50));
    assert_eq!(read_within(999, 5 << 10), Ok(0), "no page is read for a list that is nowhere");
}

#[test]
fn keys_that_stand_in_no_list_are_found_by_scanning() {
    let path = folder();
    let table = open_of(path.path(), |_| Use::Scanned { list: 0 });
    table.apply((0..100u8).map(|number| (vec![number], Some(vec![number]))));
    table.flush([]).expect("it is written");
    let range = (Bound::Included(&[7][..]), Bound::Excluded(&[9][..]));
    let found = table.scan(range, Direction::Forward, 9).expect("it is read");
    assert_eq!(found, [(vec![7], vec![7]), (vec![8], vec![8])]);
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

#[test]
fn at_rest_what_came_and_went_leaves_nothing_to_pass_by() {
    let path = folder();
    let table = open_of(path.path(), |_| Use::Once { list: 1 });
    let key = |number: u32| [&[7][..], &number.to_be_bytes()].concat();
    table.apply((0..40).map(|number| (key(number), Some(vec![1; 90]))));
    table.flush_only([]).expect("it is written");
    for round in 0..4 {
        table.apply((round * 9..round * 9 + 9).map(|number| (key(number), None)));
        table.flush_only([]).expect("it is written");
    }
    table.merge().expect("it is merged");
    assert_eq!(table.runs(), 5, "no merge is due");
    table.merge_at_rest().expect("it is merged");
    let runs = &table.layers().runs;
    assert_eq!(runs.iter().map(|run| run.entries).collect::<Vec<_>>(), [4]);
    let left = table.scan_prefix(&[7], Direction::Forward, 9).map(|left| left.len());
    assert_eq!(left, Ok(4));
    table.merge_at_rest().expect("there is nothing to merge");
    assert_eq!(table.runs(), 1);
    assert_eq!(Table::in_memory().merge_at_rest(), Ok(()));
}

#[test]
fn a_key_is_found_on_the_disk_however_much_it_shares_with_the_one_before() {
    let folder = folder();
    let opened = Folder::open(folder.path()).expect("it is free");
    let table = opened.table("long").expect("it is a table");
    let key = |prefix: usize, last: u8| [vec![b'x'; prefix], vec![last]].concat();
    let kept: Vec<Vec<u8>> =
        (250..=300).flat_map(|prefix| [b'a', b'b', b'y'].map(|last| key(prefix, last))).collect();
    table.apply(kept.iter().map(|key| (key.clone(), Some(key[250..].to_vec()))));
    table.flush([]).expect("it is written");
    for key in &kept {
        assert_eq!(table.get(key), Ok(Some(key[250..].to_vec())), "{} bytes", key.len());
        let at_once = table.snapshot().at_once(1 << 10).get(key);
        assert_eq!(at_once, Ok(Some(key[250..].to_vec())), "its page, which is larger, is kept");
        assert_eq!(table.snapshot().at_once(100).get(key), Err(DiskError::NotAtOnce));
    }
    for prefix in 249..=301 {
        for last in [b'A', b'c', b'z'] {
            assert_eq!(table.get(&key(prefix, last)), Ok(None), "{prefix} bytes and {last}");
        }
    }
}
