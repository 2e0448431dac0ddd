//! Tokens: issued, listed and revoked by administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{Reply, Shared};
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::extract::{Body, Path};
use crate::host::json::page::PageJson;
use crate::host::json::token::{IssuedTokenJson, NewTokenJson, TokenJson};
use crate::host::problem::{Problem, Sentence};
use crate::host::tokens::{NewToken, TokenError, Tokens};

/// Issues a token; it is shown this once. A repetition issues another.
#[utoipa::path(post, path = "/api/tokens", tag = "tokens", request_body = NewTokenJson,
    responses((status = 201, body = IssuedTokenJson)))]
pub async fn issue(
    State(host): Shared,
    actor: Actor,
    Body(new): Body<NewTokenJson>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<IssuedTokenJson>), Problem> {
    actor.administrator()?;
    let expires = new.expires_at.map(|time| time.0);
    let new = NewToken { principal: new.principal.into_principal(), expires };
    let (token, text) = blocking(host, move |tokens| tokens.issue(new)).await?;
    let location = [(LOCATION, format!("/api/tokens/{}", token.id))];
    Ok((StatusCode::CREATED, location, Json(IssuedTokenJson { id: token.id, token: text })))
}

/// Lists the tokens, without their secrets.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", responses((status = 200, body = PageJson<TokenJson>)))]
pub async fn list(State(host): Shared, actor: Actor) -> Reply<PageJson<TokenJson>> {
    actor.administrator()?;
    Ok(Json(PageJson::whole(host.tokens.all().into_iter().map(TokenJson::from).collect())))
}

/// What became of a token.
#[derive(Serialize, ToSchema)]
pub struct RevokedJson {
    /// The token that opens no more.
    revoked: Uuid,
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/tokens/{token}", tag = "tokens", params(("token" = Uuid, Path)),
    responses((status = 200, body = RevokedJson)))]
pub async fn revoke(State(host): Shared, actor: Actor, Path(token): Path<Uuid>) -> Reply<RevokedJson> {
    actor.administrator()?;
    if blocking(host, move |tokens| tokens.revoke(token)).await? {
        return Ok(Json(RevokedJson { revoked: token }));
    }
    let detail = Sentence::new("Такого токена нет", "there is no such token");
    Err(Problem::new(StatusCode::NOT_FOUND, "TokenNotFound", detail).with("token", token.to_string()))
}

/// Changes tokens where waiting for the disk holds up nobody; runs to its end also when the asker leaves.
async fn blocking<T: Send + 'static>(
    host: Arc<Host>,
    change: impl FnOnce(&Tokens) -> Result<T, TokenError> + Send + 'static,
) -> Result<T, Problem> {
    let failed = |reason: String| {
        tracing::error!(reason, "the tokens could not be changed");
        let detail = Sentence::new("Токены сейчас не меняются", "the tokens cannot be changed now");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Unavailable", detail)
    };
    match tokio::task::spawn_blocking(move || change(&host.tokens)).await {
        Ok(Ok(changed)) => Ok(changed),
        Ok(Err(TokenError::TooMany)) => {
            let detail = Sentence::new("Токенов слишком много, отзовите лишние", "there are too many tokens");
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "TooManyTokens", detail))
        }
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}
