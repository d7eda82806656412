//! The two shells over transports that misbehave: nothing is lost, and nothing is sent before it is due.

mod support;

use bearcub::error::{Error, NetworkError, PeerError};
use bearcub::tls::{
    self, Config, Connection, FragmentLength, Handshake, Message, Scratch, Storage,
};
use bearcub::trust::Trust;
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{End, RustlsConfig, RustlsServer};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use support::replay::{ANSWER, Playback, QUESTION, Recorded, talk};
use support::{Device, Seeded, Tcp};

/// Passes every n-th call on, one byte at most; the others fail as a transport does whose time is up, or that a signal
/// interrupted.
struct Flaky<T> {
    inner: T,
    every: usize,
    calls: usize,
}

impl<T> Flaky<T> {
    fn turn(&mut self) -> Result<(), ErrorKind> {
        self.calls += 1;
        if self.calls.is_multiple_of(self.every) {
            Ok(())
        } else if self.calls.is_multiple_of(2) {
            Err(ErrorKind::Interrupted)
        } else {
            Err(ErrorKind::TimedOut)
        }
    }
}

impl<T> ErrorType for Flaky<T> {
    type Error = ErrorKind;
}
impl<T: Read> Read for Flaky<T> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.turn()?;
        self.inner
            .read(&mut into[..1])
            .map_err(|_| ErrorKind::Other)
    }
}
impl<T: Write> Write for Flaky<T> {
    fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
        self.turn()?;
        self.inner.write(&data[..1]).map_err(|_| ErrorKind::Other)
    }
    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.inner.flush().map_err(|_| ErrorKind::Other)
    }
}

/// Repeats what a transport's error interrupted.
fn insist<T>(mut run: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    loop {
        match run() {
            Err(Error::Network(
                NetworkError::Timeout | NetworkError::Transport(ErrorKind::Interrupted),
            )) => {}
            other => return other,
        }
    }
}

fn recording() -> (Recorded, Config<'static>) {
    static TRUST: bearcub::trust::Learn = Trust::learn();
    let chain = Recorded::rsa_chain();
    let config = Config::new("localhost", &TRUST);
    (Recorded::new(chain, &config), config)
}

#[test]
fn a_transport_that_fails_between_single_bytes_loses_nothing() {
    let (recorded, config) = recording();
    for every in [1, 2, 3] {
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let inner = Playback::new(&recorded.server, &[usize::MAX]);
        // The handshake has no patience with a transport's errors; the program drives it itself if it wants to insist.
        let mut flaky = Flaky {
            inner,
            every: 1,
            calls: 0,
        };
        let mut rng = Seeded(recorded.seed);
        let mut stream =
            tls::connect(&mut flaky, &mut *storage, &mut scratch, &config, &mut rng).unwrap();
        stream.transport().every = every;
        let mut rest = QUESTION;
        while !rest.is_empty() {
            let len = insist(|| stream.write(rest)).unwrap();
            rest = &rest[len..];
        }
        insist(|| stream.flush()).unwrap();
        let mut got: Vec<u8> = Vec::new();
        while got.len() < ANSWER.len() {
            let mut some = [0; 3];
            let len = insist(|| stream.read(&mut some)).unwrap();
            assert!(len > 0);
            got.extend(&some[..len]);
        }
        assert_eq!(got, ANSWER);
        stream.transport().every = 1;
        stream.close().unwrap();
        assert_eq!(flaky.inner.client, recorded.client);
    }
}

