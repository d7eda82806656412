//! A program in C, compiled and linked with the static library on this computer.

use std::path::{Path, PathBuf};
use std::process::Command;

use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};

/// Builds the static library as cargo does for those who link it, and says where it is, and what else is to be linked.
fn library() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new(env!("CARGO"))
        .current_dir(folder)
        .args(["build", "--quiet", "--lib", "--message-format=json"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    let text = String::from_utf8(ran.stdout).unwrap();
    let files = text.lines().flat_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files
            .into_iter()
            .filter_map(|file| Some(PathBuf::from(file.as_str()?)))
    });
    let mut found = files.filter(|file| file.ends_with("libbearcub_c.a"));
    found.next().expect("cargo makes a static library")
}

/// Compiles a program of `tests/c`, links it with the library, and says where it is.
fn program(name: &str, into: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = into.join("program");
    let ran = Command::new("cc")
        .args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-g", "-I"])
        .arg(folder)
        .arg("-o")
        .arg(&program)
        .arg(folder.join("tests/c").join(name))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-lgcc_s"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    program
}

fn run(command: &mut Command) {
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said == "all is well\n", "{said}");
}

#[test]
fn a_program_in_c_learns_a_brokers_key_and_speaks_tls_and_mqtt_with_it() {
    let made = tempfile::tempdir().unwrap();
    let server = pki::selfsigned(KeyKind::P256);
    let broker = Mosquitto::start(&MosquittoConfig::tls(&server)).unwrap();
    let pin = Pin::sha256_of(&PublicKey::from_spki(server.key.spki_der()).unwrap());
    let digits: String = pin
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    run(Command::new("timeout")
        .arg("60")
        .arg(program("live.c", made.path()))
        .arg(&server.host)
        .arg(broker.addr().port().to_string())
        .arg(digits));
    let log = broker.log();
    assert_eq!(
        log.matches("Received DISCONNECT from live").count(),
        1,
        "{log}"
    );
}

#[test]
fn a_program_in_c_calls_every_function_and_is_told_what_the_header_says() {
    let made = tempfile::tempdir().unwrap();
    run(&mut Command::new(program("all.c", made.path())));

    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = folder.join("tests/c/all.c");
    let header = std::fs::read_to_string(folder.join("bearcub.h")).unwrap();
    let source = std::fs::read_to_string(source).unwrap();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    for head in header.split('(') {
        let name = &head[head.trim_end_matches(is_part).len()..];
        assert!(
            !name.starts_with("bearcub_") || source.contains(name),
            "{name} is not called"
        );
    }
}

#[test]
fn a_program_in_c_plus_plus_may_include_the_header() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ran = Command::new("cc")
        .args([
            "-x",
            "c++",
            "-std=c++11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
        ])
        .arg(folder.join("bearcub.h"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    // The header is no main file.
    let other = said
        .lines()
        .filter(|line| line.contains("error:") && !line.contains("#pragma once"));
    // Where there is no compiler for C++ there is nothing to be said.
    let has_none = said.contains("cc1plus");
    assert!(
        ran.status.success() || has_none || other.count() == 0,
        "{said}"
    );
}
