//! A TLS server in this process, on rustls.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{CipherSuite, HandshakeKind, RootCertStore, ServerConfig, ServerConnection};

use super::PATIENCE;
use crate::Error;
use crate::pki::Chain;

/// How the server ends a connection that the client does not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// close_notify, then the TCP connection.
    CloseNotify,
    /// The TCP connection only: what a truncation attack looks like.
    Cut,
}

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct RustlsConfig {
    chain: Chain,
    client_roots: Vec<Vec<u8>>,
    require_certificate: bool,
    tls13: bool,
    cipher_suites: Vec<CipherSuite>,
    alpn: Vec<Vec<u8>>,
    resumption: bool,
    max_fragment: Option<usize>,
    greeting: Vec<u8>,
    end_after: Option<(usize, Ending)>,
}

impl RustlsConfig {
    /// A server with that chain: TLS 1.2 only, records of up to 16 KB, an echo until the client
    /// closes.
    pub fn new(chain: &Chain) -> Self {
        RustlsConfig {
            chain: chain.clone(),
            client_roots: Vec::new(),
            require_certificate: false,
            tls13: false,
            cipher_suites: Vec::new(),
            alpn: Vec::new(),
            resumption: true,
            max_fragment: None,
            greeting: Vec::new(),
            end_after: None,
        }
    }

    /// TLS 1.3 only.
    #[must_use]
    pub fn tls13_only(mut self) -> Self {
        self.tls13 = true;
        self
    }

    /// These cipher suites only, in this order.
    #[must_use]
    pub fn cipher_suites(mut self, suites: &[CipherSuite]) -> Self {
        self.cipher_suites = suites.to_vec();
        self
    }

