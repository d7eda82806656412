//! The TLS session, kept for the next connection: that one then takes a tenth of the work, also after a loss of power.

use bearcub::clock::Time;
use bearcub::tls;

/// A session, and since when it is known.
pub struct Kept {
    session: tls::Session,
    made: i64,
}

/// For how long a broker that was verified once need not show its certificate again, in seconds.
const LONGEST: i64 = 24 * 60 * 60;

impl Kept {
    /// Bytes of a stored session.
    pub const LEN: usize = 16 + tls::Session::LEN;

    /// A session of now.
    pub fn new(session: tls::Session, now: Option<Time>) -> Self {
        let made = now.map_or(i64::MIN, Time::unix);
        Kept { session, made }
    }

    /// The session, if it may still be used. A connection that resumes it shows no certificate, and so would not notice that
    /// the certificate has expired; one that is made by fingerprints does not look at dates anyhow.
    pub fn session(&self, dates_count: bool, now: Option<Time>) -> Option<&tls::Session> {
        let age = now.map(|now| now.unix().saturating_sub(self.made));
        let is_fresh = age.is_some_and(|age| (0..LONGEST).contains(&age));
        (is_fresh || !dates_count).then_some(&self.session)
    }

    /// The session as bytes, for this build of the firmware. They are as secret as the device's key.
    pub fn to_bytes(&self, built: u64) -> [u8; Kept::LEN] {
        let mut bytes = [0; Kept::LEN];
        bytes[..8].copy_from_slice(&built.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.made.to_le_bytes());
        bytes[16..].copy_from_slice(&self.session.to_bytes());
        bytes
    }

    /// What [`to_bytes`](Self::to_bytes) wrote; `None` for erased flash, and for what another build has stored, whose settings
    /// may have been others.
    pub fn from_bytes(bytes: &[u8; Kept::LEN], built: u64) -> Option<Self> {
        let (number, rest) = bytes.split_first_chunk()?;
        let (made, session) = rest.split_first_chunk()?;
        let session = tls::Session::from_bytes(session).ok()?;
        let is_ours = u64::from_le_bytes(*number) == built;
        is_ours.then_some(Kept {
            session,
            made: i64::from_le_bytes(*made),
        })
    }
}
