//! TLS records and handshake messages, taken apart, mutated inside, and put together with right lengths.

use crate::random::Random;

/// A record as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// 20 ChangeCipherSpec, 21 alert, 22 handshake, 23 data.
    pub kind: u8,
    /// Major and minor version.
    pub version: [u8; 2],
    /// What follows the header.
    pub payload: Vec<u8>,
}

impl Record {
    /// A record of TLS 1.2.
    pub fn new(kind: u8, payload: &[u8]) -> Self {
        Record {
            kind,
            version: [3, 3],
            payload: payload.to_vec(),
        }
    }
}

/// The records in a stream, and what is left behind the last whole one.
pub fn records(mut stream: &[u8]) -> (Vec<Record>, &[u8]) {
    let mut found = Vec::new();
    while let [kind, major, minor, high, low, rest @ ..] = stream {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((payload, behind)) = rest.split_at_checked(length) else {
            break;
        };
        found.push(Record {
            kind: *kind,
            version: [*major, *minor],
            payload: payload.to_vec(),
        });
        stream = behind;
    }
    (found, stream)
}

/// Records as a stream. What a length field cannot say is cut.
pub fn stream(records: &[Record]) -> Vec<u8> {
    let mut stream = Vec::new();
    for record in records {
        let payload = &record.payload[..record.payload.len().min(0xffff)];
        stream.push(record.kind);
        stream.extend(record.version);
        stream.extend((payload.len() as u16).to_be_bytes());
        stream.extend(payload);
    }
    stream
}

/// What the server's handshake messages are before it encrypts: the content of its handshake records up to its
/// ChangeCipherSpec.
pub fn plain_handshake(records: &[Record]) -> Vec<u8> {
    let plain = records.iter().take_while(|record| record.kind != 20);
    plain
        .filter(|record| record.kind == 22)
        .flat_map(|record| &record.payload)
        .copied()
        .collect()
}

/// A handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// 2 ServerHello, 11 Certificate, 12 ServerKeyExchange, 13 CertificateRequest, 14 ServerHelloDone, 20 Finished.
    pub kind: u8,
    /// What follows the header.
    pub body: Vec<u8>,
}

/// The messages in the content of handshake records, and what is left behind the last whole one.
pub fn messages(mut content: &[u8]) -> (Vec<Message>, &[u8]) {
    let mut found = Vec::new();
    while let [kind, a, b, c, rest @ ..] = content {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some((body, behind)) = rest.split_at_checked(length) else {
            break;
        };
        found.push(Message {
            kind: *kind,
            body: body.to_vec(),
        });
        content = behind;
    }
    (found, content)
}

/// A message with its header.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend(&(body.len() as u32).to_be_bytes()[1..]);
    bytes.extend(body);
    bytes
}

/// The list in a Certificate message; `None` if it is none.
pub fn certificate_list(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut list, rest) = with_length(body)?;
    if !rest.is_empty() {
        return None;
    }
    let mut certificates = Vec::new();
    while !list.is_empty() {
        let (certificate, behind) = with_length(list)?;
        certificates.push(certificate.to_vec());
        list = behind;
    }
    Some(certificates)
}

fn with_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [a, b, c, rest @ ..] = bytes else {
        return None;
    };
    rest.split_at_checked(u32::from_be_bytes([0, *a, *b, *c]) as usize)
}

/// A Certificate message's body.
pub fn certificate_body(certificates: &[Vec<u8>]) -> Vec<u8> {
    let put = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    let list: Vec<u8> = certificates.iter().flat_map(|one| put(one)).collect();
    put(&list)
}

/// libFuzzer's mutation of a part, which may grow by a few bytes.
pub fn mutate_part(part: &mut Vec<u8>, most: usize) {
    let length = part.len();
    part.resize((length + 32).min(most.max(length)).max(1), 0);
    let room = part.len();
    let length = libfuzzer_sys::fuzzer_mutate(part, length, room);
    part.truncate(length);
}

