//! What the connection to a puppet is: from three bytes.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use bearcub::clock::{Clock, Time};
use bearcub::identity::{EcKey, Identity};
use bearcub::tls::{Algorithms, Config, Groups, Scratch, Session, Suite, Verify};
use bearcub::trust::{Pin, PublicKey, Trust, TrustAnchor};

use super::Puppet;
use super::keys::{self, Kind};
use super::script::{Do, Step};
use crate::client::{Buffers, Ending, connect};

const SUITES: [Suite; 5] = [
    Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    Suite::RSA_WITH_AES_128_GCM_SHA256,
];

/// What the client says once it may.
pub const QUESTION: &[u8] = b"hello puppet";

/// Suite, group, trust, buffers, what is offered.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The only suite that is offered.
    pub suite: Suite,
    /// The group that the server takes.
    pub group: u16,
    trust: u8,
    has_identity: bool,
    has_alpn: bool,
    /// The buffers.
    pub buffers: Buffers,
    /// The session that is offered, as it is stored.
    pub session: Option<[u8; Session::LEN]>,
}

impl Setting {
    /// Bytes that say a setting.
    pub const LEN: usize = 3;

    /// Any three bytes are one.
    pub fn new([suite, flags, buffers]: [u8; Self::LEN]) -> Self {
        let mut setting = Setting {
            suite: SUITES[usize::from(suite & 7) % SUITES.len()],
            group: [29, 23, 29, 24][usize::from(suite >> 3 & 3)],
            trust: flags & 3,
            has_identity: flags & 4 != 0,
            has_alpn: flags & 8 != 0,
            buffers: match buffers % 4 {
                0 => Buffers {
                    input: 1024,
                    output: Some(512),
                },
                1 => Buffers {
                    input: 512,
                    output: None,
                },
                2 => Buffers {
                    input: 16_384,
                    output: Some(512),
                },
                _ => Buffers {
                    input: 4096,
                    output: Some(4096),
                },
            },
            session: None,
        };
        if flags & 16 != 0 {
            setting.session = Some(setting.earlier_session());
        }
        setting
    }

    /// What the server signs with.
    pub fn kind(&self) -> Kind {
        if SUITES[0] == self.suite || SUITES[2] == self.suite {
            Kind::P256
        } else {
            Kind::Rsa
        }
    }

    /// Whether the pre-master secret comes encrypted.
    pub fn is_rsa_exchange(&self) -> bool {
        self.suite == SUITES[4]
    }

    /// The steps of an honest server.
    pub fn honest(&self) -> Vec<Step> {
        let step = |what| (what, Vec::new());
        let mut steps = vec![step(Do::ServerHello)];
        if self.session.is_none() {
            steps.push(step(Do::Certificate));
            if !self.is_rsa_exchange() {
                steps.push(step(Do::ServerKeyExchange));
            }
            if self.has_identity {
                steps.push(step(Do::CertificateRequest));
            }
            steps.push(step(Do::ServerHelloDone));
        }
        steps.extend([step(Do::ChangeCipherSpec), step(Do::Finished)]);
        steps.push((Do::Data, b"hello bear".to_vec()));
        steps.push((Do::Data, vec![b'b'; 300]));
        steps.push((Do::Alert, vec![1, 0]));
        steps
    }

    /// The session that an honest server leaves behind.
    fn earlier_session(&self) -> [u8; Session::LEN] {
        static KNOWN: LazyLock<Mutex<HashMap<(u16, u8), [u8; Session::LEN]>>> =
            LazyLock::new(Mutex::default);
        let key = (self.suite.id(), self.trust);
        let mut known = KNOWN.lock().expect("no panic");
        *known.entry(key).or_insert_with(|| {
            let mut puppet = Puppet::new(self, self.honest());
            let ending = self.connect(&mut puppet);
            ending
                .session
                .unwrap_or_else(|| panic!("no session: {ending:?}"))
        })
    }

    /// Connects to that server.
    pub fn connect(&self, puppet: &mut Puppet) -> Ending {
        let spki = keys::leaf_spki(self.kind());
        let pins = [Pin::sha256_of(&PublicKey::from_spki(&spki).expect("a key"))];
        let anchors = [TrustAnchor::from_public_key(keys::root_spki()).expect("an anchor")];
        let clock = Clock::at(Time::from_unix(1_790_000_000).expect("a time"));
        let (learn, pinned) = (Trust::learn(), Trust::fingerprints(&pins));
        let anchored = Trust::anchors(&anchors, clock);
        let both = anchored.and_pin(&pins);
        let trust: &dyn Verify = match self.trust {
            0 => &learn,
            1 => &pinned,
            2 => &anchored,
            _ => &both,
        };
        let suites = [self.suite];
        let groups = match self.group {
            29 => Groups::X25519_P256,
            23 => Groups::P256,
            _ => Groups::X25519_P256_P384,
        };
        let algorithms = Algorithms {
            suites: &suites,
            groups,
        };
        let scalar = [keys::CLIENT; 32];
        let certificates = [keys::client()];
        let identity = Identity::new(&certificates, EcKey::from_scalar(&scalar).expect("a key"))
            .expect("an identity");
        let session = self
            .session
            .map(|bytes| Session::from_bytes(&bytes).expect("a session"));
        let mut config =
            Config::with_algorithms(keys::HOST, trust, algorithms).resume(session.as_ref());
        if self.has_identity {
            config = config.identity(&identity);
        }
        if self.has_alpn {
            config = config.alpn(&[c"mqtt", c"x-amzn-mqtt-ca"]);
        }
        connect(
            self.buffers,
            Scratch::ANCHORS,
            &config,
            [0x0B; 32],
            puppet,
            QUESTION,
        )
    }
}
