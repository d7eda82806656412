//! `docs/from-tasmota.md`, typed at a terminal as it stands there, but for the port of the broker.

mod common;

use std::fs;
use std::path::Path;

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::document::{Typed, commands, compare};
use common::terminal::on_terminal;
use common::{bearcub_with, text};

const PIN: &str = "the fingerprint from console.txt, or the pin from above";

fn document() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join("docs/from-tasmota.md")).unwrap()
}

#[test]
fn the_page_for_users_of_tasmota_works_as_it_is_written() {
    let (chain, own) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let config = MosquittoConfig::tls(&chain)
        .require_certificate(own.root())
        .identity_as_username();
    let broker = Mosquitto::start(&config).unwrap();
    let here = |text: &str| text.replace("8883", &broker.addr().port().to_string());
    let document = here(&document());

    // What was once typed into the device's console.
    let folder = tempfile::tempdir().unwrap();
    let server = chain.write_to(folder.path(), "server-").unwrap();
    let device = own.write_to(folder.path(), "own-").unwrap();
    let ran = bearcub_with(&["fingerprint", text(&server.chain)], &[], b"");
    let fingerprint = ran
        .stdout
        .split("MqttFingerprint1 ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    let lines = folder.path().join("lines.txt");
    let arguments = [
        "identity",
        "--cert",
        text(&device.chain),
        "--key",
        text(&device.key),
        "--tasmota",
        text(&lines),
    ];
    assert_eq!(bearcub_with(&arguments, &[], b"").status, 0);
    let keys = fs::read_to_string(&lines).unwrap();
    let console = format!("MqttFingerprint1 {fingerprint}\n{keys}");
    fs::write(folder.path().join("console.txt"), &console).unwrap();
    let toml = document
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(toml.contains(PIN));
    fs::write(
        folder.path().join("device.toml"),
        toml.replace(PIN, fingerprint),
    )
    .unwrap();

    let binaries = Path::new(env!("CARGO_BIN_EXE_bearcub")).parent().unwrap();
    let path = format!("export PATH={}:\"$PATH\"", text(binaries));
    let all = commands(&document);
    assert!(all.len() >= 7, "{} commands", all.len());
    for Typed { command, shown } in all {
        let (status, printed) = on_terminal(folder.path(), &format!("{path}; {command}"), &[]);
        assert_eq!(status, 0, "{command}: {printed}");
        compare(&Typed { command, shown }, &printed);
        assert!(
            !printed.contains(keys.split_whitespace().nth(1).unwrap()),
            "a secret is shown"
        );
    }
    let again = fs::read_to_string(folder.path().join("again.txt")).unwrap();
    assert_eq!(again, keys);
}

/// What `explain` says of the numbers in the table is what the table says.
#[test]
fn the_numbers_of_the_page_are_known() {
    let document = document();
    let table = document.split("## Error numbers").nth(1).unwrap();
    for (number, words) in [
        ("-1000", "memory"),
        ("-1001", "resolve"),
        ("-1002", "TCP"),
        ("-1003", "private key"),
        ("-1004", "trust"),
        ("-1005", "time"),
        ("6", "buffer"),
        ("8", "entropy"),
        ("31", "transport"),
        ("52", "signature"),
        ("56", "name"),
        ("62", "trust anchor"),
        ("54", "expired"),
        ("-1310", "not valid yet"),
        ("296", "handshake_failure"),
        ("304", "unknown_ca"),
        ("-1114", "clock"),
        ("-1301", "fragment length"),
        ("-2005", "password"),
        ("-2020", "secrets"),
    ] {
        assert!(
            document.contains(number) || table.contains("256 + n"),
            "{number}"
        );
        let ran = bearcub_with(&["explain", number], &[], b"");
        assert_eq!(ran.status, 0, "{number}: {}", ran.stderr);
        assert!(
            ran.stdout.to_lowercase().contains(&words.to_lowercase()),
            "{number}, {words}: {}",
            ran.stdout
        );
    }
}

#[test]
fn lines_of_tasmotas_console_that_are_damaged_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("console.txt");
    for (line, words) in [
        ("TLSKey1 3MCVvf7PIb+4", "32 bytes"),
        (
            "TLSKey1 3MCVvf7PIb+43iDvAkH8rLPZJ8ASxD5+bnXx+FSF0y",
            "base64",
        ),
        (
            "tlskey1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "key",
        ),
        ("TLSKey2 AAAA", "TLSKey2"),
    ] {
        fs::write(&file, format!("{line}\n")).unwrap();
        let ran = bearcub_with(&["fingerprint", text(&file)], &[], b"");
        assert_eq!(ran.status, 2, "{line}: {}", ran.stdout);
        assert!(
            ran.stderr.contains(words) && !ran.stderr.contains("3MCV"),
            "{line}: {}",
            ran.stderr
        );
    }
}
