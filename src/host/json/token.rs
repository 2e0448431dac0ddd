//! Tokens, without their secrets but at issue.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::principal::PrincipalJson;
use super::time::Time;
use crate::host::tokens::Token;

/// A token to issue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenJson {
    /// Who will ask with it.
    pub principal: PrincipalJson,
    /// When it ends; never without it.
    pub expires_at: Option<Time>,
}

/// A token that was just issued.
#[derive(Serialize, ToSchema)]
pub struct IssuedTokenJson {
    /// Its id.
    pub id: Uuid,
    /// The token itself, shown this once.
    pub token: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
pub struct TokenJson {
    /// Its id.
    pub id: Uuid,
    /// Who asks with it.
    pub principal: PrincipalJson,
    /// When it was issued.
    pub created_at: Time,
    /// When it ends; never without it.
    pub expires_at: Option<Time>,
}

impl From<Token> for TokenJson {
    fn from(token: Token) -> TokenJson {
        TokenJson {
            id: token.id,
            principal: PrincipalJson::from(&token.principal),
            created_at: Time(token.created),
            expires_at: token.expires.map(Time),
        }
    }
}
