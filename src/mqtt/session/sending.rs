//! What goes out: one packet after the other into the output buffer, each as far as there is room.

use crate::error::{MqttMisuse, MqttResource};
use crate::mqtt::cause::Cause;
use crate::mqtt::options::{Filter, Overflow, Publish};
use crate::mqtt::packet::encode::{self, MAX_FIXED_HEADER, MAX_REMAINING_LENGTH, Pieces};
use crate::mqtt::packet::{PacketId, QoS, first_byte};
use crate::mqtt::queue::{Window, copy_start};
use crate::mqtt::store::{Key, Store};

use super::events::Publication;
use super::slots::{Acknowledge, Slot, Stage, Subscribing, Subscription};
use super::state::{Core, State};

/// The packet that is half in the output.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    pub what: What,
    /// Of a packet that has one.
    pub id: Option<PacketId>,
    /// Bytes of it that are in the output, of a message from the store those of its item; of a message in pieces the bytes
    /// that the program has yet to supply.
    pub count: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Nothing,
    Connect,
    /// A message from the store.
    Message,
    Subscribe,
    Unsubscribe,
    /// A message in pieces.
    Pieces,
}

impl Sending {
    pub const NOTHING: Self = Self::new(What::Nothing, None);

    pub const fn new(what: What, id: Option<PacketId>) -> Self {
        Sending { what, id, count: 0 }
    }
}

/// The packet that asks for those of the subscriptions that are asked for with its identifier.
struct Filters<'a> {
    what: What,
    id: PacketId,
    all: &'a [Subscription<'a>],
}

impl Pieces for Filters<'_> {
    fn first(&self) -> u8 {
        match self.what {
            What::Subscribe => first_byte::SUBSCRIBE,
            _ => first_byte::UNSUBSCRIBE,
        }
    }

    fn put(&self, window: &mut Window<'_>) {
        window.put(&self.id.get().to_be_bytes());
        for one in self.all.iter().filter(|one| one.id == self.id) {
            match (self.what, one.stage) {
                (What::Subscribe, Subscribing::Asked) => {
                    window.put_with_length(one.filter.topic.as_bytes());
                    window.put(&[one.filter.qos as u8]);
                }
                (What::Unsubscribe, Subscribing::Leaving) => {
                    window.put_with_length(one.filter.topic.as_bytes());
                }
                _ => {}
            }
        }
    }
}

