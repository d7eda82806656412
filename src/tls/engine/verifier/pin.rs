//! Trust in the server's key alone.

use bearssl_sys as br;
use core::ffi::{c_char, c_uint, c_void};
use core::mem::offset_of;

use crate::error::{CertificateError, Error, PeerError};
use crate::trust::{AnyoneAccepted, Fingerprints, Learn, Pin, PublicKey};

use super::{Head, field, public_key, refused, verdict};

/// What a policy says of the server's key; for the policies that look at nothing else.
pub(super) trait Judge {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error>;
}

impl Judge for Fingerprints<'_> {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        if self.accepts(key) {
            Ok(None)
        } else {
            Err(PeerError::FingerprintMismatch.into())
        }
    }
}

impl Judge for Learn {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        Ok(Some(self.pin(key)))
    }
}

impl Judge for AnyoneAccepted {
    fn judge(&self, _: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        Ok(None)
    }
}

/// Judges the key of the first certificate; what else the server sends is skipped.
#[repr(C)]
pub(crate) struct PinVerifier {
    head: Head,
    /// The policy; it outlives the handshake.
    judge: *const dyn Judge,
    decoder: br::br_x509_decoder_context,
    certificates: u32,
}

static PIN_TABLE: br::br_x509_class = br::br_x509_class {
    context_size: size_of::<PinVerifier>(),
    start_chain: PinVerifier::start_chain,
    start_cert: PinVerifier::start_cert,
    append: PinVerifier::append,
    end_cert: PinVerifier::end_cert,
    end_chain: PinVerifier::end_chain,
    get_pkey: PinVerifier::get_pkey,
};

impl PinVerifier {
    /// # Safety
    /// As [`Verify::install`].
    pub(super) unsafe fn install(place: *mut u8, judge: &dyn Judge) -> *mut Head {
        let place = place.cast::<PinVerifier>();
        // SAFETY: the caller gives room for the verifier, all of whose C part may be zero.
        unsafe { place.write_bytes(0, 1) };
        let head = Head {
            table: &PIN_TABLE,
            failure: None,
            learned: None,
        };
        // SAFETY: the head is within that room.
        unsafe { core::ptr::write(field(place, offset_of!(PinVerifier, head)), head) };
        // The caller keeps the policy alive as long as the verifier is used.
        let judge = core::ptr::from_ref(judge);
        // SAFETY: only the lifetime changes, for a field that cannot name it.
        let judge = unsafe {
            core::mem::transmute::<*const (dyn Judge + '_), *const (dyn Judge + 'static)>(judge)
        };
        // SAFETY: the field is within that room.
        unsafe { core::ptr::write(field(place, offset_of!(PinVerifier, judge)), judge) };
        place.cast()
    }

    /// # Safety
    /// `context` must come from [`install`](Self::install).
    unsafe fn of<'a>(context: *mut *const br::br_x509_class) -> &'a mut Self {
        // SAFETY: the table is the first field of the head, which is the first field of the verifier.
        unsafe { &mut *context.cast::<Self>() }
    }

    unsafe extern "C" fn start_chain(_: *mut *const br::br_x509_class, _: *const c_char) {}

