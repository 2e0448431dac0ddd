//! Moments as RFC 3339 texts with microseconds.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use switchboard::domain::time::Timestamp;
use utoipa::ToSchema;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-22T14:05:00.000000Z")]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match DateTime::from_timestamp_micros(self.0.0) {
            Some(moment) => to.serialize_str(&moment.to_rfc3339_opts(SecondsFormat::Micros, true)),
            // Beyond the years that RFC 3339 can write; a channel may claim so.
            None => to.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        let moment = DateTime::parse_from_rfc3339(&text)
            .map_err(|error| D::Error::custom(format!("a time as of RFC 3339 is expected: {error}")))?;
        Ok(Time(Timestamp(moment.timestamp_micros())))
    }
}
