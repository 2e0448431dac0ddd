//! The rules of channels and lines.

use serde::{Deserialize, Serialize};
use switchboard::domain::channel::{
    AddressFormat, ChannelPolicy, FieldTypes, OperatorCreate, ParallelOpen, SubjectRule,
};
use switchboard::domain::event::{InboundRule, LineRules, Role};
use utoipa::ToSchema;

/// Mirrors an enumeration of the library under kebab-case names.
macro_rules! mirrored {
    ($($(#[$doc:meta])* $name:ident of $of:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl From<$name> for $of {
            fn from(json: $name) -> $of {
                match json { $($name::$variant => $of::$variant),* }
            }
        }

        impl From<$of> for $name {
            fn from(of: $of) -> $name {
                match of { $($of::$variant => $name::$variant),* }
            }
        }
    )*};
}

mirrored! {
    /// A role of a person on a line.
    RoleJson of Role {
        /// Serves customers.
        Operator,
        /// Sees all sessions, assigns and takes over.
        Supervisor,
        /// Reads.
        Reader,
    }
    /// When operators may start a session.
    OperatorCreateJson of OperatorCreate {
        /// Never.
        Never,
        /// When the customer wrote to this channel before.
        PriorInboundOnly,
        /// Always.
        Always,
    }
    /// How many sessions of one customer may be open.
    ParallelOpenJson of ParallelOpen {
        /// One.
        One,
        /// Any number.
        Many,
    }
    /// What an address looks like.
    AddressFormatJson of AddressFormat {
        /// A telephone number of E.164.
        PhoneE164,
        /// The same, or a username.
        PhoneOrUsername,
        /// An e-mail address.
        Email,
        /// An id of the medium.
        Opaque,
    }
    /// Whether a session has a subject.
    SubjectRuleJson of SubjectRule {
        /// It may have one.
        Optional,
        /// It has none.
        None,
    }
}

/// What an address looks like, as its stable word.
#[must_use]
pub fn address_format(format: AddressFormat) -> AddressFormatJson {
    format.into()
}

/// The rules of one channel.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyJson {
    /// When operators may start a session.
    pub operator_create: OperatorCreateJson,
    /// How many sessions of one customer may be open.
    pub parallel_open: ParallelOpenJson,
    /// What an address looks like.
    pub account: AddressFormatJson,
    /// Which fields an address may be taken from.
    pub field_types: FieldTypesJson,
    /// Whether a session has a subject.
    pub subject: SubjectRuleJson,
    /// Whether business processes may send.
    pub initiated: bool,
    /// The longest outgoing text, in characters.
    #[schema(value_type = u64, maximum = 4_294_967_295_u64)]
    pub text_chars_max: u32,
}

/// Which fields an address may be taken from.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldTypesJson {
    /// Fields of type Account.
    pub account: bool,
    /// Fields of type E-mail.
    pub email: bool,
}

impl From<PolicyJson> for ChannelPolicy {
    fn from(json: PolicyJson) -> ChannelPolicy {
        let FieldTypesJson { account, email } = json.field_types;
        ChannelPolicy {
            operator_create: json.operator_create.into(),
            parallel_open: json.parallel_open.into(),
            account: json.account.into(),
            field_types: FieldTypes { account, email },
            subject: json.subject.into(),
            initiated: json.initiated,
            text_chars_max: json.text_chars_max,
        }
    }
}

impl From<&ChannelPolicy> for PolicyJson {
    fn from(policy: &ChannelPolicy) -> PolicyJson {
        let FieldTypes { account, email } = policy.field_types;
        PolicyJson {
            operator_create: policy.operator_create.into(),
            parallel_open: policy.parallel_open.into(),
            account: policy.account.into(),
            field_types: FieldTypesJson { account, email },
            subject: policy.subject.into(),
            initiated: policy.initiated,
            text_chars_max: policy.text_chars_max,
        }
    }
}

/// The rules of a line beside those of its channels.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesJson {
    /// Whether supervisors may create sessions as operators may.
    pub supervisors_create: bool,
    /// A customer's message reopens the last session if it was closed at most so many seconds ago;
    /// without it there is always a new one.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    pub reopen_within_seconds: Option<u32>,
}

impl From<RulesJson> for LineRules {
    fn from(json: RulesJson) -> LineRules {
        let reopen = |seconds| InboundRule::ReopenWithin { seconds };
        let inbound = json.reopen_within_seconds.map_or(InboundRule::NewSession, reopen);
        LineRules { supervisors_create: json.supervisors_create, inbound }
    }
}

impl From<LineRules> for RulesJson {
    fn from(rules: LineRules) -> RulesJson {
        let reopen_within_seconds = match rules.inbound {
            InboundRule::NewSession => None,
            InboundRule::ReopenWithin { seconds } => Some(seconds),
        };
        RulesJson { supervisors_create: rules.supervisors_create, reopen_within_seconds }
    }
}
