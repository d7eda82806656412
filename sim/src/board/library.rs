//! The library as C firmware links it: `libbearcub.a` for the ESP8266, built with the stock Rust toolchain.
//!
//! It is one object with the functions of `capi/bearcub.h` and nothing else to be seen from outside: firmware may have a
//! BearSSL of its own (Arduino's core has). Its sections have the names that Espressif's SDK and Arduino's core both place
//! right: `.irom0.text` for code and for constants that are read in words, which stay in flash, `.data` for all others,
//! which go to RAM.

use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, SectionKind};

use super::Board;
use super::build::{self, Message, at, flags, folder, root, run};
use super::tools::Tools;
use crate::failure::Failure;

/// The package with the C interface.
const PACKAGE: &str = "bearcub-c";
/// What both SDKs put into flash.
const FLASH: &str = ".irom0.text";
/// The profile of the boards' images, by the names of cargo's variables.
const PROFILE: [(&str, &str); 5] = [
    ("LTO", "fat"),
    ("OPT_LEVEL", "s"),
    ("PANIC", "abort"),
    ("CODEGEN_UNITS", "1"),
    ("DEBUG", "0"),
];

/// Builds the library, and says where it is: a file that the next call may replace.
///
/// # Errors
/// What the compiler, the assembler or the linker said.
pub fn build(tools: &Tools) -> Result<PathBuf, Failure> {
    let board = Board::Esp8266;
    let _lock = build::lock(board)?;
    let made = folder(board).join("library");
    std::fs::create_dir_all(&made).map_err(|error| at(&made, &error))?;
    let messages = cargo(board, tools)?;
    let objects = build::objects(board, &messages, "bearcub_c", &made.join("bearcub_c.s"))?;
    let archive = build::archives(&messages)
        .pop()
        .ok_or_else(|| Failure::Other("cargo has not said where BearSSL is".to_owned()))?;
    let members = members(board, &archive, &made.join("bearssl"))?;
    let (whole, named) = (made.join("whole.o"), made.join("bearcub.o"));
    let linker = format!("{}ld", board.prefix());
    // Functions of the same name in different files keep sections of their own, so that firmware links what it calls alone.
    run(
        Command::new(&linker)
            .args(["-r", "--unique", "-o"])
            .arg(&whole)
            .args(objects)
            .args(members),
        &linker,
    )?;
    rename(board, &whole, &named)?;
    let library = made.join("libbearcub.a");
    let archiver = format!("{}ar", board.prefix());
    if library.exists() {
        std::fs::remove_file(&library).map_err(|error| at(&library, &error))?;
    }
    run(
        Command::new(&archiver)
            .arg("rcsD")
            .arg(&library)
            .arg(&named),
        &archiver,
    )?;
    Ok(library)
}

/// Links the library with the example's firmware for the emulator, and says where the image is.
///
/// # Errors
/// What a compiler or the linker said.
pub fn example(tools: &Tools) -> Result<PathBuf, Failure> {
    let board = Board::Esp8266;
    let library = build(tools)?;
    let _lock = build::lock(board)?;
    let image = folder(board).join("library/example.elf");
    let sources = root().join("examples/esp8266");
    let start = root().join("sim/boards/image/esp8266");
    let compiler = format!("{}gcc", board.prefix());
    run(
        Command::new(&compiler)
            .args(["-std=c99", "-Os", "-Wall", "-Wextra", "-Werror"])
            .args(["-ffreestanding", "-ffunction-sections", "-fdata-sections"])
            .args(["-fno-tree-loop-distribute-patterns"])
            .args(["-mlongcalls", "-mtext-section-literals", "-nostdlib"])
            .args(["-Wl,--gc-sections,-z,noexecstack", "-T"])
            .arg(start.join("link.ld"))
            .arg("-isystem")
            .arg(root().join("sys/include"))
            .arg("-I")
            .arg(root().join("capi"))
            .arg("-I")
            .arg(sources.join("firmware"))
            .arg("-o")
            .arg(&image)
            .args(
                [
                    "emulator/main.c",
                    "emulator/libc.c",
                    "firmware/firmware.c",
                    "firmware/on_stack.S",
                ]
                .map(|name| sources.join(name)),
            )
            .arg(start.join("start.S"))
            .arg(library)
            .arg("-lgcc"),
        &compiler,
    )?;
    Ok(image)
}

