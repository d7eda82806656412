//! The client against real brokers.

mod support;

use std::time::Duration;

use bearcub::Error;
use bearcub::error::{MqttMisuse, MqttResource, NetworkError, Refusal};
use bearcub::identity::{EcKey, Identity};
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::{Event, Filter, Options, Publish, QoS, Resumption};
use bearcub::tls::{Config, Verify};
use bearcub::trust::Trust;
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use support::mqtt::{
    EVERY_QOS, TestSession, Told, clock, connect, echo, next, session, soon, subscribe,
};
use support::{Device, anchor};

/// For the broker's log, which is a little behind what the broker does.
const PATIENCE: Duration = Duration::from_secs(10);

fn broker(config: &MosquittoConfig) -> Mosquitto {
    Mosquitto::start(config).unwrap()
}

#[test]
fn every_qos_goes_there_and_comes_back() {
    let broker = broker(&MosquittoConfig::plain());
    let mut session: TestSession = session(Options::new("echo"), 128);
    let (mut client, resumption) = connect(&mut session, broker.addr()).unwrap();
    assert_eq!(resumption, Resumption::New);
    for granted in EVERY_QOS {
        let told = subscribe(&mut client, &[Filter::new("plant/#", granted)]);
        let expected = vec![("plant/#".to_owned(), Some(granted))];
        assert_eq!(told, Told::Subscribed(expected));
        for published in EVERY_QOS {
            let message = Publish::new("plant/7/temp", b"21.5").qos(published);
            let told = echo(&mut client, &message, 1);
            let message = Told::Message {
                topic: "plant/7/temp".to_owned(),
                payload: b"21.5".to_vec(),
                qos: granted.min(published),
                retain: false,
            };
            assert!(told.contains(&message), "{told:?}");
            let done = told
                .iter()
                .filter(|one| matches!(one, Told::Published(_)))
                .count();
            assert_eq!(done, usize::from(published > QoS::AtMostOnce));
            assert_eq!(told.len(), 1 + done, "{told:?}");
        }
    }
    client.disconnect().unwrap();
    assert!(broker.wait_for_log(
        "Received DISCONNECT from echo",
        std::time::Duration::from_secs(5)
    ));
}

#[test]
fn the_broker_keeps_what_is_retained_and_forgets_it_again() {
    let broker = broker(&MosquittoConfig::plain());
    let mut publisher: TestSession = session(Options::new("publisher"), 64);
    let (mut client, _) = connect(&mut publisher, broker.addr()).unwrap();
    let message = Publish::new("state", b"on")
        .qos(QoS::AtLeastOnce)
        .retained();
    client.publish_message(&message).unwrap();
    assert!(client.settle(soon(), |_| {}).unwrap());

    let mut session: TestSession = session(Options::new("subscriber"), 64);
    let (mut subscriber, _) = connect(&mut session, broker.addr()).unwrap();
    subscribe(&mut subscriber, &[Filter::new("state", QoS::AtLeastOnce)]);
    let Told::Message {
        payload, retain, ..
    } = next(&mut subscriber)
    else {
        panic!("not the retained message");
    };
    assert_eq!((&payload[..], retain), (&b"on"[..], true));
    client
        .publish_message(&Publish::new("state", b"").retained())
        .unwrap();
    let Told::Message {
        payload, retain, ..
    } = next(&mut subscriber)
    else {
        panic!("not the empty message");
    };
    assert_eq!((&payload[..], retain), (&b""[..], false));
}

