//! Packets to bytes.
//!
//! A packet that may be long is a list of pieces, so that it goes through a buffer of any size: `copy` fills what
//! room there is and is called again with the next offset. Its length is counted first, without writing anything.

use crate::error::{ConfigError, Error, MqttMisuse, MqttResource};
use crate::mqtt::options::{Filter, Options, Publish};

use super::{PacketId, QoS, first_byte, topic};

/// Most bytes that can follow a fixed header (section 2.2.3).
pub const MAX_REMAINING_LENGTH: usize = 268_435_455;

/// Bytes of the longest fixed header.
pub const MAX_FIXED_HEADER: usize = 5;

/// The fixed header of a packet, and its length.
///
/// # Errors
/// `PacketTooLong` above [`MAX_REMAINING_LENGTH`].
pub(crate) fn fixed_header(
    first: u8,
    remaining: usize,
) -> Result<([u8; MAX_FIXED_HEADER], usize), MqttMisuse> {
    if remaining > MAX_REMAINING_LENGTH {
        return Err(MqttMisuse::PacketTooLong);
    }
    let mut header = [first, 0, 0, 0, 0];
    let mut left = remaining;
    let mut length = 1;
    loop {
        header[length] = left as u8 & 0x7f;
        left >>= 7;
        if left == 0 {
            return Ok((header, length + 1));
        }
        header[length] |= 0x80;
        length += 1;
    }
}

/// A packet that is an identifier and nothing else: an acknowledgement.
pub(crate) fn acknowledgement(first: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [first, 2, high, low]
}

/// The first byte of a publish.
pub(crate) fn publish_first(qos: QoS, retain: bool, duplicate: bool) -> u8 {
    first_byte::PUBLISH
        | if duplicate { first_byte::DUPLICATE } else { 0 }
        | (qos as u8) << 1
        | if retain { first_byte::RETAIN } else { 0 }
}

/// Bytes of a publish before its payload, but for the fixed header.
pub(crate) fn publish_header_length(topic: &str, qos: QoS) -> usize {
    2 + topic.len() + if qos == QoS::AtMostOnce { 0 } else { 2 }
}

/// Takes the pieces of a packet one after the other.
type Put<'p> = &'p mut dyn FnMut(&[u8]);

/// A string or a password with its length; it was checked to be no longer than 65,535 bytes.
fn put_with_length(put: Put<'_>, piece: &[u8]) {
    put(&(piece.len() as u16).to_be_bytes());
    put(piece);
}

/// Writes what lies behind an offset and fits.
struct Window<'a> {
    skip: usize,
    room: &'a mut [u8],
    written: usize,
}

impl Window<'_> {
    fn put(&mut self, piece: &[u8]) {
        let skipped = self.skip.min(piece.len());
        self.skip -= skipped;
        let piece = &piece[skipped..];
        let room = &mut self.room[self.written..];
        let length = piece.len().min(room.len());
        room[..length].copy_from_slice(&piece[..length]);
        self.written += length;
    }
}

/// A packet of several pieces.
pub(crate) trait Pieces {
    /// Its first byte.
    fn first(&self) -> u8;

    /// Hands all that follows the fixed header to `put`.
    fn pieces(&self, put: Put<'_>);
}

/// Copies a packet from `offset` on into `room`; returns how much, and whether that was the rest.
pub(crate) fn copy(
    packet: &dyn Pieces,
    offset: usize,
    room: &mut [u8],
) -> Result<(usize, bool), MqttMisuse> {
    let mut remaining = 0;
    packet.pieces(&mut |piece| remaining += piece.len());
    let (header, header_length) = fixed_header(packet.first(), remaining)?;
    let mut window = Window {
        skip: offset,
        room,
        written: 0,
    };
    window.put(&header[..header_length]);
    packet.pieces(&mut |piece| window.put(piece));
    let written = window.written;
    Ok((written, offset + written == header_length + remaining))
}

/// CONNECT (section 3.1).
impl Pieces for Options<'_> {
    fn first(&self) -> u8 {
        first_byte::CONNECT
    }

    fn pieces(&self, put: Put<'_>) {
        let will = self.will.as_ref();
        let will_flags = will.map_or(0, |will| {
            0x04 | (will.qos as u8) << 3 | u8::from(will.retain) << 5
        });
        let flags = u8::from(self.clean_session) << 1
            | will_flags
            | u8::from(self.password.is_some()) << 6
            | u8::from(self.user_name.is_some()) << 7;
        let [high, low] = self.keep_alive.to_be_bytes();
        put(&[0, 4, b'M', b'Q', b'T', b'T', 4, flags, high, low]);
        put_with_length(put, self.client_id.as_bytes());
        let will = will.map(|will| [will.topic.as_bytes(), will.payload]);
        for piece in will.iter().flatten() {
            put_with_length(put, piece);
        }
        let user_name = self.user_name.map(str::as_bytes);
        for piece in [user_name, self.password].into_iter().flatten() {
            put_with_length(put, piece);
        }
    }
}

/// SUBSCRIBE (section 3.8), of the filters and QoS that an iterator gives.
pub(crate) struct Subscribe<I>(pub PacketId, pub I);

impl<'a, I: Iterator<Item = (&'a str, QoS)> + Clone> Pieces for Subscribe<I> {
    fn first(&self) -> u8 {
        first_byte::SUBSCRIBE
    }

    fn pieces(&self, put: Put<'_>) {
        put(&self.0.get().to_be_bytes());
        for (filter, qos) in self.1.clone() {
            put_with_length(put, filter.as_bytes());
            put(&[qos as u8]);
        }
    }
}

/// UNSUBSCRIBE (section 3.10), of the filters that an iterator gives.
pub(crate) struct Unsubscribe<I>(pub PacketId, pub I);

impl<'a, I: Iterator<Item = &'a str> + Clone> Pieces for Unsubscribe<I> {
    fn first(&self) -> u8 {
        first_byte::UNSUBSCRIBE
    }

    fn pieces(&self, put: Put<'_>) {
        put(&self.0.get().to_be_bytes());
        for filter in self.1.clone() {
            put_with_length(put, filter.as_bytes());
        }
    }
}

/// Writes a whole packet.
fn whole(packet: &dyn Pieces, into: &mut [u8]) -> Result<usize, Error> {
    match copy(packet, 0, into)? {
        (length, true) => Ok(length),
        _ => Err(MqttResource::Output.into()),
    }
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
    let remaining =
        publish_header_length(message.topic, message.qos).saturating_add(message.payload.len());
    let first = publish_first(message.qos, message.retain, duplicate && id.is_some());
    let (header, header_length) = fixed_header(first, remaining)?;
    if into.len() < header_length + remaining {
        return Err(MqttResource::Output.into());
    }
    let mut window = Window {
        skip: 0,
        room: into,
        written: 0,
    };
    window.put(&header[..header_length]);
    put_with_length(&mut |piece| window.put(piece), message.topic.as_bytes());
    if let Some(id) = id {
        window.put(&id.get().to_be_bytes());
    }
    window.put(message.payload);
    Ok(window.written)
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
    let filters = filters.iter().map(|filter| (filter.topic, filter.qos));
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
    whole(&Unsubscribe(id, filters.iter().copied()), into)
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
