//! Identities: a type for each thing that is named, so that one cannot stand for another.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map($name)
            }
        }
    )*};
}

uuid_ids! {
    /// A line: a desk with operators and channels.
    LineId
    /// A connected medium of one line.
    ChannelId
    /// A session with a customer.
    SessionId
    /// A message of a session.
    MessageId
    /// An operator, supervisor or reader.
    OperatorId
    /// An administrator of the workspace.
    AdministratorId
    /// A record of an app.
    ElementId
    /// A command; the same id is the same command, however often it arrives.
    CommandId
}

/// The longest code, in bytes; a code is part of stream names and of paths.
pub const CODE_BYTES_MAX: usize = 64;

/// A text that is not a code, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no code: 1 to 64 characters a-z, 0-9, '-', '_' or '.' are")]
pub struct BadCode {
    /// The text, cut to 80 characters.
    pub text: String,
}

fn check_code(text: &str) -> Result<Arc<str>, BadCode> {
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if text.is_empty() || text.len() > CODE_BYTES_MAX || !text.bytes().all(legal) {
        return Err(BadCode { text: text.chars().take(80).collect() });
    }
    Ok(text.into())
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// 1 to 64 characters of `a-z`, `0-9`, `-`, `_`, `.`.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a text as a code.
            ///
            /// # Errors
            ///
            /// [`BadCode`] with the text and what a code is.
            pub fn new(text: &str) -> Result<Self, BadCode> {
                check_code(text).map($name)
            }

            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadCode;

            fn from_str(text: &str) -> Result<Self, BadCode> {
                $name::new(text)
            }
        }
    )*};
}

codes! {
    /// An app of the host: a collection of elements, such as `contacts` or `orders`.
    AppId
    /// A business process that sends initiated messages, such as `order-ready`.
    ProcessId
    /// A kind of channel or account that the host declares.
    KindCode
}

/// A record of an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ElementRef {
    /// The app.
    pub app: AppId,
    /// The record.
    pub element: ElementId,
}

/// The revision of a line's rules: 0 at its creation, one more with each change of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRevision(pub u32);

impl PolicyRevision {
    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> PolicyRevision {
        PolicyRevision(self.0 + 1)
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A person at the console, with the roles that each line gives.
    Operator(OperatorId),
    /// A customer, or the medium itself, through a channel.
    Channel(ChannelId),
    /// A business process, without any operator.
    Process(ProcessId),
    /// Who configures the workspace.
    Administrator(AdministratorId),
}
