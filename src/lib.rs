#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! TLS 1.2 and MQTT 3.1.1 for microcontrollers that have 40 KB of RAM left: no `std`, no allocator, every byte handed in by the caller.
//!
//! The map:
//!
//! - [`tls`]: the client. [`tls::connect`] over a blocking transport, `tls::asynch` over an async one, and
//!   [`tls::Handshake`] / [`tls::Connection`] without any I/O under both
//! - [`mqtt`]: the client of a broker, over TLS or any other stream; [`mqtt::Session`] without any I/O under its two shells
//! - [`trust`]: who the server is. Pins, trust anchors, learning; there is no default
//! - [`identity`]: who the device is. Its certificate and private key, in memory or read when they are used
//! - [`clock`] and [`sntp`]: the time as a value, and packets that fetch it
//! - [`entropy`]: what a board must provide
//! - [`buffer`]: buffers of the program's choice, and how large they must be
//! - [`error`]: what went wrong, who must act, the number that firmware people know, cause and remedy
//!
//! A connection in whole, over any transport with `embedded-io`'s `Read` and `Write`:
//!
//! ```no_run
//! use bearcub::tls::{self, Config, Scratch, Storage};
//! use bearcub::trust::{Pin, Trust};
//! use embedded_io::{Read, Write};
//!
//! fn report<T: Read + Write, R: rand_core::TryCryptoRng>(tcp: T, mut rng: R) -> Result<(), bearcub::Error> {
//!     let pins = [Pin::parse("sha256//JbQbUG5JMJUoI6brnx0x3vZF6jilxsapbXGVfjhN8Fg=")?];
//!     let trust = Trust::fingerprints(&pins);
//!     let config = Config::new("mqtt.example.org", &trust);
//!
//!     let mut storage: Storage<1024, 512> = Storage::new(); // kept while connected
//!     let mut scratch = [0; Scratch::FINGERPRINTS]; // lent to the handshake, free again after it
//!     let mut stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
//!     stream.write_all(b"21.5")?;
//!     stream.flush()?;
//!     let mut answer = [0; 64];
//!     let _length = stream.read(&mut answer)?;
//!     stream.close()?;
//!     Ok(())
//! }
//! ```
//!
//! # Features
//!
//! None is a default, and each only adds: `async` (the shell over `embedded-io-async`), `log` and `defmt` (messages and
//! `Format`), `meter` (counts of public-key operations, hash and cipher blocks), `key-log` (hands out the secrets that let
//! Wireshark decrypt a connection).

#[cfg(test)]
extern crate std;

#[forbid(unsafe_code)]
pub mod buffer;

mod bytes;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
mod crc;
#[forbid(unsafe_code)]
pub mod entropy;
#[forbid(unsafe_code)]
pub mod error;
#[forbid(unsafe_code)]
mod hash;
#[forbid(unsafe_code)]
pub mod identity;
#[forbid(unsafe_code)]
mod log;
#[forbid(unsafe_code)]
pub mod mqtt;
#[forbid(unsafe_code)]
pub mod pem;
#[forbid(unsafe_code)]
pub mod sntp;
pub mod tls;
#[forbid(unsafe_code)]
pub mod trust;

pub use error::Error;

/// The README's examples, which compile as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
