//! `audit what-if`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use switchboard::audit::{self, Audit, AuditError, Difference, Policies};
use switchboard::domain::id::{ChannelId, LineId};
use switchboard::domain::rejection::Lang;
use switchboard::log::Position;
use uuid::Uuid;

use super::progress::Watch;
use super::verify::rfc3339;
use super::{Until, print, say};
use crate::host::json::past::DifferenceJson;
use crate::host::json::policy::{PolicyJson, RulesJson};
use crate::host::json::time::Time;

/// Which rules to try on which creations.
#[derive(Args)]
pub struct WhatIf {
    /// A file with the rules to try: {"channels": {ID: rules as of the API}, "lines": {ID: rules}}.
    #[arg(long)]
    rules: PathBuf,
    /// The first position.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Prints JSON Lines, a difference each and the sum last.
    #[arg(long)]
    json: bool,
    /// Of this line alone.
    #[arg(long)]
    line: Option<Uuid>,
    #[command(flatten)]
    until: Until,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    channels: BTreeMap<Uuid, PolicyJson>,
    #[serde(default)]
    lines: BTreeMap<Uuid, RulesJson>,
}

impl WhatIf {
    /// Prints the differences, and how many there are.
    pub async fn run(self, data: &Path, watch: &Watch) -> Result<(), AuditError> {
        let policies = Policies { of: self.line.map(LineId), ..read(&self.rules)? };
        let opened = Audit::open(data)?;
        let range = (Position(self.from), self.until.position(&opened).await?);
        let mut failed = Ok(());
        let mut told = |difference: Difference| {
            if failed.is_ok() {
                failed = match self.json {
                    true => print(&DifferenceJson::of(&difference, Lang::En)),
                    false => say(&as_text(&difference)),
                };
            }
        };
        let mut report = |progress| watch.report(progress);
        let sum = audit::what_if(opened.log(), range, &policies, &mut report, &mut told).await?;
        failed?;
        if self.json {
            return say(&json!({
                "creations": sum.creations, "refused": sum.refused, "reasons": sum.reasons,
            }));
        }
        let creations = if sum.creations == 1 { "creation" } else { "creations" };
        say(&format_args!("{} of {} {creations} would have been refused", sum.refused, sum.creations))?;
        sum.reasons.iter().try_for_each(|(code, count)| say(&format_args!("{count:>8}  {code}")))
    }
}

fn read(path: &Path) -> Result<Policies, AuditError> {
    let failed = |error: &dyn std::fmt::Display| AuditError::Failed(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let file: RulesFile = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    Ok(Policies {
        channels: file.channels.into_iter().map(|(id, rules)| (ChannelId(id), rules.into())).collect(),
        lines: file.lines.into_iter().map(|(id, rules)| (LineId(id), rules.into())).collect(),
        of: None,
    })
}

fn as_text(difference: &Difference) -> String {
    let refusals: Vec<String> = difference
        .refusals
        .iter()
        .map(|refusal| format!("{}: {}", refusal.code(), refusal.sentence(Lang::En)))
        .collect();
    let (position, time) = (difference.position.0, rfc3339(Time(difference.time)));
    format!("{position:>8}  {time}  session {}  {}", difference.session, refusals.join("; "))
}
