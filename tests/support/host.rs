//! A reference host for tests: the real program on a free port, with the sample's tokens.
//!
//! Knows HTTP and the program's first lines; must not know the library.

#![allow(dead_code)] // Each test program uses a part of it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long the program may take until it listens.
const START: Duration = Duration::from_secs(60);

/// The lines of the sample.
pub const SUPPORT: u128 = 0x0101;
pub const MAIL: u128 = 0x0102;
pub const TELEGRAM_BOT: u128 = 0x0103;
pub const MESSENGERS: u128 = 0x0104;
/// Its channels.
pub const WHATSAPP: u128 = 0x0201;
pub const EMAIL: u128 = 0x0202;
pub const TELEGRAM_BOT_CHANNEL: u128 = 0x0203;
pub const VIBER: u128 = 0x0204;
pub const VK: u128 = 0x0205;
pub const LIVE_CHAT: u128 = 0x0206;
/// Its people.
pub const ANNA: u128 = 1;
pub const BORIS: u128 = 2;
pub const VERA: u128 = 3;
pub const GLEB: u128 = 4;
/// Its customers: the second one's number is badly saved.
pub const IVAN: u128 = 0x0301;
pub const MARIA: u128 = 0x0302;
/// Its order.
pub const ORDER: u128 = 0x0401;

/// An id of the sample.
pub fn id(number: u128) -> String {
    let hex = format!("{:032x}", 0x5a3b_1e00_0000_4000_8000_0000_0000_0000_u128 + number);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What creates a session with a customer of the sample.
pub fn session_with(line: u128, contact: u128, account: &str) -> Value {
    json!({
        "line": id(line),
        "contact": { "app": "contacts", "element": id(contact) },
        "account": { "text": account },
    })
}

/// The sample's session with Иван Петров on WhatsApp.
pub fn with_ivan() -> Value {
    session_with(SUPPORT, IVAN, "+79161234567")
}

/// A running host; it is killed when dropped.
pub struct Host {
    process: Child,
    /// `http://127.0.0.1:…`
    pub address: String,
    /// What the program printed before it listened.
    pub printed: Vec<String>,
    /// The tokens by the names that the sample prints.
    pub tokens: HashMap<String, String>,
    data: Arc<TempDir>,
    client: Client,
}

impl Host {
    /// A host with the sample, in a folder of its own.
    pub async fn sample() -> Host {
        Host::sample_at("127.0.0.1:0").await
    }

    /// The same, listening where it is told.
    pub async fn sample_at(listen: &str) -> Host {
        let data = Arc::new(tempfile::tempdir().expect("the system has a temporary folder"));
        Host::start_at(listen, data, HashMap::new()).await
    }

    /// A host with the sample that is started in a way of the test's own, in a folder of its own.
    pub async fn started_by(command: impl FnOnce(&Path) -> Command) -> Host {
        let data = Arc::new(tempfile::tempdir().expect("the system has a temporary folder"));
        let command = command(data.path());
        Host::begin(command, data, HashMap::new()).await
    }

    async fn start(data: Arc<TempDir>, tokens: HashMap<String, String>) -> Host {
        Host::start_at("127.0.0.1:0", data, tokens).await
    }

    async fn start_at(listen: &str, data: Arc<TempDir>, tokens: HashMap<String, String>) -> Host {
        Host::begin(program(data.path(), listen), data, tokens).await
    }

    /// Notes what has to stay out of the traces.
    fn note(&self, said: &str) {
        if let Some(mut file) = noted("said") {
            file.write_all(said.as_bytes()).expect("what was said is noted");
        }
    }

    async fn begin(mut command: Command, data: Arc<TempDir>, tokens: HashMap<String, String>) -> Host {
        let mut process = command.spawn().expect("the program starts");
        let out = process.stdout.take().expect("its output is piped");
        let (mut lines, mut printed) = (BufReader::new(out).lines(), Vec::new());
        let address = tokio::time::timeout(START, async {
            loop {
                let line = lines.next_line().await.expect("its output is text");
                let line = line.expect("it listens before its output ends");
                match line.strip_prefix("listening on ") {
                    Some(address) => break address.to_owned(),
                    None => printed.push(line),
                }
            }
        });
        let address = address.await.expect("it listens in time");
        let mut host = Host { process, address, printed, tokens, data, client: Client::new() };
        for line in &host.printed {
            if let [name, token] = line.split(' ').skip(2).collect::<Vec<_>>()[..]
                && line.starts_with("sample token ")
            {
                host.note(&Value::from(token).to_string());
                host.tokens.insert(name.to_owned(), token.to_owned());
            }
        }
        host
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Ends the host as Ctrl-C does, and tells how it ended and how long that took.
    pub async fn stop(&mut self) -> (ExitStatus, Duration) {
        let id = self.process_id();
        let began = Instant::now();
        let kill = Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await;
        assert!(kill.expect("there is a shell").success(), "the signal is sent");
        let ended = tokio::time::timeout(Duration::from_secs(30), self.process.wait()).await;
        (ended.expect("it ends").expect("its end is told"), began.elapsed())
    }

    /// Ends the host and starts it again on the same folder, with the sample.
    pub async fn restart(mut self) -> Host {
        let (status, _) = self.stop().await;
        assert!(status.success(), "it ends in order: {status}");
        Host::start(Arc::clone(&self.data), self.tokens.clone()).await
    }

    /// Starts a host that was stopped again, on the same folder.
    pub async fn restart_stopped(self) -> Host {
        Host::start(Arc::clone(&self.data), self.tokens.clone()).await
    }

    /// Kills the host where it stands.
    pub async fn kill(&mut self) {
        self.process.kill().await.expect("it can be killed");
    }

    /// Starts a host that was stopped or killed again, on the same folder and at the same address.
    pub async fn restart_in_place(self) -> Host {
        let listen = self.address.trim_start_matches("http://").to_owned();
        Host::start_at(&listen, Arc::clone(&self.data), self.tokens.clone()).await
    }

    /// Kills the host where it stands, and starts it again on the same folder.
    pub async fn crash(mut self) -> Host {
        self.process.kill().await.expect("it can be killed");
        Host::start(Arc::clone(&self.data), self.tokens.clone()).await
    }

    /// Somebody of the sample, as the program prints the name: `anna`, `administrator`, `channel:whatsapp`.
    pub fn by(&self, name: &str) -> Person<'_> {
        let token = self.tokens.get(name).unwrap_or_else(|| panic!("the sample has no {name}"));
        self.with_token(token)
    }

    /// Somebody with a token.
    pub fn with_token(&self, token: &str) -> Person<'_> {
        Person { host: self, token: Some(token.to_owned()), key: None, language: None }
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Person<'_> {
        Person { host: self, token: None, key: None, language: None }
    }

    /// The position of the last event.
    pub async fn head(&self) -> u64 {
        self.nobody().get("/healthz").await.expect(200)["head"].as_u64().expect("a head is a number")
    }
}

