//! The client without I/O: bytes in, bytes out, no clock and no global.

use rand_core::TryCryptoRng;

use crate::bytes;
use crate::error::{ConfigError, Error, MqttMisuse, NetworkError, ResourceError};
use crate::trust::{Authenticated, Pin, Verified};

use super::engine::{Context, Established, Running};
use super::{Config, FragmentLength, Message, Parts, Session};

/// A handshake under way.
///
/// It is driven in steps, each of which does the work of one portion of input: a record header, a message, a certificate of
/// the chain. Between steps a watchdog can be fed. In a loop: send [`Wire::output`], call [`Wire::step`] while
/// [`Wire::has_work`], then receive into [`Wire::input`]; until [`is_complete`](Self::is_complete).
///
/// Dropping it abandons the handshake and wipes its memory.
///
/// ```
/// use bearcub::Error;
/// use bearcub::error::NetworkError;
/// use bearcub::tls::{Config, Connection, Handshake, Scratch, Storage, Wire};
///
/// /// A modem: bytes are there or not, nothing waits.
/// trait Modem {
///     fn send(&mut self, bytes: &[u8]) -> usize;
///     fn receive(&mut self, into: &mut [u8]) -> usize;
///     fn is_connected(&self) -> bool;
/// }
///
/// /// Does one thing, which never waits.
/// fn advance(modem: &mut impl Modem, wire: &mut Wire<'_>) -> Result<(), Error> {
///     if !wire.output().is_empty() {
///         let sent = modem.send(wire.output());
///         wire.sent(sent)?;
///     } else if let Some(failure) = wire.failure() {
///         return Err(failure); // The alert for the server has been sent.
///     } else if wire.has_work() {
///         let _ = wire.step(); // An error shows as `failure`, once its alert is out.
///     } else if wire.wants_input() {
///         let received = modem.receive(wire.input());
///         wire.received(received)?;
///         if received == 0 && !modem.is_connected() {
///             wire.input_ended();
///         }
///     }
///     Ok(())
/// }
///
/// fn connect<'s, R: rand_core::TryCryptoRng>(
///     modem: &mut impl Modem,
///     storage: &'s mut Storage<1024, 512>,
///     config: &Config<'_>,
///     rng: &mut R,
///     feed_watchdog: impl Fn(),
///     is_late: impl Fn() -> bool,
/// ) -> Result<Connection<'s>, Error> {
///     let mut scratch = [0; Scratch::ANCHORS];
///     let mut handshake = Handshake::begin(storage, &mut scratch, config, rng)?;
///     while !handshake.is_complete() {
///         if is_late() {
///             return Err(NetworkError::Timeout.into());
///         }
///         advance(modem, &mut handshake.wire())?;
///         feed_watchdog();
///     }
///     let mut connection = handshake.finish()?;
///     while !connection.wire().output().is_empty() {
///         advance(modem, &mut connection.wire())?; // Our Finished, where a session was resumed.
///     }
///     Ok(connection)
/// }
///
/// /// Sends `data`, and hands what has come to `received`.
/// fn poll(
///     modem: &mut impl Modem,
///     connection: &mut Connection<'_>,
///     mut data: &[u8],
///     received: &mut dyn FnMut(&[u8]),
/// ) -> Result<(), Error> {
///     while !data.is_empty() {
///         let taken = connection.write(data)?;
///         data = &data[taken..];
///         if taken == 0 {
///             advance(modem, &mut connection.wire())?;
///         }
///     }
///     connection.flush();
///     advance(modem, &mut connection.wire())?;
///     let ready = connection.readable().len();
///     received(connection.readable());
///     connection.consume(ready);
///     Ok(())
/// }
/// ```
pub struct Handshake<'s, 'h> {
    running: Running<'s, 'h>,
    binding: [u8; 8],
    verifies: bool,
}

/// An established connection.
///
/// Dropping it wipes its memory without telling the server; [`close`](Self::close) tells it.
pub struct Connection<'s> {
    established: Established<'s>,
    binding: [u8; 8],
    verified: bool,
}

/// The side of a handshake or a connection that faces the network.
pub struct Wire<'c> {
    context: &'c mut Context,
}

/// What client and server agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Negotiated {
    /// The number of the cipher suite; [`Suite::name_of`](super::Suite::name_of) names it.
    pub suite: u16,
    /// The number of the key exchange's group; `None` with RSA key exchange, and where a session was resumed.
    pub group: Option<u16>,
    /// The fragment length that the server agreed to; `None` if it ignored the offer or there was none.
    pub fragment_length: Option<FragmentLength>,
    /// Index of the ALPN name that the server chose.
    pub alpn: Option<usize>,
    /// Whether the session that was offered has been resumed.
    pub resumed: bool,
    /// Whether the server asked for a client certificate.
    pub certificate_requested: bool,
}

