//! bearcub beside other TLS clients: the same jobs, against the same server, with the same keys, in one run.
//!
//! - [`jobs`]: what is measured; each job is prepared once and then run as often as asked
//! - [`peers`]: one module for each library, all behind [`peers::Peer`]
//! - [`server`]: a rustls server in this thread, and the [`link`] to it
//! - [`clock`]: time that leaves the server out
//! - [`memory`] and [`stack`]: what a connection takes at its peak
//! - [`remote`]: a server in a process of its own, and [`board`]: the peers on an emulated ESP32-C3, connected to it
//! - [`table`]: peers side by side

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod board;
pub mod clock;
pub mod jobs;
pub mod link;
#[allow(unsafe_code)]
pub mod memory;
pub mod peers;
pub mod remote;
pub mod server;
#[allow(unsafe_code)]
pub mod stack;
pub mod table;

/// Why something failed, in the failing library's words.
pub type Failure = Box<dyn std::error::Error>;

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Failure>;
