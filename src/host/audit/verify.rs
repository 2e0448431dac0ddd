//! `audit verify` and `audit rebuild`.

use std::path::Path;

use clap::{Args, ValueEnum};
use switchboard::audit::{self, Audit, AuditError, Head, Proof, ViewProof};
use switchboard::log::Position;
use switchboard::projection::ProjectionName;

use super::progress::Watch;
use super::say;
use super::scratch::Scratch;
use crate::host::json::time::Time;

/// What to verify.
#[derive(Args)]
pub struct Verify {
    /// The first position; what the facts add up to is proved only from the first.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// The last position; the end of the log without it.
    #[arg(long)]
    to: Option<u64>,
    /// A head noted before, HASH@POSITION, which the log must still have; may be given several times.
    #[arg(long, value_name = "HASH@POSITION")]
    expect: Vec<Head>,
    /// Leaves out the projections, which takes half of the time.
    #[arg(long)]
    no_projections: bool,
}

impl Verify {
    /// Proves the log and says what was proved.
    pub async fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let opened = Audit::open(data)?;
        let whole = self.from <= 1 && self.to.is_none_or(|to| Position(to) >= opened.head());
        let mut report = |progress| watch.report(progress);
        let (from, to) = (Position(self.from.max(1)), self.to.map(Position));
        let proof = audit::verify(&opened, from, to, &self.expect, &mut report)?;
        let views = if whole && !self.no_projections {
            let scratch = Scratch::in_data(data)?;
            audit::prove_views(&opened, data, scratch.path(), &mut report).await?
        } else {
            Vec::new()
        };
        opened.close().await;
        print(&proof, &views, &self.expect)
    }
}

/// Says what was proved.
pub fn print(proof: &Proof, views: &[ViewProof], expected: &[Head]) -> Result<(), AuditError> {
    say(&format_args!("log          {}, created {}", proof.log, rfc3339(Time(proof.created))))?;
    say(&format_args!("positions    {} to {}, none missing", proof.from, proof.head.position))?;
    let (frames, bytes) = (proof.frames, proof.bytes);
    say(&format_args!("frames       {frames} of {bytes} bytes, each with its checksum and chained"))?;
    match &proof.streams {
        None => say(&"transitions  not proved: they need the log from position 1")?,
        Some(streams) => {
            let events = proof.events;
            let streams_count = streams.streams;
            say(&format_args!("events       {events} in {streams_count} streams, versions without a gap"))?;
            say(&"transitions  every one can have happened")?;
            let (sessions, openings, closings) = (streams.sessions, streams.openings, streams.closings);
            say(&format_args!("sessions     {sessions}, {openings} openings and {closings} closings"))?;
            let slots = streams.slots;
            say(&format_args!("slots        {slots}, at most one open session in each at every position"))?;
        }
    }
    for view in views {
        say(&format_args!("projection   {}: {} entries, as when folded anew", view.name, view.entries))?;
    }
    for noted in expected {
        say(&format_args!("expected     {noted}"))?;
    }
    say(&format_args!("head         {}", proof.head))
}

/// A moment as people and `--until` write it.
pub fn rfc3339(time: Time) -> String {
    serde_json::to_value(time).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Which projections to rebuild.
#[derive(Args)]
pub struct Rebuild {
    /// Which; all without it.
    names: Vec<Name>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// Sessions and their lists.
    Sessions,
    /// Whose messages stand where.
    Messages,
    /// Lines, operators, apps and elements.
    Directory,
}

impl Rebuild {
    /// Folds the projections again; the others are folded beside those that are named.
    pub async fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let opened = Audit::open(data)?;
        let (head, mut report) = (opened.head(), |progress| watch.report(progress));
        let rebuilt = audit::rebuild(&opened, data, &mut report).await;
        opened.close().await;
        rebuilt?;
        let named = |name: &Name| match name {
            Name::Sessions => ProjectionName::Sessions,
            Name::Messages => ProjectionName::Messages,
            Name::Directory => ProjectionName::Directory,
        };
        let names: Vec<ProjectionName> = match self.names.as_slice() {
            [] => ProjectionName::ALL.to_vec(),
            names => names.iter().map(named).collect(),
        };
        for name in names {
            say(&format_args!("projection   {name}: folded anew up to position {head}"))?;
        }
        Ok(())
    }
}
