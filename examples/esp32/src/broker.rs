//! The connection to the broker: TLS, MQTT, and what the device does with them.
//!
//! Nothing here knows the chip. The library's tests run this file on a computer, against Mosquitto.

use core::time::Duration;

use bearcub::Error;
use bearcub::clock::{Instant, Time};
use bearcub::error::{ConfigError, NetworkError};
use bearcub::identity::{EcKey, Identity};
use bearcub::mqtt::asynch::{self, Client};
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Event, Filter, Options, Overflow, Publication, Publish, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage, Verify};
use bearcub::trust::{Pin, Trust, TrustAnchor};
use embassy_futures::yield_now;
use embassy_time::{Timer, with_timeout};
use embedded_io_async::{Read, Write};
use rand_core::TryCryptoRng;

use crate::kept::Kept;
use crate::settings::Settings;

/// Time between two readings.
const INTERVAL: u32 = 10_000;
/// How long a handshake may take.
const HANDSHAKE: embassy_time::Duration = embassy_time::Duration::from_secs(20);
/// Room for a device's certificate or key that is read from the flash.
const IDENTITY: usize = 1024;
/// Readings that wait while there is no connection; older ones are dropped.
const WAITING: usize = 16;

/// What the connection needs of the board.
#[allow(async_fn_in_trait, reason = "the executor has one thread")]
pub trait Board {
    /// The time of day, if it is known.
    fn time(&self) -> Option<Time>;
    /// Says that the program is alive.
    fn feed_watchdog(&self);
    /// Stores the TLS session for a start after a loss of power.
    fn keep(&mut self, kept: &Kept);
    /// A reading, as it is published.
    fn read_sensor(&mut self) -> heapless::String<96>;
    /// Does what a command says; `false` if it is none.
    fn obey(&mut self, command: &[u8]) -> bool;

    /// Awaits a future, and feeds the watchdog once a second while that waits. Whatever is awaited so has a deadline.
    async fn during<F: Future>(&self, future: F) -> F::Output {
        let mut future = core::pin::pin!(future);
        loop {
            self.feed_watchdog();
            let second = embassy_time::Duration::from_secs(1);
            if let Ok(output) = with_timeout(second, &mut future).await {
                return output;
            }
        }
    }
}

/// Memory for TLS: what a connection keeps, and what only the handshake needs.
pub struct TlsMemory {
    storage: Storage<1024, 512>,
    scratch: [u8; Scratch::ANCHORS + IDENTITY],
}

impl TlsMemory {
    /// Unused memory; all zero, so that a static costs no flash.
    pub const fn new() -> Self {
        TlsMemory {
            storage: Storage::new(),
            scratch: [0; Scratch::ANCHORS + IDENTITY],
        }
    }
}

/// Memory for MQTT: packets in and out, and the messages that are under way.
pub struct MqttMemory {
    input: [u8; 256],
    output: [u8; 256],
    messages: [u8; 128 * WAITING],
}

impl MqttMemory {
    /// Unused memory.
    pub const fn new() -> Self {
        MqttMemory {
            input: [0; 256],
            output: [0; 256],
            messages: [0; 128 * WAITING],
        }
    }
}

/// How the session is to be: it survives connections, and the broker tells the others when this device has gone.
pub fn options(settings: &Settings) -> Options<'_> {
    let gone = Publish::new(settings.state, b"offline");
    Options::new(settings.name)
        .user_name(settings.user)
        .password(settings.password.map(str::as_bytes))
        .will(gone.qos(QoS::AtLeastOnce).retained())
        .persistent()
        .overflow(Overflow::DropOldest)
}

/// What is to be done, and what outlives a connection.
pub struct Broker<'b> {
    settings: &'b Settings,
    identity: Identity<'b, EcKey<'b>>,
    pins: heapless::Vec<Pin, 4>,
    anchors: heapless::Vec<TrustAnchor<'b>, 1>,
    memory: &'b mut TlsMemory,
    session: Session<'b, Ram<'b>, WAITING, 1>,
    kept: Option<Kept>,
    next_reading: Instant,
}

impl<'b> Broker<'b> {
    /// Checks everything that can be checked before there is a network. `kept` is the session from before the loss of power.
    ///
    /// # Errors
    /// What is wrong with the pins, the authority, the key or the options.
    pub fn new(
        settings: &'b Settings,
        options: &'b Options<'b>,
        identity: Identity<'b, EcKey<'b>>,
        kept: Option<Kept>,
        memory: &'b mut TlsMemory,
        mqtt: &'b mut MqttMemory,
    ) -> Result<Self, Error> {
        identity.check(&mut memory.scratch)?;
        let mut pins = heapless::Vec::new();
        for pin in settings.pins {
            // More than there is room for are a mistake, not a reason to forget one.
            pins.push(Pin::parse(pin)?)
                .map_err(|_| ConfigError::BadState)?;
        }
        let mut anchors = heapless::Vec::new();
        if !settings.authority.is_empty() {
            anchors.extend([TrustAnchor::from_certificate(settings.authority)?]);
        }
        let store = Ram::new(&mut mqtt.messages);
        let mut session = Session::new(options, &mut mqtt.input, &mut mqtt.output, store)?;
        // Remembered, and subscribed to on every connection that needs it.
        session.subscribe(&[Filter::new(settings.command, QoS::AtLeastOnce)])?;
        Ok(Broker {
            settings,
            identity,
            pins,
            anchors,
            memory,
            session,
            kept,
            next_reading: Instant::from_millis(0),
        })
    }

