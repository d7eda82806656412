//! The connections that are measured. Their names are stable: tests, budgets and reports refer to them.
//!
//! Here are the scenarios of the table, and the same with a resumed session; `choices` has one connection with one thing
//! changed after the other.

mod choices;

use std::path::{Path, PathBuf};

use bearcub::tls::RECORD_OVERHEAD;

use crate::failure::Failure;
use crate::plan::{Buffers, FragmentPlan};

pub use choices::CHOICES;

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
    /// What the device brings.
    pub terms: Terms,
    /// Whether its public-key operations are those of the published connection.
    pub same_work: bool,
    /// Whether it resumes the session of a connection before it.
    pub resumed: bool,
}

/// What the device brings: memory, certificate, algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The record buffers.
    pub buffers: Buffers,
    /// The fragment length to offer.
    pub fragment_length: FragmentPlan,
    /// The client's certificate.
    pub client: Client,
    /// The suite; if none is said, the server's usual one.
    pub suite: Option<&'static str>,
    /// The groups; if none are said, the usual ones with that server.
    pub groups: Option<&'static str>,
    /// Whether the library is built for RSA keys of at most 2048 bits.
    pub rsa_2048_only: bool,
}

impl Terms {
    /// What the scenarios of the table bring.
    pub const USUAL: Terms = Terms {
        buffers: Buffers::DEFAULT,
        fragment_length: FragmentPlan::FromBuffer,
        client: Client::Ec,
        suite: None,
        groups: None,
        rsa_2048_only: false,
    };
}

/// The client's certificate, where the server asks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// None; the server does not ask.
    None,
    /// A key on P-256.
    Ec,
    /// An RSA-2048 key.
    Rsa,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// `openssl s_server` with the chain that AWS IoT sends, asking for a client certificate.
    Aws,
    /// The same, sending lines of several lengths back.
    Lines,
    /// Mosquitto with that chain, to be published to with QoS 1.
    Publishing,
    /// Mosquitto with an RSA chain of Let's Encrypt's, and RSA key exchange.
    LetsEncryptRsa,
    /// Mosquitto with a chain like Let's Encrypt's of 2019: two certificates, every key RSA-2048; RSA key exchange.
    LetsEncrypt2019,
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

/// Bytes of BearSSL's client context, certificate decoder and validator in Tasmota, from the same page.
pub const PUBLISHED_STRUCTURES: [usize; 3] = [3440, 1152, 3072];
/// Bytes of its record buffers: 1024 + 325 in, 1024 + 85 out, and what manages them.
pub const PUBLISHED_BUFFERS: usize = 2528;

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
        terms: Terms::USUAL,
        same_work: true,
        resumed: false,
    },
    Scenario {
        name: "aws-ca",
        about: "AWS IoT, EC client key, Amazon Root CA 1 trusted",
        server: Server::Aws,
        trust: TrustBy::Root,
        published: Some(&AWS_CA),
        terms: Terms::USUAL,
        same_work: true,
        resumed: false,
    },
    Scenario {
        name: "letsencrypt-fingerprint",
        about: "Let's Encrypt (RSA) on Mosquitto, RSA key exchange, the server's key pinned",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Fingerprint,
        published: Some(&LETSENCRYPT_FINGERPRINT),
        terms: Terms::USUAL,
        same_work: true,
        resumed: false,
    },
    Scenario {
        name: "letsencrypt-ca",
        about: "the same, ISRG Root X1 trusted: two RSA-4096 signatures that 2019's chain did not have",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Root,
        published: Some(&LETSENCRYPT_CA),
        terms: Terms::USUAL,
        same_work: false,
        resumed: false,
    },
    Scenario {
        name: "letsencrypt-issuer",
        about: "the same, the issuing authority trusted: RSA-2048 alone, as in the chains of 2019",
        server: Server::LetsEncryptRsa,
        trust: TrustBy::Issuer,
        published: Some(&LETSENCRYPT_CA),
        terms: Terms::USUAL,
        same_work: false,
        resumed: false,
    },
    Scenario {
        name: "letsencrypt-ecdsa-ca",
        about: "Let's Encrypt's ECDSA chain of today on Mosquitto, ISRG Root X2 trusted",
        server: Server::LetsEncryptEcdsa,
        trust: TrustBy::Root,
        published: None,
        terms: Terms::USUAL,
        same_work: false,
        resumed: false,
    },
    Scenario {
        name: "selfsigned-fingerprint",
        about: "Mosquitto with certificates of one's own on both sides (P-256), the server's key pinned",
        server: Server::SelfSigned,
        trust: TrustBy::Fingerprint,
        published: None,
        terms: Terms::USUAL,
        same_work: false,
        resumed: false,
    },
    Scenario {
        name: "selfsigned-ca",
        about: "the same, one's own authority trusted",
        server: Server::SelfSigned,
        trust: TrustBy::Root,
        published: None,
        terms: Terms::USUAL,
        same_work: false,
        resumed: false,
    },
];

