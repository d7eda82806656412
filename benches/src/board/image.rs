//! Builds the images, for the CPU of the ESP32-C3.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tools::{ARCHIVER, COMPILER, Tools};
use crate::Result;
use crate::peers::Who;

const TARGET: &str = "riscv32imc-unknown-none-elf";

/// The images of some peers.
pub struct Images {
    folder: PathBuf,
    /// Keeps other processes from building in the same folder.
    _lock: File,
}

impl Images {
    /// The folder for them, beside what cargo builds; waits until no other process uses it.
    ///
    /// # Errors
    /// What the operating system says about that folder.
    pub fn open() -> Result<Images> {
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("benches/target"), PathBuf::from);
        let folder = std::path::absolute(target.join("board"))?;
        std::fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock()?;
        Ok(Images {
            folder,
            _lock: lock,
        })
    }

    /// Builds a peer's image, and says where it is.
    ///
    /// # Errors
    /// The last of what cargo said.
    pub fn build(&self, tools: &Tools, who: Who) -> Result<PathBuf> {
        let name = who.library.to_string();
        let link = root().join("sim/boards/image/esp32c3/link.ld");
        let underscored = TARGET.replace('-', "_");
        let ran = Command::new(&tools.cargo)
            .args(["build", "--quiet", "--locked", "--release"])
            .args([
                "-Zbuild-std=core",
                "-Zbuild-std-features=compiler-builtins-mem",
            ])
            .arg("--manifest-path")
            .arg(root().join("benches/board/Cargo.toml"))
            .args(["--target", TARGET])
            .arg("--target-dir")
            .arg(&self.folder)
            .args(["--features", &name, "--bin", &name])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", format!("-Clink-arg=-T{}", link.display()))
            .env(format!("CC_{underscored}"), COMPILER)
            .env(format!("AR_{underscored}"), ARCHIVER)
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_RUSTFLAGS")
            .stdin(Stdio::null())
            .output()?;
        if !ran.status.success() {
            let said = String::from_utf8_lossy(&ran.stderr);
            let lines: Vec<_> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(20)..].join("\n");
            return Err(
                format!("the image for {name} cannot be built; cargo said:\n{last}").into(),
            );
        }
        Ok(self.folder.join(TARGET).join("release").join(name))
    }
}

/// The folder of the source tree.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
