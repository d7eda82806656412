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
