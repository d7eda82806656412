//! `bearcub fingerprint`: every form of a key, live servers, pins that match and that do not, and damaged files.

mod common;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer};
use common::{bearcub, bearcub_with, openssl, refused, text};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A key in every form that there is.
struct Forms {
    folder: TempDir,
    /// What openssl says that its pin is.
    pin: String,
    files: Vec<PathBuf>,
}

const PASSPHRASE: &str = "correct horse";

impl Forms {
    fn of(kind: KeyKind) -> Forms {
        let folder = tempfile::tempdir().unwrap();
        let chain = pki::simple(kind);
        let at = |name: &str| folder.path().join(name);
        let key = at("pkcs8.pem");
        std::fs::write(&key, chain.key.pkcs8_pem()).unwrap();
        std::fs::write(at("pkcs8.der"), chain.key.pkcs8_der()).unwrap();
        std::fs::write(at("traditional.pem"), chain.key.traditional_pem()).unwrap();
        std::fs::write(at("traditional.der"), chain.key.traditional_der()).unwrap();
        std::fs::write(at("cert.pem"), chain.leaf_pem()).unwrap();
        std::fs::write(at("cert.der"), chain.leaf()).unwrap();
        let key = text(&key).to_owned();
        for form in ["PEM", "DER"] {
            let out = |name: &str| {
                let path = at(&format!("{name}.{}", form.to_lowercase()));
                text(&path).to_owned()
            };
            let pass = format!("pass:{PASSPHRASE}");
            openssl(&[
                "pkey",
                "-in",
                &key,
                "-pubout",
                "-outform",
                form,
                "-out",
                &out("public"),
            ]);
            openssl(&[
                "req",
                "-new",
                "-key",
                &key,
                "-subj",
                "/CN=sensor",
                "-outform",
                form,
                "-out",
                &out("request"),
            ]);
            for (name, cipher) in [("aes256", "aes-256-cbc"), ("aes128", "aes-128-cbc")] {
                openssl(&[
                    "pkcs8",
                    "-topk8",
                    "-in",
                    &key,
                    "-v2",
                    cipher,
                    "-passout",
                    &pass,
                    "-outform",
                    form,
                    "-out",
                    &out(name),
                ]);
            }
            openssl(&[
                "pkcs8",
                "-topk8",
                "-in",
                &key,
                "-scrypt",
                "-passout",
                &pass,
                "-outform",
                form,
                "-out",
                &out("scrypt"),
            ]);
            if kind.is_rsa() {
                openssl(&[
                    "rsa",
                    "-in",
                    &key,
                    "-RSAPublicKey_out",
                    "-outform",
                    form,
                    "-out",
                    &out("rsa-public"),
                ]);
            }
        }
        let spki = openssl(&["pkey", "-in", &key, "-pubout", "-outform", "DER"]);
        let pin = base16ct::lower::encode_string(&Sha256::digest(spki));
        let mut files: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        Forms { folder, pin, files }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn fingerprint(subject: &str, further: &[&str]) -> common::Ran {
    let arguments = [&["fingerprint", subject], further].concat();
    bearcub_with(&arguments, &[("PASSPHRASE", PASSPHRASE)], b"")
}

const ENV: [&str; 2] = ["--passphrase-env", "PASSPHRASE"];

#[test]
fn a_key_has_the_same_fingerprints_in_every_form_and_openssl_agrees() {
    for kind in [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384] {
        let forms = Forms::of(kind);
        let mut seen = Vec::new();
        for file in &forms.files {
            let ran = fingerprint(text(file), &[&ENV[..], &["--json"]].concat());
            assert_eq!(ran.status, 0, "{file:?}: {}", ran.stderr);
            let key = ran.json()["keys"][0].clone();
            assert_eq!(key["sha256"], forms.pin.as_str(), "{file:?}");
            seen.push((
                key["tasmota"].clone(),
                key["sha1"].clone(),
                key["obsolete_v1"].clone(),
            ));
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:?}");
        let (tasmota, _, old) = &seen[0];
        assert_eq!(tasmota.is_string(), kind != KeyKind::P384);
        assert_eq!(old.is_string(), kind.is_rsa());
        assert!(forms.files.len() >= 16, "{}", forms.files.len());
    }
}

#[test]
fn what_is_printed_can_be_pasted() {
    let forms = Forms::of(KeyKind::Rsa2048);
    let ran = fingerprint(text(&forms.file("cert.pem")), &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let line = ran
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("Tasmota       "));
    let pin = line.unwrap().strip_prefix("MqttFingerprint1 ").unwrap();
    assert_eq!(pin.split(' ').count(), 20);
    assert!(ran.stdout.contains("obsolete"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "colours in a pipe");
    for pin in [pin, &forms.pin] {
        let ran = fingerprint(text(&forms.file("pkcs8.der")), &["--check", pin]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("The pin matches"), "{}", ran.stdout);
    }
}

#[test]
fn standard_input_is_read_too() {
    let forms = Forms::of(KeyKind::P256);
    let bytes = std::fs::read(forms.file("cert.pem")).unwrap();
    let ran = bearcub_with(&["fingerprint", "-", "--check", &forms.pin], &[], &bytes);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn a_pin_that_does_not_match_has_its_own_exit_status_and_says_what_it_is() {
    let forms = Forms::of(KeyKind::Rsa2048);
    let key = text(&forms.file("public.der")).to_owned();
    let certificate = text(&forms.file("cert.pem")).to_owned();
    let mismatch = |subject: &str, pin: &str, expected: &str| {
        let ran = fingerprint(subject, &["--check", pin]);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    };
    mismatch(&key, &"12".repeat(32), "another key");
    let json = fingerprint(&key, &["--json"]).json();
    let old = json["keys"][0]["obsolete_v1"].as_str().unwrap().to_owned();
    mismatch(&key, &old, "never trust it");
    // What openssl and ssh-keygen print, and people paste.
    let printed = openssl(&[
        "x509",
        "-in",
        &certificate,
        "-noout",
        "-fingerprint",
        "-sha256",
    ]);
    let printed = String::from_utf8(printed).unwrap();
    let of_certificate = printed.trim().split_once('=').unwrap().1;
    mismatch(&certificate, of_certificate, "changes with every renewal");
    let ran = fingerprint(&key, &["--check", &"12".repeat(32), "--check", &forms.pin]);
    assert_eq!(ran.status, 0, "one of several is enough: {}", ran.stderr);
    let ran = fingerprint(&key, &["--json", "--check", &"12".repeat(32)]);
    assert_eq!(
        (ran.status, ran.json()["matches"].as_bool()),
        (3, Some(false))
    );
    assert!(refused(&["fingerprint", &key, "--check", "12:34"]).contains("--check 12:34"));
}

#[test]
fn a_live_server_shows_its_fingerprints_and_is_not_verified() {
    let chain = pki::letsencrypt_rsa();
    let broker = Mosquitto::start(&MosquittoConfig::tls(&chain)).unwrap();
    let address = format!("localhost:{}", broker.addr().port());
    let pin = base16ct::lower::encode_string(&Sha256::digest(chain.key.spki_der()));
    let ran = fingerprint(&address, &["--check", &pin]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("not verified") && ran.stdout.contains(&pin),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("3. certificate"), "{}", ran.stdout);
    // The key of an authority in the chain is not the server's.
    let json = fingerprint(&address, &["--json"]).json();
    let authority = json["keys"][1]["sha256"].as_str().unwrap().to_owned();
    let ran = fingerprint(&address, &["--check", &authority]);
    assert_eq!(ran.status, 3);
    assert!(
        ran.stderr.contains("certificate 2, an authority"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_server_that_wants_a_client_certificate_shows_its_own_first() {
    let (server, device) = (pki::selfsigned(KeyKind::P384), pki::device(KeyKind::P256));
    let config = OpensslConfig::new(&server).require_certificate(device.root());
    let server_process = OpensslServer::start(&config).unwrap();
    let ran = fingerprint(&server_process.addr().to_string(), &["--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let pin = base16ct::lower::encode_string(&Sha256::digest(server.key.spki_der()));
    assert_eq!(ran.json()["keys"][0]["sha256"], pin.as_str());
}

#[test]
fn a_server_that_does_not_answer_in_tls_is_named_with_the_reason() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let start = Instant::now();
    let ran = fingerprint(&address, &["--timeout", "0.3"]);
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(ran.status, 1);
    assert!(
        ran.stderr.contains(&address) && ran.stderr.contains("error -1005"),
        "{}",
        ran.stderr
    );
    let plain = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let ran = fingerprint(&plain.addr().to_string(), &["--timeout", "5"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&plain.addr().to_string()),
        "{}",
        ran.stderr
    );
    let newer = OpensslServer::start(&OpensslConfig::new(&pki::simple(KeyKind::P256)).tls13_only());
    let ran = fingerprint(&newer.unwrap().addr().to_string(), &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("TLS 1.3"), "{}", ran.stderr);
    drop(listener);
    let ran = fingerprint(&address, &[]);
    assert!(ran.stderr.contains("error -1002"), "{}", ran.stderr);
}

#[test]
fn files_that_are_damaged_are_named_with_what_to_try() {
    let forms = Forms::of(KeyKind::P256);
    let read = |name: &str| std::fs::read(forms.file(name)).unwrap();
    let written = |name: &str, content: &[u8]| {
        let path = forms.file(name);
        std::fs::write(&path, content).unwrap();
        text(&path).to_owned()
    };
    let says = |path: &str, expected: &str| {
        let said = refused(&["fingerprint", path]);
        assert!(said.contains(path) && said.contains(expected), "{said}");
    };
    says(&written("empty", b""), "empty");
    says(text(forms.folder.path()), "directory");
    says(&written("huge", &vec![b'x'; 2 << 20]), "more than 1 MB");
    says("/dev/zero", "more than 1 MB");
    says(text(&forms.file("missing.pem")), "No such file");
    says(&written("noise", b"noise"), "neither PEM");
    let (pem, der) = (read("cert.pem"), read("cert.der"));
    says(&written("cut.pem", &pem[..pem.len() / 2]), "cut short");
    says(&written("cut.der", &der[..der.len() / 2]), "cut short");
    says(
        &written("more.der", &[&der[..], b"\n"].concat()),
        "1 bytes more",
    );
    let dirt = String::from_utf8(pem.clone())
        .unwrap()
        .replacen("MII", "M!I", 1);
    says(&written("dirt.pem", dirt.as_bytes()), "error -12");
    let swapped = String::from_utf8(pem.clone()).unwrap();
    let swapped = swapped.replace("BEGIN CERTIFICATE", "BEGIN PRIVATE KEY");
    says(&written("mixed.pem", swapped.as_bytes()), "END PRIVATE KEY");
    let swapped = swapped.replace("END CERTIFICATE", "END PRIVATE KEY");
    says(&written("mixed.pem", swapped.as_bytes()), "damaged");
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(String::from_utf8(pem).unwrap().encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    says(&written("utf16.pem", &utf16), "UTF-16");
    says(
        &written(
            "crl.pem",
            b"-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----\n",
        ),
        "X509 CRL",
    );
    let old = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data/test-only-rsa-legacy-encrypted.pem");
    says(text(&old), "old way of OpenSSL");
    // The halves of two keys in one.
    let other = pki::KeyPair::generate(KeyKind::P256);
    let mut halves = other.traditional_der().to_vec();
    let own = read("traditional.der");
    let at = own.len() - 64;
    halves[at..].copy_from_slice(&own[at..]);
    says(&written("halves.der", &halves), "do not belong together");
    let said = refused(&["fingerprint", "nowhere"]);
    assert!(
        said.contains("no such file") && said.contains("HOST:PORT"),
        "{said}"
    );
}

#[test]
fn a_wrong_passphrase_is_said_and_not_repeated() {
    let forms = Forms::of(KeyKind::P256);
    let key = text(&forms.file("aes256.pem")).to_owned();
    let file = forms.file("passphrase");
    std::fs::write(&file, "swordfish-4711\n").unwrap();
    let said = refused(&["fingerprint", &key, "--passphrase-file", text(&file)]);
    assert!(
        said.contains("the passphrase is wrong") && said.contains(&key),
        "{said}"
    );
    assert!(!said.contains("swordfish"), "{said}");
    std::fs::write(&file, format!("{PASSPHRASE}\r\nmore\n")).unwrap();
    let ran = bearcub(&["fingerprint", &key, "--passphrase-file", text(&file)]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    std::fs::write(&file, "\n").unwrap();
    let said = refused(&["fingerprint", &key, "--passphrase-file", text(&file)]);
    assert!(said.contains("first line is empty"), "{said}");
    let said = refused(&["fingerprint", &key, "--passphrase-env", "NO_SUCH_VARIABLE"]);
    assert!(said.contains("NO_SUCH_VARIABLE"), "{said}");
    let said = refused(&["fingerprint", &key]);
    assert!(said.contains("--passphrase-file"), "{said}");
}

#[test]
fn a_key_without_its_public_half_gets_it_computed() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
    let with = fingerprint(text(&data.join("test-only-ec-sec1.der")), &["--json"]).json();
    let without = fingerprint(text(&data.join("test-only-ec-nopoint.der")), &["--json"]).json();
    assert_eq!(with["keys"][0]["sha256"], without["keys"][0]["sha256"]);
    assert!(with["keys"][0]["sha256"].is_string());
}

#[test]
fn a_kind_of_key_that_devices_do_not_have_still_has_a_pin() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ed.pem");
    let private = text(&path).to_owned();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", &private]);
    let public = openssl(&["pkey", "-in", &private, "-pubout", "-outform", "DER"]);
    let ran = bearcub_with(&["fingerprint", "-", "--json"], &[], &public);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let key = &ran.json()["keys"][0];
    let pin = base16ct::lower::encode_string(&Sha256::digest(&public));
    assert_eq!(
        (&key["sha256"], &key["key"]),
        (&pin.into(), &"Ed25519".into())
    );
    assert!(key["tasmota"].is_null());
    assert!(refused(&["fingerprint", &private]).contains("Ed25519"));
}

#[test]
fn a_passphrase_is_asked_for_on_a_terminal() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    let forms = Forms::of(KeyKind::P256);
    let key = forms.file("aes256.pem");
    let line = format!(
        "{} fingerprint '{}'",
        env!("CARGO_BIN_EXE_bearcub"),
        text(&key)
    );
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`script`: apt-get install bsdutils");
    let mut shown = Vec::new();
    let mut stdout = child.stdout.take().unwrap();
    // Typed once it is asked for.
    while !shown.ends_with(b"key: ") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        shown.push(byte[0]);
    }
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(PASSPHRASE.as_bytes()).unwrap();
    stdin.write_all(b"\n").unwrap();
    stdout.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains(&forms.pin), "{shown}");
}