/// The scenarios of the table once more, each with a session that is resumed.
pub const RESUMED: [Scenario; 8] = [
    resumed("aws-fingerprint-resumed", ALL[0]),
    resumed("aws-ca-resumed", ALL[1]),
    resumed("letsencrypt-fingerprint-resumed", ALL[2]),
    resumed("letsencrypt-ca-resumed", ALL[3]),
    resumed("letsencrypt-issuer-resumed", ALL[4]),
    resumed("letsencrypt-ecdsa-ca-resumed", ALL[5]),
    resumed("selfsigned-fingerprint-resumed", ALL[6]),
    resumed("selfsigned-ca-resumed", ALL[7]),
];

/// What was published in 2019 for a CA was for a shorter chain than today's: here it is once more, for comparison.
pub const OF_2019: Scenario = Scenario {
    name: "letsencrypt-2019-ca",
    about: "Let's Encrypt as it was when the figures were published: two certificates under an RSA-2048 root",
    server: Server::LetsEncrypt2019,
    trust: TrustBy::Root,
    published: Some(&LETSENCRYPT_CA),
    terms: Terms::USUAL,
    same_work: true,
    resumed: false,
};

/// Record buffers as large as the published ones: 1349 bytes in, 1109 out.
pub const BUFFERS_OF_2019: Scenario = Scenario {
    name: "aws-2019-buffers",
    about: "as aws-ca, with record buffers as large as those of the published connections",
    published: None,
    terms: Terms {
        buffers: Buffers {
            input: 1024 + 325 - RECORD_OVERHEAD,
            output: 1024 + 85 - RECORD_OVERHEAD,
            ..Buffers::DEFAULT
        },
        ..Terms::USUAL
    },
    same_work: false,
    ..ALL[1]
};

/// Records of the size of publishes, in both directions: what a byte costs once the connection is there.
pub const RECORDS: [Scenario; 3] = [
    records(
        "records-aes-gcm",
        "lines of 64, 256 and 1024 bytes there and back, AES-128-GCM",
        None,
    ),
    records(
        "records-chacha20",
        "the same with ChaCha20-Poly1305",
        Some("ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    ),
    Scenario {
        server: Server::Publishing,
        ..records(
            "records-mqtt",
            "a message of 64 bytes published with QoS 1, and its acknowledgement",
            None,
        )
    },
];

const fn records(name: &'static str, about: &'static str, suite: Option<&'static str>) -> Scenario {
    Scenario {
        name,
        about,
        server: Server::Lines,
        trust: TrustBy::Fingerprint,
        published: None,
        terms: Terms {
            client: Client::None,
            suite,
            ..Terms::USUAL
        },
        same_work: false,
        resumed: false,
    }
}

const fn resumed(name: &'static str, scenario: Scenario) -> Scenario {
    Scenario {
        name,
        about: "its session resumed",
        published: None,
        same_work: false,
        resumed: true,
        ..scenario
    }
}

/// Every scenario that there is.
pub fn every() -> impl Iterator<Item = &'static Scenario> {
    ALL.iter()
        .chain([&OF_2019, &BUFFERS_OF_2019])
        .chain(&RESUMED)
        .chain(&CHOICES)
        .chain(&RECORDS)
}

/// The scenario with that name.
///
/// # Errors
/// The names that there are.
pub fn find(name: &str) -> Result<&'static Scenario, Failure> {
    every()
        .find(|scenario| scenario.name == name)
        .ok_or_else(|| {
            let names: Vec<_> = every().map(|scenario| scenario.name).collect();
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
