//! Which status each refusal has.

use axum::http::StatusCode;
use switchboard::domain::rejection::Rejection;

/// The status of a refusal: 404 for what is not there, 403 for who may not, 409 for what another
/// state would allow, 422 for the other rules.
pub fn of(rejection: &Rejection) -> StatusCode {
    use Rejection as R;
    match rejection {
        R::LineNotFound { .. }
        | R::ChannelNotFound { .. }
        | R::AppNotFound { .. }
        | R::ProcessNotFound { .. }
        | R::OperatorNotFound { .. }
        | R::ElementNotFound { .. }
        | R::SessionNotFound { .. }
        | R::MessageNotFound { .. } => StatusCode::NOT_FOUND,
        R::AdministratorsOnly
        | R::PrincipalNotAllowed
        | R::NotOperatorOfLine { .. }
        | R::NotMemberOfLine { .. }
        | R::ProcessNotPermitted { .. } => StatusCode::FORBIDDEN,
        R::AlreadyExists { .. }
        | R::OperatorOffline { .. }
        | R::LicenceInactive
        | R::SessionClosed { .. }
        | R::SessionNotClosed { .. }
        | R::NotAssignee { .. }
        | R::ChannelDisconnected { .. }
        | R::OpenSessionExists { .. }
        | R::DeliverySettled { .. }
        | R::ChannelOfAnotherLine { .. }
        | R::ChannelKindFixed { .. } => StatusCode::CONFLICT,
        R::TargetNotOfLine { .. }
        | R::NoContactApp { .. }
        | R::ContactNotInContactApp { .. }
        | R::AppNotBound { .. }
        | R::WidgetNotPlaced { .. }
        | R::ElementNotLinked { .. }
        | R::AccountNotOfContact
        | R::FieldTypeNotAllowed { .. }
        | R::AccountKindMismatch { .. }
        | R::NoOutboundChannel { .. }
        | R::AmbiguousChannel { .. }
        | R::ChannelForbidsOperatorCreate { .. }
        | R::ChannelForbidsInitiated { .. }
        | R::BadAddress { .. }
        | R::NeverContacted { .. }
        | R::SessionOfAnotherCustomer { .. }
        | R::SubjectNotSupported
        | R::SubjectTooLong { .. }
        | R::BadSubject { .. }
        | R::Blank { .. }
        | R::TextTooLong { .. }
        | R::TooLong { .. }
        | R::BadCharacter { .. }
        | R::DuplicateField { .. }
        | R::LimitReached { .. }
        | R::NotOutgoing { .. }
        | R::PolicyMissing
        | R::PolicyNotAllowed { .. }
        | R::BadTemplate { .. } => StatusCode::UNPROCESSABLE_ENTITY,
    }
}
