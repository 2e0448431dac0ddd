//! The host's JSON API: who asks, a method and a path on the first line, and the body behind it.
//!
//! The host is the real program on the sample workspace, in a process of its own: `SWITCHBOARD_PROGRAM`,
//! or the one that cargo built beside the library.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

pub const WORDS: &[&str] = &[
    "\"line\":",
    "\"contact\":{\"app\":\"contacts\",\"element\":",
    "\"account\":{\"text\":",
    "\"card\":",
    "null",
    "\"text\":\"",
    "\"subject\":\"",
    "\"channel\":",
    "\"external_id\":\"",
    "\"address\":\"",
    "\"kind\":\"",
    "true",
    "\"5a3b1e00-0000-4000-8000-000000000101\"",
    "\"5a3b1e00-0000-4000-8000-000000000201\"",
    "1e999",
    "-0",
    "[]",
    "\"5a3b1e00-0000-4000-8000-000000000301\"",
    "\"+79161234567\"",
    "\\u0000",
    "\\ud800",
    "\\u044f",
    "{",
    "}",
    "[[[[",
    "18446744073709551616",
    "\"2026-11-22T14:05:00Z\"",
    "\"9999-12-31T23:59:60Z\"",
    "\u{feff}",
    ",",
    ":",
    "\"",
];

/// How long the host may take: to start, and to answer.
const START: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(20);

/// What the host may have had in memory at any time, in megabytes.
const HOST_MEGABYTES_MAX: u64 = 400;

/// Who asks, by the names that the sample prints.
const WHO: [&str; 6] = ["administrator", "anna", "vera", "gleb", "channel:whatsapp", "process:order-ready"];

/// Every route that takes a body, but for those that issue tokens and rebuild lists.
const ROUTES: [(&str, &str); 25] = [
    ("POST", "/api/sessions"),
    ("POST", "/api/sessions/dry-run"),
    ("POST", "/api/sessions/{session}/messages"),
    ("POST", "/api/sessions/{session}/assign"),
    ("PUT", "/api/sessions/{session}/name"),
    ("POST", "/api/apps/contacts/elements"),
    ("PATCH", "/api/apps/contacts/elements/{id}0301"),
    ("PUT", "/api/apps/contacts/elements/{id}0302/fields/note"),
    ("POST", "/api/lines"),
    ("PATCH", "/api/lines/{id}0104"),
    ("POST", "/api/lines/{id}0104/channels"),
    ("PUT", "/api/lines/{id}0104/channels/{id}0205/policy"),
    ("PUT", "/api/lines/{id}0104/rules"),
    ("PUT", "/api/lines/{id}0104/name-template"),
    ("POST", "/api/lines/{id}0101/name-template/preview"),
    ("PUT", "/api/lines/{id}0104/contact-app"),
    ("POST", "/api/operators"),
    ("PATCH", "/api/operators/{id}0002"),
    ("PUT", "/api/operators/{id}0002/presence"),
    ("PUT", "/api/processes/order-ready"),
    ("POST", "/api/processes/order-ready/messages"),
    ("POST", "/api/channels/{id}0201/messages"),
    ("POST", "/api/channels/{id}0201/deliveries"),
    ("POST", "/api/apps"),
    ("PUT", "/api/workspace/service-licence"),
];

/// A session with the sample's customer, for what is asked of a session.
const SESSION: &str = "{\"line\":\"5a3b1e00-0000-4000-8000-000000000101\",\"contact\":{\"app\":\"contacts\",\
    \"element\":\"5a3b1e00-0000-4000-8000-000000000301\"},\"account\":{\"text\":\"+79161234567\"}}";

static HOST: Mutex<Option<Host>> = Mutex::new(None);

/// No body is answered by a failure of the host, and what is refused says why and changes nothing.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let mut host = HOST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let host = host.get_or_insert_with(Host::start);
    let (first, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (String::from_utf8_lossy(&input[..end]).into_owned(), &input[end + 1..]),
        None => (String::new(), input),
    };
    let (who, (method, path)) = asked(&first);
    let before = host.head();
    let (status, answer) = host.ask(method, path, who, body);
    let code = held(status, &answer, body);
    if status >= 400 {
        assert_eq!(host.head(), before, "{method} {path} was refused with {code}, and something was written");
    } else if path == "/api/sessions"
        && let Some(session) = answer["session"].as_str()
    {
        host.session = session.to_owned();
    }
    format!("{path} {status} {code}")
}

