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

#[cfg(feature = "firmware-plain")]
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
