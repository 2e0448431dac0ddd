//! How the keys of a table are used, which says what its filters know.
//!
//! Must not know what the keys mean: whoever owns a table says so.

/// How the entries of a key are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It is looked up by its key: a filter says where it is not.
    LookedUp,
    /// It is found by scanning among the keys that begin with its first `list` bytes: a filter says where
    /// there are none. All of these keys are used alike; 0 is no list, and no filter says anything.
    Scanned { list: usize },
    /// The same, and it is put once and deleted once at most, so that both can vanish when they meet.
    Once { list: usize },
}

impl Use {
    pub(super) fn is_looked_up(self) -> bool {
        self == Use::LookedUp
    }

    /// The list that a key stands in; `None` where it is looked up, stands in none, or is too short for it.
    pub(super) fn list(self, key: &[u8]) -> Option<&[u8]> {
        match self {
            Use::LookedUp => None,
            Use::Scanned { list } | Use::Once { list } => key.get(..list).filter(|list| !list.is_empty()),
        }
    }

    /// What a filter takes of a key after the key before it: all of it, or a list that begins here.
    pub(super) fn filtered<'k>(self, before: Option<&[u8]>, key: &'k [u8]) -> Option<&'k [u8]> {
        match self {
            Use::LookedUp => Some(key),
            Use::Scanned { .. } | Use::Once { .. } => {
                self.list(key).filter(|list| !before.is_some_and(|before| before.starts_with(list)))
            }
        }
    }
}

/// Says of each key of a table how it is used.
pub(crate) type Shape = fn(&[u8]) -> Use;
