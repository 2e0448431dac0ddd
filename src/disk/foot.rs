//! What a file that is written once says of itself at its end.
//!
//! ```text
//!   … | meta | mark, 8 | length of meta, u64 | CRC-32 of meta, u32
//! ```

use std::fs::File;
use std::io;

use super::bytes::Reader;
use super::read_at;

const CRC_BYTES: usize = 4;

/// The first eight bytes of a foot: the kind of the file, and the version of its form.
pub(super) type Mark = [u8; 8];

const FOOT_BYTES: usize = size_of::<Mark>() + size_of::<u64>() + CRC_BYTES;

/// What stands at the end of a file.
#[derive(Debug)]
pub(super) struct Meta {
    pub(super) bytes: Vec<u8>,
    /// Where it begins, which is where what it describes ends.
    pub(super) at: u64,
}

/// Adds the foot to a meta.
pub(super) fn put(mark: Mark, mut meta: Vec<u8>) -> Vec<u8> {
    let (length, crc) = (meta.len() as u64, crc32fast::hash(&meta));
    meta.extend_from_slice(&mark);
    meta.extend_from_slice(&length.to_le_bytes());
    meta.extend_from_slice(&crc.to_le_bytes());
    meta
}

/// Reads what [`put`] wrote at the end of a file; the inner error says what is wrong with it.
pub(super) fn read(file: &File, mark: Mark) -> io::Result<Result<Meta, &'static str>> {
    let length = file.metadata()?.len();
    let Some(foot_at) = length.checked_sub(FOOT_BYTES as u64) else { return Ok(Err("it has no foot")) };
    let mut foot = [0; FOOT_BYTES];
    read_at(file, &mut foot, foot_at)?;
    let mut reader = Reader::new(&foot);
    let (Ok(found), Ok(meta), Ok(crc)) = (reader.array(""), reader.array(""), reader.array("")) else {
        return Ok(Err("it has no foot"));
    };
    if found != mark {
        return Ok(Err("its foot is of no form that is known"));
    }
    let Some(at) = foot_at.checked_sub(u64::from_le_bytes(meta)) else {
        return Ok(Err("its foot is of another file"));
    };
    let mut bytes = vec![0; (foot_at - at) as usize];
    read_at(file, &mut bytes, at)?;
    if crc32fast::hash(&bytes).to_le_bytes() != crc {
        return Ok(Err("its meta was changed"));
    }
    Ok(Ok(Meta { bytes, at }))
}
