//! Signing in from a browser: the token of the header as a cookie that no script reads.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderName;
use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::AppendHeaders;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::answer::Shared;
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

/// An answer with cookies.
type WithCookies<T> = (AppendHeaders<Vec<(HeaderName, String)>>, Json<T>);

fn cookies(all: Vec<String>) -> AppendHeaders<Vec<(HeaderName, String)>> {
    AppendHeaders(all.into_iter().map(|cookie| (SET_COOKIE, cookie)).collect())
}

/// Signs a browser in: sets a cookie with the token, and tells who asks. The cookie of a channel or a
/// process is sent to the paths of its own alone, beside that of a person.
#[utoipa::path(post, path = "/api/sign-in", tag = "tokens", responses((status = 200, body = MeJson)))]
pub async fn sign_in(State(host): Shared, given: Given) -> Result<WithCookies<MeJson>, Problem> {
    let Given { actor, text } = given;
    let expires = host.tokens.all().into_iter().find(|token| token.id == actor.token);
    let expires = expires.and_then(|token| token.expires);
    let set = cookie::open(&actor.principal, &text, expires, tokens::now(), host.secure);
    Ok((cookies(set), workspace::me(State(host), actor).await?))
}

/// What became of the cookies of a browser.
#[derive(Serialize, ToSchema)]
pub struct SignedOutJson {
    /// How many identities the browser gave back: its person, and the channels and processes beside it.
    signed_out: usize,
}

/// Signs a browser out: takes back the cookie of its person and those of the channels and processes that
/// it acts as. The tokens themselves stay. It asks nothing but the request: it succeeds also while nothing
/// can be read, and for a token that ended.
#[utoipa::path(delete, path = "/api/sign-in", tag = "tokens", responses((status = 200, body = SignedOutJson)))]
pub async fn sign_out(State(host): Shared, parts: Parts) -> Result<WithCookies<SignedOutJson>, Problem> {
    let beside = cookie::beside(&parts.headers);
    let given = || actor::given(&parts.method, &parts.headers);
    if parts.headers.contains_key(AUTHORIZATION) {
        // What a header brings has to open: a mistyped token is told as such.
        actor::who(&host, &parts.method, &parts.headers)?;
    } else if beside.is_empty() || !cookie::may_change(&parts.method, &parts.headers) {
        given()?;
    }
    let signed_out = usize::from(cookie::token(&parts.headers).is_some()) + beside.len();
    let mut taken_back = vec![cookie::close_person(host.secure)];
    taken_back.extend(beside.iter().flat_map(|principal| cookie::close(principal, host.secure)));
    Ok((cookies(taken_back), Json(SignedOutJson { signed_out })))
}
