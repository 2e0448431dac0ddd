//! Reading a long history: a card with many sessions and messages, page by page, and lists.
//!
//! `cargo bench --bench history -- [--quick] [--sessions N] [--messages N] [--runs N]`

use std::future::Future;
use std::time::Instant;

use hdrhistogram::Histogram;
use support::desk::Desk;
use support::figure::Figure;
use support::past::Past;
use support::store::{self, Store};
use support::{arguments, conditions, latency, runs};
use switchboard::domain::id::LineId;
use switchboard::projection::{Order, PAGE_ITEMS_MAX, PageOf, Projections, QueryError};

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Items of a page that people look at.
const PAGE_ITEMS: usize = 50;

/// Readings of each page.
const READINGS: usize = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let sessions = arguments::size("--sessions", 100, 1_000);
    let messages = arguments::size("--messages", 5_000, 100_000) / sessions;
    let past = Past { desk: Desk::new(64), sessions, open: 0, contacts: sessions, messages, cards: 1 };
    conditions::print("history", "messages of 78 bytes of text, every other one the customer's");
    let made = runtime.block_on(Store::of("history", &past));
    runtime.block_on(measure(&made, &past));
}

async fn measure(made: &Store, past: &Past) {
    let engine = store::open(&made.path()).await;
    let views = engine.read().await.expect("the projections run");
    let (card, session) = (past.card(0), past.session(past.sessions / 2));
    let all: Vec<LineId> = past.desk.lines.iter().map(|line| line.line).collect();
    let deep = walk(&views, past).await;
    let reader = Reader { past };
    let first = PageOf::first(PAGE_ITEMS);
    let page = |after: &PageOf| after.clone();
    let read = |lines| views.element_messages(&card, lines, page(&first));
    let yardstick = reader
        .read("card", "first page", || async { read(None).await.map(|page| page.items.len()) }, None)
        .await;
    reader
        .read(
            "card",
            "deep page",
            || async { views.element_messages(&card, None, page(&deep)).await.map(|page| page.items.len()) },
            Some(yardstick),
        )
        .await;
    reader
        .read(
            "card of 64 lines",
            "first page",
            || async { read(Some(&all)).await.map(|page| page.items.len()) },
            Some(yardstick),
        )
        .await;
    reader
        .read(
            "sessions of a card",
            "first page",
            || async { views.archive(&card, None, page(&first)).await.map(|page| page.items.len()) },
            Some(yardstick),
        )
        .await;
    reader
        .read(
            "closed sessions of 64 lines",
            "first page",
            || async { views.closed_of_lines(&all, page(&first)).await.map(|page| page.items.len()) },
            Some(yardstick),
        )
        .await;
    reader
        .read(
            "transcript",
            "first page",
            || async {
                let read = views.transcript(session, Order::NewestFirst, page(&first)).await?;
                Ok(read.map_or(0, |page| page.items.len()))
            },
            Some(yardstick),
        )
        .await;
    engine.close().await.expect("the engine closes");
}

/// Walks through all messages of the card, and gives the page at nine tenths.
async fn walk(views: &Projections, past: &Past) -> PageOf {
    let (started, mut seen, mut pages) = (Instant::now(), 0, Vec::new());
    let total = past.sessions * past.messages;
    let mut page = PageOf::first(PAGE_ITEMS_MAX);
    let mut deep = page.clone();
    loop {
        if seen < total * 9 / 10 {
            deep = PageOf { items_max: PAGE_ITEMS, ..page.clone() };
        }
        let asked = Instant::now();
        let read = views.element_messages(&past.card(0), None, page).await.expect("a card is read");
        pages.push(latency::micros(asked.elapsed()));
        seen += read.items.len();
        match read.next {
            Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
            None => break,
        }
    }
    assert_eq!(seen, total, "the card has each message once");
    Figure::new("history_walk")
        .with("sessions", past.sessions)
        .with("messages", total)
        .value(seen as f64 / started.elapsed().as_secs_f64(), "messages/s")
        .latencies(&latency::histogram(&pages))
        .print();
    deep
}

struct Reader<'a> {
    past: &'a Past,
}

impl Reader<'_> {
    /// Reads a page again and again, prints what it took, and gives the median in microseconds.
    async fn read<F>(&self, what: &str, page: &str, read: impl Fn() -> F, yardstick: Option<f64>) -> f64
    where
        F: Future<Output = Result<usize, QueryError>>,
    {
        let mut done: Vec<(Histogram<u64>, usize)> = Vec::new();
        for _ in 0..runs::count() {
            let (mut taken, mut items) = (Vec::with_capacity(READINGS), 0);
            for _ in 0..READINGS {
                let asked = Instant::now();
                items = read().await.expect("a page is read");
                taken.push(latency::micros(asked.elapsed()));
            }
            assert!(items > 0, "a page of {what} has items");
            done.push((latency::histogram(&taken), items));
        }
        let median = |histogram: &Histogram<u64>| histogram.value_at_quantile(0.5) as f64;
        let ((histogram, items), all) = runs::median(done, |(histogram, _)| median(histogram));
        let figure = Figure::new("history")
            .with("of", what)
            .with("page", page)
            .with("sessions", self.past.sessions)
            .with("messages", self.past.sessions * self.past.messages)
            .with("items", items)
            .value(median(&histogram), "µs, median");
        let figure = match yardstick {
            Some(_) => figure.yardstick("the card's first page", yardstick),
            None => figure,
        };
        figure.latencies(&histogram).also("runs", all).print();
        median(&histogram)
    }
}
