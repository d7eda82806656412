//! What a computer has in place of a board: TCP, a clock that runs forward, the time of day.
#![allow(dead_code, reason = "each example uses its own part")]

#[cfg(feature = "async")]
pub mod polled;

use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bearcub::clock::{Clock, Instant, Time};
use bearcub::mqtt::ClientError;

/// `std`'s streams as `embedded-io` wants them.
pub struct Tcp(TcpStream);

impl Tcp {
    /// Connects; a read ends after half a second in which nothing comes, so that the session can look at its deadlines.
    pub fn connect(server: &str) -> Result<Self, IoError> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Tcp(stream))
    }
}

impl embedded_io::ErrorType for Tcp {
    type Error = IoError;
}
impl embedded_io::Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, IoError> {
        // A read that timed out is `WouldBlock` on Unix.
        self.0.read(into).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
            _ => error,
        })
    }
}
impl embedded_io::Write for Tcp {
    fn write(&mut self, data: &[u8]) -> Result<usize, IoError> {
        self.0.write(data)
    }
    fn flush(&mut self) -> Result<(), IoError> {
        self.0.flush()
    }
}

/// Milliseconds since the start, as a board's timer counts them.
pub fn uptime() -> Instant {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    Instant::from_millis(start.elapsed().as_millis() as u64)
}

/// The time of day; a board gets it by SNTP.
pub fn now() -> Clock {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs() as i64);
    Time::from_unix(seconds).map_or(Clock::not_set(), Clock::at)
}

/// The host of `HOST:PORT`.
pub fn host(server: &str) -> &str {
    server.rsplit_once(':').map_or(server, |(host, _)| host)
}

/// Runs an example with its arguments, and puts an error into words.
pub fn main<const N: usize>(
    usage: &str,
    run: impl FnOnce([&str; N]) -> Result<(), Box<dyn std::error::Error>>,
) -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let Ok(arguments) = given.try_into() else {
        eprintln!("arguments: {usage}");
        return ExitCode::from(2);
    };
    let Err(error) = run(arguments) else {
        return ExitCode::SUCCESS;
    };
    tell(&*error);
    ExitCode::FAILURE
}

/// Prints an error, its number, its cause and its remedy.
pub fn tell(error: &(dyn std::error::Error + 'static)) {
    eprintln!("error: {error}");
    let library: Option<bearcub::Error> = error.downcast_ref().copied();
    let client = error.downcast_ref::<ClientError<bearcub::Error>>();
    if let Some(error) = library.or(client.map(|error| (*error).into())) {
        let why = error.explain();
        eprintln!("({}) {} {}", error.code(), why.cause, why.remedy);
    }
}
