//! The connections that are measured. Their names are stable: tests, budgets and reports refer to them.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// One scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The stable name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What answers in it.
    pub server: Server,
    /// How the server is trusted.
    pub trust: TrustBy,
    /// What it is held against.
    pub published: Option<&'static Published>,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `openssl s_server` with the chain that AWS IoT sends, asking for a client certificate.
    Aws,
    /// Mosquitto with an RSA chain of Let's Encrypt's, and RSA key exchange.
    LetsEncryptRsa,
    /// Mosquitto with today's ECDSA chain of Let's Encrypt's.
    LetsEncryptEcdsa,
    /// Mosquitto with a certificate of its owner's own authority, asking for a client certificate.
    SelfSigned,
}

/// How the server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustBy {
    /// By the SHA-256 pin of its key.
    Fingerprint,
    /// By a root: the one that a device would most likely have.
    Root,
    /// By the authority that issued the server's certificate: one signature to verify.
    Issuer,
}

/// What Tasmota's page says about its TLS on an ESP8266, from 2019; bytes and milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Library, context and buffers.
    pub kept: usize,
    /// The stack that is allocated for the handshake.
    pub stack: usize,
    /// The certificate decoder.
    pub scratch: usize,
    /// Connect times at 80 and at 160 MHz.
    pub milliseconds: [u32; 2],
}

impl Published {
    /// What only the handshake takes.
    pub fn handshake(&self) -> usize {
        self.stack + self.scratch
    }
}

const AWS_FINGERPRINT: Published = Published {
    kept: 1424 + 3440 + 2528,
    stack: 5308,
    scratch: 1152,
    milliseconds: [1300, 700],
};
const AWS_CA: Published = Published {
    scratch: 3072,
    milliseconds: [1800, 1000],
    ..AWS_FINGERPRINT
};
const LETSENCRYPT_FINGERPRINT: Published = Published {
    kept: 1024 + 3440 + 2528,
    stack: 3608,
    scratch: 1152,
    milliseconds: [400, 300],
};
const LETSENCRYPT_CA: Published = Published {
    scratch: 3072,
    milliseconds: [700, 400],
    ..LETSENCRYPT_FINGERPRINT
};

/// All of them, in the order of the table.
pub const ALL: [Scenario; 8] = [
    Scenario {
        name: "aws-fingerprint",
        about: "AWS IoT, EC client key, the server's key pinned",
        server: Server::Aws,
        trust: TrustBy::Fingerprint,
        published: Some(&AWS_FINGERPRINT),
    },
    Scenario {
        name: "aws-ca",
        about: "AWS IoT, EC client key, Amazon Root CA 1 trusted",
        server: Server::Aws,
        trust: TrustBy::Root,
        published: Some(&AWS_CA),
    },
    Scenario {
        name: "letsencrypt-fingerprint",
        about: "Let's Encrypt (RSA) on Mosquitto, RSA key exchange, the server's key pinned",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Fingerprint,
        published: Some(&LETSENCRYPT_FINGERPRINT),
    },
    Scenario {
        name: "letsencrypt-ca",
        about: "the same, ISRG Root X1 trusted: two RSA-4096 signatures that 2019's chain did not have",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Root,
        published: Some(&LETSENCRYPT_CA),
    },
    Scenario {
        name: "letsencrypt-issuer",
        about: "the same, the issuing authority trusted: RSA-2048 alone, as in the chains of 2019",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Issuer,
        published: Some(&LETSENCRYPT_CA),
    },
    Scenario {
        name: "letsencrypt-ecdsa-ca",
        about: "Let's Encrypt's ECDSA chain of today on Mosquitto, ISRG Root X2 trusted",
        server: Server::LetsEncryptEcdsa,
        trust: TrustBy::Root,
        published: None,
    },
    Scenario {
        name: "selfsigned-fingerprint",
        about: "Mosquitto with certificates of one's own on both sides (P-256), the server's key pinned",
        server: Server::SelfSigned,
        trust: TrustBy::Fingerprint,
        published: None,
    },
    Scenario {
        name: "selfsigned-ca",
        about: "the same, one's own authority trusted",
        server: Server::SelfSigned,
        trust: TrustBy::Root,
        published: None,
    },
];

/// The scenario with that name.
///
/// # Errors
/// The names that there are.
pub fn find(name: &str) -> Result<&'static Scenario, Failure> {
    ALL.iter()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
            Failure::Usage(format!(
                "unknown scenario `{name}`; there are: {}",
                names.join(", ")
            ))
        })
}

/// The folder with the recordings of this source tree.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

impl Scenario {
    /// Its recording in that folder.
    pub fn recording(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.pcapng", self.name))
    }
}
