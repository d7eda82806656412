//! When to connect again.

use core::time::Duration;

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::error::ConfigError;
use bearcub::mqtt;

use crate::error::{self, Failure, Outcome, number};
use crate::memory::tell;

/// C's place for it.
#[repr(C)]
pub struct Backoff {
    opaque: [u64; 6],
}

const _: () = assert!(size_of::<mqtt::Backoff>() <= size_of::<Backoff>());
const _: () = assert!(align_of::<mqtt::Backoff>() <= align_of::<Backoff>());

/// Does something with it.
///
/// # Safety
/// It is null or was filled by `bearcub_backoff_init`.
unsafe fn with(backoff: *mut Backoff, work: impl FnOnce(&mut mqtt::Backoff)) -> i32 {
    // SAFETY: the place is large enough and aligned, as is asserted above; the caller says that it is filled.
    let backoff = unsafe { backoff.cast::<mqtt::Backoff>().as_mut() };
    number(backoff.map(work).ok_or(Failure(error::NULL)))
}

/// `bearcub_backoff_init`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_backoff_init(
    backoff: *mut Backoff,
    first_ms: u32,
    ceiling_ms: u32,
) -> i32 {
    let work = || -> Outcome {
        if backoff.is_null() {
            return Err(Failure(error::NULL));
        }
        let first = Duration::from_millis(first_ms.into());
        let made = mqtt::Backoff::new(first, Duration::from_millis(ceiling_ms.into()));
        // SAFETY: it is not null, and the place is large enough and aligned, as is asserted above.
        unsafe { tell(backoff.cast(), made) };
        Ok(())
    };
    number(work())
}

/// `bearcub_backoff_connected`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_backoff_connected(backoff: *mut Backoff, uptime_ms: u64) -> i32 {
    // SAFETY: the header demands one that was filled.
    unsafe {
        with(backoff, |backoff| {
            backoff.connected(Instant::from_millis(uptime_ms))
        })
    }
}

/// `bearcub_backoff_failed`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_backoff_failed(
    backoff: *mut Backoff,
    error: i32,
    uptime_ms: u64,
    random: u32,
    wait_ms: *mut u32,
    contested: *mut u8,
) -> i32 {
    let work = |backoff: &mut mqtt::Backoff| {
        // What the interface itself complains of is the program's to mend.
        let error = Error::from_code(error).unwrap_or(ConfigError::BadState.into());
        let retry = backoff.failed(&error, Instant::from_millis(uptime_ms), random);
        let wait = u32::try_from(retry.after.as_millis()).unwrap_or(u32::MAX);
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(wait_ms, wait) };
        // SAFETY: as above.
        unsafe { tell(contested, retry.contested.into()) };
    };
    // SAFETY: the header demands one that was filled.
    unsafe { with(backoff, work) }
}
