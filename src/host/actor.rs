//! Who asks, and by which command id: the two headers that every command has.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION};
use switchboard::Caller;
use switchboard::domain::id::{CommandId, OperatorId, Principal};
use switchboard::domain::rejection::Rejection;
use uuid::Uuid;

use super::problem::{Problem, Sentence};
use super::tokens::{Denied, Token};
use super::{Host, cookie, derive};

/// The header whose value makes a request repeatable.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest key that is not an id.
const KEY_BYTES_MAX: usize = 200;

/// Who asks, as the token says.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// By which token.
    pub token: Uuid,
}

impl Actor {
    /// Requires an operator.
    ///
    /// # Errors
    ///
    /// `PrincipalNotAllowed`.
    pub fn operator(&self) -> Result<OperatorId, Problem> {
        match self.principal {
            Principal::Operator(operator) => Ok(operator),
            Principal::Channel(_) | Principal::Process(_) | Principal::Administrator(_) => {
                Err(Rejection::PrincipalNotAllowed.into())
            }
        }
    }

    /// Requires an administrator.
    ///
    /// # Errors
    ///
    /// `AdministratorsOnly`.
    pub fn administrator(&self) -> Result<(), Problem> {
        match self.principal {
            Principal::Administrator(_) => Ok(()),
            Principal::Operator(_) | Principal::Channel(_) | Principal::Process(_) => {
                Err(Rejection::AdministratorsOnly.into())
            }
        }
    }

    /// Requires a person: an operator or an administrator.
    ///
    /// # Errors
    ///
    /// `PrincipalNotAllowed`.
    pub fn person(&self) -> Result<(), Problem> {
        match self.principal {
            Principal::Operator(_) | Principal::Administrator(_) => Ok(()),
            Principal::Channel(_) | Principal::Process(_) => Err(Rejection::PrincipalNotAllowed.into()),
        }
    }
}

impl FromRequestParts<Arc<Host>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Actor, Problem> {
        let token = who(host, &parts.method, &parts.headers)?;
        Ok(Actor { principal: token.principal, token: token.id })
    }
}

/// Why nobody that is known asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// There is no token.
    NoToken,
    /// A change by a cookie comes from another page than ours.
    ForeignOrigin,
    /// The token does not open.
    Denied(Denied),
}

impl From<Stranger> for Problem {
    fn from(stranger: Stranger) -> Problem {
        let (status, code, ru, en) = match stranger {
            Stranger::NoToken => (
                StatusCode::UNAUTHORIZED,
                "TokenMissing",
                "Нужен токен: Authorization: Bearer …",
                "a bearer token is needed",
            ),
            Stranger::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "ForeignOrigin",
                "С токеном из cookie изменения принимаются только со страниц этого сервера",
                "with the token of a cookie, changes are taken from this server's own pages alone",
            ),
            Stranger::Denied(Denied::Unknown) => {
                (StatusCode::UNAUTHORIZED, "TokenUnknown", "Такого токена нет", "there is no such token")
            }
            Stranger::Denied(Denied::Expired) => {
                (StatusCode::UNAUTHORIZED, "TokenExpired", "Срок токена истёк", "the token has expired")
            }
        };
        Problem::new(status, code, Sentence::new(ru, en))
    }
}

/// The token by which a request is made.
///
/// # Errors
///
/// [`Stranger`] where there is none that opens.
pub fn who(host: &Host, method: &Method, headers: &HeaderMap) -> Result<Token, Stranger> {
    host.tokens.check(given(method, headers)?).map_err(Stranger::Denied)
}

/// The text that a request brings as its token: in its header, or else in the cookie of a browser.
///
/// # Errors
///
/// [`Stranger`] where there is none that counts.
pub fn given<'a>(method: &Method, headers: &'a HeaderMap) -> Result<&'a str, Stranger> {
    if let Some(text) = bearer(headers) {
        return Ok(text);
    }
    let text = cookie::token(headers).ok_or(Stranger::NoToken)?;
    if cookie::may_change(method, headers) { Ok(text) } else { Err(Stranger::ForeignOrigin) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who asks for a change, by the command id that the idempotency key gives.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The caller for the engine.
    pub caller: Caller,
}

impl Asker {
    /// The command's id, from which what it creates takes its own.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.caller.command.0
    }
}

impl FromRequestParts<Arc<Host>> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Asker, Problem> {
        let Actor { principal, token: _ } = Actor::from_request_parts(parts, host).await?;
        let command = command_id(&principal, &parts.headers)?;
        Ok(Asker { caller: Caller::with_id(principal, command) })
    }
}

/// The command's id: the key itself, or what follows from it and from who asks, or a fresh one.
fn command_id(principal: &Principal, headers: &HeaderMap) -> Result<CommandId, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(CommandId(Uuid::now_v7())) };
    let key = key.to_str().ok().filter(|key| is_key(key) && keys.next().is_none()).ok_or_else(|| {
        let detail = Sentence::new(
            "Idempotency-Key — один: UUID или 1–200 видимых знаков ASCII",
            "there is one Idempotency-Key: a UUID, or 1 to 200 visible ASCII characters",
        );
        Problem::new(StatusCode::BAD_REQUEST, "BadIdempotencyKey", detail).with("max", KEY_BYTES_MAX)
    })?;
    if let Ok(id) = Uuid::try_parse(key) {
        return Ok(CommandId(id));
    }
    let (kind, who) = match principal {
        Principal::Operator(operator) => ("operator", operator.to_string()),
        Principal::Channel(channel) => ("channel", channel.to_string()),
        Principal::Process(process) => ("process", process.to_string()),
        Principal::Administrator(administrator) => ("administrator", administrator.to_string()),
    };
    Ok(CommandId(derive::uuid_of(&["idempotency-key", kind, &who, key])))
}

fn is_key(key: &str) -> bool {
    (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}
