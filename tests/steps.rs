//! The handshake by hand: in bounded steps, with the message that is awaited, and with nothing left behind.
#![cfg(feature = "meter")]

mod support;

use bearcub::identity::{EcKey, Identity};
use bearcub::tls::meter::{self, Operation};
use bearcub::tls::{self, Config, Connection, Handshake, Message, Scratch, Session, Storage};
use bearcub::trust::Trust;
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{OpensslConfig, OpensslServer, Service};
use embedded_io::{Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use support::replay::{Playback, Recorded, play};
use support::{Seeded, Tcp, anchor, clock};

/// The counters are global: one handshake at a time.
fn meter_alone() -> MutexGuard<'static, ()> {
    static METER: Mutex<()> = Mutex::new(());
    METER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Public-key operations that were counted since the last reset.
fn public_key_operations() -> u32 {
    use Operation::*;
    [
        P256Mul, P256MulGen, P256MulAdd, P384Mul, P384MulGen, P384MulAdd, X25519,
    ]
    .into_iter()
    .chain([
        RsaPublic2048,
        RsaPublic3072,
        RsaPublic4096,
        RsaPrivate2048,
        RsaPrivate4096,
    ])
    .map(meter::read)
    .sum()
}

/// Performs the handshake; the messages in the order in which they were awaited, and the most operations in one step.
fn drive(mut handshake: Handshake<'_, '_>, tcp: &mut Tcp) -> (Vec<Message>, u32, Option<Session>) {
    let mut messages = vec![handshake.next()];
    let mut most = 0;
    while !handshake.is_complete() {
        let mut wire = handshake.wire();
        if !wire.output().is_empty() {
            let len = tcp.write(wire.output()).unwrap();
            wire.sent(len).unwrap();
        } else if wire.has_work() {
            meter::reset();
            wire.step().unwrap();
            most = most.max(public_key_operations());
        } else {
            let len = tcp.read(wire.input()).unwrap();
            wire.received(len).unwrap();
        }
        if messages.last() != Some(&handshake.next()) {
            messages.push(handshake.next());
        }
    }
    let mut connection: Connection<'_> = handshake.finish().unwrap();
    let session = connection.session();
    // OpenSSL forgets a session whose connection did not end properly.
    connection.close();
    while !connection.wire().output().is_empty() {
        let len = tcp.write(connection.wire().output()).unwrap();
        connection.wire().sent(len).unwrap();
    }
    (messages, most, session)
}

#[test]
fn between_two_rests_lie_no_more_operations_than_in_a_step() {
    let _meter = meter_alone();
    let chain = pki::aws();
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    let (mut rests, mut most, mut all) = (0, 0, 0);
    meter::reset();
    let rest = || {
        rests += 1;
        most = most.max(public_key_operations());
        all += public_key_operations();
        meter::reset();
    };
    let tcp = Tcp::connect(server.addr());
    let (storage, mut rng) = (&mut *storage, Seeded(1));
    tls::connect_in_steps(tcp, storage, &mut scratch, &config, &mut rng, rest).unwrap();
    assert!(rests > 20, "{rests} rests");
    assert!((1..=3).contains(&most) && all > most, "{most} of {all}");
}

#[test]
fn messages_come_in_order_and_no_step_has_more_than_three_operations() {
    use Message::*;
    let _meter = meter_alone();
    let chain = pki::aws();
    let owner = pki::device(KeyKind::P256);
    let certificates = [owner.leaf()];
    let identity = Identity::new(
        &certificates,
        EcKey::from_der(owner.key.pkcs8_der()).unwrap(),
    )
    .unwrap();
    let server = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .require_certificate(owner.root());
    let server = OpensslServer::start(&server).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust).identity(&identity);

    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    let handshake = Handshake::begin(&mut *storage, &mut scratch, &config, &mut Seeded(1)).unwrap();
    let (messages, most, session) = drive(handshake, &mut Tcp::connect(server.addr()));
    let full = [
        ClientHello,
        ServerHello,
        Certificate,
        ServerKeyExchange,
        ServerHelloDone,
        ClientKeyExchange,
        ChangeCipherSpec,
        Finished,
        Done,
    ];
    assert_eq!(messages, full);
    // Key exchange: two multiplications; proof of possession: one.
    println!("most public-key operations in one step: {most}");
    assert_eq!(most, 3);

    let config = config.resume(session.as_ref());
    let handshake = Handshake::begin(&mut *storage, &mut scratch, &config, &mut Seeded(2)).unwrap();
    let (messages, most, _) = drive(handshake, &mut Tcp::connect(server.addr()));
    assert_eq!(
        messages,
        [ClientHello, ServerHello, ChangeCipherSpec, Finished, Done]
    );
    assert_eq!(most, 0);
}

