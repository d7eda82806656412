//! A TLS 1.2 server that does what a script says, knows all secrets, and remembers what it has honestly done.
//!
//! Random fuzzing ends where encryption begins. This server encrypts, signs and authenticates whatever it is told to send, so
//! that the states behind can be reached; and it knows which of that a client may believe.

pub mod keys;
pub mod script;
mod secrets;
mod setting;

use std::collections::VecDeque;

use crate::client::Server;
use crate::framing;
use script::{Do, Step, edit};
use secrets::Cipher;
pub use setting::{QUESTION, Setting};

/// See the module.
pub struct Puppet {
    setting: Setting,
    steps: VecDeque<Step>,
    /// Bytes for the client.
    outgoing: VecDeque<u8>,
    /// From the client, until it is a whole record.
    incoming: Vec<u8>,
    /// The client's handshake messages, until they are whole.
    content: Vec<u8>,
    /// All handshake messages of both sides.
    transcript: Vec<u8>,
    client_hello: Vec<u8>,
    server_random: Vec<u8>,
    master: Option<Vec<u8>>,
    /// Ours, once we encrypt.
    writer: Option<Cipher>,
    /// The client's, once it encrypts.
    reader: Option<Cipher>,
    client_encrypts: bool,
    /// Most bytes of content in a record, if that is not what was agreed on.
    split: Option<usize>,
    corrupt: Option<(u8, u8)>,
    last: Vec<u8>,
    /// Whether a record has been sent that a client must refuse, or whose number is wrong.
    is_broken: bool,
    /// Whether the Finished that was due has been sent, encrypted and unharmed.
    pub has_finished: bool,
    /// Whether the last ServerKeyExchange was signed as it was sent.
    pub has_signed: bool,
    /// Application data that a client may read.
    pub data: Vec<u8>,
    /// Whether all that was sent is what an honest server would have.
    pub is_honest: bool,
    /// What the client sent as application data.
    pub heard: Vec<u8>,
}

const SERVER_RANDOM: [u8; 32] = [0x5e; 32];
const SESSION_ID: [u8; 32] = [0x1d; 32];

impl Puppet {
    /// A server of that kind, with that to do.
    pub fn new(setting: &Setting, steps: Vec<Step>) -> Self {
        Puppet {
            setting: setting.clone(),
            steps: steps.into(),
            outgoing: VecDeque::new(),
            incoming: Vec::new(),
            content: Vec::new(),
            transcript: Vec::new(),
            client_hello: Vec::new(),
            server_random: SERVER_RANDOM.to_vec(),
            master: setting
                .session
                .as_ref()
                .map(|session| session[36..84].to_vec()),
            writer: None,
            reader: None,
            client_encrypts: false,
            split: None,
            corrupt: None,
            last: Vec::new(),
            is_broken: false,
            has_finished: false,
            has_signed: false,
            data: Vec::new(),
            is_honest: true,
            heard: Vec::new(),
        }
    }

    fn client_random(&self) -> &[u8] {
        self.client_hello.get(6..38).unwrap_or(&[0; 32])
    }

    /// An extension that the client has sent.
    fn offered(&self, number: u16) -> Option<&[u8]> {
        let body = self.client_hello.get(4..)?;
        let id = usize::from(*body.get(34)?);
        let suites = body.get(35 + id..)?;
        let suites_len = usize::from(u16::from_be_bytes([*suites.first()?, *suites.get(1)?]));
        // Compression methods: one.
        let mut list = suites.get(2 + suites_len + 2 + 2..)?;
        while let [a, b, c, d, rest @ ..] = list {
            let len = usize::from(u16::from_be_bytes([*c, *d]));
            let (body, behind) = rest.split_at_checked(len)?;
            if u16::from_be_bytes([*a, *b]) == number {
                return Some(body);
            }
            list = behind;
        }
        None
    }

