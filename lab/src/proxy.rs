//! A TCP proxy on loopback that spoils and records what passes.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to the bytes that go one way. Offsets count from the start of the connection.
#[derive(Clone, Debug, Default)]
struct Treatment {
    chunk: Option<usize>,
    flips: Vec<u64>,
    cut_after: Option<u64>,
    hold_after: Option<u64>,
}

/// What the proxy does; to every connection the same.
#[derive(Clone, Debug, Default)]
pub struct ProxyConfig {
    to_server: Treatment,
    to_client: Treatment,
}

impl ProxyConfig {
    /// Passes everything on as it comes.
    pub fn new() -> Self {
        ProxyConfig::default()
    }

    fn treatment(&mut self, direction: Direction) -> &mut Treatment {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Passes the bytes on in writes of at most `bytes`, without Nagle's delay. The receiver's
    /// operating system may still hand out several at once.
    ///
    /// # Panics
    ///
    /// If `bytes` is 0.
    #[must_use]
    pub fn chunks(mut self, direction: Direction, bytes: usize) -> Self {
        assert!(bytes > 0, "a chunk has at least one byte");
        self.treatment(direction).chunk = Some(bytes);
        self
    }

    /// Inverts the lowest bit of the byte at that offset.
    #[must_use]
    pub fn flip(mut self, direction: Direction, offset: u64) -> Self {
        self.treatment(direction).flips.push(offset);
        self
    }

    /// Ends the connection, both ways, once that many bytes were passed on.
    #[must_use]
    pub fn cut_after(mut self, direction: Direction, bytes: u64) -> Self {
        self.treatment(direction).cut_after = Some(bytes);
        self
    }

    /// Passes on that many bytes and then nothing more, with the connection left open: what a
    /// dead link looks like.
    #[must_use]
    pub fn hold_after(mut self, direction: Direction, bytes: u64) -> Self {
        self.treatment(direction).hold_after = Some(bytes);
        self
    }
}

/// Bytes that passed, as the receiver got them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The connection, counted from 0.
    pub connection: usize,
    /// Which way.
    pub direction: Direction,
    /// Since the proxy's start.
    pub at: Duration,
    /// One write to the receiver.
    pub bytes: Vec<u8>,
}

struct Shared {
    start: Instant,
    stop: AtomicBool,
    passed: Mutex<Vec<Passed>>,
    open: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn passed(&self) -> MutexGuard<'_, Vec<Passed>> {
        self.passed.lock().expect("no panic under this lock")
    }

    fn cut_all(&self) {
        for stream in self.open.lock().expect("no panic under this lock").iter() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A running proxy. Dropping it cuts its connections.
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::{TcpListener, TcpStream};
/// use bearcub_lab::proxy::{Direction, Proxy, ProxyConfig};
///
/// let server = TcpListener::bind("127.0.0.1:0")?;
/// let config = ProxyConfig::new().flip(Direction::ToClient, 1);
/// let proxy = Proxy::start(server.local_addr()?, &config)?;
/// let mut client = TcpStream::connect(proxy.addr())?;
/// server.accept()?.0.write_all(b"abc")?;
/// let mut received = String::new();
/// client.read_to_string(&mut received)?;
/// assert_eq!(received, "acc");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Proxy {
    addr: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port and passes every connection on to `server`.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn start(server: SocketAddr, config: &ProxyConfig) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            start: Instant::now(),
            stop: AtomicBool::new(false),
            passed: Mutex::default(),
            open: Mutex::default(),
        });
        let (config, state) = (config.clone(), shared.clone());
        let thread = std::thread::spawn(move || accept(&listener, server, &config, &state));
        Ok(Proxy {
            addr,
            shared,
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Everything that was passed on so far, in order of time. A write of the sender may be in
    /// several pieces, and several writes in one.
    pub fn recording(&self) -> Vec<Passed> {
        self.shared.passed().clone()
    }

    /// The bytes that were passed on so far one way in one connection.
    pub fn stream(&self, connection: usize, direction: Direction) -> Vec<u8> {
        let passed = self.shared.passed();
        let wanted =
            |piece: &&Passed| piece.connection == connection && piece.direction == direction;
        passed
            .iter()
            .filter(wanted)
            .flat_map(|piece| &piece.bytes)
            .copied()
            .collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.addr);
        self.shared.cut_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, server: SocketAddr, config: &ProxyConfig, shared: &Shared) {
    std::thread::scope(|scope| {
        for (connection, client) in listener.incoming().enumerate() {
            if shared.stop.load(Ordering::SeqCst) {
                break;
            }
            let Ok(client) = client else { continue };
            let Ok(server) = TcpStream::connect(server) else {
                let _ = client.shutdown(Shutdown::Both);
                continue;
            };
            let Ok(pipes) = pipes(client, server, shared) else {
                continue;
            };
            let ways = [
                (Direction::ToServer, &config.to_server),
                (Direction::ToClient, &config.to_client),
            ];
            for ((from, to), (direction, treatment)) in pipes.into_iter().zip(ways) {
                scope.spawn(move || {
                    let pipe = Pipe {
                        connection,
                        direction,
                        treatment,
                        shared,
                        offset: 0,
                    };
                    pipe.run(from, to);
                });
            }
        }
        shared.cut_all();
    });
}

type Ends = (TcpStream, TcpStream);

/// The two ways through a connection, each as (from, to).
fn pipes(client: TcpStream, server: TcpStream, shared: &Shared) -> io::Result<[Ends; 2]> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut open = shared.open.lock().expect("no panic under this lock");
    open.push(client.try_clone()?);
    open.push(server.try_clone()?);
    Ok([(client.try_clone()?, server.try_clone()?), (server, client)])
}

