//! The table of kinds: a number, a name and the newest version for each event; only ever appended.

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its number in the log, for ever; the hundreds tell the aggregate.
    pub number: u16,
    /// Its name for people.
    pub name: &'static str,
    /// The newest version of its payload: the one written. All from 1 up to it are read.
    pub newest: u8,
}

/// Numbers of one aggregate: `number / FAMILY` is one of the constants below.
pub(super) const FAMILY: u16 = 100;

pub(super) const WORKSPACE: u16 = 1;
pub(super) const LINE: u16 = 2;
pub(super) const CHANNEL: u16 = 3;
pub(super) const OPERATOR: u16 = 4;
pub(super) const ELEMENT: u16 = 5;
pub(super) const SESSION: u16 = 6;
pub(super) const SLOT: u16 = 7;
pub(super) const INBOUND: u16 = 8;
pub(super) const INITIATED: u16 = 9;
pub(super) const REFUSAL: u16 = 10;

macro_rules! kinds {
    ($($constant:ident = $number:literal $name:literal $newest:literal;)*) => {
        $(pub(super) const $constant: u16 = $number;)*

        /// Every kind, in the order of the numbers.
        pub const KINDS: &[Kind] = &[$(Kind { number: $number, name: $name, newest: $newest }),*];
    };
}

kinds! {
    APP_DECLARED = 101 "app-declared" 1;
    APP_RENAMED = 102 "app-renamed" 1;
    SERVICE_LICENCE_ACTIVATED = 103 "service-licence-activated" 1;
    SERVICE_LICENCE_DEACTIVATED = 104 "service-licence-deactivated" 1;
    PROCESS_PERMITTED = 105 "process-permitted" 1;
    PROCESS_FORBIDDEN = 106 "process-forbidden" 1;

    LINE_CREATED = 201 "line-created" 1;
    LINE_RENAMED = 202 "line-renamed" 1;
    CHANNEL_CONNECTED = 203 "channel-connected" 1;
    CHANNEL_DISCONNECTED = 204 "channel-disconnected" 1;
    CHANNEL_RECONNECTED = 205 "channel-reconnected" 1;
    CHANNEL_POLICY_SET = 206 "channel-policy-set" 1;
    LINE_RULES_SET = 207 "line-rules-set" 1;
    ROLE_GRANTED = 208 "role-granted" 1;
    ROLE_REVOKED = 209 "role-revoked" 1;
    CONTACT_APP_SET = 210 "contact-app-set" 1;
    CONTACT_APP_CLEARED = 211 "contact-app-cleared" 1;
    APP_BOUND = 212 "app-bound" 1;
    APP_UNBOUND = 213 "app-unbound" 1;
    WIDGET_PLACED = 214 "widget-placed" 1;
    WIDGET_REMOVED = 215 "widget-removed" 1;
    NAME_TEMPLATE_SET = 216 "name-template-set" 1;
    REFUSAL_AUDIT_ACTIVATED = 217 "refusal-audit-activated" 1;
    REFUSAL_AUDIT_DEACTIVATED = 218 "refusal-audit-deactivated" 1;

    CHANNEL_BOUND = 301 "channel-bound" 1;

    OPERATOR_REGISTERED = 401 "operator-registered" 1;
    OPERATOR_RENAMED = 402 "operator-renamed" 1;
    WENT_ONLINE = 403 "went-online" 1;
    WENT_OFFLINE = 404 "went-offline" 1;

    ELEMENT_CREATED = 501 "element-created" 1;
    ELEMENT_RENAMED = 502 "element-renamed" 1;
    FIELD_SET = 503 "field-set" 1;
    FIELD_CLEARED = 504 "field-cleared" 1;

    SESSION_CREATED = 601 "session-created" 1;
    OPERATOR_ASSIGNED = 602 "operator-assigned" 1;
    MESSAGE_SENT = 603 "message-sent" 1;
    INITIATED_MESSAGE_SENT = 604 "initiated-message-sent" 1;
    MESSAGE_RECEIVED = 605 "message-received" 1;
    MESSAGE_HANDED_OVER = 606 "message-handed-over" 1;
    MESSAGE_DELIVERED = 607 "message-delivered" 1;
    MESSAGE_READ = 608 "message-read" 1;
    MESSAGE_FAILED = 609 "message-failed" 1;
    SESSION_CLOSED = 610 "session-closed" 1;
    SESSION_REOPENED = 611 "session-reopened" 1;
    SESSION_RENAMED = 612 "session-renamed" 1;
    ELEMENT_LINKED = 613 "element-linked" 1;
    ELEMENT_UNLINKED = 614 "element-unlinked" 1;

    SLOT_CLAIMED = 701 "slot-claimed" 1;
    SLOT_RELEASED = 702 "slot-released" 1;
    SLOT_JOINED = 703 "slot-joined" 1;
    SLOT_LEFT = 704 "slot-left" 1;
    CUSTOMER_WROTE = 705 "customer-wrote" 1;

    INBOUND_ACCEPTED = 801 "inbound-accepted" 1;

    INITIATED_ACCEPTED = 901 "initiated-accepted" 1;

    COMMAND_REFUSED = 1001 "command-refused" 1;
    REFUSALS_OMITTED = 1002 "refusals-omitted" 1;
}

/// The kind with this number.
pub(super) fn find(number: u16) -> Option<&'static Kind> {
    let at = KINDS.binary_search_by_key(&number, |kind| kind.number).ok()?;
    KINDS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_unique_and_the_numbers_ascend() {
        assert!(KINDS.windows(2).all(|pair| pair[0].number < pair[1].number));
        let names: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
    }
}
