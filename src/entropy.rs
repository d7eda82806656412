//! The randomness a board provides.
//!
//! A connection needs 48 unpredictable bytes once, before its handshake; everything else is derived from them. Whatever
//! implements [`rand_core::TryCryptoRng`] provides them: the generator of a HAL crate, or a register through
//! [`Register`]. A source that fails, or that plainly is not random, ends the connection with
//! [`ResourceError::NoEntropy`] before anything is sent.
//!
//! What a board must provide:
//!
//! - Bytes that nobody else can predict, also directly after power-up, and different ones on every board and at every
//!   start. A generator with a fixed seed, a timer, or the uptime is none: with it, anyone can read the connection.
//! - On an ESP8266 or ESP32, the hardware register is random only while the radio is on (or, on the ESP32, while the
//!   bootloader's entropy source is enabled). Start Wi-Fi first.
//! - Where there is no hardware generator, a seed put into storage when the device is provisioned, replaced at every start
//!   before it is used, feeding a generator such as ChaCha20.
//!
//! No test of the output can tell good randomness from bad. The ones made here find a generator that is dead: not clocked,
//! not started, or a stub that returns a constant.

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::error::ResourceError;

/// Bytes of entropy that one connection takes.
pub const SEED_SIZE: usize = 48;

/// Takes a connection's seed from the board's source.
///
/// # Errors
///
/// [`ResourceError::NoEntropy`] if the source reports a failure, or all bytes are the same, which happens by chance
/// once in 2^376 connections.
pub(crate) fn seed<R: TryCryptoRng + ?Sized>(
    rng: &mut R,
) -> Result<Zeroizing<[u8; SEED_SIZE]>, ResourceError> {
    let mut seed = Zeroizing::new([0; SEED_SIZE]);
    rng.try_fill_bytes(&mut *seed)
        .map_err(|_| ResourceError::NoEntropy)?;
    let differing = seed.iter().fold(0, |bits, byte| bits | (byte ^ seed[0]));
    if differing == 0 {
        return Err(ResourceError::NoEntropy);
    }
    Ok(seed)
}

/// Equal words in a row that end a [`Register`]'s service: by chance once in 2^96 words.
const STUCK_AFTER: u8 = 4;

/// A hardware generator that is read as one 32-bit register.
///
/// ```
/// use bearcub::entropy::Register;
/// use rand_core::TryRng;
///
/// # let mut state = 1u32;
/// let mut rng = Register::new(|| {
///     // On a device: unsafe { RNG_DATA.read_volatile() }, after as many cycles as its manual asks for.
///     # state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///     # state
/// });
/// let mut bytes = [0; 48];
/// rng.try_fill_bytes(&mut bytes)?;
/// # Ok::<(), bearcub::entropy::Stuck>(())
/// ```
///
/// The closure gives a fresh word each time it is called, and waits as long as the hardware needs for that. If the same
/// word comes 4 times in a row, the register is taken for dead, and every further read fails (the repetition count
/// test of NIST SP 800-90B section 4.4.1).
pub struct Register<F> {
    read: F,
    last: u32,
    repeated: u8,
}

impl<F: FnMut() -> u32> Register<F> {
    /// A generator that calls `read` for every word.
    ///
    /// By making one, the program vouches that the words are unpredictable.
    pub const fn new(read: F) -> Self {
        Self {
            read,
            last: 0,
            repeated: 0,
        }
    }
}

impl<F: FnMut() -> u32> TryRng for Register<F> {
    type Error = Stuck;

    fn try_next_u32(&mut self) -> Result<u32, Stuck> {
        if self.repeated >= STUCK_AFTER {
            return Err(Stuck);
        }
        let word = (self.read)();
        self.repeated = if word == self.last && self.repeated > 0 {
            self.repeated + 1
        } else {
            1
        };
        self.last = word;
        if self.repeated >= STUCK_AFTER {
            return Err(Stuck);
        }
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Stuck> {
        let high = self.try_next_u32()?;
        let low = self.try_next_u32()?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Stuck> {
        for chunk in dst.chunks_mut(4) {
            let word = self.try_next_u32()?.to_le_bytes();
            crate::bytes::copy(chunk, &word);
        }
        Ok(())
    }
}

impl<F: FnMut() -> u32> TryCryptoRng for Register<F> {}

impl<F> Drop for Register<F> {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.last);
    }
}

