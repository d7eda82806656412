//! bearcub, TLS 1.2, with buffers for records of 1024 bytes.

#![no_std]
#![no_main]

use bearcub::clock::{Clock, Time};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Trust, TrustAnchor};
use board::uart::Uart;
use board::{Failed, Job, Place, Watch, exchange, run};

static STORAGE: Place<Storage<1024, 1024>> = Place::new(Storage::new());
static SCRATCH: Place<[u8; Scratch::ANCHORS]> = Place::new([0; Scratch::ANCHORS]);

const HANDED_IN: usize = size_of::<Storage<1024, 1024>>() + Scratch::ANCHORS;

#[unsafe(no_mangle)]
extern "C" fn rust_main() -> ! {
    run(HANDED_IN, connect, || 0)
}

fn connect(mut job: Job, uart: Uart, watch: &mut Watch) -> Result<(), Failed> {
    // SAFETY: this runs once.
    let storage = unsafe { STORAGE.take() };
    // SAFETY: as above.
    let scratch = unsafe { SCRATCH.take() };
    let anchors = [TrustAnchor::from_certificate(job.root)?];
    let now = Time::from_unix(job.now.into()).ok_or("the clock shows no time")?;
    let trust = Trust::anchors(&anchors, Clock::at(now));
    let config = Config::new(job.host_name()?, &trust);
    let mut stream = watch.handshake(|| {
        Ok(tls::connect(
            uart,
            storage,
            scratch,
            &config,
            &mut job.random,
        )?)
    })?;
    exchange(&mut stream)?;
    stream.close()?;
    Ok(())
}
