//! What the host hands over, in its file `tape.bin`.
//!
//! Numbers are `u32` in little-endian order: the time in seconds of Unix time; the version of TLS, 2 or 3 behind the "1.";
//! the length of the host's name and the name, a NUL at its end; the length of the root certificate and its DER; and
//! random bytes until the file's end.

use core::ffi::CStr;

use bearcub_replay::tape::Reader;
use bearcub_replay::{Machine, Place};

use crate::Board;
use crate::random::Random;

/// More than any job has. It is not part of the device's memory.
const TAPE: usize = 64 << 10;

#[unsafe(link_section = ".tape")]
static TAPE_BYTES: Place<[u8; TAPE]> = Place::new([0; TAPE]);

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// The server to connect to, and what a board would have beside it.
pub struct Job {
    /// What the clock says, in seconds of Unix time.
    pub now: u32,
    /// The version of TLS, for a peer that has more than one.
    pub version: Version,
    /// The server's name, which its certificate must have.
    pub host: &'static CStr,
    /// The root to trust, in DER; on a device it would be in flash.
    pub root: &'static [u8],
    /// The chip's source of randomness.
    pub random: Random,
}

impl Job {
    /// Reads the host's file. To be called once.
    pub(crate) fn read() -> Option<Job> {
        // SAFETY: this runs once.
        let bytes = unsafe { TAPE_BYTES.take() };
        let length = Board::read_tape(bytes);
        let mut reader = Reader::new(&bytes[..length]);
        let now = u32::try_from(reader.number().ok()?).ok()?;
        let version = match reader.number().ok()? {
            2 => Version::Tls12,
            3 => Version::Tls13,
            _ => return None,
        };
        let host = field(&mut reader)?;
        let root = field(&mut reader)?;
        let used = 16 + host.len() + root.len();
        Some(Job {
            now,
            version,
            host: CStr::from_bytes_with_nul(host).ok()?,
            root,
            random: Random::new(bytes.get(used..length)?),
        })
    }

    /// The server's name.
    ///
    /// # Errors
    /// If it is not UTF-8.
    pub fn host_name(&self) -> Result<&'static str, core::str::Utf8Error> {
        self.host.to_str()
    }
}

fn field(reader: &mut Reader<'static>) -> Option<&'static [u8]> {
    let length = reader.number().ok()?;
    reader.take(length).ok()
}
