//! Copying without a way to panic.

/// Copies as many bytes as both have, and says how many.
pub(crate) fn copy(into: &mut [u8], from: &[u8]) -> usize {
    let len = into.len().min(from.len());
    for (place, byte) in into.iter_mut().zip(from) {
        *place = *byte;
    }
    len
}
