//! What a bare chip needs of a Rust library.

unsafe extern "C" {
    /// The C library's: the firmware's way to end.
    fn abort() -> !;
}

/// The library checks what it is handed, so that this is a fault of its own; the firmware starts anew.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing, and does not come back.
    unsafe { abort() }
}

/// The compiler calls these for atomic loads; on one core a load is one. They are not seen outside of the library.
#[cfg(target_arch = "xtensa")]
mod atomic {
    macro_rules! load {
        ($name:ident, $number:ty) => {
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name(from: *const $number, _order: i32) -> $number {
                // SAFETY: the compiler hands in what it wants to load.
                unsafe { from.read_volatile() }
            }
        };
    }

    load!(__atomic_load_1, u8);
    load!(__atomic_load_2, u16);
    load!(__atomic_load_4, u32);
}
