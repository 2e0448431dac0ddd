//! Ten thousand open streams of events: creation goes on while none of them reads, each costs little,
//! and who reads gets every position once.

#![cfg(target_os = "linux")] // The limits of open files and the memory of a process are read as Linux tells them.

#[path = "support/host.rs"]
mod host;
#[path = "support/http_desk.rs"]
mod http_desk;
#[path = "support/memory.rs"]
mod memory;

use std::time::{Duration, Instant};

use host::{Host, IVAN, MAIL, program, session_with};
use http_desk::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Open streams.
const STREAMS: usize = 10_000;

/// Open files that are no streams: of this program, and of the host.
const FILES_BESIDES: u64 = 1_000;

/// Creations while nobody reads, and again while everybody does.
const CREATIONS: u64 = 20;

/// Streams that begin at the first event, and so have to show every position.
const FROM_START: usize = 100;

/// Connections that are made at once: as many as wait in the system's queue.
const AT_ONCE: usize = 128;

/// What one stream may cost the host, in octets: its connection, its follower and what waits in them.
/// The build of the tests is not optimised, and a page of events has to fit.
const STREAM_BYTES_MAX: u64 = 128 << 10;

/// Readers that end between two looks at the host's memory.
const MEASURED_EACH: usize = 100;

/// How long a reader may take until it has everything, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// Allows so many open files, to this program and to those that it starts.
fn allow(files: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < files) {
        let set = setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum });
        assert!(set.is_ok(), "{files} open files are needed, `ulimit -Hn` allows {maximum:?}");
    }
}

/// A stream of events, of which so far only the beginning was read.
struct Stream {
    connection: TcpStream,
    after: u64,
    read: Vec<u8>,
}

impl Stream {
    /// Opens a stream, and reads until the host follows the log for it.
    async fn open(address: String, token: String, after: u64) -> Stream {
        let mut connection = TcpStream::connect(&address).await.expect("the host listens");
        let request = format!(
            "GET /api/events?after={after} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).await.expect("a request is sent");
        let mut stream = Stream { connection, after, read: Vec::new() };
        while !stream.text().contains("retry:") {
            stream.more().await;
        }
        assert!(stream.text().starts_with("HTTP/1.1 200 "), "{}", stream.text());
        stream
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    async fn more(&mut self) {
        let read = self.connection.read_buf(&mut self.read).await.expect("the stream goes on");
        assert!(read > 0, "the stream does not end: {}", self.text());
    }

    /// Reads until a position has come, and gives those that were shown.
    async fn positions(mut self, head: u64) -> Vec<u64> {
        let last = format!("\"position\":{head},");
        while !self.text().contains(&last) {
            self.more().await;
        }
        let text = self.text();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: {\"position\":"));
        data.map(|rest| rest.split(',').next().expect("a number").parse().expect("a position")).collect()
    }
}

async fn create(host: &Host, creations: u64) -> Duration {
    let began = Instant::now();
    for _ in 0..creations {
        open(&host.by("anna"), session_with(MAIL, IVAN, MAIL_ADDRESS)).await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_open_streams_do_not_disturb_creation_and_each_shows_every_position_once() {
    allow(STREAMS as u64 + FILES_BESIDES);
    let max = (STREAMS as u64 + FILES_BESIDES / 2).to_string();
    let host = Host::started_by(|data| {
        let mut command = program(data, "127.0.0.1:0");
        command.args(["--connections-max", &max, "--connections-of-address-max", &max]);
        command.args(["--streams-max", &max, "--streams-of-token-max", &max]);
        command
    });
    let host = host.await;
    let alone = create(&host, CREATIONS).await;
    let (head, before) = (host.head().await, memory::resident(host.process_id()));
    let address = host.address.trim_start_matches("http://").to_owned();
    let (mut opening, mut streams) = (JoinSet::new(), Vec::with_capacity(STREAMS));
    for number in 0..STREAMS {
        if opening.len() >= AT_ONCE {
            streams.push(opening.join_next().await.expect("one is under way").expect("no panic"));
        }
        let after = if number < FROM_START { 0 } else { head };
        opening.spawn(Stream::open(address.clone(), host.tokens["administrator"].clone(), after));
    }
    streams.extend(opening.join_all().await);
    assert_eq!(streams.len(), STREAMS, "all are open");
    let open = memory::resident(host.process_id());

    let unread = create(&host, CREATIONS).await;
    let (last, mut most) = (host.head().await, memory::resident(host.process_id()));

    let mut reading = JoinSet::new();
    for stream in streams {
        let after = stream.after;
        reading.spawn(async move {
            let positions = tokio::time::timeout(PATIENCE, stream.positions(last)).await;
            let positions = positions.expect("everything comes in time");
            assert_eq!(positions, (after + 1..=last).collect::<Vec<_>>(), "each once, in order");
        });
    }
    let mut done = 0;
    while let Some(read) = reading.join_next().await {
        read.expect("each position comes once");
        done += 1;
        if done % MEASURED_EACH == 0 {
            most = most.max(memory::resident(host.process_id()));
        }
    }
    assert_eq!(done, STREAMS);
    let each = |memory: u64| memory.saturating_sub(before) / STREAMS as u64;
    println!(
        "{STREAMS} streams: {} KiB each when open, {} KiB at most with {} events; \
         {CREATIONS} creations in {alone:?} without them, in {unread:?} with them",
        each(open) / 1_024,
        each(most) / 1_024,
        last - head,
    );
    assert!(each(most) <= STREAM_BYTES_MAX, "{} octets each", each(most));
}
