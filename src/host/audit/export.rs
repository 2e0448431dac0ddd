//! `audit export` and `audit import`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use switchboard::audit::{self, Audit, AuditError, ExportedEvent, ExportedFrame, Exporting, Report};
use switchboard::log::Position;

use super::progress::Watch;
use super::{say, verify};
use crate::host::json::event::EventJson;
use crate::host::json::time::Time;

/// What to export.
#[derive(Args)]
pub struct Export {
    #[command(subcommand)]
    form: Form,
}

#[derive(Subcommand)]
enum Form {
    /// A line for the log, each frame, each event and the end; with everything that the hashes are of.
    Json {
        /// The first position; the whole frame that holds it is written.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// The last position; the whole frame that holds it is written.
        #[arg(long)]
        to: Option<u64>,
        /// The file to write; the standard output without it.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// One file from which `audit import` restores the log byte by byte.
    Archive {
        /// The last position; the whole frame that holds it is written.
        #[arg(long)]
        to: Option<u64>,
        /// The file to write.
        #[arg(long)]
        out: PathBuf,
    },
}

/// What to import.
#[derive(Args)]
pub struct Import {
    /// The archive.
    archive: PathBuf,
}

impl Export {
    /// Writes the log, and says where it ends.
    pub fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let opened = Audit::open(data)?;
        let mut report = |progress| watch.report(progress);
        match self.form {
            Form::Archive { to, out } => {
                let to = to.map(Position);
                let write = |file: &mut dyn Write| audit::archive(&opened, to, file, &mut report);
                let archived = into_file(&out, write)?;
                say(&format_args!("archive      {} frames, {} bytes", archived.frames, archived.bytes))?;
                say(&format_args!("head         {}", archived.head))
            }
            Form::Json { from, to, out } => {
                let range = (Position(from.max(1)), to.map(Position));
                match out {
                    Some(out) => into_file(&out, |file| json_lines(&opened, range, file, &mut report)),
                    None => json_lines(&opened, range, &mut BufWriter::new(io::stdout().lock()), &mut report),
                }
            }
        }
    }
}

/// Writes a file that gets its name when it is whole and on the disk; nothing is left of one that is
/// not, unless the process is killed, and then it has another name.
fn into_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, AuditError>,
) -> Result<T, AuditError> {
    if path.exists() {
        return Err(AuditError::Exists { path: path.to_path_buf() });
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let failed = |error: io::Error| AuditError::Failed(format!("{}: {error}", unfinished.display()));
    let mut file = BufWriter::new(owned_file(&unfinished).map_err(failed)?);
    let written = write(&mut file).and_then(|written| {
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        Ok(written)
    });
    if written.is_err() {
        // It stands under a name that says what it is, if it cannot be removed.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// A file that its owner alone reads: customers' messages stand in it.
fn owned_file(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Writes a log as JSON Lines: the log, each frame, each event, and the end.
///
/// # Errors
///
/// `Fault` with the first thing that does not fit; `Stopped` where `report` says so; `Failed` when it
/// could not be written. What was written then has no end.
pub fn json_lines(
    opened: &Audit,
    range: (Position, Option<Position>),
    out: &mut dyn Write,
    report: Report<'_>,
) -> Result<(), AuditError> {
    let failed = |error: io::Error| AuditError::Failed(format!("the export could not be written: {error}"));
    let mut exporting = Exporting::new(opened, range.0, range.1)?;
    let log = json!({
        "log": exporting.log, "created": Time(exporting.created), "header": hex(&exporting.header),
    });
    writeln!(out, "{log}").map_err(failed)?;
    let (mut frames, mut head) = (0_u64, None);
    while let Some(frame) = exporting.next(report)? {
        writeln!(out, "{}", frame_json(&frame)).map_err(failed)?;
        for event in &frame.events {
            writeln!(out, "{}", event_json(event)).map_err(failed)?;
        }
        (frames, head) = (frames + 1, Some(frame.head));
    }
    let end = json!({ "end": head.map(|head| head.to_string()), "frames": frames });
    writeln!(out, "{end}").and_then(|()| out.flush()).map_err(failed)
}

fn frame_json(frame: &ExportedFrame) -> Value {
    json!({
        "frame": frame.first.0, "last": frame.head.position.0, "previous": hex(&frame.previous),
        "crc": format!("{:08x}", frame.crc), "hash": hex(&frame.head.hash),
    })
}

/// What stands in the log under `record`, and what it says under `event`.
fn event_json(event: &ExportedEvent) -> Value {
    let record = &event.record;
    let (entry, stamp) = (&record.entry, &record.stamp);
    json!({
        "record": {
            "version": record.version.0,
            "gap": record.version.0 - record.previous.0 - 1,
            "flags": event.flags,
            "kind": entry.kind,
            "schema": entry.schema,
            "codec": entry.codec,
            "stream": hex(entry.stream.as_bytes()),
            "time": stamp.time_us,
            "command": hex(stamp.command.as_bytes()),
            "digest": hex(&stamp.digest.to_le_bytes()),
            "correlation": hex(stamp.correlation.as_bytes()),
            "causation": hex(stamp.causation.as_bytes()),
            "policy": stamp.policy_revision,
            "principal": hex(&stamp.principal),
            "payload": hex(&entry.payload),
        },
        "event": EventJson::from(&event.recorded),
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Import {
    /// Restores the log, and says what was proved of it.
    pub fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let failed = |error: io::Error| AuditError::Failed(format!("{}: {error}", self.archive.display()));
        let mut file = File::open(&self.archive).map_err(failed)?;
        let mut report = |progress| watch.report(progress);
        let proof = audit::import(&mut file, data, &mut report)?;
        verify::print(&proof, &[], &[])
    }
}
