//! The MQTT session, step by step with a broker that does as it is told, in virtual time.

mod support;

use bearcub::Error;
use bearcub::error::{MqttMisuse, MqttResource, MqttViolation, NetworkError, Refusal};
use bearcub::mqtt::{Broker, Event, Filter, Options, Overflow, PacketId, Publish, QoS};
use support::mqtt::Told;
use support::script::{Script, Sent, ack, message, published};

const PUBACK: u8 = 0x40;
const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;

fn options() -> Options<'static> {
    Options::new("device")
}

fn text(payload: &[u8], qos: QoS) -> Told {
    Told::Message {
        topic: "t".to_owned(),
        payload: payload.to_vec(),
        qos,
        retain: false,
    }
}

fn publish(script: &mut Script, payload: &[u8], qos: QoS) -> Option<u16> {
    let message = Publish::new("t", payload).qos(qos);
    let publication = script.session.publish(&message).unwrap();
    publication.id.map(PacketId::get)
}

const QOS0: QoS = QoS::AtMostOnce;
const QOS1: QoS = QoS::AtLeastOnce;
const QOS2: QoS = QoS::ExactlyOnce;

#[test]
fn messages_of_each_qos_take_their_steps_whatever_the_size_of_the_buffers() {
    for buffer in [16, 17, 21, 32, 256] {
        for portion in [1, 3, usize::MAX] {
            let mut script = Script::connected(options(), buffer);
            script.portion = portion;
            assert_eq!(publish(&mut script, b"zero", QOS0), None);
            let one = publish(&mut script, b"one", QOS1).unwrap();
            let two = publish(&mut script, b"two", QOS2).unwrap();
            assert_eq!(script.run(), Ok(vec![]));
            let expected = [
                published(0, false, b"zero"),
                published(one, false, b"one"),
                published(two, false, b"two"),
            ];
            assert_eq!(script.sent(), expected);
            assert_eq!(
                script.feed(&ack(PUBACK, one)),
                Ok(vec![Told::Published(one)])
            );
            assert_eq!(script.feed(&ack(PUBREC, two)), Ok(vec![]));
            assert_eq!(script.sent(), [Sent::PubRel(two)]);
            assert!(!script.session.is_settled());
            assert_eq!(
                script.feed(&ack(PUBCOMP, two)),
                Ok(vec![Told::Published(two)])
            );
            assert!(script.session.is_settled());

            let bytes = [message(0, 0, false, b"a"), message(1, 7, false, b"b")].concat();
            let told = script.feed(&bytes);
            assert_eq!(told, Ok(vec![text(b"a", QOS0), text(b"b", QOS1)]));
            assert_eq!(script.sent(), [Sent::PubAck(7)]);
            let told = script.feed(&message(2, 8, false, b"c"));
            assert_eq!(told, Ok(vec![text(b"c", QOS2)]));
            assert_eq!(script.sent(), [Sent::PubRec(8)]);
            assert_eq!(script.feed(&ack(PUBREL, 8)), Ok(vec![]));
            assert_eq!(script.sent(), [Sent::PubComp(8)]);
        }
    }
}

#[test]
fn unacknowledged_messages_go_out_again_in_order_with_their_identifiers() {
    let mut script = Script::connected(options().persistent(), 64);
    let ids: Vec<u16> = (0..4)
        .map(|number| {
            let qos = if number % 2 == 0 { QOS1 } else { QOS2 };
            publish(&mut script, &[number], qos).unwrap()
        })
        .collect();
    script.run().unwrap();
    script.sent();
    for round in 0..3 {
        script.cut();
        if round == 1 {
            // One that was never sent comes last, and is no duplicate.
            publish(&mut script, b"new", QOS1).unwrap();
        }
        let (connected, told) = script.connect(true);
        assert_eq!((connected.as_str(), told), ("Connected(Resumed)", vec![]));
        let mut expected: Vec<Sent> = (0..4)
            .map(|number| published(ids[usize::from(number)], true, &[number]))
            .collect();
        if round > 0 {
            expected.push(published(ids[3] + 1, round > 1, b"new"));
        }
        assert_eq!(script.sent(), expected, "round {round}");
    }
    // PUBREL in the order of PUBREC, also after a cut, and before all messages.
    script
        .feed(&[ack(PUBREC, ids[3]), ack(PUBREC, ids[1])].concat())
        .unwrap();
    assert_eq!(script.sent(), [Sent::PubRel(ids[3]), Sent::PubRel(ids[1])]);
    script.cut();
    script.connect(true);
    let sent = script.sent();
    assert_eq!(sent[..2], [Sent::PubRel(ids[3]), Sent::PubRel(ids[1])]);
    assert_eq!(sent[2], published(ids[0], true, &[0]));
    assert_eq!(sent.len(), 5);
    let acks = [
        ack(PUBCOMP, ids[3]),
        ack(PUBCOMP, ids[1]),
        ack(PUBACK, ids[0]),
        ack(PUBACK, ids[2]),
        ack(PUBACK, ids[3] + 1),
    ];
    assert_eq!(script.feed(&acks.concat()).unwrap().len(), 5);
    assert!(script.session.is_settled());
}

