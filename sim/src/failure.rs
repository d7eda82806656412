//! What can go wrong, and the exit status it ends in.

use std::{fmt, io};

/// Why a command did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The arguments, or the files that they name, are wrong.
    Usage(String),
    /// The library's own error, with its number and explanation.
    Tls(bearcub::Error),
    /// The same, about this file or argument.
    TlsAt(String, bearcub::Error),
    /// Who answers does not speak what was expected.
    Stranger(Box<Stranger>),
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

/// Whoever answers instead of a server that was expected: told from its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Where.
    pub place: Option<String>,
    /// What it does: `this is no TLS: the server answers …`.
    pub message: String,
    /// What that is.
    pub cause: String,
    /// What to try.
    pub remedy: &'static str,
    /// What the library says to it, and so the device.
    pub error: bearcub::Error,
}

/// A failure taken apart, for people and machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The library's number for it.
    pub code: i32,
    /// What happened.
    pub message: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

impl Failure {
    /// A file that cannot be read, with what to try.
    pub fn unread(place: impl fmt::Display, error: &io::Error) -> Failure {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => {
                "; is it spelt right? A path counts from the folder in which this was started"
            }
            io::ErrorKind::PermissionDenied => "; this user may not read it: `ls -l` shows who may",
            io::ErrorKind::IsADirectory => "; name a file in it",
            _ => "",
        };
        Failure::Usage(format!("{place}: {error}{remedy}"))
    }

    /// A file or a stream that cannot be written. A path that cannot be one is the user's to correct (status 2); a disk that
    /// is full or fails is not (status 1).
    pub fn unwritten(place: impl fmt::Display, error: &io::Error) -> Failure {
        Failure::unwritten_but(place, error, "nothing was written")
    }

    /// The same, with other words for how things are now.
    pub fn unwritten_but(place: impl fmt::Display, error: &io::Error, state: &str) -> Failure {
        // Without the name of a temporary file, which says nothing to anyone.
        let why = match (error.raw_os_error(), error.kind()) {
            (_, io::ErrorKind::NotFound) => {
                "there is no such folder to write it in; make it first".to_owned()
            }
            (_, io::ErrorKind::PermissionDenied) => {
                "permission denied: this user may not write there".to_owned()
            }
            (None, io::ErrorKind::Other) => error.to_string(),
            (None, kind) => kind.to_string(),
            (Some(number), _) => io::Error::from_raw_os_error(number).to_string(),
        };
        let text = format!("{place}: {why}; {state}");
        match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem => Failure::Usage(text),
            _ => Failure::Other(text),
        }
    }

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
            Failure::Stranger(mut stranger) => {
                stranger.place = Some(match stranger.place.take() {
                    Some(inner) => format!("{place}: {inner}"),
                    None => place.to_string(),
                });
                Failure::Stranger(stranger)
            }
        }
    }

    /// The same, with words in front if it is the library's error and says nothing yet of where it happened.
    #[must_use]
    pub fn at_server(self, address: impl fmt::Display) -> Self {
        match self {
            Failure::Tls(_) => self.at(address),
            Failure::Stranger(ref stranger) if stranger.place.is_none() => self.at(address),
            other => other,
        }
    }

    /// The library's error, if it is one.
    pub fn tls(&self) -> Option<&bearcub::Error> {
        match self {
            Failure::Tls(error) | Failure::TlsAt(_, error) => Some(error),
            Failure::Stranger(stranger) => Some(&stranger.error),
            _ => None,
        }
    }

    /// Where it happened, if that is known of an error of the library.
    pub fn place(&self) -> Option<&str> {
        match self {
            Failure::TlsAt(place, _) => Some(place),
            Failure::Stranger(stranger) => stranger.place.as_deref(),
            _ => None,
        }
    }

    /// An error of the library, taken apart.
    pub fn explained(&self) -> Option<Explained> {
        let error = self.tls()?;
        let explanation = error.explain();
        let explained = Explained {
            code: error.code(),
            message: error.to_string(),
            cause: explanation.cause.to_owned(),
            remedy: explanation.remedy.to_owned(),
        };
        Some(match self {
            Failure::Stranger(stranger) => Explained {
                message: stranger.message.clone(),
                cause: stranger.cause.clone(),
                remedy: stranger.remedy.to_owned(),
                ..explained
            },
            _ => explained,
        })
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
        if let Some(explained) = self.explained() {
            if let Some(place) = self.place() {
                write!(f, "{place}: ")?;
            }
            return write!(
                f,
                "error {}: {}\n  cause:  {}\n  remedy: {}",
                explained.code, explained.message, explained.cause, explained.remedy
            );
        }
        match self {
            Failure::Tls(_) | Failure::TlsAt(..) | Failure::Stranger(_) => Ok(()),
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
