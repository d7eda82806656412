//! A disk that is full ends every command with status 1, and leaves nothing half written.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer};
use common::{limited, text};

/// Runs the binary with standard output on a full disk.
fn to_full_output(arguments: &[&str]) -> (i32, String) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = limited(env!("CARGO_BIN_EXE_bearcub"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), told)
}

/// Runs the binary in a folder where no file can be longer than nothing, which fails like a full disk.
fn on_full_disk(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let line = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let output = Command::new("timeout")
        .args(["120", "bash", "-c", line, env!("CARGO_BIN_EXE_bearcub")])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), told)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn an_output_that_is_full_is_status_1_for_every_command() {
    let (chain, folder) = (pki::simple(KeyKind::P256), tempfile::tempdir().unwrap());
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    chain.write_to(folder.path(), "").unwrap();
    let (ca, cert, key) = (at("roots.pem"), at("leaf.pem"), at("key.pem"));
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let broker = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let port = broker.addr().port().to_string();
    let address = server.addr().to_string();
    let (dir, setup) = (at("authority"), at("device.toml"));
    let text = format!(
        "host = \"127.0.0.1\"\nport = {}\n[trust]\nlearn = true\n",
        server.addr().port()
    );
    fs::write(&setup, text).unwrap();
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["explain", "--help"],
        &["explain", "296"],
        &["explain", "296", "--json"],
        &["completions", "bash"],
        &["man"],
        &["fingerprint", &cert],
        &["fingerprint", &address, "--json"],
        &["anchors", &ca],
        &["anchors", &ca, "--out", "-"],
        &["identity", "--cert", &cert, "--key", &key],
        &[
            "identity",
            "--cert",
            &cert,
            "--key",
            &key,
            "--rust",
            "-",
            "--print-private-key",
        ],
        &["connect", &address, "--learn"],
        &["probe", &address, "--ca", &ca],
        &["probe", &address, "--json"],
        &["doctor", &setup],
        &["ca", "--dir", &dir, "init", "--insecure-unencrypted-key"],
        &["ca", "--dir", &dir, "list"],
        &["ca", "--dir", &dir, "check"],
        &[
            "publish",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-t",
            "a",
            "-m",
            "b",
            "-r",
            "--json",
        ],
        &[
            "subscribe",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-t",
            "a",
            "-C",
            "1",
        ],
    ];
    for arguments in commands {
        let (status, told) = to_full_output(arguments);
        assert_eq!(status, 1, "{arguments:?}: {told}");
        assert!(
            told.contains("standard output: No space left"),
            "{arguments:?}: {told}"
        );
    }
}

#[test]
fn a_file_that_does_not_fit_on_the_disk_is_status_1_and_leaves_nothing() {
    let (chain, folder) = (pki::simple(KeyKind::P256), tempfile::tempdir().unwrap());
    let source = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&source.path().join(name)).to_owned();
    chain.write_to(source.path(), "").unwrap();
    let (ca, cert, key) = (at("roots.pem"), at("leaf.pem"), at("key.pem"));
    let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let address = server.addr().to_string();
    let commands: &[&[&str]] = &[
        &["anchors", &ca, "--out", "anchors.rs"],
        &[
            "identity", "--cert", &cert, "--key", &key, "--der", "device",
        ],
        &["man", "--out", "."],
        &["probe", &address, "--rust", "probe.rs"],
        &["record", &address, "--learn", "--out", "record.pcapng"],
        &["ca", "init", "--insecure-unencrypted-key"],
    ];
    for arguments in commands {
        let (status, told) = on_full_disk(folder.path(), arguments);
        assert_eq!(status, 1, "{arguments:?}: {told}");
        assert!(
            told.to_lowercase().contains("file too large"),
            "{arguments:?}: {told}"
        );
        assert_eq!(names(folder.path()), [""; 0], "{arguments:?}");
    }
}

#[test]
fn a_place_where_nothing_can_be_written_is_status_2() {
    let (chain, folder) = (pki::simple(KeyKind::P256), tempfile::tempdir().unwrap());
    chain.write_to(folder.path(), "").unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    let (ca, server) = (
        at("roots.pem"),
        OpensslServer::start(&OpensslConfig::new(&chain)).unwrap(),
    );
    let (address, lost, within) = (
        server.addr().to_string(),
        at("missing/file"),
        at("key.pem/file"),
    );
    let commands: &[&[&str]] = &[
        &["anchors", &ca, "--out", &lost],
        &["anchors", &ca, "--out", &within],
        &["anchors", &ca, "--out", "/dev/full"],
        &["anchors", &ca, "--out", "/dev/full", "--force"],
        &["record", &address, "--learn", "--out", &lost],
        &["man", "--out", &lost],
    ];
    for arguments in commands {
        let ran = common::bearcub(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
    }
}
