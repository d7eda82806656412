//! The configuration as Rust to paste.

use bearcub::trust::Pin;

use super::verdict::{TrustBy, Verdict};
use crate::anchors::{Candidate, source};
use crate::failure::Failure;
use crate::names;
use crate::peer::printable;
use crate::plan::TrustPlan;
use crate::rust;

/// A module with everything that connects to the server: `connect`, the memory's type, and constants.
///
/// # Errors
/// If the plan has something that there is no Rust for.
pub fn of(
    address: &str,
    verdict: &Verdict,
    anchor: Option<&Candidate>,
    needs_identity: bool,
) -> Result<String, Failure> {
    let plan = &verdict.trial.plan;
    let has_anchors = plan.trust.has_anchors();
    let mut text = rust::comment(
        "//",
        &[format!(
            "TLS to {address} as {}, written by `bearcub probe`.",
            plan.server_name
        )],
    );
    text.push('\n');
    if has_anchors {
        text.push_str("use bearcub::clock::Clock;\n");
    }
    let key = key_type(verdict)?;
    if needs_identity {
        text.push_str(&format!("use bearcub::identity::{{{key}, Identity}};\n"));
    }
    text.push_str(
        "use bearcub::tls::blocking::Stream;\nuse bearcub::tls::{self, Algorithms, Config, Groups, Scratch, Storage, Suite};\n",
    );
    text.push_str(match verdict.trust {
        TrustBy::Pin => "use bearcub::trust::{Pin, Trust};\n",
        TrustBy::Anchors => "use bearcub::trust::{Trust, TrustAnchor};\n",
        TrustBy::Both => "use bearcub::trust::{Pin, Trust, TrustAnchor};\n",
    });
    text.push_str("use embedded_io::{Read, Write};\nuse rand_core::TryCryptoRng;\n\n");
    memory(&mut text, verdict);
    algorithms(&mut text, verdict)?;
    if let TrustPlan::Pins(pins) | TrustPlan::AnchorsAndPins(_, pins) = &plan.trust {
        pins_of(&mut text, verdict, pins)?;
    }
    if let Some(anchor) = anchor.filter(|_| has_anchors) {
        let source = source::of(&[anchor], "ANCHORS")?;
        if let Some((_, table)) = source.split_once("\npub static ") {
            text.push_str(&format!(
                "/// The authority that is trusted.\npub static {table}\n"
            ));
        }
    }
    connect(&mut text, verdict, needs_identity.then_some(key));
    Ok(text)
}

/// The type of the device's key.
fn key_type(verdict: &Verdict) -> Result<&'static str, Failure> {
    use bearcub::identity::PrivateKey;
    let Some(client) = &verdict.trial.plan.client else {
        return Ok("EcKey");
    };
    Ok(
        match PrivateKey::from_der(&client.test_only_private_key.0)? {
            PrivateKey::Rsa(_) => "RsaKey",
            _ => "EcKey",
        },
    )
}

fn memory(text: &mut String, verdict: &Verdict) {
    let plan = &verdict.trial.plan;
    let scratch = if plan.trust.has_anchors() {
        "ANCHORS"
    } else {
        "FINGERPRINTS"
    };
    text.push_str(&format!(
        "/// Kept while connected: {} bytes on a 32-bit board.\npub type Memory = Storage<{}, {}>;\n\
         /// Bytes lent to the handshake: {} on a 32-bit board.\npub const SCRATCH: usize = Scratch::{scratch};\n",
        crate::sizes::kept(plan).total,
        plan.buffers.input,
        plan.buffers.output,
        crate::sizes::scratch(plan)
    ));
}

fn algorithms(text: &mut String, verdict: &Verdict) -> Result<(), Failure> {
    let plan = &verdict.trial.plan;
    let mut suites = Vec::new();
    for name in &plan.suites {
        let name = names::of_suite(names::suite(name)?.id());
        suites.push(format!("Suite::{}", name.trim_start_matches("TLS_")));
    }
    text.push_str(&format!(
        "/// What is named here is linked, and nothing else.\npub const ALGORITHMS: Algorithms<'static> = Algorithms {{\n    \
         suites: &[{}],\n    groups: Groups::{},\n}};\n\n",
        suites.join(", "),
        plan.groups.to_uppercase().replace('-', "_")
    ));
    Ok(())
}

fn pins_of(text: &mut String, verdict: &Verdict, pins: &[String]) -> Result<(), Failure> {
    let known = verdict.trust == TrustBy::Both || verdict.ending.chosen.is_some();
    text.push_str(if known {
        "/// The key of the server.\n"
    } else {
        "/// The key of whoever answered the probe: compare it with one that comes to you another way.\n"
    });
    text.push_str(&format!("pub static PINS: [Pin; {}] = [\n", pins.len()));
    for pin in pins {
        let (kind, bytes) = match Pin::parse(pin)? {
            Pin::Sha1(bytes) => ("Sha1", bytes.to_vec()),
            Pin::Sha256(bytes) => ("Sha256", bytes.to_vec()),
        };
        text.push_str(&format!(
            "    Pin::{kind}([\n{}    ]),\n",
            rust::bytes(&bytes, 8)
        ));
    }
    text.push_str("];\n\n");
    Ok(())
}

fn connect(text: &mut String, verdict: &Verdict, key: Option<&str>) {
    let plan = &verdict.trial.plan;
    text.push_str(
        "/// Connects over `tcp`. What is in `scratch` is yours again when this returns.\n\
         pub fn connect<'s, T: Read + Write, R: TryCryptoRng>(\n    tcp: T,\n    storage: &'s mut Memory,\n    \
         scratch: &mut [u8],\n",
    );
    if plan.trust.has_anchors() {
        text.push_str("    clock: Clock, // the time, from `bearcub::sntp` for example\n");
    }
    if let Some(key) = key {
        text.push_str(&format!("    identity: &Identity<'_, {key}<'_>>,\n"));
    }
    text.push_str("    rng: &mut R,\n) -> Result<Stream<'s, T>, bearcub::Error> {\n");
    text.push_str(match verdict.trust {
        TrustBy::Pin => "    let trust = Trust::fingerprints(&PINS);\n",
        TrustBy::Anchors => "    let trust = Trust::anchors(&ANCHORS, clock);\n",
        TrustBy::Both => "    let trust = Trust::anchors(&ANCHORS, clock).and_pin(&PINS);\n",
    });
    text.push_str(&format!(
        "    let config = Config::with_algorithms({:?}, &trust, ALGORITHMS)",
        printable(&plan.server_name)
    ));
    if !plan.alpn.is_empty() {
        let names: Vec<_> = plan.alpn.iter().map(|name| format!("c{name:?}")).collect();
        text.push_str(&format!("\n        .alpn(&[{}])", names.join(", ")));
    }
    if key.is_some() {
        text.push_str("\n        .identity(identity)");
    }
    text.push_str(";\n    tls::connect(tcp, storage, scratch, &config, rng)\n}\n");
}
