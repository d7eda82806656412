//! Why something fails, inside of MQTT.

use core::num::NonZeroU32;

use embedded_io::ErrorKind;

use crate::error::{
    ConfigError, Error, MqttMisuse, MqttResource, MqttViolation, NetworkError, Refusal,
};

/// An [`Error`] of those that MQTT has, as a number: a result with it is 0 or not 0, which costs a microcontroller a third of the
/// code that results with the whole take. It becomes an error where it is told to the program.
///
/// The number is that of the error without its sign, less [`BASE`]; an instruction can hold it then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cause(NonZeroU32);

/// What the numbers of MQTT's errors begin behind.
const BASE: i32 = 2000;

const _: () = assert!(size_of::<Result<(), Cause>>() == 4);

impl Cause {
    /// No error: there is nothing to do, or no room for it at the moment.
    pub const NOT_NOW: Self = Self::new(500);
    pub const BAD_STATE: Self = Self::new(501);
    pub const CLOSED: Self = Self::new(502);
    pub const TIMEOUT: Self = Self::new(503);
    /// The stream takes nothing.
    pub const WRITE_ZERO: Self = Self::new(504);
    pub const NO_CONN_ACK: Self = Self::new(10);
    pub const NO_PING_RESP: Self = Self::new(11);
    pub const CLOSED_BEFORE_CONN_ACK: Self = Self::new(12);

    const fn new(number: u32) -> Self {
        // No error has the number 0.
        Self(NonZeroU32::MIN.saturating_add(number - 1))
    }

    /// The violation that this is.
    pub fn violation(self) -> MqttViolation {
        MqttViolation::from_code(self.code()).unwrap_or(MqttViolation::PacketType)
    }

    /// The misuse that this is.
    pub fn misuse(self) -> MqttMisuse {
        MqttMisuse::from_code(self.code()).unwrap_or(MqttMisuse::PacketTooLong)
    }

    const fn code(self) -> i32 {
        -BASE - self.0.get() as i32
    }

    /// Of an error's number.
    const fn of(code: i32) -> Self {
        Self::new((-BASE - code) as u32)
    }
}

impl From<Cause> for Error {
    #[inline(never)]
    fn from(cause: Cause) -> Self {
        let code = cause.code();
        // Range by range, so that the compiler sees that every number in it is an error's, and needs no table.
        let error = match code {
            -2005..=-2001 => Refusal::from_code(code).map(Error::from),
            -2007 => Some(Refusal::AwsNotAuthorised.into()),
            -2120..=-2100 => MqttViolation::from_code(code).map(Error::from),
            -2213..=-2200 => MqttMisuse::from_code(code).map(Error::from),
            -2257..=-2250 => MqttMisuse::from_code(code).map(Error::from),
            -2307..=-2300 => MqttResource::from_code(code).map(Error::from),
            _ => None,
        };
        if let Some(error) = error {
            return error;
        }
        match cause {
            Cause::CLOSED => NetworkError::Closed.into(),
            Cause::TIMEOUT => NetworkError::Timeout.into(),
            Cause::WRITE_ZERO => NetworkError::Transport(ErrorKind::WriteZero).into(),
            Cause::NO_CONN_ACK => NetworkError::NoConnAck.into(),
            Cause::NO_PING_RESP => NetworkError::NoPingResp.into(),
            Cause::CLOSED_BEFORE_CONN_ACK => NetworkError::ClosedBeforeConnAck.into(),
            _ => ConfigError::BadState.into(),
        }
    }
}

impl From<MqttMisuse> for Cause {
    #[inline]
    fn from(error: MqttMisuse) -> Self {
        Self::of(error.code())
    }
}

impl From<MqttViolation> for Cause {
    #[inline]
    fn from(error: MqttViolation) -> Self {
        Self::of(error.code())
    }
}

impl From<Refusal> for Cause {
    #[inline]
    fn from(error: Refusal) -> Self {
        Self::of(error.code())
    }
}

impl From<MqttResource> for Cause {
    #[inline]
    fn from(error: MqttResource) -> Self {
        Self::of(error.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_mqtt_comes_back_from_its_number() {
        fn check<E: Into<Cause> + Into<Error> + Copy>(errors: impl IntoIterator<Item = E>) {
            for error in errors {
                let (cause, error): (Cause, Error) = (error.into(), error.into());
                assert_eq!(Error::from(cause), error);
                // Below what stands for none of them.
                assert!(cause.0.get() < Cause::NOT_NOW.0.get());
            }
        }
        check(MqttViolation::ALL.iter().copied());
        check(MqttResource::ALL.iter().copied());
        check(Refusal::ALL.iter().copied());
        // That a server is not verified is found out before there is a session.
        let misuses = MqttMisuse::ALL.iter().copied();
        check(
            misuses
                .clone()
                .filter(|&misuse| misuse != MqttMisuse::Unverified),
        );
        for misuse in misuses {
            assert_eq!(Cause::from(misuse).misuse(), misuse);
        }
        for &violation in MqttViolation::ALL {
            assert_eq!(Cause::from(violation).violation(), violation);
        }
        for (cause, error) in [
            (Cause::NO_CONN_ACK, NetworkError::NoConnAck),
            (Cause::NO_PING_RESP, NetworkError::NoPingResp),
            (
                Cause::CLOSED_BEFORE_CONN_ACK,
                NetworkError::ClosedBeforeConnAck,
            ),
            (Cause::CLOSED, NetworkError::Closed),
            (Cause::TIMEOUT, NetworkError::Timeout),
            (
                Cause::WRITE_ZERO,
                NetworkError::Transport(ErrorKind::WriteZero),
            ),
        ] {
            assert_eq!(Error::from(cause), error.into());
        }
        assert_eq!(Error::from(Cause::BAD_STATE), ConfigError::BadState.into());
    }
}
