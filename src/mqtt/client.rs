//! What the two shells have in common.

use core::fmt;

use crate::error::{Error, MqttMisuse, NetworkError};

use super::cause::Cause;

/// Why a call of a client failed.
///
/// Over a TLS stream both are the library's own error: `?` turns this into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError<E> {
    /// MQTT's side: the broker, a deadline, the program.
    Mqtt(Error),
    /// The stream's.
    Stream(E),
}

impl<E: embedded_io::Error> ClientError<E> {
    /// As the library's own error; of the stream's only the kind is left, as `Transport`.
    pub fn into_error(self) -> Error {
        match self {
            Self::Mqtt(error) => error,
            Self::Stream(error) => NetworkError::Transport(error.kind()).into(),
        }
    }
}

impl<E> From<Error> for ClientError<E> {
    fn from(error: Error) -> Self {
        Self::Mqtt(error)
    }
}

impl<E> From<Cause> for ClientError<E> {
    fn from(cause: Cause) -> Self {
        Self::Mqtt(cause.into())
    }
}

impl<E> From<MqttMisuse> for ClientError<E> {
    fn from(error: MqttMisuse) -> Self {
        Self::Mqtt(error.into())
    }
}

impl<E> From<NetworkError> for ClientError<E> {
    fn from(error: NetworkError) -> Self {
        Self::Mqtt(error.into())
    }
}

impl From<ClientError<Error>> for Error {
    fn from(error: ClientError<Error>) -> Self {
        match error {
            ClientError::Mqtt(error) | ClientError::Stream(error) => error,
        }
    }
}

impl<E: fmt::Display> fmt::Display for ClientError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mqtt(error) => error.fmt(f),
            Self::Stream(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for ClientError<E> {}

/// What a round of sending and receiving came to.
pub(super) enum Turn {
    /// There is an event.
    Event,
    /// There is none yet.
    Nothing,
    /// There is none until the program acknowledges something.
    Stuck,
}
