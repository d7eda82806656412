//! Replays a recording on a board's CPU, and measures what it takes: bytes of memory, instructions, stack.
//!
//! A board brings a [`Machine`]. What is measured goes to the host as lines of JSON, the last of which says `done` or why
//! it ended. In reading order: [`machine`], [`tape`] (the bytes of the connection), [`stack`] (painting), [`run`]; [`structures`] for the
//! sizes of what is inside.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

#[cfg(feature = "ciphers")]
pub mod ciphers;
pub mod machine;
#[cfg(feature = "mqtt")]
pub mod mqtt;
pub mod run;
pub mod stack;
pub mod structures;
pub mod tape;

pub use machine::{Machine, Place};
pub use run::run;
