//! A filter that knows for sure which keys are not there.
//!
//! A Bloom filter of blocks: all bits of a key stand in one line of the processor's cache, so that a
//! lookup waits for the memory once. Its bytes are kept on the disk, so its hash must never change.

/// With twelve bits to a key and six probes, some two lookups of a hundred for an absent key go on
/// to the entries in vain.
const KEY_BITS: usize = 12;
const PROBES: u32 = 6;

/// Words of a block: 64 bytes.
const BLOCK_WORDS: usize = 8;
const BLOCK_BYTES: usize = BLOCK_WORDS * 8;

/// The bits that one probe takes of a hash: a place among 512.
const PROBE_BITS: u32 = 9;

/// A key as filters see it, hashed once for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe(u64);

impl Probe {
    #[inline]
    pub(super) fn of(key: &[u8]) -> Probe {
        Probe(hash(key))
    }

    fn bits(self) -> impl Iterator<Item = (usize, u64)> {
        // The upper half chooses the block, so the places come from a hash of their own.
        let places = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 8;
        (0..PROBES).map(move |probe| {
            let bit = (places >> (probe * PROBE_BITS)) as usize % (BLOCK_BYTES * 8);
            (bit / 64, 1 << (bit % 64))
        })
    }

    fn block(self, blocks: usize) -> usize {
        ((u128::from(self.0) * blocks as u128) >> 64) as usize
    }
}

#[derive(Clone, Debug)]
pub(super) struct Filter {
    blocks: Vec<[u64; BLOCK_WORDS]>,
    keys: usize,
}

impl Filter {
    /// Makes a filter for at most that many keys.
    pub(super) fn new(keys_max: usize) -> Filter {
        let blocks = (keys_max * KEY_BITS).div_ceil(BLOCK_BYTES * 8).max(1);
        Filter { blocks: vec![[0; BLOCK_WORDS]; blocks], keys: 0 }
    }

    pub(super) fn parse(keys: usize, bytes: &[u8]) -> Option<Filter> {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
        let block = |bytes: &[u8; BLOCK_BYTES]| {
            let mut block = [0; BLOCK_WORDS];
            block.iter_mut().zip(bytes.as_chunks::<8>().0).for_each(|(to, from)| *to = word(from));
            block
        };
        let whole = rest.is_empty() && !blocks.is_empty();
        whole.then(|| Filter { blocks: blocks.iter().map(block).collect(), keys })
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        self.blocks.iter().flatten().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }

    /// How many keys it has taken.
    pub(super) fn keys(&self) -> usize {
        self.keys
    }

    pub(super) fn insert(&mut self, key: Probe) {
        let blocks = self.blocks.len();
        let block = &mut self.blocks[key.block(blocks)];
        key.bits().for_each(|(word, bit)| block[word] |= bit);
        self.keys += 1;
    }

    /// Whether the key may be there; when not, it is certainly not.
    #[inline]
    pub(super) fn may_contain(&self, key: Probe) -> bool {
        let block = &self.blocks[key.block(self.blocks.len())];
        key.bits().all(|(word, bit)| block[word] & bit != 0)
    }
}

/// FNV-1a over eight bytes at a time, and the finisher of SplitMix64 to spread the result.
fn hash(key: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ key.len() as u64;
    let (words, rest) = key.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0000_0100_0000_01b3);
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
        let key = |number: u32| Probe::of(format!("slot/telegram/{number}").as_bytes());
        (0..10_000).for_each(|number| filter.insert(key(number)));
        let mut bytes = Vec::new();
        filter.put(&mut bytes);
        let read = Filter::parse(filter.keys(), &bytes).expect("it is whole");
        for filter in [filter, read] {
            assert!((0..10_000).all(|number| filter.may_contain(key(number))));
            let passed = (10_000..20_000).filter(|number| filter.may_contain(key(*number))).count();
            assert!(passed < 300, "{passed} of 10000 passed");
        }
        assert!(Filter::parse(1, &bytes[1..]).is_none());
    }
}
