//! What went wrong, who must act, and the number that firmware people know it by.
//!
//! ```
//! use bearcub::error::{Error, Who};
//!
//! let error = Error::from_code(-1004).unwrap();
//! assert_eq!(error.who(), Who::Program);
//! assert_eq!(error.to_string(), "nothing is trusted: no pin and no trust anchor was given");
//! assert!(error.explain().remedy.contains("Trust"));
//! ```
//!
//! An [`Error`] is sorted by who must act. [`Error::code`] is its number, [`Error::from_code`] the way back, its `Display`
//! one sentence, and [`Error::explain`] its likely cause and what to do. A program that never calls `explain` does not link
//! the explanations.
//!
//! # The numbers
//!
//! | number | meaning |
//! |---|---|
//! | -1000 | [`ResourceError::OutOfMemory`] |
//! | -1001, -1002 | [`NetworkError::Resolve`], [`NetworkError::Connect`] |
//! | -1003 | [`ConfigError::MissingPrivateKey`] |
//! | -1004 | [`ConfigError::NothingTrusted`] (there: missing CA) |
//! | -1005 | [`NetworkError::Timeout`] |
//! | -1100 to -1103 | [`ConfigError::MemoryTooSmall`]: input, output, scratch, identity |
//! | -1110 | [`ConfigError::CipherSuites`] |
//! | -1111 | [`ConfigError::ChainLength`] |
//! | -1112 | [`ConfigError::KeyMismatch`] |
//! | -1113 | [`ConfigError::Alpn`] |
//! | -1114 | [`ConfigError::ClockNotSet`] |
//! | -1115 | [`ConfigError::ClockBeforeFloor`] |
//! | -1116 | [`ConfigError::ForeignSession`] |
//! | -1117 | [`ConfigError::BadState`] |
//! | -1118 | [`ConfigError::MissingCertificate`] |
//! | -1119 | [`ConfigError::AnchorNotCa`] |
//! | -1200 to -1299 | [`ConfigError::Malformed`]: the tens say the [`Input`] (0 to 7 in the order of its variants), the ones the [`Fault`] (0 to 7) |
//! | -1300 | [`ProtocolError::BadParameter`] |
//! | -1301 | [`PeerError::FragmentLengthIgnored`] |
//! | -1302 | [`PeerError::HandshakeTooLong`] |
//! | -1303 | [`ProtocolError::Unknown`] |
//! | -1310, -1311 | [`CertificateError::NotYetValid`], [`CertificateError::WrongExtendedKeyUsage`] |
//! | -1400, -1401 | [`NetworkError::Truncated`], [`NetworkError::Closed`] |
//! | -1500 | [`ResourceError::UnreadInput`] |
//! | -2007 to -2001 | [`Refusal`]: -2000 - the return code of the CONNACK |
//! | -2010 to -2012 | [`NetworkError::NoConnAck`], [`NetworkError::NoPingResp`], [`NetworkError::ClosedBeforeConnAck`] |
//! | -2020, -2257 to -2200 | [`MqttMisuse`] |
//! | -2120 to -2100 | [`MqttViolation`] |
//! | -2307 to -2300 | [`MqttResource`] |
//! | 1 | [`PeerError::FingerprintMismatch`] |
//! | 2 to 29 | [`ProtocolError`], but for 6 and 8 |
//! | 6 | [`PeerError::RecordTooLarge`] |
//! | 8 | [`ResourceError::NoEntropy`] |
//! | 31 | [`NetworkError::Transport`], of whatever kind |
//! | 33 to 62 | [`CertificateError`] |
//! | 256 to 511 | [`PeerError::AlertReceived`]: 256 + the alert |
//! | 512 to 767 | [`PeerError::AlertSent`]: 512 + the alert |
//!
//! The numbers from 2 to 767 are BearSSL's, and those from -1005 to -1000 Tasmota's, with these differences:
//!
//! - 1 is Tasmota's "bad fingerprint". BearSSL's `BR_ERR_BAD_PARAM` is 1 as well; here it is -1300.
//! - 54 is "expired or not yet valid" there. Here it is expired only; not yet valid is -1310.
//! - 0 (`BR_ERR_OK`) and 32 (`BR_ERR_X509_OK`) are no errors, and so have no `Error`.

mod alert;
mod codes;
mod display;
mod explain;
mod kinds;
mod mqtt;

pub use explain::Explanation;
pub use kinds::{CertificateError, ProtocolError};
pub use mqtt::{MqttMisuse, MqttResource, MqttViolation, Refusal};

use embedded_io::ErrorKind;

