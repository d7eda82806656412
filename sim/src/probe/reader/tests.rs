use proptest::prelude::*;

use super::*;

fn framed<const N: usize>(content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&len[4 - N..], content].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &framed::<3>(body)].concat()
}

fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &framed::<2>(payload)].concat()
}

fn hello(version: u16, suite: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([9; 32]);
    body.extend(framed::<1>(&[5; 32]));
    body.extend(suite.to_be_bytes());
    body.push(0);
    body.extend(framed::<2>(extensions));
    message(2, &body)
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &framed::<2>(content)].concat()
}

/// What a server says that asks for a certificate, agrees to 1024 bytes and to `mqtt`.
fn whole() -> Vec<u8> {
    let extensions = [
        extension(1, &[2]),
        extension(16, &framed::<2>(&framed::<1>(b"mqtt"))),
    ]
    .concat();
    let list = [framed::<3>(&[1; 700]), framed::<3>(&[2; 300])].concat();
    let request = [
        framed::<1>(&[1, 64]),
        framed::<2>(&[4, 3]),
        framed::<2>(&framed::<2>(b"name")),
    ]
    .concat();
    let messages = [
        hello(0x0303, 0xc02f, &extensions),
        message(11, &framed::<3>(&list)),
        message(12, &[3, 0, 29, 0]),
        message(13, &request),
        message(14, &[]),
    ]
    .concat();
    let warning = record(21, &[1, 112]);
    let records = messages.chunks(512).flat_map(|chunk| record(22, chunk));
    warning.into_iter().chain(records).collect()
}

fn read(bytes: &[u8]) -> Result<Flight, Oddity> {
    let mut reader = Reader::default();
    reader.push(bytes)?;
    Ok(reader.flight)
}

#[test]
fn everything_that_a_server_says_is_read() {
    let flight = read(&whole()).unwrap();
    let hello = flight.hello.clone().unwrap();
    assert_eq!((hello.version, hello.suite), (0x0303, 0xc02f));
    assert_eq!((hello.session_id, hello.fragment_length), (32, Some(2)));
    assert_eq!(hello.alpn.as_deref(), Some(&b"mqtt"[..]));
    assert_eq!(flight.certificates, [vec![1; 700], vec![2; 300]]);
    assert_eq!(flight.key_exchange, Some(KeyExchange::Group(29)));
    let request = flight.request.unwrap();
    assert_eq!(request.kinds, [1, 64]);
    assert_eq!(request.authorities, [b"name"]);
    assert!(flight.is_done && flight.alert.is_none());
    assert_eq!(flight.largest_record, 512);
    assert!(flight.handshake_bytes > 1000);
}

#[test]
fn a_server_of_tls_13_names_its_version_and_its_group() {
    let extensions = [extension(43, &[3, 4]), extension(51, &[0, 23])].concat();
    let mut bytes = hello(0x0303, 0x1301, &extensions);
    bytes[6..38].copy_from_slice(&RETRY);
    let hello = read(&record(22, &bytes)).unwrap().hello.unwrap();
    assert_eq!((hello.version, hello.group), (0x0304, Some(23)));
    assert!(hello.is_retry);
    // What follows is encrypted, and not looked at.
    let more = [record(22, &bytes), record(20, &[1]), record(23, &[0; 99])].concat();
    assert!(read(&more).unwrap().hello.is_some());
}

#[test]
fn a_fatal_alert_ends_it_and_a_warning_does_not() {
    assert_eq!(read(&record(21, &[2, 40])).unwrap().alert, Some(40));
    assert_eq!(read(&record(21, &[1, 0])).unwrap().alert, Some(0));
    assert_eq!(read(&record(21, &[1, 112])).unwrap().alert, None);
}

#[test]
fn what_is_no_tls_is_named_with_its_first_bytes() {
    let answer = b"HTTP/1.1 400 Bad Request\r\n";
    assert_eq!(read(answer), Err(Oddity::NotTls(answer.to_vec())));
    assert_eq!(read(b"H"), Err(Oddity::NotTls(b"H".to_vec())));
    let long = vec![b'x'; 5000];
    assert_eq!(read(&long), Err(Oddity::NotTls(vec![b'x'; QUOTED])));
    let later = [record(22, &hello(0x0303, 0xc02f, &[])), b"HTTP".to_vec()].concat();
    assert!(matches!(read(&later), Err(Oddity::Broken(_))));
}

#[test]
fn what_is_out_of_place_or_too_large_is_refused() {
    let broken = |bytes: &[u8]| assert!(matches!(read(bytes), Err(Oddity::Broken(_))), "{bytes:?}");
    let hello = hello(0x0303, 0xc02f, &[]);
    broken(&record(22, &message(11, &[0, 0, 0])));
    broken(&record(22, &[&hello[..], &hello[..]].concat()));
    broken(&record(
        22,
        &[&hello[..], &message(11, &[0, 0, 9, 1])].concat(),
    ));
    broken(&record(23, &[1]));
    broken(&record(21, &[2]));
    broken(&[22, 3, 3, 0xff, 0xff]);
    let mut reader = Reader::default();
    // A message that never ends.
    let endless = record(22, &[2, 0xff, 0xff, 0xff].repeat(2000));
    let result = (0..100).try_for_each(|_| reader.push(&endless));
    assert_eq!(result, Err(Oddity::TooMuch));
}

/// As [`read`], in pieces.
fn read_in_pieces(bytes: &[u8], sizes: &[usize]) -> (Result<(), Oddity>, Flight) {
    let mut reader = Reader::default();
    let mut sizes = sizes.iter().cycle();
    let mut rest = bytes;
    let mut result = Ok(());
    while !rest.is_empty() && result.is_ok() {
        let size = sizes.next().map_or(rest.len(), |size| *size);
        let (piece, behind) = rest.split_at(size.clamp(1, rest.len()));
        result = reader.push(piece);
        rest = behind;
    }
    (result, reader.flight)
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_flight_or_in_a_refusal(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _ = read(&bytes);
        let _ = read(&record(22, &bytes));
        let _ = read(&record(22, &[hello(0x0303, 0xc02f, &[]), message(13, &bytes)].concat()));
        let _ = read(&record(22, &message(2, &bytes)));
        let _ = read(&record(22, &hello(0x0303, 0xc02f, &bytes)));
    }

    #[test]
    fn any_changed_byte_ends_in_a_flight_or_in_a_refusal(place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut bytes = whole();
        let place = place.index(bytes.len());
        bytes[place] = value;
        let _ = read(&bytes);
    }

    #[test]
    fn a_flight_that_is_cut_off_is_a_part_of_the_whole(len in any::<prop::sample::Index>()) {
        let bytes = whole();
        let cut = read(&bytes[..len.index(bytes.len())]).unwrap();
        prop_assert!(!cut.is_done);
        let all = read(&bytes).unwrap();
        prop_assert!(cut.hello.is_none() || cut.hello == all.hello);
        prop_assert!(cut.certificates.is_empty() || cut.certificates == all.certificates);
    }

    #[test]
    fn the_pieces_in_which_bytes_come_make_no_difference(sizes in proptest::collection::vec(1usize..700, 1..20)) {
        let bytes = whole();
        let (result, flight) = read_in_pieces(&bytes, &sizes);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(flight, read(&bytes).unwrap());
    }
}
