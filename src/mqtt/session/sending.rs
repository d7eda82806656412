//! What goes out: one packet after the other into the output buffer, each as far as there is room.

use crate::error::{ConfigError, Error, MqttMisuse, MqttResource};
use crate::mqtt::options::{Filter, Overflow, Publish};
use crate::mqtt::packet::encode::{
    self, MAX_FIXED_HEADER, MAX_REMAINING_LENGTH, Subscribe, Unsubscribe,
};
use crate::mqtt::packet::{PacketId, QoS, first_byte};
use crate::mqtt::store::{Key, Store};

use super::events::Publication;
use super::slots::{Acknowledge, Arrival, Incoming, Outgoing, Stage, Subscribing, Subscription};
use super::state::{Core, State};

/// The packet that is half in the output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    Nothing,
    /// CONNECT, so many bytes of it.
    Connect(u32),
    /// A message from the store, its item so far.
    Message(PacketId, u32),
    Subscribe(PacketId, u32),
    Unsubscribe(PacketId, u32),
    /// A message in pieces, and how many bytes the program has yet to supply.
    Pieces(Option<PacketId>, u32),
}

impl<'b, S: Store, const N: usize, const F: usize> Core<'b, S, N, F> {
    /// Puts into the output what is to be sent and fits.
    pub fn fill_output(&mut self) -> Result<(), Error> {
        loop {
            let is_going_on = match self.sending {
                Sending::Nothing => self.begin_packet()?,
                Sending::Pieces(_, left) => {
                    if left > 0 {
                        return Ok(());
                    }
                    self.sending = Sending::Nothing;
                    true
                }
                Sending::Connect(offset) => {
                    let copied = encode::copy(self.options, offset as usize, self.output.room())?;
                    self.advance(copied, Sending::Connect, offset)
                }
                Sending::Message(id, offset) => self.go_on_with_message(id, offset)?,
                Sending::Subscribe(id, offset) => {
                    let filters = self.subscriptions.iter();
                    let filters = filters
                        .filter(|one| one.id == id && one.stage == Subscribing::Asked)
                        .map(|one| (one.filter.topic, one.filter.qos));
                    let copied =
                        encode::copy(&Subscribe(id, filters), offset as usize, self.output.room())?;
                    self.advance(copied, |offset| Sending::Subscribe(id, offset), offset)
                }
                Sending::Unsubscribe(id, offset) => {
                    let filters = self.subscriptions.iter();
                    let filters = filters
                        .filter(|one| one.id == id && one.stage == Subscribing::Leaving)
                        .map(|one| one.filter.topic);
                    let copied = encode::copy(
                        &Unsubscribe(id, filters),
                        offset as usize,
                        self.output.room(),
                    )?;
                    self.advance(copied, |offset| Sending::Unsubscribe(id, offset), offset)
                }
            };
            if !is_going_on {
                return Ok(());
            }
        }
    }

    /// Notes that bytes of a packet have been copied; whether it was the rest.
    fn advance(
        &mut self,
        (length, is_rest): (usize, bool),
        sending: impl FnOnce(u32) -> Sending,
        offset: u32,
    ) -> bool {
        self.output.filled(length);
        self.sending = if is_rest {
            Sending::Nothing
        } else {
            sending(offset + length as u32)
        };
        is_rest
    }

    /// Copies more of a stored message; whether it was the rest. The item is the packet with its first byte alone for the
    /// fixed header.
    fn go_on_with_message(&mut self, id: PacketId, offset: u32) -> Result<bool, Error> {
        let key = Key::Message(id);
        let length = self.store.read(key, offset as usize, self.output.room())?;
        self.output.filled(length);
        let offset = offset + length as u32;
        if (offset as usize) < self.store.length(key)? {
            self.sending = Sending::Message(id, offset);
            return Ok(false);
        }
        self.sending = Sending::Nothing;
        let is_done = |message: &Outgoing| message.id == id && message.qos == QoS::AtMostOnce;
        if let Some(index) = self.outgoing.iter().position(is_done) {
            self.outgoing.remove(index);
            self.store.remove(key)?;
        }
        Ok(true)
    }

