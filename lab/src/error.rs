//! What can go wrong in the lab.

use core::fmt;
use std::io;

use crate::Program;

/// Why the lab could not do it. `Debug` prints the same text as `Display`, so that `unwrap` in a
/// test shows the server's log and not its escaped form.
pub enum Error {
    /// A program is not installed.
    Missing(Program),
    /// A program ran and failed, or did not come up in time.
    Failed {
        /// The program.
        program: Program,
        /// What was wrong, in a few words.
        reason: String,
        /// What the program printed.
        log: String,
    },
    /// The configuration of an in-process server was refused.
    Config(String),
    /// Something listens at the port of the configuration already.
    PortTaken,
    /// The operating system refused something.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Missing(program) => write!(
                f,
                "`{}` is not installed. Install it: apt-get install {package} (Debian, Ubuntu), \
                 dnf install {package} (Fedora), brew install {package} (macOS)",
                program.name(),
                package = program.package(),
            ),
            Error::Failed {
                program,
                reason,
                log,
            } => {
                write!(
                    f,
                    "`{}` failed: {reason}\n{}",
                    program.name(),
                    log.trim_end()
                )
            }
            Error::Config(reason) => write!(f, "the server's configuration is refused: {reason}"),
            Error::PortTaken => write!(f, "the port of the configuration is taken"),
            Error::Io(error) => write!(f, "{error}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(error)
    }
}
