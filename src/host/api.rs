//! The routes, by resource, and the document that describes them.
//!
//! A route and its description are registered together, so that neither can stand without the other.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{self, Problem, Sentence};
use super::{Host, admission, console, events, metrics};

mod answer;
pub mod audit;
mod cards;
mod channels;
mod choices;
mod conduct;
mod customers;
mod document;
mod elements;
mod health;
mod lines;
mod members;
mod operators;
mod processes;
mod reading;
mod sessions;
mod settings;
mod sign_in;
mod tokens;
mod transcripts;
mod workspace;

/// Every route, with what stands around all of them.
pub fn router(host: Arc<Host>) -> Router {
    let (router, document) = routes().split_for_parts();
    let document = document::Document::new(document);
    router
        .merge(console::router())
        .route("/api/openapi.json", axum::routing::get(move || async move { document.into_response() }))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&host), admission::admit))
        .layer(middleware::from_fn(problem::localise))
        .layer(middleware::from_fn_with_state(Arc::clone(&host), metrics::observe))
        .with_state(host)
}

fn routes() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::with_openapi(document::Frame::openapi())
        .merge(desk())
        .merge(configuration())
        .merge(outside())
        .merge(audits())
        .routes(routes!(health::healthz))
        .routes(routes!(health::metrics))
        .routes(routes!(events::events))
}

/// What operators work with.
fn desk() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(workspace::me))
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::one))
        .routes(routes!(transcripts::transcript))
        .routes(routes!(transcripts::earlier))
        .routes(routes!(conduct::send))
        .routes(routes!(conduct::take))
        .routes(routes!(conduct::assign))
        .routes(routes!(conduct::close))
        .routes(routes!(conduct::reopen))
        .routes(routes!(conduct::rename))
        .routes(routes!(conduct::link, conduct::unlink))
        .routes(routes!(choices::lines))
        .routes(routes!(choices::addresses))
        .routes(routes!(choices::dry_run))
        .routes(routes!(cards::sessions))
        .routes(routes!(cards::messages))
        .routes(routes!(customers::sessions))
        .routes(routes!(customers::messages))
        .routes(routes!(elements::create, elements::search))
        .routes(routes!(elements::one, elements::rename))
        .routes(routes!(elements::set_field, elements::clear_field))
        .routes(routes!(elements::contacts))
}

/// What administrators set up.
fn configuration() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(workspace::workspace))
        .routes(routes!(workspace::declare_app, workspace::apps))
        .routes(routes!(workspace::set_licence))
        .routes(routes!(processes::permit, processes::forbid))
        .routes(routes!(operators::register, operators::list))
        .routes(routes!(operators::one, operators::rename))
        .routes(routes!(operators::set_presence))
        .routes(routes!(lines::create, lines::list))
        .routes(routes!(lines::one, lines::rename))
        .routes(routes!(settings::connect))
        .routes(routes!(settings::disconnect))
        .routes(routes!(settings::set_policy))
        .routes(routes!(settings::set_rules))
        .routes(routes!(settings::set_refusal_audit))
        .routes(routes!(settings::set_name_template))
        .routes(routes!(settings::preview_name))
        .routes(routes!(settings::set_contact_app, settings::clear_contact_app))
        .routes(routes!(settings::bind, settings::unbind))
        .routes(routes!(settings::place_widget, settings::remove_widget))
        .routes(routes!(members::list))
        .routes(routes!(members::grant, members::revoke))
        .routes(routes!(workspace::rebuild))
        .routes(routes!(tokens::issue, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(sign_in::sign_in, sign_in::sign_out))
}

/// What channels and processes hand in.
fn outside() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(channels::one))
        .routes(routes!(channels::receive))
        .routes(routes!(channels::customer_messages))
        .routes(routes!(channels::events))
        .routes(routes!(channels::report))
        .routes(routes!(processes::send))
}

/// What proves the log and what happened.
fn audits() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(audit::verify))
        .routes(routes!(audit::archive))
        .routes(routes!(audit::export))
        .routes(routes!(audit::history::session_history))
        .routes(routes!(audit::history::slot_history))
        .routes(routes!(audit::history::account_history))
        .routes(routes!(audit::history::element_history))
        .routes(routes!(audit::history::operator_history))
        .routes(routes!(audit::past::past_session))
        .routes(routes!(audit::past::past_list))
        .routes(routes!(audit::past::past_card))
        .routes(routes!(audit::decided::past_event))
        .routes(routes!(audit::decided::past_rules))
        .routes(routes!(audit::decided::past_refusals))
        .routes(routes!(audit::what_if::what_if))
}

async fn not_found() -> Problem {
    let detail = Sentence::new("Такого пути нет", "there is no such route");
    Problem::new(StatusCode::NOT_FOUND, "RouteNotFound", detail)
}

async fn wrong_method() -> Problem {
    let detail = Sentence::new("Этот путь не знает такого метода", "the route does not know this method");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", detail)
}
