//! mbedtls-rs, TLS 1.2 or 1.3, built for records of 1024 bytes.

#![no_std]
#![no_main]

mod libc;

use bearcub::clock::Time;
use board::random::Random;
use board::uart::Uart;
use board::{Failed, Job, Place, Version, Watch, exchange, heap, run};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use mbedtls_rs::blocking::Session;
use mbedtls_rs::sys::hook::timer::{MbedtlsTimer, hook_timer};
use mbedtls_rs::sys::hook::wall_clock::{MbedtlsWallClock, hook_wall_clock};
use mbedtls_rs::sys::{mbedtls_ms_time_t, tm};
use mbedtls_rs::{Certificate, ClientSessionConfig, SessionConfig, Tls, TlsGroup, TlsVersion};

static RANDOM: Place<MaybeUninit<Random>> = Place::new(MaybeUninit::uninit());
static NOW: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
extern "C" fn rust_main() -> ! {
    heap::begin();
    run(0, connect, heap::peak)
}

/// A clock that stands still.
struct Fixed;

impl MbedtlsTimer for Fixed {
    fn now(&self) -> mbedtls_ms_time_t {
        mbedtls_ms_time_t::from(NOW.load(Relaxed)) * 1000
    }
}

impl MbedtlsWallClock for Fixed {
    fn instant(&self) -> Option<tm> {
        let civil = Time::from_unix(NOW.load(Relaxed).into())?.civil();
        Some(tm {
            tm_sec: civil.second.into(),
            tm_min: civil.minute.into(),
            tm_hour: civil.hour.into(),
            tm_mday: civil.day.into(),
            tm_mon: i32::from(civil.month) - 1,
            tm_year: i32::from(civil.year) - 1900,
            // Nobody asks for these.
            tm_wday: 0,
            tm_yday: 0,
            tm_isdst: 0,
        })
    }
}

fn connect(job: Job, uart: Uart, watch: &mut Watch) -> Result<(), Failed> {
    NOW.store(job.now, Relaxed);
    // SAFETY: nothing of Mbed TLS runs yet; the clock is a constant.
    unsafe { hook_timer(Some(&Fixed)) };
    // SAFETY: as above.
    unsafe { hook_wall_clock(Some(&Fixed)) };
    // SAFETY: this runs once.
    let random = unsafe { RANDOM.take() }.write(job.random);
    let tls = Tls::new(random)?;
    let version = match job.version {
        Version::Tls12 => TlsVersion::Tls1_2,
        Version::Tls13 => TlsVersion::Tls1_3,
    };
    let config = SessionConfig::Client(ClientSessionConfig {
        ca_chain: Some(Certificate::new_no_copy(job.root)?),
        server_name: Some(job.host),
        min_version: version,
        max_version: Some(version),
        key_exchange_groups: Some(&[TlsGroup::Secp256r1]),
        ..ClientSessionConfig::new()
    });
    let mut session = watch.handshake(|| {
        let mut session = Session::new(tls.reference(), uart, &config)?;
        session.connect()?;
        Ok(session)
    })?;
    exchange(&mut session)?;
    session.close()?;
    Ok(())
}
