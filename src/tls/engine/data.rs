//! What a connection is for: application data in both directions, and what was agreed on.

use bearssl_sys as br;

use crate::error::{Error, NetworkError, ResourceError};
use crate::tls::FragmentLength;
use crate::tls::framing::Message;
use crate::trust::Pin;

use super::{Context, Phase};

impl Context {
    /// The message that is awaited.
    pub(crate) fn next(&self) -> Message {
        self.framing.next()
    }

    /// The agreed suite's number.
    pub(crate) fn suite(&self) -> u16 {
        self.engine().session.cipher_suite
    }

    /// The group of the key exchange, unless it was RSA or the session was resumed.
    pub(crate) fn group(&self) -> Option<u16> {
        let suite = self.suite();
        let exchanged =
            self.framing.seen_certificate() && suite != br::BR_TLS_RSA_WITH_AES_128_GCM_SHA256;
        exchanged.then(|| u16::from(self.engine().ecdhe_curve))
    }

    /// The fragment length that the server agreed to.
    pub(crate) fn agreed_fragment_length(&self) -> Option<FragmentLength> {
        self.framing.agreed()
    }

    /// Which of the offered ALPN names the server chose.
    pub(crate) fn alpn(&self) -> Option<usize> {
        match self.engine().selected_protocol {
            0 | 0xFFFF => None,
            number => Some(usize::from(number) - 1),
        }
    }

    /// Whether the session that was offered has been resumed.
    pub(crate) fn resumed(&self) -> bool {
        self.offered_session && !self.framing.seen_certificate()
    }

    /// Whether the server asked for a client certificate.
    pub(crate) fn certificate_requested(&self) -> bool {
        self.framing.seen_certificate_request()
    }

    /// What a learning policy learned.
    pub(crate) fn learned(&self) -> Option<Pin> {
        self.learned.get()
    }

    /// Session identifier and master secret, if the server gave an identifier.
    pub(crate) fn session(&self) -> Option<(&[u8], &[u8; 48])> {
        let session = &self.engine().session;
        let len = usize::from(session.session_id_len);
        (len > 0 && len <= 32).then(|| (&session.session_id[..len], &session.master_secret))
    }

    /// The client's random and the master secret, for a key log.
    #[cfg(feature = "key-log")]
    pub(crate) fn secrets(&self) -> (&[u8; 32], &[u8; 48]) {
        (
            &self.engine().client_random,
            &self.engine().session.master_secret,
        )
    }

    /// Decrypted bytes that have not been read.
    pub(crate) fn readable(&self) -> &[u8] {
        if matches!(self.phase, Phase::Idle | Phase::Closed) || self.failure().is_some() {
            return &[];
        }
        let mut len = 0;
        // SAFETY: the context has been set up.
        let place = unsafe { br::br_ssl_engine_recvapp_buf(self.engine(), &mut len) };
        if place.is_null() || len == 0 {
            return &[];
        }
        // SAFETY: BearSSL hands out a part of the input buffer, which is borrowed as long as `self` is in use.
        unsafe { core::slice::from_raw_parts(place, len) }
    }

    /// Says that the first `len` of them have been read.
    pub(crate) fn read(&mut self, len: usize) {
        let len = len.min(self.readable().len());
        if len > 0 {
            // SAFETY: the context has been set up, and that many bytes were offered.
            unsafe { br::br_ssl_engine_recvapp_ack(self.raw(), len) };
            self.settle_end();
        }
    }

    /// Takes as many bytes of `data` as fit into the record that is being filled; 0 when the output must be sent first.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<usize, Error> {
        if let Some(failure) = self.failure() {
            return Err(failure);
        }
        if self.phase != Phase::Open {
            return Err(NetworkError::Closed.into());
        }
        let mut room = 0;
        // SAFETY: the context has been set up.
        let place = unsafe { br::br_ssl_engine_sendapp_buf(self.engine(), &mut room) };
        if place.is_null() || room == 0 {
            if self.output().is_empty() && !self.readable().is_empty() {
                return Err(ResourceError::UnreadInput.into());
            }
            return Ok(0);
        }
        let taken = room.min(data.len());
        if taken > 0 {
            // SAFETY: BearSSL offers `room` bytes of the output buffer, and `data` is not part of it.
            unsafe { core::ptr::copy_nonoverlapping(data.as_ptr(), place, taken) };
            // SAFETY: the context has been set up, and that many bytes were offered.
            unsafe { br::br_ssl_engine_sendapp_ack(self.raw(), taken) };
        }
        Ok(taken)
    }

    /// Puts what has been written so far into a record of its own.
    pub(crate) fn flush(&mut self) {
        if self.phase == Phase::Open && self.failure().is_none() {
            // SAFETY: the context has been set up.
            unsafe { br::br_ssl_engine_flush(self.raw(), 0) };
        }
    }
}
