//! Parts that payloads of several aggregates have in common, frozen like the payloads themselves.

use bincode::{BorrowDecode, Encode};
use uuid::Uuid;

use super::numbers;
use super::payload::Bad;
use super::stream::SLOT_ACCOUNT_BYTES_MAX;
use crate::domain::account::{Account, AccountKind};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{AppId, ElementId, ElementRef};

/// An id: the sixteen bytes of its UUID, as RFC 9562 orders them.
pub(super) type IdV1 = [u8; 16];

pub(super) fn id(id: Uuid) -> IdV1 {
    id.into_bytes()
}

pub(super) fn uuid(id: IdV1) -> Uuid {
    Uuid::from_bytes(id)
}

/// A record of an app.
#[derive(Encode, BorrowDecode)]
pub(super) struct ElementRefV1<'a> {
    app: &'a str,
    element: IdV1,
}

impl<'a> ElementRefV1<'a> {
    pub(super) fn of(element: &'a ElementRef) -> ElementRefV1<'a> {
        ElementRefV1 { app: element.app.as_str(), element: id(element.element.0) }
    }

    pub(super) fn value(self) -> Result<ElementRef, Bad> {
        Ok(ElementRef { app: AppId::new(self.app)?, element: ElementId(uuid(self.element)) })
    }
}

/// A kind of channels or of accounts: a number, and the code of one that the host declares.
#[derive(Encode, BorrowDecode)]
pub(super) struct KindV1<'a> {
    number: u8,
    code: Option<&'a str>,
}

impl<'a> KindV1<'a> {
    pub(super) fn of_channel(kind: &'a ChannelKind) -> KindV1<'a> {
        let (number, code) = numbers::channel_kind_parts(kind);
        KindV1 { number, code }
    }

    pub(super) fn channel(self) -> Result<ChannelKind, Bad> {
        numbers::channel_kind(self.number, self.code)
    }

    pub(super) fn of_account(kind: &'a AccountKind) -> KindV1<'a> {
        let (number, code) = numbers::account_kind_parts(kind);
        KindV1 { number, code }
    }

    pub(super) fn account(self) -> Result<AccountKind, Bad> {
        numbers::account_kind(self.number, self.code)
    }
}

/// A customer's address in its normalised form.
#[derive(Encode, BorrowDecode)]
pub(super) struct AccountV1<'a> {
    kind: KindV1<'a>,
    address: &'a str,
}

impl<'a> AccountV1<'a> {
    pub(super) fn of(account: &'a Account) -> AccountV1<'a> {
        AccountV1 { kind: KindV1::of_account(&account.kind), address: &account.address }
    }

    /// An address that no slot can be named after is refused, so that naming its slot cannot fail.
    pub(super) fn value(self) -> Result<Account, Bad> {
        let code_bytes = self.kind.code.map_or(0, |code| 1 + code.len());
        let account_bytes = 1 + code_bytes + self.address.len();
        if account_bytes > SLOT_ACCOUNT_BYTES_MAX {
            return Err(Bad(format!(
                "an account takes {account_bytes} bytes, a slot's name holds {SLOT_ACCOUNT_BYTES_MAX}"
            )));
        }
        Ok(Account { kind: self.kind.account()?, address: self.address.to_owned() })
    }
}
