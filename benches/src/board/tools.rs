//! The programs that build and run an image: found, or named with the command that installs them.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// BearSSL's compiler.
pub(super) const COMPILER: &str = "riscv64-unknown-elf-gcc";
/// What makes its archives.
pub(super) const ARCHIVER: &str = "riscv64-unknown-elf-ar";
/// The emulator.
pub(super) const EMULATOR: &str = "qemu-system-riscv32";

/// What was found.
pub struct Tools {
    pub(super) cargo: OsString,
}

/// What is missing, and the command that installs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tools {
    /// Looks for everything that an image takes.
    ///
    /// # Errors
    /// What is not there.
    pub fn find() -> Result<Tools, Missing> {
        find(output)?;
        Ok(Tools {
            cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        })
    }
}

/// Looks for everything; `ask` runs a program with these arguments, and says what it printed if all was well.
fn find(ask: impl Fn(&str, &[&str]) -> Option<String>) -> Result<(), Missing> {
    let programs = [
        (COMPILER, "apt-get install gcc-riscv64-unknown-elf"),
        (EMULATOR, "apt-get install qemu-system-misc"),
        #[cfg(feature = "mbedtls")]
        ("cmake", "apt-get install cmake"),
        #[cfg(feature = "mbedtls")]
        ("ninja", "apt-get install ninja-build"),
        #[cfg(feature = "mbedtls")]
        ("clang", "apt-get install clang libclang-dev"),
    ];
    for (program, install) in programs {
        if ask(program, &["--version"]).is_none() {
            return Err(missing(&format!("`{program}` is not there"), install));
        }
    }
    let sysroot = ask("rustc", &["--print", "sysroot"])
        .ok_or_else(|| missing("`rustc` is not there", "rustup toolchain install stable"))?;
    let core = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/core/src/lib.rs");
    if core.is_file() {
        return Ok(());
    }
    Err(missing(
        &format!("the source of Rust's `core` is not at {}", core.display()),
        "rustup component add rust-src (without rustup: Debian's package rust-src of the compiler's own version, its \
         `library` linked to that place)",
    ))
}

fn missing(what: &str, install: &str) -> Missing {
    Missing(format!(
        "nothing is measured on the ESP32-C3: {what}; it comes with: {install}"
    ))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let ran = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    ran.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn what_is_missing_is_named_with_what_installs_it() {
        let cases = [
            (
                "riscv64-unknown-elf-gcc",
                "apt-get install gcc-riscv64-unknown-elf",
            ),
            ("qemu-system-riscv32", "apt-get install qemu-system-misc"),
            ("rustc", "rustup toolchain install stable"),
        ];
        for (program, install) in cases {
            let all_but = |asked: &str, _: &[&str]| (asked != program).then(String::new);
            let said = find(all_but).unwrap_err().to_string();
            assert!(said.contains(program) && said.ends_with(install), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        let sysroot = format!("{}\n", folder.path().display());
        let said = find(|_, _| Some(sysroot.clone())).unwrap_err().to_string();
        assert!(said.contains("rustup component add rust-src"), "{said}");
        let source = folder.path().join("lib/rustlib/src/rust/library/core/src");
        std::fs::create_dir_all(&source).unwrap();
        std::fs::write(source.join("lib.rs"), "").unwrap();
        assert_eq!(find(|_, _| Some(sysroot.clone())), Ok(()));
    }
}
