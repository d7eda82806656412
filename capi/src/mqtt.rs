//! MQTT sessions.

use core::ffi::{c_char, c_void};

use bearcub::clock::Instant;
use bearcub::error::{Error, NetworkError};
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{
    Broker, Event, Filter, Message, Options, Overflow, PacketId, Publish, QoS, Resumption, Session,
};

use crate::board::Moved;
use crate::error::{self, Failure, Outcome, number};
use crate::memory::{
    self, Handle, InUse, Marked, Room, bytes, list, optional_text, structure, tell, text,
};
use crate::tls::Tls;
use crate::types::{
    Bytes, MQTT_SIZE, MQTT_SLOTS, MQTT_SUBSCRIPTIONS, MqttEvent, MqttOptions, NO_DEADLINE,
};

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

type Device = Session<'static, Ram<'static>, MQTT_SLOTS, MQTT_SUBSCRIPTIONS>;

/// A session.
pub struct Mqtt {
    session: Device,
    /// Null while there is no connection.
    tls: *const Handle<Tls>,
    /// Milliseconds that the stream may take nothing.
    patience: u32,
    stalled: Option<Instant>,
    unflushed: bool,
    /// Why the connection is over, for the next call to tell.
    failure: Option<Failure>,
}

impl Marked for Mqtt {
    const MARK: u32 = u32::from_le_bytes(*b"bMQT");
}

