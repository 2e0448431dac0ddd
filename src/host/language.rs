//! The language of sentences for people, by `Accept-Language` (RFC 9110 §12.5.4).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
use switchboard::domain::rejection::Lang;

/// The most choices that are looked at; browsers send a handful.
const CHOICES_MAX: usize = 32;

/// The language that a request prefers: Russian or English; English where it names neither.
#[must_use]
pub fn preferred(headers: &HeaderMap) -> Lang {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Lang::En);
    for choice in header.split(',').take(CHOICES_MAX) {
        let (tag, weight) = match choice.split_once(';') {
            None => (choice, 1.0),
            Some((tag, parameter)) => (tag, weight(parameter)),
        };
        let primary = tag.trim().split('-').next().unwrap_or_default();
        let lang = match primary.to_ascii_lowercase().as_str() {
            "ru" => Lang::Ru,
            "en" => Lang::En,
            _ => continue,
        };
        if weight > best.0 {
            best = (weight, lang);
        }
    }
    best.1
}

fn weight(parameter: &str) -> f32 {
    let text = parameter.trim().strip_prefix("q=").unwrap_or("1");
    text.parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &'static str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, axum::http::HeaderValue::from_static(header));
        preferred(&headers)
    }

    #[test]
    fn the_heaviest_known_language_is_preferred() {
        assert_eq!(preferred(&HeaderMap::new()), Lang::En);
        assert_eq!(of("ru-RU,ru;q=0.9,en;q=0.8"), Lang::Ru);
        assert_eq!(of("de, en;q=0.4, RU;q=0.7"), Lang::Ru);
        assert_eq!(of("en, ru"), Lang::En);
        assert_eq!(of("ru;q=0, *"), Lang::En);
    }
}