#[test]
fn a_handshake_driven_by_hand_survives_would_block_at_every_turn() {
    let (recorded, config) = recording();
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let mut playback = Playback::new(&recorded.server, &[1]);
    playback.write_limit = 1;
    let mut handshake = Handshake::begin(
        &mut *storage,
        &mut scratch,
        &config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    let mut turn = 0;
    while !handshake.is_complete() {
        turn += 1;
        let mut wire = handshake.wire();
        if turn % 2 == 0 {
            // Would block: nothing was sent or received.
            wire.received(0).unwrap();
            wire.sent(0).unwrap();
        } else if !wire.output().is_empty() {
            let len = playback.write(wire.output()).unwrap();
            wire.sent(len).unwrap();
        } else if wire.has_work() {
            wire.step().unwrap();
        } else {
            let len = playback.read(wire.input()).unwrap();
            wire.received(len).unwrap();
        }
        assert!(turn < 100_000, "the handshake does not end");
    }
    assert_eq!(handshake.next(), Message::Done);
    let connection: Connection<'_> = handshake.finish().unwrap();
    assert!(!connection.is_closed());
}

#[test]
fn more_than_was_offered_is_refused() {
    let (recorded, config) = recording();
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let mut handshake = Handshake::begin(
        &mut *storage,
        &mut scratch,
        &config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    let mut wire = handshake.wire();
    let (output, input) = (wire.output().len(), wire.input().len());
    assert!(wire.sent(output + 1).is_err());
    assert!(wire.received(input + 1).is_err());
    assert!(handshake.finish().is_err());
}

#[test]
fn empty_reads_and_writes_do_nothing() {
    let (recorded, config) = recording();
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let playback = Playback::new(&recorded.server, &[usize::MAX]);
    let mut stream = tls::connect(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    let before = stream.transport().client.len();
    assert_eq!(stream.read(&mut []), Ok(0));
    assert_eq!(stream.write(&[]), Ok(0));
    stream.flush().unwrap();
    assert_eq!(stream.transport().client.len(), before);
    talk(&mut stream).unwrap();
}

#[test]
fn a_write_is_sent_when_it_is_flushed_or_fills_a_record() {
    let (recorded, config) = recording();
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let playback = Playback::new(&recorded.server, &[usize::MAX]);
    let mut stream = tls::connect(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    let start = stream.transport().client.len();
    stream.write_all(&[1; 511]).unwrap();
    assert_eq!(stream.transport().client.len(), start);
    stream.write_all(&[1; 2]).unwrap();
    assert_eq!(stream.transport().client.len(), start + 512 + 29);
    stream.flush().unwrap();
    assert_eq!(stream.transport().client.len(), start + 512 + 29 + 1 + 29);
}

#[test]
fn much_data_passes_both_ways_through_small_records() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).max_fragment(500)).unwrap();
    let trust = Trust::learn();
    let mut device: Device<512, 512> = Device::new();
    let config = Config::new("localhost", &trust).fragment_length(Some(FragmentLength::B512));
    let mut stream = device.connect(server.addr(), &config).unwrap();
    let data: Vec<u8> = (0..100_000u32).map(|index| (index * 7 / 3) as u8).collect();
    for block in data.chunks(4000) {
        stream.write_all(block).unwrap();
        stream.flush().unwrap();
        let mut got = vec![0; block.len()];
        stream.read_exact(&mut got).unwrap();
        assert_eq!(got, block);
    }
    stream.close().unwrap();
    let connection = server.connections(1).remove(0);
    assert_eq!(connection.end, End::ClientClosed);
}

#[test]
fn a_connection_can_move_to_another_thread() {
    fn sendable<T: Send>(_: &T) {}
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain)).unwrap();
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let stream: tls::blocking::Stream<'_, Tcp> = device
        .connect(server.addr(), &Config::new("localhost", &trust))
        .unwrap();
    sendable(&stream);
    sendable(&Storage::<512, 512>::new());
}

/// Plays a server back, and is cut at the first write after its last byte was there to be read.
struct Cut<'a> {
    inner: Playback<'a>,
    writes: usize,
}

impl ErrorType for Cut<'_> {
    type Error = ErrorKind;
}
impl Read for Cut<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        self.inner.read(into).map_err(|_| ErrorKind::Other)
    }
}
impl Write for Cut<'_> {
    fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
        if self.writes == 0 {
            return Err(ErrorKind::BrokenPipe);
        }
        self.writes -= 1;
        Ok(data.len())
    }
    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

