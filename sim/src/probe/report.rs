//! Everything that a probe found, for machines and for people. Names in the JSON stay; later versions add to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::boards::{self, Kind};
use super::certificates::{Link, authority};
use super::exchange::Taken;
use super::registry;
use super::scan::{Findings, Order, Protocol};
use super::verdict::{Cost, Resumption, TrustBy, Verdict};
use super::warnings::Warning;
use crate::anchors::Candidate;
use crate::board::Board;
use crate::board::measure::Measurement;
use crate::commands::connect::{self, error};
use crate::failure::Failure;
use crate::measure::Measured;
use crate::model;
use crate::report::json as shared;
use crate::steps;

/// A probe that is over.
pub struct Probe<'a> {
    /// The server, as it was given.
    pub server: String,
    /// The name that it must have.
    pub server_name: &'a str,
    /// Milliseconds until TCP was connected.
    pub connected: Option<f64>,
    /// What was found.
    pub findings: &'a Findings,
    /// The chain, as it was sent.
    pub chain: &'a [Link],
    /// Authorities that were looked at.
    pub candidates: &'a [Candidate],
    /// What was decided, or why nothing could be.
    pub verdict: Result<&'a Verdict, &'a Failure>,
    /// The configuration as Rust.
    pub rust: Option<&'a str>,
    /// What was measured on boards.
    pub boards: &'a [(Board, Measurement)],
    /// What is to be known.
    pub warnings: &'a [Warning],
    /// What everything took.
    pub taken: &'a [Taken],
}

/// As `--trust` has it.
pub fn trust_name(trust: TrustBy) -> &'static str {
    match trust {
        TrustBy::Pin => "pin",
        TrustBy::Anchors => "anchors",
        TrustBy::Both => "both",
    }
}

impl Probe<'_> {
    /// Whether the configuration was tried with success.
    pub fn works(&self) -> bool {
        self.verdict
            .is_ok_and(|verdict| verdict.failure().is_none())
    }

    /// Whether it failed for nothing but a client certificate that was not given.
    pub fn lacks_identity(&self) -> bool {
        self.verdict.is_ok_and(Verdict::lacks_identity)
    }

    /// Everything, as one object.
    pub fn json(&self) -> Value {
        let findings = self.findings;
        let versions: BTreeMap<_, _> = findings
            .versions
            .iter()
            .map(|(version, spoken)| (registry::version(*version), *spoken))
            .collect();
        let ours = findings.ours();
        let suites: Vec<_> = findings
            .suites
            .iter()
            .map(|id| {
                json!({
                    "name": registry::suite(*id),
                    "in_library": ours.contains(id),
                    "forward_secrecy": registry::has_forward_secrecy(*id),
                })
            })
            .collect();
        let groups: Vec<_> = findings
            .groups
            .iter()
            .map(|id| registry::group(*id))
            .collect();
        let alpn: Vec<_> = findings
            .protocols
            .iter()
            .map(|(name, answer)| json!({ "protocol": name, "answer": answer }))
            .collect();
        json!({
            "server": self.server,
            "server_name": self.server_name,
            "ok": self.works(),
            "error": self.failure().map(error),
            "connect_milliseconds": self.connected,
            "versions": versions,
            "suites": suites,
            "suites_order": findings.order,
            "groups": groups,
            "groups_hidden": findings.groups_hidden,
            "tls13": findings.tls13.map(|(suite, group)| json!({
                "suite": registry::suite(suite),
                "group": group.map(registry::group),
            })),
            "fragment_lengths": findings.fragments,
            "largest_record": {
                "handshake": findings.flight.largest_record,
                "all": self.verdict.ok().map(|verdict| verdict.trial.largest_record()),
            },
            "alpn": alpn,
            "client_certificate": self.client_certificate(),
            "chain": self.chain,
            "chain_bytes": self.chain_bytes(),
            "authorities": self.authorities(),
            "resumption": self.verdict.ok().map(|verdict| resumption_name(&verdict.resumption.0)),
            "questions": self.taken,
            "stopped": findings.stopped.as_ref().map(Failure::to_string),
            "verdict": self.verdict.ok().map(|verdict| self.verdict_json(verdict)),
            "warnings": self.warnings,
        })
    }

    /// What is wrong, if anything is.
    pub fn failure(&self) -> Option<&Failure> {
        match self.verdict {
            Ok(verdict) => verdict.failure(),
            Err(failure) => Some(failure),
        }
    }

    fn client_certificate(&self) -> Value {
        let request = self.findings.flight.request.as_ref();
        let names = request
            .map(|request| &request.authorities[..])
            .unwrap_or_default();
        json!({
            "asked": request.is_some(),
            "demanded": request.is_some() && self.lacks_identity(),
            "authorities": names.iter().map(|der| authority(der)).collect::<Vec<_>>(),
        })
    }

    /// Bytes of all certificates.
    pub fn chain_bytes(&self) -> usize {
        self.chain.iter().map(|link| link.seen.length).sum()
    }

    /// The authority with that number.
    pub fn authority(&self, number: usize) -> Option<&Candidate> {
        self.candidates.get(number)
    }

    /// Whether there are RSA keys, and none that needs the library's feature `rsa-4096`.
    pub fn is_rsa_2048_enough(&self) -> bool {
        let ending = self.verdict.ok().map(|verdict| &verdict.ending);
        let anchor = ending.and_then(|ending| self.authority(ending.chosen?));
        let anchor = anchor.map(|one| Link::read(&one.der, 0));
        let keys = self.chain.iter().chain(&anchor);
        let mut bits = keys.filter_map(Link::rsa_bits).peekable();
        bits.peek().is_some() && bits.all(|bits| bits <= 2048)
    }

    fn authorities(&self) -> Value {
        let ending = self.verdict.ok().map(|verdict| verdict.ending.clone());
        let ending = ending.unwrap_or_default();
        let names = |numbers: &[usize]| {
            let those = numbers.iter().filter_map(|number| self.authority(*number));
            those
                .map(|one| one.seen.subject.clone())
                .collect::<Vec<_>>()
        };
        json!({
            "looked_at": self.candidates.len(),
            "by_name": names(&ending.by_name),
            "sufficient": names(&ending.sufficient),
            "chosen": ending.chosen.and_then(|number| self.authority(number)).map(|one| json!({
                "subject": one.seen.subject,
                "key": one.seen.key,
                "bytes": one.bytes,
                "not_after": one.seen.not_after,
            })),
            "refusal": ending.refusal.as_ref().map(Failure::to_string),
        })
    }

    fn verdict_json(&self, verdict: &Verdict) -> Value {
        let plan = &verdict.trial.plan;
        let agreed = verdict.trial.result.as_ref().ok();
        let agreed = agreed.map(|outcome| connect::agreed(plan, outcome));
        json!({
            "works": verdict.failure().is_none(),
            "suites": plan.suites,
            "groups": plan.groups,
            "trust": verdict.trust,
            "input_buffer": plan.buffers.input,
            "output_buffer": plan.buffers.output,
            "agreed": agreed,
            "handshake": steps::of(&verdict.trial.tape, &verdict.trial.stages),
            "handshake_milliseconds": steps::milliseconds(verdict.trial.took),
            "costs": verdict.costs.iter().map(|one| cost(one, verdict)).collect::<Vec<_>>(),
            "resumed": verdict.resumption.1.as_ref().map(|counted| {
                measured(counted, verdict.kind(verdict.trust, true))
            }),
            "passed_over": verdict.passed_over,
            "boards": self.boards.iter().map(board).collect::<Vec<_>>(),
            "rsa_2048_suffices": self.is_rsa_2048_enough(),
            "rust": self.rust,
        })
    }
}

