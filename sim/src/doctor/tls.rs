//! The device's handshake with the server.

use std::time::Instant;

use bearcub::Error;
use bearcub::error::PeerError;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::Findings;
use super::setup::Setup;
use crate::board::Board;
use crate::client::{Outcome, Run, Script};
use crate::commands::hints;
use crate::failure::Failure;
use crate::flow::Flow;
use crate::lab;
use crate::live::Live;
use crate::peer::Seen;
use crate::plan::{FragmentPlan, Plan, TrustPlan};
use crate::probe::boards;
use crate::recording::Agreed;
use crate::stranger;
use crate::tape::{Direction, Recorder};

/// Days before its end from which on a certificate is warned of.
const SOON: i64 = 21;

/// The client with that plan.
pub fn run(plan: &Plan) -> Result<Run<'_>, Failure> {
    Ok(Run {
        plan,
        seed: lab::fresh_seed()?,
        script: Script::Silence,
        measure_stack: false,
    })
}

/// Connects, and says what the device would see. Gives the trust that it has afterwards.
pub fn examine(
    setup: &Setup,
    plan: &Plan,
    live: Live,
    findings: &mut Findings,
) -> Result<Option<TrustPlan>, Failure> {
    let first = live.first();
    let mut link = Recorder::new(live, Instant::now());
    let result = run(plan)?.connect(&mut link, &mut |_| {});
    let flow = Flow::read(&link.tape().stream(Direction::ToClient));
    let outcome = match stranger::named(result, &first.bytes()) {
        Ok(outcome) => outcome,
        Err(failure) => {
            failed(plan, &flow, &failure, findings);
            return Ok(None);
        }
    };
    told(setup, plan, &outcome, findings);
    dates(plan, &flow, findings);
    Ok(Some(match outcome.learned {
        Some(pin) => {
            findings.warn(
                "tls",
                format!("the device would learn whoever answers first: this server's pin is {pin}"),
                "Compare it with what `bearcub fingerprint` says of the server's certificate, and have the device store it: \
                 before that it sends no password (-2020).",
            );
            TrustPlan::Pins(vec![pin.to_string()])
        }
        None => plan.trust.clone(),
    }))
}

fn failed(plan: &Plan, flow: &Flow, failure: &Failure, findings: &mut Findings) {
    findings.fail("tls", failure);
    if let Some(leaf) = flow.certificates.first().map(|der| Seen::read(der)) {
        match failure.tls() {
            Some(Error::Peer(PeerError::FingerprintMismatch)) => {
                if let Some(fingerprints) = &leaf.fingerprints {
                    findings.add_to_last(&format!(
                        "The key that this server has now has the pin {}, in Tasmota's form {}: if it is the right server.",
                        fingerprints.sha256, fingerprints.tasmota
                    ));
                }
            }
            Some(Error::Peer(PeerError::Certificate(_))) => {
                findings.add_to_last(&format!(
                    "The server shows {} (issued by {}, {}, valid from {} to {}).",
                    leaf.subject, leaf.issuer, leaf.key, leaf.not_before, leaf.not_after
                ));
            }
            _ => {}
        }
    }
    for hint in hints::all(plan, flow, failure) {
        let mut letters = hint.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string());
        findings.add_to_last(&format!(
            "{}{}.",
            first.unwrap_or_default(),
            letters.as_str().trim_end_matches('.')
        ));
    }
}

fn told(setup: &Setup, plan: &Plan, outcome: &Outcome, findings: &mut Findings) {
    let agreed = Agreed::from(&outcome.negotiated);
    let mut text = format!("{} with {}", agreed.suite, setup.host);
    if let Some(group) = &agreed.group {
        text.push_str(&format!(", {group}"));
    }
    if let Ok(board) = setup.board.parse::<Board>() {
        let times = boards::times(board, &outcome.operations).into_iter();
        let times: Vec<_> = times
            .map(|(mhz, time)| format!("{time} ms at {mhz} MHz"))
            .collect();
        text.push_str(&format!(
            "; about {} on an {board} (modelled)",
            times.join(", ")
        ));
    }
    findings.ok("tls", text);
    let is_offered = match plan.fragment_length {
        FragmentPlan::NotOffered => false,
        FragmentPlan::FromBuffer => plan.buffers.input < 16_384,
        FragmentPlan::Bytes(_) => true,
    };
    let input = plan.buffers.input;
    match agreed.fragment_length {
        Some(bytes) => findings.ok("tls", format!("the server agrees to records of {bytes} bytes")),
        None if input < 16_384 => findings.warn(
            "tls",
            format!(
                "the server may send records of 16,384 bytes, and the input buffer takes {input}: {}",
                if is_offered {
                    "it ignores the fragment length that is offered"
                } else {
                    "no fragment length is offered"
                }
            ),
            format!(
                "What it sends at once must stay below {input} bytes, or the connection ends with error 6: mind retained \
                 messages, and messages that others publish."
            ),
        ),
        None => {}
    }
    if agreed.certificate_requested && plan.client.is_none() {
        findings.warn(
            "tls",
            "the server asks for a client certificate, and the device has none to give",
            "It lets the device in without, now; [identity] names a certificate.",
        );
    }
    if !plan.alpn.is_empty() && agreed.alpn.is_none() {
        findings.warn(
            "tls",
            "the server chooses none of the protocol names (ALPN)",
            "AWS IoT Core wants them on port 443; elsewhere leave them out.",
        );
    }
}

/// The end of a certificate, in seconds since 1970.
pub fn end_of(der: &[u8]) -> Option<i64> {
    let certificate = Certificate::from_der(der).ok()?;
    let end = certificate.tbs_certificate().validity().not_after;
    i64::try_from(end.to_unix_duration().as_secs()).ok()
}

/// Warns of certificates that end soon, where the device looks at dates.
fn dates(plan: &Plan, flow: &Flow, findings: &mut Findings) {
    let Some(now) = plan.clock.filter(|_| plan.trust.has_anchors()) else {
        return;
    };
    for der in &flow.certificates {
        if let Some(left) = end_of(der).map(|end| (end - now).div_euclid(86_400))
            && left < SOON
        {
            findings.warn(
                "tls",
                format!("{} ends in {left} days", Seen::read(der).subject),
                "Renew it before that; the device refuses it afterwards (54).",
            );
        }
    }
}
