//! A filter that knows for sure which keys are not there.
//!
//! A Bloom filter; its bytes are kept on the disk, so its hash must never change.

/// With ten bits to a key and six probes, one lookup of a hundred for an absent key goes on to the
/// disk in vain.
const KEY_BITS: usize = 10;
const PROBES: u64 = 6;

#[derive(Clone, Debug)]
pub(super) struct Filter {
    bits: Vec<u8>,
}

impl Filter {
    /// Makes a filter for at most that many keys.
    pub(super) fn new(keys: usize) -> Filter {
        Filter { bits: vec![0; (keys * KEY_BITS).div_ceil(8).max(8)] }
    }

    pub(super) fn from_bytes(bits: Vec<u8>) -> Option<Filter> {
        (!bits.is_empty()).then_some(Filter { bits })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bits
    }

    pub(super) fn insert(&mut self, key: &[u8]) {
        for bit in probes(key, self.bits.len()) {
            self.bits[bit / 8] |= 1 << (bit % 8);
        }
    }

    /// Whether the key may be there; when not, it is certainly not.
    pub(super) fn may_contain(&self, key: &[u8]) -> bool {
        probes(key, self.bits.len()).all(|bit| self.bits[bit / 8] & (1 << (bit % 8)) != 0)
    }
}

fn probes(key: &[u8], bytes: usize) -> impl Iterator<Item = usize> {
    let hash = hash(key);
    let step = (hash >> 32) | 1;
    let bits = bytes as u64 * 8;
    (0..PROBES).map(move |probe| (hash.wrapping_add(probe.wrapping_mul(step)) % bits) as usize)
}

/// FNV-1a over eight bytes at a time, and the finisher of SplitMix64 to spread the result.
fn hash(key: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ key.len() as u64;
    for part in key.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_there_is_never_missed_and_others_seldom_pass() {
        let mut filter = Filter::new(10_000);
        let key = |number: u32| format!("slot/telegram/{number}").into_bytes();
        (0..10_000).for_each(|number| filter.insert(&key(number)));
        assert!((0..10_000).all(|number| filter.may_contain(&key(number))));
        let passed = (10_000..20_000).filter(|number| filter.may_contain(&key(*number))).count();
        assert!(passed < 200, "{passed} of 10000 passed");
    }
}