impl<'b, S: Store, const N: usize, const F: usize> Core<'b, S, N, F> {
    /// Puts into the output what is to be sent and fits.
    pub fn fill_output(&mut self) -> Result<(), Cause> {
        loop {
            match self.put_more() {
                Ok(()) => {}
                Err(Cause::NOT_NOW) => return Ok(()),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Puts there the beginning of a packet, or the rest of one; `NOT_NOW` if there is nothing, or no room.
    fn put_more(&mut self) -> Result<(), Cause> {
        match self.sending.what {
            What::Nothing => self.begin_packet(),
            What::Pieces if self.sending.count > 0 => Err(Cause::NOT_NOW),
            What::Pieces => {
                self.sending = Sending::NOTHING;
                Ok(())
            }
            What::Message => self.go_on_with_message(),
            What::Connect | What::Subscribe | What::Unsubscribe => self.go_on(),
        }
    }

    /// Puts a whole packet there; `NOT_NOW` if there is no room.
    pub fn put_short(&mut self, packet: &[u8]) -> Result<(), Cause> {
        match self.output.put(packet) {
            true => Ok(()),
            false => Err(Cause::NOT_NOW),
        }
    }

    /// Copies more of a packet that is made of what the session remembers.
    fn go_on(&mut self) -> Result<(), Cause> {
        let Sending { what, id, count } = self.sending;
        let filters;
        let packet: &dyn Pieces = if let Some(id) = id {
            let all = self.subscriptions.all();
            filters = Filters { what, id, all };
            &filters
        } else {
            self.options
        };
        let mut window = Window::new(count as usize, self.output.room());
        encode::put(packet, &mut window)?;
        let (written, is_rest) = (window.written, window.beyond == 0);
        self.output.filled(written);
        self.sending.count += written as u32;
        if !is_rest {
            return Err(Cause::NOT_NOW);
        }
        self.sending = Sending::NOTHING;
        Ok(())
    }

    /// Copies more of a stored message. The item is the packet with its first byte alone for the fixed header.
    fn go_on_with_message(&mut self) -> Result<(), Cause> {
        let id = self.sending.id.ok_or(Cause::NOT_NOW)?;
        let key = Key::Message(id);
        let offset = self.sending.count as usize;
        let length = self.store.read(key, offset, self.output.room())?;
        self.output.filled(length);
        self.sending.count += length as u32;
        if offset + length < self.store.length(key)? {
            return Err(Cause::NOT_NOW);
        }
        self.sending = Sending::NOTHING;
        if self
            .outgoing
            .of(id)
            .is_some_and(|slot| slot.qos == QoS::AtMostOnce)
        {
            self.outgoing.remove(id);
            self.store.remove(key)?;
        }
        Ok(())
    }

    /// Begins the packet that is next; `NOT_NOW` if there is none, or no room.
    fn begin_packet(&mut self) -> Result<(), Cause> {
        match self.state {
            State::Connected => {}
            State::Closing => {
                self.put_short(&encode::DISCONNECT)?;
                self.state = State::Closed;
                return Ok(());
            }
            _ => return Err(Cause::NOT_NOW),
        }
        if self.is_ping_due() {
            self.put_short(&encode::PINGREQ)?;
            self.pinged = true;
            return Ok(());
        }
        if let Some(&mut Slot { id, qos, .. }) = self.incoming.at(Stage::Acknowledged) {
            self.acknowledge_now(id, qos)?;
            match self.incoming.of(id) {
                Some(slot) if qos == QoS::ExactlyOnce => slot.stage = Stage::Received,
                _ => self.incoming.remove(id),
            }
            return Ok(());
        }
        if let Some(&mut Slot { id, .. }) = self.outgoing.at(Stage::Release) {
            self.reply(first_byte::PUBREL, id)?;
            if let Some(slot) = self.outgoing.of(id) {
                slot.stage = Stage::Released;
            }
            return Ok(());
        }
        if self.begin_subscribing() {
            return Ok(());
        }
        self.begin_message()
    }

    /// Begins the SUBSCRIBE or UNSUBSCRIBE that is wanted first.
    fn begin_subscribing(&mut self) -> bool {
        for one in self.subscriptions.all_mut() {
            let (what, asked) = match one.stage {
                Subscribing::Wanted => (What::Subscribe, Subscribing::Asked),
                Subscribing::Unwanted => (What::Unsubscribe, Subscribing::Leaving),
                _ => continue,
            };
            if self.sending.what == What::Nothing {
                self.sending = Sending::new(what, Some(one.id));
            }
            // All that are wanted with the same packet.
            if self.sending.what == what && self.sending.id == Some(one.id) {
                one.stage = asked;
            }
        }
        self.sending.what != What::Nothing
    }

    /// Begins the message that is to be sent first.
    fn begin_message(&mut self) -> Result<(), Cause> {
        let slot = self.outgoing.waiting().ok_or(Cause::NOT_NOW)?;
        if slot.stage == Stage::SupplyAgain || self.output.room().len() < MAX_FIXED_HEADER {
            return Err(Cause::NOT_NOW);
        }
        let key = Key::Message(slot.id);
        let mut first = [0];
        self.store.read(key, 0, &mut first)?;
        let [mut first] = first;
        let length = self.store.length(key)?.checked_sub(1);
        if slot.qos > QoS::AtMostOnce {
            if slot.stage == Stage::Again {
                first |= first_byte::DUPLICATE;
            }
            slot.stage = Stage::Sent;
        }
        self.sending = Sending {
            what: What::Message,
            id: Some(slot.id),
            count: 1,
        };
        let mut window = Window::new(0, self.output.room());
        window.put_fixed_header(first, length.ok_or(MqttResource::Store)?)?;
        let written = window.written;
        self.output.filled(written);
        Ok(())
    }

    /// Publishes a message, and notes in `publication` what becomes of it.
    pub fn publish(
        &mut self,
        message: &Publish<'_>,
        publication: &mut Publication<N>,
    ) -> Result<(), Cause> {
        let &Publish {
            topic,
            payload,
            qos,
            retain,
        } = message;
        let broker = &self.options.broker;
        broker.find_misuse(topic, payload.len(), qos)?;
        if encode::publish_header_length(topic, qos) + payload.len() > MAX_REMAINING_LENGTH {
            return Err(MqttMisuse::PacketTooLong.into());
        }
        let is_direct = qos == QoS::AtMostOnce && self.may_begin();
        if is_direct {
            let mut window = Window::new(0, self.output.room());
            encode::put_publish(&mut window, message, payload.len(), None, false)?;
            window.put(payload);
            if window.beyond == 0 {
                let written = window.written;
                self.output.filled(written);
                return Ok(());
            }
        }
        let id = self.fresh_id();
        let [high, low] = (topic.len() as u16).to_be_bytes();
        let id_bytes = id.get().to_be_bytes();
        let id_length = if qos == QoS::AtMostOnce { 0 } else { 2 };
        let content = [
            &[encode::publish_first(qos, retain, false), high, low][..],
            topic.as_bytes(),
            id_bytes.get(..id_length).unwrap_or_default(),
            payload,
        ];
        loop {
            let lacking = if self.outgoing.is_full() {
                MqttResource::InFlight
            } else {
                match self.store.insert(Key::Message(id), &content) {
                    Ok(()) => break,
                    Err(MqttResource::StoreFull) if is_direct => MqttResource::Output,
                    Err(MqttResource::StoreFull) => MqttResource::StoreFull,
                    Err(error) => return Err(error.into()),
                }
            };
            match self.options.overflow {
                Overflow::Refuse => return Err(lacking.into()),
                Overflow::DropNewest => {
                    publication.dropped = true;
                    return Ok(());
                }
                Overflow::DropOldest => {
                    let displaced = self.displace()?.ok_or(lacking)?;
                    let _ = publication.displaced.push(displaced);
                }
            }
        }
        self.push_outgoing(id, qos, Stage::Queued)?;
        publication.id = (qos > QoS::AtMostOnce).then_some(id);
        self.fill_output()
    }

    /// Drops the oldest message that has never been sent.
    fn displace(&mut self) -> Result<Option<PacketId>, Cause> {
        let sending = self.sending.id;
        let mut all = self.outgoing.all().iter();
        let Some(&Slot { id, .. }) =
            all.find(|slot| slot.stage == Stage::Queued && Some(slot.id) != sending)
        else {
            return Ok(None);
        };
        self.store.remove(Key::Message(id))?;
        self.outgoing.remove(id);
        Ok(Some(id))
    }

    /// Whether a packet that the program supplies may begin now: nothing is half sent, nothing waits before it.
    fn may_begin(&mut self) -> bool {
        self.state == State::Connected
            && self.sending.what == What::Nothing
            && self.outgoing.waiting().is_none()
    }

    pub fn begin(
        &mut self,
        header: &Publish<'_>,
        length: usize,
        again: Option<PacketId>,
    ) -> Result<Option<PacketId>, Cause> {
        let qos = header.qos;
        self.options.broker.find_misuse(header.topic, length, qos)?;
        if self.state != State::Connected || (again.is_some() && qos == QoS::AtMostOnce) {
            return Err(Cause::BAD_STATE);
        }
        let is_next = match again {
            None => self.may_begin(),
            Some(_) => self.supplied_again_next() == again && self.sending.what == What::Nothing,
        };
        if !is_next {
            return Err(MqttResource::Busy.into());
        }
        let id = match again {
            None if qos > QoS::AtMostOnce => {
                if self.outgoing.is_full() {
                    return Err(MqttResource::InFlight.into());
                }
                Some(self.fresh_id())
            }
            again => again,
        };
        let mut window = Window::new(0, self.output.room());
        encode::put_publish(&mut window, header, length, id, again.is_some())?;
        if window.beyond > 0 {
            return Err(MqttResource::Output.into());
        }
        let written = window.written;
        self.output.filled(written);
        self.sending = Sending {
            what: What::Pieces,
            id,
            count: length as u32,
        };
        if let Some(id) = id {
            self.asked_again = false;
            match self.outgoing.of(id) {
                Some(slot) => (slot.qos, slot.stage) = (qos, Stage::Supplied),
                None => self.push_outgoing(id, qos, Stage::Supplied)?,
            }
        }
        Ok(id)
    }

    pub fn supply(&mut self, data: &[u8]) -> Result<usize, Cause> {
        if data.len() > self.to_supply() {
            return Err(MqttMisuse::PayloadLength.into());
        }
        let length = copy_start(data, self.output.room());
        self.output.filled(length);
        if length > 0 {
            self.sending.count -= length as u32;
        }
        Ok(length)
    }

    pub fn to_supply(&self) -> usize {
        match self.sending.what {
            What::Pieces => self.sending.count as usize,
            _ => 0,
        }
    }

    /// Whether so many filters may be sent now: no packet made of the table is half sent.
    fn check_filters(&self, count: usize, none: MqttMisuse) -> Result<(), Cause> {
        if matches!(self.sending.what, What::Subscribe | What::Unsubscribe) {
            return Err(Cause::BAD_STATE);
        }
        if count == 0 {
            return Err(none.into());
        }
        if count > usize::from(self.options.broker.filters) {
            return Err(MqttMisuse::LimitFilters.into());
        }
        Ok(())
    }

    pub fn subscribe(&mut self, filters: &[Filter<'b>]) -> Result<PacketId, Cause> {
        self.check_filters(filters.len(), MqttMisuse::EmptySubscribe)?;
        let broker = &self.options.broker;
        let mut count = self.subscriptions.all().len() + filters.len();
        let mut remaining = 2;
        for (index, filter) in filters.iter().enumerate() {
            broker.find_filter_misuse(filter)?;
            remaining += 3 + filter.topic.len();
            // The answers are told apart by their filters.
            let mut before = filters.iter().take(index);
            if before.any(|other| other.topic == filter.topic) {
                return Err(Cause::BAD_STATE);
            }
            match self.subscriptions.of(filter.topic).map(|one| one.stage) {
                // What is under way must be answered first.
                Some(Subscribing::Asked | Subscribing::Leaving) => return Err(Cause::BAD_STATE),
                Some(_) => count -= 1,
                None => {}
            }
        }
        if remaining > MAX_REMAINING_LENGTH {
            return Err(MqttMisuse::PacketTooLong.into());
        }
        if count > usize::from(broker.subscriptions) {
            return Err(MqttMisuse::LimitSubscriptions.into());
        }
        if count > F {
            return Err(MqttResource::Subscriptions.into());
        }
        for filter in filters {
            if let Some(replaced) = self.subscriptions.of(filter.topic) {
                replaced.stage = Subscribing::Refused;
            }
        }
        self.subscriptions.forget_refused();
        let id = self.fresh_id();
        for &filter in filters {
            self.subscriptions.push(id, filter);
        }
        self.fill_output()?;
        Ok(id)
    }

    pub fn unsubscribe(&mut self, filters: &[&str]) -> Result<PacketId, Cause> {
        self.check_filters(filters.len(), MqttMisuse::EmptyUnsubscribe)?;
        for filter in filters {
            match self.subscriptions.of(filter).map(|one| one.stage) {
                Some(Subscribing::Granted | Subscribing::Wanted) => {}
                _ => return Err(MqttMisuse::NotSubscribed.into()),
            }
        }
        let id = self.fresh_id();
        for filter in filters {
            if let Some(one) = self.subscriptions.of(filter) {
                (one.id, one.stage) = (id, Subscribing::Unwanted);
            }
        }
        self.fill_output()?;
        Ok(id)
    }

    pub fn acknowledge(&mut self, message: Acknowledge) -> Result<(), Cause> {
        let is_current = message.connection == self.connection;
        match self.incoming.of(message.id) {
            Some(slot) if is_current && slot.stage == Stage::Delivered => {
                if slot.qos == QoS::ExactlyOnce && self.store.is_durable() {
                    self.store.insert(Key::Received(message.id), &[])?;
                }
                slot.stage = Stage::Acknowledged;
            }
            _ => return Err(MqttMisuse::StaleAcknowledgement.into()),
        }
        self.fill_output()
    }
}
