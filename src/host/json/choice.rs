//! The dry run: what may be chosen in the dialog, and why not the rest.

use serde::Serialize;
use serde_json::{Map, Value};
use switchboard::domain::rejection::{Lang, Rejection};
use switchboard::engine::{Choice, LineChoice};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::host::problem::facts;

/// A reason why something cannot be chosen.
#[derive(Serialize, ToSchema)]
pub struct RefusalJson {
    /// The stable code.
    pub code: &'static str,
    /// The sentence for people.
    pub detail: String,
    /// What would make it legal, where there is something.
    pub hint: Option<String>,
    /// The facts.
    #[schema(value_type = Object)]
    pub facts: Map<String, Value>,
}

impl RefusalJson {
    /// Refusals in a language, in the order of the rules.
    #[must_use]
    pub fn all(refusals: &[Rejection], lang: Lang) -> Vec<RefusalJson> {
        let of = |refusal: &Rejection| RefusalJson {
            code: refusal.code(),
            detail: refusal.sentence(lang),
            hint: refusal.hint(lang),
            facts: facts(refusal),
        };
        refusals.iter().map(of).collect()
    }
}

/// Whether a session would be created.
#[derive(Serialize, ToSchema)]
pub struct VerdictJson {
    /// Whether nothing refuses it.
    pub allowed: bool,
    /// What refuses it, in the order of the rules; the first is what the command would answer.
    pub refusals: Vec<RefusalJson>,
}

/// A line in the dialog.
#[derive(Serialize, ToSchema)]
pub struct LineChoiceJson {
    /// The line.
    pub line: Uuid,
    /// Its title.
    pub title: String,
    /// Why it cannot be chosen; empty when it can.
    pub refusals: Vec<RefusalJson>,
}

impl LineChoiceJson {
    /// A line in a language.
    #[must_use]
    pub fn of(choice: LineChoice, lang: Lang) -> LineChoiceJson {
        let refusals = RefusalJson::all(&choice.refusals, lang);
        LineChoiceJson { line: choice.line.0, title: choice.title, refusals }
    }
}

/// An address of a contact on a channel, in the dialog.
#[derive(Serialize, ToSchema)]
pub struct ChoiceJson {
    /// The contact's field.
    pub field: String,
    /// Its type: `account`, `email` or `text`.
    pub field_type: &'static str,
    /// The address, as the field holds it.
    pub text: String,
    /// The channel.
    pub channel: Uuid,
    /// The channel's title.
    pub channel_title: String,
    /// Whether a subject may be given.
    pub subject: bool,
    /// Why they cannot be chosen; empty when they can.
    pub refusals: Vec<RefusalJson>,
}

impl ChoiceJson {
    /// An address on a channel in a language.
    #[must_use]
    pub fn of(choice: Choice, lang: Lang) -> ChoiceJson {
        ChoiceJson {
            refusals: RefusalJson::all(&choice.refusals, lang),
            field: choice.field,
            field_type: choice.field_type.code(),
            text: choice.text,
            channel: choice.channel.0,
            channel_title: choice.channel_title,
            subject: choice.subject,
        }
    }
}
