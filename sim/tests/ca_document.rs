//! `docs/self-hosted-mosquitto.md`, typed at a terminal as it stands there.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use bearcub_lab::server::Mosquitto;
use common::ca::PASSPHRASE;
use common::not_checked;
use common::terminal::on_terminal;

/// What the page says is typed, and what it shows of the answer.
struct Typed {
    command: String,
    shown: Vec<String>,
}

impl Typed {
    /// Installing takes minutes or another user, and is left out.
    fn is_left_out(&self) -> bool {
        self.command.starts_with("sudo ") || self.command.starts_with("cargo ")
    }
}

/// The commands of the blocks marked `console`.
fn commands(document: &str) -> Vec<Typed> {
    let mut all: Vec<Typed> = Vec::new();
    for block in document.split("```console\n").skip(1) {
        let (block, _) = block.split_once("```").expect("the end of a block");
        for line in block.lines() {
            match (line.strip_prefix("$ "), all.last_mut()) {
                (Some(command), _) => all.push(Typed {
                    command: command.to_owned(),
                    shown: Vec::new(),
                }),
                (None, Some(last)) if last.command.ends_with('\\') => {
                    last.command.push_str(&format!("\n{line}"));
                }
                (None, last) => last.expect("a command").shown.push(line.to_owned()),
            }
        }
    }
    all
}

/// Whether a line is what the page shows: `…` stands for anything.
fn is_like(line: &str, shown: &str) -> bool {
    match shown.split_once('…') {
        None => line.trim_end() == shown,
        Some((start, end)) => line.strip_prefix(start).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| &rest[at..]);
            ends.chain([""]).any(|rest| is_like(rest, end))
        }),
    }
}

/// Every line of the page, in this order; `…` alone stands for any lines, and so does an answer that is not shown.
fn compare(typed: &Typed, printed: &str) {
    let mut lines = printed.lines();
    let mut skips = typed.shown.is_empty();
    for shown in &typed.shown {
        if shown == "…" {
            skips = true;
            continue;
        }
        let found = match skips {
            true => lines.find(|line| is_like(line, shown)),
            false => lines.next().filter(|line| is_like(line, shown)),
        };
        let command = &typed.command;
        assert!(found.is_some(), "{command}: no `{shown}` in\n{printed}");
        skips = false;
    }
    let is_all = skips || lines.next().is_none();
    assert!(is_all, "{}: there is more:\n{printed}", typed.command);
}

/// The broker, as soon as its port is free; nothing if it is not for a long time.
fn broker(configuration: &Path) -> Option<Mosquitto> {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        match Mosquitto::start_with(configuration) {
            Err(bearcub_lab::Error::PortTaken) => {}
            other => return Some(other.unwrap()),
        }
    }
    None
}

#[test]
fn the_page_on_mosquitto_works_as_it_is_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = std::fs::read_to_string(root.join("docs/self-hosted-mosquitto.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_bearcub")).parent().unwrap();
    let path = format!("export PATH={}:\"$PATH\"", common::text(binaries));
    let answers = [
        ("authority's key: ", PASSPHRASE),
        ("again: ", PASSPHRASE),
        ("private key: ", PASSPHRASE),
    ];
    let mut running = None;
    let mut typed = 0;
    for one in commands(&document).iter().filter(|one| !one.is_left_out()) {
        typed += 1;
        if let Some(configuration) = one.command.strip_prefix("mosquitto -c ") {
            // It is ended before it is started again.
            drop(running.take());
            running = broker(&folder.path().join(configuration));
            if running.is_none() {
                return not_checked("something else listens at port 8883");
            }
            continue;
        }
        let line = format!("{path}; {}", one.command);
        let (status, printed) = on_terminal(folder.path(), &line, &answers);
        let fails = one.shown.iter().any(|line| line.starts_with("bearcub: "));
        assert_eq!(status != 0, fails, "{}: {printed}", one.command);
        compare(one, &printed);
    }
    assert!(typed >= 15, "{typed} commands");
}

#[test]
fn fewer_than_ten_commands_lead_to_two_devices_at_a_broker_of_ones_own() {
    let document = include_str!("../../docs/self-hosted-mosquitto.md");
    let all = commands(document);
    let last = all
        .iter()
        .position(|one| one.command.starts_with("bearcub subscribe"));
    let until = &all[..=last.unwrap()];
    assert_eq!(until.len(), 9);
    for word in ["ca device plant-7", "ca device plant-8", "bearcub publish"] {
        assert!(until.iter().any(|one| one.command.contains(word)), "{word}");
    }
}
