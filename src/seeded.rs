//! Bugs that the tests have to catch, one at a time, and panics that the engine has to survive: `tests/bites`
//! lets them loose.
//!
//! Without the feature `seeded-bugs`, which nothing ships with, there are none: `is` is a constant, and
//! `may_panic` does nothing.

/// A bug to let loose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bug {
    /// The log answers what it has not synced.
    AnswerBeforeSync,
    /// sled's flush is believed to be durable.
    FlushWithoutSync,
    /// A sealed file gets its name before its bytes are on the disk.
    SealWithoutSync,
    /// Sleeping sessions are looked for without a bound on how many are at once.
    WakeAllAtOnce,
    /// A stream forgets which commands it answered.
    SkipCommandId,
    /// A session's state changes before the log has said that the change is durable.
    StateBeforeAnswer,
    /// A projection believes that it has one event more than it has.
    CheckpointAhead,
    /// The last event of an append is lost.
    DropLastEvent,
    /// What a decision stands on may have moved.
    StaleExpectation,
    /// Closing a session releases the slot of another customer.
    ReleaseAnothers,
    /// A number is read in forms that nobody writes.
    LongNumbers,
}

/// Whether a bug is let loose, by the variable `SWITCHBOARD_BUG`.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn is(bug: Bug) -> bool {
    static LOOSE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let loose = LOOSE.get_or_init(|| std::env::var("SWITCHBOARD_BUG").unwrap_or_default());
    *loose == format!("{bug:?}")
}

/// Whether a bug is let loose: never.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

/// Code of ours that panics when a test says so.
#[derive(Clone, Copy, Debug)]
pub enum Spot {
    /// Where an actor decides.
    Decide,
    /// Where a projection folds a page.
    Fold,
}

/// How often each place panics from now on.
#[cfg(feature = "seeded-bugs")]
static PANICS: [std::sync::atomic::AtomicU32; 2] = [const { std::sync::atomic::AtomicU32::new(0) }; 2];

/// Lets a place panic the next so many times that it is come to.
#[cfg(feature = "seeded-bugs")]
pub fn panic_in(place: Spot, times: u32) {
    PANICS[place as usize].store(times, std::sync::atomic::Ordering::SeqCst);
}

/// Panics if a test said so.
#[cfg(feature = "seeded-bugs")]
pub(crate) fn may_panic(place: Spot) {
    use std::sync::atomic::Ordering::SeqCst;
    let left = PANICS[place as usize].fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
    assert!(left.is_err(), "a seeded panic: {place:?}");
}

/// Panics if a test said so: never.
#[cfg(not(feature = "seeded-bugs"))]
pub(crate) const fn may_panic(_: Spot) {}
