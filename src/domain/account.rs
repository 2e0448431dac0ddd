//! Accounts: addresses of customers, as a contact's field holds them and as the medium needs them.

use std::fmt;

use email_address::{EmailAddress, Options};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};

use super::channel::AddressFormat;
use super::id::KindCode;
use super::limits::ADDRESS_BYTES_MAX;

/// What kind of address an account is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// A telephone number: WhatsApp, Telegram.
    Phone,
    /// A username of Telegram, with or without its `@`.
    TelegramUsername,
    /// The id by which a Telegram bot knows a user.
    TelegramUser,
    /// The id by which a Viber bot knows a user.
    ViberUser,
    /// The id of a user of VK.
    VkUser,
    /// The id of a visitor of the chat on a web page.
    LiveChatVisitor,
    /// An e-mail address.
    Email,
    /// An address of a medium that the host declares.
    Custom(KindCode),
}

impl AccountKind {
    /// The built-in kinds.
    pub const BUILT_IN: [AccountKind; 7] = [
        AccountKind::Phone,
        AccountKind::TelegramUsername,
        AccountKind::TelegramUser,
        AccountKind::ViberUser,
        AccountKind::VkUser,
        AccountKind::LiveChatVisitor,
        AccountKind::Email,
    ];

    /// The form in which addresses of this kind are compared where no channel says it; one of a
    /// declared kind is taken as it is.
    #[must_use]
    pub fn format(&self) -> AddressFormat {
        match self {
            AccountKind::Phone => AddressFormat::PhoneE164,
            AccountKind::TelegramUsername => AddressFormat::PhoneOrUsername,
            AccountKind::Email => AddressFormat::Email,
            AccountKind::TelegramUser
            | AccountKind::ViberUser
            | AccountKind::VkUser
            | AccountKind::LiveChatVisitor
            | AccountKind::Custom(_) => AddressFormat::Opaque,
        }
    }

    /// The kind as a stable code; a custom kind is its own code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            AccountKind::Phone => "phone",
            AccountKind::TelegramUsername => "telegram-username",
            AccountKind::TelegramUser => "telegram-user",
            AccountKind::ViberUser => "viber-user",
            AccountKind::VkUser => "vk-user",
            AccountKind::LiveChatVisitor => "live-chat-visitor",
            AccountKind::Email => "email",
            AccountKind::Custom(code) => code.as_str(),
        }
    }
}

/// An address as somebody saved it: it may be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountText {
    /// What it is meant to be.
    pub kind: AccountKind,
    /// As it was saved.
    pub text: String,
}

/// A customer's address, checked and in the one form that is compared.
///
/// Made only by [`Account::normalise`] and by reading the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// What it is.
    pub kind: AccountKind,
    /// The normalised address.
    pub address: String,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

/// An address that does not have the form its channel needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAddress {
    /// The address, as it was saved.
    pub given: String,
    /// The form that the channel needs.
    pub expected: AddressFormat,
    /// The same address in that form, where it can be guessed.
    pub suggestion: Option<String>,
}

impl Account {
    /// Checks an address against the form that a channel needs.
    ///
    /// Telephone numbers are accepted in international form only, as E.164 writes them: a plus and
    /// digits that are a number in use by libphonenumber's metadata. E-mail addresses compare
    /// without regard to case, usernames too.
    ///
    /// # Errors
    ///
    /// [`BadAddress`] with the form expected and, where one can be guessed, the right spelling.
    pub fn normalise(raw: &AccountText, format: AddressFormat) -> Result<Account, BadAddress> {
        let text = raw.text.as_str();
        let username = raw.kind != AccountKind::Phone;
        let address = match format {
            AddressFormat::PhoneE164 => e164(text),
            AddressFormat::PhoneOrUsername if username => self::username(text),
            AddressFormat::PhoneOrUsername => e164(text),
            AddressFormat::Email => email(text),
            AddressFormat::Opaque => opaque(text),
        };
        let Some(address) = address else {
            let phone = matches!(format, AddressFormat::PhoneE164 | AddressFormat::PhoneOrUsername);
            let suggestion = if phone && !(username && format == AddressFormat::PhoneOrUsername) {
                suggest_phone(text)
            } else {
                None
            };
            return Err(BadAddress { given: text.chars().take(80).collect(), expected: format, suggestion });
        };
        Ok(Account { kind: raw.kind.clone(), address })
    }
}

/// A number that E.164 writes exactly so, and that is in use.
fn e164(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = number(digits)?;
    PHONE_NUMBER_UTIL.is_valid_number(&number).then(|| text.to_owned())
}

/// The digits of the longest calling code of a country.
const CALLING_CODE_DIGITS_MAX: usize = 3;

