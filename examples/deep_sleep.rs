//! A battery sensor between two sleeps: wakes, connects with the TLS session of the last time (a tenth of the work), takes the
//! commands that came in the meantime, publishes one reading, stores the TLS session, and sleeps. Run it again and again.
//!
//! ```console
//! $ cargo run --example deep_sleep -- localhost:8883 sha256//k8f0…= rtc-memory
//! ```

mod support;

use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Filter, Options, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use support::{Tcp, uptime};

fn run([server, pin, memory]: [&str; 3]) -> Result<(), Box<dyn std::error::Error>> {
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    // On a board: the memory of the real-time clock, which is kept in deep sleep.
    let stored = std::fs::read(memory).unwrap_or_default();
    let before = tls::Session::from_bytes(&stored).ok();
    let config = Config::new(support::host(server), &trust).resume(before.as_ref());

    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
    println!(
        "TLS session resumed: {}",
        stream.connection().negotiated().resumed
    );
    let next = stream.connection().session();

    let options = Options::new("bearcub-example-sleep").persistent();
    let (mut input, mut output, mut messages) = ([0; 256], [0; 128], [0; 256]);
    let store = Ram::new(&mut messages);
    let mut session: Session<_, 20, 1> = Session::new(&options, &mut input, &mut output, store)?;
    let (mut mqtt, resumption) = Client::connect(stream, &mut session, uptime)?;
    println!("MQTT session: {resumption:?}");
    // The broker may know it already; it does no harm, and costs one packet.
    mqtt.subscribe(&[Filter::new("bearcub/sleep/cmd", QoS::AtLeastOnce)])?;
    mqtt.publish("bearcub/sleep/volt", b"3.71", QoS::AtLeastOnce)?;
    let told = |event: Event<'_>| {
        if let Event::Message(message) = event {
            println!("command: {}", message.payload.escape_ascii());
        }
    };
    let settled = mqtt.settle(uptime().after(10_000), told);
    println!("all arrived: {}", settled?);
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    match next {
        Some(session) => std::fs::write(memory, session.to_bytes())?,
        None => drop(std::fs::remove_file(memory)),
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN MEMORY-FILE", run)
}
