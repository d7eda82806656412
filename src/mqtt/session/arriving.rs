//! What comes in, and what it is answered with.

use crate::error::{Error, MqttResource, MqttViolation};
use crate::mqtt::packet::{Packet, PacketId, PublishHeader, QoS, encode};
use crate::mqtt::store::{Key, Store};

use super::Ready;
use super::events::Resumption;
use super::sending::Sending;
use super::slots::{Arrival, Incoming, Outgoing, Stage, Subscribing, Subscription};
use super::state::{Core, State};

/// What to do with a message.
pub(super) enum Arrived {
    /// There is no room for its answer, or the program has to acknowledge others first.
    Wait,
    /// It has been delivered before and is answered, or it comes again on the next connection.
    Discard,
    Deliver,
}

/// What to do with another packet.
pub(super) enum Answer {
    /// There is no room for its answer.
    Wait,
    Done,
    Tell(Ready),
}

impl<S: Store, const N: usize, const F: usize> Core<'_, S, N, F> {
    /// Appends an acknowledgement, if there is room and no packet is half sent.
    fn reply(&mut self, packet: [u8; 4]) -> bool {
        self.sending == Sending::Nothing && self.output.put(&packet)
    }

    pub fn arrive(&mut self, header: &PublishHeader<'_>) -> Result<Arrived, Error> {
        if self.state == State::Connecting {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        let Some(id) = header.id else {
            return Ok(Arrived::Deliver);
        };
        if let Some(&before) = self.incoming.iter().find(|message| message.id == id) {
            let is_again = before.qos == header.qos
                && (header.duplicate || before.stage == Arrival::ReceivedBefore);
            if !is_again {
                return Err(MqttViolation::PacketIdInUse.into());
            }
            // One that the program has not acknowledged is answered when it does.
            let is_answered = matches!(before.stage, Arrival::Delivered | Arrival::Acknowledged)
                || self.reply(encode::pubrec(id));
            return Ok(if is_answered {
                Arrived::Discard
            } else {
                Arrived::Wait
            });
        }
        let takes_slot = self.options.manual || header.qos == QoS::ExactlyOnce;
        if takes_slot && self.incoming.is_full() {
            let waits_for_program = |message: &Incoming| {
                matches!(message.stage, Arrival::Delivered | Arrival::Acknowledged)
            };
            if self.incoming.iter().any(waits_for_program) {
                return Ok(Arrived::Wait);
            }
            // What completes the others is behind it. They come first, and then this one on another connection.
            self.overflowed.get_or_insert(self.now);
        }
        if self.overflowed.is_some() && header.qos == QoS::ExactlyOnce {
            return Ok(Arrived::Discard);
        }
        if self.options.manual {
            let _ = self.incoming.push(Incoming {
                id,
                qos: header.qos,
                stage: Arrival::Delivered,
            });
        }
        Ok(Arrived::Deliver)
    }

    /// Acknowledges a message that the program has had; `false` without room.
    pub fn acknowledge_now(&mut self, id: PacketId, qos: QoS) -> bool {
        self.reply(match qos {
            QoS::ExactlyOnce => encode::pubrec(id),
            _ => encode::puback(id),
        })
    }

    /// Notes that the program is being handed a message of QoS 2, so that it is not handed it again.
    pub fn deliver_once(&mut self, id: PacketId) -> Result<(), Error> {
        if self.store.is_durable() {
            self.store.insert(Key::Received(id), &[])?;
        }
        self.incoming
            .push(Incoming {
                id,
                qos: QoS::ExactlyOnce,
                stage: Arrival::Received,
            })
            .map_err(|_| MqttResource::Incoming.into())
    }

    pub fn answer(&mut self, packet: Packet<'_>) -> Result<Answer, Error> {
        let is_connack = matches!(packet, Packet::ConnAck { .. });
        if is_connack != (self.state == State::Connecting) {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        match packet {
            Packet::ConnAck {
                refusal: Some(refusal),
                ..
            } => Err(refusal.into()),
            Packet::ConnAck {
                session_present, ..
            } => self.connected(session_present),
            Packet::PubAck(id) => {
                self.take(id, QoS::AtLeastOnce, Stage::Sent)?;
                self.remove(Key::Message(id))?;
                Ok(Answer::Tell(Ready::Published(id)))
            }
            Packet::PubRec(id) => self.release(id),
            Packet::PubComp(id) => {
                self.take(id, QoS::ExactlyOnce, Stage::Released)?;
                self.remove(Key::Release(id))?;
                Ok(Answer::Tell(Ready::Published(id)))
            }
            Packet::PubRel(id) => self.complete(id),
            Packet::SubAck { id, granted } => self.subscribed(id, granted),
            Packet::UnsubAck(id) => {
                let is_left = |stage| stage == Subscribing::Leaving;
                let before = self.subscriptions.len();
                if self.sending_id() == Some(id) {
                    return Err(MqttViolation::UnknownPacketId.into());
                }
                self.subscriptions
                    .retain(|one| one.id != id || !is_left(one.stage));
                if self.subscriptions.len() == before {
                    return Err(MqttViolation::UnknownPacketId.into());
                }
                Ok(Answer::Tell(Ready::Unsubscribed(id)))
            }
            Packet::PingResp => {
                if !core::mem::take(&mut self.pinged) {
                    return Err(MqttViolation::UnexpectedPingResp.into());
                }
                Ok(Answer::Done)
            }
            // The session sees to it before.
            Packet::Publish(_) => Ok(Answer::Wait),
        }
    }

    fn connected(&mut self, session_present: bool) -> Result<Answer, Error> {
        if session_present && self.options.clean_session {
            return Err(MqttViolation::SessionNotClean.into());
        }
        // It may have come before all of CONNECT was sent.
        if self.sending != Sending::Nothing {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        self.state = State::Connected;
        let had_session = core::mem::replace(&mut self.had_session, !self.options.clean_session);
        if session_present {
            return Ok(Answer::Tell(Ready::Connected(Resumption::Resumed)));
        }
        for index in 0..self.incoming.len() {
            self.remove(Key::Received(self.incoming[index].id))?;
        }
        self.incoming.clear();
        for index in 0..self.outgoing.len() {
            // The broker had said that it has it, so it is not sent again.
            if self.outgoing[index].stage == Stage::Release {
                self.outgoing[index].stage = Stage::Done;
                self.remove(Key::Release(self.outgoing[index].id))?;
            }
        }
        for one in &mut self.subscriptions {
            if one.stage != Subscribing::Unwanted {
                one.stage = Subscribing::Wanted;
            }
        }
        Ok(Answer::Tell(Ready::Connected(if had_session {
            Resumption::Lost
        } else {
            Resumption::New
        })))
    }

    /// Removes an outgoing message that is acknowledged: it must have been sent whole, with this QoS.
    fn take(&mut self, id: PacketId, qos: QoS, stage: Stage) -> Result<Outgoing, Error> {
        let index = self.find(id, qos, stage)?;
        Ok(self.outgoing.remove(index))
    }

    fn find(&self, id: PacketId, qos: QoS, stage: Stage) -> Result<usize, Error> {
        let is_it = |one: &Outgoing| (one.id, one.qos, one.stage) == (id, qos, stage);
        match self.outgoing.iter().position(is_it) {
            Some(index) if self.sending_id() != Some(id) => Ok(index),
            _ => Err(MqttViolation::UnknownPacketId.into()),
        }
    }

    /// The identifier of the packet that is half sent, so that nothing can acknowledge it.
    fn sending_id(&self) -> Option<PacketId> {
        match self.sending {
            Sending::Message(id, _) | Sending::Subscribe(id, _) | Sending::Unsubscribe(id, _) => {
                Some(id)
            }
            Sending::Pieces(id, left) => id.filter(|_| left > 0),
            Sending::Nothing | Sending::Connect(_) => None,
        }
    }

    /// Removes an item from the store, where there is one: what was published in pieces has none.
    fn remove(&mut self, key: Key) -> Result<(), Error> {
        self.store.remove(key).map_err(Error::from)
    }

    /// PUBREC: the message has arrived, and need not be kept any longer.
    fn release(&mut self, id: PacketId) -> Result<Answer, Error> {
        if let Ok(index) = self.find(id, QoS::ExactlyOnce, Stage::Released) {
            // Said twice: it is answered twice.
            self.outgoing[index].stage = Stage::Release;
            return Ok(Answer::Done);
        }
        let index = self.find(id, QoS::ExactlyOnce, Stage::Sent)?;
        if self.store.is_durable() {
            self.store.insert(Key::Release(id), &[])?;
        }
        self.remove(Key::Message(id))?;
        let mut message = self.outgoing.remove(index);
        message.stage = Stage::Release;
        let released = self.released();
        let _ = self.outgoing.insert(released, message);
        Ok(Answer::Done)
    }

    /// PUBREL: the broker will not send the message again.
    fn complete(&mut self, id: PacketId) -> Result<Answer, Error> {
        let found = self.incoming.iter().position(|message| message.id == id);
        if let Some(index) = found {
            let is_received = matches!(
                self.incoming[index].stage,
                Arrival::Received | Arrival::ReceivedBefore
            );
            if !is_received {
                return Err(MqttViolation::UnknownPacketId.into());
            }
            if self.sending != Sending::Nothing || self.output.room().len() < 4 {
                return Ok(Answer::Wait);
            }
            self.remove(Key::Received(id))?;
            self.incoming.remove(index);
        }
        // A device that has lost its memory is asked about what it does not remember; the broker needs an answer.
        Ok(if self.reply(encode::pubcomp(id)) {
            Answer::Done
        } else {
            Answer::Wait
        })
    }

    fn subscribed(&mut self, id: PacketId, granted: &[u8]) -> Result<Answer, Error> {
        if self.sending_id() == Some(id) {
            return Err(MqttViolation::UnknownPacketId.into());
        }
        let is_asked = |one: &Subscription<'_>| one.id == id && one.stage == Subscribing::Asked;
        match (self.subscriptions.iter())
            .filter(|one| is_asked(one))
            .count()
        {
            0 => return Err(MqttViolation::UnknownPacketId.into()),
            asked if asked != granted.len() => return Err(MqttViolation::GrantedCount.into()),
            _ => {}
        }
        let asked = self.subscriptions.iter_mut().filter(|one| is_asked(one));
        for (one, &code) in asked.zip(granted) {
            one.stage = QoS::from_number(code).map_or(Subscribing::Refused, Subscribing::Granted);
        }
        Ok(Answer::Tell(Ready::Subscribed(id)))
    }
}