impl<'s, 'h> Handshake<'s, 'h> {
    /// Checks memory and configuration, draws entropy, and readies the ClientHello.
    ///
    /// `scratch` has [`Scratch::FINGERPRINTS`](super::Scratch::FINGERPRINTS) or
    /// [`Scratch::ANCHORS`](super::Scratch::ANCHORS) bytes. 48 bytes are drawn from `rng`.
    ///
    /// # Errors
    /// Everything that can be known before the first byte is sent: memory that is too small (with the size it needs), a
    /// configuration that cannot work, a clock that is not set where the trust needs one, entropy that fails.
    pub fn begin<R: TryCryptoRng + ?Sized>(
        storage: impl Into<Parts<'s>>,
        scratch: &'h mut [u8],
        config: &Config<'h>,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let binding = config.binding();
        if config
            .session()
            .is_some_and(|session| session.binding() != binding)
        {
            return Err(ConfigError::ForeignSession.into());
        }
        let seed = crate::entropy::seed(rng)?;
        let running = Running::start(
            storage.into().kept(),
            scratch,
            &config.setup(),
            seed.as_ref(),
        )?;
        Ok(Handshake {
            running,
            binding,
            verifies: config.verifies(),
        })
    }

    /// The side that faces the network.
    pub fn wire(&mut self) -> Wire<'_> {
        Wire {
            context: self.running.context_mut(),
        }
    }

    /// The message that is awaited.
    pub fn next(&self) -> Message {
        self.running.context().next()
    }

    /// Whether the handshake is over. Our last message may still be in the output.
    pub fn is_complete(&self) -> bool {
        self.running.context().is_open()
    }

    /// The connection; the scratch is wiped and given back.
    ///
    /// # Errors
    /// Why the handshake failed, or `BadState` if it is not over.
    pub fn finish(self) -> Result<Connection<'s>, Error> {
        if let Some(failure) = self.running.context().failure() {
            return Err(failure);
        }
        if !self.is_complete() {
            return Err(ConfigError::BadState.into());
        }
        let Handshake {
            running,
            binding,
            verifies,
        } = self;
        Ok(Connection {
            established: running.finish(),
            binding,
            verified: verifies,
        })
    }
}

impl Connection<'_> {
    /// The side that faces the network.
    pub fn wire(&mut self) -> Wire<'_> {
        Wire {
            context: self.established.context_mut(),
        }
    }

    fn context(&self) -> &Context {
        self.established.context()
    }

    /// Decrypted bytes that are ready to be read, without copying them; [`consume`](Self::consume) takes them.
    pub fn readable(&self) -> &[u8] {
        self.context().readable()
    }

    /// Takes the first `len` bytes of [`readable`](Self::readable), or as many as there are.
    pub fn consume(&mut self, len: usize) {
        self.established.context_mut().read(len);
    }

    /// Copies decrypted bytes; 0 if there are none now (see [`is_read_closed`](Self::is_read_closed)).
    ///
    /// # Errors
    /// Why the connection failed, `Truncated` among it. What was decrypted before is read first.
    pub fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        let len = bytes::copy(into, self.readable());
        self.consume(len);
        match self.context().failure() {
            Some(failure) if len == 0 => Err(failure),
            _ => Ok(len),
        }
    }

    /// Whether the server has said that it sends no more, or the connection has failed.
    pub fn is_read_closed(&self) -> bool {
        self.context().is_read_closed()
    }

    /// Takes bytes to send; 0 if the output must be sent first. A record goes out when it is full, or on
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    /// Why the connection failed, `Closed` after a close, `UnreadInput` with a shared buffer that holds unread input.
    pub fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.established.context_mut().write(data)
    }

    /// Ends the record that is being filled, so that it is in the output.
    pub fn flush(&mut self) {
        self.established.context_mut().flush();
    }

    /// Starts the closing: what was written goes out, then close_notify. Input that has not been read is dropped.
    pub fn close(&mut self) {
        self.established.context_mut().close();
    }

    /// Whether both sides have said that they are done, or the connection failed.
    pub fn is_closed(&self) -> bool {
        self.context().is_closed()
    }

    /// What was agreed on.
    pub fn negotiated(&self) -> Negotiated {
        let context = self.context();
        Negotiated {
            suite: context.suite(),
            group: context.group(),
            fragment_length: context.agreed_fragment_length(),
            alpn: context.alpn(),
            resumed: context.resumed(),
            certificate_requested: context.certificate_requested(),
        }
    }

    /// The pin of the server's key, if the trust was [`Learn`](crate::trust::Learn); for the program to store, and to pin
    /// from now on. `None` where a session was resumed.
    pub fn learned(&self) -> Option<Pin> {
        self.context().learned()
    }

    /// What it takes to resume this connection later; `None` if the server does not offer it.
    pub fn session(&self) -> Option<Session> {
        let (id, master_secret) = self.context().session()?;
        Some(Session::new(
            id,
            self.context().suite(),
            master_secret,
            self.binding,
        ))
    }

    /// The client's random and the master secret: with them anyone decrypts the connection (`CLIENT_RANDOM` in a key log).
    #[cfg(feature = "key-log")]
    pub fn secrets(&self) -> (&[u8; 32], &[u8; 48]) {
        self.context().secrets()
    }
}

