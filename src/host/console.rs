//! The console: pages, modules and styles, embedded in the program and served as they are.
//!
//! Knows files and headers; must not know what the pages show. They speak to the JSON API alone.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Host;
use super::problem::{Problem, Sentence};

/// What a page may do: run our own modules, use our own styles, speak to this host. Scripts cannot
/// make markup out of text either: that takes a policy of trusted types, and none may be made.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// Keeping is allowed, asking whether it changed is demanded: the tag answers that.
const KEEP: &str = "no-cache";

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/host/console/", $name)).as_slice(),
        )),*]
    };
}

/// The files, by name.
const FILES: &[(&str, &[u8])] = embedded![
    "admin.js",
    "adminline.js",
    "api.js",
    "app.js",
    "base.css",
    "bus.js",
    "card.js",
    "composer.js",
    "conduct.js",
    "contact.js",
    "creation.js",
    "customer.html",
    "customer.js",
    "dialog.js",
    "directory.js",
    "dom.js",
    "elements.js",
    "feed.js",
    "finder.js",
    "forms.css",
    "icon.svg",
    "index.html",
    "initiated.js",
    "lens.svg",
    "lines.css",
    "lines.js",
    "notice.js",
    "outbox.js",
    "router.js",
    "session.js",
    "sessions.js",
    "shared.js",
    "signin.js",
    "time.js",
    "tokens.js",
    "transcript.js",
    "virtual.js",
    "widget.js",
    "words.en.js",
    "words.js",
    "words.ru.js",
];

/// The tags of the files, in their order.
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    FILES.iter().map(|(_, bytes)| format!("\"{}\"", &blake3::hash(bytes).to_hex()[..32])).collect()
});

/// The pages and what they are made of.
pub fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { file("index.html", &headers) }))
        .route("/customer", get(|headers: HeaderMap| async move { file("customer.html", &headers) }))
        .route(
            "/console/{name}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move { file(&name, &headers) }),
        )
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some(at) = FILES.iter().position(|(known, _)| *known == name) else {
        let detail = Sentence::new("Такого файла у консоли нет", "the console has no such file");
        return Problem::new(StatusCode::NOT_FOUND, "RouteNotFound", detail).into_response();
    };
    let ((_, bytes), tag) = (FILES[at], TAGS[at].clone());
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|tags| tags.split(',')).any(|known| known.trim() == tag);
    let about: [(HeaderName, String); 6] = [
        (CONTENT_TYPE, media_type(name).to_owned()),
        (CACHE_CONTROL, KEEP.to_owned()),
        (ETAG, tag),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    match is_known {
        true => (StatusCode::NOT_MODIFIED, about).into_response(),
        false => (about, bytes).into_response(),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
