//! The shape of what the server sends, followed beside the engine: records, and the messages of the first handshake.
//!
//! The engine gets its input in portions that end where a message ends (and, inside a chain, where a certificate ends), so
//! that one step does the work of one message. Following along also tells what the engine keeps to itself: whether the
//! server agreed to the fragment length, which message comes next, and records that are larger than agreed.

use crate::bytes;
use crate::error::{PeerError, ProtocolError};

use super::FragmentLength;

/// Most bytes of a handshake, record headers included; no sound one comes near.
const HANDSHAKE_MAX: u32 = 96 * 1024;

/// A message of the handshake, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Message {
    /// Ours: the ClientHello.
    ClientHello,
    /// The server's answer to it.
    ServerHello,
    /// The server's certificates; not where a session is resumed.
    Certificate,
    /// The server's signed half of the key exchange; there is none with RSA key exchange.
    ServerKeyExchange,
    /// The end of the server's messages; before it the server may ask for a certificate.
    ServerHelloDone,
    /// Ours: certificate if asked for, key exchange, proof of possession, ChangeCipherSpec, Finished.
    ClientKeyExchange,
    /// The server switches to encryption.
    ChangeCipherSpec,
    /// The server's Finished.
    Finished,
    /// Nothing: the handshake is over.
    Done,
}

/// What is being followed inside a handshake message.
#[derive(Clone, Copy)]
enum Inside {
    /// Bytes that do not matter here.
    Skip,
    /// ServerHello: version, random.
    HelloStart,
    /// ServerHello: length of the session identifier.
    HelloIdLength,
    /// ServerHello: session identifier.
    HelloId,
    /// ServerHello: suite, compression method, length of the extensions.
    HelloMiddle,
    /// ServerHello: type and length of an extension.
    Extension,
    /// ServerHello: an extension's content.
    ExtensionBody,
    /// Certificate: the length of the list.
    ListLength,
    /// Certificate: the length of one certificate.
    CertificateLength,
    /// Certificate: one certificate.
    CertificateBody,
}

/// See the module.
pub(crate) struct Framing {
    header: [u8; 5],
    header_len: u8,
    /// Bytes of the record that have not come yet.
    payload: u16,
    encrypted: bool,
    /// Overhead of an encrypted record, bytes.
    pub(crate) overhead: u16,
    /// Header of a handshake message, and how much of it is there.
    message: [u8; 4],
    message_len: u8,
    /// Bytes of the message that have not come yet.
    body: u32,
    inside: Inside,
    /// Bytes until `inside` changes.
    left: u32,
    /// The last bytes of a number that is being read.
    number: u32,
    offered: Option<FragmentLength>,
    agreed: Option<FragmentLength>,
    secure_renegotiation: bool,
    /// Whether all of the session identifier so far is that of the session that was offered.
    resuming: bool,
    next: Message,
    seen_certificate: bool,
    seen_request: bool,
    total: u32,
    capacity: u32,
}

impl Framing {
    pub(crate) const fn new() -> Self {
        Framing {
            header: [0; 5],
            header_len: 0,
            payload: 0,
            encrypted: false,
            overhead: 0,
            message: [0; 4],
            message_len: 0,
            body: 0,
            inside: Inside::Skip,
            left: 0,
            number: 0,
            offered: None,
            agreed: None,
            secure_renegotiation: false,
            resuming: false,
            next: Message::ClientHello,
            seen_certificate: false,
            seen_request: false,
            total: 0,
            capacity: 0,
        }
    }

    /// Starts anew: what fragment length is offered, and how many bytes the input buffer has.
    pub(crate) fn start(&mut self, offered: Option<FragmentLength>, capacity: usize) {
        *self = Framing {
            offered,
            capacity: capacity as u32,
            ..Framing::new()
        };
    }

    /// The message that is awaited.
    pub(crate) fn next(&self) -> Message {
        self.next
    }

    /// Sets what is awaited; the engine does so for our own messages.
    pub(crate) fn set_next(&mut self, next: Message) {
        self.next = next;
    }

    /// The fragment length that the server agreed to.
    pub(crate) fn agreed(&self) -> Option<FragmentLength> {
        self.agreed
    }

    /// Whether the server sent certificates, as it does unless it resumes a session.
    pub(crate) fn seen_certificate(&self) -> bool {
        self.seen_certificate
    }

    /// Whether the server asked for a client certificate.
    pub(crate) fn seen_certificate_request(&self) -> bool {
        self.seen_request
    }

    /// Whether the server's records are encrypted by now.
    #[cfg(test)]
    fn encrypted(&self) -> bool {
        self.encrypted
    }

    /// How many of `data` the engine should get next: up to the end of a record header, of a message, or of a certificate,
    /// whichever is first; all of it if none of these ends in it. At least 1 unless `data` is empty.
    ///
    /// `session` is the identifier of the session that was offered; empty if none was.
    ///
    /// # Errors
    /// What the server may not send: a record larger than agreed or than the buffer, a handshake without end.
    pub(crate) fn portion(&mut self, data: &[u8], session: &[u8]) -> Result<usize, PeerError> {
        if self.payload == 0 {
            let room = self.header.get_mut(usize::from(self.header_len)..);
            let taken = bytes::copy(room.unwrap_or_default(), data);
            self.header_len += taken as u8;
            if self.header_len == 5 {
                self.header_len = 0;
                self.record()?;
            }
            return self.counted(taken);
        }
        let data = data.get(..usize::from(self.payload)).unwrap_or(data);
        let taken = match self.header[0] {
            22 if !self.encrypted => self.handshake(data, session),
            _ => data.len(),
        };
        // RFC 5746 section 4.1: a server that does not signal it may carry someone else's bytes before ours.
        let seen_hello = matches!(self.next, Message::Certificate | Message::ChangeCipherSpec);
        if seen_hello && !self.secure_renegotiation {
            return Err(PeerError::Protocol(ProtocolError::BadSecureRenegotiation));
        }
        self.payload -= taken as u16;
        if self.payload == 0 {
            match (self.header[0], self.encrypted) {
                (20, false) => {
                    self.encrypted = true;
                    self.next = Message::Finished;
                }
                (22, true) if self.next == Message::Finished => self.next = Message::Done,
                _ => {}
            }
        }
        self.counted(taken)
    }