#[test]
fn an_incoming_message_of_qos_2_is_delivered_once_wherever_the_connection_ends() {
    // What the broker does before the cut, and after it.
    for cut in 0..4 {
        let mut script = Script::connected(options().persistent(), 64);
        let mut delivered = Vec::new();
        if cut > 0 {
            delivered.extend(script.feed(&message(2, 5, false, b"once")).unwrap());
        }
        if cut > 1 {
            assert_eq!(script.sent(), [Sent::PubRec(5)]);
        }
        if cut > 2 {
            delivered.extend(script.feed(&ack(PUBREL, 5)).unwrap());
        }
        script.cut();
        script.connect(true);
        script.sent();
        // The broker does not know what arrived before the cut.
        if cut < 3 {
            delivered.extend(script.feed(&message(2, 5, true, b"once")).unwrap());
            assert_eq!(script.sent(), [Sent::PubRec(5)]);
        }
        delivered.extend(script.feed(&ack(PUBREL, 5)).unwrap());
        assert_eq!(script.sent(), [Sent::PubComp(5)]);
        assert_eq!(delivered, [text(b"once", QOS2)], "cut {cut}");
        // The identifier is free again.
        let told = script.feed(&message(2, 5, false, b"next")).unwrap();
        assert_eq!(told, [text(b"next", QOS2)]);
    }
}

#[test]
fn one_that_was_told_and_not_acknowledged_when_the_connection_ended_is_not_told_again() {
    let mut script = Script::connected(options().persistent(), 64);
    let bytes = message(2, 5, false, b"once");
    script.session.input()[..bytes.len()].copy_from_slice(&bytes);
    script.session.received(bytes.len(), script.now);
    assert!(matches!(
        script.session.poll(script.now),
        Ok(Some(Event::Message(_)))
    ));
    script.cut();
    script.connect(true);
    assert_eq!(script.feed(&message(2, 5, true, b"once")), Ok(vec![]));
    assert_eq!(script.sent(), [Sent::PubRec(5)]);
}

#[test]
fn filters_are_granted_refused_left_and_renewed() {
    let mut script = Script::new(options().persistent(), 64);
    // Before there is a connection.
    let filters = [
        Filter::new("a/#", QOS2),
        Filter::new("b", QOS1),
        Filter::new("c", QOS0),
    ];
    let id = script.session.subscribe(&filters).unwrap().get();
    script.connect(false);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        script.sent(),
        [Sent::Subscribe(id, names(&["a/#", "b", "c"]))]
    );
    let [high, low] = id.to_be_bytes();
    let told = script.feed(&[0x90, 5, high, low, 1, 0x80, 0]).unwrap();
    let expected = Told::Subscribed(vec![
        ("a/#".to_owned(), Some(QOS1)),
        ("b".to_owned(), None),
        ("c".to_owned(), Some(QOS0)),
    ]);
    assert_eq!(told, [expected]);
    let remembered: Vec<&str> = script
        .session
        .subscriptions()
        .iter()
        .map(|one| one.filter())
        .collect();
    assert_eq!(remembered, ["a/#", "c"], "what is refused is forgotten");

    // A resumed session has them; one that is lost has them renewed.
    script.cut();
    script.connect(true);
    assert_eq!(script.sent(), []);
    script.cut();
    let (connected, _) = script.connect(false);
    assert_eq!(connected, "Connected(Lost)");
    assert_eq!(script.sent(), [Sent::Subscribe(id, names(&["a/#", "c"]))]);
    script.feed(&[0x90, 4, high, low, 2, 0]).unwrap();

    let error = script.session.unsubscribe(&["b"]);
    assert_eq!(error, Err(MqttMisuse::NotSubscribed.into()));
    let left = script.session.unsubscribe(&["a/#"]).unwrap().get();
    script.run().unwrap();
    assert_eq!(script.sent(), [Sent::Unsubscribe(left, names(&["a/#"]))]);
    // Unanswered when the connection ends, it is sent again.
    script.cut();
    script.connect(true);
    assert_eq!(script.sent(), [Sent::Unsubscribe(left, names(&["a/#"]))]);
    let told = script.feed(&ack(0xb0, left)).unwrap();
    assert!(matches!(&told[..], [Told::Other(text)] if text.starts_with("Unsubscribed")));
    script.cut();
    script.connect(false);
    assert_eq!(script.sent(), [Sent::Subscribe(id, names(&["c"]))]);
}

