//! What can go wrong, and the exit status it ends in.

use std::fmt;

/// Why a command did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The arguments, or the files that they name, are wrong.
    Usage(String),
    /// The library's own error, with its number and explanation.
    Tls(bearcub::Error),
    /// A recording is not one: what, and where.
    Recording(String),
    /// The client does not send or receive what was recorded: what, and where.
    Diverged(String),
    /// Something else: a file that cannot be written, a server of the lab that does not start.
    Other(String),
}

impl Failure {
    /// 2 for wrong arguments, else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Failure::Usage(_) => 2,
            _ => 1,
        }
    }

    /// The same failure, with words in front that say where it happened. The library's own error stays as it is.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        match self {
            Failure::Usage(text) => Failure::Usage(format!("{place}: {text}")),
            Failure::Recording(text) => Failure::Recording(format!("{place}: {text}")),
            Failure::Diverged(text) => Failure::Diverged(format!("{place}: {text}")),
            Failure::Other(text) => Failure::Other(format!("{place}: {text}")),
            Failure::Tls(error) => Failure::Tls(error),
        }
    }
}

/// One sentence; for the library's errors also the number, the cause and the remedy, each on its own line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) => {
                let explanation = error.explain();
                write!(
                    f,
                    "error {}: {error}\n  cause:  {}\n  remedy: {}",
                    error.code(),
                    explanation.cause,
                    explanation.remedy
                )
            }
            Failure::Recording(text) => write!(f, "not a usable recording: {text}"),
            Failure::Diverged(text) => write!(f, "the replay differs from the recording: {text}"),
            Failure::Usage(text) | Failure::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl<E: Into<bearcub::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Tls(error.into())
    }
}
