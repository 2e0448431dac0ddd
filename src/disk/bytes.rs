//! Reading and writing the few shapes that hand-made bytes consist of.
//!
//! Knows integers and lengths; must not know what they mean. Nothing here panics on any input.

use crate::seeded::{self, Bug};

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The bytes end inside of a field.
    #[error("the bytes end inside of {field}")]
    End {
        /// The field.
        field: &'static str,
    },
    /// A field's value is outside of its bounds.
    #[error("{field} is {value}, which is not within {min} to {max}")]
    Bounds {
        /// The field.
        field: &'static str,
        /// The value that was found.
        value: u64,
        /// The smallest value that is allowed.
        min: u64,
        /// The largest value that is allowed.
        max: u64,
    },
}

/// The most bytes of a [`put_varint`].
pub(crate) const VARINT_BYTES_MAX: usize = 10;

/// Writes seven bits to a byte, the lowest first; the high bit says that more follow.
pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Bytes that are read from the front.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(crate) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed::End { field })?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed::End { field })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// Reads what [`put_varint`] wrote, in its shortest form only, so that equal values have equal
    /// bytes.
    pub(crate) fn varint(&mut self, field: &'static str, max: u64) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for place in 0..VARINT_BYTES_MAX {
            let byte = self.byte(field)?;
            let bits = u64::from(byte & 0x7f);
            let wasted = byte == 0 && place > 0 && !seeded::is(Bug::LongNumbers);
            if wasted || (place == VARINT_BYTES_MAX - 1 && byte > 1) {
                break;
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                return within(field, value, 0, max);
            }
        }
        Err(Malformed::Bounds { field, value: u64::MAX, min: 0, max })
    }

    /// Reads a length and as many bytes.
    pub(crate) fn counted(
        &mut self,
        field: &'static str,
        min: usize,
        max: usize,
    ) -> Result<&'a [u8], Malformed> {
        let len = self.varint(field, max as u64)?;
        let len = within(field, len, min as u64, max as u64)?;
        self.take(len as usize, field)
    }

    /// What is left to read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Says that every byte was read.
    pub(crate) fn end(&self, field: &'static str) -> Result<(), Malformed> {
        within(field, self.rest.len() as u64, 0, 0).map(drop)
    }
}

/// Writes a length and as many bytes.
pub(crate) fn put_counted(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn within(field: &'static str, value: u64, min: u64, max: u64) -> Result<u64, Malformed> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(Malformed::Bounds { field, value, min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_is_read_as_it_was_written() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(value, &mut bytes);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint("value", u64::MAX), Ok(value));
            assert_eq!(reader.end("rest"), Ok(()));
        }
    }

    #[test]
    fn a_varint_in_a_longer_form_than_needed_is_refused() {
        let long = [0x80, 0x00];
        assert!(Reader::new(&long).varint("value", 9).is_err());
        let over = [0xff; 11];
        assert!(Reader::new(&over).varint("value", u64::MAX).is_err());
    }
}
