//! What was so at a position of the log: a line's rules, what would have been refused, and what other rules
//! would have.

use std::collections::BTreeMap;

use serde::Serialize;
use switchboard::audit::Difference;
use switchboard::domain::line::Line;
use switchboard::domain::rejection::{Lang, Rejection};
use switchboard::log::Position;
use utoipa::ToSchema;
use uuid::Uuid;

use super::choice::RefusalJson;
use super::policy::{PolicyJson, RulesJson};
use super::time::Time;

/// A line's rules as they were.
#[derive(Serialize, ToSchema)]
pub struct PastRulesJson {
    /// The line.
    line: Uuid,
    /// Its title then.
    title: String,
    /// The revision of its rules.
    revision: u32,
    /// What holds for all of its channels.
    rules: RulesJson,
    /// What holds for each, by its id.
    #[schema(value_type = BTreeMap<String, PolicyJson>)]
    channels: BTreeMap<Uuid, PolicyJson>,
}

impl From<Line> for PastRulesJson {
    fn from(line: Line) -> PastRulesJson {
        let policy = |(id, policy): (Uuid, _)| (id, PolicyJson::from(policy));
        let channels = line.channels.values().map(|channel| (channel.id.0, &channel.policy));
        PastRulesJson {
            line: line.id.0,
            revision: line.revision.0,
            rules: RulesJson::from(line.rules),
            channels: channels.map(policy).collect(),
            title: line.title,
        }
    }
}

/// What would have refused a session, as of when.
#[derive(Serialize, ToSchema)]
pub struct PastRefusalsJson {
    /// The position as of which it was decided.
    position: u64,
    /// The revision that the line's rules had; `null` where there was no such line.
    rules_revision: Option<u32>,
    /// What would have refused it, in the order of the rules; none when it would have been created.
    refusals: Vec<RefusalJson>,
}

impl PastRefusalsJson {
    /// Refusals in a language, as of a position at which the line was this.
    #[must_use]
    pub fn of(at: Position, line: Option<&Line>, refusals: &[Rejection], lang: Lang) -> PastRefusalsJson {
        PastRefusalsJson {
            position: at.0,
            rules_revision: line.map(|line| line.revision.0),
            refusals: RefusalJson::all(refusals, lang),
        }
    }
}

/// A creation that other rules would have refused.
#[derive(Serialize, ToSchema)]
pub struct DifferenceJson {
    /// Where the creation stands.
    position: u64,
    /// When it was decided.
    time: Time,
    /// The session.
    session: Uuid,
    /// Its line.
    line: Uuid,
    /// Who created it.
    operator: Uuid,
    /// Why, in the order of the rules.
    refusals: Vec<RefusalJson>,
}

impl DifferenceJson {
    /// A difference in a language.
    #[must_use]
    pub fn of(difference: &Difference, lang: Lang) -> DifferenceJson {
        DifferenceJson {
            position: difference.position.0,
            time: Time(difference.time),
            session: difference.session.0,
            line: difference.line.0,
            operator: difference.operator.0,
            refusals: RefusalJson::all(&difference.refusals, lang),
        }
    }
}
