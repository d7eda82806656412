//! A server that is an attacker: it writes its own messages, up to the ServerHelloDone, as the test wants them.

use bearcub::Error;
use bearcub::tls::{self, Config, Storage};
use bearcub_lab::pki::{Chain, Hash, KeyPair};
use embedded_io::{ErrorType, Read, Write};

use super::Seeded;

/// ECDHE_RSA_WITH_AES_128_GCM_SHA256.
pub const ECDHE_RSA: u16 = 0xC02F;
/// The extension that RFC 5746 asks for.
pub const RENEGOTIATION_INFO: [u8; 5] = [0xFF, 1, 0, 1, 0];
/// The generator of P-256, a point that is on the curve.
pub const P256_POINT: [u8; 65] = [
    0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
    0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2,
    0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E,
    0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51,
    0xF5,
];

/// In [`Forgery::order`]: a ChangeCipherSpec, which is no message of the handshake and has no number there.
pub const CHANGE_CIPHER_SPEC: u8 = 255;

/// How the key exchange is signed: algorithm bytes and signature of client random, server random and parameters.
pub type Sign<'a> = dyn Fn(&[u8]) -> ([u8; 2], Vec<u8>) + 'a;

/// What the attacker sends.
#[derive(Clone)]
pub struct Forgery<'a> {
    /// The suite in the ServerHello.
    pub suite: u16,
    /// The compression method in it.
    pub compression: u8,
    /// Whether it has the session identifier that the client offers.
    pub resumes: bool,
    /// The extensions in it.
    pub extensions: Vec<u8>,
    /// The certificates.
    pub chain: &'a Chain,
    /// The number of the group, and the point in it.
    pub group: u16,
    pub point: Vec<u8>,
    /// Who signs; the chain's key with RSA and SHA-256 if nobody is named.
    pub sign: Option<&'a Sign<'a>>,
    /// The messages in their order, by their types.
    pub order: &'a [u8],
    /// What comes behind them.
    pub afterwards: Vec<u8>,
}

impl<'a> Forgery<'a> {
    /// One with nothing wrong in it up to the ServerHelloDone.
    pub fn of(chain: &'a Chain) -> Self {
        Forgery {
            suite: ECDHE_RSA,
            compression: 0,
            resumes: false,
            extensions: RENEGOTIATION_INFO.to_vec(),
            chain,
            group: 23,
            point: P256_POINT.to_vec(),
            sign: None,
            order: &[2, 11, 12, 14],
            afterwards: Vec::new(),
        }
    }

    /// What becomes of a connection to it; `None` as the error means that the client has sent its own flight and waits.
    pub fn against(self, config: &Config<'_>) -> Option<Error> {
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = vec![0; tls::Scratch::ANCHORS + 3000];
        let forger = Forger {
            forgery: self,
            heard: Vec::new(),
            said: None,
            at: 0,
        };
        let error = tls::connect(forger, &mut *storage, &mut scratch, config, &mut Seeded(7))
            .err()
            .expect("nobody can finish this handshake");
        (error != bearcub::error::NetworkError::Truncated.into()).then_some(error)
    }
}

struct Forger<'a> {
    forgery: Forgery<'a>,
    heard: Vec<u8>,
    said: Option<Vec<u8>>,
    at: usize,
}

impl Forger<'_> {
    fn flight(&self) -> Vec<u8> {
        let forgery = &self.forgery;
        let client_random = &self.heard[11..43];
        let server_random = [7; 32];
        let mut hello = vec![3, 3];
        hello.extend(server_random);
        let offered = usize::from(self.heard[43]);
        let session = if forgery.resumes { offered } else { 0 };
        hello.push(session as u8);
        hello.extend(&self.heard[44..][..session]);
        hello.extend(forgery.suite.to_be_bytes());
        hello.push(forgery.compression);
        hello.extend((forgery.extensions.len() as u16).to_be_bytes());
        hello.extend(&forgery.extensions);
        let mut list: Vec<u8> = Vec::new();
        for certificate in &forgery.chain.certificates {
            list.extend(&(certificate.len() as u32).to_be_bytes()[1..]);
            list.extend(certificate);
        }
        let mut certificates = (list.len() as u32).to_be_bytes()[1..].to_vec();
        certificates.extend(list);
        let mut parameters = vec![3];
        parameters.extend(forgery.group.to_be_bytes());
        parameters.push(forgery.point.len() as u8);
        parameters.extend(&forgery.point);
        let signed = [client_random, &server_random, &parameters].concat();
        let (algorithm, signature) = match forgery.sign {
            Some(sign) => sign(&signed),
            None => by(&forgery.chain.key, &signed),
        };
        let mut exchange = parameters;
        exchange.extend(algorithm);
        exchange.extend((signature.len() as u16).to_be_bytes());
        exchange.extend(signature);
        let mut flight = Vec::new();
        for &kind in forgery.order {
            let body = match kind {
                2 => &hello[..],
                11 => &certificates,
                12 => &exchange,
                CHANGE_CIPHER_SPEC => {
                    flight.extend(record(20, &[1]));
                    continue;
                }
                // Finished.
                20 => &[0; 12],
                _ => &[],
            };
            for piece in message(kind, body).chunks(512) {
                flight.extend(record(22, piece));
            }
        }
        flight.extend(&forgery.afterwards);
        flight
    }
}

/// RSA with SHA-256, or ECDSA with SHA-256, by that key.
pub fn by(key: &KeyPair, message: &[u8]) -> ([u8; 2], Vec<u8>) {
    let algorithm = if key.kind().is_rsa() { 1 } else { 3 };
    ([4, algorithm], key.sign(Hash::Sha256, message))
}

/// A record in the clear.
pub fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![kind, 3, 3];
    out.extend((payload.len() as u16).to_be_bytes());
    out.extend(payload);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(&(body.len() as u32).to_be_bytes()[1..]);
    out.extend(body);
    out
}

impl ErrorType for Forger<'_> {
    type Error = std::io::Error;
}

impl Read for Forger<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.said.is_none() {
            self.said = Some(self.flight());
        }
        let rest = self
            .said
            .as_deref()
            .map_or(&[][..], |said| &said[self.at..]);
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        Ok(len)
    }
}

impl Write for Forger<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.heard.extend(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
