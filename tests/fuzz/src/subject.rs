//! Subjects, and the other texts of one line.

use switchboard::domain::limits::{SESSION_NAME_BYTES_MAX, SUBJECT_BYTES_MAX, TITLE_BYTES_MAX};
use switchboard::domain::name;
use switchboard::domain::rejection::{Input, Rejection};

/// What is taken can stand in a header as it is; what is not is told with its place.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let safe = name::safe_line(&text, TITLE_BYTES_MAX);
    assert!(safe.len() <= TITLE_BYTES_MAX && !safe.chars().any(char::is_control), "{safe:?}");
    let title = one_line(name::title(Input::Title, &text), &text, TITLE_BYTES_MAX);
    let of_session = one_line(name::new_session_name(&text), &text, SESSION_NAME_BYTES_MAX);
    let subject = match name::subject(Some(&text)) {
        Ok(Some(subject)) => {
            header(&subject, SUBJECT_BYTES_MAX);
            assert_eq!(name::subject(Some(&subject)), Ok(Some(subject.clone())), "it has one form");
            "taken"
        }
        Ok(None) => {
            assert!(text.trim().is_empty(), "a subject is lost");
            "none"
        }
        Err(Rejection::BadSubject { at }) => {
            assert!(text.chars().nth(at).is_some_and(char::is_control), "nothing is wrong at {at}");
            "refused: bad"
        }
        Err(Rejection::SubjectTooLong { bytes, max }) => {
            assert!(bytes > max && max == SUBJECT_BYTES_MAX && bytes <= text.len(), "{bytes} and {max}");
            "refused: long"
        }
        Err(other) => panic!("{other:?} is not of subjects"),
    };
    format!("{subject}, {title}, {of_session}")
}

fn one_line(taken: Result<String, Rejection>, text: &str, bytes_max: usize) -> &'static str {
    match taken {
        Ok(line) => {
            header(&line, bytes_max);
            assert_eq!(line, text.trim());
            "taken"
        }
        Err(refused) => {
            assert!(matches!(refused.code(), "Blank" | "TooLong" | "BadCharacter"), "{refused:?}");
            refused.code()
        }
    }
}

fn header(line: &str, bytes_max: usize) {
    assert!((1..=bytes_max).contains(&line.len()), "{} bytes", line.len());
    assert!(!line.chars().any(char::is_control) && line.trim() == line, "{line:?}");
}
