//! Who answers where a server was expected that speaks TLS, or one that does not: told from its first bytes.

use std::cell::RefCell;
use std::net::TcpStream;
use std::rc::Rc;

use bearcub::Error;
use bearcub::error::NetworkError;

use crate::failure::{Failure, Stranger};

/// As many bytes as it takes to recognise somebody.
const ENOUGH: usize = 60;

/// The first bytes from a server. Clones are the same.
#[derive(Clone, Default)]
pub struct First(Rc<RefCell<Vec<u8>>>);

impl First {
    /// Looks at what has come, before the first of it is read: TLS reads five bytes of it, and stops.
    pub fn look(&self, stream: &TcpStream) {
        let mut known = self.0.borrow_mut();
        if known.is_empty() {
            let mut bytes = [0; ENOUGH];
            // What goes wrong here goes wrong again when it is read.
            let length = stream.peek(&mut bytes).unwrap_or(0);
            known.extend_from_slice(&bytes[..length]);
        }
    }

    /// Nothing if nothing has come.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.borrow().clone()
    }
}

/// What to try then.
pub const PORTS: &str = "Check host and port: MQTT over TLS is on 8883, without TLS on 1883; HTTPS is on 443, HTTP on 80.";

/// Gives the failure of a handshake another name where the server's bytes say that it was no TLS that was answered. A server
/// that says no word and leaves is one of those.
///
/// # Errors
/// The same failure, or the better one.
pub fn named<T>(result: Result<T, Failure>, received: &[u8]) -> Result<T, Failure> {
    result.map_err(|failure| match (stranger(&failure, received), failure) {
        (Some(stranger), Failure::TlsAt(place, _)) => {
            Failure::Stranger(Box::new(stranger)).at(place)
        }
        (Some(stranger), _) => Failure::Stranger(Box::new(stranger)),
        (None, failure) => failure,
    })
}

fn stranger(failure: &Failure, received: &[u8]) -> Option<Stranger> {
    let (Failure::Tls(error) | Failure::TlsAt(_, error)) = failure else {
        return None;
    };
    let has_left = matches!(
        error,
        Error::Network(NetworkError::Truncated | NetworkError::Transport(_))
    );
    if received.is_empty() && !has_left {
        return None;
    }
    let (message, cause) = instead_of_tls(received)?;
    Some(Stranger {
        place: None,
        message,
        cause,
        remedy: PORTS,
        error: *error,
    })
}

/// The same for a connection of MQTT without TLS: whether it was TLS that was answered.
///
/// # Errors
/// The same failure, or the better one.
pub fn named_plain<T>(result: Result<T, Failure>, received: &[u8]) -> Result<T, Failure> {
    result.map_err(|failure| {
        let Failure::Tls(error) = failure else {
            return failure;
        };
        let is_closed = matches!(
            error,
            Error::Network(
                NetworkError::Truncated
                    | NetworkError::Transport(_)
                    | NetworkError::ClosedBeforeConnAck
            )
        );
        let (message, cause, remedy) = match instead_of_tls(received) {
            Some(_) if received.is_empty() && is_closed => (
                "the server closes the connection at the first message of MQTT".to_owned(),
                "the port may be one for TLS, or the broker refuses this client without saying why".to_owned(),
                "For TLS say whom to trust: --cafile FILE or --fingerprint PIN (--learn prints it); read the broker's log.",
            ),
            Some(_) if received.is_empty() => return failure,
            None => (
                "the server speaks TLS".to_owned(),
                "the port is one for TLS, and TLS was not asked for".to_owned(),
                "Say whom to trust: --cafile FILE or --fingerprint PIN (--learn prints it).",
            ),
            // The first packet of a broker is CONNACK.
            Some(_) if received[0] == CONNACK => return failure,
            Some((_, cause)) => (
                format!("this is no MQTT: the server answers `{}`", quoted(received)),
                cause,
                PORTS,
            ),
        };
        Failure::Stranger(Box::new(Stranger {
            place: None,
            message,
            cause,
            remedy,
            error,
        }))
    })
}

