//! Names: templates of sessions' names, subjects of e-mail, titles and texts, checked and rendered.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Timelike};
use minijinja::{Environment, Value, context};

use super::limits::{
    SESSION_NAME_BYTES_MAX, SUBJECT_BYTES_MAX, TEMPLATE_BYTES_MAX, TEXT_BYTES_MAX, TITLE_BYTES_MAX,
};
use super::rejection::{Input, Rejection};
use super::time::Timestamp;

mod grammar;

/// What a template may name; these words are its variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameContext<'a> {
    /// The customer's name, or the account where nobody knows it.
    pub customer: &'a str,
    /// The normalised address.
    pub account: &'a str,
    /// The title of the line.
    pub line: &'a str,
    /// The title of the channel.
    pub channel: &'a str,
    /// The moment of creation; rendered as `2026-11-22 14:05`, UTC.
    pub created: Timestamp,
    /// The subject, where one was given.
    pub subject: &'a str,
}

/// A template of sessions' names, compiled once.
#[derive(Clone)]
pub struct NameTemplate {
    source: Arc<str>,
    environment: Arc<Environment<'static>>,
}

impl NameTemplate {
    /// Compiles a template in the syntax of Jinja and renders it once, to find what is wrong now.
    ///
    /// It has variables, conditions and the filters `upper`, `lower`, `title`, `capitalize`, `trim` and
    /// `default`: nothing that repeats or multiplies a text.
    ///
    /// # Errors
    ///
    /// `BadTemplate` with the position, `TooLong`, or `Blank`.
    pub fn new(source: &str) -> Result<NameTemplate, Rejection> {
        within(Input::Template, source, TEMPLATE_BYTES_MAX)?;
        grammar::check(source)?;
        let mut environment = grammar::environment();
        environment
            .add_template_owned("name", source.to_owned())
            .map_err(|error| bad_template(source, &error))?;
        let template = NameTemplate { source: source.into(), environment: Arc::new(environment) };
        let sample = NameContext {
            customer: "Анна",
            account: "+79161234567",
            line: "Служба поддержки",
            channel: "WhatsApp",
            created: Timestamp(0),
            subject: "Счёт 17",
        };
        template.try_render(&sample).map_err(|error| bad_template(source, &error))?;
        Ok(template)
    }

    /// The text of the template.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    fn try_render(&self, of: &NameContext<'_>) -> Result<String, minijinja::Error> {
        let values: Value = context! {
            customer => of.customer,
            account => of.account,
            line => of.line,
            channel => of.channel,
            created => clock_time(of.created),
            subject => of.subject,
        };
        self.environment.get_template("name")?.render(values)
    }
}

impl fmt::Debug for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameTemplate({:?})", self.source)
    }
}

impl PartialEq for NameTemplate {
    fn eq(&self, other: &NameTemplate) -> bool {
        self.source == other.source
    }
}

impl Eq for NameTemplate {}

/// A name for a session: by the line's template, or by the built-in one, which is never blank.
#[must_use]
pub fn session_name(template: Option<&NameTemplate>, of: &NameContext<'_>) -> String {
    let rendered = template.and_then(|template| template.try_render(of).ok()).unwrap_or_default();
    let name = header_safe(&rendered);
    if name.is_empty() { built_in_name(of) } else { name }
}

fn built_in_name(of: &NameContext<'_>) -> String {
    let who = if of.customer.trim().is_empty() { of.account } else { of.customer };
    header_safe(&[of.channel, ": ", who, ", ", &clock_time(of.created)].concat())
}

/// A text as one header line: control characters and runs of white space become one space.
fn header_safe(text: &str) -> String {
    if text.len() <= SESSION_NAME_BYTES_MAX && is_plain_line(text) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let cut = line.floor_char_boundary(SESSION_NAME_BYTES_MAX);
    line.truncate(cut);
    line.trim_end().to_owned()
}

/// Whether a text surely is a header line already; most are, and their bytes tell it.
fn is_plain_line(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        // Space is of one kind and between words; what else is white or a control begins with one of
        // these bytes: C0 and DEL, U+0080 to U+00BF, U+1680, U+2000 to U+2FFF, U+3000.
        if byte < b' ' || matches!(byte, 0x7f | 0xc2 | 0xe1..=0xe3) || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' '
}

/// A text from outside as one line of at most so many octets: control characters become spaces.
#[must_use]
pub fn safe_line(text: &str, bytes_max: usize) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.truncate(line.floor_char_boundary(bytes_max));
    line.trim().to_owned()
}

