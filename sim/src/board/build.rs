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
    /// To measure the implementations of the ciphers.
    Ciphers,
    /// To see how large a device's program is with TLS.
    Firmware,
    /// The same without TLS.
    Plain,
    /// To measure an MQTT session.
    Mqtt,
    /// To see how large a device's program is with MQTT that publishes with QoS 0, without TLS.
    MqttSend,
    /// The same with MQTT that publishes and subscribes with every QoS.
    MqttFirmware,
    /// The same with everything that MQTT here has.
    MqttEvery,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Replay => "replay",
            Kind::Metered => "metered",
            Kind::Ciphers => "ciphers",
            Kind::Firmware => "firmware",
            Kind::Plain => "plain",
            Kind::Mqtt => "mqtt",
            Kind::MqttSend => "mqtt-send",
            Kind::MqttFirmware => "mqtt-firmware",
            Kind::MqttEvery => "mqtt-every",
        }
    }

    const fn feature(self) -> Option<&'static str> {
        match self {
            Kind::Replay => None,
            Kind::Metered => Some("meter"),
            Kind::Ciphers => Some("ciphers"),
            Kind::Firmware => Some("firmware"),
            Kind::Plain => Some("firmware-plain"),
            Kind::Mqtt => Some("mqtt"),
            Kind::MqttSend => Some("firmware-mqtt-send"),
            Kind::MqttFirmware => Some("firmware-mqtt"),
            Kind::MqttEvery => Some("firmware-mqtt-every"),
        }
    }
}

/// Where images are built: beside what cargo builds.
pub(super) fn folder(board: Board) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("boards").join(board.name())
}

/// Keeps other processes from building in the same folder, as long as the file is open.
///
/// # Errors
/// If there is no such file, and none can be made.
pub fn lock(board: Board) -> Result<std::fs::File, Failure> {
    let folder = folder(board);
    std::fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
    let path = folder.join("lock");
    let file = std::fs::File::create(&path).map_err(|error| at(&path, &error))?;
    file.lock().map_err(|error| at(&path, &error))?;
    Ok(file)
}

/// The folder of the source tree.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// One message of cargo's, of those that matter here.
#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    /// Whether it had been made before.
    #[serde(default)]
    fresh: bool,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the image for a plan, and says where it is.
///
/// # Errors
/// What the compiler, the assembler or the linker said.
pub fn image(board: Board, tools: &Tools, kind: Kind, plan: &Plan) -> Result<PathBuf, Failure> {
    let folder = folder(board);
    let made = folder.join(match plan.rsa_2048_only {
        false => kind.name().to_owned(),
        true => format!("{}-rsa-2048", kind.name()),
    });
    std::fs::create_dir_all(&made).map_err(|error| at(&made, &error))?;
    let plan_file = made.join("plan.rs");
    let assembly = made.join("image.s");
    // What is written is newer than what was made of it, so that it is made again.
    let text = source::of(plan)?;
    let is_made = board != Board::Esp8266 || assembly.is_file();
    if !is_made
        || std::fs::read_to_string(&plan_file).is_ok_and(|old| old != text)
        || !plan_file.is_file()
    {
        std::fs::write(&plan_file, text).map_err(|error| at(&plan_file, &error))?;
    }
    let features: Vec<_> = (!plan.rsa_2048_only)
        .then_some("rsa-4096")
        .into_iter()
        .chain(kind.feature())
        .collect();
    let messages = cargo(board, tools, &features, &folder, &plan_file)?;
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
    features: &[&str],
    folder: &Path,
    plan: &Path,
) -> Result<Vec<Message>, Failure> {
    let image = root().join("sim/boards/image");
    let target = match board {
        Board::Esp8266 => image
            .join("esp8266")
            .join(format!("{}.json", board.target())),
        Board::Esp32C3 => board.target().into(),
    };
    let underscored = board.target().replace('-', "_");
    // The optimizer sees the whole program of an image, which a library beside it would not let it.
    let what: &[&str] = match board {
        Board::Esp8266 => &["--lib", "--crate-type=staticlib"],
        Board::Esp32C3 => &["--bin=image"],
    };
    let mut command = Command::new(&tools.cargo);
    command
        .current_dir(&image)
        .arg("rustc")
        .args(what)
        .args([
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
        .arg("--no-default-features")
        .args(
            features
                .iter()
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
    messages(&run(&mut command, "cargo")?)
}

/// What cargo said.
pub(super) fn messages(text: &str) -> Result<Vec<Message>, Failure> {
    let messages = text.lines().filter(|line| line.starts_with('{'));
    messages
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| Failure::Other(format!("a message of cargo's: {error}")))
        })
        .collect()
}

