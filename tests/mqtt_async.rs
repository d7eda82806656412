//! The async client: every future dropped at every await, and nothing lost, doubled or mixed up.
#![cfg(feature = "async")]

mod support;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bearcub::clock::Instant;
use bearcub::error::MqttMisuse;
use bearcub::mqtt::asynch::{Client, Timer};
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Filter, Options, QoS, Session};
use bearcub::trust::PlainText;
use embedded_io_async::{ErrorType, Read, Write};
use support::script::{ack, message};

/// A broker that answers at once, at the other end of a line that carries three bytes at a time and never without a wait.
#[derive(Default)]
struct Broker {
    heard: RefCell<Vec<u8>>,
    to_say: RefCell<VecDeque<u8>>,
    /// Packets that came, by their first byte, and payloads of messages.
    packets: RefCell<Vec<u8>>,
    payloads: RefCell<Vec<Vec<u8>>>,
}

impl Broker {
    fn hear(&self, bytes: &[u8]) {
        self.heard.borrow_mut().extend_from_slice(bytes);
        loop {
            let mut heard = self.heard.borrow_mut();
            let [first, length, ..] = heard[..] else {
                return;
            };
            let end = 2 + usize::from(length);
            if heard.len() < end {
                return;
            }
            let packet: Vec<u8> = heard.drain(..end).collect();
            drop(heard);
            self.packets.borrow_mut().push(first);
            let id = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
            let answer = match first {
                0x10 => vec![0x20, 2, 0, 0],
                0x82 => {
                    let [high, low] = id(2).to_be_bytes();
                    let mut answer = vec![0x90, 3, high, low, 2];
                    answer.extend(message(2, 77, false, b"command"));
                    answer
                }
                0x32 | 0x34 => {
                    self.payloads.borrow_mut().push(packet[7..].to_vec());
                    ack(if first == 0x32 { 0x40 } else { 0x50 }, id(5))
                }
                0x30 => {
                    self.payloads.borrow_mut().push(packet[5..].to_vec());
                    vec![]
                }
                0x50 => ack(0x62, id(2)),
                0x62 => ack(0x70, id(2)),
                0xa2 => ack(0xb0, id(2)),
                0xc0 => vec![0xd0, 0],
                _ => vec![],
            };
            self.to_say.borrow_mut().extend(answer);
        }
    }
}

/// Waits once, as a transport does.
async fn wait() {
    let mut waited = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut waited, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

struct Line<'b>(&'b Broker);

impl ErrorType for Line<'_> {
    type Error = Infallible;
}

impl Read for Line<'_> {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        loop {
            wait().await;
            let mut to_say = self.0.to_say.borrow_mut();
            let length = to_say.len().min(into.len()).min(3);
            if length > 0 {
                for (place, byte) in into.iter_mut().zip(to_say.drain(..length)) {
                    *place = byte;
                }
                return Ok(length);
            }
        }
    }
}

impl Write for Line<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        wait().await;
        let length = bytes.len().min(3);
        self.0.hear(&bytes[..length]);
        Ok(length)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        wait().await;
        Ok(())
    }
}

/// A clock that advances a little with every look at it.
struct Ticks<'c>(&'c Cell<u64>);

impl Timer for Ticks<'_> {
    fn now(&mut self) -> Instant {
        Instant::from_millis(self.0.get())
    }

    async fn wait_until(&mut self, at: Instant) {
        while Instant::from_millis(self.0.get()) < at {
            wait().await;
            self.0.set(self.0.get() + 1);
        }
    }
}

/// Polls a future so many times, and drops it if it is not done then.
fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

