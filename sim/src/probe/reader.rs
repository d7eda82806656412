//! Reads what a server says in the clear: ServerHello, Certificate, ServerKeyExchange, CertificateRequest, alerts.
//!
//! The bytes are anyone's. Every length is checked against what is there, what is kept is bounded by [`BYTES_MAX`], and what
//! is not TLS is named as such.

use super::registry::TLS13;

/// More than any server says before it awaits an answer.
pub const BYTES_MAX: usize = 160 << 10;
/// The largest record that TLS 1.2 allows, encrypted ones included.
const RECORD_MAX: usize = (16 << 10) + 2048;
/// As much of something that is not TLS as people need to recognise it.
const QUOTED: usize = 60;
/// The random that makes a ServerHello of TLS 1.3 a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// What is wrong with a server's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// They are not TLS; the first of them.
    NotTls(Vec<u8>),
    /// A record or a message is not what it has to be: which, and how.
    Broken(&'static str),
    /// There are too many.
    TooMuch,
}

/// A server's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// The version that is spoken.
    pub version: u16,
    /// The suite.
    pub suite: u16,
    /// Bytes of the session identifier.
    pub session_id: usize,
    /// The code of the fragment length that it agrees to.
    pub fragment_length: Option<u8>,
    /// The protocol that it agrees to.
    pub alpn: Option<Vec<u8>>,
    /// Whether it is a HelloRetryRequest of TLS 1.3.
    pub is_retry: bool,
    /// The group of TLS 1.3.
    pub group: Option<u16>,
}

/// A server's half of the key exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// Over this group.
    Group(u16),
    /// Of integers with this many bits.
    Finite(usize),
    /// Something else.
    Other,
}

/// What a server wants to see of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Kinds of certificates (RFC 5246 section 7.4.4, RFC 8422 section 5.5).
    pub kinds: Vec<u8>,
    /// Names of authorities, in DER.
    pub authorities: Vec<Vec<u8>>,
}

/// Everything that a server said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// Its choice, once it has come.
    pub hello: Option<ServerHello>,
    /// Certificates in DER, in the order in which they were sent.
    pub certificates: Vec<Vec<u8>>,
    /// Its half of the key exchange.
    pub key_exchange: Option<KeyExchange>,
    /// Whether, and how, it asks for a client certificate.
    pub request: Option<Request>,
    /// Whether everything has come.
    pub is_done: bool,
    /// The alert that ended it.
    pub alert: Option<u8>,
    /// Bytes of plaintext in the largest record of the handshake.
    pub largest_record: usize,
    /// Bytes of handshake messages.
    pub handshake_bytes: usize,
}

/// Puts a [`Flight`] together from bytes as they come.
#[derive(Default)]
pub struct Reader {
    /// What has come so far.
    pub flight: Flight,
    raw: Vec<u8>,
    messages: Vec<u8>,
    taken: usize,
}