#[test]
fn a_filter_of_many_packets_fits_an_output_of_16_bytes() {
    let long: &'static str = "level/".repeat(50).leak();
    let mut script = Script::connected(options(), 16);
    script
        .session
        .subscribe(&[Filter::new(long, QOS1), Filter::new("b", QOS0)])
        .unwrap();
    script.run().unwrap();
    assert_eq!(
        script.sent(),
        [Sent::Subscribe(1, vec![long.to_owned(), "b".to_owned()])]
    );
}

#[test]
fn subscribing_refuses_what_cannot_be() {
    let mut script = Script::connected(options().broker(Broker::AWS_IOT), 64);
    let filter = |topic| Filter::new(topic, QOS0);
    let mut says = |filters: &[Filter<'static>], error: Error| {
        assert_eq!(script.session.subscribe(filters), Err(error));
    };
    says(&[], MqttMisuse::EmptySubscribe.into());
    says(&[filter("a#")], MqttMisuse::MultiLevelWildcard.into());
    says(&[filter("a"); 9], MqttMisuse::LimitFilters.into());
    says(&[Filter::new("a", QOS2)], MqttMisuse::LimitQoS.into());
    says(
        &[
            filter("a"),
            filter("b"),
            filter("c"),
            filter("d"),
            filter("e"),
        ],
        MqttResource::Subscriptions.into(),
    );
    assert!(script.session.subscriptions().is_empty());
    assert_eq!(script.run(), Ok(vec![]));
    assert_eq!(script.sent(), []);
    let mut few = Broker::OPEN;
    few.subscriptions = 1;
    let mut script = Script::connected(options().broker(few), 64);
    let error = script.session.subscribe(&[filter("a"), filter("b")]);
    assert_eq!(error, Err(MqttMisuse::LimitSubscriptions.into()));
}

#[test]
fn a_session_that_is_lost_says_so_and_sends_its_messages_again() {
    let mut script = Script::connected(options().persistent(), 64);
    let one = publish(&mut script, b"one", QOS1).unwrap();
    let two = publish(&mut script, b"two", QOS2).unwrap();
    let released = publish(&mut script, b"released", QOS2).unwrap();
    script.run().unwrap();
    script.feed(&ack(PUBREC, released)).unwrap();
    script.feed(&message(2, 9, false, b"in")).unwrap();
    script.cut();
    script.sent();
    let (connected, told) = script.connect(false);
    assert_eq!(connected, "Connected(Lost)");
    // The broker had said that it has it.
    assert_eq!(told, [Told::Published(released)]);
    assert_eq!(
        script.sent(),
        [published(one, true, b"one"), published(two, true, b"two")]
    );
    // In a new session an identifier means another message.
    let told = script.feed(&message(2, 9, false, b"other")).unwrap();
    assert_eq!(told, [text(b"other", QOS2)]);
}

#[test]
fn a_silent_connection_is_pinged_and_a_dead_one_ends() {
    let mut script = Script::connected(options().keep_alive(60), 64);
    assert_eq!(script.session.poll_at(), Some(script.now.after(45_000)));
    script.pass(44_999).unwrap();
    assert_eq!(script.sent(), []);
    script.pass(1).unwrap();
    assert_eq!(script.sent(), [Sent::PingReq]);
    assert_eq!(script.session.poll_at(), Some(script.now.after(10_000)));
    script.pass(9_000).unwrap();
    script.feed(b"\xd0\x00").unwrap();
    assert_eq!(script.sent(), []);

    // One that only sends is pinged too: it would not notice that nobody listens.
    for _ in 0..4 {
        script.pass(10_000).unwrap();
        publish(&mut script, b"x", QOS0);
        script.run().unwrap();
    }
    script.pass(5_000).unwrap();
    assert_eq!(
        script
            .sent()
            .iter()
            .filter(|sent| **sent == Sent::PingReq)
            .count(),
        1
    );
    // The deadline is noticed, and counts after one more chance to receive.
    assert_eq!(script.pass(10_000), Ok(vec![]));
    assert_eq!(script.session.poll_at(), Some(script.now));
    assert_eq!(script.run(), Err(NetworkError::NoPingResp.into()));
    assert!(script.session.is_offline());
    assert_eq!(script.session.poll_at(), None);
}