/// Everything a client does, with each future dropped after so many polls and begun again until it is done.
fn exchange(times: usize) -> (Vec<u8>, Vec<Vec<u8>>, Vec<String>) {
    let broker = Broker::default();
    let ticks = Cell::new(0);
    let options = Options::new("device").keep_alive(60);
    let (mut input, mut output, mut memory) = ([0; 32], [0; 32], [0; 128]);
    let store = Ram::new(&mut memory);
    let mut session: Session<'_, _, 4, 1> =
        Session::new(&options, &mut input, &mut output, store).unwrap();
    // Dropping this one drops the stream, so that it is let through.
    let connecting = Client::connect(PlainText(Line(&broker)), &mut session, Ticks(&ticks));
    let (mut client, _) = polled(connecting, 10_000).unwrap().unwrap();
    let mut told = Vec::new();

    let filters = [Filter::new("t", QoS::ExactlyOnce)];
    while client.session().subscriptions().is_empty() {
        polled(client.subscribe(&filters), times);
    }
    let messages: [(&[u8], QoS); 3] = [
        (b"zero", QoS::AtMostOnce),
        (b"one", QoS::AtLeastOnce),
        (b"two", QoS::ExactlyOnce),
    ];
    for (payload, qos) in messages {
        // One that is accepted is accepted before the first wait.
        let done = polled(client.publish("t", payload, qos), times);
        assert!(done.is_none_or(|done| done.is_ok()));
    }
    for _ in 0..10_000 {
        if let Some(event) = polled(client.poll(), times) {
            told.extend(event.unwrap().map(|event| match event {
                Event::Subscribed { .. } => "subscribed".to_owned(),
                Event::Message(message) => message.payload.escape_ascii().to_string(),
                other => format!("{other:?}"),
            }));
        } else if client.session().is_settled() && told.len() == 4 {
            break;
        }
    }
    assert!(client.session().is_settled(), "{times}: {told:?}");
    // A payload in pieces goes on where it was.
    let header = bearcub::mqtt::Publish::new("t", b"");
    while polled(client.begin(&header, 60, None), times).is_none() {}
    while client.session().to_supply() > 0 {
        let at = 60 - client.session().to_supply();
        polled(client.supply(&[b'p'; 60][at..]), times);
    }
    for _ in 0..200 {
        polled(client.poll(), times);
    }
    let done = polled(client.disconnect(), 10_000).unwrap();
    assert!(done.is_ok());
    assert!(broker.heard.borrow().is_empty());
    told.sort();
    // How often it pings is the clock's matter.
    broker.packets.borrow_mut().retain(|first| *first != 0xc0);
    (broker.packets.take(), broker.payloads.take(), told)
}

#[test]
fn futures_may_be_dropped_at_every_await() {
    let (mut packets, payloads, told) = exchange(10_000);
    assert_eq!(told.len(), 4);
    assert_eq!(payloads.len(), 4);
    packets.sort();
    // With fewer polls than two the line itself never moves.
    for times in 2..60 {
        let (mut other, other_payloads, other_told) = exchange(times);
        other.sort();
        assert_eq!(other, packets, "{times}");
        assert_eq!(other_payloads, payloads, "{times}");
        assert_eq!(other_told, told, "{times}");
    }
}

