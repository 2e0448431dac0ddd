//! Whether it stays flat: what creations, cold sessions, cards and lists cost as the log grows, what
//! memory follows, and how the disk fills over a simulated day.
//!
//! Each length of the log is measured in a process of its own, with the store's folder in the page
//! cache: it is read just before. The ratio is to the shortest log.
//!
//! `cargo bench --bench flat -- [--quick] [--events-max N] [--runs N] [--only size|day] [--hourly N] [--keep]`

use flat::{day, grown, sized};
use support::{arguments, child, conditions, runs};

mod flat {
    pub mod day;
    pub mod grown;
    pub mod sized;
}
mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    if child::part().is_some() {
        let number = |flag| arguments::number(flag).expect("a part is told its numbers");
        let folder = arguments::text("--folder").expect("a part is told its folder");
        let told = grown::measure(folder.as_ref(), number("--events"), number("--run"));
        println!("{}", runtime.block_on(told));
        return;
    }
    conditions::print("flat", "sessions of four messages of 78 bytes of text, about 14 events each");
    if runs::wanted("size") {
        sized::print(&runtime);
    }
    if runs::wanted("day") {
        runtime.block_on(day::print());
    }
}
