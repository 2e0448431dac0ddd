//! A benchmark's command line: flags, some with a value after them.

/// The number after a flag.
///
/// # Panics
///
/// When what follows the flag is no number.
pub fn number(flag: &str) -> Option<usize> {
    let text = text(flag)?;
    let digits: String = text.chars().filter(|digit| *digit != '_').collect();
    Some(digits.parse().unwrap_or_else(|_| panic!("{flag} takes a number, not {text}")))
}

/// The text after a flag.
pub fn text(flag: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != flag).nth(1)
}

/// Whether a flag is given.
pub fn given(flag: &str) -> bool {
    std::env::args().any(|argument| argument == flag)
}

/// A size: what the flag says, or the small one of a quick run, or the full one.
pub fn size(flag: &str, quick: usize, full: usize) -> usize {
    number(flag).unwrap_or(if self::quick() { quick } else { full })
}

/// Whether this is a run that only shows that the benchmark works.
pub fn quick() -> bool {
    given("--quick")
}
