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
    connect_refused(&["--learn", "--timeout", "-1"], "seconds");
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
        "noise.pem: certificate 1: error ",
    );
    let cut = b"-----BEGIN CERTIFICATE-----\nMIIB";
    connect_refused(&["--ca", &file("cut.pem", cut)], "cut.pem: ");
    let large = vec![b'x'; 2 << 20];
    connect_refused(&["--ca", &file("large.pem", &large)], "too many");
    connect_refused(&["--ca", text(folder.path())], text(folder.path()));

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
        "device-leaf.pem (it holds: CERTIFICATE): error -1207",
    );
    connect_refused(&["--ca", text(&files.key)], "PRIVATE KEY): error -1207");
    // The offset is that of the file, also behind a certificate that is whole.
    let whole = std::fs::read_to_string(&files.leaf).unwrap();
    let two = file("two.pem", format!("{whole}{}", &whole[..100]).as_bytes());
    connect_refused(&["--ca", &two], &format!("(byte {})", whole.len() + 100));
    // Kinds of key that there are not, and one with a password.
    let openssl = |arguments: &[&str]| {
        let ran = std::process::Command::new("openssl")
            .args(arguments)
            .output();
        assert!(
            ran.expect("openssl: apt-get install openssl")
                .status
                .success()
        );
    };
    let made = |name: &str| text(&folder.path().join(name)).to_owned();
    let (ed, p384, locked) = (made("ed.pem"), made("p384.pem"), made("locked.pem"));
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &ed]);
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-384",
        "-out",
        &p384,
    ]);
    openssl(&[
        "pkey",
        "-in",
        text(&files.key),
        "-aes128",
        "-passout",
        "pass:bear",
        "-out",
        &locked,
    ]);
    connect_refused(&pair(text(&files.leaf), &ed), "ed.pem: error -1224");
    connect_refused(&pair(text(&files.leaf), &p384), "p384.pem: error -1224");
    connect_refused(&pair(text(&files.leaf), &locked), "The key has a password");
}

#[test]
fn what_cannot_work_is_found_before_the_server_is_looked_for() {
    // Nothing listens there: these would end in -1002 otherwise, with status 1.
    connect_refused(&["--learn", "--server-name", ""], "error -1260");
    connect_refused(&["--learn", "--server-name", "a..b"], "error -12");
    connect_refused(&["--learn", "--group", "none"], "error -1110");
    connect_refused(&["--learn", "--alpn", ""], "error -1113");
    connect_refused(&["--learn", "--input-buffer", "20000"], "512 to 16384");
    let folder = tempfile::tempdir().unwrap();
    let chain = bearcub_lab::pki::simple(bearcub_lab::pki::KeyKind::P256);
    let files = chain.write_to(folder.path(), "").unwrap();
    connect_refused(
        &["--ca", text(&files.roots), "--time", "unset"],
        "error -1114",
    );
}

#[test]
fn an_authority_that_cannot_be_used_is_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let chain = bearcub_lab::pki::simple(bearcub_lab::pki::KeyKind::P256);
    let files = chain.write_to(folder.path(), "").unwrap();
    let good = std::fs::read_to_string(&files.roots).unwrap();
    let path = folder.path().join("bundle.pem");
    let unusable = ed25519_authority(folder.path());
    std::fs::write(&path, format!("{unusable}{good}")).unwrap();
    let ran = bearcub(&["connect", "127.0.0.1:1", "--ca", text(&path)]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("left out:") && ran.stderr.contains("certificate 1"),
        "{}",
        ran.stderr
    );
    std::fs::write(&path, unusable).unwrap();
    connect_refused(&["--ca", text(&path)], "bundle.pem: certificate 1: error ");
}

fn ed25519_authority(folder: &std::path::Path) -> String {
    let (key, out) = (folder.join("ed.key"), folder.join("ed.pem"));
    let made = std::process::Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=ed", "-days", "9",
        ])
        .args(["-keyout", text(&key), "-out", text(&out)])
        .output()
        .expect("openssl: apt-get install openssl");
    assert!(made.status.success());
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn an_output_that_is_full_is_a_failure() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(["--modelled", "--json"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(1));
    assert!(!ran.stderr.is_empty());
}

#[test]
fn a_folder_without_recordings_is_a_wrong_argument() {
    refused(&["--recordings", "/nowhere"], "/nowhere");
    let folder = tempfile::tempdir().unwrap();
    let ran = bearcub(&["--modelled", "--recordings", text(folder.path())]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    let out = folder.path().join("missing").join("x.pcapng");
    let ran = bearcub(&[
        "record",
        "--scenario",
        "selfsigned-fingerprint",
        "--out",
        text(&out),
    ]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains("missing/."), "{}", ran.stderr);
}

#[test]
fn a_bare_key_is_an_authority_too() {
    let folder = tempfile::tempdir().unwrap();
    let chain = bearcub_lab::pki::simple(bearcub_lab::pki::KeyKind::P256);
    let path = folder.path().join("key.der");
    std::fs::write(&path, chain.key.spki_der()).unwrap();
    let ran = bearcub(&["connect", "127.0.0.1:1", "--ca", text(&path)]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("error -1002"), "{}", ran.stderr);
}

#[test]
fn two_dashes_more_than_needed_change_nothing() {
    let ran = bearcub(&["--", "connect", "--help"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, bearcub(&["connect", "--help"]).stdout);
    refused(&["--", "dance"], "dance");
}

#[test]
fn a_standard_error_that_nobody_reads_is_no_panic() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(["--recordings", "/nowhere"])
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
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

#[test]
fn a_file_without_an_end_is_left_at_its_limit() {
    let endless = "/dev/zero";
    let message = ["-t", "t", "-m", "m"];
    let password = ["publish", "-u", "name", "--pw-file", endless];
    for arguments in [
        &["doctor", endless][..],
        &["replay", endless],
        &[
            "rules",
            "--sql-file",
            endless,
            "--republish",
            "out",
            "-i",
            "n",
        ],
        &[&password[..], &message].concat(),
        &["publish", "--cafile", endless, "-t", "t", "-m", "m"],
    ] {
        let ran = bearcub(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("too many"),
            "{arguments:?}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_told_with_what_to_look_at() {
    let trust = ["publish", "-t", "a", "-m", "b"];
    let commands: [&[&str]; 9] = [
        &["fingerprint", "lost.pem"],
        &["anchors", "lost.pem"],
        &["identity", "--cert", "lost.pem"],
        &["doctor", "lost.pem"],
        &["probe", "localhost:1", "--ca", "lost.pem"],
        &["connect", "localhost:1", "--ca", "lost.pem"],
        &[&trust[..], &["--cafile", "lost.pem"]].concat(),
        &["publish", "-t", "a", "-f", "lost.pem"],
        &[
            "rules",
            "-i",
            "x",
            "--sql-file",
            "lost.pem",
            "--republish",
            "y",
        ],
    ];
    for command in commands {
        let said = common::refused(command);
        assert!(said.contains("lost.pem: No such file"), "{said}");
        assert!(said.contains("spelt right"), "{said}");
    }
}

#[test]
fn a_server_that_is_written_like_a_page_is_told_how_to_be_written() {
    for command in ["probe", "connect", "fingerprint", "record"] {
        let said = common::refused(&[command, "mqtts://broker.test:8883"]);
        assert!(said.contains("leave `mqtts://` out"), "{said}");
    }
    for command in ["publish", "subscribe"] {
        let said = common::refused(&[command, "-h", "mqtts://broker.test", "-t", "a"]);
        assert!(said.contains("name or address alone"), "{said}");
    }
}
