//! A sensor on an ESP32-C3, C6, S3 or ESP32 that reports to a broker with mutual TLS, and obeys it.
//!
//! In reading order: `settings` is what the device is to do; `main` here starts everything and tries again for ever; `wifi` is
//! the network; `broker` is TLS and MQTT; `kept` makes the next handshake short; `board` and `flash` are the chip; `trouble` puts
//! errors into words.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod board;
mod broker;
mod flash;
mod kept;
mod settings;
mod trouble;
mod wifi;
/// The content of `cfg.toml`, which `build.rs` makes a constant of.
mod cfg {
    include!(concat!(env!("OUT_DIR"), "/cfg.rs"));
}

use bearcub::clock::Instant;
use bearcub::identity::{EcKey, Identity};
use bearcub::mqtt::Backoff;
use core::time::Duration;
use embassy_executor::Spawner;
use embassy_net::{Stack, StackResources};
use esp_backtrace as _;
use esp_hal::clock::CpuClock;
use esp_hal::gpio::{Level, Output, OutputConfig};
use esp_hal::rng::Rng;
use esp_hal::timer::timg::TimerGroup;
use esp_radio::wifi::{ControllerConfig, Interface, WifiController};
use static_cell::{ConstStaticCell, StaticCell};

use board::{Board, entropy};
use broker::{Board as _, Broker, MqttMemory, Ticks, TlsMemory};
use cfg::SETTINGS;
use flash::Flash;
use trouble::Trouble;

esp_bootloader_esp_idf::esp_app_desc!();

/// Sockets: DHCP, DNS, the time, the broker.
static SOCKETS: StaticCell<StackResources<4>> = StaticCell::new();
static TLS: ConstStaticCell<TlsMemory> = ConstStaticCell::new(TlsMemory::new());
static MQTT: ConstStaticCell<MqttMemory> = ConstStaticCell::new(MqttMemory::new());
static TCP: ConstStaticCell<([u8; 1536], [u8; 1024])> =
    ConstStaticCell::new(([0; 1536], [0; 1024]));

#[esp_rtos::main]
async fn main(spawner: Spawner) {
    esp_println::logger::init_logger(log::LevelFilter::Info);
    let chip = esp_hal::init(esp_hal::Config::default().with_cpu_clock(CpuClock::max()));
    // The radio's driver allocates; nothing else here does. Half of it was the bootloader's.
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: 64 * 1024);
    esp_alloc::heap_allocator!(size: 16 * 1024);
    esp_rtos::start(TimerGroup::new(chip.TIMG0).timer0, chip.FROM_CPU_INTR0);

    #[cfg(feature = "esp32")]
    let lamp = chip.GPIO2;
    #[cfg(feature = "esp32c3")]
    let lamp = chip.GPIO8;
    #[cfg(feature = "esp32c6")]
    let lamp = chip.GPIO15;
    #[cfg(feature = "esp32s3")]
    let lamp = chip.GPIO21;
    let lamp = Output::new(lamp, Level::Low, OutputConfig::default());
    let flash = Flash::new(chip.FLASH);
    let mut board = Board::new(TimerGroup::new(chip.TIMG1).wdt, lamp, &flash);

    if let Err(name) = SETTINGS.check() {
        hopeless(&mut board, Trouble::Setting(name)).await;
    }
    let wifi = match wifi::configuration(&SETTINGS) {
        Ok(wifi) => ControllerConfig::default().with_initial_config(wifi),
        Err(_) => hopeless(&mut board, Trouble::Setting("wifi.name or wifi.password")).await,
    };
    let controller = match WifiController::new(chip.WIFI, wifi) {
        Ok(controller) => controller,
        Err(error) => panic!("the radio does not start: {error}"), // The watchdog starts the chip anew.
    };
    let random = Rng::new();
    let seed = u64::from(random.random()) << 32 | u64::from(random.random());
    let address = embassy_net::Config::dhcpv4(Default::default());
    let sockets = SOCKETS.init(StackResources::new());
    let (stack, runner) = embassy_net::new(Interface::station(), address, sockets, seed);
    spawner.spawn(wifi::run(runner).expect("it is spawned once"));
    spawner.spawn(wifi::stay_joined(controller).expect("it is spawned once"));

    // Who this device is: by the settings, or else by the flash.
    let (image, chain, key);
    let identity = if SETTINGS.key.is_empty() {
        image = match flash.identity() {
            Ok(image) => image,
            Err(error) => hopeless(&mut board, Trouble::Identity(error)).await,
        };
        Identity::stored(&image)
    } else {
        chain = [SETTINGS.certificate];
        key = EcKey::from_der(SETTINGS.key);
        key.and_then(|key| Identity::new(&chain, key))
    };
    let options = broker::options(&SETTINGS);
    let kept = flash.stored(SETTINGS.built);
    let broker = identity.map_err(bearcub::Error::from).and_then(|identity| {
        Broker::new(&SETTINGS, &options, identity, kept, TLS.take(), MQTT.take())
    });
    let mut broker = match broker {
        Ok(broker) => broker,
        Err(error) => hopeless(&mut board, error.into()).await,
    };

    let tcp = TCP.take();
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(300));
    loop {
        let trouble = attempt(stack, tcp, &mut broker, &mut board, &mut backoff).await;
        trouble.report();
        let retry = backoff.failed(&trouble.nearest(), Ticks::uptime(), random.random());
        if retry.contested {
            log::warn!("another device seems to be called {}, too", SETTINGS.name);
        }
        log::info!("again in {:?}", retry.after);
        broker.wait(retry.after, &mut board).await;
    }
}

/// From the network to the end of a connection; says why it ended. Every step begins anew, so none is ever left out.
async fn attempt(
    stack: Stack<'static>,
    memory: &mut ([u8; 1536], [u8; 1024]),
    broker: &mut Broker<'_>,
    board: &mut Board<'_>,
    backoff: &mut Backoff,
) -> Trouble {
    if let Err(trouble) = board.during(wifi::address(stack)).await {
        return trouble;
    }
    if !board.knows_the_time() && !SETTINGS.time_server.is_empty() {
        match board.during(wifi::time(stack, SETTINGS.time_server)).await {
            Ok(time) => board.set_time(time),
            // Fingerprints need no time. An authority does: its certificates are never taken unchecked.
            Err(trouble) if SETTINGS.need_the_time() && board.time().is_none() => return trouble,
            Err(_) => {}
        }
    }
    let dialled = board.during(wifi::dial(stack, SETTINGS.host, SETTINGS.port, memory));
    let tcp = match dialled.await {
        Ok(tcp) => tcp,
        Err(error) => return error.into(),
    };
    let mut rng = match entropy() {
        Ok(rng) => rng,
        Err(error) => return error.into(),
    };
    let connected = || backoff.connected(Ticks::uptime());
    broker.serve(tcp, &mut rng, board, connected).await.into()
}

/// Nothing can be done before somebody builds and flashes anew: says so every minute.
async fn hopeless(board: &mut Board<'_>, trouble: Trouble) -> ! {
    loop {
        trouble.report();
        let until: Instant = Ticks::uptime().after(60_000);
        while Ticks::uptime() < until {
            board.feed_watchdog();
            embassy_time::Timer::after_secs(1).await;
        }
    }
}
