//! What the MQTT tests share: sessions with memory of their own, a transport that does not wait for ever, and a proxy that
//! counts packets and cuts.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{ClientError, Event, Filter, Options, Publish, QoS, Resumption, Session};
use bearcub::trust::PlainText;

pub const EVERY_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// A session of the tests: 8 messages or as many as are wanted, 4 subscriptions, memory that lives as long as the process.
pub type TestSession<const N: usize = 8> = Session<'static, Ram<'static>, N, 4>;

/// A client of it over a stream.
pub type TestClient<'c, T, const N: usize = 8> =
    Client<'c, 'static, T, fn() -> Instant, Ram<'static>, N, 4>;

/// A session with buffers of that size each way.
pub fn session<const N: usize>(options: Options<'static>, buffer: usize) -> TestSession<N> {
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
pub fn connect<const N: usize>(
    session: &mut TestSession<N>,
    server: SocketAddr,
) -> Result<(TestClient<'_, Plain, N>, Resumption), Error> {
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
                topic: message.topic.as_str().to_owned(),
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

/// Subscribes, and awaits the answer.
pub fn subscribe<T>(client: &mut TestClient<'_, T>, filters: &[Filter<'static>]) -> Told
where
    T: embedded_io::Read + embedded_io::Write,
    T::Error: std::fmt::Debug,
{
    client.subscribe(filters).unwrap();
    next(client)
}

/// Publishes, and collects what is told until all of it is done and `messages` have come back.
pub fn echo<T>(client: &mut TestClient<'_, T>, message: &Publish<'_>, messages: usize) -> Vec<Told>
where
    T: embedded_io::Read + embedded_io::Write,
    T::Error: std::fmt::Debug,
{
    client.publish_message(message).unwrap();
    let (mut told, deadline) = (Vec::new(), soon());
    let came = |told: &[Told]| {
        told.iter()
            .filter(|one| matches!(one, Told::Message { .. }))
            .count()
    };
    while came(&told) < messages || !client.session().is_settled() {
        match client.poll(clock().after(100)).unwrap() {
            Some(event) => told.push(event.into()),
            None => assert!(clock() < deadline),
        }
    }
    told
}

/// A proxy that understands where MQTT packets end: it counts those of both directions, and does something to the
/// connection in the middle of one.
pub struct Cutter {
    pub addr: SocketAddr,
    link: Arc<Link>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

/// What happens to the packets of all connections.
#[derive(Default)]
struct Link {
    /// How many packets may still pass.
    left: AtomicUsize,
    /// Instead of cutting: nothing passes any more, in either direction, and nobody is told.
    swallows: AtomicBool,
    /// Every so many packets there is a delay of a millisecond; 0 for never.
    delay_every: AtomicUsize,
}

impl Cutter {
    /// A proxy to `server` that passes everything on, until [`cut_after`](Self::cut_after).
    pub fn new(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let cutter = Cutter {
            addr: listener.local_addr().unwrap(),
            link: Arc::new(Link {
                left: AtomicUsize::new(usize::MAX),
                ..Link::default()
            }),
            open: Arc::default(),
        };
        let (link, open) = (cutter.link.clone(), cutter.open.clone());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else {
                    continue;
                };
                for end in [&client, &server] {
                    end.set_nodelay(true).unwrap();
                    open.lock().unwrap().push(end.try_clone().unwrap());
                }
                let is_swallowed = Arc::new(AtomicBool::new(false));
                let ends = [
                    (client.try_clone().unwrap(), server.try_clone().unwrap()),
                    (server, client),
                ];
                for (from, to) in ends {
                    let (link, is_swallowed) = (link.clone(), is_swallowed.clone());
                    std::thread::spawn(move || pass(from, to, &link, &is_swallowed));
                }
            }
        });
        cutter
    }

    /// Cuts in the middle of the packet after the next `count`.
    pub fn cut_after(&self, count: usize) {
        self.link.swallows.store(false, Ordering::SeqCst);
        self.link.left.store(count, Ordering::SeqCst);
    }

    /// Swallows everything, without a word, from the middle of the packet after the next `count`.
    pub fn swallow_after(&self, count: usize) {
        self.link.swallows.store(true, Ordering::SeqCst);
        self.link.left.store(count, Ordering::SeqCst);
    }

    /// Delays every so many packets by a millisecond.
    pub fn delay_every(&self, count: usize) {
        self.link.delay_every.store(count, Ordering::SeqCst);
    }

    /// Whether the cut has happened.
    pub fn has_cut(&self) -> bool {
        self.link.left.load(Ordering::SeqCst) == usize::MAX
    }

    /// Cuts everything now.
    pub fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Passes packets on until the connection ends or is to be cut.
fn pass(mut from: TcpStream, mut to: TcpStream, link: &Link, is_swallowed: &AtomicBool) {
    let mut count = 0;
    while let Some(packet) = packet(&mut from) {
        if is_swallowed.load(Ordering::SeqCst) {
            continue;
        }
        let passed = |left| match left {
            usize::MAX => None,
            0 => Some(usize::MAX),
            left => Some(left - 1),
        };
        let before = link
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, passed);
        let is_cut = before == Ok(0);
        let end = if is_cut {
            packet.len() / 2
        } else {
            packet.len()
        };
        if to.write_all(&packet[..end]).is_err() {
            break;
        }
        if is_cut {
            if !link.swallows.load(Ordering::SeqCst) {
                break;
            }
            is_swallowed.store(true, Ordering::SeqCst);
        }
        count += 1;
        let every = link.delay_every.load(Ordering::SeqCst);
        if every > 0 && count % every == 0 {
            std::thread::sleep(Duration::from_millis(1));
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