/// The variable with the folder for traces and for what was said, where a test looks at them.
pub const TRACES: &str = "SWITCHBOARD_TEST_TRACES";

/// The program, to be started in a folder at an address, with the sample.
pub fn program(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command
        .args(["serve", "--sample", "--listen", listen, "--data"])
        .arg(data)
        .env("RUST_LOG", "warn")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(traces) = noted("traces") {
        command.env("RUST_LOG", "debug,switchboard=trace").stderr(traces);
    }
    command
}

/// A new file of a kind in the folder for traces; none where nobody looks at them.
fn noted(kind: &str) -> Option<File> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = PathBuf::from(std::env::var_os(TRACES)?).join(format!("{number}.{kind}"));
    Some(File::create_new(file).expect("a file for traces"))
}

/// Runs the program to its end.
pub async fn run(data: &Path, listen: &str) -> Output {
    ended(program(data, listen)).await
}

/// Runs a command that ends by itself.
pub async fn ended(mut command: Command) -> Output {
    let running = command.stderr(Stdio::piped()).output();
    let ended = tokio::time::timeout(START, running).await;
    ended.expect("it ends by itself").expect("the program starts")
}

/// Somebody who asks.
#[derive(Clone)]
pub struct Person<'a> {
    host: &'a Host,
    token: Option<String>,
    key: Option<String>,
    language: Option<&'static str>,
}

impl Person<'_> {
    /// The same, asking under an idempotency key.
    pub fn key(&self, key: &str) -> Self {
        Person { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same, reading a language.
    pub fn reading(&self, language: &'static str) -> Self {
        Person { language: Some(language), ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.host.note(&body.to_string());
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.host.note(&body.to_string());
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.host.note(&body.to_string());
        Answer::of(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// A request to complete by hand; `Answer::of` sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.host.client.request(method, format!("{}{path}", self.host.address));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &self.key {
            request = request.header("Idempotency-Key", key);
        }
        match self.language {
            Some(language) => request.header("Accept-Language", language),
            None => request,
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body; null where it is no JSON.
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// Sends a request.
    pub async fn of(request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("the host answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer is text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, body, text }
    }

    /// Requires a status, and gives the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Requires a problem with this status and code, and gives it.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.body["code"], code, "{}", self.text);
        assert_eq!(self.body["status"], status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(self.body["type"], format!("urn:switchboard:{code}"), "{}", self.text);
        for text in ["title", "detail", "outcome"] {
            assert!(self.body[text].as_str().is_some_and(|text| !text.is_empty()), "{}", self.text);
        }
        self.body
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A text of an answer's body.
#[track_caller]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
