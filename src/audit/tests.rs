//! What an audit finds when a log was changed behind its back.
//!
//! The log is that of the sample archive; frames are changed in the store itself, or a log is forged
//! as a whole, with every checksum and hash as it must be.

use std::path::Path;

use bytes::Bytes;
use tempfile::TempDir;

use super::*;
use crate::log::frame::{self, Frame};

const SAMPLE: &[u8] = include_bytes!("../../tests/golden/audit/sample.archive");

/// Where the log's header and its first frame begin in an archive.
const HEADER_AT: usize = 8;
const FRAMES_AT: usize = HEADER_AT + 36;

/// Where the fields of a frame's header are.
const PREVIOUS_AT: usize = 20;
const CRC_AT: usize = 52;

fn quiet(_: Progress) -> bool {
    true
}

fn restored() -> (TempDir, Audit, Proof) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let data = folder.path().join("data");
    let proof = import(&mut &*SAMPLE, &data, &mut quiet).expect("the sample is right");
    let audit = Audit::open(&data).expect("it opens");
    (folder, audit, proof)
}

fn proves(audit: &Audit, expected: &[Head]) -> Result<Proof, AuditError> {
    verify(audit, Position(1), None, expected, &mut quiet)
}

#[track_caller]
fn fault(proved: Result<Proof, AuditError>) -> Fault {
    match proved {
        Err(AuditError::Fault(fault)) => fault,
        other => panic!("a fault is expected, not {other:?}"),
    }
}

/// The frames of an archive.
fn frames(archive: &[u8]) -> Vec<Frame> {
    let (mut rest, mut frames) = (&archive[FRAMES_AT..], Vec::new());
    while !rest.starts_with(b"sEnd") {
        let (first, _, length) = frame::extent(rest).expect("a frame");
        frames.push(Frame::check(first, Bytes::copy_from_slice(&rest[..length])).expect("it is right"));
        rest = &rest[length..];
    }
    frames
}

/// Makes a log of frames by somebody who knows the format: positions, chain and checksums are right.
fn forge(bodies: &[&Frame]) -> Vec<u8> {
    let mut out = SAMPLE[..FRAMES_AT].to_vec();
    let mut chain: Hash = blake3::hash(&SAMPLE[HEADER_AT..FRAMES_AT]).into();
    let mut next = 1_u64;
    for body in bodies {
        let mut bytes = body.bytes().to_vec();
        bytes[8..16].copy_from_slice(&next.to_le_bytes());
        bytes[PREVIOUS_AT..CRC_AT].copy_from_slice(&chain);
        let mut crc = crc32fast::Hasher::new();
        crc.update(&bytes[..CRC_AT]);
        crc.update(&bytes[frame::HEADER_BYTES..]);
        bytes[CRC_AT..frame::HEADER_BYTES].copy_from_slice(&crc.finalize().to_le_bytes());
        next += body.last.0 - body.first.0 + 1;
        chain = blake3::hash(&bytes).into();
        out.extend_from_slice(&bytes);
    }
    let mut end = b"sEnd".to_vec();
    end.extend_from_slice(&(bodies.len() as u64).to_le_bytes());
    end.extend_from_slice(&(next - 1).to_le_bytes());
    end.extend_from_slice(&chain);
    end.extend_from_slice(&crc32fast::hash(&end).to_le_bytes());
    out.extend_from_slice(&end);
    out
}

fn imported(archive: &[u8], folder: &Path) -> Result<Proof, AuditError> {
    import(&mut &*archive, folder, &mut quiet)
}

#[test]
fn the_sample_is_proved_and_its_head_is_the_one_that_was_noted() {
    let (_folder, audit, proof) = restored();
    assert_eq!(proves(&audit, &[proof.head]).expect("it is right"), proof);
    assert_eq!((proof.events, proof.head.position), (76, Position(76)));
    let noted: Head = proof.head.to_string().parse().expect("a head reads as it is written");
    assert_eq!(noted, proof.head);
    assert!("12@3".parse::<Head>().is_err());
}

#[test]
fn a_moment_has_everything_up_to_it_and_nothing_later() {
    let (_folder, audit, _) = restored();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let at =
        |moment: i64| runtime.block_on(position_at(&*audit.log(), Timestamp(moment))).expect("it is read");
    // One command wrote 52 to 54.
    let records = runtime.block_on(audit.log().read_all(Position(51), 3)).expect("they are read");
    let moment = records[0].stamp.time_us;
    assert!(records.iter().all(|record| record.stamp.time_us == moment));
    assert_eq!([at(moment - 1), at(moment), at(moment + 1)], [51, 54, 54].map(Position));
    assert_eq!([at(i64::MIN), at(i64::MAX)], [0, 76].map(Position));
}

