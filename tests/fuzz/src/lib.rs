//! What is fuzzed, and what has to hold of every input: one module each, with one function that panics
//! where something does not hold, and otherwise says in a word what became of the input.
//!
//! Knows the library and its formats; must not know who makes the inputs: libFuzzer by `fuzz_targets`, or
//! the runner in `main.rs`.

pub mod account;
pub mod api;
pub mod archive;
pub mod frame;
pub mod record;
pub mod sealed;
pub mod subject;
pub mod template;

/// Something that is fuzzed.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// Runs one input.
    ///
    /// # Panics
    ///
    /// Where something does not hold that has to.
    pub run: fn(&[u8]) -> String,
    /// Pieces of inputs that chance alone would hardly find.
    pub words: &'static [&'static str],
    /// The longest input that is made.
    pub input_bytes_max: usize,
    /// The most that an input may make the process allocate at once, beside sixty-four times its length.
    pub memory_bytes_max: usize,
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "record",
        run: record::run,
        words: &[],
        input_bytes_max: 4 << 10,
        memory_bytes_max: 4 << 20,
    },
    Target {
        name: "frame",
        run: frame::run,
        words: &["sF\u{1}\u{1}"],
        input_bytes_max: 16 << 10,
        memory_bytes_max: 8 << 20,
    },
    Target {
        name: "sealed",
        run: sealed::run,
        words: &["swbsea\0\u{1}"],
        input_bytes_max: 16 << 10,
        memory_bytes_max: 4 << 20,
    },
    // The store of the log that it is restored to has a cache of 8 MiB, and buffers.
    Target {
        name: "archive",
        run: archive::run,
        words: &["sArc", "sLog", "sEnd", "sF\u{1}\u{1}"],
        input_bytes_max: 32 << 10,
        memory_bytes_max: 64 << 20,
    },
    Target {
        name: "api",
        run: api::run,
        words: api::WORDS,
        input_bytes_max: 8 << 10,
        memory_bytes_max: 4 << 20,
    },
    Target {
        name: "template",
        run: template::run,
        words: template::WORDS,
        input_bytes_max: 5 << 10,
        memory_bytes_max: 16 << 20,
    },
    // The first number loads what is known of the numbers of all countries.
    Target {
        name: "account",
        run: account::run,
        words: account::WORDS,
        input_bytes_max: 1 << 10,
        memory_bytes_max: 16 << 20,
    },
    Target {
        name: "subject",
        run: subject::run,
        words: &["\r\n", "\u{85}", "\u{2028}", "Bcc: "],
        input_bytes_max: 4 << 10,
        memory_bytes_max: 4 << 20,
    },
];

/// An error in a few words: what it says without the values, which are of the input.
fn word(error: &str) -> String {
    let is_ours = |word: &&str| word.len() <= 12 && word.chars().all(|c| c.is_ascii_alphabetic());
    format!("refused: {}", error.split_whitespace().filter(is_ours).take(4).collect::<Vec<_>>().join(" "))
}
