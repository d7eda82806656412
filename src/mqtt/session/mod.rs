//! The MQTT session without I/O: bytes in, bytes out, deadlines as values.
//!
//! [`Session`] is what a program drives; `events` what it is told; `slots` what is remembered of each message and
//! subscription. `state` holds the state, `sending` fills the output, `arriving` answers what comes in.

mod arriving;
mod events;
mod sending;
mod slots;
mod state;

pub use events::{Event, Message, Publication, Resumption};
pub use slots::{Acknowledge, Subscription};

use crate::clock::Instant;
use crate::error::{ConfigError, Error, Memory, MqttMisuse, NetworkError};
use crate::trust::Verified;

use self::arriving::Arrived;
use self::state::{Core, State};
use super::cause::Cause;
use super::input::Input;
use super::options::{Filter, Options, Publish};
use super::packet::{Packet, PacketId, Progress, PublishHeader, QoS};
use super::store::Store;

/// Bytes that either buffer must have at least.
const MIN_BUFFER: usize = 16;

/// An MQTT 3.1.1 session: it outlives connections, and remembers what is not done with.
///
/// `N` messages can be under way in each direction, and `F` subscriptions are remembered. `S` is where messages wait until
/// they are acknowledged. The shells ([`blocking::Client`](super::blocking::Client) and `asynch::Client`) drive it over a
/// stream; a program that owns its I/O does as they do:
///
/// 1. [`connect`](Self::connect) starts a connection, once there is a stream.
/// 2. [`poll`](Self::poll) works on what has come, and gives the next event.
/// 3. [`output`](Self::output) is sent, and [`sent`](Self::sent) says how much.
/// 4. What comes goes into [`input`](Self::input), and [`received`](Self::received) says how much.
/// 5. When nothing comes, [`poll_at`](Self::poll_at) says when to call `poll` nevertheless.
///
/// When the stream ends or fails: [`ended`](Self::ended). After an error, `connect` again over a new stream: what was not
/// acknowledged is sent again.
///
/// ```
/// use bearcub::clock::Instant;
/// use bearcub::mqtt::store::Ram;
/// use bearcub::mqtt::{Event, Options, Publish, QoS, Resumption, Session};
/// use bearcub::trust::Verified;
///
/// let options = Options::new("sensor-7");
/// let (mut input, mut output, mut memory) = ([0; 128], [0; 128], [0; 256]);
/// let mut session: Session<_, 4, 2> =
///     Session::new(&options, &mut input, &mut output, Ram::new(&mut memory))?;
///
/// let now = Instant::from_millis(0);
/// session.connect(Verified::plain_text_to_whoever_answers(), now)?;
/// assert_eq!(session.poll(now)?, None);
/// assert!(session.output().starts_with(b"\x10\x14\x00\x04MQTT"));
/// session.sent(session.output().len(), now);
///
/// session.input()[..4].copy_from_slice(b"\x20\x02\x00\x00"); // CONNACK
/// session.received(4, now);
/// assert_eq!(session.poll(now)?, Some(Event::Connected(Resumption::New)));
///
/// let sent = session.publish(&Publish::new("a/b", b"21.5").qos(QoS::AtLeastOnce))?;
/// assert_eq!(session.poll(now)?, None);
/// assert_eq!(session.output(), b"\x32\x0b\x00\x03a/b\x00\x0121.5");
/// session.sent(session.output().len(), now);
///
/// session.input()[..4].copy_from_slice(b"\x40\x02\x00\x01"); // PUBACK
/// session.received(4, now);
/// assert_eq!(session.poll(now)?, sent.id.map(Event::Published));
/// # Ok::<(), bearcub::Error>(())
/// ```
///
/// It takes the sizes that the README's table of MQTT gives, and the buffers and the store.
pub struct Session<'b, S, const N: usize, const F: usize> {
    input: Input<'b>,
    core: Core<'b, S, N, F>,
    /// The message in pieces that is arriving.
    arriving: Option<(PacketId, QoS)>,
}

