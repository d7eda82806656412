//! `ca`: what it makes is verified by OpenSSL, used by Mosquitto and the library, and safe from damage.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::broker::{Broker, free_port};
use common::{Ran, bearcub_with, openssl, text};
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse";
const VARIABLE: (&str, &str) = ("CA_TEST_PASSPHRASE", PASSPHRASE);
const MQTT_CONNECT: &str = "\\x10\\x13\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x07bearcub";

/// An authority in a folder of its own.
struct Ca {
    folder: TempDir,
}

impl Ca {
    fn none() -> Ca {
        Ca {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn new(further: &[&str]) -> Ca {
        let ca = Ca::none();
        ca.done(&[&["init", "--name", "Test"], further].concat());
        ca
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("ca")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let dir = self.dir();
        let mut all = vec!["ca", "--dir", text(&dir)];
        all.extend(arguments);
        let asks = !matches!(arguments[0], "list")
            && !arguments
                .iter()
                .any(|a| a.contains("passphrase") || a.contains("insecure"));
        if asks {
            all.extend(["--passphrase-env", VARIABLE.0]);
        }
        let ran = bearcub_with(&all, &[VARIABLE], b"");
        assert!(!ran.stderr.contains(PASSPHRASE), "{}", ran.stderr);
        ran
    }

    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Fails with this status and these words, and changes nothing.
    fn refused(&self, arguments: &[&str], status: i32, words: &[&str]) {
        let before = tree(self.folder.path());
        let ran = self.run(arguments);
        assert_eq!(ran.status, status, "{arguments:?}: {}", ran.stderr);
        for word in words {
            assert!(
                ran.stderr.contains(word),
                "{arguments:?}, {word}: {}",
                ran.stderr
            );
        }
        assert!(!ran.stderr.contains("PRIVATE KEY-----"), "{}", ran.stderr);
        assert!(tree(self.folder.path()) == before, "{arguments:?}");
    }

    /// Whether OpenSSL takes a certificate, with the list of revoked ones.
    fn is_verified(&self, file: &str, purpose: &str) -> bool {
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-crl_check", "-purpose", purpose])
            .arg("-CAfile")
            .arg(self.file("ca.pem"))
            .arg("-CRLfile")
            .arg(self.file("crl.pem"))
            .arg(self.file(file))
            .output()
            .unwrap();
        output.status.success()
    }

    fn x509(&self, file: &str, further: &[&str]) -> String {
        let file = self.file(file);
        let arguments = [&["x509", "-noout", "-in", text(&file)], further].concat();
        String::from_utf8(openssl(&arguments)).unwrap()
    }

    /// The extensions, as OpenSSL prints them: each with what follows it.
    fn extensions(&self, file: &str) -> Vec<String> {
        let all = self.x509(file, &["-text"]);
        let all = all.split("X509v3 extensions:").nth(1).unwrap();
        let all = all.split("Signature Algorithm").next().unwrap();
        all.split("X509v3 ")
            .skip(1)
            .map(|one| one.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }
}

/// Every file with its content and mode.
fn tree(folder: &Path) -> Vec<(PathBuf, u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        if path.is_dir() {
            found.extend(tree(&path));
            found.push((path, mode, Vec::new()));
        } else {
            let content = fs::read(&path).unwrap();
            found.push((path, mode, content));
        }
    }
    found.sort();
    found
}

#[test]
fn openssl_accepts_what_was_issued_and_refuses_what_was_revoked() {
    for kind in ["ec", "rsa"] {
        let ca = Ca::new(&["--key", kind]);
        ca.done(&["server", "broker.test", "--ip", "127.0.0.1", "--key", kind]);
        ca.done(&["device", "plant-7"]);
        ca.done(&["device", "plant-8"]);
        assert!(ca.is_verified("servers/broker.test/cert.pem", "sslserver"));
        assert!(!ca.is_verified("servers/broker.test/cert.pem", "sslclient"));
        assert!(ca.is_verified("devices/plant-7/cert.pem", "sslclient"));
        ca.done(&["revoke", "plant-7"]);
        assert!(!ca.is_verified("devices/plant-7/cert.pem", "sslclient"));
        assert!(ca.is_verified("devices/plant-8/cert.pem", "sslclient"));
        ca.refused(&["revoke", "plant-7"], 2, &["revoked already"]);
        ca.refused(
            &["renew", "plant-7"],
            2,
            &["was revoked", "bearcub ca device plant-7"],
        );
        // The name can be used again, with another key.
        ca.done(&["device", "plant-7"]);
        assert!(ca.is_verified("devices/plant-7/cert.pem", "sslclient"));
        let list = openssl(&["crl", "-noout", "-text", "-in", text(&ca.file("crl.pem"))]);
        let list = String::from_utf8(list).unwrap();
        assert_eq!(list.matches("Serial Number").count(), 1, "{list}");
        ca.done(&["check"]);
    }
}

#[test]
fn certificates_have_exactly_the_extensions_that_they_need() {
    let ca = Ca::new(&[]);
    ca.done(&[
        "server",
        "broker.test",
        "--dns",
        "Other.Test",
        "--ip",
        "::1",
    ]);
    ca.done(&["server", "rsa.test", "--key", "rsa"]);
    ca.done(&["device", "plant-7"]);
    let names = |file: &str| -> Vec<String> {
        let all = ca.extensions(file);
        all.iter()
            .map(|one| match one.split_once("Key Identifier:") {
                Some((name, identifier)) => {
                    assert_eq!(identifier.trim().len(), 59, "{one}");
                    format!("{name}Key Identifier")
                }
                None => one.clone(),
            })
            .collect()
    };
    let common = ["Subject Key Identifier", "Authority Key Identifier"];
    assert_eq!(
        names("ca.pem"),
        [
            "Basic Constraints: critical CA:TRUE, pathlen:0",
            common[0],
            "Key Usage: critical Certificate Sign, CRL Sign"
        ]
    );
    assert_eq!(
        names("devices/plant-7/cert.pem"),
        [
            "Basic Constraints: critical CA:FALSE",
            common[0],
            common[1],
            "Key Usage: critical Digital Signature"
        ]
    );
    assert_eq!(
        names("servers/broker.test/cert.pem"),
        [
            "Basic Constraints: critical CA:FALSE",
            common[0],
            common[1],
            "Key Usage: critical Digital Signature",
            "Extended Key Usage: TLS Web Server Authentication",
            "Subject Alternative Name: DNS:broker.test, DNS:other.test, IP Address:0:0:0:0:0:0:0:1"
        ]
    );
    let rsa = names("servers/rsa.test/cert.pem");
    assert_eq!(
        rsa[3],
        "Key Usage: critical Digital Signature, Key Encipherment"
    );
    let device = ca.x509("devices/plant-7/cert.pem", &["-text"]);
    assert!(device.contains("Subject: CN = plant-7\n"), "{device}");
    assert!(device.contains("NIST CURVE: P-256"), "{device}");
}

#[test]
fn a_devices_certificate_has_800_bytes_or_less_whatever_signs_it() {
    let long = "n".repeat(64);
    let ca = Ca::none();
    ca.done(&["init", "--name", &"Ä".repeat(64), "--key", "rsa"]);
    ca.done(&["device", &long]);
    let file = ca.file(&format!("devices/{long}/cert.pem"));
    let der = openssl(&["x509", "-in", text(&file), "-outform", "DER"]);
    assert!((600..=800).contains(&der.len()), "{}", der.len());
}

#[test]
fn serial_numbers_are_random_and_positive() {
    let ca = Ca::new(&[]);
    let serials: std::collections::BTreeSet<String> = (0..8)
        .map(|number| {
            let name = format!("d{number}");
            ca.done(&["device", &name]);
            let shown = ca.x509(&format!("devices/{name}/cert.pem"), &["-serial"]);
            shown.trim().trim_start_matches("serial=").to_owned()
        })
        .collect();
    assert_eq!(serials.len(), 8);
    let starts: std::collections::BTreeSet<_> = serials.iter().map(|one| &one[..6]).collect();
    assert!(starts.len() > 4 && serials.iter().all(|one| one.len() == 34));
}

#[test]
fn mosquitto_runs_with_the_configuration_and_the_library_connects() {
    for kind in ["ec", "rsa"] {
        let (ca, other) = (Ca::new(&["--key", kind]), Ca::new(&[]));
        let port = free_port().to_string();
        ca.done(&[
            "server",
            "localhost",
            "--key",
            kind,
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
        ]);
        ca.done(&["device", "plant-7"]);
        ca.done(&["device", "plant-8"]);
        other.done(&["device", "plant-7"]);
        let broker = Broker::start(&ca.file("servers/localhost/mosquitto.conf"));
        let address = format!("127.0.0.1:{port}");
        let connect = |from: Option<(&Ca, &str)>| {
            let anchors = ca.file("ca.pem");
            let mut arguments = vec!["connect", &address, "--server-name", "localhost", "--ca"];
            arguments.extend([text(&anchors), "--send", MQTT_CONNECT]);
            let files = from.map(|(ca, name)| {
                let at = |file: &str| ca.file(&format!("devices/{name}/{file}"));
                (at("cert.pem"), at("key.pem"))
            });
            if let Some((certificate, key)) = &files {
                arguments.extend(["--cert", text(certificate), "--key", text(key)]);
            }
            common::bearcub(&arguments)
        };
        for name in ["plant-7", "plant-8"] {
            let ran = connect(Some((&ca, name)));
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            assert!(
                ran.stdout.contains("got 4 B:  \\x02\\x00\\x00"),
                "{}",
                ran.stdout
            );
            broker.wait_for(&format!("u'{name}'"));
        }
        assert!(connect(None).stderr.contains("296"));
        let stranger = connect(Some((&other, "plant-7")));
        assert_eq!(stranger.status, 1);
        assert!(stranger.stderr.contains("304"), "{}", stranger.stderr);
        ca.done(&["revoke", "plant-7"]);
        broker.reload();
        let revoked = connect(Some((&ca, "plant-7")));
        assert!(revoked.stderr.contains("300"), "{}", revoked.stderr);
        assert_eq!(connect(Some((&ca, "plant-8"))).status, 0);
    }
}

#[test]
fn files_are_for_their_owner_and_never_overwritten() {
    let ca = Ca::new(&[]);
    ca.done(&["server", "broker.test"]);
    ca.done(&["device", "plant-7"]);
    for (path, mode, _) in tree(ca.folder.path()) {
        let expected = match path.file_name().unwrap().to_str().unwrap() {
            _ if path.is_dir() => 0o700,
            "ca-key.pem" | "key.pem" | ".lock" => 0o600,
            _ => 0o644,
        };
        assert_eq!(mode, expected, "{}", path.display());
    }
    ca.refused(&["init"], 2, &["never overwritten"]);
    ca.refused(
        &["device", "plant-7"],
        2,
        &["is there already", "bearcub ca renew plant-7"],
    );
    ca.refused(&["server", "Broker.Test"], 2, &["is there already"]);
    let other = Ca::none();
    fs::write(other.dir(), "a file").unwrap();
    other.refused(&["init"], 2, &["never overwritten"]);
    let lost = Ca::none();
    lost.refused(
        &["init", "--dir", "/nowhere/ca"],
        2,
        &["/nowhere: there is no such folder"],
    );
    lost.refused(
        &["device", "x"],
        2,
        &["there is no authority here", "bearcub ca init"],
    );
    // An empty folder is taken.
    let empty = Ca::none();
    fs::create_dir(empty.dir()).unwrap();
    empty.done(&["init"]);
}

#[test]
fn the_authoritys_key_is_encrypted_unless_that_is_refused_by_name() {
    let ca = Ca::none();
    let file = ca.folder.path().join("passphrase");
    fs::write(&file, format!("{PASSPHRASE}\n")).unwrap();
    let nobody = ["init", "--passphrase-env", "NO_SUCH_PASSPHRASE"];
    ca.refused(&nobody, 2, &["NO_SUCH_PASSPHRASE"]);
    let plain = bearcub_with(&["ca", "--dir", text(&ca.dir()), "init"], &[], b"");
    assert_eq!(plain.status, 2);
    assert!(
        plain.stderr.contains("--passphrase-file"),
        "{}",
        plain.stderr
    );
    ca.done(&["init", "--passphrase-file", text(&file)]);
    let key = ca.file("ca-key.pem");
    assert!(
        fs::read_to_string(&key)
            .unwrap()
            .starts_with("-----BEGIN ENCRYPTED PRIVATE KEY")
    );
    let pass = format!("pass:{PASSPHRASE}");
    openssl(&[
        "pkey",
        "-in",
        text(&key),
        "-passin",
        &pass,
        "-noout",
        "-check",
    ]);
    fs::write(&file, "wrong horse\n").unwrap();
    let wrong = ["device", "x", "--passphrase-file", text(&file)];
    let words = ["ca-key.pem", "the passphrase is wrong"];
    ca.refused(&wrong, 2, &words);
    assert_eq!(
        ca.run(&["check", "--passphrase-file", text(&file)]).status,
        3
    );
    fs::write(&file, "short\n").unwrap();
    let other = Ca::none();
    other.refused(
        &["init", "--passphrase-file", text(&file)],
        2,
        &["less than 8"],
    );
    other.done(&["init", "--insecure-unencrypted-key"]);
    openssl(&[
        "pkey",
        "-in",
        text(&other.file("ca-key.pem")),
        "-noout",
        "-check",
    ]);
    assert!(other.done(&["check"]).contains("not encrypted"));
}

#[test]
fn a_new_passphrase_is_typed_twice_on_a_terminal() {
    for (second, status) in [(PASSPHRASE, 0), ("another one", 2)] {
        let ca = Ca::none();
        let line = format!(
            "{} ca --dir '{}' init",
            env!("CARGO_BIN_EXE_bearcub"),
            text(&ca.dir())
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script`: apt-get install bsdutils");
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut shown = Vec::new();
        for (prompt, answer) in [("key: ", PASSPHRASE), ("again: ", second)] {
            while !shown.ends_with(prompt.as_bytes()) {
                let mut byte = [0];
                stdout.read_exact(&mut byte).unwrap();
                shown.push(byte[0]);
            }
            stdin.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
        stdout.read_to_end(&mut shown).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(status));
        assert_eq!(ca.dir().exists(), status == 0);
        assert!(!String::from_utf8_lossy(&shown).contains(PASSPHRASE));
        if status == 0 {
            ca.done(&["device", "plant"]);
        }
    }
}

#[test]
fn damaged_and_mixed_up_files_are_named_and_nothing_is_made_of_them() {
    let (ca, other) = (Ca::new(&[]), Ca::new(&[]));
    for ca in [&ca, &other] {
        ca.done(&["server", "broker.test"]);
        ca.done(&["device", "plant"]);
    }
    // What is damaged; whether new certificates are refused then.
    for (name, stops) in [
        ("ca.pem", true),
        ("ca-key.pem", true),
        ("crl.pem", true),
        ("servers/broker.test/cert.pem", true),
        ("servers/broker.test/key.pem", false),
        ("devices/plant/cert.pem", false),
        ("devices/plant/key.pem", false),
    ] {
        let file = ca.file(name);
        let whole = fs::read(&file).unwrap();
        let theirs = fs::read(other.file(name)).unwrap();
        let mut bent = whole.clone();
        let middle = bent.len() / 2;
        bent[middle] = if bent[middle] == b'A' { b'B' } else { b'A' };
        let damages: [&[u8]; 5] = [&whole[..whole.len() / 2], b"", b"\0garbage", &bent, &theirs];
        for (number, damage) in damages.into_iter().enumerate() {
            fs::write(&file, damage).unwrap();
            let ran = ca.run(&["check"]);
            assert!(
                matches!(ran.status, 2 | 3),
                "{name}, {number}: {}",
                ran.stdout
            );
            let told = format!("{}{}", ran.stdout, ran.stderr);
            let part = Path::new(name).file_name().unwrap().to_str().unwrap();
            // Another authority's certificate is seen in what it did not sign.
            let is_named = told.contains(part) || (name == "ca.pem" && told.contains("crl.pem"));
            assert!(is_named, "{name}, {number}: {told}");
            // The names in a server's certificate that is another authority's can be read nonetheless.
            let readable = name.starts_with("servers") && number >= 3;
            if stops && !readable {
                ca.refused(&["device", "next"], 2, &[]);
            }
        }
        fs::write(&file, &whole).unwrap();
        ca.done(&["check"]);
    }
    ca.done(&["device", "next"]);
}

#[test]
fn a_renewal_keeps_the_key_and_the_names() {
    let ca = Ca::new(&[]);
    ca.done(&[
        "server",
        "broker.test",
        "--dns",
        "b.test",
        "--ip",
        "10.0.0.1",
        "--days",
        "5",
    ]);
    ca.done(&["device", "plant"]);
    for file in ["servers/broker.test", "devices/plant"] {
        let certificate = format!("{file}/cert.pem");
        let key = fs::read(ca.file(&format!("{file}/key.pem"))).unwrap();
        let (pubkey, san) = (
            ca.x509(&certificate, &["-pubkey"]),
            ca.extensions(&certificate),
        );
        let serial = ca.x509(&certificate, &["-serial"]);
        // The key of a device may be on the device alone.
        fs::remove_file(ca.file(&format!("{file}/key.pem"))).unwrap();
        ca.done(&["renew", file.split('/').nth(1).unwrap()]);
        fs::write(ca.file(&format!("{file}/key.pem")), key).unwrap();
        assert_eq!(ca.x509(&certificate, &["-pubkey"]), pubkey);
        assert_eq!(ca.extensions(&certificate), san);
        assert_ne!(ca.x509(&certificate, &["-serial"]), serial);
        assert!(ca.is_verified(&certificate, "any"));
        let old = serial.trim().trim_start_matches("serial=").to_lowercase();
        assert!(ca.is_verified(&format!("{file}/old-{old}.pem"), "any"));
    }
    // A revocation reaches the old certificates too.
    let list = ca.run(&["revoke", "plant", "--json"]).json();
    assert_eq!(list["serials"].as_array().unwrap().len(), 2);
    let old_root = fs::read(ca.file("ca.pem")).unwrap();
    ca.done(&["renew", "--authority", "--days", "9000"]);
    assert_ne!(fs::read(ca.file("ca.pem")).unwrap(), old_root);
    assert!(ca.is_verified("servers/broker.test/cert.pem", "sslserver"));
    fs::write(ca.file("ca.pem"), old_root).unwrap();
    assert!(ca.is_verified("servers/broker.test/cert.pem", "sslserver"));
    ca.refused(&["renew", "nobody"], 2, &["nobody", "bearcub ca list"]);
    ca.refused(&["renew", "../devices/plant"], 2, &["there is no server"]);
}

#[test]
fn names_that_could_do_harm_are_refused() {
    let ca = Ca::new(&[]);
    ca.done(&["server", "broker.test", "--dns", "mqtt"]);
    let long = "n".repeat(65);
    for name in [
        "", "..", "../x", "a/b", "+", "#", "a b", "ä", ".hidden", "a\u{7}", &long,
    ] {
        ca.refused(&["device", "--", name], 2, &["a device's name"]);
    }
    for name in ["192.168.1.1", "a b", "*.test", "a/b", "under_score", "-x"] {
        ca.refused(&["server", "--", name], 2, &["--ip"]);
    }
    // With the name of a server in it, a device's certificate would pass for the server's.
    ca.refused(
        &["device", "broker.test"],
        2,
        &["could pass for the server"],
    );
    ca.refused(&["device", "MQTT"], 2, &["could pass for the server"]);
    ca.done(&["device", "plant"]);
    ca.refused(
        &["server", "new.test", "--dns", "plant"],
        2,
        &["could pass for the server"],
    );
    ca.refused(&["revoke", "--serial", "xyz"], 2, &["--serial"]);
    ca.refused(&["device", "x", "--days", "0"], 2, &["--days"]);
    ca.refused(
        &["device", "x", "--time", "yesterday"],
        2,
        &["2026-06-01T12:00:00Z"],
    );
}

#[test]
fn check_and_list_tell_what_expires_and_what_is_not_right() {
    let ca = Ca::none();
    let at = ["--time", "2026-06-01T00:00:00Z"];
    let on = |arguments: &[&str]| ca.done(&[arguments, &at].concat());
    on(&["init", "--days", "400"]);
    on(&["server", "broker.test", "--days", "40"]);
    on(&["device", "plant"]);
    assert!(on(&["check"]).contains("in order"));
    // No longer than the authority itself.
    let json = ca.run(&["list", "--json", at[0], at[1]]).json();
    let all = json["certificates"].as_array().unwrap();
    assert_eq!(all[1]["not_after"], json["authority"]["not_after"]);
    assert_eq!(all[0]["names"][0], "broker.test");
    let state = |time: &str| {
        let json = ca.run(&["list", "--json", "--time", time]).json();
        json["certificates"][0]["state"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(state("2026-06-02T00:00:00Z"), "valid");
    assert_eq!(state("2026-07-01T00:00:00Z"), "expiring");
    assert_eq!(state("2026-08-01T00:00:00Z"), "expired");
    assert_eq!(state("2026-05-01T00:00:00Z"), "early");
    let soon = ca.run(&["check", "--time", "2026-07-01T00:00:00Z"]);
    assert_eq!(soon.status, 0);
    assert!(
        soon.stdout.contains("expires in 10 days"),
        "{}",
        soon.stdout
    );
    let late = ca.run(&["check", "--time", "2026-08-01T00:00:00Z", "--json"]);
    assert_eq!(late.status, 3);
    assert_eq!(late.json()["ok"], false);
    ca.refused(
        &["device", "x", "--time", "2030-01-01T00:00:00Z"],
        2,
        &["renew --authority"],
    );
    // Readable for others.
    use std::os::unix::fs::PermissionsExt;
    let key = ca.file("devices/plant/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let open = ca.run(&[&["check"], &at[..]].concat());
    assert_eq!(open.status, 3);
    assert!(open.stdout.contains("chmod 600"), "{}", open.stdout);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    // An older list is put back.
    let list = fs::read(ca.file("crl.pem")).unwrap();
    on(&["revoke", "plant"]);
    on(&["device", "plant"]);
    fs::write(ca.file("crl.pem"), list).unwrap();
    let old = ca.run(&[&["check"], &at[..]].concat());
    assert_eq!(old.status, 3);
    assert!(old.stdout.contains("an older list"), "{}", old.stdout);
}

#[test]
fn the_configuration_can_name_a_folder_of_the_brokers_machine() {
    let ca = Ca::new(&[]);
    ca.done(&[
        "server",
        "broker.test",
        "--install",
        "/etc/mosquitto/bearcub",
    ]);
    let text = fs::read_to_string(ca.file("servers/broker.test/mosquitto.conf")).unwrap();
    for line in [
        "listener 8883",
        "cafile /etc/mosquitto/bearcub/ca.pem",
        "certfile /etc/mosquitto/bearcub/cert.pem",
        "keyfile /etc/mosquitto/bearcub/key.pem",
        "crlfile /etc/mosquitto/bearcub/crl.pem",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(!text.lines().any(|line| line.starts_with("user ")));
}

#[test]
fn runs_at_the_same_time_wait_for_each_other() {
    let ca = Ca::new(&["--insecure-unencrypted-key"]);
    let dir = ca.dir();
    let start = |name: &str| {
        Command::new(env!("CARGO_BIN_EXE_bearcub"))
            .args(["ca", "--dir", text(&dir), "device", name])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let different: Vec<_> = (0..6).map(|n| start(&format!("d{n}"))).collect();
    let same: Vec<_> = (0..6).map(|_| start("same")).collect();
    for child in different {
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let won = same
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .filter(|output| output.status.success())
        .count();
    assert_eq!(won, 1);
    ca.done(&["check"]);
    let json = ca.run(&["list", "--json"]).json();
    assert_eq!(json["certificates"].as_array().unwrap().len(), 7);
}

#[test]
fn a_run_that_is_killed_leaves_a_usable_authority() {
    let ca = Ca::new(&["--insecure-unencrypted-key"]);
    let dir = ca.dir();
    for number in 0..12 {
        let name = format!("d{number}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_bearcub"))
            .args(["ca", "--dir", text(&dir), "device", &name])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // As soon as something is to be seen of it, or when it has ended.
        let is_at_work = || {
            let names = fs::read_dir(&dir).unwrap().flatten();
            names
                .into_iter()
                .any(|entry| entry.file_name().to_string_lossy().starts_with(".new-"))
        };
        while !is_at_work() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let json = ca.run(&["check", "--json"]).json();
        assert_eq!(json["ok"], true, "{json}");
        let again = ca.run(&["device", &name]);
        assert!(again.status == 0 || again.stderr.contains("is there already"));
    }
    ca.done(&["device", "last"]);
    assert!(!ca.done(&["check"]).contains("cut off"));
}
