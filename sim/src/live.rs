//! A link to a real server.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::NetworkError;

use crate::client::Link;
use crate::failure::Failure;
use crate::stranger::First;

/// A TCP connection with a deadline.
pub struct Live {
    stream: TcpStream,
    timeout: Duration,
    deadline: Instant,
    first: First,
}

/// `HOST:PORT`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl std::str::FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let what = match text.split_once("://") {
                Some((scheme, _)) => format!("; leave `{scheme}://` out"),
                None => String::new(),
            };
            format!("`{text}` is not HOST:PORT, like mqtt.example.org:8883 or [::1]:8883{what}")
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(bare) => bare,
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        let port = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(wrong)?;
        if host.is_empty() || host.contains('/') {
            return Err(wrong());
        }
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn network(error: NetworkError) -> Failure {
    Failure::Tls(Error::Network(error))
}

impl Live {
    /// Resolves the name and connects, all within that time.
    ///
    /// # Errors
    /// `Resolve`, `Connect` or `Timeout`.
    pub fn connect(address: &Address, timeout: Duration) -> Result<Live, Failure> {
        let deadline = Instant::now() + timeout;
        let addresses = (address.host.as_str(), address.port)
            .to_socket_addrs()
            .map_err(|_| network(NetworkError::Resolve))?;
        let mut last = NetworkError::Resolve;
        for address in addresses {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(network(NetworkError::Timeout));
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    // Slower without it, and nothing worse.
                    let _ = stream.set_nodelay(true);
                    return Ok(Live {
                        stream,
                        timeout,
                        deadline,
                        first: First::default(),
                    });
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => last = NetworkError::Timeout,
                Err(_) => last = NetworkError::Connect,
            }
        }
        Err(network(last))
    }

    /// The first bytes from the server, once they have come.
    pub fn first(&self) -> First {
        self.first.clone()
    }

    /// What is left of the time.
    fn left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(network(NetworkError::Timeout));
        }
        Ok(left)
    }
}

fn failed(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => network(NetworkError::Timeout),
        kind => network(NetworkError::Transport(kind.into())),
    }
}

impl Link for Live {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure> {
        let left = self.left()?;
        let set = self.stream.set_write_timeout(Some(left));
        match set.and_then(|()| self.stream.write(bytes)) {
            Ok(0) => Err(network(NetworkError::Truncated)),
            Ok(len) => Ok(len),
            Err(error) if error.kind() == ErrorKind::Interrupted => self.send(bytes),
            // The server has gone. Its last words, an alert perhaps, are still to be read, and if there are none
            // reading says so.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ) =>
            {
                Ok(bytes.len())
            }
            Err(error) => Err(failed(&error)),
        }
    }

    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        let left = self.left()?;
        let set = self.stream.set_read_timeout(Some(left));
        if set.is_ok() {
            self.first.look(&self.stream);
        }
        match set.and_then(|()| self.stream.read(into)) {
            Ok(len) => Ok(len),
            Err(error) if error.kind() == ErrorKind::Interrupted => self.receive(into),
            Err(error) => Err(failed(&error)),
        }
    }

    fn begin_turn(&mut self) {
        self.deadline = Instant::now() + self.timeout;
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_read_in_the_usual_forms() {
        let parse = |text: &str| {
            text.parse::<Address>()
                .map(|address| (address.host, address.port))
        };
        assert_eq!(
            parse("broker.test:8883"),
            Ok(("broker.test".to_owned(), 8883))
        );
        assert_eq!(parse("[::1]:443"), Ok(("::1".to_owned(), 443)));
        for wrong in [
            "broker",
            "broker:",
            ":8883",
            "broker:0",
            "broker:70000",
            "::1:443",
            "[]:1",
        ] {
            assert!(parse(wrong).unwrap_err().contains("HOST:PORT"), "{wrong}");
        }
        assert_eq!(
            "[::1]:443".parse::<Address>().unwrap().to_string(),
            "[::1]:443"
        );
    }
}
