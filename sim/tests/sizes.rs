//! The 32-bit sizes that the simulator prints are those of the compiler.

mod common;

use std::path::Path;
use std::process::Command;

use bearcub_sim::{plan, recording::Recording, sizes};

/// A 32-bit target without an operating system.
const TARGET: &str = "riscv32imc-unknown-none-elf";

/// The C compiler that `bearssl-sys` is built with for it.
const C_COMPILERS: [&str; 2] = ["riscv64-unknown-elf-gcc", "riscv32-unknown-elf-gcc"];

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn has_target() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    let folder = output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    folder.is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

#[test]
fn the_compiler_agrees_with_every_32_bit_size() {
    let [fingerprints, anchors] = sizes::SCRATCH_RSA_2048;
    the_compiler_agrees(
        "default-features = false",
        &[
            ("Scratch::FINGERPRINTS", fingerprints),
            ("Scratch::ANCHORS", anchors),
        ],
    );
    the_compiler_agrees(
        "",
        &[
            ("size_of::<Context>()", sizes::CONTEXT),
            ("Scratch::FINGERPRINTS", sizes::SCRATCH_FINGERPRINTS),
            ("Scratch::ANCHORS", sizes::SCRATCH_ANCHORS),
            ("size_of::<Session>()", sizes::SESSION),
            ("size_of::<Storage<1024, 1024>>()", sizes::STORAGE_1024_1024),
            (
                "size_of::<bearcub::trust::TrustAnchor<'_>>()",
                sizes::TRUST_ANCHOR,
            ),
            ("size_of::<Mqtt<0, 0>>()", mqtt(0, 0)),
            ("size_of::<Mqtt<4, 0>>()", mqtt(4, 0)),
            ("size_of::<Mqtt<8, 2>>()", mqtt(8, 2)),
            ("size_of::<Mqtt<20, 8>>()", mqtt(20, 8)),
        ],
    );
}

/// Compiles the library with those features, and has the compiler compare the sizes.
fn the_compiler_agrees(features: &str, sizes: &[(&str, usize)]) {
    if !has_target() {
        return common::not_checked(&format!(
            "the target {TARGET} is not installed (rustup target add {TARGET})"
        ));
    }
    if !C_COMPILERS.into_iter().any(is_installed) {
        return common::not_checked(&format!("none of {C_COMPILERS:?} is installed"));
    }
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let manifest = format!(
        "[package]\nname = \"sizes\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\nbearcub = {{ path = {:?}, {features} }}\n",
        root.to_str().unwrap()
    );
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let mut code = "#![no_std]\n#![allow(dead_code, unused_imports)]\nuse bearcub::tls::*;\nuse bearcub::mqtt;\n\
         type Mqtt<const N: usize, const F: usize> =\n\
         mqtt::Session<'static, mqtt::store::NoStore, N, F>;\n"
        .to_owned();
    for (what, size) in sizes {
        code.push_str(&format!("const _: [(); {size}] = [(); {what}];\n"));
    }
    std::fs::write(folder.path().join("src/lib.rs"), code).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--target", TARGET])
        .current_dir(folder.path())
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "sim/src/sizes.rs is not what the compiler says:\n{errors}"
    );
}

/// A session with so many slots and subscriptions.
fn mqtt(slots: usize, subscriptions: usize) -> usize {
    let size =
        sizes::MQTT_SESSION + slots * sizes::MQTT_SLOT + subscriptions * sizes::MQTT_SUBSCRIPTION;
    size.next_multiple_of(8)
}

/// What it was made for.
const _: () = assert!(sizes::MQTT_SESSION <= 200 && sizes::MQTT_SLOT <= 12);

#[test]
fn what_is_kept_is_the_storage() {
    let recording = Recording::load(&common::recording("aws-ca")).unwrap();
    assert_eq!(
        recording.header.plan.buffers,
        plan::Buffers {
            input: 1024,
            output: 1024,
            shared: false
        }
    );
    assert_eq!(
        sizes::kept(&recording.header.plan).total,
        sizes::STORAGE_1024_1024
    );
}
