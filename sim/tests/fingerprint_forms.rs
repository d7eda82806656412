//! `bearcub fingerprint`: pins as they are pasted, and keys that are encrypted in ways of the past.

mod common;

use bearcub_lab::pki::{self, KeyKind};
use common::{bearcub, openssl, refused, text};

#[test]
fn a_pin_is_checked_with_the_words_around_it_that_were_copied() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [KeyKind::Rsa2048, KeyKind::P256] {
        let cert = folder.path().join("cert.pem");
        std::fs::write(&cert, pki::simple(kind).leaf_pem()).unwrap();
        let cert = text(&cert);
        let shown = bearcub(&["fingerprint", cert]).stdout;
        let json = bearcub(&["fingerprint", cert, "--json"]).json();
        let key = &json["keys"][0];
        let line = key["tasmota"].as_str().unwrap().to_owned();
        let (_, spaced) = line.split_once(' ').unwrap();
        // Tasmota had no fingerprints of EC keys then.
        let old = key["obsolete_v1"].as_str();
        let whole = shown.lines().find(|line| line.contains("MqttFingerprint1"));
        let pin = key["sha256"].as_str().unwrap();
        let good = [
            line.clone(),
            whole.unwrap().to_owned(),
            line.replace("MqttFingerprint1", "mqttfingerprint2"),
            format!("MqttFingerprint2 {}", spaced.replace(' ', ":")),
            spaced.to_owned(),
            spaced.replace(' ', ":").to_lowercase(),
            format!("SHA-256 pin   {pin}"),
            format!("sha256//{}", key["sha256_base64"].as_str().unwrap()),
        ];
        for form in &good {
            let ran = bearcub(&["fingerprint", cert, "--check", form]);
            assert_eq!(ran.status, 0, "{form}: {}", ran.stderr);
        }
        for form in old.iter().flat_map(|old| {
            [
                old.to_string(),
                format!("MqttFingerprint1 {old}"),
                format!("Tasmota v1 {}", old.replace(' ', ":")),
            ]
        }) {
            let ran = bearcub(&["fingerprint", cert, "--check", &form]);
            assert_eq!(ran.status, 3, "{form}: {}", ran.stderr);
            assert!(ran.stderr.contains("v1"), "{form}: {}", ran.stderr);
        }
        let printed = openssl(&["x509", "-in", cert, "-noout", "-fingerprint", "-sha1"]);
        let printed = String::from_utf8(printed).unwrap();
        let ran = bearcub(&["fingerprint", cert, "--check", printed.trim()]);
        assert_eq!(ran.status, 3, "{printed}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("fingerprint of the certificate"),
            "{}",
            ran.stderr
        );
        let has_hint = shown.contains("ESP8266");
        assert_eq!(has_hint, kind == KeyKind::P256, "{shown}");
    }
    for wrong in ["MqttFingerprint1", "MqttFingerprint1 12 34", "Tasmota"] {
        assert!(refused(&["fingerprint", "x.pem", "--check", wrong]).contains("--check"));
    }
}

#[test]
fn a_key_that_is_encrypted_in_an_obsolete_way_is_told_as_that_with_what_converts_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let (plain, pem, der, new, pass) = (
        at("plain.pem"),
        at("old.pem"),
        at("old.der"),
        at("new.pem"),
        at("pass"),
    );
    std::fs::write(&plain, pki::simple(KeyKind::P256).key_pem()).unwrap();
    std::fs::write(&pass, "correct horse\n").unwrap();
    let file = "pass:correct horse".to_owned();
    // 3DES as every OpenSSL has it, DES with the provider of old things.
    let legacy = ["-provider", "default", "-provider", "legacy"];
    for (cipher, further) in [("PBE-SHA1-3DES", &[][..]), ("PBE-MD5-DES", &legacy[..])] {
        for (out, form) in [(&pem, "PEM"), (&der, "DER")] {
            let usual = [
                "pkcs8", "-topk8", "-in", &plain, "-v1", cipher, "-passout", &file,
            ];
            openssl(&[&usual, &["-outform", form, "-out", out][..], further].concat());
            let said = refused(&["fingerprint", out, "--passphrase-file", &pass]);
            assert!(
                said.contains(out.as_str()) && said.contains("encrypted"),
                "{said}"
            );
            assert!(
                said.contains("obsolete") && !said.contains("damaged"),
                "{said}"
            );
            assert!(said.contains("openssl pkcs8 -topk8"), "{said}");
        }
        // What is advised works.
        let advised = [
            "pkcs8", "-topk8", "-in", &pem, "-out", &new, "-passin", &file,
        ];
        openssl(&[&advised, &["-passout", &file][..], further].concat());
        let ran = bearcub(&["fingerprint", &new, "--passphrase-file", &pass]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
}

/// A line with a key in it, where a pin is asked for.
#[test]
fn what_is_no_pin_is_not_shown_for_it_may_be_a_key() {
    let key = "TLSKey1 bEiYgSQcVeRyPrivateIndeed0123456789abcdefghijklmnop=";
    for arguments in [
        &["fingerprint", "localhost:1", "--check", key][..],
        &["connect", "localhost:1", "--fingerprint", key],
        &[
            "publish",
            "-h",
            "localhost",
            "-t",
            "a",
            "-m",
            "b",
            "--fingerprint",
            key,
        ],
    ] {
        let ran = bearcub(arguments);
        assert_ne!(ran.status, 0);
        assert!(!ran.stderr.contains("Private"), "{}", ran.stderr);
        assert!(!ran.stdout.contains("Private"), "{}", ran.stdout);
    }
}
