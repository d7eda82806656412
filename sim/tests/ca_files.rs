//! The folder of `ca`: who may read it, what is never overwritten, and what becomes of damage, mix-ups and runs at the same time.

mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::ca::{Ca, PASSPHRASE, tree};
use common::terminal::on_terminal;
use common::{bearcub_with, limited, openssl, text};

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
        let binary = env!("CARGO_BIN_EXE_bearcub");
        let answers = [("authority's key: ", PASSPHRASE), ("again: ", second)];
        let run = format!("{binary} ca init");
        let (ended, shown) = on_terminal(ca.folder.path(), &run, &answers);
        assert_eq!(ended, status, "{shown}");
        assert_eq!(ca.dir().exists(), status == 0);
        assert!(!shown.contains(PASSPHRASE), "{shown}");
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
fn what_was_done_to_the_folder_by_hand_is_told_with_what_to_do() {
    type Edit = fn(&Ca);
    fn swap(ca: &Ca) {
        let [one, other] =
            ["plant", "lamp"].map(|name| ca.file(&format!("devices/{name}/cert.pem")));
        let content = fs::read(&one).unwrap();
        fs::copy(&other, one).unwrap();
        fs::write(other, content).unwrap();
    }
    fn append(ca: &Ca) {
        let file = ca.file("servers/broker.test/cert.pem");
        let both = [
            fs::read(&file).unwrap(),
            fs::read(ca.file("ca.pem")).unwrap(),
        ];
        fs::write(file, both.concat()).unwrap();
    }
    // What was done, the status of `check`, whether there can be a new device, and what `check` says.
    let edits: [(Edit, i32, bool, &str); 9] = [
        (
            swap,
            3,
            true,
            "plant/cert.pem: it is for another name than its folder",
        ),
        (swap, 3, true, "plant/key.pem: it does not belong to"),
        (
            |ca| fs::rename(ca.file("devices/plant"), ca.file("devices/tree")).unwrap(),
            3,
            true,
            "tree/cert.pem: it is for another name than its folder",
        ),
        (
            |ca| fs::write(ca.file("servers/notes"), "").unwrap(),
            3,
            false,
            "notes: it is not the folder of a server; move it elsewhere",
        ),
        (
            |ca| fs::remove_file(ca.file("devices/plant/cert.pem")).unwrap(),
            3,
            true,
            "plant/cert.pem: it is missing; restore it",
        ),
        (
            append,
            3,
            false,
            "one certificate is expected, and there are 2 things",
        ),
        (
            |ca| fs::remove_file(ca.file("crl.pem")).unwrap(),
            2,
            false,
            "restore it from the copy that the broker has",
        ),
        (
            |ca| fs::remove_file(ca.file("servers/broker.test/key.pem")).unwrap(),
            3,
            true,
            "key.pem: it is missing, and the broker does not start",
        ),
        (
            |ca| {
                let file = ca.file("servers/broker.test/mosquitto.conf");
                let text = fs::read_to_string(&file).unwrap();
                fs::write(file, text.replace("crl.pem", "list.pem")).unwrap();
            },
            0,
            true,
            "list.pem, which is not there; was the folder moved?",
        ),
    ];
    for (edit, status, goes_on, words) in edits {
        let ca = Ca::new(&["--insecure-unencrypted-key"]);
        ca.done(&["server", "broker.test"]);
        ca.done(&["device", "plant"]);
        ca.done(&["device", "lamp"]);
        edit(&ca);
        let ran = ca.run(&["check"]);
        assert_eq!(ran.status, status, "{words}: {}", ran.stderr);
        let told = ran.stdout + &ran.stderr;
        assert!(told.contains(words), "{words}: {told}");
        match goes_on {
            true => drop(ca.done(&["device", "next"])),
            false => ca.refused(&["device", "next"], 2, &[]),
        }
    }
}

#[test]
fn text_around_certificates_and_line_ends_of_other_systems_do_no_harm() {
    let ca = Ca::new(&[]);
    ca.done(&["server", "broker.test"]);
    ca.done(&["device", "plant"]);
    for (path, _, content) in tree(&ca.dir()) {
        if path.extension().is_some_and(|extension| extension == "pem") {
            let content = String::from_utf8(content).unwrap().replace('\n', "\r\n");
            fs::write(path, format!("a note\r\n{content}")).unwrap();
        }
    }
    assert!(ca.done(&["check"]).contains("in order"));
    ca.done(&["renew", "plant"]);
    ca.done(&["revoke", "plant"]);
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
fn runs_at_the_same_time_wait_for_each_other() {
    let ca = Ca::new(&["--insecure-unencrypted-key"]);
    let dir = ca.dir();
    let start = |action: &str, name: &str| {
        limited(env!("CARGO_BIN_EXE_bearcub"))
            .args(["ca", "--dir", text(&dir), action, name])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let all_end_well = |children: Vec<Child>| {
        for child in children {
            let output = child.wait_with_output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{errors}");
        }
    };
    let names: Vec<_> = (0..6).map(|number| format!("d{number}")).collect();
    let different = names.iter().map(|name| start("device", name)).collect();
    let same: Vec<_> = (0..6).map(|_| start("device", "same")).collect();
    all_end_well(different);
    let won = same
        .into_iter()
        .map(|child| child.wait_with_output().unwrap())
        .filter(|output| output.status.success())
        .count();
    assert_eq!(won, 1);
    ca.done(&["check"]);
    let json = ca.run(&["list", "--json"]).json();
    assert_eq!(json["certificates"].as_array().unwrap().len(), 7);
    // No revocation is lost, though each writes the whole list.
    all_end_well(names.iter().map(|name| start("revoke", name)).collect());
    let json = ca.run(&["list", "--json"]).json();
    assert_eq!(json["revoked"].as_array().unwrap().len(), 6);
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
        let end = Instant::now() + Duration::from_secs(60);
        while !is_at_work() && child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < end, "it does nothing");
        }
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
