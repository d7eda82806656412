//! Packets to bytes and back, the making of the packet from a topic and a payload included.
//!
//! Only bearcub's checks the topic while it encodes, and the UTF-8 and every rule of the standard while it decodes; mqttbytes is
//! the codec of rumqttc, and allocates topic and payload.

use std::hint::black_box;

use bearcub::mqtt::packet::{Packet, PacketId, Progress, decode, encode};
use bearcub::mqtt::{Filter, Options, Publish, QoS};
use bytes::{Bytes, BytesMut};

use crate::{BEARCUB, Bench, Candidate, PAYLOAD, TOPIC};

const ID: u16 = 7;

fn candidate<'w>(peer: &'static str, work: impl FnMut() + 'w) -> Candidate<'w> {
    Candidate {
        peer,
        work: Box::new(work),
    }
}

/// All of them.
pub fn run(bench: &mut Bench) {
    bench.job("encode-connect", connect());
    let large = [b'm'; 1024];
    for (name, payload) in [("64", &PAYLOAD[..]), ("1024", &large)] {
        let (encoding, decoding) = match name {
            "64" => ("encode-publish-64", "decode-publish-64"),
            _ => ("encode-publish-1024", "decode-publish-1024"),
        };
        bench.job(encoding, encode_publish(payload));
        bench.job(decoding, decode_publish(payload));
    }
    bench.job("encode-subscribe", subscribe());
    bench.job("encode-puback", encode_puback());
    bench.job("decode-puback", decode_small(&[0x40, 2, 0, 7]));
    bench.job("decode-suback", decode_small(&[0x90, 3, 0, 7, 1]));
}

fn id() -> PacketId {
    PacketId::new(ID).expect("not 0")
}

fn connect() -> Vec<Candidate<'static>> {
    let (mut ours, mut theirs) = ([0; 256], [0; 256]);
    let mut bytes = BytesMut::with_capacity(256);
    vec![
        candidate(BEARCUB, move || {
            let options = Options::new(black_box("sensor-7")).credentials("plant", b"password");
            black_box(encode::connect(&options, &mut ours)).expect("it fits");
            black_box(&ours);
        }),
        candidate("mqttrs", move || {
            let packet = mqttrs::Connect {
                protocol: mqttrs::Protocol::MQTT311,
                keep_alive: 60,
                client_id: black_box("sensor-7"),
                clean_session: true,
                last_will: None,
                username: Some("plant"),
                password: Some(b"password"),
            };
            black_box(mqttrs::encode_slice(&packet.into(), &mut theirs)).expect("it fits");
            black_box(&theirs);
        }),
        candidate("mqttbytes", move || {
            bytes.clear();
            let mut packet = mqttbytes::v4::Connect::new(black_box("sensor-7"));
            packet.set_login("plant", "password");
            black_box(packet.write(&mut bytes)).expect("it fits");
            black_box(&bytes);
        }),
    ]
}

fn encode_publish(payload: &[u8]) -> Vec<Candidate<'_>> {
    let (mut ours, mut theirs) = ([0; 2048], [0; 2048]);
    let mut bytes = BytesMut::with_capacity(2048);
    vec![
        candidate(BEARCUB, move || {
            let message = Publish::new(black_box(TOPIC), payload).qos(QoS::AtLeastOnce);
            black_box(encode::publish(&message, Some(id()), false, &mut ours)).expect("it fits");
            black_box(&ours);
        }),
        candidate("mqttrs", move || {
            let packet = mqttrs::Publish {
                dup: false,
                qospid: mqttrs::QosPid::AtLeastOnce(mqttrs::Pid::try_from(ID).expect("not 0")),
                retain: false,
                topic_name: black_box(TOPIC),
                payload,
            };
            black_box(mqttrs::encode_slice(&packet.into(), &mut theirs)).expect("it fits");
            black_box(&theirs);
        }),
        candidate("mqttbytes", move || {
            bytes.clear();
            let qos = mqttbytes::QoS::AtLeastOnce;
            let mut packet = mqttbytes::v4::Publish::new(black_box(TOPIC), qos, payload);
            packet.pkid = ID;
            black_box(packet.write(&mut bytes)).expect("it fits");
            black_box(&bytes);
        }),
    ]
}

