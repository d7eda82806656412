//! What a device's program does with a connection, as little of it as makes sense.

use embedded_io::{ErrorKind, ErrorType, Read, Write};

/// A modem at a register.
struct Modem;

impl ErrorType for Modem {
    type Error = ErrorKind;
}

impl Read for Modem {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        for byte in &mut *into {
            *byte = core::hint::black_box(0);
        }
        Ok(into.len())
    }
}

impl Write for Modem {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        for byte in bytes {
            core::hint::black_box(byte);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn talk<T: Read + Write>(stream: &mut T) -> Result<u8, T::Error> {
    stream.write(b"21.5")?;
    stream.flush()?;
    let mut answer = [0; 64];
    stream.read(&mut answer)?;
    Ok(answer[0])
}

#[cfg(any(
    feature = "firmware-mqtt",
    feature = "firmware-mqtt-send",
    feature = "firmware-mqtt-every"
))]
pub fn run() -> ! {
    let done = mqtt();
    crate::board::rest(done.is_ok())
}

#[cfg(feature = "firmware-mqtt-send")]
fn mqtt() -> Result<(), bearcub::mqtt::ClientError<ErrorKind>> {
    use bearcub::clock::Instant;
    use bearcub::mqtt::store::NoStore;
    use bearcub::mqtt::{Options, QoS, Session, blocking::Client};
    use bearcub::trust::PlainText;

    let clock = || Instant::from_millis(core::hint::black_box(0));
    let options = Options::new("sensor-7").credentials("plant", b"a password");
    let (mut input, mut output) = ([0; 64], [0; 128]);
    let mut session: Session<'_, _, 0, 0> =
        Session::new(&options, &mut input, &mut output, NoStore)?;
    let (mut client, _) = Client::connect(PlainText(Modem), &mut session, clock)?;
    client.publish("plant/7/temp", b"21.5", QoS::AtMostOnce)?;
    client.disconnect()?;
    Ok(())
}

#[cfg(feature = "firmware-mqtt")]
fn mqtt() -> Result<(), bearcub::mqtt::ClientError<ErrorKind>> {
    use bearcub::clock::Instant;
    use bearcub::mqtt::store::Ram;
    use bearcub::mqtt::{Event, Filter, Options, QoS, Session, blocking::Client};
    use bearcub::trust::PlainText;
    use bearcub_replay::Place;

    static MEMORY: Place<[[u8; 128]; 4]> = Place::new([[0; 128]; 4]);
    const EVERY_QOS: &[QoS] = &[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

    // SAFETY: this runs once.
    let [input, output, memory @ ..] = unsafe { MEMORY.take() };
    let clock = || Instant::from_millis(core::hint::black_box(0));
    let options = Options::new("sensor-7")
        .credentials("plant", b"a password")
        .persistent();
    let store = Ram::new(memory.as_flattened_mut());
    let mut session: Session<'_, _, 4, 2> = Session::new(&options, input, output, store)?;
    let (mut client, _) = Client::connect(PlainText(Modem), &mut session, clock)?;
    client.subscribe(&[Filter::new("plant/7/cmd", QoS::ExactlyOnce)])?;
    for &qos in EVERY_QOS {
        client.publish("plant/7/temp", b"21.5", qos)?;
    }
    while let Some(event) = client.poll(clock().after(1000))? {
        if let Event::Message(message) = event {
            core::hint::black_box((message.topic, message.payload));
        }
    }
    client.disconnect()?;
    Ok(())
}

/// A chip of flash: its driver, which is the program's, is as small as can be.
#[cfg(feature = "firmware-mqtt-every")]
struct Chip(&'static mut [u8]);

#[cfg(feature = "firmware-mqtt-every")]
mod chip {
    use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

    use super::Chip;

    impl Chip {
        fn bytes(&mut self, at: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
            let bytes = self.0.get_mut(at as usize..);
            let bytes = bytes.and_then(|bytes| bytes.get_mut(..length));
            bytes.ok_or(NorFlashErrorKind::OutOfBounds)
        }
    }

    impl ErrorType for Chip {
        type Error = NorFlashErrorKind;
    }

    impl ReadNorFlash for Chip {
        const READ_SIZE: usize = 1;

        fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), NorFlashErrorKind> {
            self.bytes(at, into.len())
                .map(|bytes| into.copy_from_slice(bytes))
        }

        fn capacity(&self) -> usize {
            self.0.len()
        }
    }

    impl NorFlash for Chip {
        const WRITE_SIZE: usize = 4;
        const ERASE_SIZE: usize = 4096;

        fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
            let length = to.saturating_sub(from) as usize;
            self.bytes(from, length).map(|bytes| bytes.fill(0xff))
        }

        fn write(&mut self, at: u32, from: &[u8]) -> Result<(), NorFlashErrorKind> {
            self.bytes(at, from.len())
                .map(|bytes| bytes.copy_from_slice(from))
        }
    }
}

