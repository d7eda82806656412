//! The stack's high-water mark: unused stack is painted, and what has lost its paint was used.

use crate::Machine;

const PAINT: u32 = 0xB0A7_5EED;
/// Bytes above the lowest address that are left alone: frames of the painter itself.
const MARGIN: usize = 128;

/// Paints everything below the caller.
#[inline(never)]
pub fn paint<M: Machine>() {
    let here = address();
    let mut at = M::stack().start as *mut u32;
    while (at as usize) < here - MARGIN {
        // SAFETY: this is stack below every live frame.
        unsafe {
            at.write_volatile(PAINT);
            at = at.add(1);
        }
    }
}

/// The lowest address that was used since the painting.
#[inline(never)]
pub fn lowest<M: Machine>() -> usize {
    let stack = M::stack();
    let mut at = stack.start as *const u32;
    // SAFETY: the address is one of the stack.
    while (at as usize) < stack.end && unsafe { at.read_volatile() } == PAINT {
        // SAFETY: as above.
        at = unsafe { at.add(1) };
    }
    at as usize
}

/// The address of the caller's frame, about.
#[inline(never)]
pub fn address() -> usize {
    let here = 0u32;
    core::hint::black_box(&raw const here) as usize
}
