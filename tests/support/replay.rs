//! Connections from memory: what a server sent once, played back as often as a test likes.

use std::cell::RefCell;
use std::rc::Rc;

use bearcub::Error;
use bearcub::tls::{self, Config, Parts, Storage};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{OpensslConfig, OpensslServer, Service};
use embedded_io::{ErrorType, Read, Write};

use super::{Seeded, Tcp};

pub const QUESTION: &[u8] = b"hello bear\n";
pub const ANSWER: &[u8] = b"raeb olleh\n";

/// A connection as it was: what each side sent, and how much of that was the handshake.
pub struct Recorded {
    pub chain: std::sync::Arc<Chain>,
    pub seed: u64,
    pub server: Vec<u8>,
    pub client: Vec<u8>,
    /// Bytes of `server` until the handshake was over.
    pub handshake: usize,
}

struct Tap {
    inner: Tcp,
    passed: Rc<RefCell<(Vec<u8>, Vec<u8>)>>,
}

impl ErrorType for Tap {
    type Error = std::io::Error;
}
impl Read for Tap {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = self.inner.read(into)?;
        self.passed.borrow_mut().0.extend(&into[..len]);
        Ok(len)
    }
}
impl Write for Tap {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let len = self.inner.write(data)?;
        self.passed.borrow_mut().1.extend(&data[..len]);
        Ok(len)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl Recorded {
    /// Connects to an OpenSSL server with that chain, asks, gets the answer, and closes.
    pub fn new(chain: std::sync::Arc<Chain>, config: &Config<'_>) -> Self {
        Recorded::with(chain, config, |config| config)
    }

    /// The same with more said to the server.
    pub fn with(
        chain: std::sync::Arc<Chain>,
        config: &Config<'_>,
        more: impl FnOnce(OpensslConfig) -> OpensslConfig,
    ) -> Self {
        let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
        let server = OpensslServer::start(&more(server)).unwrap();
        record_from(server.addr(), chain, config)
    }

    /// An RSA server, whose handshake is quickly checked.
    pub fn rsa_chain() -> std::sync::Arc<Chain> {
        pki::simple(KeyKind::Rsa2048)
    }
}

/// Connects to a server that sends lines back reversed, asks, gets the answer, and closes.
pub fn record_from(
    server: std::net::SocketAddr,
    chain: std::sync::Arc<Chain>,
    config: &Config<'_>,
) -> Recorded {
    record_talk(server, chain, config, 1)
}

/// The same with so many questions, each with its answer.
pub fn record_talk(
    server: std::net::SocketAddr,
    chain: std::sync::Arc<Chain>,
    config: &Config<'_>,
    questions: usize,
) -> Recorded {
    let passed = Rc::default();
    let tap = Tap {
        inner: Tcp::connect(server),
        passed: Rc::clone(&passed),
    };
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = vec![0; tls::Scratch::ANCHORS + 3000];
    let seed = 42;
    let mut stream =
        tls::connect(tap, &mut *storage, &mut scratch, config, &mut Seeded(seed)).unwrap();
    let handshake = passed.borrow().0.len();
    for _ in 0..questions {
        talk(&mut stream).unwrap();
    }
    stream.close().unwrap();
    let (server, client) = passed.take();
    Recorded {
        chain,
        seed,
        server,
        client,
        handshake,
    }
}

/// The question, and the answer to it.
pub fn talk<T: Read<Error = Error> + Write<Error = Error>>(stream: &mut T) -> Result<(), Error> {
    stream.write_all(QUESTION)?;
    stream.flush()?;
    let mut got = [0; ANSWER.len()];
    let mut filled = 0;
    while filled < got.len() {
        let len = stream.read(&mut got[filled..])?;
        if len == 0 {
            return Err(bearcub::error::NetworkError::Closed.into());
        }
        filled += len;
    }
    assert_eq!(got, ANSWER);
    Ok(())
}

/// Plays a server's bytes back, in pieces of the given sizes (over and over), and keeps what the client sends.
pub struct Playback<'a> {
    pub server: &'a [u8],
    pub at: usize,
    pub pieces: &'a [usize],
    pub turn: usize,
    pub client: Vec<u8>,
    pub write_limit: usize,
}

impl<'a> Playback<'a> {
    pub fn new(server: &'a [u8], pieces: &'a [usize]) -> Self {
        Playback {
            server,
            at: 0,
            pieces,
            turn: 0,
            client: Vec::with_capacity(8192),
            write_limit: usize::MAX,
        }
    }
}

impl ErrorType for Playback<'_> {
    type Error = std::io::Error;
}
impl Read for Playback<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let piece = self.pieces[self.turn % self.pieces.len()].max(1);
        self.turn += 1;
        let len = piece.min(into.len()).min(self.server.len() - self.at);
        into[..len].copy_from_slice(&self.server[self.at..][..len]);
        self.at += len;
        Ok(len)
    }
}
impl Write for Playback<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        let len = data.len().min(self.write_limit);
        self.client.extend(&data[..len]);
        Ok(len)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The whole connection over a playback; what the client sent.
pub fn play<'s>(
    playback: Playback<'_>,
    storage: impl Into<Parts<'s>>,
    scratch: &mut [u8],
    config: &Config<'_>,
    seed: u64,
) -> Result<Vec<u8>, Error> {
    let mut stream = tls::connect(playback, storage, scratch, config, &mut Seeded(seed))?;
    talk(&mut stream)?;
    Ok(stream.close()?.client)
}
