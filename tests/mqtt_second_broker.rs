//! The client against rumqttd, which shares no code with Mosquitto and reads the standard in its own way. Its memory is its
//! process's, so that a restart loses every session.

mod support;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use bearcub::error::NetworkError;
use bearcub::mqtt::{Filter, Options, Publish, QoS, Resumption};
use support::mqtt::{EVERY_QOS, TestSession, Told, connect, echo, next, session, soon, subscribe};

/// A running rumqttd, which ends with the value.
struct Rumqttd {
    addr: SocketAddr,
    process: Child,
}

impl Rumqttd {
    fn start() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rumqttd");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rumqttd");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--manifest-path"])
            .arg(package.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .status();
        assert!(built.unwrap().success());
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(target.join("debug/second-broker"))
            .arg(addr.port().to_string())
            .spawn()
            .unwrap();
        let broker = Rumqttd { addr, process };
        for _ in 0..1000 {
            if TcpStream::connect(addr).is_ok() {
                return broker;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("rumqttd does not listen");
    }
}

impl Drop for Rumqttd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn options(id: &'static str) -> Options<'static> {
    Options::new(id).credentials("plant", b"password")
}

#[test]
fn every_qos_goes_there_and_comes_back() {
    for granted in EVERY_QOS {
        let broker = Rumqttd::start();
        let mut session: TestSession = session(options("echo"), 128);
        let (mut client, resumption) = connect(&mut session, broker.addr).unwrap();
        assert_eq!(resumption, Resumption::New);
        let told = subscribe(&mut client, &[Filter::new("plant/#", granted)]);
        let expected = vec![("plant/#".to_owned(), Some(granted))];
        assert_eq!(told, Told::Subscribed(expected));
        for published in EVERY_QOS {
            let message = Publish::new("plant/7/temp", b"21.5").qos(published);
            let told = echo(&mut client, &message, 1);
            // It delivers with the QoS of the subscription, a lower one of the message notwithstanding.
            let message = Told::Message {
                topic: "plant/7/temp".to_owned(),
                payload: b"21.5".to_vec(),
                qos: granted,
                retain: false,
            };
            assert!(told.contains(&message), "{told:?}");
            let done = usize::from(published > QoS::AtMostOnce);
            assert_eq!(told.len(), 1 + done, "{told:?}");
        }
        client.disconnect().unwrap();
    }
}

#[test]
fn a_wrong_password_ends_the_connection() {
    let broker = Rumqttd::start();
    let wrong = Options::new("a").credentials("plant", b"wrong");
    let error = connect(&mut session::<8>(wrong, 64), broker.addr).err();
    // It hangs up instead of answering with a number.
    assert_eq!(error, Some(NetworkError::ClosedBeforeConnAck.into()));
}

#[test]
fn a_persistent_session_gets_what_came_while_it_was_away() {
    let broker = Rumqttd::start();
    let mut away: TestSession = session(options("away").persistent(), 64);
    let (mut client, _) = connect(&mut away, broker.addr).unwrap();
    subscribe(&mut client, &[Filter::new("cmd", QoS::ExactlyOnce)]);
    client.disconnect().unwrap();
    let mut publisher: TestSession = session(options("publisher"), 64);
    let (mut publisher, _) = connect(&mut publisher, broker.addr).unwrap();
    for qos in EVERY_QOS {
        publisher.publish("cmd", &[qos as u8], qos).unwrap();
    }
    assert!(publisher.settle(soon(), |_| {}).unwrap());
    let (mut client, resumption) = connect(&mut away, broker.addr).unwrap();
    assert_eq!(resumption, Resumption::Resumed);
    // Those of QoS 0 as well, which is its right.
    for expected in 0..3 {
        let Told::Message { payload, .. } = next(&mut client) else {
            panic!("not a message");
        };
        assert_eq!(payload, [expected]);
    }
}

#[test]
fn a_broker_that_has_forgotten_the_session_gets_its_subscriptions_and_messages_anew() {
    let mut device: TestSession = session(options("device").persistent(), 64);
    let broker = Rumqttd::start();
    let (mut client, _) = connect(&mut device, broker.addr).unwrap();
    subscribe(&mut client, &[Filter::new("cmd", QoS::AtLeastOnce)]);
    drop((client, broker));
    device
        .publish(&Publish::new("cmd", b"queued").qos(QoS::AtLeastOnce))
        .unwrap();
    let broker = Rumqttd::start();
    let (mut client, resumption) = connect(&mut device, broker.addr).unwrap();
    assert_eq!(resumption, Resumption::Lost);
    let expected = vec![("cmd".to_owned(), Some(QoS::AtLeastOnce))];
    let told = [next(&mut client), next(&mut client), next(&mut client)];
    assert!(told.contains(&Told::Subscribed(expected)), "{told:?}");
    let published = |one: &Told| matches!(one, Told::Published(_));
    assert!(told.iter().any(published), "{told:?}");
    let came = |one: &Told| matches!(one, Told::Message { payload, .. } if payload == b"queued");
    assert!(told.iter().any(came), "{told:?}");
}

#[test]
fn what_is_retained_comes_at_once_and_the_will_after_a_cut() {
    let broker = Rumqttd::start();
    let mut publisher: TestSession = session(options("publisher"), 64);
    let (mut client, _) = connect(&mut publisher, broker.addr).unwrap();
    let message = Publish::new("state", b"on")
        .qos(QoS::AtLeastOnce)
        .retained();
    client.publish_message(&message).unwrap();
    assert!(client.settle(soon(), |_| {}).unwrap());
    let mut observer: TestSession = session(options("observer"), 64);
    let (mut observer, _) = connect(&mut observer, broker.addr).unwrap();
    let filters = ["state", "gone"].map(|filter| Filter::new(filter, QoS::AtLeastOnce));
    subscribe(&mut observer, &filters);
    let message = |topic: &str, payload: &[u8], retain| Told::Message {
        topic: topic.to_owned(),
        payload: payload.to_vec(),
        qos: QoS::AtLeastOnce,
        retain,
    };
    assert_eq!(next(&mut observer), message("state", b"on", true));
    let will = Publish::new("gone", b"sensor").qos(QoS::AtLeastOnce);
    let mut sensor: TestSession = session(options("sensor").will(will), 64);
    drop(connect(&mut sensor, broker.addr).unwrap());
    assert_eq!(next(&mut observer), message("gone", b"sensor", false));
    observer.unsubscribe(&["gone"]).unwrap();
    assert!(matches!(next(&mut observer), Told::Other(text) if text.starts_with("Unsubscribed")));
}
