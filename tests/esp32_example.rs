//! The firmware of `examples/esp32`, as much of it as knows no chip, against Mosquitto: it reports, obeys, comes back, and gives
//! every error that its README promises.
#![cfg(feature = "async")]

#[path = "../examples/esp32/src/broker.rs"]
mod broker;
#[path = "../examples/esp32/src/kept.rs"]
mod kept;
#[allow(dead_code, reason = "the network is the computer's own")]
#[path = "../examples/esp32/src/settings.rs"]
mod settings;
mod support;
#[path = "../examples/esp32/src/trouble.rs"]
mod trouble;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use bearcub::Error;
use bearcub::clock::Time;
use bearcub::entropy::Register;
use bearcub::error::{ConfigError, NetworkError, PeerError, ResourceError};
use bearcub::identity::{EcKey, Identity, SourceError};
use bearcub::mqtt::{Event, Filter, Options, QoS};
use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use broker::{Broker, MqttMemory, TlsMemory};
use embedded_io_adapters::tokio_1::FromTokio;
use kept::Kept;
use settings::Settings;
use support::mqtt::{connect, session, soon};
use support::now;
use tokio::net::TcpStream;
use trouble::Trouble;

fn leak<T: ?Sized>(value: Box<T>) -> &'static T {
    Box::leak(value)
}

fn pin_of(chain: &Chain) -> &'static str {
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    leak(Pin::sha256_of(&key).to_string().into())
}

fn settings() -> Settings {
    Settings {
        wifi_name: "workshop",
        wifi_password: "",
        host: "localhost",
        port: 8883,
        pins: &[],
        authority: &[],
        name: "plant-7",
        certificate: &[],
        key: &[],
        user: None,
        password: None,
        reading: "plant/7/reading",
        command: "plant/7/command",
        state: "plant/7/state",
        time_server: "time.test",
        built: 0,
    }
}

/// A board on the desk.
#[derive(Default)]
struct Desk {
    time: Option<Time>,
    fed: Cell<usize>,
    kept: Option<[u8; Kept::LEN]>,
    obeyed: Vec<Vec<u8>>,
    /// It loses its power at the end: the broker does not hear that the connection is gone.
    unplugged: bool,
}

impl broker::Board for Desk {
    fn time(&self) -> Option<Time> {
        self.time
    }
    fn feed_watchdog(&self) {
        self.fed.set(self.fed.get() + 1);
    }
    fn keep(&mut self, kept: &Kept) {
        self.kept = Some(kept.to_bytes(0));
    }
    fn read_sensor(&mut self) -> heapless::String<96> {
        "21.5".try_into().unwrap()
    }
    fn obey(&mut self, command: &[u8]) -> bool {
        self.obeyed.push(command.into());
        command == b"on"
    }
}

/// The device, with memory that lives as long as the process.
fn device(settings: Settings, owner: &Chain, kept: Option<Kept>) -> Result<Broker<'static>, Error> {
    let settings = Box::leak(Box::new(settings));
    let chain: &'static [&'static [u8]] = leak(Box::new([&*owner.leaf().to_vec().leak()]));
    let key = EcKey::from_der(owner.key.traditional_der().to_vec().leak())?;
    let identity = Identity::new(chain, key)?;
    let options = leak(Box::new(broker::options(settings)));
    let (tls, mqtt) = (Box::new(TlsMemory::new()), Box::new(MqttMemory::new()));
    Broker::new(
        settings,
        options,
        identity,
        kept,
        Box::leak(tls),
        Box::leak(mqtt),
    )
}

/// Serves until the connection ends, or for that long.
async fn serve(
    device: &mut Broker<'_>,
    desk: &mut Desk,
    port: u16,
    patience: u64,
) -> Option<Error> {
    let tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    tcp.set_nonblocking(true).unwrap();
    tcp.set_nodelay(true).unwrap();
    let held = tcp.try_clone().unwrap();
    let tcp = TcpStream::from_std(tcp).unwrap();
    let mut rng = getrandom::SysRng;
    let served = device.serve(FromTokio::new(tcp), &mut rng, desk, || {});
    let limit = Duration::from_millis(patience);
    let end = tokio::time::timeout(limit, served).await.ok();
    if desk.unplugged {
        std::mem::forget(held);
    }
    end
}

