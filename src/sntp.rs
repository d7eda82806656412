//! The time off the network: SNTP requests and replies as bytes, for a board that has UDP.
//!
//! One [`Request`] is one question to one server. Its 48 bytes go to UDP port 123; every datagram that comes back is
//! handed to [`Request::read`], until one is accepted or the caller's patience ends. No clock is read and nothing is sent
//! from here.
//!
//! ```
//! use bearcub::sntp::{Request, SntpError};
//!
//! # fn exchange(_packet: &[u8; 48]) -> [u8; 48] {
//! #     let mut reply = [0; 48];
//! #     reply[0] = 0x24;
//! #     reply[1] = 2;
//! #     reply[24..32].copy_from_slice(&_packet[40..48]);
//! #     reply[32..36].copy_from_slice(&0xee00_0000u32.to_be_bytes());
//! #     reply[40..44].copy_from_slice(&0xee00_0000u32.to_be_bytes());
//! #     reply
//! # }
//! # fn main() -> Result<(), SntpError> {
//! # let random = 0x1234_5678_9abc_def0;
//! let mut request = Request::new(random); // 64 bits from the board's entropy source
//! let reply = exchange(&request.packet()); // send, then receive
//! let now = request.read(&reply, None)?;
//! assert_eq!(now.seconds, 1_783_988_608);
//! # Ok(())
//! # }
//! ```
//!
//! SNTP is not authenticated. The random number in the request keeps out everyone who cannot read the traffic, and no one
//! else; whoever stands in between can set any time. A time that decides whether certificates are valid should
//! therefore have a floor (the build's date, or the last time stored), and pins need no time at all.
//!
//! Source: RFC 4330 (SNTPv4), RFC 5905 (NTPv4).

use core::fmt;
use core::time::Duration;

/// Bytes in a request, and the least in a reply (RFC 5905 section 7.3, without extension fields).
pub const PACKET_SIZE: usize = 48;

/// UDP port of the server.
pub const PORT: u16 = 123;

const VERSION: u8 = 4;
const MODE_CLIENT: u8 = 3;
const MODE_SERVER: u8 = 4;
const LEAP_UNSYNCHRONISED: u8 = 3;

const ROOT_DELAY: usize = 4;
const ROOT_DISPERSION: usize = 8;
const REFERENCE_ID: usize = 12;
const ORIGINATE: usize = 24;
const RECEIVE: usize = 32;
const TRANSMIT: usize = 40;

/// From 1900-01-01, NTP's era 0, to 1970-01-01.
const UNIX_IN_ERA_0: i64 = 2_208_988_800;
/// MAXDISP of RFC 5905, 16 s, in units of 2^-16 s.
const MAX_ROOT_DISTANCE: u64 = 16 << 16;

/// A point in time: seconds since 1970-01-01 00:00:00 UTC, leap seconds not counted, and nanoseconds beyond them.
///
/// ```
/// use bearcub::sntp::Timestamp;
///
/// let noon = Timestamp { seconds: 1_800_014_400, nanoseconds: 500_000_000 };
/// assert!(noon < Timestamp { seconds: 1_800_014_401, nanoseconds: 0 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timestamp {
    /// Whole seconds, 1968 to 2104.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

/// One question to a time server, and the reader of its answer.
///
/// The packet says nothing about the device: in place of its time it carries a random number, which the answer must
/// repeat.
///
/// ```
/// use bearcub::sntp::{PACKET_SIZE, Request, SntpError};
///
/// let mut request = Request::new(0x0123_4567_89ab_cdef);
/// assert_eq!(request.packet().len(), PACKET_SIZE);
/// assert_eq!(request.read(b"too short", None), Err(SntpError::TooShort(9)));
/// ```
pub struct Request {
    nonce: u64,
    answered: bool,
}

impl Request {
    /// A request with this random number, from the board's entropy source and used once.
    ///
    /// 0 is no random number: no answer is accepted for it.
    pub const fn new(nonce: u64) -> Self {
        Self {
            nonce,
            answered: false,
        }
    }

    /// The packet to send. It may be sent again if no answer comes.
    ///
    /// Source: RFC 4330 section 5; the random number in the transmit timestamp is
    /// draft-ietf-ntp-data-minimization's advice.
    pub fn packet(&self) -> [u8; PACKET_SIZE] {
        let mut packet = [0; PACKET_SIZE];
        packet[0] = VERSION << 3 | MODE_CLIENT;
        packet[TRANSMIT..].copy_from_slice(&self.nonce.to_be_bytes());
        packet
    }

