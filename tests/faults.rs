//! Thousands of connections to real servers over links that lose, repeat, reorder, cut and alter records, from fixed seeds.
//!
//! After each of them either the outcome is the exact one, or an error of the right kind; what was read is what the server
//! sent, from its first byte on; and the same memory serves the next attempt.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bearcub::error::{Error, MqttResource, NetworkError};
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::{ClientError, Event, Filter, Options, QoS};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, PublicKey, Trust};
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer, Service};
use embedded_io::{Read as _, Write as _};
use rand_core::TryRng as _;
use support::faulty::{Fault, Faulty, Spoiled};
use support::mqtt::{Cutter, TestSession, clock as uptime, connect, session};
use support::replay::{ANSWER, QUESTION};
use support::{Seeded, anchor, clock};

/// Connections with each kind of trust.
const CONNECTIONS: u64 = 1_000;
/// Questions in each of them.
const QUESTIONS: usize = 3;
/// Records of a connection in one direction, and a few more: some faults do not happen.
const RECORDS: usize = 14;
/// Nothing takes longer, whatever happens.
const DEADLINE: Duration = Duration::from_secs(10);

struct Memory {
    storage: Box<Storage<1024, 512>>,
    scratch: Vec<u8>,
}

/// What was read until the end of the connection, and why it ended early.
fn converse(
    memory: &mut Memory,
    server: SocketAddr,
    config: &Config<'_>,
    spoiled: Spoiled,
    seed: u64,
) -> (Vec<u8>, Result<(), Error>) {
    let mut got = Vec::new();
    let link = Faulty::connect(server, spoiled).unwrap();
    let talk = || {
        let mut stream = tls::connect(
            link,
            &mut *memory.storage,
            &mut memory.scratch,
            config,
            &mut Seeded(seed),
        )?;
        for question in 1..=QUESTIONS {
            stream.write_all(QUESTION)?;
            stream.flush()?;
            while got.len() < question * ANSWER.len() {
                let mut piece = [0; 64];
                match stream.read(&mut piece)? {
                    0 => return Err(NetworkError::Closed.into()),
                    len => got.extend(&piece[..len]),
                }
            }
        }
        Ok(())
    };
    let result = talk();
    (got, result)
}

/// Whether a fault may show itself by that error.
fn is_fitting(fault: Fault, error: Error) -> bool {
    match fault {
        Fault::Delay | Fault::Split => false,
        Fault::Stall => error == NetworkError::Timeout.into(),
        Fault::Reset => matches!(error, Error::Network(_)),
        Fault::Drop | Fault::Duplicate | Fault::Swap | Fault::Truncate | Fault::Flip => {
            matches!(error, Error::Network(_) | Error::Peer(_))
        }
    }
}

fn survive(server: SocketAddr, config: &Config<'_>, seeds: std::ops::Range<u64>) {
    let mut memory = Memory {
        storage: Box::new(Storage::new()),
        scratch: vec![0; Scratch::ANCHORS],
    };
    let expected = ANSWER.repeat(QUESTIONS);
    let (mut failed, mut unharmed) = ([0; Fault::ALL.len()], [0; Fault::ALL.len()]);
    for seed in seeds {
        let spoiled = Spoiled::of(seed, RECORDS);
        let start = Instant::now();
        let (got, result) = converse(&mut memory, server, config, spoiled, seed);
        assert!(start.elapsed() < DEADLINE, "{seed}: {spoiled:?}");
        assert!(expected.starts_with(&got), "{seed}: {spoiled:?}: {got:?}");
        match result {
            Ok(()) => {
                assert_eq!(got, expected, "{seed}: {spoiled:?}");
                unharmed[spoiled.fault as usize] += 1;
            }
            Err(error) => {
                assert!(
                    is_fitting(spoiled.fault, error),
                    "{seed}: {spoiled:?}: {error}"
                );
                failed[spoiled.fault as usize] += 1;
            }
        }
        assert!(
            memory.scratch.iter().all(|&byte| byte == 0),
            "{seed}: {spoiled:?}"
        );
    }
    for (number, fault) in Fault::ALL.into_iter().enumerate() {
        let (failed, unharmed) = (failed[number], unharmed[number]);
        println!("{fault:?}: {failed} failed, {unharmed} came through");
        // Those that need not be noticed, and those that must be.
        assert_eq!(failed == 0, fault.is_harmless(), "{fault:?}");
        assert!(unharmed > 0, "{fault:?}");
    }
}

#[test]
fn a_thousand_connections_with_a_fingerprint_survive_every_fault() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(&chain.host, &trust);
    survive(server.addr(), &config, 0..CONNECTIONS);
}

#[test]
fn a_thousand_connections_with_an_authority_survive_every_fault() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust);
    survive(server.addr(), &config, CONNECTIONS..2 * CONNECTIONS);
}

