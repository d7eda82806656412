//! A TLS connection over `std::net`, as a program on a computer would make it.
//!
//! ```console
//! $ cargo run --example blocking -- localhost:8883 sha256//k8f0…=
//! $ cargo run --example blocking -- localhost:8883 ca.pem
//! ```

use std::io::{Error as IoError, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bearcub::clock::{Clock, Time};
use bearcub::tls::{self, Config, Scratch, Storage, Suite, Verify};
use bearcub::trust::{Pin, Trust, TrustAnchor};

/// `std`'s streams as `embedded-io` wants them.
struct Tcp(TcpStream);

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

fn connect(server: &str, trust: &dyn Verify) -> Result<(), Box<dyn std::error::Error>> {
    let tcp = TcpStream::connect(server)?;
    // The last messages of a handshake are small: without this, TCP waits between them.
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
    let name = server.rsplit_once(':').map_or(server, |(name, _)| name);
    let config = Config::new(name, trust);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS];
    let mut stream = tls::connect(
        Tcp(tcp),
        &mut storage,
        &mut scratch,
        &config,
        &mut getrandom::SysRng,
    )?;
    let agreed = stream.connection().negotiated();
    println!(
        "connected: {}, {agreed:?}",
        Suite::name_of(agreed.suite).unwrap_or("?")
    );
    embedded_io::Write::flush(&mut stream)?;
    stream.close()?;
    Ok(())
}

fn run(server: &str, trusted: &str) -> Result<(), Box<dyn std::error::Error>> {
    // What names no file must be a pin.
    if !Path::new(trusted).is_file() {
        let pin = Pin::parse(trusted)?;
        return connect(server, &Trust::fingerprints(&[pin]));
    }
    let mut der = vec![0; 8192];
    let anchor = TrustAnchor::from_certificate_pem(&std::fs::read(trusted)?, &mut der)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let clock = Time::from_unix(now).map_or(Clock::not_set(), Clock::at);
    connect(server, &Trust::anchors(&[anchor], clock))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, trusted] = &arguments[..] else {
        eprintln!("say a server and whom to trust: HOST:PORT, and a pin or a CA's PEM file");
        return ExitCode::from(2);
    };
    let Err(error) = run(server, trusted) else {
        return ExitCode::SUCCESS;
    };
    match error.downcast_ref::<bearcub::Error>() {
        Some(error) => {
            let why = error.explain();
            eprintln!(
                "error {}: {error}\n{}\n{}",
                error.code(),
                why.cause,
                why.remedy
            );
        }
        None => eprintln!("error: {error}"),
    }
    ExitCode::FAILURE
}
