//! Numbers in international form: every region's pass, everything beside the form is refused (R33).

#[path = "support/rules.rs"]
mod rules;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType};
use rules::{Desk, phone};
use switchboard::domain::account::{Account, AccountKind, AccountText, BadAddress};
use switchboard::domain::channel::{AddressFormat, ChannelKind};
use switchboard::domain::rejection::Lang;

/// Regions for which libphonenumber's metadata has no example of a mobile number: Tristan da Cunha.
const WITHOUT_MOBILE: [&str; 1] = ["TA"];

fn normalise(text: &str) -> Result<Account, BadAddress> {
    let raw = AccountText { kind: AccountKind::Phone, text: text.into() };
    Account::normalise(&raw, AddressFormat::PhoneE164)
}

/// The mobile example of every region, as E.164 writes it.
fn examples() -> Vec<(String, String)> {
    let mut without = Vec::new();
    let mut examples = Vec::new();
    for region in PHONE_NUMBER_UTIL.get_supported_regions() {
        match PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile) {
            Ok(number) => {
                let text = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned();
                examples.push((region.to_string(), text));
            }
            Err(_) => without.push(region.to_string()),
        }
    }
    without.sort();
    assert_eq!(without, WITHOUT_MOBILE, "regions without a mobile example are listed by name");
    assert!(examples.len() > 200, "{} regions are not the world", examples.len());
    examples
}

#[test]
fn a_mobile_number_of_every_region_is_accepted_as_it_is() {
    for (region, number) in examples() {
        let account = normalise(&number).unwrap_or_else(|bad| panic!("{region}: {bad:?}"));
        assert_eq!(account.address, number, "{region}");
    }
}

#[test]
fn a_number_of_every_region_is_refused_in_any_other_writing() {
    let full_width = |text: &str| -> String {
        text.chars().map(|c| c.to_digit(10).and_then(|d| char::from_u32(0xFF10 + d)).unwrap_or(c)).collect()
    };
    for (region, number) in examples() {
        let digits = &number[1..];
        for wrong in [
            digits.to_owned(),
            format!("00{digits}"),
            format!("{} {}", &number[..4], &number[4..]),
            format!("{}-{}", &number[..4], &number[4..]),
            full_width(&number),
            format!("{number}\n"),
            format!(" {number}"),
            format!("+{number}"),
        ] {
            let bad = normalise(&wrong).expect_err(&format!("{region}: {wrong:?}"));
            assert_eq!(bad.expected, AddressFormat::PhoneE164);
        }
    }
}

#[test]
fn too_short_too_long_and_unused_numbers_are_refused() {
    for wrong in [
        "",
        "+",
        "+7",
        "+7916",
        "+7916123456",
        "+791612345678",
        "+7916123456789012",
        "+1234567890123456",
        "+79161234567 ",
        "+7916123456a",
        "+7(916)1234567",
        "+7.9161234567",
        "+٧٩١٦١٢٣٤٥٦٧",
        "+00000000000",
        "+99900000000",
        "tel:+79161234567",
    ] {
        assert!(normalise(wrong).is_err(), "{wrong:?} is no number in international form");
    }
}

#[test]
fn a_number_typed_the_russian_way_is_guessed() {
    let cases = [
        ("89161234567", Some("+79161234567")),
        ("79161234567", Some("+79161234567")),
        ("9161234567", Some("+79161234567")),
        ("8 (916) 123-45-67", Some("+79161234567")),
        ("+7 916 123-45-67", Some("+79161234567")),
        ("+79161234567\n", Some("+79161234567")),
        ("0079161234567", Some("+79161234567")),
        ("00442071838750", Some("+442071838750")),
        ("+7916", None),
        ("Иван", None),
    ];
    for (given, suggestion) in cases {
        let bad = normalise(given).expect_err(given);
        assert_eq!(bad.suggestion.as_deref(), suggestion, "{given:?}");
        assert_eq!(bad.given, given);
    }
}

#[tokio::test]
async fn whatsapp_refuses_a_number_saved_with_an_eight_and_tells_how_to_save_it() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone("89161234567")).await;
    let refused = desk.refusal(desk.create(desk.anna, &desk.creation(&contact, "89161234567"))).await;
    assert_eq!(refused.code(), "BadAddress");
    let rejection = refused.rejection().expect("a rule refused it");
    assert_eq!(rejection.hint(Lang::Ru).as_deref(), Some("сохраните номер как +79161234567"));
    assert_eq!(rejection.hint(Lang::En).as_deref(), Some("save the number as +79161234567"));
    let contact = desk.contact(phone("+7916")).await;
    let refused = desk.refusal(desk.create(desk.anna, &desk.creation(&contact, "+7916"))).await;
    let hint = refused.rejection().and_then(|rejection| rejection.hint(Lang::Ru));
    assert_eq!(hint.as_deref(), Some("сохраните номер как +7XXXXXXXXXX"));
}

#[tokio::test]
async fn whatsapp_takes_numbers_of_other_countries() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    for number in ["+79161234567", "+375291234567", "+77012345678", "+4915123456789", "+12015550123"] {
        let contact = desk.contact(phone(number)).await;
        desk.create(desk.anna, &desk.creation(&contact, number)).await.expect(number);
    }
}
