use std::{vec, vec::Vec};

use super::*;

/// The identifier of the session that was offered.
const OFFERED: [u8; 3] = [5, 6, 7];

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 3];
    out.extend((payload.len() as u16).to_be_bytes());
    out.extend(payload);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend(body);
    out
}

/// A ServerHello with these extensions, after the one for secure renegotiation.
fn server_hello(extensions: &[u8]) -> Vec<u8> {
    insecure_server_hello(&[&[0xFF, 1, 0, 1, 0], extensions].concat())
}

fn insecure_server_hello(extensions: &[u8]) -> Vec<u8> {
    server_hello_with_id(&[9; 4], extensions)
}

fn server_hello_with_id(id: &[u8], extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.push(id.len() as u8);
    body.extend(id);
    body.extend([0xC0, 0x2F, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    message(2, &body)
}

fn certificates(lengths: &[usize]) -> Vec<u8> {
    let mut list = Vec::new();
    for &length in lengths {
        list.extend(&(length as u32).to_be_bytes()[1..]);
        list.extend(vec![0x30; length]);
    }
    let mut body = (list.len() as u32).to_be_bytes()[1..].to_vec();
    body.extend(list);
    message(11, &body)
}

fn framing() -> Framing {
    let mut framing = Framing::new();
    framing.start(Some(FragmentLength::B1024), 1053);
    framing.set_next(Message::ServerHello);
    framing
}

/// Feeds everything, at most `chunk` bytes at a time, and returns the offsets at which portions ended.
fn feed(framing: &mut Framing, data: &[u8], chunk: usize) -> Result<Vec<usize>, PeerError> {
    let mut ends = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let end = (at + chunk).min(data.len());
        at += framing.portion(&data[at..end], &OFFERED)?;
        ends.push(at);
    }
    Ok(ends)
}

#[test]
fn portions_end_at_headers_messages_and_certificates() {
    let mut flight = server_hello(&[0, 1, 0, 1, 2]);
    let hello = flight.len();
    flight.extend(certificates(&[10, 20]));
    let done = flight.len();
    flight.extend(message(14, &[]));
    let mut framing = framing();
    let ends = feed(&mut framing, &record(22, &flight), usize::MAX >> 1).unwrap();
    let first = hello + 4 + 3 + 3 + 10;
    assert_eq!(ends, [5, 5 + hello, 5 + first, 5 + done, 5 + done + 4]);
    assert_eq!(framing.next(), Message::ClientKeyExchange);
    assert_eq!(framing.agreed(), Some(FragmentLength::B1024));
    assert!(framing.seen_certificate());
}

#[test]
fn every_split_follows_to_the_same_end() {
    let mut flight = server_hello(&[0, 23, 0, 0, 0, 1, 0, 1, 2]);
    flight.extend(certificates(&[300, 5]));
    flight.extend(message(13, &[1, 2, 3]));
    flight.extend(message(14, &[]));
    let mut data = Vec::new();
    for piece in flight.chunks(100) {
        data.extend(record(22, piece));
    }
    for chunk in 1..60 {
        let mut framing = framing();
        feed(&mut framing, &data, chunk).unwrap();
        assert_eq!(framing.next(), Message::ClientKeyExchange, "chunk {chunk}");
        assert_eq!(
            framing.agreed(),
            Some(FragmentLength::B1024),
            "chunk {chunk}"
        );
        assert!(framing.seen_certificate_request());
    }
}

#[test]
fn the_session_that_was_offered_is_recognised_by_its_whole_identifier() {
    let after = |id: &[u8], chunk| {
        let mut framing = framing();
        let hello = server_hello_with_id(id, &[0xFF, 1, 0, 1, 0]);
        feed(&mut framing, &record(22, &hello), chunk).unwrap();
        framing.next()
    };
    for chunk in 1..60 {
        assert_eq!(after(&OFFERED, chunk), Message::ChangeCipherSpec);
        let others: [&[u8]; 5] = [&[], &[5], &[5, 6], &[5, 6, 8], &[5, 6, 7, 0]];
        for other in others {
            assert_eq!(after(other, chunk), Message::Certificate, "{other:?}");
        }
    }
    let hello = server_hello_with_id(&OFFERED, &[]);
    assert!(feed(&mut framing(), &record(22, &hello), 9).is_err());
}

#[test]
fn a_server_without_secure_renegotiation_is_refused_at_its_hello() {
    for extensions in [&[][..], &[0, 1, 0, 1, 2]] {
        let error = feed(
            &mut framing(),
            &record(22, &insecure_server_hello(extensions)),
            9,
        )
        .unwrap_err();
        assert_eq!(
            error,
            PeerError::Protocol(ProtocolError::BadSecureRenegotiation)
        );
    }
}

#[test]
fn another_length_than_the_offered_one_is_no_agreement() {
    let mut framing = framing();
    feed(
        &mut framing,
        &record(22, &server_hello(&[0, 1, 0, 1, 3])),
        7,
    )
    .unwrap();
    assert_eq!(framing.agreed(), None);
}

#[test]
fn a_record_above_the_agreed_length_names_both_sizes() {
    let mut framing = framing();
    feed(
        &mut framing,
        &record(22, &server_hello(&[0, 1, 0, 1, 2])),
        64,
    )
    .unwrap();
    let error = feed(&mut framing, &record(22, &[0; 1025]), 64).unwrap_err();
    assert_eq!(
        error,
        PeerError::FragmentLengthIgnored {
            agreed: 1024,
            received: 1025
        }
    );
}

#[test]
fn an_encrypted_record_above_the_buffer_names_both_sizes() {
    let mut framing = framing();
    framing.overhead = 24;
    feed(&mut framing, &record(20, &[1]), 64).unwrap();
    assert!(framing.encrypted());
    let error = feed(&mut framing, &record(23, &[0; 1049]), 64).unwrap_err();
    assert_eq!(
        error,
        PeerError::RecordTooLarge {
            record: 1054,
            buffer: 1053
        }
    );
}

#[test]
fn a_plaintext_record_above_the_buffer_passes_in_pieces() {
    let mut framing = framing();
    let mut flight = server_hello(&[]);
    flight.extend(certificates(&[5000, 5000, 5000]));
    feed(&mut framing, &record(22, &flight), 900).unwrap();
    assert_eq!(framing.next(), Message::ServerKeyExchange);
}

#[test]
fn a_handshake_without_end_is_refused() {
    let mut framing = framing();
    let error = (0..100_000).find_map(|_| feed(&mut framing, &record(22, &[]), 5).err());
    assert_eq!(error, Some(PeerError::HandshakeTooLong));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_followed_without_a_panic(data: Vec<u8>, chunk in 1usize..50) {
        let mut framing = framing();
        let _ = feed(&mut framing, &data, chunk);
    }
}
