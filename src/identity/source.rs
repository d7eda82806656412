//! Key and certificates that stay where they are until the handshake uses them.

use core::fmt;

use embedded_io::{Error as _, ErrorKind, Read};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{ConfigError, Error, Memory};

/// Where a key and its certificates are kept, and how they are copied out of there.
///
/// Everything is in DER: certificates as they are sent, the private key as PKCS#1, SEC1 or PKCS#8. The handshake asks
/// for one item at a time, at the moment that it uses it, and lends the memory to put it in; what it asks for may be
/// asked again in the next handshake.
///
/// ```
/// use bearcub::identity::{Source, SourceError};
///
/// /// Items that a secure element hands out by number.
/// struct Element;
///
/// # fn read_item(_number: u8, _into: &mut [u8]) -> Option<usize> { Some(0) }
/// impl Source for Element {
///     fn certificates(&self) -> usize {
///         1
///     }
///
///     fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError> {
///         read_item(0x10 + index as u8, into).ok_or(SourceError::Missing)
///     }
///
///     fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
///         read_item(0x20, into).ok_or(SourceError::Missing)
///     }
/// }
/// ```
pub trait Source {
    /// How many certificates the chain has: 1 to 3.
    fn certificates(&self) -> usize;

    /// Copies one certificate to the start of `into`, and says how many bytes it has. Number 0 is the device's own.
    ///
    /// # Errors
    ///
    /// [`SourceError::BufferTooSmall`] if it does not fit, [`SourceError::Missing`] if there is none of this number,
    /// [`SourceError::Read`] if the memory or file cannot be read.
    fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError>;

    /// Copies the private key to the start of `into`, and says how many bytes it has. The handshake wipes them.
    ///
    /// # Errors
    ///
    /// As for [`certificate`](Self::certificate).
    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError>;
}

/// Why a [`Source`] did not deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SourceError {
    /// The item is larger than the memory lent for it.
    BufferTooSmall {
        /// Its size in bytes.
        needed: usize,
    },
    /// There is no such item.
    Missing,
    /// The memory or file could not be read.
    Read(ErrorKind),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => write!(f, "the stored item has {needed} bytes"),
            Self::Missing => f.write_str("there is no such stored item"),
            Self::Read(kind) => write!(f, "the stored item cannot be read: {kind:?}"),
        }
    }
}

impl core::error::Error for SourceError {}

/// Asks for one item and checks the answer; `missing` is the error for an item that cannot be had.
pub(super) fn fetch(
    into: &mut [u8],
    missing: ConfigError,
    read: impl FnOnce(&mut [u8]) -> Result<usize, SourceError>,
) -> Result<&[u8], Error> {
    let given = into.len();
    let too_small = |needed| ConfigError::MemoryTooSmall {
        memory: Memory::Identity,
        needed,
        given,
    };
    match read(into) {
        Ok(length) => Ok(into.get(..length).ok_or(too_small(length))?),
        Err(SourceError::BufferTooSmall { needed }) => Err(too_small(needed).into()),
        Err(SourceError::Missing | SourceError::Read(_)) => Err(missing.into()),
    }
}

/// Memory for a secret, wiped when it is dropped.
///
/// It lends itself as a slice: to [`PrivateKey::from_pem`](super::PrivateKey::from_pem), or to whatever reads a key from
/// storage. `N` is its size in bytes: 256 hold any EC key on P-256, 1,280 an RSA key of 2048 bits.
///
/// ```
/// use bearcub::identity::{EcKey, KeyBuffer};
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// let mut memory = KeyBuffer::<256>::new();
/// let key = EcKey::from_pem(include_bytes!("../../tests/data/test-only-ec-sec1.pem"), memory.as_mut())?;
/// # assert!(key.point().is_some());
/// # Ok(())
/// # } // Here the bytes are zeroed.
/// ```
pub struct KeyBuffer<const N: usize> {
    bytes: [u8; N],
}

impl<const N: usize> KeyBuffer<N> {
    /// `N` zero bytes.
    pub const fn new() -> Self {
        Self { bytes: [0; N] }
    }
}

impl<const N: usize> Default for KeyBuffer<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> AsRef<[u8]> for KeyBuffer<N> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<const N: usize> AsMut<[u8]> for KeyBuffer<N> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl<const N: usize> Zeroize for KeyBuffer<N> {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
    }
}

impl<const N: usize> zeroize::ZeroizeOnDrop for KeyBuffer<N> {}

impl<const N: usize> Drop for KeyBuffer<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

/// Shows the size only.
impl<const N: usize> fmt::Debug for KeyBuffer<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBuffer({N} bytes)")
    }
}

/// A [`Source`] over anything that can be opened and read: files, sockets, a serial flash.
///
/// It holds two closures, which open an item each time it is asked for. The reader is read to its end.
///
/// ```
/// use bearcub::identity::{FromReader, Source, SourceError};
///
/// # const LEAF: &[u8] = &[0x30, 0];
/// # const KEY: &[u8] = &[0x30, 0];
/// let files = FromReader::new(
///     1,
///     |_index| Ok::<&[u8], SourceError>(LEAF), // open("/device.crt.der")
///     || Ok::<&[u8], SourceError>(KEY),        // open("/device.key.der")
/// );
/// let mut memory = [0; 1024];
/// assert_eq!(files.certificate(0, &mut memory), Ok(LEAF.len()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FromReader<C, K> {
    certificates: usize,
    open_certificate: C,
    open_key: K,
}

