//! Sealed files: as they are, with a foot that fits them, and as they are written of the input's pieces.

use std::fs;
use std::path::{Path, PathBuf};

use switchboard::fuzzing::{self, SealedRead};

use crate::word;

const FOOT_BYTES: usize = 20;

/// About how many pieces are sealed at most.
const PIECES_MAX: usize = 256;

/// A file tells no more than it has, and what is sealed is read as it was.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let folder = folder();
    let as_it_is = read(folder.path(), input);
    let mended = mended(input).map(|mended| read(folder.path(), &mended)).unwrap_or_default();
    written(folder.path(), input);
    format!("{as_it_is}; mended: {mended}")
}

fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder for temporary files")
}

fn read(folder: &Path, bytes: &[u8]) -> String {
    let file = put(folder, bytes);
    let read = fuzzing::read_sealed(folder, &[0, 1, 2, 40, u64::from(u32::MAX), u64::MAX]);
    fs::remove_file(file).expect("nobody else has it");
    match read.as_deref() {
        Ok([file]) => {
            assert!(file.numbers.0 <= file.numbers.1, "{file:?}");
            assert!(file.bytes.len() < bytes.len(), "it has more than the file");
            assert!(file.blocks.iter().all(|block| block.len() <= file.bytes.len()), "{file:?}");
            format!("read: {} bytes of label", file.label.len())
        }
        Ok(files) => panic!("one file is read as {}", files.len()),
        Err(error) => word(error.rsplit_once(": ").map_or(error.as_str(), |(_, reason)| reason)),
    }
}

fn put(folder: &Path, bytes: &[u8]) -> PathBuf {
    let file = folder.join(format!("{:020}.sealed", 1));
    fs::write(&file, bytes).expect("a file is written");
    file
}

/// The same with the mark and the checksum of its foot: else nothing before it would be looked at.
fn mended(input: &[u8]) -> Option<Vec<u8>> {
    let foot_at = input.len().checked_sub(FOOT_BYTES)?;
    let mut bytes = input.to_vec();
    let told = input[foot_at + 8..foot_at + 16].try_into().map(u64::from_le_bytes).ok()?;
    let meta = usize::try_from(told).ok().filter(|meta| *meta <= foot_at).unwrap_or(foot_at);
    let crc = crc32fast::hash(&bytes[foot_at - meta..foot_at]);
    bytes[foot_at..foot_at + 8].copy_from_slice(b"swbsea\0\x01");
    bytes[foot_at + 8..foot_at + 16].copy_from_slice(&(meta as u64).to_le_bytes());
    bytes[foot_at + 16..].copy_from_slice(&crc.to_le_bytes());
    Some(bytes)
}

/// Seals pieces of the input, each under a number, and reads them.
fn written(folder: &Path, input: &[u8]) {
    let Some((length, bytes)) = input.split_first() else { return };
    // Each is read with the block in which it stands: few enough that this takes little.
    let pieces = bytes.chunks((1 + usize::from(*length) * 16).max(bytes.len() / PIECES_MAX));
    let items: Vec<(u64, Vec<u8>)> = (1..).step_by(3).zip(pieces.map(<[u8]>::to_vec)).collect();
    let Some((last, _)) = items.last() else { return };
    let label = &bytes[..bytes.len().min(64)];
    fuzzing::seal(folder, &items, last + 2, label).expect("it is sealed");
    let numbers: Vec<u64> = items.iter().map(|(number, _)| *number).collect();
    let read = fuzzing::read_sealed(folder, &numbers).expect("what was sealed is read");
    let [SealedRead { numbers, label: found, bytes: all, blocks }] = &read[..] else { panic!("{read:?}") };
    assert_eq!((*numbers, &found[..], &all[..]), ((1, last + 2), label, bytes));
    for ((number, item), block) in items.iter().zip(blocks) {
        assert!(block.windows(item.len()).any(|window| window == item), "{number} is not in its block");
    }
    fs::remove_file(folder.join(format!("{:020}.sealed", 1))).expect("nobody else has it");
}
