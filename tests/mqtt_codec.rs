//! The codec of MQTT: by tables, by properties, and held against a codec of another hand (`mqttrs`).
//!
//! What `mqttrs` 0.4.1 does otherwise, and is therefore left out here: its decoder panics on or misreads malformed packets, so
//! it is given only what our encoder made; it does not know CONNACK 7; it encodes what the standard forbids (a string
//! of more than 65,535 bytes, a password without a user name, a SUBSCRIBE without filters).

use bearcub::Error;
use bearcub::error::{MqttMisuse, MqttResource, MqttViolation, Refusal};
use bearcub::mqtt::packet::{Packet, PacketId, Progress, PublishHeader, decode, encode};
use bearcub::mqtt::{Broker, Filter, Input, Item, Options, Publish, QoS, Topic};
use mqttrs as other;
use proptest::prelude::*;

fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

fn header(topic: &str, payload_length: usize) -> PublishHeader<'_> {
    PublishHeader {
        topic: Topic::new(topic).unwrap(),
        qos: QoS::AtMostOnce,
        retain: false,
        duplicate: false,
        id: None,
        payload_length,
    }
}

#[test]
fn each_packet_of_a_broker_is_read() {
    let connack = |session_present, refusal| Packet::ConnAck {
        session_present,
        refusal,
    };
    let cases: &[(&[u8], Packet<'_>, usize)] = &[
        (b"\x20\x02\x00\x00", connack(false, None), 4),
        (b"\x20\x02\x01\x00", connack(true, None), 4),
        (
            b"\x20\x02\x00\x07",
            connack(false, Some(Refusal::AwsNotAuthorised)),
            4,
        ),
        (b"\x30\x05\x00\x03a/b", Packet::Publish(header("a/b", 0)), 7),
        (
            b"\x30\x09\x00\x03a/b21.5",
            Packet::Publish(header("a/b", 4)),
            7,
        ),
        (
            b"\x3b\x07\x00\x03a/b\x12\x34",
            Packet::Publish(PublishHeader {
                qos: QoS::AtLeastOnce,
                retain: true,
                duplicate: true,
                id: Some(id(0x1234)),
                ..header("a/b", 0)
            }),
            9,
        ),
        (b"\x40\x02\xff\xff", Packet::PubAck(id(0xffff)), 4),
        (b"\x50\x02\x00\x01", Packet::PubRec(id(1)), 4),
        (b"\x62\x02\x00\x01", Packet::PubRel(id(1)), 4),
        (b"\x70\x02\x00\x01", Packet::PubComp(id(1)), 4),
        (
            b"\x90\x06\x00\x09\x00\x01\x02\x80",
            Packet::SubAck {
                id: id(9),
                granted: &[0, 1, 2, 0x80],
            },
            8,
        ),
        (b"\xb0\x02\x00\x01", Packet::UnsubAck(id(1)), 4),
        (b"\xd0\x00", Packet::PingResp, 2),
    ];
    for (bytes, packet, length) in cases {
        assert_eq!(decode(bytes), Ok(Progress::Packet(*packet, *length)));
        // What follows is not looked at.
        let longer = [bytes, &b"\xff\xff"[..]].concat();
        assert_eq!(decode(&longer), Ok(Progress::Packet(*packet, *length)));
        for end in 0..*length {
            let Ok(Progress::Incomplete(more)) = decode(&bytes[..end]) else {
                panic!("{bytes:02x?} to {end}");
            };
            assert!((1..=length - end).contains(&more), "{bytes:02x?} to {end}");
        }
    }
}

#[test]
fn each_violation_has_its_rule_and_shows_as_early_as_it_can() {
    use MqttViolation::*;
    // The last byte is the one that gives it away.
    let cases: &[(&[u8], MqttViolation, &str)] = &[
        (b"\x00", PacketType, "MQTT-4.8.0-1"),
        (b"\xf0", PacketType, "MQTT-4.8.0-1"),
        (b"\x10", PacketType, "MQTT-4.8.0-1"), // CONNECT
        (b"\x82", PacketType, "MQTT-4.8.0-1"), // SUBSCRIBE
        (b"\xa2", PacketType, "MQTT-4.8.0-1"), // UNSUBSCRIBE
        (b"\xc0", PacketType, "MQTT-4.8.0-1"), // PINGREQ
        (b"\xe0", PacketType, "MQTT-4.8.0-1"), // DISCONNECT
        (b"\x21", Flags, "MQTT-2.2.2-2"),
        (b"\x60", Flags, "MQTT-2.2.2-2"),
        (b"\xd8", Flags, "MQTT-2.2.2-2"),
        (b"\x36", QoS3, "MQTT-3.3.1-4"),
        (b"\x38", DuplicateAtQoS0, "MQTT-3.3.1-2"),
        (b"\x30\xff\xff\xff\xff", RemainingLength, "section 2.2.3"),
        (b"\x30\x80\x80\x80\x80", RemainingLength, "section 2.2.3"),
        (b"\x40\x82\x00", RemainingLength, "section 2.2.3"), // 2 in two bytes
        (b"\xd0\x80\x00", RemainingLength, "section 2.2.3"),
        (b"\xd0\x01", PacketLength, "MQTT-4.8.0-1"),
        (b"\x40\x03", PacketLength, "MQTT-4.8.0-1"),
        (b"\x40\x01", PacketLength, "MQTT-4.8.0-1"),
        (b"\x20\x00", PacketLength, "MQTT-4.8.0-1"),
        (b"\x90\x02", PacketLength, "MQTT-4.8.0-1"), // no return code
        (b"\x30\x01", PacketLength, "MQTT-4.8.0-1"),
        (b"\x32\x03", PacketLength, "MQTT-4.8.0-1"),
        (b"\x30\x04\x00\x03", PacketLength, "MQTT-4.8.0-1"), // the topic reads past the end
        (b"\x32\x06\x00\x03", PacketLength, "MQTT-4.8.0-1"), // no room for the identifier
        (b"\x30\x02\x00\x00", EmptyTopic, "MQTT-4.7.3-1"),
        (b"\x30\x03\x00\x01\xff", Utf8, "MQTT-1.5.3-1"),
        (b"\x30\x05\x00\x03\xed\xa0\x80", Utf8, "MQTT-1.5.3-1"), // a surrogate
        (b"\x30\x04\x00\x02a\0", Nul, "MQTT-1.5.3-2"),
        (b"\x30\x04\x00\x02a#", Wildcard, "MQTT-3.3.2-2"),
        (b"\x30\x04\x00\x02+a", Wildcard, "MQTT-3.3.2-2"),
        (b"\x32\x05\x00\x01a\x00\x00", PacketIdZero, "MQTT-2.3.1-1"),
        (b"\x40\x02\x00\x00", PacketIdZero, "MQTT-2.3.1-1"),
        (b"\x20\x02\x02\x00", ConnAckFlags, "section 3.2.2.1"),
        (b"\x20\x02\x00\x06", ReturnCode, "MQTT-3.2.2-6"),
        (b"\x20\x02\x00\xff", ReturnCode, "MQTT-3.2.2-6"),
        (b"\x20\x02\x01\x05", SessionWithRefusal, "MQTT-3.2.2-4"),
        (b"\x90\x03\x00\x01\x03", GrantedQoS, "MQTT-3.9.3-2"),
    ];
    for (bytes, violation, rule) in cases {
        assert_eq!(decode(bytes), Err(*violation), "{bytes:02x?}");
        assert_eq!(violation.rule(), *rule);
        assert!(violation.to_string().contains(rule));
        for end in 0..bytes.len() {
            let early = decode(&bytes[..end]);
            assert!(matches!(early, Ok(Progress::Incomplete(_))), "{bytes:02x?}");
        }
    }
}

#[test]
fn every_first_byte_is_one_of_a_broker_or_refused_at_once() {
    let accepted: Vec<u8> = (0..=255)
        .filter(|first| decode(&[*first]).is_ok())
        .collect();
    let mut expected = vec![0x20];
    for flags in 0..16 {
        let (duplicate, qos) = (flags & 8 != 0, flags >> 1 & 3);
        if qos != 3 && !(qos == 0 && duplicate) {
            expected.push(0x30 | flags);
        }
    }
    expected.extend([0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0]);
    assert_eq!(accepted, expected);
}

#[test]
fn a_packet_that_does_not_fit_its_buffer_is_told_and_not_dropped() {
    for (bytes, capacity) in [
        (&b"\x30\x20\x00\x1e"[..], 32),
        (b"\x90\x22\x00\x01", 32),
        (b"\x32\x20\x00\x10", 20),
    ] {
        let mut buffer = vec![0; capacity];
        let mut input = Input::new(&mut buffer);
        input.room()[..bytes.len()].copy_from_slice(bytes);
        input.received(bytes.len());
        assert_eq!(
            input.next(),
            Err(MqttResource::Input.into()),
            "{bytes:02x?}"
        );
    }
}

#[test]
fn options_refuse_what_the_standard_forbids() {
    let long: &'static str = "x".repeat(65_536).leak();
    let fits: &'static str = &long[1..];
    let cases: &[(Options<'_>, MqttMisuse)] = &[
        (Options::new("").persistent(), MqttMisuse::EmptyClientId),
        (
            Options::new("a").password(Some(b"p")),
            MqttMisuse::PasswordAlone,
        ),
        (Options::new(long), MqttMisuse::StringTooLong),
        (Options::new("a\0"), MqttMisuse::Nul),
        (
            Options::new("a").user_name(Some(long)),
            MqttMisuse::StringTooLong,
        ),
        (Options::new("a").user_name(Some("\0")), MqttMisuse::Nul),
        (
            Options::new("a").credentials("u", long.as_bytes()),
            MqttMisuse::StringTooLong,
        ),
        (
            Options::new("a").will(Publish::new("a/#", b"")),
            MqttMisuse::Wildcard,
        ),
        (
            Options::new("a").will(Publish::new("", b"")),
            MqttMisuse::EmptyTopic,
        ),
        (
            Options::new("a").will(Publish::new("a", long.as_bytes())),
            MqttMisuse::StringTooLong,
        ),
    ];
    let mut buffer = vec![0; 400_000];
    for (options, misuse) in cases {
        let error = Error::from(*misuse);
        assert_eq!(options.check(), Err(error));
        assert_eq!(encode::connect(options, &mut buffer), Err(error));
    }
    let fitting = Options::new(fits)
        .credentials(fits, fits.as_bytes())
        .will(Publish::new(fits, fits.as_bytes()));
    let length = encode::connect(&fitting, &mut buffer).unwrap();
    assert_eq!(length, 1 + 3 + 10 + 5 * 65_537);
    assert_eq!(Options::new("").check(), Ok(()));
    assert!(!format!("{:?}", Options::new("a").credentials("u", b"hush")).contains("104, 117"));
}

#[test]
fn messages_and_filters_refuse_what_the_standard_forbids() {
    let mut buffer = [0; 64];
    let encoded = |message: Publish<'_>| encode::publish(&message, None, false, &mut [0; 64]);
    for (topic, misuse) in [
        ("", MqttMisuse::EmptyTopic),
        ("a/+", MqttMisuse::Wildcard),
        ("a\0", MqttMisuse::Nul),
    ] {
        assert_eq!(encoded(Publish::new(topic, b"")), Err(misuse.into()));
    }
    assert!(
        encoded(Publish::new("a", b"").qos(QoS::AtLeastOnce)).is_err(),
        "no identifier"
    );
    assert!(encode::publish(&Publish::new("a", b""), Some(id(1)), false, &mut buffer).is_err());
    let too_small = encode::publish(&Publish::new("a", b"12"), None, false, &mut [0; 6]);
    assert_eq!(too_small, Err(MqttResource::Output.into()));

    let empty = encode::subscribe(id(1), &[], &mut buffer);
    assert_eq!(empty, Err(MqttMisuse::EmptySubscribe.into()));
    let empty = encode::unsubscribe(id(1), &[], &mut buffer);
    assert_eq!(empty, Err(MqttMisuse::EmptyUnsubscribe.into()));
    let filter = Filter::new("a#", QoS::AtMostOnce);
    let wrong = encode::subscribe(id(1), &[filter], &mut buffer);
    assert_eq!(wrong, Err(MqttMisuse::MultiLevelWildcard.into()));
}

#[test]
fn a_broker_s_limits_are_checked_before_anything_is_sent() {
    let aws = Broker::AWS_IOT;
    let topic = "x".repeat(257);
    let client = "x".repeat(129);
    let payload = vec![0; 128 * 1024 + 1];
    let says =
        |result: Result<(), Error>, misuse: MqttMisuse| assert_eq!(result, Err(misuse.into()));
    says(
        aws.check_publish(&Publish::new("a", &payload)),
        MqttMisuse::LimitPayload,
    );
    assert_eq!(aws.check_publish(&Publish::new("a", &payload[1..])), Ok(()));
    says(
        aws.check_publish(&Publish::new(&topic, b"")),
        MqttMisuse::LimitTopicLength,
    );
    assert_eq!(aws.check_publish(&Publish::new(&topic[1..], b"")), Ok(()));
    says(
        aws.check_publish(&Publish::new("////////", b"")),
        MqttMisuse::LimitTopicLevels,
    );
    assert_eq!(aws.check_publish(&Publish::new("///////", b"")), Ok(()));
    says(
        aws.check_publish(&Publish::new("a", b"").qos(QoS::ExactlyOnce)),
        MqttMisuse::LimitQoS,
    );
    says(
        aws.check_filter(&Filter::new("a", QoS::ExactlyOnce)),
        MqttMisuse::LimitQoS,
    );
    let options = |id| Options::new(id).broker(aws);
    says(options(&client).check(), MqttMisuse::LimitClientId);
    assert_eq!(options(&client[1..]).check(), Ok(()));
    for (seconds, allowed) in [
        (29, false),
        (30, true),
        (1200, true),
        (1201, false),
        (0, false),
    ] {
        assert_eq!(options("a").keep_alive(seconds).check().is_ok(), allowed);
    }
    let will = options("a").will(Publish::new("a", b"").qos(QoS::ExactlyOnce));
    says(will.check(), MqttMisuse::LimitQoS);
}

// Properties.

fn topic() -> impl Strategy<Value = String> {
    "[^\\x00+#]{1,40}"
}

fn filter() -> impl Strategy<Value = String> {
    prop_oneof![
        topic(),
        Just("#".to_owned()),
        topic().prop_map(|topic| format!("{topic}/#")),
        topic().prop_map(|topic| format!("+/{topic}/+/#")),
    ]
}

fn qos() -> impl Strategy<Value = QoS> {
    (0..3_u8).prop_map(|number| QoS::from_number(number).unwrap())
}

fn other_qos(qos: QoS) -> other::QoS {
    match qos {
        QoS::AtMostOnce => other::QoS::AtMostOnce,
        QoS::AtLeastOnce => other::QoS::AtLeastOnce,
        QoS::ExactlyOnce => other::QoS::ExactlyOnce,
    }
}

fn other_pid(id: PacketId) -> other::Pid {
    other::Pid::try_from(id.get()).unwrap()
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(id)
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

/// What a broker sends, encoded by the other codec.
#[derive(Clone, Debug)]
struct Sent {
    bytes: Vec<u8>,
    items: Vec<String>,
    payload: Vec<u8>,
}

fn sent(packet: &other::Packet<'_>, expected: Packet<'_>, payload: &[u8]) -> Sent {
    let mut bytes = vec![0; 1024];
    let length = other::encode_slice(packet, &mut bytes).unwrap();
    bytes.truncate(length);
    Sent {
        bytes,
        items: vec![format!("{expected:?}")],
        payload: payload.to_vec(),
    }
}

fn packet() -> impl Strategy<Value = Sent> {
    let publish = (topic(), bytes(200), qos(), any::<[bool; 2]>(), packet_id()).prop_map(
        |(topic, payload, qos, [retain, dup], id)| {
            let duplicate = dup && qos > QoS::AtMostOnce;
            let pid = other_pid(id);
            let qospid = match qos {
                QoS::AtMostOnce => other::QosPid::AtMostOnce,
                QoS::AtLeastOnce => other::QosPid::AtLeastOnce(pid),
                QoS::ExactlyOnce => other::QosPid::ExactlyOnce(pid),
            };
            let packet = other::Packet::Publish(other::Publish {
                dup: duplicate,
                qospid,
                retain,
                topic_name: &topic,
                payload: &payload,
            });
            let header = PublishHeader {
                qos,
                retain,
                duplicate,
                id: (qos > QoS::AtMostOnce).then_some(id),
                ..header(&topic, payload.len())
            };
            sent(&packet, Packet::Publish(header), &payload)
        },
    );
    let acknowledgement = (0..5, packet_id()).prop_map(|(kind, id)| {
        let pid = other_pid(id);
        let (packet, expected) = match kind {
            0 => (other::Packet::Puback(pid), Packet::PubAck(id)),
            1 => (other::Packet::Pubrec(pid), Packet::PubRec(id)),
            2 => (other::Packet::Pubrel(pid), Packet::PubRel(id)),
            3 => (other::Packet::Pubcomp(pid), Packet::PubComp(id)),
            _ => (other::Packet::Unsuback(pid), Packet::UnsubAck(id)),
        };
        sent(&packet, expected, &[])
    });
    let suback = (packet_id(), proptest::collection::vec(0..4_u8, 1..9)).prop_map(|(id, codes)| {
        let return_codes = codes
            .iter()
            .map(|code| match QoS::from_number(*code) {
                Some(qos) => other::SubscribeReturnCodes::Success(other_qos(qos)),
                None => other::SubscribeReturnCodes::Failure,
            })
            .collect();
        let packet = other::Packet::Suback(other::Suback::new(other_pid(id), return_codes));
        let granted: Vec<u8> = codes
            .iter()
            .map(|code| [0, 1, 2, 0x80][*code as usize])
            .collect();
        let expected = Packet::SubAck {
            id,
            granted: &granted,
        };
        sent(&packet, expected, &[])
    });
    let connack = (any::<bool>(), 0..6_u8).prop_map(|(session_present, code)| {
        use other::ConnectReturnCode::*;
        let codes = [
            (Accepted, None),
            (RefusedProtocolVersion, Some(Refusal::ProtocolVersion)),
            (RefusedIdentifierRejected, Some(Refusal::ClientId)),
            (ServerUnavailable, Some(Refusal::ServerUnavailable)),
            (BadUsernamePassword, Some(Refusal::BadCredentials)),
            (NotAuthorized, Some(Refusal::NotAuthorised)),
        ];
        let (code, refusal) = codes[usize::from(code)];
        let session_present = session_present && refusal.is_none();
        let packet = other::Packet::Connack(other::Connack {
            session_present,
            code,
        });
        let expected = Packet::ConnAck {
            session_present,
            refusal,
        };
        sent(&packet, expected, &[])
    });
    let pingresp = Just(()).prop_map(|()| sent(&other::Packet::Pingresp, Packet::PingResp, &[]));
    prop_oneof![4 => publish, 2 => acknowledgement, 1 => suback, 1 => connack, 1 => pingresp]
}

/// What an input of that size makes of bytes that come in such chunks: packets, and all payload.
fn received(
    bytes: &[u8],
    chunks: &[usize],
    capacity: usize,
) -> Result<(Vec<String>, Vec<u8>), Error> {
    let mut buffer = vec![0; capacity];
    let mut input = Input::new(&mut buffer);
    let (mut items, mut payload, mut rest) = (Vec::new(), Vec::new(), bytes);
    let mut chunks = chunks.iter().copied().chain(std::iter::repeat(7));
    while !rest.is_empty() {
        let room = input.room();
        let length = chunks
            .next()
            .unwrap_or(1)
            .clamp(1, room.len().max(1))
            .min(rest.len());
        room[..length].copy_from_slice(&rest[..length]);
        rest = &rest[length..];
        input.received(length);
        while let Some(item) = input.next()? {
            match item {
                Item::Packet(packet) => items.push(format!("{packet:?}")),
                Item::Payload(piece) => {
                    assert!(!piece.is_empty());
                    payload.extend_from_slice(piece);
                }
            }
        }
    }
    Ok((items, payload))
}

proptest! {
    #[test]
    fn whatever_the_other_codec_sends_is_read_however_it_is_split(
        packets in proptest::collection::vec(packet(), 1..8),
        chunks in proptest::collection::vec(1..60_usize, 0..40),
        capacity in 180..400_usize,
    ) {
        let bytes: Vec<u8> = packets.iter().flat_map(|sent| sent.bytes.clone()).collect();
        let items: Vec<String> = packets.iter().flat_map(|sent| sent.items.clone()).collect();
        let payload: Vec<u8> = packets.iter().flat_map(|sent| sent.payload.clone()).collect();
        prop_assert_eq!(received(&bytes, &chunks, capacity)?, (items, payload));
    }

    #[test]
    fn whatever_bytes_come_are_read_alike_however_they_are_split(
        bytes in bytes(80),
        chunks in proptest::collection::vec(1..20_usize, 0..40),
    ) {
        prop_assert_eq!(received(&bytes, &chunks, 256), received(&bytes, &[], 256));
    }

    #[test]
    fn a_damaged_packet_is_read_alike_however_it_is_split(
        packet in packet(),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
        chunks in proptest::collection::vec(1..20_usize, 0..40),
    ) {
        let mut bytes = packet.bytes;
        let at = at.index(bytes.len().min(6));
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(received(&bytes, &chunks, 256), received(&bytes, &[], 256));
    }

    #[test]
    fn the_other_codec_reads_our_connect(
        client_id in "[^\\x00]{1,30}",
        user_name in proptest::option::of("[^\\x00]{0,20}"),
        password in proptest::option::of(bytes(30)),
        will in proptest::option::of((topic(), bytes(30), qos(), any::<bool>())),
        keep_alive in any::<u16>(),
        clean_session in any::<bool>(),
    ) {
        let password = password.filter(|_| user_name.is_some());
        let mut options = Options::new(&client_id)
            .user_name(user_name.as_deref())
            .password(password.as_deref())
            .keep_alive(keep_alive);
        if !clean_session {
            options = options.persistent();
        }
        if let Some((topic, payload, qos, retain)) = &will {
            let will = Publish::new(topic, payload).qos(*qos);
            options = options.will(if *retain { will.retained() } else { will });
        }
        let mut bytes = [0; 1024];
        let length = encode::connect(&options, &mut bytes).unwrap();
        let expected = other::Packet::Connect(other::Connect {
            protocol: other::Protocol::MQTT311,
            keep_alive,
            client_id: &client_id,
            clean_session,
            last_will: will.as_ref().map(|(topic, message, qos, retain)| other::LastWill {
                topic,
                message,
                qos: other_qos(*qos),
                retain: *retain,
            }),
            username: user_name.as_deref(),
            password: password.as_deref(),
        });
        prop_assert_eq!(other::decode_slice(&bytes[..length]), Ok(Some(expected)));
    }

    #[test]
    fn the_other_codec_reads_our_messages(
        topic in topic(), payload in bytes(300), qos in qos(), flags in any::<[bool; 2]>(), id in packet_id(),
    ) {
        let [retain, duplicate] = flags;
        let message = Publish::new(&topic, &payload).qos(qos);
        let message = if retain { message.retained() } else { message };
        let id = (qos > QoS::AtMostOnce).then_some(id);
        let mut bytes = [0; 1024];
        let length = encode::publish(&message, id, duplicate, &mut bytes).unwrap();
        let expected = other::Packet::Publish(other::Publish {
            dup: duplicate && id.is_some(),
            qospid: match (qos, id.map(other_pid)) {
                (QoS::AtLeastOnce, Some(pid)) => other::QosPid::AtLeastOnce(pid),
                (QoS::ExactlyOnce, Some(pid)) => other::QosPid::ExactlyOnce(pid),
                _ => other::QosPid::AtMostOnce,
            },
            retain,
            topic_name: &topic,
            payload: &payload,
        });
        prop_assert_eq!(other::decode_slice(&bytes[..length]), Ok(Some(expected)));
        let too_small = encode::publish(&message, id, duplicate, &mut [0; 1024][..length - 1]);
        prop_assert_eq!(too_small, Err(MqttResource::Output.into()));
    }

    #[test]
    fn the_other_codec_reads_our_subscriptions(
        filters in proptest::collection::vec((filter(), qos()), 1..6), id in packet_id(),
    ) {
        let ours: Vec<Filter<'_>> = filters.iter().map(|(topic, qos)| Filter::new(topic, *qos)).collect();
        let mut bytes = [0; 2048];
        let length = encode::subscribe(id, &ours, &mut bytes).unwrap();
        let topics = filters
            .iter()
            .map(|(topic, qos)| other::SubscribeTopic { topic_path: topic.clone(), qos: other_qos(*qos) })
            .collect();
        let expected = other::Packet::Subscribe(other::Subscribe::new(other_pid(id), topics));
        prop_assert_eq!(other::decode_slice(&bytes[..length]), Ok(Some(expected)));

        let names: Vec<&str> = filters.iter().map(|(topic, _)| &topic[..]).collect();
        let length = encode::unsubscribe(id, &names, &mut bytes).unwrap();
        let topics = filters.iter().map(|(topic, _)| topic.clone()).collect();
        let expected = other::Packet::Unsubscribe(other::Unsubscribe::new(other_pid(id), topics));
        prop_assert_eq!(other::decode_slice(&bytes[..length]), Ok(Some(expected)));
    }

    #[test]
    fn the_other_codec_reads_our_acknowledgements(id in packet_id()) {
        let pid = other_pid(id);
        for (bytes, expected) in [
            (encode::puback(id), other::Packet::Puback(pid)),
            (encode::pubrec(id), other::Packet::Pubrec(pid)),
            (encode::pubrel(id), other::Packet::Pubrel(pid)),
            (encode::pubcomp(id), other::Packet::Pubcomp(pid)),
        ] {
            prop_assert_eq!(other::decode_slice(&bytes), Ok(Some(expected)));
        }
        prop_assert_eq!(other::decode_slice(&encode::PINGREQ), Ok(Some(other::Packet::Pingreq)));
        prop_assert_eq!(other::decode_slice(&encode::DISCONNECT), Ok(Some(other::Packet::Disconnect)));
    }
}