#[test]
fn a_thousand_resumed_connections_survive_every_fault() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let mut device: support::Device = support::Device::new();
    let stream = device.connect(server.addr(), &config).unwrap();
    let session = stream.connection().session();
    stream.close().unwrap();
    // The server forgets the session after the first fault: from then on handshakes are full ones.
    survive(
        server.addr(),
        &config.resume(session.as_ref()),
        2 * CONNECTIONS..3 * CONNECTIONS,
    );
}

/// Messages of QoS 1, and as many of QoS 2.
const MESSAGES: u16 = 300;

fn is_passing(error: Error) -> bool {
    let overflows = error == MqttResource::Incoming.into();
    overflows || matches!(error, Error::Network(_) | Error::Peer(_))
}

/// Publishes everything over TLS connections of which each has a fault; counts the connections.
fn publish(broker: SocketAddr, config: &Config<'_>) -> usize {
    let mut memory = Memory {
        storage: Box::new(Storage::new()),
        scratch: vec![0; Scratch::ANCHORS],
    };
    let options = Options::new("sender").persistent().keep_alive(2);
    let mut session: TestSession = session(options.response_timeout(400), 256);
    let mut random = Seeded(99);
    let (mut next, mut arrived, mut connections) = (0, 0, 0);
    let deadline = uptime().after(120_000);
    while arrived < 2 * MESSAGES {
        assert!(uptime() < deadline, "{next} published, {arrived} arrived");
        let Ok(seed) = random.try_next_u64();
        let mut spoiled = Spoiled::of(seed, 60);
        if spoiled.fault.is_harmless() {
            continue;
        }
        connections += 1;
        // The handshake has been spoiled enough.
        spoiled.record += 8;
        let link = Faulty::connect(broker, spoiled).unwrap();
        let socket = link.socket();
        let stream = tls::connect(
            link,
            &mut *memory.storage,
            &mut memory.scratch,
            config,
            &mut Seeded(seed),
        );
        let Ok(stream) = stream.map_err(|error| assert!(is_passing(error), "{error}")) else {
            continue;
        };
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        let client = Client::connect(stream, &mut session, uptime as fn() -> _);
        let Ok((mut client, _)) = client.map_err(ClientError::into_error) else {
            continue;
        };
        let mut turn = || {
            if client.session().in_flight() < 6 && next < 2 * MESSAGES {
                let qos = [QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(next % 2)];
                client.publish(&format!("faults/{next}"), &next.to_be_bytes(), qos)?;
                next += 1;
            }
            if let Some(Event::Published(_)) = client.poll(uptime().after(20))? {
                arrived += 1;
            }
            Ok(arrived < 2 * MESSAGES)
        };
        let error = loop {
            match turn().map_err(ClientError::<Error>::into_error) {
                Ok(true) => {}
                Ok(false) => break None,
                Err(error) => break Some(error),
            }
        };
        if let Some(error) = error {
            assert!(is_passing(error), "{spoiled:?}: {error}");
        }
    }
    connections
}

#[test]
fn every_guarantee_of_mqtt_holds_over_tls_with_faults() {
    let chain = pki::simple(KeyKind::P256);
    let broker = MosquittoConfig::tls(&chain)
        .with_plain_listener()
        .line("max_queued_messages 0");
    let broker = Mosquitto::start(&broker).unwrap();
    let plain = broker.plain_addr();
    let (ready_sender, ready) = std::sync::mpsc::channel();
    let listener = std::thread::spawn(move || {
        let cutter = Cutter::new(plain);
        let mut session: TestSession<32> = session(Options::new("counter").persistent(), 256);
        session
            .subscribe(&[Filter::new("faults/#", QoS::ExactlyOnce)])
            .unwrap();
        let mut counts = vec![0; 2 * usize::from(MESSAGES)];
        let deadline = uptime().after(150_000);
        let (mut client, _) = connect(&mut session, cutter.addr).unwrap();
        while counts.contains(&0) {
            assert!(uptime() < deadline, "{counts:?}");
            match client
                .poll(uptime().after(100))
                .map_err(ClientError::into_error)
                .unwrap()
            {
                Some(Event::Message(message)) => {
                    let number = u16::from_be_bytes(message.payload.try_into().unwrap());
                    counts[usize::from(number)] += 1;
                }
                Some(Event::Subscribed { .. }) => ready_sender.send(()).unwrap(),
                _ => {}
            }
        }
        counts
    });
    ready.recv().unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let connections = publish(broker.addr(), &Config::new(&chain.host, &trust));
    let counts = listener.join().unwrap();
    println!("{connections} connections");
    assert!(connections > 10, "{connections}");
    for (number, count) in counts.into_iter().enumerate() {
        let is_exactly_once = number % 2 == 1;
        assert!(count == 1 || !is_exactly_once, "{number}: {count} times");
    }
}
