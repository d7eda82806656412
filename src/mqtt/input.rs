//! The input buffer: what has come and has not been used up.

use crate::error::{Error, MqttResource};

use super::cause::Cause;
use super::packet::decode::read;
use super::packet::{Packet, Progress, PublishHeader};
use super::queue::Queue;

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
    queue: Queue<'b>,
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
    #[inline]
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Input {
            queue: Queue::new(buffer),
            payload: 0,
        }
    }

    /// Where bytes from the broker go; empty while the buffer is full.
    #[inline]
    pub fn room(&mut self) -> &mut [u8] {
        self.queue.room()
    }

    /// Says that `length` bytes have been put at the start of [`room`](Self::room). More than there was room for are not
    /// counted.
    #[inline]
    pub fn received(&mut self, length: usize) {
        self.queue.filled(length);
    }

    /// The next packet, or the next part of a payload; `None` if more bytes are needed.
    ///
    /// # Errors
    /// The rule that the bytes violate, or `Input` if the packet does not fit the buffer.
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Error> {
        if self.payload > 0 {
            let piece = self.take_payload(self.payload_here());
            return Ok((!piece.is_empty()).then_some(Item::Payload(piece)));
        }
        let (packet, length) = match self.peek()? {
            Progress::Packet(packet, length) => (packet, length),
            Progress::Incomplete(more) => {
                self.check_room(more)?;
                return Ok(None);
            }
        };
        if let Packet::Publish(PublishHeader { payload_length, .. }) = packet {
            self.payload = payload_length;
        }
        match read(self.queue.take(length))? {
            Progress::Packet(packet, _) => Ok(Some(Item::Packet(packet))),
            Progress::Incomplete(_) => Ok(None),
        }
    }

    /// How far the bytes go that are there; the buffer is at a packet's beginning.
    #[inline]
    pub(super) fn peek(&self) -> Result<Progress<'_>, Cause> {
        read(self.bytes())
    }

    /// Whether the buffer can hold so many bytes more of a packet.
    pub(super) fn check_room(&self, more: usize) -> Result<(), Cause> {
        if self.length() + more > self.capacity() {
            return Err(MqttResource::Input.into());
        }
        Ok(())
    }

    #[inline]
    pub(super) fn length(&self) -> usize {
        self.queue.length()
    }

    /// All bytes that are there.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.queue.bytes()
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Takes a packet away, or the header of a publish with a payload of that length.
    #[inline]
    pub(super) fn take_packet(&mut self, length: usize, payload: usize) {
        self.queue.take(length);
        self.payload = payload;
    }

    /// Takes away that much of a payload, which is there.
    #[inline]
    pub(super) fn take_payload(&mut self, length: usize) -> &[u8] {
        self.payload -= length;
        self.queue.take(length)
    }

    /// Bytes of the payload that have not been consumed.
    #[inline]
    pub(super) fn payload_left(&self) -> usize {
        self.payload
    }

    /// Bytes of the payload that are there.
    #[inline]
    pub(super) fn payload_here(&self) -> usize {
        self.payload.min(self.queue.length())
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.payload = 0;
    }
}
