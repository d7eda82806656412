//! Servers on loopback, one value each: started, ready, and gone when dropped.
//!
//! | server | what it is good for |
//! |---|---|
//! | [`Mosquitto`] | MQTT, with and without TLS, as people run it |
//! | [`OpensslServer`] | every TLS option; agrees to max_fragment_length |
//! | [`RustlsServer`] | in this process; ignores max_fragment_length; cuts connections on demand |
//!
//! A server takes a free port of 127.0.0.1; [`start`](Mosquitto::start) returns once it listens.
//! What it prints is kept ([`log`](Mosquitto::log)), and shown when a test panics while the
//! server is there.

mod mosquitto;
mod openssl;
mod process;
mod rustls;
#[cfg(test)]
mod tests;

pub use ::rustls::CipherSuite;
pub use mosquitto::{Mosquitto, MosquittoConfig};
pub use openssl::{OpensslConfig, OpensslServer, Service};
pub use rustls::{Connection, End, Ending, RustlsConfig, RustlsServer};

/// How long anything here may take to start or to answer, on a slow and busy machine.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
