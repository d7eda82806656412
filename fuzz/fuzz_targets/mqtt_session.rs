//! A running MQTT session by a script: a broker's packets, honest or not, bytes in between, time, a program that publishes,
//! subscribes and acknowledges, connections that are lost, a device that is restarted with what its flash kept.
//!
//! What holds: every byte that goes out belongs to a packet that another codec (`mqttrs`) reads, the first one CONNECT;
//! nothing is reported as published that was not acknowledged; a session that is asked long enough always comes to rest.
#![no_main]

use std::cell::RefCell;
use std::rc::Rc;

use bearcub::clock::Instant;
use bearcub::mqtt::store::{Flash, NoStore, Ram, Store};
use bearcub::mqtt::{Acknowledge, Event, Filter, Options, Overflow, Publish, QoS, Session};
use bearcub::trust::{Authenticated, PlainText};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use libfuzzer_sys::fuzz_target;
use mqttrs as other;

const FILTERS: [Filter<'static>; 4] = [
    Filter::new("a/b", QoS::AtMostOnce),
    Filter::new("a/+", QoS::AtLeastOnce),
    Filter::new("plant/#", QoS::ExactlyOnce),
    Filter::new("$x", QoS::ExactlyOnce),
];
const NAMES: [&str; 4] = ["a/b", "a/+", "plant/#", "$x"];
const PAYLOAD: [u8; 300] = [b'p'; 300];

type Slots<'b, S> = Session<'b, S, 4, 4>;

/// What the script is played to.
struct Stage<'s, 'b, S> {
    session: Slots<'b, S>,
    now: Instant,
    /// What went out over this connection and has not been read as packets.
    output: Vec<u8>,
    has_connected: bool,
    /// What the broker sent over all connections and in all lives.
    said: &'s mut Vec<u8>,
    /// Whether the store was empty at first, so that nothing is known but what was said.
    was_empty: bool,
    /// Identifiers that the client waits for an answer to, with the packet's first byte.
    asked: Vec<(u8, u16, usize)>,
    kept: Vec<Acknowledge>,
}

fuzz_target!(|data: &[u8]| {
    let [flags, sizes, script @ ..] = data else {
        return;
    };
    let mut options = Options::new("sensor-7").keep_alive([0, 1, 30, 600][usize::from(sizes & 3)]);
    if flags & 1 != 0 {
        options = options.persistent();
    }
    if flags & 2 != 0 {
        options = options.acknowledge_manually();
    }
    options = options.overflow(match flags >> 2 & 3 {
        0 | 1 => Overflow::Refuse,
        2 => Overflow::DropOldest,
        _ => Overflow::DropNewest,
    });
    if flags & 16 != 0 {
        options = options.credentials("bear", b"honey");
    }
    let will = Publish::new("plant/gone", b"1")
        .qos(QoS::AtLeastOnce)
        .retained();
    if flags & 32 != 0 {
        options = options.will(will);
    }
    let sizes = [16, 24, 64, 256usize];
    let (input, output) = (
        sizes[usize::from(data[1] >> 2 & 3)],
        sizes[usize::from(data[1] >> 4 & 3)],
    );
    let mut said = Vec::new();
    match flags >> 6 {
        0 => {
            let (mut input, mut output) = (vec![0; input], vec![0; output]);
            play(
                &options,
                &mut input,
                &mut output,
                NoStore,
                script,
                &mut said,
                true,
            );
        }
        1 | 2 => {
            let (mut input, mut output) = (vec![0; input], vec![0; output]);
            let mut memory = vec![0; 512];
            play(
                &options,
                &mut input,
                &mut output,
                Ram::new(&mut memory),
                script,
                &mut said,
                true,
            );
        }
        _ => {
            // The first bytes are what the flash was left with.
            let mut bytes = vec![0xff; 2048];
            let (content, script) = script.split_at(script.len().min(256));
            bytes[..content.len()].copy_from_slice(content);
            let was_empty = bytes.iter().all(|byte| *byte == 0xff);
            let chip = Chip(Rc::new(RefCell::new(bytes)));
            let mut rest = Some(script);
            while let Some(script) = rest {
                let (mut input, mut output) = (vec![0; input], vec![0; output]);
                let store = Flash::open(chip.clone()).expect("flash that works");
                rest = play(
                    &options,
                    &mut input,
                    &mut output,
                    store,
                    script,
                    &mut said,
                    was_empty,
                );
            }
        }
    }
});

