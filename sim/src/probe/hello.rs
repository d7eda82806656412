//! Writes a ClientHello: with versions, suites and groups that the library's own client does not have.
//!
//! Nothing here is ever used for a connection: the handshake that it begins is left after the server's first messages.

use std::net::IpAddr;

use super::registry::{TLS12, TLS13};

/// The random of a ClientHello.
const RANDOM: usize = 32;
/// RFC 5746 section 3.3: says that renegotiation is safe, without an extension.
const EMPTY_RENEGOTIATION_INFO: u16 = 0x00ff;
/// Algorithms for signatures: everything that servers sign with, so that the choice is theirs (RFC 8446 section 4.2.3).
const SIGNATURES: [u16; 16] = [
    0x0403, 0x0503, 0x0603, 0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806, 0x0807, 0x0809, 0x080a,
    0x080b, 0x0203, 0x0201, 0x0808,
];

/// What is offered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The newest version; TLS 1.3 is offered alone.
    pub version: u16,
    /// Suites, the preferred one first.
    pub suites: &'a [u16],
    /// Groups, the preferred one first.
    pub groups: &'a [u16],
    /// The server's name; one that is an address is not sent (RFC 6066 section 3).
    pub server_name: &'a str,
    /// The code of a fragment length (RFC 6066 section 4).
    pub fragment_length: Option<u8>,
    /// Protocols, the preferred one first.
    pub alpn: &'a [String],
    /// Whether TLS 1.3 is offered with a key for x25519, which is nobody's.
    pub with_key: bool,
}

impl Hello<'_> {
    /// The record with the message. What is too long for its field is cut off at the field's end; arguments are checked before.
    pub fn to_bytes(&self, random: [u8; RANDOM]) -> Vec<u8> {
        let mut body = Vec::with_capacity(512);
        number(&mut body, self.version.min(TLS12));
        body.extend_from_slice(&random);
        // TLS 1.3 wants a session ID for the sake of boxes in between (RFC 8446 appendix D.4).
        let session: &[u8] = if self.version == TLS13 { &random } else { &[] };
        short(&mut body, session);
        let mut suites = Vec::new();
        self.suites.iter().for_each(|id| number(&mut suites, *id));
        if self.version != TLS13 {
            number(&mut suites, EMPTY_RENEGOTIATION_INFO);
        }
        long(&mut body, &suites);
        short(&mut body, &[0]);
        long(&mut body, &self.extensions(&random));
        let mut message = vec![1, 0];
        long(&mut message, &body);
        let mut record = vec![22, 3, 1];
        long(&mut record, &message);
        record
    }

    fn extensions(&self, random: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let mut add = |kind: u16, content: &[u8]| {
            number(&mut all, kind);
            long(&mut all, content);
        };
        if self.server_name.parse::<IpAddr>().is_err() {
            let mut name = vec![0];
            long(&mut name, self.server_name.as_bytes());
            add(0, &list(&name));
        }
        if let Some(code) = self.fragment_length {
            add(1, &[code]);
        }
        if !self.groups.is_empty() {
            add(10, &numbers(self.groups));
            add(11, &[1, 0]);
        }
        if self.version >= TLS12 {
            add(13, &numbers(&SIGNATURES));
        }
        if !self.alpn.is_empty() {
            let mut names = Vec::new();
            self.alpn
                .iter()
                .for_each(|name| short(&mut names, name.as_bytes()));
            add(16, &list(&names));
        }
        if self.version == TLS13 {
            add(43, &[2, 3, 4]);
            let mut keys = Vec::new();
            if self.with_key {
                number(&mut keys, 29);
                long(&mut keys, random);
            }
            // Without a key the server says which group it wants.
            add(51, &list(&keys));
        }
        all
    }
}

fn number(to: &mut Vec<u8>, number: u16) {
    to.extend_from_slice(&number.to_be_bytes());
}

/// With its length in one byte.
fn short(to: &mut Vec<u8>, content: &[u8]) {
    let len = u8::try_from(content.len()).unwrap_or(u8::MAX);
    to.push(len);
    to.extend_from_slice(&content[..usize::from(len)]);
}

/// With its length in two bytes.
fn long(to: &mut Vec<u8>, content: &[u8]) {
    let len = u16::try_from(content.len()).unwrap_or(u16::MAX);
    number(to, len);
    to.extend_from_slice(&content[..usize::from(len)]);
}

fn list(content: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    long(&mut list, content);
    list
}

fn numbers(all: &[u16]) -> Vec<u8> {
    let mut content = Vec::new();
    all.iter().for_each(|one| number(&mut content, *one));
    list(&content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Flow;

    #[test]
    fn what_is_written_is_one_whole_client_hello() {
        let alpn = ["mqtt".to_owned()];
        let hello = Hello {
            version: TLS12,
            suites: &[0xc02b, 0x009c],
            groups: &[29, 23],
            server_name: "a.test",
            fragment_length: Some(2),
            alpn: &alpn,
            with_key: false,
        };
        let bytes = hello.to_bytes([7; 32]);
        let flow = Flow::read(&bytes);
        assert_eq!(flow.messages.len(), 1);
        assert_eq!(flow.messages[0].name, "ClientHello");
        assert!(flow.messages[0].is_complete && flow.messages[0].end == bytes.len());
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(has(b"\0\0\0\x0b\0\x09\0\0\x06a.test"), "{bytes:02x?}");
        assert!(has(&[0, 1, 0, 1, 2]) && has(&[0, 10, 0, 6, 0, 4, 0, 29, 0, 23]));
        assert!(has(b"\0\x10\0\x07\0\x05\x04mqtt"));
        assert!(has(&[0, 6, 0xc0, 0x2b, 0, 0x9c, 0, 0xff]));
    }

    #[test]
    fn an_address_is_no_server_name() {
        let hello = |server_name| Hello {
            version: TLS13,
            server_name,
            ..Hello::default()
        };
        let with = hello("a.test").to_bytes([0; 32]).len();
        for address in ["127.0.0.1", "::1"] {
            assert_eq!(hello(address).to_bytes([0; 32]).len(), with - 15);
        }
    }
}
