//! The programs that the lab runs, where they are found, and what to install when they are not.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::Error;

/// A program of the operating system that the lab needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `openssl`: makes keys and signatures, verifies chains, serves TLS.
    Openssl,
    /// `mosquitto`: the MQTT broker.
    Mosquitto,
    /// `mosquitto_passwd`: makes the broker's password files; part of the broker's package.
    MosquittoPasswd,
}

impl Program {
    /// Every program.
    pub const ALL: [Program; 3] = [
        Program::Openssl,
        Program::Mosquitto,
        Program::MosquittoPasswd,
    ];

    /// The name of the executable.
    pub const fn name(self) -> &'static str {
        match self {
            Program::Openssl => "openssl",
            Program::Mosquitto => "mosquitto",
            Program::MosquittoPasswd => "mosquitto_passwd",
        }
    }

    /// The name of the package that has it, the same in Debian, Fedora and Homebrew.
    pub const fn package(self) -> &'static str {
        match self {
            Program::Openssl => "openssl",
            Program::Mosquitto | Program::MosquittoPasswd => "mosquitto",
        }
    }

    /// Where the program is: in `PATH`, or in the folders for servers, which a user's `PATH`
    /// often leaves out.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], whose text says what to install.
    pub fn find(self) -> Result<PathBuf, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let servers = [
            "/usr/sbin",
            "/usr/local/sbin",
            "/opt/homebrew/sbin",
            "/opt/homebrew/bin",
        ];
        std::env::split_paths(&path)
            .chain(servers.iter().map(PathBuf::from))
            .map(|folder| folder.join(self.name()))
            .find(|file| file.is_file())
            .ok_or(Error::Missing(self))
    }
}

/// Checks that programs are installed, before anything is started.
///
/// ```
/// use bearcub_lab::{Program, require};
///
/// if let Err(missing) = require(&[Program::Openssl, Program::Mosquitto]) {
///     eprintln!("{missing}"); // … apt-get install mosquitto
/// }
/// ```
///
/// # Errors
///
/// [`Error::Missing`] for the first program that is not there.
pub fn require(programs: &[Program]) -> Result<(), Error> {
    programs
        .iter()
        .try_for_each(|program| program.find().map(drop))
}

/// Runs `openssl` with the machine's own configuration kept out, gives it `input` (at most a few
/// kilobytes, less than a pipe holds) and returns what it printed.
///
/// # Errors
///
/// [`Error::Missing`] without the program, [`Error::Failed`] with its own words when it fails.
pub(crate) fn openssl<A: AsRef<OsStr>>(arguments: &[A], input: &[u8]) -> Result<Vec<u8>, Error> {
    let mut child = Command::new(Program::Openssl.find()?)
        .args(arguments)
        .env("OPENSSL_CONF", "/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // A program that fails early closes the pipe; its exit status then says why.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input);
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Failed {
        program: Program::Openssl,
        reason: format!("{} with {:?}", output.status, arguments[0].as_ref()),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