/// The first byte of the packet that answers CONNECT (MQTT 3.1.1 section 3.2).
const CONNACK: u8 = 0x20;

/// What somebody says and who that may be, if it is not TLS.
pub fn instead_of_tls(received: &[u8]) -> Option<(String, String)> {
    if received.is_empty() {
        return Some((
            "the server closes the connection at the first message of TLS".to_owned(),
            "the port may be one without TLS, as plain MQTT's is, or what listens there is not ready"
                .to_owned(),
        ));
    }
    // Types of records, and the first half of every version that there is (RFC 5246 section 6.2.1).
    if matches!(received[0], 20..=23) && received.get(1).is_none_or(|major| *major == 3) {
        return None;
    }
    let starts = |with: &[u8]| received.starts_with(with);
    let who = if starts(b"HTTP/") || starts(b"<!") || starts(b"<html") {
        "this looks like HTTP without TLS"
    } else if received[0] == CONNACK && received.get(1).is_none_or(|length| *length < 4) {
        "this looks like MQTT without TLS"
    } else if starts(b"SSH-") {
        "this looks like SSH"
    } else if starts(b"220") || starts(b"+OK") || starts(b"* OK") {
        "this looks like a server of mail or files, which speaks before TLS begins"
    } else {
        "another protocol is spoken at this port, or something on the way answers for the server"
    };
    Some((
        format!("this is no TLS: the server answers `{}`", quoted(received)),
        who.to_owned(),
    ))
}

/// The beginning, in one line that no terminal takes for orders.
fn quoted(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let line = line.filter(|line| !line.is_empty()).unwrap_or(bytes);
    line[..line.len().min(ENOUGH)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use bearcub::error::{PeerError, ProtocolError};

    use super::*;

    fn shown(error: impl Into<Error>, received: &[u8]) -> String {
        let result: Result<(), _> = Err(Failure::Tls(error.into()));
        named(result, received).unwrap_err().to_string()
    }

    #[test]
    fn who_answers_instead_of_tls_is_told_by_its_first_words() {
        let odd = PeerError::Protocol(ProtocolError::UnsupportedVersion);
        for (received, words) in [
            (
                &b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n"[..],
                "`HTTP/1.1 400 Bad Request`",
            ),
            (b"HTTP/1.1 400 Bad Request\r\n", "looks like HTTP"),
            (b"\x20\x02\x00\x05", "looks like MQTT without TLS"),
            (b"SSH-2.0-x\r\n", "looks like SSH"),
            (b"220 mail ESMTP\r\n", "mail"),
            (b"\x1b[31mred", "`\\x1b[31mred`"),
            (b"\r\n", "`\\r\\n`"),
        ] {
            let shown = shown(odd, received);
            assert!(shown.contains(words) && shown.contains("8883"), "{shown}");
            assert!(shown.starts_with("error 3: this is no TLS"), "{shown}");
        }
    }

    #[test]
    fn what_is_tls_keeps_its_error() {
        let closed = NetworkError::Truncated;
        assert!(shown(closed, b"").contains("at the first message of TLS"));
        for received in [&b"\x16"[..], b"\x15\x03\x03\x00\x02\x02\x28"] {
            let plain = Failure::Tls(closed.into()).to_string();
            assert_eq!(shown(closed, received), plain);
        }
        let silent = NetworkError::Timeout;
        assert_eq!(shown(silent, b""), Failure::Tls(silent.into()).to_string());
    }

    #[test]
    fn without_tls_it_is_told_that_tls_is_spoken() {
        let shown = |received: &[u8]| {
            let result: Result<(), _> = Err(Failure::Tls(NetworkError::Truncated.into()));
            named_plain(result, received).unwrap_err().to_string()
        };
        assert!(shown(b"\x15\x03\x01\x00\x02\x02\x46").contains("the server speaks TLS"));
        assert!(shown(b"HTTP/1.1 400 Bad Request\r\n").contains("this is no MQTT"));
        assert!(!shown(b"\x20\x02\x00\x05").contains("this is no"));
    }
}