/// The number that digits in international form are.
///
/// The library's own parser takes any writing of a number; here only one is legal, which needs no
/// patterns: no calling code begins with a zero or with another one (ITU-T E.164), and what follows is the number.
fn number(digits: &str) -> Option<PhoneNumber> {
    if digits.starts_with('0') {
        return None;
    }
    let known = |length: usize| {
        let (code, national) = digits.split_at_checked(length)?;
        let code = code.parse().ok()?;
        PHONE_NUMBER_UTIL.get_region_for_country_code(code).map(|_| (code, national))
    };
    let (country_code, national) = (1..=CALLING_CODE_DIGITS_MAX).find_map(known)?;
    let zeros = national.bytes().take_while(|byte| *byte == b'0').count();
    // As the parser has it: where all is zeros, the last one is the number.
    let leading = if zeros == national.len() { zeros.saturating_sub(1) } else { zeros };
    Some(PhoneNumber {
        country_code,
        national_number: national.parse().ok()?,
        italian_leading_zero: (leading > 0).then_some(true),
        number_of_leading_zeros: (leading > 1).then(|| i32::try_from(leading)).transpose().ok()?,
        ..PhoneNumber::default()
    })
}

/// The number that a person probably meant, for the hint of a refusal.
fn suggest_phone(text: &str) -> Option<String> {
    let digits: String =
        text.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect();
    let mut guesses = vec![format!("+{digits}")];
    if let Some(rest) = digits.strip_prefix("00") {
        guesses.push(format!("+{rest}"));
    }
    // Russia's trunk prefix: 8 916 123-45-67 is +7 916 123-45-67.
    if let Some(rest) = digits.strip_prefix('8') {
        guesses.push(format!("+7{rest}"));
    }
    if digits.len() == 10 {
        guesses.push(format!("+7{digits}"));
    }
    guesses.into_iter().find_map(|guess| e164(&guess))
}

fn email(text: &str) -> Option<String> {
    // Folding case may lengthen a text, so that both forms have to fit.
    let folded = text.to_lowercase();
    if text.len().max(folded.len()) > ADDRESS_BYTES_MAX
        || text.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return None;
    }
    let plain = Options::default().with_required_tld().without_display_text().without_domain_literal();
    // What is compared has to be an address itself: İ folds into two characters, of which a domain has one.
    for form in [text, &folded] {
        EmailAddress::parse_with_options(form, plain).ok()?;
    }
    Some(folded)
}

/// Telegram: 4 to 32 characters a-z, 0-9 and `_`, the first a letter.
fn username(text: &str) -> Option<String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let legal = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    ((4..=32).contains(&name.len()) && legal && starts).then(|| name.to_ascii_lowercase())
}

fn opaque(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= ADDRESS_BYTES_MAX;
    (fits && !text.chars().any(|c| c.is_control() || c.is_whitespace())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::RngExt;
    use proptest::test_runner::{Config, TestRunner};
    use rlibphonenumber::{PhoneNumberFormat, PhoneNumberType};

    use super::*;

    fn by_the_parser(text: &str) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(text, None).ok()?;
        let valid = PHONE_NUMBER_UTIL.is_valid_number(&number);
        let written = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
        (valid && written == text).then(|| text.to_owned())
    }

    /// Kinds of numbers that have examples in the library's metadata.
    const TYPES: [PhoneNumberType; 10] = [
        PhoneNumberType::FixedLine,
        PhoneNumberType::Mobile,
        PhoneNumberType::TollFree,
        PhoneNumberType::PremiumRate,
        PhoneNumberType::SharedCost,
        PhoneNumberType::VoIP,
        PhoneNumberType::PersonalNumber,
        PhoneNumberType::Pager,
        PhoneNumberType::UAN,
        PhoneNumberType::VoiceMail,
    ];

    /// Examples of all countries, and what comes of them by mistyping, by trunk prefixes and by chance.
    fn numbers(runner: &mut TestRunner) -> Vec<String> {
        let mut below = |end: usize| runner.rng().random_range(0..end);
        let mut texts = Vec::new();
        for region in PHONE_NUMBER_UTIL.get_supported_regions() {
            for kind in TYPES {
                let Ok(example) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind)
                else {
                    continue;
                };
                let text = PHONE_NUMBER_UTIL.format(&example, PhoneNumberFormat::E164).into_owned();
                let national = 1 + example.country_code.to_string().len();
                for change in 0..20 {
                    let mut changed = text.clone().into_bytes();
                    for _ in 0..below(5) {
                        let at = national + below(changed.len() - national);
                        changed[at] = DIGITS[below(10)];
                    }
                    match change % 5 {
                        0 => changed.insert(national, DIGITS[below(10)]),
                        1 => changed.push(DIGITS[below(10)]),
                        2 => changed.truncate(text.len() - 1),
                        3 => changed.insert(1, DIGITS[below(10)]),
                        _ => {}
                    }
                    texts.push(String::from_utf8(changed).expect("digits are ASCII"));
                }
            }
        }
        texts.extend((0..20_000).map(|_| {
            let digits = (0..5 + below(12)).map(|_| char::from(DIGITS[below(10)]));
            std::iter::once('+').chain(digits).collect()
        }));
        texts
    }

    const DIGITS: &[u8; 10] = b"0123456789";

    #[test]
    fn a_number_is_legal_exactly_if_the_parser_reads_it_as_itself() {
        let mut runner = TestRunner::new(Config::default());
        let texts = numbers(&mut runner);
        let mut legal = 0;
        for text in &texts {
            let short = text.len() <= 16;
            assert_eq!(e164(text), by_the_parser(text).filter(|_| short), "{text}");
            legal += usize::from(e164(text).is_some());
        }
        assert!(legal * 20 > texts.len(), "{legal} of {} are legal: too few to say much", texts.len());
    }
}
