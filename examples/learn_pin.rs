//! Learns who a broker is, once, and holds it to that from then on: the first connection only takes the pin, and no password
//! is sent before the second one has shown that the broker is the same.
//!
//! ```console
//! $ cargo run --example learn_pin -- localhost:8883 broker.pin plant password
//! ```

mod support;

use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::NoStore;
use bearcub::mqtt::{Options, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use support::{Tcp, uptime};

/// The pin in the file, or the one of whoever answers, which then is in the file.
fn pin_of(server: &str, file: &str) -> Result<Pin, Box<dyn std::error::Error>> {
    if let Ok(text) = std::fs::read_to_string(file) {
        return Ok(Pin::parse(text.trim())?);
    }
    let trust = Trust::learn();
    let config = Config::new(support::host(server), &trust);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
    let pin = stream.connection().learned().ok_or("nothing was learned")?;
    stream.close()?;
    std::fs::write(file, pin.to_string())?;
    println!("learned {pin}");
    Ok(pin)
}

fn run([server, file, name, password]: [&str; 4]) -> Result<(), Box<dyn std::error::Error>> {
    let pins = [pin_of(server, file)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(support::host(server), &trust);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;

    let options = Options::new("bearcub-example-learn").credentials(name, password.as_bytes());
    let (mut input, mut output) = ([0; 64], [0; 128]);
    let mut session: Session<_, 1, 0> = Session::new(&options, &mut input, &mut output, NoStore)?;
    let (mut mqtt, _) = Client::connect(stream, &mut session, uptime)?;
    mqtt.publish("bearcub/state", b"here", QoS::AtMostOnce)?;
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    println!("told the broker that we are here");
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN-FILE NAME PASSWORD", run)
}
