//! `peers`, with other programs in the place of cargo: the real one would build what it takes a minute to build.
#![cfg(unix)]

use std::process::{Command, Output};

fn peers_with(cargo: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bearcub"));
    command.arg("peers").args(arguments).env("CARGO", cargo);
    command.output().unwrap()
}

#[test]
fn what_the_program_prints_is_passed_on() {
    let ran = peers_with("echo", &["--json"]);
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success());
    assert!(
        printed.starts_with("run --release --manifest-path "),
        "{printed}"
    );
    assert!(
        printed.ends_with("benches/Cargo.toml --features mbedtls-1024 --bin peers -- --json\n"),
        "{printed}"
    );
}

#[test]
fn a_build_that_fails_is_told_with_its_command_and_the_packages() {
    for cargo in ["false", "there-is-no-such-cargo"] {
        let ran = peers_with(cargo, &[]);
        let told = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{told}");
        assert!(told.contains("benches/Cargo.toml"), "{told}");
        assert!(ran.stdout.is_empty());
    }
    let told = String::from_utf8(peers_with("false", &[]).stderr).unwrap();
    assert!(told.contains("apt-get install cmake ninja-build"), "{told}");
}
