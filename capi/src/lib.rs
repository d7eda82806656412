#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]
#![warn(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block
)]
//! The C interface of bearcub: a static library, and the header `bearcub.h` beside this package, which is its reference.
//!
//! Every function answers with 0 or an error number, never panics on what C hands in, and allocates nothing: the caller
//! hands in all memory. In reading order:
//!
//! - [`types`]: the structures that C fills, as the header has them
//! - [`error`]: numbers of this interface's own, and texts
//! - [`memory`]: what C hands in as memory, as strings, as handles; checked
//! - [`board`]: the callbacks of the firmware as the library wants them
//! - [`choice`]: trust, identity and algorithms, one function each, so that only those that are named are linked
//! - [`connection`], [`session`]: what is driven over the callbacks
//! - [`tls`], [`mqtt`], [`backoff`]: the functions
//! - `chip`: what a bare chip needs of a Rust library

#[cfg(not(target_os = "none"))]
extern crate std;

pub mod backoff;
pub mod board;
#[cfg(target_os = "none")]
mod chip;
pub mod choice;
pub mod connection;
pub mod error;
pub mod memory;
pub mod mqtt;
pub mod session;
pub mod tls;
pub mod types;
