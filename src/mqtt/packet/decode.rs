//! Bytes to packets.

use crate::error::{MqttViolation, Refusal};
use crate::mqtt::cause::Cause;

use super::{Packet, PacketId, PublishHeader, QoS, Topic, first_byte};

/// How far the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The bytes so far are the beginning of a packet; at least this many more are needed to go on.
    Incomplete(usize),
    /// A packet, and the bytes it has; for a publish the bytes before its payload.
    Packet(Packet<'a>, usize),
}

/// Reads the packet that `bytes` begin with.
///
/// It is told as soon as it is whole; a publish as soon as its header is, whether or not its payload has come. Bytes after
/// the packet are not looked at. Whatever cannot be the beginning of a packet that a broker may send is told with the first
/// byte that gives it away.
///
/// ```
/// use bearcub::mqtt::packet::{Packet, PacketId, Progress, decode};
///
/// let id = PacketId::new(7).unwrap();
/// assert_eq!(decode(&[0x40, 2, 0]), Ok(Progress::Incomplete(1)));
/// assert_eq!(decode(&[0x40, 2, 0, 7]), Ok(Progress::Packet(Packet::PubAck(id), 4)));
/// assert!(decode(&[0x40, 3]).is_err()); // a PUBACK has two bytes
/// ```
///
/// # Errors
/// The rule of MQTT 3.1.1 that the bytes violate. The connection is to be ended then (MQTT-4.8.0-1).
pub fn decode(bytes: &[u8]) -> Result<Progress<'_>, MqttViolation> {
    read(bytes).map_err(Cause::violation)
}

/// The same.
pub(in crate::mqtt) fn read(bytes: &[u8]) -> Result<Progress<'_>, Cause> {
    let Some(&first) = bytes.first() else {
        return Ok(Progress::Incomplete(2));
    };
    check_first(first)?;
    let Some((remaining, start)) = remaining_length(bytes)? else {
        return Ok(Progress::Incomplete(1));
    };
    let body = bytes.get(start..).unwrap_or_default();
    if first & 0xf0 == first_byte::PUBLISH {
        return publish(first, remaining, body, start);
    }
    let length_is_possible = match first {
        first_byte::PINGRESP => remaining == 0,
        // An identifier, and a return code for each filter.
        first_byte::SUBACK => remaining >= 3,
        _ => remaining == 2,
    };
    if !length_is_possible {
        return Err(MqttViolation::PacketLength.into());
    }
    let Some(body) = body.get(..remaining) else {
        return Ok(Progress::Incomplete(remaining - body.len()));
    };
    let packet = match *body {
        [] => Packet::PingResp,
        [flags, code] if first == first_byte::CONNACK => Packet::ConnAck {
            session_present: flags == 1,
            refusal: refusal(flags, code)?,
        },
        [high, low, ref granted @ ..] => {
            let id = packet_id(high, low)?;
            match first {
                first_byte::PUBACK => Packet::PubAck(id),
                first_byte::PUBREC => Packet::PubRec(id),
                first_byte::PUBREL => Packet::PubRel(id),
                first_byte::PUBCOMP => Packet::PubComp(id),
                first_byte::UNSUBACK => Packet::UnsubAck(id),
                _ if granted.iter().all(|code| matches!(code, 0..=2 | 0x80)) => {
                    Packet::SubAck { id, granted }
                }
                _ => return Err(MqttViolation::GrantedQoS.into()),
            }
        }
        _ => return Err(MqttViolation::PacketLength.into()),
    };
    Ok(Progress::Packet(packet, start + remaining))
}

/// The types of packets that a broker sends (section 2.2.1), a bit for each.
const FROM_BROKER: u16 = 0b0010_1010_1111_1100;

fn check_first(first: u8) -> Result<(), Cause> {
    let flags = first & 0x0f;
    if FROM_BROKER >> (first >> 4) & 1 == 0 {
        return Err(MqttViolation::PacketType.into());
    }
    if first & 0xf0 == first_byte::PUBLISH {
        return match flags >> 1 & 3 {
            3 => Err(MqttViolation::QoS3.into()),
            0 if flags & first_byte::DUPLICATE != 0 => Err(MqttViolation::DuplicateAtQoS0.into()),
            _ => Ok(()),
        };
    }
    let is_release = first & 0xf0 == first_byte::PUBREL & 0xf0;
    if flags != u8::from(is_release) << 1 {
        return Err(MqttViolation::Flags.into());
    }
    Ok(())
}

/// The remaining length, and where it ends (section 2.2.3); `None` if there are too few bytes to know.
fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Cause> {
    let (mut length, mut index) = (0, 1);
    while let Some(&byte) = bytes.get(index) {
        length |= usize::from(byte & 0x7f) << (7 * (index - 1));
        let is_last = byte & 0x80 == 0;
        // A last byte of 0 adds nothing: the same length has a shorter form.
        if (is_last && byte == 0 && index > 1) || (!is_last && index == 4) {
            return Err(MqttViolation::RemainingLength.into());
        }
        index += 1;
        if is_last {
            return Ok(Some((length, index)));
        }
    }
    Ok(None)
}

fn packet_id(high: u8, low: u8) -> Result<PacketId, Cause> {
    PacketId::new(u16::from(high) << 8 | u16::from(low)).ok_or(MqttViolation::PacketIdZero.into())
}

/// Why a CONNACK refuses the connection, if it does (section 3.2.2).
fn refusal(flags: u8, code: u8) -> Result<Option<Refusal>, Cause> {
    if flags & 0xfe != 0 {
        return Err(MqttViolation::ConnAckFlags.into());
    }
    if code == 0 {
        return Ok(None);
    }
    let refusal = match -2000 - i32::from(code) {
        code @ -2005..=-2001 => Refusal::from_code(code),
        -2007 => Some(Refusal::AwsNotAuthorised),
        _ => None,
    };
    let refusal = refusal.ok_or(MqttViolation::ReturnCode)?;
    if flags != 0 {
        return Err(MqttViolation::SessionWithRefusal.into());
    }
    Ok(Some(refusal))
}

fn publish(first: u8, remaining: usize, body: &[u8], start: usize) -> Result<Progress<'_>, Cause> {
    let qos = QoS::from_number(first >> 1 & 3).ok_or(MqttViolation::QoS3)?;
    let id_length = if qos == QoS::AtMostOnce { 0 } else { 2 };
    if remaining < 2 + id_length {
        return Err(MqttViolation::PacketLength.into());
    }
    let &[high, low, ref rest @ ..] = body else {
        return Ok(Progress::Incomplete(2 - body.len()));
    };
    let topic_length = usize::from(high) << 8 | usize::from(low);
    if topic_length == 0 {
        return Err(MqttViolation::EmptyTopic.into());
    }
    let header_length = 2 + topic_length + id_length;
    if header_length > remaining {
        return Err(MqttViolation::PacketLength.into());
    }
    let Some((topic, rest)) = rest
        .split_at_checked(topic_length)
        .filter(|(_, rest)| rest.len() >= id_length)
    else {
        return Ok(Progress::Incomplete(header_length - body.len()));
    };
    let topic = Topic::read(topic)?;
    let id = match (qos, rest) {
        (QoS::AtLeastOnce | QoS::ExactlyOnce, &[high, low, ..]) => Some(packet_id(high, low)?),
        _ => None,
    };
    let header = PublishHeader {
        topic,
        qos,
        retain: first & first_byte::RETAIN != 0,
        duplicate: first & first_byte::DUPLICATE != 0,
        id,
        payload_length: remaining - header_length,
    };
    Ok(Progress::Packet(
        Packet::Publish(header),
        start + header_length,
    ))
}
