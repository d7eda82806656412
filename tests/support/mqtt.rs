//! What the MQTT tests share: sessions with memory of their own, a transport that does not wait for ever, and a proxy that
//! counts packets and cuts.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{ClientError, Event, Options, QoS, Resumption, Session};
use bearcub::trust::PlainText;

/// A session of the tests: 8 messages, 4 subscriptions, memory that lives as long as the process.
pub type TestSession = Session<'static, Ram<'static>, 8, 4>;

/// A client of it over a stream.
pub type TestClient<'c, T> = Client<'c, 'static, T, fn() -> Instant, Ram<'static>, 8, 4>;

/// A session with buffers of that size each way.
pub fn session(options: Options<'static>, buffer: usize) -> TestSession {
    let options = Box::leak(Box::new(options));
    let memory = |size: usize| &mut *vec![0; size].leak();
    Session::new(
        options,
        memory(buffer),
        memory(buffer),
        Ram::new(memory(4096)),
    )
    .unwrap()
}

/// Milliseconds since the first call.
pub fn clock() -> Instant {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    Instant::from_millis(start.elapsed().as_millis() as u64)
}

/// The end of everyone's patience.
pub fn soon() -> Instant {
    clock().after(20_000)
}

/// A TCP connection whose reads end after a moment, as a client's must.
pub struct Impatient(pub TcpStream);

impl Impatient {
    pub fn connect(server: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        Ok(Impatient(stream))
    }
}

fn timed_out(error: std::io::Error) -> std::io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl embedded_io::ErrorType for Impatient {
    type Error = std::io::Error;
}

impl embedded_io::Read for Impatient {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into).map_err(timed_out)
    }
}

impl embedded_io::Write for Impatient {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.write(data).map_err(timed_out)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub type Plain = PlainText<Impatient>;

/// Connects in plain text.
pub fn connect(
    session: &mut TestSession,
    server: SocketAddr,
) -> Result<(TestClient<'_, Plain>, Resumption), Error> {
    let tcp = Impatient::connect(server).map_err(|_| bearcub::error::NetworkError::Connect)?;
    Client::connect(PlainText(tcp), session, clock as fn() -> Instant)
        .map_err(ClientError::into_error)
}

/// An event with memory of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Message {
        topic: String,
        payload: Vec<u8>,
        qos: QoS,
        retain: bool,
    },
    Published(u16),
    Subscribed(Vec<(String, Option<QoS>)>),
    Other(String),
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(message) => Told::Message {
                topic: message.topic.to_owned(),
                payload: message.payload.to_vec(),
                qos: message.qos,
                retain: message.retain,
            },
            Event::Published(id) => Told::Published(id.get()),
            Event::Subscribed { subscriptions, .. } => Told::Subscribed(
                subscriptions
                    .iter()
                    .map(|one| (one.filter().to_owned(), one.granted()))
                    .collect(),
            ),
            other => Told::Other(format!("{other:?}")),
        }
    }
}

/// The next event, within everyone's patience.
pub fn next<T>(client: &mut TestClient<'_, T>) -> Told
where
    T: embedded_io::Read + embedded_io::Write,
    T::Error: std::fmt::Debug,
{
    let event = client.poll(soon()).unwrap();
    event.expect("an event in time").into()
}

/// A proxy that understands where MQTT packets end: it counts those of both directions, and cuts the connection in the
/// middle of one.
pub struct Cutter {
    pub addr: SocketAddr,
    /// How many packets may still pass before the next cut.
    left: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cutter {
    /// A proxy to `server` that passes everything on, until [`cut_after`](Self::cut_after).
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let cutter = Cutter {
            addr: listener.local_addr().unwrap(),
            left: Arc::new(AtomicUsize::new(usize::MAX)),
            open: Arc::default(),
        };
        let (left, open) = (cutter.left.clone(), cutter.open.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else {
                    continue;
                };
                open.lock()
                    .unwrap()
                    .extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let ends = [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server, client),
                ];
                for (from, to) in ends {
                    let left = left.clone();
                    std::thread::spawn(move || pass(from, to, &left));
                }
            }
        });
        cutter
    }

    /// Cuts in the middle of the packet after the next `count`.
    pub fn cut_after(&self, count: usize) {
        self.left.store(count, Ordering::SeqCst);
    }

    /// Whether the cut has happened.
    pub fn has_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) == usize::MAX
    }

    /// Cuts everything now.
    pub fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Passes packets on until the connection ends or is to be cut.
fn pass(mut from: TcpStream, mut to: TcpStream, left: &AtomicUsize) {
    while let Some(packet) = packet(&mut from) {
        let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
            usize::MAX => None,
            0 => Some(usize::MAX),
            left => Some(left - 1),
        });
        let is_cut = before == Ok(0);
        let end = if is_cut {
            packet.len() / 2
        } else {
            packet.len()
        };
        if to.write_all(&packet[..end]).is_err() || is_cut {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn packet(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut packet = vec![0; 1];
    from.read_exact(&mut packet).ok()?;
    let (mut length, mut shift) = (0, 0);
    loop {
        let mut byte = [0];
        from.read_exact(&mut byte).ok()?;
        packet.push(byte[0]);
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let start = packet.len();
    packet.resize(start + length, 0);
    from.read_exact(&mut packet[start..]).ok()?;
    Some(packet)
}
