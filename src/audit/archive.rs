//! Archives: a whole log up to a position in one file, from which it is restored byte by byte.
//!
//! Holds one frame at a time. `docs/format.md` draws every byte.
//!
//! ```text
//!   "sArc" format | header of the log | frame frame frame … | "sEnd" frames, last position, hash, CRC
//! ```

use std::fs;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::walk::Walk;
use super::{Audit, AuditError, Fault, Head, Progress, Proof, Report, verify};
use crate::log::embedded::raw::{Importer, RawHeader};
use crate::log::frame::{self, Frame};
use crate::log::{Position, embedded};

const MAGIC: &[u8; 4] = b"sArc";
const FORMAT: u32 = 1;
const END: &[u8; 4] = b"sEnd";

/// The header of a log in format 1.
const LOG_HEADER_BYTES: usize = 36;

/// The trailer: magic, frames, last position, hash, CRC.
const TRAILER_BYTES: usize = 4 + 8 + 8 + 32 + 4;

/// Frames between two reports of progress.
const REPORT_FRAMES: u64 = 256;

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The log up to its last frame.
    pub head: Head,
    /// How many frames there are.
    pub frames: u64,
    /// How many bytes the archive has.
    pub bytes: u64,
}

/// Writes a log up to the frame that holds a position; a running engine may go on meanwhile.
///
/// # Errors
///
/// `Fault` with the first thing that does not fit; `Stopped` where `report` says so; `Failed` when it
/// could not be written. What was written then has no end, and is refused by [`import`].
pub fn archive(
    audit: &Audit,
    to: Option<Position>,
    out: &mut dyn Write,
    report: Report<'_>,
) -> Result<Archived, AuditError> {
    let failed = |error: io::Error| AuditError::Failed(format!("the archive could not be written: {error}"));
    let to = audit.range(Position(1), to)?;
    let header = audit.log.raw_header()?;
    let mut head = Head { position: Position::START, hash: header.hash };
    let mut begin = MAGIC.to_vec();
    begin.extend_from_slice(&FORMAT.to_le_bytes());
    begin.extend_from_slice(&header.bytes);
    out.write_all(&begin).map_err(failed)?;
    let (mut frames, mut bytes) = (0, begin.len() as u64);
    let mut walk = Walk::new(audit, "archive", Position(1), to)?;
    while let Some((frame, hash)) = walk.step(report)? {
        out.write_all(frame.bytes()).map_err(failed)?;
        (frames, bytes) = (frames + 1, bytes + frame.bytes().len() as u64);
        head = Head { position: frame.last, hash };
    }
    out.write_all(&trailer(frames, head)).and_then(|()| out.flush()).map_err(failed)?;
    Ok(Archived { head, frames, bytes: bytes + TRAILER_BYTES as u64 })
}

fn trailer(frames: u64, head: Head) -> Vec<u8> {
    let mut bytes = END.to_vec();
    bytes.extend_from_slice(&frames.to_le_bytes());
    bytes.extend_from_slice(&head.position.0.to_le_bytes());
    bytes.extend_from_slice(&head.hash);
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Restores a log from an archive into a folder where nothing is, and proves it; blocks.
///
/// The folder gets its name when everything was found right and is on the disk, and not before.
///
/// # Errors
///
/// `Exists` when something is there; `Archive` when the archive is not whole; `Fault` when the log in it
/// is wrong; `Stopped` where `report` says so. Nothing is left behind.
pub fn import(from: &mut dyn Read, folder: &Path, report: Report<'_>) -> Result<Proof, AuditError> {
    let nothing = fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none());
    if !nothing {
        return Err(AuditError::Exists { path: folder.to_path_buf() });
    }
    let unfinished = Unfinished::create(folder)?;
    let head = copy(&mut Archive::open(from)?, &unfinished.path, report)?;
    let proof = {
        let audit = Audit::open(&unfinished.path)?;
        verify(&audit, Position(1), None, &[head], report)?
    };
    unfinished.finish(folder)?;
    Ok(proof)
}

