//! Answers that are successes.

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use switchboard::{CommandError, Receipt};
use uuid::Uuid;

use crate::host::Host;
use crate::host::json::receipt::ReceiptJson;
use crate::host::problem::Problem;

/// What every request is answered from.
pub type Shared = State<std::sync::Arc<Host>>;

/// An answer with a body, or why there is none.
pub type Reply<T> = Result<Json<T>, Problem>;

/// The answer to a command that creates nothing of its own.
pub type Done = Reply<ReceiptJson>;

/// The receipt of a command, or its problem.
pub fn done(answer: Result<Receipt, CommandError>) -> Done {
    Ok(Json(ReceiptJson::from(answer?)))
}

/// The answer to a command that created something, and where that stands.
pub struct Created {
    receipt: ReceiptJson,
    location: String,
}

impl Created {
    /// Something new, with the path where it stands.
    pub fn at(receipt: Receipt, location: String) -> Created {
        Created { receipt: receipt.into(), location }
    }

    /// The same for what is no session or message.
    pub fn with_id(receipt: Receipt, id: Uuid, location: String) -> Created {
        Created { receipt: ReceiptJson { id: Some(id), ..receipt.into() }, location }
    }
}

impl IntoResponse for Created {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.receipt)).into_response();
        // Paths are of codes and ids, which are visible ASCII.
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}