fn check_buffer(memory: Memory, buffer: &[u8]) -> Result<(), ConfigError> {
    if buffer.len() < MIN_BUFFER {
        return Err(ConfigError::MemoryTooSmall {
            memory,
            needed: MIN_BUFFER,
            given: buffer.len(),
        });
    }
    Ok(())
}

/// The event that the program is being told, by its place in the input buffer.
#[derive(Clone, Copy)]
enum Ready {
    Nothing,
    Connected(Resumption),
    /// A message, whole or its beginning, and the lengths of its header and payload.
    Message {
        header: usize,
        payload: usize,
        is_whole: bool,
    },
    Piece(usize),
    Published(PacketId),
    Subscribed(PacketId),
    Unsubscribed(PacketId),
    SupplyAgain(PacketId),
}

impl<'b, S: Store, const N: usize, const F: usize> Session<'b, S, N, F> {
    /// A session that is not connected, with what the store has from before.
    ///
    /// `input` holds one packet at a time: the longest topic that is subscribed to and 8 bytes at least, and 16 bytes in
    /// any case; messages that fit it whole are delivered whole. `output`, of 16 bytes or more, is what is handed to the
    /// stream at a time; messages of QoS 0 are written into it whole, if they fit.
    ///
    /// # Errors
    /// What [`Options::check`] finds; `MemoryTooSmall`; `InFlight` or `Incoming` if the store has more from before than
    /// there are slots, `Store` if it failed.
    pub fn new(
        options: &'b Options<'b>,
        input: &'b mut [u8],
        output: &'b mut [u8],
        store: S,
    ) -> Result<Self, Error> {
        options.find_misuse()?;
        check_buffer(Memory::Input, input)?;
        check_buffer(Memory::Output, output)?;
        let mut session = Session {
            input: Input::new(input),
            core: Core::new(options, output, store),
            arriving: None,
        };
        session.core.restore()?;
        Ok(session)
    }

    /// Starts a connection over a new stream, whose server is verified: the next output is CONNECT, with will, user name
    /// and password.
    ///
    /// # Errors
    /// `BadState` if there is a connection.
    pub fn connect(&mut self, _server: Verified, now: Instant) -> Result<(), Error> {
        if self.core.state != State::Offline {
            return Err(ConfigError::BadState.into());
        }
        // What came over the connection before, and was not taken.
        self.reset();
        self.core.connect(now);
        Ok(())
    }

    /// Whether the broker has accepted the connection.
    pub fn is_connected(&self) -> bool {
        self.core.state == State::Connected
    }

    /// Whether there is no connection, not even a beginning one.
    pub fn is_offline(&self) -> bool {
        self.core.state == State::Offline
    }

    /// Whether nothing is under way: all messages are acknowledged in both directions, all subscriptions answered, all output
    /// is sent.
    /// The moment to disconnect and sleep.
    pub fn is_settled(&self) -> bool {
        self.core.is_settled() && self.arriving.is_none() && self.core.output.is_empty()
    }

    /// Outgoing messages that are not done with.
    pub fn in_flight(&self) -> usize {
        self.core.outgoing.all().len()
    }

    /// The subscriptions that are remembered.
    pub fn subscriptions(&self) -> &[Subscription<'b>] {
        self.core.subscriptions.all()
    }

