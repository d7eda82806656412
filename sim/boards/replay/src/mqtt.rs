//! An MQTT session with a broker whose answers are known, without TLS and without a network: instructions of each step.

use core::fmt::Write;

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::mqtt::store::{NoStore, Ram};
use bearcub::mqtt::{Filter, Options, Publish, QoS, Session};
use bearcub::trust::Verified;

use crate::Machine;
use crate::machine::Host;

/// The size of the message.
const PAYLOAD: [u8; 64] = [b'm'; 64];
const TOPIC: &str = "plant/7/temp";

type Device<'b> = Session<'b, Ram<'b>, 4, 2>;

/// A session with so many slots and subscriptions, without a store.
type Bare<const SLOTS: usize, const SUBSCRIPTIONS: usize> =
    Session<'static, NoStore, SLOTS, SUBSCRIPTIONS>;

/// Measures the steps, and tells the host.
pub fn run<M: Machine>() {
    // Over many, so that rounding to the alignment does not show.
    const MANY: usize = 64;
    let bare = size_of::<Bare<0, 0>>();
    let _ = writeln!(
        Host::<M>::default(),
        r#"{{"event":"mqtt_sizes","session":{bare},"slot":{},"subscription":{}}}"#,
        (size_of::<Bare<MANY, 0>>() - bare).div_ceil(MANY),
        (size_of::<Bare<0, MANY>>() - bare).div_ceil(MANY),
    );
    if let Err(error) = steps::<M>() {
        let code = error.code();
        let _ = writeln!(Host::<M>::default(), r#"{{"event":"error","code":{code}}}"#);
    }
}

fn steps<M: Machine>() -> Result<(), Error> {
    let options = Options::new("bearcub").credentials("plant", b"password");
    let (mut input, mut output, mut memory) = ([0; 128], [0; 128], [0; 256]);
    let store = Ram::new(&mut memory);
    let mut device: Device<'_> = Session::new(&options, &mut input, &mut output, store)?;
    let now = Instant::from_millis(0);
    step::<M>("connect", 0, || {
        device.connect(Verified::plain_text_to_whoever_answers(), now)?;
        turn(&mut device, &[])?;
        turn(&mut device, b"\x20\x02\x00\x00")
    })?;
    step::<M>("subscribe", 0, || {
        device.subscribe(&[Filter::new("plant/7/cmd", QoS::AtLeastOnce)])?;
        turn(&mut device, &[])?;
        turn(&mut device, b"\x90\x03\x00\x01\x01")
    })?;
    let message = Publish::new(TOPIC, &PAYLOAD);
    step::<M>("publish 64 B with QoS 0", 80, || {
        device.publish(&message)?;
        turn(&mut device, &[])
    })?;
    // The identifier after the subscription's, and the one that the message before did not use.
    let acknowledged: &[&[u8]] = &[b"\x40\x02\x00\x02"];
    exchange::<M>(
        &mut device,
        "publish 64 B with QoS 1",
        QoS::AtLeastOnce,
        acknowledged,
    )?;
    let completed: &[&[u8]] = &[b"\x50\x02\x00\x03", b"\x70\x02\x00\x03"];
    exchange::<M>(
        &mut device,
        "publish 64 B with QoS 2",
        QoS::ExactlyOnce,
        completed,
    )?;
    let mut packet = [b'm'; 82];
    packet[..18].copy_from_slice(b"\x32\x50\x00\x0cplant/7/temp\x00\x07");
    step::<M>("receive 64 B with QoS 1", 82, || turn(&mut device, &packet))
}

fn exchange<M: Machine>(
    device: &mut Device<'_>,
    name: &str,
    qos: QoS,
    answers: &[&[u8]],
) -> Result<(), Error> {
    step::<M>(name, 82, || {
        device.publish(&Publish::new(TOPIC, &PAYLOAD).qos(qos))?;
        turn(device, &[])?;
        for answer in answers {
            turn(device, answer)?;
        }
        Ok(())
    })
}

/// Counts the instructions of a step, whose largest packet has so many bytes.
fn step<M: Machine>(
    name: &str,
    packet: usize,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let start = M::instructions();
    work()?;
    let took = M::instructions().wrapping_sub(start);
    let _ = writeln!(
        Host::<M>::default(),
        r#"{{"event":"mqtt","name":"{name}","packet":{packet},"instructions":{took}}}"#
    );
    Ok(())
}

/// Takes what the broker says, and sends what is to be sent.
fn turn(device: &mut Device<'_>, bytes: &[u8]) -> Result<(), Error> {
    let now = Instant::from_millis(0);
    let room = device.input();
    let length = bytes.len().min(room.len());
    room[..length].copy_from_slice(&bytes[..length]);
    device.received(length, now);
    loop {
        while device.poll(now)?.is_some() {}
        let length = device.output().len();
        if length == 0 {
            return Ok(());
        }
        core::hint::black_box(device.output());
        device.sent(length, now);
    }
}
