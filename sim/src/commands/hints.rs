//! What the bytes of a failed connection say beyond its error.

use bearcub::Error;
use bearcub::error::PeerError;
use bearcub::trust::Pin;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::flow::Flow;
use crate::plan::{Plan, TrustPlan};

/// Everything that helps, each in a sentence or two.
pub fn all(plan: &Plan, from_server: &Flow, failure: &Failure) -> Vec<String> {
    let mut hints = Vec::new();
    let seen = |name| {
        from_server
            .messages
            .iter()
            .any(|message| message.name == name)
    };
    if plan.client.is_none() && seen("CertificateRequest") {
        hints.push(
            "the server asked for a client certificate, and there was none to give: see --cert and --key".to_owned(),
        );
    }
    if !seen("ServerHello") && is_narrow(plan) && is_alert(failure) {
        hints.push(
            "the server refused the ClientHello: it may know none of the suites or groups that were offered".to_owned(),
        );
    }
    if let Some(leaf) = from_server.certificates.first()
        && is_wrong_pin(failure)
        && pins(plan).any(|pin| is_of_certificate(&pin, leaf))
    {
        hints.push(
            "the fingerprint that was given is that of the server's certificate. A pin is the fingerprint of its key, \
             which stays when the certificate is renewed: it is printed above"
                .to_owned(),
        );
    }
    hints
}

fn is_alert(failure: &Failure) -> bool {
    matches!(
        failure.tls(),
        Some(Error::Peer(PeerError::AlertReceived(_)))
    )
}

/// Whether less was offered than the library has.
fn is_narrow(plan: &Plan) -> bool {
    plan.suites.len() < crate::names::SUITES.len()
}

fn is_wrong_pin(failure: &Failure) -> bool {
    matches!(
        failure.tls(),
        Some(Error::Peer(PeerError::FingerprintMismatch))
    )
}

fn pins(plan: &Plan) -> impl Iterator<Item = Pin> {
    let texts = match &plan.trust {
        TrustPlan::Pins(pins) | TrustPlan::AnchorsAndPins(_, pins) => &pins[..],
        _ => &[],
    };
    texts.iter().filter_map(|text| Pin::parse(text).ok())
}

fn is_of_certificate(pin: &Pin, der: &[u8]) -> bool {
    match pin {
        Pin::Sha1(pin) => pin[..] == Sha1::digest(der)[..],
        Pin::Sha256(pin) => pin[..] == Sha256::digest(der)[..],
    }
}
