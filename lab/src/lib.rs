//! Real servers and certificate chains, for tests and recordings.

#![forbid(unsafe_code)]

mod error;
pub mod pki;
mod program;
pub mod proxy;

pub mod server;

pub use error::Error;
pub use program::{Program, require};
