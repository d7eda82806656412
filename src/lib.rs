#![no_std]
#![deny(unsafe_code)]
//! TLS for microcontrollers.

pub mod clock;
pub mod entropy;
pub mod error;
pub mod identity;
pub mod sntp;
pub mod tls;
pub mod trust;

pub use error::Error;
