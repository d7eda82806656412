//! `bearcub explain`: what the programs really print, and what nobody knows.

mod common;

use std::process::Command;
use std::time::Duration;

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{bearcub, text};

fn explained(words: &str) -> String {
    let ran = bearcub(&["explain", words]);
    assert_eq!(ran.status, 0, "{words}: {}", ran.stderr);
    assert!(ran.stdout.contains("Likeliest causes:") && ran.stdout.contains("What to do:"));
    ran.stdout
}

#[test]
fn numbers_and_names_are_explained_with_or_without_words_around_them() {
    for words in [
        &["explain", "-1004"][..],
        &["explain", "error", "-1004"],
        &["explain", "--", "-1004"],
    ] {
        let ran = bearcub(words);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("Nothing is trusted"), "{}", ran.stdout);
    }
    let alert = explained("unknown_ca");
    assert!(alert.contains("304") && alert.contains("560"), "{alert}");
    let json = bearcub(&["explain", "--json", "304"]).json();
    assert_eq!(
        json["explanations"][0]["causes"].as_array().unwrap().len(),
        3
    );
}

#[test]
fn what_is_not_known_has_its_own_exit_status_and_neighbours() {
    let ran = bearcub(&["explain", "unknwon ca"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (4, ""));
    assert!(
        ran.stderr.contains("not known") && ran.stderr.contains("unknown ca"),
        "{}",
        ran.stderr
    );
    let ran = bearcub(&["explain", "--json", "123456"]);
    assert_eq!(ran.status, 4);
    assert_eq!(ran.json()["nearest"].as_array().unwrap().len(), 3);
    assert_eq!(bearcub(&["explain"]).status, 2);
    let ran = bearcub(&["explain", "\u{1b}[2Jevil"]);
    assert!(ran.status == 4 && !ran.stderr.contains('\u{1b}'));
}

/// What a client that trusts nobody makes Mosquitto write, and what itself says.
#[test]
fn the_lines_of_a_real_broker_and_a_real_client_are_understood() {
    let server = pki::selfsigned(KeyKind::P256);
    let device = pki::device(KeyKind::P256);
    let config = MosquittoConfig::tls(&server).require_certificate(device.root());
    let broker = Mosquitto::start(&config).unwrap();
    let address = broker.addr().to_string();
    let folder = tempfile::tempdir().unwrap();
    let files = server.write_to(folder.path(), "").unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, pki::aws().root_pem()).unwrap();
    let client = |ca: &str| {
        let output = Command::new("openssl")
            .args([
                "s_client",
                "-tls1_2",
                "-verify_return_error",
                "-no-CApath",
                "-no-CAstore",
            ])
            .args(["-connect", &address, "-CAfile", ca])
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = client(text(&other));
    let line = said
        .lines()
        .find(|line| line.starts_with("verify error"))
        .unwrap();
    assert!(
        explained(line).contains("does not have among its CAs"),
        "{line}"
    );
    assert!(broker.wait_for_log("alert unknown ca", Duration::from_secs(5)));
    let said = client(text(&files.roots));
    let line = said.lines().find(|line| line.contains("alert")).unwrap();
    assert!(explained(line).contains("(handshake_failure)"), "{line}");
    assert!(broker.wait_for_log("peer did not return a certificate", Duration::from_secs(5)));
    let log = broker.log();
    let lines: Vec<_> = log
        .lines()
        .filter(|line| line.contains("SSL routines"))
        .collect();
    assert!(lines.len() >= 2, "{log}");
    for line in lines {
        explained(line);
    }
}

#[test]
fn lines_and_numbers_of_other_programs_are_known_whichever_way_they_are_typed() {
    for (words, expected) in [
        (
            "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "verify error 20",
        ),
        ("X509_V_ERR_EC_KEY_EXPLICIT_PARAMS", "verify error 94"),
        (
            "Error: Problem setting TLS options: File not found.",
            "a file for TLS that it cannot open",
        ),
        (
            "Outgoing messages are being dropped for client x.",
            "max_queued_messages",
        ),
        (
            "Error: Unknown configuration variable \"x\".",
            "does not know",
        ),
        ("-0x2700", "X509_CERT_VERIFY_FAILED"),
        (
            "E (1234) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x7780",
            "SSL_FATAL_ALERT_MESSAGE",
        ),
        ("-0x4a0c", "mbedTLS"),
    ] {
        let told = explained(words);
        assert!(told.contains(expected), "{words}: {told}");
    }
    let ran = bearcub(&["explain", "-0x7F00", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["text"], "-0x7F00");
    let ran = bearcub(&["explain", "mbedtls_ssl_handshake", "returned", "-0x7F00"]);
    assert!(ran.stdout.contains("SSL_ALLOC_FAILED"), "{}", ran.stderr);
}

/// What Mosquitto and its clients say of wrong files, and what OpenSSL's own programs say.
#[test]
fn what_the_programs_say_of_wrong_files_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    std::fs::write(at("wrong.conf"), "listner 18999\n").unwrap();
    std::fs::write(
        at("lost.conf"),
        format!("listener 0 127.0.0.1\ncafile {}\n", at("lost.pem")),
    )
    .unwrap();
    let (wrong, lost) = (at("wrong.conf"), at("lost.conf"));
    let runs: [&[&str]; 5] = [
        &[
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            "1",
            "--cafile",
            "/lost",
            "-t",
            "a",
            "-m",
            "b",
        ],
        &["mosquitto_sub", "-h", "127.0.0.1", "-p", "1", "-t", "a"],
        &["mosquitto", "-c", &wrong],
        &["mosquitto", "-c", &lost],
        &["openssl", "s_client", "-connect", "127.0.0.1:1"],
    ];
    for words in runs {
        let output = Command::new("timeout")
            .arg("20")
            .args(words)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut lines = said.lines().filter(|line| !line.trim().is_empty());
        let is_known = |line: &str| bearcub(&["explain", "--", line]).status == 0;
        assert!(lines.any(is_known), "{words:?}: {said}");
    }
}
