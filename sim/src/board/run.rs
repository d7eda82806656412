//! Runs an image in the emulator, and reads what it reports.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Board;
use crate::failure::Failure;

/// A replay takes a fraction of a second; a machine may be busy with other things.
pub const LIMIT: Duration = Duration::from_secs(60);
/// More than any image reports.
const OUTPUT_MAX: u64 = 1 << 20;

/// A line of an image's report.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", deny_unknown_fields)]
#[allow(missing_docs)]
pub enum Event {
    /// Bytes of the library's structures.
    Sizes {
        kept: usize,
        context: usize,
        scratch: usize,
        session: usize,
        structures: [usize; 3],
    },
    /// A stage of the handshake.
    Stage(Stage),
    /// What was agreed on, and the instructions after the handshake's last message.
    Agreed {
        suite: u16,
        group: u16,
        fragment_length: usize,
        resumed: bool,
        finishing: u64,
    },
    /// All runs of a public-key operation.
    Operation {
        name: String,
        count: u32,
        instructions: u64,
    },
    /// Application data.
    Turn(Turn),
    /// An implementation of a cipher.
    Cipher(Cipher),
    /// A step of an MQTT session.
    Mqtt(MqttStep),
    /// What an MQTT session takes.
    #[serde(rename = "mqtt_sizes")]
    MqttSizes(MqttSizes),
    /// What the example's firmware does.
    Firmware(FirmwareStep),
    /// The library's error.
    Error { code: i32 },
    /// Something else that went wrong.
    Trouble { what: String },
    /// The end.
    Done,
}

/// What the firmware in `examples/esp8266` says, to its log or by what it does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmwareStep {
    /// The step, or the line.
    pub what: String,
    /// The error, or another number.
    pub number: i32,
    /// Instructions since the last dialling.
    pub instructions: u64,
    /// The stack's high-water mark, bytes.
    pub stack: usize,
}

/// Bytes of an MQTT session, without its buffers and its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct MqttSizes {
    /// Without slots and subscriptions.
    pub session: usize,
    /// That each slot adds, for both directions.
    pub slot: usize,
    /// That each subscription adds.
    pub subscription: usize,
}

/// What a step of an MQTT session takes, without TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct MqttStep {
    /// What is done.
    pub name: String,
    /// Bytes of the message's packet; 0 where there is none.
    pub packet: usize,
    /// Instructions.
    pub instructions: u64,
}

/// What an implementation of a cipher takes, its key's set-up included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cipher {
    /// As BearSSL calls it.
    pub name: String,
    /// Bytes that were worked on.
    pub bytes: usize,
    /// Instructions.
    pub instructions: u64,
    /// Bytes of its key in RAM.
    pub keys: usize,
}

/// A stage of the handshake, up to the moment at which another message is awaited.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The message that was awaited, or that was sent.
    pub message: String,
    /// Instructions of the library.
    pub instructions: u64,
    /// Of them, those of the longest call.
    pub longest: u64,
    /// Of them, those of arithmetic on curves, where they were counted.
    pub curves: u64,
    /// The stack's high-water mark, bytes.
    pub stack: usize,
}

/// An exchange of application data, each of its sides in one or more records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Bytes that were sent.
    pub sent: usize,
    /// Instructions that it took to seal them.
    pub sealing: u64,
    /// Bytes that were received.
    pub received: usize,
    /// Instructions that it took to open them.
    pub opening: u64,
}

/// Runs the image with that tape in that emulator.
///
/// # Errors
/// If it crashes, does not end in time, or prints something else than a report; the last stage that it reached is named.
pub fn image(
    board: Board,
    emulator: &OsStr,
    elf: &Path,
    tape: &[u8],
    limit: Duration,
) -> Result<Vec<Event>, Failure> {
    image_with(board, emulator, &[], elf, tape, limit)
}

