//! Signing in from a browser: the token of the header as a cookie that no script reads.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderName;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use std::sync::Arc;

use super::answer::{Reply, Shared};
use super::workspace::{self, MeJson};
use crate::host::actor::{self, Actor};
use crate::host::problem::Problem;
use crate::host::{Host, cookie, tokens};

/// The token that a request brings, which opens.
pub struct Given {
    actor: Actor,
    text: String,
}

impl FromRequestParts<Arc<Host>> for Given {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Given, Problem> {
        let actor = Actor::from_request_parts(parts, host).await?;
        Ok(Given { actor, text: actor::given(&parts.method, &parts.headers)?.to_owned() })
    }
}

/// An answer with a cookie.
type WithCookie = ([(HeaderName, String); 1], Json<MeJson>);

/// Signs a browser in: sets a cookie with the token, and tells who asks. The cookie of a channel or a
/// process is sent to the paths of its own alone, beside that of a person.
#[utoipa::path(post, path = "/api/sign-in", tag = "tokens", responses((status = 200, body = MeJson)))]
pub async fn sign_in(State(host): Shared, given: Given) -> Result<WithCookie, Problem> {
    let Given { actor, text } = given;
    let expires = host.tokens.all().into_iter().find(|token| token.id == actor.token);
    let expires = expires.and_then(|token| token.expires);
    let cookie = cookie::open(&actor.principal, &text, expires, tokens::now(), host.secure);
    Ok(([(SET_COOKIE, cookie)], me(host, actor).await?))
}

/// Signs a browser out: takes the cookie back. The token itself stays.
#[utoipa::path(delete, path = "/api/sign-in", tag = "tokens", responses((status = 200, body = MeJson)))]
pub async fn sign_out(State(host): Shared, actor: Actor) -> Result<WithCookie, Problem> {
    let cookie = cookie::close(&actor.principal, host.secure);
    Ok(([(SET_COOKIE, cookie)], me(host, actor).await?))
}

async fn me(host: Arc<Host>, actor: Actor) -> Reply<MeJson> {
    workspace::me(State(host), actor).await
}
