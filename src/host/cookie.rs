//! The sign-in cookie of browsers: a token that no script of a page reads.
//!
//! Knows headers and principals; must not know what a token opens.
//!
//! ```text
//!   a person     Path=/api                      one at a time in a browser
//!   a channel    Path=/api/channels/<id>        beside the person: browsers send the longer path first
//!   a process    Path=/api/processes/<code>/messages
//!   that there is one of the latter two    Path=/api/sign-in, so that signing out knows what to take back
//! ```

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use switchboard::domain::id::{ChannelId, Principal, ProcessId};
use switchboard::domain::time::Timestamp;
use uuid::Uuid;

/// Its name.
pub const NAME: &str = "switchboard";

/// How long a browser keeps it at most: a month, after which a person signs in again.
const SECONDS_MAX: i64 = 30 * 86_400;

/// Where browsers sign in and out.
const SIGN_IN: &str = "/api/sign-in";

/// The token of a request's cookie; of several the one with the longest path, which comes first
/// (RFC 6265 §5.4).
#[must_use]
pub fn token(headers: &HeaderMap) -> Option<&str> {
    pairs(headers).find_map(|(name, value)| (name == NAME).then_some(value))
}

/// The names and values of a request's cookies.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The channels and processes that a browser acts as beside its person, as it tells where it signs in.
#[must_use]
pub fn beside(headers: &HeaderMap) -> Vec<Principal> {
    pairs(headers).filter_map(|(name, _)| marked(name)).collect()
}

/// Whom the name of a mark names.
fn marked(name: &str) -> Option<Principal> {
    let (kind, of) = name.strip_prefix(NAME)?.strip_prefix('.')?.split_once('.')?;
    match kind {
        "channel" => Some(Principal::Channel(ChannelId(Uuid::try_parse(of).ok()?))),
        "process" => Some(Principal::Process(ProcessId::new(of).ok()?)),
        _ => None,
    }
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

/// The cookies that open for somebody until the token ends; secure ones go over TLS alone.
#[must_use]
pub fn open(
    principal: &Principal,
    token: &str,
    expires: Option<Timestamp>,
    now: Timestamp,
    secure: bool,
) -> Vec<String> {
    let left = expires.map_or(SECONDS_MAX, |expires| (expires.0.saturating_sub(now.0)) / 1_000_000);
    set(principal, token, left.clamp(0, SECONDS_MAX), secure)
}

/// The cookies that open nothing any more.
#[must_use]
pub fn close(principal: &Principal, secure: bool) -> Vec<String> {
    set(principal, "", 0, secure)
}

/// The cookie of a person, whoever that is, that opens nothing any more.
#[must_use]
pub fn close_person(secure: bool) -> String {
    cookie(NAME, "", PERSON, 0, secure)
}

/// The path of a person's cookie.
const PERSON: &str = "/api";

fn set(principal: &Principal, token: &str, seconds: i64, secure: bool) -> Vec<String> {
    let (mark, path) = match principal {
        Principal::Operator(_) | Principal::Administrator(_) => {
            return vec![cookie(NAME, token, PERSON, seconds, secure)];
        }
        Principal::Channel(channel) => (format!("channel.{channel}"), format!("/api/channels/{channel}")),
        Principal::Process(process) => {
            let code = process.as_str();
            (format!("process.{code}"), format!("/api/processes/{code}/messages"))
        }
    };
    let beside = format!("{NAME}.{mark}");
    vec![cookie(NAME, token, &path, seconds, secure), cookie(&beside, "1", SIGN_IN, seconds, secure)]
}

fn cookie(name: &str, value: &str, path: &str, seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
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
    fn what_was_marked_at_signing_in_is_known_at_signing_out() {
        let channel = Principal::Channel(ChannelId(Uuid::from_u128(7)));
        let process = Principal::Process(ProcessId::new("order-ready").expect("a code"));
        let marks = [&channel, &process].map(|of| open(of, "sb_1_x", None, Timestamp(0), false).remove(1));
        for mark in &marks {
            assert!(mark.contains("; Path=/api/sign-in; Max-Age=2592000; HttpOnly"), "{mark}");
        }
        let sent = marks.map(|mark| mark.split(';').next().unwrap_or_default().to_owned()).join("; ");
        let mut headers =
            headers(&[("cookie", "switchboard=sb_2_y; switchboard.channel.x=1; other.channel.y=1")]);
        assert!(beside(&headers).is_empty());
        headers.append(COOKIE, sent.parse().expect("a header's value"));
        assert_eq!(beside(&headers), [channel, process]);
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
