//! A probe for people.

use std::fmt::Write;

use bearcub::buffer::FragmentLength;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::boards::{self, CHIPS};
use super::certificates::{Link, authority};
use super::registry;
use super::report::{Probe, order_words, protocol_word, trust_name};
use super::verdict::{Resumption, Verdict};
use crate::board::Board;
use crate::board::measure::Measurement;
use crate::model;
use crate::report::grouped;
use crate::steps;

/// How it is set: a heading, and a warning's mark.
pub struct Style {
    /// For headings.
    pub heading: fn(&str) -> String,
    /// For the word in front of a warning.
    pub warning: fn(&str) -> String,
    /// For the word in front of good news.
    pub good: fn(&str) -> String,
}

/// Everything but the Rust.
pub fn of(probe: &Probe<'_>, style: &Style) -> String {
    let mut text = format!(
        "{} as {}\n",
        (style.heading)(&probe.server),
        probe.server_name
    );
    protocol(&mut text, probe, style);
    records(&mut text, probe, style);
    chain(&mut text, probe, style);
    taken(&mut text, probe, style);
    verdict(&mut text, probe, style);
    if !probe.warnings.is_empty() || probe.findings.stopped.is_some() {
        text.push('\n');
    }
    for warning in probe.warnings {
        let _ = writeln!(text, "{} {}", (style.warning)("Warning:"), warning.text);
    }
    if let Some(stopped) = &probe.findings.stopped {
        let _ = writeln!(
            text,
            "{} not everything was asked: {stopped}",
            (style.warning)("Warning:")
        );
    }
    text
}

fn heading(text: &mut String, style: &Style, words: &str) {
    let _ = writeln!(text, "\n{}", (style.heading)(words));
}

fn protocol(text: &mut String, probe: &Probe<'_>, style: &Style) {
    let findings = probe.findings;
    heading(text, style, "Versions");
    for (version, spoken) in &findings.versions {
        let word = match spoken {
            Some(true) => "yes",
            Some(false) => "no",
            None => "no answer in time",
        };
        let _ = write!(text, "  {}  {word}", registry::version(*version));
        if let (registry::TLS13, Some((suite, group))) = (*version, findings.tls13) {
            let group = group.map(|id| format!(", {}", registry::group(id)));
            let _ = write!(
                text,
                ": {}{}",
                registry::suite(suite),
                group.unwrap_or_default()
            );
        }
        text.push('\n');
    }
    if !findings.suites.is_empty() {
        let words = format!("Suites of TLS 1.2, {}", order_words(findings.order));
        heading(text, style, &words);
        let ours = findings.ours();
        for id in &findings.suites {
            let mark = if ours.contains(id) { "*" } else { " " };
            let _ = writeln!(text, "  {mark} {}", registry::suite(*id));
        }
        text.push_str("  (* in the library)\n");
    }
    if !findings.groups.is_empty() {
        heading(text, style, "Groups of TLS 1.2");
        let names: Vec<_> = findings
            .groups
            .iter()
            .map(|id| registry::group(*id))
            .collect();
        let more = if findings.groups_hidden {
            "; if there are more, the curve of the server's own key hides them"
        } else {
            ""
        };
        let _ = writeln!(text, "  {}{more}", names.join(", "));
    }
    if !findings.protocols.is_empty() {
        heading(text, style, "ALPN");
        for (name, answer) in &findings.protocols {
            let _ = writeln!(text, "  {name:16} {}", protocol_word(*answer));
        }
    }
}

fn records(text: &mut String, probe: &Probe<'_>, style: &Style) {
    let findings = probe.findings;
    if findings.flight.hello.is_none() {
        return;
    }
    heading(text, style, "Records");
    for one in &findings.fragments {
        let kept = match (one.acknowledged, one.kept) {
            (false, _) => "ignored".to_owned(),
            (true, Some(true)) => "agreed to, and kept".to_owned(),
            (true, Some(false)) => "agreed to, and broken".to_owned(),
            (true, None) => "agreed to; nothing that it sent would have been larger".to_owned(),
        };
        let _ = writeln!(
            text,
            "  fragment length {:4}  {kept}; the largest record had {} B",
            one.bytes,
            grouped(one.largest_record)
        );
    }
    let _ = writeln!(
        text,
        "  without one           the largest record of the handshake has {} B of plaintext",
        grouped(findings.flight.largest_record)
    );
    if let Ok(verdict) = probe.verdict
        && let Ok(outcome) = &verdict.trial.result
    {
        let _ = writeln!(
            text,
            "  with the verdict      the largest record of the connection has {} B of plaintext",
            grouped(verdict.trial.largest_record())
        );
        for turn in &outcome.turns {
            let (send, receive) = (turn.send.0.len(), turn.receive.0.len());
            let _ = writeln!(text, "  sent {send} B, got {receive} B");
        }
    }
}

