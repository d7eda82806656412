//! The programs that build and run an image: found, or named with the command that installs them.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::Board;
use crate::failure::Failure;

/// The oldest emulator that has what is used here.
const QEMU: (u32, u32) = (7, 0);
/// The oldest C compilers that have been tried: `-mforce-l32` for the one board, `_zicsr` for the other.
const GCC: (u32, u32) = (12, 0);
/// The oldest Rust whose cargo knows what the images are built with (`-Zjson-target-spec`).
const RUST: (u32, u32) = (1, 95);
/// A program says its version at once; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(10);

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
    let install = format!("apt-get install {}", board.compiler_package());
    let compiler_version = at_least(board, &compiler, GCC, &install)?;
    let emulator_version = if with_emulator {
        let install = "apt-get install qemu-system-misc";
        at_least(board, board.emulator(), QEMU, install)?
    } else {
        String::new()
    };
    let rustc = at_least(board, "rustc", RUST, "rustup update stable")?;
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

fn missing(board: Board, what: &str, install: &str) -> Failure {
    Failure::Missing(format!(
        "nothing can be measured for {board}: {what}; it comes with: {install}"
    ))
}

/// The first line that a program says about itself, if it is of that version or a later one.
fn at_least(
    board: Board,
    program: &str,
    oldest: (u32, u32),
    install: &str,
) -> Result<String, Failure> {
    let said = output(program, &["--version"]).ok_or_else(|| {
        missing(
            board,
            &format!("`{program}` is not there, or does not tell its version"),
            install,
        )
    })?;
    if parse_version(&said).is_none_or(|number| number < oldest) {
        let what = format!(
            "`{program}` says it is `{said}`; {}.{} is the oldest that serves",
            oldest.0, oldest.1
        );
        return Err(missing(board, &what, install));
    }
    Ok(said)
}

/// The first line of what a program prints; nothing if it fails, or does not end in time.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(64 << 10).read_to_end(&mut text);
        let _ = send.send(read.map(|_| text));
    });
    let Ok(Ok(text)) = receive.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    // Its output is closed: it has ended, or has nothing more to say and is ended.
    let status = match child.try_wait() {
        Ok(Some(status)) => status,
        _ => {
            std::thread::sleep(Duration::from_millis(100));
            let _ = child.kill();
            child.wait().ok()?
        }
    };
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next()?.trim();
    (status.success() && !line.is_empty()).then(|| line.to_owned())
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