fn copy(archive: &mut Archive<'_>, folder: &Path, report: Report<'_>) -> Result<Head, AuditError> {
    let failed = |error: embedded::OpenError| AuditError::Failed(error.to_string());
    let mut head = Head { position: Position::START, hash: archive.header.hash };
    let mut importer = Importer::begin(folder, &archive.header).map_err(failed)?;
    let mut frames = 0_u64;
    loop {
        match archive.next(head)? {
            Item::Frame(frame) => {
                head = Head { position: frame.last, hash: frame.hash() };
                importer.add(frame).map_err(failed)?;
                frames += 1;
                let progress = Progress { work: "import", at: head.position, end: head.position };
                if frames.is_multiple_of(REPORT_FRAMES) && !report(progress) {
                    return Err(AuditError::Stopped { at: head.position });
                }
            }
            Item::End(end) => {
                if end != trailer(frames, head) {
                    let reason = format!("its end is not that of {frames} frames up to {head}");
                    return Err(AuditError::Archive(reason));
                }
                importer.finish().map_err(failed)?;
                return Ok(head);
            }
        }
    }
}

/// An archive that is being read.
struct Archive<'a> {
    from: BufReader<&'a mut dyn Read>,
    header: RawHeader,
}

enum Item {
    Frame(Frame),
    End(Vec<u8>),
}

impl<'a> Archive<'a> {
    fn open(from: &'a mut dyn Read) -> Result<Archive<'a>, AuditError> {
        let mut from = BufReader::new(from);
        let begin = take(&mut from, 8)?;
        if begin[..4] != *MAGIC {
            return Err(AuditError::Archive("it does not begin as an archive of a log".to_owned()));
        }
        if begin[4..] != FORMAT.to_le_bytes() {
            let found = u32::from_le_bytes([begin[4], begin[5], begin[6], begin[7]]);
            return Err(AuditError::Archive(format!(
                "it has format {found}, and this version reads {FORMAT}"
            )));
        }
        let header = RawHeader::check(take(&mut from, LOG_HEADER_BYTES)?.into())
            .map_err(|error| AuditError::Archive(error.to_string()))?;
        Ok(Archive { from, header })
    }

    /// The next frame, chained to `head`, or the end.
    fn next(&mut self, head: Head) -> Result<Item, AuditError> {
        let first = head.position.next();
        let mut bytes = take(&mut self.from, 4)?;
        if bytes == *END {
            bytes.extend(take(&mut self.from, TRAILER_BYTES - 4)?);
            let mut rest = [0];
            return match self.from.read(&mut rest).map_err(unreadable)? {
                0 => Ok(Item::End(bytes)),
                _ => Err(AuditError::Archive("something stands behind its end".to_owned())),
            };
        }
        let fault = |reason: String, bytes: &[u8]| Fault::at(first, reason).showing(Some(bytes));
        bytes.extend(take(&mut self.from, frame::HEADER_BYTES - 4)?);
        let (_, _, whole) = frame::extent(&bytes).map_err(|error| fault(error.to_string(), &bytes))?;
        bytes.extend(take(&mut self.from, whole - frame::HEADER_BYTES)?);
        let bytes = Bytes::from(bytes);
        let frame = Frame::check(first, bytes.clone()).map_err(|error| fault(error.to_string(), &bytes))?;
        if frame.previous() != head.hash {
            return Err(fault("it is not chained to the frame before it".to_owned(), &bytes).into());
        }
        Ok(Item::Frame(frame))
    }
}

fn take(from: &mut impl Read, count: usize) -> Result<Vec<u8>, AuditError> {
    let mut bytes = vec![0; count];
    match from.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let reason = "it has no end: its writing was cut off; export again";
            Err(AuditError::Archive(reason.to_owned()))
        }
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: io::Error) -> AuditError {
    AuditError::Failed(format!("the archive could not be read: {error}"))
}

/// A folder that is removed unless it is finished.
struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    fn create(folder: &Path) -> Result<Unfinished, AuditError> {
        let Some(name) = folder.file_name() else {
            let asked = format!("{} has no name of its own: name a folder to be made", folder.display());
            return Err(AuditError::Asked(asked));
        };
        let mut name = name.to_owned();
        name.push(".importing");
        let path = folder.with_file_name(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            // What customers wrote is nobody's but the owner's.
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        match builder.create(&path) {
            Ok(()) => Ok(Unfinished { path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(AuditError::Exists { path }),
            Err(error) => Err(AuditError::io(&path)(error)),
        }
    }

    fn finish(self, folder: &Path) -> Result<(), AuditError> {
        fs::rename(&self.path, folder).map_err(AuditError::io(folder))?;
        let above = match folder.parent() {
            Some(above) if !above.as_os_str().is_empty() => above,
            _ => Path::new("."),
        };
        fs::File::open(above).and_then(|above| above.sync_all()).map_err(AuditError::io(above))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After finishing there is nothing to remove; what cannot be removed refuses the next import.
        let _ = fs::remove_dir_all(&self.path);
    }
}
