//! What a session remembers of what is under way.

use core::fmt;

use crate::mqtt::options::Filter;
use crate::mqtt::packet::{PacketId, QoS};

/// An outgoing message that is not done with.
#[derive(Clone, Copy)]
pub(super) struct Outgoing {
    pub id: PacketId,
    pub qos: QoS,
    pub stage: Stage,
    /// Whether the store has it; otherwise it was published in pieces, and the program has it.
    pub stored: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Never sent.
    Queued,
    /// Sent, or begun to be sent, on an earlier connection.
    Again,
    /// Sent: PUBACK or PUBREC is awaited.
    Sent,
    /// PUBREL is to be sent.
    Release,
    /// PUBREL is sent: PUBCOMP is awaited.
    Released,
    /// Done with, and the program is to be told.
    Done,
}

/// An incoming message that is not done with.
#[derive(Clone, Copy)]
pub(super) struct Incoming {
    pub id: PacketId,
    pub qos: QoS,
    pub stage: Arrival,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The program has it, and has not acknowledged it.
    Delivered,
    /// The program has acknowledged it, and the broker is to be told.
    Acknowledged,
    /// QoS 2: PUBREC is sent, PUBREL is awaited.
    Received,
    /// The same, from before this connection, so that the broker may send the message again.
    ReceivedBefore,
}

/// A filter that is subscribed to, or is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'b> {
    pub(super) filter: Filter<'b>,
    /// Of the packet that is to be answered or was.
    pub(super) id: PacketId,
    pub(super) stage: Subscribing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subscribing {
    /// SUBSCRIBE is to be sent.
    Wanted,
    /// SUBACK is awaited.
    Asked,
    Granted(QoS),
    Refused,
    /// UNSUBSCRIBE is to be sent.
    Unwanted,
    /// UNSUBACK is awaited.
    Leaving,
}

impl<'b> Subscription<'b> {
    /// The filter.
    #[must_use]
    pub const fn filter(&self) -> &'b str {
        self.filter.topic
    }

    /// The QoS that was asked for.
    #[must_use]
    pub const fn requested(&self) -> QoS {
        self.filter.qos
    }

    /// The QoS that the broker grants, which may be lower; `None` if it refuses the filter, or has not answered.
    #[must_use]
    pub const fn granted(&self) -> Option<QoS> {
        match self.stage {
            Subscribing::Granted(qos) => Some(qos),
            _ => None,
        }
    }
}

impl fmt::Debug for Subscription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter)
            .field("stage", &self.stage)
            .finish()
    }
}

/// What [`acknowledge`](crate::mqtt::Session::acknowledge) is told: which message, of which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledge {
    pub(super) id: PacketId,
    pub(super) connection: u16,
}
