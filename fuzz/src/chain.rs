//! Certificates from what the fuzzer wrote: it writes what is to be signed, and they are signed by the right keys, so that
//! mutations get past the signatures. Two verifiers judge them: the library's, as the client has it, and `webpki`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use bearcub::clock::{Clock, Time};
use bearcub::error::Error;
use bearcub::tls::{
    Algorithms, Config, Context, Groups, Handshake, Message, Parts, RECORD_OVERHEAD, Scratch,
    Suite, Verify,
};
use bearcub::trust::{Trust, TrustAnchor};
use p256::ecdsa::signature::Signer;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rustls_pki_types as pki_types;
use webpki::ring as algorithms;

use crate::der::{element, elements, sequence, split};
use crate::framing::{self, Record};
use crate::puppet::keys;

/// Names that a client may be looking for.
pub const HOSTS: [&str; 6] = [
    "mqtt.example.org",
    "example.org",
    "a.b.example.org",
    "192.0.2.7",
    "xn--bcher-kva.example.org",
    "localhost",
];

/// What signs the last certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// P-256, known by name and key.
    P256,
    /// P-256, known by its key alone.
    Bare,
    /// RSA-2048, known by name and key.
    Rsa,
    /// P-384, known by name and key.
    P384,
}

/// A chain that is to be signed and judged.
#[derive(Clone, Debug)]
pub struct Case {
    /// What signs the last certificate.
    pub root: Root,
    /// Whether certificates name the algorithm they are signed with as it is, not as the signed part says.
    pub names_real_algorithm: bool,
    /// Which of [`HOSTS`].
    pub host: usize,
    /// Seconds since 1970.
    pub now: i64,
    /// What is to be signed, the leaf's first; 4 at most.
    pub parts: Vec<Vec<u8>>,
}

/// The time of the seeds: 2026-09-21.
pub const NOW: i64 = 1_790_000_000;
/// The root's name.
pub const ROOT_NAME: &str = "Fuzz Root";
const ROOT_KEY: u8 = 0x47;

/// The number of the key of the certificate at that place, the leaf's first.
pub fn key(place: usize) -> u8 {
    0x41 + place as u8
}

impl Case {
    /// Bytes: root, host, the time in eight bytes, then each part with its length in two.
    pub fn read(bytes: &[u8]) -> Option<Case> {
        let [root, host, rest @ ..] = bytes else {
            return None;
        };
        let (now, mut rest) = rest.split_first_chunk::<8>()?;
        let mut parts = Vec::new();
        while let [high, low, behind @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
            let (part, behind) = behind.split_at(length);
            parts.push(part.to_vec());
            rest = behind;
            if parts.len() == 4 {
                break;
            }
        }
        Some(Case {
            root: [Root::P256, Root::Bare, Root::Rsa, Root::P384][usize::from(root & 3)],
            names_real_algorithm: root & 4 == 0,
            host: usize::from(*host) % HOSTS.len(),
            now: (u64::from_be_bytes(*now) % (Time::MAX.unix() as u64 + 1)) as i64,
            parts,
        })
    }

    /// The same, written.
    pub fn write(&self) -> Vec<u8> {
        let root = self.root as u8 | if self.names_real_algorithm { 0 } else { 4 };
        let mut bytes = vec![root, self.host as u8];
        bytes.extend(self.now.to_be_bytes());
        for part in &self.parts {
            let part = &part[..part.len().min(0xffff)];
            bytes.extend((part.len() as u16).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    /// The name that the client looks for.
    pub fn host(&self) -> &'static str {
        HOSTS[self.host]
    }

    /// The certificates, signed.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        let signed = |(place, part): (usize, &Vec<u8>)| {
            let is_last = place + 1 == self.parts.len();
            let root = if is_last { self.root } else { Root::P256 };
            let number = if is_last { ROOT_KEY } else { key(place + 1) };
            let signature = sign(root, number, part);
            let algorithm = match inner_algorithm(part) {
                Some(inner) if !self.names_real_algorithm => inner,
                _ => algorithm(root),
            };
            let bits = element(3, &[&[0], &signature[..]].concat());
            sequence(&[part, &algorithm, &bits])
        };
        self.parts.iter().enumerate().map(signed).collect()
    }

    /// What the client says of them with trust in the root.
    ///
    /// # Errors
    /// Why it refuses them.
    pub fn ours(&self, certificates: &[Vec<u8>]) -> Result<(), Error> {
        let spki = self.root_spki();
        let root = root_certificate(self.root);
        let anchors = [match self.root {
            Root::Bare => TrustAnchor::from_public_key(&spki).expect("a key"),
            _ => TrustAnchor::from_certificate(&root).expect("an authority"),
        }];
        let clock = Clock::at(Time::from_unix(self.now).expect("it was limited"));
        judge(self.host(), &Trust::anchors(&anchors, clock), certificates)
    }

