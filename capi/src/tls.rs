//! TLS connections.

use core::ffi::{CStr, c_char, c_void};
use core::fmt::Write;
use core::mem::MaybeUninit;

use bearcub::tls::{Config, Context, Parts, Session, Verify};
use zeroize::Zeroize;

use crate::board::{Board, Moved};
use crate::choice::{Attempt, Chosen, algorithms};
use crate::connection::{Tls, shake};
use crate::error::{self, Failure, Outcome, number};
use crate::memory::{self, Handle, InUse, Room, list, structure, tell, text};
use crate::types::{
    ALPN, Callbacks, PIN_SIZE, RECORD_OVERHEAD, SESSION_SIZE, TLS_SIZE, TlsConfig, TlsInfo,
};

/// `bearcub_tls_size`.
#[unsafe(no_mangle)]
pub extern "C" fn bearcub_tls_size(input: usize, output: usize) -> usize {
    let overhead = 2 * (RECORD_OVERHEAD + memory::ALIGN);
    TLS_SIZE
        .saturating_add(input)
        .saturating_add(output)
        .saturating_add(overhead)
}

/// `bearcub_tls_connect`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_connect(
    out: *mut *mut Handle<Tls>,
    place: *mut c_void,
    place_size: usize,
    scratch: *mut c_void,
    scratch_size: usize,
    callbacks: *const Callbacks,
    config: *const TlsConfig,
) -> i32 {
    number((|| {
        if out.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: it is not null, and the header demands that it may be written to.
        unsafe { out.write(core::ptr::null_mut()) };
        // SAFETY: the header demands a valid structure.
        let board = Board::new(unsafe { structure(callbacks) }?)?;
        // SAFETY: the header demands a valid structure.
        let given = unsafe { structure(config) }?;
        // SAFETY: the header demands memory that nothing else uses until the handle is closed.
        let mut room = unsafe { Room::new(place, place_size) }?;
        // SAFETY: the header demands memory that nothing else uses during the call.
        let mut scratch = unsafe { Room::new(scratch, scratch_size) }?;
        if given.input > usize::from(u16::MAX) || given.output > usize::from(u16::MAX) {
            return Err(Failure(error::VALUE));
        }
        // Filled once there is a connection.
        let handle = room.put(MaybeUninit::<Handle<Tls>>::uninit())?;
        let context = Context::emplace(room.put(MaybeUninit::uninit())?);
        let input = room.bytes(given.input + RECORD_OVERHEAD)?;
        let output = room.bytes(given.output + RECORD_OVERHEAD)?;
        let mut parts = Some(Parts::new(context, input, output));
        let scratch = scratch.bytes(scratch_size)?;
        let mut made = None;
        // SAFETY: the configuration is a valid one.
        let result = unsafe {
            with_config(given, &board, &mut |config| {
                let parts = parts.take().ok_or(Failure(error::VALUE))?;
                made = Some(shake(parts, scratch, config, &board, given.timeout_ms)?);
                Ok(())
            })
        };
        result?;
        let connection = made.ok_or(Failure(error::VALUE))?;
        let handle = handle.write(Handle::new(Tls { connection, board }));
        // SAFETY: as above.
        unsafe { out.write(handle) };
        Ok(())
    })())
}

/// Puts a configuration together, and hands it on.
///
/// # Safety
/// Everything that it points at is valid, as the header demands.
unsafe fn with_config(
    given: &TlsConfig,
    board: &Board,
    then: &mut dyn FnMut(&Config<'_>) -> Outcome,
) -> Outcome {
    // SAFETY: passed on to the caller.
    let server_name = unsafe { text(given.server_name) }?;
    // SAFETY: passed on to the caller.
    let algorithms = unsafe { algorithms(given.algorithms) }?;
    // SAFETY: passed on to the caller.
    let names: &[*const c_char] = unsafe { list(given.alpn, given.alpn_count) }?;
    if names.len() > ALPN {
        return Err(Failure(error::VALUE));
    }
    let mut alpn = [c""; ALPN];
    for (name, &given) in alpn.iter_mut().zip(names) {
        if given.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: it is not null; the rest is passed on to the caller.
        *name = unsafe { CStr::from_ptr(given) };
    }
    let alpn = alpn.get(..names.len()).unwrap_or_default();
    let session = match given.session.is_null() {
        true => None,
        // SAFETY: it is not null, and the caller says that so many bytes are there.
        false => Some(Session::from_bytes(unsafe {
            list(given.session, SESSION_SIZE)
        }?)?),
    };
    let trust = given.trust.ok_or(Failure(error::NULL))?;
    let mut with_trust = |verify: &dyn Verify| {
        let config = Config::with_algorithms(server_name, verify, algorithms);
        let config = config.alpn(alpn).resume(session.as_ref());
        match given.identity {
            None => then(&config),
            Some(identity) => {
                let mut chosen = Chosen {
                    config,
                    go_on: then,
                };
                // SAFETY: it is one of the functions of this library, as the header demands.
                match unsafe { identity(given, &mut chosen) } {
                    0 => Ok(()),
                    error => Err(Failure(error)),
                }
            }
        }
    };
    let mut attempt = Attempt {
        go_on: &mut with_trust,
        board,
    };
    // SAFETY: it is one of the functions of this library, as the header demands.
    match unsafe { trust(given, &mut attempt) } {
        0 => Ok(()),
        error => Err(Failure(error)),
    }
}

/// Does something with an open connection.
///
/// # Safety
/// The handle is null or one of ours, and its memory is still there.
unsafe fn with(tls: *const Handle<Tls>, work: impl FnOnce(&mut Tls) -> Outcome) -> i32 {
    // SAFETY: passed on to the caller.
    number(unsafe { InUse::take(tls) }.and_then(|mut tls| work(tls.body())))
}

/// `bearcub_tls_read`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_read(
    tls: *mut Handle<Tls>,
    into: *mut u8,
    size: usize,
    length: *mut usize,
) -> i32 {
    let work = |tls: &mut Tls| {
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(length, 0) };
        if into.is_null() || length.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: it is not null, and the header demands that so many bytes are there.
        unsafe { into.write_bytes(0, size) };
        // SAFETY: as above, and they have a value now.
        let into = unsafe { core::slice::from_raw_parts_mut(into, size) };
        match tls.read(into)? {
            Moved::Nothing => Err(Failure::TIMEOUT),
            Moved::Bytes(read) => {
                // SAFETY: as above.
                unsafe { tell(length, read) };
                Ok(())
            }
        }
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, work) }
}

