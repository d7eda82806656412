//! The blocking shell, over `embedded-io`.

use embedded_io::{Error as _, ErrorKind, ErrorType, Read, Write};
use rand_core::TryCryptoRng;

use crate::trust::{Authenticated, Verified};

use crate::error::{Error, NetworkError, PeerError};

use super::client::{Action, CLOSING_READS};
use super::{Config, Connection, Handshake, Parts, Wire};

/// A TLS connection over a transport; reads and writes like the transport itself.
///
/// `write` fills a record and `flush` sends it. `read` returns 0 once the server has said that it sends no more; a transport
/// that ends without that is the error `Truncated`. An error of the transport loses nothing there: the call can be
/// repeated. Only [`connect`] and [`close`](Self::close) are not to be repeated.
pub struct Stream<'s, T> {
    transport: T,
    connection: Connection<'s>,
}

/// Connects: performs the handshake over `transport`, and gives the scratch back.
///
/// Returns when the handshake is over and our last message has been handed to the transport. How long that may take is the
/// transport's to limit: give it a timeout.
///
/// ```no_run
/// use bearcub::tls::{self, Config, Scratch, Storage};
/// use bearcub::trust::{Pin, Trust};
/// # fn run<T: embedded_io::Read + embedded_io::Write, R: rand_core::TryCryptoRng>(tcp: T, mut rng: R)
/// # -> Result<(), bearcub::Error> {
/// let pins = [Pin::parse("25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058")?];
/// let trust = Trust::fingerprints(&pins);
/// let mut storage: Storage<1024, 512> = Storage::new();
/// let mut scratch = [0; Scratch::FINGERPRINTS];
/// let config = Config::new("mqtt.example.org", &trust);
/// let mut stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
/// embedded_io::Write::write_all(&mut stream, b"hello")?;
/// embedded_io::Write::flush(&mut stream)?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// What [`Handshake::begin`] reports, why the handshake failed (the server has been told by an alert where the protocol has
/// one), or the transport's error as `Transport` (`Timeout` where it says that its time was up).
pub fn connect<'s, 'h, T: Read + Write, R: TryCryptoRng + ?Sized>(
    transport: T,
    storage: impl Into<Parts<'s>>,
    scratch: &'h mut [u8],
    config: &Config<'h>,
    rng: &mut R,
) -> Result<Stream<'s, T>, Error> {
    connect_in_steps(transport, storage, scratch, config, rng, || {})
}

/// Connects as [`connect`] does, and calls `rest` after each step of the handshake: the time to feed a watchdog.
///
/// A step may compute for as long as a public-key operation takes, or wait as long as the transport lets it.
///
/// # Errors
/// As [`connect`].
pub fn connect_in_steps<'s, 'h, T: Read + Write, R: TryCryptoRng + ?Sized>(
    mut transport: T,
    storage: impl Into<Parts<'s>>,
    scratch: &'h mut [u8],
    config: &Config<'h>,
    rng: &mut R,
    mut rest: impl FnMut(),
) -> Result<Stream<'s, T>, Error> {
    let mut handshake = Handshake::begin(storage, scratch, config, rng)?;
    while !handshake.is_complete() {
        advance(&mut transport, &mut handshake.wire())?;
        rest();
    }
    let mut connection = handshake.finish()?;
    while !connection.wire().output().is_empty() {
        advance(&mut transport, &mut connection.wire())?;
    }
    transport.flush().map_err(failed)?;
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
    /// The transport's, or why the connection had failed. A server that answers with nothing but the end of the transport
    /// is no error: everything that was asked for has arrived before.
    pub fn close(mut self) -> Result<T, Error> {
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
            advance(&mut self.transport, &mut wire)?;
        }
        self.transport.flush().map_err(failed)?;
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
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let len = self.connection.read(into)?;
            if len > 0 {
                return Ok(len);
            }
            if self.connection.is_read_closed() {
                // Our answer to the server's close_notify; that it may not arrive changes nothing.
                while !self.connection.wire().output().is_empty() {
                    if advance(&mut self.transport, &mut self.connection.wire()).is_err() {
                        break;
                    }
                }
                return Ok(0);
            }
            advance(&mut self.transport, &mut self.connection.wire())?;
        }
    }
}

impl<T: Read + Write> Write for Stream<'_, T> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        if data.is_empty() {
            return Ok(0);
        }
        loop {
            let len = self.connection.write(data)?;
            if len > 0 {
                return Ok(len);
            }
            advance(&mut self.transport, &mut self.connection.wire())?;
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.connection.flush();
        while !self.connection.wire().output().is_empty() {
            advance(&mut self.transport, &mut self.connection.wire())?;
        }
        self.transport.flush().map_err(failed)
    }
}

/// Does what is to be done next, once.
fn advance<T: Read + Write>(transport: &mut T, wire: &mut Wire<'_>) -> Result<(), Error> {
    match wire.action() {
        Action::Send => {
            let written = transport.write(wire.output());
            match written {
                Ok(len) => wire.accepted(len),
                Err(error) if is_cut(error.kind()) => {
                    Err(last_words(transport, wire).unwrap_or(failed(error)))
                }
                Err(error) => Err(failed(error)),
            }
        }
        Action::Work => {
            let worked = wire.step();
            if worked.is_err() {
                // The alert is a courtesy: what became of it does not matter.
                while !wire.output().is_empty() {
                    match transport.write(wire.output()) {
                        Ok(len) if wire.accepted(len).is_ok() => {}
                        _ => break,
                    }
                }
                let _ = transport.flush();
            }
            worked
        }
        Action::Receive => {
            // What is waited for may be the answer to what the transport still holds.
            transport.flush().map_err(failed)?;
            let len = transport.read(wire.input()).map_err(failed)?;
            wire.arrived(len)
        }
        Action::Nothing(why) => Err(why),
    }
}

/// What the server said before it cut the connection: a refusal says more than a broken pipe.
fn last_words<T: Read>(transport: &mut T, wire: &mut Wire<'_>) -> Option<Error> {
    loop {
        if wire.has_work() {
            if let Err(alert @ Error::Peer(PeerError::AlertReceived(_))) = wire.step() {
                return Some(alert);
            }
        } else if wire.wants_input() {
            let len = transport.read(wire.input()).ok().filter(|&len| len > 0)?;
            wire.received(len).ok()?;
        } else {
            return None;
        }
    }
}

/// Whether an error of the transport says that the other side has gone, so that reading cannot wait.
pub(super) fn is_cut(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

/// A transport's error as one of ours.
pub(super) fn failed<E: embedded_io::Error>(error: E) -> Error {
    match error.kind() {
        ErrorKind::TimedOut => NetworkError::Timeout.into(),
        kind => NetworkError::Transport(kind).into(),
    }
}
