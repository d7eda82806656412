//! A broker that does as a test says, in virtual time; it reads what the session sends with a codec of another hand.

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::mqtt::{Event, Options};
use bearcub::trust::Verified;
use mqttrs as other;

use super::mqtt::{TestSession, Told, session};

/// What a session has sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Sent {
    /// Client identifier, and whether a clean session is asked for.
    Connect(String, bool),
    Publish {
        id: Option<u16>,
        duplicate: bool,
        payload: Vec<u8>,
    },
    PubAck(u16),
    PubRec(u16),
    PubRel(u16),
    PubComp(u16),
    Subscribe(u16, Vec<String>),
    Unsubscribe(u16, Vec<String>),
    PingReq,
    Disconnect,
}

pub fn published(id: u16, duplicate: bool, payload: &[u8]) -> Sent {
    Sent::Publish {
        id: (id > 0).then_some(id),
        duplicate,
        payload: payload.to_vec(),
    }
}

pub struct Script {
    pub session: TestSession,
    pub now: Instant,
    /// Bytes of packets that are not whole.
    sent: Vec<u8>,
    /// The largest portion that passes at a time in either direction.
    pub portion: usize,
}

impl Script {
    /// A session with buffers of that size, not connected.
    pub fn new(options: Options<'static>, buffer: usize) -> Self {
        Script {
            session: session(options, buffer),
            now: Instant::from_millis(1_000_000),
            sent: Vec::new(),
            portion: usize::MAX,
        }
    }

    /// One that is connected, with a new or a resumed session.
    pub fn connected(options: Options<'static>, buffer: usize) -> Self {
        let mut script = Script::new(options, buffer);
        script.connect(false);
        script
    }

    /// Connects, and takes all events that follow, without the first.
    pub fn connect(&mut self, session_present: bool) -> (String, Vec<Told>) {
        self.begin();
        self.run().unwrap();
        let sent = self.sent();
        assert!(matches!(sent[..], [Sent::Connect(..)]), "{sent:?}");
        let mut told = self.feed(&[0x20, 2, u8::from(session_present), 0]).unwrap();
        let Told::Other(connected) = told.remove(0) else {
            panic!("{told:?}");
        };
        (connected, told)
    }

    pub fn begin(&mut self) {
        let server = Verified::plain_text_to_whoever_answers();
        self.session.connect(server, self.now).unwrap();
    }

    /// The network is gone, and all that was on its way.
    pub fn cut(&mut self) {
        self.session.ended();
        self.sent.clear();
    }

    /// Works and sends until there is nothing to do.
    pub fn run(&mut self) -> Result<Vec<Told>, Error> {
        let mut told = Vec::new();
        loop {
            while let Some(event) = self.session.poll(self.now)? {
                told.push(own(event));
            }
            let output = self.session.output();
            if output.is_empty() {
                return Ok(told);
            }
            let length = output.len().min(self.portion);
            self.sent.extend_from_slice(&output[..length]);
            self.session.sent(length, self.now);
        }
    }

    /// Hands bytes from the broker to the session, as far as it takes them; what it does not take must be empty in the end.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<Told>, Error> {
        let mut told = self.run()?;
        while !bytes.is_empty() {
            let room = self.session.input();
            let length = room.len().min(bytes.len()).min(self.portion);
            assert!(length > 0, "the session takes nothing more");
            room[..length].copy_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
            self.session.received(length, self.now);
            told.extend(self.run()?);
        }
        Ok(told)
    }

    /// Lets time pass.
    pub fn pass(&mut self, milliseconds: u32) -> Result<Vec<Told>, Error> {
        self.now = self.now.after(milliseconds);
        self.run()
    }

    /// What the session has sent since this was asked last.
    pub fn sent(&mut self) -> Vec<Sent> {
        let mut packets = Vec::new();
        while let Some(length) = whole(&self.sent) {
            let packet: Vec<u8> = self.sent.drain(..length).collect();
            let packet = other::decode_slice(&packet).unwrap().unwrap();
            packets.push(match packet {
                other::Packet::Connect(connect) => {
                    Sent::Connect(connect.client_id.to_owned(), connect.clean_session)
                }
                other::Packet::Publish(publish) => Sent::Publish {
                    id: publish.qospid.pid().map(other::Pid::get),
                    duplicate: publish.dup,
                    payload: publish.payload.to_vec(),
                },
                other::Packet::Puback(id) => Sent::PubAck(id.get()),
                other::Packet::Pubrec(id) => Sent::PubRec(id.get()),
                other::Packet::Pubrel(id) => Sent::PubRel(id.get()),
                other::Packet::Pubcomp(id) => Sent::PubComp(id.get()),
                other::Packet::Subscribe(packet) => {
                    let filters = packet.topics.iter().map(|topic| topic.topic_path.clone());
                    Sent::Subscribe(packet.pid.get(), filters.collect())
                }
                other::Packet::Unsubscribe(packet) => {
                    Sent::Unsubscribe(packet.pid.get(), packet.topics.to_vec())
                }
                other::Packet::Pingreq => Sent::PingReq,
                other::Packet::Disconnect => Sent::Disconnect,
                other => panic!("a client never sends {other:?}"),
            });
        }
        packets
    }
}

/// An event with memory of its own; pieces keep their bytes.
fn own(event: Event<'_>) -> Told {
    event.into()
}

/// The length of the packet at the start, if it is whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    let (mut length, mut shift) = (0, 0);
    for (index, byte) in bytes.iter().enumerate().skip(1) {
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            let end = index + 1 + length;
            return (bytes.len() >= end).then_some(end);
        }
    }
    None
}

/// A message from the broker; of QoS 0 if the identifier is 0.
pub fn message(qos: u8, id: u16, duplicate: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x30 | qos << 1 | u8::from(duplicate) << 3];
    let mut length = 3 + payload.len() + if qos > 0 { 2 } else { 0 };
    while length > 0x7f {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(b"\x00\x01t");
    if qos > 0 {
        bytes.extend(id.to_be_bytes());
    }
    bytes.extend(payload);
    bytes
}

/// An acknowledgement: the first byte says which.
pub fn ack(first: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![first, 2, high, low]
}
