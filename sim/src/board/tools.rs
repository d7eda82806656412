//! The programs that build and run an image: found, or named with the command that installs them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use super::Board;
use crate::failure::Failure;

/// The oldest emulator that has what is used here.
const QEMU: (u32, u32) = (7, 0);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// Cargo.
    pub cargo: OsString,
    /// The folder of the Rust toolchain.
    pub sysroot: PathBuf,
    /// Versions of everything that shapes a figure.
    pub versions: String,
}

impl Board {
    /// The emulator.
    pub const fn emulator(self) -> &'static str {
        match self {
            Board::Esp8266 => "qemu-system-xtensa",
            Board::Esp32C3 => "qemu-system-riscv32",
        }
    }

    const fn compiler_package(self) -> &'static str {
        match self {
            Board::Esp8266 => "gcc-xtensa-lx106",
            Board::Esp32C3 => "gcc-riscv64-unknown-elf",
        }
    }
}

/// Looks for everything that board needs.
///
/// # Errors
/// What is missing or too old, and the command that installs it.
pub fn find(board: Board) -> Result<Tools, Failure> {
    look(board, true)
}

/// The same but for the emulator, for those who build and do not run.
///
/// # Errors
/// As [`find`].
pub fn compilers(board: Board) -> Result<Tools, Failure> {
    look(board, false)
}

fn look(board: Board, with_emulator: bool) -> Result<Tools, Failure> {
    let compiler = format!("{}gcc", board.prefix());
    let compiler_version = version(&compiler).ok_or_else(|| {
        let package = board.compiler_package();
        missing(
            board,
            &format!("`{compiler}` is not there"),
            &format!("apt-get install {package}"),
        )
    })?;
    let emulator_version = match with_emulator {
        true => emulator(board)?,
        false => String::new(),
    };
    let rustc = version("rustc").ok_or_else(|| {
        missing(
            board,
            "`rustc` is not there",
            "rustup toolchain install stable",
        )
    })?;
    let sysroot = output("rustc", &["--print", "sysroot"])
        .map(PathBuf::from)
        .ok_or_else(|| {
            missing(
                board,
                "`rustc` has no sysroot",
                "rustup toolchain install stable",
            )
        })?;
    let core = sysroot.join("lib/rustlib/src/rust/library/core/src/lib.rs");
    if !core.is_file() {
        let what = format!("the source of Rust's `core` is not at {}", core.display());
        let install = "rustup component add rust-src (without rustup: Debian's package rust-src of the compiler's own \
                       version, its `library` linked to that place)";
        return Err(missing(board, &what, install));
    }
    Ok(Tools {
        cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        sysroot,
        versions: format!("{rustc}\n{compiler_version}\n{emulator_version}"),
    })
}

/// What the emulator says it is.
fn emulator(board: Board) -> Result<String, Failure> {
    let install_qemu = "apt-get install qemu-system-misc";
    let emulator = board.emulator();
    let emulator_version = version(emulator)
        .ok_or_else(|| missing(board, &format!("`{emulator}` is not there"), install_qemu))?;
    let number = parse_version(&emulator_version);
    if number.is_none_or(|number| number < QEMU) {
        let what = format!(
            "`{emulator}` says it is `{emulator_version}`; {}.{} is the oldest that serves",
            QEMU.0, QEMU.1
        );
        return Err(missing(board, &what, install_qemu));
    }
    Ok(emulator_version)
}

fn missing(board: Board, what: &str, install: &str) -> Failure {
    Failure::Missing(format!(
        "nothing can be measured for {board}: {what}; it comes with: {install}"
    ))
}

/// The first line that a program says about itself.
fn version(program: &str) -> Option<String> {
    output(program, &["--version"])
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let ran = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&ran.stdout);
    let line = text.lines().next()?.trim();
    (ran.status.success() && !line.is_empty()).then(|| line.to_owned())
}

/// Major and minor number of the first version in the text.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor: String = numbers
            .next()?
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        Some((major, minor.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_are_read_from_what_programs_say() {
        let qemu = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)";
        assert_eq!(parse_version(qemu), Some((7, 2)));
        assert_eq!(parse_version("QEMU emulator version 10.0"), Some((10, 0)));
        assert_eq!(parse_version("something else"), None);
        assert_eq!(parse_version(""), None);
    }
}
