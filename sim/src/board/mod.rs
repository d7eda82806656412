//! The boards' own CPUs, emulated.

pub mod source;
pub mod tape;
