//! The connection below MQTT: TCP, with TLS or without.

use std::cell::Cell;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::NetworkError;
use bearcub::tls::blocking;
use bearcub::trust::{Authenticated, Verified};
use embedded_io::{ErrorType, Read, Write};

use crate::failure::Failure;
use crate::live::Address;
use crate::stranger::First;

/// A read ends after this, so that deadlines are looked at.
const MOMENT: Duration = Duration::from_millis(50);

/// TCP as the library wants a transport.
pub struct Tcp {
    stream: TcpStream,
    first: First,
    patience: Patience,
}

/// How long a read waits: up to this moment, if there is one, else for a moment only. Clones are the same.
#[derive(Clone)]
pub struct Patience(Rc<Cell<Option<Instant>>>);

impl Patience {
    /// The handshake is over: from now on deadlines are looked at between reads.
    pub fn end(&self) {
        self.0.set(None);
    }
}

impl Tcp {
    /// Resolves the name and connects, all within that time.
    ///
    /// # Errors
    /// `Resolve`, `Connect` or `Timeout`.
    pub fn connect(address: &Address, timeout: Duration) -> Result<Self, Failure> {
        let network = |error: NetworkError| Failure::from(Error::from(error)).at(address);
        let deadline = Instant::now() + timeout;
        let resolved = (address.host.as_str(), address.port)
            .to_socket_addrs()
            .map_err(|_| network(NetworkError::Resolve))?;
        let mut last = NetworkError::Resolve;
        for resolved in resolved {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(network(NetworkError::Timeout));
            }
            match TcpStream::connect_timeout(&resolved, left) {
                Ok(stream) => {
                    let set = stream
                        .set_nodelay(true)
                        .and_then(|()| stream.set_read_timeout(Some(MOMENT)))
                        .and_then(|()| stream.set_write_timeout(Some(timeout)));
                    return match set {
                        Ok(()) => Ok(Tcp {
                            stream,
                            first: First::default(),
                            patience: Patience(Rc::new(Cell::new(Some(deadline)))),
                        }),
                        Err(_) => Err(network(NetworkError::Connect)),
                    };
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => last = NetworkError::Timeout,
                Err(_) => last = NetworkError::Connect,
            }
        }
        Err(network(last))
    }

    /// How long reads wait; at first up to the end of the time to connect.
    pub fn patience(&self) -> Patience {
        self.patience.clone()
    }

    /// The first bytes from the server, once they have come.
    pub fn first(&self) -> First {
        self.first.clone()
    }
}

fn failed(error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
            NetworkError::Timeout.into()
        }
        kind => NetworkError::Transport(kind.into()).into(),
    }
}

impl ErrorType for Tcp {
    type Error = Error;
}

impl Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        loop {
            self.first.look(&self.stream);
            let result = self.stream.read(into).map_err(failed);
            let is_early = self
                .patience
                .0
                .get()
                .is_some_and(|end| Instant::now() < end);
            if !(is_early && result == Err(NetworkError::Timeout.into())) {
                return result;
            }
        }
    }
}

impl Write for Tcp {
    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.stream.write(data).map_err(failed)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// A stream to a broker.
pub enum Stream<'s> {
    /// Without TLS: whoever uses it has not asked for any.
    Plain(Tcp),
    /// With TLS.
    Tls(blocking::Stream<'s, Tcp>),
}

impl Authenticated for Stream<'_> {
    fn verified(&self) -> Result<Verified, Error> {
        match self {
            Stream::Plain(_) => Ok(Verified::plain_text_to_whoever_answers()),
            Stream::Tls(stream) => stream.verified(),
        }
    }
}

impl ErrorType for Stream<'_> {
    type Error = Error;
}

impl Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        match self {
            Stream::Plain(tcp) => tcp.read(into),
            Stream::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        match self {
            Stream::Plain(tcp) => tcp.write(data),
            Stream::Tls(stream) => stream.write(data),
        }
    }

    fn flush(&mut self) -> Result<(), Error> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