#[test]
fn an_alert_that_came_before_the_cut_is_the_error() {
    let (recorded, config) = recording();
    let flight = recorded
        .server
        .windows(4)
        .position(|bytes| bytes == [14, 0, 0, 0])
        .unwrap()
        + 4;
    for (alert, expected) in [
        (
            &[21, 3, 3, 0, 2, 2, 40][..],
            Error::Peer(PeerError::AlertReceived(40)),
        ),
        (
            &[],
            Error::Network(NetworkError::Transport(ErrorKind::BrokenPipe)),
        ),
    ] {
        let server = [&recorded.server[..flight], alert].concat();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let mut rng = Seeded(recorded.seed);
        let inner = Playback::new(&server, &[usize::MAX]);
        let cut = Cut { inner, writes: 1 };
        let result = tls::connect(cut, &mut *storage, &mut scratch, &config, &mut rng);
        assert_eq!(result.err(), Some(expected));
    }
}

#[cfg(feature = "async")]
mod asynchronous {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Context as TaskContext, Poll, Wake, Waker};

    use bearcub::tls::Parts;

    use super::*;

    /// A waker that does nothing: the tests poll by themselves.
    struct Idle;
    impl Wake for Idle {
        fn wake(self: Arc<Self>) {}
    }

    /// Polls until the future is ready; a future that never is fails the test.
    fn block_on<F: Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Idle));
        let mut future = pin!(future);
        for _ in 0..1_000_000 {
            if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(&waker))
            {
                return output;
            }
        }
        panic!("the future does not end");
    }

    /// An async transport that is never ready at first, and passes one byte at a time.
    struct Lazy<T> {
        inner: T,
        polls: usize,
    }

    /// Pending the first time.
    async fn once_pending() {
        let mut polled = false;
        std::future::poll_fn(|task| {
            if std::mem::replace(&mut polled, true) {
                Poll::Ready(())
            } else {
                task.waker().wake_by_ref();
                Poll::Pending
            }
        })
        .await;
    }

    impl<T> embedded_io_async::ErrorType for Lazy<T> {
        type Error = ErrorKind;
    }
    impl<T: Read> embedded_io_async::Read for Lazy<T> {
        async fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
            self.polls += 1;
            once_pending().await;
            self.inner
                .read(&mut into[..1])
                .map_err(|_| ErrorKind::Other)
        }
    }
    impl<T: Write> embedded_io_async::Write for Lazy<T> {
        async fn write(&mut self, data: &[u8]) -> Result<usize, ErrorKind> {
            self.polls += 1;
            once_pending().await;
            self.inner.write(&data[..1]).map_err(|_| ErrorKind::Other)
        }
        async fn flush(&mut self) -> Result<(), ErrorKind> {
            once_pending().await;
            Ok(())
        }
    }

    #[test]
    fn the_async_shell_makes_the_same_connection() {
        use embedded_io_async::{Read as _, Write as _};
        let (recorded, config) = recording();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let lazy = Lazy {
            inner: Playback::new(&recorded.server, &[usize::MAX]),
            polls: 0,
        };
        let client = block_on(async {
            let mut rng = Seeded(recorded.seed);
            let mut rests = 0;
            let rest = async || {
                rests += 1;
                once_pending().await;
            };
            let (storage, scratch) = (&mut *storage, &mut scratch);
            let connecting =
                tls::asynch::connect_in_steps(lazy, storage, scratch, &config, &mut rng, rest);
            let mut stream = connecting.await.unwrap();
            // A byte at a time is a step at a time.
            assert!(rests > recorded.client.len() / 2, "{rests}");
            stream.write_all(QUESTION).await.unwrap();
            stream.flush().await.unwrap();
            let mut got = [0; ANSWER.len()];
            stream.read_exact(&mut got).await.unwrap();
            assert_eq!(got, ANSWER);
            stream.close().await.unwrap().inner.client
        });
        assert_eq!(client, recorded.client);
    }

    /// Polls a future a given number of times and then drops it.
    fn poll_and_drop<F: Future>(future: F, times: usize) -> Option<F::Output> {
        let waker = Waker::from(Arc::new(Idle));
        let mut future = pin!(future);
        for _ in 0..times {
            if let Poll::Ready(output) = future.as_mut().poll(&mut TaskContext::from_waker(&waker))
            {
                return Some(output);
            }
        }
        None
    }

    #[test]
    fn futures_dropped_at_every_await_lose_nothing() {
        use embedded_io_async::{Read as _, Write as _};
        let (recorded, config) = recording();
        for patience in 1..6 {
            let mut storage = Box::new(Storage::<1024, 512>::new());
            let mut scratch = [0; Scratch::FINGERPRINTS];
            let lazy = Lazy {
                inner: Playback::new(&recorded.server, &[usize::MAX]),
                polls: 0,
            };
            let mut rng = Seeded(recorded.seed);
            let mut stream = block_on(tls::asynch::connect(
                lazy,
                &mut *storage,
                &mut scratch,
                &config,
                &mut rng,
            ))
            .unwrap();
            // Each call gets a few polls, then it is dropped and made again. A transport that needs two polls for a byte
            // makes no progress with one; the last calls are patient.
            let mut rest = QUESTION;
            while !rest.is_empty() {
                if let Some(len) = poll_and_drop(stream.write(rest), patience) {
                    rest = &rest[len.unwrap()..];
                }
            }
            for _ in 0..20 {
                if poll_and_drop(stream.flush(), patience).is_some() {
                    break;
                }
            }
            block_on(stream.flush()).unwrap();
            let mut got: Vec<u8> = Vec::new();
            let mut attempts = 0;
            while got.len() < ANSWER.len() {
                attempts += 1;
                let mut some = [0; 4];
                let len = match poll_and_drop(stream.read(&mut some), patience) {
                    Some(len) => len.unwrap(),
                    None if attempts > 50 => block_on(stream.read(&mut some)).unwrap(),
                    None => continue,
                };
                got.extend(&some[..len]);
            }
            assert_eq!(got, ANSWER, "patience {patience}");
            let client = block_on(stream.close()).unwrap().inner.client;
            assert_eq!(client, recorded.client, "patience {patience}");
        }
    }

    #[test]
    fn a_dropped_connect_leaves_memory_that_can_be_used_at_once() {
        let (recorded, config) = recording();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        for times in [1, 50, 500, 2000] {
            let lazy = Lazy {
                inner: Playback::new(&recorded.server, &[usize::MAX]),
                polls: 0,
            };
            let mut rng = Seeded(recorded.seed);
            let connecting =
                tls::asynch::connect(lazy, &mut *storage, &mut scratch, &config, &mut rng);
            assert!(
                poll_and_drop(connecting, times).is_none(),
                "{times} polls are enough"
            );
            assert!(
                scratch.iter().all(|&byte| byte == 0),
                "the scratch was not wiped"
            );
        }
        let playback = Playback::new(&recorded.server, &[usize::MAX]);
        let parts: Parts<'_> = (&mut *storage).into();
        support::replay::play(playback, parts, &mut scratch, &config, recorded.seed).unwrap();
    }

    #[test]
    fn the_async_shell_sends_everything_that_was_written_before_it_closes() {
        use embedded_io_async::Write as _;
        let (_, config) = recording();
        let config = config.fragment_length(None);
        let recorded = Recorded::new(Recorded::rsa_chain(), &config);
        let mut storage = Box::new(Storage::<1024, 4096>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let lazy = Lazy {
            inner: Playback::new(&recorded.server, &[usize::MAX]),
            polls: 0,
        };
        let sent = block_on(async {
            let mut rng = Seeded(recorded.seed);
            let mut stream =
                tls::asynch::connect(lazy, &mut *storage, &mut scratch, &config, &mut rng)
                    .await
                    .unwrap();
            let before = stream.transport().inner.client.len();
            stream.write_all(&[7; 4000]).await.unwrap();
            stream.close().await.unwrap().inner.client.len() - before
        });
        assert_eq!(sent, 4000 + 29 + 2 + 29);
    }
}
