//! The pcapng file (draft-ietf-opsawg-pcapng) around comment, secrets and packets.

use std::borrow::Cow;
use std::time::Duration;

use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::pcapng::{Block, PcapNgParser, PcapNgWriter};
use pcap_file::{DataLink, Endianness, PcapError};

use crate::failure::Failure;

/// The Decryption Secrets Block, which the crate passes through as it is.
const SECRETS_BLOCK: u32 = 0x0000_000a;
/// The secrets are a TLS key log.
const TLS_KEY_LOG: u32 = 0x544c_534b;
/// Timestamps count nanoseconds.
const NANOSECONDS: u8 = 9;
/// A comment's length is a 16-bit number.
const COMMENT_MAX: usize = 65_535;
/// More than any recording has; a file beyond it is none.
const FILE_MAX: usize = 64 << 20;

/// What is in a file.
pub(super) struct Contents {
    pub(super) comment: String,
    pub(super) key_log: String,
    pub(super) packets: Vec<Packet>,
}

/// A packet from the Ethernet header on.
pub(super) struct Packet {
    pub(super) at: Duration,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn write(comment: &str, key_log: &str, packets: &[Packet]) -> Result<Vec<u8>, Failure> {
    if comment.len() > COMMENT_MAX {
        return Err(Failure::Other(format!(
            "the recording's header has {} bytes; a comment has room for {COMMENT_MAX}",
            comment.len()
        )));
    }
    let failed = |error: PcapError| Failure::Other(format!("the pcapng file: {error}"));
    let section = SectionHeaderBlock {
        endianness: Endianness::Little,
        major_version: 1,
        minor_version: 0,
        section_length: -1,
        options: vec![
            SectionHeaderOption::Comment(Cow::Owned(comment.to_owned())),
            SectionHeaderOption::UserApplication(Cow::Borrowed("bearcub")),
        ],
    };
    let mut writer = PcapNgWriter::with_section_header(Vec::new(), section).map_err(failed)?;
    writer
        .write_pcapng_block(InterfaceDescriptionBlock {
            linktype: DataLink::ETHERNET,
            snaplen: 0,
            options: vec![InterfaceDescriptionOption::IfTsResol(NANOSECONDS)],
        })
        .map_err(failed)?;
    let mut secrets = TLS_KEY_LOG.to_le_bytes().to_vec();
    secrets.extend_from_slice(&(key_log.len() as u32).to_le_bytes());
    secrets.extend_from_slice(key_log.as_bytes());
    secrets.resize(secrets.len().next_multiple_of(4), 0);
    writer
        .write_pcapng_block(UnknownBlock::new(SECRETS_BLOCK, 0, &secrets))
        .map_err(failed)?;
    for packet in packets {
        writer
            .write_pcapng_block(EnhancedPacketBlock {
                interface_id: 0,
                timestamp: packet.at,
                original_len: packet.bytes.len() as u32,
                data: Cow::Borrowed(&packet.bytes),
                options: Vec::new(),
            })
            .map_err(failed)?;
    }
    Ok(writer.into_inner())
}

pub(super) fn read(bytes: &[u8]) -> Result<Contents, Failure> {
    let wrong = |what: &str| Failure::Recording(what.to_owned());
    if bytes.is_empty() {
        return Err(wrong("the file is empty"));
    }
    if bytes.len() > FILE_MAX {
        return Err(Failure::Recording(format!(
            "the file has more than {FILE_MAX} bytes"
        )));
    }
    let (mut rest, mut parser) =
        PcapNgParser::new(bytes).map_err(|error| at(0, "no pcapng file", &error))?;
    if parser.section().endianness != Endianness::Little {
        return Err(wrong("the file's byte order is big-endian"));
    }
    let comment = parser
        .section()
        .options
        .iter()
        .find_map(|option| match option {
            SectionHeaderOption::Comment(text) => Some(text.clone().into_owned()),
            _ => None,
        });
    let comment = comment.ok_or_else(|| wrong("the section header has no comment"))?;
    let (mut key_log, mut packets, mut interfaces) = (None, Vec::new(), 0);
    while !rest.is_empty() {
        let offset = bytes.len() - rest.len();
        let (behind, block) = parser
            .next_block(rest)
            .map_err(|error| at(offset, "a malformed block", &error))?;
        rest = behind;
        match block {
            Block::InterfaceDescription(interface) => {
                if interface.linktype != DataLink::ETHERNET {
                    return Err(Failure::Recording(format!(
                        "byte {offset}: the packets' link type is {:?}, not Ethernet",
                        interface.linktype
                    )));
                }
                let resolution = InterfaceDescriptionOption::IfTsResol(NANOSECONDS);
                if !interface.options.contains(&resolution) {
                    return Err(Failure::Recording(format!(
                        "byte {offset}: the packets' times are not in nanoseconds"
                    )));
                }
                interfaces += 1;
            }
            Block::EnhancedPacket(packet) => {
                if packet.interface_id >= interfaces {
                    return Err(Failure::Recording(format!(
                        "byte {offset}: a packet from an interface that is not described"
                    )));
                }
                if packet.original_len as usize != packet.data.len() {
                    return Err(Failure::Recording(format!(
                        "byte {offset}: of a packet of {} bytes there are {}",
                        packet.original_len,
                        packet.data.len()
                    )));
                }
                packets.push(Packet {
                    at: packet.timestamp,
                    bytes: packet.data.into_owned(),
                });
            }
            Block::Unknown(block) if block.type_ == SECRETS_BLOCK => {
                if key_log.is_some() {
                    return Err(Failure::Recording(format!(
                        "byte {offset}: a second block of decryption secrets"
                    )));
                }
                key_log = Some(read_secrets(&block.value).map_err(|failure| match failure {
                    Failure::Recording(text) => {
                        Failure::Recording(format!("byte {offset}: {text}"))
                    }
                    other => other,
                })?);
            }
            Block::SectionHeader(_) => {
                return Err(Failure::Recording(format!(
                    "byte {offset}: a second section"
                )));
            }
            _ => {
                return Err(Failure::Recording(format!(
                    "byte {offset}: a kind of block that recordings do not have"
                )));
            }
        }
    }
    Ok(Contents {
        comment,
        key_log: key_log.ok_or_else(|| wrong("there are no decryption secrets"))?,
        packets,
    })
}

fn read_secrets(value: &[u8]) -> Result<String, Failure> {
    let wrong = |what: &str| Failure::Recording(format!("the decryption secrets {what}"));
    let (kind, rest) = value
        .split_first_chunk()
        .ok_or_else(|| wrong("are cut short"))?;
    let (len, rest) = rest
        .split_first_chunk()
        .ok_or_else(|| wrong("are cut short"))?;
    if u32::from_le_bytes(*kind) != TLS_KEY_LOG {
        return Err(wrong("are not a TLS key log"));
    }
    let len = u32::from_le_bytes(*len) as usize;
    let text = rest.get(..len).ok_or_else(|| wrong("are cut short"))?;
    let text = std::str::from_utf8(text).map_err(|_| wrong("are not text"))?;
    if text.is_empty() {
        return Err(wrong("are empty"));
    }
    Ok(text.to_owned())
}

fn at(offset: usize, what: &str, error: &PcapError) -> Failure {
    let why = match error {
        PcapError::IncompleteBuffer => "cut short".to_owned(),
        other => other.to_string(),
    };
    Failure::Recording(format!("byte {offset}: {what}: {why}"))
}