#[test]
fn a_long_pause_of_the_program_is_no_fault_of_the_broker() {
    let mut script = Script::connected(options().keep_alive(60), 64);
    script.pass(45_000).unwrap();
    assert_eq!(script.sent(), [Sent::PingReq]);
    // An hour in which nothing is polled; the answer waits in the network.
    script.now = script.now.after(3_600_000);
    assert_eq!(script.session.poll(script.now), Ok(None));
    script.session.input()[..2].copy_from_slice(b"\xd0\x00");
    script.session.received(2, script.now);
    script.run().unwrap();
    assert!(script.session.is_connected());
    // And publishing after a pause is no stalled output.
    script.now = script.now.after(3_600_000);
    publish(&mut script, b"x", QOS1);
    script.run().unwrap();
    assert!(script.session.is_connected());
}

#[test]
fn without_a_keep_alive_nothing_is_pinged() {
    let mut script = Script::connected(options().keep_alive(0), 64);
    assert_eq!(script.session.poll_at(), None);
    script.pass(u32::MAX).unwrap();
    assert_eq!(script.sent(), []);
}

#[test]
fn a_ping_that_must_wait_for_a_payload_wakes_nobody() {
    let mut script = Script::connected(options().keep_alive(60), 64);
    let header = Publish::new("a/b", b"").qos(QOS1);
    script.session.begin(&header, 10, None).unwrap();
    script.pass(300_000).unwrap();
    assert_eq!(script.session.poll_at(), None);
    assert_eq!(script.session.supply(b"0123456789"), Ok(10));
    script.run().unwrap();
    assert!(script.sent().contains(&Sent::PingReq));
}

#[test]
fn a_broker_that_does_not_answer_connect_or_takes_nothing_is_left() {
    let mut script = Script::new(options(), 64);
    script.begin();
    script.run().unwrap();
    assert_eq!(script.session.poll_at(), Some(script.now.after(10_000)));
    assert_eq!(script.pass(10_000), Ok(vec![]));
    assert_eq!(script.run(), Err(NetworkError::NoConnAck.into()));

    // The link takes nothing: the output stays.
    let mut script = Script::new(options().response_timeout(3_000), 64);
    script.begin();
    let mut now = script.now;
    assert_eq!(script.session.poll(now), Ok(None));
    assert!(!script.session.output().is_empty());
    now = now.after(3_000);
    assert_eq!(script.session.poll(now), Ok(None));
    let error = script.session.poll(now);
    assert!(matches!(
        error,
        Err(Error::Network(
            NetworkError::Timeout | NetworkError::NoConnAck
        ))
    ));
}

#[test]
fn an_end_before_connack_is_told_apart() {
    let mut script = Script::new(options(), 64);
    script.begin();
    script.run().unwrap();
    assert_eq!(script.session.ended(), NetworkError::ClosedBeforeConnAck);
    script.sent();
    script.connect(false);
    assert_eq!(script.session.ended(), NetworkError::Closed);
}

#[test]
fn every_refusal_has_its_name() {
    for (code, refusal) in [
        (1, Refusal::ProtocolVersion),
        (2, Refusal::ClientId),
        (3, Refusal::ServerUnavailable),
        (4, Refusal::BadCredentials),
        (5, Refusal::NotAuthorised),
        (7, Refusal::AwsNotAuthorised),
    ] {
        let mut script = Script::new(options(), 64);
        script.begin();
        let error = script.feed(&[0x20, 2, 0, code]).unwrap_err();
        assert_eq!(
            (error, error.code()),
            (refusal.into(), -2000 - i32::from(code))
        );
        assert!(script.session.is_offline());
    }
}