fn decode_publish(payload: &[u8]) -> Vec<Candidate<'static>> {
    let mut packet = vec![0; 2048];
    let message = Publish::new(TOPIC, payload).qos(QoS::AtLeastOnce);
    let length = encode::publish(&message, Some(id()), false, &mut packet).expect("it fits");
    packet.truncate(length);
    let (ours, theirs) = (packet.clone(), packet.clone());
    let shared = Bytes::from(packet);
    let mut stream = BytesMut::with_capacity(4096);
    vec![
        candidate(BEARCUB, move || match decode(black_box(&ours)) {
            Ok(Progress::Packet(Packet::Publish(header), start)) => {
                black_box((header.topic, &ours[start..start + header.payload_length]));
            }
            other => panic!("{other:?}"),
        }),
        candidate("mqttrs", move || {
            match mqttrs::decode_slice(black_box(&theirs)) {
                Ok(Some(mqttrs::Packet::Publish(packet))) => {
                    black_box((packet.topic_name, packet.payload));
                }
                other => panic!("{other:?}"),
            }
        }),
        candidate("mqttbytes", move || {
            // It takes the packet out of the buffer that it was read into.
            stream.extend_from_slice(black_box(&shared));
            let packet = mqttbytes::v4::read(&mut stream, 4096);
            black_box(packet).expect("a packet");
            stream.reserve(2048);
        }),
    ]
}

fn subscribe() -> Vec<Candidate<'static>> {
    let (mut ours, mut theirs) = ([0; 256], [0; 256]);
    let mut bytes = BytesMut::with_capacity(256);
    vec![
        candidate(BEARCUB, move || {
            let filters = [Filter::new(black_box("plant/7/cmd"), QoS::AtLeastOnce)];
            black_box(encode::subscribe(id(), &filters, &mut ours)).expect("it fits");
            black_box(&ours);
        }),
        candidate("mqttrs", move || {
            let topic = mqttrs::SubscribeTopic {
                topic_path: black_box("plant/7/cmd").into(),
                qos: mqttrs::QoS::AtLeastOnce,
            };
            let packet = mqttrs::Subscribe {
                pid: mqttrs::Pid::try_from(ID).expect("not 0"),
                topics: std::iter::once(topic).collect(),
            };
            black_box(mqttrs::encode_slice(&packet.into(), &mut theirs)).expect("it fits");
            black_box(&theirs);
        }),
        candidate("mqttbytes", move || {
            bytes.clear();
            let qos = mqttbytes::QoS::AtLeastOnce;
            let mut packet = mqttbytes::v4::Subscribe::new(black_box("plant/7/cmd"), qos);
            packet.pkid = ID;
            black_box(packet.write(&mut bytes)).expect("it fits");
            black_box(&bytes);
        }),
    ]
}

fn encode_puback() -> Vec<Candidate<'static>> {
    let mut theirs = [0; 16];
    let mut bytes = BytesMut::with_capacity(256);
    vec![
        candidate(BEARCUB, || {
            black_box(encode::puback(black_box(id())));
        }),
        candidate("mqttrs", move || {
            let id = mqttrs::Pid::try_from(black_box(ID)).expect("not 0");
            let packet = mqttrs::Packet::Puback(id);
            black_box(mqttrs::encode_slice(&packet, &mut theirs)).expect("it fits");
            black_box(&theirs);
        }),
        candidate("mqttbytes", move || {
            bytes.clear();
            let packet = mqttbytes::v4::PubAck::new(black_box(ID));
            black_box(packet.write(&mut bytes)).expect("it fits");
            black_box(&bytes);
        }),
    ]
}

fn decode_small(packet: &'static [u8]) -> Vec<Candidate<'static>> {
    let mut stream = BytesMut::with_capacity(4096);
    vec![
        candidate(BEARCUB, move || {
            black_box(decode(black_box(packet))).expect("a packet");
        }),
        candidate("mqttrs", move || {
            black_box(mqttrs::decode_slice(black_box(packet))).expect("a packet");
        }),
        candidate("mqttbytes", move || {
            stream.extend_from_slice(black_box(packet));
            black_box(mqttbytes::v4::read(&mut stream, 4096)).expect("a packet");
            stream.reserve(256);
        }),
    ]
}