    /// What `webpki` says of them.
    ///
    /// # Errors
    /// Why it refuses them.
    pub fn theirs(&self, certificates: &[Vec<u8>]) -> Result<(), webpki::Error> {
        let [leaf, rest @ ..] = certificates else {
            return Err(webpki::Error::BadDer);
        };
        let leaf = pki_types::CertificateDer::from(&leaf[..]);
        let rest: Vec<_> = rest
            .iter()
            .map(|one| pki_types::CertificateDer::from(&one[..]))
            .collect();
        let root = pki_types::CertificateDer::from(root_certificate(self.root));
        let mut anchor = webpki::anchor_from_trusted_cert(&root)?;
        let issuer;
        if self.root == Root::Bare {
            // A key without a name stands for whoever is named.
            let last = self.parts.last().and_then(|part| tbs(part));
            let last = last.ok_or(webpki::Error::BadDer)?;
            issuer = last.get(2).ok_or(webpki::Error::BadDer)?.1.clone();
            anchor.subject = issuer[..].into();
        }
        let end = webpki::EndEntityCert::try_from(&leaf)?;
        let now = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(self.now as u64));
        end.verify_for_usage(
            &[
                algorithms::ECDSA_P256_SHA256,
                algorithms::ECDSA_P256_SHA384,
                algorithms::ECDSA_P384_SHA256,
                algorithms::ECDSA_P384_SHA384,
                algorithms::RSA_PKCS1_2048_8192_SHA256,
                algorithms::RSA_PKCS1_2048_8192_SHA384,
            ],
            &[anchor],
            &rest,
            now,
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )?;
        let name = pki_types::ServerName::try_from(self.host()).expect("a name");
        end.verify_is_valid_for_subject_name(&name)
    }

    fn root_spki(&self) -> Vec<u8> {
        root_spki(self.root)
    }
}

/// What the client says of a chain.
///
/// # Errors
/// Why it refuses it.
pub fn judge(host: &str, trust: &dyn Verify, certificates: &[Vec<u8>]) -> Result<(), Error> {
    let algorithms = Algorithms {
        suites: &[
            Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        groups: Groups::X25519_P256_P384,
    };
    // The suite that goes with the leaf's key; the client holds the two together only later.
    let hello = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
            .id()
            .to_be_bytes(),
        &[0, 0, 5, 0xff, 1, 0, 1, 0],
    ]
    .concat();
    let mut content = framing::message(2, &hello);
    content.extend(framing::message(
        11,
        &framing::certificate_body(certificates),
    ));
    let records: Vec<Record> = content
        .chunks(1 << 14)
        .map(|piece| Record::new(22, piece))
        .collect();
    let stream = framing::stream(&records);
    let mut bytes = &stream[..];

    let mut context = Box::new(Context::new());
    let mut input = vec![0; 16_384 + RECORD_OVERHEAD];
    let mut output = vec![0; 512 + RECORD_OVERHEAD];
    let mut scratch = vec![0; Scratch::ANCHORS];
    let (mut input, mut output) = (&mut input[..], &mut output[..]);
    let parts = Parts::new(&mut context, &mut input, &mut output);
    let config = Config::with_algorithms(host, trust, algorithms);
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let mut handshake = Handshake::begin(parts, &mut scratch, &config, &mut rng)?;
    loop {
        let mut wire = handshake.wire();
        if !wire.output().is_empty() {
            let len = wire.output().len();
            wire.sent(len)?;
        } else if let Some(failure) = wire.failure() {
            return Err(failure);
        } else if wire.has_work() {
            let _ = wire.step();
        } else if bytes.is_empty() {
            break;
        } else {
            let room = wire.input();
            let len = room.len().min(bytes.len());
            room[..len].copy_from_slice(&bytes[..len]);
            bytes = &bytes[len..];
            wire.received(len)?;
        }
    }
    assert_eq!(
        handshake.next(),
        Message::ServerKeyExchange,
        "it was not judged"
    );
    Ok(())
}

/// The elements of a part that is to be signed, without the version.
pub fn tbs(part: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let (0x30, content, []) = split(part)? else {
        return None;
    };
    let mut list = elements(content)?;
    if list.first()?.0 == 0xa0 {
        list.remove(0);
    }
    Some(list)
}

/// The extensions of a part: identifier and value.
pub fn extensions(part: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let read = || {
        let list = tbs(part)?;
        let (_, content) = list.iter().find(|(tag, _)| *tag == 0xa3)?;
        let (_, list, _) = split(content)?;
        let one = |(_, extension): (u8, Vec<u8>)| {
            let fields = elements(&extension)?;
            Some((fields.first()?.1.clone(), fields.last()?.1.clone()))
        };
        Some(elements(list)?.into_iter().filter_map(one).collect())
    };
    read().unwrap_or_default()
}

fn inner_algorithm(part: &[u8]) -> Option<Vec<u8>> {
    let list = tbs(part)?;
    let (tag, content) = list.get(1)?;
    Some(element(*tag, content))
}

/// The AlgorithmIdentifier of a root's signatures.
pub fn algorithm(root: Root) -> Vec<u8> {
    match root {
        Root::P256 | Root::Bare => vec![
            0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
        ],
        Root::P384 => vec![
            0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03,
        ],
        Root::Rsa => vec![
            0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0,
        ],
    }
}

