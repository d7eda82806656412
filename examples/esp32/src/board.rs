//! The chip: its watchdog, its random numbers, a lamp, and a clock.

use bearcub::clock::Time;
use bearcub::entropy::Register;
use bearcub::error::ResourceError;
use core::cell::RefCell;
use core::fmt::Write as _;
use embassy_time::Instant;
use esp_hal::gpio::{Level, Output};
use esp_hal::peripherals::TIMG1;
use esp_hal::rng::Trng;
use esp_hal::timer::timg::{MwdtStage, Wdt};
use rand_core::TryCryptoRng;

use crate::broker;
use crate::cfg::SETTINGS;
use crate::flash::Flash;
use crate::kept::Kept;

/// How long the watchdog waits. The longest step of a handshake takes a fraction of a second on these chips.
const PATIENCE: esp_hal::time::Duration = esp_hal::time::Duration::from_secs(8);

/// The board, as the connection needs it.
pub struct Board<'f> {
    watchdog: RefCell<Wdt<TIMG1<'static>>>,
    lamp: Output<'static>,
    flash: &'f Flash,
    /// A time that was told, and when.
    told: Option<(Time, Instant)>,
}

impl<'f> Board<'f> {
    /// Starts the watchdog.
    pub fn new(mut watchdog: Wdt<TIMG1<'static>>, lamp: Output<'static>, flash: &'f Flash) -> Self {
        watchdog.set_timeout(MwdtStage::Stage0, PATIENCE);
        watchdog.enable();
        Board {
            watchdog: RefCell::new(watchdog),
            lamp,
            flash,
            told: None,
        }
    }

    /// Sets the clock.
    pub fn set_time(&mut self, time: Time) {
        self.told = Some((time, Instant::now()));
    }

    /// Whether the clock has been set less than a day ago.
    pub fn knows_the_time(&self) -> bool {
        self.told
            .is_some_and(|(_, at)| at.elapsed().as_secs() < 24 * 60 * 60)
    }
}

impl broker::Board for Board<'_> {
    fn time(&self) -> Option<Time> {
        let (time, at) = self.told?;
        Time::from_unix(time.unix() + at.elapsed().as_secs() as i64)
    }

    fn feed_watchdog(&self) {
        self.watchdog.borrow_mut().feed();
    }

    fn keep(&mut self, kept: &Kept) {
        if let Err(error) = self.flash.store(&kept.to_bytes(SETTINGS.built)) {
            log::warn!("the TLS session is not stored: {error}");
        }
    }

    /// Every chip has these; put your sensor here.
    fn read_sensor(&mut self) -> heapless::String<96> {
        let mut reading = heapless::String::new();
        let (uptime, free) = (Instant::now().as_secs(), esp_alloc::HEAP.free());
        // It fits: three numbers of 20 digits and their names.
        let _ = write!(reading, r#"{{"uptime":{uptime},"free":{free}"#);
        if let Some(time) = self.time() {
            let _ = write!(reading, r#","time":{}"#, time.unix());
        }
        let _ = reading.push('}');
        reading
    }

    fn obey(&mut self, command: &[u8]) -> bool {
        let level = match command {
            b"on" => Level::High,
            b"off" => Level::Low,
            _ => return false,
        };
        log::info!("the lamp is {}", command.escape_ascii());
        self.lamp.set_level(level);
        true
    }
}

/// The chip's random numbers. They are true ones while the radio is on: noise of its receiver is mixed in. Without that (before
/// Wi-Fi is started, or after it was switched off) the register goes on delivering numbers that somebody can guess, so that its
/// driver is asked first; and one that repeats itself is not believed either.
///
/// # Errors
/// [`ResourceError::NoEntropy`] if the radio is off.
pub fn entropy() -> Result<impl TryCryptoRng, ResourceError> {
    let noise = Trng::try_new().map_err(|_| ResourceError::NoEntropy)?;
    Ok(Register::new(move || noise.random()))
}
