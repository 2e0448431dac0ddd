//! Random changes of inputs: flipped, set, cut, doubled, spliced, and given words of their target.

use switchboard_fuzz::Target;

/// A seeded generator: SplitMix64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound that is not zero.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.below(from.len())) }
    }
}

/// The most changes of one input.
const CHANGES_MAX: usize = 6;

/// Numbers at whose edges decoders err.
const EDGES: [u64; 12] =
    [0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];

/// Some input of the pool, changed a few times.
pub fn mutated(random: &mut Random, pool: &[Vec<u8>], target: &Target) -> Vec<u8> {
    let mut input = random.pick(pool).cloned().unwrap_or_default();
    for _ in 0..=random.below(CHANGES_MAX) {
        change(random, &mut input, pool, target);
    }
    input.truncate(target.input_bytes_max);
    input
}

fn change(random: &mut Random, input: &mut Vec<u8>, pool: &[Vec<u8>], target: &Target) {
    let at = random.below(input.len() + 1);
    let rest = input.len() - at;
    let some = 1 + random.below(rest.clamp(1, 64));
    match random.below(11) {
        0 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        1 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.next() as u8),
        2 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte = byte.wrapping_add(1)),
        3 => {
            let bytes = EDGES[random.below(EDGES.len())].to_le_bytes();
            let width = [1, 2, 4, 8][random.below(4)];
            input.iter_mut().skip(at).zip(&bytes[..width]).for_each(|(byte, edge)| *byte = *edge);
        }
        4 => drop(input.drain(at..(at + some).min(input.len()))),
        5 => {
            let bytes: Vec<u8> = (0..some).map(|_| random.next() as u8).collect();
            input.splice(at..at, bytes).for_each(drop);
        }
        6 => {
            let piece = input[at..(at + some).min(input.len())].to_vec();
            let times = 1 + random.below(8);
            input.splice(at..at, piece.repeat(times)).for_each(drop);
        }
        7 => {
            if let Some(other) = random.pick(pool).filter(|other| !other.is_empty()) {
                let from = random.below(other.len());
                let to = (from + 1 + random.below(256)).min(other.len());
                input
                    .splice(at..(at + some).min(input.len()), other[from..to].iter().copied())
                    .for_each(drop);
            }
        }
        8 => input.truncate(at),
        // Where there are words, they say more than bytes.
        _ => match random.pick(target.words) {
            Some(word) => input.splice(at..at, word.bytes()).for_each(drop),
            None => input.iter_mut().skip(at).take(some).for_each(|byte| *byte = random.next() as u8),
        },
    }
}
