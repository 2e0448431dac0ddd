//! Addresses: the first byte tells the kind and the form, the rest is the text.

use switchboard::domain::account::{Account, AccountKind, AccountText};
use switchboard::domain::channel::AddressFormat;
use switchboard::domain::limits::ADDRESS_BYTES_MAX;

pub const WORDS: &[&str] = &[
    "+7",
    "+1",
    "+44",
    "+39",
    "00",
    "8",
    "9161234567",
    "\u{ff0b}\u{ff17}",
    "\u{661}",
    "@",
    ".",
    "..",
    "\"",
    "(",
    ")",
    "-",
    " ",
    "\n",
    "\0",
    "\u{212a}",
    "\u{130}",
    "\u{23a}",
    "xn--",
    "@example.ru",
    "t.me/",
    "[127.0.0.1]",
    "\u{200b}",
];

const FORMATS: [AddressFormat; 4] =
    [AddressFormat::PhoneE164, AddressFormat::PhoneOrUsername, AddressFormat::Email, AddressFormat::Opaque];

/// What is taken is in the one form that is compared; what is not is told with a spelling that is taken.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let Some((selector, text)) = input.split_first() else { return "empty".to_owned() };
    let kind = AccountKind::BUILT_IN[usize::from(*selector) % AccountKind::BUILT_IN.len()].clone();
    let format = match selector / 64 {
        0 => kind.format(),
        other => FORMATS[usize::from(other) % FORMATS.len()],
    };
    let raw = AccountText { kind, text: String::from_utf8_lossy(text).into_owned() };
    match Account::normalise(&raw, format) {
        Ok(account) => {
            let address = &account.address;
            assert!((1..=ADDRESS_BYTES_MAX).contains(&address.len()), "{} bytes", address.len());
            assert!(!address.chars().any(|c| c.is_control() || c.is_whitespace()), "{address:?}");
            let again = AccountText { kind: account.kind.clone(), text: address.clone() };
            assert_eq!(Account::normalise(&again, format).as_ref(), Ok(&account), "it has one form");
            if format == AddressFormat::PhoneE164 {
                let digits = address.strip_prefix('+').expect("a plus, and digits");
                assert!(
                    (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
                    "{address}"
                );
                assert_eq!(*address, raw.text, "a number is written in one way alone");
            }
            format!("taken: {format:?}, {}", account.kind.code())
        }
        Err(bad) => {
            assert!(bad.given.chars().count() <= 80, "a refusal does not repeat a book");
            if let Some(suggestion) = &bad.suggestion {
                let meant = AccountText { kind: raw.kind.clone(), text: suggestion.clone() };
                assert!(Account::normalise(&meant, format).is_ok(), "{suggestion} is suggested, and refused");
            }
            format!("refused: {format:?}, {}", if bad.suggestion.is_some() { "with a hint" } else { "" })
        }
    }
}
