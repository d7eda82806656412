//! The firmware's callbacks, as the library wants them.

use bearcub::clock::{Clock, Instant, Time};
use bearcub::error::NetworkError;
use embedded_io::ErrorKind;
use rand_core::{TryCryptoRng, TryRng};

use crate::error::{self, Failure};
use crate::types::{Callbacks, IO_TIMED_OUT};

/// What a read or a write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes; of a read, 0 is the end.
    Bytes(usize),
    /// Nothing, in the time that the callback waits.
    Nothing,
}

/// The callbacks, all that must be there being there.
#[derive(Clone, Copy)]
pub struct Board(Callbacks);

impl Board {
    /// Looks whether all that must be there is.
    ///
    /// # Errors
    /// `NULL` if one of `read`, `write`, `uptime` and `entropy` is not.
    pub fn new(callbacks: &Callbacks) -> Result<Board, Failure> {
        let Callbacks {
            read: Some(_),
            write: Some(_),
            uptime: Some(_),
            entropy: Some(_),
            ..
        } = callbacks
        else {
            return Err(Failure(error::NULL));
        };
        Ok(Board(*callbacks))
    }

    /// Receives bytes.
    ///
    /// # Errors
    /// `Transport` if the connection is lost, or the callback says more than there is room for.
    pub fn read(&self, into: &mut [u8]) -> Result<Moved, NetworkError> {
        let answer = self.0.read.map_or(0, |read| {
            // SAFETY: the firmware's function gets its own pointer, and as many bytes as it is told.
            unsafe { read(self.0.user, into.as_mut_ptr(), into.len()) }
        });
        moved(answer, into.len())
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As [`read`](Self::read); also for 0 bytes sent.
    pub fn write(&self, bytes: &[u8]) -> Result<Moved, NetworkError> {
        let answer = self.0.write.map_or(0, |write| {
            // SAFETY: as above.
            unsafe { write(self.0.user, bytes.as_ptr(), bytes.len()) }
        });
        match moved(answer, bytes.len())? {
            Moved::Bytes(0) => Err(NetworkError::Transport(ErrorKind::WriteZero)),
            moved => Ok(moved),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        let uptime = self.0.uptime.map_or(0, |uptime| {
            // SAFETY: the firmware's function gets its own pointer.
            unsafe { uptime(self.0.user) }
        });
        Instant::from_millis(uptime)
    }

    /// The date, if the firmware knows it.
    pub fn clock(&self) -> Clock {
        let seconds = self.0.time.map_or(0, |time| {
            // SAFETY: the firmware's function gets its own pointer.
            unsafe { time(self.0.user) }
        });
        let time = (seconds > 0).then(|| Time::from_unix(seconds)).flatten();
        time.map_or(Clock::not_set(), Clock::at)
    }

    /// A moment to feed the watchdog.
    pub fn step(&self) {
        if let Some(step) = self.0.step {
            // SAFETY: the firmware's function gets its own pointer.
            unsafe { step(self.0.user) };
        }
    }
}

fn moved(answer: i32, room: usize) -> Result<Moved, NetworkError> {
    match usize::try_from(answer) {
        Ok(bytes) if bytes <= room => Ok(Moved::Bytes(bytes)),
        Ok(_) => Err(NetworkError::Transport(ErrorKind::InvalidData)),
        Err(_) if answer == IO_TIMED_OUT => Ok(Moved::Nothing),
        Err(_) => Err(NetworkError::Transport(ErrorKind::ConnectionReset)),
    }
}

/// The firmware's entropy.
pub struct Entropy<'b>(pub &'b Board);

/// It has none.
#[derive(Clone, Copy, Debug)]
pub struct NoEntropy;

impl core::fmt::Display for NoEntropy {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the firmware has no entropy")
    }
}

impl core::error::Error for NoEntropy {}

impl TryRng for Entropy<'_> {
    type Error = NoEntropy;

    fn try_next_u32(&mut self) -> Result<u32, NoEntropy> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoEntropy> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), NoEntropy> {
        let callbacks = &self.0.0;
        let answer = callbacks.entropy.map_or(-1, |entropy| {
            // SAFETY: the firmware's function gets its own pointer, and as many bytes as it is told.
            unsafe { entropy(callbacks.user, into.as_mut_ptr(), into.len()) }
        });
        if answer == 0 { Ok(()) } else { Err(NoEntropy) }
    }
}

/// The firmware vouches for it, as the header says.
impl TryCryptoRng for Entropy<'_> {}
