//! `cargo sim peers`: the memory of a connection, beside other libraries.
//!
//! They are no dependencies of the simulator: a program of the package in `benches/` measures them, built when it is asked
//! for.

use std::path::Path;
use std::process::{Command, Stdio};

use super::arguments::PeersOptions;
use super::print;
use crate::failure::Failure;

/// Builds the program, and passes on what it prints.
///
/// # Errors
/// If it cannot be built, or a peer cannot be measured; both have been told on standard error.
pub fn run(options: &PeersOptions) -> Result<(), Failure> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--release", "--manifest-path"])
        .arg(manifest);
    command.args(["--features", "mbedtls-1024", "--bin", "peers", "--"]);
    if options.json {
        command.arg("--json");
    }
    let ran = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::Other(format!("{command:?}: {error}")))?;
    // A peer that cannot be measured leaves the others' figures standing.
    print(&String::from_utf8_lossy(&ran.stdout))?;
    if !ran.status.success() {
        return Err(Failure::Other(format!(
            "{command:?} failed; its own message is above. To be built it takes: apt-get install cmake ninja-build clang \
             libclang-dev libssl-dev pkg-config (benches/README.md)"
        )));
    }
    Ok(())
}