#[test]
fn with_rsa_key_exchange_no_signed_half_of_it_is_awaited() {
    use Message::*;
    let _meter = meter_alone();
    let chain = Recorded::rsa_chain();
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let trust = Trust::learn();
    let algorithms = bearcub::tls::Algorithms {
        suites: &[bearcub::tls::Suite::RSA_WITH_AES_128_GCM_SHA256],
        groups: bearcub::tls::Groups::NONE,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let handshake = Handshake::begin(&mut *storage, &mut scratch, &config, &mut Seeded(3)).unwrap();
    let (messages, ..) = drive(handshake, &mut Tcp::connect(server.addr()));
    let expected = [
        ClientHello,
        ServerHello,
        Certificate,
        ServerHelloDone,
        ClientKeyExchange,
        ChangeCipherSpec,
        Finished,
        Done,
    ];
    assert_eq!(messages, expected);
}

#[test]
fn the_counters_count_what_a_handshake_does() {
    let _meter = meter_alone();
    let chain = Recorded::rsa_chain();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let suites = [bearcub::tls::Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let algorithms = bearcub::tls::Algorithms {
        suites: &suites,
        groups: bearcub::tls::Groups::P256,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    let playback = Playback::new(&recorded.server, &[usize::MAX]);
    meter::reset();
    play(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        recorded.seed,
    )
    .unwrap();
    assert_eq!(
        meter::read(Operation::RsaPublic2048),
        2,
        "the leaf's signature, and the server's key exchange"
    );
    assert_eq!(meter::read(Operation::P256Mul), 1);
    assert_eq!(meter::read(Operation::P256MulGen), 1);
    assert_eq!(meter::read(Operation::P256MulAdd), 0);
    assert_eq!(meter::read(Operation::ChaCha20Block), 0);
    for operation in [
        Operation::Sha256Block,
        Operation::AesBlock,
        Operation::GhashBlock,
    ] {
        assert!(meter::read(operation) > 0, "{operation:?}");
    }
}

#[test]
fn a_handshake_dropped_at_any_step_leaves_its_memory_usable_and_wiped() {
    let _meter = meter_alone();
    let chain = Recorded::rsa_chain();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    for steps in 0..12 {
        let mut playback = Playback::new(&recorded.server, &[usize::MAX]);
        let mut handshake = Handshake::begin(
            &mut *storage,
            &mut scratch,
            &config,
            &mut Seeded(recorded.seed),
        )
        .unwrap();
        let mut done = 0;
        while done < steps && !handshake.is_complete() {
            let mut wire = handshake.wire();
            if !wire.output().is_empty() {
                let len = playback.write(wire.output()).unwrap();
                wire.sent(len).unwrap();
            } else if wire.has_work() {
                wire.step().unwrap();
                done += 1;
            } else {
                let len = playback.read(wire.input()).unwrap();
                wire.received(len).unwrap();
            }
        }
        drop(handshake);
        assert!(scratch.iter().all(|&byte| byte == 0), "after {steps} steps");
        let playback = Playback::new(&recorded.server, &[usize::MAX]);
        play(
            playback,
            &mut *storage,
            &mut scratch,
            &config,
            recorded.seed,
        )
        .unwrap();
    }
}

#[test]
fn buffers_are_wiped_when_a_connection_ends() {
    let _meter = meter_alone();
    let chain = Recorded::rsa_chain();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut context = bearcub::tls::Context::new();
    let (mut input, mut output) = ([0u8; 1058], [0u8; 546]);
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let parts = bearcub::tls::Parts::new(&mut context, &mut input, &mut output);
    let playback = Playback::new(&recorded.server, &[usize::MAX]);
    play(playback, parts, &mut scratch, &config, recorded.seed).unwrap();
    assert_eq!((input, output), ([0; 1058], [0; 546]));
}

#[test]
fn one_storage_serves_many_connections() {
    let _meter = meter_alone();
    let chain = Recorded::rsa_chain();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    for _ in 0..300 {
        let playback = Playback::new(&recorded.server, &[usize::MAX]);
        let client = play(
            playback,
            &mut *storage,
            &mut scratch,
            &config,
            recorded.seed,
        )
        .unwrap();
        assert_eq!(client, recorded.client);
    }
}
