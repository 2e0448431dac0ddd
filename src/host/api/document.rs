//! The OpenAPI document: what the routes say of themselves, and what holds for all of them.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi, ToSchema};

use crate::host::actor::IDEMPOTENCY_KEY;
use crate::host::cookie;

/// Operations that are no commands to the engine, and so know no key: a repetition of the first
/// issues another token, and one of the others does no harm.
const KEYLESS: [&str; 8] = [
    "tokens_issue",
    "tokens_revoke",
    "tokens_sign_in",
    "tokens_sign_out",
    "workspace_rebuild",
    "choices_dry_run",
    "lines_preview_name",
    "audit_what_if",
];

/// What the document says before any route is in it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard",
        description = "Operators' sessions with customers over messengers and e-mail."
    ),
    paths(openapi),
    components(schemas(ProblemJson)),
    security(("token" = []), ("cookie" = []))
)]
pub struct Frame;

/// Shows this document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "host", security(()), responses((status = 200, body = Object)))]
#[allow(dead_code)] // The document is complete only when every other route is in it: see `Document`.
fn openapi() {}

/// Why a request has no success: problem details of RFC 9457.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // Described here, written by `problem`.
pub struct ProblemJson {
    /// `urn:switchboard:` and the code.
    r#type: String,
    /// The code in words.
    title: String,
    /// The status.
    status: u16,
    /// What is wrong, in the language of `Accept-Language`.
    detail: String,
    /// The stable code, by which programs tell problems apart.
    code: String,
    /// The facts of a refusal.
    #[schema(value_type = Object)]
    facts: Map<String, Value>,
    /// What would make it legal, where there is something.
    hint: Option<String>,
    /// `not-written`, or `unknown`: then the same request with the same key tells.
    outcome: String,
}

/// The document, as it is sent.
#[derive(Clone)]
pub struct Document(Arc<str>);

impl Document {
    /// Completes what the routes say.
    pub fn new(mut document: utoipa::openapi::OpenApi) -> Document {
        Common.modify(&mut document);
        let text = document.to_json().unwrap_or_else(|error| {
            tracing::error!(%error, "the document could not be written");
            String::from("{}")
        });
        Document(text.into())
    }
}

impl IntoResponse for Document {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0.to_string()).into_response()
    }
}

/// What every operation has: problems, and where a command is given, the key.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.security_schemes.insert("token".to_owned(), RefOr::T(bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie::NAME)));
        components.security_schemes.insert("cookie".to_owned(), RefOr::T(cookie));
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                name(operation);
                refuse(operation);
            }
            let changing = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in changing.into_iter().flatten() {
                let keyless = operation.operation_id.as_deref().is_some_and(|id| KEYLESS.contains(&id));
                if !keyless {
                    operation.parameters.get_or_insert_default().push(RefOr::T(key()));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    all.into_iter().flatten()
}

/// Makes the name of an operation unique: those of handlers are so within their resource alone.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    let handler = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{tag}_{handler}"));
}

fn key() -> utoipa::openapi::path::Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,200}$"));
    ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY)
        .parameter_in(ParameterIn::Header)
        .description(Some("The same key is the same command: a UUID, or 1 to 200 visible ASCII characters."))
        .schema(Some(text))
        .build()
}

fn refuse(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemJson"))).build();
    let problem = ResponseBuilder::new()
        .description("Why there is no success.")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem));
}