    /// Connects over `tcp`, and serves until the connection is lost; returns why.
    pub async fn serve<T: Read + Write, R: TryCryptoRng>(
        &mut self,
        tcp: T,
        rng: &mut R,
        board: &mut impl Board,
        connected: impl FnOnce(),
    ) -> Error {
        let served = self.try_serve(tcp, rng, board, connected).await;
        let Err(error) = served;
        error
    }

    async fn try_serve<T: Read + Write, R: TryCryptoRng>(
        &mut self,
        tcp: T,
        rng: &mut R,
        board: &mut impl Board,
        connected: impl FnOnce(),
    ) -> Result<core::convert::Infallible, Error> {
        // Either kind of trust; each is a type of its own, so that a program links the code of those it names.
        let clock = self.settings.clock(board.time());
        let (fingerprints, authority, both);
        let trust: &dyn Verify = if self.anchors.is_empty() {
            fingerprints = Trust::fingerprints(&self.pins);
            &fingerprints
        } else if self.pins.is_empty() {
            authority = Trust::anchors(&self.anchors, clock);
            &authority
        } else {
            both = Trust::anchors(&self.anchors, clock).and_pin(&self.pins);
            &both
        };
        let dates_count = self.settings.need_the_time();
        let kept = self.kept.as_ref();
        let before = kept.and_then(|kept| kept.session(dates_count, board.time()));
        let config = Config::new(self.settings.host, trust)
            .identity(&self.identity)
            .resume(before);

        let TlsMemory { storage, scratch } = &mut *self.memory;
        let rest = async || {
            board.feed_watchdog();
            // The network stack runs in the same executor.
            yield_now().await;
        };
        let handshake = tls::asynch::connect_in_steps(tcp, storage, scratch, &config, rng, rest);
        let handshaken = board.during(with_timeout(HANDSHAKE, handshake)).await;
        let stream = handshaken.map_err(|_| NetworkError::Timeout)??;
        let resumed = stream.connection().negotiated().resumed;
        if !resumed {
            let session = stream.connection().session();
            self.kept = session.map(|session| Kept::new(session, board.time()));
            if let Some(kept) = &self.kept {
                board.keep(kept);
            }
        }

        let connecting = Client::connect(stream, &mut self.session, Ticks);
        let (mut mqtt, resumption) = board.during(connecting).await?;
        log::info!("connected: TLS session resumed: {resumed}, MQTT session: {resumption:?}");
        connected();
        let here = Publish::new(self.settings.state, b"online");
        let here = here.qos(QoS::AtLeastOnce).retained();
        board.during(mqtt.publish_message(&here)).await?;
        loop {
            if Ticks::uptime() >= self.next_reading {
                self.next_reading = Ticks::uptime().after(INTERVAL);
                let reading = board.read_sensor();
                let topic = self.settings.reading;
                let publish = mqtt.publish(topic, reading.as_bytes(), QoS::AtLeastOnce);
                count_dropped(&board.during(publish).await?);
            }
            // Dropping the future of `poll` loses nothing.
            let rest = self.next_reading.since(Ticks::uptime());
            let poll = with_timeout(embassy_time::Duration::from_millis(rest), mqtt.poll());
            let Ok(event) = board.during(poll).await else {
                continue;
            };
            match event? {
                Some(Event::Message(message)) if board.obey(message.payload) => {}
                Some(Event::Message(message)) => {
                    log::warn!("no command: {}", message.payload.escape_ascii());
                }
                Some(Event::Subscribed { subscriptions, .. }) => {
                    log::info!("subscribed: {subscriptions:?}");
                }
                _ => {}
            }
        }
    }

    /// Waits that long; readings are taken meanwhile, and published later.
    pub async fn wait(&mut self, duration: Duration, board: &mut impl Board) {
        let until = Ticks::uptime().after(duration.as_millis() as u32);
        while Ticks::uptime() < until {
            board.feed_watchdog();
            if Ticks::uptime() >= self.next_reading {
                self.next_reading = Ticks::uptime().after(INTERVAL);
                let reading = board.read_sensor();
                let message = Publish::new(self.settings.reading, reading.as_bytes());
                match self.session.publish(&message.qos(QoS::AtLeastOnce)) {
                    Ok(publication) => count_dropped(&publication),
                    Err(error) => log::warn!("a reading is lost: {error}"),
                }
            }
            let rest = until.since(Ticks::uptime()).min(1_000);
            Timer::after_millis(rest).await;
        }
    }
}

fn count_dropped<const N: usize>(publication: &Publication<N>) {
    if !publication.displaced.is_empty() {
        log::warn!("{} old readings are dropped", publication.displaced.len());
    }
}

/// The clock that runs forward.
pub struct Ticks;

impl Ticks {
    /// Milliseconds since the start.
    pub fn uptime() -> Instant {
        Instant::from_millis(embassy_time::Instant::now().as_millis())
    }
}

impl asynch::Timer for Ticks {
    fn now(&mut self) -> Instant {
        Ticks::uptime()
    }

    async fn wait_until(&mut self, at: Instant) {
        Timer::after_millis(at.since(Ticks::uptime())).await;
    }
}