    unsafe extern "C" fn start_cert(context: *mut *const br::br_x509_class, _: u32) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        if verifier.certificates == 0 {
            // SAFETY: the decoder is ours, and initialised in place.
            unsafe { br::br_x509_decoder_init(&mut verifier.decoder, None, core::ptr::null_mut()) };
        }
    }

    unsafe extern "C" fn append(
        context: *mut *const br::br_x509_class,
        data: *const u8,
        len: usize,
    ) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        // Unlike BearSSL's validator, its decoder runs on after an error if it is given more, and leaves its stacks.
        if verifier.certificates == 0 && verifier.decoder.err == 0 {
            // SAFETY: the decoder has been initialised and not failed, and BearSSL hands in a piece of the certificate.
            unsafe { br::br_x509_decoder_push(&mut verifier.decoder, data.cast::<c_void>(), len) };
        }
    }

    unsafe extern "C" fn end_cert(context: *mut *const br::br_x509_class) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        verifier.certificates += 1;
    }

    unsafe extern "C" fn end_chain(context: *mut *const br::br_x509_class) -> c_uint {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        match verifier.decide() {
            Ok(learned) => verifier.head.learned = learned,
            Err(error) => verifier.head.failure = Some(error),
        }
        verdict(&verifier.head)
    }

    fn decide(&self) -> Result<Option<Pin>, Error> {
        if self.certificates == 0 {
            return Err(refused(CertificateError::EmptyChain));
        }
        match self.decoder.err {
            0 if self.decoder.decoded == 0 => return Err(refused(CertificateError::Truncated)),
            0 => {}
            error => return Err(Error::from_engine(error)),
        }
        let key = public_key(&self.decoder.pkey)?;
        // SAFETY: the policy outlives the handshake.
        unsafe { &*self.judge }.judge(&key)
    }

    unsafe extern "C" fn get_pkey(
        context: *const *const br::br_x509_class,
        usages: *mut c_uint,
    ) -> *const br::br_x509_pkey {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { &*context.cast::<Self>() };
        // SAFETY: `usages` is null or valid.
        if let Some(usages) = unsafe { usages.as_mut() } {
            *usages = (br::BR_KEYTYPE_SIGN | br::BR_KEYTYPE_KEYX) as c_uint;
        }
        if verifier.head.failure.is_some() {
            core::ptr::null()
        } else {
            &raw const verifier.decoder.pkey
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    /// Pushes a certificate in pieces of one byte; BearSSL's error, and how far its stacks moved after that error.
    fn push(certificate: &[u8]) -> (i32, isize) {
        let trust = crate::trust::Trust::learn();
        let mut place = vec![0u64; size_of::<PinVerifier>().div_ceil(8)];
        // SAFETY: there is room, aligned; the policy lives on.
        let head = unsafe { PinVerifier::install(place.as_mut_ptr().cast(), &trust) };
        let context = head.cast::<*const br::br_x509_class>();
        // SAFETY: the context has just been installed.
        unsafe { PinVerifier::start_cert(context, certificate.len() as u32) };
        let mut after_error = None;
        let mut moved = 0;
        for byte in certificate {
            // SAFETY: as above; the piece is one byte.
            unsafe { PinVerifier::append(context, byte, 1) };
            // SAFETY: as above.
            let decoder = unsafe { &PinVerifier::of(context).decoder };
            let stacks = (decoder.cpu.dp as isize, decoder.cpu.rp as isize);
            if let Some((dp, rp)) = after_error {
                let (dp, rp): (isize, isize) = (dp, rp);
                moved += (stacks.0 - dp).abs() + (stacks.1 - rp).abs();
            } else if decoder.err != 0 {
                after_error = Some(stacks);
            }
        }
        // SAFETY: as above.
        let verifier = unsafe { PinVerifier::of(context) };
        // SAFETY: as above.
        unsafe { PinVerifier::end_cert(context) };
        // SAFETY: as above.
        let verdict = unsafe { PinVerifier::end_chain(context) };
        assert_ne!(verdict, 0, "it was accepted");
        (verifier.decoder.err, moved)
    }

    #[test]
    fn the_decoder_does_not_run_on_after_an_error() {
        let mut nested = vec![0x30, 0x82, 0x10, 0x00, 0x30, 0x82, 0x0F, 0xFC];
        nested.extend([0x55; 4096]);
        for certificate in [&[0xFF; 600][..], &nested, &[0x30; 300]] {
            let (error, moved) = push(certificate);
            assert_ne!(error, 0);
            assert_eq!(moved, 0, "the decoder's stacks moved after error {error}");
        }
    }
}
