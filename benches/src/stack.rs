//! How deep a stack goes, by painting it: the work runs on memory of ours that was filled with a pattern.

use corosensei::stack::{DefaultStack, Stack};

const SIZE: usize = 1 << 20;
const PAINT: u8 = 0xA5;

/// Runs `work` on a painted stack; returns its result, and the bytes of stack that it used.
///
/// # Errors
/// If the system has no memory for the stack.
pub fn painted<R>(work: impl FnOnce() -> R) -> std::io::Result<(R, usize)> {
    let mut stack = DefaultStack::new(SIZE)?;
    // The guard page lies below these bytes.
    let lowest = std::ptr::with_exposed_provenance_mut::<u8>(stack.base().get() - SIZE);
    // SAFETY: the stack has SIZE bytes below its base, mapped for reading and writing, which nothing uses yet.
    unsafe { lowest.write_bytes(PAINT, SIZE) };
    let result = corosensei::on_stack(&mut stack, work);
    // SAFETY: the same bytes, all of them written before; nothing runs on that stack any more.
    let bytes = unsafe { std::slice::from_raw_parts(lowest, SIZE) };
    let untouched = bytes.iter().take_while(|byte| **byte == PAINT).count();
    Ok((result, SIZE - untouched))
}

#[cfg(test)]
mod tests {
    use super::painted;
    use std::hint::black_box;

    #[test]
    fn what_is_used_is_seen() {
        let (sum, used) = painted(|| {
            black_box([1u8; 50_000])
                .iter()
                .map(|&b| u32::from(b))
                .sum::<u32>()
        })
        .unwrap();
        assert_eq!(sum, 50_000);
        assert!((50_000..200_000).contains(&used), "{used}");
    }
}
