//! Firmware for an emulated board, for one plan that the host has put into Rust.
//!
//! By default it replays a recording and tells the host what that took. With the feature `firmware` it is what a device's
//! program would be: a connection over a transport, written and read; with `firmware-plain` the same without TLS. These two
//! are linked to see what TLS adds to an image, and never run.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

mod board;
#[cfg(any(feature = "firmware", feature = "firmware-plain"))]
mod firmware;
#[cfg_attr(feature = "firmware-plain", allow(dead_code, unused_imports))]
mod plan {
    //! What the connection is: made by the host.
    include!(env!("BEARCUB_PLAN"));
}
#[cfg(not(any(feature = "firmware", feature = "firmware-plain")))]
mod replay;

pub use board::Board;

/// Where the start-up code goes.
#[unsafe(no_mangle)]
pub extern "C" fn rust_main() -> ! {
    #[cfg(any(feature = "firmware", feature = "firmware-plain"))]
    firmware::run();
    #[cfg(not(any(feature = "firmware", feature = "firmware-plain")))]
    replay::run()
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    #[cfg(not(any(feature = "firmware", feature = "firmware-plain")))]
    {
        use core::fmt::Write;
        let _ = writeln!(
            bearcub_replay::machine::Host::<Board>::default(),
            r#"{{"event":"trouble","what":"a panic in {}, line {}"}}"#,
            _info.location().map_or("?", |at| at.file()),
            _info.location().map_or(0, |at| at.line()),
        );
    }
    <Board as bearcub_replay::Machine>::exit(false)
}