/// Flags for every crate of the image. Paths are left out of it, so that it is the same in every folder.
pub(super) fn flags(board: Board, tools: &Tools, image: &Path) -> String {
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

/// Keeps the text that the compiler has just printed of the image's own crate.
fn take_assembly(folder: &Path, krate: &str, to: &Path) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| at(folder, &error))?;
    let mut newest = None;
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let rest = name.strip_prefix(krate);
        if !rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".s")) {
            continue;
        }
        let made = path.metadata().and_then(|metadata| metadata.modified());
        let made = made.map_err(|error| at(&path, &error))?;
        if newest.as_ref().is_none_or(|(best, _)| made > *best) {
            newest = Some((made, path));
        }
    }
    let (_, path) =
        newest.ok_or_else(|| Failure::Other("the compiler has printed no assembly".to_owned()))?;
    std::fs::copy(&path, to).map_err(|error| at(&path, &error))?;
    Ok(())
}

/// Assembles what LLVM has printed of the whole program, and of the compiler's own functions, which are not optimized with it.
/// The program's text is kept in `assembly`: cargo may print it anew for other features.
pub(super) fn objects(
    board: Board,
    messages: &[Message],
    krate: &str,
    assembly: &Path,
) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder(board);
    let objects = folder.join("objects");
    std::fs::create_dir_all(&objects).map_err(|error| at(&objects, &error))?;
    let built_for_board = folder.join(board.target());
    let root = messages.iter().find(|message| {
        let target = message.target.as_ref();
        target.is_some_and(|target| target.name == krate)
    });
    if root.is_none_or(|message| !message.fresh) || !assembly.is_file() {
        take_assembly(&built_for_board.join("release/deps"), krate, assembly)?;
    }
    let mut inputs = vec![assemble(board, assembly, &assembly.with_extension("o"))?];
    let libraries = messages.iter().flat_map(|message| &message.filenames);
    for library in libraries.filter(|file| file.starts_with(&built_for_board)) {
        let name = library.file_stem().unwrap_or_default().to_string_lossy();
        let is_library = library
            .extension()
            .is_some_and(|extension| extension == "rlib");
        if !is_library || !name.starts_with("libcompiler_builtins-") {
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
    Ok(inputs)
}

/// The archives of C code among what cargo made.
pub(super) fn archives(messages: &[Message]) -> Vec<PathBuf> {
    let folders = messages
        .iter()
        .filter_map(|message| message.out_dir.as_ref());
    let files = folders.map(|folder| folder.join("libbearssl.a"));
    files.filter(|file| file.is_file()).collect()
}

/// Links everything with the start-up code.
fn link(
    board: Board,
    folder: &Path,
    messages: &[Message],
    assembly: &Path,
    elf: &Path,
) -> Result<(), Failure> {
    let sources = root().join("sim/boards/image/esp8266");
    let mut inputs = objects(board, messages, "image", assembly)?;
    let start = folder.join("objects/start.o");
    let compiler = format!("{}gcc", board.prefix());
    run(
        Command::new(&compiler)
            .args(["-c", "-mtext-section-literals", "-o"])
            .arg(&start)
            .arg(sources.join("start.S")),
        &compiler,
    )?;
    inputs.push(start);
    inputs.extend(archives(messages));
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

/// Assembles one file, unless that has been done by this program.
fn assemble(board: Board, assembly: &Path, object: &Path) -> Result<PathBuf, Failure> {
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let program = std::env::current_exe().ok();
    let read = [Some(assembly), program.as_deref()];
    let is_made = modified(object).is_some_and(|made| {
        let mut read = read.into_iter().flatten();
        read.all(|path| modified(path).is_some_and(|read| made > read))
    });
    if !is_made {
        let text = std::fs::read_to_string(assembly).map_err(|error| at(assembly, &error))?;
        let placed = object.with_extension("placed.s");
        std::fs::write(&placed, xtensa::prepare(&text)).map_err(|error| at(&placed, &error))?;
        let assembler = format!("{}as", board.prefix());
        run(
            Command::new(&assembler)
                .args(["--text-section-literals", "--no-target-align", "-o"])
                .arg(object)
                .arg(&placed),
            &assembler,
        )?;
    }
    Ok(object.to_owned())
}

/// Runs a program to its end, and hands out what it printed.
pub(super) fn run(command: &mut Command, name: &str) -> Result<String, Failure> {
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

pub(super) fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Other(format!("{}: {error}", path.display()))
}
