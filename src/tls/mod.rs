//! The TLS 1.2 client.
//!
//! In reading order: [`Config`] says what a connection is to be; [`Storage`] and [`Scratch`] are the memory it takes;
//! [`Handshake`] and [`Connection`] are the client without I/O, bytes in and bytes out; [`blocking`] and
//! `asynch` (with the feature `async`) are two thin shells over it; [`Session`] resumes a connection. `framing` follows the
//! records beside the engine, and `engine` is BearSSL behind a seam.

#[cfg(feature = "async")]
#[forbid(unsafe_code)]
pub mod asynch;
#[forbid(unsafe_code)]
pub mod blocking;
#[forbid(unsafe_code)]
mod client;
#[forbid(unsafe_code)]
mod config;
mod engine;
#[forbid(unsafe_code)]
mod framing;
#[forbid(unsafe_code)]
mod session;
#[forbid(unsafe_code)]
mod storage;

pub use blocking::{connect, connect_in_steps};
pub use client::{Connection, Handshake, Negotiated, Wire};
pub use config::Config;
pub use engine::{
    Algorithms, ClientKey, Context, Groups, RECORD_OVERHEAD, RecordBuffer, Suite, Verify,
};
pub use framing::Message;
pub use session::Session;
pub use storage::{Parts, Scratch, Storage};

pub use crate::buffer::FragmentLength;

#[cfg(feature = "meter")]
pub use engine::meter;