/// A finished handshake is the proof, unless its trust accepts anyone: with [`Trust::learn`](crate::trust::Trust::learn) the
/// server is known from the next connection on, which pins what was learned.
impl Authenticated for Connection<'_> {
    fn verified(&self) -> Result<Verified, Error> {
        if self.verified {
            Ok(Verified::by_handshake())
        } else {
            Err(MqttMisuse::Unverified.into())
        }
    }
}

impl Wire<'_> {
    /// Where bytes from the server go; empty while none can be taken: there is work, output, or unread data first.
    pub fn input(&mut self) -> &mut [u8] {
        self.context.input()
    }

    /// Whether [`input`](Self::input) is not empty.
    pub fn wants_input(&self) -> bool {
        self.context.wants_input()
    }

    /// Says that `len` bytes have been put at the start of [`input`](Self::input); 0 changes nothing.
    ///
    /// # Errors
    /// `BadState` if there was no room for that many.
    pub fn received(&mut self, len: usize) -> Result<(), Error> {
        if len == 0 {
            Ok(())
        } else {
            self.context.received(len)
        }
    }

    /// Says that the server sends no more bytes. Before its close_notify that is `Truncated`, once everything that had come
    /// has been worked on and read.
    pub fn input_ended(&mut self) {
        self.context.input_ended();
    }

    /// Bytes for the server; empty if there are none now. After a failure this is the alert that tells it why.
    pub fn output(&self) -> &[u8] {
        self.context.output()
    }

    /// Says that the first `len` bytes of [`output`](Self::output) have been sent.
    ///
    /// # Errors
    /// `BadState` if there were not that many.
    pub fn sent(&mut self, len: usize) -> Result<(), Error> {
        self.context.sent(len)
    }

    /// Whether [`step`](Self::step) has something to do.
    pub fn has_work(&self) -> bool {
        self.context.has_work()
    }

    /// Works on one portion of what was received or sent; never waits. The longest step is that of the server's last
    /// message, in which the key exchange is computed and, where it was asked for, the client's signature.
    ///
    /// # Errors
    /// Why the connection has failed; from then on every call says the same.
    pub fn step(&mut self) -> Result<(), Error> {
        self.context.step()
    }

    /// Gives up: `error` is what all calls report from now on, and the output is the alert for the server.
    pub fn abandon(&mut self, error: NetworkError) {
        self.context.fail(error.into());
    }

    /// Why the connection failed, if it did.
    pub fn failure(&self) -> Option<Error> {
        self.context.failure()
    }
}

/// Most rounds of reading and dropping that a closing takes; a server that goes on sending is left behind.
pub(super) const CLOSING_READS: usize = 1000;

/// What a shell does next.
pub(super) enum Action {
    /// Write the output to the transport.
    Send,
    /// Call [`Wire::step`].
    Work,
    /// Read from the transport into the input.
    Receive,
    /// Nothing can be done, for this reason.
    Nothing(Error),
}

/// What both shells do alike.
impl Wire<'_> {
    pub(super) fn action(&self) -> Action {
        if !self.output().is_empty() {
            Action::Send
        } else if let Some(failure) = self.failure() {
            Action::Nothing(failure)
        } else if self.has_work() {
            Action::Work
        } else if self.wants_input() {
            Action::Receive
        } else if self.context.is_closed() {
            Action::Nothing(NetworkError::Closed.into())
        } else {
            // One buffer for both directions, and the program has not read what is in it.
            Action::Nothing(ResourceError::UnreadInput.into())
        }
    }

    /// Whether both sides are done, and everything is out.
    pub(super) fn is_over(&self) -> bool {
        self.context.is_closed() && self.output().is_empty()
    }

    /// The transport took `len` bytes of the output.
    pub(super) fn accepted(&mut self, len: usize) -> Result<(), Error> {
        if len == 0 {
            return Err(NetworkError::Transport(embedded_io::ErrorKind::WriteZero).into());
        }
        self.sent(len)
    }

    /// The transport put `len` bytes into the input; 0 is its end.
    pub(super) fn arrived(&mut self, len: usize) -> Result<(), Error> {
        if len > 0 {
            return self.received(len);
        }
        self.input_ended();
        self.failure().map_or(Ok(()), Err)
    }
}
