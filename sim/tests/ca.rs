//! `ca`: what it makes is verified by OpenSSL, and used by Mosquitto and the library.

mod common;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bearcub_lab::server::Mosquitto;
use common::ca::Ca;
use common::{Ran, bearcub_with, limited, openssl, text};

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

/// Starts a broker at a port that nobody has taken, which is given too.
fn on_free_port(
    start: impl Fn(&str) -> Result<Mosquitto, bearcub_lab::Error>,
) -> (Mosquitto, String) {
    for _ in 0..8 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let port = port.unwrap().port().to_string();
        match start(&port) {
            Err(bearcub_lab::Error::PortTaken) => {}
            broker => return (broker.unwrap(), port),
        }
    }
    panic!("each port was taken");
}

/// Makes a server anew, and gives its configuration.
fn server(ca: &Ca, port: &str, further: &[&str]) -> PathBuf {
    let folder = ca.file("servers/localhost");
    let _ = fs::remove_dir_all(&folder);
    let server = ["server", "localhost", "--bind", "127.0.0.1", "--port", port];
    ca.done(&[&server, further].concat());
    folder.join("mosquitto.conf")
}

/// Publishes with the library's client and the identity of a device.
fn publish(ca: &Ca, port: &str, identity: Option<(&Ca, &str)>) -> Ran {
    let anchors = ca.file("ca.pem");
    let files = identity.map(|(ca, name)| {
        let at = |file: &str| ca.file(&format!("devices/{name}/{file}"));
        (at("cert.pem"), at("key.pem"))
    });
    let mut all = vec!["publish", "-p", port, "--cafile", text(&anchors)];
    all.extend(["-t", "plant/temp", "-q", "1", "-m", "21.5"]);
    if let Some((certificate, key)) = &files {
        all.extend(["--cert", text(certificate), "--key", text(key)]);
    }
    bearcub_with(&all, &[], b"")
}

#[test]
fn mosquitto_runs_with_the_configuration_and_the_library_publishes() {
    let soon = Duration::from_secs(20);
    for kind in ["ec", "rsa"] {
        let (ca, other) = (Ca::new(&["--key", kind]), Ca::new(&[]));
        ca.done(&["device", "plant-7"]);
        ca.done(&["device", "plant-8"]);
        other.done(&["device", "plant-7"]);
        let (broker, port) =
            on_free_port(|port| Mosquitto::start_with(&server(&ca, port, &["--key", kind])));
        for name in ["plant-7", "plant-8"] {
            let ran = publish(&ca, &port, Some((&ca, name)));
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            assert!(broker.wait_for_log(&format!("u'{name}'"), soon));
        }
        let refused = |identity, alert: &str| {
            let ran = publish(&ca, &port, identity);
            assert_eq!(ran.status, 1, "{}", ran.stderr);
            assert!(ran.stderr.contains(alert), "{}", ran.stderr);
        };
        refused(None, "error 296");
        refused(Some((&other, "plant-7")), "error 304");
        // What was renewed and revoked is taken up without a new start.
        ca.done(&["renew", "localhost"]);
        ca.done(&["renew", "plant-8"]);
        ca.done(&["revoke", "plant-7"]);
        broker.reload().unwrap();
        assert!(broker.wait_for_log("Reloading config", soon));
        refused(Some((&ca, "plant-7")), "error 300");
        let ran = publish(&ca, &port, Some((&ca, "plant-8")));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let shown = limited("openssl")
            .args(["s_client", "-connect", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let renewed = fs::read_to_string(ca.file("servers/localhost/cert.pem")).unwrap();
        assert!(String::from_utf8_lossy(&shown.stdout).contains(renewed.trim()));
    }
}

#[test]
fn the_configuration_can_name_a_folder_of_the_brokers_machine() {
    let (ca, machine) = (Ca::new(&[]), tempfile::tempdir().unwrap());
    ca.done(&["device", "plant-7"]);
    let folder = text(machine.path());
    let (_broker, port) = on_free_port(|port| {
        let written = server(&ca, port, &["--install", folder]);
        let written = fs::read_to_string(written).unwrap();
        for line in [
            &format!("listener {port} 127.0.0.1"),
            &format!("cafile {folder}/ca.pem"),
            &format!("certfile {folder}/cert.pem"),
            &format!("keyfile {folder}/key.pem"),
            &format!("crlfile {folder}/crl.pem"),
            "require_certificate true",
            "use_identity_as_username true",
            "allow_anonymous false",
        ] {
            assert!(written.lines().any(|one| one == line), "{line}: {written}");
        }
        // Who the broker is on that machine is not said.
        assert!(!written.lines().any(|line| line.starts_with("user ")));
        for file in [
            "ca.pem",
            "crl.pem",
            "servers/localhost/cert.pem",
            "servers/localhost/key.pem",
        ] {
            let from = ca.file(file);
            fs::copy(&from, machine.path().join(from.file_name().unwrap())).unwrap();
        }
        let main = machine.path().join("main.conf");
        fs::write(&main, format!("user root\n{written}")).unwrap();
        Mosquitto::start_with(&main)
    });
    let ran = publish(&ca, &port, Some((&ca, "plant-7")));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
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
fn every_change_speaks_json() {
    let ca = Ca::none();
    let json = |arguments: &[&str]| {
        let ran = ca.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.json()
    };
    let made = json(&["init", "--name", "Home"]);
    assert_eq!(
        (&made["name"], &made["encrypted"]),
        (&"Home".into(), &true.into())
    );
    let server = json(&["server", "broker.test", "--ip", "10.0.0.1"]);
    assert_eq!(server["certificate"]["holder"], "server");
    let names = serde_json::json!(["broker.test", "10.0.0.1"]);
    assert_eq!(server["certificate"]["names"], names);
    let device = json(&["device", "plant"]);
    for file in [&server["key"], &server["configuration"], &device["key"]] {
        assert!(fs::metadata(file.as_str().unwrap()).is_ok(), "{file}");
    }
    let bytes = device["certificate"]["bytes"].as_u64().unwrap();
    assert!(bytes <= 800, "{bytes}");
    let renewed = json(&["renew", "plant"]);
    assert_ne!(
        renewed["certificate"]["serial"],
        device["certificate"]["serial"]
    );
    let revoked = json(&["revoke", "plant"]);
    assert_eq!(revoked["list"], 2);
    let again = json(&["device", "plant"]);
    assert!(
        again["retired"]
            .as_str()
            .unwrap()
            .contains("revoked/plant-")
    );
    assert_eq!(json(&["check"])["ok"], true);
}

#[test]
fn a_folder_of_the_brokers_machine_is_named_from_its_root() {
    let ca = Ca::new(&[]);
    for folder in ["mosquitto", "./mosquitto", "../x", ""] {
        let arguments = ["server", "broker.test", "--install", folder];
        let word = if folder.is_empty() {
            "--install"
        } else {
            "the whole path"
        };
        ca.refused(&arguments, 2, &[word]);
    }
    ca.done(&["server", "broker.test", "--install", "C:\\mosquitto"]);
}

#[test]
fn a_device_is_not_called_by_an_address() {
    let ca = Ca::new(&[]);
    ca.done(&["server", "broker.test", "--ip", "192.0.2.7"]);
    for name in ["127.0.0.1", "192.0.2.7"] {
        ca.refused(&["device", name], 2, &["cannot be an address", "plant-7"]);
    }
    ca.refused(&["device", "::1"], 2, &["letters, digits"]);
    ca.done(&["device", "plant-127.0.0.1"]);
}
