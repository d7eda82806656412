//! Key and certificates in one piece of flash, with a checksum over all of it.

use core::fmt;

use embedded_io::ErrorKind;

use crate::crc::Crc32;

use super::source::copy;
use super::{MAX_CHAIN, Region, Source, SourceError, WordRead};

/// `BCI1`, in the order of its bytes.
const MAGIC: u32 = u32::from_le_bytes(*b"BCI1");
/// Where the checksum begins to count: behind itself.
const CHECKED: usize = 12;
/// Where the items begin.
const ITEMS: usize = 28;

/// A [`Source`] over an image of a key and its certificates, as `bearcub identity --image` writes it.
///
/// The memory is read in aligned 32-bit words only, as the flash of an ESP8266 demands; any other can be read so too. On
/// opening, every word is read once and the checksum is compared, so that a device that was never provisioned, or whose
/// flash has worn, says so at once and not in the middle of a handshake.
///
/// ```
/// use bearcub::identity::{FlashImage, SourceError};
///
/// let erased = [0xffff_ffff; 16]; // on a device: |index| unsafe { base.add(index).read_volatile() }
/// let image = FlashImage::open(|index: usize| erased[index], 64);
/// assert_eq!(image.err(), Some(SourceError::Missing));
/// ```
///
/// The layout; numbers have 32 bits and are little-endian, and every item begins at a multiple of 4:
///
/// | offset | what |
/// |---|---|
/// | 0 | the four characters `BCI1` |
/// | 4 | bytes of the whole image, a multiple of 4 |
/// | 8 | CRC-32 (IEEE 802.3, as in zlib) of everything from offset 12 on |
/// | 12 | bytes of the private key |
/// | 16, 20, 24 | bytes of each certificate, the device's own first; 0 for none |
/// | 28 | the private key, then the certificates, all in DER; zeros fill the gaps |
#[derive(Clone, Copy)]
pub struct FlashImage<W> {
    words: W,
    key: Region,
    chain: [Region; MAX_CHAIN],
    certificates: usize,
}

impl<W: WordRead> FlashImage<W> {
    /// Opens the image at the start of a memory of `size` bytes. No word beyond them is asked for.
    ///
    /// # Errors
    ///
    /// - [`SourceError::Missing`] if no image begins there: the flash is erased, or holds something else.
    /// - [`SourceError::Read`] with [`ErrorKind::InvalidData`] if one does, and is damaged: its checksum or one of its
    ///   lengths is wrong.
    pub fn open(words: W, size: usize) -> Result<Self, SourceError> {
        const DAMAGED: SourceError = SourceError::Read(ErrorKind::InvalidData);
        if size < ITEMS || words.word(0) != MAGIC {
            return Err(SourceError::Missing);
        }
        let length = words.word(1) as usize;
        if !(ITEMS..=size).contains(&length) || !length.is_multiple_of(4) {
            return Err(DAMAGED);
        }
        if checksum(&words, CHECKED / 4..length / 4) != words.word(2) {
            return Err(DAMAGED);
        }
        let mut regions = [Region {
            start: 0,
            length: 0,
        }; 1 + MAX_CHAIN];
        let mut start = ITEMS;
        for (number, region) in regions.iter_mut().enumerate() {
            region.start = start;
            region.length = words.word(CHECKED / 4 + number) as usize;
            start = region
                .length
                .checked_next_multiple_of(4)
                .and_then(|padded| start.checked_add(padded))
                .filter(|end| *end <= length)
                .ok_or(DAMAGED)?;
        }
        let [key, chain @ ..] = regions;
        let certificates = chain.iter().take_while(|region| region.length > 0).count();
        let has_gap = chain[certificates..].iter().any(|region| region.length > 0);
        if start != length || key.length == 0 || certificates == 0 || has_gap {
            return Err(DAMAGED);
        }
        Ok(Self {
            words,
            key,
            chain,
            certificates,
        })
    }
}

impl<W: WordRead> Source for FlashImage<W> {
    fn certificates(&self) -> usize {
        self.certificates
    }

    fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        let chain = &self.chain[..self.certificates];
        let region = chain.get(index).ok_or(SourceError::Missing)?;
        copy(&self.words, *region, into)
    }

    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        copy(&self.words, self.key, into)
    }
}

/// Shows nothing of what the memory holds.
impl<W> fmt::Debug for FlashImage<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlashImage({} certificates)", self.certificates)
    }
}

fn checksum(words: &impl WordRead, indices: core::ops::Range<usize>) -> u32 {
    let mut crc = Crc32::new();
    for index in indices {
        crc.update(&words.word(index).to_le_bytes());
    }
    crc.value()
}