fn resumption_name(resumption: &Resumption) -> Value {
    match resumption {
        Resumption::Resumed => json!("resumed"),
        Resumption::Forgotten => json!("forgotten"),
        Resumption::NotOffered => json!("not_offered"),
        Resumption::NotTried(_) => Value::Null,
    }
}

fn cost(cost: &Cost, verdict: &Verdict) -> Value {
    let mut value = match &cost.result {
        Ok(counted) => measured(counted, verdict.kind(cost.by, false)),
        Err(failure) => json!({ "error": error(failure) }),
    };
    value["trust"] = json!(cost.by);
    value
}

fn measured(measured: &Measured, kind: Kind) -> Value {
    json!({
        "kept": measured.kept.total,
        "scratch": measured.scratch,
        "operations": shared::operations(measured),
        "board": model::BOARD,
        "measured": false,
        "estimated": model::is_estimated(&measured.operations),
        "milliseconds": shared::milliseconds(measured),
        "modelled": boards::all(measured, kind),
    })
}

fn board((board, measurement): &(Board, Measurement)) -> Value {
    let milliseconds: BTreeMap<_, _> = model::clocks(*board)
        .iter()
        .map(|mhz| {
            let time = model::measured_milliseconds(measurement, *mhz);
            (format!("{mhz}mhz"), time)
        })
        .collect();
    json!({
        "board": board.name(),
        "measured": true,
        "kept": measurement.kept,
        "borrowed": measurement.scratch + measurement.stack(),
        "scratch": measurement.scratch,
        "stack": measurement.stack(),
        "instructions": measurement.instructions(),
        "flash": measurement.flash.map(|flash| flash.total()),
        "milliseconds": milliseconds,
    })
}

/// What a server does with a protocol, in a word.
pub fn protocol_word(answer: Protocol) -> &'static str {
    match answer {
        Protocol::Accepted => "accepted",
        Protocol::Ignored => "ignored",
        Protocol::Refused => "refused",
    }
}

/// Whose order it is, in words.
pub fn order_words(order: Option<Order>) -> &'static str {
    match order {
        Some(Order::Server) => "in the server's order of preference",
        Some(Order::Client) => "the server takes the first that the client names",
        None => "in no certain order",
    }
}
