//! Connections that are cut, and brokers that are killed, at every step of an exchange: QoS 1 arrives at least once, QoS 2
//! exactly once, in both directions.

mod support;

use std::collections::BTreeMap;

use bearcub::clock::Instant;
use bearcub::error::Error;
use bearcub::mqtt::{ClientError, Event, Filter, Options, QoS};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use support::mqtt::{Cutter, Plain, TestClient, TestSession, clock, connect, session, soon};

/// A device that publishes and listens, over connections that come and go.
struct Device {
    session: TestSession,
    /// How often each message came.
    received: BTreeMap<Vec<u8>, usize>,
    /// Messages of which it was told that they arrived.
    published: usize,
    connections: usize,
}

impl Device {
    fn new(name: &'static str) -> Self {
        Device {
            session: session(Options::new(name).persistent(), 96),
            received: BTreeMap::new(),
            published: 0,
            connections: 0,
        }
    }

    /// Connects again and again until `act` on a connection succeeds.
    fn until<R>(
        &mut self,
        server: std::net::SocketAddr,
        mut act: impl FnMut(
            &mut TestClient<'_, Plain>,
            &mut dyn FnMut(Event<'_>),
        ) -> Result<R, ClientError<std::io::Error>>,
    ) -> R {
        let deadline = soon();
        loop {
            assert!(clock() < deadline, "it does not come to an end");
            self.connections += 1;
            let (received, published) = (&mut self.received, &mut self.published);
            let mut told = |event: Event<'_>| match event {
                Event::Message(message) => {
                    *received.entry(message.payload.to_vec()).or_default() += 1;
                }
                Event::Published(_) => *published += 1,
                _ => {}
            };
            let Ok((mut client, _)) = connect(&mut self.session, server) else {
                continue;
            };
            match act(&mut client, &mut told) {
                Ok(result) => return result,
                Err(error) => assert!(
                    matches!(error.into_error(), Error::Network(_)),
                    "only the network is at fault here"
                ),
            }
        }
    }
}

/// Takes events until `done`.
fn take(
    client: &mut TestClient<'_, Plain>,
    told: &mut dyn FnMut(Event<'_>),
    mut is_done: impl FnMut(&TestSession) -> bool,
    until: Instant,
) -> Result<(), ClientError<std::io::Error>> {
    while clock() < until && !is_done(client.session()) {
        if let Some(event) = client.poll(clock().after(30))? {
            told(event);
        }
    }
    Ok(())
}

/// What happens in the middle of the packet.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Cut,
    /// The broker is ended with it, saves what it has, and is started again.
    Restart,
}

/// Both directions of a QoS, with the fault in the middle of the packet after the first `count`; whether it came to that.
fn exchange(broker: &mut Mosquitto, qos: QoS, count: usize, fault: Fault) -> bool {
    let name: &'static str = format!("device-{qos:?}-{count}").leak();
    let topic: &'static str = format!("{name}/topic").leak();
    let cutter = Cutter::new(broker.addr());
    let mut device = Device::new(name);
    let mut restarted = false;

    // Subscribed before the trouble begins: what is published then must come.
    let filters = [Filter::new(topic, qos)];
    device.until(cutter.addr, |client, told| {
        client.subscribe(&filters)?;
        take(client, told, |session| session.is_settled(), soon())
    });
    cutter.cut();
    cutter.cut_after(count);
    let mut sent = 0;
    device.until(cutter.addr, |client, told| {
        // Once: what was accepted is the session's.
        while sent < 2 {
            client.publish(topic, &[sent], qos)?;
            sent += 1;
        }
        let result = take(client, told, |session| session.is_settled(), soon());
        if result.is_err() && fault == Fault::Restart && !std::mem::replace(&mut restarted, true) {
            broker.restart(true).unwrap();
        }
        result
    });
    let was_cut = cutter.has_cut();
    // What still comes, comes now; and the end of it is a message that comes last.
    cutter.cut_after(usize::MAX);
    device.until(cutter.addr, |client, told| {
        client.publish(topic, b"last", qos)?;
        let mut is_last = false;
        while !is_last || !client.session().is_settled() {
            if let Some(event) = client.poll(clock().after(30))? {
                is_last |= matches!(event, Event::Message(message) if message.payload == b"last");
                told(event);
            }
        }
        Ok(())
    });
    let counts: Vec<usize> = device.received.values().copied().collect();
    match qos {
        QoS::ExactlyOnce => assert_eq!(counts[..2], [1, 1], "{fault:?} after {count}"),
        _ => assert!(counts[..2].iter().all(|count| *count >= 1)),
    }
    assert_eq!(
        device.received.len(),
        3,
        "{fault:?} after {count}: {:?}",
        device.received
    );
    was_cut
}

fn at_every_step(qos: QoS, fault: Fault) {
    let mut broker = Mosquitto::start(&MosquittoConfig::plain().persistent()).unwrap();
    let mut count = 0;
    while exchange(&mut broker, qos, count, fault) {
        count += 1;
    }
    // CONNECT and CONNACK, and each of the two messages all the way there; most of the way back, too, but it is not waited for.
    let packets = match qos {
        QoS::ExactlyOnce => 2 + 2 * 4,
        _ => 2 + 2 * 2,
    };
    assert!(count >= packets, "{count} cuts");
}

#[test]
fn a_cut_in_every_packet_of_qos_1_loses_nothing() {
    at_every_step(QoS::AtLeastOnce, Fault::Cut);
}

#[test]
fn a_cut_in_every_packet_of_qos_2_loses_and_doubles_nothing() {
    at_every_step(QoS::ExactlyOnce, Fault::Cut);
}

#[test]
fn a_broker_restarted_in_every_packet_of_qos_1_loses_nothing() {
    at_every_step(QoS::AtLeastOnce, Fault::Restart);
}

#[test]
fn a_broker_restarted_in_every_packet_of_qos_2_loses_and_doubles_nothing() {
    at_every_step(QoS::ExactlyOnce, Fault::Restart);
}

/// A broker that is killed loses what it has not written yet, acknowledged or not; the device must lose nothing of its own.
#[test]
fn a_killed_broker_costs_the_device_nothing_it_was_not_told_of() {
    let mut broker = Mosquitto::start(&MosquittoConfig::plain().persistent()).unwrap();
    let mut device = Device::new("killed");
    let mut accepted = 0;
    for round in 0..8 {
        let addr = broker.addr();
        device.until(addr, |client, told| {
            for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
                client.publish("topic", &[round], qos)?;
                accepted += 1;
            }
            // Some of it is done, some is not.
            for _ in 0..round {
                if let Some(event) = client.poll(clock().after(20))? {
                    told(event);
                }
            }
            Ok(())
        });
        broker.restart(false).unwrap();
    }
    device.until(broker.addr(), |client, told| {
        take(client, told, |session| session.is_settled(), soon())
    });
    assert_eq!(device.published, accepted);
}
