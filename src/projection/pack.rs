//! Keys and rows as bytes: what sorts as numbers and ids do, and what is read back.
//!
//! Knows the domain's values; must not know any row. Rows are derived, so their form may change
//! with the version of their projection; no older form is ever read.

use uuid::Uuid;

use crate::disk::bytes::{Reader, put_varint};
use crate::domain::account::{Account, AccountKind};
use crate::domain::channel::ChannelKind;
use crate::domain::event::Origin;
use crate::domain::id::{AppId, ElementId, ElementRef, KindCode, OperatorId, ProcessId};
use crate::domain::time::Timestamp;
use crate::log::Position;

use super::{Moment, ProjectionError};

/// The bytes of a key's tag.
pub(super) const TAG_BYTES: usize = 1;

/// The bytes of an id within a key.
pub(super) const ID_BYTES: usize = 16;

/// The number of an account's kind that has its code after it.
const CUSTOM_ACCOUNT: u8 = 8;

/// The bytes of a text's length.
const LENGTH_BYTES: usize = 2;

/// Where the element ends that begins at a place of a key; behind the key if that is cut off.
pub(super) fn end_of_element(key: &[u8], at: usize) -> usize {
    end_of_text(key, at).saturating_add(ID_BYTES)
}

/// Where the account ends that begins at a place of a key; behind the key if that is cut off.
pub(super) fn end_of_account(key: &[u8], at: usize) -> usize {
    let kind = at + 1;
    match key.get(at) {
        Some(&CUSTOM_ACCOUNT) => end_of_text(key, end_of_text(key, kind)),
        _ => end_of_text(key, kind),
    }
}

fn end_of_text(key: &[u8], at: usize) -> usize {
    let length = key.get(at..).and_then(<[u8]>::first_chunk::<LENGTH_BYTES>);
    length.map_or(usize::MAX, |length| at + LENGTH_BYTES + usize::from(u16::from_be_bytes(*length)))
}

/// Builds a key or a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Pack(Vec<u8>);

impl Pack {
    /// Begins a key of one kind.
    pub(super) fn key(tag: u8) -> Pack {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(tag);
        Pack(bytes)
    }

    /// Begins a key of one kind where another was built before.
    pub(super) fn key_in(bytes: Vec<u8>, tag: u8) -> Pack {
        Pack::row_in(bytes).byte(tag)
    }

    /// Begins a row where another was built before.
    pub(super) fn row_in(mut bytes: Vec<u8>) -> Pack {
        bytes.clear();
        Pack(bytes)
    }

    /// Begins a row.
    pub(super) fn row() -> Pack {
        Pack(Vec::with_capacity(256))
    }