    fn server_hello(&self) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend(SERVER_RANDOM);
        let id = match &self.setting.session {
            Some(session) => session[4..4 + usize::from(session[1])].to_vec(),
            None => SESSION_ID.to_vec(),
        };
        body.push(id.len() as u8);
        body.extend(id);
        body.extend(self.setting.suite.id().to_be_bytes());
        body.push(0);
        let mut extensions = vec![0xff, 1, 0, 1, 0];
        if let Some(code) = self.offered(1) {
            extensions.extend([0, 1, 0, 1]);
            extensions.extend(code);
        }
        if self.offered(16).is_some() {
            extensions.extend([0, 16, 0, 7, 0, 5, 4]);
            extensions.extend(b"mqtt");
        }
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        body
    }

    fn key_exchange(&self, edits: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let public = secrets::public(self.setting.group);
        let mut parameters = vec![3];
        parameters.extend(self.setting.group.to_be_bytes());
        parameters.push(public.len() as u8);
        parameters.extend(public);
        let parameters = edit(parameters, edits);
        let kind = self.setting.kind();
        let message = [self.client_random(), &self.server_random, &parameters].concat();
        let signature = keys::sign(kind, &message);
        let mut body = parameters.clone();
        body.extend([4, if kind == keys::Kind::Rsa { 1 } else { 3 }]);
        body.extend((signature.len() as u16).to_be_bytes());
        body.extend(signature);
        (body, parameters)
    }

    fn verify_data(&self) -> Option<Vec<u8>> {
        let master = self.master.as_ref()?;
        Some(secrets::finished(
            master,
            "server finished",
            &self.transcript,
        ))
    }

    /// A handshake message that an honest server would send now, edited.
    fn say(&mut self, kind: u8, honest: Vec<u8>, edits: &[u8]) {
        let body = edit(honest.clone(), edits);
        self.is_honest &= body == honest;
        self.message(kind, &body);
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        if kind == 2 && body.len() >= 34 {
            self.server_random = body[2..34].to_vec();
        }
        let is_due = kind == 20 && self.verify_data().is_some_and(|due| due == body);
        let is_clean = self.writer.is_some() && !self.is_broken && self.corrupt.is_none();
        let bytes = framing::message(kind, body);
        self.content_record(22, &bytes);
        self.has_finished |= is_due && is_clean;
        if kind != 0 {
            self.transcript.extend(bytes);
        }
    }

    fn content_record(&mut self, kind: u8, content: &[u8]) {
        let agreed = self.offered(1).and_then(|code| code.first());
        let agreed = agreed.map_or(1 << 14, |code| 256 << code);
        let split = self.split.unwrap_or(agreed);
        for piece in content.chunks(split) {
            self.record(kind, 3, piece);
        }
    }

    fn record(&mut self, kind: u8, minor: u8, content: &[u8]) {
        let payload = match &mut self.writer {
            Some(writer) => writer.seal(kind, content),
            None => content.to_vec(),
        };
        let mut bytes = framing::stream(&[framing::Record {
            kind,
            version: [3, minor],
            payload,
        }]);
        let corrupt = self.corrupt.take().filter(|(_, mask)| *mask != 0);
        if let Some((place, mask)) = corrupt {
            let at = usize::from(place) % bytes.len();
            bytes[at] ^= mask;
            // Before that, it is the transcript that gives it away.
            self.is_broken |= self.writer.is_some();
            self.is_honest = false;
        }
        if kind == 23 && self.writer.is_some() && !self.is_broken {
            self.data.extend(content);
        }
        self.outgoing.extend(&bytes);
        self.last = bytes;
    }

    fn act(&mut self, (what, bytes): Step) {
        // Out of its turn, or beside the rules.
        self.is_honest &= !matches!(
            what,
            Do::SignedKeyExchange | Do::Record | Do::Raw | Do::Message | Do::Skip | Do::Replay
        );
        match what {
            Do::ServerHello => self.say(2, self.server_hello(), &bytes),
            Do::Certificate => {
                let body = framing::certificate_body(&[keys::leaf(self.setting.kind()).to_vec()]);
                self.say(11, body, &bytes);
            }
            Do::ServerKeyExchange => {
                let (honest, parameters) = self.key_exchange(&[]);
                let body = edit(honest.clone(), &bytes);
                self.has_signed = body.starts_with(&parameters);
                self.say(12, honest, &bytes);
            }
            Do::SignedKeyExchange => {
                let (body, _) = self.key_exchange(&bytes);
                self.has_signed = true;
                self.message(12, &body);
            }
            Do::CertificateRequest => {
                let honest = vec![2, 1, 64, 0, 4, 4, 1, 4, 3, 0, 0];
                self.say(13, honest, &bytes);
            }
            Do::ServerHelloDone => self.say(14, Vec::new(), &bytes),
            Do::ChangeCipherSpec => {
                let content = if bytes.is_empty() { &[1][..] } else { &bytes };
                self.is_honest &= content == [1];
                self.record(20, 3, content);
                if let Some([_, server]) = self.ciphers() {
                    self.writer = Some(server);
                }
            }
            Do::Finished => {
                let honest = self.verify_data().unwrap_or(vec![0; 12]);
                self.say(20, honest, &bytes);
            }
            Do::Data => self.content_record(23, &bytes),
            Do::Alert => self.content_record(21, &bytes),
            Do::HelloRequest => {
                // BearSSL hashes one that comes before the server's Finished, which RFC 5246 section 7.4.1.1 says is to be left
                // out; the server then refuses the client's Finished.
                self.is_honest &= self.has_finished;
                self.message(0, &[]);
            }
            Do::Record => {
                if let [kind, minor, content @ ..] = &bytes[..] {
                    // The type and version that are authenticated are those that are sent; another version breaks it.
                    self.is_broken |= *minor != 3 && self.writer.is_some();
                    let content = &content[..content.len().min(0x4800)];
                    self.record(*kind, *minor, content);
                }
            }
            Do::Raw => {
                self.is_broken |= self.writer.is_some() && !bytes.is_empty();
                self.outgoing.extend(&bytes);
            }
            Do::Split => {
                if let [high, low, ..] = bytes[..] {
                    let size = usize::from(u16::from_be_bytes([high, low])) % 0x4001;
                    // Pieces of a byte make long connections of nothing.
                    self.split = Some(if size == 0 { 1 << 14 } else { size.max(8) });
                }
            }
            Do::Corrupt => {
                if let [place, mask, ..] = bytes[..] {
                    self.corrupt = Some((place, mask));
                }
            }
            Do::Message => {
                if let [kind, body @ ..] = &bytes[..] {
                    self.message(*kind, body);
                }
            }
            Do::Skip => {
                if let Some(writer) = &mut self.writer {
                    writer.sequence += 1;
                    self.is_broken = true;
                }
            }
            Do::Replay => {
                self.is_broken |= self.writer.is_some();
                let last = self.last.clone();
                self.outgoing.extend(last);
            }
        }
    }

    fn ciphers(&self) -> Option<[Cipher; 2]> {
        let master = self.master.as_ref()?;
        let suite = self.setting.suite.id();
        Some(Cipher::pair(
            suite,
            master,
            self.client_random(),
            &self.server_random,
        ))
    }

    /// A whole record of the client's.
    fn hear(&mut self, record: &framing::Record) {
        if record.kind == 20 {
            self.client_encrypts = true;
            self.reader = self.ciphers().map(|[client, _]| client);
            return;
        }
        let content = match (&mut self.reader, self.client_encrypts) {
            (None, false) => record.payload.clone(),
            (None, true) => return,
            (Some(reader), _) => match reader.open(record.kind, &record.payload) {
                Some(content) => content,
                None => {
                    assert!(!self.is_honest, "a client's record that cannot be opened");
                    return;
                }
            },
        };
        match record.kind {
            22 => {
                self.content.extend(content);
                self.hear_messages();
            }
            23 => self.heard.extend(content),
            _ => {}
        }
    }

    fn hear_messages(&mut self) {
        let content = std::mem::take(&mut self.content);
        let (messages, rest) = framing::messages(&content);
        self.content = rest.to_vec();
        for message in messages {
            let bytes = framing::message(message.kind, &message.body);
            match message.kind {
                1 if self.client_hello.is_empty() => self.client_hello = bytes.clone(),
                16 => self.hear_key_exchange(&message.body),
                20 => {
                    let due = self.master.as_ref().map(|master| {
                        secrets::finished(master, "client finished", &self.transcript)
                    });
                    assert!(
                        !self.is_honest || due.as_ref() == Some(&message.body),
                        "a client's Finished that is wrong"
                    );
                }
                _ => {}
            }
            self.transcript.extend(bytes);
        }
    }

    fn hear_key_exchange(&mut self, body: &[u8]) {
        let secret = if self.setting.is_rsa_exchange() {
            body.get(2..).and_then(keys::decrypt)
        } else {
            body.get(1..)
                .and_then(|point| secrets::agree(self.setting.group, point))
        };
        let seed = [self.client_random(), &self.server_random].concat();
        self.master = secret.map(|secret| secrets::prf(&secret, "master secret", &seed, 48));
    }
}

impl Server for Puppet {
    fn take(&mut self, bytes: &[u8]) {
        self.incoming.extend(bytes);
        let incoming = std::mem::take(&mut self.incoming);
        let (records, rest) = framing::records(&incoming);
        self.incoming = rest.to_vec();
        for record in records {
            self.hear(&record);
        }
    }

    fn give(&mut self, into: &mut [u8]) -> usize {
        while self.outgoing.is_empty() {
            let Some(step) = self.steps.pop_front() else {
                return 0;
            };
            self.act(step);
        }
        let len = into.len().min(self.outgoing.len());
        for (slot, byte) in into.iter_mut().zip(self.outgoing.drain(..len)) {
            *slot = byte;
        }
        len
    }
}
