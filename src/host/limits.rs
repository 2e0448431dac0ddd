//! How much the host takes on: the bounds that whoever runs it may choose.
//!
//! Knows numbers and their reasons; must not know what is bounded by them. What nobody has a reason
//! to choose stands where it is used.

use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

/// Streams of events at once: each holds a page of events and a connection.
const STREAMS_MAX: usize = 1_024;

/// Streams of one token: the windows that one person has open, with some that are being left.
const STREAMS_OF_TOKEN_MAX: usize = 16;

/// Connections at once: every stream of events may stand, and as many ask besides.
const CONNECTIONS_MAX: usize = 2 * STREAMS_MAX;

/// Connections of one address: half of all, so that one machine cannot shut out the others. It is an
/// office's behind one address too, with a few connections for each of its people.
const CONNECTIONS_OF_ADDRESS_MAX: usize = CONNECTIONS_MAX / 2;

/// Requests of a token in a second: a channel hands in the messages of many customers.
const REQUESTS_PER_TOKEN: u32 = 2_000;

/// Requests without a good token in a second, of one address: a page of the console is some fifty files.
const REQUESTS_PER_ADDRESS: u32 = 500;

/// How long the head of a request may take, and so how long a connection may rest between two:
/// longer than a slow line needs, short enough that silent clients do not hold every place.
const HEAD_SECONDS_MAX: u64 = 30;

/// How long a body may take to arrive: a slow line, not a stalled one.
const BODY_SECONDS_MAX: u64 = 20;

/// How long a client may hold an answer up. One that reads slowly takes something.
const STALL_SECONDS_MAX: u64 = 30;

/// The longest of these times: whoever waits longer has other reasons.
const SECONDS_MAX: u64 = 3_600;

/// The most of anything that is counted here: beyond, a machine has no such many open files.
const COUNT_MAX: u64 = 1 << 20;

/// Bounds of a host.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections at once; who finds no place waits in the system's queue.
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS_MAX, value_parser = count())]
    pub connections_max: usize,
    /// Connections of one address at once; one more is closed.
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS_OF_ADDRESS_MAX, value_parser = count())]
    pub connections_of_address_max: usize,
    /// Streams of events at once.
    #[arg(long, value_name = "N", default_value_t = STREAMS_MAX, value_parser = count())]
    pub streams_max: usize,
    /// Streams of events of one token at once.
    #[arg(long, value_name = "N", default_value_t = STREAMS_OF_TOKEN_MAX, value_parser = count())]
    pub streams_of_token_max: usize,
    /// Requests of one token in a second; 0 is no limit.
    #[arg(long, value_name = "N", default_value_t = REQUESTS_PER_TOKEN)]
    pub requests_per_token: u32,
    /// Requests without a good token in a second, of one address; 0 is no limit.
    #[arg(long, value_name = "N", default_value_t = REQUESTS_PER_ADDRESS)]
    pub requests_per_address: u32,
    /// Seconds that the head of a request may take, and a connection rest.
    #[arg(long, value_name = "N", default_value_t = HEAD_SECONDS_MAX, value_parser = seconds())]
    head_seconds_max: u64,
    /// Seconds that the body of a request may take.
    #[arg(long, value_name = "N", default_value_t = BODY_SECONDS_MAX, value_parser = seconds())]
    body_seconds_max: u64,
    /// Seconds that a client may hold its answer up.
    #[arg(long, value_name = "N", default_value_t = STALL_SECONDS_MAX, value_parser = seconds())]
    stall_seconds_max: u64,
}

impl Limits {
    /// How long the head of a request may take.
    #[must_use]
    pub fn head(&self) -> Duration {
        Duration::from_secs(self.head_seconds_max)
    }

    /// How long the body of a request may take.
    #[must_use]
    pub fn body(&self) -> Duration {
        Duration::from_secs(self.body_seconds_max)
    }

    /// How long a client may hold its answer up.
    #[must_use]
    pub fn stall(&self) -> Duration {
        Duration::from_secs(self.stall_seconds_max)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections_max: CONNECTIONS_MAX,
            connections_of_address_max: CONNECTIONS_OF_ADDRESS_MAX,
            streams_max: STREAMS_MAX,
            streams_of_token_max: STREAMS_OF_TOKEN_MAX,
            requests_per_token: REQUESTS_PER_TOKEN,
            requests_per_address: REQUESTS_PER_ADDRESS,
            head_seconds_max: HEAD_SECONDS_MAX,
            body_seconds_max: BODY_SECONDS_MAX,
            stall_seconds_max: STALL_SECONDS_MAX,
        }
    }
}

fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=COUNT_MAX)
}

fn seconds() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..=SECONDS_MAX)
}
