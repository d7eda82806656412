//! Builds an image.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::tools::Tools;
use super::{Board, source, xtensa};
use crate::failure::Failure;
use crate::plan::Plan;

/// What an image is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To replay a recording.
    Replay,
    /// The same, with every public-key operation timed.
    Metered,
    /// To see how large a device's program is with TLS.
    Firmware,
    /// The same without TLS.
    Plain,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Replay => "replay",
            Kind::Metered => "metered",
            Kind::Firmware => "firmware",
            Kind::Plain => "plain",
        }
    }

    const fn feature(self) -> Option<&'static str> {
        match self {
            Kind::Replay => None,
            Kind::Metered => Some("meter"),
            Kind::Firmware => Some("firmware"),
            Kind::Plain => Some("firmware-plain"),
        }
    }
}

/// Where images are built: beside what cargo builds.
pub(super) fn folder(board: Board) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("boards").join(board.name())
}

/// The folder of the source tree.
pub(super) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// One message of cargo's, of those that matter here.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
    out_dir: Option<PathBuf>,
}

/// Builds the image for a plan, and says where it is.
///
/// # Errors
/// What the compiler, the assembler or the linker said.
pub fn image(board: Board, tools: &Tools, kind: Kind, plan: &Plan) -> Result<PathBuf, Failure> {
    let folder = folder(board);
    let made = folder.join(kind.name());
    std::fs::create_dir_all(&made).map_err(|error| at(&made, &error))?;
    let plan_file = made.join("plan.rs");
    write_if_changed(&plan_file, &source::of(plan)?)?;
    let assembly = made.join("image.s");
    let messages = cargo(board, tools, kind, &folder, &plan_file, &assembly)?;
    let elf = made.join("image.elf");
    match board {
        Board::Esp32C3 => {
            let program = messages
                .iter()
                .find_map(|message| message.executable.clone());
            let program = program.ok_or_else(|| {
                Failure::Other("cargo has not said where the image is".to_owned())
            })?;
            std::fs::copy(&program, &elf).map_err(|error| at(&program, &error))?;
        }
        Board::Esp8266 => link(board, &folder, &messages, &assembly, &elf)?,
    }
    Ok(elf)
}

fn cargo(
    board: Board,
    tools: &Tools,
    kind: Kind,
    folder: &Path,
    plan: &Path,
    assembly: &Path,
) -> Result<Vec<Message>, Failure> {
    let image = root().join("sim/boards/image");
    let target = match board {
        Board::Esp8266 => image
            .join("esp8266")
            .join(format!("{}.json", board.target())),
        Board::Esp32C3 => board.target().into(),
    };
    let underscored = board.target().replace('-', "_");
    let mut command = Command::new(&tools.cargo);
    command
        .current_dir(&image)
        .args([
            "rustc",
            "--quiet",
            "--locked",
            "--release",
            "--message-format=json-render-diagnostics",
        ])
        .args([
            "-Zbuild-std=core",
            "-Zbuild-std-features=compiler-builtins-mem",
            "-Zjson-target-spec",
        ])
        .arg("--target")
        .arg(target)
        .arg("--target-dir")
        .arg(folder)
        .args(
            kind.feature()
                .map(|feature| format!("--features={feature}")),
        )
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", flags(board, tools, &image))
        .env("BEARCUB_PLAN", plan)
        .env(
            format!("CC_{underscored}"),
            format!("{}gcc", board.prefix()),
        )
        .env(format!("AR_{underscored}"), format!("{}ar", board.prefix()))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS");
    match board {
        Board::Esp8266 => command
            .args(["--lib", "--", "--emit"])
            .arg(format!("asm={}", assembly.display())),
        Board::Esp32C3 => command.args(["--bin", "image"]),
    };
    let text = run(&mut command, "cargo")?;
    let messages = text.lines().filter(|line| line.starts_with('{'));
    messages
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| Failure::Other(format!("a message of cargo's: {error}")))
        })
        .collect()
}

