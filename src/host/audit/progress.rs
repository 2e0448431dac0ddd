//! How far an audit has come: a bar on a terminal, plain lines elsewhere; and Ctrl-C.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use switchboard::audit::Progress;

/// How often a plain line is written: work that is shorter says nothing but what it found.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How often Ctrl-C is looked for, and how long who reports may take to end by himself.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LEAVE_TO_TELL: Duration = Duration::from_secs(1);

/// The same for who has to let go of what was folded anew, after the fold that is under way.
const LEAVE_TO_CLEAR: Duration = Duration::from_secs(30);

/// What the bar looks like.
const BAR: &str = "{msg:<22} [{bar:40}] {human_pos} of {human_len}, {eta} left";

/// Shows progress, and knows whether to stop.
pub struct Watch {
    stop: Arc<AtomicBool>,
    shown: Mutex<Shown>,
}

struct Shown {
    bar: Option<ProgressBar>,
    work: &'static str,
    line: Instant,
}

impl Watch {
    /// Listens for Ctrl-C from now on.
    pub fn start() -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                told.store(true, Ordering::Relaxed);
            }
        });
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let shown = Shown { bar, work: "", line: Instant::now() };
        Watch { stop, shown: Mutex::new(shown) }
    }

    /// Waits for Ctrl-C, and then a little for who tells how far he had come, or longer for who has
    /// something to clear away.
    pub async fn stopped(&self, clears: bool) {
        while !self.stop.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tokio::time::sleep(if clears { LEAVE_TO_CLEAR } else { LEAVE_TO_TELL }).await;
    }

    /// Shows how far it has come, and says whether to go on.
    pub fn report(&self, progress: Progress) -> bool {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { work, at, end } = progress;
        match &shown.bar {
            Some(bar) => {
                if shown.work != work {
                    bar.reset();
                    bar.set_message(work);
                }
                bar.set_length(end.0);
                bar.set_position(at.0);
                if at >= end {
                    bar.finish_and_clear();
                }
            }
            None if shown.line.elapsed() >= LINE_EVERY => {
                eprintln!("{work}: position {at} of {end}");
                shown.line = Instant::now();
            }
            None => {}
        }
        shown.work = work;
        !self.stop.load(Ordering::Relaxed)
    }
}
