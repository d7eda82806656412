//! How deep a stack goes, by painting it.
//!
//! The work runs on a stack of its own, memory of ours that was filled with a pattern; how far the pattern is gone
//! afterwards is the high-water mark. It is that of this machine: 64-bit, other compiler, other implementations of the
//! same algorithms. It shows where a change makes the stack deeper; the figure of a board is measured on its own CPU.
#![allow(unsafe_code)]

/// Bytes of the painted stack: about a hundred times what a handshake takes, and a multiple of every page size.
#[cfg(unix)]
const SIZE: usize = 1 << 20;
#[cfg(unix)]
const PAINT: u8 = 0xA5;

/// Runs `work` on a painted stack; returns its result, and the bytes of stack that it used.
///
/// Bytes that happen to be painted over with the same pattern are not seen: the figure may be low by a few bytes, and never
/// is high. `work` may panic. There is no figure where stacks cannot be touched before they are used (Windows).
#[cfg(unix)]
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<usize>) {
    use corosensei::stack::{DefaultStack, Stack};

    let Ok(mut stack) = DefaultStack::new(SIZE) else {
        return (work(), None);
    };
    // The guard page lies below these bytes.
    let lowest = std::ptr::with_exposed_provenance_mut::<u8>(stack.base().get() - SIZE);
    // SAFETY: the stack has SIZE bytes below its base, mapped for reading and writing, which nothing uses yet.
    unsafe { lowest.write_bytes(PAINT, SIZE) };
    let result = corosensei::on_stack(&mut stack, work);
    // SAFETY: the same bytes, all of them written before; nothing runs on that stack any more, and it lives until the end of
    // this function.
    let bytes = unsafe { std::slice::from_raw_parts(lowest, SIZE) };
    let untouched = bytes.iter().take_while(|byte| **byte == PAINT).count();
    drop(stack);
    (result, Some(SIZE - untouched))
}

/// Runs `work`, without a figure.
#[cfg(not(unix))]
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, Option<usize>) {
    (work(), None)
}

#[cfg(all(test, unix))]
mod tests {
    use super::measure;
    use std::hint::black_box;

    fn use_up<const N: usize>() -> u8 {
        let mut bytes = black_box([0; N]);
        bytes[N / 2] = 1;
        black_box(&bytes).iter().sum()
    }

    #[test]
    fn what_is_used_is_seen() {
        let (sum, little) = measure(use_up::<100>);
        let (_, much) = measure(use_up::<50_000>);
        assert_eq!(sum, 1);
        assert!((100..20_000).contains(&little.unwrap()), "{little:?}");
        assert!((50_000..200_000).contains(&much.unwrap()), "{much:?}");
    }

    #[test]
    fn a_panic_comes_through() {
        assert!(std::panic::catch_unwind(|| measure(|| panic!("expected"))).is_err());
    }
}
