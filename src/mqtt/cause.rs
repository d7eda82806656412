//! Why something fails, inside of MQTT.

use crate::error::{
    ConfigError, Error, MqttMisuse, MqttResource, MqttViolation, NetworkError, Refusal,
};

/// An [`Error`] of those that MQTT has, in as many bytes as fit a register: results with it cost a microcontroller a third of
/// the code that they take with the whole. It becomes one where it is told to the program.
#[derive(Clone, Copy)]
pub(super) enum Cause {
    BadState,
    Misuse(MqttMisuse),
    Violation(MqttViolation),
    Refusal(Refusal),
    Resource(MqttResource),
    Network(NetworkError),
}

const _: () = assert!(size_of::<Result<bool, Cause>>() == 4);

impl From<Cause> for Error {
    #[inline(never)]
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::BadState => ConfigError::BadState.into(),
            Cause::Misuse(error) => error.into(),
            Cause::Violation(error) => error.into(),
            Cause::Refusal(error) => error.into(),
            Cause::Resource(error) => error.into(),
            Cause::Network(error) => error.into(),
        }
    }
}

impl From<MqttMisuse> for Cause {
    fn from(error: MqttMisuse) -> Self {
        Self::Misuse(error)
    }
}

impl From<MqttViolation> for Cause {
    fn from(error: MqttViolation) -> Self {
        Self::Violation(error)
    }
}

impl From<Refusal> for Cause {
    fn from(error: Refusal) -> Self {
        Self::Refusal(error)
    }
}

impl From<MqttResource> for Cause {
    fn from(error: MqttResource) -> Self {
        Self::Resource(error)
    }
}

impl From<NetworkError> for Cause {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}
