//! The packets of MQTT 3.1.1: what they are made of, and how they become bytes and come from bytes.
//!
//! [`decode()`] reads what a broker sends, and nothing that only clients send; [`encode`] writes what a client sends, and
//! refuses what the standard forbids; [`topic`] has the rules of topic names and filters. Nothing is copied: a decoded
//! packet refers to the bytes it came in.

pub mod decode;
pub mod encode;
pub mod topic;

pub use decode::{Progress, decode};
pub use topic::Topic;

use core::fmt;
use core::num::NonZeroU16;

use crate::error::Refusal;

/// How hard client and broker try to deliver a message (MQTT 3.1.1 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: sent once, and lost if the connection is.
    AtMostOnce = 0,
    /// QoS 1: sent again until it is acknowledged; may arrive twice.
    AtLeastOnce = 1,
    /// QoS 2: in two steps, so that it arrives once.
    ExactlyOnce = 2,
}

impl QoS {
    /// The QoS with that number.
    #[must_use]
    #[inline]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::AtMostOnce,
            1 => Self::AtLeastOnce,
            2 => Self::ExactlyOnce,
            _ => return None,
        })
    }
}

/// What ties an acknowledgement to what it acknowledges: 1 to 65,535 (MQTT 3.1.1 section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The identifier with that number; `None` for 0.
    #[must_use]
    #[inline]
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    #[inline]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for PacketId {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", self.get());
    }
}

/// A packet that a broker sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The answer to CONNECT.
    ConnAck {
        /// Whether the broker has a session from before.
        session_present: bool,
        /// Why the connection is refused, if it is.
        refusal: Option<Refusal>,
    },
    /// A message; its payload follows the packet's header.
    Publish(PublishHeader<'a>),
    /// A message of QoS 1 has arrived.
    PubAck(PacketId),
    /// A message of QoS 2 has arrived.
    PubRec(PacketId),
    /// A message of QoS 2 may be forgotten by its receiver.
    PubRel(PacketId),
    /// A message of QoS 2 is done with.
    PubComp(PacketId),
    /// The answer to SUBSCRIBE.
    SubAck {
        /// Of the SUBSCRIBE.
        id: PacketId,
        /// One for each filter, in their order: 0, 1 or 2 is the granted QoS, 128 a refusal.
        granted: &'a [u8],
    },
    /// The answer to UNSUBSCRIBE.
    UnsubAck(PacketId),
    /// The answer to PINGREQ.
    PingResp,
}

/// What a message begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublishHeader<'a> {
    /// Where it was published to.
    pub topic: Topic<'a>,
    /// The QoS it is delivered with.
    pub qos: QoS,
    /// Whether it was kept by the broker, and is delivered because of a new subscription.
    pub retain: bool,
    /// Whether it may have been delivered before.
    pub duplicate: bool,
    /// Of QoS 1 and 2.
    pub id: Option<PacketId>,
    /// Bytes of payload, 0 to 268,435,453.
    pub payload_length: usize,
}

/// The types of packets, with the flags that their first byte must have (sections 2.2.1 and 2.2.2).
pub(crate) mod first_byte {
    pub const CONNECT: u8 = 0x10;
    pub const CONNACK: u8 = 0x20;
    pub const PUBLISH: u8 = 0x30;
    pub const PUBACK: u8 = 0x40;
    pub const PUBREC: u8 = 0x50;
    pub const PUBREL: u8 = 0x62;
    pub const PUBCOMP: u8 = 0x70;
    pub const SUBSCRIBE: u8 = 0x82;
    pub const SUBACK: u8 = 0x90;
    pub const UNSUBSCRIBE: u8 = 0xa2;
    pub const UNSUBACK: u8 = 0xb0;
    pub const PINGREQ: u8 = 0xc0;
    pub const PINGRESP: u8 = 0xd0;
    pub const DISCONNECT: u8 = 0xe0;

    pub const DUPLICATE: u8 = 0x08;
    pub const RETAIN: u8 = 0x01;
}
