//! One sentence for every error.

use core::fmt;

use super::{
    ConfigError, Error, Fault, Input, Memory, NetworkError, PeerError, ResourceError, alert,
};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Peer(error) => error.fmt(f),
            Self::Network(error) => error.fmt(f),
            Self::Resource(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemoryTooSmall {
                memory,
                needed,
                given,
            } => {
                return write!(f, "{memory} is too small: {given} bytes, needs {needed}");
            }
            Self::Malformed {
                input,
                fault,
                offset,
            } => return write!(f, "{input} {fault} (byte {offset})"),
            Self::Mqtt(error) => return error.fmt(f),
            Self::NothingTrusted => "nothing is trusted: no pin and no trust anchor was given",
            Self::AnchorNotCa => {
                "the certificate given as a trust anchor is not that of an authority"
            }
            Self::CipherSuites => {
                "there must be 1 to 8 cipher suites, and a group for those with ECDHE"
            }
            Self::ChainLength => "the client's chain must have 1 to 3 certificates",
            Self::MissingCertificate => "a certificate of the client's chain cannot be read",
            Self::MissingPrivateKey => "the client's private key is missing or cannot be read",
            Self::KeyMismatch => "the client's private key does not belong to its certificate",
            Self::Alpn => "there may be at most 4 ALPN names of 1 to 255 bytes",
            Self::ClockNotSet => "the clock is not set, and checking certificates needs the time",
            Self::ClockBeforeFloor => "the clock shows a time that is certainly past",
            Self::ForeignSession => "the session to resume belongs to another server or trust",
            Self::BadState => "the connection does not allow this call at this moment",
        })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "the buffer for incoming records",
            Self::Output => "the buffer for outgoing records",
            Self::Scratch => "the memory lent to the handshake",
            Self::Identity => "the memory for the client's certificates and key",
        })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pem => "the PEM text",
            Self::Certificate => "the certificate",
            Self::PrivateKey => "the private key",
            Self::PublicKey => "the public key",
            Self::Pin => "the pin",
            Self::Session => "the stored session",
            Self::ServerName => "the server name",
            Self::Sntp => "the SNTP packet",
        })
    }
}

/// Continues a sentence that begins with an [`Input`].
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "ends too early",
            Self::TrailingData => "is followed by more data",
            Self::TooLong => "is too long",
            Self::Unexpected => "is malformed",
            Self::Unsupported => "is of an unsupported kind",
            Self::OutOfRange => "has a value out of range",
            Self::BufferTooSmall => "does not fit the buffer for it",
            Self::OtherKind => "holds something else than what is wanted",
        })
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FingerprintMismatch => f.write_str("the server's key is none of the pinned ones"),
            Self::Protocol(error) => error.fmt(f),
            Self::Certificate(error) => error.fmt(f),
            Self::AlertReceived(number) => {
                f.write_str("the server ended the connection with alert ")?;
                write_alert(f, *number)
            }
            Self::AlertSent(number) => {
                f.write_str("this side ended the connection with alert ")?;
                write_alert(f, *number)
            }
            Self::FragmentLengthIgnored { agreed, received } => write!(
                f,
                "the server agreed to fragments of {agreed} bytes and sent one of {received}"
            ),
            Self::RecordTooLarge { record, buffer } => write!(
                f,
                "a record of {record} bytes does not fit the input buffer of {buffer} bytes"
            ),
            Self::HandshakeTooLong => f.write_str("the server's handshake does not end"),
            Self::Refused(error) => error.fmt(f),
            Self::Mqtt(error) => error.fmt(f),
        }
    }
}

/// `40 (handshake_failure)`, or the number alone.
fn write_alert(f: &mut fmt::Formatter<'_>, number: u8) -> fmt::Result {
    match alert::name(number) {
        Some(name) => write!(f, "{number} ({name})"),
        None => write!(f, "{number}"),
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the server's name cannot be resolved",
            Self::Connect => "the server cannot be reached over TCP",
            Self::Timeout => "the server did not answer in time",
            Self::Transport(kind) => return write!(f, "the transport failed: {kind:?}"),
            Self::Truncated => "the connection was cut off; data may be missing",
            Self::Closed => "the connection is closed",
            Self::NoConnAck => "the broker did not answer CONNECT in time",
            Self::NoPingResp => "the broker did not answer a ping in time",
            Self::ClosedBeforeConnAck => {
                "the broker closed the connection instead of answering CONNECT"
            }
        })
    }
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => "there is not enough memory",
            Self::NoEntropy => "the entropy source failed or delivers no randomness",
            Self::UnreadInput => "the shared buffer still holds input that was not read",
            Self::Mqtt(error) => return error.fmt(f),
        })
    }
}