#[cfg(feature = "firmware-mqtt-every")]
fn mqtt() -> Result<(), bearcub::mqtt::ClientError<ErrorKind>> {
    use core::hint::black_box;
    use core::time::Duration;

    use bearcub::Error;
    use bearcub::clock::Instant;
    use bearcub::mqtt::packet::topic;
    use bearcub::mqtt::store::Flash;
    use bearcub::mqtt::{
        Backoff, Broker, ClientError, Event, Filter, Options, Overflow, Publish, QoS, Resumption,
        Session, blocking::Client,
    };
    use bearcub::trust::PlainText;
    use bearcub_replay::Place;

    static MEMORY: Place<[[u8; 128]; 2]> = Place::new([[0; 128]; 2]);
    static FLASH: Place<[u8; 8192]> = Place::new([0; 8192]);

    // SAFETY: this runs once.
    let [input, output] = unsafe { MEMORY.take() };
    // SAFETY: this runs once.
    let store = Flash::open(Chip(unsafe { FLASH.take() })).map_err(Error::from)?;
    let clock = || Instant::from_millis(black_box(0));
    let state = Publish::new("plant/7/state", b"gone").qos(QoS::AtLeastOnce);
    let options = Options::new("sensor-7")
        .credentials("plant", b"a password")
        .will(state.retained())
        .persistent()
        .acknowledge_manually()
        .overflow(Overflow::DropOldest)
        .broker(Broker::AWS_IOT);
    let mut session: Session<'_, _, 4, 2> = Session::new(&options, input, output, store)?;
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
    loop {
        let mut talk = || {
            let (mut client, resumption) = Client::connect(PlainText(Modem), &mut session, clock)?;
            if resumption != Resumption::Resumed {
                client.subscribe(&[Filter::new("plant/+/cmd", QoS::AtLeastOnce)])?;
            }
            let measured = Publish::new("plant/7/temp", b"21.5").qos(QoS::AtLeastOnce);
            black_box(client.publish_message(&measured)?.displaced.len());
            let picture = Publish::new("plant/7/picture", &[]).qos(black_box(QoS::AtLeastOnce));
            let mut again = None;
            loop {
                client.begin(&picture, 1000, again)?;
                for _ in 0..10 {
                    client.supply(&[0; 100])?;
                }
                again = None;
                while let Some(event) = client.poll(clock().after(1000))? {
                    let acknowledge = match event {
                        Event::Message(message) if topic::matches("plant/7/#", message.topic) => {
                            black_box(message.payload);
                            message.acknowledge
                        }
                        Event::Begin(message) => message.acknowledge,
                        Event::SupplyAgain(id) => {
                            again = Some(id);
                            None
                        }
                        other => {
                            black_box(other);
                            None
                        }
                    };
                    if let Some(acknowledge) = acknowledge {
                        client.acknowledge(acknowledge)?;
                    }
                }
                if again.is_none() {
                    break;
                }
            }
            client.unsubscribe(&["plant/+/cmd"])?;
            client.settle(clock().after(1000), |event| {
                black_box(event);
            })?;
            client.disconnect()?;
            Ok::<_, ClientError<ErrorKind>>(())
        };
        match talk() {
            Ok(()) => return Ok(()),
            Err(error) => {
                let retry = backoff.failed(&error.into_error(), clock(), black_box(0));
                black_box(retry);
            }
        }
    }
}

#[cfg(all(
    feature = "firmware-plain",
    not(any(
        feature = "firmware-mqtt",
        feature = "firmware-mqtt-send",
        feature = "firmware-mqtt-every"
    ))
))]
pub fn run() -> ! {
    let answer = talk(&mut Modem);
    crate::board::rest(answer.is_ok())
}

#[cfg(feature = "firmware")]
pub fn run() -> ! {
    use crate::plan;
    use bearcub::entropy::Register;
    use bearcub_replay::Place;

    static SCRATCH: Place<[u8; plan::SCRATCH]> = Place::new([0; plan::SCRATCH]);

    // SAFETY: this runs once.
    let scratch = unsafe { SCRATCH.take() };
    let mut rng = Register::new(|| core::hint::black_box(0));
    let done = plan::with_config(|config| {
        let mut stream = bearcub::tls::connect(Modem, plan::parts(), scratch, config, &mut rng)?;
        talk(&mut stream)?;
        plan::afterwards(stream.connection());
        stream.close()?;
        Ok::<(), bearcub::Error>(())
    });
    crate::board::rest(matches!(done, Ok(Ok(()))))
}
