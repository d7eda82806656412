//! Packets to bytes.
//!
//! A packet that may be long is a list of pieces, so that it goes through a buffer of any size: `copy` fills what
//! room there is and is called again with the next offset. Its length is counted first, without writing anything.

use crate::error::{ConfigError, Error, MqttMisuse, MqttResource};
use crate::mqtt::cause::Cause;
use crate::mqtt::options::{Filter, Options, Publish};
use crate::mqtt::queue::Window;

use super::{PacketId, QoS, first_byte, topic};

/// Most bytes that can follow a fixed header (section 2.2.3).
pub const MAX_REMAINING_LENGTH: usize = 268_435_455;

/// Bytes of the longest fixed header.
pub const MAX_FIXED_HEADER: usize = 5;

/// The first byte of a publish.
pub(crate) fn publish_first(qos: QoS, retain: bool, duplicate: bool) -> u8 {
    let flags = (qos as u8) << 1 | u8::from(retain) | u8::from(duplicate) << 3;
    first_byte::PUBLISH | flags
}

/// Bytes of a publish before its payload, but for the fixed header.
#[inline]
pub(crate) fn publish_header_length(topic: &str, qos: QoS) -> usize {
    2 + topic.len() + if qos == QoS::AtMostOnce { 0 } else { 2 }
}

/// A packet that is an identifier and nothing else: an acknowledgement.
pub(crate) fn acknowledgement(first: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [first, 2, high, low]
}

impl Window<'_> {
    /// A string or a password with its length; it was checked to be no longer than 65,535 bytes.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    #[cfg_attr(not(target_pointer_width = "32"), inline(always))]
    pub fn put_with_length(&mut self, piece: &[u8]) {
        self.put(&(piece.len() as u16).to_be_bytes());
        self.put(piece);
    }

    /// The length of a packet that is to be there whole.
    fn whole(&self) -> Result<usize, Error> {
        match self.beyond {
            0 => Ok(self.written),
            _ => Err(MqttResource::Output.into()),
        }
    }

    /// The fixed header of a packet (section 2.2).
    ///
    /// # Errors
    /// `PacketTooLong` above [`MAX_REMAINING_LENGTH`].
    pub fn put_fixed_header(&mut self, first: u8, remaining: usize) -> Result<(), Cause> {
        if remaining > MAX_REMAINING_LENGTH {
            return Err(MqttMisuse::PacketTooLong.into());
        }
        if remaining < 0x80 {
            self.put(&[first, remaining as u8]);
            return Ok(());
        }
        self.put(&[first]);
        let mut left = remaining;
        while left >= 0x80 {
            self.put(&[left as u8 | 0x80]);
            left >>= 7;
        }
        self.put(&[left as u8]);
        Ok(())
    }
}

/// A packet of several pieces.
pub(in crate::mqtt) trait Pieces {
    /// Its first byte.
    fn first(&self) -> u8;

    /// Puts all that follows the fixed header.
    fn put(&self, window: &mut Window<'_>);
}

/// Puts a packet, as much of it as the window shows.
pub(in crate::mqtt) fn put(packet: &dyn Pieces, window: &mut Window<'_>) -> Result<(), Cause> {
    let mut count = Window::new(0, &mut []);
    packet.put(&mut count);
    window.put_fixed_header(packet.first(), count.beyond)?;
    packet.put(window);
    Ok(())
}

/// CONNECT (section 3.1).
impl Pieces for Options<'_> {
    fn first(&self) -> u8 {
        first_byte::CONNECT
    }

    #[inline(always)]
    fn put(&self, window: &mut Window<'_>) {
        let mut flags = u8::from(self.clean_session) << 1
            | u8::from(self.password.is_some()) << 6
            | u8::from(self.user_name.is_some()) << 7;
        if let Some(will) = &self.will {
            flags |= 0x04 | (will.qos as u8) << 3 | u8::from(will.retain) << 5;
        }
        let [high, low] = self.keep_alive.to_be_bytes();
        window.put(&[0, 4, b'M', b'Q', b'T', b'T', 4, flags, high, low]);
        window.put_with_length(self.client_id.as_bytes());
        if let Some(will) = &self.will {
            window.put_with_length(will.topic.as_bytes());
            window.put_with_length(will.payload);
        }
        if let Some(user_name) = self.user_name {
            window.put_with_length(user_name.as_bytes());
        }
        if let Some(password) = self.password {
            window.put_with_length(password);
        }
    }
}

/// SUBSCRIBE (section 3.8).
struct Subscribe<'a>(PacketId, &'a [Filter<'a>]);

impl Pieces for Subscribe<'_> {
    fn first(&self) -> u8 {
        first_byte::SUBSCRIBE
    }

    #[inline(always)]
    fn put(&self, window: &mut Window<'_>) {
        window.put(&self.0.get().to_be_bytes());
        for filter in self.1 {
            window.put_with_length(filter.topic.as_bytes());
            window.put(&[filter.qos as u8]);
        }
    }
}