impl<C, K> FromReader<C, K> {
    /// `certificates` is the length of the chain, 1 to 3; the closures open a certificate by its number, and the key.
    pub const fn new(certificates: usize, open_certificate: C, open_key: K) -> Self {
        Self {
            certificates,
            open_certificate,
            open_key,
        }
    }
}

impl<C, K, CertificateReader, KeyReader> Source for FromReader<C, K>
where
    C: Fn(usize) -> Result<CertificateReader, SourceError>,
    K: Fn() -> Result<KeyReader, SourceError>,
    CertificateReader: Read,
    KeyReader: Read,
{
    fn certificates(&self) -> usize {
        self.certificates
    }

    fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        read_to_end((self.open_certificate)(index)?, into)
    }

    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        read_to_end((self.open_key)()?, into)
    }
}

/// What a reader may hold beyond the memory lent before we stop counting.
const LONGEST_ITEM: usize = 0xffff;

fn read_to_end(mut reader: impl Read, into: &mut [u8]) -> Result<usize, SourceError> {
    let mut filled = 0;
    while filled < into.len() {
        match read_some(&mut reader, &mut into[filled..])? {
            0 => return Ok(filled),
            count => filled += count,
        }
    }
    // Count the rest, so that the error can say how much memory it takes.
    let mut window = Zeroizing::new([0; 16]);
    let mut needed = filled;
    while needed < LONGEST_ITEM {
        match read_some(&mut reader, &mut *window)? {
            0 => break,
            count => needed += count,
        }
    }
    if needed == filled {
        Ok(filled)
    } else {
        Err(SourceError::BufferTooSmall { needed })
    }
}

/// A read whose count can be relied on.
fn read_some(reader: &mut impl Read, into: &mut [u8]) -> Result<usize, SourceError> {
    loop {
        match reader.read(into) {
            Ok(count) if count <= into.len() => return Ok(count),
            Ok(_) => return Err(SourceError::Read(ErrorKind::InvalidData)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(SourceError::Read(error.kind())),
        }
    }
}

/// Memory that can be read in aligned 32-bit words only, like the flash of an ESP8266.
///
/// Any `Fn(usize) -> u32` is one.
pub trait WordRead {
    /// The word of this index, counted from the start of the memory: bytes `4 * index` to `4 * index + 3`, the first
    /// of them in the least significant byte.
    ///
    /// Read it with a volatile load. From a plain one the compiler may make a byte load, which traps.
    fn word(&self, index: usize) -> u32;
}

impl<F: Fn(usize) -> u32> WordRead for F {
    fn word(&self, index: usize) -> u32 {
        self(index)
    }
}

/// A stretch of bytes in a memory of words: where it starts, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Offset of its first byte from the start of the memory; it need not be aligned.
    pub start: usize,
    /// Its length in bytes.
    pub length: usize,
}

/// A [`Source`] over memory that can be read in aligned 32-bit words only.
///
/// ```
/// use bearcub::identity::{Region, Source, WordFlash};
///
/// let flash = [0x0000_0230, 0xbbaa_0100]; // on a device: |index| unsafe { base.add(index).read_volatile() }
/// let stored = WordFlash::new(
///     |index| flash[index],
///     &[Region { start: 0, length: 4 }],
///     Region { start: 5, length: 3 },
/// );
/// let mut memory = [0; 16];
/// assert_eq!(stored.private_key(&mut memory), Ok(3));
/// assert_eq!(memory[..3], [0x01, 0xaa, 0xbb]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct WordFlash<'a, W> {
    words: W,
    certificates: &'a [Region],
    key: Region,
}

impl<'a, W: WordRead> WordFlash<'a, W> {
    /// `certificates` says where the chain is, the device's own certificate first, and `key` where the private key is.
    ///
    /// The regions are trusted: `words` is asked for every word that they touch, and for no other.
    pub const fn new(words: W, certificates: &'a [Region], key: Region) -> Self {
        Self {
            words,
            certificates,
            key,
        }
    }
}

impl<W: WordRead> Source for WordFlash<'_, W> {
    fn certificates(&self) -> usize {
        self.certificates.len()
    }

    fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        let region = self.certificates.get(index).ok_or(SourceError::Missing)?;
        copy(&self.words, *region, into)
    }

    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        if self.key.length == 0 {
            return Err(SourceError::Missing);
        }
        copy(&self.words, self.key, into)
    }
}

/// Copies a stretch of bytes out of a memory of words.
pub(super) fn copy(
    words: &impl WordRead,
    region: Region,
    into: &mut [u8],
) -> Result<usize, SourceError> {
    let needed = region.length;
    let into = into
        .get_mut(..needed)
        .ok_or(SourceError::BufferTooSmall { needed })?;
    let mut filled = 0;
    while filled < needed {
        let at = region
            .start
            .checked_add(filled)
            .ok_or(SourceError::Read(ErrorKind::InvalidInput))?;
        let word = Zeroizing::new(words.word(at / 4).to_le_bytes());
        let skip = at % 4;
        let count = (4 - skip).min(needed - filled);
        into[filled..filled + count].copy_from_slice(&word[skip..skip + count]);
        filled += count;
    }
    Ok(needed)
}