#[test]
fn every_violation_ends_the_connection_and_the_next_one_works() {
    let cases: &[(&[u8], Error)] = &[
        (b"\x20\x02\x00\x00", MqttViolation::ConnAckOrder.into()),
        (b"\x00", MqttViolation::PacketType.into()),
        (b"\xe0", MqttViolation::PacketType.into()),
        (b"\x41", MqttViolation::Flags.into()),
        (
            b"\x30\xff\xff\xff\xff",
            MqttViolation::RemainingLength.into(),
        ),
        (b"\x40\x03", MqttViolation::PacketLength.into()),
        (b"\x36", MqttViolation::QoS3.into()),
        (b"\x38", MqttViolation::DuplicateAtQoS0.into()),
        (b"\x40\x02\x00\x00", MqttViolation::PacketIdZero.into()),
        (b"\x30\x03\x00\x01\xff", MqttViolation::Utf8.into()),
        (b"\x30\x03\x00\x01\x00", MqttViolation::Nul.into()),
        (b"\x30\x03\x00\x01#", MqttViolation::Wildcard.into()),
        (b"\x30\x02\x00\x00", MqttViolation::EmptyTopic.into()),
        (b"\xd0\x00", MqttViolation::UnexpectedPingResp.into()),
        // Acknowledgements of what was not sent, or otherwise.
        (b"\x40\x02\x00\x09", MqttViolation::UnknownPacketId.into()),
        (b"\x50\x02\x00\x09", MqttViolation::UnknownPacketId.into()),
        (b"\x70\x02\x00\x09", MqttViolation::UnknownPacketId.into()),
        (
            b"\x90\x03\x00\x09\x00",
            MqttViolation::UnknownPacketId.into(),
        ),
        (b"\xb0\x02\x00\x09", MqttViolation::UnknownPacketId.into()),
        (b"\x40\x02\x00\x02", MqttViolation::UnknownPacketId.into()), // QoS 2
        (b"\x50\x02\x00\x01", MqttViolation::UnknownPacketId.into()), // QoS 1
        (b"\x70\x02\x00\x02", MqttViolation::UnknownPacketId.into()), // before PUBREC
        // Identifier 3 is a SUBSCRIBE of two filters.
        (b"\x90\x03\x00\x03\x00", MqttViolation::GrantedCount.into()),
        (
            b"\x90\x05\x00\x03\x00\x00\x00",
            MqttViolation::GrantedCount.into(),
        ),
        (
            b"\x90\x04\x00\x03\x00\x03",
            MqttViolation::GrantedQoS.into(),
        ),
        (b"\xb0\x02\x00\x03", MqttViolation::UnknownPacketId.into()),
        // Identifier 4 came as a message of QoS 2.
        (
            b"\x34\x05\x00\x01t\x00\x04",
            MqttViolation::PacketIdInUse.into(),
        ),
        (
            b"\x32\x05\x00\x01t\x00\x04",
            MqttViolation::PacketIdInUse.into(),
        ),
        // A topic that no buffer holds.
        (b"\x30\x82\x01\x00\x80", MqttResource::Input.into()),
    ];
    for (bytes, error) in cases {
        let mut script = Script::connected(options().persistent(), 64);
        publish(&mut script, b"one", QOS1);
        publish(&mut script, b"two", QOS2);
        let filters = [Filter::new("a", QOS0), Filter::new("b", QOS0)];
        assert_eq!(script.session.subscribe(&filters).unwrap().get(), 3);
        script.feed(&message(2, 4, false, b"in")).unwrap();
        assert_eq!(script.feed(bytes), Err(*error), "{bytes:02x?}");
        assert!(script.session.is_offline());
        assert_eq!(script.session.poll(script.now), Ok(None));
        assert!(script.session.output().is_empty());
        script.cut();
        script.connect(true);
        let sent = script.sent();
        assert!(sent.contains(&published(1, true, b"one")), "{sent:?}");
        assert!(sent.contains(&published(2, true, b"two")), "{sent:?}");
    }
}

#[test]
fn nothing_but_connack_comes_first() {
    for bytes in [
        &b"\xd0\x00"[..],
        b"\x30\x03\x00\x01t",
        b"\x40\x02\x00\x01",
        b"\x90\x03\x00\x01\x00",
    ] {
        let mut script = Script::new(options(), 64);
        script.begin();
        let error = script.feed(bytes);
        assert_eq!(
            error,
            Err(MqttViolation::ConnAckOrder.into()),
            "{bytes:02x?}"
        );
    }
    let mut script = Script::new(options(), 64);
    script.begin();
    let error = script.feed(&[0x20, 2, 1, 0]);
    assert_eq!(error, Err(MqttViolation::SessionNotClean.into()));
}

#[test]
fn an_answer_to_a_packet_that_is_half_sent_is_not_believed() {
    let mut script = Script::connected(options(), 16);
    publish(&mut script, &[7; 100], QOS1);
    // Only what fits the output has been sent.
    let length = script.session.output().len();
    script.session.sent(length, script.now);
    let bytes = ack(PUBACK, 1);
    script.session.input()[..4].copy_from_slice(&bytes);
    script.session.received(4, script.now);
    let error = script.session.poll(script.now);
    assert_eq!(error, Err(MqttViolation::UnknownPacketId.into()));
}

#[test]
fn a_pubrec_that_comes_twice_is_answered_twice() {
    let mut script = Script::connected(options(), 64);
    let id = publish(&mut script, b"x", QOS2).unwrap();
    script.run().unwrap();
    script.sent();
    script.feed(&ack(PUBREC, id)).unwrap();
    script.feed(&ack(PUBREC, id)).unwrap();
    assert_eq!(script.sent(), [Sent::PubRel(id), Sent::PubRel(id)]);
    let told = script.feed(&ack(PUBCOMP, id)).unwrap();
    assert_eq!(told, [Told::Published(id)]);
}

