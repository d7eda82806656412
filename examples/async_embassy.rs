//! Connects with embassy's executor and its timers, as on a board; feeds a watchdog between the steps of the handshake.
//!
//! ```console
//! $ cargo run --features async --example async_embassy -- localhost:8883 sha256//k8f0…=
//! ```

mod support;

use bearcub::tls::{Config, Scratch, Storage, asynch};
use bearcub::trust::{Pin, Trust};
use embassy_executor::Executor;
use embassy_time::{Duration, with_timeout};
use support::polled::Tcp;

async fn connect([server, pin]: &[String; 2]) -> Result<(), Box<dyn std::error::Error>> {
    let tcp = Tcp::connect(server)?; // On a board: `embassy_net::tcp::TcpSocket`.
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(support::host(server), &trust);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let (mut rng, mut steps) = (getrandom::SysRng, 0);
    let rest = async || {
        steps += 1; // On a board: feed the watchdog.
        embassy_futures::yield_now().await;
    };
    let handshake =
        asynch::connect_in_steps(tcp, &mut storage, &mut scratch, &config, &mut rng, rest);
    let limit = Duration::from_secs(20);
    let in_time = with_timeout(limit, handshake).await;
    let stream = in_time.map_err(|_| bearcub::error::NetworkError::Timeout)??;
    stream.close().await?;
    println!("connected, in {steps} steps");
    Ok(())
}

#[embassy_executor::task]
async fn device(arguments: [String; 2]) {
    let result = connect(&arguments).await;
    if let Err(error) = &result {
        support::tell(&**error);
    }
    std::process::exit(i32::from(result.is_err())); // A board goes on for ever.
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN", |arguments| {
        let arguments = arguments.map(String::from);
        let executor = Box::leak(Box::new(Executor::new()));
        executor.run(|spawner| spawner.spawn(device(arguments).expect("it is spawned once")))
    })
}
