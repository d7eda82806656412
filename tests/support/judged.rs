//! A certificate as a test writes it, and what a client says of it: without a server, by the bytes of one.

use bearcub::Error;
use bearcub::clock::{Clock, Time};
use bearcub::tls::{Config, Handshake, Message, Scratch, Storage};
use bearcub::trust::{PublicKey, Trust, TrustAnchor};
use bearcub_lab::pki::{Hash, KeyKind, KeyPair};

use super::Seeded;

const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
const RFC822_NAME: u8 = 0x81;

/// An element.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        length @ 0..0x80 => vec![length as u8],
        length => vec![0x82, (length >> 8) as u8, length as u8],
    };
    // One byte of length where it suffices: DER.
    let length = match length[..] {
        [0x82, 0, low] => vec![0x81, low],
        _ => length,
    };
    [&[tag], &length[..], content].concat()
}

/// A server's certificate, written field by field.
#[derive(Clone)]
pub struct Written {
    /// commonName, if there is one.
    pub common_name: Option<Vec<u8>>,
    /// GeneralNames, if there is a subjectAltName.
    pub alt_names: Option<Vec<Vec<u8>>>,
    /// notBefore and notAfter: tag and content.
    pub dates: [(u8, Vec<u8>); 2],
}

impl Written {
    /// One for these DNS names, valid from 2020 to 2049.
    pub fn new(names: &[&[u8]]) -> Self {
        let names = names.iter().map(|name| element(DNS_NAME, name)).collect();
        Written {
            common_name: None,
            alt_names: Some(names),
            dates: [
                (0x17, b"200101000000Z".to_vec()),
                (0x17, b"491231235959Z".to_vec()),
            ],
        }
    }

    /// One without a subjectAltName.
    pub fn of_common_name(name: &[u8]) -> Self {
        Written {
            common_name: Some(name.to_vec()),
            alt_names: None,
            ..Written::new(&[])
        }
    }

    /// With a common name as well.
    pub fn common_name(mut self, name: &[u8]) -> Self {
        self.common_name = Some(name.to_vec());
        self
    }

    fn further(mut self, tag: u8, content: &[u8]) -> Self {
        let names = self.alt_names.get_or_insert_default();
        names.push(element(tag, content));
        self
    }

    /// With an address in subjectAltName.
    pub fn address(self, octets: &[u8]) -> Self {
        self.further(IP_ADDRESS, octets)
    }

    /// With a mail address in subjectAltName.
    pub fn mail(self, address: &[u8]) -> Self {
        self.further(RFC822_NAME, address)
    }

    /// With other dates: UTCTime where they have 13 characters, GeneralizedTime otherwise.
    pub fn dates(mut self, not_before: &str, not_after: &str) -> Self {
        let date = |text: &str| {
            let tag = if text.len() > 13 { 0x18 } else { 0x17 };
            (tag, text.as_bytes().to_vec())
        };
        self.dates = [date(not_before), date(not_after)];
        self
    }

    /// In DER, signed by the root of these tests.
    pub fn to_der(&self) -> Vec<u8> {
        let name = |common_name: &[u8]| {
            let pair = [&[6, 3, 0x55, 4, 3][..], &element(0x0c, common_name)].concat();
            element(0x30, &element(0x31, &element(0x30, &pair)))
        };
        let algorithm = [
            0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
        ];
        let dates = self
            .dates
            .each_ref()
            .map(|(tag, content)| element(*tag, content));
        let extensions = self.alt_names.as_ref().map_or(Vec::new(), |names| {
            let value = element(0x04, &element(0x30, &names.concat()));
            let extension = element(0x30, &[&[6, 3, 0x55, 0x1d, 0x11][..], &value].concat());
            element(0xa3, &element(0x30, &extension))
        });
        let key = KeyPair::shared(KeyKind::P256, "judged leaf");
        let tbs = element(
            0x30,
            &[
                &[0xa0, 3, 2, 1, 2, 2, 1, 7][..],
                &algorithm,
                &name(b"Judging Root"),
                &element(0x30, &dates.concat()),
                &self
                    .common_name
                    .as_ref()
                    .map_or(vec![0x30, 0], |text| name(text)),
                key.spki_der(),
                &extensions,
            ]
            .concat(),
        );
        let signature = root().sign(Hash::Sha256, &tbs);
        let bits = element(0x03, &[&[0], &signature[..]].concat());
        element(0x30, &[&tbs[..], &algorithm, &bits].concat())
    }

    /// What a client says of it that looks for `host`, at that time, and trusts the root of these tests.
    pub fn judged(&self, host: &str, now: Time) -> Result<(), Error> {
        let root = root();
        let anchors = [TrustAnchor::bare(
            PublicKey::from_spki(root.spki_der()).unwrap(),
        )];
        let trust = Trust::anchors(&anchors, Clock::at(now));
        judge(&Config::new(host, &trust), &[self.to_der()])
    }
}

fn root() -> std::sync::Arc<KeyPair> {
    KeyPair::shared(KeyKind::P256, "judging root")
}

/// What a client says of a chain, with the server's messages up to it as they always are.
pub fn judge(config: &Config<'_>, chain: &[Vec<u8>]) -> Result<(), Error> {
    let long = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    let message = |kind: u8, body: &[u8]| [&[kind][..], &long(body)].concat();
    let list: Vec<u8> = chain.iter().flat_map(|one| long(one)).collect();
    let hello = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0xC0, 0x2B, 0, 0, 5, 0xFF, 1, 0, 1, 0],
    ]
    .concat();
    let content = [message(2, &hello), message(11, &long(&list))].concat();
    let stream: Vec<u8> = content
        .chunks(512)
        .flat_map(|piece| {
            let length = (piece.len() as u16).to_be_bytes();
            [&[22, 3, 3, length[0], length[1]][..], piece].concat()
        })
        .collect();
    let mut bytes = &stream[..];

    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    let mut handshake = Handshake::begin(&mut *storage, &mut scratch, config, &mut Seeded(5))?;
    loop {
        let mut wire = handshake.wire();
        if !wire.output().is_empty() {
            let length = wire.output().len();
            wire.sent(length)?;
        } else if let Some(failure) = wire.failure() {
            return Err(failure);
        } else if wire.has_work() {
            let _ = wire.step();
        } else if bytes.is_empty() {
            assert_eq!(handshake.next(), Message::ServerKeyExchange);
            return Ok(());
        } else {
            let room = wire.input();
            let length = room.len().min(bytes.len());
            room[..length].copy_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
            wire.received(length)?;
        }
    }
}
