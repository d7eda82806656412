//! MQTT sessions.

use core::ffi::{c_char, c_void};
use core::mem::MaybeUninit;

use bearcub::error::NetworkError;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{
    Broker, Event, Filter, Options, Overflow, PacketId, Publish, QoS, Resumption, Session,
};

use crate::connection::Tls;
use crate::error::{self, Failure, Outcome, number};
use crate::memory::{self, Handle, InUse, Room, bytes, list, optional_text, structure, tell, text};
use crate::session::{DROP_NEWEST, DROP_OLDEST, Mqtt, REFUSE, Turn, as_c};
use crate::types::{MQTT_SIZE, MqttEvent, MqttOptions, NO_DEADLINE};

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
        let handle = room.put(MaybeUninit::<Handle<Mqtt>>::uninit())?;
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
    unsafe { InUse::take(mqtt.tls) }.inspect_err(|failure| {
        if failure.0 != error::BUSY {
            mqtt.ended();
        }
    })
}

/// Sends what is in the output, if there is a connection.
///
/// # Safety
/// As [`stream`].
unsafe fn send_soon(mqtt: &mut Mqtt) {
    if mqtt.tls.is_null() {
        return;
    }
    // SAFETY: passed on to the caller.
    let tls = unsafe { stream(mqtt) };
    if let Ok(mut tls) = tls {
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
        mqtt.session.disconnect()?;
        // DISCONNECT is the last of what is to be sent, and the session is offline when it is.
        while !mqtt.session.output().is_empty() {
            mqtt.send_all(tls)?;
            if !mqtt.session.is_offline() {
                mqtt.session.poll(tls.board().now())?;
            }
        }
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
