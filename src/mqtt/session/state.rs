//! The state of a session, and its deadlines.

use crate::clock::Instant;
use crate::error::MqttResource;
use crate::mqtt::cause::Cause;
use crate::mqtt::options::Options;
use crate::mqtt::packet::{PacketId, QoS};
use crate::mqtt::queue::Queue;
use crate::mqtt::store::{Key, Store};

use super::Ready;
use super::sending::{Sending, What};
use super::slots::{Slot, Slots, Stage, Subscribing, Subscription, Subscriptions};

pub(super) struct Core<'b, S, const N: usize, const F: usize> {
    pub options: &'b Options<'b>,
    pub store: S,
    pub output: Queue<'b>,
    /// Those that are released in the order of their PUBREC, the others in the order of their publishing (MQTT-4.6.0-1 and
    /// -4).
    pub outgoing: Slots<N>,
    pub incoming: Slots<N>,
    pub subscriptions: Subscriptions<'b, F>,
    pub sending: Sending,
    pub ready: Ready,
    pub state: State,
    /// The latest moment that is known.
    pub now: Instant,
    last_sent: Instant,
    last_received: Instant,
    /// When the output last moved, while there is any.
    moved: Option<Instant>,
    pub last_id: u16,
    /// Counts connections, so that an old acknowledgement is known.
    pub connection: u16,
    /// Whether the broker should have a session.
    pub had_session: bool,
    /// PINGREQ is sent, and PINGRESP is awaited.
    pub pinged: bool,
    /// A deadline has passed; it counts once there was a chance to receive.
    overdue: bool,
    /// What has come waits for room in the output or for the program.
    pub blocked: bool,
    /// The payload that is arriving is a duplicate.
    pub discarding: bool,
    /// Since when messages of QoS 2 are passed over because there was no slot for one: not acknowledged, and in their order,
    /// they come again on the next connection.
    pub overflowed: Option<Instant>,
    /// The program has been asked to supply a message again.
    pub asked_again: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Offline,
    /// CONNECT is sent or being sent.
    Connecting,
    Connected,
    /// DISCONNECT is to be sent.
    Closing,
    /// DISCONNECT is in the output.
    Closed,
}

impl<'b, S: Store, const N: usize, const F: usize> Core<'b, S, N, F> {
    pub fn new(options: &'b Options<'b>, output: &'b mut [u8], store: S) -> Self {
        Core {
            options,
            store,
            output: Queue::new(output),
            outgoing: Slots::new(),
            incoming: Slots::new(),
            subscriptions: Subscriptions::new(),
            sending: Sending::NOTHING,
            ready: Ready::Nothing,
            state: State::Offline,
            now: Instant::default(),
            last_sent: Instant::default(),
            last_received: Instant::default(),
            moved: None,
            last_id: 0,
            connection: 0,
            had_session: false,
            pinged: false,
            overdue: false,
            blocked: false,
            discarding: false,
            overflowed: None,
            asked_again: false,
        }
    }

    /// Takes over what the store has.
    pub fn restore(&mut self) -> Result<(), Cause> {
        let mut previous = None;
        while let Some((key, _)) = self.store.next(previous)? {
            previous = Some(key);
            self.had_session = !self.options.clean_session;
            match key {
                Key::Message(id) => {
                    let mut first = [0];
                    self.store.read(key, 0, &mut first)?;
                    let qos = QoS::from_number(first[0] >> 1 & 3).ok_or(MqttResource::Store)?;
                    // It may have been sent, and it is no error to say so of one that was not.
                    let stage = match qos {
                        QoS::AtMostOnce => Stage::Queued,
                        _ => Stage::Again,
                    };
                    self.last_id = id.get();
                    self.push_outgoing(id, qos, stage)?;
                }
                Key::Release(id) => {
                    // The power may have gone before its message was removed.
                    self.outgoing.remove(id);
                    self.push_outgoing(id, QoS::ExactlyOnce, Stage::Release)?;
                }
                Key::Received(id) => self.push_incoming(id, Stage::ReceivedBefore)?,
            }
        }
        Ok(())
    }

