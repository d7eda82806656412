//! Comparisons of big-endian numbers whose time depends on their lengths only.

use subtle::{Choice, ConstantTimeEq};

/// All bytes are zero.
pub(super) fn is_zero(number: &[u8]) -> Choice {
    number.iter().fold(0, |seen, byte| seen | byte).ct_eq(&0)
}

/// `left < right`, by the borrow of `left - right`.
pub(super) fn less(left: &[u8], right: &[u8]) -> Choice {
    let mut borrow = 0u16;
    for index in 0..left.len().max(right.len()) {
        let difference = u16::from(digit(left, index))
            .wrapping_sub(u16::from(digit(right, index)))
            .wrapping_sub(borrow);
        borrow = difference >> 15;
    }
    borrow.ct_eq(&1)
}

/// Length in bits of a number without leading zero bytes.
pub(super) fn bits(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

/// The number modulo 2^32 - 1, which changes whenever a single byte of the number does.
pub(super) fn residue(number: &[u8]) -> u64 {
    let mut sum = 0;
    for word in number.rchunks(4) {
        let value = word
            .iter()
            .fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        sum = fold(sum + value);
    }
    sum
}

/// A sum or product of two residues, brought below 2^32 - 1 again. No division: its time would tell about the number.
pub(super) fn fold(value: u64) -> u64 {
    const MODULUS: u64 = 0xffff_ffff;
    let once = (value & MODULUS) + (value >> 32);
    let twice = (once & MODULUS) + (once >> 32);
    // 2^32 - 1 is 0 under itself.
    ((twice + 1) & MODULUS) + ((twice + 1) >> 32) - 1
}

/// The byte that counts 256^index.
fn digit(number: &[u8], index: usize) -> u8 {
    number
        .len()
        .checked_sub(index + 1)
        .map_or(0, |position| number[position])
}
