//! A connection from the emulated ESP32-C3 to a server of the host's, measured: what the images of all peers share.
//!
//! A peer's program defines `rust_main`, where the simulator's start-up code goes, and calls [`run`] there. In reading
//! order: [`job`] (what the host hands over), [`run`] and [`Watch`] (what is measured), [`uart`] (the way to the server),
//! [`random`], and `heap` for the peer that has one.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

#[cfg(feature = "mbedtls-rs")]
pub mod heap;
pub mod job;
// The simulator's; its features are not there, and lints are its own matter.
#[path = "../../../sim/boards/image/esp32c3/machine.rs"]
#[allow(clippy::empty_loop, missing_docs, unexpected_cfgs, unused_unsafe)]
mod machine;
mod measure;
pub mod random;
pub mod uart;

pub use bearcub_replay::Place;
pub use job::{Job, Version};
pub use machine::Board;
pub use measure::{Failed, Watch, exchange, run};

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    measure::trouble(info)
}