fn cargo(board: Board, tools: &Tools) -> Result<Vec<Message>, Failure> {
    let image = root().join("sim/boards/image");
    let target = image
        .join("esp8266")
        .join(format!("{}.json", board.target()));
    let underscored = board.target().replace('-', "_");
    let mut command = Command::new(&tools.cargo);
    command
        .current_dir(root())
        .args(["rustc", "--quiet", "--locked", "--release", "--lib"])
        .args(["--crate-type=staticlib", "--package", PACKAGE])
        .arg("--message-format=json-render-diagnostics")
        .args(["-Zbuild-std=core", "-Zjson-target-spec", "--target"])
        .arg(target)
        .arg("--target-dir")
        .arg(folder(board))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags(board, tools, &image))
        .env(
            format!("CC_{underscored}"),
            format!("{}gcc", board.prefix()),
        )
        .env(format!("AR_{underscored}"), format!("{}ar", board.prefix()))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS")
        .envs(PROFILE.map(|(name, value)| (format!("CARGO_PROFILE_RELEASE_{name}"), value)));
    build::messages(&run(&mut command, "cargo")?)
}

/// BearSSL's objects, unpacked, with the constants that are read in words in sections of their own.
fn members(board: Board, archive: &Path, into: &Path) -> Result<Vec<PathBuf>, Failure> {
    if into.exists() {
        std::fs::remove_dir_all(into).map_err(|error| at(into, &error))?;
    }
    std::fs::create_dir_all(into).map_err(|error| at(into, &error))?;
    let archiver = format!("{}ar", board.prefix());
    run(
        Command::new(&archiver)
            .current_dir(into)
            .arg("x")
            .arg(archive),
        &archiver,
    )?;
    let script = root().join("sim/boards/image/esp8266/link.ld");
    let script = std::fs::read_to_string(&script).map_err(|error| at(&script, &error))?;
    let words = read_in_words(&script);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(into)
        .map_err(|error| at(into, &error))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some((file, patterns)) = words
            .iter()
            .find(|(file, _)| name.ends_with(&format!("-{file}.o")))
        else {
            continue;
        };
        let renamed = sections(path)?.into_iter().filter_map(|(section, _)| {
            let is_named = patterns.iter().any(|pattern| matches(pattern, &section));
            is_named.then(|| format!("--rename-section={section}=.words.{file}{section}"))
        });
        let renamed: Vec<_> = renamed.collect();
        objcopy(board, &renamed, path, path)?;
    }
    Ok(paths)
}

/// Which sections of which files the linker script of the images keeps in flash: `*-FILE.o(SECTION …)`.
fn read_in_words(script: &str) -> Vec<(String, Vec<String>)> {
    let entries = script.lines().filter_map(|line| {
        let (file, patterns) = line.trim().strip_prefix("*-")?.split_once(".o(")?;
        let patterns = patterns.strip_suffix(')')?.split_whitespace();
        Some((file.to_owned(), patterns.map(str::to_owned).collect()))
    });
    entries.collect()
}

fn matches(pattern: &str, section: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => section.starts_with(start),
        None => section == pattern,
    }
}

/// The functions that a header declares: every name of ours with a parenthesis behind it.
fn declared(header: &str) -> impl Iterator<Item = &str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    header.split('(').filter_map(move |text| {
        let start = text.trim_end_matches(is_part).len();
        let name = &text[start..];
        name.starts_with("bearcub_").then_some(name)
    })
}

