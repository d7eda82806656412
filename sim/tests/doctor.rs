//! `doctor` against real brokers: what works, and everything that would fail on the device.

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{Ran, bearcub_with, refused, text};
use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "hush-hush-hush";
/// When the lab's certificates are valid.
const VALID: &str = "2026-06-01T00:00:00Z";

/// A device's set-up in a folder of its own.
struct Device {
    folder: TempDir,
    host: String,
    port: u16,
}

impl Device {
    fn of(broker: &Mosquitto) -> Device {
        Device {
            folder: tempfile::tempdir().unwrap(),
            host: "127.0.0.1".to_owned(),
            port: broker.addr().port(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, text: &str) -> PathBuf {
        let file = self.path("device.toml");
        let head = format!("host = \"{}\"\nport = {}\n", self.host, self.port);
        fs::write(&file, head + text).unwrap();
        file
    }

    fn run(&self, text: &str, further: &[&str]) -> Ran {
        let file = self.file(text);
        let all = [&["doctor", common::text(&file)], further].concat();
        let ran = bearcub_with(&all, &[], b"");
        for shown in [&ran.stdout, &ran.stderr] {
            assert!(!shown.contains(SECRET), "{shown}");
        }
        ran
    }

    /// What was found: check, level, code, and everything that is said.
    fn findings(&self, text: &str) -> (i32, Vec<(String, String, i64, String)>) {
        let ran = self.run(text, &["--json"]);
        assert!([0, 3].contains(&ran.status), "{}", ran.stderr);
        let json = ran.json();
        assert_eq!(json["works"], ran.status == 0);
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = json["findings"].as_array().unwrap().iter().map(|one| {
            let said = ["message", "cause", "remedy"]
                .map(|part| word(&one[part]))
                .join(" ");
            (
                word(&one["check"]),
                word(&one["level"]),
                one["code"].as_i64().unwrap_or(0),
                said,
            )
        });
        (ran.status, all.collect())
    }

    /// Something fails, with this code and these words, and nothing before it.
    fn fails(
        &self,
        text: &str,
        check: &str,
        code: i64,
        words: &[&str],
    ) -> Vec<(String, String, i64, String)> {
        let (status, findings) = self.findings(text);
        let first = findings.iter().find(|(_, level, ..)| level == "fail");
        let (found, _, number, said) = first.unwrap_or_else(|| panic!("{findings:?}"));
        assert_eq!((status, &**found, *number), (3, check, code), "{said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        findings
    }

    fn warns(&self, text: &str, check: &str, words: &[&str]) {
        let (status, findings) = self.findings(text);
        assert_eq!(status, 0, "{findings:?}");
        let is_it = |(found, level, _, said): &&(String, String, i64, String)| {
            found == check && level == "warn" && words.iter().all(|word| said.contains(word))
        };
        assert!(findings.iter().any(|one| is_it(&one)), "{findings:?}");
    }
}

fn pin(chain: &Chain, folder: &Path) -> String {
    let files = chain.write_to(folder, "pinned-").unwrap();
    let ran = bearcub_with(&["fingerprint", text(&files.chain), "--json"], &[], b"");
    let json = ran.json().to_string();
    let (_, rest) = json.split_once("\"sha256\":\"").unwrap();
    rest[..64].to_owned()
}

fn start(config: &MosquittoConfig) -> Mosquitto {
    Mosquitto::start(config).unwrap()
}

#[test]
fn a_device_that_is_set_up_well_would_work() {
    let (chain, own) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let broker = start(
        &MosquittoConfig::tls(&chain)
            .require_certificate(own.root())
            .identity_as_username(),
    );
    let device = Device::of(&broker);
    let server = chain.write_to(device.folder.path(), "server-").unwrap();
    let files = own.write_to(device.folder.path(), "device-").unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let set_up = format!(
        "server_name = \"{}\"\nclock = \"{VALID}\"\n[trust]\nca = \"{}\"\n[identity]\ncert = \"{}\"\nkey = \"{}\"\n\
         [mqtt]\nclient_id = \"plant-7\"\nsubscribe = [\"plant/7/cmd\"]\n\
         publish = [{{ topic = \"plant/7/temp\", bytes = 64, qos = 1 }}]\n[budget]\nkept = 8192\nscratch = 4096\n",
        chain.host,
        name(&server.roots),
        name(&files.chain),
        name(&files.key)
    );
    let (status, findings) = device.findings(&set_up);
    assert_eq!(status, 0, "{findings:?}");
    let checks: Vec<_> = findings.iter().map(|(check, ..)| check.as_str()).collect();
    let mut order = checks.clone();
    order.dedup();
    assert_eq!(
        order,
        [
            "identity",
            "configuration",
            "name",
            "tcp",
            "tls",
            "mqtt",
            "subscribe",
            "publish",
            "memory"
        ]
    );
    assert!(
        findings
            .iter()
            .any(|(.., said)| said.contains("records of 1024 bytes")),
        "{findings:?}"
    );
    let ran = device.run(&set_up, &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("\nok   mqtt"), "{}", ran.stdout);

    // The same without each thing that it needs.
    let without = |from: &str, to: &str, check: &str, code: i64, words: &[&str]| {
        let changed = set_up.replace(from, to);
        assert_ne!(changed, set_up);
        device.fails(&changed, check, code, words)
    };
    let skipped = without(VALID, "unset", "configuration", -1114, &["clock"]);
    let tls = skipped.iter().find(|(check, ..)| check == "tls").unwrap();
    assert_eq!(tls.1, "skipped");
    without(VALID, "2050-01-01T00:00:00Z", "tls", 54, &["valid from"]);
    without(VALID, "2000-01-01T00:00:00Z", "tls", -1310, &[]);
    without(
        &format!("\"{}\"", chain.host),
        "\"other.test\"",
        "tls",
        56,
        &["The server shows CN="],
    );
    let identity = set_up
        .split("[identity]")
        .nth(1)
        .unwrap()
        .split("[mqtt]")
        .next()
        .unwrap();
    without(
        &format!("[identity]{identity}"),
        "",
        "tls",
        296,
        &["client certificate"],
    );
    without(
        "kept = 8192",
        "kept = 6000",
        "memory",
        -1000,
        &["the budget has 6000"],
    );
    without(
        "bytes = 64",
        "bytes = 600",
        "publish",
        -2303,
        &["600 bytes", "store"],
    );
    without("plant/7/temp", "plant/#", "publish", -2203, &["plant/#"]);
    without("plant/7/cmd", "plant/7+", "subscribe", -2205, &["plant/7+"]);
    let foreign = pki::device(KeyKind::Rsa2048)
        .write_to(device.folder.path(), "foreign-")
        .unwrap();
    without(
        &name(&files.key),
        &name(&foreign.key),
        "identity",
        -1112,
        &["does not belong"],
    );
    let other = pki::selfsigned(KeyKind::P256)
        .write_to(device.folder.path(), "other-")
        .unwrap();
    without(&name(&server.roots), &name(&other.roots), "tls", 62, &[]);
}

#[test]
fn the_wrong_pin_is_told_with_the_one_that_there_is() {
    let chain = pki::simple(KeyKind::P256);
    let broker = start(&MosquittoConfig::tls(&chain));
    let device = Device::of(&broker);
    let pin = pin(&chain, device.folder.path());
    let set_up = |pin: &str| format!("[trust]\npins = [\"{pin}\"]\n[mqtt]\nclient_id = \"x\"\n");
    device.fails(&set_up(&"ab".repeat(32)), "tls", 1, &[&pin, "Tasmota"]);
    assert_eq!(device.findings(&set_up(&pin)).0, 0);
    device.warns(
        "[trust]\nlearn = true\n[mqtt]\nclient_id = \"x\"\n",
        "tls",
        &[&pin, "store it"],
    );
    let none = format!("{}[tls]\nfragment_length = \"none\"\n", set_up(&pin));
    device.warns(
        &none,
        "tls",
        &["16,384", "no fragment length is offered", "error 6"],
    );
}

#[test]
fn a_broker_that_refuses_is_told_and_no_secret_is() {
    let chain = pki::simple(KeyKind::P256);
    let broker = start(&MosquittoConfig::tls(&chain).user("plant", "another"));
    let device = Device::of(&broker);
    let pin = pin(&chain, device.folder.path());
    fs::write(device.path("password"), format!("{SECRET}\n")).unwrap();
    let set_up = format!(
        "[trust]\npins = [\"{pin}\"]\n[mqtt]\nclient_id = \"x\"\nusername = \"plant\"\npassword_file = \"password\"\n"
    );
    device.fails(&set_up, "mqtt", -2005, &["password"]);
    fs::write(device.path("password"), "another").unwrap();
    assert_eq!(device.findings(&set_up).0, 0);
    // Whoever learns does not tell it to whom it has just learned.
    let pins = format!("pins = [\"{pin}\"]");
    let (status, findings) = device.findings(&set_up.replace(&pins, "learn = true"));
    let mqtt = findings.iter().find(|(check, ..)| check == "mqtt").unwrap();
    assert_eq!((status, &*mqtt.1), (0, "skipped"), "{findings:?}");
    let aws = format!("{set_up}broker = \"aws\"\nkeep_alive = 10\n");
    device.fails(&aws, "mqtt", -2256, &["keep-alive"]);
}

#[test]
fn a_message_that_is_larger_than_the_record_buffer_is_found() {
    let chain = pki::simple(KeyKind::P256);
    let broker = start(&MosquittoConfig::tls(&chain).with_plain_listener());
    let device = Device::of(&broker);
    let pin = pin(&chain, device.folder.path());
    let plain = broker.plain_addr().port().to_string();
    let publish = [
        "publish",
        "-p",
        &plain,
        "-t",
        "plant/kept",
        "-q",
        "1",
        "-r",
        "-s",
    ];
    assert_eq!(bearcub_with(&publish, &[], &[b'x'; 3000]).status, 0);
    let set_up = format!(
        "[trust]\npins = [\"{pin}\"]\n[mqtt]\nclient_id = \"x\"\nsubscribe = [\"plant/#\"]\n[tls]\n"
    );
    let none = format!("{set_up}fragment_length = \"none\"\n");
    device.fails(&none, "subscribe", 6, &["record"]);
    // With a fragment length the server cuts it; MQTT hands it over in pieces.
    device.warns(
        &set_up,
        "subscribe",
        &["3000 bytes on plant/kept", "pieces"],
    );
}

#[test]
fn a_server_that_has_nothing_in_common_is_told() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let broker = start(&MosquittoConfig::tls(&chain).ciphers("AES128-GCM-SHA256"));
    let device = Device::of(&broker);
    let pin = pin(&chain, device.folder.path());
    let set_up = format!("[trust]\npins = [\"{pin}\"]\n[tls]\n");
    device.fails(&set_up, "tls", 296, &["none of the suites"]);
    let old = format!("{set_up}suites = [\"RSA_WITH_AES_128_GCM_SHA256\"]\n");
    assert_eq!(device.findings(&old).0, 0);
    let newer = start(&MosquittoConfig::tls(&chain).tls_version("tlsv1.3"));
    let device = Device {
        port: newer.addr().port(),
        ..device
    };
    device.fails(&set_up, "tls", 326, &[]);
}

#[test]
fn where_nobody_answers_the_rest_is_not_tried() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut device = Device {
        folder: tempfile::tempdir().unwrap(),
        host: "127.0.0.1".to_owned(),
        port: free,
    };
    let set_up = format!(
        "[trust]\npins = [\"{}\"]\n[mqtt]\nclient_id = \"x\"\n",
        "ab".repeat(32)
    );
    let findings = device.fails(&set_up, "tcp", -1002, &[]);
    let skipped = findings
        .iter()
        .filter(|(_, level, ..)| level == "skipped")
        .count();
    assert_eq!(skipped, 2, "{findings:?}");
    device.host = "nobody.invalid".to_owned();
    device.fails(&set_up, "name", -1001, &["nobody.invalid"]);
    // Somebody who never says anything.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    device.host = "127.0.0.1".to_owned();
    device.port = silent.local_addr().unwrap().port();
    device.fails(&format!("timeout = 1\n{set_up}"), "tls", -1005, &[]);
}

#[test]
fn a_file_that_is_not_usable_is_told_with_its_line() {
    let device = Device {
        folder: tempfile::tempdir().unwrap(),
        host: "127.0.0.1".to_owned(),
        port: 1,
    };
    let trust = "[trust]\nlearn = true\n";
    for (text, words) in [
        (
            "[trust]\nlearn = true\npin = []\n",
            &["line 5", "unknown field `pin`"][..],
        ),
        (
            "colour = 3\n[trust]\nlearn = true\n",
            &["line 3", "unknown field `colour`"],
        ),
        (
            &format!("{trust}[mqtt]\nclient_id = \"x\"\nusername = [\"{SECRET}\"]\n"),
            &["line 7", "expected a string"],
        ),
        (
            &format!("{trust}[mqtt]\nclient_id = \"x\"\nkeep_alive = \"{SECRET}\"\n"),
            &["line 7", "expected u16"],
        ),
        (&format!("{trust}x = \"{SECRET}\n"), &["line 5"]),
        ("", &["missing field `trust`"]),
        ("[trust]\n", &["[trust] names nobody"]),
        ("[trust]\npins = [\"xyz\"]\n", &["[trust] pins"]),
        ("[trust]\nca = \"nowhere.pem\"\n", &["nowhere.pem"]),
        (
            &format!("{trust}[identity]\ncert = \"c.pem\"\nkey = \"k.pem\"\n"),
            &["k.pem"],
        ),
        (&format!("clock = \"noon\"\n{trust}"), &["clock", "noon"]),
        (&format!("board = \"z80\"\n{trust}"), &["board", "esp8266"]),
        (&format!("{trust}[tls]\nfragment_length = 700\n"), &["700"]),
        (
            &format!("{trust}[tls]\nfragment_length = \"all\"\n"),
            &["\"buffer\""],
        ),
        (&format!("{trust}[tls]\ninput_buffer = 100\n"), &["100"]),
        (&format!("{trust}[tls]\nsuites = [\"NULL\"]\n"), &["NULL"]),
        (&format!("{trust}[tls]\ngroups = \"p521\"\n"), &["p521"]),
        (
            &format!("{trust}[mqtt]\nclient_id = \"x\"\nbroker = \"azure\"\n"),
            &["open and aws"],
        ),
        (
            &format!("{trust}[mqtt]\nclient_id = \"x\"\nslots = 0\n"),
            &["slots"],
        ),
        (
            &format!("{trust}[mqtt]\nclient_id = \"x\"\nusername = \"u\"\npassword_file = \"p\"\n"),
            &["p"],
        ),
    ] {
        let ran = device.run(text, &[]);
        assert_eq!(
            (ran.status, &*ran.stdout),
            (2, ""),
            "{text}: {}",
            ran.stderr
        );
        for word in words {
            assert!(ran.stderr.contains(word), "{text}, {word}: {}", ran.stderr);
        }
    }
    assert!(refused(&["doctor", "/nowhere.toml"]).contains("/nowhere.toml"));
}

#[test]
fn the_example_has_every_key_and_its_default() {
    let example = include_str!("../doctor.toml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("example.toml");
    // What is commented out is right, too.
    let all = example
        .lines()
        .filter(|line| !line.starts_with("# How") && !line.starts_with("# files"))
        .map(|line| line.strip_prefix("# ").unwrap_or(line))
        .filter(|line| !line.starts_with("learn") && !line.starts_with("password_file"));
    fs::write(&file, all.collect::<Vec<_>>().join("\n")).unwrap();
    bearcub_sim::doctor::setup::Setup::read(&file)
        .map(drop)
        .unwrap();
    fs::write(&file, example).unwrap();
    let setup =
        bearcub_sim::doctor::setup::Setup::read(&file).map_err(|failure| failure.to_string());
    let setup = setup.unwrap();
    // Everything that is marked as a default is one.
    let bare: String = example
        .lines()
        .filter(|line| !line.contains("# default"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&file, bare).unwrap();
    let bare = bearcub_sim::doctor::setup::Setup::read(&file)
        .map_err(|failure| failure.to_string())
        .unwrap();
    let needed = |setup| bearcub_sim::doctor::memory::Needed::of(setup).unwrap();
    assert_eq!(needed(&setup), needed(&bare));
    assert_eq!(
        (setup.port, setup.clock, setup.board, setup.timeout),
        (bare.port, bare.clock, bare.board, bare.timeout)
    );
}
