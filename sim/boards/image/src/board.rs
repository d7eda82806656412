//! The board that this is for.

#[cfg(target_arch = "riscv32")]
#[path = "../esp32c3/machine.rs"]
mod machine;
#[cfg(target_arch = "xtensa")]
#[path = "../esp8266/machine.rs"]
mod machine;

pub use machine::Board;

/// The end of a program that never ends.
#[cfg(any(feature = "firmware", feature = "firmware-plain"))]
pub fn rest(outcome: bool) -> ! {
    core::hint::black_box(outcome);
    loop {
        core::hint::spin_loop();
    }
}
