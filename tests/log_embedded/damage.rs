//! Bytes changed behind the log's back are noticed and named by their position.

use std::path::Path;

use switchboard::log::embedded::{EmbeddedOptions, OpenError, Verify};
use switchboard::log::{Log, Position, ReadError};

use super::{EmbeddedLog, TempDir, VERIFY, append, fill, folder, open, open_error};

/// Opens the store of a closed log as it lies on the disk.
pub fn with_store<T>(folder: &Path, change: impl FnOnce(&sled::Db) -> T) -> T {
    let store = loop {
        // Threads of the log's own handle may hold the file for a moment longer.
        match sled::Config::new().path(folder.join("log")).flush_every_ms(None).open() {
            Ok(store) => break store,
            Err(error) if error.to_string().contains("lock") => std::thread::yield_now(),
            Err(error) => panic!("the store does not open: {error}"),
        }
    };
    let changed = change(&store);
    store.flush().expect("the store is written");
    changed
}

fn key(position: u64) -> [u8; 8] {
    position.to_be_bytes()
}

fn change_frame(folder: &Path, position: u64, change: impl FnOnce(&mut Vec<u8>)) {
    with_store(folder, |store| {
        let value = store.get(key(position)).expect("the store is read").expect("a frame begins here");
        let mut value = value.to_vec();
        change(&mut value);
        store.insert(key(position), value).expect("the store is written");
    });
}

/// Makes the checksum of a changed frame right again, as somebody would who knows the format.
fn mend_checksum(frame: &mut [u8]) {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&frame[..52]);
    crc.update(&frame[56..]);
    frame[52..56].copy_from_slice(&crc.finalize().to_le_bytes());
}

/// A closed log of as many events, each in a frame of its own.
async fn closed_log(count: usize) -> TempDir {
    let folder = folder();
    let log = open(folder.path());
    fill(&log, count).await;
    log.close().await;
    folder
}

fn damaged_at(error: OpenError) -> (u64, String) {
    match error {
        OpenError::Damaged { position, reason } => (position.0, reason),
        other => panic!("expected damage, but found {other:?}"),
    }
}

#[tokio::test]
async fn the_first_frame_with_a_flipped_byte_is_named_by_its_position() {
    let folder = closed_log(5).await;
    let len = with_store(folder.path(), |store| store.get(key(3)).ok().flatten().map_or(0, |v| v.len()));
    for at in [0, 2, 3, 4, 8, 16, 20, 52, 56, 57, len / 2, len - 1] {
        change_frame(folder.path(), 3, |frame| frame[at] ^= 0x10);
        let (position, reason) = damaged_at(open_error(folder.path(), Verify::All));
        assert_eq!(position, 3, "byte {at}: {reason}");
        change_frame(folder.path(), 3, |frame| frame[at] ^= 0x10);
    }
    assert_eq!(open(folder.path()).head(), Position(5), "unchanged it opens");
}

#[tokio::test]
async fn a_frame_that_opening_did_not_check_is_checked_when_it_is_read() {
    let folder = closed_log(5).await;
    change_frame(folder.path(), 2, |frame| frame[60] ^= 1);
    let options = EmbeddedOptions { verify: Verify::Tail, ..EmbeddedOptions::default() };
    let log = EmbeddedLog::open(folder.path(), options).expect("the tail is right");
    assert_eq!(log.read_all(Position(2), 9).await.map(|records| records.len()), Ok(3));
    match log.read_all(Position(0), 9).await {
        Err(ReadError::Damaged { position, .. }) => assert_eq!(position, Position(2)),
        other => panic!("the damage was not noticed: {other:?}"),
    }
}

#[tokio::test]
async fn a_forged_frame_breaks_the_chain_at_the_next_one() {
    let folder = closed_log(5).await;
    change_frame(folder.path(), 3, |frame| {
        *frame.last_mut().expect("a frame has bytes") ^= 1;
        mend_checksum(frame);
    });
    let (position, reason) = damaged_at(open_error(folder.path(), Verify::All));
    assert_eq!(position, 4);
    assert!(reason.contains("chained"), "{reason}");
}

#[tokio::test]
async fn a_forged_last_frame_is_not_the_one_that_the_index_has_seen() {
    let folder = closed_log(5).await;
    change_frame(folder.path(), 5, |frame| {
        *frame.last_mut().expect("a frame has bytes") ^= 1;
        mend_checksum(frame);
    });
    for verify in VERIFY {
        assert_eq!(damaged_at(open_error(folder.path(), verify)).0, 5, "{verify:?}");
    }
}

#[tokio::test]
async fn a_lost_end_is_noticed() {
    let folder = closed_log(5).await;
    with_store(folder.path(), |store| {
        store.remove(key(5)).expect("the store is written");
        store.remove(key(4)).expect("the store is written");
    });
    for verify in VERIFY {
        let error = open_error(folder.path(), verify);
        assert_eq!(error, OpenError::Truncated { had: Position(5), found: Position(3) });
    }
    with_store(folder.path(), |store| {
        for position in 1..=3 {
            store.remove(key(position)).expect("the store is written");
        }
    });
    let error = open_error(folder.path(), Verify::All);
    assert_eq!(error, OpenError::Truncated { had: Position(5), found: Position(0) });
}

#[tokio::test]
async fn a_missing_frame_is_named_by_its_position() {
    let folder = closed_log(5).await;
    with_store(folder.path(), |store| store.remove(key(3)).map(drop).expect("the store is written"));
    assert_eq!(damaged_at(open_error(folder.path(), Verify::All)).0, 3);
}

#[tokio::test]
async fn a_missing_part_of_a_large_event_is_named_by_its_position() {
    let folder = folder();
    let log = open(folder.path());
    fill(&log, 2).await;
    log.append(append("large", &[9; 50_000])).await.expect("a large event");
    fill(&log, 1).await;
    log.close().await;
    with_store(folder.path(), |store| {
        let mut part = key(3).to_vec();
        part.extend_from_slice(&4u16.to_be_bytes());
        let removed = store.remove(part).expect("the store is written");
        assert!(removed.is_some(), "a large event has parts");
    });
    let (position, reason) = damaged_at(open_error(folder.path(), Verify::All));
    assert_eq!(position, 3);
    assert!(reason.contains("part 4"), "{reason}");
}

#[tokio::test]
async fn a_damaged_or_missing_header_is_position_zero() {
    let folder = closed_log(2).await;
    change_frame(folder.path(), 0, |header| header[10] ^= 1);
    assert_eq!(damaged_at(open_error(folder.path(), Verify::Tail)).0, 0);
    with_store(folder.path(), |store| store.remove(key(0)).map(drop).expect("the store is written"));
    assert_eq!(damaged_at(open_error(folder.path(), Verify::Tail)).0, 0);
}

#[tokio::test]
async fn a_log_of_a_later_format_is_not_touched() {
    let folder = closed_log(2).await;
    change_frame(folder.path(), 0, |header| header[4] = 2);
    assert_eq!(open_error(folder.path(), Verify::All), OpenError::Format { found: 2, known: 1 });
}
