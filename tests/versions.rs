//! What `CONTRIBUTING.md` promises about versions, as far as it can be read off the source.

use std::path::{Path, PathBuf};

/// Public enums that a program may match whole: a further case would be a breaking change, and is announced as one.
const CLOSED: [&str; 17] = [
    "Advice",
    "ClientError",
    "Curve",
    "FragmentLength",
    "Item",
    "Key",
    "Packet",
    "Pairing",
    "Pin",
    "PrivateKey",
    "Progress",
    "PublicKey",
    "QoS",
    "Resumption",
    "ServerUsage",
    "TasmotaSlots",
    "Trust",
];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn a_public_enum_is_open_to_new_cases_or_closed_on_purpose() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let (mut open, mut closed) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = line.strip_prefix("pub enum ") else {
                continue;
            };
            let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap();
            let mut attributes = lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#["));
            if attributes.any(|line| *line == "#[non_exhaustive]") {
                open += 1;
            } else {
                closed.push(String::from(name));
            }
        }
    }
    assert!(open >= 10, "{open}");
    closed.sort_unstable();
    assert_eq!(closed, CLOSED, "#[non_exhaustive], or closed on purpose?");
}

#[test]
fn the_packages_that_are_published_have_one_version_and_the_others_are_not_published() {
    let read = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap()
    };
    let root = read("Cargo.toml");
    let version = env!("CARGO_PKG_VERSION");
    let needed = format!("bearssl-sys = {{ path = \"sys\", version = \"{version}\"");
    assert!(root.contains(&needed), "{needed}");
    assert!(!read("sys/Cargo.toml").contains("publish = false"));
    for other in [
        "lab",
        "sim",
        "sim/boards/image",
        "sim/boards/replay",
        "benches",
        "benches/board",
        "examples/esp32",
        "tests/linking",
        "tests/porting",
        "tests/rumqttd",
    ] {
        let manifest = read(&format!("{other}/Cargo.toml"));
        assert!(manifest.contains("publish = false"), "{other}");
    }
}