    /// Begins the packet that is next; `false` if there is none, or no room.
    fn begin_packet(&mut self) -> Result<bool, Error> {
        match self.state {
            State::Connected => {}
            State::Closing => {
                if self.output.put(&encode::DISCONNECT) {
                    self.state = State::Closed;
                }
                return Ok(false);
            }
            _ => return Ok(false),
        }
        if self.is_ping_due() {
            self.pinged = self.output.put(&encode::PINGREQ);
            return Ok(self.pinged);
        }
        if let Some(is_sent) = self.send_acknowledgement() {
            return Ok(is_sent);
        }
        if let Some(message) = (self.outgoing.iter_mut()).find(|one| one.stage == Stage::Release) {
            let is_sent = self.output.put(&encode::pubrel(message.id));
            if is_sent {
                message.stage = Stage::Released;
            }
            return Ok(is_sent);
        }
        if self.begin_subscribing() {
            return Ok(true);
        }
        self.begin_message()
    }

    /// Sends the first acknowledgement that the program has given; `None` if there is none, `false` without room.
    fn send_acknowledgement(&mut self) -> Option<bool> {
        let index = (self.incoming.iter()).position(|one| one.stage == Arrival::Acknowledged)?;
        let message = &mut self.incoming[index];
        if message.qos == QoS::ExactlyOnce {
            let is_sent = self.output.put(&encode::pubrec(message.id));
            if is_sent {
                message.stage = Arrival::Received;
            }
            return Some(is_sent);
        }
        let is_sent = self.output.put(&encode::puback(message.id));
        if is_sent {
            self.incoming.remove(index);
        }
        Some(is_sent)
    }

