//! A connection in one pcapng file: everything that a replay needs, and everything that Wireshark needs to decrypt it.
//!
//! - the comment of the section header is the [`Header`] as JSON,
//! - a Decryption Secrets Block has the key log (`CLIENT_RANDOM`),
//! - the packets are the connection's bytes as Ethernet, IPv4 and TCP with right numbers and checksums.
//!
//! `container` is the file, `packets` are the packets.

mod container;
mod packets;

use std::io::ErrorKind;
use std::path::Path;

use bearcub::tls::Negotiated;
use serde::{Deserialize, Serialize};

use crate::client::{Outcome, Turn};
use crate::failure::Failure;
use crate::hex::{self, Hex};
use crate::plan::Plan;
use crate::tape::Tape;

/// More than any connection has that a device could make.
const SIZE_MAX: u64 = 64 << 20;

/// The number of this format.
pub const FORMAT: u32 = 1;

/// What a replay is told, beside the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`], in a field whose name says whose format it is.
    pub bearcub_recording: u32,
    /// The scenario, or where a live server was.
    pub scenario: String,
    /// What answered.
    pub server: String,
    /// The TCP port that the packets show.
    pub port: u16,
    /// 32 bytes from which all randomness of the client comes (ChaCha20).
    pub seed: Hex,
    /// What the connection is.
    pub plan: Plan,
    /// The application data that was exchanged.
    pub turns: Vec<Turn>,
    /// Whether the server said goodbye too.
    pub closed_by_both: bool,
    /// What was agreed on.
    pub agreed: Agreed,
}

/// What was agreed on, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreed {
    /// The suite's name.
    pub suite: String,
    /// The group's name; none with RSA key exchange.
    pub group: Option<String>,
    /// Bytes of a fragment; none if the server ignored the offer.
    pub fragment_length: Option<usize>,
    /// The protocol, by its index in the offer.
    pub alpn: Option<usize>,
    /// Whether a client certificate was asked for.
    pub certificate_requested: bool,
    /// Whether a session was resumed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

/// A recording in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// What a replay is told.
    pub header: Header,
    /// The key log: lines of `CLIENT_RANDOM`, the client's random, the master secret.
    pub key_log: String,
    /// The bytes.
    pub tape: Tape,
}

impl From<&Negotiated> for Agreed {
    fn from(negotiated: &Negotiated) -> Self {
        Agreed {
            suite: crate::names::of_suite(negotiated.suite),
            group: negotiated.group.map(crate::names::of_group),
            fragment_length: negotiated.fragment_length.map(|length| length.bytes()),
            alpn: negotiated.alpn,
            certificate_requested: negotiated.certificate_requested,
            resumed: negotiated.resumed,
        }
    }
}

/// The line of the key log for a connection.
pub fn key_log(outcome: &Outcome) -> String {
    let (random, master) = &outcome.secrets;
    format!(
        "CLIENT_RANDOM {} {}\n",
        hex::encode(random),
        hex::encode(master)
    )
}

impl Recording {
    /// The seed, which [`parse`](Self::parse) has found to be 32 bytes.
    pub fn seed(&self) -> [u8; 32] {
        let mut seed = [0; 32];
        let len = self.header.seed.0.len().min(32);
        seed[..len].copy_from_slice(&self.header.seed.0[..len]);
        seed
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// If the connection does not fit into the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let json = serde_json::to_string(&self.header)
            .map_err(|error| Failure::Other(format!("the recording's header: {error}")))?;
        let packets = packets::build(&self.tape, self.header.port)?;
        container::write(&json, &self.key_log, &packets)
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// What is wrong with them, and where.
    pub fn parse(bytes: &[u8]) -> Result<Recording, Failure> {
        let contents = container::read(bytes)?;
        let header = parse_header(&contents.comment)?;
        check_key_log(&contents.key_log)?;
        header.plan.with_config(|_| Ok(())).map_err(|failure| {
            let why = match failure.tls() {
                Some(error) => error.to_string(),
                None => failure.to_string(),
            };
            Failure::Recording(format!("the section header's comment: the plan: {why}"))
        })?;
        Ok(Recording {
            header,
            key_log: contents.key_log,
            tape: packets::parse(&contents.packets)?,
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, with the file's name in front.
    pub fn load(path: &Path) -> Result<Recording, Failure> {
        let bytes = std::fs::File::open(path)
            .and_then(|file| crate::files::read_at_most(file, SIZE_MAX))
            .map_err(|error| Failure::Recording(error.to_string()))
            .map_err(|failure| failure.at(path.display()))?;
        Recording::parse(&bytes).map_err(|failure| failure.at(path.display()))
    }

    /// Writes a file; one that is there is kept unless `force` says otherwise, and is replaced in one step.
    ///
    /// # Errors
    /// If it is there, or cannot be written.
    pub fn save(&self, path: &Path, force: bool) -> Result<(), Failure> {
        let bytes = self.to_bytes()?;
        let failed = |error: &std::io::Error| Failure::unwritten(path.display(), error);
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        std::io::Write::write_all(&mut file, &bytes).map_err(|error| failed(&error))?;
        readable_for_all(file.as_file());
        let written = if force {
            file.persist(path)
        } else {
            file.persist_noclobber(path)
        };
        match written {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Err(refuse_overwriting(path))
            }
            Err(error) => Err(failed(&error.error)),
        }
    }
}

/// Temporary files are private to their owner; a recording is not.
fn readable_for_all(file: &std::fs::File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// What is said about a file that is there.
pub fn refuse_overwriting(path: &Path) -> Failure {
    Failure::Usage(format!(
        "{} is there already; it is overwritten with --force only",
        path.display()
    ))
}

fn parse_header(json: &str) -> Result<Header, Failure> {
    let wrong = |error: serde_json::Error| {
        Failure::Recording(format!("the section header's comment: {error}"))
    };
    let value: serde_json::Value = serde_json::from_str(json).map_err(wrong)?;
    match value
        .get("bearcub_recording")
        .and_then(serde_json::Value::as_u64)
    {
        Some(number) if number == u64::from(FORMAT) => {}
        Some(number) => {
            return Err(Failure::Recording(format!(
                "the section header's comment says format {number}; this tool reads format {FORMAT}"
            )));
        }
        None => {
            return Err(Failure::Recording(
                "the section header's comment has no `bearcub_recording`; made by another program?"
                    .to_owned(),
            ));
        }
    }
    let header: Header = serde_json::from_value(value).map_err(wrong)?;
    if header.seed.0.len() != 32 {
        return Err(Failure::Recording(format!(
            "the section header's comment: `seed` has {} bytes instead of 32",
            header.seed.0.len()
        )));
    }
    Ok(header)
}

fn check_key_log(text: &str) -> Result<(), Failure> {
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split(' ');
        let hex_of = |word: Option<&str>, len: usize| {
            word.is_some_and(|word| {
                word.len() == 2 * len && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        };
        let right = words.next() == Some("CLIENT_RANDOM")
            && hex_of(words.next(), 32)
            && hex_of(words.next(), 48)
            && words.next().is_none();
        if !right {
            return Err(Failure::Recording(format!(
                "the decryption secrets, line {}: not `CLIENT_RANDOM`, 32 bytes, 48 bytes",
                number + 1
            )));
        }
    }
    Ok(())
}
