//! How deep a stack goes, by painting it.
//!
//! The work runs on a stack of its own, memory of ours that was filled with a pattern; how far the pattern is gone
//! afterwards is the high-water mark. It is that of this machine: 64-bit, other compiler, other implementations of the
//! same algorithms. It shows where a change makes the stack deeper; the figure of a board is measured on its own CPU.
#![allow(unsafe_code)]

/// Bytes of the painted stack: about a hundred times what a handshake takes.
const SIZE: usize = 1 << 20;
const PAINT: u8 = 0xA5;
/// More than any target's alignment of a stack.
const ALIGN: usize = 4096;

#[repr(C, align(4096))]
struct Page([u8; ALIGN]);

/// Runs `work` on a painted stack; returns its result, and the bytes of stack that it used.
///
/// Bytes that happen to be painted over with the same pattern are not seen: the figure may be low by a few bytes, and never
/// is high. `work` may panic.
pub fn measure<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let mut pages: Vec<Page> = (0..SIZE / ALIGN).map(|_| Page([PAINT; ALIGN])).collect();
    let base = pages.as_mut_ptr().cast::<u8>();
    let guarded = || std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    // SAFETY: the memory is ours, not referred to by anyone else meanwhile, aligned to a page at both ends, a hundred times
    // as large as what runs on it, and the closure does not unwind.
    let result = unsafe { psm::on_stack(base, SIZE, guarded) };
    // Stacks grow downwards on every target that this tool runs on.
    let untouched = pages
        .iter()
        .flat_map(|page| &page.0)
        .take_while(|byte| **byte == PAINT)
        .count();
    match result {
        Ok(result) => (result, SIZE - untouched),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
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
        assert!((100..20_000).contains(&little), "{little}");
        assert!((50_000..200_000).contains(&much), "{much}");
    }

    #[test]
    fn a_panic_comes_through() {
        assert!(std::panic::catch_unwind(|| measure(|| panic!("expected"))).is_err());
    }
}