struct Pipe<'a> {
    connection: usize,
    direction: Direction,
    treatment: &'a Treatment,
    shared: &'a Shared,
    offset: u64,
}

impl Pipe<'_> {
    fn run(mut self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16_384];
        loop {
            match from.read(&mut buffer) {
                Ok(count @ 1..) => {
                    if !self.pass(&mut buffer[..count], &mut to) {
                        let _ = to.shutdown(Shutdown::Both);
                        let _ = from.shutdown(Shutdown::Both);
                        return;
                    }
                }
                _ => {
                    // A half-closed connection stays so.
                    let _ = to.shutdown(Shutdown::Write);
                    return;
                }
            }
        }
    }

    /// Passes bytes on; says whether the connection goes on.
    fn pass(&mut self, bytes: &mut [u8], to: &mut TcpStream) -> bool {
        for flip in &self.treatment.flips {
            let inside = flip
                .checked_sub(self.offset)
                .and_then(|index| usize::try_from(index).ok());
            if let Some(byte) = inside.and_then(|index| bytes.get_mut(index)) {
                *byte ^= 1;
            }
        }
        let limit = |total: Option<u64>| {
            let left = total.map_or(u64::MAX, |total| total.saturating_sub(self.offset));
            usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
        };
        let (until_cut, until_hold) = (
            limit(self.treatment.cut_after),
            limit(self.treatment.hold_after),
        );
        let passing = &bytes[..until_cut.min(until_hold)];
        let written = passing
            .chunks(self.treatment.chunk.unwrap_or(passing.len().max(1)))
            .try_for_each(|chunk| {
                // Before the write, so that a receiver who has the bytes finds them recorded.
                self.shared.passed().push(Passed {
                    connection: self.connection,
                    direction: self.direction,
                    at: self.shared.start.elapsed(),
                    bytes: chunk.to_vec(),
                });
                to.write_all(chunk)
            });
        self.offset += passing.len() as u64;
        let cut = self
            .treatment
            .cut_after
            .is_some_and(|total| self.offset >= total);
        written.is_ok() && !cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy, and both ends of a connection through it.
    fn connect(config: &ProxyConfig) -> (Proxy, TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap(), config).unwrap();
        let client = TcpStream::connect(proxy.addr()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (proxy, client, server)
    }

    fn read_all(mut stream: &TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A cut may be seen as a reset.
        let _ = stream.read_to_end(&mut bytes);
        bytes
    }

    #[test]
    fn both_directions_pass_and_are_recorded() {
        let (proxy, mut client, mut server) = connect(&ProxyConfig::new());
        client.write_all(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&server), b"question");
        server.write_all(b"answer").unwrap();
        drop(server);
        assert_eq!(read_all(&client), b"answer");
        assert_eq!(proxy.stream(0, Direction::ToServer), b"question");
        assert_eq!(proxy.stream(0, Direction::ToClient), b"answer");
        let recording = proxy.recording();
        assert!(recording.is_sorted_by_key(|passed| passed.at));
        assert_eq!(recording[0].direction, Direction::ToServer);
    }

    #[test]
    fn chunks_of_one_byte_pass_one_by_one() {
        let config = ProxyConfig::new().chunks(Direction::ToClient, 1);
        let (proxy, client, mut server) = connect(&config);
        server.write_all(b"abc").unwrap();
        drop(server);
        assert_eq!(read_all(&client), b"abc");
        assert!(
            proxy
                .recording()
                .iter()
                .all(|passed| passed.bytes.len() == 1)
        );
    }

    #[test]
    fn flips_hit_their_offset_in_their_direction_only() {
        let config = ProxyConfig::new()
            .flip(Direction::ToClient, 0)
            .flip(Direction::ToClient, 9);
        let (_proxy, mut client, mut server) = connect(&config);
        client.write_all(b"0000000000").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_all(&server), b"0000000000");
        server.write_all(b"00000").unwrap();
        server.write_all(b"000000").unwrap();
        drop(server);
        assert_eq!(read_all(&client), b"10000000010");
    }

    #[test]
    fn a_cut_ends_both_directions_at_the_byte() {
        let config = ProxyConfig::new().cut_after(Direction::ToClient, 4);
        let (_proxy, client, mut server) = connect(&config);
        server.write_all(b"0123456789").unwrap();
        assert_eq!(read_all(&client), b"0123");
        assert_eq!(read_all(&server), b"");
    }

    #[test]
    fn a_held_link_stays_open_and_silent() {
        let config = ProxyConfig::new().hold_after(Direction::ToClient, 2);
        let (_proxy, mut client, mut server) = connect(&config);
        server.write_all(b"0123").unwrap();
        let mut two = [0; 2];
        client.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"01");
        client
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let error = client.read(&mut two).unwrap_err();
        assert!(matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        ));
        client.write_all(b"ok").unwrap();
        server.read_exact(&mut two).unwrap();
        assert_eq!(&two, b"ok");
    }
}
