//! `cargo sim connect`: a connection to a live server, step by step.

use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use super::arguments::ConnectOptions;
use super::hints;
use super::options::{check, first_session, script};
use super::replay::cost;
use super::{print, print_json};
use crate::client::{Outcome, Run, Script, Silence, Stage, Turn};
use crate::failure::Failure;
use crate::flow::Flow;
use crate::hex;
use crate::lab;
use crate::live::Live;
use crate::measure::Measured;
use crate::peer::Seen;
use crate::plan::Plan;
use crate::recording::Agreed;
use crate::report::json;
use crate::steps::{self, Step};
use crate::stranger;
use crate::tape::{Direction, Recorder, Tape};

/// A connection as far as it went.
struct Attempt {
    tape: Tape,
    stages: Vec<Stage>,
    result: Result<Outcome, Failure>,
}

/// Connects.
///
/// # Errors
/// For wrong arguments, or why the connection failed; what was seen until then has been printed.
pub fn run(options: &ConnectOptions) -> Result<(), Failure> {
    let mut plan = options.connection.plan(&options.address)?;
    let send = options.connection.bytes_to_send()?;
    check(&plan)?;
    if options.connection.resume {
        let first = first_session(&options.connection, &options.address, &plan);
        plan.session = Some(first.map_err(|failure| failure.at_server(&options.address))?);
    }
    let attempt = attempt(options, &plan, script(send.as_deref()));
    let flow = Flow::read(&attempt.tape.stream(Direction::ToClient));
    let chain: Vec<_> = flow
        .certificates
        .iter()
        .map(|der| Seen::read(der))
        .collect();
    let hints = match &attempt.result {
        Err(failure) => hints::all(&plan, &flow, failure),
        Ok(_) => Vec::new(),
    };
    if options.json {
        print_json(&report(options, &plan, &chain, &attempt, &hints))?;
    } else {
        print(&describe_chain(&chain))?;
        if let Ok(outcome) = &attempt.result {
            print(&describe(&plan, outcome, &attempt.tape))?;
        }
        for hint in &hints {
            print(&format!("\nHint: {hint}\n"))?;
        }
    }
    match attempt.result {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.at_server(&options.address)),
    }
}

fn attempt(options: &ConnectOptions, plan: &Plan, script: Script<'_>) -> Attempt {
    let mut attempt = Attempt {
        tape: Tape::default(),
        stages: Vec::new(),
        result: Err(Failure::Other(String::new())),
    };
    attempt.result = connect(
        options,
        plan,
        script,
        &mut attempt.tape,
        &mut attempt.stages,
    );
    attempt
}

fn connect(
    options: &ConnectOptions,
    plan: &Plan,
    script: Script<'_>,
    tape: &mut Tape,
    stages: &mut Vec<Stage>,
) -> Result<Outcome, Failure> {
    let run = Run {
        plan,
        seed: lab::fresh_seed()?,
        script,
        measure_stack: false,
    };
    let start = Instant::now();
    let live = Live::connect(&options.address, options.connection.timeout)?;
    let connected = start.elapsed();
    let first = live.first();
    let mut link = Recorder::new(live, start);
    let result = run.connect(&mut link, &mut |stage| stages.push(*stage));
    *tape = link.tape().clone();
    let result = stranger::named(result, &first.bytes());
    if !options.json {
        print(&format!(
            "{} as {}\n{:>9.1} ms  TCP connected\n{}",
            options.address,
            plan.server_name,
            steps::milliseconds(connected),
            steps::lines(&steps::of(tape, stages))
        ))?;
    }
    result
}

fn describe_chain(chain: &[Seen]) -> String {
    let mut text = String::new();
    for (number, seen) in chain.iter().enumerate() {
        if number == 0 {
            text.push_str("\nThe server's certificates, as sent\n");
        }
        text.push_str(&format!(
            "  {number}  {}\n     issued by {}\n     {}, {} B, valid from {} to {}\n",
            seen.subject, seen.issuer, seen.key, seen.length, seen.not_before, seen.not_after
        ));
        if number == 0
            && let Some(fingerprints) = &seen.fingerprints
        {
            text.push_str(&format!(
                "     SHA-256 pin          {}\n     Tasmota fingerprint  {}\n",
                fingerprints.sha256, fingerprints.tasmota
            ));
        }
    }
    text
}

