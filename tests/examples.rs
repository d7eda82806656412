//! The examples, run as they are, against Mosquitto and OpenSSL.

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bearcub::mqtt::{Event, Filter, Options, QoS};
use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer};
use support::mqtt::{TestSession, clock, connect, session, soon};

/// The program, which `cargo test` has built beside the tests; a run of this file alone does not, and may find an old one or none.
/// It is killed (status 124) if it takes over a minute.
fn example(name: &str) -> Command {
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("examples").join(name);
    let build = "cargo build --package bearcub --examples";
    assert!(path.is_file(), "{} is not built: {build}", path.display());
    let mut command = Command::new("timeout");
    command.arg("60").arg(path);
    command
}

fn run(name: &str, arguments: &[&str]) -> Output {
    example(name).args(arguments).output().unwrap()
}

fn prints(name: &str, arguments: &[&str]) -> String {
    let output = run(name, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{name}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A broker with TLS, and where it is without.
fn broker(chain: &Chain, config: MosquittoConfig) -> (Mosquitto, String, String) {
    let broker = Mosquitto::start(&config.with_plain_listener()).unwrap();
    let server = format!("localhost:{}", broker.addr().port());
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    (broker, server, Pin::sha256_of(&key).to_string())
}

/// A key and its self-signed certificate for localhost, and where they are. The examples check its dates by the clock.
fn certificate_of_today(folder: &Path, algorithm: &[&str]) -> (String, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    let (key, cert) = (at("key.pem"), at("cert.pem"));
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey"])
        .args(algorithm)
        .args(["-nodes", "-keyout", &key, "-out", &cert, "-days", "2"])
        .args(["-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    (key, cert)
}

#[test]
fn publish_tells_that_its_reading_has_arrived() {
    let chain = pki::simple(KeyKind::P256);
    let (broker, server, pin) = broker(&chain, MosquittoConfig::tls(&chain));
    let mut session: TestSession = session(Options::new("observer"), 64);
    let (mut observer, _) = connect(&mut session, broker.plain_addr()).unwrap();
    observer
        .subscribe(&[Filter::new("plant/#", QoS::AtMostOnce)])
        .unwrap();
    assert!(observer.settle(soon(), |_| {}).unwrap());
    let text = prints("publish", &[&server, &pin, "plant/7/temp", "21.5"]);
    assert!(text.contains("Published"), "{text}");
    let event = observer.poll(soon()).unwrap();
    assert!(matches!(event, Some(Event::Message(message)) if message.payload == b"21.5"));

    let wrong = run("publish", &[&server, &"ab".repeat(32), "t", "m"]);
    let errors = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success());
    assert!(errors.contains("(1) "), "{errors}");
    let none = run("publish", &[]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn learn_pin_learns_once_and_then_sends_its_password() {
    let chain = pki::simple(KeyKind::P256);
    let (broker, server, pin) = broker(
        &chain,
        MosquittoConfig::tls(&chain).user("plant", "password"),
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pin");
    let arguments = [&server, file.to_str().unwrap(), "plant", "password"];
    let first = prints("learn_pin", &arguments);
    assert!(
        first.contains("learned") && first.contains("told"),
        "{first}"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), pin);
    let second = prints("learn_pin", &arguments);
    assert!(!second.contains("learned"), "{second}");
    // Another broker at that place gets nothing.
    drop(broker);
    let other = pki::simple(KeyKind::Rsa2048);
    let impostor = MosquittoConfig::tls(&other).user("plant", "password");
    let impostor = Mosquitto::start(&impostor).unwrap();
    let server = format!("localhost:{}", impostor.addr().port());
    let refused = run(
        "learn_pin",
        &[&server, file.to_str().unwrap(), "plant", "password"],
    );
    assert!(!refused.status.success());
    assert!(impostor.wait_for_log("alert bad certificate", Duration::from_secs(10)));
    assert!(!impostor.log().contains("CONNACK"), "{}", impostor.log());
}

#[test]
fn deep_sleep_resumes_both_sessions() {
    let chain = pki::simple(KeyKind::P256);
    let (broker, server, pin) = broker(&chain, MosquittoConfig::tls(&chain));
    let folder = tempfile::tempdir().unwrap();
    let memory = folder.path().join("rtc");
    let arguments = [&server, &pin, memory.to_str().unwrap()];
    let first = prints("deep_sleep", &arguments);
    assert!(
        first.contains("resumed: false") && first.contains("New"),
        "{first}"
    );
    let mut session: TestSession = session(Options::new("commander"), 64);
    let (mut commander, _) = connect(&mut session, broker.plain_addr()).unwrap();
    commander
        .publish("bearcub/sleep/cmd", b"water", QoS::AtLeastOnce)
        .unwrap();
    assert!(commander.settle(soon(), |_| {}).unwrap());
    let second = prints("deep_sleep", &arguments);
    for part in [
        "resumed: true",
        "Resumed",
        "command: water",
        "all arrived: true",
    ] {
        assert!(second.contains(part), "{second}");
    }
    // What is in memory after a power cut is no session, and costs a full handshake.
    std::fs::write(&memory, [0xff; 92]).unwrap();
    let third = prints("deep_sleep", &arguments);
    assert!(third.contains("resumed: false"), "{third}");
}

#[test]
fn subscribe_stays_through_a_broker_s_restart_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = certificate_of_today(
        folder.path(),
        &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    );
    let config = MosquittoConfig::plain()
        .with_plain_listener()
        .persistent()
        .listener_line(&format!("certfile {cert}"))
        .listener_line(&format!("keyfile {key}"));
    let mut broker = Mosquitto::start(&config).unwrap();
    let server = format!("localhost:{}", broker.addr().port());
    let device = example("subscribe")
        .args([&server, &cert, "plant/7/cmd"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let wait = |broker: &Mosquitto, text: &str| {
        assert!(
            broker.wait_for_log(text, Duration::from_secs(20)),
            "{}",
            broker.log()
        );
    };
    wait(&broker, "Sending SUBACK to bearcub-example-subscribe");
    // Somebody takes its place for a moment: it comes back, and resumes the TLS session.
    let usurper = Options::new("bearcub-example-subscribe").persistent();
    drop(connect(&mut session::<8>(usurper, 64), broker.plain_addr()).unwrap());
    let came = || broker.log().matches("as bearcub-example-subscribe").count();
    let patience = soon();
    while came() < 3 {
        assert!(clock() < patience, "{}", broker.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    // A restarted broker has forgotten the TLS session, but not MQTT's.
    broker.restart(true).unwrap();
    wait(
        &broker,
        "Sending CONNACK to bearcub-example-subscribe (1, 0)",
    );
    let mut session: TestSession = session(Options::new("commander"), 64);
    let (mut commander, _) = connect(&mut session, broker.plain_addr()).unwrap();
    for command in ["open", "stop"] {
        commander
            .publish("plant/7/cmd", command.as_bytes(), QoS::ExactlyOnce)
            .unwrap();
    }
    assert!(commander.settle(soon(), |_| {}).unwrap());
    wait(
        &broker,
        "Received DISCONNECT from bearcub-example-subscribe",
    );
    let output = device.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for part in [
        "connected: New, TLS resumed: false",
        "connected: Resumed, TLS resumed: true",
        "connected: Resumed, TLS resumed: false",
        "plant/7/cmd: open",
        "plant/7/cmd: stop",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{text}");
    }
}

#[test]
fn aws_iot_publishes_with_a_device_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = certificate_of_today(folder.path(), &["rsa:2048"]);
    // It is its own authority, and the device's; AWS's keys are RSA-2048, too.
    let config = MosquittoConfig::plain()
        .listener_line(&format!("certfile {cert}"))
        .listener_line(&format!("keyfile {key}"))
        .listener_line(&format!("cafile {cert}"))
        .listener_line("require_certificate true")
        .line("max_keepalive 1200");
    let broker = Mosquitto::start(&config).unwrap();
    let server = format!("localhost:{}", broker.addr().port());
    let text = prints("aws_iot", &[&server, &cert, &cert, &key, "sensor-7"]);
    assert!(text.contains("arrived: true"), "{text}");
    assert!(broker.wait_for_log("'rtjm/plant'", Duration::from_secs(10)));
    let long = "x".repeat(129);
    let refused = run("aws_iot", &[&server, &cert, &cert, &key, &long]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(errors.contains("(-2251)"), "{errors}");
}

#[test]
fn blocking_connects_by_pin_and_by_authority_and_explains_a_refusal() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let (_broker, server, pin) = broker(&chain, MosquittoConfig::tls(&chain));
    let text = prints("blocking", &[&server, &pin]);
    assert!(text.contains("connected: TLS_"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (key, cert) = certificate_of_today(folder.path(), &["rsa:2048"]);
    let config = MosquittoConfig::plain()
        .listener_line(&format!("certfile {cert}"))
        .listener_line(&format!("keyfile {key}"));
    let today = Mosquitto::start(&config).unwrap();
    let text = prints(
        "blocking",
        &[&format!("localhost:{}", today.addr().port()), &cert],
    );
    assert!(text.contains("connected: TLS_"), "{text}");
    // That authority has not signed the other server's certificate.
    let refused = run("blocking", &[&server, &cert]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(errors.contains("(62)"), "{errors}");
}

#[cfg(feature = "async")]
#[test]
fn the_async_examples_connect_and_publish() {
    let chain = pki::simple(KeyKind::P256);
    let (broker, server, pin) = broker(&chain, MosquittoConfig::tls(&chain));
    let text = prints("async_tokio", &[&server, &pin, "plant/7/temp", "21.5"]);
    assert!(text.contains("Published"), "{text}");
    assert!(broker.wait_for_log("'plant/7/temp'", Duration::from_secs(10)));
    let text = prints("async_embassy", &[&server, &pin]);
    let steps = text.trim().strip_prefix("connected, in ").unwrap();
    let steps: u32 = steps.strip_suffix(" steps").unwrap().parse().unwrap();
    assert!(steps > 10, "{text}");
    for name in ["async_tokio", "async_embassy"] {
        let wrong = "ab".repeat(32);
        let arguments = [server.as_str(), &wrong, "t", "m"];
        let count = if name == "async_tokio" { 4 } else { 2 };
        let refused = run(name, &arguments[..count]);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(errors.contains("(1) "), "{name}: {errors}");
    }
}

#[test]
fn heapless_buffers_publishes_through_one_record_of_512_bytes() {
    let chain = pki::simple(KeyKind::P256);
    let (broker, server, pin) = broker(&chain, MosquittoConfig::tls(&chain));
    let text = prints("heapless_buffers", &[&server, &pin, "plant/7/temp"]);
    assert!(
        text.contains("B512") && text.contains("all arrived: true"),
        "{text}"
    );
    assert!(
        broker.wait_for_log("(15 bytes)", Duration::from_secs(10)),
        "{}",
        broker.log()
    );
}

#[test]
fn key_from_read_shows_its_certificate_to_openssl() {
    let (chain, owner) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let config = OpensslConfig::new(&chain).require_certificate(owner.root());
    let openssl = OpensslServer::start(&config).unwrap();
    let server = format!("localhost:{}", openssl.addr().port());
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    let pin = Pin::sha256_of(&key).to_string();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, secret, other) = (at("device.der"), at("key.der"), at("other.der"));
    std::fs::write(&certificate, owner.leaf()).unwrap();
    std::fs::write(&secret, owner.key.traditional_der()).unwrap();
    std::fs::write(&other, chain.key.traditional_der()).unwrap();
    let text = prints("key_from_read", &[&server, &pin, &certificate, &secret]);
    assert!(text.contains("asked for a certificate: true"), "{text}");
    for (key, why) in [(&other, "does not belong"), (&at("none"), "is missing")] {
        let refused = run("key_from_read", &[&server, &pin, &certificate, key]);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success());
        assert!(errors.contains(why), "{errors}");
    }
}

#[test]
fn every_example_is_read_at_a_glance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 80, "{} has {lines} lines", path.display());
            count += 1;
        }
    }
    assert!(count >= 10, "{count}");
}
