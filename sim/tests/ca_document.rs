//! `docs/self-hosted-mosquitto.md`, typed at a terminal as it stands there.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use bearcub_lab::server::Mosquitto;
use common::ca::PASSPHRASE;
use common::document::{commands, compare};
use common::not_checked;
use common::terminal::on_terminal;

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
