//! Every limit of the rules, with its reason.

/// The longest subject, in octets: a header line of RFC 5322 §2.1.1 without its CR LF.
pub const SUBJECT_BYTES_MAX: usize = 998;

/// The longest name of a session, in octets: it has to hold any subject.
pub const SESSION_NAME_BYTES_MAX: usize = SUBJECT_BYTES_MAX;

/// The longest title of a line, channel, app, operator or element, in octets: it fits a page's column.
pub const TITLE_BYTES_MAX: usize = 512;

/// The longest value of an element's field, in octets.
pub const FIELD_BYTES_MAX: usize = 4096;

/// The longest name of a field, in octets.
pub const FIELD_NAME_BYTES_MAX: usize = 128;

/// Fields of one element; an element is read whole for each creation.
pub const FIELDS_MAX: usize = 64;

/// Elements linked to one session; each message of it is filed under each of them.
pub const LINKS_MAX: usize = 32;

/// Channels of one line, disconnected ones included.
pub const CHANNELS_MAX: usize = 64;

/// Apps bound to one line.
pub const BOUND_APPS_MAX: usize = 64;

/// Operators, supervisors and readers of one line.
pub const MEMBERS_MAX: usize = 10_000;

/// Lines on which one person has a role; lists of all of a person's lines are merged from so many.
pub const LINES_PER_OPERATOR_MAX: usize = 512;

/// Apps and processes of the workspace, each.
pub const WORKSPACE_ENTRIES_MAX: usize = 1_000;

/// The longest message in any direction, in bytes, whatever a channel's policy says: it fits the log.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// The longest opaque address, in octets.
pub const ADDRESS_BYTES_MAX: usize = 254;

/// The longest id that a channel gives a message, in octets (a Message-ID of RFC 5322 fits a line).
pub const EXTERNAL_ID_BYTES_MAX: usize = 998;

/// The longest reason of a failed delivery, in octets.
pub const REASON_BYTES_MAX: usize = 1024;

/// Refused commands kept of one line and day, where its audit is on: what one person can make by hand,
/// and less than a megabyte of a flood.
pub const REFUSALS_PER_DAY_MAX: u32 = 1_000;

/// The longest value of a refused command that is kept, in octets.
pub const REFUSAL_VALUE_BYTES_MAX: usize = 256;

/// The longest name template, in octets.
pub const TEMPLATE_BYTES_MAX: usize = 2048;
