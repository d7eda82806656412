//! Session resumption as a value.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::bytes;
use crate::error::{ConfigError, Fault, Input};

/// What it takes to resume a connection: a full handshake's public-key operations are saved.
///
/// The program decides where it is kept; also across deep sleep, as [`to_bytes`](Self::to_bytes). It holds the connection's
/// master secret: who reads it reads what was sent. It is tied to the server name and the trust it was made under, and
/// refused (`ForeignSession`) under any other, because a resumed handshake shows no certificate. For the same reason a resumed
/// connection does not notice that the certificate has expired since: drop a session that is older than you accept.
///
/// ```
/// # fn example(connection: &bearcub::tls::Connection<'_>, flash: &mut [u8; 92]) {
/// if let Some(session) = connection.session() {
///     *flash = session.to_bytes();
/// }
/// # }
/// # fn later(flash: &[u8; 92]) -> Result<(), bearcub::error::ConfigError> {
/// let session = bearcub::tls::Session::from_bytes(flash)?;
/// # let trust = bearcub::trust::Trust::learn();
/// let config = bearcub::tls::Config::new("mqtt.example.org", &trust).resume(Some(&session));
/// # Ok(()) }
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Session {
    id: [u8; 32],
    id_len: u8,
    suite: u16,
    master_secret: [u8; 48],
    binding: [u8; 8],
}

/// First byte of a stored session.
const FORMAT: u8 = 1;

impl Session {
    /// Bytes of a stored session.
    pub const LEN: usize = 92;

    pub(super) fn new(id: &[u8], suite: u16, master_secret: &[u8; 48], binding: [u8; 8]) -> Self {
        let mut session = Session {
            id: [0; 32],
            id_len: 0,
            suite,
            master_secret: *master_secret,
            binding,
        };
        session.id_len = bytes::copy(&mut session.id, id) as u8;
        session
    }

    pub(super) fn id(&self) -> &[u8] {
        self.id.get(..usize::from(self.id_len)).unwrap_or_default()
    }

    pub(super) fn suite(&self) -> u16 {
        self.suite
    }

    pub(super) fn master_secret(&self) -> &[u8; 48] {
        &self.master_secret
    }

    pub(super) fn binding(&self) -> [u8; 8] {
        self.binding
    }

    /// The session as bytes: format (1), length of the identifier, suite, identifier, master secret, binding. Wipe them
    /// when they are no longer needed.
    pub fn to_bytes(&self) -> [u8; Session::LEN] {
        let mut stored = [0; Session::LEN];
        stored[0] = FORMAT;
        stored[1] = self.id_len;
        bytes::copy(&mut stored[2..4], &self.suite.to_be_bytes());
        bytes::copy(&mut stored[4..36], &self.id);
        bytes::copy(&mut stored[36..84], &self.master_secret);
        bytes::copy(&mut stored[84..], &self.binding);
        stored
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// `Malformed` with the offset: wrong length, unknown format, an identifier of 0 or more than 32 bytes, a suite that is
    /// none of ours. Erased flash (all 0 or all 0xFF) is such an error.
    pub fn from_bytes(stored: &[u8]) -> Result<Self, ConfigError> {
        let wrong = |fault, offset| ConfigError::Malformed {
            input: Input::Session,
            fault,
            offset,
        };
        let stored: &[u8; Session::LEN] = stored.try_into().map_err(|_| {
            let fault = if stored.len() < Session::LEN {
                Fault::Truncated
            } else {
                Fault::TrailingData
            };
            wrong(fault, stored.len().min(Session::LEN))
        })?;
        if stored[0] != FORMAT {
            return Err(wrong(Fault::Unsupported, 0));
        }
        if !(1..=32).contains(&stored[1]) {
            return Err(wrong(Fault::OutOfRange, 1));
        }
        let suite = u16::from_be_bytes([stored[2], stored[3]]);
        if super::Suite::name_of(suite).is_none() {
            return Err(wrong(Fault::Unsupported, 2));
        }
        let mut session = Session {
            id: [0; 32],
            id_len: stored[1],
            suite,
            master_secret: [0; 48],
            binding: [0; 8],
        };
        bytes::copy(&mut session.id, &stored[4..36]);
        bytes::copy(&mut session.master_secret, &stored[36..84]);
        bytes::copy(&mut session.binding, &stored[84..]);
        Ok(session)
    }
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::new(&[7; 32], 0xC02F, &[9; 48], [1, 2, 3, 4, 5, 6, 7, 8])
    }

    #[test]
    fn a_session_survives_its_bytes() {
        let bytes = session().to_bytes();
        let again = Session::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(
            (again.id(), again.suite(), again.binding()),
            (&[7; 32][..], 0xC02F, [1, 2, 3, 4, 5, 6, 7, 8])
        );
    }

    #[test]
    fn what_is_not_a_session_is_refused_with_its_offset() {
        let fault = |bytes: &[u8]| match Session::from_bytes(bytes).unwrap_err() {
            ConfigError::Malformed {
                input: Input::Session,
                fault,
                offset,
            } => (fault, offset),
            other => panic!("{other:?}"),
        };
        let good = session().to_bytes();
        assert_eq!(fault(&good[..91]), (Fault::Truncated, 91));
        assert_eq!(
            fault(&[&good[..], &[0]].concat()),
            (Fault::TrailingData, 92)
        );
        assert_eq!(fault(&[0; 92]), (Fault::Unsupported, 0));
        assert_eq!(fault(&[0xFF; 92]), (Fault::Unsupported, 0));
        for id_len in [0, 33, 255] {
            let mut bytes = good;
            bytes[1] = id_len;
            assert_eq!(fault(&bytes), (Fault::OutOfRange, 1));
        }
        let mut bytes = good;
        bytes[2] = 0;
        assert_eq!(fault(&bytes), (Fault::Unsupported, 2));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert_eq!(
            std::format!("{:?}", session()),
            "Session { suite: 49199, .. }"
        );
    }
}
