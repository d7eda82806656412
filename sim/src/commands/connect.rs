//! `cargo sim -- connect`: a connection to a live server, step by step.

use bearcub::tls::Message;
use serde::Serialize;
use serde_json::json;

use super::arguments::ConnectOptions;
use super::options::script;
use super::replay::cost;
use super::{print, print_json};
use crate::client::{Outcome, Run, Stage};
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
use crate::tape::{Direction, Recorder, Tape};

/// Connects, and says whether it went well.
///
/// # Errors
/// For wrong arguments. What fails later has been printed.
pub fn run(options: &ConnectOptions) -> Result<bool, Failure> {
    let plan = options.connection.plan(&options.address)?;
    let send = options.connection.bytes_to_send()?;
    let run = Run {
        plan: &plan,
        seed: lab::fresh_seed()?,
        script: script(send.as_deref()),
        measure_stack: false,
    };
    // A plan that cannot work is found before anything is sent.
    plan.with_config(|_| Ok(()))?;
    let mut tape = Tape::default();
    let result = connect(options, &run, &mut tape);
    let chain = Flow::read(&tape.stream(Direction::ToClient)).certificates;
    let chain: Vec<_> = chain.iter().map(|der| Seen::read(der)).collect();
    if options.json {
        print_json(&report(options, &plan, &chain, &tape, &result))?;
    } else {
        print(&describe_chain(&chain));
        if let Ok(outcome) = &result {
            print(&describe(&plan, outcome, &tape));
        }
    }
    match result {
        Ok(_) => Ok(true),
        Err(failure) if options.json => Ok(failure.exit_status() == 0),
        Err(failure) => Err(failure),
    }
}

fn connect(options: &ConnectOptions, run: &Run<'_>, tape: &mut Tape) -> Result<Outcome, Failure> {
    let quiet = options.json;
    let say = |text: &str| {
        if !quiet {
            print(text);
        }
    };
    let start = std::time::Instant::now();
    let live = Live::connect(&options.address, options.connection.timeout)?;
    say(&format!(
        "{} as {}\n{:>9.1} ms  TCP connected\n",
        options.address,
        run.plan.server_name,
        milliseconds(start.elapsed())
    ));
    let mut link = Recorder::new(live);
    let mut show = |stage: &Stage| {
        say(&format!(
            "{:>9.1} ms  {:24} computing {:.1} ms\n",
            milliseconds(stage.at),
            name_of(stage.message),
            milliseconds(stage.computing)
        ));
    };
    let result = run.connect(&mut link, &mut show);
    *tape = link.tape().clone();
    result
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A stage, by who does what in it.
fn name_of(message: Message) -> String {
    match message {
        Message::ClientHello => "sent ClientHello".to_owned(),
        Message::ClientKeyExchange => "sent ClientKeyExchange".to_owned(),
        other => format!("got {other:?}"),
    }
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
        "\nAgreed\n  suite            {}\n  group            {}\n  fragment length  {}\n  ALPN             {}\n  \
         client certificate  {}\n",
        agreed.suite,
        or(
            agreed.group,
            "none: RSA key exchange, without forward secrecy"
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
        text.push_str(&format!(
            "\nSent {} B, got {} B: {}\n",
            turn.send.0.len(),
            turn.receive.0.len(),
            turn.receive.0.escape_ascii()
        ));
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

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    server: String,
    server_name: &'a str,
    ok: bool,
    error: Option<serde_json::Value>,
    chain: &'a [Seen],
    steps: Vec<serde_json::Value>,
    agreed: Option<Agreed>,
    alpn: Option<String>,
    learned: Option<String>,
    answers: Vec<String>,
    closed_by_both: Option<bool>,
    cost: Option<serde_json::Value>,
}

fn report<'a>(
    options: &ConnectOptions,
    plan: &'a Plan,
    chain: &'a [Seen],
    tape: &Tape,
    result: &Result<Outcome, Failure>,
) -> Report<'a> {
    let outcome = result.as_ref().ok();
    let error = result.as_ref().err().map(|failure| match failure {
        Failure::Tls(error) => json!({
            "code": error.code(),
            "message": error.to_string(),
            "cause": error.explain().cause,
            "remedy": error.explain().remedy,
        }),
        other => json!({ "message": other.to_string() }),
    });
    let steps = outcome
        .map(|outcome| &outcome.stages[..])
        .unwrap_or_default();
    let cost = outcome.map(|outcome| {
        let measured = Measured::of(plan, outcome, tape);
        json!({
            "bytes": json::Ways::from(measured.bytes),
            "messages": json::Ways::from(measured.messages),
            "kept": measured.kept.total,
            "scratch": measured.scratch,
            "operations": json::operations(&measured),
            "board": crate::model::BOARD,
            "measured": false,
            "milliseconds": json::milliseconds(&measured),
        })
    });
    Report {
        server: options.address.to_string(),
        server_name: &plan.server_name,
        ok: outcome.is_some(),
        error,
        chain,
        steps: steps
            .iter()
            .map(|stage| {
                json!({
                    "message": format!("{:?}", stage.message),
                    "at_milliseconds": milliseconds(stage.at),
                    "computing_milliseconds": milliseconds(stage.computing),
                })
            })
            .collect(),
        agreed: outcome.map(|outcome| Agreed::from(&outcome.negotiated)),
        alpn: outcome
            .and_then(|outcome| outcome.negotiated.alpn)
            .and_then(|index| plan.alpn.get(index).cloned()),
        learned: outcome
            .and_then(|outcome| outcome.learned)
            .map(|pin| pin.to_string()),
        answers: outcome
            .map(|outcome| {
                outcome
                    .turns
                    .iter()
                    .map(|turn| hex::encode(&turn.receive.0))
                    .collect()
            })
            .unwrap_or_default(),
        closed_by_both: outcome.map(|outcome| outcome.closed_by_both),
        cost,
    }
}
