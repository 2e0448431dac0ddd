//! Parts of sessions' payloads: who is served, and where from.

use bincode::{BorrowDecode, Encode};

use super::super::payload::Bad;
use super::super::shared::{AccountV1, ElementRefV1};
use crate::domain::event::{Customer, EntryPoint, Origin};
use crate::domain::id::ProcessId;

/// The person served.
#[derive(Encode, BorrowDecode)]
pub(super) struct CustomerV1<'a> {
    account: AccountV1<'a>,
    contact: Option<ElementRefV1<'a>>,
    name: &'a str,
}

impl<'a> CustomerV1<'a> {
    pub(super) fn of(customer: &'a Customer) -> CustomerV1<'a> {
        CustomerV1 {
            account: AccountV1::of(&customer.account),
            contact: customer.contact.as_ref().map(ElementRefV1::of),
            name: &customer.name,
        }
    }

    pub(super) fn value(self) -> Result<Customer, Bad> {
        Ok(Customer {
            account: self.account.value()?,
            contact: self.contact.map(ElementRefV1::value).transpose()?,
            name: self.name.to_owned(),
        })
    }
}

const LINES_SECTION: u8 = 1;
const CARD: u8 = 2;
const INBOUND: u8 = 3;
const PROCESS: u8 = 4;

/// Where a session came from: a number, with a card's element or a process's code.
#[derive(Encode, BorrowDecode)]
pub(super) struct OriginV1<'a> {
    number: u8,
    element: Option<ElementRefV1<'a>>,
    process: Option<&'a str>,
}

impl<'a> OriginV1<'a> {
    pub(super) fn of(origin: &'a Origin) -> OriginV1<'a> {
        let (number, element, process) = match origin {
            Origin::LinesSection => (LINES_SECTION, None, None),
            Origin::Card(element) => (CARD, Some(ElementRefV1::of(element)), None),
            Origin::Inbound => (INBOUND, None, None),
            Origin::Process(process) => (PROCESS, None, Some(process.as_str())),
        };
        OriginV1 { number, element, process }
    }

    pub(super) fn value(self) -> Result<Origin, Bad> {
        match (self.number, self.element, self.process) {
            (LINES_SECTION, None, None) => Ok(Origin::LinesSection),
            (CARD, Some(element), None) => Ok(Origin::Card(element.value()?)),
            (INBOUND, None, None) => Ok(Origin::Inbound),
            (PROCESS, None, Some(process)) => Ok(Origin::Process(ProcessId::new(process)?)),
            (number, ..) => Err(Bad(format!("{number} with what goes with it is no origin"))),
        }
    }
}

/// Where an operator acts from: a number, with a card's element. The numbers are those of origins.
#[derive(Encode, BorrowDecode)]
pub(super) struct EntryPointV1<'a> {
    number: u8,
    element: Option<ElementRefV1<'a>>,
}

impl<'a> EntryPointV1<'a> {
    pub(super) fn of(via: &'a EntryPoint) -> EntryPointV1<'a> {
        match via {
            EntryPoint::LinesSection => EntryPointV1 { number: LINES_SECTION, element: None },
            EntryPoint::Card(element) => {
                EntryPointV1 { number: CARD, element: Some(ElementRefV1::of(element)) }
            }
        }
    }

    pub(super) fn value(self) -> Result<EntryPoint, Bad> {
        match (self.number, self.element) {
            (LINES_SECTION, None) => Ok(EntryPoint::LinesSection),
            (CARD, Some(element)) => Ok(EntryPoint::Card(element.value()?)),
            (number, _) => Err(Bad(format!("{number} with what goes with it is no entry point"))),
        }
    }
}
