//! Bugs that the tests have to catch, one at a time: `tests/bites` lets each of them loose.
//!
//! Without the feature `seeded-bugs`, which nothing ships with, there are none: `is` is a constant.

/// A bug to let loose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bug {
    /// The log answers what it has not synced.
    AnswerBeforeSync,
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