    fn counted(&mut self, taken: usize) -> Result<usize, PeerError> {
        if self.next != Message::Done {
            self.total = self.total.saturating_add(taken as u32);
            if self.total > HANDSHAKE_MAX {
                return Err(PeerError::HandshakeTooLong);
            }
        }
        Ok(taken)
    }

    /// A record header is complete.
    fn record(&mut self) -> Result<(), PeerError> {
        let length = u16::from_be_bytes([self.header[3], self.header[4]]);
        if self.header[1] != 3 {
            // No version of TLS: the engine refuses it, and its length means nothing.
            self.payload = length;
            return Ok(());
        }
        let overhead = if self.encrypted { self.overhead } else { 0 };
        let plaintext = usize::from(length.saturating_sub(overhead));
        if let Some(agreed) = self.agreed
            && plaintext > agreed.bytes()
        {
            return Err(PeerError::FragmentLengthIgnored {
                agreed: agreed.bytes(),
                received: plaintext,
            });
        }
        if self.encrypted && u32::from(length) + 5 > self.capacity {
            let record = usize::from(length) + 5;
            return Err(PeerError::RecordTooLarge {
                record,
                buffer: self.capacity as usize,
            });
        }
        self.payload = length;
        Ok(())
    }

    /// Follows handshake bytes; returns how many until something ends.
    fn handshake(&mut self, data: &[u8], session: &[u8]) -> usize {
        for (index, &byte) in data.iter().enumerate() {
            if self.message_len < 4 {
                if let Some(place) = self.message.get_mut(usize::from(self.message_len)) {
                    *place = byte;
                }
                self.message_len += 1;
                if self.message_len == 4 {
                    self.body = u32::from_be_bytes(self.message) & 0x00FF_FFFF;
                    self.enter();
                    if self.body == 0 {
                        self.message_done();
                        return index + 1;
                    }
                }
                continue;
            }
            self.body -= 1;
            let ended = self.byte(byte, session);
            if self.body == 0 {
                self.message_done();
                return index + 1;
            }
            if ended {
                return index + 1;
            }
        }
        data.len()
    }

    /// A message's header is complete.
    fn enter(&mut self) {
        self.number = 0;
        (self.inside, self.left) = match self.message[0] {
            2 => (Inside::HelloStart, 34),
            11 => (Inside::ListLength, 3),
            _ => (Inside::Skip, u32::MAX),
        };
    }

    /// A byte of a message's body; whether a certificate ended with it.
    fn byte(&mut self, byte: u8, session: &[u8]) -> bool {
        self.number = self.number << 8 | u32::from(byte);
        if matches!(self.inside, Inside::HelloId) {
            let at = session.len().wrapping_sub(self.left as usize);
            self.resuming &= session.get(at) == Some(&byte);
        }
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        let number = self.number;
        self.number = 0;
        let mut ended = false;
        (self.inside, self.left) = match self.inside {
            Inside::Skip => (Inside::Skip, u32::MAX),
            Inside::HelloStart => (Inside::HelloIdLength, 1),
            Inside::HelloIdLength => {
                self.resuming = number > 0 && number as usize == session.len();
                match number {
                    0 => (Inside::HelloMiddle, 5),
                    length => (Inside::HelloId, length),
                }
            }
            Inside::HelloId => (Inside::HelloMiddle, 5),
            Inside::HelloMiddle => (Inside::Extension, 4),
            Inside::Extension => match number & 0xFFFF {
                0 => (Inside::Extension, 4),
                length => {
                    // The type is needed once the content is there.
                    [_, self.message[1], self.message[2], _] = (number >> 8).to_be_bytes();
                    (Inside::ExtensionBody, length)
                }
            },
            Inside::ExtensionBody => {
                match (self.message[1], self.message[2]) {
                    (0x00, 0x01)
                        if self
                            .offered
                            .is_some_and(|offered| offered.code() == number as u8) =>
                    {
                        self.agreed = self.offered;
                    }
                    (0xFF, 0x01) => self.secure_renegotiation = true,
                    _ => {}
                }
                (Inside::Extension, 4)
            }
            Inside::ListLength => (Inside::CertificateLength, 3),
            Inside::CertificateLength if number == 0 => (Inside::CertificateLength, 3),
            Inside::CertificateLength => (Inside::CertificateBody, number),
            Inside::CertificateBody => {
                ended = true;
                (Inside::CertificateLength, 3)
            }
        };
        ended
    }

    /// A message is complete.
    fn message_done(&mut self) {
        self.message_len = 0;
        if self.next == Message::Done {
            return;
        }
        self.next = match self.message[0] {
            2 if self.resuming => Message::ChangeCipherSpec,
            2 => Message::Certificate,
            11 => {
                self.seen_certificate = true;
                Message::ServerKeyExchange
            }
            12 => Message::ServerHelloDone,
            13 => {
                self.seen_request = true;
                Message::ServerHelloDone
            }
            14 => Message::ClientKeyExchange,
            _ => self.next,
        };
    }
}

#[cfg(test)]
mod tests;