#[test]
fn several_filters_are_granted_each_for_itself_and_left_again() {
    let acl = tempfile_with("topic read plant/#\ntopic readwrite other/#\n");
    let config = MosquittoConfig::plain().line(&format!("acl_file {}", acl.1));
    let broker = broker(&config.listener_line("max_qos 1"));
    let mut session: TestSession = session(Options::new("filters"), 128);
    let (mut client, _) = connect(&mut session, broker.addr()).unwrap();
    let filters = [
        Filter::new("plant/+/cmd", QoS::ExactlyOnce),
        Filter::new("forbidden/#", QoS::AtLeastOnce),
        Filter::new("other/#", QoS::AtMostOnce),
    ];
    // Mosquitto grants what it will not deliver; the QoS is what it lowers.
    let Told::Subscribed(granted) = subscribe(&mut client, &filters) else {
        panic!("no SUBACK");
    };
    assert_eq!(
        granted[0],
        ("plant/+/cmd".to_owned(), Some(QoS::AtLeastOnce))
    );
    assert_eq!(granted[2], ("other/#".to_owned(), Some(QoS::AtMostOnce)));
    let told = echo(&mut client, &Publish::new("other/1", b"x"), 1);
    assert_eq!(told.len(), 1);
    client.unsubscribe(&["other/#"]).unwrap();
    assert!(matches!(next(&mut client), Told::Other(text) if text.starts_with("Unsubscribed")));
    let told = echo(
        &mut client,
        &Publish::new("other/1", b"x").qos(QoS::AtLeastOnce),
        0,
    );
    assert_eq!(told.len(), 1, "only the acknowledgement: {told:?}");
    assert!(client.unsubscribe(&["other/#"]).is_err());
}

