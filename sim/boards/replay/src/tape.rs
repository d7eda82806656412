//! The bytes of a recorded connection, as the host hands them over.
//!
//! `tape.bin`, numbers in little-endian order: 48 bytes of entropy; the number of turns (u32) and for each of them the
//! lengths (u32) of what is sent and of what is received, and the bytes that are sent; then until its end segments: who
//! sent it (u8: 0 the client, 1 the server), its length (u32), its bytes.

use core::convert::Infallible;

use crate::run::Trouble;

/// What is left of a tape that is being read.
#[derive(Clone, Copy)]
pub struct Reader<'t>(&'t [u8]);

impl<'t> Reader<'t> {
    /// From its start.
    pub fn new(tape: &'t [u8]) -> Self {
        Reader(tape)
    }

    /// The next bytes.
    ///
    /// # Errors
    /// If there are fewer.
    pub fn take(&mut self, len: usize) -> Result<&'t [u8], Trouble> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Trouble::Tape)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next number.
    ///
    /// # Errors
    /// If there is none.
    pub fn number(&mut self) -> Result<usize, Trouble> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    /// The next segment, and whether it is the client's.
    fn segment(&mut self) -> Option<(bool, &'t [u8])> {
        let from = *self.take(1).ok()?.first()?;
        let len = self.number().ok()?;
        Some((from == 0, self.take(len).ok()?))
    }
}

/// The recorded server.
pub struct Player<'t> {
    segments: Reader<'t>,
    sent: usize,
    received: usize,
}

impl<'t> Player<'t> {
    /// Rewound.
    pub fn new(segments: Reader<'t>) -> Self {
        Player {
            segments,
            sent: 0,
            received: 0,
        }
    }

    /// Holds the client to what it sent in the recording.
    ///
    /// # Errors
    /// At the first byte that differs.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let (mut segments, mut passed) = (self.segments, 0);
        let mut rest = bytes;
        while let Some((is_client, recorded)) = segments.segment() {
            if !is_client {
                continue;
            }
            let done = self.sent.saturating_sub(passed).min(recorded.len());
            passed += recorded.len();
            let expected = &recorded[done..];
            let len = expected.len().min(rest.len());
            for (ours, theirs) in rest[..len].iter().zip(expected) {
                if ours != theirs {
                    return Err(Trouble::Diverged(self.sent));
                }
                self.sent += 1;
            }
            rest = &rest[len..];
            if rest.is_empty() {
                return Ok(());
            }
        }
        Err(Trouble::Diverged(self.sent))
    }

    /// The server's next bytes; 0 at the end.
    ///
    /// # Errors
    /// If the client sent more before them in the recording.
    pub fn receive(&mut self, into: &mut [u8]) -> Result<usize, Trouble> {
        let (mut segments, mut sent, mut received) = (self.segments, 0, 0);
        while let Some((is_client, bytes)) = segments.segment() {
            if is_client {
                sent += bytes.len();
                continue;
            }
            received += bytes.len();
            if received <= self.received {
                continue;
            }
            if self.sent < sent {
                return Err(Trouble::Waits(self.sent));
            }
            let left = received - self.received;
            let len = left.min(into.len());
            into[..len].copy_from_slice(&bytes[bytes.len() - left..][..len]);
            self.received += len;
            return Ok(len);
        }
        Ok(0)
    }
}

/// The recorded entropy, once.
pub struct Entropy<'t>(pub &'t [u8]);

impl rand_core::TryRng for Entropy<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        let len = into.len().min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        into[..len].copy_from_slice(taken);
        self.0 = rest;
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Entropy<'_> {}