/// A broker that wants certificates, its chain, and a device that it knows.
fn lab(
    config: impl FnOnce(MosquittoConfig) -> MosquittoConfig,
) -> (Mosquitto, Arc<Chain>, Arc<Chain>) {
    let (chain, owner) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let known = MosquittoConfig::tls(&chain).require_certificate(owner.root());
    let broker = Mosquitto::start(&config(known).with_plain_listener()).unwrap();
    (broker, chain, owner)
}

fn pinned(chain: &Chain) -> Settings {
    let pins = leak(Box::new([pin_of(chain)]));
    Settings { pins, ..settings() }
}

fn authorised(chain: &Chain) -> Settings {
    let authority = chain.root().to_vec().leak();
    Settings {
        authority,
        ..settings()
    }
}

#[tokio::test]
async fn it_reports_obeys_and_its_last_will_is_told() {
    let (broker, chain, owner) = lab(|config| config);
    let mut observer = session::<8>(Options::new("observer"), 128);
    let (mut observer, _) = connect(&mut observer, broker.plain_addr()).unwrap();
    let all = [Filter::new("plant/#", QoS::AtLeastOnce)];
    observer.subscribe(&all).unwrap();
    assert!(observer.settle(soon(), |_| {}).unwrap());
    for settings in [pinned(&chain), authorised(&chain)] {
        let (mut device, mut desk) = (device(settings, &owner, None).unwrap(), Desk::default());
        desk.time = Some(now());
        let commander = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            for command in ["on", "nonsense"] {
                let publish = ["-t", "plant/7/command", "-m", command, "-q", "1", "-p"];
                let port = broker.plain_addr().port().to_string();
                let mut program = std::process::Command::new("mosquitto_pub");
                assert!(program.args(publish).arg(port).status().unwrap().success());
            }
        };
        let serving = serve(&mut device, &mut desk, broker.addr().port(), 3_000);
        assert_eq!(tokio::join!(serving, commander).0, None);
        assert_eq!(desk.obeyed, [b"on".to_vec(), b"nonsense".to_vec()]);
        assert!(desk.fed.get() > 10, "fed {} times", desk.fed.get());
        assert!(desk.kept.is_some());
        let mut seen = Vec::new();
        while !seen.contains(&("plant/7/state".into(), b"offline".to_vec())) {
            if let Some(Event::Message(message)) = observer.poll(soon()).unwrap() {
                seen.push((message.topic.as_str().to_owned(), message.payload.to_vec()));
            }
        }
        assert!(
            seen.contains(&("plant/7/reading".into(), b"21.5".to_vec())),
            "{seen:?}"
        );
        assert!(
            seen.contains(&("plant/7/state".into(), b"online".to_vec())),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn it_resumes_after_a_loss_of_power_and_comes_back_after_a_restart_of_the_broker() {
    let (mut broker, chain, owner) = lab(|config| config.persistent());
    let mut desk = Desk {
        time: Some(now()),
        unplugged: true,
        ..Desk::default()
    };
    let mut first = device(authorised(&chain), &owner, None).unwrap();
    assert_eq!(
        serve(&mut first, &mut desk, broker.addr().port(), 1_000).await,
        None
    );
    let stored = desk.kept.take().unwrap();
    assert!(broker.wait_for_log("SUBACK to plant-7", Duration::from_secs(10)));

    // Everything in RAM is gone; what is in the flash is not.
    let kept = Kept::from_bytes(&stored, 0);
    let mut second = device(authorised(&chain), &owner, kept).unwrap();
    let serving = serve(&mut second, &mut desk, broker.addr().port(), 15_000);
    let restart = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        broker.restart(true).unwrap();
    };
    let (end, ()) = tokio::join!(serving, restart);
    assert!(matches!(end, Some(Error::Network(_))), "{end:?}");
    assert!(
        desk.kept.is_none(),
        "a full handshake where a session was kept"
    );
    // Readings go on, and are published when the broker is back: the session there is the same, its TLS session is new.
    second.wait(Duration::from_millis(50), &mut desk).await;
    assert_eq!(
        serve(&mut second, &mut desk, broker.addr().port(), 1_000).await,
        None
    );
    assert!(desk.kept.is_some());
    assert!(broker.wait_for_log("Sending CONNACK to plant-7 (1, 0)", Duration::from_secs(10)));
}

#[tokio::test]
async fn a_broker_that_is_not_the_right_one_gets_nothing() {
    let (broker, chain, owner) = lab(|config| config);
    let other = pki::simple(KeyKind::Rsa2048);
    let both = Settings {
        pins: pinned(&other).pins,
        ..authorised(&chain)
    };
    for (settings, expected) in [
        (pinned(&other), "pinned"),
        (both, "pinned"),
        (authorised(&other), "trust"),
    ] {
        let mut desk = Desk {
            time: Some(now()),
            ..Desk::default()
        };
        let mut device = device(settings, &owner, None).unwrap();
        let error = serve(&mut device, &mut desk, broker.addr().port(), 10_000)
            .await
            .unwrap();
        assert!(matches!(error, Error::Peer(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(desk.kept.is_none());
    }
    assert!(!broker.log().contains("as plant-7"), "{}", broker.log());
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told_and_nothing_goes_on_unverified() {
    let (broker, chain, owner) = lab(|config| config);
    let port = broker.addr().port();
    // No time: an authority needs it, fingerprints do not.
    let mut desk = Desk::default();
    let mut unset = device(authorised(&chain), &owner, None).unwrap();
    let error = serve(&mut unset, &mut desk, port, 10_000).await;
    assert_eq!(error, Some(ConfigError::ClockNotSet.into()));
    let mut fine = device(pinned(&chain), &owner, None).unwrap();
    assert_eq!(serve(&mut fine, &mut desk, port, 1_000).await, None);
    // A time before the build is none.
    let future = Settings {
        built: now().unix() as u64 + 1,
        ..authorised(&chain)
    };
    desk.time = Some(now());
    let error = serve(
        &mut device(future, &owner, None).unwrap(),
        &mut desk,
        port,
        10_000,
    )
    .await;
    assert_eq!(error, Some(ConfigError::ClockBeforeFloor.into()));
    // A key that the broker does not know.
    let stranger = pki::selfsigned(KeyKind::P256);
    let mut wrong = device(pinned(&chain), &stranger, None).unwrap();
    let error = serve(&mut wrong, &mut desk, port, 10_000).await.unwrap();
    assert!(
        matches!(error, Error::Peer(PeerError::AlertReceived(_))),
        "{error:?}"
    );
    // A key that is not the certificate's.
    let chain_of_one = [owner.leaf()];
    let key = EcKey::from_der(stranger.key.traditional_der()).unwrap();
    let mismatch = Identity::new(&chain_of_one, key);
    assert_eq!(mismatch.err(), Some(ConfigError::KeyMismatch));
    // A generator that repeats itself.
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut dead = Register::new(|| 7);
    let served = fine.serve(FromTokio::new(tcp), &mut dead, &mut desk, || {});
    assert_eq!(served.await, ResourceError::NoEntropy.into());
    // A pin that is none.
    let typo = Settings {
        pins: &["sha256//oops"],
        ..settings()
    };
    assert!(matches!(
        device(typo, &owner, None).err(),
        Some(Error::Config(ConfigError::Malformed { .. }))
    ));
}

#[tokio::test]
async fn a_full_broker_is_told_and_tried_again() {
    let (broker, chain, owner) = lab(|config| config.listener_line("max_connections 1"));
    let port = broker.addr().port();
    let (mut here, mut there) = (
        device(pinned(&chain), &owner, None).unwrap(),
        Desk::default(),
    );
    let second = Settings {
        name: "plant-8",
        ..pinned(&chain)
    };
    let mut late = device(second, &owner, None).unwrap();
    let mut desk = Desk::default();
    let late_one = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        serve(&mut late, &mut desk, port, 10_000).await.unwrap()
    };
    let (first, refused) = tokio::join!(serve(&mut here, &mut there, port, 2_000), late_one);
    assert_eq!(first, None);
    assert!(matches!(refused, Error::Network(_)), "{refused:?}");
    // There is room again.
    assert_eq!(serve(&mut late, &mut desk, port, 1_500).await, None);
    assert!(desk.kept.is_some());
}

#[tokio::test]
async fn the_watchdog_is_fed_while_a_server_keeps_silent() {
    let owner = pki::device(KeyKind::P256);
    let mut device = device(pinned(&owner), &owner, None).unwrap();
    let mut desk = Desk::default();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(serve(&mut device, &mut desk, port, 3_500).await, None);
    // Once for the ClientHello, and once a second.
    assert!(desk.fed.get() >= 4, "fed {} times", desk.fed.get());
}

#[test]
fn every_trouble_names_a_cause_and_a_remedy_and_the_back_off_knows_what_passes() {
    use bearcub::clock::Instant;
    use bearcub::mqtt::Backoff;
    for (trouble, word, passes) in [
        (Trouble::Setting("wifi.name"), "cfg.example.toml", false),
        (Trouble::Identity(SourceError::Missing), "write-bin", false),
        (Trouble::NoAddress, "wifi.password", true),
        (Trouble::NoTime, "time.server", true),
        (NetworkError::Connect.into(), "", true),
    ] {
        trouble.report();
        let (cause, remedy) = trouble.explain();
        assert!(
            !cause.is_empty() && remedy.contains(word),
            "{trouble:?}: {cause} {remedy}"
        );
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
        let wait = backoff
            .failed(&trouble.nearest(), Instant::from_millis(0), u32::MAX)
            .after;
        assert_eq!(wait.as_secs(), if passes { 1 } else { 300 }, "{trouble:?}");
    }
}

#[test]
fn settings_are_complete_or_the_first_that_is_missing_is_named() {
    let chain = pki::simple(KeyKind::P256);
    assert_eq!(pinned(&chain).check(), Ok(()));
    assert!(!pinned(&chain).need_the_time() && authorised(&chain).need_the_time());
    for (broken, name) in [
        (
            Settings {
                wifi_name: "",
                ..pinned(&chain)
            },
            "wifi.name",
        ),
        (
            Settings {
                host: "",
                ..pinned(&chain)
            },
            "broker.host",
        ),
        (settings(), "broker.pins or broker.authority"),
        (
            Settings {
                certificate: &[0x30],
                ..pinned(&chain)
            },
            "device.key",
        ),
        (
            Settings {
                key: &[0x30],
                ..pinned(&chain)
            },
            "device.certificate",
        ),
    ] {
        assert_eq!(broken.check(), Err(name));
    }
    let blind = Settings {
        time_server: "",
        ..authorised(&chain)
    };
    assert!(blind.check().unwrap_err().starts_with("time.server"));
}

#[test]
fn a_kept_session_is_for_one_build_and_with_an_authority_for_one_day() {
    let mut bytes = [0; Kept::LEN];
    bytes[..8].copy_from_slice(&7u64.to_le_bytes());
    bytes[8..16].copy_from_slice(&now().unix().to_le_bytes());
    // Format, length of the identifier, a suite that there is.
    bytes[16..20].copy_from_slice(&[1, 32, 0xC0, 0x2B]);
    let kept = Kept::from_bytes(&bytes, 7).unwrap();
    assert_eq!(kept.to_bytes(7), bytes);
    assert!(Kept::from_bytes(&bytes, 8).is_none());
    assert!(Kept::from_bytes(&[0xff; Kept::LEN], u64::MAX).is_none());
    let after = |seconds| Time::from_unix(now().unix() + seconds);
    for (time, dates_count, usable) in [
        (after(0), true, true),
        (after(86_399), true, true),
        (after(86_400), true, false),
        (after(-1), true, false),
        (None, true, false),
        (after(86_400), false, true),
        (None, false, true),
    ] {
        assert_eq!(
            kept.session(dates_count, time).is_some(),
            usable,
            "{time:?}"
        );
    }
}