const _: () =
    assert!(size_of::<Handle<Mqtt>>() + size_of::<Options<'_>>() + 5 * memory::ALIGN <= MQTT_SIZE);

/// What a round of sending and receiving came to.
enum Turn {
    Event(MqttEvent),
    Connected(u8),
    Nothing,
    Stuck,
}

impl Mqtt {
    /// A round: work, send, receive once.
    fn turn(&mut self, tls: &mut Tls) -> Result<Turn, Failure> {
        let outcome = self.try_turn(tls);
        outcome.inspect_err(|_| self.ended())
    }

    fn try_turn(&mut self, tls: &mut Tls) -> Result<Turn, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
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
        self.send(tls)?;
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

    /// Sends what there is, as far as the stream takes it, and flushes.
    fn send(&mut self, tls: &mut Tls) -> Outcome {
        while !self.session.output().is_empty() {
            match tls.write(self.session.output())? {
                Moved::Nothing => return self.stalled(tls),
                Moved::Bytes(length) => {
                    (self.unflushed, self.stalled) = (true, None);
                    self.session.sent(length, tls.board().now());
                    // The next output; what happens is told by the next call.
                    if self.session.output().is_empty() && !self.session.is_offline() {
                        break;
                    }
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
    fn send_all(&mut self, tls: &mut Tls) -> Outcome {
        loop {
            self.send(tls).inspect_err(|_| self.ended())?;
            if self.session.output().is_empty() && !self.unflushed {
                return Ok(());
            }
        }
    }

    /// Sends what was just put into the output. Should that fail, the session has it nevertheless, and the next call tells.
    fn send_soon(&mut self, tls: &mut Tls) {
        if let Err(failure) = self.send(tls) {
            self.session.ended();
            self.failure = Some(failure);
        }
    }

    fn ended(&mut self) {
        self.session.ended();
        self.tls = core::ptr::null();
        (self.stalled, self.unflushed) = (None, false);
    }
}

/// An event as C is told.
fn as_c(event: &Event<'_>) -> MqttEvent {
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

fn qos(number: u8) -> Result<QoS, Failure> {
    QoS::from_number(number).ok_or(Failure(error::VALUE))
}

/// `bearcub_mqtt_size`.
#[unsafe(no_mangle)]
pub extern "C" fn bearcub_mqtt_size(input: usize, output: usize, store: usize) -> usize {
    MQTT_SIZE
        .saturating_add(input)
        .saturating_add(output)
        .saturating_add(store)
        .saturating_add(3 * memory::ALIGN)
}

/// `bearcub_mqtt_open`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_open(
    out: *mut *mut Handle<Mqtt>,
    place: *mut c_void,
    place_size: usize,
    options: *const MqttOptions,
) -> i32 {
    number((|| {
        if out.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: it is not null, and the header demands that it may be written to.
        unsafe { out.write(core::ptr::null_mut()) };
        // SAFETY: the header demands a valid structure, whose strings stay.
        let given = unsafe { structure(options) }?;
        // SAFETY: the header demands memory that nothing else uses until the handle is closed.
        let mut room = unsafe { Room::new(place, place_size) }?;
        let handle = room.put(core::mem::MaybeUninit::<Handle<Mqtt>>::uninit())?;
        // SAFETY: as above.
        let options = room.put(unsafe { options_of(given) }?)?;
        let input = room.bytes(given.input)?;
        let output = room.bytes(given.output)?;
        let store = Ram::new(room.bytes(given.store)?);
        let session = Session::new(options, input, output, store)?;
        let handle = handle.write(Handle::new(Mqtt {
            session,
            tls: core::ptr::null(),
            patience: given.response_timeout_ms,
            stalled: None,
            unflushed: false,
            failure: None,
        }));
        // SAFETY: as above.
        unsafe { out.write(handle) };
        Ok(())
    })())
}

/// The options that C named.
///
/// # Safety
/// What they point at stays until the handle is closed.
unsafe fn options_of(given: &MqttOptions) -> Result<Options<'static>, Failure> {
    // SAFETY: passed on to the caller.
    let mut options = Options::new(unsafe { text(given.client_id) }?);
    // SAFETY: passed on to the caller.
    options = options.user_name(unsafe { optional_text(given.user_name) }?);
    if !given.password.data.is_null() {
        // SAFETY: passed on to the caller.
        options = options.password(Some(unsafe { bytes(given.password) }?));
    }
    // SAFETY: passed on to the caller.
    if let Some(topic) = unsafe { optional_text(given.will_topic) }? {
        // SAFETY: passed on to the caller.
        let payload = unsafe { bytes(given.will_payload) }?;
        let will = Publish::new(topic, payload).qos(qos(given.will_qos)?);
        options = options.will(if given.will_retain == 0 {
            will
        } else {
            will.retained()
        });
    }
    if given.persistent != 0 {
        options = options.persistent();
    }
    if given.aws_limits != 0 {
        options = options.broker(Broker::AWS_IOT);
    }
    options = options.overflow(match given.overflow {
        REFUSE => Overflow::Refuse,
        DROP_OLDEST => Overflow::DropOldest,
        DROP_NEWEST => Overflow::DropNewest,
        _ => return Err(Failure(error::VALUE)),
    });
    Ok(options
        .keep_alive(given.keep_alive_s)
        .response_timeout(given.response_timeout_ms))
}

/// Does something with a session, connected or not.
///
/// # Safety
/// The handle is null or one of ours, and its memory is still there.
unsafe fn with(mqtt: *const Handle<Mqtt>, work: impl FnOnce(&mut Mqtt) -> Outcome) -> i32 {
    // SAFETY: passed on to the caller.
    number(unsafe { InUse::take(mqtt) }.and_then(|mut mqtt| work(mqtt.body())))
}

/// The connection that a session goes over.
///
/// # Errors
/// `Closed` if there is none, or it has been closed below the session.
///
/// # Safety
/// The memory of the connection is still there.
unsafe fn stream<'t>(mqtt: &mut Mqtt) -> Result<InUse<'t, Tls>, Failure> {
    if mqtt.tls.is_null() {
        return Err(mqtt.failure.take().unwrap_or(NetworkError::Closed.into()));
    }
    // SAFETY: it was open when the session was connected; the rest is passed on to the caller.
    unsafe { InUse::take(mqtt.tls) }.inspect_err(|_| mqtt.ended())
}

/// Sends what is in the output, if there is a connection.
///
/// # Safety
/// As [`stream`].
unsafe fn send_soon(mqtt: &mut Mqtt) {
    // SAFETY: passed on to the caller.
    if !mqtt.tls.is_null()
        && let Ok(mut tls) = unsafe { stream(mqtt) }
    {
        mqtt.send_soon(tls.body());
    }
}

/// `bearcub_mqtt_connect`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_connect(
    mqtt: *mut Handle<Mqtt>,
    tls: *mut Handle<Tls>,
    kept: *mut u8,
) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        // SAFETY: the header demands a handle of ours.
        let mut taken = unsafe { InUse::take(tls) }?;
        let stream = taken.body();
        let server = stream.verified()?;
        mqtt.ended();
        mqtt.failure = None;
        mqtt.session.connect(server, stream.board().now())?;
        mqtt.tls = tls;
        loop {
            if let Turn::Connected(how) = mqtt.turn(stream)? {
                // SAFETY: the header demands that it is null or may be written to.
                unsafe { tell(kept, how) };
                return Ok(());
            }
        }
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_publish`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_publish(
    mqtt: *mut Handle<Mqtt>,
    topic: *const c_char,
    payload: *const u8,
    length: usize,
    qos_wanted: u8,
    retain: u8,
    id: *mut u16,
) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(id, 0) };
        // SAFETY: the header demands a string that is valid during the call.
        let topic = unsafe { text(topic) }?;
        // SAFETY: the header demands bytes that are valid during the call.
        let payload = unsafe { list(payload, length) }?;
        let message = Publish::new(topic, payload).qos(qos(qos_wanted)?);
        let message = if retain == 0 {
            message
        } else {
            message.retained()
        };
        let publication = mqtt.session.publish(&message)?;
        // SAFETY: as above.
        unsafe { tell(id, publication.id.map_or(0, PacketId::get)) };
        // SAFETY: the header demands that the connection's memory stays.
        unsafe { send_soon(mqtt) };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_subscribe`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_subscribe(
    mqtt: *mut Handle<Mqtt>,
    filter: *const c_char,
    qos_wanted: u8,
    id: *mut u16,
) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(id, 0) };
        // SAFETY: the header demands a string that stays until the session is closed.
        let filter = Filter::new(unsafe { text(filter) }?, qos(qos_wanted)?);
        if !mqtt.tls.is_null() {
            // SAFETY: the header demands that the connection's memory stays.
            let mut tls = unsafe { stream(mqtt) }?;
            mqtt.send_all(tls.body())?;
        }
        let packet = mqtt.session.subscribe(&[filter])?;
        // SAFETY: as above.
        unsafe { tell(id, packet.get()) };
        // SAFETY: as above.
        unsafe { send_soon(mqtt) };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_unsubscribe`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_unsubscribe(
    mqtt: *mut Handle<Mqtt>,
    filter: *const c_char,
    id: *mut u16,
) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(id, 0) };
        // SAFETY: the header demands a string that is valid during the call.
        let filter = unsafe { text(filter) }?;
        if !mqtt.tls.is_null() {
            // SAFETY: the header demands that the connection's memory stays.
            let mut tls = unsafe { stream(mqtt) }?;
            mqtt.send_all(tls.body())?;
        }
        let packet = mqtt.session.unsubscribe(&[filter])?;
        // SAFETY: as above.
        unsafe { tell(id, packet.get()) };
        // SAFETY: as above.
        unsafe { send_soon(mqtt) };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_poll`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_poll(
    mqtt: *mut Handle<Mqtt>,
    wait_ms: u32,
    event: *mut MqttEvent,
) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        if event.is_null() {
            return Err(Failure(error::NULL));
        }
        let nothing = as_c(&Event::Connected(Resumption::New));
        // SAFETY: the header demands that it may be written to.
        unsafe { tell(event, nothing) };
        // SAFETY: the header demands that the connection's memory stays.
        let mut tls = unsafe { stream(mqtt) }?;
        let tls = tls.body();
        let until = tls.board().now().after(wait_ms);
        loop {
            match mqtt.turn(tls)? {
                Turn::Event(told) => {
                    // SAFETY: as above.
                    unsafe { tell(event, told) };
                    return Ok(());
                }
                Turn::Nothing if tls.board().now() < until => {}
                Turn::Connected(_) => {}
                Turn::Nothing | Turn::Stuck => return Ok(()),
            }
        }
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_deadline`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_deadline(mqtt: *mut Handle<Mqtt>, wait_ms: *mut u32) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        if wait_ms.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: the header demands that it may be written to.
        unsafe { tell(wait_ms, NO_DEADLINE) };
        if mqtt.tls.is_null() {
            return Ok(());
        }
        // SAFETY: the header demands that the connection's memory stays.
        let mut tls = unsafe { stream(mqtt) }?;
        if let Some(at) = mqtt.session.poll_at() {
            let left = at.since(tls.body().board().now());
            // SAFETY: as above.
            unsafe { tell(wait_ms, u32::try_from(left).unwrap_or(NO_DEADLINE)) };
        }
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_is_settled`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_is_settled(mqtt: *mut Handle<Mqtt>, settled: *mut u8) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        if settled.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: the header demands that it may be written to.
        unsafe { tell(settled, mqtt.session.is_settled().into()) };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_disconnect`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_disconnect(mqtt: *mut Handle<Mqtt>) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        // SAFETY: the header demands that the connection's memory stays.
        let mut tls = unsafe { stream(mqtt) }?;
        let tls = tls.body();
        mqtt.send_all(tls)?;
        mqtt.session.disconnect().map_err(Error::from)?;
        mqtt.send_all(tls)?;
        mqtt.ended();
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_lost`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_lost(mqtt: *mut Handle<Mqtt>) -> i32 {
    let work = |mqtt: &mut Mqtt| {
        mqtt.ended();
        mqtt.failure = None;
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(mqtt, work) }
}

/// `bearcub_mqtt_close`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_mqtt_close(mqtt: *mut Handle<Mqtt>) -> i32 {
    // SAFETY: the header demands a handle of ours.
    let taken = unsafe { InUse::take(mqtt) };
    number(taken.map(InUse::close))
}
