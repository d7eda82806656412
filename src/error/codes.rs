//! Errors to numbers, and back.

use embedded_io::ErrorKind;

use super::{
    CertificateError, ConfigError, Error, Fault, Input, Memory, MqttMisuse, MqttResource,
    MqttViolation, NetworkError, PeerError, ProtocolError, Refusal, ResourceError,
};

const ALERT_RECEIVED: i32 = 256;
const ALERT_SENT: i32 = 512;
const MALFORMED: i32 = -1200;

/// In the order of their numbers; the module's documentation promises it.
const INPUTS: [Input; 8] = [
    Input::Pem,
    Input::Certificate,
    Input::PrivateKey,
    Input::PublicKey,
    Input::Pin,
    Input::Session,
    Input::ServerName,
    Input::Sntp,
];

/// In the order of their numbers; the module's documentation promises it.
const FAULTS: [Fault; 8] = [
    Fault::Truncated,
    Fault::TrailingData,
    Fault::TooLong,
    Fault::Unexpected,
    Fault::Unsupported,
    Fault::OutOfRange,
    Fault::BufferTooSmall,
    Fault::OtherKind,
];

impl Error {
    /// The number of this error; the [module](super) has the table.
    ///
    /// Sizes, offsets and kinds that an error carries are not part of its number.
    ///
    /// ```
    /// use bearcub::error::{Error, PeerError};
    ///
    /// assert_eq!(Error::from(PeerError::FingerprintMismatch).code(), 1);
    /// assert_eq!(Error::from(PeerError::AlertReceived(40)).code(), 296);
    /// ```
    pub const fn code(&self) -> i32 {
        match self {
            Self::Config(error) => error.code(),
            Self::Peer(error) => error.code(),
            Self::Network(error) => error.code(),
            Self::Resource(error) => error.code(),
        }
    }

    /// The error with this number, if there is one.
    ///
    /// What the number does not tell is filled in: sizes and offsets are 0, and the kind of a transport's error is
    /// `Other`.
    ///
    /// ```
    /// use bearcub::error::{Error, PeerError};
    ///
    /// assert_eq!(Error::from_code(304), Some(PeerError::AlertReceived(48).into()));
    /// assert_eq!(Error::from_code(0), None);
    /// ```
    pub fn from_code(code: i32) -> Option<Self> {
        if let Some(error) = ProtocolError::from_code(code) {
            return Some(error.into());
        }
        if let Some(error) = CertificateError::from_code(code) {
            return Some(error.into());
        }
        if let Some(error) = mqtt(code) {
            return Some(error);
        }
        Some(match code {
            -1000 => ResourceError::OutOfMemory.into(),
            -1001 => NetworkError::Resolve.into(),
            -1002 => NetworkError::Connect.into(),
            -1003 => ConfigError::MissingPrivateKey.into(),
            -1004 => ConfigError::NothingTrusted.into(),
            -1005 => NetworkError::Timeout.into(),
            -1100 => too_small(Memory::Input),
            -1101 => too_small(Memory::Output),
            -1102 => too_small(Memory::Scratch),
            -1103 => too_small(Memory::Identity),
            -1110 => ConfigError::CipherSuites.into(),
            -1111 => ConfigError::ChainLength.into(),
            -1112 => ConfigError::KeyMismatch.into(),
            -1113 => ConfigError::Alpn.into(),
            -1114 => ConfigError::ClockNotSet.into(),
            -1115 => ConfigError::ClockBeforeFloor.into(),
            -1116 => ConfigError::ForeignSession.into(),
            -1117 => ConfigError::BadState.into(),
            -1118 => ConfigError::MissingCertificate.into(),
            -1119 => ConfigError::AnchorNotCa.into(),
            -1299..=MALFORMED => malformed((MALFORMED - code) as usize)?,
            -1301 => PeerError::FragmentLengthIgnored {
                agreed: 0,
                received: 0,
            }
            .into(),
            -1302 => PeerError::HandshakeTooLong.into(),
            -1400 => NetworkError::Truncated.into(),
            -1401 => NetworkError::Closed.into(),
            -1500 => ResourceError::UnreadInput.into(),
            -2010 => NetworkError::NoConnAck.into(),
            -2011 => NetworkError::NoPingResp.into(),
            -2012 => NetworkError::ClosedBeforeConnAck.into(),
            1 => PeerError::FingerprintMismatch.into(),
            6 => PeerError::RecordTooLarge {
                record: 0,
                buffer: 0,
            }
            .into(),
            8 => ResourceError::NoEntropy.into(),
            31 => NetworkError::Transport(ErrorKind::Other).into(),
            256..=511 => PeerError::AlertReceived((code - ALERT_RECEIVED) as u8).into(),
            512..=767 => PeerError::AlertSent((code - ALERT_SENT) as u8).into(),
            _ => return None,
        })
    }

