//! How connections end: what had come is read first, what was written goes out, and the reason is the exact one.

mod support;

use bearcub::error::{Error, NetworkError, PeerError, ProtocolError};
use bearcub::tls::{self, Config, Connection, Handshake, Scratch, Storage};
use bearcub::trust::{Learn, Trust};
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{
    End, Ending, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer, Service,
};
use embedded_io::{Read, Write};
use std::time::Duration;
use support::replay::{ANSWER, Playback, QUESTION, Recorded};
use support::{Device, Seeded};

static TRUST: Learn = Trust::learn();

fn config() -> Config<'static> {
    Config::new("localhost", &TRUST)
}

fn recording() -> Recorded {
    Recorded::new(Recorded::rsa_chain(), &config())
}

/// Performs a recorded handshake by hand.
fn established<'s>(
    storage: &'s mut Storage<1024, 512>,
    recorded: &Recorded,
    playback: &mut Playback<'_>,
) -> Connection<'s> {
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let mut rng = Seeded(recorded.seed);
    let mut handshake = Handshake::begin(storage, &mut scratch, &config(), &mut rng).unwrap();
    while !handshake.is_complete() {
        let mut wire = handshake.wire();
        if !wire.output().is_empty() {
            let len = playback.write(wire.output()).unwrap();
            wire.sent(len).unwrap();
        } else if wire.has_work() {
            wire.step().unwrap();
        } else {
            let len = playback.read(wire.input()).unwrap();
            wire.received(len).unwrap();
        }
    }
    handshake.finish().unwrap()
}

/// Hands a record over: its header is worked on, its content waits for a step.
fn receive(connection: &mut Connection<'_>, record: &[u8]) {
    let (header, content) = record.split_at(5);
    let mut wire = connection.wire();
    wire.input().copy_from_slice(header);
    wire.received(5).unwrap();
    wire.step().unwrap();
    wire.input()[..content.len()].copy_from_slice(content);
    wire.received(content.len()).unwrap();
}

/// Works and reads until the end; what was read, and the end.
fn drain(connection: &mut Connection<'_>) -> (Vec<u8>, Result<(), Error>) {
    let mut got = Vec::new();
    let mut some = [0; 4];
    for _ in 0..100 {
        if connection.wire().has_work() {
            let _ = connection.wire().step();
        }
        match connection.read(&mut some) {
            Ok(0) if connection.is_read_closed() => return (got, Ok(())),
            Ok(len) => got.extend(&some[..len]),
            Err(error) => return (got, Err(error)),
        }
    }
    panic!("neither data nor an end");
}

#[test]
fn what_had_come_before_the_end_is_read_before_the_truncation() {
    let recorded = recording();
    let record = 5 + 24 + ANSWER.len();
    let answer = &recorded.server[recorded.handshake..][..record];
    // The end is noticed before the record was worked on, and when it is ready to be read.
    for steps in 0..2 {
        let mut storage = Box::new(Storage::new());
        let mut playback = Playback::new(&recorded.server[..recorded.handshake], &[usize::MAX]);
        let mut connection = established(&mut storage, &recorded, &mut playback);
        receive(&mut connection, answer);
        for _ in 0..steps {
            connection.wire().step().unwrap();
        }
        connection.wire().input_ended();
        let end = Err(NetworkError::Truncated.into());
        assert_eq!(
            drain(&mut connection),
            (ANSWER.to_vec(), end),
            "after {steps} steps"
        );
    }
}

#[test]
fn a_close_notify_that_had_come_before_the_end_is_a_close_and_no_truncation() {
    let recorded = recording();
    let record = 5 + 24 + ANSWER.len();
    let (answer, farewell) = recorded.server[recorded.handshake..].split_at(record);
    assert_eq!(farewell[0], 21, "an alert");
    let mut storage = Box::new(Storage::new());
    let mut playback = Playback::new(&recorded.server[..recorded.handshake], &[usize::MAX]);
    let mut connection = established(&mut storage, &recorded, &mut playback);
    receive(&mut connection, answer);
    connection.wire().step().unwrap();
    connection.consume(ANSWER.len());
    receive(&mut connection, farewell);
    connection.wire().input_ended();
    assert_eq!(drain(&mut connection), (Vec::new(), Ok(())));
    assert_eq!(connection.wire().failure(), None);
}

#[test]
fn an_end_in_the_middle_of_a_record_is_a_truncation_at_every_byte() {
    let recorded = recording();
    let record = 5 + 24 + ANSWER.len();
    for cut in 0..record {
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let server = &recorded.server[..recorded.handshake + cut];
        let mut rng = Seeded(recorded.seed);
        let mut stream = tls::connect(
            Playback::new(server, &[usize::MAX]),
            &mut *storage,
            &mut scratch,
            &config(),
            &mut rng,
        )
        .unwrap();
        stream.write_all(QUESTION).unwrap();
        stream.flush().unwrap();
        for _ in 0..2 {
            assert_eq!(
                stream.read(&mut [0; 100]),
                Err(NetworkError::Truncated.into()),
                "cut after {cut} bytes"
            );
        }
        assert_eq!(stream.write(b"x"), Err(NetworkError::Truncated.into()));
    }
}

