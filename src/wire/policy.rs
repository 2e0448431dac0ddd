//! Rules of lines and channels, as payloads hold them.

use bincode::{BorrowDecode, Encode};

use super::numbers;
use super::payload::Bad;
use crate::domain::channel::{ChannelPolicy, FieldTypes};
use crate::domain::event::{InboundRule, LineRules};

/// The rules of a channel.
#[derive(Encode, BorrowDecode)]
pub(super) struct ChannelPolicyV1 {
    operator_create: u8,
    parallel_open: u8,
    account: u8,
    from_account_fields: bool,
    from_email_fields: bool,
    subject: u8,
    initiated: bool,
    text_chars_max: u32,
}

impl ChannelPolicyV1 {
    pub(super) fn of(policy: &ChannelPolicy) -> ChannelPolicyV1 {
        ChannelPolicyV1 {
            operator_create: numbers::operator_create_number(policy.operator_create),
            parallel_open: numbers::parallel_open_number(policy.parallel_open),
            account: numbers::address_format_number(policy.account),
            from_account_fields: policy.field_types.account,
            from_email_fields: policy.field_types.email,
            subject: numbers::subject_rule_number(policy.subject),
            initiated: policy.initiated,
            text_chars_max: policy.text_chars_max,
        }
    }

    pub(super) fn value(self) -> Result<ChannelPolicy, Bad> {
        Ok(ChannelPolicy {
            operator_create: numbers::operator_create(self.operator_create)?,
            parallel_open: numbers::parallel_open(self.parallel_open)?,
            account: numbers::address_format(self.account)?,
            field_types: FieldTypes { account: self.from_account_fields, email: self.from_email_fields },
            subject: numbers::subject_rule(self.subject)?,
            initiated: self.initiated,
            text_chars_max: self.text_chars_max,
        })
    }
}

const NEW_SESSION: u8 = 1;
const REOPEN_WITHIN: u8 = 2;

/// The other rules of a line.
#[derive(Encode, BorrowDecode)]
pub(super) struct LineRulesV1 {
    supervisors_create: bool,
    inbound: u8,
    reopen_within_seconds: Option<u32>,
}

impl LineRulesV1 {
    pub(super) fn of(rules: &LineRules) -> LineRulesV1 {
        let (inbound, reopen_within_seconds) = match rules.inbound {
            InboundRule::NewSession => (NEW_SESSION, None),
            InboundRule::ReopenWithin { seconds } => (REOPEN_WITHIN, Some(seconds)),
        };
        LineRulesV1 { supervisors_create: rules.supervisors_create, inbound, reopen_within_seconds }
    }

    pub(super) fn value(self) -> Result<LineRules, Bad> {
        let inbound = match (self.inbound, self.reopen_within_seconds) {
            (NEW_SESSION, None) => InboundRule::NewSession,
            (REOPEN_WITHIN, Some(seconds)) => InboundRule::ReopenWithin { seconds },
            (number, seconds) => {
                let with = if seconds.is_some() { "with" } else { "without" };
                return Err(Bad(format!("{number} {with} a time is no rule of inbound messages")));
            }
        };
        Ok(LineRules { supervisors_create: self.supervisors_create, inbound })
    }
}