/// `bearcub_tls_write`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_write(
    tls: *mut Handle<Tls>,
    data: *const u8,
    size: usize,
    length: *mut usize,
) -> i32 {
    let work = |tls: &mut Tls| {
        // SAFETY: the header demands that it is null or may be written to.
        unsafe { tell(length, 0) };
        if length.is_null() {
            return Err(Failure(error::NULL));
        }
        // SAFETY: the header demands that so many bytes are there.
        match tls.write(unsafe { list(data, size) }?)? {
            Moved::Nothing => Err(Failure::TIMEOUT),
            Moved::Bytes(written) => {
                // SAFETY: as above.
                unsafe { tell(length, written) };
                Ok(())
            }
        }
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, work) }
}

/// `bearcub_tls_flush`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_flush(tls: *mut Handle<Tls>) -> i32 {
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, Tls::flush) }
}

/// `bearcub_tls_close`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_close(tls: *mut Handle<Tls>) -> i32 {
    // SAFETY: the header demands a handle of ours.
    let taken = unsafe { InUse::take(tls) };
    number(taken.and_then(|mut tls| {
        let closed = tls.body().close();
        tls.close();
        closed
    }))
}

/// `bearcub_tls_drop`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_drop(tls: *mut Handle<Tls>) -> i32 {
    // SAFETY: the header demands a handle of ours.
    let taken = unsafe { InUse::take(tls) };
    number(taken.map(InUse::close))
}

/// `bearcub_tls_session`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_session(tls: *mut Handle<Tls>, into: *mut u8) -> i32 {
    let work = |tls: &mut Tls| {
        if into.is_null() {
            return Err(Failure(error::NULL));
        }
        let session = tls.connection.session().ok_or(Failure(error::NOTHING))?;
        let mut bytes = session.to_bytes();
        // SAFETY: it is not null, and the header demands so many bytes.
        unsafe { into.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        bytes.zeroize();
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, work) }
}

/// The text of a pin.
struct PinText {
    bytes: [u8; PIN_SIZE],
    length: usize,
}

impl Write for PinText {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self
            .bytes
            .get_mut(self.length..PIN_SIZE - 1)
            .unwrap_or_default();
        let place = room.get_mut(..text.len()).ok_or(core::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

/// `bearcub_tls_learned`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_learned(tls: *mut Handle<Tls>, into: *mut c_char) -> i32 {
    let work = |tls: &mut Tls| {
        if into.is_null() {
            return Err(Failure(error::NULL));
        }
        let pin = tls.connection.learned().ok_or(Failure(error::NOTHING))?;
        let mut text = PinText {
            bytes: [0; PIN_SIZE],
            length: 0,
        };
        for byte in pin.as_bytes() {
            write!(text, "{byte:02x}").map_err(|_| Failure(error::VALUE))?;
        }
        // SAFETY: it is not null, and the header demands so many bytes.
        unsafe {
            into.cast::<u8>()
                .copy_from_nonoverlapping(text.bytes.as_ptr(), PIN_SIZE)
        };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, work) }
}

/// `bearcub_tls_about`.
///
/// # Safety
/// As the header says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_tls_about(tls: *mut Handle<Tls>, into: *mut TlsInfo) -> i32 {
    let work = |tls: &mut Tls| {
        if into.is_null() {
            return Err(Failure(error::NULL));
        }
        let agreed = tls.connection.negotiated();
        let about = TlsInfo {
            suite: agreed.suite,
            group: agreed.group.unwrap_or(0),
            fragment_length: agreed
                .fragment_length
                .map_or(0, |length| length.bytes() as u16),
            alpn: agreed.alpn.map_or(u8::MAX, |index| index as u8),
            resumed: agreed.resumed.into(),
            certificate_requested: agreed.certificate_requested.into(),
        };
        // SAFETY: the header demands that it may be written to.
        unsafe { tell(into, about) };
        Ok(())
    };
    // SAFETY: the header demands a handle of ours.
    unsafe { with(tls, work) }
}