/// Plays a script to its end, or to the next restart: what is left then.
fn play<'s, 'b, S: Store>(
    options: &'b Options<'b>,
    input: &'b mut [u8],
    output: &'b mut [u8],
    store: S,
    mut script: &'s [u8],
    said: &mut Vec<u8>,
    was_empty: bool,
) -> Option<&'s [u8]> {
    let session = Session::new(options, input, output, store).ok()?;
    let mut stage = Stage {
        session,
        now: Instant::from_millis(1000),
        output: Vec::new(),
        has_connected: false,
        said,
        was_empty,
        asked: Vec::new(),
        kept: Vec::new(),
    };
    stage.connect();
    let mut steps = 0;
    while let [what, length, rest @ ..] = script {
        let (bytes, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        script = behind;
        if what % 20 == 19 {
            return Some(script);
        }
        stage.act(what % 20, bytes);
        stage.settle();
        steps += 1;
        if steps > 200 {
            break;
        }
    }
    None
}

impl<S: Store> Stage<'_, '_, S> {
    fn connect(&mut self) {
        if self.session.is_offline() {
            let server = PlainText(())
                .verified()
                .expect("plain text is what was asked for");
            self.session
                .connect(server, self.now)
                .expect("it is offline");
            self.output.clear();
            self.has_connected = false;
            self.asked.clear();
        }
    }