    /// The protocols for ALPN. A client that offers others only is turned away.
    #[must_use]
    pub fn alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        self
    }

    /// Asks for a client certificate under that root (DER), and ends the handshake without one.
    #[must_use]
    pub fn require_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self.require_certificate = true;
        self
    }

    /// Asks for a client certificate, and does without.
    #[must_use]
    pub fn request_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self
    }

    /// Whether sessions can be resumed by their ID (there are no tickets). They can, unless
    /// told otherwise.
    #[must_use]
    pub fn resumption(mut self, allowed: bool) -> Self {
        self.resumption = allowed;
        self
    }

    /// The most plaintext bytes in one record from the server: 27 to 16,384, which is what it is
    /// without this. The client has no say: max_fragment_length is ignored.
    #[must_use]
    pub fn max_fragment(mut self, bytes: usize) -> Self {
        self.max_fragment = Some(bytes);
        self
    }

    /// What the server sends by itself, right after the handshake, in records as large as they
    /// may be.
    #[must_use]
    pub fn greeting(mut self, bytes: &[u8]) -> Self {
        self.greeting = bytes.to_vec();
        self
    }

    /// Ends the connection once that many bytes were echoed; 0 is right after the greeting.
    #[must_use]
    pub fn end_after(mut self, bytes: usize, ending: Ending) -> Self {
        self.end_after = Some((bytes, ending));
        self
    }

    fn build(&self) -> Result<Arc<ServerConfig>, Error> {
        let refused = |error: &dyn core::fmt::Display| Error::Config(error.to_string());
        let mut provider = rustls::crypto::ring::default_provider();
        if !self.cipher_suites.is_empty() {
            let all = core::mem::take(&mut provider.cipher_suites);
            let wanted = self.cipher_suites.iter();
            let find =
                |suite: &CipherSuite| all.iter().find(|known| known.suite() == *suite).copied();
            provider.cipher_suites = wanted.filter_map(find).collect();
        }
        let provider = Arc::new(provider);
        let version = if self.tls13 {
            &rustls::version::TLS13
        } else {
            &rustls::version::TLS12
        };
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .map_err(|error| refused(&error))?;
        let builder = if self.client_roots.is_empty() {
            builder.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            for root in &self.client_roots {
                let root = CertificateDer::from(root.clone());
                roots.add(root).map_err(|error| refused(&error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if self.require_certificate {
                verifier
            } else {
                verifier.allow_unauthenticated()
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| refused(&error))?)
        };
        let chain = self
            .chain
            .certificates
            .iter()
            .cloned()
            .map(CertificateDer::from)
            .collect();
        let key = PrivatePkcs8KeyDer::from(self.chain.key.pkcs8_der().to_vec());
        let mut config = builder
            .with_single_cert(chain, PrivateKeyDer::Pkcs8(key))
            .map_err(|error| refused(&error))?;
        config.alpn_protocols = self.alpn.clone();
        // rustls counts the record's header.
        config.max_fragment_size = self.max_fragment.map(|bytes| bytes + 5);
        if !self.resumption {
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        }
        Ok(Arc::new(config))
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The client sent close_notify.
    ClientClosed,
    /// The client ended the TCP connection without close_notify.
    ClientCut,
    /// The server ended it as its configuration says.
    ServerEnded,
    /// The handshake or a record was refused, by either side, in rustls' words.
    Failed(String),
}

/// A connection that is over, as the server saw it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The host name of SNI.
    pub server_name: Option<String>,
    /// What ALPN agreed on.
    pub alpn: Option<String>,
    /// What was agreed on; `None` if the handshake did not get that far.
    pub cipher_suite: Option<CipherSuite>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// The client's certificate, in DER.
    pub client_certificate: Option<Vec<u8>>,
    /// Application bytes from the client.
    pub received: usize,
    /// How it ended.
    pub end: End,
}

/// The state that the threads share.
#[derive(Default)]
struct Board {
    /// Connections that are over, in the order in which they ended.
    over: Mutex<Vec<Connection>>,
    news: Condvar,
    /// Connections that are not, to be cut when the server goes.
    open: Mutex<HashMap<u64, TcpStream>>,
    stop: AtomicBool,
}

impl Board {
    fn over(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.over.lock().expect("no panic under this lock")
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.open.lock().expect("no panic under this lock")
    }
}

/// A TLS server in this process that echoes. It serves its connections beside each other.
/// Dropping it cuts them.
///
/// ```
/// use bearcub_lab::pki::{KeyKind, simple};
/// use bearcub_lab::server::{Ending, RustlsConfig, RustlsServer};
///
/// // 16 KB in one record, then the connection is cut.
/// let config = RustlsConfig::new(&simple(KeyKind::P256));
/// let config = config.greeting(&[b'x'; 16_384]).end_after(0, Ending::Cut);
/// let server = RustlsServer::start(&config)?;
/// println!("listening on {}", server.addr());
/// # Ok::<(), bearcub_lab::Error>(())
/// ```
pub struct RustlsServer {
    addr: SocketAddr,
    board: Arc<Board>,
    thread: Option<JoinHandle<()>>,
}

impl RustlsServer {
    /// Starts the server; it listens at once.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if rustls refuses the configuration: RSA-1024 keys, for one.
    pub fn start(config: &RustlsConfig) -> Result<RustlsServer, Error> {
        let tls = config.build()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let board = Arc::new(Board::default());
        let (config, shared) = (config.clone(), board.clone());
        let thread = std::thread::spawn(move || accept(&listener, &config, &tls, &shared));
        Ok(RustlsServer {
            addr,
            board,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until `count` connections are over, and returns all that are.
    ///
    /// # Panics
    ///
    /// If that takes longer than 20 seconds.
    pub fn connections(&self, count: usize) -> Vec<Connection> {
        let deadline = Instant::now() + PATIENCE;
        let mut over = self.board.over();
        while over.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{} of {count} connections ended: {over:?}",
                over.len()
            );
            over = self
                .board
                .news
                .wait_timeout(over, left)
                .expect("no panic under this lock")
                .0;
        }
        over.clone()
    }
}

impl Drop for RustlsServer {
    fn drop(&mut self) {
        self.board.stop.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.addr);
        for stream in self.board.open().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if std::thread::panicking() {
            eprintln!("--- connections of the rustls server ---");
            self.board
                .over()
                .iter()
                .for_each(|connection| eprintln!("{connection:?}"));
        }
    }
}

fn accept(listener: &TcpListener, config: &RustlsConfig, tls: &Arc<ServerConfig>, board: &Board) {
    std::thread::scope(|scope| {
        for (number, stream) in (0..).zip(listener.incoming()) {
            if board.stop.load(Ordering::SeqCst) {
                break;
            }
            let Ok(mut tcp) = stream else { continue };
            let Ok(handle) = tcp.try_clone() else {
                continue;
            };
            board.open().insert(number, handle);
            scope.spawn(move || {
                let connection = serve(&mut tcp, config, tls.clone());
                board.over().push(connection);
                board.news.notify_all();
                leave(&mut tcp);
                board.open().remove(&number);
            });
        }
        // Those that were accepted while the server was going.
        for stream in board.open().values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

/// Ends the TCP connection in order: a socket that is dropped with bytes unread sends a reset, and
/// the client might not see the alert before it.
fn leave(tcp: &mut TcpStream) {
    let _ = tcp.shutdown(Shutdown::Write);
    let _ = tcp.set_read_timeout(Some(Duration::from_secs(1)));
    let _ = io::copy(tcp, &mut io::sink());
}

fn serve(tcp: &mut TcpStream, config: &RustlsConfig, tls: Arc<ServerConfig>) -> Connection {
    let mut tls = ServerConnection::new(tls).expect("a configuration that was accepted");
    tls.set_buffer_limit(None);
    let mut received = 0;
    let end = converse(tcp, &mut tls, config, &mut received).unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::UnexpectedEof && !tls.is_handshaking() {
            End::ClientCut
        } else {
            End::Failed(error.to_string())
        }
    });
    Connection {
        server_name: tls.server_name().map(str::to_owned),
        alpn: tls
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned()),
        cipher_suite: tls.negotiated_cipher_suite().map(|suite| suite.suite()),
        resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
        client_certificate: tls.peer_certificates().map(|chain| chain[0].to_vec()),
        received,
        end,
    }
}

fn converse(
    tcp: &mut TcpStream,
    tls: &mut ServerConnection,
    config: &RustlsConfig,
    received: &mut usize,
) -> io::Result<End> {
    tcp.set_nodelay(true)?;
    while tls.is_handshaking() {
        tls.complete_io(tcp)?;
    }
    let mut stream = rustls::Stream::new(tls, tcp);
    stream.write_all(&config.greeting)?;
    stream.flush()?;
    let mut buffer = [0; 16_384];
    loop {
        let left = match config.end_after {
            Some((bytes, ending)) if *received >= bytes => {
                if ending == Ending::CloseNotify {
                    stream.conn.send_close_notify();
                    stream.flush()?;
                }
                return Ok(End::ServerEnded);
            }
            Some((bytes, _)) => (bytes - *received).min(buffer.len()),
            None => buffer.len(),
        };
        let count = stream.read(&mut buffer[..left])?;
        if count == 0 {
            stream.conn.send_close_notify();
            // The client need not wait for it.
            let _ = stream.flush();
            return Ok(End::ClientClosed);
        }
        *received += count;
        stream.write_all(&buffer[..count])?;
        stream.flush()?;
    }
}