/// Connecting, acknowledging by hand, unsubscribing, settling and disconnecting, each dropped after so many polls and begun again;
/// the packets that the broker of the second connection hears.
fn rest(times: usize) -> Vec<u8> {
    let ticks = Cell::new(0);
    let options = Options::new("device").keep_alive(0).acknowledge_manually();
    let (mut input, mut output, mut memory) = ([0; 32], [0; 32], [0; 128]);
    let store = Ram::new(&mut memory);
    let mut session: Session<'_, _, 4, 1> =
        Session::new(&options, &mut input, &mut output, store).unwrap();
    let broker = Broker::default();
    let connecting = Client::connect(PlainText(Line(&broker)), &mut session, Ticks(&ticks));
    let _ = polled(connecting, times);

    let broker = Broker::default();
    let connecting = Client::connect(PlainText(Line(&broker)), &mut session, Ticks(&ticks));
    let (mut client, _) = polled(connecting, 10_000).unwrap().unwrap();
    let filters = [Filter::new("t", QoS::ExactlyOnce)];
    polled(client.subscribe(&filters), 10_000).unwrap().unwrap();
    let mut message = None;
    while message.is_none() {
        match polled(client.poll(), 10_000).unwrap().unwrap() {
            Some(Event::Message(found)) => message = found.acknowledge,
            Some(Event::Subscribed { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let done = polled(client.acknowledge(message.unwrap()), times);
    assert!(done.is_none_or(|done| done.is_ok()));
    let again = polled(client.acknowledge(message.unwrap()), times);
    let stale = Err(MqttMisuse::StaleAcknowledgement.into());
    assert_eq!(again, Some(stale), "it is acknowledged, and not twice");
    let is_settled = (0..10_000).find_map(|_| polled(client.settle(|_| {}), times));
    assert_eq!(is_settled, Some(Ok(true)), "{times}");
    let is_accepted = |done| match done {
        None => None,
        Some(Ok(_)) => Some(()),
        Some(Err(error)) => {
            assert_eq!(
                error,
                MqttMisuse::NotSubscribed.into(),
                "accepted, then dropped"
            );
            Some(())
        }
    };
    let accepted = (0..10_000).find_map(|_| is_accepted(polled(client.unsubscribe(&["t"]), times)));
    assert_eq!(accepted, Some(()), "{times}");
    let mut told = 0;
    let is_settled = (0..10_000).find_map(|_| {
        polled(
            client.settle(|event| told += usize::from(matches!(event, Event::Unsubscribed(_)))),
            times,
        )
    });
    assert_eq!((is_settled, told), (Some(Ok(true)), 1), "{times}");
    let _ = polled(client.disconnect(), times);
    // The session is as good as before, whatever became of that.
    let last = Broker::default();
    let connecting = Client::connect(PlainText(Line(&last)), &mut session, Ticks(&ticks));
    assert!(polled(connecting, 10_000).unwrap().is_ok());
    let mut packets = broker.packets.take();
    // The last PUBCOMP may come before or after UNSUBSCRIBE, and DISCONNECT or not.
    packets.retain(|first| *first != 0xe0);
    packets.sort();
    packets
}

#[test]
fn the_rest_of_a_client_s_methods_may_be_dropped_at_every_await() {
    // CONNECT, PUBREC, PUBCOMP, SUBSCRIBE, UNSUBSCRIBE: each of them once.
    for times in 2..40 {
        assert_eq!(rest(times), [0x10, 0x50, 0x70, 0x82, 0xa2], "{times}");
    }
}

#[test]
fn a_dead_line_ends_at_the_deadline_and_not_later() {
    use bearcub::error::{Error, NetworkError};
    use bearcub::mqtt::ClientError;

    /// Takes bytes or not, and never says anything.
    struct Dead {
        takes: bool,
    }
    impl ErrorType for Dead {
        type Error = Infallible;
    }
    impl Read for Dead {
        async fn read(&mut self, _: &mut [u8]) -> Result<usize, Infallible> {
            std::future::pending().await
        }
    }
    impl Write for Dead {
        async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            if !self.takes {
                std::future::pending::<()>().await;
            }
            Ok(bytes.len())
        }
        async fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }
    for (takes, expected) in [
        (true, NetworkError::NoConnAck),
        (false, NetworkError::Timeout),
    ] {
        let ticks = Cell::new(0);
        let options = Options::new("device").response_timeout(500);
        let (mut input, mut output, mut memory) = ([0; 32], [0; 32], [0; 32]);
        let store = Ram::new(&mut memory);
        let mut session: Session<'_, _, 1, 1> =
            Session::new(&options, &mut input, &mut output, store).unwrap();
        let dead = PlainText(Dead { takes });
        let connecting = Client::connect(dead, &mut session, Ticks(&ticks));
        let error = polled(connecting, 100_000).unwrap().err().unwrap();
        assert_eq!(error, ClientError::Mqtt(Error::Network(expected)));
        assert!((500..520).contains(&ticks.get()), "{}", ticks.get());
    }
}
