#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]
//! TLS for microcontrollers.

#[cfg(test)]
extern crate std;

pub mod buffer;
pub mod clock;
pub mod entropy;
pub mod error;
pub mod identity;
pub mod sntp;
pub mod tls;
pub mod trust;

pub use error::Error;
