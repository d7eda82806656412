//! What a choice costs: one connection after the other that differs from the first in one thing.

use super::{Client, Scenario, Server, Terms, TrustBy};
use crate::plan::{Buffers, FragmentPlan};

/// The connection that the others are compared with: AWS IoT, its root trusted, as `aws-ca`.
pub const BASE: Scenario = Scenario {
    name: "choice-base",
    about: "what the other choices are compared with: as aws-ca",
    server: Server::Aws,
    trust: TrustBy::Root,
    published: None,
    terms: Terms::USUAL,
    same_work: false,
    resumed: false,
};

/// All of them, the base first.
pub const CHOICES: [Scenario; 15] = [
    BASE,
    fragment("choice-fragment-512", "fragment length 512", 512),
    fragment("choice-fragment-2048", "fragment length 2048", 2048),
    fragment("choice-fragment-4096", "fragment length 4096", 4096),
    Scenario {
        name: "choice-fragment-none",
        about: "no fragment length offered, room for the largest records",
        terms: Terms {
            buffers: Buffers {
                input: 16_384,
                ..Buffers::DEFAULT
            },
            fragment_length: FragmentPlan::NotOffered,
            ..Terms::USUAL
        },
        ..BASE
    },
    Scenario {
        name: "choice-shared-buffer",
        about: "one buffer for both directions",
        terms: Terms {
            buffers: Buffers {
                shared: true,
                ..Buffers::DEFAULT
            },
            ..Terms::USUAL
        },
        ..BASE
    },
    Scenario {
        name: "choice-fingerprint",
        about: "the server's key pinned",
        trust: TrustBy::Fingerprint,
        ..BASE
    },
    Scenario {
        name: "choice-rsa-2048",
        about: "built for RSA keys of at most 2048 bits",
        terms: Terms {
            rsa_2048_only: true,
            ..Terms::USUAL
        },
        ..BASE
    },
    client("choice-client-none", "no client certificate", Client::None),
    client("choice-client-rsa", "an RSA-2048 client key", Client::Rsa),
    suite(
        "choice-chacha20",
        "ChaCha20-Poly1305",
        "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "p256",
    ),
    suite(
        "choice-rsa-exchange",
        "RSA key exchange, without forward secrecy",
        "RSA_WITH_AES_128_GCM_SHA256",
        "none",
    ),
    suite(
        "choice-x25519",
        "x25519 for the key exchange, of a server that prefers it",
        "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "x25519-p256",
    ),
    Scenario {
        name: "choice-server-p256",
        about: "a server with a P-256 certificate of its owner's authority",
        server: Server::SelfSigned,
        terms: Terms {
            groups: Some("p256"),
            ..Terms::USUAL
        },
        ..BASE
    },
    Scenario {
        name: "choice-server-p256-x25519",
        about: "the same, x25519 for the key exchange where the server takes it",
        server: Server::SelfSigned,
        terms: Terms {
            groups: Some("x25519-p256"),
            ..Terms::USUAL
        },
        ..BASE
    },
];

const fn fragment(name: &'static str, about: &'static str, bytes: usize) -> Scenario {
    Scenario {
        name,
        about,
        terms: Terms {
            buffers: Buffers {
                input: bytes,
                ..Buffers::DEFAULT
            },
            fragment_length: FragmentPlan::Bytes(bytes),
            ..Terms::USUAL
        },
        ..BASE
    }
}

const fn client(name: &'static str, about: &'static str, client: Client) -> Scenario {
    Scenario {
        name,
        about,
        terms: Terms {
            client,
            ..Terms::USUAL
        },
        ..BASE
    }
}

const fn suite(
    name: &'static str,
    about: &'static str,
    suite: &'static str,
    groups: &'static str,
) -> Scenario {
    Scenario {
        name,
        about,
        terms: Terms {
            suite: Some(suite),
            groups: Some(groups),
            ..Terms::USUAL
        },
        ..BASE
    }
}
