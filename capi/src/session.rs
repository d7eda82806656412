//! A session, driven over a connection.

use bearcub::clock::Instant;
use bearcub::error::NetworkError;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Message, Options, Resumption, Session};

use crate::board::Moved;
use crate::connection::Tls;
use crate::error::{Failure, Outcome};
use crate::memory::{self, Handle, Marked};
use crate::types::{Bytes, MQTT_SIZE, MQTT_SLOTS, MQTT_SUBSCRIPTIONS, MqttEvent};

/// Nothing has happened.
pub const NOTHING: i32 = 0;
/// A message, whole.
pub const MESSAGE: i32 = 1;
/// A message begins that is larger than the input buffer.
pub const BEGIN: i32 = 2;
/// The next piece of it.
pub const PIECE: i32 = 3;
/// A message of QoS 1 or 2 has arrived at the broker.
pub const PUBLISHED: i32 = 4;
/// The broker has answered a subscription.
pub const SUBSCRIBED: i32 = 5;
/// The broker has ended a subscription.
pub const UNSUBSCRIBED: i32 = 6;

/// The broker has a new session.
pub const NEW: u8 = 0;
/// The broker has the session from before.
pub const RESUMED: u8 = 1;
/// The broker has lost the session from before.
pub const LOST: u8 = 2;

/// A message for which there is no room is refused.
pub const REFUSE: u8 = 0;
/// The oldest messages make room.
pub const DROP_OLDEST: u8 = 1;
/// It is dropped.
pub const DROP_NEWEST: u8 = 2;

pub(crate) type Device = Session<'static, Ram<'static>, MQTT_SLOTS, MQTT_SUBSCRIPTIONS>;

/// A session.
pub struct Mqtt {
    /// The library's.
    pub(crate) session: Device,
    /// Null while there is no connection.
    pub(crate) tls: *const Handle<Tls>,
    /// Milliseconds that the stream may take nothing.
    pub(crate) patience: u32,
    pub(crate) stalled: Option<Instant>,
    pub(crate) unflushed: bool,
    /// Why the connection is over, for the next call to tell.
    pub(crate) failure: Option<Failure>,
}

impl Marked for Mqtt {
    const MARK: u32 = u32::from_le_bytes(*b"bMQT");
}

const _: () =
    assert!(size_of::<Handle<Mqtt>>() + size_of::<Options<'_>>() + 5 * memory::ALIGN <= MQTT_SIZE);

/// What a round of sending and receiving came to.
pub(crate) enum Turn {
    Event(MqttEvent),
    Connected(u8),
    Nothing,
    Stuck,
}

impl Mqtt {
    /// A round: work, send, receive once.
    pub(crate) fn turn(&mut self, tls: &mut Tls) -> Result<Turn, Failure> {
        let outcome = self.try_turn(tls);
        outcome.inspect_err(|_| self.ended())
    }

    fn try_turn(&mut self, tls: &mut Tls) -> Result<Turn, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        // What is sent makes room for more, which is sent before anything is waited for.
        loop {
            match self.session.poll(tls.board().now())? {
                Some(Event::Connected(resumption)) => {
                    return Ok(Turn::Connected(match resumption {
                        Resumption::New => NEW,
                        Resumption::Resumed => RESUMED,
                        Resumption::Lost => LOST,
                    }));
                }
                Some(event) => return Ok(Turn::Event(as_c(&event))),
                None => {}
            }
            if self.is_sent() {
                break;
            }
            self.send(tls)?;
            if !self.is_sent() {
                break;
            }
        }
        if self.session.is_offline() {
            return Err(NetworkError::Closed.into());
        }
        let room = self.session.input();
        if room.is_empty() {
            return Ok(Turn::Stuck);
        }
        match tls.read(room)? {
            Moved::Nothing => {}
            Moved::Bytes(0) => return Err(self.session.ended().into()),
            Moved::Bytes(length) => self.session.received(length, tls.board().now()),
        }
        Ok(Turn::Nothing)
    }

    fn is_sent(&self) -> bool {
        self.session.output().is_empty() && !self.unflushed
    }

    /// Sends what there is, as far as the stream takes it, and flushes.
    fn send(&mut self, tls: &mut Tls) -> Outcome {
        while !self.session.output().is_empty() {
            match tls.write(self.session.output())? {
                Moved::Nothing => return self.stalled(tls),
                Moved::Bytes(length) => {
                    (self.unflushed, self.stalled) = (true, None);
                    self.session.sent(length, tls.board().now());
                }
            }
        }
        if self.unflushed {
            match tls.flush() {
                Ok(()) => (self.unflushed, self.stalled) = (false, None),
                Err(Failure::TIMEOUT) => return self.stalled(tls),
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// The stream takes nothing. That is an error after the time that the broker has for its answers.
    fn stalled(&mut self, tls: &Tls) -> Outcome {
        let now = tls.board().now();
        let since = *self.stalled.get_or_insert(now);
        match now.since(since) >= u64::from(self.patience) {
            true => Err(Failure::TIMEOUT),
            false => Ok(()),
        }
    }

    /// Sends all there is.
    pub(crate) fn send_all(&mut self, tls: &mut Tls) -> Outcome {
        loop {
            self.send(tls).inspect_err(|_| self.ended())?;
            if self.is_sent() {
                return Ok(());
            }
        }
    }

    /// Sends what was just put into the output. Should that fail, the session has it nevertheless, and the next call tells.
    pub(crate) fn send_soon(&mut self, tls: &mut Tls) {
        if let Err(failure) = self.send(tls) {
            self.session.ended();
            self.failure = Some(failure);
        }
    }

    pub(crate) fn ended(&mut self) {
        self.session.ended();
        self.tls = core::ptr::null();
        (self.stalled, self.unflushed) = (None, false);
    }
}

/// An event as C is told.
pub(crate) fn as_c(event: &Event<'_>) -> MqttEvent {
    let mut told = MqttEvent {
        kind: NOTHING,
        id: 0,
        qos: 0,
        retain: 0,
        duplicate: 0,
        last: 0,
        refused: 0,
        topic: Bytes::NONE,
        payload: Bytes::NONE,
        length: 0,
    };
    let fill = |told: &mut MqttEvent, message: &Message<'_>| {
        told.topic = Bytes::of(message.topic.as_bytes());
        told.payload = Bytes::of(message.payload);
        told.length = message.length;
        told.qos = message.qos as u8;
        (told.retain, told.duplicate) = (message.retain.into(), message.duplicate.into());
    };
    match event {
        Event::Message(message) => {
            (told.kind, told.last) = (MESSAGE, 1);
            fill(&mut told, message);
        }
        Event::Begin(message) => {
            told.kind = BEGIN;
            fill(&mut told, message);
        }
        Event::Piece { data, last } => {
            (told.kind, told.last) = (PIECE, (*last).into());
            told.payload = Bytes::of(data);
            told.length = data.len();
        }
        Event::Published(id) => (told.kind, told.id) = (PUBLISHED, id.get()),
        Event::Unsubscribed(id) => (told.kind, told.id) = (UNSUBSCRIBED, id.get()),
        Event::Subscribed { id, subscriptions } => {
            (told.kind, told.id) = (SUBSCRIBED, id.get());
            for subscription in *subscriptions {
                match subscription.granted() {
                    Some(qos) => told.qos = qos as u8,
                    None => told.refused = told.refused.saturating_add(1),
                }
            }
        }
        // A connection is told of by its own function; nothing is published in pieces here.
        _ => {}
    }
    told
}
