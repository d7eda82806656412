//! What a handshake starts from, and the borrows that it and the connection after it hold.

use bearssl_sys as br;
use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::mem::offset_of;

use crate::bytes;
use crate::error::{ConfigError, Error, Memory};
use crate::trust::ServerName;

use super::client_auth::{Auth, ClientIdentity};
use super::{Context, FragmentLength, Phase, RECORD_OVERHEAD, Verify, refused, symmetric};
use crate::tls::framing::Message;
use crate::tls::session::Session;

/// Smallest plaintext that a record buffer must hold: BearSSL's rule, and the smallest fragment length of RFC 6066.
const SMALLEST: usize = 512;
/// Largest plaintext of a record.
const LARGEST: usize = 16384;
/// Most ALPN names.
const ALPN_MAX: usize = 4;
/// Most suites.
const SUITES_MAX: usize = 8;

/// What lies at the start of every scratch.
#[repr(C)]
pub(crate) struct Fixed {
    alpn: [*const c_char; ALPN_MAX],
    auth: Auth,
}

/// Alignment of everything in the scratch.
pub(crate) const ALIGN: usize = 8;

/// Bytes at the start of a scratch that every handshake takes, the worst alignment included.
pub(crate) const FIXED_SCRATCH: usize = round_up(size_of::<Fixed>()) + ALIGN;

const fn round_up(len: usize) -> usize {
    len.next_multiple_of(ALIGN)
}

/// Everything that a handshake is told, checked where it can be before a byte is sent.
pub(crate) struct Setup<'h> {
    pub(crate) server_name: &'h str,
    pub(crate) policy: &'h dyn Verify,
    pub(crate) algorithms: super::Algorithms<'h>,
    pub(crate) identity: Option<&'h dyn ClientIdentity>,
    pub(crate) alpn: &'h [&'h CStr],
    /// `None`: as large as the input buffer allows. `Some(None)`: do not ask.
    pub(crate) fragment_length: Option<Option<FragmentLength>>,
    pub(crate) session: Option<&'h Session>,
}

/// The memory that a connection keeps.
pub(crate) struct Kept<'s> {
    pub(crate) context: &'s mut Context,
    pub(crate) input: &'s mut [u8],
    /// `None`: the input buffer serves both directions.
    pub(crate) output: Option<&'s mut [u8]>,
}

/// A handshake in a context: it borrows the connection's memory and the scratch, and whatever the setup refers to.
pub(crate) struct Running<'s, 'h> {
    context: &'s mut Context,
    /// A pointer, because BearSSL holds others into the same memory; it is borrowed for `'h`.
    scratch: *mut [u8],
    _borrows: PhantomData<(&'s mut [u8], &'h mut [u8], *mut &'h ())>,
}

/// A connection in a context: the scratch has been given back.
pub(crate) struct Established<'s> {
    context: &'s mut Context,
    _buffers: PhantomData<&'s mut [u8]>,
}

fn at_least(memory: Memory, needed: usize, given: usize) -> Result<(), Error> {
    if given < needed {
        Err(ConfigError::MemoryTooSmall {
            memory,
            needed,
            given,
        }
        .into())
    } else {
        Ok(())
    }
}

impl Setup<'_> {
    /// The fragment length to offer with an input buffer of this size.
    fn offer(&self, input: usize) -> Result<Option<FragmentLength>, Error> {
        match self.fragment_length {
            Some(chosen) => {
                let needed = chosen.map_or(SMALLEST, FragmentLength::bytes) + RECORD_OVERHEAD;
                at_least(Memory::Input, needed, input)?;
                Ok(chosen)
            }
            None if input >= LARGEST + RECORD_OVERHEAD => Ok(None),
            None => Ok(FragmentLength::ALL
                .into_iter()
                .rev()
                .find(|length| length.bytes() + RECORD_OVERHEAD <= input)),
        }
    }

    fn check(&self) -> Result<ServerName<'_>, Error> {
        self.policy.check()?;
        let suites = self.algorithms.suites;
        let lacks_group =
            self.algorithms.groups.is_empty() && suites.iter().any(|suite| suite.needs_group());
        if suites.is_empty() || suites.len() > SUITES_MAX || lacks_group {
            return Err(ConfigError::CipherSuites.into());
        }
        let named = |name: &&CStr| (1..=255).contains(&name.count_bytes());
        if self.alpn.len() > ALPN_MAX || !self.alpn.iter().all(named) {
            return Err(ConfigError::Alpn.into());
        }
        if let Some(session) = self.session
            && !suites.iter().any(|suite| suite.id() == session.suite())
        {
            return Err(ConfigError::ForeignSession.into());
        }
        Ok(ServerName::parse(self.server_name)?)
    }
}