    /// The error for a number that BearSSL reports.
    ///
    /// It is [`from_code`](Self::from_code) but for 1, which means [`ProtocolError::BadParameter`] there. What BearSSL
    /// never reports as an error (0, 32, and every number that its headers do not have) is [`ProtocolError::Unknown`].
    ///
    /// ```
    /// use bearcub::error::{CertificateError, Error, ProtocolError};
    ///
    /// assert_eq!(Error::from_engine(62), CertificateError::NotTrusted.into());
    /// assert_eq!(Error::from_engine(1), ProtocolError::BadParameter.into());
    /// assert_eq!(Error::from_engine(-1004), ProtocolError::Unknown.into());
    /// ```
    pub fn from_engine(code: i32) -> Self {
        match code {
            1 => ProtocolError::BadParameter.into(),
            2.. => Self::from_code(code).unwrap_or(ProtocolError::Unknown.into()),
            _ => ProtocolError::Unknown.into(),
        }
    }
}

impl ConfigError {
    const fn code(&self) -> i32 {
        match self {
            Self::MissingPrivateKey => -1003,
            Self::NothingTrusted => -1004,
            Self::MemoryTooSmall { memory, .. } => match memory {
                Memory::Input => -1100,
                Memory::Output => -1101,
                Memory::Scratch => -1102,
                Memory::Identity => -1103,
            },
            Self::CipherSuites => -1110,
            Self::ChainLength => -1111,
            Self::KeyMismatch => -1112,
            Self::Alpn => -1113,
            Self::ClockNotSet => -1114,
            Self::ClockBeforeFloor => -1115,
            Self::ForeignSession => -1116,
            Self::BadState => -1117,
            Self::MissingCertificate => -1118,
            Self::AnchorNotCa => -1119,
            Self::Mqtt(error) => error.code(),
            Self::Malformed { input, fault, .. } => {
                MALFORMED - 10 * (*input as i32) - (*fault as i32)
            }
        }
    }
}

impl PeerError {
    const fn code(&self) -> i32 {
        match self {
            Self::FingerprintMismatch => 1,
            Self::RecordTooLarge { .. } => 6,
            Self::Protocol(error) => error.code(),
            Self::Certificate(error) => error.code(),
            Self::AlertReceived(alert) => ALERT_RECEIVED + *alert as i32,
            Self::AlertSent(alert) => ALERT_SENT + *alert as i32,
            Self::FragmentLengthIgnored { .. } => -1301,
            Self::HandshakeTooLong => -1302,
            Self::Refused(error) => error.code(),
            Self::Mqtt(error) => error.code(),
        }
    }
}

impl NetworkError {
    const fn code(&self) -> i32 {
        match self {
            Self::Resolve => -1001,
            Self::Connect => -1002,
            Self::Timeout => -1005,
            Self::Transport(_) => 31,
            Self::Truncated => -1400,
            Self::Closed => -1401,
            Self::NoConnAck => -2010,
            Self::NoPingResp => -2011,
            Self::ClosedBeforeConnAck => -2012,
        }
    }
}

impl ResourceError {
    const fn code(&self) -> i32 {
        match self {
            Self::OutOfMemory => -1000,
            Self::NoEntropy => 8,
            Self::UnreadInput => -1500,
            Self::Mqtt(error) => error.code(),
        }
    }
}

fn mqtt(code: i32) -> Option<Error> {
    None.or_else(|| Refusal::from_code(code).map(Error::from))
        .or_else(|| MqttViolation::from_code(code).map(Error::from))
        .or_else(|| MqttMisuse::from_code(code).map(Error::from))
        .or_else(|| MqttResource::from_code(code).map(Error::from))
}

fn too_small(memory: Memory) -> Error {
    Error::Config(ConfigError::MemoryTooSmall {
        memory,
        needed: 0,
        given: 0,
    })
}

fn malformed(number: usize) -> Option<Error> {
    Some(Error::Config(ConfigError::Malformed {
        input: *INPUTS.get(number / 10)?,
        fault: *FAULTS.get(number % 10)?,
        offset: 0,
    }))
}