/// Mutates a server's stream so that records, and mostly messages too, stay whole.
pub fn mutate_stream(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let (mut list, rest) = records(bytes);
    let rest = rest.to_vec();
    if list.is_empty() {
        list.push(Record::new(22, &rest));
    }
    match random.below(8) {
        0..4 => mutate_messages(&mut list, random),
        4 => {
            let one = random.below(list.len());
            mutate_part(&mut list[one].payload, 0x4900);
        }
        _ => rearrange(&mut list, random),
    }
    let mut mutated = stream(&list);
    mutated.extend(rest);
    mutated
}

/// Changes one of the plain handshake messages, and writes them into records as they were, or of another size.
fn mutate_messages(list: &mut Vec<Record>, random: &mut Random) {
    let content = plain_handshake(list);
    let (mut parts, rest) = messages(&content);
    let rest = rest.to_vec();
    if parts.is_empty() {
        return rearrange(list, random);
    }
    let one = random.below(parts.len());
    match random.below(10) {
        0 => {
            let copy = parts[one].clone();
            parts.insert(random.below(parts.len() + 1), copy);
        }
        1 => drop(parts.remove(one)),
        2 => {
            let other = random.below(parts.len());
            parts.swap(one, other);
        }
        3 => parts[one].kind = [0, 2, 4, 11, 12, 13, 14, 20, 22, random.byte()][random.below(10)],
        _ => {
            let part = &mut parts[one];
            match certificate_list(&part.body) {
                Some(mut certificates) if part.kind == 11 && !certificates.is_empty() => {
                    let which = random.below(certificates.len());
                    match random.below(8) {
                        0 => certificates.push(certificates[which].clone()),
                        1 => drop(certificates.remove(which)),
                        2..5 => crate::der::mutate(&mut certificates[which], random),
                        _ => mutate_part(&mut certificates[which], 0x4000),
                    }
                    part.body = certificate_body(&certificates);
                }
                _ => mutate_part(&mut part.body, 0x4000),
            }
        }
    }
    let mut content: Vec<u8> = parts
        .iter()
        .flat_map(|part| message(part.kind, &part.body))
        .collect();
    content.extend(rest);
    // The other records stay where they were, behind.
    let size = [1 << 14, 512, 1024, 64, 1 + random.below(300)][random.below(5)];
    let mut kept = Vec::new();
    let mut is_plain = true;
    for record in list.drain(..) {
        is_plain &= record.kind != 20;
        if !is_plain || record.kind != 22 {
            kept.push(record);
        }
    }
    let plain = content.chunks(size).map(|piece| Record::new(22, piece));
    *list = plain.chain(kept).collect();
}

/// Changes the records among themselves.
fn rearrange(list: &mut Vec<Record>, random: &mut Random) {
    let one = random.below(list.len());
    match random.below(8) {
        0 => {
            let copy = list[one].clone();
            list.insert(random.below(list.len() + 1), copy);
        }
        1 if list.len() > 1 => drop(list.remove(one)),
        2 => {
            let other = random.below(list.len());
            list.swap(one, other);
        }
        3 => {
            let at = random.below(list[one].payload.len() + 1);
            let second = list[one].payload.split_off(at);
            let (kind, version) = (list[one].kind, list[one].version);
            list.insert(
                one + 1,
                Record {
                    kind,
                    version,
                    payload: second,
                },
            );
        }
        4 if one + 1 < list.len() => {
            let second = list.remove(one + 1);
            list[one].payload.extend(second.payload);
        }
        5 => list[one].kind = [20, 21, 22, 23, 24, random.byte()][random.below(6)],
        6 => list[one].version = [3, random.below(5) as u8],
        _ => {
            let strange: [&[u8]; 8] = [
                &[1],
                &[1, 0],
                &[1, 100],
                &[1, 112],
                &[2, 40],
                &[],
                &[0, 0, 0, 0],
                &[14, 0, 0, 0],
            ];
            let record = Record::new(
                20 + random.below(4) as u8,
                strange[random.below(strange.len())],
            );
            list.insert(random.below(list.len() + 1), record);
        }
    }
}
