//! The seam: BearSSL behind [`Context`], which takes and gives bytes and nothing of BearSSL's.
//!
//! Read in this order: this file (state, steps, input and output), `data` (application data, what was agreed on), `setup` (what a handshake starts from), `verifier` (the
//! server's certificates), `client_auth` (ours), `suites`, `primitives`, `symmetric`, `meter`. This folder is the only one
//! where `unsafe` is allowed; another engine would be another folder with the same methods on its `Context`.
#![allow(unsafe_code)]
#![warn(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block
)]

mod alert;
mod client_auth;
mod data;
mod memory;
pub mod meter;
mod primitives;
mod setup;
mod suites;
mod symmetric;
#[cfg(test)]
mod vectors;
mod verifier;

use bearssl_sys as br;
use core::marker::PhantomPinned;
use core::mem::MaybeUninit;

use crate::error::{ConfigError, Error, NetworkError, PeerError, ProtocolError, ResourceError};
use crate::trust::Pin;

use super::FragmentLength;
use super::framing::{Framing, Message};

pub(crate) use client_auth::ClientIdentity;
pub use client_auth::ClientKey;
pub use memory::RecordBuffer;
use memory::Slot;
pub(crate) use memory::wipe;
pub(crate) use setup::{Established, FIXED_SCRATCH, Kept, Running, Setup};
pub use suites::{Algorithms, Groups, Suite};
pub(crate) use verifier::ANCHORS_SCRATCH;
pub(crate) use verifier::PINS_SCRATCH;
pub use verifier::Verify;

/// Bytes that a buffer must have beside a record's plaintext: header, explicit nonce and tag of AES-GCM (29 in all, as on
/// the wire), and 5 that BearSSL leaves unused in an output buffer.
pub const RECORD_OVERHEAD: usize = 5 + 8 + 16 + 5;

/// Where a connection is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Never used, or wiped.
    Idle,
    /// The handshake is under way.
    Handshake,
    /// Application data may flow.
    Open,
    /// close_notify has been sent or is about to be.
    Closing,
    /// Nothing flows any more.
    Closed,
}

/// The state of one connection: what stays in memory while it is connected, buffers apart.
///
/// It is initialised in place and must not move while in use; the borrow that a [`Handshake`](super::Handshake) or a
/// [`Connection`](super::Connection) holds sees to that. About 3.5 KB on a 32-bit target, most of it BearSSL's
/// `br_ssl_client_context`; const-constructible, so that a `static` costs no flash.
pub struct Context {
    client: MaybeUninit<br::br_ssl_client_context>,
    framing: Framing,
    phase: Phase,
    failure: Slot<Error>,
    /// Bytes in the input buffer, at the place that BearSSL offered, which it has not been told of yet.
    staged: usize,
    /// Where they are.
    staged_at: *mut u8,
    /// Bytes of output that have been sent, which BearSSL has not been told of yet, because it would work on.
    sent: usize,
    /// The alert that answers a failure: offset in the output buffer, and length.
    alert: (u16, u8),
    alert_tried: bool,
    input_ended: bool,
    offered_session: bool,
    /// What a learning policy learned, until the handshake has finished.
    learned: Slot<Pin>,
    /// The verifier in the scratch, while the handshake lasts.
    verifier: *mut verifier::Head,
    /// The client's certificate handler in the scratch, while the handshake lasts.
    auth: *mut client_auth::Auth,
    _pin: PhantomPinned,
}

// SAFETY: the pointers in an idle context are null, and those of one in use lead into memory that the handshake or the
// connection has borrowed exclusively; the handshake, which also keeps references to the program's values, is not `Send`.
unsafe impl Send for Context {}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

impl Context {
    /// An unused context, all zero.
    pub const fn new() -> Self {
        Context {
            client: MaybeUninit::zeroed(),
            framing: Framing::new(),
            phase: Phase::Idle,
            failure: Slot::EMPTY,
            staged: 0,
            staged_at: core::ptr::null_mut(),
            sent: 0,
            alert: (0, 0),
            alert_tried: false,
            input_ended: false,
            offered_session: false,
            learned: Slot::EMPTY,
            verifier: core::ptr::null_mut(),
            auth: core::ptr::null_mut(),
            _pin: PhantomPinned,
        }
    }

    /// BearSSL's part, as its functions want it.
    fn raw(&mut self) -> *mut br::br_ssl_engine_context {
        self.client.as_mut_ptr().cast()
    }

    /// BearSSL's part, to look into.
    fn engine(&self) -> &br::br_ssl_engine_context {
        // SAFETY: all zero is a valid value of the C structure, and it has been zeroed at least.
        unsafe { &self.client.assume_init_ref().eng }
    }