#[test]
fn closing_sends_everything_that_was_written_however_slow_the_transport() {
    // Without a fragment length a record is as large as the output buffer: more than a thousand small writes.
    let config = config().fragment_length(None);
    let recorded = Recorded::new(Recorded::rsa_chain(), &config);
    for write_limit in [1, 7, usize::MAX] {
        let mut storage = Box::new(Storage::<1024, 4096>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let mut playback = Playback::new(&recorded.server, &[1]);
        playback.write_limit = write_limit;
        let mut rng = Seeded(recorded.seed);
        let mut stream =
            tls::connect(playback, &mut *storage, &mut scratch, &config, &mut rng).unwrap();
        let before = stream.transport().client.len();
        stream.write_all(&[7; 4000]).unwrap();
        let sent = stream.close().unwrap().client.len() - before;
        // A record of data, and close_notify.
        assert_eq!(sent, 4000 + 29 + 2 + 29, "{write_limit} bytes at a time");
    }
}

#[test]
fn the_server_sees_an_orderly_end_with_everything_before_it() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).max_fragment(900)).unwrap();
    let mut device: Device = Device::new();
    let mut stream = device.connect(server.addr(), &config()).unwrap();
    stream.write_all(&[7; 300]).unwrap();
    stream.close().unwrap();
    let connection = server.connections(1).remove(0);
    assert_eq!(connection.received, 300);
    assert_eq!(connection.end, End::ClientClosed);
}

#[test]
fn a_connection_that_is_dropped_is_cut() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).max_fragment(900)).unwrap();
    let mut device: Device = Device::new();
    drop(device.connect(server.addr(), &config()).unwrap());
    assert_eq!(server.connections(1)[0].end, End::ClientCut);
}

#[test]
fn after_the_servers_close_notify_nothing_can_be_written_and_closing_is_no_error() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsConfig::new(&chain)
        .greeting(b"bye")
        .end_after(0, Ending::CloseNotify);
    let server = RustlsServer::start(&server).unwrap();
    let mut device: Device = Device::new();
    let mut stream = device.connect(server.addr(), &config()).unwrap();
    let mut got = [0; 3];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"bye");
    assert_eq!(stream.read(&mut got), Ok(0));
    assert_eq!(stream.write(b"x"), Err(NetworkError::Closed.into()));
    stream.close().unwrap();
}

#[test]
fn openssl_that_cuts_the_connection_is_a_truncation() {
    let chain = pki::simple(KeyKind::P256);
    let mut server =
        OpensslServer::start(&OpensslConfig::new(&chain).service(Service::Terminal)).unwrap();
    let mut device: Device = Device::new();
    let mut stream = device.connect(server.addr(), &config()).unwrap();
    server.order("last words").unwrap();
    let mut got = [0; 11];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"last words\n");
    server.order("q").unwrap();
    assert_eq!(stream.read(&mut got), Err(NetworkError::Truncated.into()));
}

#[test]
fn plaintext_in_the_encrypted_stream_is_a_fault_of_the_protocol_and_the_server_is_told() {
    let chain = pki::simple(KeyKind::P256);
    let mut server =
        OpensslServer::start(&OpensslConfig::new(&chain).service(Service::Terminal)).unwrap();
    let mut device: Device = Device::new();
    let mut stream = device.connect(server.addr(), &config()).unwrap();
    server.order("before").unwrap();
    stream.read_exact(&mut [0; 7]).unwrap();
    // OpenSSL sends a line of text, which reads as a record of 29,472 bytes: no TLS, and no reason for a larger buffer.
    server.order("P").unwrap();
    let got = stream.read(&mut [0; 10]).unwrap_err();
    assert_eq!(
        got,
        Error::Peer(PeerError::Protocol(ProtocolError::UnsupportedVersion))
    );
    assert!(
        server.wait_for_log("alert protocol version", Duration::from_secs(10)),
        "{}",
        server.log()
    );
}

#[test]
fn a_close_notify_in_the_handshake_is_seen_by_who_drives_it_by_hand() {
    let recorded = recording();
    for before in [&[][..], &recorded.server[..recorded.server.len().min(90)]] {
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let mut rng = Seeded(recorded.seed);
        let mut handshake =
            Handshake::begin(&mut *storage, &mut scratch, &config(), &mut rng).unwrap();
        // The alert stands between two records.
        let end = match before {
            [_, _, _, high, low, ..] => 5 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        let stream = [&recorded.server[..end], b"\x15\x03\x03\x00\x02\x01\x00"].concat();
        let mut playback = Playback::new(&stream, &[usize::MAX]);
        let failure = loop {
            let mut wire = handshake.wire();
            if !wire.output().is_empty() {
                let len = playback.write(wire.output()).unwrap();
                wire.sent(len).unwrap();
            } else if let Some(failure) = wire.failure() {
                break failure;
            } else if wire.has_work() {
                let _ = wire.step();
            } else {
                let len = playback.read(wire.input()).unwrap();
                wire.received(len).unwrap();
                assert!(len > 0, "it waits for more");
            }
        };
        assert_eq!(failure, NetworkError::Closed.into());
        assert_eq!(handshake.finish().err(), Some(failure));
    }
}