    /// Begins the SUBSCRIBE or UNSUBSCRIBE that is wanted first.
    fn begin_subscribing(&mut self) -> bool {
        let is_wanted = |one: &&Subscription<'_>| {
            matches!(one.stage, Subscribing::Wanted | Subscribing::Unwanted)
        };
        let Some(&Subscription { id, stage, .. }) = self.subscriptions.iter().find(is_wanted)
        else {
            return false;
        };
        let (asked, sending) = match stage {
            Subscribing::Wanted => (Subscribing::Asked, Sending::Subscribe(id, 0)),
            _ => (Subscribing::Leaving, Sending::Unsubscribe(id, 0)),
        };
        for one in &mut self.subscriptions {
            if one.id == id && one.stage == stage {
                one.stage = asked;
            }
        }
        self.sending = sending;
        true
    }

    /// Begins the message that is to be sent first.
    fn begin_message(&mut self) -> Result<bool, Error> {
        let is_waiting =
            |message: &&mut Outgoing| matches!(message.stage, Stage::Queued | Stage::Again);
        let Some(message) = self.outgoing.iter_mut().find(is_waiting) else {
            return Ok(false);
        };
        if !message.stored || self.output.room().len() < MAX_FIXED_HEADER {
            return Ok(false);
        }
        let key = Key::Message(message.id);
        let mut first = [0];
        self.store.read(key, 0, &mut first)?;
        if message.stage == Stage::Again && message.qos > QoS::AtMostOnce {
            first[0] |= first_byte::DUPLICATE;
        }
        let (header, length) = encode::fixed_header(first[0], self.store.length(key)? - 1)?;
        self.output.put(&header[..length]);
        self.sending = Sending::Message(message.id, 1);
        if message.qos > QoS::AtMostOnce {
            message.stage = Stage::Sent;
        }
        Ok(true)
    }

    pub fn publish(&mut self, message: &Publish<'_>) -> Result<Publication<N>, Error> {
        let &Publish {
            topic,
            payload,
            qos,
            retain,
        } = message;
        self.options.broker.check_publish(message)?;
        let remaining = encode::publish_header_length(topic, qos) + payload.len();
        if remaining > MAX_REMAINING_LENGTH {
            return Err(MqttMisuse::PacketTooLong.into());
        }
        let mut publication = Publication {
            id: None,
            dropped: false,
            displaced: heapless::Vec::new(),
        };
        let is_direct = qos == QoS::AtMostOnce && self.may_begin();
        if is_direct && let Ok(length) = encode::publish(message, None, false, self.output.room()) {
            self.output.filled(length);
            return Ok(publication);
        }
        let id = self.fresh_id();
        let first = encode::publish_first(qos, retain, false);
        let topic_length = (topic.len() as u16).to_be_bytes();
        let id_bytes = id.get().to_be_bytes();
        let id_piece: &[u8] = if qos == QoS::AtMostOnce {
            &[]
        } else {
            &id_bytes
        };
        let content = [
            &[first][..],
            &topic_length,
            topic.as_bytes(),
            id_piece,
            payload,
        ];
        loop {
            let lacking = if self.outgoing.is_full() {
                MqttResource::InFlight
            } else {
                match self.store.insert(Key::Message(id), &content) {
                    Ok(()) => break,
                    Err(MqttResource::StoreFull) => MqttResource::StoreFull,
                    Err(error) => return Err(error.into()),
                }
            };
            let error = match lacking {
                MqttResource::StoreFull if is_direct => MqttResource::Output,
                lacking => lacking,
            };
            match self.options.overflow {
                Overflow::Refuse => return Err(error.into()),
                Overflow::DropNewest => {
                    publication.dropped = true;
                    return Ok(publication);
                }
                Overflow::DropOldest => {
                    let displaced = self.displace()?.ok_or(error)?;
                    let _ = publication.displaced.push(displaced);
                }
            }
        }
        let _ = self.outgoing.push(Outgoing {
            id,
            qos,
            stage: Stage::Queued,
            stored: true,
        });
        publication.id = (qos > QoS::AtMostOnce).then_some(id);
        self.fill_output()?;
        Ok(publication)
    }

    /// Drops the oldest message that has never been sent.
    fn displace(&mut self) -> Result<Option<PacketId>, Error> {
        let sending = match self.sending {
            Sending::Message(id, _) => Some(id),
            _ => None,
        };
        let is_droppable =
            |message: &Outgoing| message.stage == Stage::Queued && Some(message.id) != sending;
        let Some(index) = self.outgoing.iter().position(is_droppable) else {
            return Ok(None);
        };
        let id = self.outgoing[index].id;
        self.store.remove(Key::Message(id))?;
        self.outgoing.remove(index);
        Ok(Some(id))
    }

    /// Whether a packet that the program supplies may begin now: nothing is half sent, nothing waits before it.
    fn may_begin(&self) -> bool {
        self.state == State::Connected
            && self.sending == Sending::Nothing
            && !(self.outgoing.iter())
                .any(|message| matches!(message.stage, Stage::Queued | Stage::Again))
    }

    pub fn begin(
        &mut self,
        header: &Publish<'_>,
        length: usize,
        again: Option<PacketId>,
    ) -> Result<Option<PacketId>, Error> {
        let &Publish {
            topic, qos, retain, ..
        } = header;
        self.options.broker.check_message(topic, length, qos)?;
        if self.state != State::Connected {
            return Err(ConfigError::BadState.into());
        }
        let is_next = match again {
            None => self.may_begin(),
            Some(id) => self.to_be_supplied_again() == Some(id) && self.sending == Sending::Nothing,
        };
        if !is_next {
            return Err(MqttResource::Busy.into());
        }
        if again.is_none() && qos > QoS::AtMostOnce && self.outgoing.is_full() {
            return Err(MqttResource::InFlight.into());
        }
        let remaining = encode::publish_header_length(topic, qos).saturating_add(length);
        let first = encode::publish_first(qos, retain, again.is_some());
        let (fixed, fixed_length) = encode::fixed_header(first, remaining)?;
        if self.output.room().len() < fixed_length + remaining - length {
            return Err(MqttResource::Output.into());
        }
        let id = match again {
            None if qos > QoS::AtMostOnce => Some(self.fresh_id()),
            again => again,
        };
        self.output.put(&fixed[..fixed_length]);
        self.output.put(&(topic.len() as u16).to_be_bytes());
        self.output.put(topic.as_bytes());
        self.sending = Sending::Pieces(id, length as u32);
        let Some(id) = id else {
            return Ok(None);
        };
        self.output.put(&id.get().to_be_bytes());
        self.asked_again = false;
        match self.outgoing.iter_mut().find(|message| message.id == id) {
            Some(message) => (message.qos, message.stage) = (qos, Stage::Sent),
            None => {
                let _ = self.outgoing.push(Outgoing {
                    id,
                    qos,
                    stage: Stage::Sent,
                    stored: false,
                });
            }
        }
        Ok(Some(id))
    }

    pub fn supply(&mut self, data: &[u8]) -> Result<usize, Error> {
        let Sending::Pieces(id, left) = self.sending else {
            return if data.is_empty() {
                Ok(0)
            } else {
                Err(MqttMisuse::PayloadLength.into())
            };
        };
        if data.len() > left as usize {
            return Err(MqttMisuse::PayloadLength.into());
        }
        let room = self.output.room();
        let length = room.len().min(data.len());
        room[..length].copy_from_slice(&data[..length]);
        self.output.filled(length);
        self.sending = Sending::Pieces(id, left - length as u32);
        Ok(length)
    }

    pub fn to_supply(&self) -> usize {
        match self.sending {
            Sending::Pieces(_, left) => left as usize,
            _ => 0,
        }
    }

    /// Whether the table of subscriptions may change: no packet made of it is half sent.
    fn check_table(&self) -> Result<(), Error> {
        match self.sending {
            Sending::Subscribe(..) | Sending::Unsubscribe(..) => Err(ConfigError::BadState.into()),
            _ => Ok(()),
        }
    }

    pub fn subscribe(&mut self, filters: &[Filter<'b>]) -> Result<PacketId, Error> {
        self.check_table()?;
        if filters.is_empty() {
            return Err(MqttMisuse::EmptySubscribe.into());
        }
        let broker = &self.options.broker;
        if filters.len() > usize::from(broker.filters) {
            return Err(MqttMisuse::LimitFilters.into());
        }
        let mut remaining = 2_usize;
        for (index, filter) in filters.iter().enumerate() {
            broker.check_filter(filter)?;
            remaining += 3 + filter.topic.len();
            // The answers are told apart by their filters.
            if filters[..index]
                .iter()
                .any(|other| other.topic == filter.topic)
            {
                return Err(ConfigError::BadState.into());
            }
        }
        if remaining > MAX_REMAINING_LENGTH {
            return Err(MqttMisuse::PacketTooLong.into());
        }
        let is_replaced = |one: &Subscription<'_>| {
            let topic = one.filter.topic;
            filters.iter().any(|filter| filter.topic == topic)
        };
        // What is under way must be answered first.
        let is_open =
            |one: &Subscription<'_>| matches!(one.stage, Subscribing::Asked | Subscribing::Leaving);
        if (self.subscriptions.iter()).any(|one| is_replaced(one) && is_open(one)) {
            return Err(ConfigError::BadState.into());
        }
        let kept = (self.subscriptions.iter()).filter(|one| !is_replaced(one));
        let count = kept.count() + filters.len();
        if count > usize::from(broker.subscriptions) {
            return Err(MqttMisuse::LimitSubscriptions.into());
        }
        if count > F {
            return Err(MqttResource::Subscriptions.into());
        }
        self.subscriptions.retain(|one| !is_replaced(one));
        let id = self.fresh_id();
        for &filter in filters {
            let _ = self.subscriptions.push(Subscription {
                filter,
                id,
                stage: Subscribing::Wanted,
            });
        }
        self.fill_output()?;
        Ok(id)
    }

    pub fn unsubscribe(&mut self, filters: &[&str]) -> Result<PacketId, Error> {
        self.check_table()?;
        if filters.is_empty() {
            return Err(MqttMisuse::EmptyUnsubscribe.into());
        }
        if filters.len() > usize::from(self.options.broker.filters) {
            return Err(MqttMisuse::LimitFilters.into());
        }
        let is_meant = |one: &Subscription<'_>, filter: &str| {
            one.filter.topic == filter
                && matches!(one.stage, Subscribing::Granted(_) | Subscribing::Wanted)
        };
        for filter in filters {
            if !(self.subscriptions.iter()).any(|one| is_meant(one, filter)) {
                return Err(MqttMisuse::NotSubscribed.into());
            }
        }
        let id = self.fresh_id();
        for one in &mut self.subscriptions {
            if filters.iter().any(|filter| is_meant(one, filter)) {
                (one.id, one.stage) = (id, Subscribing::Unwanted);
            }
        }
        self.fill_output()?;
        Ok(id)
    }

    pub fn acknowledge(&mut self, message: Acknowledge) -> Result<(), Error> {
        let is_open = |one: &Incoming| one.id == message.id && one.stage == Arrival::Delivered;
        let index = (self.incoming.iter()).position(is_open);
        let index = match index {
            Some(index) if message.connection == self.connection => index,
            _ => return Err(MqttMisuse::StaleAcknowledgement.into()),
        };
        if self.incoming[index].qos == QoS::ExactlyOnce && self.store.is_durable() {
            self.store.insert(Key::Received(message.id), &[])?;
        }
        self.incoming[index].stage = Arrival::Acknowledged;
        self.fill_output()
    }
}
