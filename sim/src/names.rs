//! Suites and groups by name.

use bearcub::tls::{Groups, Suite};

use crate::failure::Failure;

/// Every suite of the library.
pub const SUITES: [Suite; 5] = [
    Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    Suite::RSA_WITH_AES_128_GCM_SHA256,
];

/// Every choice of groups, by the name that `--group` takes.
pub const GROUPS: [(&str, Groups); 5] = [
    ("none", Groups::NONE),
    ("p256", Groups::P256),
    ("x25519", Groups::X25519),
    ("x25519-p256", Groups::X25519_P256),
    ("x25519-p256-p384", Groups::X25519_P256_P384),
];

/// What is offered unless something else is asked for.
pub const DEFAULT_GROUPS: &str = "x25519-p256-p384";

/// The name of a suite, as the TLS registry has it.
pub fn of_suite(id: u16) -> String {
    Suite::name_of(id).map_or_else(|| format!("0x{id:04x}"), str::to_owned)
}

/// The name of a group, as the TLS registry has it.
pub fn of_group(id: u16) -> String {
    Groups::name_of(id).map_or_else(|| format!("0x{id:04x}"), str::to_owned)
}

/// The suite with that name; `TLS_` in front and the case do not matter.
///
/// # Errors
/// The names that there are.
pub fn suite(name: &str) -> Result<Suite, Failure> {
    let bare = |name: &str| {
        name.to_ascii_uppercase()
            .trim_start_matches("TLS_")
            .to_owned()
    };
    SUITES
        .into_iter()
        .find(|suite| bare(&of_suite(suite.id())) == bare(name))
        .ok_or_else(|| {
            let names = SUITES.map(|suite| of_suite(suite.id()));
            Failure::Usage(format!(
                "unknown suite `{name}`; there are: {}",
                names.join(", ")
            ))
        })
}

/// The groups with that name.
///
/// # Errors
/// The names that there are.
pub fn groups(name: &str) -> Result<Groups, Failure> {
    let found = GROUPS.into_iter().find(|(known, _)| *known == name);
    found.map(|(_, groups)| groups).ok_or_else(|| {
        let names = GROUPS.map(|(known, _)| known);
        Failure::Usage(format!(
            "unknown groups `{name}`; there are: {}",
            names.join(", ")
        ))
    })
}
