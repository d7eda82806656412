//! A client certificate and its key from anything that can be read: a file here; serial flash or a secure element on a board.
//! They are read at the moment the handshake needs them, into the memory lent to it, and the key is wiped after that.
//!
//! ```console
//! $ cargo run --example key_from_read -- localhost:8883 sha256//k8f0…= device.der device-key.der
//! ```

mod support;

use std::fs::File;

use bearcub::identity::{EcKey, FromReader, Identity, SourceError};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use embedded_io_adapters::std::FromStd;
use support::Tcp;

/// Something to read from; `SourceError::Missing` if there is nothing.
fn open(path: &str) -> Result<FromStd<File>, SourceError> {
    let file = File::open(path).map_err(|_| SourceError::Missing)?;
    Ok(FromStd::new(file))
}

fn run([server, pin, certificate, key]: [&str; 4]) -> Result<(), Box<dyn std::error::Error>> {
    let files = FromReader::new(1, |_index| open(certificate), || open(key));
    let device = Identity::<EcKey>::stored(&files)?;
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(support::host(server), &trust).identity(&device);

    let mut storage: Storage<1024, 512> = Storage::new();
    // Room for the larger of the two besides.
    let mut scratch = [0; Scratch::FINGERPRINTS + 1024];
    // Reads everything once, so that a wrong file shows before there is a connection.
    println!("key and certificate: {:?}", device.check(&mut scratch)?);
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
    let asked = stream.connection().negotiated().certificate_requested;
    println!("connected; the server asked for a certificate: {asked}");
    stream.close()?;
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN CERTIFICATE.DER KEY.DER", run)
}
