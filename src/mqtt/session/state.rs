//! The state of a session, and its deadlines.

use heapless::Vec;

use crate::clock::Instant;
use crate::error::{Error, MqttResource, NetworkError};
use crate::mqtt::options::Options;
use crate::mqtt::output::Output;
use crate::mqtt::packet::{PacketId, QoS};
use crate::mqtt::store::{Key, Store};

use super::Ready;
use super::sending::Sending;
use super::slots::{Arrival, Incoming, Outgoing, Stage, Subscribing, Subscription};

pub(super) struct Core<'b, S, const N: usize, const F: usize> {
    pub options: &'b Options<'b>,
    pub store: S,
    pub output: Output<'b>,
    /// First those that are released, in the order of their PUBREC, then the others in the order of their publishing
    /// (MQTT-4.6.0-1 and -4).
    pub outgoing: Vec<Outgoing, N>,
    pub incoming: Vec<Incoming, N>,
    pub subscriptions: Vec<Subscription<'b>, F>,
    pub sending: Sending,
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
    pub fn new(options: &'b Options<'b>, output: &'b mut [u8], store: S) -> Result<Self, Error> {
        let mut core = Core {
            options,
            store,
            output: Output::new(output),
            outgoing: Vec::new(),
            incoming: Vec::new(),
            subscriptions: Vec::new(),
            sending: Sending::Nothing,
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
        };
        core.restore()?;
        Ok(core)
    }

    /// Takes over what the store has.
    fn restore(&mut self) -> Result<(), Error> {
        let mut previous = None;
        while let Some((key, _)) = self.store.next(previous)? {
            previous = Some(key);
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
                    let message = Outgoing {
                        id,
                        qos,
                        stage,
                        stored: true,
                    };
                    self.outgoing
                        .push(message)
                        .map_err(|_| MqttResource::InFlight)?;
                    self.last_id = id.get();
                }
                Key::Release(id) => {
                    // The power may have gone before its message was removed.
                    self.outgoing.retain(|message| message.id != id);
                    let released = self.released();
                    let message = Outgoing {
                        id,
                        qos: QoS::ExactlyOnce,
                        stage: Stage::Release,
                        stored: true,
                    };
                    self.outgoing
                        .insert(released, message)
                        .map_err(|_| MqttResource::InFlight)?;
                }
                Key::Received(id) => {
                    let message = Incoming {
                        id,
                        qos: QoS::ExactlyOnce,
                        stage: Arrival::ReceivedBefore,
                    };
                    self.incoming
                        .push(message)
                        .map_err(|_| MqttResource::Incoming)?;
                }
            }
            self.had_session = !self.options.clean_session;
        }
        Ok(())
    }

    /// How many outgoing messages are released; they are the first.
    pub fn released(&self) -> usize {
        self.outgoing
            .iter()
            .take_while(|message| matches!(message.stage, Stage::Release | Stage::Released))
            .count()
    }

    pub fn connect(&mut self, now: Instant) {
        self.now = self.now.max(now);
        (self.last_sent, self.last_received) = (self.now, self.now);
        self.connection = self.connection.wrapping_add(1);
        self.state = State::Connecting;
        self.sending = Sending::Connect(0);
    }

    /// The connection is over; what was not acknowledged is to be sent again.
    pub fn disconnected(&mut self) {
        self.state = State::Offline;
        self.output.clear();
        self.sending = Sending::Nothing;
        (self.pinged, self.overdue, self.blocked) = (false, false, false);
        (self.discarding, self.asked_again) = (false, false);
        (self.moved, self.overflowed) = (None, None);
        for message in &mut self.outgoing {
            message.stage = match message.stage {
                Stage::Sent => Stage::Again,
                Stage::Released => Stage::Release,
                stage => stage,
            };
        }
        self.incoming.retain_mut(|message| {
            if message.qos < QoS::ExactlyOnce || message.stage == Arrival::Delivered {
                return false;
            }
            message.stage = Arrival::ReceivedBefore;
            true
        });
        for subscription in &mut self.subscriptions {
            subscription.stage = match subscription.stage {
                Subscribing::Asked => Subscribing::Wanted,
                Subscribing::Leaving => Subscribing::Unwanted,
                stage => stage,
            };
        }
        // One that was refused, and whose event was cut off.
        self.subscriptions
            .retain(|subscription| subscription.stage != Subscribing::Refused);
    }

    pub fn is_settled(&self) -> bool {
        self.outgoing.is_empty()
            && self.sending == Sending::Nothing
            && self
                .incoming
                .iter()
                .all(|message| matches!(message.stage, Arrival::Received | Arrival::ReceivedBefore))
            && self.subscriptions.iter().all(|subscription| {
                matches!(
                    subscription.stage,
                    Subscribing::Granted(_) | Subscribing::Refused
                )
            })
    }

    pub fn subscriptions_of(&self, id: PacketId) -> &[Subscription<'b>] {
        let is_of = |subscription: &Subscription<'_>| subscription.id == id;
        let start = self.subscriptions.iter().position(is_of).unwrap_or(0);
        let found = &self.subscriptions[start..];
        &found[..found.iter().take_while(|other| is_of(other)).count()]
    }

    pub fn forget_refused(&mut self, id: PacketId) {
        self.subscriptions.retain(|subscription| {
            subscription.id != id || subscription.stage != Subscribing::Refused
        });
    }

    /// What the program is to be told without any packet.
    pub fn next_notice(&mut self) -> Result<Option<Ready>, Error> {
        if let Some(index) = (self.outgoing.iter()).position(|message| message.stage == Stage::Done)
        {
            return Ok(Some(Ready::Published(self.outgoing.remove(index).id)));
        }
        let may_ask = self.state == State::Connected && self.sending == Sending::Nothing;
        if may_ask
            && !self.asked_again
            && let Some(id) = self.to_be_supplied_again()
        {
            self.asked_again = true;
            return Ok(Some(Ready::SupplyAgain(id)));
        }
        Ok(None)
    }

    /// The message in pieces that is next in the order of sending again.
    pub fn to_be_supplied_again(&self) -> Option<PacketId> {
        let next = self
            .outgoing
            .iter()
            .find(|message| matches!(message.stage, Stage::Queued | Stage::Again))?;
        (!next.stored).then_some(next.id)
    }

    /// An identifier that nothing under way has.
    pub fn fresh_id(&mut self) -> PacketId {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            let Some(id) = PacketId::new(self.last_id) else {
                continue;
            };
            let is_taken = self.outgoing.iter().any(|message| message.id == id)
                || self.subscriptions.iter().any(|other| other.id == id);
            if !is_taken {
                return id;
            }
        }
    }

    pub fn sent(&mut self, length: usize, now: Instant) {
        if length == 0 {
            return;
        }
        self.now = self.now.max(now);
        self.output.sent(length);
        self.last_sent = self.now;
        self.moved = (!self.output.bytes().is_empty()).then_some(self.now);
        self.overdue = false;
        if self.state == State::Closed && self.output.bytes().is_empty() {
            self.disconnected();
        }
    }

    pub fn received(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.last_received = self.now;
        self.overdue = false;
    }

    /// The moment that ends the connection, and why.
    fn deadline(&self) -> Option<(Instant, NetworkError)> {
        let timeout = self.options.response_timeout;
        let unsent = self
            .moved
            .map(|moved| (moved.after(timeout), NetworkError::Timeout));
        let unanswered = match self.state {
            State::Connecting => Some((self.last_sent.after(timeout), NetworkError::NoConnAck)),
            State::Connected if self.pinged && !self.blocked => {
                Some((self.last_sent.after(timeout), NetworkError::NoPingResp))
            }
            _ => None,
        };
        match (unsent, unanswered) {
            (Some(unsent), Some(unanswered)) if unsent.0 < unanswered.0 => Some(unsent),
            (unsent, unanswered) => unanswered.or(unsent),
        }
    }

    /// The moment to ping.
    fn ping_at(&self) -> Option<Instant> {
        let keep_alive = u32::from(self.options.keep_alive) * 750;
        let is_due = self.state == State::Connected && !self.pinged && keep_alive > 0;
        is_due.then(|| self.last_sent.min(self.last_received).after(keep_alive))
    }

    pub fn is_ping_due(&self) -> bool {
        self.ping_at().is_some_and(|at| at <= self.now)
    }

    pub fn next_deadline(&self) -> Option<Instant> {
        if self.overdue {
            return Some(self.now);
        }
        let deadline = self.deadline().map(|(at, _)| at);
        let overflow = (self.overflowed).map(|since| since.after(self.options.response_timeout));
        [deadline, overflow, self.ping_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends the connection if a deadline has passed, and there was a chance to receive since it was noticed.
    pub fn check_deadlines(&mut self) -> Result<(), Error> {
        if let Some(since) = self.overflowed {
            let is_late = self.now >= since.after(self.options.response_timeout);
            if is_late || (self.incoming.is_empty() && self.output.bytes().is_empty()) {
                return Err(MqttResource::Incoming.into());
            }
        }
        if self.output.bytes().is_empty() {
            self.moved = None;
        } else if self.moved.is_none() {
            self.moved = Some(self.now);
        }
        match self.deadline() {
            Some((at, why)) if at <= self.now => {
                if self.overdue {
                    return Err(why.into());
                }
                self.overdue = true;
            }
            _ => self.overdue = false,
        }
        Ok(())
    }
}
