//! The async shell, over `embedded-io-async`.

use embedded_io::Error as _;
use embedded_io_async::{ErrorType, Read, Write};
use rand_core::TryCryptoRng;

use crate::trust::{Authenticated, Verified};

use crate::error::{Error, PeerError};

use super::blocking::{failed, is_cut};
use super::client::{Action, CLOSING_READS};
use super::{Config, Connection, Handshake, Parts, Wire};

/// A TLS connection over an async transport; reads and writes like the transport itself.
///
/// As [`blocking::Stream`](super::blocking::Stream), and where a future is dropped nothing is lost as long as the
/// transport's own futures lose nothing: what was received or sent is recorded before the next await.
pub struct Stream<'s, T> {
    transport: T,
    connection: Connection<'s>,
}

/// Connects: performs the handshake over `transport`, and gives the scratch back.
///
/// # Errors
/// As [`blocking::connect`](super::blocking::connect).
///
/// # Cancellation safety
/// Dropping the future abandons the handshake: memory is wiped, and the transport is to be closed. That is how a deadline
/// is put on it.
pub async fn connect<'s, 'h, T: Read + Write, R: TryCryptoRng + ?Sized>(
    transport: T,
    storage: impl Into<Parts<'s>>,
    scratch: &'h mut [u8],
    config: &Config<'h>,
    rng: &mut R,
) -> Result<Stream<'s, T>, Error> {
    connect_in_steps(transport, storage, scratch, config, rng, async || {}).await
}

/// Connects as [`connect`] does, and awaits `rest` after each step of the handshake.
///
/// A step may compute for as long as a public-key operation takes. In between is the time to feed a watchdog, and to let the
/// other tasks of a cooperative executor have their turn, the network's among them.
///
/// ```no_run
/// use bearcub::tls::{self, Config, Scratch, Storage};
/// # async fn yield_now() {}
/// # async fn run<T: embedded_io_async::Read + embedded_io_async::Write, R: rand_core::TryCryptoRng>(
/// #     tcp: T, config: Config<'_>, mut rng: R, feed_watchdog: impl Fn()) -> Result<(), bearcub::Error> {
/// let mut storage: Storage<1024, 512> = Storage::new();
/// let mut scratch = [0; Scratch::FINGERPRINTS];
/// let stream = tls::asynch::connect_in_steps(tcp, &mut storage, &mut scratch, &config, &mut rng, async || {
///     feed_watchdog();
///     yield_now().await; // your executor's
/// })
/// .await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`blocking::connect`](super::blocking::connect).
///
/// # Cancellation safety
/// As [`connect`].
pub async fn connect_in_steps<'s, 'h, T: Read + Write, R: TryCryptoRng + ?Sized>(
    mut transport: T,
    storage: impl Into<Parts<'s>>,
    scratch: &'h mut [u8],
    config: &Config<'h>,
    rng: &mut R,
    mut rest: impl AsyncFnMut(),
) -> Result<Stream<'s, T>, Error> {
    let mut handshake = Handshake::begin(storage, scratch, config, rng)?;
    while !handshake.is_complete() {
        advance(&mut transport, &mut handshake.wire()).await?;
        rest().await;
    }
    let mut connection = handshake.finish()?;
    while !connection.wire().output().is_empty() {
        advance(&mut transport, &mut connection.wire()).await?;
    }
    transport.flush().await.map_err(failed)?;
    Ok(Stream {
        transport,
        connection,
    })
}

