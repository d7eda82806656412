//! What can go wrong, and the exit status it ends in.

use std::fmt;

/// Why a command did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The arguments, or the files that they name, are wrong.
    Usage(String),
    /// The library's own error, with its number and explanation.
    Tls(bearcub::Error),
    /// The same, about this file or argument.
    TlsAt(String, bearcub::Error),
    /// A recording is not one: what, and where.
    Recording(String),
    /// The client does not send or receive what was recorded: what, and where.
    Diverged(String),
    /// Something else: a server of the lab that does not start, an output that is full.
    Other(String),
    /// A program that measuring needs is not there.
    Missing(String),
    /// A check was made, and the answer is no.
    Refuted(String),
    /// What was asked about is not known.
    Unknown(String),
    /// Several things failed and have been told: how many, and the exit status of the worst.
    Several(String, u8),
}

impl Failure {
    /// 2 for wrong arguments and files, which the library may have found; 3 for a check whose answer is no, 4 for what is
    /// not known; else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Failure::Several(_, status) => *status,
            Failure::Refuted(_) => 3,
            Failure::Unknown(_) => 4,
            Failure::Usage(_)
            | Failure::Recording(_)
            | Failure::Tls(bearcub::Error::Config(_))
            | Failure::TlsAt(_, bearcub::Error::Config(_)) => 2,
            _ => 1,
        }
    }

    /// The same failure, with words in front that say where it happened.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        match self {
            Failure::Usage(text) => Failure::Usage(format!("{place}: {text}")),
            Failure::Recording(text) => Failure::Recording(format!("{place}: {text}")),
            Failure::Diverged(text) => Failure::Diverged(format!("{place}: {text}")),
            Failure::Other(text) => Failure::Other(format!("{place}: {text}")),
            Failure::Missing(text) => Failure::Missing(format!("{place}: {text}")),
            Failure::Refuted(text) => Failure::Refuted(format!("{place}: {text}")),
            Failure::Unknown(text) => Failure::Unknown(format!("{place}: {text}")),
            Failure::Several(text, status) => Failure::Several(format!("{place}: {text}"), status),
            Failure::Tls(error) => Failure::TlsAt(place.to_string(), error),
            Failure::TlsAt(inner, error) => Failure::TlsAt(format!("{place}: {inner}"), error),
        }
    }

    /// The library's error, if it is one.
    pub fn tls(&self) -> Option<&bearcub::Error> {
        match self {
            Failure::Tls(error) | Failure::TlsAt(_, error) => Some(error),
            _ => None,
        }
    }
}

/// Of several failures, what is said when they have been told: how many of how many, and the worst exit status.
///
/// # Errors
/// If there are any.
pub fn sum_up(failures: &[Failure], all: usize, what: &str) -> Result<(), Failure> {
    match failures.iter().map(Failure::exit_status).max() {
        None => Ok(()),
        Some(status) => Err(Failure::Several(
            format!("{} of {all} {what} failed", failures.len()),
            status,
        )),
    }
}

/// One sentence; for the library's errors also the number, the cause and the remedy, each on its own line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Tls(error) | Failure::TlsAt(_, error) => {
                if let Failure::TlsAt(place, _) = self {
                    write!(f, "{place}: ")?;
                }
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
            Failure::Usage(text)
            | Failure::Other(text)
            | Failure::Missing(text)
            | Failure::Refuted(text)
            | Failure::Unknown(text)
            | Failure::Several(text, _) => f.write_str(text),
        }
    }
}

impl std::error::Error for Failure {}

impl<E: Into<bearcub::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Tls(error.into())
    }
}
