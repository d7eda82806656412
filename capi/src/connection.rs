//! An open connection, driven over the firmware's callbacks.

use bearcub::error::{Error, NetworkError, PeerError};
use bearcub::tls::{Config, Connection, Context, Handshake, Parts, Wire};
use bearcub::trust::Authenticated;

use crate::board::{Board, Entropy, Moved};
use crate::error::{Failure, Outcome};
use crate::memory::{self, Handle, Marked};
use crate::types::TLS_SIZE;

/// Most rounds of reading and dropping that a closing takes.
const CLOSING_READS: usize = 100;

/// An open connection.
pub struct Tls {
    /// The connection itself.
    pub(crate) connection: Connection<'static>,
    /// The firmware's callbacks.
    pub(crate) board: Board,
}

impl Marked for Tls {
    const MARK: u32 = u32::from_le_bytes(*b"bTLS");
}

const _: () =
    assert!(size_of::<Handle<Tls>>() + size_of::<Context>() + 4 * memory::ALIGN <= TLS_SIZE);

impl Tls {
    /// The firmware's callbacks.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The proof that its server is known.
    ///
    /// # Errors
    /// `Unverified`.
    pub fn verified(&self) -> Result<bearcub::trust::Verified, Failure> {
        Ok(self.connection.verified()?)
    }

    /// Receives: 0 bytes at the orderly end.
    ///
    /// # Errors
    /// Why the connection has failed.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Moved, Failure> {
        loop {
            let length = self.connection.read(into)?;
            if length > 0 || into.is_empty() {
                return Ok(Moved::Bytes(length));
            }
            if self.connection.is_read_closed() {
                // Our answer to the server's close_notify; that it may not arrive changes nothing.
                let _ = self.send_all();
                return Ok(Moved::Bytes(0));
            }
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Ok(Moved::Nothing);
            }
        }
    }

    /// Takes bytes to send.
    ///
    /// # Errors
    /// Why the connection has failed.
    pub fn write(&mut self, data: &[u8]) -> Result<Moved, Failure> {
        loop {
            let length = self.connection.write(data)?;
            if length > 0 || data.is_empty() {
                return Ok(Moved::Bytes(length));
            }
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Ok(Moved::Nothing);
            }
        }
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// Why the connection has failed, `TIMEOUT` if not all of it could be sent now.
    pub fn flush(&mut self) -> Outcome {
        self.connection.flush();
        self.send_all()
    }

    fn send_all(&mut self) -> Outcome {
        while !self.connection.wire().output().is_empty() {
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Err(Failure::TIMEOUT);
            }
        }
        Ok(())
    }

    /// Sends what was written, and says goodbye.
    ///
    /// # Errors
    /// Why that cannot be sent.
    pub fn close(&mut self) -> Outcome {
        self.connection.flush();
        self.connection.close();
        for _ in 0..CLOSING_READS {
            while !self.connection.wire().output().is_empty() {
                if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                    return Err(Failure::TIMEOUT);
                }
            }
            // Whether the server says goodbye too changes nothing.
            let done = self.connection.is_closed();
            if done
                || !matches!(
                    advance(&self.board, &mut self.connection.wire()),
                    Ok(Progress::Made)
                )
            {
                break;
            }
        }
        Ok(())
    }
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Made,
    Waited,
}

/// Does what is to be done next, once.
fn advance(board: &Board, wire: &mut Wire<'_>) -> Result<Progress, Error> {
    let moved = if !wire.output().is_empty() {
        match board.write(wire.output()) {
            Ok(Moved::Bytes(length)) => {
                wire.sent(length)?;
                return Ok(Progress::Made);
            }
            Ok(Moved::Nothing) => Moved::Nothing,
            Err(lost) => return Err(last_words(board, wire).unwrap_or(lost.into())),
        }
    } else if let Some(failure) = wire.failure() {
        return Err(failure);
    } else if wire.has_work() {
        // The failure shows when the alert for the server is out.
        let _ = wire.step();
        board.step();
        return Ok(Progress::Made);
    } else if wire.wants_input() {
        board.read(wire.input())?
    } else {
        // One buffer for each direction: there is room unless the connection is over.
        return Err(NetworkError::Closed.into());
    };
    match moved {
        Moved::Nothing => return Ok(Progress::Waited),
        Moved::Bytes(0) => wire.input_ended(),
        Moved::Bytes(length) => wire.received(length)?,
    }
    Ok(Progress::Made)
}

/// What the server said before it cut the connection: a refusal says more than a broken pipe.
fn last_words(board: &Board, wire: &mut Wire<'_>) -> Option<Error> {
    loop {
        if wire.has_work() {
            if let Err(alert @ Error::Peer(PeerError::AlertReceived(_))) = wire.step() {
                return Some(alert);
            }
        } else if wire.wants_input() {
            match board.read(wire.input()) {
                Ok(Moved::Bytes(length)) if length > 0 => wire.received(length).ok()?,
                _ => return None,
            }
        } else {
            return None;
        }
    }
}

/// The handshake, from its first byte to its last.
///
/// # Errors
/// Why it failed.
pub fn shake(
    parts: Parts<'static>,
    scratch: &mut [u8],
    config: &Config<'_>,
    board: &Board,
    timeout: u32,
) -> Result<Connection<'static>, Failure> {
    let start = board.now();
    let check = || match board.now().since(start) >= u64::from(timeout) {
        true => Err(NetworkError::Timeout),
        false => Ok(()),
    };
    let mut handshake = Handshake::begin(parts, scratch, config, &mut Entropy(board))?;
    while !handshake.is_complete() {
        advance(board, &mut handshake.wire())?;
        check()?;
    }
    let mut connection = handshake.finish()?;
    while !connection.wire().output().is_empty() {
        advance(board, &mut connection.wire())?;
        check()?;
    }
    Ok(connection)
}