/// A file with that text; it is deleted with the value.
fn tempfile_with(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn a_will_is_published_when_the_connection_is_cut_and_not_after_a_disconnect() {
    let broker = broker(&MosquittoConfig::plain());
    let mut observer: TestSession = session(Options::new("observer"), 64);
    let (mut observer, _) = connect(&mut observer, broker.addr()).unwrap();
    subscribe(&mut observer, &[Filter::new("gone", QoS::AtLeastOnce)]);

    let will = Publish::new("gone", b"sensor").qos(QoS::AtLeastOnce);
    let mut session: TestSession = session(Options::new("sensor").will(will), 64);
    let (client, _) = connect(&mut session, broker.addr()).unwrap();
    client.disconnect().unwrap();
    let (client, _) = connect(&mut session, broker.addr()).unwrap();
    drop(client);
    let Told::Message { payload, .. } = next(&mut observer) else {
        panic!("not the will");
    };
    assert_eq!(payload, b"sensor");
    // Once: the first connection ended in order.
    let more = observer.poll(clock().after(200)).unwrap();
    assert_eq!(more, None);
}

#[test]
fn passwords_are_checked_and_a_refusal_has_its_number() {
    let broker = broker(&MosquittoConfig::plain().user("plant", "right"));
    let mut right: TestSession = session(Options::new("a").credentials("plant", b"right"), 64);
    connect(&mut right, broker.addr()).unwrap();
    for options in [
        Options::new("a").credentials("plant", b"wrong"),
        Options::new("a").user_name(Some("plant")),
        Options::new("a"),
    ] {
        let error = connect(&mut session::<8>(options, 64), broker.addr())
            .err()
            .unwrap();
        assert_eq!(error, Refusal::NotAuthorised.into());
        assert_eq!(error.code(), -2005);
    }
}

#[test]
fn a_persistent_session_gets_what_came_while_it_was_away() {
    let broker = broker(&MosquittoConfig::plain());
    let mut away: TestSession = session(Options::new("away").persistent(), 64);
    let (mut client, resumption) = connect(&mut away, broker.addr()).unwrap();
    assert_eq!(resumption, Resumption::New);
    subscribe(&mut client, &[Filter::new("cmd", QoS::ExactlyOnce)]);
    client.disconnect().unwrap();

    let mut publisher: TestSession = session(Options::new("publisher"), 64);
    let (mut publisher, _) = connect(&mut publisher, broker.addr()).unwrap();
    for qos in EVERY_QOS {
        publisher.publish("cmd", &[qos as u8], qos).unwrap();
    }
    assert!(publisher.settle(soon(), |_| {}).unwrap());

    let (mut client, resumption) = connect(&mut away, broker.addr()).unwrap();
    assert_eq!(resumption, Resumption::Resumed);
    for qos in [1, 2] {
        let Told::Message { payload, .. } = next(&mut client) else {
            panic!("not a message");
        };
        assert_eq!(payload, [qos]);
    }
    client.disconnect().unwrap();

    // Somebody asks for a clean session of that name: it is gone.
    connect(&mut session::<8>(Options::new("away"), 64), broker.addr()).unwrap();
    let (mut client, resumption) = connect(&mut away, broker.addr()).unwrap();
    assert_eq!(resumption, Resumption::Lost);
    let expected = vec![("cmd".to_owned(), Some(QoS::ExactlyOnce))];
    assert_eq!(next(&mut client), Told::Subscribed(expected), "renewed");
    publisher
        .publish("cmd", b"again", QoS::AtLeastOnce)
        .unwrap();
    assert!(matches!(next(&mut client), Told::Message { .. }));
}

#[test]
fn payloads_larger_than_every_buffer_pass_in_both_directions() {
    let broker = broker(&MosquittoConfig::plain());
    let mut session: TestSession = session(Options::new("large"), 256);
    let (mut client, _) = connect(&mut session, broker.addr()).unwrap();
    subscribe(&mut client, &[Filter::new("large", QoS::ExactlyOnce)]);
    let payload: Vec<u8> = (0..200_000_u32)
        .map(|at| (at.wrapping_mul(at) >> 7) as u8)
        .collect();
    for qos in EVERY_QOS {
        let header = Publish::new("large", b"").qos(qos);
        let id = client.begin(&header, payload.len(), None).unwrap();
        assert_eq!(id.is_some(), qos > QoS::AtMostOnce);
        for piece in payload.chunks(777) {
            client.supply(piece).unwrap();
        }
        let mut came = Vec::new();
        let (mut is_whole, deadline) = (false, soon());
        while !is_whole || !client.session().is_settled() {
            match client.poll(clock().after(100)).unwrap() {
                Some(Event::Begin(message)) => {
                    assert_eq!(
                        (message.topic.as_str(), message.length),
                        ("large", payload.len())
                    );
                    assert_eq!(message.qos, qos);
                }
                Some(Event::Piece { data, last }) => {
                    came.extend_from_slice(data);
                    is_whole = last;
                }
                Some(Event::Published(published)) => assert_eq!(Some(published), id),
                Some(other) => panic!("{other:?}"),
                None => assert!(clock() < deadline),
            }
        }
        assert!(came == payload, "{qos:?}");
    }
    // As one piece it is refused before anything is sent.
    for (qos, lacking) in [
        (QoS::AtMostOnce, MqttResource::Output),
        (QoS::AtLeastOnce, MqttResource::StoreFull),
    ] {
        let error = client.publish("large", &payload, qos).unwrap_err();
        assert_eq!(error.into_error(), lacking.into());
    }
    client.publish("large", b"small", QoS::AtLeastOnce).unwrap();
    assert!(client.settle(soon(), |_| {}).unwrap());
}

#[test]
fn an_idle_connection_is_kept_alive() {
    let broker = broker(&MosquittoConfig::plain());
    let mut session: TestSession = session(Options::new("idle").keep_alive(1), 64);
    let (mut client, _) = connect(&mut session, broker.addr()).unwrap();
    // Mosquitto ends a connection after one and a half times its keep-alive.
    assert_eq!(client.poll(clock().after(3_000)).unwrap(), None);
    client.publish("still", b"there", QoS::AtLeastOnce).unwrap();
    assert!(client.settle(soon(), |_| {}).unwrap());
    assert!(broker.wait_for_log("Sending PUBACK to idle", PATIENCE));
    assert!(broker.log().matches("Received PINGREQ from idle").count() >= 2);
}

#[test]
fn a_device_that_is_thrown_out_by_its_double_learns_of_it() {
    use bearcub::mqtt::Backoff;
    use std::time::Duration;

    let broker = broker(&MosquittoConfig::plain());
    let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(2));
    let mut contested = false;
    let (mut one, mut other) = (
        session::<8>(Options::new("same"), 64),
        session::<8>(Options::new("same"), 64),
    );
    for _ in 0..3 {
        let (mut client, _) = connect(&mut one, broker.addr()).unwrap();
        backoff.connected(clock());
        assert!(!contested);
        connect(&mut other, broker.addr()).unwrap();
        let error = client.poll(soon()).unwrap_err().into_error();
        assert_eq!(error, NetworkError::Closed.into());
        contested = backoff.failed(&error, clock(), 0).contested;
    }
    assert!(contested);
}

