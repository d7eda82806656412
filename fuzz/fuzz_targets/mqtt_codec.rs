//! A broker's bytes into the codec: whole, and in pieces through the input buffer.
//!
//! What holds: a packet that is decoded is decoded the same from exactly its own bytes, and from none of their beginnings;
//! pieces give what the whole gives; what is accepted is what another codec (`mqttrs`) reads, where that one can.
#![no_main]

use bearcub::Error;
use bearcub::mqtt::packet::{Packet, Progress, decode, encode, topic};
use bearcub::mqtt::{Input, Item, QoS};
use libfuzzer_sys::fuzz_target;
use mqttrs as other;

fuzz_target!(|data: &[u8]| {
    let [piece, stream @ ..] = data else {
        return;
    };
    // Whole.
    let mut told = Vec::new();
    let mut rest = stream;
    let whole = loop {
        match decode(rest) {
            Ok(Progress::Packet(packet, length)) => {
                assert!(length > 0 && length <= rest.len());
                check(&packet, &rest[..length], rest);
                let mut skip = length;
                let mut text = format!("{packet:?}");
                if let Packet::Publish(header) = packet {
                    let end = length.saturating_add(header.payload_length).min(rest.len());
                    text = format!("{text}{:?}", &rest[length..end]);
                    skip = end;
                }
                told.push(text);
                rest = &rest[skip..];
            }
            Ok(Progress::Incomplete(more)) => {
                assert!(more > 0);
                break None;
            }
            Err(violation) => {
                assert!(!violation.rule().is_empty() && !violation.to_string().is_empty());
                break Some(violation);
            }
        }
    };
    // In pieces, through a buffer that is large enough for every packet.
    let mut memory = vec![0; stream.len() + 16];
    let mut input = Input::new(&mut memory);
    let mut again: Vec<String> = Vec::new();
    let mut payload: Option<Vec<u8>> = None;
    let piece = usize::from(*piece).max(1);
    let mut ended = None;
    'pieces: for bytes in stream.chunks(piece) {
        input.room()[..bytes.len()].copy_from_slice(bytes);
        input.received(bytes.len());
        loop {
            match input.next() {
                Ok(Some(Item::Packet(packet))) => {
                    flush(&mut again, &mut payload);
                    if let Packet::Publish(_) = packet {
                        payload = Some(Vec::new());
                    }
                    again.push(format!("{packet:?}"));
                }
                Ok(Some(Item::Payload(bytes))) => {
                    assert!(!bytes.is_empty());
                    payload.as_mut().expect("a publish before").extend(bytes);
                }
                Ok(None) => break,
                Err(error) => {
                    ended = Some(error);
                    break 'pieces;
                }
            }
        }
    }
    flush(&mut again, &mut payload);
    assert_eq!(told, again, "pieces give something else");
    match (whole, ended) {
        (Some(violation), Some(error)) => assert_eq!(Error::from(violation), error),
        // A packet is announced that no buffer of this length will hold.
        (None, None | Some(Error::Resource(_))) => {}
        other => panic!("{other:?}"),
    }
    // Topics: what matches is a filter, and itself matches.
    if let Ok(text) = std::str::from_utf8(stream) {
        let (filter, name) = text.split_once('\n').unwrap_or((text, text));
        let matched = topic::matches(filter, name);
        if topic::check_name(name).is_ok() {
            assert!(
                topic::check_filter(name).is_ok() && topic::matches(name, name)
                    || name.starts_with('$')
            );
            assert!(
                topic::check_filter(filter).is_err()
                    || topic::matches("#", name)
                    || !matched
                    || name.starts_with('$')
            );
        }
    }
});

/// Ends the publish that is under way.
fn flush(told: &mut [String], payload: &mut Option<Vec<u8>>) {
    if let Some(bytes) = payload.take() {
        let last = told.last_mut().expect("its header");
        *last = format!("{last}{bytes:?}");
    }
}

/// A packet, the bytes it was decoded from, and those with what follows.
fn check(packet: &Packet<'_>, bytes: &[u8], all: &[u8]) {
    assert_eq!(
        decode(bytes),
        Ok(Progress::Packet(*packet, bytes.len())),
        "it depends on what follows"
    );
    for end in 0..bytes.len().min(64) {
        match decode(&bytes[..end]) {
            Ok(Progress::Incomplete(more)) => assert!(more <= bytes.len() - end),
            other => panic!("{other:?} of a beginning"),
        }
    }
    match *packet {
        Packet::PubAck(id) => assert_eq!(encode::puback(id)[..], *bytes),
        Packet::PubRec(id) => assert_eq!(encode::pubrec(id)[..], *bytes),
        Packet::PubRel(id) => assert_eq!(encode::pubrel(id)[..], *bytes),
        Packet::PubComp(id) => assert_eq!(encode::pubcomp(id)[..], *bytes),
        Packet::Publish(header) => {
            assert!(topic::check_name(&header.topic).is_ok());
            assert_eq!(header.id.is_some(), header.qos != QoS::AtMostOnce);
            let Some(end) = bytes.len().checked_add(header.payload_length) else {
                return;
            };
            let Some(whole) = all.get(..end) else {
                return;
            };
            let Ok(Some(other::Packet::Publish(theirs))) = other::decode_slice(whole) else {
                panic!("mqttrs does not read this publish");
            };
            assert_eq!(theirs.topic_name, header.topic.as_str());
            assert_eq!(theirs.payload, &whole[bytes.len()..]);
            assert_eq!(
                (theirs.retain, theirs.dup),
                (header.retain, header.duplicate)
            );
            let id = match theirs.qospid {
                other::QosPid::AtMostOnce => None,
                other::QosPid::AtLeastOnce(id) | other::QosPid::ExactlyOnce(id) => Some(id.get()),
            };
            assert_eq!(id, header.id.map(|id| id.get()));
        }
        Packet::ConnAck { .. } | Packet::SubAck { .. } | Packet::UnsubAck(_) | Packet::PingResp => {
            let theirs = other::decode_slice(bytes);
            // AWS's return code 7 is none of the standard.
            let is_aws = bytes.starts_with(&[0x20, 2, 0, 7]);
            assert_eq!(
                matches!(theirs, Ok(Some(_))),
                !is_aws,
                "{packet:?} {theirs:?}"
            );
        }
    }
}