#[test]
fn a_release_of_what_the_device_has_forgotten_is_answered() {
    let mut script = Script::connected(options().persistent(), 64);
    script.feed(&ack(PUBREL, 77)).unwrap();
    assert_eq!(script.sent(), [Sent::PubComp(77)]);
}

#[test]
fn more_of_qos_2_at_a_time_than_there_are_slots_is_an_error_and_not_a_loss() {
    let mut script = Script::connected(options().persistent(), 64);
    for id in 1..=8 {
        script.feed(&message(2, id, false, &[id as u8])).unwrap();
    }
    script.sent();
    // It is passed over, and so are those behind it; other messages are not.
    let flood = [
        message(2, 9, false, &[9]),
        ack(PUBREL, 1),
        message(2, 10, false, &[10]),
        message(1, 11, false, &[11]),
    ];
    assert_eq!(script.feed(&flood.concat()), Ok(vec![text(&[11], QOS1)]));
    assert_eq!(script.sent(), [Sent::PubComp(1), Sent::PubAck(11)]);
    for id in 2..=7 {
        assert_eq!(script.feed(&ack(PUBREL, id)), Ok(vec![]));
    }
    let error = script.feed(&ack(PUBREL, 8));
    assert_eq!(error, Err(MqttResource::Incoming.into()));
    // The others are done; now they come again.
    script.cut();
    script.connect(true);
    let again = [message(2, 9, true, &[9]), message(2, 10, true, &[10])];
    let told = script.feed(&again.concat()).unwrap();
    assert_eq!(told, [text(&[9], QOS2), text(&[10], QOS2)]);

    // A broker that does not complete them is left after a while.
    for id in 11..=17 {
        script.feed(&message(2, id, false, &[])).unwrap();
    }
    let at = script.now.after(10_000);
    assert_eq!(script.session.poll_at(), Some(at));
    assert_eq!(script.pass(10_000), Err(MqttResource::Incoming.into()));
}

#[test]
fn options_and_buffers_that_cannot_be_are_refused_at_once() {
    use bearcub::error::{ConfigError, Memory};
    use bearcub::mqtt::{Session, store::NoStore};

    let options = options();
    let new = |input: &'static mut [u8], output: &'static mut [u8]| {
        let options = Box::leak(Box::new(options));
        let session: Result<Session<'_, _, 1, 1>, _> =
            Session::new(options, input, output, NoStore);
        session.err()
    };
    let memory = |size: usize| &mut *vec![0; size].leak();
    let small = |memory| {
        Some(Error::Config(ConfigError::MemoryTooSmall {
            memory,
            needed: 16,
            given: 15,
        }))
    };
    assert_eq!(new(memory(15), memory(16)), small(Memory::Input));
    assert_eq!(new(memory(16), memory(15)), small(Memory::Output));
    assert_eq!(new(memory(16), memory(16)), None);
}

#[test]
fn a_full_queue_does_as_it_is_told_and_reports_what_it_drops() {
    let fill = |overflow| {
        let mut script = Script::new(options().overflow(overflow), 64);
        for number in 0..8 {
            let publication = script
                .session
                .publish(&Publish::new("t", &[number]).qos(QOS1))
                .unwrap();
            assert!(publication.id.is_some() && publication.displaced.is_empty());
        }
        script
    };
    let more = Publish::new("t", b"more").qos(QOS1);
    let mut refusing = fill(Overflow::Refuse);
    let error = refusing.session.publish(&more);
    assert_eq!(error, Err(MqttResource::InFlight.into()));

    let mut newest = fill(Overflow::DropNewest);
    let publication = newest.session.publish(&more).unwrap();
    assert_eq!((publication.id, publication.dropped), (None, true));

    let mut oldest = fill(Overflow::DropOldest);
    let publication = oldest.session.publish(&more).unwrap();
    assert_eq!(publication.displaced, [PacketId::new(1).unwrap()]);
    oldest.connect(false);
    let payloads: Vec<Sent> = oldest.sent();
    assert_eq!(payloads[0], published(2, false, &[1]));
    assert_eq!(payloads[7], published(9, false, b"more"));

    // What was sent may have arrived: it is not dropped.
    let error = oldest.session.publish(&more);
    assert_eq!(error, Err(MqttResource::InFlight.into()));
    // A message that needs the room of several.
    let mut oldest = Script::new(options().overflow(Overflow::DropOldest), 64);
    for number in 0..4 {
        oldest
            .session
            .publish(&Publish::new("t", &[number; 1000]).qos(QOS0))
            .unwrap();
    }
    let large = Publish::new("t", &[9; 2000]);
    let publication = oldest.session.publish(&large).unwrap();
    assert_eq!(publication.displaced.len(), 2);
    let error = oldest
        .session
        .publish(&Publish::new("t", &[9; 5000]).qos(QOS1));
    assert_eq!(error, Err(MqttResource::StoreFull.into()));
}

