//! Runs an image in the emulator, its UART a connection to a server.

use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Figures;
use super::tools::EMULATOR;
use crate::Result;
use crate::peers::Version;

/// The slowest connection takes a few seconds; a machine may be busy with other things.
const LIMIT: Duration = Duration::from_secs(120);
/// More than any image prints.
const OUTPUT_MAX: u64 = 1 << 20;
/// More than any peer takes.
const RANDOM: usize = 16 << 10;

/// What the image is to do.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The version of TLS.
    pub version: Version,
    /// Where the server listens.
    pub server: SocketAddr,
    /// The name that its certificate must have.
    pub host: &'a str,
    /// The root to trust, in DER.
    pub root: &'a [u8],
    /// What the board's clock says, in seconds of Unix time.
    pub now: u32,
}

impl Job<'_> {
    /// As the image reads it (`benches/board/src/job.rs`).
    fn to_bytes(self) -> Result<Vec<u8>> {
        let version: u32 = match self.version {
            Version::Tls12 => 2,
            Version::Tls13 => 3,
        };
        let mut bytes = Vec::new();
        bytes.extend(self.now.to_le_bytes());
        bytes.extend(version.to_le_bytes());
        let mut host = self.host.as_bytes().to_vec();
        host.push(0);
        for field in [&host[..], self.root] {
            bytes.extend(u32::try_from(field.len())?.to_le_bytes());
            bytes.extend(field);
        }
        let mut random = vec![0; RANDOM];
        getrandom::fill(&mut random)?;
        bytes.extend(random);
        Ok(bytes)
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Well: what it took.
    Done(Figures),
    /// The library ended it.
    Failed {
        /// Whether the handshake was over.
        connected: bool,
        /// What the library says.
        what: String,
    },
}

/// A line of an image's report.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Connected,
    Done(Figures),
    Failed { what: String },
    Trouble { what: String },
}

/// Runs the image.
///
/// # Errors
/// If it crashes, or does not end in time.
pub fn run(elf: &Path, job: Job<'_>) -> Result<End> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("tape.bin"), job.to_bytes()?)?;
    // Every instruction takes the same virtual time, so that the CPU's counter counts instructions.
    let mut command = Command::new(EMULATOR);
    command
        .args(["-M", "virt", "-bios", "none", "-semihosting", "-nographic"])
        .args(["-monitor", "none", "-icount", "shift=0,sleep=off"])
        .arg("-serial")
        .arg(format!("tcp:{},nodelay=on", job.server))
        .arg("-kernel")
        .arg(elf)
        .current_dir(folder.path());
    let text = watch(command, LIMIT)?;
    read(&text)
}

/// Reads an image's report.
fn read(text: &str) -> Result<End> {
    let mut connected = false;
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    for event in events {
        match event {
            Event::Connected => connected = true,
            Event::Done(figures) => return Ok(End::Done(figures)),
            Event::Failed { what } => return Ok(End::Failed { connected, what }),
            Event::Trouble { what } => return Err(what.into()),
        }
    }
    let last: Vec<_> = text.lines().rev().take(5).collect();
    Err(format!("the image has not said how it ended: {last:?}").into())
}

/// A child that does not outlive its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the emulator, and hands out what it printed; ends it when its time is up.
fn watch(mut command: Command, limit: Duration) -> Result<String> {
    let mut child = Running(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?,
    );
    let (send, receive) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.0.stdout.take().map(|stream| Box::new(stream) as _),
        child.0.stderr.take().map(|stream| Box::new(stream) as _),
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
    while child.0.try_wait()?.is_none() {
        if Instant::now() > deadline {
            let seconds = limit.as_secs_f64();
            return Err(format!("the image has not ended within {seconds} s").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut text = String::new();
    while let Ok(bytes) = receive.recv_timeout(Duration::from_secs(5)) {
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{End, Figures, read, watch};
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_report_says_how_the_connection_ended() {
        let well = "noise\n{\"event\":\"connected\"}\n\
                    {\"event\":\"done\",\"handed_in\":1,\"heap\":2,\"stack\":3,\"handshake\":4}\n";
        let figures = Figures {
            handed_in: 1,
            heap: 2,
            stack: 3,
            handshake: 4,
        };
        assert_eq!(read(well).unwrap(), End::Done(figures));
        let refused = read("{\"event\":\"failed\",\"what\":\"NotTrusted\"}").unwrap();
        let what = "NotTrusted".to_owned();
        let connected = false;
        assert_eq!(refused, End::Failed { connected, what });
        assert!(read("{\"event\":\"trouble\",\"what\":\"exception 5\"}").is_err());
        assert!(read("{\"event\":\"connected\"}").is_err());
    }

    #[test]
    fn an_emulator_that_hangs_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("60");
        let said = watch(command, Duration::from_millis(100)).unwrap_err();
        assert_eq!(said.to_string(), "the image has not ended within 0.1 s");
    }
}