/// Gives the sections the names that both SDKs know, and hides what is not of the interface.
fn rename(board: Board, whole: &Path, to: &Path) -> Result<(), Failure> {
    let header = root().join("capi/bearcub.h");
    let header = std::fs::read_to_string(&header).map_err(|error| at(&header, &error))?;
    let mut arguments: Vec<_> = declared(&header)
        .map(|name| format!("--keep-global-symbol={name}"))
        .collect();
    arguments.extend(
        [
            "--strip-debug",
            "--remove-section=.comment",
            // What Rust's optimizer reads of the compiler's own functions; a linker's plugin would take it for all there is.
            "--remove-section=.llvmbc",
            "--remove-section=.llvmcmd",
            "--remove-section=.eh_frame",
            "--remove-section=.rela.eh_frame",
        ]
        .map(str::to_owned),
    );
    for (section, kind) in sections(whole)? {
        let is_words = section.starts_with(".words");
        match kind {
            SectionKind::Text => arguments.push(format!("--rename-section={section}={FLASH}")),
            _ if is_words => arguments.push(format!(
                "--rename-section={section}={FLASH},alloc,load,readonly,code,contents"
            )),
            SectionKind::ReadOnlyData
            | SectionKind::ReadOnlyString
            | SectionKind::ReadOnlyDataWithRel => {
                let rest = section.trim_start_matches(".rodata");
                arguments.push(format!(
                    "--rename-section={section}=.data.bearcub{rest},alloc,load,data,contents"
                ));
            }
            _ => {}
        }
    }
    objcopy(board, &arguments, whole, to)
}

fn objcopy(board: Board, arguments: &[String], from: &Path, to: &Path) -> Result<(), Failure> {
    // There are more of them than a command line is sure to take.
    let file = to.with_extension("arguments");
    std::fs::write(&file, arguments.join("\n")).map_err(|error| at(&file, &error))?;
    let program = format!("{}objcopy", board.prefix());
    let ran = run(
        Command::new(&program)
            .arg(format!("@{}", file.display()))
            .arg(from)
            .arg(to),
        &program,
    );
    let _ = std::fs::remove_file(&file);
    ran.map(drop)
}

/// The sections of an object that are loaded.
fn sections(path: &Path) -> Result<Vec<(String, SectionKind)>, Failure> {
    let wrong =
        |what: &dyn std::fmt::Display| Failure::Other(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(&error))?;
    let file = object::File::parse(&*bytes).map_err(|error| wrong(&error))?;
    let sections = file.sections().filter_map(|section| {
        let name = section.name().ok()?.to_owned();
        Some((name, section.kind()))
    });
    Ok(sections.collect())
}

#[cfg(test)]
mod tests {
    use super::{declared, matches, read_in_words};

    #[test]
    fn what_stays_in_flash_is_read_from_the_linker_script() {
        let script = "    {\n  /* words */\n        *-sha2small.o(.rodata .rodata.*)\n        *(.words .words.*)\n    }\n";
        let found = read_in_words(script);
        assert_eq!(found.len(), 1);
        let (file, patterns) = &found[0];
        assert_eq!(file, "sha2small");
        assert!(patterns.iter().any(|pattern| matches(pattern, ".rodata.K")));
        assert!(!patterns.iter().any(|pattern| matches(pattern, ".text.K")));
    }

    #[test]
    fn what_a_header_declares_is_found_and_no_type() {
        let header = "typedef struct bearcub_x bearcub_x;\nint32_t bearcub_f(int a,\n  bearcub_x *b);\nsize_t bearcub_g(void);";
        let names: Vec<_> = declared(header).collect();
        assert_eq!(names, ["bearcub_f", "bearcub_g"]);
    }

    #[test]
    fn the_images_linker_script_names_what_is_read_in_words() {
        let script = include_str!("../../boards/image/esp8266/link.ld");
        assert!(read_in_words(script).len() >= 6);
    }
}
