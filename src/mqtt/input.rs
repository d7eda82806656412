//! The input buffer: what has come and has not been used up.

use crate::error::{Error, MqttResource};

use super::packet::{Packet, Progress, decode};

/// Bytes from the broker, in the program's buffer.
///
/// Also a decoder by itself: put bytes into [`room`](Self::room), say so with [`received`](Self::received), and take
/// [`next`](Self::next).
///
/// ```
/// use bearcub::mqtt::{Input, Item};
/// use bearcub::mqtt::packet::Packet;
///
/// let mut buffer = [0; 32];
/// let mut input = Input::new(&mut buffer);
/// for byte in *b"\x30\x07\x00\x03a/b21\xd0\x00" {
///     input.room()[0] = byte;
///     input.received(1);
///     match input.next()? {
///         Some(Item::Packet(Packet::Publish(header))) => assert_eq!(header.topic, "a/b"),
///         Some(Item::Payload(piece)) => assert!(b"21".contains(&piece[0])),
///         Some(Item::Packet(packet)) => assert_eq!(packet, Packet::PingResp),
///         None => {}
///     }
/// }
/// # Ok::<(), bearcub::Error>(())
/// ```
pub struct Input<'b> {
    buffer: &'b mut [u8],
    start: usize,
    end: usize,
    /// Bytes of payload that belong to the publish whose header has been taken.
    payload: usize,
}

/// What [`Input::next`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A packet, or the header of a publish.
    Packet(Packet<'a>),
    /// Bytes of the payload of the publish before, at least one.
    Payload(&'a [u8]),
}

impl<'b> Input<'b> {
    /// An empty one. A packet that is not a publish, and the header of a publish, must fit `buffer`.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Input {
            buffer,
            start: 0,
            end: 0,
            payload: 0,
        }
    }

    /// Where bytes from the broker go; empty while the buffer is full.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        &mut self.buffer[self.end..]
    }

    /// Says that `length` bytes have been put at the start of [`room`](Self::room). More than there was room for are not
    /// counted.
    pub fn received(&mut self, length: usize) {
        self.end = self.buffer.len().min(self.end.saturating_add(length));
    }

    /// The next packet, or the next part of a payload; `None` if more bytes are needed.
    ///
    /// # Errors
    /// The rule that the bytes violate, or `Input` if the packet does not fit the buffer.
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.payload > 0 {
            let length = self.payload_here();
            let start = self.start;
            self.consume_payload(length);
            let piece = &self.buffer[start..start + length];
            return Ok((length > 0).then_some(Item::Payload(piece)));
        }
        let Some((packet, length)) =
            packet_in(&self.buffer[self.start..self.end], self.buffer.len())?
        else {
            return Ok(None);
        };
        self.start += length;
        if let Packet::Publish(header) = packet {
            self.payload = header.payload_length;
        }
        Ok(Some(Item::Packet(packet)))
    }

    /// The packet at the start, not yet consumed, and its length; the buffer is at a packet's beginning.
    pub(super) fn peek(&self) -> Result<Option<(Packet<'_>, usize)>, Error> {
        packet_in(self.bytes(), self.buffer.len())
    }

    /// All bytes that are there.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.start = self.end.min(self.start + length);
    }

    /// Begins a payload of that length.
    pub(super) fn expect_payload(&mut self, length: usize) {
        self.payload = length;
    }

    /// Bytes of the payload that have not been consumed.
    pub(super) fn payload_left(&self) -> usize {
        self.payload
    }

    /// Bytes of the payload that are there.
    pub(super) fn payload_here(&self) -> usize {
        self.payload.min(self.end - self.start)
    }

    pub(super) fn consume_payload(&mut self, length: usize) {
        self.consume(length);
        self.payload -= length;
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end, self.payload) = (0, 0, 0);
    }
}

fn packet_in(bytes: &[u8], capacity: usize) -> Result<Option<(Packet<'_>, usize)>, Error> {
    match decode(bytes)? {
        Progress::Packet(packet, length) => Ok(Some((packet, length))),
        Progress::Incomplete(more) if bytes.len() + more > capacity => {
            Err(MqttResource::Input.into())
        }
        Progress::Incomplete(_) => Ok(None),
    }
}
