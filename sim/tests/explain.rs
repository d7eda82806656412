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