#[test]
fn over_tls_with_a_client_certificate_and_a_resumed_session() {
    let chain = pki::simple(KeyKind::P256);
    let owner = pki::device(KeyKind::P256);
    let config = MosquittoConfig::tls(&chain)
        .require_certificate(owner.root())
        .identity_as_username();
    let mut broker = broker(&config);
    let certificates = [owner.leaf()];
    let key = EcKey::from_der(owner.key.pkcs8_der()).unwrap();
    let identity = Identity::new(&certificates, key).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, support::clock());
    let tls = Config::new(&chain.host, &trust).identity(&identity);
    let mut device: Device = Device::new();
    let mut session: TestSession = session(Options::new("device").persistent(), 128);
    let mut resumable = None;
    for round in 0..4 {
        if round == 2 {
            // It forgets TLS sessions: a full handshake follows by itself.
            broker.restart(true).unwrap();
        }
        let stream = device
            .connect(broker.addr(), &tls.resume(resumable.as_ref()))
            .unwrap();
        let resumed = stream.connection().negotiated().resumed;
        assert_eq!(resumed, round == 1 || round == 3, "round {round}");
        resumable = stream.connection().session();
        let clock = clock as fn() -> bearcub::clock::Instant;
        let (mut client, _) = Client::connect(stream, &mut session, clock).unwrap();
        client.publish("a", b"over TLS", QoS::ExactlyOnce).unwrap();
        assert!(client.settle(soon(), |_| {}).unwrap());
        // The broker hangs up as well: who is first does not matter.
        let _ = client.disconnect().unwrap().close();
    }
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_known() {
    let chain = pki::simple(KeyKind::P256);
    let broker = broker(&MosquittoConfig::tls(&chain).user("plant", "secret"));
    let options = Options::new("device").credentials("plant", b"secret");
    let mut session: TestSession = session(options, 64);
    let clock = clock as fn() -> bearcub::clock::Instant;
    let mut device: Device = Device::new();
    let (learn, anyone) = (Trust::learn(), Trust::accept_anyone_insecurely());
    let policies: [&dyn Verify; 2] = [&anyone, &learn];
    let mut learned = None;
    for trust in policies {
        let stream = device
            .connect(broker.addr(), &Config::new("localhost", trust))
            .unwrap();
        learned = stream.connection().learned();
        let error = Client::connect(stream, &mut session, clock).err().unwrap();
        assert_eq!(Error::from(error), MqttMisuse::Unverified.into());
        assert!(broker.wait_for_log("closed its connection", PATIENCE));
        assert!(!broker.log().contains("CONNACK"), "{}", broker.log());
    }
    let pins = [learned.unwrap()];

    let trust = Trust::fingerprints(&pins);
    let stream = device
        .connect(broker.addr(), &Config::new("localhost", &trust))
        .unwrap();
    Client::connect(stream, &mut session, clock).unwrap();
    assert!(broker.wait_for_log("as device", PATIENCE));
}

#[test]
fn a_server_that_speaks_something_else_is_a_clear_error() {
    use bearcub_lab::server::{OpensslConfig, OpensslServer};

    // A TLS server is told MQTT in plain text; it answers with an alert.
    let server = OpensslServer::start(&OpensslConfig::new(&pki::simple(KeyKind::P256))).unwrap();
    let error = connect(&mut session::<8>(Options::new("lost"), 64), server.addr())
        .err()
        .unwrap();
    assert!(
        matches!(
            error,
            Error::Peer(_) | Error::Network(NetworkError::ClosedBeforeConnAck)
        ),
        "{error:?}"
    );
}