#[test]
fn messages_in_pieces_of_any_length_pass_small_buffers() {
    let payload: Vec<u8> = (0..1000_u32).map(|at| at as u8).collect();
    let mut script = Script::connected(options().persistent(), 16);
    let header = Publish::new("t", b"").qos(QOS1);
    let id = script.session.begin(&header, payload.len(), None).unwrap();
    assert_eq!(
        script.session.begin(&header, 1, None),
        Err(MqttResource::Busy.into())
    );
    let supply = |script: &mut Script, payload: &[u8]| {
        let mut rest = payload;
        while !rest.is_empty() {
            let taken = script.session.supply(rest).unwrap();
            rest = &rest[taken..];
            script.run().unwrap();
        }
    };
    // More than was announced is refused before any of it is taken.
    let error = script.session.supply(&[0; 1001]);
    assert_eq!(error, Err(MqttMisuse::PayloadLength.into()));
    supply(&mut script, &payload[..500]);
    assert_eq!(script.session.to_supply(), 500);
    let error = script.session.disconnect();
    assert_eq!(error, Err(MqttMisuse::PayloadLength.into()));
    // What is published meanwhile waits.
    let waiting = publish(&mut script, b"waits", QOS1).unwrap();
    supply(&mut script, &payload[500..]);
    let id = id.unwrap().get();
    assert_eq!(
        script.sent(),
        [
            published(id, false, &payload),
            published(waiting, false, b"waits")
        ]
    );

    // Unacknowledged, it is asked for again, and nothing overtakes it.
    script.cut();
    let (_, told) = script.connect(true);
    let again = PacketId::new(id).unwrap();
    assert_eq!(
        told,
        [Told::Other(format!("{:?}", Event::SupplyAgain(again)))]
    );
    assert_eq!(script.sent(), []);
    script
        .session
        .begin(&header, payload.len(), Some(again))
        .unwrap();
    supply(&mut script, &payload);
    assert_eq!(
        script.sent(),
        [
            published(id, true, &payload),
            published(waiting, true, b"waits")
        ]
    );
    let acks = [ack(PUBACK, id), ack(PUBACK, waiting)].concat();
    assert_eq!(script.feed(&acks).unwrap().len(), 2);

    let error = script
        .session
        .begin(&Publish::new("a topic of 19 bytes", b""), 1, None);
    assert_eq!(error, Err(MqttResource::Output.into()));
    script.cut();
    assert!(script.session.begin(&header, 1, None).is_err());
}

#[test]
fn a_message_larger_than_the_input_comes_in_pieces_and_is_acknowledged_after_the_last() {
    for portion in [1, 5, usize::MAX] {
        for qos in 0..3 {
            let mut script = Script::connected(options(), 16);
            script.portion = portion;
            let payload: Vec<u8> = (0..300_u32).map(|at| at as u8).collect();
            let bytes = message(qos, 3, false, &payload);
            let (head, last) = bytes.split_at(bytes.len() - 1);
            let mut told = script.feed(head).unwrap();
            assert_eq!(script.sent(), []);
            told.extend(script.feed(last).unwrap());
            let begin = told.remove(0);
            assert!(
                matches!(&begin, Told::Other(text) if text.contains("length: 300")),
                "{begin:?}"
            );
            let came: usize = told.len();
            assert!(came >= 300 / 16, "{came} pieces");
            assert!(matches!(told.last(), Some(Told::Other(text)) if text.contains("last: true")));
            assert_eq!(script.sent().len(), usize::from(qos > 0));
        }
    }
}

