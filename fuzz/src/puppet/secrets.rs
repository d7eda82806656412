//! The server's side of TLS 1.2's secrets: key exchange, PRF, record keys (RFC 5246, 5288, 7905, 8422).

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use ring::aead::{AES_128_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};

/// `PRF(secret, label, seed)` with SHA-256, so many bytes of it.
pub fn prf(secret: &[u8], label: &str, seed: &[u8], len: usize) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let seed = [label.as_bytes(), seed].concat();
    let (mut a, mut out) = (hmac::sign(&key, &seed), Vec::new());
    while out.len() < len {
        out.extend(hmac::sign(&key, &[a.as_ref(), &seed].concat()).as_ref());
        a = hmac::sign(&key, a.as_ref());
    }
    out.truncate(len);
    out
}

/// What Finished says about the messages so far.
pub fn finished(master: &[u8], label: &str, transcript: &[u8]) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, transcript);
    prf(master, label, hash.as_ref(), 12)
}

/// One direction's record protection.
pub struct Cipher {
    key: LessSafeKey,
    iv: Vec<u8>,
    /// Whether the nonce's second part is in the record.
    is_explicit: bool,
    /// The next record's number.
    pub sequence: u64,
}

impl Cipher {
    /// Client's and server's.
    pub fn pair(
        suite: u16,
        master: &[u8],
        client_random: &[u8],
        server_random: &[u8],
    ) -> [Self; 2] {
        let is_chacha = matches!(suite, 0xCCA8 | 0xCCA9);
        let (key, iv) = if is_chacha { (32, 12) } else { (16, 4) };
        let seed = [server_random, client_random].concat();
        let block = prf(master, "key expansion", &seed, 2 * (key + iv));
        [0, 1].map(|side| {
            let algorithm = if is_chacha {
                &CHACHA20_POLY1305
            } else {
                &AES_128_GCM
            };
            let bytes = &block[side * key..][..key];
            Cipher {
                key: LessSafeKey::new(UnboundKey::new(algorithm, bytes).expect("a key's length")),
                iv: block[2 * key + side * iv..][..iv].to_vec(),
                is_explicit: !is_chacha,
                sequence: 0,
            }
        })
    }

    fn nonce(&self, explicit: &[u8]) -> Nonce {
        let nonce: [u8; 12] = if self.is_explicit {
            [&self.iv, explicit].concat().try_into().expect("4 and 8")
        } else {
            let mut nonce: [u8; 12] = self.iv[..].try_into().expect("12");
            for (byte, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
                *byte ^= number;
            }
            nonce
        };
        Nonce::assume_unique_for_key(nonce)
    }

    fn aad(&self, kind: u8, len: usize) -> Aad<[u8; 13]> {
        let mut aad = [0; 13];
        aad[..8].copy_from_slice(&self.sequence.to_be_bytes());
        aad[8..].copy_from_slice(&[kind, 3, 3, (len >> 8) as u8, len as u8]);
        Aad::from(aad)
    }

    /// A record's payload.
    pub fn seal(&mut self, kind: u8, plaintext: &[u8]) -> Vec<u8> {
        let explicit = self.sequence.to_be_bytes();
        let mut sealed = plaintext.to_vec();
        self.key
            .seal_in_place_append_tag(
                self.nonce(&explicit),
                self.aad(kind, plaintext.len()),
                &mut sealed,
            )
            .expect("sealing");
        self.sequence += 1;
        if self.is_explicit {
            sealed.splice(0..0, explicit);
        }
        sealed
    }

    /// What was in a record's payload.
    pub fn open(&mut self, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
        let (explicit, sealed) = payload.split_at_checked(if self.is_explicit { 8 } else { 0 })?;
        let len = sealed.len().checked_sub(16)?;
        let mut opened = sealed.to_vec();
        let plaintext =
            self.key
                .open_in_place(self.nonce(explicit), self.aad(kind, len), &mut opened);
        let plaintext = plaintext.ok()?.to_vec();
        self.sequence += 1;
        Some(plaintext)
    }
}

/// The server's half of the key exchange in a group; the same every time.
pub fn public(group: u16) -> Vec<u8> {
    static HALVES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
        let p256 = p256::SecretKey::from_slice(&SCALAR[..32]).expect("a scalar");
        let p384 = p384::SecretKey::from_slice(&SCALAR).expect("a scalar");
        let x25519 =
            x25519_dalek::StaticSecret::from(<[u8; 32]>::try_from(&SCALAR[..32]).expect("32"));
        [
            p256.public_key().to_sec1_bytes().to_vec(),
            p384.public_key().to_sec1_bytes().to_vec(),
            x25519_dalek::PublicKey::from(&x25519).as_bytes().to_vec(),
        ]
    });
    HALVES[place(group)].clone()
}

const SCALAR: [u8; 48] = [0x31; 48];

fn place(group: u16) -> usize {
    match group {
        23 => 0,
        24 => 1,
        _ => 2,
    }
}

/// The pre-master secret, with the client's half; `None` if that is no point.
pub fn agree(group: u16, client: &[u8]) -> Option<Vec<u8>> {
    // The client's randomness is the same in every run, so there are few.
    static KNOWN: LazyLock<Mutex<HashMap<(u16, Vec<u8>), Option<Vec<u8>>>>> =
        LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().expect("no panic");
    if known.len() > 1000 {
        known.clear();
    }
    let compute = || match place(group) {
        0 => {
            let ours = p256::SecretKey::from_slice(&SCALAR[..32]).ok()?;
            let theirs = p256::PublicKey::from_sec1_bytes(client).ok()?;
            let shared = p256::ecdh::diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }
        1 => {
            let ours = p384::SecretKey::from_slice(&SCALAR).ok()?;
            let theirs = p384::PublicKey::from_sec1_bytes(client).ok()?;
            let shared = p384::ecdh::diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
            Some(shared.raw_secret_bytes().to_vec())
        }
        _ => {
            let ours = x25519_dalek::StaticSecret::from(<[u8; 32]>::try_from(&SCALAR[..32]).ok()?);
            let theirs = x25519_dalek::PublicKey::from(<[u8; 32]>::try_from(client).ok()?);
            Some(ours.diffie_hellman(&theirs).as_bytes().to_vec())
        }
    };
    known
        .entry((group, client.to_vec()))
        .or_insert_with(compute)
        .clone()
}
