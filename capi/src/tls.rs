//! TLS connections.

use core::ffi::{CStr, c_char, c_void};
use core::fmt::Write;
use core::mem::MaybeUninit;

use bearcub::error::{Error, NetworkError, PeerError};
use bearcub::tls::{Config, Connection, Context, Handshake, Parts, Session, Verify, Wire};
use bearcub::trust::Authenticated;
use zeroize::Zeroize;

use crate::board::{Board, Entropy, Moved};
use crate::choice::{Attempt, Chosen, algorithms};
use crate::error::{self, Failure, Outcome, number};
use crate::memory::{self, Handle, InUse, Marked, Room, list, structure, tell, text};
use crate::types::{
    ALPN, Callbacks, PIN_SIZE, RECORD_OVERHEAD, SESSION_SIZE, TLS_SIZE, TlsConfig, TlsInfo,
};

/// Most rounds of reading and dropping that a closing takes.
const CLOSING_READS: usize = 100;

/// An open connection.
pub struct Tls {
    connection: Connection<'static>,
    board: Board,
}

impl Marked for Tls {
    const MARK: u32 = u32::from_le_bytes(*b"bTLS");
}

const _: () =
    assert!(size_of::<Handle<Tls>>() + size_of::<Context>() + 4 * memory::ALIGN <= TLS_SIZE);

impl Tls {
    /// The firmware's callbacks.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The proof that its server is known.
    ///
    /// # Errors
    /// `Unverified`.
    pub fn verified(&self) -> Result<bearcub::trust::Verified, Failure> {
        Ok(self.connection.verified()?)
    }

    /// Receives: 0 bytes at the orderly end.
    ///
    /// # Errors
    /// Why the connection has failed.
    pub fn read(&mut self, into: &mut [u8]) -> Result<Moved, Failure> {
        loop {
            let length = self.connection.read(into)?;
            if length > 0 || into.is_empty() {
                return Ok(Moved::Bytes(length));
            }
            if self.connection.is_read_closed() {
                // Our answer to the server's close_notify; that it may not arrive changes nothing.
                let _ = self.send_all();
                return Ok(Moved::Bytes(0));
            }
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Ok(Moved::Nothing);
            }
        }
    }

    /// Takes bytes to send.
    ///
    /// # Errors
    /// Why the connection has failed.
    pub fn write(&mut self, data: &[u8]) -> Result<Moved, Failure> {
        loop {
            let length = self.connection.write(data)?;
            if length > 0 || data.is_empty() {
                return Ok(Moved::Bytes(length));
            }
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Ok(Moved::Nothing);
            }
        }
    }

    /// Sends what was written.
    ///
    /// # Errors
    /// Why the connection has failed, `TIMEOUT` if not all of it could be sent now.
    pub fn flush(&mut self) -> Outcome {
        self.connection.flush();
        self.send_all()
    }

    fn send_all(&mut self) -> Outcome {
        while !self.connection.wire().output().is_empty() {
            if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                return Err(Failure::TIMEOUT);
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Outcome {
        self.connection.flush();
        self.connection.close();
        for _ in 0..CLOSING_READS {
            while !self.connection.wire().output().is_empty() {
                if advance(&self.board, &mut self.connection.wire())? == Progress::Waited {
                    return Err(Failure::TIMEOUT);
                }
            }
            // Whether the server says goodbye too changes nothing.
            let done = self.connection.is_closed();
            if done
                || !matches!(
                    advance(&self.board, &mut self.connection.wire()),
                    Ok(Progress::Made)
                )
            {
                break;
            }
        }
        Ok(())
    }
}

/// What a step came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Made,
    Waited,
}

/// Does what is to be done next, once.
fn advance(board: &Board, wire: &mut Wire<'_>) -> Result<Progress, Error> {
    let moved = if !wire.output().is_empty() {
        match board.write(wire.output()) {
            Ok(Moved::Bytes(length)) => {
                wire.sent(length)?;
                return Ok(Progress::Made);
            }
            Ok(Moved::Nothing) => Moved::Nothing,
            Err(lost) => return Err(last_words(board, wire).unwrap_or(lost.into())),
        }
    } else if let Some(failure) = wire.failure() {
        return Err(failure);
    } else if wire.has_work() {
        // The failure shows when the alert for the server is out.
        let _ = wire.step();
        board.step();
        return Ok(Progress::Made);
    } else if wire.wants_input() {
        board.read(wire.input())?
    } else {
        // One buffer for each direction: there is room unless the connection is over.
        return Err(NetworkError::Closed.into());
    };
    match moved {
        Moved::Nothing => return Ok(Progress::Waited),
        Moved::Bytes(0) => wire.input_ended(),
        Moved::Bytes(length) => wire.received(length)?,
    }
    Ok(Progress::Made)
}

/// What the server said before it cut the connection: a refusal says more than a broken pipe.
fn last_words(board: &Board, wire: &mut Wire<'_>) -> Option<Error> {
    loop {
        if wire.has_work() {
            if let Err(alert @ Error::Peer(PeerError::AlertReceived(_))) = wire.step() {
                return Some(alert);
            }
        } else if wire.wants_input() {
            match board.read(wire.input()) {
                Ok(Moved::Bytes(length)) if length > 0 => wire.received(length).ok()?,
                _ => return None,
            }
        } else {
            return None;
        }
    }
}

/// The handshake, from its first byte to its last.
fn shake(
    parts: Parts<'static>,
    scratch: &mut [u8],
    config: &Config<'_>,
    board: &Board,
    timeout: u32,
) -> Result<Connection<'static>, Failure> {
    let start = board.now();
    let check = || match board.now().since(start) >= u64::from(timeout) {
        true => Err(NetworkError::Timeout),
        false => Ok(()),
    };
    let mut handshake = Handshake::begin(parts, scratch, config, &mut Entropy(board))?;
    while !handshake.is_complete() {
        advance(board, &mut handshake.wire())?;
        check()?;
    }
    let mut connection = handshake.finish()?;
    while !connection.wire().output().is_empty() {
        advance(board, &mut connection.wire())?;
        check()?;
    }
    Ok(connection)
}

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

/// `bearcub_tls_info`.
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
