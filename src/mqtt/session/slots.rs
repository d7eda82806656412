//! What a session remembers of what is under way.

use core::fmt;

use heapless::Vec;

use crate::mqtt::options::Filter;
use crate::mqtt::packet::{PacketId, QoS};

/// A message that is not done with.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub id: PacketId,
    pub qos: QoS,
    pub stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Outgoing: never sent.
    Queued,
    /// Sent, or begun to be sent, on an earlier connection, and the store has it.
    Again,
    /// The same, but the program has it: it was published in pieces.
    SupplyAgain,
    /// Sent from the store: PUBACK or PUBREC is awaited.
    Sent,
    /// The same, but sent in pieces.
    Supplied,
    /// PUBREL is to be sent.
    Release,
    /// PUBREL is sent: PUBCOMP is awaited.
    Released,
    /// Done with, and the program is to be told.
    Done,
    /// Incoming: the program has it, and has not acknowledged it.
    Delivered,
    /// The program has acknowledged it, and the broker is to be told.
    Acknowledged,
    /// QoS 2: PUBREC is sent, PUBREL is awaited.
    Received,
    /// The same, from before this connection, so that the broker may send the message again.
    ReceivedBefore,
}

impl Stage {
    /// Whether the message, or the rest of it, is to be sent.
    #[inline]
    pub fn is_waiting(self) -> bool {
        matches!(self, Stage::Queued | Stage::Again | Stage::SupplyAgain)
    }

    /// Whether the message is in the program's hands.
    #[inline]
    pub fn is_with_program(self) -> bool {
        matches!(self, Stage::Delivered | Stage::Acknowledged)
    }
}

/// The messages of one direction, no two of which have the same identifier, in the order in which they came to their stage.
pub(super) struct Slots<const N: usize>(Vec<Slot, N>);

impl<const N: usize> Slots<N> {
    pub fn new() -> Self {
        Slots(Vec::new())
    }

    /// All; the compiler is told where there can be none, and leaves out what deals with them.
    pub fn all(&self) -> &[Slot] {
        if N == 0 { &[] } else { &self.0 }
    }

    pub fn all_mut(&mut self) -> &mut [Slot] {
        if N == 0 { &mut [] } else { &mut self.0 }
    }

    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.all().len() == N
    }

    /// The one with an identifier.
    pub fn of(&mut self, id: PacketId) -> Option<&mut Slot> {
        self.all_mut().iter_mut().find(|slot| slot.id == id)
    }

    /// The first at a stage.
    pub fn at(&mut self, stage: Stage) -> Option<&mut Slot> {
        self.all_mut().iter_mut().find(|slot| slot.stage == stage)
    }

    /// The first that is to be sent.
    pub fn waiting(&mut self) -> Option<&mut Slot> {
        let mut all = self.all_mut().iter_mut();
        all.find(|slot| slot.stage.is_waiting())
    }

    /// Adds one at the end; `false` if all slots are taken.
    #[inline(never)]
    pub fn push(&mut self, id: PacketId, qos: QoS, stage: Stage) -> bool {
        N > 0 && self.0.push(Slot { id, qos, stage }).is_ok()
    }

    pub fn remove(&mut self, id: PacketId) {
        retain(&mut self.0, |slot| slot.id != id);
    }

    #[inline]
    pub fn retain(&mut self, keep: impl FnMut(&mut Slot) -> bool) {
        retain(&mut self.0, keep);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Keeps some, in their order. `Vec` has that too, in four times the code: it provides for what needs dropping.
fn retain<T: Copy, const N: usize>(all: &mut Vec<T, N>, mut keep: impl FnMut(&mut T) -> bool) {
    if N == 0 {
        return;
    }
    let mut kept = 0;
    for index in 0..all.len() {
        let Some((before, [one, ..])) = all.split_at_mut_checked(index) else {
            break;
        };
        if keep(one) {
            if let Some(place) = before.get_mut(kept) {
                *place = *one;
            }
            kept += 1;
        }
    }
    all.truncate(kept);
}

/// The filters that are remembered, no two of which are the same.
pub(super) struct Subscriptions<'b, const F: usize>(Vec<Subscription<'b>, F>);

impl<'b, const F: usize> Subscriptions<'b, F> {
    pub fn new() -> Self {
        Subscriptions(Vec::new())
    }

    pub fn all(&self) -> &[Subscription<'b>] {
        if F == 0 { &[] } else { &self.0 }
    }

    pub fn all_mut(&mut self) -> &mut [Subscription<'b>] {
        if F == 0 { &mut [] } else { &mut self.0 }
    }

    /// The one with that filter.
    pub fn of(&mut self, filter: &str) -> Option<&mut Subscription<'b>> {
        let mut all = self.all_mut().iter_mut();
        all.find(|one| one.filter.topic == filter)
    }

    /// Adds one at the end, for which there is room.
    pub fn push(&mut self, id: PacketId, filter: Filter<'b>) {
        let _ = self.0.push(Subscription {
            filter,
            id,
            stage: Subscribing::Wanted,
            qos: QoS::AtMostOnce,
        });
    }

    pub fn forget_refused(&mut self) {
        retain(&mut self.0, |one| one.stage != Subscribing::Refused);
    }
}

/// A filter that is subscribed to, or is to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'b> {
    pub(super) filter: Filter<'b>,
    /// Of the packet that is to be answered or was.
    pub(super) id: PacketId,
    pub(super) stage: Subscribing,
    /// Once it is granted.
    pub(super) qos: QoS,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subscribing {
    /// SUBSCRIBE is to be sent.
    Wanted,
    /// SUBACK is awaited.
    Asked,
    Granted,
    /// Refused or done with: to be forgotten.
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
            Subscribing::Granted => Some(self.qos),
            _ => None,
        }
    }
}

impl fmt::Debug for Subscription<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter)
            .field("stage", &self.stage)
            .field("granted", &self.granted())
            .finish()
    }
}

/// What [`acknowledge`](crate::mqtt::Session::acknowledge) is told: which message, of which connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledge {
    pub(super) id: PacketId,
    pub(super) connection: u16,
}