/// Everything that can fail, sorted by who must act.
///
/// ```
/// use bearcub::error::{Error, PeerError};
///
/// // What BearSSL calls 62, and so do the forums.
/// let error = Error::from_engine(62);
/// assert!(matches!(error, Error::Peer(PeerError::Certificate(_))));
/// assert_eq!(error.code(), 62);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The program or its configuration must change.
    Config(ConfigError),
    /// The server sent something that cannot be accepted.
    Peer(PeerError),
    /// The network below failed.
    Network(NetworkError),
    /// The device lacks something: memory, entropy.
    Resource(ResourceError),
}

/// Who must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Who {
    /// The author of the program, or whoever configures it. Trying again does not help.
    Program,
    /// The operator of the server, or whoever decides which server to trust.
    Server,
    /// Whoever runs the network, or nobody: trying again later may help.
    Network,
    /// The board and what runs on it beside this library.
    Device,
}

impl Error {
    /// Who must act.
    pub const fn who(&self) -> Who {
        match self {
            Self::Config(_) => Who::Program,
            Self::Peer(_) => Who::Server,
            Self::Network(_) => Who::Network,
            Self::Resource(_) => Who::Device,
        }
    }
}

/// Which memory is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Memory {
    /// The buffer for incoming records.
    Input,
    /// The buffer for outgoing records.
    Output,
    /// The memory lent to the handshake.
    Scratch,
    /// The space for the client's certificates and key.
    Identity,
}

/// What was being read when an input turned out to be malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Input {
    /// PEM armour or its base64.
    Pem,
    /// A certificate.
    Certificate,
    /// A private key.
    PrivateKey,
    /// A public key.
    PublicKey,
    /// The text of a pin.
    Pin,
    /// A stored session.
    Session,
    /// A server name.
    ServerName,
    /// An SNTP packet.
    Sntp,
}

/// Why an input is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Fault {
    /// It ends too early.
    Truncated,
    /// There is more after its end.
    TrailingData,
    /// It is longer than what can be handled.
    TooLong,
    /// A byte or an element that has no place there.
    Unexpected,
    /// Well formed, but of a kind that is not supported.
    Unsupported,
    /// A value outside its range.
    OutOfRange,
    /// The buffer to decode into is too small.
    BufferTooSmall,
    /// Whole and well formed, but another thing than the one that is wanted.
    OtherKind,
}

/// The program or its configuration must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConfigError {
    /// A piece of memory is too small for what is asked of it; sizes in bytes.
    MemoryTooSmall {
        /// Which memory.
        memory: Memory,
        /// Bytes it needs.
        needed: usize,
        /// Bytes it has.
        given: usize,
    },
    /// An input handed in by the program is malformed: what, why, and the byte offset.
    Malformed {
        /// What was being read.
        input: Input,
        /// What is wrong with it.
        fault: Fault,
        /// Byte offset of the fault in that input.
        offset: usize,
    },
    /// CA validation without a trust anchor, or pinning without a pin.
    NothingTrusted,
    /// The certificate of a trust anchor is not that of an authority.
    AnchorNotCa,
    /// No cipher suite, more than 8, or one that needs a group while none is offered.
    CipherSuites,
    /// No certificate, or more than 3, in the client's chain.
    ChainLength,
    /// A certificate of the client's chain is missing or cannot be read from its source.
    MissingCertificate,
    /// The client's private key is missing or cannot be read from its source.
    MissingPrivateKey,
    /// Private key and certificate do not belong together.
    KeyMismatch,
    /// More than 4 ALPN names, or an empty or over-long one.
    Alpn,
    /// CA validation needs the time, and the clock is not set.
    ClockNotSet,
    /// The clock is set to a time before the floor.
    ClockBeforeFloor,
    /// The session to resume was made with another server or other trust.
    ForeignSession,
    /// A method was called at a moment that does not allow it.
    BadState,
    /// MQTT or its broker does not allow it.
    Mqtt(MqttMisuse),
}

/// The server sent something that cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PeerError {
    /// The server's key is none of the pinned ones.
    FingerprintMismatch,
    /// The protocol was violated.
    Protocol(ProtocolError),
    /// The certificate chain is not acceptable.
    Certificate(CertificateError),
    /// The server ended the connection with this alert (RFC 5246 section 7.2).
    AlertReceived(u8),
    /// We ended the connection with this alert.
    AlertSent(u8),
    /// A record larger than the agreed fragment length; sizes in bytes of plaintext.
    FragmentLengthIgnored {
        /// What was agreed.
        agreed: usize,
        /// What came.
        received: usize,
    },
    /// A record larger than the input buffer; sizes in bytes, of the whole record.
    RecordTooLarge {
        /// Size of the record.
        record: usize,
        /// Size of the input buffer.
        buffer: usize,
    },
    /// More handshake bytes than any sound handshake needs.
    HandshakeTooLong,
    /// The broker refused the connection.
    Refused(Refusal),
    /// The broker violated MQTT.
    Mqtt(MqttViolation),
}

