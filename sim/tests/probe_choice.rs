//! What `bearcub probe` chooses where there is a choice, and what it says of the cost on each board.

mod common;

use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{OpensslConfig, OpensslServer};
use common::{bearcub_with, text};
use serde_json::Value;
use tempfile::TempDir;

/// A time at which the lab's certificates are valid.
const NOW: &str = "2026-06-01T00:00:00Z";

fn files(chain: &Chain) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    chain.write_to(folder.path(), "").unwrap();
    folder
}

/// A server with a key on P-256 and one of RSA, each with a chain of its own; both chains, in that order.
fn with_two_keys() -> (OpensslServer, TempDir, TempDir) {
    let (ec, rsa) = (pki::simple(KeyKind::P256), pki::simple(KeyKind::Rsa2048));
    let folders = (files(&ec), files(&rsa));
    let rsa = |name: &str| text(&folders.1.path().join(name)).to_owned();
    let config = OpensslConfig::new(&ec)
        .argument("-dcert")
        .argument(&rsa("leaf.pem"))
        .argument("-dkey")
        .argument(&rsa("key.pem"));
    let server = OpensslServer::start(&config).unwrap();
    (server, folders.0, folders.1)
}

fn probe(server: &OpensslServer, status: i32, arguments: &[&str]) -> (Value, String) {
    let address = server.addr().to_string();
    let usual = [
        "probe",
        &address,
        "--time",
        NOW,
        "--server-name",
        "localhost",
    ];
    let all = [&usual, arguments].concat();
    let json = bearcub_with(&[&all[..], &["--json"]].concat(), &[], b"");
    assert_eq!(json.status, status, "{}\n{}", json.stderr, json.stdout);
    let shown = bearcub_with(&all, &[], b"");
    assert_eq!(shown.status, status, "{}", shown.stderr);
    (json.json(), shown.stdout)
}

#[test]
fn of_two_keys_the_one_that_an_authority_vouches_for_is_taken() {
    let (server, ec, rsa) = with_two_keys();
    for (folder, kind, other) in [(&ec, "ECDSA", "ECDHE_RSA"), (&rsa, "ECDHE_RSA", "ECDSA")] {
        let ca = text(&folder.path().join("roots.pem")).to_owned();
        for further in [&[][..], &["--trust", "anchors"], &["--trust", "both"]] {
            let (json, shown) = probe(&server, 0, &[&["--ca", &ca], further].concat());
            let verdict = &json["verdict"];
            let trust = verdict["trust"].as_str().unwrap();
            assert!(["anchors", "both"].contains(&trust), "{verdict}");
            assert!(
                verdict["suites"][0].as_str().unwrap().contains(kind),
                "{verdict}"
            );
            let passed_over = &verdict["passed_over"];
            assert!(
                passed_over["suite"].as_str().unwrap().contains(other),
                "{verdict}"
            );
            assert!(passed_over["why"].as_str().unwrap().contains("chain"));
            assert!(shown.contains("was tried and not taken"), "{shown}");
        }
    }
}

#[test]
fn of_two_keys_that_are_both_vouched_for_the_faster_is_taken() {
    let (server, ec, rsa) = with_two_keys();
    let both = ec.path().join("both.pem");
    let read = |folder: &TempDir| std::fs::read_to_string(folder.path().join("roots.pem")).unwrap();
    std::fs::write(&both, read(&ec) + &read(&rsa)).unwrap();
    let (json, shown) = probe(&server, 0, &["--ca", text(&both)]);
    let verdict = &json["verdict"];
    assert_eq!(verdict["trust"], "anchors");
    assert!(
        verdict["suites"][0].as_str().unwrap().contains("ECDHE_RSA"),
        "{verdict}"
    );
    assert!(shown.contains("takes longer"), "{shown}");
    // Without any authority a pin is what is left, and nothing was passed over for want of one.
    let none = pki::aws();
    let folder = files(&none);
    let (json, _) = probe(
        &server,
        0,
        &["--ca", text(&folder.path().join("roots.pem"))],
    );
    assert_eq!(json["verdict"]["trust"], "pin");
}

/// One for each chip, with bytes and milliseconds.
fn chips(cost: &Value) -> Vec<&Value> {
    let all: Vec<_> = cost["modelled"].as_array().unwrap().iter().collect();
    let names: Vec<_> = all
        .iter()
        .map(|one| one["chip"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ESP8266", "ESP32-C3", "ESP32"]);
    for one in &all {
        let bytes = |name: &str| one[name].as_u64().unwrap();
        assert_eq!(one["measured"], false);
        assert_eq!(bytes("borrowed"), bytes("scratch") + bytes("stack"));
        assert_eq!(bytes("kept"), cost["kept"].as_u64().unwrap());
        assert!((2000..8000).contains(&bytes("stack")), "{one}");
    }
    all
}

fn at(chip: &Value, clock: &str) -> u64 {
    chip["milliseconds"][clock].as_u64().unwrap()
}

#[test]
fn the_cost_on_each_board_is_told_without_measuring_and_marked() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let folder = files(&chain);
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let ca = text(&folder.path().join("roots.pem")).to_owned();
    let (json, shown) = probe(&server, 0, &["--ca", &ca]);
    let costs = json["verdict"]["costs"].as_array().unwrap();
    assert!(!costs.is_empty());
    for cost in costs.iter().chain([&json["verdict"]["resumed"]]) {
        let all = chips(cost);
        let (slow, fast) = (at(all[0], "80mhz"), at(all[0], "160mhz"));
        assert_eq!(cost["milliseconds"]["80mhz"], slow);
        assert!(slow >= fast && fast >= at(all[1], "160mhz"));
        assert!(at(all[1], "160mhz") >= at(all[2], "240mhz"));
    }
    for words in [
        "ESP8266",
        "80 MHz",
        "160 MHz",
        "ESP32-C3",
        "240 MHz",
        "~ modelled",
        "--board",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn where_a_client_certificate_is_demanded_and_not_given_the_cost_is_told_all_the_same() {
    let (chain, device) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let (server_files, device_files) = (files(&chain), files(&device));
    let config = OpensslConfig::new(&chain).require_certificate(device.root());
    let server = OpensslServer::start(&config).unwrap();
    let ca = text(&server_files.path().join("roots.pem")).to_owned();
    let (without, shown) = probe(&server, 0, &["--ca", &ca]);
    assert_eq!(without["ok"], false);
    assert!(
        shown.contains("Counted with a client certificate"),
        "{shown}"
    );
    assert!(!shown.contains("not counted"), "{shown}");
    let device = |name: &str| text(&device_files.path().join(name)).to_owned();
    let (cert, key) = (device("leaf.pem"), device("key.pem"));
    let (with, shown) = probe(&server, 0, &["--ca", &ca, "--cert", &cert, "--key", &key]);
    assert_eq!(with["ok"], true, "{with}");
    assert!(
        !shown.contains("Counted with a client certificate"),
        "{shown}"
    );
    let costs = |json: &Value| json["verdict"]["costs"].as_array().unwrap().clone();
    let (without, with) = (costs(&without), costs(&with));
    assert_eq!(without.len(), 3);
    for (without, with) in without.iter().zip(&with) {
        assert_eq!(without["trust"], with["trust"]);
        assert_eq!(without["scratch"], with["scratch"]);
        // It is what it is with one, but for the last messages.
        let (one, other) = (at(chips(without)[0], "80mhz"), at(chips(with)[0], "80mhz"));
        assert!(one.abs_diff(other) <= 30, "{one} {other}");
    }
}
