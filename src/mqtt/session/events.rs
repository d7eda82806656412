//! What a session tells the program.

use crate::mqtt::packet::{PacketId, QoS, Topic};

use super::slots::{Acknowledge, Subscription};

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The broker has accepted the connection.
    Connected(Resumption),
    /// A message, whole.
    Message(Message<'a>),
    /// A message that is larger than the input buffer begins: its pieces follow.
    Begin(Message<'a>),
    /// The next piece of the message that has begun.
    Piece {
        /// At least one byte.
        data: &'a [u8],
        /// Whether it is the last.
        last: bool,
    },
    /// A message of QoS 1 or 2 has arrived at the broker.
    Published(PacketId),
    /// The broker has answered a SUBSCRIBE.
    Subscribed {
        /// What [`subscribe`](crate::mqtt::Session::subscribe) returned; also where subscriptions are renewed.
        id: PacketId,
        /// Its filters, in their order, with what was granted. Refused ones are forgotten after this.
        subscriptions: &'a [Subscription<'a>],
    },
    /// The broker has answered an UNSUBSCRIBE.
    Unsubscribed(PacketId),
    /// A message that was published in pieces was not acknowledged before the connection was lost. Nothing else is
    /// published before it is supplied again.
    SupplyAgain(PacketId),
}

/// Whether the broker has kept the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// A new session, as was to be expected.
    New,
    /// The session from before: messages that came in the meantime follow.
    Resumed,
    /// There was a session, and the broker has lost it. Subscriptions are renewed; messages that came in the meantime are
    /// lost; unacknowledged ones are sent again, those of QoS 2 too, of which the broker may have one already.
    Lost,
}

/// A message from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Where it was published to.
    pub topic: Topic<'a>,
    /// The payload; empty with [`Event::Begin`].
    pub payload: &'a [u8],
    /// Bytes of the whole payload.
    pub length: usize,
    /// The QoS it is delivered with.
    pub qos: QoS,
    /// Whether the broker had kept it, and delivers it because of a new subscription.
    pub retain: bool,
    /// Whether it may have been delivered before; with QoS 2 it has not been.
    pub duplicate: bool,
    /// What to acknowledge it with, if [`acknowledge_manually`](crate::mqtt::Options::acknowledge_manually) is set and its
    /// QoS is 1 or 2; for a message in pieces, after the last.
    pub acknowledge: Option<Acknowledge>,
}

/// What became of a message that was to be published.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Publication<const N: usize> {
    /// What [`Event::Published`] will name; `None` with QoS 0, or if the message was dropped.
    pub id: Option<PacketId>,
    /// Whether the message itself was dropped, by [`Overflow::DropNewest`](crate::mqtt::Overflow::DropNewest).
    pub dropped: bool,
    /// Messages that were dropped to make room, by [`Overflow::DropOldest`](crate::mqtt::Overflow::DropOldest), as they were
    /// named when they were published; those of QoS 0 as well, by a number that was not told.
    pub displaced: heapless::Vec<PacketId, N>,
}

impl<const N: usize> Publication<N> {
    pub(super) const fn new() -> Self {
        Publication {
            id: None,
            dropped: false,
            displaced: heapless::Vec::new(),
        }
    }
}