    pub fn push_outgoing(&mut self, id: PacketId, qos: QoS, stage: Stage) -> Result<(), Cause> {
        match self.outgoing.push(id, qos, stage) {
            true => Ok(()),
            false => Err(MqttResource::InFlight.into()),
        }
    }

    /// One of QoS 2.
    pub fn push_incoming(&mut self, id: PacketId, stage: Stage) -> Result<(), Cause> {
        match self.incoming.push(id, QoS::ExactlyOnce, stage) {
            true => Ok(()),
            false => Err(MqttResource::Incoming.into()),
        }
    }

    /// Takes note of the time, which does not go back.
    #[inline(never)]
    pub fn tick(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    pub fn connect(&mut self, now: Instant) {
        self.tick(now);
        (self.last_sent, self.last_received) = (self.now, self.now);
        self.connection = self.connection.wrapping_add(1);
        self.state = State::Connecting;
        self.sending = Sending::new(What::Connect, None);
    }

    /// The connection is over; what was not acknowledged is to be sent again.
    pub fn disconnected(&mut self) {
        self.state = State::Offline;
        self.output.clear();
        self.sending = Sending::NOTHING;
        self.ready = Ready::Nothing;
        (self.pinged, self.overdue, self.blocked) = (false, false, false);
        (self.discarding, self.asked_again) = (false, false);
        (self.moved, self.overflowed) = (None, None);
        for slot in self.outgoing.all_mut() {
            slot.stage = match slot.stage {
                Stage::Sent => Stage::Again,
                Stage::Supplied => Stage::SupplyAgain,
                Stage::Released => Stage::Release,
                stage => stage,
            };
        }
        self.incoming.retain(|slot| {
            let is_kept = slot.qos == QoS::ExactlyOnce && slot.stage != Stage::Delivered;
            slot.stage = Stage::ReceivedBefore;
            is_kept
        });
        for one in self.subscriptions.all_mut() {
            one.stage = match one.stage {
                Subscribing::Asked => Subscribing::Wanted,
                Subscribing::Leaving => Subscribing::Unwanted,
                stage => stage,
            };
        }
        // One that was refused, and whose event was cut off.
        self.subscriptions.forget_refused();
    }

    pub fn is_settled(&self) -> bool {
        let is_unanswered = |one: &Subscription<'_>| {
            !matches!(one.stage, Subscribing::Granted | Subscribing::Refused)
        };
        self.outgoing.is_empty()
            && self.sending.what == What::Nothing
            && !(self.incoming.all().iter()).any(|slot| slot.stage.is_with_program())
            && !self.subscriptions.all().iter().any(is_unanswered)
    }

    pub fn subscriptions_of(&self, id: PacketId) -> &[Subscription<'b>] {
        let mut parts = self.subscriptions.all().split(|one| one.id != id);
        parts.find(|part| !part.is_empty()).unwrap_or_default()
    }

    /// Whether the program is being told something.
    pub fn has_event(&self) -> bool {
        !matches!(self.ready, Ready::Nothing)
    }

    /// Looks for what the program is to be told without any packet, unless it is being told something.
    pub fn find_notice(&mut self) {
        if self.has_event() {
            return;
        }
        if let Some(&mut Slot { id, .. }) = self.outgoing.at(Stage::Done) {
            self.outgoing.remove(id);
            self.ready = Ready::Published(id);
            return;
        }
        let may_ask = self.state == State::Connected && self.sending.what == What::Nothing;
        if may_ask
            && !self.asked_again
            && let Some(id) = self.supplied_again_next()
        {
            self.asked_again = true;
            self.ready = Ready::SupplyAgain(id);
        }
    }

