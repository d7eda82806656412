//! Files that are no recordings: the error says what is wrong and where, and nothing panics.

mod common;

use std::borrow::Cow;

use bearcub_sim::measure::replay;
use bearcub_sim::recording::Recording;
use common::{bearcub, recording, text};
use pcap_file::pcapng::blocks::section_header::SectionHeaderOption;
use pcap_file::pcapng::{Block, PcapNgParser, PcapNgWriter};
use pcap_file::{DataLink, pcapng::blocks::unknown::UnknownBlock};
use proptest::prelude::*;

fn bytes() -> Vec<u8> {
    std::fs::read(recording("selfsigned-fingerprint")).unwrap()
}

fn error(bytes: &[u8]) -> String {
    let message = Recording::parse(bytes).unwrap_err().to_string();
    assert!(message.starts_with("not a usable recording: "), "{message}");
    message
}

/// The file with its blocks changed; `None` leaves one out.
fn edited(mut edit: impl FnMut(Block<'static>) -> Option<Block<'static>>) -> Vec<u8> {
    let bytes = bytes();
    let (mut rest, mut parser) = PcapNgParser::new(&bytes).unwrap();
    let section = Block::SectionHeader(parser.section().clone());
    let section = edit(section).and_then(Block::into_section_header).unwrap();
    let mut writer = PcapNgWriter::with_section_header(Vec::new(), section).unwrap();
    while !rest.is_empty() {
        let (behind, block) = parser.next_block(rest).unwrap();
        rest = behind;
        if let Some(block) = edit(block.into_owned()) {
            writer.write_block(&block).unwrap();
        }
    }
    writer.into_inner()
}

/// The file with another comment.
fn with_comment(change: impl Fn(&str) -> String) -> Vec<u8> {
    edited(|block| match block {
        Block::SectionHeader(mut section) => {
            for option in &mut section.options {
                if let SectionHeaderOption::Comment(text) = option {
                    *text = Cow::Owned(change(text));
                }
            }
            Some(Block::SectionHeader(section))
        }
        other => Some(other),
    })
}

#[test]
fn the_file_survives_being_taken_apart_and_put_together() {
    let whole = Recording::parse(&bytes()).unwrap();
    assert_eq!(Recording::parse(&edited(Some)).unwrap(), whole);
    assert_eq!(whole.to_bytes().unwrap(), bytes());
}

#[test]
fn other_files_are_no_recordings() {
    assert!(error(b"").contains("empty"));
    assert!(error(b"hello").contains("byte 0"));
    assert!(error(&[0; 5000]).contains("byte 0"));
    assert!(error(b"\x7fELF and so on and so on and so on").contains("no pcapng file"));
    let classic = b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\x04\0\x01\0\0\0";
    assert!(error(classic).contains("no pcapng file"));
}

#[test]
fn a_comment_that_is_not_ours_is_named() {
    assert!(error(&with_comment(|_| "made by hand".to_owned())).contains("comment"));
    assert!(error(&with_comment(|_| "{}".to_owned())).contains("made by another program?"));
    let newer = |json: &str| json.replace(r#""bearcub_recording":1"#, r#""bearcub_recording":9"#);
    assert!(error(&with_comment(newer)).contains("format 9"));
    let odd = |json: &str| json.replace(r#""seed":""#, r#""seed":"xy"#);
    assert!(error(&with_comment(odd)).contains("hexadecimal"));
    let short = |json: &str| json.replacen(r#""seed":""#, r#""seed":"00","was":""#, 1);
    assert!(error(&with_comment(short)).contains("was"));
    let unknown = |json: &str| json.replace("ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\"],", "NULL\"],");
    assert!(error(&with_comment(unknown)).contains("unknown suite"));
    let huge = |json: &str| json.replace(r#""input":1024"#, r#""input":102400000"#);
    assert!(error(&with_comment(huge)).contains("input buffer"));
    let pin = |json: &str| json.replace(r#"{"pins":[""#, r#"{"pins":["zz"#);
    assert!(error(&with_comment(pin)).contains("the plan: "));
    let cut = |json: &str| json[..json.len() / 2].to_owned();
    assert!(error(&with_comment(cut)).contains("line 1 column"));
}

#[test]
fn a_file_without_comment_or_secrets_says_so() {
    let without = edited(|block| match block {
        Block::SectionHeader(mut section) => {
            section.options.clear();
            Some(Block::SectionHeader(section))
        }
        other => Some(other),
    });
    assert!(error(&without).contains("no comment"));
    let without = edited(|block| (!matches!(block, Block::Unknown(_))).then_some(block));
    assert!(error(&without).contains("no decryption secrets"));
}

#[test]
fn secrets_that_are_no_key_log_are_refused() {
    let with = |value: &'static [u8]| {
        edited(|block| match block {
            Block::Unknown(block) => Some(Block::Unknown(UnknownBlock::new(block.type_, 0, value))),
            other => Some(other),
        })
    };
    assert!(error(&with(b"")).contains("cut short"));
    assert!(error(&with(b"KSLT\xff\0\0\0")).contains("cut short"));
    assert!(error(&with(b"KSLT\0\0\0\0")).contains("empty"));
    assert!(error(&with(b"abcd\x04\0\0\0text")).contains("not a TLS key log"));
    assert!(error(&with(b"KSLT\x04\0\0\0text")).contains("line 1"));
    assert!(error(&with(b"KSLT\x04\0\0\0\xff\xff\xff\xff")).contains("not text"));
}

#[test]
fn packets_of_another_kind_are_refused() {
    let wifi = edited(|block| match block {
        Block::InterfaceDescription(mut interface) => {
            interface.linktype = DataLink::IEEE802_11;
            Some(Block::InterfaceDescription(interface))
        }
        other => Some(other),
    });
    assert!(error(&wifi).contains("link type"));
    let mut foreign = bytes();
    let packet = block_at(&foreign, 6);
    foreign[packet + 8] = 7;
    assert!(error(&foreign).contains(&format!(
        "byte {packet}: a packet from an interface that is not described"
    )));
    let mut odd = bytes();
    odd[packet] = 0x63;
    assert!(error(&odd).contains(&format!("byte {packet}: a kind of block")));
}

/// Where the first block of that type starts.
fn block_at(bytes: &[u8], kind: u32) -> usize {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut at = 0;
    while number(at) != kind {
        at += number(at + 4) as usize;
    }
    at
}

/// The file with one packet changed, or left out.
fn with_packet(number: usize, change: impl Fn(&mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut count = 0;
    edited(|block| match block {
        Block::EnhancedPacket(mut packet) => {
            count += 1;
            if count == number {
                let mut data = packet.data.into_owned();
                let keep = change(&mut data);
                packet.original_len = data.len() as u32;
                packet.data = Cow::Owned(data);
                return keep.then_some(Block::EnhancedPacket(packet));
            }
            Some(Block::EnhancedPacket(packet))
        }
        other => Some(other),
    })
}

#[test]
fn damaged_packets_are_named_by_their_number() {
    let payload = with_packet(5, |data| {
        *data.last_mut().unwrap() ^= 1;
        true
    });
    assert!(error(&payload).contains("packet 5: has a wrong TCP checksum"));
    let header = with_packet(6, |data| {
        data[22] ^= 1;
        true
    });
    assert!(error(&header).contains("packet 6: has a wrong IP checksum"));
    let missing = with_packet(7, |_| false);
    let message = error(&missing);
    assert!(
        message.contains("sequence number") || message.contains("packet 8"),
        "{message}"
    );
    let short = with_packet(3, |data| {
        data.truncate(20);
        true
    });
    assert!(error(&short).contains("packet 3: "));
    let other = with_packet(3, |data| {
        data[12] = 0x86;
        data[13] = 0xdd;
        true
    });
    assert!(error(&other).contains("packet 3: "));
}

#[test]
fn a_truncated_file_is_refused_at_every_length() {
    let bytes = bytes();
    let whole = Recording::parse(&bytes).unwrap();
    for len in (0..bytes.len()).step_by(7) {
        match Recording::parse(&bytes[..len]) {
            Err(failure) => assert!(failure.to_string().starts_with("not a usable recording: ")),
            // The last packets carry no data.
            Ok(recording) => assert_eq!(recording, whole),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever bytes are damaged: an error, or the very same connection.
    #[test]
    fn damage_never_panics_and_never_changes_the_connection(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = bytes();
        let tape = Recording::parse(&bytes).unwrap().tape;
        for (index, value) in damage {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(recording) = Recording::parse(&bytes)
            && replay(&recording).is_ok()
        {
            for direction in [bearcub_sim::tape::Direction::ToServer, bearcub_sim::tape::Direction::ToClient] {
                prop_assert_eq!(recording.tape.stream(direction), tape.stream(direction));
            }
        }
    }

    /// Bytes that never were a recording.
    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Recording::parse(&noise).is_err());
        let mut behind_a_header = bytes()[..bytes().len() / 2].to_vec();
        behind_a_header.extend_from_slice(&noise);
        prop_assert!(Recording::parse(&behind_a_header).is_err());
    }
}

#[test]
fn the_binary_says_the_same_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut.pcapng");
    std::fs::write(&file, &bytes()[..3000]).unwrap();
    let ran = bearcub(&["replay", text(&file)]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("cut.pcapng: byte "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}
