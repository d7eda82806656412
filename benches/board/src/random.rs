//! The chip's register of random numbers: each word is another one, and costs a few instructions.

use core::convert::Infallible;

/// Random bytes of the host's, each of them once.
pub struct Random(&'static [u8]);

impl Random {
    pub(crate) fn new(bytes: &'static [u8]) -> Self {
        Random(bytes)
    }

    /// # Panics
    /// When all bytes are used up: none is handed out twice.
    fn fill(&mut self, into: &mut [u8]) {
        let (taken, rest) = self.0.split_at(into.len());
        into.copy_from_slice(taken);
        self.0 = rest;
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl rand_core::TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.fill(into);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Random {}

#[cfg(feature = "embedded-tls")]
impl rand_core_06::RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    fn fill_bytes(&mut self, into: &mut [u8]) {
        self.fill(into);
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill(into);
        Ok(())
    }
}

#[cfg(feature = "embedded-tls")]
impl rand_core_06::CryptoRng for Random {}
