//! What comes in, and what it is answered with.

use crate::error::MqttViolation;
use crate::mqtt::cause::Cause;
use crate::mqtt::packet::{Packet, PacketId, PublishHeader, QoS, encode, first_byte};
use crate::mqtt::store::{Key, Store};

use super::Ready;
use super::events::Resumption;
use super::sending::What;
use super::slots::{Slot, Stage, Subscribing, Subscription};
use super::state::{Core, State};

/// What to do with a message.
pub(super) enum Arrived {
    /// It has been delivered before and is answered, or it comes again on the next connection.
    Discard,
    Deliver,
}

impl<S: Store, const N: usize, const F: usize> Core<'_, S, N, F> {
    /// Appends an acknowledgement; `NOT_NOW` if there is no room, or a packet is half sent.
    pub fn reply(&mut self, first: u8, id: PacketId) -> Result<(), Cause> {
        if self.sending.what == What::Nothing {
            self.put_short(&encode::acknowledgement(first, id.get()))
        } else {
            Err(Cause::NOT_NOW)
        }
    }

    /// What to do with a message; `NOT_NOW` if there is no room for its answer, or the program has to acknowledge others first.
    pub fn arrive(&mut self, header: &PublishHeader<'_>) -> Result<Arrived, Cause> {
        if self.state == State::Connecting {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        let Some(id) = header.id else {
            return Ok(Arrived::Deliver);
        };
        if let Some(&mut Slot { qos, stage, .. }) = self.incoming.of(id) {
            let is_again =
                qos == header.qos && (header.duplicate || stage == Stage::ReceivedBefore);
            if !is_again {
                return Err(MqttViolation::PacketIdInUse.into());
            }
            // One that the program has not acknowledged is answered when it does.
            if !stage.is_with_program() {
                self.reply(first_byte::PUBREC, id)?;
            }
            return Ok(Arrived::Discard);
        }
        let takes_slot = self.options.manual || header.qos == QoS::ExactlyOnce;
        if takes_slot && self.incoming.is_full() {
            if (self.incoming.all().iter()).any(|slot| slot.stage.is_with_program()) {
                return Err(Cause::NOT_NOW);
            }
            // What completes the others is behind it. They come first, and then this one on another connection.
            self.overflowed.get_or_insert(self.now);
        }
        if self.overflowed.is_some() && header.qos == QoS::ExactlyOnce {
            return Ok(Arrived::Discard);
        }
        if self.options.manual {
            self.incoming.push(id, header.qos, Stage::Delivered);
        }
        Ok(Arrived::Deliver)
    }

    /// Acknowledges a message that the program has had; `NOT_NOW` without room.
    pub fn acknowledge_now(&mut self, id: PacketId, qos: QoS) -> Result<(), Cause> {
        let first = match qos {
            QoS::ExactlyOnce => first_byte::PUBREC,
            _ => first_byte::PUBACK,
        };
        self.reply(first, id)
    }

    /// Notes that the program is being handed a message of QoS 2, so that it is not handed it again.
    pub fn deliver_once(&mut self, id: PacketId) -> Result<(), Cause> {
        if self.store.is_durable() {
            self.store.insert(Key::Received(id), &[])?;
        }
        self.push_incoming(id, Stage::Received)
    }

    /// Works on a packet that is no publish, and notes what it tells the program; `NOT_NOW` if there is no room for its
    /// answer.
    pub fn answer(&mut self, packet: &Packet<'_>) -> Result<(), Cause> {
        let is_connack = matches!(packet, Packet::ConnAck { .. });
        if is_connack != (self.state == State::Connecting) {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        self.ready = match *packet {
            Packet::ConnAck {
                refusal: Some(refusal),
                ..
            } => return Err(refusal.into()),
            Packet::ConnAck {
                session_present, ..
            } => Ready::Connected(self.connected(session_present)?),
            Packet::PubAck(id) => {
                self.find_sent(id, QoS::AtLeastOnce)?;
                self.finish(id, Key::Message(id))?
            }
            Packet::PubRec(id) => {
                self.release(id)?;
                Ready::Nothing
            }
            Packet::PubComp(id) => {
                if self.find_sent(id, QoS::ExactlyOnce)?.stage != Stage::Released {
                    return Err(MqttViolation::UnknownPacketId.into());
                }
                self.finish(id, Key::Release(id))?
            }
            Packet::PubRel(id) => return self.complete(id),
            Packet::SubAck { id, granted } => {
                self.answered(id, Subscribing::Asked, Some(granted))?;
                Ready::Subscribed(id)
            }
            Packet::UnsubAck(id) => {
                self.answered(id, Subscribing::Leaving, None)?;
                self.subscriptions.forget_refused();
                Ready::Unsubscribed(id)
            }
            Packet::PingResp => {
                if !core::mem::take(&mut self.pinged) {
                    return Err(MqttViolation::UnexpectedPingResp.into());
                }
                Ready::Nothing
            }
            // The session sees to it before.
            Packet::Publish(_) => return Err(Cause::NOT_NOW),
        };
        Ok(())
    }

    fn connected(&mut self, session_present: bool) -> Result<Resumption, Cause> {
        if session_present && self.options.clean_session {
            return Err(MqttViolation::SessionNotClean.into());
        }
        // It may have come before all of CONNECT was sent.
        if self.sending.what != What::Nothing {
            return Err(MqttViolation::ConnAckOrder.into());
        }
        self.state = State::Connected;
        let had_session = core::mem::replace(&mut self.had_session, !self.options.clean_session);
        if session_present {
            return Ok(Resumption::Resumed);
        }
        for slot in self.incoming.all() {
            self.store.remove(Key::Received(slot.id))?;
        }
        self.incoming.clear();
        for slot in self.outgoing.all_mut() {
            // The broker had said that it has it, so it is not sent again.
            if slot.stage == Stage::Release {
                slot.stage = Stage::Done;
                self.store.remove(Key::Release(slot.id))?;
            }
        }
        for one in self.subscriptions.all_mut() {
            if one.stage != Subscribing::Unwanted {
                one.stage = Subscribing::Wanted;
            }
        }
        Ok(if had_session {
            Resumption::Lost
        } else {
            Resumption::New
        })
    }

    /// The outgoing message that is answered: it must have been sent whole, with this QoS.
    fn find_sent(&mut self, id: PacketId, qos: QoS) -> Result<&mut Slot, Cause> {
        self.check_sent(id)?;
        match self.outgoing.of(id) {
            Some(slot) if slot.qos == qos && !slot.stage.is_waiting() => Ok(slot),
            _ => Err(MqttViolation::UnknownPacketId.into()),
        }
    }

    /// Nothing can answer the packet that is half sent.
    fn check_sent(&self, id: PacketId) -> Result<(), Cause> {
        let is_whole = self.sending.what == What::Pieces && self.sending.count == 0;
        if self.sending.id == Some(id) && !is_whole {
            return Err(MqttViolation::UnknownPacketId.into());
        }
        Ok(())
    }

    /// Removes an outgoing message that has arrived, also from the store; what was published in pieces is not there.
    fn finish(&mut self, id: PacketId, key: Key) -> Result<Ready, Cause> {
        self.outgoing.remove(id);
        self.store.remove(key)?;
        Ok(Ready::Published(id))
    }

    /// PUBREC: the message has arrived, and need not be kept any longer.
    fn release(&mut self, id: PacketId) -> Result<(), Cause> {
        let slot = self.find_sent(id, QoS::ExactlyOnce)?;
        match slot.stage {
            // Said twice: it is answered twice.
            Stage::Released => {
                slot.stage = Stage::Release;
                return Ok(());
            }
            Stage::Sent | Stage::Supplied => {}
            _ => return Err(MqttViolation::UnknownPacketId.into()),
        }
        if self.store.is_durable() {
            self.store.insert(Key::Release(id), &[])?;
        }
        self.store.remove(Key::Message(id))?;
        self.outgoing.remove(id);
        self.push_outgoing(id, QoS::ExactlyOnce, Stage::Release)
    }

    /// PUBREL: the broker will not send the message again. `NOT_NOW` if there is no room for its answer.
    fn complete(&mut self, id: PacketId) -> Result<(), Cause> {
        let known = self.incoming.of(id).map(|slot| slot.stage);
        if known.is_some_and(Stage::is_with_program) {
            return Err(MqttViolation::UnknownPacketId.into());
        }
        if self.sending.what != What::Nothing || self.output.room().len() < 4 {
            return Err(Cause::NOT_NOW);
        }
        // A device that has lost its memory is asked about what it does not remember; the broker needs an answer.
        if known.is_some() {
            self.store.remove(Key::Received(id))?;
            self.incoming.remove(id);
        }
        self.reply(first_byte::PUBCOMP, id)
    }

    /// SUBACK or UNSUBACK: what was asked with that identifier is granted, refused, or done with.
    fn answered(
        &mut self,
        id: PacketId,
        asked: Subscribing,
        granted: Option<&[u8]>,
    ) -> Result<(), Cause> {
        self.check_sent(id)?;
        let is_asked = |one: &Subscription<'_>| one.id == id && one.stage == asked;
        let mut count = 0;
        for one in self.subscriptions.all() {
            count += usize::from(is_asked(one));
        }
        if count == 0 {
            return Err(MqttViolation::UnknownPacketId.into());
        }
        if granted.is_some_and(|codes| codes.len() != count) {
            return Err(MqttViolation::GrantedCount.into());
        }
        let mut codes = granted.unwrap_or_default().iter();
        for one in self.subscriptions.all_mut() {
            if is_asked(one) {
                one.stage = Subscribing::Refused;
                if let Some(qos) = codes.next().and_then(|&code| QoS::from_number(code)) {
                    (one.stage, one.qos) = (Subscribing::Granted, qos);
                }
            }
        }
        Ok(())
    }
}