fn p384() -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::from_slice(&[0x44; 48]).expect("a scalar")
}

fn sign(root: Root, number: u8, part: &[u8]) -> Vec<u8> {
    type Known = HashMap<(u8, u8, Vec<u8>), Vec<u8>>;
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().expect("no panic");
    if known.len() > 2000 {
        known.clear();
    }
    let compute = || match root {
        Root::P256 | Root::Bare => {
            let signature: p256::ecdsa::DerSignature = keys::p256(number).sign(part);
            signature.as_bytes().to_vec()
        }
        Root::P384 => {
            let signature: p384::ecdsa::DerSignature = p384().sign(part);
            signature.as_bytes().to_vec()
        }
        Root::Rsa => keys::sign_rsa(part),
    };
    known
        .entry((root as u8, number, part.to_vec()))
        .or_insert_with(compute)
        .clone()
}

fn root_spki(root: Root) -> Vec<u8> {
    match root {
        Root::P256 | Root::Bare => keys::p256_spki(ROOT_KEY),
        Root::Rsa => keys::rsa_spki(),
        Root::P384 => {
            let algorithm = [
                0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                0x81, 0x04, 0x00, 0x22,
            ];
            let point = p384().verifying_key().to_sec1_point(false);
            let bits = element(3, &[&[0], point.as_bytes()].concat());
            sequence(&[&algorithm, &bits])
        }
    }
}

/// A certificate before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Of the subject; the common name.
    pub subject: String,
    /// Of the issuer.
    pub issuer: String,
    /// notBefore and notAfter: tag and content.
    pub validity: [(u8, Vec<u8>); 2],
    /// SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// Arcs behind 2.5.29, whether critical, value.
    pub extensions: Vec<(u8, bool, Vec<u8>)>,
    /// The AlgorithmIdentifier.
    pub algorithm: Vec<u8>,
}

/// A name of one common name.
pub fn name(text: &str) -> Vec<u8> {
    let pair = sequence(&[&[6, 3, 0x55, 4, 3], &element(0x0c, text.as_bytes())]);
    sequence(&[&element(0x31, &pair)])
}

impl Draft {
    /// The bytes that are signed.
    pub fn write(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self
            .extensions
            .iter()
            .flat_map(|(arc, is_critical, value)| {
                let critical: &[u8] = if *is_critical { &[1, 1, 0xff] } else { &[] };
                sequence(&[&[6, 3, 0x55, 0x1d, *arc], critical, &element(4, value)])
            })
            .collect();
        let dates: Vec<u8> = self
            .validity
            .iter()
            .flat_map(|(tag, content)| element(*tag, content))
            .collect();
        let extensions = if extensions.is_empty() {
            Vec::new()
        } else {
            element(0xa3, &element(0x30, &extensions))
        };
        sequence(&[
            &[0xa0, 3, 2, 1, 2],
            &[2, 2, 0x10, 1],
            &self.algorithm,
            &name(&self.issuer),
            &element(0x30, &dates),
            &name(&self.subject),
            &self.spki,
            &extensions,
        ])
    }

    /// A server's for these names, each a GeneralName's tag and content.
    pub fn leaf(names: &[(u8, &[u8])]) -> Draft {
        let names: Vec<u8> = names
            .iter()
            .flat_map(|(tag, content)| element(*tag, content))
            .collect();
        let server_auth = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
        Draft {
            subject: HOSTS[0].to_owned(),
            issuer: ROOT_NAME.to_owned(),
            validity: [
                (0x17, b"250101000000Z".to_vec()),
                (0x17, b"391231235959Z".to_vec()),
            ],
            spki: keys::p256_spki(key(0)),
            extensions: vec![
                (0x13, true, sequence(&[])),
                (0x0f, true, vec![3, 2, 7, 0x80]),
                (0x25, false, sequence(&[&server_auth])),
                (0x11, false, element(0x30, &names)),
            ],
            algorithm: algorithm(Root::P256),
        }
    }

    /// An authority's, for the certificate at that place.
    pub fn authority(place: usize, path_length: Option<u8>) -> Draft {
        let length = path_length.map_or(Vec::new(), |length| vec![2, 1, length]);
        Draft {
            subject: format!("Fuzz Authority {place}"),
            spki: keys::p256_spki(key(place)),
            extensions: vec![
                (0x13, true, sequence(&[&[1, 1, 0xff], &length])),
                (0x0f, true, vec![3, 2, 1, 6]),
            ],
            ..Draft::leaf(&[])
        }
    }
}

/// The certificate of a root, which is its trust anchor.
fn root_certificate(root: Root) -> Vec<u8> {
    static KNOWN: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
        [Root::P256, Root::Bare, Root::Rsa, Root::P384].map(|root| {
            let draft = Draft {
                subject: ROOT_NAME.to_owned(),
                spki: root_spki(root),
                algorithm: algorithm(root),
                ..Draft::authority(9, None)
            };
            let part = draft.write();
            let bits = element(3, &[&[0], &sign(root, ROOT_KEY, &part)[..]].concat());
            sequence(&[&part, &algorithm(root), &bits])
        })
    });
    KNOWN[root as usize].clone()
}