/// Ends the host, and tells how much memory it has had at most.
///
/// # Panics
///
/// When that is too much.
pub fn end() {
    let host = HOST.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(host) = host else { return };
    let status = std::fs::read_to_string(format!("/proc/{}/status", host.process.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let Some(megabytes) = peak.and_then(|peak| peak.parse::<u64>().ok()).map(|kilobytes| kilobytes / 1024)
    else {
        return;
    };
    println!("api: the host had at most {megabytes} MB in memory");
    assert!(megabytes <= HOST_MEGABYTES_MAX, "more than {HOST_MEGABYTES_MAX} MB");
}

/// Who asks for what: as the first line says, or as its bytes happen to add up.
fn asked(first: &str) -> (&'static str, (&'static str, &'static str)) {
    let mut words = first.split(' ');
    let (who, method, path) = (words.next(), words.next(), words.next());
    let known = ROUTES.iter().find(|route| Some(route.0) == method && Some(route.1) == path);
    let sum = first.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let who = WHO.iter().find(|known| Some(**known) == who).unwrap_or(&WHO[sum % WHO.len()]);
    (who, *known.unwrap_or(&ROUTES[sum % ROUTES.len()]))
}

/// Holds an answer to what the API promises of every answer; returns its code.
fn held(status: u16, answer: &Value, body: &[u8]) -> String {
    assert!((200..500).contains(&status), "{status}: {answer}");
    if status < 400 {
        assert!(answer.is_object() || answer.is_array(), "{status}: {answer}");
        return String::new();
    }
    let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
    let code = text("code").unwrap_or_else(|| panic!("{status} without a code: {answer}"));
    assert_eq!(answer["status"], status, "{answer}");
    assert_eq!(text("outcome"), Some("not-written"), "{answer}");
    assert!(text("detail").is_some() && text("title").is_some() && answer["facts"].is_object(), "{answer}");
    if code == "BadJson" {
        let lines = body.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let line = answer["facts"]["line"].as_u64().unwrap_or_else(|| panic!("no line: {answer}"));
        assert!(line <= lines, "line {line} of {lines}: {answer}");
    }
    code.to_owned()
}

struct Host {
    process: Child,
    address: String,
    tokens: HashMap<String, String>,
    connection: Option<BufReader<TcpStream>>,
    /// A session that exists.
    session: String,
    _data: TempDir,
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Host {
    fn start() -> Host {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/debug/switchboard");
        let program = std::env::var_os("SWITCHBOARD_PROGRAM").unwrap_or_else(|| beside.into());
        let data = tempfile::tempdir().expect("a folder for temporary files");
        let process = Command::new(&program)
            .args(["serve", "--sample", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            // Nobody asks so much in a second, and that is bounded elsewhere.
            .args(["--requests-per-token", "0", "--requests-per-address", "0"])
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn();
        let mut process = process.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let began = Instant::now();
        let (mut tokens, mut address) = (HashMap::new(), None);
        for line in BufReader::new(process.stdout.take().expect("it is piped")).lines() {
            let line = line.expect("its output is text");
            if let Some((name, token)) =
                line.strip_prefix("sample token ").and_then(|told| told.split_once(' '))
            {
                tokens.insert(name.to_owned(), token.to_owned());
            }
            address = line.strip_prefix("listening on http://").map(str::to_owned);
            if address.is_some() || began.elapsed() > START {
                break;
            }
        }
        let address = address.expect("it listens");
        let missing: Vec<_> = WHO.iter().filter(|who| !tokens.contains_key(**who)).collect();
        assert!(missing.is_empty(), "the sample has no token for {missing:?}: {:?}", tokens.keys());
        let session = String::new();
        let mut host = Host { process, address, tokens, connection: None, session, _data: data };
        let (status, made) = host.ask("POST", "/api/sessions", "anna", SESSION.as_bytes());
        assert_eq!(status, 201, "{made}");
        host.session = made["session"].as_str().expect("an id").to_owned();
        host
    }

    fn head(&mut self) -> u64 {
        let (status, health) = self.ask("GET", "/healthz", "anna", b"");
        assert_eq!(status, 200, "{health}");
        health["head"].as_u64().expect("a position")
    }

    fn ask(&mut self, method: &str, path: &str, who: &str, body: &[u8]) -> (u16, Value) {
        let path =
            path.replace("{id}", "5a3b1e00-0000-4000-8000-00000000").replace("{session}", &self.session);
        let token = &self.tokens[who];
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        // The host may end a connection that was idle or served long enough; a new one it has to answer.
        let kept = self.connection.take().and_then(|kept| answer(kept, &request));
        let (connection, status, answer) = kept
            .or_else(|| answer(self.connect(), &request))
            .unwrap_or_else(|| panic!("{method} {path} has no answer"));
        self.connection = connection;
        let answer = if answer.is_empty() { Value::Null } else { json(&answer) };
        (status, answer)
    }

    fn connect(&self) -> BufReader<TcpStream> {
        let connection = TcpStream::connect(&self.address).expect("it listens");
        connection.set_read_timeout(Some(ANSWER)).expect("a socket has a timeout");
        connection.set_nodelay(true).expect("a socket need not wait");
        BufReader::new(connection)
    }
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes).escape_debug()))
}

/// Sends a request and reads its answer; the connection comes back where it may be used again.
fn answer(
    mut connection: BufReader<TcpStream>,
    request: &[u8],
) -> Option<(Option<BufReader<TcpStream>>, u16, Vec<u8>)> {
    connection.get_mut().write_all(request).ok()?;
    let (mut line, mut length, mut ends) = (String::new(), 0, false);
    connection.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "connection" => ends = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    Some(((!ends).then_some(connection), status, body))
}