    /// Reads a datagram, and gives the time it tells.
    ///
    /// `elapsed` is the time between sending the packet and receiving this datagram, by any clock of the board. Half of
    /// what of it was not spent in the server is added to the server's time; without it, the answer is late by
    /// as long as the datagram was on its way.
    ///
    /// A datagram that does not repeat the random number changes nothing: keep waiting for the true answer. The first
    /// one that does is the answer, whatever it says, and every later one is [`SntpError::Replayed`].
    ///
    /// The time is taken to be in 1968 to 2036 if the top bit of its seconds is set, and in 2036 to 2104 otherwise
    /// (RFC 4330 section 3).
    ///
    /// # Errors
    ///
    /// Every [`SntpError`]; each says what it means.
    pub fn read(
        &mut self,
        reply: &[u8],
        elapsed: Option<Duration>,
    ) -> Result<Timestamp, SntpError> {
        let packet: &[u8; PACKET_SIZE] = reply
            .first_chunk()
            .ok_or(SntpError::TooShort(reply.len()))?;
        let (leap, version, mode) = (packet[0] >> 6, packet[0] >> 3 & 7, packet[0] & 7);
        if mode != MODE_SERVER {
            return Err(SntpError::Mode(mode));
        }
        if version != VERSION {
            return Err(SntpError::Version(version));
        }
        // Before anything that a stranger could have written: a forged "go away" must not be believed either.
        if self.nonce == 0 || u64_at(packet, ORIGINATE) != self.nonce {
            return Err(SntpError::Forged);
        }
        if self.answered {
            return Err(SntpError::Replayed);
        }
        self.answered = true;

        match packet[1] {
            0 => return Err(SntpError::KissOfDeath(Kiss::read(packet))),
            1..=15 => {}
            stratum => return Err(SntpError::Stratum(stratum)),
        }
        if leap == LEAP_UNSYNCHRONISED {
            return Err(SntpError::Unsynchronised);
        }
        let transmit = u64_at(packet, TRANSMIT);
        if transmit == 0 {
            return Err(SntpError::NoTime);
        }
        let distance =
            u64::from(u32_at(packet, ROOT_DELAY)) / 2 + u64::from(u32_at(packet, ROOT_DISPERSION));
        if distance >= MAX_ROOT_DISTANCE {
            return Err(SntpError::RootDistance);
        }
        let in_server = transmit.wrapping_sub(u64_at(packet, RECEIVE));
        // Received after it was answered.
        if in_server > u64::MAX / 2 {
            return Err(SntpError::Inconsistent);
        }
        let way = elapsed.map_or(Duration::ZERO, |elapsed| {
            elapsed.saturating_sub(duration(in_server)) / 2
        });
        Ok(timestamp(transmit).after(way))
    }
}

/// Does not show the random number: it is what keeps forged answers out.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

impl Timestamp {
    /// The same as the library's time, rounded down to whole seconds; `None` beyond the year 9999.
    pub fn time(&self) -> Option<crate::clock::Time> {
        crate::clock::Time::from_unix(self.seconds)
    }

    fn after(self, duration: Duration) -> Self {
        // Below 2 * 10^9, so it fits.
        let nanoseconds = self.nanoseconds + duration.subsec_nanos();
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        Self {
            seconds: self
                .seconds
                .saturating_add(seconds)
                .saturating_add(i64::from(nanoseconds / 1_000_000_000)),
            nanoseconds: nanoseconds % 1_000_000_000,
        }
    }
}

/// NTP's 32.32 fixed-point seconds to Unix time, the era chosen by the top bit.
fn timestamp(ntp: u64) -> Timestamp {
    let seconds = (ntp >> 32) as i64;
    let era = if ntp >> 63 == 1 { 0 } else { 1 << 32 };
    Timestamp {
        seconds: seconds + era - UNIX_IN_ERA_0,
        nanoseconds: nanoseconds(ntp),
    }
}

/// 32.32 fixed-point seconds that count a stretch of time.
fn duration(ntp: u64) -> Duration {
    Duration::new(ntp >> 32, nanoseconds(ntp))
}

fn nanoseconds(ntp: u64) -> u32 {
    (((ntp & 0xffff_ffff) * 1_000_000_000) >> 32) as u32
}

