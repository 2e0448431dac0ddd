//! The sign-in cookie of browsers: a token that no script of a page reads.
//!
//! Knows headers and principals; must not know what a token opens.
//!
//! ```text
//!   a person     Path=/api                      one at a time in a browser
//!   a channel    Path=/api/channels/<id>        beside the person: browsers send the longer path first
//!   a process    Path=/api/processes/<code>/messages
//! ```

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use switchboard::domain::id::Principal;
use switchboard::domain::time::Timestamp;

/// Its name.
pub const NAME: &str = "switchboard";

/// How long a browser keeps it at most: a month, after which a person signs in again.
const SECONDS_MAX: i64 = 30 * 86_400;

/// The token of a request's cookie; of several the one with the longest path, which comes first
/// (RFC 6265 §5.4).
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == NAME).then_some(value))
}

/// Whether a request that a cookie opens may change something: what reads always may; a change has to
/// come from a page of ours. `SameSite` alone lets pages of other ports through.
#[must_use]
pub fn may_change(method: &Method, headers: &HeaderMap) -> bool {
    if matches!(*method, Method::GET | Method::HEAD) {
        return true;
    }
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else { return false };
    let origin = origin.parse::<Uri>().ok();
    origin.and_then(|origin| Some(origin.authority()?.as_str() == host)).unwrap_or(false)
}

/// The cookie that opens for somebody until the token ends; a secure one goes over TLS alone.
#[must_use]
pub fn open(
    principal: &Principal,
    token: &str,
    expires: Option<Timestamp>,
    now: Timestamp,
    secure: bool,
) -> String {
    let left = expires.map_or(SECONDS_MAX, |expires| (expires.0.saturating_sub(now.0)) / 1_000_000);
    set(principal, token, left.clamp(0, SECONDS_MAX), secure)
}

/// The cookie that opens nothing any more.
#[must_use]
pub fn close(principal: &Principal, secure: bool) -> String {
    set(principal, "", 0, secure)
}

fn set(principal: &Principal, token: &str, seconds: i64, secure: bool) -> String {
    let path = match principal {
        Principal::Operator(_) | Principal::Administrator(_) => "/api".to_owned(),
        Principal::Channel(channel) => format!("/api/channels/{channel}"),
        Principal::Process(process) => format!("/api/processes/{}/messages", process.as_str()),
    };
    let secure = if secure { "; Secure" } else { "" };
    format!("{NAME}={token}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (name.parse().expect("a header's name"), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_first_cookie_of_our_name_counts() {
        let sent = headers(&[("cookie", "a=1; switchboard=sb_1_x; switchboard=sb_2_y")]);
        assert_eq!(token(&sent), Some("sb_1_x"));
        assert_eq!(token(&headers(&[("cookie", "xswitchboard=sb_1_x")])), None);
        assert_eq!(token(&HeaderMap::new()), None);
    }

    #[test]
    fn a_change_comes_from_a_page_of_the_same_host_and_port() {
        let from = |origin| headers(&[("host", "127.0.0.1:7070"), ("origin", origin)]);
        assert!(may_change(&Method::POST, &from("http://127.0.0.1:7070")));
        for foreign in ["http://127.0.0.1:7071", "http://localhost:7070", "https://evil.example", "null"] {
            assert!(!may_change(&Method::POST, &from(foreign)), "{foreign}");
        }
        assert!(!may_change(&Method::DELETE, &headers(&[("host", "127.0.0.1:7070")])));
        assert!(may_change(&Method::GET, &HeaderMap::new()));
    }
}