#[test]
fn acknowledging_by_hand_is_exact() {
    let mut script = Script::connected(options().persistent().acknowledge_manually(), 64);
    let mut tokens = Vec::new();
    let mut feed = |script: &mut Script, bytes: &[u8]| {
        script.session.input()[..bytes.len()].copy_from_slice(bytes);
        script.session.received(bytes.len(), script.now);
        match script.session.poll(script.now).unwrap() {
            Some(Event::Message(message)) => tokens.push(message.acknowledge.unwrap()),
            other => panic!("{other:?}"),
        }
        script.run().unwrap();
        assert_eq!(script.sent(), []);
        *tokens.last().unwrap()
    };
    let one = feed(&mut script, &message(1, 5, false, b"one"));
    let two = feed(&mut script, &message(2, 6, false, b"two"));
    assert!(!script.session.is_settled());
    script.session.acknowledge(two).unwrap();
    script.session.acknowledge(one).unwrap();
    script.run().unwrap();
    assert_eq!(script.sent(), [Sent::PubRec(6), Sent::PubAck(5)]);
    for token in [one, two] {
        let again = script.session.acknowledge(token);
        assert_eq!(again, Err(MqttMisuse::StaleAcknowledgement.into()));
    }
    script.feed(&ack(PUBREL, 6)).unwrap();
    assert_eq!(script.sent(), [Sent::PubComp(6)]);

    // Not acknowledged when the connection ends: it comes again, and the old acknowledgement is refused.
    let old = feed(&mut script, &message(2, 7, false, b"again"));
    script.cut();
    script.connect(true);
    let stale = script.session.acknowledge(old);
    assert_eq!(stale, Err(MqttMisuse::StaleAcknowledgement.into()));
    let new = feed(&mut script, &message(2, 7, true, b"again"));
    let stale = script.session.acknowledge(old);
    assert_eq!(stale, Err(MqttMisuse::StaleAcknowledgement.into()));
    script.session.acknowledge(new).unwrap();
    script.run().unwrap();
    assert_eq!(script.sent(), [Sent::PubRec(7)]);
    // A release before it was received here would lose it.
    feed(&mut script, &message(2, 8, false, b"early"));
    let error = script.feed(&ack(PUBREL, 8));
    assert_eq!(error, Err(MqttViolation::UnknownPacketId.into()));
}

#[test]
fn messages_that_the_program_does_not_acknowledge_hold_up_the_rest_and_nothing_is_lost() {
    let mut script = Script::connected(options().acknowledge_manually(), 64);
    let mut tokens = Vec::new();
    let mut came = 0;
    for id in 1..=8 {
        let bytes = message(1, id, false, &[id as u8]);
        script.session.input()[..bytes.len()].copy_from_slice(&bytes);
        script.session.received(bytes.len(), script.now);
        if let Ok(Some(Event::Message(message))) = script.session.poll(script.now) {
            tokens.push(message.acknowledge.unwrap());
            came += 1;
        }
    }
    assert_eq!(came, 8);
    // No slot is left: what comes stays in the input, which fills up and takes no more.
    let flood: Vec<u8> = (9..40)
        .flat_map(|id| message(1, id, false, &[id as u8]))
        .collect();
    let mut rest = &flood[..];
    loop {
        let room = script.session.input();
        let length = room.len().min(rest.len());
        if length == 0 {
            break;
        }
        room[..length].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
        script.session.received(length, script.now);
        assert_eq!(script.session.poll(script.now), Ok(None));
    }
    assert!(!rest.is_empty());
    // A ping cannot be answered meanwhile, and that is not the broker's fault.
    script.pass(45_000).unwrap();
    script.pass(45_000).unwrap();
    assert_eq!(script.run(), Ok(vec![]));
    for token in tokens {
        script.session.acknowledge(token).unwrap();
    }
    script.run().unwrap();
    let acks: Vec<Sent> = script
        .sent()
        .into_iter()
        .filter(|sent| *sent != Sent::PingReq)
        .collect();
    assert_eq!(acks, (1..=8).map(Sent::PubAck).collect::<Vec<_>>());
}

#[test]
fn a_disconnect_is_the_last_packet_and_the_session_is_offline_after_it() {
    let mut script = Script::connected(options(), 64);
    publish(&mut script, b"before", QOS0);
    script.session.disconnect().unwrap();
    assert!(script.session.disconnect().is_err());
    script.run().unwrap();
    assert_eq!(
        script.sent(),
        [published(0, false, b"before"), Sent::Disconnect]
    );
    assert!(script.session.is_offline());
    script.connect(false);
}

#[test]
fn what_came_before_a_disconnect_and_was_not_taken_does_not_disturb_the_next_connection() {
    let mut script = Script::connected(options(), 64);
    let bytes = [message(1, 7, false, b"a"), message(1, 8, false, b"b")].concat();
    script.session.input()[..bytes.len()].copy_from_slice(&bytes);
    script.session.received(bytes.len(), script.now);
    assert!(script.session.poll(script.now).unwrap().is_some());
    script.session.disconnect().unwrap();
    let length = script.session.output().len();
    script.session.sent(length, script.now);
    assert!(script.session.is_offline());
    assert_eq!(script.connect(false).1, []);
    assert_eq!(script.sent(), []);
}