#[test]
fn every_flipped_byte_of_every_frame_is_a_fault_at_its_position() {
    let (_folder, audit, proof) = restored();
    for frame in frames(SAMPLE) {
        let right = frame.bytes();
        for at in 0..right.len() {
            let mut flipped = right.to_vec();
            flipped[at] ^= 1 << (at % 8);
            audit.log.raw_put(frame.first, &flipped);
            let found = fault(proves(&audit, &[]));
            assert_eq!(found.position, frame.first, "byte {at}: {found}");
            assert_eq!(found.bytes, flipped[..flipped.len().min(FAULT_BYTES_MAX)], "byte {at}");
        }
        audit.log.raw_put(frame.first, right);
    }
    assert_eq!(proves(&audit, &[]).expect("it is right again"), proof);
}

#[test]
fn every_flipped_byte_of_the_header_is_a_fault_at_position_zero() {
    let (_folder, audit, _) = restored();
    let header = &SAMPLE[HEADER_AT..FRAMES_AT];
    for at in 0..header.len() {
        let mut flipped = header.to_vec();
        flipped[at] ^= 1;
        audit.log.raw_put(Position::START, &flipped);
        assert_eq!(fault(proves(&audit, &[])).position, Position::START, "byte {at}");
    }
}

#[test]
fn every_flipped_byte_of_an_archive_refuses_it_and_so_does_every_end_that_is_missing() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let data = folder.path().join("data");
    // Every import opens a store; two frames have all there is to flip.
    let small = forge(&frames(SAMPLE).iter().take(2).collect::<Vec<_>>());
    let store_and_time = HEADER_AT + 8..HEADER_AT + 32;
    for at in (0..small.len()).filter(|at| !store_and_time.contains(at) || at % 8 == 0) {
        let mut flipped = small.clone();
        flipped[at] ^= 1 << (at % 8);
        let refused = imported(&flipped, &data).expect_err("a flipped byte is noticed");
        assert!(refused.is_fault(), "byte {at}: {refused}");
        assert!(!data.exists(), "byte {at}: nothing is left behind");
    }
    for end in (0..small.len()).step_by(7).chain([small.len() - 1]) {
        let refused = imported(&small[..end], &data).expect_err("a missing end is noticed");
        assert!(refused.to_string().contains("it has no end"), "{end} bytes: {refused}");
    }
    assert!(imported(&small, &data).is_ok());
    assert!(matches!(imported(&small, &data), Err(AuditError::Exists { .. })), "never over a log");
}

#[test]
fn a_cut_tail_and_an_old_copy_are_noticed_by_a_head_that_was_noted() {
    let (folder, _audit, proof) = restored();
    let all = frames(SAMPLE);
    for kept in [all.len() - 1, all.len() / 2, 1] {
        let data = folder.path().join(format!("old-{kept}"));
        imported(&forge(&all.iter().take(kept).collect::<Vec<_>>()), &data).expect("an old copy is whole");
        let audit = Audit::open(&data).expect("it opens");
        assert!(proves(&audit, &[]).is_ok(), "nothing in the log itself says that it is old");
        let found = fault(proves(&audit, &[proof.head]));
        assert_eq!(found.position, audit.head().next());
        assert!(found.reason.contains("its end was lost"), "{found}");
    }
}

#[test]
fn swapped_and_inserted_frames_are_noticed_even_when_all_that_follows_is_chained_anew() {
    let (folder, audit, _) = restored();
    let all = frames(SAMPLE);
    let (one, other) = (&all[20], &all[21]);
    audit.log.raw_put(one.first, other.bytes());
    audit.log.raw_put(other.first, one.bytes());
    assert_eq!(fault(proves(&audit, &[])).position, one.first);
    audit.log.raw_put(one.first, one.bytes());
    audit.log.raw_put(other.first, other.bytes());

    // A frame that is right in itself, in the place of another.
    let mut inserted = frames(&forge(&all.iter().take(21).chain([&all[30]]).collect::<Vec<_>>()));
    let inserted = inserted.pop().expect("it was made");
    audit.log.raw_put(inserted.first, inserted.bytes());
    let found = fault(proves(&audit, &[]));
    assert!(found.position >= inserted.first, "{found}");

    // And in between, with everything behind it written again.
    let mut rewritten: Vec<&Frame> = all.iter().collect();
    rewritten.insert(30, &all[20]);
    let refused = imported(&forge(&rewritten), &folder.path().join("rewritten"));
    assert!(matches!(refused, Err(AuditError::Fault(_))), "{refused:?}");
}