    /// Works on what has come and what is due, and gives the next event. Asking for the next acknowledges the one before,
    /// unless the program does that itself.
    ///
    /// `None`: send the output, then receive.
    ///
    /// # Errors
    /// Why the connection is over: a violation by the broker, its refusal, a deadline, memory that does not suffice. The
    /// session goes on with the next [`connect`](Self::connect).
    pub fn poll(&mut self, now: Instant) -> Result<Option<Event<'_>>, Error> {
        self.advance(now)?;
        Ok(if self.has_event() { self.event() } else { None })
    }

    /// The first half of [`poll`](Self::poll).
    pub(super) fn advance(&mut self, now: Instant) -> Result<(), Cause> {
        if self.core.state == State::Offline {
            return Ok(());
        }
        let result = self.work(now);
        if result.is_err() {
            self.reset();
        }
        result
    }

    /// The second half: whether there is an event, which [`event`](Self::event) gives.
    pub(super) fn has_event(&self) -> bool {
        self.core.has_event() && !self.core.blocked
    }

    fn work(&mut self, now: Instant) -> Result<(), Cause> {
        self.core.tick(now);
        self.core.fill_output()?;
        let found = self.finish_event().and_then(|()| self.next_event());
        self.core.blocked = found == Err(Cause::NOT_NOW);
        if !self.core.blocked {
            found?;
            if self.core.has_event() {
                return Ok(());
            }
        }
        self.core.fill_output()?;
        self.core.check_deadlines()
    }

    /// Finds the next event; `NOT_NOW` if what has come cannot be answered yet.
    fn next_event(&mut self) -> Result<(), Cause> {
        loop {
            self.core.find_notice();
            if self.core.has_event() {
                return Ok(());
            }
            if self.input.payload_left() > 0 {
                let here = self.input.payload_here();
                if here == 0 {
                    return Ok(());
                }
                if !self.core.discarding {
                    self.core.ready = Ready::Piece(here);
                    return self.deliver_once();
                }
                self.input.take_payload(here);
                continue;
            }
            self.core.discarding = false;
            let found = self.input.peek();
            let (packet, &length) = match &found {
                Ok(Progress::Packet(packet, length)) => (packet, length),
                Ok(Progress::Incomplete(more)) => return self.input.check_room(*more),
                Err(violation) => return Err(*violation),
            };
            let Packet::Publish(header) = packet else {
                self.core.answer(packet)?;
                self.input.take_packet(length, 0);
                continue;
            };
            let payload = header.payload_length;
            let is_whole = length + payload <= self.input.capacity();
            if is_whole && self.input.length() < length + payload {
                return Ok(());
            }
            match self.core.arrive(header)? {
                Arrived::Discard => {
                    self.core.discarding = true;
                    self.input.take_packet(length, payload);
                }
                Arrived::Deliver => {
                    self.arriving = header.id.map(|id| (id, header.qos));
                    self.core.ready = Ready::Message {
                        header: length,
                        payload,
                        is_whole,
                    };
                    return self.deliver_once();
                }
            }
        }
    }

    /// Whether the message that is arriving has been told whole.
    fn is_told(&self) -> bool {
        match self.core.ready {
            Ready::Message { is_whole, .. } => is_whole,
            Ready::Piece(length) => length == self.input.payload_left(),
            _ => false,
        }
    }

    /// Notes that a message of QoS 2 is handed over whole. What the program acknowledges itself is noted when it does.
    fn deliver_once(&mut self) -> Result<(), Cause> {
        match self.arriving {
            Some((id, QoS::ExactlyOnce)) if !self.core.options.manual && self.is_told() => {
                self.core.deliver_once(id)
            }
            _ => Ok(()),
        }
    }

    /// Lets go of the event before; `NOT_NOW` if its acknowledgement has no room yet.
    fn finish_event(&mut self) -> Result<(), Cause> {
        let is_last = self.is_told();
        if is_last
            && !self.core.options.manual
            && let Some((id, qos)) = self.arriving
        {
            self.core.acknowledge_now(id, qos)?;
        }
        let payload = match self.core.ready {
            Ready::Message {
                header, payload, ..
            } => {
                self.input.take_packet(header, payload);
                if is_last { payload } else { 0 }
            }
            Ready::Piece(length) => length,
            Ready::Subscribed(_) => {
                self.core.subscriptions.forget_refused();
                0
            }
            _ => 0,
        };
        self.input.take_payload(payload);
        if is_last {
            self.arriving = None;
        }
        self.core.ready = Ready::Nothing;
        Ok(())
    }

    /// The event that was found last.
    pub(super) fn event(&self) -> Option<Event<'_>> {
        Some(match self.core.ready {
            Ready::Nothing => return None,
            Ready::Connected(resumption) => Event::Connected(resumption),
            Ready::Message {
                header: length,
                payload,
                is_whole,
            } => {
                let found = self.input.peek();
                let Ok(Progress::Packet(Packet::Publish(header), _)) = &found else {
                    return None;
                };
                let behind = self.input.bytes().get(length..).unwrap_or_default();
                if is_whole {
                    Event::Message(self.message(header, behind.get(..payload)?))
                } else {
                    Event::Begin(self.message(header, &[]))
                }
            }
            Ready::Piece(length) => Event::Piece {
                data: self.input.bytes().get(..length)?,
                last: length == self.input.payload_left(),
            },
            Ready::Published(id) => Event::Published(id),
            Ready::Subscribed(id) => Event::Subscribed {
                id,
                subscriptions: self.core.subscriptions_of(id),
            },
            Ready::Unsubscribed(id) => Event::Unsubscribed(id),
            Ready::SupplyAgain(id) => Event::SupplyAgain(id),
        })
    }

    fn message<'a>(&self, header: &PublishHeader<'a>, payload: &'a [u8]) -> Message<'a> {
        let acknowledge = header.id.filter(|_| self.core.options.manual);
        Message {
            topic: header.topic,
            payload,
            length: header.payload_length,
            qos: header.qos,
            retain: header.retain,
            duplicate: header.duplicate,
            acknowledge: acknowledge.map(|id| Acknowledge {
                id,
                connection: self.core.connection,
            }),
        }
    }

    /// Puts into the output what is to be sent and fits.
    pub(super) fn fill_output(&mut self) -> Result<(), Cause> {
        let result = self.core.fill_output();
        if result.is_err() {
            self.reset();
        }
        result
    }

    /// Milliseconds that the broker, and the stream to it, have for everything.
    pub(super) fn response_timeout(&self) -> u32 {
        self.core.options.response_timeout
    }

    /// When to call [`poll`](Self::poll) even if nothing has come; `None` while there is no connection, no keep-alive, or a
    /// payload that is being supplied.
    pub fn poll_at(&self) -> Option<Instant> {
        self.core.next_deadline()
    }

    /// Bytes for the broker; after [`poll`](Self::poll), for it puts them there.
    pub fn output(&self) -> &[u8] {
        self.core.output.bytes()
    }

    /// Says that the first `length` bytes of [`output`](Self::output) have been sent.
    pub fn sent(&mut self, length: usize, now: Instant) {
        self.core.sent(length, now);
    }

    /// Where bytes from the broker go; empty while the buffer is full, until the next [`poll`](Self::poll).
    pub fn input(&mut self) -> &mut [u8] {
        self.input.room()
    }

    /// Says that `length` bytes have been put at the start of [`input`](Self::input); 0 changes nothing.
    pub fn received(&mut self, length: usize, now: Instant) {
        if length > 0 {
            self.input.received(length);
            self.core.received(now);
        }
    }

    /// Says that the stream has ended or failed. What was not acknowledged is sent again after the next
    /// [`connect`](Self::connect). Returns what this end means: `ClosedBeforeConnAck`, or `Closed`.
    pub fn ended(&mut self) -> NetworkError {
        match self.end() {
            Cause::CLOSED_BEFORE_CONN_ACK => NetworkError::ClosedBeforeConnAck,
            _ => NetworkError::Closed,
        }
    }

    /// The same.
    pub(super) fn end(&mut self) -> Cause {
        let was_connecting = self.core.state == State::Connecting;
        self.reset();
        if was_connecting {
            Cause::CLOSED_BEFORE_CONN_ACK
        } else {
            Cause::CLOSED
        }
    }

    fn reset(&mut self) {
        self.input.clear();
        self.arriving = None;
        self.core.disconnected();
    }

    /// Publishes a message, or queues it while there is no connection.
    ///
    /// With QoS 1 and 2 it is in the store when this returns, and [`Event::Published`] says when it has arrived. With
    /// QoS 0 it is in the output buffer if there is a connection and room, and in the store otherwise.
    ///
    /// # Errors
    /// What the standard or the broker's profile forbids; `InFlight` or `StoreFull` if there is no room and none may be
    /// made ([`Overflow`](super::Overflow)). Nothing has changed then.
    pub fn publish(&mut self, message: &Publish<'_>) -> Result<Publication<N>, Error> {
        let mut publication = Publication::new();
        self.core.publish(message, &mut publication)?;
        Ok(publication)
    }

    /// Begins a message whose payload is supplied in pieces, by [`supply`](Self::supply): for payloads larger than any
    /// buffer. Nothing else can be sent until all of it is supplied.
    ///
    /// With QoS 1 and 2, should the connection be lost before the acknowledgement, [`Event::SupplyAgain`] asks for the
    /// message again after the next connect: call this with `again`.
    ///
    /// `header` is the message but for its payload, and `length` bytes of payload will follow. `again` is the identifier
    /// from [`Event::SupplyAgain`], or `None`.
    ///
    /// # Errors
    /// As [`publish`](Self::publish); `BadState` without a connection, `Busy` while another packet is being sent or
    /// messages are queued before it, `Output` if the header does not fit the output buffer.
    pub fn begin(
        &mut self,
        header: &Publish<'_>,
        length: usize,
        again: Option<PacketId>,
    ) -> Result<Option<PacketId>, Error> {
        Ok(self.core.begin(header, length, again)?)
    }

    /// Supplies the next bytes of the payload that [`begin`](Self::begin) announced. Returns how many fit the output; send
    /// it, and go on.
    ///
    /// # Errors
    /// `PayloadLength` if more is supplied than was announced, of which nothing is taken.
    pub fn supply(&mut self, data: &[u8]) -> Result<usize, Error> {
        Ok(self.core.supply(data)?)
    }

    /// Bytes that [`supply`](Self::supply) still wants.
    pub fn to_supply(&self) -> usize {
        self.core.to_supply()
    }

    /// Subscribes; [`Event::Subscribed`] tells what was granted. The filters are remembered, and subscribed to again when
    /// the broker has lost the session; without a connection they are subscribed to after the next connect. A filter that
    /// is subscribed to already replaces the one before.
    ///
    /// # Errors
    /// What the standard or the broker's profile forbids; `Subscriptions` if there are too few slots; `BadState` while a
    /// SUBSCRIBE or UNSUBSCRIBE is half in the output: send it first. Nothing has changed then.
    pub fn subscribe(&mut self, filters: &[Filter<'b>]) -> Result<PacketId, Error> {
        Ok(self.core.subscribe(filters)?)
    }

    /// Unsubscribes; [`Event::Unsubscribed`] tells when it is done.
    ///
    /// # Errors
    /// `NotSubscribed` if one of the filters is not among the subscriptions, `EmptyUnsubscribe`; `BadState` as with
    /// [`subscribe`](Self::subscribe). Nothing has changed then.
    pub fn unsubscribe(&mut self, filters: &[&str]) -> Result<PacketId, Error> {
        Ok(self.core.unsubscribe(filters)?)
    }

    /// Acknowledges a message, if [`acknowledge_manually`](Options::acknowledge_manually) is set.
    ///
    /// The standard wants messages of one QoS acknowledged in the order they came in (MQTT-4.6.0-2, MQTT-4.6.0-3).
    ///
    /// # Errors
    /// `StaleAcknowledgement` if it came over an earlier connection, or was acknowledged before; `BadState` if its payload
    /// has not come whole; what the store reports, and then it is not acknowledged.
    pub fn acknowledge(&mut self, message: Acknowledge) -> Result<(), Error> {
        let is_arriving =
            self.input.payload_left() > 0 || matches!(self.core.ready, Ready::Message { .. });
        if is_arriving && !self.is_told() && self.arriving.is_some_and(|(id, _)| id == message.id) {
            return Err(ConfigError::BadState.into());
        }
        Ok(self.core.acknowledge(message)?)
    }

    /// Ends the connection in order: DISCONNECT is the last output, and the broker drops the will. Once it is sent, close the
    /// stream; the session is offline.
    ///
    /// # Errors
    /// `PayloadLength` if a payload has not been supplied whole; `BadState` without a connection.
    pub fn disconnect(&mut self) -> Result<(), Error> {
        if self.core.state != State::Connected {
            return Err(ConfigError::BadState.into());
        }
        if self.to_supply() > 0 {
            return Err(MqttMisuse::PayloadLength.into());
        }
        self.core.state = State::Closing;
        Ok(self.core.fill_output()?)
    }
}