/// The network below failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NetworkError {
    /// The server's name could not be resolved.
    Resolve,
    /// No TCP connection to the server.
    Connect,
    /// A deadline passed.
    Timeout,
    /// The transport reported an error.
    Transport(ErrorKind),
    /// The connection was cut without close_notify: data may be missing.
    Truncated,
    /// The connection is closed; nothing more can be sent.
    Closed,
    /// The broker did not answer CONNECT in time.
    NoConnAck,
    /// The broker did not answer PINGREQ in time.
    NoPingResp,
    /// The broker ended the connection instead of answering CONNECT.
    ClosedBeforeConnAck,
}

/// The device lacks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ResourceError {
    /// Out of memory.
    OutOfMemory,
    /// The entropy source failed.
    NoEntropy,
    /// One buffer serves both directions, and it holds input that the application has not read yet.
    UnreadInput,
    /// Memory given to an MQTT session.
    Mqtt(MqttResource),
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Self {
        Self::Peer(error)
    }
}

impl From<NetworkError> for Error {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl From<ResourceError> for Error {
    fn from(error: ResourceError) -> Self {
        Self::Resource(error)
    }
}

impl From<ProtocolError> for Error {
    fn from(error: ProtocolError) -> Self {
        Self::Peer(PeerError::Protocol(error))
    }
}

impl From<CertificateError> for Error {
    fn from(error: CertificateError) -> Self {
        Self::Peer(PeerError::Certificate(error))
    }
}

impl From<ProtocolError> for PeerError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<CertificateError> for PeerError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

impl From<MqttMisuse> for Error {
    fn from(error: MqttMisuse) -> Self {
        Self::Config(ConfigError::Mqtt(error))
    }
}

impl From<MqttViolation> for Error {
    fn from(error: MqttViolation) -> Self {
        Self::Peer(PeerError::Mqtt(error))
    }
}

impl From<MqttResource> for Error {
    fn from(error: MqttResource) -> Self {
        Self::Resource(ResourceError::Mqtt(error))
    }
}

impl From<Refusal> for Error {
    fn from(error: Refusal) -> Self {
        Self::Peer(PeerError::Refused(error))
    }
}

impl core::error::Error for Error {}
impl core::error::Error for ConfigError {}
impl core::error::Error for PeerError {}
impl core::error::Error for ProtocolError {}
impl core::error::Error for CertificateError {}
impl core::error::Error for NetworkError {}
impl core::error::Error for ResourceError {}

/// For code that is generic over its transport and knows only kinds of errors.
impl embedded_io::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(ConfigError::MemoryTooSmall { .. }) => ErrorKind::OutOfMemory,
            Self::Config(ConfigError::MissingPrivateKey | ConfigError::MissingCertificate) => {
                ErrorKind::NotFound
            }
            Self::Config(_) => ErrorKind::InvalidInput,
            Self::Peer(PeerError::FingerprintMismatch | PeerError::Certificate(_)) => {
                ErrorKind::PermissionDenied
            }
            Self::Peer(PeerError::AlertReceived(_) | PeerError::AlertSent(_)) => {
                ErrorKind::ConnectionAborted
            }
            Self::Peer(PeerError::Refused(_)) => ErrorKind::ConnectionRefused,
            Self::Peer(_) => ErrorKind::InvalidData,
            Self::Network(NetworkError::Resolve) => ErrorKind::NotFound,
            Self::Network(NetworkError::Connect) => ErrorKind::ConnectionRefused,
            Self::Network(
                NetworkError::Timeout | NetworkError::NoConnAck | NetworkError::NoPingResp,
            ) => ErrorKind::TimedOut,
            Self::Network(NetworkError::Transport(kind)) => *kind,
            Self::Network(NetworkError::Truncated) => ErrorKind::ConnectionReset,
            Self::Network(NetworkError::Closed | NetworkError::ClosedBeforeConnAck) => {
                ErrorKind::BrokenPipe
            }
            Self::Resource(ResourceError::OutOfMemory | ResourceError::Mqtt(_)) => {
                ErrorKind::OutOfMemory
            }
            Self::Resource(ResourceError::NoEntropy | ResourceError::UnreadInput) => {
                ErrorKind::Other
            }
        }
    }
}