/// `2026-11-22 14:05`; written digit by digit, since it is part of each session's name.
fn clock_time(at: Timestamp) -> String {
    let Some(moment) = DateTime::from_timestamp_micros(at.0) else { return at.0.to_string() };
    let Ok(year @ 1000..=9999) = u32::try_from(moment.year()) else {
        return moment.format("%Y-%m-%d %H:%M").to_string();
    };
    let mut written = String::with_capacity(16);
    let parts = [year / 100, year % 100, moment.month(), moment.day(), moment.hour(), moment.minute()];
    for (part, before) in parts.into_iter().zip(["", "", "-", "-", " ", ":"]) {
        written.push_str(before);
        // Each part is below 100, so that both are digits.
        written.extend([part / 10, part % 10].into_iter().filter_map(|digit| char::from_digit(digit, 10)));
    }
    written
}

fn bad_template(source: &str, error: &minijinja::Error) -> Rejection {
    let (line, column) = grammar::place(source, error.range().map_or(0, |range| range.start));
    let reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    Rejection::BadTemplate { line, column, reason }
}

/// Checks the subject of an e-mail; a blank one is none.
///
/// RFC 5322 §2.1.1: at most 998 octets; §2.2: no CR, no LF.
///
/// # Errors
///
/// `SubjectTooLong`, `BadSubject`.
pub fn subject(given: Option<&str>) -> Result<Option<String>, Rejection> {
    let Some(given) = given else { return Ok(None) };
    let trimmed = given.trim();
    if trimmed.len() > SUBJECT_BYTES_MAX {
        return Err(Rejection::SubjectTooLong { bytes: trimmed.len(), max: SUBJECT_BYTES_MAX });
    }
    if let Some(at) = given.chars().position(char::is_control) {
        return Err(Rejection::BadSubject { at });
    }
    Ok((!trimmed.is_empty()).then(|| trimmed.to_owned()))
}

/// Checks a title or a name of anything but a session; trims it.
///
/// # Errors
///
/// `Blank`, `TooLong`, `BadCharacter`.
pub fn title(input: Input, given: &str) -> Result<String, Rejection> {
    one_line(input, given, TITLE_BYTES_MAX)
}

/// Checks a session's name; trims it.
///
/// # Errors
///
/// `Blank`, `TooLong`, `BadCharacter`.
pub fn new_session_name(given: &str) -> Result<String, Rejection> {
    one_line(Input::Name, given, SESSION_NAME_BYTES_MAX)
}

/// Checks one line of text: not blank, no control characters, bounded; trims it.
///
/// # Errors
///
/// `Blank`, `TooLong`, `BadCharacter`.
pub fn one_line(input: Input, given: &str, bytes_max: usize) -> Result<String, Rejection> {
    let trimmed = given.trim();
    within(input, trimmed, bytes_max)?;
    match trimmed.chars().position(char::is_control) {
        Some(at) => Err(Rejection::BadCharacter { input, at }),
        None => Ok(trimmed.to_owned()),
    }
}

/// Checks an outgoing message against what its channel carries.
///
/// # Errors
///
/// `Blank`, `TextTooLong`.
pub fn outgoing_text(given: &str, chars_max: u32) -> Result<(), Rejection> {
    if given.trim().is_empty() {
        return Err(Rejection::Blank { input: Input::Text });
    }
    let (chars, max) = (given.chars().count(), usize::try_from(chars_max).unwrap_or(usize::MAX));
    if chars > max {
        return Err(Rejection::TextTooLong { chars, max });
    }
    within(Input::Text, given, TEXT_BYTES_MAX)
}

/// Checks that a text is not blank and not longer than a limit, in octets.
///
/// # Errors
///
/// `Blank`, `TooLong`.
pub fn within(input: Input, given: &str, bytes_max: usize) -> Result<(), Rejection> {
    if given.trim().is_empty() {
        return Err(Rejection::Blank { input });
    }
    if given.len() > bytes_max {
        return Err(Rejection::TooLong { input, bytes: given.len(), max: bytes_max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_a_name_is_what_the_format_says() {
        for at in [
            0,
            1,
            -1,
            1_795_356_300_000_000,
            -30_610_224_000_000_001,
            253_402_300_799_999_999,
            253_402_300_800_000_000,
            -62_135_596_800_000_001,
        ] {
            let moment = DateTime::from_timestamp_micros(at).expect("chrono has it");
            assert_eq!(clock_time(Timestamp(at)), moment.format("%Y-%m-%d %H:%M").to_string(), "{at}");
        }
        assert_eq!(clock_time(Timestamp(i64::MAX)), i64::MAX.to_string());
    }

    #[test]
    fn a_line_is_taken_as_it_is_only_if_nothing_in_it_would_change() {
        let every = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
        for c in every {
            let text = format!("a{c}b");
            let plain = !c.is_control() && !c.is_whitespace() || c == ' ';
            assert!(plain || !is_plain_line(&text), "{c:?}");
        }
        for text in ["", " a", "a ", "a  b", " "] {
            assert!(!is_plain_line(text), "{text:?}");
        }
        for text in ["a", "Иван Петров", "Служба поддержки: Анна, 2026-11-22 14:05", "🙂 ok"]
        {
            assert!(is_plain_line(text), "{text:?}");
        }
    }
}