    fn act(&mut self, what: u8, bytes: &[u8]) {
        let number = bytes.first().copied().unwrap_or(0);
        let id = u16::from(number & 15);
        let [high, low] = id.to_be_bytes();
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(number) % 3];
        match what {
            0 => self.say(bytes),
            1 => self.say(&[0x20, 2, number >> 7, number & 7]),
            2 => self.say(&[0x40, 2, high, low]),
            3 => self.say(&[0x50, 2, high, low]),
            4 => self.say(&[0x62, 2, high, low]),
            5 => self.say(&[0x70, 2, high, low]),
            6 => self.say(&[0xb0, 2, high, low]),
            7 => self.say(&[&[0x90, 3, high, low, number >> 4][..]].concat()),
            8 => {
                let payload = bytes.get(1..).unwrap_or(&[]);
                let mut packet = vec![0, 3, b'a', b'/', b'b'];
                if qos != QoS::AtMostOnce {
                    packet.extend([high, low]);
                }
                packet.extend(payload);
                let first = 0x30
                    | (qos as u8) << 1
                    | if number & 0x80 != 0 && qos != QoS::AtMostOnce {
                        8
                    } else {
                        0
                    };
                let length = packet.len();
                let header = [first, length as u8 & 0x7f | 0x80, (length >> 7) as u8];
                let header = if length < 0x80 {
                    vec![first, length as u8]
                } else {
                    header.to_vec()
                };
                self.say(&[header, packet].concat());
            }
            9 => self.now = self.now.after(u32::from(number) * 100),
            10 => self.now = self.now.after(u32::from(number) * 10_000),
            11 => {
                let payload = &PAYLOAD[..usize::from(bytes.get(1).copied().unwrap_or(3))];
                let message = Publish::new("plant/7", payload).qos(qos);
                if let Ok(publication) = self.session.publish(&message) {
                    assert!(
                        qos == QoS::AtMostOnce || publication.dropped != publication.id.is_some()
                    );
                }
            }
            12 => drop(self.session.subscribe(&FILTERS[..usize::from(number) % 5])),
            13 => drop(self.session.unsubscribe(&[NAMES[usize::from(number) % 4]])),
            14 => {
                let length = usize::from(number) * 3;
                let message = Publish::new("plant/long", b"").qos(qos);
                let _ = self.session.begin(&message, length, None);
            }
            15 => {
                let wanted = self.session.to_supply();
                let length = usize::from(number).min(wanted).min(PAYLOAD.len());
                if let Ok(taken) = self.session.supply(&PAYLOAD[..length]) {
                    assert_eq!(self.session.to_supply(), wanted - taken);
                }
                assert!(self.session.supply(&[0; 1000]).is_err() || wanted >= 1000);
            }
            16 => {
                if let Some(message) = self.kept.pop() {
                    let _ = self.session.acknowledge(message);
                }
            }
            17 => {
                if number & 1 == 0 {
                    self.session.ended();
                } else {
                    let _ = self.session.disconnect();
                }
                self.settle();
                self.connect();
            }
            _ => self.answer(),
        }
    }

    /// An honest broker's answers to everything that was asked.
    fn answer(&mut self) {
        for (first, id, filters) in std::mem::take(&mut self.asked) {
            let [high, low] = id.to_be_bytes();
            match first >> 4 {
                1 => self.say(&[0x20, 2, 0, 0]),
                3 if first & 6 == 2 => self.say(&[0x40, 2, high, low]),
                3 if first & 6 == 4 => self.say(&[0x50, 2, high, low]),
                5 => self.say(&[0x62, 2, high, low]),
                6 => self.say(&[0x70, 2, high, low]),
                8 => {
                    let granted = vec![1; filters];
                    let header = [0x90, 2 + filters as u8, high, low];
                    self.say(&[&header[..], &granted].concat());
                }
                10 => self.say(&[0xb0, 2, high, low]),
                12 => self.say(&[0xd0, 0]),
                _ => {}
            }
        }
    }

    fn say(&mut self, mut bytes: &[u8]) {
        self.said.extend(bytes);
        while !bytes.is_empty() {
            let room = self.session.input();
            let length = room.len().min(bytes.len());
            room[..length].copy_from_slice(&bytes[..length]);
            self.session.received(length, self.now);
            bytes = &bytes[length..];
            self.settle();
            if length == 0 && self.session.input().is_empty() {
                // Held back by the program, which has to acknowledge first, or by a payload that is being supplied.
                return;
            }
        }
    }

    /// Until nothing happens any more.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 10_000, "it does not come to rest");
            let now = self.now;
            let is_event = match self.session.poll(now) {
                Ok(Some(event)) => {
                    match event {
                        Event::Message(message) => {
                            assert_eq!(message.payload.len(), message.length);
                            self.kept.extend(message.acknowledge);
                        }
                        Event::Begin(message) => self.kept.extend(message.acknowledge),
                        Event::Piece { data, .. } => assert!(!data.is_empty()),
                        Event::Published(id) => {
                            let [high, low] = id.get().to_be_bytes();
                            let said = |first: u8| {
                                self.said
                                    .windows(4)
                                    .any(|bytes| bytes == [first, 2, high, low])
                            };
                            // PUBREC is enough where the broker then loses the session.
                            assert!(
                                !self.was_empty || said(0x40) || said(0x50) || said(0x70),
                                "nobody acknowledged this"
                            );
                        }
                        _ => {}
                    }
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    assert!(self.session.is_offline());
                    self.connect();
                    true
                }
            };
            self.kept.truncate(8);
            let output = self.session.output().to_vec();
            if !output.is_empty() {
                self.session.sent(output.len(), now);
                self.hear(&output);
            } else if !is_event {
                // What is due at once must be done soon: the rounds are counted.
                if self.session.poll_at().is_none_or(|at| at > now) {
                    break;
                }
            }
        }
        assert!(self.session.in_flight() <= 4 && self.session.subscriptions().len() <= 4);
    }

    /// Reads what went out as packets.
    fn hear(&mut self, bytes: &[u8]) {
        self.output.extend(bytes);
        while let Some((start, length)) = frame(&self.output) {
            let Some(packet) = self.output.get(..start + length) else {
                return;
            };
            let packet = packet.to_vec();
            self.output.drain(..start + length);
            let read = match other::decode_slice(&packet) {
                Ok(Some(read)) => read,
                wrong => panic!("{packet:02x?} went out: {wrong:?}"),
            };
            let is_connect = matches!(read, other::Packet::Connect(_));
            assert_eq!(
                is_connect, !self.has_connected,
                "CONNECT comes first, and once"
            );
            self.has_connected = true;
            let (id, filters) = match &read {
                other::Packet::Publish(message) => (message.qospid.pid(), 0),
                other::Packet::Pubrec(id) | other::Packet::Pubrel(id) => (Some(*id), 0),
                other::Packet::Subscribe(wanted) => (Some(wanted.pid), wanted.topics.len()),
                other::Packet::Unsubscribe(wanted) => (Some(wanted.pid), 0),
                _ => (None, 0),
            };
            self.asked
                .push((packet[0], id.map_or(0, other::Pid::get), filters));
        }
    }
}

/// Bytes of a fixed header, and of what follows it.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for (place, byte) in bytes.get(1..)?.iter().enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((place + 2, length));
        }
        assert!(place < 3, "a length that is too long went out");
    }
    None
}

/// Flash that keeps what it holds when the device restarts.
#[derive(Clone)]
struct Chip(Rc<RefCell<Vec<u8>>>);

#[derive(Debug)]
struct Never;

impl NorFlashError for Never {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl ErrorType for Chip {
    type Error = Never;
}

impl ReadNorFlash for Chip {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), Never> {
        into.copy_from_slice(&self.0.borrow()[offset as usize..][..into.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().len()
    }
}

impl NorFlash for Chip {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Never> {
        self.0.borrow_mut()[from as usize..to as usize].fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Never> {
        let memory = &mut self.0.borrow_mut()[offset as usize..][..bytes.len()];
        for (old, new) in memory.iter_mut().zip(bytes) {
            *old &= new;
        }
        Ok(())
    }
}