impl Reader {
    /// Takes further bytes.
    ///
    /// # Errors
    /// What is wrong with them; nothing more is to be read then.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Oddity> {
        self.taken += bytes.len();
        if self.taken > BYTES_MAX {
            return Err(Oddity::TooMuch);
        }
        self.raw.extend_from_slice(bytes);
        let mut start = 0;
        while !self.is_over() {
            let raw = &self.raw[start..];
            if !looks_like_tls(raw) {
                let quoted = &raw[..raw.len().min(QUOTED)];
                return Err(match (start, &self.flight.hello) {
                    (0, None) => Oddity::NotTls(quoted.to_vec()),
                    _ => Oddity::Broken("a record has no header"),
                });
            }
            let Some((&[kind, _, _, high, low], rest)) = raw.split_first_chunk::<5>() else {
                break;
            };
            let len = usize::from(u16::from_be_bytes([high, low]));
            if len > RECORD_MAX {
                return Err(Oddity::Broken("a record is larger than TLS allows"));
            }
            let Some(payload) = rest.get(..len) else {
                break;
            };
            let payload = payload.to_vec();
            start += 5 + len;
            self.take_record(kind, &payload)?;
        }
        self.raw.drain(..start);
        Ok(())
    }

    /// Whether nothing more is to be awaited: the server waits for us, has refused, or encrypts from here on.
    pub fn is_over(&self) -> bool {
        let flight = &self.flight;
        let is_13 = flight
            .hello
            .as_ref()
            .is_some_and(|hello| hello.version == TLS13);
        flight.is_done || flight.alert.is_some() || is_13
    }

    fn take_record(&mut self, kind: u8, payload: &[u8]) -> Result<(), Oddity> {
        match kind {
            HANDSHAKE => {
                self.flight.largest_record = self.flight.largest_record.max(payload.len());
                self.messages.extend_from_slice(payload);
                self.take_messages()
            }
            ALERT => match *payload {
                // A warning that is no end: the name is not known, for example.
                [1, alert] if alert != 0 => Ok(()),
                [_, alert] => {
                    self.flight.alert = Some(alert);
                    Ok(())
                }
                _ => Err(Oddity::Broken("an alert has not two bytes")),
            },
            _ => Err(Oddity::Broken(
                "a record is of a kind that has no place here",
            )),
        }
    }

    fn take_messages(&mut self) -> Result<(), Oddity> {
        while let Some(&[kind, a, b, c]) = self.messages.first_chunk::<4>() {
            let len = u32::from_be_bytes([0, a, b, c]) as usize;
            let Some(body) = self.messages.get(4..).and_then(|body| body.get(..len)) else {
                return Ok(());
            };
            let body = body.to_vec();
            self.messages.drain(..4 + len);
            self.flight.handshake_bytes += 4 + len;
            take_message(&mut self.flight, kind, &body)?;
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Whether a record can begin like this, as far as it has come.
fn looks_like_tls(bytes: &[u8]) -> bool {
    let kind = bytes.first().is_none_or(|kind| (20..=24).contains(kind));
    let version = bytes.get(1).is_none_or(|major| *major == 3);
    let minor = bytes.get(2).is_none_or(|minor| *minor <= 4);
    kind && version && minor
}

fn take_message(flight: &mut Flight, kind: u8, body: &[u8]) -> Result<(), Oddity> {
    let broken = |what| move || Oddity::Broken(what);
    match (kind, &flight.hello) {
        // HelloRequest: to be ignored in a handshake.
        (0, _) => {}
        (2, None) => {
            let hello = server_hello(body).ok_or_else(broken("ServerHello is malformed"))?;
            flight.hello = Some(hello);
        }
        (2, Some(_)) => return Err(Oddity::Broken("there are two ServerHello")),
        (_, None) => return Err(Oddity::Broken("a message comes before ServerHello")),
        (11, Some(_)) => {
            flight.certificates =
                certificates(body).ok_or_else(broken("Certificate is malformed"))?;
        }
        (12, Some(hello)) => {
            flight.key_exchange = Some(
                key_exchange(hello.suite, body)
                    .ok_or_else(broken("ServerKeyExchange is malformed"))?,
            );
        }
        (13, Some(hello)) => {
            flight.request = Some(
                request(hello.version, body)
                    .ok_or_else(broken("CertificateRequest is malformed"))?,
            );
        }
        (14, Some(_)) => flight.is_done = true,
        // CertificateStatus, NewSessionTicket and whatever else: not asked for, and nobody's worry.
        _ => {}
    }
    Ok(())
}

/// Reads fields one after the other; none where there is not enough.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        let bytes = self.bytes(2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A field with its length in one byte.
    fn short(&mut self) -> Option<&'a [u8]> {
        let len = self.u8()?;
        self.bytes(usize::from(len))
    }

    /// In two.
    fn long(&mut self) -> Option<&'a [u8]> {
        let len = self.u16()?;
        self.bytes(usize::from(len))
    }

    /// In three.
    fn longest(&mut self) -> Option<&'a [u8]> {
        let len = self.bytes(3)?;
        self.bytes(u32::from_be_bytes([0, len[0], len[1], len[2]]) as usize)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// RFC 5246 section 7.4.1.3; of TLS 1.3, RFC 8446 section 4.1.3.
fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut fields = Fields(body);
    let version = fields.u16()?;
    let random = fields.bytes(32)?;
    let session_id = fields.short()?.len();
    let suite = fields.u16()?;
    let _compression = fields.u8()?;
    let mut hello = ServerHello {
        version,
        suite,
        session_id,
        is_retry: random == RETRY,
        ..ServerHello::default()
    };
    if fields.is_empty() {
        return Some(hello);
    }
    let mut extensions = Fields(fields.long()?);
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let mut content = Fields(extensions.long()?);
        match kind {
            1 => hello.fragment_length = Some(content.u8()?),
            16 => {
                let mut names = Fields(content.long()?);
                hello.alpn = Some(names.short()?.to_vec());
            }
            43 => hello.version = content.u16()?,
            51 => hello.group = Some(content.u16()?),
            _ => {}
        }
    }
    Some(hello)
}

fn certificates(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut list = Fields(Fields(body).longest()?);
    let mut all = Vec::new();
    while !list.is_empty() {
        all.push(list.longest()?.to_vec());
    }
    Some(all)
}

/// RFC 8422 section 5.4, RFC 5246 section 7.4.3.
fn key_exchange(suite: u16, body: &[u8]) -> Option<KeyExchange> {
    let mut fields = Fields(body);
    let name = super::registry::suite(suite);
    if name.contains("_ECDH") {
        return Some(match fields.u8()? {
            3 => KeyExchange::Group(fields.u16()?),
            _ => KeyExchange::Other,
        });
    }
    if name.contains("_DH") {
        let prime = fields.long()?;
        let zeros = prime.iter().take_while(|byte| **byte == 0).count();
        return Some(KeyExchange::Finite((prime.len() - zeros) * 8));
    }
    Some(KeyExchange::Other)
}

/// RFC 5246 section 7.4.4; before TLS 1.2 there were no algorithms in it.
fn request(version: u16, body: &[u8]) -> Option<Request> {
    let mut fields = Fields(body);
    let kinds = fields.short()?.to_vec();
    if version >= super::registry::TLS12 {
        fields.long()?;
    }
    let mut names = Fields(fields.long()?);
    let mut authorities = Vec::new();
    while !names.is_empty() {
        authorities.push(names.long()?.to_vec());
    }
    Some(Request { kinds, authorities })
}

#[cfg(test)]
mod tests;
