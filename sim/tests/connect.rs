//! `connect` and `record` against live servers.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;

use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{
    Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer,
};
use common::{Ran, bearcub, text};
use tempfile::TempDir;

/// A time at which the lab's certificates are valid.
const NOW: &str = "2026-06-01T00:00:00Z";
const MQTT_CONNECT: &str = "\\x10\\x13\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x07bearcub";

/// A server, and files for the client's side.
struct Broker {
    server: Mosquitto,
    chain: std::sync::Arc<Chain>,
    folder: TempDir,
}

impl Broker {
    fn start() -> Broker {
        let (chain, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
        let config = MosquittoConfig::tls(&chain).require_certificate(device.root());
        let folder = tempfile::tempdir().unwrap();
        device.write_to(folder.path(), "device-").unwrap();
        chain.write_to(folder.path(), "server-").unwrap();
        Broker {
            server: Mosquitto::start(&config).unwrap(),
            chain,
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn pin(&self) -> Pin {
        Pin::sha256_of(&PublicKey::from_spki(self.chain.key.spki_der()).unwrap())
    }

    fn run(&self, command: &str, further: &[&str]) -> Ran {
        let address = self.server.addr().to_string();
        bearcub(&[&[command, &address, "--time", NOW], further].concat())
    }

    /// With the device's certificate.
    fn connect(&self, further: &[&str]) -> Ran {
        let (cert, key) = (self.file("device-chain.pem"), self.file("device-key.pem"));
        let identity = ["--cert", text(&cert), "--key", text(&key)];
        self.run("connect", &[&identity, further].concat())
    }
}

#[test]
fn a_connection_to_mosquitto_is_shown_step_by_step() {
    let broker = Broker::start();
    let (pin, ca) = (broker.pin().to_string(), broker.file("server-roots.pem"));
    let ran = broker.connect(&[
        "--ca",
        text(&ca),
        "--fingerprint",
        &pin,
        "--send",
        MQTT_CONNECT,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let PublicKey::Ec { .. } = PublicKey::from_spki(broker.chain.key.spki_der()).unwrap() else {
        panic!("a key on a curve");
    };
    for expected in [
        "sent ClientHello",
        "got  Certificate ",
        "got  CertificateRequest",
        "sent Certificate ",
        "sent CertificateVerify",
        "sent ChangeCipherSpec",
        "sent Finished",
        "got  Finished",
        "session             new\n",
        "CN=localhost",
        "EC P-256",
        &pin,
        "Tasmota fingerprint",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "x25519",
        "fragment length     1024",
        "asked for, and given",
        "got 4 B:  \\x02\\x00\\x00",
        "Closed by both sides",
        "ms at 80 MHz, modelled",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
}

#[test]
fn the_json_of_a_connection_has_the_same() {
    let broker = Broker::start();
    let tasmota = hex(&PublicKey::from_spki(broker.chain.key.spki_der())
        .unwrap()
        .fingerprint_sha1());
    let ran = broker.connect(&[
        "--fingerprint",
        &tasmota,
        "--json",
        "--group",
        "p256",
        "--fragment-length",
        "512",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["ok"], true);
    assert_eq!(report["agreed"]["group"], "secp256r1");
    assert_eq!(report["agreed"]["fragment_length"], 512);
    assert_eq!(
        report["chain"][0]["fingerprints"]["sha256"],
        broker.pin().to_string()
    );
    assert_eq!(report["cost"]["operations"]["p256_mul"], 1);
    let steps = report["steps"].as_array().unwrap();
    let of = |name: &str| steps.iter().find(|step| step["message"] == name).unwrap();
    assert_eq!(of("CertificateVerify")["from"], "client");
    assert_eq!(of("ServerHelloDone")["from"], "server");
    assert!(of("ServerHelloDone")["computing_milliseconds"].as_f64() > Some(0.0));
    let times: Vec<_> = steps
        .iter()
        .map(|step| step["at_milliseconds"].as_f64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_session_is_resumed_on_request() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let address = server.addr().to_string();
    let ran = bearcub(&["connect", &address, "--learn", "--resume"]);
    // Learning and resuming exclude each other: a resumed session shows no key to learn.
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let pin = Pin::sha256_of(&PublicKey::from_spki(chain.key.spki_der()).unwrap()).to_string();
    let arguments = [
        "connect",
        &address,
        "--fingerprint",
        &pin,
        "--resume",
        "--json",
    ];
    let report = bearcub(&arguments).json();
    assert_eq!(report["agreed"]["resumed"], true);
    assert_eq!(report["chain"], serde_json::json!([]));
    assert!(report["cost"]["operations"]["rsa2048_public"].is_null());
    let ran = bearcub(&arguments[..5]);
    assert!(
        ran.stdout.contains("session             resumed"),
        "{}",
        ran.stdout
    );
    let forgetful = RustlsServer::start(&RustlsConfig::new(&chain).resumption(false)).unwrap();
    let address = forgetful.addr().to_string();
    let ran = bearcub(&["connect", &address, "--fingerprint", &pin, "--resume"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("no session identifier"),
        "{}",
        ran.stderr
    );
}

#[test]
fn buffers_are_of_the_size_that_was_asked_for() {
    let broker = Broker::start();
    let pin = broker.pin().to_string();
    let sizes = ["--input-buffer", "2048", "--output-buffer", "512"];
    let run = |further: &[&str]| {
        broker
            .connect(&[&["--fingerprint", &pin, "--json"], further].concat())
            .json()
    };
    let (usual, other) = (run(&[]), run(&sizes));
    assert_eq!(other["agreed"]["fragment_length"], 2048);
    let kept = |report: &serde_json::Value| report["cost"]["kept"].as_u64().unwrap();
    assert_eq!(kept(&other), kept(&usual) + 1024 - 512);
    let ran = broker.connect(&["--fingerprint", &pin, "--input-buffer", "100"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("512 to 16384"), "{}", ran.stderr);
}

#[test]
fn silence_is_told_from_an_end() {
    let broker = Broker::start();
    let pin = broker.pin().to_string();
    // Half a packet, which Mosquitto waits for the rest of; and one that it hangs up on.
    let waits = broker.connect(&[
        "--fingerprint",
        &pin,
        "--timeout",
        "1",
        "--send",
        "\\x10\\x13\\x00",
    ]);
    assert_eq!(waits.status, 0, "{}", waits.stderr);
    assert!(
        waits.stdout.contains("no answer in the time"),
        "{}",
        waits.stdout
    );
    let ends = broker.connect(&["--fingerprint", &pin, "--send", "\\xf0\\x00", "--json"]);
    assert_eq!(ends.json()["no_answer"], "closed", "{}", ends.stderr);
}

#[test]
fn a_learned_pin_is_one_to_connect_with() {
    let broker = Broker::start();
    let learned = broker.connect(&["--learn", "--json"]).json();
    assert_eq!(learned["learned"], broker.pin().to_string());
    let ran = broker.connect(&["--fingerprint", learned["learned"].as_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn a_connection_to_openssl_finishes() {
    let chain = pki::aws();
    let config = OpensslConfig::new(&chain).alpn("mqtt");
    let server = OpensslServer::start(&config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = chain.write_to(folder.path(), "").unwrap();
    let ran = bearcub(&[
        "connect",
        &server.addr().to_string(),
        "--ca",
        text(&files.roots),
        "--server-name",
        &chain.host,
        "--time",
        NOW,
        "--alpn",
        "x-amzn-mqtt-ca",
        "--alpn",
        "mqtt",
        "--suite",
        "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "--send",
        "hello\\n",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for expected in [
        "RSA-2048",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "ALPN                mqtt",
        "olleh\\n",
        "  3  ",
        "3 rsa2048_public",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
}

#[test]
fn wrong_trust_is_an_error_with_number_cause_and_remedy() {
    let broker = Broker::start();
    let wrong_pin = "11".repeat(32);
    let other = tempfile::tempdir().unwrap();
    let other_files = pki::simple(KeyKind::P256)
        .write_to(other.path(), "")
        .unwrap();
    let ca = broker.file("server-roots.pem");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--fingerprint", &wrong_pin], 1, "error 1:"),
        (&["--ca", text(&other_files.roots)], 1, "error 62:"),
        (
            &["--ca", text(&ca), "--server-name", "other.test"],
            1,
            "error 56:",
        ),
        (
            &["--ca", text(&ca), "--time", "2040-01-01T00:00:00Z"],
            1,
            "error 54:",
        ),
        (
            &["--ca", text(&ca), "--time", "2020-01-01T00:00:00Z"],
            1,
            "error -1310:",
        ),
        (&["--ca", text(&ca), "--time", "unset"], 2, "error -1114:"),
    ];
    for (arguments, status, expected) in cases {
        // The later --time is not added to the usual one.
        let ran = if arguments.contains(&"--time") {
            let address = broker.server.addr().to_string();
            bearcub(&[&["connect", &address], arguments].concat())
        } else {
            broker.run("connect", arguments)
        };
        assert_eq!(
            ran.status, status,
            "{expected} {} {}",
            ran.stdout, ran.stderr
        );
        assert!(ran.stderr.contains(expected), "{expected} {}", ran.stderr);
        assert!(ran.stderr.contains("cause:") && ran.stderr.contains("remedy:"));
    }
    // What the server has shown is shown, so that a wrong pin can be compared with it.
    let ran = broker.run("connect", &["--fingerprint", &wrong_pin]);
    assert!(
        ran.stdout.contains(&broker.pin().to_string()),
        "{}",
        ran.stdout
    );
    let ran = broker.run("connect", &["--fingerprint", &wrong_pin, "--json"]);
    assert_eq!(ran.status, 1);
    let report = ran.json();
    assert_eq!(
        (&report["ok"], &report["error"]["code"]),
        (&false.into(), &1.into())
    );
    let steps = report["steps"].as_array().unwrap();
    assert!(
        steps.iter().any(|step| step["message"] == "Certificate"),
        "{steps:?}"
    );
    // The fingerprint of the certificate instead of its key's is a common mistake.
    use sha2::Digest;
    let of_certificate = hex(&sha2::Sha256::digest(broker.chain.leaf()));
    let ran = broker.run("connect", &["--fingerprint", &of_certificate]);
    assert!(
        ran.stdout.contains("Hint: the fingerprint"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_missing_client_certificate_is_the_servers_alert() {
    let broker = Broker::start();
    let ran = broker.run("connect", &["--learn"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("error 296:"), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("asked for a client certificate"),
        "{}",
        ran.stdout
    );
}

/// A server that says `answer` and then does what `then` says.
fn fake(answer: &'static [u8], keep_open: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(answer);
        if keep_open {
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    address
}

#[test]
fn servers_that_are_none_are_told_apart() {
    let cases: [(&[u8], bool, &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", true, "error "),
        (b"", true, "error -1005:"),
        (b"", false, "error -1400:"),
        (&[21, 3, 3, 0, 2, 2, 40], true, "error 296:"),
    ];
    for (answer, keep_open, expected) in cases {
        let address = fake(answer, keep_open);
        let ran = bearcub(&["connect", &address, "--learn", "--timeout", "1"]);
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains(expected), "{expected} {}", ran.stderr);
    }
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = bearcub(&["connect", &free.to_string(), "--learn"]);
    assert!(ran.stderr.contains("error -1002:"), "{}", ran.stderr);
}

#[test]
fn a_live_connection_is_recorded_and_replayed() {
    let broker = Broker::start();
    let (cert, key) = (
        broker.file("device-chain.pem"),
        broker.file("device-key.pem"),
    );
    let out = broker.file("live.pcapng");
    let pin = broker.pin().to_string();
    let arguments = [
        "--cert",
        text(&cert),
        "--key",
        text(&key),
        "--fingerprint",
        &pin,
        "--send",
        MQTT_CONNECT,
        "--out",
        text(&out),
    ];
    let ran = broker.run("record", &arguments);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("--include-private-key"),
        "{}",
        ran.stderr
    );
    assert!(!out.exists());

    let arguments = [&arguments[..], &["--include-private-key"]].concat();
    let ran = broker.run("record", &arguments);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("got 4 B:  \\x02"), "{}", ran.stdout);
    let ran = bearcub(&["replay", text(&out)]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);

    let before = std::fs::read(&out).unwrap();
    let ran = broker.run("record", &arguments);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(std::fs::read(&out).unwrap(), before);
    let ran = broker.run("record", &[&arguments[..], &["--force", "--json"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(
        (&report["file"], &report["exact"]),
        (&text(&out).into(), &true.into())
    );
    assert!(report["cost"]["kept"].as_u64().unwrap() > 4000);
    assert_ne!(std::fs::read(&out).unwrap(), before);

    // A connection that fails leaves nothing behind, and what was there alone.
    let before = std::fs::read(&out).unwrap();
    let ran = broker.run("record", &["--learn", "--out", text(&out), "--force"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains("has not been written"),
        "{}",
        ran.stderr
    );
    assert_eq!(std::fs::read(&out).unwrap(), before);
}

#[test]
fn a_scenario_is_recorded_with_the_same_client_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let client_hello = |name: &str| {
        let out = folder.path().join(name);
        let ran = bearcub(&[
            "record",
            "--scenario",
            "selfsigned-fingerprint",
            "--out",
            text(&out),
        ]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let recording = bearcub_sim::recording::Recording::load(&out).unwrap();
        recording.tape.segments[0].bytes.clone()
    };
    assert_eq!(client_hello("first.pcapng"), client_hello("second.pcapng"));
}

#[test]
fn an_error_names_the_server_that_it_is_about() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let address = server.addr().to_string();
    let pin = "aa".repeat(32);
    for further in [&[][..], &["--resume"]] {
        let arguments = ["connect", &address, "--fingerprint", &pin];
        let ran = bearcub(&[&arguments[..], further].concat());
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains(&address), "{}", ran.stderr);
        assert!(ran.stderr.contains("error 1: "), "{}", ran.stderr);
    }
}
