//! Recordings replay byte for byte, and whatever is not exact is found.

mod common;

use bearcub_sim::measure::replay;
use bearcub_sim::recording::Recording;
use bearcub_sim::scenarios;
use bearcub_sim::tape::Direction;
use common::{bearcub, recording, recordings, text};

fn load(name: &str) -> Recording {
    Recording::load(&recording(name)).unwrap()
}

#[test]
fn there_is_a_recording_for_every_scenario_and_no_other() {
    let mut names: Vec<_> = recordings()
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let mut expected: Vec<_> = scenarios::every().map(|scenario| scenario.name).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn every_recording_replays_exactly() {
    for path in recordings() {
        let ran = bearcub(&["replay", text(&path)]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains(": exact\n"), "{}", ran.stdout);
    }
}

#[test]
fn every_recording_exchanges_data_and_is_closed_by_both_sides() {
    for path in recordings() {
        let recording = Recording::load(&path).unwrap();
        assert!(!recording.header.turns.is_empty(), "{}", path.display());
        let answered = |turn: &bearcub_sim::client::Turn| {
            !turn.send.0.is_empty() && !turn.receive.0.is_empty()
        };
        assert!(recording.header.turns.iter().all(answered));
        assert!(recording.header.closed_by_both);
    }
}

/// A few bytes of each direction, the first and the last one among them.
fn offsets(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(len / 12 + 1).chain([len - 1])
}

#[test]
fn a_changed_byte_of_the_server_is_noticed() {
    let original = load("selfsigned-ca");
    for offset in offsets(original.tape.stream(Direction::ToClient).len()) {
        let mut changed = original.clone();
        *byte_at(&mut changed, Direction::ToClient, offset) ^= 1;
        assert!(replay(&changed).is_err(), "server byte {offset}");
    }
}

#[test]
fn a_changed_byte_of_the_client_is_named_by_its_offset() {
    let original = load("selfsigned-ca");
    for offset in offsets(original.tape.stream(Direction::ToServer).len()) {
        let mut changed = original.clone();
        *byte_at(&mut changed, Direction::ToServer, offset) ^= 1;
        let message = replay(&changed).unwrap_err().to_string();
        assert!(
            message.contains(&format!("client byte {offset} is ")),
            "{message}"
        );
    }
}

fn byte_at(recording: &mut Recording, direction: Direction, offset: usize) -> &mut u8 {
    let segments = recording.tape.segments.iter_mut();
    let bytes = segments.filter(|segment| segment.direction == direction);
    bytes
        .flat_map(|segment| &mut segment.bytes)
        .nth(offset)
        .unwrap()
}

#[test]
fn another_seed_is_another_client() {
    let mut changed = load("selfsigned-ca");
    changed.header.seed.0[0] ^= 1;
    let message = replay(&changed).unwrap_err().to_string();
    // The ClientHello's random, behind record header, message header, version, and four bytes that BearSSL leaves zero.
    assert!(message.contains("client byte 15 is "), "{message}");
}

#[test]
fn what_the_header_says_is_checked() {
    let original = load("aws-fingerprint");
    let mut changed = original.clone();
    changed.header.agreed.fragment_length = None;
    assert!(replay(&changed).unwrap_err().to_string().contains("agreed"));
    let mut changed = original.clone();
    changed.header.turns[0].receive.0[0] ^= 1;
    assert!(
        replay(&changed)
            .unwrap_err()
            .to_string()
            .contains("answer 0")
    );
    let mut changed = original;
    changed.key_log = changed.key_log.replace(' ', " 0").replace(" 00", " 0");
    assert!(
        replay(&changed)
            .unwrap_err()
            .to_string()
            .contains("master secret")
    );
}

#[test]
fn a_tape_that_ends_early_is_a_cut_connection() {
    let mut cut = load("letsencrypt-ca");
    cut.tape.segments.truncate(4);
    let message = replay(&cut).unwrap_err().to_string();
    assert!(message.contains("error -1400"), "{message}");
}

#[test]
fn a_tape_that_goes_on_is_noticed() {
    let mut longer = load("letsencrypt-ca");
    let mut last = longer.tape.segments.last().unwrap().clone();
    last.direction = Direction::ToServer;
    longer.tape.segments.push(last);
    let message = replay(&longer).unwrap_err().to_string();
    assert!(
        message.contains("the connection is over at client byte"),
        "{message}"
    );
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let good = recording("selfsigned-ca");
    let ran = bearcub(&["replay", "no-such-file.pcapng", text(&good)]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("no-such-file.pcapng"), "{}", ran.stderr);
    assert!(ran.stdout.contains(": exact\n"), "{}", ran.stdout);
}
