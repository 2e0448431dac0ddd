//! Templates of sessions' names: the first line is the customer's name, the rest the template.

use switchboard::domain::limits::{SESSION_NAME_BYTES_MAX, TEMPLATE_BYTES_MAX};
use switchboard::domain::name::{self, NameContext, NameTemplate};
use switchboard::domain::rejection::Rejection;
use switchboard::domain::time::Timestamp;

pub const WORDS: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{{ customer }}",
    "{{ account }}",
    "{{ line }}",
    "{{ channel }}",
    "{{ created }}",
    "{{ subject }}",
    "{% if subject %}",
    "{% elif",
    "{% else %}",
    "{% endif %}",
    " | upper",
    " | lower",
    " | title",
    " | capitalize",
    " | trim",
    " | default('",
    " is defined",
    " and ",
    " or ",
    " not ",
    " == ",
    " if ",
    " else ",
    "[0]",
    "[1:2]",
    ".",
    "(",
    ")",
    "'",
    "\"",
    "\\",
    "-%}",
    "{%-",
    "loop",
    "for",
    "set",
    "raw",
    "\u{130}",
    "\u{df}",
    "\u{fb03}",
    "\n",
];

/// What is taken renders to one line within its bound, the same each time; what is not has a place.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let (customer, source) = text.split_once('\n').unwrap_or(("", &text));
    let of = NameContext {
        customer,
        account: "+79161234567",
        line: "Служба поддержки",
        channel: "WhatsApp",
        created: Timestamp(1_795_356_300_000_000),
        subject: "Счёт 17",
    };
    let fallback = line(&name::session_name(None, &of));
    match NameTemplate::new(source) {
        Ok(template) => {
            assert!(source.len() <= TEMPLATE_BYTES_MAX, "it is longer than a template may be");
            let name = line(&name::session_name(Some(&template), &of));
            assert_eq!(template.source(), source);
            let again = NameTemplate::new(template.source()).expect("what was taken is taken again");
            assert_eq!(name::session_name(Some(&again), &of), name, "it renders to one name");
            format!("taken: {}", if name == fallback { "blank" } else { "a name" })
        }
        Err(Rejection::BadTemplate { line, column, reason }) => {
            let lines = source.matches('\n').count() + 1;
            assert!((1..=lines).contains(&line) && column >= 1, "{line}:{column} of {lines} lines: {reason}");
            crate::word(&reason)
        }
        Err(other) => {
            assert!(matches!(other.code(), "TooLong" | "Blank"), "{other:?}");
            format!("refused: {}", other.code())
        }
    }
}

/// A name is one line of a header, not blank, and not too long.
fn line(name: &str) -> String {
    assert!(!name.trim().is_empty(), "a name is not blank");
    assert!(name.len() <= SESSION_NAME_BYTES_MAX, "a name of {} bytes", name.len());
    assert!(!name.chars().any(char::is_control), "{name:?} has a control character");
    name.to_owned()
}
