//! Obeys commands: subscribes, prints what comes, and connects again whenever the connection is lost, with a back-off. The
//! session is persistent, so that commands which came in the meantime follow. It ends at the message `stop`.
//!
//! ```console
//! $ cargo run --example subscribe -- localhost:8883 ca.pem 'plant/7/cmd'
//! ```

mod support;

use std::time::Duration;

use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Backoff, Event, Filter, Options, Publish, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Trust, TrustAnchor};
use rand_core::TryRng as _;
use support::{Tcp, uptime};

type Device<'b> = Session<'b, Ram<'b>, 20, 1>;

/// One connection, until it is lost or told to stop. What the next one can resume is left in `resumable`.
fn listen(
    server: &str,
    trust: &dyn tls::Verify,
    resumable: &mut Option<tls::Session>,
    session: &mut Device<'_>,
) -> Result<(), bearcub::Error> {
    // If the server does not know it any more, this is a full handshake by itself.
    let config = Config::new(support::host(server), trust).resume(resumable.as_ref());
    let tcp = Tcp::connect(server).map_err(|_| bearcub::error::NetworkError::Connect)?;
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS];
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
    *resumable = stream.connection().session();
    let short = stream.connection().negotiated().resumed;
    let (mut mqtt, resumption) = Client::connect(stream, session, uptime)?;
    println!("connected: {resumption:?}, TLS resumed: {short}");
    loop {
        let Some(Event::Message(message)) = mqtt.poll(uptime().after(60_000))? else {
            continue;
        };
        println!("{}: {}", message.topic, message.payload.escape_ascii());
        if message.payload == b"stop" {
            mqtt.settle(uptime().after(1_000), |_| {})?; // Asking for more acknowledges it.
            // The broker hangs up on DISCONNECT, so the connection may be gone already.
            let _ = mqtt.disconnect()?.close();
            return Ok(());
        }
    }
}

fn run([server, ca, filter]: [&str; 3]) -> Result<(), Box<dyn std::error::Error>> {
    let (ca, mut der) = (std::fs::read(ca)?, vec![0; 8192]);
    let anchors = [TrustAnchor::from_certificate_pem(&ca, &mut der)?];
    let options = Options::new("bearcub-example-subscribe").persistent();
    let options = options.will(Publish::new("bearcub/state", b"gone"));
    let (mut input, mut output, mut memory) = ([0; 256], [0; 128], [0; 64]);
    let store = Ram::new(&mut memory);
    let mut session = Device::new(&options, &mut input, &mut output, store)?;
    // Remembered, and subscribed to on every connection that needs it.
    session.subscribe(&[Filter::new(filter, QoS::ExactlyOnce)])?;
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(300));
    let mut resumable = None;
    loop {
        let trust = Trust::anchors(&anchors, support::now());
        let Err(error) = listen(server, &trust, &mut resumable, &mut session) else {
            return Ok(());
        };
        let retry = backoff.failed(&error, uptime(), getrandom::SysRng.try_next_u32()?);
        println!("{error}; again in {:?}", retry.after);
        std::thread::sleep(retry.after);
    }
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT CA.PEM FILTER", run)
}
