//! What each feature adds to a program's flash: a connection with one thing more, beside the same without it.

use super::Board;
use super::measure::{Flash, flash};
use super::tools::Tools;
use crate::failure::Failure;
use crate::plan::{Plan, TrustPlan};
use crate::recording::Recording;
use crate::scenarios;

/// One feature and what it adds.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Feature {
    /// What it is.
    pub name: &'static str,
    /// What all of it takes, the smallest connection included.
    pub total: Flash,
    /// Bytes beyond the smallest connection; less than nothing where something is dropped.
    pub added: i64,
}

/// The smallest connection, and what is added to it one by one.
///
/// # Errors
/// If an image cannot be built.
pub fn all(board: Board, tools: &Tools) -> Result<Vec<Feature>, Failure> {
    let load = |name: &str| -> Result<Plan, Failure> {
        let scenario = scenarios::find(name)?;
        Ok(Recording::load(&scenario.recording(&scenarios::folder()))?
            .header
            .plan)
    };
    let (with_ca, with_pin) = (load("choice-base")?, load("choice-fingerprint")?);
    let (rsa_client, resumed) = (load("choice-client-rsa")?, load("aws-fingerprint-resumed")?);
    let smallest = Plan {
        client: None,
        ..with_pin.clone()
    };
    let suites = |suites: &[&str]| suites.iter().map(|suite| (*suite).to_owned()).collect();
    let rsa = "ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    let changed = |change: &dyn Fn(&mut Plan)| {
        let mut plan = smallest.clone();
        change(&mut plan);
        plan
    };
    let plans = [
        (
            "a pinned RSA key, ECDHE on P-256, AES-128-GCM: the smallest with forward secrecy",
            smallest.clone(),
        ),
        (
            "RSA key exchange instead, without forward secrecy",
            changed(&|plan| {
                plan.suites = suites(&["RSA_WITH_AES_128_GCM_SHA256"]);
                plan.groups = "none".to_owned();
            }),
        ),
        (
            "validation by a CA",
            changed(&|plan| plan.trust = with_ca.trust.clone()),
        ),
        (
            "validation by a CA and a pin",
            changed(&|plan| {
                if let (TrustPlan::Anchors(anchors), TrustPlan::Pins(pins)) =
                    (&with_ca.trust, &with_pin.trust)
                {
                    plan.trust = TrustPlan::AnchorsAndPins(anchors.clone(), pins.clone());
                }
            }),
        ),
        (
            "servers with EC keys",
            changed(&|plan| plan.suites = suites(&["ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", rsa])),
        ),
        (
            "ChaCha20-Poly1305",
            changed(&|plan| {
                plan.suites = suites(&["ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", rsa]);
            }),
        ),
        (
            "x25519",
            changed(&|plan| plan.groups = "x25519-p256".to_owned()),
        ),
        (
            "x25519 and P-384",
            changed(&|plan| plan.groups = "x25519-p256-p384".to_owned()),
        ),
        (
            "a client certificate with an EC key",
            changed(&|plan| plan.client = with_pin.client.clone()),
        ),
        (
            "a client certificate with an RSA key",
            changed(&|plan| plan.client = rsa_client.client.clone()),
        ),
        (
            "RSA keys of at most 2048 bits (without `rsa-4096`)",
            changed(&|plan| plan.rsa_2048_only = true),
        ),
        (
            "ALPN",
            changed(&|plan| plan.alpn = vec!["x-amzn-mqtt-ca".to_owned()]),
        ),
        (
            "a stored session",
            changed(&|plan| plan.session = resumed.session.clone()),
        ),
    ];
    let mut features: Vec<Feature> = Vec::new();
    for (name, plan) in plans {
        let total = flash(board, tools, &plan)?;
        let first = features
            .first()
            .map_or(total.total(), |first| first.total.total());
        features.push(Feature {
            name,
            total,
            added: i64::try_from(total.total()).unwrap_or(0) - i64::try_from(first).unwrap_or(0),
        });
    }
    Ok(features)
}