    /// BearSSL's part, to change.
    fn engine_mut(&mut self) -> &mut br::br_ssl_engine_context {
        // SAFETY: all zero is a valid value of the C structure, and it has been zeroed at least.
        unsafe { &mut self.client.assume_init_mut().eng }
    }

    /// Whether bytes may be received now.
    pub(crate) fn wants_input(&self) -> bool {
        self.input_place().1 > 0
    }

    fn input_place(&self) -> (*mut u8, usize) {
        let idle = matches!(self.phase, Phase::Idle | Phase::Closed);
        if idle || self.failure().is_some() || self.staged > 0 || self.input_ended {
            return (core::ptr::null_mut(), 0);
        }
        self.offered_input()
    }

    /// Where BearSSL wants its next input.
    fn offered_input(&self) -> (*mut u8, usize) {
        let mut len = 0;
        // SAFETY: the context has been set up.
        let place = unsafe { br::br_ssl_engine_recvrec_buf(self.engine(), &mut len) };
        if place.is_null() {
            (place, 0)
        } else {
            (place, len)
        }
    }

    /// Where the next bytes from the server go; empty when none can be taken now.
    pub(crate) fn input(&mut self) -> &mut [u8] {
        let (place, len) = self.input_place();
        if len == 0 {
            return &mut [];
        }
        // SAFETY: BearSSL offers a part of the input buffer, which is borrowed as long as `self` is in use; nobody else
        // reads or writes it until the next call of ours.
        unsafe { core::slice::from_raw_parts_mut(place, len) }
    }

    /// Says that `len` bytes have been written to [`input`](Self::input).
    pub(crate) fn received(&mut self, len: usize) -> Result<(), Error> {
        let (place, room) = self.input_place();
        if len > room {
            return Err(ConfigError::BadState.into());
        }
        (self.staged_at, self.staged) = (place, len);
        Ok(())
    }

    /// Says that the server will send no more bytes.
    pub(crate) fn input_ended(&mut self) {
        self.input_ended = true;
        self.settle_end();
    }

    /// Lets the end of the input count, once nothing is left of what had come before it.
    pub(super) fn settle_end(&mut self) {
        let left = self.staged > 0 || self.sent > 0 || !self.readable().is_empty();
        if !self.input_ended || self.failure().is_some() || left {
            return;
        }
        match self.phase {
            Phase::Handshake | Phase::Open => self.fail(NetworkError::Truncated.into()),
            // Ours has been sent, the other's close_notify will not come: that loses nothing that was asked for.
            Phase::Closing => self.phase = Phase::Closed,
            Phase::Idle | Phase::Closed => {}
        }
    }

    /// Bytes for the server; empty when there are none now.
    pub(crate) fn output(&self) -> &[u8] {
        if self.failure().is_some() {
            let (offset, len) = self.alert;
            if len == 0 {
                return &[];
            }
            let place = self.engine().obuf.wrapping_add(usize::from(offset));
            // SAFETY: the alert was written to this place of the output buffer, which is borrowed as long as `self` is in use.
            return unsafe { core::slice::from_raw_parts(place, usize::from(len)) };
        }
        if matches!(self.phase, Phase::Idle | Phase::Closed) || self.sent > 0 {
            return &[];
        }
        let mut len = 0;
        // SAFETY: the context has been set up.
        let place = unsafe { br::br_ssl_engine_sendrec_buf(self.engine(), &mut len) };
        if place.is_null() || len == 0 {
            return &[];
        }
        // SAFETY: BearSSL hands out a part of the output buffer, which is borrowed as long as `self` is in use.
        unsafe { core::slice::from_raw_parts(place, len) }
    }

    /// Says that the first `len` bytes of [`output`](Self::output) have been sent.
    pub(crate) fn sent(&mut self, len: usize) -> Result<(), Error> {
        let available = self.output().len();
        if len > available {
            return Err(ConfigError::BadState.into());
        }
        if len == 0 {
            return Ok(());
        }
        if self.failure().is_some() {
            self.alert.0 += len as u16;
            self.alert.1 -= len as u8;
        } else if len == available && self.phase != Phase::Open {
            // BearSSL goes on with the handshake once a record is out: that is work for a step.
            self.sent = len;
        } else {
            // SAFETY: the context has been set up, and that many bytes were offered.
            unsafe { br::br_ssl_engine_sendrec_ack(self.raw(), len) };
            self.look();
        }
        Ok(())
    }

    /// Whether [`step`](Self::step) has something to do.
    pub(crate) fn has_work(&self) -> bool {
        if self.failure().is_some() {
            return false;
        }
        self.sent > 0 || (self.staged > 0 && self.offered_input().1 > 0)
    }

