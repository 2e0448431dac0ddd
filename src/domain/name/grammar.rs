//! What a name template may contain: nothing that repeats or multiplies what it is given.
//!
//! Fuel bounds the instructions of a template, not its memory: one instruction can double a text.
//! So there are variables, conditions and a few filters, no loops, captures or operators on texts,
//! and a name is never longer than its template allows times its longest value.

use minijinja::{Environment, UndefinedBehavior, filters, tests};

use crate::domain::rejection::Rejection;

/// Instructions that a template may take: far above any name, far below a stalled line.
const FUEL: u64 = 20_000;

/// The statements there are.
const STATEMENTS: [&str; 4] = ["if", "elif", "else", "endif"];

/// Characters outside of quotes that join, repeat or collect values.
const FORBIDDEN: [char; 6] = ['~', '+', '*', ',', '{', '}'];

/// An environment with the filters of names: `upper`, `lower`, `title`, `capitalize`, `trim`, `default`.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("default", filters::default);
    environment.add_test("defined", tests::is_defined);
    environment
}

/// Checks that a template has nothing but these statements and no forbidden operator.
///
/// What does not even parse is left to the compiler, which tells it better.
pub(super) fn check(source: &str) -> Result<(), Rejection> {
    let mut at = 0;
    while let Some(found) = source[at..].find('{') {
        let open = at + found;
        at = match source[open + 1..].chars().next() {
            Some('{') => code(source, open, "}}")?,
            Some('%') => code(source, open, "%}")?,
            Some('#') => source[open..].find("#}").map_or(source.len(), |end| open + end + 2),
            Some(_) | None => open + 1,
        };
    }
    Ok(())
}

/// Checks one `{{ … }}` or `{% … %}`; answers where it ends.
fn code(source: &str, open: usize, close: &str) -> Result<usize, Rejection> {
    let (start, mut quote, mut escaped) = (open + 2, None, false);
    if close == "%}" {
        statement(source, start)?;
    }
    let mut before = ' ';
    for (offset, c) in source[start..].char_indices() {
        let at = start + offset;
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(of) if c == of => quote = None,
            Some(_) => {}
            None if source[at..].starts_with(close) => return Ok(at + close.len()),
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if FORBIDDEN.contains(&c) => return Err(refused(source, at, &c.to_string())),
            None if c == '[' && !(before.is_alphanumeric() || matches!(before, '_' | ')' | ']')) => {
                return Err(refused(source, at, "["));
            }
            None => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    Ok(source.len())
}

fn statement(source: &str, start: usize) -> Result<(), Rejection> {
    let rest = source[start..].trim_start_matches('-').trim_start();
    let word = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    if word.is_empty() || STATEMENTS.contains(&word) {
        return Ok(());
    }
    Err(refused(source, source.len() - rest.len(), word))
}

fn refused(source: &str, at: usize, what: &str) -> Rejection {
    let (line, column) = place(source, at);
    Rejection::BadTemplate { line, column, reason: format!("a name template has no {what:?}") }
}

/// The line and the column of an octet, both from 1.
pub(super) fn place(source: &str, at: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(at.min(source.len()))];
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
}
