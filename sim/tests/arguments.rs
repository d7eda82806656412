//! Arguments that are wrong, and files that they name.

mod common;

use common::{bearcub, text};

/// Fails with status 2, says this, and prints nothing else.
fn refused(arguments: &[&str], expected: &str) {
    let ran = bearcub(arguments);
    assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
    assert!(
        ran.stderr.contains(expected),
        "{arguments:?}: {}",
        ran.stderr
    );
    assert_eq!(ran.stdout, "", "{arguments:?}");
}

const TO: [&str; 2] = ["connect", "127.0.0.1:1"];

fn connect_refused(further: &[&str], expected: &str) {
    refused(&[&TO, further].concat(), expected);
}

#[test]
fn trust_has_no_default_and_the_choices_are_listed() {
    for choice in [
        "--fingerprint PIN",
        "--ca FILE",
        "--learn",
        "--insecure-accept-anyone",
    ] {
        connect_refused(&[], choice);
    }
    connect_refused(
        &["--learn", "--insecure-accept-anyone"],
        "cannot be used with",
    );
    connect_refused(&["--learn", "--fingerprint", "00"], "cannot be used with");
}

#[test]
fn values_that_are_none_are_named() {
    refused(&["connect", "example.org", "--learn"], "HOST:PORT");
    connect_refused(
        &["--learn", "--suite", "NULL"],
        "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    );
    connect_refused(&["--learn", "--group", "p521"], "x25519-p256");
    connect_refused(
        &["--learn", "--fragment-length", "1000"],
        "512, 1024, 2048, 4096",
    );
    connect_refused(&["--learn", "--timeout", "-1"], "");
    connect_refused(&["--learn", "--timeout", "soon"], "seconds");
    connect_refused(&["--learn", "--time", "yesterday"], "2026-06-01T12:00:00Z");
    connect_refused(&["--learn", "--send", "\\q"], "backslash");
    connect_refused(&["--learn", "--cert", "x"], "--key");
    connect_refused(&["--fingerprint", "12:34"], "--fingerprint 12:34");
    connect_refused(&["--fingerprint", &"00".repeat(20)], "--fingerprint");
    refused(&["record"], "HOST:PORT");
    refused(&["record", "127.0.0.1:1", "--learn"], "--out");
    refused(&["record", "--scenario", "nobody"], "selfsigned-ca");
    refused(
        &["record", "--scenario", "aws-ca", "--learn"],
        "cannot be used with",
    );
    refused(
        &[
            "record",
            "127.0.0.1:1",
            "--learn",
            "--out",
            "x",
            "--seed",
            "12",
        ],
        "64 hexadecimal",
    );
    refused(&["replay"], "FILE");
    refused(&["--json", "--markdown"], "cannot be used with");
    refused(&["dance"], "dance");
}

#[test]
fn files_that_are_wrong_are_named_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        text(&path).to_owned()
    };
    let missing = folder.path().join("missing.pem");
    connect_refused(&["--ca", text(&missing)], "missing.pem");
    connect_refused(
        &["--ca", &file("empty.pem", b"")],
        "empty.pem: the file is empty",
    );
    connect_refused(
        &["--ca", &file("noise.pem", b"noise")],
        "noise.pem: certificate 1",
    );
    let cut = b"-----BEGIN CERTIFICATE-----\nMIIB";
    connect_refused(&["--ca", &file("cut.pem", cut)], "cut.pem: ");
    let large = vec![b'x'; 2 << 20];
    connect_refused(&["--ca", &file("large.pem", &large)], "too many");
    connect_refused(&["--ca", text(folder.path())], "");

    let device = bearcub_lab::pki::device(bearcub_lab::pki::KeyKind::P256);
    let files = device.write_to(folder.path(), "device-").unwrap();
    // A device's certificate is no authority, and another's key does not fit.
    connect_refused(
        &["--ca", text(&files.leaf)],
        "device-leaf.pem: certificate 1: ",
    );
    let other = bearcub_lab::pki::simple(bearcub_lab::pki::KeyKind::P256);
    let other = other.write_to(folder.path(), "other-").unwrap();
    let pair = |cert, key| ["--learn", "--cert", cert, "--key", key];
    connect_refused(&pair(text(&files.leaf), text(&other.key)), "error -1112");
    connect_refused(
        &pair(text(&files.leaf), text(&files.leaf)),
        "device-leaf.pem: ",
    );
}

#[test]
fn help_says_what_the_exit_status_means() {
    for arguments in [
        &["--help"][..],
        &["connect", "--help"],
        &["record", "--help"],
    ] {
        let ran = bearcub(arguments);
        assert_eq!(ran.status, 0);
        assert!(ran.stdout.contains("Exit status:"), "{}", ran.stdout);
    }
}
