//! The libraries, behind one trait.

mod bearcub;
mod embedded_tls;
#[cfg(feature = "mbedtls")]
#[allow(unsafe_code)]
mod mbedtls;
#[cfg(feature = "openssl")]
#[allow(unsafe_code)]
mod openssl;
mod rustls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bearcub_lab::pki::Chain;
use sha2::{Digest as _, Sha256};

use crate::Result;
use crate::link::Link;

/// A version of TLS. A peer offers one and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// A library that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// Ours.
    Bearcub,
    /// rustls, with ring.
    Rustls,
    /// OpenSSL, as the system has it.
    #[cfg(feature = "openssl")]
    Openssl,
    /// Mbed TLS, by mbedtls-rs.
    #[cfg(feature = "mbedtls")]
    Mbedtls,
    /// embedded-tls.
    EmbeddedTls,
}

/// A library and the version of TLS it is to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// The library.
    pub library: Library,
    /// The version.
    pub version: Version,
}

const fn who(library: Library, version: Version) -> Who {
    Who { library, version }
}

impl Who {
    /// bearcub, which the others are compared with.
    pub const BEARCUB: Who = who(Library::Bearcub, Version::Tls12);

    /// All of them, in the order of the tables.
    pub const ALL: &[Who] = &[
        Who::BEARCUB,
        #[cfg(feature = "mbedtls")]
        who(Library::Mbedtls, Version::Tls12),
        #[cfg(feature = "mbedtls")]
        who(Library::Mbedtls, Version::Tls13),
        who(Library::EmbeddedTls, Version::Tls13),
        who(Library::Rustls, Version::Tls12),
        who(Library::Rustls, Version::Tls13),
        #[cfg(feature = "openssl")]
        who(Library::Openssl, Version::Tls12),
        #[cfg(feature = "openssl")]
        who(Library::Openssl, Version::Tls13),
    ];

    /// The one that is written like this.
    pub fn named(name: &str) -> Option<Who> {
        Who::ALL.iter().copied().find(|who| who.to_string() == name)
    }

    /// Sets the library up for that server.
    ///
    /// # Errors
    /// What the library says about it.
    pub fn set_up(self, target: Target<'_>) -> Result<Box<dyn Peer + '_>> {
        Ok(match (self.library, target.memory) {
            (Library::Bearcub, Memory::Roomy) => Box::new(bearcub::Bearcub::<4096>::new(target)?),
            (Library::Bearcub, Memory::Tight) => Box::new(bearcub::Bearcub::<1024>::new(target)?),
            (Library::EmbeddedTls, Memory::Roomy) => {
                Box::new(embedded_tls::EmbeddedTls::<16_640, 8192>::new(target))
            }
            (Library::EmbeddedTls, Memory::Tight) => {
                Box::new(embedded_tls::EmbeddedTls::<1024, 1024>::new(target))
            }
            (Library::Rustls, _) => Box::new(rustls::Rustls::new(target, self.version)?),
            #[cfg(feature = "openssl")]
            (Library::Openssl, _) => Box::new(openssl::Openssl::new(target, self.version)?),
            #[cfg(feature = "mbedtls")]
            (Library::Mbedtls, _) => Box::new(mbedtls::Mbedtls::new(target, self.version)?),
        })
    }
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Library::Bearcub => "bearcub",
            Library::Rustls => "rustls",
            #[cfg(feature = "openssl")]
            Library::Openssl => "openssl",
            #[cfg(feature = "mbedtls")]
            Library::Mbedtls => "mbedtls-rs",
            Library::EmbeddedTls => "embedded-tls",
        })
    }
}

/// `rustls-1.3`, say; the version is in it where it is not 1.2.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = match self.version {
            Version::Tls12 => "",
            Version::Tls13 => "-1.3",
        };
        write!(f, "{}{version}", self.library)
    }
}

/// How much memory is handed in, where that is the program's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Enough for every job.
    Roomy,
    /// For records of 1024 bytes, which are asked of the server where the peer can do that.
    Tight,
}

/// The server to connect to.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Its name, which its certificate must have.
    pub host: &'a Host,
    /// The root to trust, in DER.
    pub root: &'a [u8],
    /// What it sends, in DER, for the jobs without a connection.
    pub certificates: &'a [Vec<u8>],
    /// How much memory there is.
    pub memory: Memory,
}

