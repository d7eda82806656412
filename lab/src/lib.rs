//! Real servers and certificate chains, for tests and recordings.
//!
//! - [`pki`]: keys, certificates, and chains in the shapes that are met in the field (AWS IoT,
//!   Let's Encrypt, a private authority) or with one fault each.
//! - [`server`]: Mosquitto, `openssl s_server` and a rustls server on loopback, each one a value
//!   that is ready when it is made and gone when it is dropped.
//! - [`proxy`]: sits between a client and a server; splits, flips, cuts, holds and records bytes.
//!
//! ```no_run
//! use bearcub_lab::pki;
//! use bearcub_lab::proxy::{Direction, Proxy, ProxyConfig};
//! use bearcub_lab::server::{Mosquitto, MosquittoConfig};
//!
//! let chain = pki::letsencrypt_rsa();
//! let broker = Mosquitto::start(&MosquittoConfig::tls(&chain))?;
//! let config = ProxyConfig::new().chunks(Direction::ToClient, 1);
//! let proxy = Proxy::start(broker.addr(), &config)?;
//! // Connect to `proxy.addr()`, expect `chain.host`, trust `chain.root()`.
//! # Ok::<(), bearcub_lab::Error>(())
//! ```
//!
//! The programs `openssl` and `mosquitto` must be installed; [`require`] says so if they are not.
//! Nothing here is for use outside of tests: keys are not protected, and failures to make a key or
//! a certificate panic.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod error;
pub mod pki;
mod program;
pub mod proxy;
pub mod server;

pub use error::Error;
pub use program::{Program, require};
