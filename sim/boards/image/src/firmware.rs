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

#[cfg(any(feature = "firmware-mqtt", feature = "firmware-mqtt-send"))]
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

#[cfg(all(
    feature = "firmware-plain",
    not(any(feature = "firmware-mqtt", feature = "firmware-mqtt-send"))
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