/// The same, with further arguments for the emulator.
///
/// # Errors
/// As [`image`].
pub fn image_with(
    board: Board,
    emulator: &OsStr,
    further: &[&OsStr],
    elf: &Path,
    tape: &[u8],
    limit: Duration,
) -> Result<Vec<Event>, Failure> {
    let folder = tempfile::tempdir().map_err(|error| wrong(board, &error.to_string(), &[]))?;
    std::fs::write(folder.path().join("tape.bin"), tape)
        .map_err(|error| wrong(board, &error.to_string(), &[]))?;
    // Without `sleep=off` the emulator's clock, which the lx106 counts, at times waits for the host's.
    let machine: &[&str] = match board {
        Board::Esp8266 => &["-M", "sim", "-cpu", "lx106"],
        Board::Esp32C3 => &["-M", "virt", "-bios", "none"],
    };
    let mut command = Command::new(emulator);
    command
        .args(machine)
        .args([
            "-semihosting",
            "-nographic",
            "-monitor",
            "none",
            "-serial",
            "none",
        ])
        .args(["-icount", "shift=0,sleep=off"])
        .args(further)
        .arg("-kernel")
        .arg(elf)
        .current_dir(folder.path());
    let (text, end) = watch(board, &mut command, limit)?;
    let mut events = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // What the emulator itself has to say.
        if line.starts_with(board.emulator()) || line.starts_with("qemu: ") {
            continue;
        }
        let event = serde_json::from_str(line).map_err(|_| {
            let shown: String = line.chars().take(80).collect();
            wrong(
                board,
                &format!("it printed what is no report: `{}`", shown.escape_debug()),
                &events,
            )
        })?;
        events.push(event);
    }
    for event in &events {
        match event {
            Event::Trouble { what } => return Err(wrong(board, what, &events)),
            Event::Error { code } => {
                let error = bearcub::Error::from_code(*code);
                let text = error.map_or_else(String::new, |error| format!(": {error}"));
                return Err(wrong(board, &format!("error {code}{text}"), &events));
            }
            _ => {}
        }
    }
    match end {
        End::Late => {
            let what = format!("it has not ended within {} s", limit.as_secs_f64());
            Err(wrong(board, &what, &events))
        }
        End::Status(well) if !well => Err(wrong(board, "it ended in failure", &events)),
        End::Status(_) if events.last() != Some(&Event::Done) => {
            Err(wrong(board, "its report is cut short", &events))
        }
        End::Status(_) => Ok(events),
    }
}

enum End {
    Status(bool),
    Late,
}

/// Runs the emulator, and kills it when its time is up.
fn watch(board: Board, command: &mut Command, limit: Duration) -> Result<(String, End), Failure> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| wrong(board, &format!("`{}`: {error}", board.emulator()), &[]))?;
    // One machine's semihosting prints to standard output, the other's to standard error.
    let (send, receive) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for stream in streams.into_iter().flatten() {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.take(OUTPUT_MAX).read_to_end(&mut bytes);
            let _ = send.send(bytes);
        });
    }
    drop(send);
    let deadline = Instant::now() + limit;
    let end = loop {
        match child.try_wait() {
            Ok(Some(status)) => break End::Status(status.success()),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                break End::Late;
            }
            Err(error) => return Err(wrong(board, &error.to_string(), &[])),
        }
    };
    let mut text = String::new();
    while let Ok(bytes) = receive.recv_timeout(Duration::from_secs(5)) {
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    Ok((text, end))
}

fn wrong(board: Board, what: &str, events: &[Event]) -> Failure {
    let last = events.iter().rev().find_map(|event| match event {
        Event::Stage(stage) => Some(format!("after the stage {}", stage.message)),
        Event::Agreed { .. } => Some("after the handshake".to_owned()),
        Event::Turn(_) => Some("after application data".to_owned()),
        _ => None,
    });
    let last = last.unwrap_or_else(|| "before the first stage".to_owned());
    Failure::Other(format!("the image for {board} failed {last}: {what}"))
}