fn describe(plan: &Plan, outcome: &Outcome, tape: &Tape) -> String {
    let agreed = Agreed::from(&outcome.negotiated);
    let or = |value: Option<String>, otherwise: &str| value.unwrap_or_else(|| otherwise.to_owned());
    let alpn = agreed.alpn.and_then(|index| plan.alpn.get(index).cloned());
    let mut text = format!(
        "\nAgreed\n  session             {}\n  suite               {}\n  group               {}\n  \
         fragment length     {}\n  ALPN                {}\n  client certificate  {}\n",
        match (agreed.resumed, plan.session.is_some()) {
            (true, _) => "resumed",
            (false, true) => "new: the server has forgotten the one that was offered",
            (false, false) => "new",
        },
        agreed.suite,
        or(
            agreed.group,
            if agreed.resumed {
                "none: there is no key exchange in a resumed session"
            } else {
                "none: RSA key exchange, without forward secrecy"
            }
        ),
        or(
            agreed.fragment_length.map(|bytes| bytes.to_string()),
            "none: ignored, or not offered"
        ),
        or(alpn, "none"),
        match (agreed.certificate_requested, plan.client.is_some()) {
            (true, true) => "asked for, and given",
            (true, false) => "asked for; there was none to give",
            (false, _) => "not asked for",
        }
    );
    if let Some(pin) = &outcome.learned {
        text.push_str(&format!(
            "\nLearned: from now on, use --fingerprint {pin}\n"
        ));
    }
    for turn in &outcome.turns {
        text.push_str(&exchange(turn, outcome.silence));
    }
    let goodbye = if outcome.closed_by_both {
        "by both sides"
    } else {
        "by us; the server did not say goodbye"
    };
    text.push_str(&format!(
        "\nClosed {goodbye}\n\nCost\n{}",
        cost(&Measured::of(plan, outcome, tape))
    ));
    text
}

/// What was sent, and what came of it.
pub fn exchange(turn: &Turn, silence: Option<Silence>) -> String {
    let (sent, got) = (turn.send.0.len(), &turn.receive.0);
    let what = match silence {
        None => format!("got {} B: {}", got.len(), got.escape_ascii()),
        Some(Silence::TimedOut) => "no answer in the time that --timeout gives".to_owned(),
        Some(Silence::Closed) => "the server closed the connection without an answer".to_owned(),
    };
    format!("\nSent {sent} B, {what}\n")
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    server: String,
    server_name: &'a str,
    ok: bool,
    error: Option<serde_json::Value>,
    hints: &'a [String],
    chain: &'a [Seen],
    steps: Vec<Step>,
    agreed: Option<serde_json::Value>,
    learned: Option<String>,
    answers: Vec<String>,
    no_answer: Option<&'static str>,
    closed_by_both: Option<bool>,
    cost: Option<serde_json::Value>,
}

fn report<'a>(
    options: &ConnectOptions,
    plan: &'a Plan,
    chain: &'a [Seen],
    attempt: &Attempt,
    hints: &'a [String],
) -> Report<'a> {
    let mut report = Report {
        server: options.address.to_string(),
        server_name: &plan.server_name,
        ok: attempt.result.is_ok(),
        error: attempt.result.as_ref().err().map(error),
        hints,
        chain,
        steps: steps::of(&attempt.tape, &attempt.stages),
        agreed: None,
        learned: None,
        answers: Vec::new(),
        no_answer: None,
        closed_by_both: None,
        cost: None,
    };
    if let Ok(outcome) = &attempt.result {
        report.agreed = Some(agreed(plan, outcome));
        report.learned = outcome.learned.map(|pin| pin.to_string());
        let answer = |turn: &Turn| hex::encode(&turn.receive.0);
        report.answers = outcome.turns.iter().map(answer).collect();
        report.no_answer = outcome.silence.map(|silence| match silence {
            Silence::TimedOut => "timeout",
            Silence::Closed => "closed",
        });
        report.closed_by_both = Some(outcome.closed_by_both);
        report.cost = Some(cost_of(&Measured::of(plan, outcome, &attempt.tape)));
    }
    report
}

/// A failure, with number, cause and remedy where it has them.
pub fn error(failure: &Failure) -> serde_json::Value {
    match failure.explained() {
        Some(explained) => json!({
            "code": explained.code,
            "message": explained.message,
            "cause": explained.cause,
            "remedy": explained.remedy,
        }),
        None => json!({ "message": failure.to_string() }),
    }
}

/// What was agreed on, with the protocol by its name.
pub fn agreed(plan: &Plan, outcome: &Outcome) -> serde_json::Value {
    let agreed = Agreed::from(&outcome.negotiated);
    let alpn = agreed.alpn.and_then(|index| plan.alpn.get(index));
    json!({
        "suite": agreed.suite,
        "group": agreed.group,
        "fragment_length": agreed.fragment_length,
        "alpn": alpn,
        "certificate_requested": agreed.certificate_requested,
        "resumed": agreed.resumed,
    })
}

/// What a connection cost.
pub fn cost_of(measured: &Measured) -> serde_json::Value {
    json!({
        "bytes": json::Ways::from(measured.bytes),
        "messages": json::Ways::from(measured.messages),
        "kept": measured.kept.total,
        "scratch": measured.scratch,
        "operations": json::operations(measured),
        "board": crate::model::BOARD,
        "measured": false,
        "milliseconds": json::milliseconds(measured),
    })
}
