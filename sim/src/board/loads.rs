//! The flash of an ESP8266 is read in aligned 32-bit words only; the emulator does not mind other reads, the chip traps.
//!
//! A plugin in the emulator watches for them, so that an image that passes here runs on the chip.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use object::{Object, ObjectSymbol};
use sha2::{Digest, Sha256};

use super::build::{folder, root};
use super::{Board, run};
use crate::failure::Failure;
use crate::hex;

/// The flash window, as in the linker script.
pub const FLASH: Range<u64> = 0x4020_0000..0x4030_0000;

/// Runs the image with that tape, and finds out whether it reads those addresses in words only.
///
/// # Errors
/// What is read in another way, and by what; or what hinders the finding out.
pub fn check(elf: &Path, tape: &[u8], window: Range<u64>, limit: Duration) -> Result<(), Failure> {
    let plugin = plugin()?;
    let file = tempfile::NamedTempFile::new()
        .map_err(|error| Failure::Other(format!("a temporary file: {error}")))?;
    let argument = format!(
        "{},start={:#x},end={:#x},out={}",
        plugin.display(),
        window.start,
        window.end,
        file.path().display()
    );
    let board = Board::Esp8266;
    let further = [OsStr::new("-plugin"), OsStr::new(&argument)];
    run::image_with(board, board.emulator().as_ref(), &further, elf, tape, limit)?;
    let text = std::fs::read_to_string(file.path())
        .map_err(|error| Failure::Other(format!("the list of loads: {error}")))?;
    let found = parse(&text)?;
    if found.is_empty() {
        return Ok(());
    }
    let names = Names::of(elf)?;
    let mut lines: Vec<_> = found
        .iter()
        .map(|(word, reader)| format!("  {} by {}", names.at(*word), names.at(*reader)))
        .collect();
    lines.sort();
    lines.dedup();
    let more = lines.len().saturating_sub(20);
    lines.truncate(20);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    Err(Failure::Other(format!(
        "the image reads its flash in other ways than by words, which traps on the chip:\n{}",
        lines.join("\n")
    )))
}

/// Address of the word, address of the instruction.
fn parse(text: &str) -> Result<Vec<(u64, u64)>, Failure> {
    let wrong = || Failure::Other("the list of loads is cut short".to_owned());
    let mut lines = text.lines();
    if lines.next_back() != Some("end") {
        return Err(wrong());
    }
    let number = |word: Option<&str>| {
        let digits = word?.strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok()
    };
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let pair = (number(words.next()), number(words.next()));
            match pair {
                (Some(word), Some(reader)) => Ok((word, reader)),
                _ => Err(wrong()),
            }
        })
        .collect()
}

/// The symbols of an image by their addresses.
struct Names(Vec<(u64, u64, String)>);

impl Names {
    fn of(elf: &Path) -> Result<Names, Failure> {
        let wrong =
            |what: &dyn std::fmt::Display| Failure::Other(format!("{}: {what}", elf.display()));
        let bytes = std::fs::read(elf).map_err(|error| wrong(&error))?;
        let file = object::File::parse(&*bytes).map_err(|error| wrong(&error))?;
        let symbols = file.symbols().filter(|symbol| symbol.size() > 0);
        let symbols = symbols.map(|symbol| {
            let name = symbol.name().unwrap_or("?").to_owned();
            (symbol.address(), symbol.size(), name)
        });
        Ok(Names(symbols.collect()))
    }

    fn at(&self, address: u64) -> String {
        let found = self
            .0
            .iter()
            .find(|(start, size, _)| (*start & !3..start + size).contains(&address));
        found.map_or_else(|| format!("{address:#x}"), |(_, _, name)| name.clone())
    }
}

/// The plugin, compiled once.
fn plugin() -> Result<PathBuf, Failure> {
    let source = root().join("sim/boards/loads/loads.c");
    let wrong =
        |what: &dyn std::fmt::Display| Failure::Other(format!("{}: {what}", source.display()));
    let code = std::fs::read(&source).map_err(|error| wrong(&error))?;
    let name = format!("loads-{}.so", hex::encode(&Sha256::digest(code)[..8]));
    let plugin = folder(Board::Esp8266).join(name);
    if plugin.is_file() {
        return Ok(plugin);
    }
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let made = Command::new(&compiler)
        .args(["-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-o"])
        .arg(&plugin)
        .arg(&source)
        .output()
        .map_err(|error| {
            Failure::Missing(format!(
                "the flash's rule cannot be checked: `{}`: {error}; it comes with: apt-get install gcc",
                compiler.display()
            ))
        })?;
    if made.status.success() {
        Ok(plugin)
    } else {
        Err(wrong(&String::from_utf8_lossy(&made.stderr)))
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_list_of_loads_is_read_to_its_end() {
        assert_eq!(parse("end\n").unwrap(), []);
        let list = parse("0x40200004 0x40201000\nend\n").unwrap();
        assert_eq!(list, [(0x4020_0004, 0x4020_1000)]);
        for cut in [
            "",
            "0x40200004 0x40201000\n",
            "0x40200004\nend\n",
            "x y\nend\n",
        ] {
            assert!(parse(cut).is_err(), "{cut}");
        }
    }
}
