//! Clients on a link in memory, with a broker that answers as it must.
//!
//! rust-mqtt and minimq speak MQTT 5, which has a byte for properties in every packet; rust-mqtt checks no UTF-8 and keeps no
//! copy of what is not acknowledged, so that the program must. The others do.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant as Clock;

use bearcub::clock::Instant;
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Filter, Options, QoS, Session};
use bearcub::trust::PlainText;
use embassy_futures::block_on;
use rust_mqtt::buffer::BumpBuffer;
use rust_mqtt::client::options::{
    ConnectOptions, PublicationOptions, SubscriptionOptions, TopicReference,
};
use rust_mqtt::types::{MqttString, TopicFilter, TopicName};

use crate::{BEARCUB, Bench, Candidate, PAYLOAD, TOPIC};

/// Both versions, so far as these packets differ.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    V3,
    V5,
}

/// A link whose other end is a broker in small: it acknowledges what it gets, and sends a message when it is told to.
struct Link {
    version: Version,
    /// What the client has not read yet.
    answers: VecDeque<u8>,
    /// What the broker has not understood yet.
    request: Vec<u8>,
    /// How many messages wait for the client; it gets the next one when nothing else is to be read.
    messages: usize,
}

impl Link {
    fn new(version: Version, messages: usize) -> Self {
        Link {
            version,
            answers: VecDeque::with_capacity(4096),
            request: Vec::with_capacity(4096),
            messages,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.request.extend_from_slice(bytes);
        // Every packet here has less than 128 bytes.
        while self.request.len() >= 2 && self.request.len() >= 2 + usize::from(self.request[1]) {
            let length = 2 + usize::from(self.request[1]);
            self.answer(length);
            self.request.drain(..length);
        }
    }

    fn answer(&mut self, length: usize) {
        let packet = &self.request[..length];
        let v5 = self.version == Version::V5;
        match packet[0] & 0xf0 {
            0x10 if v5 => self.answers.extend(*b"\x20\x03\0\0\0"),
            0x10 => self.answers.extend(*b"\x20\x02\0\0"),
            0x30 if packet[0] & 0x06 == 0x02 => {
                let at = 4 + usize::from(packet[3]);
                self.answers.extend([0x40, 2, packet[at], packet[at + 1]]);
            }
            0x80 if v5 => self.answers.extend([0x90, 4, packet[2], packet[3], 0, 0]),
            0x80 => self.answers.extend([0x90, 3, packet[2], packet[3], 0]),
            _ => {}
        }
    }

    fn give(&mut self, into: &mut [u8]) -> usize {
        if self.answers.is_empty() && self.messages > 0 {
            self.messages -= 1;
            let properties: &[u8] = match self.version {
                Version::V3 => &[],
                Version::V5 => &[0],
            };
            let length = 2 + TOPIC.len() + properties.len() + PAYLOAD.len();
            self.answers
                .extend([0x30, length as u8, 0, TOPIC.len() as u8]);
            self.answers.extend(TOPIC.as_bytes());
            self.answers.extend(properties);
            self.answers.extend(PAYLOAD);
        }
        let length = into.len().min(self.answers.len());
        for (place, byte) in into.iter_mut().zip(self.answers.drain(..length)) {
            *place = byte;
        }
        length
    }
}

impl embedded_io::ErrorType for Link {
    type Error = Infallible;
}

impl embedded_io::Read for Link {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.give(into))
    }
}