fn chain(text: &mut String, probe: &Probe<'_>, style: &Style) {
    if probe.chain.is_empty() {
        return;
    }
    let words = format!(
        "The server's certificates, as sent: {} with {} B",
        probe.chain.len(),
        grouped(probe.chain_bytes())
    );
    heading(text, style, &words);
    for (number, link) in probe.chain.iter().enumerate() {
        text.push_str(&certificate(number, link));
    }
    if let Some(request) = &probe.findings.flight.request {
        heading(text, style, "It asks for a client certificate");
        if request.authorities.is_empty() {
            text.push_str("  of any authority\n");
        }
        for name in &request.authorities {
            let _ = writeln!(text, "  from {}", authority(name));
        }
    }
    let Ok(verdict) = probe.verdict else {
        return;
    };
    heading(text, style, "Authorities");
    for number in &verdict.ending.by_name {
        let Some(one) = probe.authority(*number) else {
            continue;
        };
        let word = if verdict.ending.chosen == Some(*number) {
            "suffices, the smallest"
        } else if verdict.ending.sufficient.contains(number) {
            "suffices"
        } else {
            "does not suffice"
        };
        let _ = writeln!(
            text,
            "  {word}: {} ({}, {} B of flash, {})",
            one.seen.subject, one.seen.key, one.bytes, one.place
        );
    }
    if let Some(refusal) = &verdict.ending.refusal {
        let first = refusal.to_string();
        let _ = writeln!(text, "  {}", first.lines().next().unwrap_or_default());
    }
}

fn certificate(number: usize, link: &Link) -> String {
    let seen = &link.seen;
    let mut text = format!(
        "  {number}  {}\n     issued by {}\n     {}, signed by {}, {} B, valid from {} to {}\n",
        seen.subject,
        if link.is_self_signed {
            "itself"
        } else {
            &seen.issuer
        },
        seen.key,
        link.signature,
        seen.length,
        seen.not_before,
        seen.not_after
    );
    if number == 0 {
        if !link.names.is_empty() {
            let _ = writeln!(text, "     for {}", link.names.join(", "));
        }
        if let Some(prints) = &seen.fingerprints {
            let _ = writeln!(text, "     SHA-256 pin          {}", prints.sha256);
            let _ = writeln!(text, "     Tasmota fingerprint  {}", prints.tasmota);
        }
    }
    text
}

fn taken(text: &mut String, probe: &Probe<'_>, style: &Style) {
    heading(text, style, "Time");
    if let Some(time) = probe.connected {
        let _ = writeln!(text, "  {:24} {time:>9.1} ms", "TCP connect");
    }
    for taken in probe.taken {
        let each = if taken.connections == 1 {
            String::new()
        } else {
            format!(" in {} connections", taken.connections)
        };
        let _ = writeln!(
            text,
            "  {:24} {:>9.1} ms{each}",
            taken.step, taken.milliseconds
        );
    }
    if let Ok(verdict) = probe.verdict {
        text.push_str("  the handshake of the verdict, on this machine:\n");
        text.push_str(&steps::lines(&steps::of(
            &verdict.trial.tape,
            &verdict.trial.stages,
        )));
    }
}

fn verdict(text: &mut String, probe: &Probe<'_>, style: &Style) {
    let verdict = match probe.verdict {
        Ok(verdict) => verdict,
        Err(_) => return,
    };
    heading(text, style, "Verdict");
    let plan = &verdict.trial.plan;
    let state = match (verdict.failure(), probe.lacks_identity()) {
        (None, _) => (style.good)("It works:"),
        (Some(_), true) => {
            (style.warning)("Not tried to its end, for lack of a client certificate:")
        }
        (Some(_), false) => (style.warning)("It fails:"),
    };
    let _ = writeln!(
        text,
        "{state} {}, groups {}, trust by {}, buffers of {} and {} B, fragment length {}",
        plan.suites.join(", "),
        plan.groups,
        trust_name(verdict.trust),
        grouped(plan.buffers.input),
        grouped(plan.buffers.output),
        fragment_length(verdict)
    );
    let resumption = match &verdict.resumption.0 {
        Resumption::Resumed => "are resumed by their identifiers".to_owned(),
        Resumption::Forgotten => "are given an identifier, and forgotten".to_owned(),
        Resumption::NotOffered => "are not resumed: the server gives no identifier".to_owned(),
        Resumption::NotTried(why) => {
            format!(
                "were not tried to be resumed: {}",
                why.lines().next().unwrap_or_default()
            )
        }
    };
    let _ = writeln!(text, "Sessions {resumption}.");
    if let Some(other) = &verdict.passed_over {
        let _ = writeln!(
            text,
            "The server has another kind of key too; {} was tried and not taken: {}.",
            other.suite,
            other
                .why
                .trim_end_matches('.')
                .split("; ")
                .next()
                .unwrap_or_default()
        );
    }
    costs(text, verdict);
    if probe.is_rsa_2048_enough() {
        text.push_str(
            "  Every RSA key here has 2048 bits or fewer: a library without its feature `rsa-4096` borrows less.\n",
        );
    }
    for (board, measurement) in probe.boards {
        text.push_str(&on_board(*board, measurement));
    }
}