impl<'s, 'h> Running<'s, 'h> {
    /// Checks everything, and readies the ClientHello.
    pub(crate) fn start(
        kept: Kept<'s>,
        scratch: &'h mut [u8],
        setup: &Setup<'h>,
        seed: &[u8],
    ) -> Result<Running<'s, 'h>, Error> {
        let name = setup.check()?;
        at_least(Memory::Input, SMALLEST + RECORD_OVERHEAD, kept.input.len())?;
        if let Some(output) = &kept.output {
            at_least(Memory::Output, SMALLEST + RECORD_OVERHEAD, output.len())?;
        }
        let offered = setup.offer(kept.input.len())?;
        let verifier_len = round_up(setup.policy.scratch());
        at_least(Memory::Scratch, FIXED_SCRATCH + verifier_len, scratch.len())?;

        let whole: *mut [u8] = scratch;
        // SAFETY: it is the memory that was just borrowed; from here on it is reached through this pointer only.
        let scratch = unsafe { &mut *whole };
        let skipped = scratch.as_ptr().align_offset(ALIGN);
        // There is enough, as has been seen above.
        let parts = scratch
            .get_mut(skipped..)
            .and_then(|aligned| aligned.split_at_mut_checked(round_up(size_of::<Fixed>())))
            .and_then(|(fixed, rest)| Some((fixed, rest.split_at_mut_checked(verifier_len)?)));
        let Some((fixed, (verifier, space))) = parts else {
            return Err(ConfigError::BadState.into());
        };

        // From here on nothing of the memory's past is looked at: it may belong to a connection that was forgotten.
        let context = kept.context;
        context.reset();
        // SAFETY: all zero is a valid value of the C structure.
        let client = unsafe { context.client.assume_init_mut() };
        for suite in setup.algorithms.suites {
            // SAFETY: the context is zeroed and being set up.
            unsafe { suite.install(client) };
        }
        client.eng.iec = setup.algorithms.groups.0;
        client.eng.version_min = br::BR_TLS12 as u16;
        client.eng.version_max = br::BR_TLS12 as u16;
        client.eng.flags = br::BR_OPT_NO_RENEGOTIATION | br::BR_OPT_FAIL_ON_ALPN_MISMATCH;
        client.eng.prf_sha256 = Some(br::br_tls12_sha256_prf);
        client.eng.mhash.impl_[br::br_sha256_ID as usize - 1] = symmetric::sha256();
        client.eng.mhash.impl_[br::br_sha384_ID as usize - 1] = symmetric::sha384();
        for (slot, suite) in client
            .eng
            .suites_buf
            .iter_mut()
            .zip(setup.algorithms.suites)
        {
            *slot = suite.id();
        }
        client.eng.suites_num = setup.algorithms.suites.len() as u8;

        client.eng.ibuf = kept.input.as_mut_ptr();
        client.eng.ibuf_len = kept.input.len();
        (client.eng.obuf, client.eng.obuf_len) = match kept.output {
            Some(output) => (output.as_mut_ptr(), output.len()),
            None => (client.eng.ibuf, client.eng.ibuf_len),
        };
        client.eng.max_frag_len = offered.map_or(LARGEST, FragmentLength::bytes) as u16;
        client.eng.log_max_frag_len = offered.map_or(LARGEST, FragmentLength::bytes).ilog2() as u8;

        let fixed = fixed.as_mut_ptr();
        let names: *mut [*const c_char; ALPN_MAX] =
            fixed.wrapping_add(offset_of!(Fixed, alpn)).cast();
        // SAFETY: the scratch has room for it, aligned; what it was is overwritten.
        unsafe { names.write([core::ptr::null(); ALPN_MAX]) };
        // SAFETY: as above, and nobody else has a reference to it.
        let names = unsafe { &mut *names };
        for (slot, name) in names.iter_mut().zip(setup.alpn) {
            *slot = name.as_ptr();
        }
        if !setup.alpn.is_empty() {
            client.eng.protocol_names = names.as_mut_ptr();
            client.eng.protocol_names_num = setup.alpn.len() as u16;
        }

        // SAFETY: the scratch has room for it, aligned; policy and name outlive the handshake, which borrows them.
        let head = unsafe { setup.policy.install(verifier.as_mut_ptr(), &name)? };
        client.eng.x509ctx = head.cast();
        if let Some(identity) = setup.identity {
            let auth = fixed.wrapping_add(offset_of!(Fixed, auth)).cast();
            // SAFETY: the scratch has room for it, aligned; the identity and the space outlive the handshake.
            let auth = unsafe { Auth::install(auth, identity, space) };
            client.client_auth_vtable = auth.cast();
            context.auth = auth;
        }
        context.verifier = head;
        context.offered_session = setup.session.is_some();
        if let Some(session) = setup.session {
            let place = &mut context.engine_mut().session;
            place.session_id_len = session.id().len() as u8;
            bytes::copy(&mut place.session_id, session.id());
            place.version = br::BR_TLS12 as u16;
            place.cipher_suite = session.suite();
            place.master_secret = *session.master_secret();
        }
        context.framing.start(offered, kept.input.len());

        let mut c_name = [0u8; 256];
        if let Some(text) = name.dns() {
            bytes::copy(&mut c_name, text.as_bytes());
        }
        // SAFETY: the hash functions are in place; BearSSL reads the seed.
        unsafe {
            br::br_ssl_engine_inject_entropy(context.raw(), seed.as_ptr().cast(), seed.len())
        };
        context.engine_mut().rng_os_rand_done = 1;
        context.phase = Phase::Handshake;
        context.framing.set_next(Message::ClientHello);
        let resume = i32::from(setup.session.is_some());
        // SAFETY: the context is complete; the name ends with a NUL and is copied.
        let started = unsafe {
            br::br_ssl_client_reset(context.client.as_mut_ptr(), c_name.as_ptr().cast(), resume)
        };
        if started != 1 {
            let code = context.engine().err;
            context.reset();
            return Err(refused(code));
        }
        Ok(Running {
            context,
            scratch: whole,
            _borrows: PhantomData,
        })
    }

    pub(crate) fn context(&self) -> &Context {
        self.context
    }

    pub(crate) fn context_mut(&mut self) -> &mut Context {
        self.context
    }

    /// Gives the scratch back, wiped.
    pub(crate) fn finish(self) -> Established<'s> {
        let mut running = core::mem::ManuallyDrop::new(self);
        running.give_back();
        // SAFETY: `running` is not used or dropped after this: the borrow moves on.
        let context = unsafe { core::ptr::read(&running.context) };
        Established {
            context,
            _buffers: PhantomData,
        }
    }

    /// Lets go of the scratch, and wipes it.
    fn give_back(&mut self) {
        self.context.detach();
        // SAFETY: the scratch is borrowed, and nothing points into it any more.
        super::wipe(unsafe { &mut *self.scratch });
    }
}

impl Drop for Running<'_, '_> {
    fn drop(&mut self) {
        self.give_back();
        self.context.wipe();
    }
}

impl Established<'_> {
    pub(crate) fn context(&self) -> &Context {
        self.context
    }

    pub(crate) fn context_mut(&mut self) -> &mut Context {
        self.context
    }
}

impl Drop for Established<'_> {
    fn drop(&mut self) {
        self.context.wipe();
    }
}