impl<'a> Target<'a> {
    /// The server that presents this chain, and the memory for every job.
    pub fn new(chain: &'a Chain, host: &'a Host) -> Self {
        Target {
            host,
            root: chain.root(),
            certificates: &chain.certificates,
            memory: Memory::Roomy,
        }
    }

    fn leaf(&self) -> Result<&'a [u8]> {
        self.certificates
            .first()
            .map(|leaf| &leaf[..])
            .ok_or_else(|| "there is no certificate".into())
    }
}

/// A host's name, as Rust and as C has it.
pub struct Host {
    text: String,
    #[cfg(feature = "mbedtls")]
    c: std::ffi::CString,
}

impl Host {
    /// That name.
    ///
    /// # Errors
    /// If there is a NUL in it.
    pub fn new(name: &str) -> Result<Host> {
        Ok(Host {
            text: name.to_owned(),
            #[cfg(feature = "mbedtls")]
            c: std::ffi::CString::new(name)?,
        })
    }
}

/// What is done about sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// A full handshake, and nothing is kept.
    Fresh,
    /// A full handshake, and what it takes to resume is kept once `talk` is over.
    Remember,
    /// The session that was kept is resumed, and the next one kept.
    Resume,
}

/// An established connection.
pub trait Stream {
    /// Sends data, up to the last byte.
    ///
    /// # Errors
    /// Why the connection failed.
    fn send(&mut self, data: &[u8]) -> Result<()>;

    /// Waits for data; says how much came, 0 at the end.
    ///
    /// # Errors
    /// Why the connection failed.
    fn receive(&mut self, into: &mut [u8]) -> Result<usize>;
}

/// What is done with a connection.
pub type Talk<'t> = dyn FnMut(&mut dyn Stream) -> Result<()> + 't;

/// A library, set up for one server.
pub trait Peer {
    /// Connects and verifies the server, lets `talk` use the connection, and closes it.
    ///
    /// # Errors
    /// Why that failed.
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()>;

    /// Validates the server's certificates `times` times, from their DER on; the server is for a peer that only does that
    /// in a handshake.
    ///
    /// # Errors
    /// If they are not valid, or the library has no such function.
    fn validate(&mut self, server: &Arc<::rustls::ServerConfig>, times: u64) -> Result<Duration>;

    /// Computes the SHA-256 of the public key in the server's certificate `times` times, and compares it.
    ///
    /// # Errors
    /// If it is another one, or the library has no such function.
    fn fingerprint(&mut self, server: &Arc<::rustls::ServerConfig>, times: u64)
    -> Result<Duration>;

    /// Bytes of the buffers that the program hands in.
    fn handed_in(&self) -> usize {
        0
    }
}

/// A stream of `embedded-io`.
struct Embedded<'s, S>(&'s mut S);

impl<S: embedded_io::Read + embedded_io::Write> Stream for Embedded<'_, S>
where
    S::Error: 'static,
{
    fn send(&mut self, data: &[u8]) -> Result<()> {
        self.0.write_all(data)?;
        Ok(self.0.flush()?)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize> {
        Ok(self.0.read(into)?)
    }
}

/// A stream of `std`.
struct Std<'s, S>(&'s mut S);

impl<S: std::io::Read + std::io::Write> Stream for Std<'_, S> {
    fn send(&mut self, data: &[u8]) -> Result<()> {
        self.0.write_all(data)?;
        Ok(self.0.flush()?)
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize> {
        Ok(self.0.read(into)?)
    }
}

/// Does something so many times, and says how long that took; stops at the first failure.
fn repeat(times: u64, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let (duration, result) = crate::clock::time(|| (0..times).try_for_each(|_| work()));
    result.map(|()| duration)
}

fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// The pin of a certificate's key, as the other certificates' keys are compared with it.
fn pin(certificate: &[u8]) -> Result<[u8; 32]> {
    let certificate = certificate.into();
    let certificate = webpki::EndEntityCert::try_from(&certificate)?;
    Ok(sha256(&certificate.subject_public_key_info()))
}

fn compare(found: &[u8], pin: &[u8; 32]) -> Result<()> {
    if found == pin {
        Ok(())
    } else {
        Err("the key is another one".into())
    }
}