/// UNSUBSCRIBE (section 3.10).
struct Unsubscribe<'a>(PacketId, &'a [&'a str]);

impl Pieces for Unsubscribe<'_> {
    fn first(&self) -> u8 {
        first_byte::UNSUBSCRIBE
    }

    fn put(&self, window: &mut Window<'_>) {
        window.put(&self.0.get().to_be_bytes());
        for filter in self.1 {
            window.put_with_length(filter.as_bytes());
        }
    }
}

/// Writes a whole packet.
#[inline]
fn whole(packet: &impl Pieces, into: &mut [u8]) -> Result<usize, Error> {
    // Most are so short that their length takes one byte, and need not be counted first.
    if let [first, length, rest @ ..] = &mut *into {
        let mut window = Window::new(0, rest);
        packet.put(&mut window);
        if window.beyond == 0
            && let short @ ..0x80 = window.written
        {
            (*first, *length) = (packet.first(), short as u8);
            return Ok(2 + short);
        }
    }
    let mut window = Window::new(0, into);
    put(packet, &mut window)?;
    window.whole()
}

/// Writes CONNECT; returns its length.
///
/// # Errors
/// What [`Options::check`] finds, or `Output` if `into` is too small.
pub fn connect(options: &Options<'_>, into: &mut [u8]) -> Result<usize, Error> {
    options.check()?;
    whole(options, into)
}

/// Writes PUBLISH; returns its length. `duplicate` says that it may have been sent before.
///
/// ```
/// use bearcub::mqtt::packet::encode;
/// use bearcub::mqtt::Publish;
///
/// let mut bytes = [0; 16];
/// let length = encode::publish(&Publish::new("a/b", b"21.5"), None, false, &mut bytes)?;
/// assert_eq!(bytes[..length], *b"\x30\x09\x00\x03a/b21.5");
/// # Ok::<(), bearcub::Error>(())
/// ```
///
/// # Errors
/// A topic that is none, a packet that is too long, an identifier with QoS 0 or none with QoS 1 and 2 (`BadState`), or
/// `Output` if `into` is too small.
pub fn publish(
    message: &Publish<'_>,
    id: Option<PacketId>,
    duplicate: bool,
    into: &mut [u8],
) -> Result<usize, Error> {
    topic::check_name(message.topic)?;
    if id.is_some() != (message.qos > QoS::AtMostOnce) {
        return Err(ConfigError::BadState.into());
    }
    let mut window = Window::new(0, into);
    put_publish(&mut window, message, message.payload.len(), id, duplicate)?;
    window.put(message.payload);
    window.whole()
}

/// Puts a publish with a payload of `length` bytes, but for that payload.
pub(in crate::mqtt) fn put_publish(
    window: &mut Window<'_>,
    message: &Publish<'_>,
    length: usize,
    id: Option<PacketId>,
    duplicate: bool,
) -> Result<(), Cause> {
    let first = publish_first(message.qos, message.retain, duplicate && id.is_some());
    let remaining = publish_header_length(message.topic, message.qos).saturating_add(length);
    window.put_fixed_header(first, remaining)?;
    window.put_with_length(message.topic.as_bytes());
    if let Some(id) = id {
        window.put(&id.get().to_be_bytes());
    }
    Ok(())
}

/// Writes SUBSCRIBE; returns its length.
///
/// # Errors
/// No filter, a filter that is none, a packet that is too long, or `Output` if `into` is too small.
pub fn subscribe(id: PacketId, filters: &[Filter<'_>], into: &mut [u8]) -> Result<usize, Error> {
    if filters.is_empty() {
        return Err(MqttMisuse::EmptySubscribe.into());
    }
    for filter in filters {
        topic::check_filter(filter.topic)?;
    }
    whole(&Subscribe(id, filters), into)
}

/// Writes UNSUBSCRIBE; returns its length.
///
/// # Errors
/// As [`subscribe`].
pub fn unsubscribe(id: PacketId, filters: &[&str], into: &mut [u8]) -> Result<usize, Error> {
    if filters.is_empty() {
        return Err(MqttMisuse::EmptyUnsubscribe.into());
    }
    for filter in filters {
        topic::check_filter(filter)?;
    }
    whole(&Unsubscribe(id, filters), into)
}

/// PUBACK, for an incoming message of QoS 1.
#[must_use]
pub fn puback(id: PacketId) -> [u8; 4] {
    acknowledgement(first_byte::PUBACK, id.get())
}

/// PUBREC, for an incoming message of QoS 2.
#[must_use]
pub fn pubrec(id: PacketId) -> [u8; 4] {
    acknowledgement(first_byte::PUBREC, id.get())
}

/// PUBREL, for an outgoing message of QoS 2 that has arrived.
#[must_use]
pub fn pubrel(id: PacketId) -> [u8; 4] {
    acknowledgement(first_byte::PUBREL, id.get())
}

/// PUBCOMP, for an incoming message of QoS 2 that is done with.
#[must_use]
pub fn pubcomp(id: PacketId) -> [u8; 4] {
    acknowledgement(first_byte::PUBCOMP, id.get())
}

/// PINGREQ.
pub const PINGREQ: [u8; 2] = [first_byte::PINGREQ, 0];

/// DISCONNECT.
pub const DISCONNECT: [u8; 2] = [first_byte::DISCONNECT, 0];
