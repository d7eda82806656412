//! What the tests have in common: the binary, and places for files.

#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What the binary did.
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("the binary prints UTF-8");
        let ran = Ran {
            status: output.status.code().expect("the binary was not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON object")
    }
}

/// Runs the binary.
pub fn bearcub(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(arguments)
        .output();
    Ran::of(output.expect("the binary can be run"))
}

/// The recordings of the source tree.
pub fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder with the recordings")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pcapng")
        })
        .collect();
    files.sort();
    files
}

/// One of them.
pub fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("recordings/{name}.pcapng"))
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Something cannot be checked on this machine. Where everything has to be, that is a failure.
pub fn not_checked(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "not checked: {why}");
    println!("not checked: {why}");
}