#[test]
fn a_log_that_was_rewritten_as_a_whole_and_is_legal_is_noticed_by_a_head_that_was_noted() {
    let (folder, _audit, proof) = restored();
    let mut other: Vec<Frame> = frames(SAMPLE);
    // The last frame is of one command of its own stream: without it, the log is legal.
    let last = other.pop().expect("it has frames");
    let data = folder.path().join("rewritten");
    let mut archive = forge(&other.iter().collect::<Vec<_>>());
    let head = imported(&archive, &data).expect("it is legal").head;
    assert!(head.position < last.first);
    // Another time of creation is another log from its first byte on.
    archive[HEADER_AT + 24] ^= 1;
    let crc = crc32fast::hash(&archive[HEADER_AT..FRAMES_AT - 4]);
    archive[FRAMES_AT - 4..FRAMES_AT].copy_from_slice(&crc.to_le_bytes());
    assert!(matches!(imported(&archive, &folder.path().join("chain")), Err(AuditError::Fault(_))));
    let middle = Head { hash: proof.head.hash, ..head };
    let audit = Audit::open(&data).expect("it opens");
    assert!(fault(proves(&audit, &[middle])).reason.contains("it was rewritten"));
}

#[test]
fn states_that_do_not_fit_are_proved_in_sweeps_with_the_same_result() {
    let (_folder, audit, proof) = restored();
    let whole = proof.streams.expect("it is of the whole log");
    assert_eq!(whole.sweeps, 1);
    for states_max in [1, 2, 5, 11] {
        let swept = streams::prove_within(&audit, audit.head(), states_max, &mut quiet).expect("it is right");
        assert!(swept.sweeps > 1, "{states_max} states");
        assert_eq!(StreamsProof { sweeps: 1, ..swept }, whole, "{states_max} states");
    }
}

#[test]
fn an_audit_that_is_told_to_stop_says_that_nothing_was_proved() {
    let (_folder, audit, _) = restored();
    let stopped = verify(&audit, Position(1), None, &[], &mut |_| false);
    assert!(matches!(stopped, Err(AuditError::Stopped { at: Position::START })), "{stopped:?}");
}

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).expect("it is copied")),
        }
    }
}

#[test]
fn flipped_bytes_of_the_stores_own_file_are_faults_or_change_nothing_that_is_proved() {
    let (folder, audit, proof) = restored();
    drop(audit);
    let (data, base) = (folder.path().join("data"), folder.path().join("base"));
    copy(&data, &base);
    let file = data.join("log/db");
    let right = std::fs::read(&file).expect("the store's file");
    let written: Vec<usize> = (0..right.len()).filter(|at| right[*at] != 0).collect();
    // Each opens a store: spread over all that was written, at another place in each byte.
    for (number, at) in written.iter().step_by(written.len() / 60).enumerate() {
        let mut flipped = right.clone();
        flipped[*at] ^= 1 << (number % 8);
        std::fs::write(&file, &flipped).expect("it is written");
        match Audit::open(&data).and_then(|audit| proves(&audit, &[proof.head])) {
            Ok(proved) => assert_eq!(proved, proof, "byte {at}"),
            Err(error) => assert!(error.is_fault(), "byte {at}: {error}"),
        }
        // What the store did to its files when it was opened is undone.
        std::fs::remove_dir_all(&data).expect("it is removed");
        copy(&base, &data);
    }
}

#[test]
fn projections_of_a_log_with_the_same_end_and_another_past_are_a_fault_until_they_are_folded_anew() {
    let (folder, audit, _) = restored();
    let (data, other) = (folder.path().join("data"), folder.path().join("other"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let proved = |audit: &Audit, data: &Path| {
        let scratch = tempfile::tempdir().expect("a folder for temporary files");
        runtime.block_on(prove_views(audit, data, scratch.path(), &mut quiet))
    };
    assert!(proved(&audit, &data).is_ok());
    // A message in one session and the beginning of another, the other way round.
    let mut swapped = frames(SAMPLE);
    let at = swapped.iter().position(|frame| frame.first == Position(69)).expect("it begins there");
    swapped.swap(at, at + 1);
    imported(&forge(&swapped.iter().collect::<Vec<_>>()), &other).expect("it is legal");
    let opened = Audit::open(&other).expect("it opens");
    assert!(proved(&opened, &other).is_ok());
    runtime.block_on(opened.close());

    std::fs::remove_dir_all(data.join("views")).expect("it is removed");
    copy(&other.join("views"), &data.join("views"));
    match proved(&audit, &data) {
        Err(AuditError::Fault(fault)) => assert!(fault.reason.contains("which the log gives"), "{fault}"),
        other => panic!("the tables are another log's: {other:?}"),
    }
    runtime.block_on(rebuild(&audit, &data, &mut quiet)).expect("they are folded anew");
    assert!(proved(&audit, &data).is_ok());
}

#[test]
fn what_the_disk_does_not_give_is_no_fault_of_the_log() {
    let (_folder, audit, _) = restored();
    let (log, runtime) = (Arc::clone(&audit.log), tokio::runtime::Runtime::new().expect("a runtime"));
    let mut closing = |_| {
        runtime.block_on(log.close());
        true
    };
    let failed = verify(&audit, Position(1), None, &[], &mut closing).expect_err("it cannot be read");
    assert!(matches!(failed, AuditError::Failed(_)) && !failed.is_fault(), "{failed}");
    assert!(failed.to_string().starts_with("position 1: "), "{failed}");
}
