//! What a connection is to be.

use core::ffi::CStr;

use crate::hash::Sha256;
use crate::identity::{Identity, Key};

use super::engine::{Algorithms, ClientIdentity, ClientKey, Setup, Verify};
use super::{FragmentLength, Session};

/// What a connection is to be: to whom, trusted why, and what may be agreed on.
///
/// ```
/// use bearcub::tls::Config;
/// use bearcub::trust::{Pin, Trust};
///
/// let pins = [Pin::parse("25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058")?];
/// let trust = Trust::fingerprints(&pins);
/// let config = Config::new("mqtt.example.org", &trust).alpn(&[c"mqtt"]);
/// # Ok::<(), bearcub::error::ConfigError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Config<'a> {
    server_name: &'a str,
    policy: &'a dyn Verify,
    algorithms: Algorithms<'a>,
    identity: Option<&'a dyn ClientIdentity>,
    alpn: &'a [&'a CStr],
    fragment_length: Option<Option<FragmentLength>>,
    session: Option<&'a Session>,
}

impl<'a> Config<'a> {
    /// A connection to `server_name` (a DNS name, or an IP address in its usual form), under the given trust, with
    /// [`Algorithms::DEFAULT`].
    pub const fn new(server_name: &'a str, trust: &'a dyn Verify) -> Self {
        Config::with_algorithms(server_name, trust, Algorithms::DEFAULT)
    }

    /// The same with algorithms of the program's choice. Only what they name is linked; a program that calls this instead
    /// of [`new`](Self::new) does not pay for the defaults.
    pub const fn with_algorithms(
        server_name: &'a str,
        trust: &'a dyn Verify,
        algorithms: Algorithms<'a>,
    ) -> Self {
        Config {
            server_name,
            policy: trust,
            algorithms,
            identity: None,
            alpn: &[],
            fragment_length: None,
            session: None,
        }
    }

    /// The client's certificate, for servers that ask for one.
    #[must_use]
    pub fn identity<K>(mut self, identity: &'a Identity<'a, K>) -> Self
    where
        K: Key,
        for<'k> K::Borrowed<'k>: ClientKey,
    {
        self.identity = Some(identity);
        self
    }

    /// Up to 4 protocol names to offer by ALPN (RFC 7301), the preferred one first.
    ///
    /// AWS IoT Core wants `x-amzn-mqtt-ca` on port 443. A server that answers with a name that was not offered ends the
    /// handshake; one that does not answer leaves [`Negotiated::alpn`](super::Negotiated::alpn) empty.
    #[must_use]
    pub const fn alpn(mut self, names: &'a [&'a CStr]) -> Self {
        self.alpn = names;
        self
    }

    /// The fragment length to offer, or `None` to offer none. Without this call it is the largest that the input buffer
    /// has room for, and none if it has room for full records.
    #[must_use]
    pub const fn fragment_length(mut self, length: Option<FragmentLength>) -> Self {
        self.fragment_length = Some(length);
        self
    }

    /// A session to resume. The server decides; if it has forgotten the session, the handshake is a full one.
    #[must_use]
    pub const fn resume(mut self, session: Option<&'a Session>) -> Self {
        self.session = session;
        self
    }

    /// What ties a session to this server and this trust.
    pub(super) fn binding(&self) -> [u8; 8] {
        let mut hasher = Sha256::new();
        hasher.update(&(self.server_name.len() as u64).to_be_bytes());
        for byte in self.server_name.bytes() {
            hasher.update(&[byte.to_ascii_lowercase()]);
        }
        self.policy.binding(&mut |bytes| hasher.update(bytes));
        let [a, b, c, d, e, f, g, h, ..] = hasher.digest();
        [a, b, c, d, e, f, g, h]
    }

    /// Whether a server that is accepted is known.
    pub(super) fn verifies(&self) -> bool {
        self.policy.verifies()
    }

    pub(super) fn session(&self) -> Option<&'a Session> {
        self.session
    }

    pub(super) fn setup(&self) -> Setup<'a> {
        Setup {
            server_name: self.server_name,
            policy: self.policy,
            algorithms: self.algorithms,
            identity: self.identity,
            alpn: self.alpn,
            fragment_length: self.fragment_length,
            session: self.session,
        }
    }
}