impl embedded_io::Write for Link {
    fn write(&mut self, data: &[u8]) -> Result<usize, Infallible> {
        self.take(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl embedded_io_async::Read for Link {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.give(into))
    }
}

impl embedded_io_async::Write for Link {
    async fn write(&mut self, data: &[u8]) -> Result<usize, Infallible> {
        self.take(data);
        Ok(data.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// 4 messages under way each way, 2 subscriptions.
type Ours = Session<'static, Ram<'static>, 4, 2>;
type OurClient<'c> = Client<'c, 'static, PlainText<Link>, fn() -> Instant, Ram<'static>, 4, 2>;
type RustMqtt =
    rust_mqtt::client::Client<'static, 'static, Link, BumpBuffer<'static>, 2, 4, 4, 0, 0, 0, 0>;

fn leak(bytes: usize) -> &'static mut [u8] {
    vec![0; bytes].leak()
}

fn now() -> Instant {
    static START: std::sync::OnceLock<Clock> = std::sync::OnceLock::new();
    Instant::from_millis(START.get_or_init(Clock::now).elapsed().as_millis() as u64)
}

fn ours(messages: usize) -> OurClient<'static> {
    let options = Box::leak(Box::new(Options::new("sensor-7").keep_alive(0)));
    let store = Ram::new(leak(1024));
    let session = Ours::new(options, leak(1024), leak(1024), store).expect("a session");
    let session = Box::leak(Box::new(session));
    let link = PlainText(Link::new(Version::V3, messages));
    let (mut client, _) = Client::connect(link, session, now as fn() -> Instant).expect("CONNACK");
    client
        .subscribe(&[Filter::new("plant/#", QoS::AtMostOnce)])
        .expect("room");
    let event = client.poll(now().after(1000));
    assert!(matches!(event, Ok(Some(Event::Subscribed { .. }))));
    client
}

fn rust_mqtt(messages: usize) -> RustMqtt {
    let buffer = Box::leak(Box::new(BumpBuffer::new(leak(1024))));
    let mut client = RustMqtt::new(buffer);
    let options = ConnectOptions::new().clean_start();
    let name = MqttString::try_from("sensor-7").expect("a string");
    let connected = client.connect(Link::new(Version::V5, messages), &options, Some(name));
    block_on(connected).expect("CONNACK");
    let filter = MqttString::try_from("plant/#").expect("a string");
    let filter = TopicFilter::new(filter).expect("a filter");
    block_on(client.subscribe(filter, &SubscriptionOptions::new())).expect("SUBSCRIBE");
    block_on(client.poll()).expect("SUBACK");
    client
}

fn minimq(messages: usize) -> minimq::Connection<'static, 'static, Link> {
    let buffers = minimq::Buffers::new(leak(1024), leak(1024));
    let config = minimq::ConfigBuilder::new(buffers).keepalive_interval(0);
    let session = minimq::Session::new(config.client_id("sensor-7").expect("short"));
    let session = Box::leak(Box::new(session));
    let link = Link::new(Version::V5, messages);
    let mut connection = block_on(session.connect(link)).expect("CONNACK");
    let filters = [minimq::TopicFilter::new("plant/#")];
    let subscribed = block_on(connection.subscribe(&filters, &[])).expect("SUBSCRIBE");
    while connection.is_pending(&subscribed) {
        block_on(connection.poll()).expect("SUBACK");
    }
    connection
}

/// All jobs of clients.
pub fn run(bench: &mut Bench) {
    bench.job("client-publish-qos0-64", publish(false));
    bench.job("client-publish-qos1-64", publish(true));
    bench.job("client-receive-qos0-64", receive());
}

/// To the end: with QoS 1 to the acknowledgement.
fn publish(acknowledged: bool) -> Vec<Candidate<'static>> {
    let (mut ours, mut rust_mqtt, mut minimq) = (ours(0), rust_mqtt(0), minimq(0));
    let work_ours = move || {
        let qos = if acknowledged {
            QoS::AtLeastOnce
        } else {
            QoS::AtMostOnce
        };
        ours.publish(black_box(TOPIC), &PAYLOAD, qos).expect("room");
        if acknowledged {
            let event = ours.poll(now().after(1000));
            assert!(matches!(event, Ok(Some(Event::Published(_)))), "{event:?}");
        }
    };
    let work_rust_mqtt = move || {
        let topic = MqttString::try_from(black_box(TOPIC)).expect("a string");
        let topic = TopicReference::Name(TopicName::new(topic).expect("a topic"));
        let mut options = PublicationOptions::new(topic);
        if acknowledged {
            options = options.at_least_once();
        }
        block_on(rust_mqtt.publish(&options, (&PAYLOAD[..]).into())).expect("PUBLISH");
        if acknowledged {
            black_box(block_on(rust_mqtt.poll()).expect("PUBACK"));
        }
        // SAFETY: nothing that was read is kept.
        unsafe { rust_mqtt.buffer_mut().reset() };
    };
    let work_minimq = move || {
        let qos = if acknowledged {
            minimq::QoS::AtLeastOnce
        } else {
            minimq::QoS::AtMostOnce
        };
        let message = minimq::Publication::bytes(black_box(TOPIC), &PAYLOAD).qos(qos);
        let published = block_on(minimq.publish(message)).expect("PUBLISH");
        while published.as_ref().is_some_and(|op| minimq.is_pending(op)) {
            block_on(minimq.poll()).expect("PUBACK");
        }
    };
    candidates(work_ours, work_rust_mqtt, work_minimq)
}

fn receive() -> Vec<Candidate<'static>> {
    let (mut ours, mut rust_mqtt, mut minimq) =
        (ours(usize::MAX), rust_mqtt(usize::MAX), minimq(usize::MAX));
    let work_ours = move || {
        let event = ours.poll(now().after(1000)).expect("a message");
        let Some(Event::Message(message)) = event else {
            panic!("{event:?}");
        };
        black_box((message.topic, message.payload));
    };
    let work_rust_mqtt = move || {
        black_box(block_on(rust_mqtt.poll()).expect("a message"));
        // SAFETY: nothing that was read is kept.
        unsafe { rust_mqtt.buffer_mut().reset() };
    };
    let work_minimq = move || {
        let message = block_on(minimq.recv()).expect("a message");
        black_box((message.topic(), message.payload()));
    };
    candidates(work_ours, work_rust_mqtt, work_minimq)
}

fn candidates(
    ours: impl FnMut() + 'static,
    rust_mqtt: impl FnMut() + 'static,
    minimq: impl FnMut() + 'static,
) -> Vec<Candidate<'static>> {
    let candidate = |peer, work| Candidate { peer, work };
    vec![
        candidate(BEARCUB, Box::new(ours) as Box<dyn FnMut()>),
        candidate("rust-mqtt", Box::new(rust_mqtt)),
        candidate("minimq", Box::new(minimq)),
    ]
}

/// The memory of a client with room for 4 messages under way and 1 KB buffers, without the transport.
pub fn memory() -> String {
    let link = size_of::<Link>();
    let rows = [
        (
            BEARCUB,
            size_of::<Ours>() + size_of::<OurClient<'_>>() - link,
            "1024 in, 1024 out, 1024 for what is not acknowledged",
            3 * 1024,
        ),
        (
            "rust-mqtt",
            size_of::<RustMqtt>() + size_of::<BumpBuffer<'_>>() - size_of::<Option<Link>>(),
            "1024 in; out it writes at once and keeps nothing, so that the program must",
            1024,
        ),
        (
            "minimq",
            size_of::<minimq::Session<'_>>() + size_of::<minimq::Connection<'_, '_, Link>>() - link,
            "1024 in, 2048 out, with what is not acknowledged",
            3 * 1024,
        ),
    ];
    let mut text =
        String::from("| client | objects B | buffers | together B |\n|---|---:|---|---:|\n");
    for (peer, objects, buffers, bytes) in rows {
        let together = objects + bytes;
        text.push_str(&format!(
            "| {peer} | {objects} | {buffers} | {together} |\n"
        ));
    }
    text
}