fn u32_at(packet: &[u8; PACKET_SIZE], at: usize) -> u32 {
    u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]])
}

fn u64_at(packet: &[u8; PACKET_SIZE], at: usize) -> u64 {
    u64::from(u32_at(packet, at)) << 32 | u64::from(u32_at(packet, at + 4))
}

/// Why a server does not tell the time (RFC 5905 section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Kiss {
    /// `RATE`: asked too often. Ask less often, and this server not before a long pause.
    Rate,
    /// `DENY`: this client is not served. Do not ask this server again.
    Deny,
    /// `RSTR`: access is restricted. Do not ask this server again.
    Restricted,
    /// Another code, four bytes of ASCII; `INIT` and `STEP` say that the server is not ready yet.
    Other([u8; 4]),
}

impl Kiss {
    fn read(packet: &[u8; PACKET_SIZE]) -> Self {
        match u32_at(packet, REFERENCE_ID).to_be_bytes() {
            [b'R', b'A', b'T', b'E'] => Self::Rate,
            [b'D', b'E', b'N', b'Y'] => Self::Deny,
            [b'R', b'S', b'T', b'R'] => Self::Restricted,
            code => Self::Other(code),
        }
    }
}

impl fmt::Display for Kiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate => f.write_str("it was asked too often (RATE)"),
            Self::Deny => f.write_str("it does not serve this client (DENY)"),
            Self::Restricted => f.write_str("access to it is restricted (RSTR)"),
            Self::Other(code) => write!(f, "its reason is {}", code.escape_ascii()),
        }
    }
}

/// Why a datagram is not the time.
///
/// It stands apart from [`Error`](crate::Error): asking for the time is no part of a connection, and what follows is
/// always one of three things, which [`advice`](Self::advice) names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SntpError {
    /// Less than 48 bytes; how many there were.
    TooShort(usize),
    /// Not a server's answer to a client; the mode that it has instead.
    Mode(u8),
    /// Another version than 4, which the server should have repeated from the request.
    Version(u8),
    /// The random number of the request is not in it: meant for someone else, belated, or forged.
    Forged,
    /// The request has had its answer.
    Replayed,
    /// The server refuses, and says why.
    KissOfDeath(Kiss),
    /// A stratum above 15: the server does not know the time, or the value is reserved.
    Stratum(u8),
    /// The server says that its clock is not synchronised (leap indicator 3).
    Unsynchronised,
    /// The transmit timestamp is zero.
    NoTime,
    /// The server's own time may be off by 16 seconds or more.
    RootDistance,
    /// The server says that it answered before it was asked.
    Inconsistent,
}

/// What to do after an [`SntpError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Advice {
    /// Forget the datagram, and go on waiting for the answer.
    Wait,
    /// Ask another server, or this one after a pause.
    AskAgain,
    /// Do not ask this server again.
    Leave,
}

impl SntpError {
    /// What to do next.
    pub const fn advice(&self) -> Advice {
        match self {
            Self::TooShort(_)
            | Self::Mode(_)
            | Self::Version(_)
            | Self::Forged
            | Self::Replayed => Advice::Wait,
            Self::KissOfDeath(Kiss::Deny | Kiss::Restricted) => Advice::Leave,
            Self::KissOfDeath(_)
            | Self::Stratum(_)
            | Self::Unsynchronised
            | Self::NoTime
            | Self::RootDistance
            | Self::Inconsistent => Advice::AskAgain,
        }
    }
}

impl fmt::Display for SntpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort(length) => {
                write!(
                    f,
                    "the datagram has {length} bytes, and an answer at least 48"
                )
            }
            Self::Mode(mode) => write!(f, "the datagram is no server's answer (mode {mode})"),
            Self::Version(version) => write!(f, "the answer has version {version} instead of 4"),
            Self::Forged => f.write_str("the datagram does not answer this request"),
            Self::Replayed => f.write_str("the request has been answered before"),
            Self::KissOfDeath(kiss) => write!(f, "the time server refuses: {kiss}"),
            Self::Stratum(stratum) => write!(f, "the time server has the stratum {stratum}"),
            Self::Unsynchronised => f.write_str("the time server's clock is not synchronised"),
            Self::NoTime => f.write_str("the answer holds no time"),
            Self::RootDistance => f.write_str("the time server's own time is too uncertain"),
            Self::Inconsistent => f.write_str("the answer's times contradict each other"),
        }
    }
}

impl core::error::Error for SntpError {}
