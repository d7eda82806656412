//! What went wrong, who must act, and the number that firmware people know it by.

use embedded_io::ErrorKind;

/// Everything that can fail, sorted by who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Which memory is too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// The program or its configuration must change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The certificate given as a trust anchor is not that of a certificate authority.
    AnchorNotCa,
    /// No cipher suite, or more than 8.
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
}

/// The server sent something that cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// TLS protocol violations; the names and numbers are BearSSL's (`BR_ERR_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ProtocolError {
    BadParameter,
    BadState,
    UnsupportedVersion,
    BadVersion,
    BadLength,
    BadMac,
    UnknownType,
    Unexpected,
    BadChangeCipherSpec,
    BadAlert,
    BadHandshake,
    OversizedId,
    BadCipherSuite,
    BadCompression,
    BadFragmentLength,
    BadSecureRenegotiation,
    ExtraExtension,
    BadServerName,
    BadHelloDone,
    LimitExceeded,
    BadFinished,
    ResumeMismatch,
    InvalidAlgorithm,
    BadSignature,
    WrongKeyUsage,
    NoClientAuthentication,
}

/// Certificate faults; the names and numbers are BearSSL's (`BR_ERR_X509_*`), but for the last three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum CertificateError {
    InvalidValue,
    Truncated,
    EmptyChain,
    InnerTruncated,
    BadTagClass,
    BadTagValue,
    IndefiniteLength,
    ExtraElement,
    Unexpected,
    NotConstructed,
    NotPrimitive,
    PartialByte,
    BadBoolean,
    Overflow,
    BadDistinguishedName,
    BadTime,
    Unsupported,
    LimitExceeded,
    WrongKeyType,
    BadSignature,
    TimeUnknown,
    Expired,
    DistinguishedNameMismatch,
    BadServerName,
    CriticalExtension,
    NotCa,
    ForbiddenKeyUsage,
    WeakPublicKey,
    NotTrusted,
    NotYetValid,
    WrongExtendedKeyUsage,
}

/// The network below failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// The device lacks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceError {
    /// Out of memory.
    OutOfMemory,
    /// The entropy source failed.
    NoEntropy,
    /// One buffer serves both directions, and it holds input that the application has not read yet.
    UnreadInput,
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
