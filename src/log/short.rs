//! Bytes that are mostly few: kept in place, so that neither a copy nor a comparison leaves them.
//!
//! Knows lengths; must not know what the bytes name.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// What stands in place: a tag and two ids of 16 bytes, or a tag, an id and a phone number.
const IN_PLACE_BYTES: usize = 38;

/// Bytes that never change; up to 38 of them are copied without an allocation, more are shared.
#[derive(Clone)]
pub struct ShortBytes(Form);

#[derive(Clone)]
enum Form {
    InPlace { len: u8, bytes: [u8; IN_PLACE_BYTES] },
    Shared(Arc<[u8]>),
}

impl ShortBytes {
    /// Copies the bytes.
    #[must_use]
    pub fn new(from: &[u8]) -> ShortBytes {
        if from.len() > IN_PLACE_BYTES {
            return ShortBytes(Form::Shared(from.into()));
        }
        let mut bytes = [0; IN_PLACE_BYTES];
        bytes[..from.len()].copy_from_slice(from);
        ShortBytes(Form::InPlace { len: from.len() as u8, bytes })
    }
}

impl Deref for ShortBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Form::InPlace { len, bytes } => &bytes[..usize::from(*len)],
            Form::Shared(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for ShortBytes {
    fn from(bytes: Vec<u8>) -> ShortBytes {
        ShortBytes::new(&bytes)
    }
}

impl PartialEq for ShortBytes {
    fn eq(&self, other: &ShortBytes) -> bool {
        **self == **other
    }
}

impl Eq for ShortBytes {}

impl PartialOrd for ShortBytes {
    fn partial_cmp(&self, other: &ShortBytes) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ShortBytes {
    fn cmp(&self, other: &ShortBytes) -> std::cmp::Ordering {
        (**self).cmp(other)
    }
}

impl Hash for ShortBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for ShortBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_are_what_they_were_made_of() {
        for len in [0, 1, IN_PLACE_BYTES - 1, IN_PLACE_BYTES, IN_PLACE_BYTES + 1, 400] {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            let short = ShortBytes::new(&bytes);
            assert_eq!((&*short, &short.clone()), (&*bytes, &ShortBytes::from(bytes.clone())));
        }
        assert!(ShortBytes::new(b"ab") < ShortBytes::new(&[b'b'; 50]));
        assert!(ShortBytes::new(&[b'a'; 50]) < ShortBytes::new(b"ab"));
    }
}
