//! Problems: every answer that is no success, as RFC 9457 writes them.
//!
//! A problem is made where it is noticed and written, in the language of its reader, by
//! [`localise`]. Must not name anything of a request's content but the facts of a refusal.

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use switchboard::domain::rejection::{Lang, Rejection};
use switchboard::engine::SearchError;
use switchboard::projection::{ProjectionError, QueryError};
use switchboard::{CommandError, Outcome};

use super::language;

mod facts;
mod status;
mod words;

pub use facts::facts;

/// Seconds after which a busy host may be asked again: a burst is over by then.
const RETRY_AFTER_SECONDS: u64 = 1;

/// A sentence in both languages.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Russian.
    pub ru: String,
    /// English.
    pub en: String,
}

impl Sentence {
    /// A sentence in both languages.
    #[must_use]
    pub fn new(ru: impl Into<String>, en: impl Into<String>) -> Sentence {
        Sentence { ru: ru.into(), en: en.into() }
    }

    fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ru => &self.ru,
            Lang::En => &self.en,
        }
    }
}

/// Why a request has no success. It changed nothing, unless `outcome` says that this is not known.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: StatusCode,
    code: &'static str,
    detail: Sentence,
    hint: Option<Sentence>,
    facts: Map<String, Value>,
    outcome: Outcome,
    /// Seconds after which the same may be asked again.
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem that left nothing behind.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: Sentence) -> Problem {
        let (hint, facts, outcome) = (None, Map::new(), Outcome::NotWritten);
        let retry_after = (code == "Busy").then_some(RETRY_AFTER_SECONDS);
        Problem(Box::new(Details { status, code, detail, hint, facts, outcome, retry_after }))
    }

    /// The same with a fact.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Value>) -> Problem {
        self.0.facts.insert(name.to_owned(), fact.into());
        self
    }

    /// The same with seconds after which it may be asked again.
    #[must_use]
    pub fn after(mut self, seconds: u64) -> Problem {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The problem as JSON.
    #[must_use]
    pub fn json(&self, lang: Lang) -> Value {
        let outcome = match self.0.outcome {
            Outcome::NotWritten => "not-written",
            Outcome::Unknown => "unknown",
        };
        json!({
            "type": format!("urn:switchboard:{}", self.0.code),
            "title": words::title(self.0.code),
            "status": self.0.status.as_u16(),
            "detail": self.0.detail.in_lang(lang),
            "code": self.0.code,
            "facts": self.0.facts,
            "hint": self.0.hint.as_ref().map(|hint| hint.in_lang(lang)),
            "outcome": outcome,
        })
    }

    fn response(&self, lang: Lang) -> Response {
        let mut response = (self.0.status, self.json(lang).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(axum::http::header::CONTENT_LANGUAGE, HeaderValue::from_static(tag(lang)));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            let challenge = match self.0.code {
                "TokenMissing" => "Bearer realm=\"switchboard\"",
                _ => "Bearer realm=\"switchboard\", error=\"invalid_token\"",
            };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Ru => "ru",
        Lang::En => "en",
    }
}

/// A problem on its way out waits for [`localise`].
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.response(Lang::En);
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes problems in the language that the request prefers.
pub async fn localise(request: Request, next: Next) -> Response {
    let lang = language::preferred(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) if lang != Lang::En => problem.response(lang),
        Some(_) | None => response,
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        let both = |ru: Option<String>, en: Option<String>| Some(Sentence::new(ru?, en?));
        Problem(Box::new(Details {
            status: status::of(&rejection),
            code: rejection.code(),
            detail: Sentence::new(rejection.sentence(Lang::Ru), rejection.sentence(Lang::En)),
            hint: both(rejection.hint(Lang::Ru), rejection.hint(Lang::En)),
            facts: facts(&rejection),
            outcome: Outcome::NotWritten,
            retry_after: None,
        }))
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Problem {
        let (code, outcome) = (error.code(), error.outcome());
        let detail = words::of(&error);
        let status = match error {
            CommandError::Rejected(rejection) => return Problem::from(*rejection),
            CommandError::CommandIdReused(command) => {
                return Problem::new(StatusCode::CONFLICT, code, detail).with("command", command.to_string());
            }
            CommandError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
            CommandError::Unavailable(ref reason) => {
                tracing::error!(reason, "unavailable");
                StatusCode::SERVICE_UNAVAILABLE
            }
            CommandError::Unreadable(ref reason) | CommandError::Unknown(ref reason) => {
                tracing::error!(code, reason, "a command failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let mut problem = Problem::new(status, code, detail);
        problem.0.outcome = outcome;
        problem
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Problem {
        match error {
            QueryError::ForeignCursor => {
                let detail = Sentence::new("Курсор от другого списка", "the cursor is of another list");
                Problem::new(StatusCode::BAD_REQUEST, "BadCursor", detail)
            }
            QueryError::TooWide { parts_max } => {
                let ru = format!("В списке больше {parts_max} частей, укажите линию");
                let en = format!("the list has more than {parts_max} parts, name a line");
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "TooWide", Sentence::new(ru, en))
                    .with("max", parts_max)
            }
            QueryError::Unavailable(error) => error.into(),
        }
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Problem {
        match error {
            SearchError::BadCursor(_) => QueryError::ForeignCursor.into(),
            SearchError::Failed(error) => error.into(),
        }
    }
}

impl From<ProjectionError> for Problem {
    fn from(error: ProjectionError) -> Problem {
        tracing::error!(%error, "the projections do not answer");
        let detail = Sentence::new("Списки сейчас недоступны", "the lists are not available now");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", detail)
    }
}