    /// Works on one portion: a record header, a handshake message, a certificate, or a record of data.
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if self.sent > 0 {
            let sent = core::mem::take(&mut self.sent);
            // SAFETY: the context has been set up, and that many bytes were offered.
            unsafe { br::br_ssl_engine_sendrec_ack(self.raw(), sent) };
            self.look();
        } else if self.staged > 0 {
            self.step_input();
        }
        self.settle_end();
        self.failure().map_or(Ok(()), Err)
    }

    fn step_input(&mut self) {
        let (place, room) = self.offered_input();
        if room == 0 {
            return;
        }
        let (from, staged) = (self.staged_at, self.staged);
        if place != from {
            // SAFETY: both places are in the input buffer: BearSSL's offer ends with the record that these bytes belong to.
            unsafe { core::ptr::copy(from, place, staged.min(room)) };
        }
        // SAFETY: the bytes are in the input buffer, and BearSSL is not working now.
        let data = unsafe { core::slice::from_raw_parts(place, staged.min(room)) };
        // BearSSL keeps what was offered until the whole of the server's identifier has passed.
        // SAFETY: the context has been set up, and BearSSL is not working now.
        let session = unsafe { &(*self.raw()).session };
        let session = match self.offered_session {
            true => session
                .session_id
                .get(..usize::from(session.session_id_len)),
            false => None,
        };
        let portion = match self.framing.portion(data, session.unwrap_or_default()) {
            Ok(portion) => portion,
            Err(error) => {
                self.staged = 0;
                return self.fail(error.into());
            }
        };
        self.staged -= portion;
        self.staged_at = place.wrapping_add(portion);
        if self.phase == Phase::Handshake {
            crate::log::log!(
                trace,
                "TLS handshake: {} bytes, next message {}",
                portion,
                self.framing.next() as u8
            );
        }
        // SAFETY: the context has been set up, and that many bytes were offered and written.
        unsafe { br::br_ssl_engine_recvrec_ack(self.raw(), portion) };
        self.look();
    }

    /// Takes note of what BearSSL's state has become.
    fn look(&mut self) {
        let engine = self.engine();
        let (code, mode, data) = (engine.err, engine.iomode, engine.application_data);
        self.framing.overhead = match engine.session.cipher_suite {
            br::BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
            | br::BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => 16,
            _ => 24,
        };
        // SAFETY: while the handshake lasts the handler is in the scratch; afterwards the pointer is null.
        if let Some(error) = unsafe { self.auth.as_ref() }.and_then(|auth| auth.failure) {
            // BearSSL would go on without a certificate, and some servers would let it.
            return self.fail(error);
        }
        if mode == 0 {
            if code == br::BR_ERR_OK && self.phase == Phase::Handshake {
                // A close_notify before there was anything to close.
                self.fail(NetworkError::Closed.into());
            } else if code == br::BR_ERR_OK {
                self.phase = Phase::Closed;
            } else {
                let error = self.explain(code);
                self.fail(error);
            }
            return;
        }
        match self.phase {
            Phase::Handshake if data == 1 => {
                crate::log::log!(debug, "TLS established, suite {}", self.suite());
                self.framing.set_next(Message::Done);
                self.phase = Phase::Open;
            }
            Phase::Handshake
                if self.framing.next() == Message::ClientHello && self.output().is_empty() =>
            {
                self.framing.set_next(Message::ServerHello);
            }
            Phase::Handshake
                if self.framing.next() == Message::ServerKeyExchange
                    && self.suite() == br::BR_TLS_RSA_WITH_AES_128_GCM_SHA256 =>
            {
                self.framing.set_next(Message::ServerHelloDone);
            }
            Phase::Handshake
                if self.framing.next() == Message::ClientKeyExchange
                    && !core::ptr::eq(
                        self.out_class(),
                        &raw const br::br_sslrec_out_clear_vtable,
                    ) =>
            {
                self.framing.set_next(Message::ChangeCipherSpec);
            }
            Phase::Open if data != 1 => self.phase = Phase::Closing,
            _ => {}
        }
    }

    /// What encrypts our records now.
    fn out_class(&self) -> *const br::br_sslrec_out_class {
        // SAFETY: every arm of the union starts with this pointer.
        unsafe { self.engine().out.vtable }
    }

    /// BearSSL's error number as an error of ours, with what our verifier knows about it.
    fn explain(&self, code: i32) -> Error {
        // SAFETY: while the handshake lasts the verifier is in the scratch; afterwards the pointer is null.
        if let Some(error) = unsafe { self.verifier.as_ref() }.and_then(|head| head.failure) {
            return error;
        }
        Error::from_engine(code)
    }

    /// Ends the connection with an error, and readies the alert that tells the server why.
    pub(crate) fn fail(&mut self, error: Error) {
        if self.failure().is_some() {
            return;
        }
        self.staged = 0;
        if !core::mem::replace(&mut self.alert_tried, true) {
            self.alert = alert::prepare(self, &error).unwrap_or((0, 0));
        }
        let engine = self.engine_mut();
        engine.iomode = 0;
        engine.err = br::BR_ERR_IO;
        self.failure = Slot::of(error);
        crate::log::log!(warn, "TLS failed, code {}", error.code());
    }

    /// Why the connection ended, if it failed.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.get()
    }

    /// Whether the handshake has finished and our last message is out or in the output.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open && self.failure().is_none()
    }

    /// Whether both sides have said that they are done, or the connection failed.
    pub(crate) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed || self.failure().is_some()
    }

    /// Whether no more application data can come.
    pub(crate) fn is_read_closed(&self) -> bool {
        self.is_closed() || self.phase == Phase::Closing
    }

    /// Lets go of everything that belongs to the handshake alone.
    pub(crate) fn detach(&mut self) {
        // SAFETY: while the handshake lasts the verifier is in the scratch.
        if let Some(head) = unsafe { self.verifier.as_ref() } {
            self.learned = head.learned.map_or(Slot::EMPTY, Slot::of);
        }
        self.verifier = core::ptr::null_mut();
        self.auth = core::ptr::null_mut();
        // SAFETY: all zero is a valid value of the C structure, and it has been zeroed at least.
        let client = unsafe { self.client.assume_init_mut() };
        client.client_auth_vtable = core::ptr::null_mut();
        client.eng.x509ctx = core::ptr::null_mut();
        client.eng.chain = core::ptr::null();
        client.eng.chain_len = 0;
        client.eng.cert_cur = core::ptr::null();
        client.eng.cert_len = 0;
        client.eng.protocol_names = core::ptr::null_mut();
        client.eng.protocol_names_num = 0;
    }

    /// Starts the closing: what was written is sent, then close_notify; input that has not been read is dropped.
    pub(crate) fn close(&mut self) {
        if self.failure().is_some() || !matches!(self.phase, Phase::Open | Phase::Handshake) {
            return;
        }
        if self.phase == Phase::Handshake {
            // There is nothing to close yet: tell the server, and stop.
            return self.fail(NetworkError::Closed.into());
        }
        let unread = self.readable().len();
        self.read(unread);
        if self.failure().is_some() {
            return;
        }
        self.phase = Phase::Closing;
        // SAFETY: the context has been set up.
        unsafe { br::br_ssl_engine_close(self.raw()) };
        self.look();
    }

    /// Overwrites keys and state, and makes the context ready for another connection.
    pub(crate) fn wipe(&mut self) {
        let engine = self.engine();
        let (input, input_len) = (engine.ibuf, engine.ibuf_len);
        let (output, output_len) = (engine.obuf, engine.obuf_len);
        for (place, len) in [(input, input_len), (output, output_len)] {
            if !place.is_null() {
                // SAFETY: the buffers are borrowed as long as the context is in use, and it is until this returns.
                wipe(unsafe { core::slice::from_raw_parts_mut(place, len) });
            }
        }
        self.reset();
    }

    /// Makes the context like new, in place, whatever it was: it is too large to be built on the stack and moved.
    fn reset(&mut self) {
        // SAFETY: the structure is plain memory of this size, for which all zero is a valid value.
        let client = unsafe {
            core::slice::from_raw_parts_mut(
                self.client.as_mut_ptr().cast::<u8>(),
                size_of_val(&self.client),
            )
        };
        wipe(client);
        self.framing = Framing::new();
        self.phase = Phase::Idle;
        self.failure = Slot::EMPTY;
        self.staged = 0;
        self.staged_at = core::ptr::null_mut();
        self.sent = 0;
        self.alert = (0, 0);
        self.alert_tried = false;
        self.input_ended = false;
        self.offered_session = false;
        self.learned = Slot::EMPTY;
        self.verifier = core::ptr::null_mut();
        self.auth = core::ptr::null_mut();
    }
}

/// The error for a call that BearSSL refused while it was being set up.
fn refused(code: i32) -> Error {
    match code {
        br::BR_ERR_NO_RANDOM => ResourceError::NoEntropy.into(),
        br::BR_ERR_BAD_CIPHER_SUITE => ConfigError::CipherSuites.into(),
        _ => PeerError::Protocol(ProtocolError::BadState).into(),
    }
}

#[cfg(test)]
mod tests;