    /// Goes on where other bytes end.
    pub(super) fn onto(bytes: Vec<u8>) -> Pack {
        Pack(bytes)
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(mut self, byte: u8) -> Pack {
        self.0.push(byte);
        self
    }

    pub(super) fn flag(self, flag: bool) -> Pack {
        self.byte(u8::from(flag))
    }

    /// A number of a row, short where it is small: it does not sort.
    pub(super) fn count(mut self, count: u64) -> Pack {
        put_varint(count, &mut self.0);
        self
    }

    pub(super) fn id(mut self, id: Uuid) -> Pack {
        self.0.extend_from_slice(id.as_bytes());
        self
    }

    pub(super) fn position(mut self, position: Position) -> Pack {
        self.0.extend_from_slice(&position.0.to_be_bytes());
        self
    }

    pub(super) fn time(mut self, time: Timestamp) -> Pack {
        self.0.extend_from_slice(&time.0.to_be_bytes());
        self
    }

    pub(super) fn moment(self, moment: Moment) -> Pack {
        self.count(moment.position.0).time(moment.time)
    }

    /// Bytes as they are, at the end: of a key, where they sort as themselves, or of a row.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Pack {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A text with its length before it: no such text is a prefix of another.
    ///
    /// The domain bounds every text far below 64 KB but messages, of which only short ones are packed; a
    /// longer one is cut at a character.
    pub(super) fn text(mut self, text: &str) -> Pack {
        let end = text.floor_char_boundary(usize::from(u16::MAX));
        let bytes = &text.as_bytes()[..end];
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn option<T>(self, value: Option<T>, put: impl FnOnce(Pack, T) -> Pack) -> Pack {
        match value {
            None => self.byte(0),
            Some(value) => put(self.byte(1), value),
        }
    }

    pub(super) fn element(self, element: &ElementRef) -> Pack {
        self.text(element.app.as_str()).id(element.element.0)
    }

    pub(super) fn account(self, account: &Account) -> Pack {
        self.account_kind(&account.kind).text(&account.address)
    }

    pub(super) fn account_kind(self, kind: &AccountKind) -> Pack {
        match kind {
            AccountKind::Phone => self.byte(1),
            AccountKind::TelegramUsername => self.byte(2),
            AccountKind::TelegramUser => self.byte(3),
            AccountKind::ViberUser => self.byte(4),
            AccountKind::VkUser => self.byte(5),
            AccountKind::LiveChatVisitor => self.byte(6),
            AccountKind::Email => self.byte(7),
            AccountKind::Custom(code) => self.byte(CUSTOM_ACCOUNT).text(code.as_str()),
        }
    }

    pub(super) fn channel_kind(self, kind: &ChannelKind) -> Pack {
        match kind {
            ChannelKind::WhatsApp => self.byte(1),
            ChannelKind::Telegram => self.byte(2),
            ChannelKind::TelegramBot => self.byte(3),
            ChannelKind::ViberBot => self.byte(4),
            ChannelKind::Vk => self.byte(5),
            ChannelKind::LiveChat => self.byte(6),
            ChannelKind::Email => self.byte(7),
            ChannelKind::Custom(code) => self.byte(8).text(code.as_str()),
        }
    }

    pub(super) fn origin(self, origin: &Origin) -> Pack {
        match origin {
            Origin::LinesSection => self.byte(1),
            Origin::Card(element) => self.byte(2).element(element),
            Origin::Inbound => self.byte(3),
            Origin::Process(process) => self.byte(4).text(process.as_str()),
        }
    }
}

/// Reads a key or a row; what does not fit is damage of the store.
#[derive(Debug)]
pub(super) struct Unpack<'a>(&'a [u8]);

impl<'a> Unpack<'a> {
    pub(super) fn row(bytes: &'a [u8]) -> Unpack<'a> {
        Unpack(bytes)
    }

    /// Takes a key apart, behind its tag.
    pub(super) fn key(bytes: &'a [u8]) -> Unpack<'a> {
        Unpack(bytes.get(1..).unwrap_or_default())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says that every byte was read.
    pub(super) fn end(self) -> Result<(), ProjectionError> {
        if self.0.is_empty() { Ok(()) } else { Err(damaged("has bytes left over")) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ProjectionError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| damaged("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProjectionError> {
        self.take(N)?.try_into().map_err(|_| damaged("ends too early"))
    }

    pub(super) fn byte(&mut self) -> Result<u8, ProjectionError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn flag(&mut self) -> Result<bool, ProjectionError> {
        self.byte().map(|byte| byte != 0)
    }

    pub(super) fn count(&mut self) -> Result<u64, ProjectionError> {
        let mut reader = Reader::new(self.0);
        let count = reader.varint("count", u64::MAX).map_err(damaged)?;
        self.0 = reader.rest();
        Ok(count)
    }

    pub(super) fn id(&mut self) -> Result<Uuid, ProjectionError> {
        self.array().map(Uuid::from_bytes)
    }

    pub(super) fn position(&mut self) -> Result<Position, ProjectionError> {
        self.array().map(u64::from_be_bytes).map(Position)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, ProjectionError> {
        self.array().map(i64::from_be_bytes).map(Timestamp)
    }

    pub(super) fn moment(&mut self) -> Result<Moment, ProjectionError> {
        Ok(Moment { position: Position(self.count()?), time: self.time()? })
    }

    pub(super) fn text(&mut self) -> Result<String, ProjectionError> {
        let length = u16::from_be_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        utf8(bytes)
    }

    /// The text that the row ends with.
    pub(super) fn rest(self) -> Result<String, ProjectionError> {
        utf8(self.0)
    }

    pub(super) fn option<T>(
        &mut self,
        take: impl FnOnce(&mut Unpack<'a>) -> Result<T, ProjectionError>,
    ) -> Result<Option<T>, ProjectionError> {
        if self.flag()? { take(self).map(Some) } else { Ok(None) }
    }

    pub(super) fn app(&mut self) -> Result<AppId, ProjectionError> {
        AppId::new(&self.text()?).map_err(damaged)
    }

    pub(super) fn element(&mut self) -> Result<ElementRef, ProjectionError> {
        Ok(ElementRef { app: self.app()?, element: ElementId(self.id()?) })
    }

    pub(super) fn operator(&mut self) -> Result<OperatorId, ProjectionError> {
        self.id().map(OperatorId)
    }

    pub(super) fn process(&mut self) -> Result<ProcessId, ProjectionError> {
        ProcessId::new(&self.text()?).map_err(damaged)
    }

    pub(super) fn account(&mut self) -> Result<Account, ProjectionError> {
        Ok(Account { kind: self.account_kind()?, address: self.text()? })
    }

    pub(super) fn account_kind(&mut self) -> Result<AccountKind, ProjectionError> {
        Ok(match self.byte()? {
            1 => AccountKind::Phone,
            2 => AccountKind::TelegramUsername,
            3 => AccountKind::TelegramUser,
            4 => AccountKind::ViberUser,
            5 => AccountKind::VkUser,
            6 => AccountKind::LiveChatVisitor,
            7 => AccountKind::Email,
            CUSTOM_ACCOUNT => AccountKind::Custom(self.kind_code()?),
            other => return Err(damaged(format!("has an account of kind {other}"))),
        })
    }

    pub(super) fn channel_kind(&mut self) -> Result<ChannelKind, ProjectionError> {
        Ok(match self.byte()? {
            1 => ChannelKind::WhatsApp,
            2 => ChannelKind::Telegram,
            3 => ChannelKind::TelegramBot,
            4 => ChannelKind::ViberBot,
            5 => ChannelKind::Vk,
            6 => ChannelKind::LiveChat,
            7 => ChannelKind::Email,
            8 => ChannelKind::Custom(self.kind_code()?),
            other => return Err(damaged(format!("has a channel of kind {other}"))),
        })
    }

    pub(super) fn origin(&mut self) -> Result<Origin, ProjectionError> {
        Ok(match self.byte()? {
            1 => Origin::LinesSection,
            2 => Origin::Card(self.element()?),
            3 => Origin::Inbound,
            4 => Origin::Process(self.process()?),
            other => return Err(damaged(format!("has an origin {other}"))),
        })
    }

    fn kind_code(&mut self) -> Result<KindCode, ProjectionError> {
        KindCode::new(&self.text()?).map_err(damaged)
    }
}

fn utf8(bytes: &[u8]) -> Result<String, ProjectionError> {
    str::from_utf8(bytes).map(str::to_owned).map_err(|_| damaged("has a text that is not UTF-8"))
}

/// Says that a row is not what its projection wrote.
pub(super) fn damaged(what: impl std::fmt::Display) -> ProjectionError {
    ProjectionError::Store { reason: format!("a row {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_what_stands_in_a_key_are_found_again_and_lie_behind_what_is_cut_off() {
        let kinds = [
            AccountKind::Phone,
            AccountKind::Email,
            AccountKind::Custom(KindCode::new("line_messenger").expect("a code")),
        ];
        for kind in kinds {
            let account = Account { kind, address: "someone".into() };
            let packed = Pack::key(b'c').account(&account).done();
            let key = Pack::onto(packed.clone()).id(Uuid::nil()).done();
            assert_eq!(end_of_account(&key, TAG_BYTES), packed.len());
            (0..packed.len()).for_each(|cut| assert!(end_of_account(&key[..cut], TAG_BYTES) > cut));
        }
        let element =
            ElementRef { app: AppId::new("orders").expect("a code"), element: ElementId(Uuid::nil()) };
        let packed = Pack::key(b'e').element(&element).done();
        let key = Pack::onto(packed.clone()).id(Uuid::nil()).done();
        assert_eq!(end_of_element(&key, TAG_BYTES), packed.len());
        (0..packed.len()).for_each(|cut| assert!(end_of_element(&key[..cut], TAG_BYTES) > cut));
    }
}