/// What was agreed on, or what would be.
fn fragment_length(verdict: &Verdict) -> String {
    let agreed = match &verdict.trial.result {
        Ok(outcome) => outcome.negotiated.fragment_length,
        Err(_) => FragmentLength::ALL
            .into_iter()
            .rev()
            .find(|length| length.bytes() <= verdict.trial.plan.buffers.input)
            .filter(|_| verdict.trial.plan.buffers.input < 16_384),
    };
    agreed.map_or_else(|| "none".to_owned(), |length| length.bytes().to_string())
}

/// A table of what it costs on every board, with each trust that could be.
fn costs(text: &mut String, verdict: &Verdict) {
    let mut rows = Vec::new();
    for cost in &verdict.costs {
        let mark = if cost.by == verdict.trust { "*" } else { " " };
        let name = format!("{mark} trust by {}", trust_name(cost.by));
        match &cost.result {
            Ok(measured) => rows.push((name, boards::all(measured, verdict.kind(cost.by, false)))),
            Err(failure) => {
                let why = failure.to_string();
                let why = why.lines().next().unwrap_or_default();
                let _ = writeln!(text, "  {name:18} not counted: {why}");
            }
        }
    }
    if let (_, Some(measured)) = &verdict.resumption {
        let kind = verdict.kind(verdict.trust, true);
        rows.push(("  resumed".to_owned(), boards::all(measured, kind)));
    }
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let clocks = CHIPS.iter().flat_map(|chip| {
        let each = chip.clocks.iter();
        each.map(|mhz| format!("{}\n{mhz} MHz", chip.name))
    });
    let header = ["", "kept\nB", "scratch\nB", "stack B\non each chip"].map(str::to_owned);
    table.set_header(header.into_iter().chain(clocks));
    for column in 1..table.column_count() {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for (name, chips) in rows {
        let stacks: Vec<_> = chips.iter().map(|one| grouped(one.stack)).collect();
        let times = CHIPS.iter().zip(&chips).flat_map(|(chip, one)| {
            let each = chip.clocks.iter();
            each.map(|mhz| format!("~{} ms", grouped(one.at(*mhz) as usize)))
        });
        let times: Vec<_> = times.collect();
        let first = [
            name,
            grouped(chips[0].kept),
            grouped(chips[0].scratch),
            format!("~{}", stacks.join(", ~")),
        ];
        table.add_row(first.into_iter().chain(times));
    }
    let _ = writeln!(
        text,
        "{table}\n~ modelled: times from the operations of this connection, stacks of connections like it; kept and scratch are \
         exact. Scratch\nand stack are borrowed for the handshake. --board measures this very connection on a board's CPU."
    );
    if verdict.lacks_identity() {
        text.push_str(
            "Counted with a client certificate that has an EC P-256 key, as small devices have.\n",
        );
    }
}

fn on_board(board: Board, measurement: &Measurement) -> String {
    let times = model::clocks(board).iter().map(|mhz| {
        let time = model::measured_milliseconds(measurement, *mhz);
        format!("{} ms at {mhz} MHz", grouped(time as usize))
    });
    let flash = measurement.flash.map_or_else(String::new, |flash| {
        format!(", {} B of flash", grouped(flash.total() as usize))
    });
    format!(
        "  {:18} {} B kept, {} B borrowed = {} scratch + {} stack{flash}; {} (measured on its CPU, emulated)\n",
        board.name(),
        grouped(measurement.kept),
        grouped(measurement.scratch + measurement.stack()),
        grouped(measurement.scratch),
        grouped(measurement.stack()),
        times.collect::<Vec<_>>().join(", ")
    )
}
