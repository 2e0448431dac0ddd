//! Ids that follow from a name, so that who repeats himself says the same.

use uuid::{Builder, Uuid};

/// What sets these ids apart from those of other programs.
const CONTEXT: &str = "switchboard 2026-11 reference host derived ids";

/// The id that a list of texts always gives: BLAKE3 in the form of a version 8 UUID.
#[must_use]
pub fn uuid_of(parts: &[&str]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_one_id_and_its_parts_do_not_run_together() {
        assert_eq!(uuid_of(&["a", "b"]), uuid_of(&["a", "b"]));
        assert_ne!(uuid_of(&["a", "b"]), uuid_of(&["ab", ""]));
        assert_ne!(uuid_of(&["a", "b"]), uuid_of(&["b", "a"]));
    }
}
