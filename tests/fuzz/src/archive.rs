//! Archives of a log: as they are, and with the checksums and the chain that fit them.

use std::path::Path;

use switchboard::audit::{self, Audit, AuditError};
use switchboard::fuzzing;

use crate::{frame, word};

const HEADER_AT: usize = 8;
const FRAMES_AT: usize = 44;
const FRAME_HEADER_BYTES: usize = 56;

/// What is restored archives to the same bytes; what is refused leaves nothing behind.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let as_it_is = import(input);
    let Some(mended) = mended(input).filter(|mended| mended != input) else { return as_it_is };
    format!("{as_it_is}; mended: {}", import(&mended))
}

fn import(bytes: &[u8]) -> String {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let place = place.expect("a folder for temporary files");
    let folder = place.path().join("restored");
    match audit::import(&mut &*bytes, &folder, &mut |_| true) {
        Ok(proof) => {
            let audit = Audit::open(&folder).expect("what was restored opens");
            let mut again = Vec::new();
            let archived = audit::archive(&audit, None, &mut again, &mut |_| true).expect("it archives");
            assert_eq!(archived.head, proof.head, "it has another head");
            assert!(again == bytes, "what was restored archives to other bytes");
            format!("restored: {} frames", proof.frames.min(8))
        }
        Err(error) => {
            let left = place.path().read_dir().expect("it is a folder").count();
            assert_eq!(left, 0, "{error}: something is left behind");
            assert!(error.is_fault(), "{error}: the archive is wrong, and something else is blamed");
            match error {
                AuditError::Fault(fault) => word(&fault.reason),
                other => word(&other.to_string()),
            }
        }
    }
}

/// The same with checksums, positions and a chain that fit: else one changed byte would be the end of it.
fn mended(input: &[u8]) -> Option<Vec<u8>> {
    let mut rest = input.get(FRAMES_AT..)?;
    let mut bytes = input[..FRAMES_AT].to_vec();
    bytes[..HEADER_AT].copy_from_slice(b"sArc\x01\0\0\0");
    let header = &mut bytes[HEADER_AT..];
    header[..8].copy_from_slice(b"sLog\x01\0\0\0");
    let crc = crc32fast::hash(&header[..32]);
    header[32..].copy_from_slice(&crc.to_le_bytes());
    let mut hash = *blake3::hash(header).as_bytes();
    let (mut next, mut frames) = (1_u64, 0_u64);
    while rest.len() > FRAME_HEADER_BYTES && !rest.starts_with(b"sEnd") {
        let Some((_, length)) = fuzzing::frame_extent(rest) else { break };
        let (own, after) = rest.split_at_checked(length)?;
        let mut own = own.to_vec();
        own[8..16].copy_from_slice(&next.to_le_bytes());
        own[20..52].copy_from_slice(&hash);
        frame::check(&mut own);
        hash = *blake3::hash(&own).as_bytes();
        next += own[4..8].try_into().map(u32::from_le_bytes).map(u64::from).ok()?;
        (frames, rest) = (frames + 1, after);
        bytes.extend_from_slice(&own);
    }
    let mut end = b"sEnd".to_vec();
    end.extend_from_slice(&frames.to_le_bytes());
    end.extend_from_slice(&(next - 1).to_le_bytes());
    end.extend_from_slice(&hash);
    let crc = crc32fast::hash(&end);
    end.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(&end);
    Some(bytes)
}