/// Flags for every crate of the image. Paths are left out of it, so that it is the same in every folder.
fn flags(board: Board, tools: &Tools, image: &Path) -> String {
    let registry = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags: Vec<String> = [Some(root()), Some(tools.sysroot.clone()), registry]
        .into_iter()
        .flatten()
        .map(|folder| format!("--remap-path-prefix={}=", folder.display()))
        .collect();
    match board {
        Board::Esp8266 => flags.push("--emit asm".to_owned()),
        Board::Esp32C3 => flags.push(format!(
            "-Clink-arg=-T{}",
            image.join("esp32c3/link.ld").display()
        )),
    }
    flags.join(" ")
}

/// Assembles what LLVM has printed, and links it with the start-up code and BearSSL.
fn link(
    board: Board,
    folder: &Path,
    messages: &[Message],
    assembly: &Path,
    elf: &Path,
) -> Result<(), Failure> {
    let sources = root().join("sim/boards/image/esp8266");
    let objects = folder.join("objects");
    std::fs::create_dir_all(&objects).map_err(|error| at(&objects, &error))?;
    let built_for_board = folder.join(board.target());
    let mut inputs = vec![assemble(board, assembly, &elf.with_extension("o"))?];
    let libraries = messages.iter().flat_map(|message| &message.filenames);
    for library in libraries.filter(|file| file.starts_with(&built_for_board)) {
        let name = library.file_stem().unwrap_or_default().to_string_lossy();
        if !library
            .extension()
            .is_some_and(|extension| extension == "rlib")
            || !name.contains('-')
        {
            continue;
        }
        let name = name.trim_start_matches("lib");
        let assembly = library.with_file_name(format!("{name}.s"));
        inputs.push(assemble(
            board,
            &assembly,
            &objects.join(format!("{name}.o")),
        )?);
    }
    let start = objects.join("start.o");
    let compiler = format!("{}gcc", board.prefix());
    run(
        Command::new(&compiler)
            .args(["-c", "-mtext-section-literals", "-o"])
            .arg(&start)
            .arg(sources.join("start.S")),
        &compiler,
    )?;
    inputs.push(start);
    let archives = messages
        .iter()
        .filter_map(|message| message.out_dir.as_ref());
    inputs.extend(
        archives
            .map(|folder| folder.join("libbearssl.a"))
            .filter(|file| file.is_file()),
    );
    run(
        Command::new(&compiler)
            .args(["-nostdlib", "-Wl,--gc-sections,-z,noexecstack", "-T"])
            .arg(sources.join("link.ld"))
            .arg("-o")
            .arg(elf)
            .args(inputs)
            .arg("-lgcc"),
        &compiler,
    )?;
    Ok(())
}

/// Assembles one file, unless that has been done.
fn assemble(board: Board, assembly: &Path, object: &Path) -> Result<PathBuf, Failure> {
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    if modified(object).is_none_or(|made| modified(assembly).is_none_or(|read| made <= read)) {
        let text = std::fs::read_to_string(assembly).map_err(|error| at(assembly, &error))?;
        let placed = object.with_extension("placed.s");
        std::fs::write(&placed, xtensa::place_literals(&text))
            .map_err(|error| at(&placed, &error))?;
        let assembler = format!("{}as", board.prefix());
        run(
            Command::new(&assembler)
                .args(["--longcalls", "--text-section-literals", "-o"])
                .arg(object)
                .arg(&placed),
            &assembler,
        )?;
    }
    Ok(object.to_owned())
}

fn write_if_changed(path: &Path, text: &str) -> Result<(), Failure> {
    if std::fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    std::fs::write(path, text).map_err(|error| at(path, &error))
}

/// Runs a program to its end, and hands out what it printed.
fn run(command: &mut Command, name: &str) -> Result<String, Failure> {
    let ran = command
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| Failure::Other(format!("`{name}`: {error}")))?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let lines: Vec<_> = said.lines().collect();
    let last = &lines[lines.len().saturating_sub(20)..];
    Err(Failure::Other(format!(
        "building the image failed; `{name}` said:\n{}",
        last.join("\n")
    )))
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("{}: {error}", path.display()))
}
