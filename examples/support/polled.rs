//! A socket for embassy's executor on a computer. Nothing wakes a task there when bytes come, so it looks every millisecond.

use std::io::{Error as IoError, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use embassy_time::Timer;
use embedded_io_async::{ErrorType, Read, Write};

/// A TCP connection.
pub struct Tcp(TcpStream);

impl Tcp {
    /// Connects.
    pub fn connect(server: &str) -> Result<Self, IoError> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Tcp(stream))
    }
}

async fn ready<T>(mut once: impl FnMut() -> Result<T, IoError>) -> Result<T, IoError> {
    loop {
        match once() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Timer::after_millis(1).await,
            done => return done,
        }
    }
}

impl ErrorType for Tcp {
    type Error = IoError;
}

impl Read for Tcp {
    async fn read(&mut self, into: &mut [u8]) -> Result<usize, IoError> {
        ready(|| self.0.read(into)).await
    }
}

impl Write for Tcp {
    async fn write(&mut self, data: &[u8]) -> Result<usize, IoError> {
        ready(|| self.0.write(data)).await
    }

    async fn flush(&mut self) -> Result<(), IoError> {
        Ok(())
    }
}