    /// The message that is to be sent first, if it is one in pieces.
    pub fn supplied_again_next(&mut self) -> Option<PacketId> {
        self.outgoing
            .waiting()
            .filter(|slot| slot.stage == Stage::SupplyAgain)
            .map(|slot| slot.id)
    }

    /// An identifier that nothing under way has.
    pub fn fresh_id(&mut self) -> PacketId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            let Some(id) = PacketId::new(self.last_id) else {
                continue;
            };
            let is_taken = self.outgoing.of(id).is_some()
                || self.subscriptions.all().iter().any(|one| one.id == id);
            if !is_taken {
                return id;
            }
        }
    }

    pub fn sent(&mut self, length: usize, now: Instant) {
        if length == 0 {
            return;
        }
        self.tick(now);
        self.output.take(length);
        self.last_sent = self.now;
        self.moved = (!self.output.is_empty()).then_some(self.now);
        self.overdue = false;
        if self.state == State::Closed && self.output.is_empty() {
            self.disconnected();
        }
    }

    pub fn received(&mut self, now: Instant) {
        self.tick(now);
        self.last_received = self.now;
        self.overdue = false;
    }

    /// Since when something is awaited that ends the connection if it does not come, and what its absence means. Output has
    /// not moved since [`Self::last_sent`] at the earliest, so that an answer is missed before.
    fn awaited(&self) -> Option<(Instant, Cause)> {
        match self.state {
            State::Connecting => Some((self.last_sent, Cause::NO_CONN_ACK)),
            State::Connected if self.pinged && !self.blocked => {
                Some((self.last_sent, Cause::NO_PING_RESP))
            }
            _ => self.moved.map(|moved| (moved, Cause::TIMEOUT)),
        }
    }

    /// The moment to ping. None is to be waited for while a payload is being supplied: nothing can be sent before its end.
    fn ping_at(&self) -> Option<Instant> {
        let keep_alive = u32::from(self.options.keep_alive) * 750;
        let may_ping = self.state == State::Connected && !self.pinged && self.to_supply() == 0;
        let is_due = may_ping && keep_alive > 0;
        is_due.then(|| self.last_sent.min(self.last_received).after(keep_alive))
    }

    pub fn is_ping_due(&self) -> bool {
        let keep_alive = u32::from(self.options.keep_alive) * 750;
        self.state == State::Connected
            && !self.pinged
            && keep_alive > 0
            && (self.is_past(self.last_sent, keep_alive)
                || self.is_past(self.last_received, keep_alive))
    }

    /// Whether something began so many milliseconds ago.
    #[inline(never)]
    fn is_past(&self, since: Instant, milliseconds: u32) -> bool {
        self.now >= since.after(milliseconds)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        if self.overdue {
            return Some(self.now);
        }
        let awaited = self.awaited().map(|(since, _)| since);
        let since = [awaited, self.overflowed].into_iter().flatten().min();
        let deadline = since.map(|since| since.after(self.options.response_timeout));
        [deadline, self.ping_at()].into_iter().flatten().min()
    }

    /// Whether what began then has taken longer than the broker and the stream may take.
    fn is_late(&self, since: Instant) -> bool {
        self.is_past(since, self.options.response_timeout)
    }

    /// Ends the connection if a deadline has passed, and there was a chance to receive since it was noticed.
    pub fn check_deadlines(&mut self) -> Result<(), Cause> {
        if let Some(since) = self.overflowed
            && (self.is_late(since) || (self.incoming.is_empty() && self.output.is_empty()))
        {
            return Err(MqttResource::Incoming.into());
        }
        if self.output.is_empty() {
            self.moved = None;
        } else {
            self.moved.get_or_insert(self.now);
        }
        let was_overdue = self.overdue;
        self.overdue = false;
        if let Some((since, why)) = self.awaited()
            && self.is_late(since)
        {
            if was_overdue {
                return Err(why);
            }
            self.overdue = true;
        }
        Ok(())
    }
}