/// Does not show the last word.
impl<F> fmt::Debug for Register<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Register")
            .field("stuck", &(self.repeated >= STUCK_AFTER))
            .finish_non_exhaustive()
    }
}

/// A generator delivers the same word over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Stuck;

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the random number generator delivers a constant")
    }
}

impl core::error::Error for Stuck {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Delivers the bytes of a function, or fails.
    struct Fake(fn(usize) -> Result<u8, Stuck>);

    impl TryRng for Fake {
        type Error = Stuck;

        fn try_next_u32(&mut self) -> Result<u32, Stuck> {
            unreachable!()
        }

        fn try_next_u64(&mut self) -> Result<u64, Stuck> {
            unreachable!()
        }

        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Stuck> {
            for (index, byte) in dst.iter_mut().enumerate() {
                *byte = (self.0)(index)?;
            }
            Ok(())
        }
    }

    impl TryCryptoRng for Fake {}

    #[test]
    fn a_seed_is_what_the_source_delivers() {
        let seed = seed(&mut Fake(|index| Ok(index as u8))).unwrap();
        assert!(seed.iter().copied().eq(0..48));
    }

    #[test]
    fn a_source_may_be_borrowed_as_a_trait_object() {
        let mut fake = Fake(|index| Ok(index as u8));
        let rng: &mut dyn TryCryptoRng<Error = Stuck> = &mut fake;
        assert!(seed(rng).is_ok());
    }

    #[test]
    fn a_source_that_fails_is_no_entropy() {
        for failing in [(|_| Err(Stuck)) as fn(usize) -> _, |index| {
            if index < 47 {
                Ok(index as u8)
            } else {
                Err(Stuck)
            }
        }] {
            assert_eq!(seed(&mut Fake(failing)), Err(ResourceError::NoEntropy));
        }
    }

    #[test]
    fn a_dead_source_is_no_entropy() {
        for dead in [(|_| Ok(0)) as fn(usize) -> _, |_| Ok(0xff), |_| Ok(0x5a)] {
            assert_eq!(seed(&mut Fake(dead)), Err(ResourceError::NoEntropy));
        }
    }

    #[test]
    fn one_differing_byte_at_the_end_is_taken_for_life() {
        assert!(seed(&mut Fake(|index| Ok((index == 47) as u8))).is_ok());
    }

    #[test]
    fn a_register_is_read_in_words_whose_rest_is_dropped() {
        let mut next = 0u32;
        let mut rng = Register::new(|| {
            next += 0x0101_0101;
            next
        });
        let mut bytes = [0; 6];
        rng.try_fill_bytes(&mut bytes).unwrap();
        assert_eq!(bytes, [1, 1, 1, 1, 2, 2]);
        assert_eq!(rng.try_next_u64(), Ok(0x0303_0303_0404_0404));
    }

    #[test]
    fn a_register_that_repeats_a_word_four_times_stays_stuck() {
        let mut count = 0;
        let mut rng = Register::new(|| {
            count += 1;
            if count <= 5 { 0 } else { count }
        });
        for _ in 0..3 {
            assert_eq!(rng.try_next_u32(), Ok(0));
        }
        assert_eq!(rng.try_next_u32(), Err(Stuck));
        assert_eq!(rng.try_next_u32(), Err(Stuck));
        assert_eq!(rng.try_next_u32(), Err(Stuck));
    }

    #[test]
    fn a_register_may_repeat_a_word_three_times() {
        let mut count = 0u32;
        let mut rng = Register::new(|| {
            count += 1;
            count / 3
        });
        let mut bytes = [0; 400];
        assert_eq!(rng.try_fill_bytes(&mut bytes), Ok(()));
    }
}