impl<'s, T: Read + Write> Stream<'s, T> {
    /// The connection, to ask what was agreed on, for the session, for a learned pin.
    pub fn connection(&self) -> &Connection<'s> {
        &self.connection
    }

    /// The transport below.
    pub fn transport(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Sends what was written and close_notify, then waits for the server's; returns the transport.
    ///
    /// # Errors
    /// As [`blocking::Stream::close`](super::blocking::Stream::close).
    ///
    /// # Cancellation safety
    /// Dropping the future drops the connection; what was written may not have been sent.
    pub async fn close(mut self) -> Result<T, Error> {
        self.connection.flush();
        self.connection.close();
        let mut reads = 0;
        while reads < CLOSING_READS {
            let mut wire = self.connection.wire();
            if wire.is_over() {
                break;
            }
            if matches!(wire.action(), Action::Receive) {
                reads += 1;
            }
            advance(&mut self.transport, &mut wire).await?;
        }
        self.transport.flush().await.map_err(failed)?;
        Ok(self.transport)
    }
}

impl<T> Authenticated for Stream<'_, T> {
    fn verified(&self) -> Result<Verified, Error> {
        self.connection.verified()
    }
}

impl<T: ErrorType> ErrorType for Stream<'_, T> {
    type Error = Error;
}

impl<T: Read + Write> Read for Stream<'_, T> {
    /// # Cancellation safety
    /// If the future is dropped, no byte has been read into `into`; what had come stays in the input buffer.
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let len = self.connection.read(into)?;
            if len > 0 {
                return Ok(len);
            }
            if self.connection.is_read_closed() {
                while !self.connection.wire().output().is_empty() {
                    if advance(&mut self.transport, &mut self.connection.wire())
                        .await
                        .is_err()
                    {
                        break;
                    }
                }
                return Ok(0);
            }
            advance(&mut self.transport, &mut self.connection.wire()).await?;
        }
    }
}

impl<T: Read + Write> Write for Stream<'_, T> {
    /// # Cancellation safety
    /// If the future is dropped, no byte of `data` has been taken.
    async fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            let len = self.connection.write(data)?;
            if len > 0 {
                return Ok(len);
            }
            advance(&mut self.transport, &mut self.connection.wire()).await?;
        }
    }

    /// # Cancellation safety
    /// If the future is dropped, what has not been sent is still in the output; flush again.
    async fn flush(&mut self) -> Result<(), Error> {
        self.connection.flush();
        while !self.connection.wire().output().is_empty() {
            advance(&mut self.transport, &mut self.connection.wire()).await?;
        }
        self.transport.flush().await.map_err(failed)
    }
}

/// Does what is to be done next, once. Between the transport's answer and the note of it there is no await.
async fn advance<T: Read + Write>(transport: &mut T, wire: &mut Wire<'_>) -> Result<(), Error> {
    match wire.action() {
        Action::Send => {
            let written = transport.write(wire.output()).await;
            match written {
                Ok(len) => wire.accepted(len),
                Err(error) if is_cut(error.kind()) => {
                    Err(last_words(transport, wire).await.unwrap_or(failed(error)))
                }
                Err(error) => Err(failed(error)),
            }
        }
        Action::Work => {
            let worked = wire.step();
            if worked.is_err() {
                while !wire.output().is_empty() {
                    match transport.write(wire.output()).await {
                        Ok(len) if wire.accepted(len).is_ok() => {}
                        _ => break,
                    }
                }
                let _ = transport.flush().await;
            }
            worked
        }
        Action::Receive => {
            transport.flush().await.map_err(failed)?;
            let len = transport.read(wire.input()).await.map_err(failed)?;
            wire.arrived(len)
        }
        Action::Nothing(why) => Err(why),
    }
}

/// What the server said before it cut the connection: a refusal says more than a broken pipe.
async fn last_words<T: Read>(transport: &mut T, wire: &mut Wire<'_>) -> Option<Error> {
    loop {
        if wire.has_work() {
            if let Err(alert @ Error::Peer(PeerError::AlertReceived(_))) = wire.step() {
                return Some(alert);
            }
        } else if wire.wants_input() {
            let len = transport
                .read(wire.input())
                .await
                .ok()
                .filter(|&len| len > 0)?;
            wire.received(len).ok()?;
        } else {
            return None;
        }
    }
}
