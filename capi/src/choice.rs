//! What a connection names: trust, identity, algorithms. Each is a function of its own, whose address C puts into the
//! configuration, so that the linker keeps the code of those that a program names and of no others.

use core::ffi::{c_char, c_void};

use bearcub::error::{ConfigError, Fault, Input};
use bearcub::identity::{EcKey, FlashImage, Identity, MAX_CHAIN, RsaKey, SourceError};
use bearcub::tls::{Algorithms, Config, Groups, Suite, Verify};
use bearcub::trust::{Pin, PublicKey, Trust, TrustAnchor};

use crate::board::Board;
use crate::error::{self, Failure, Outcome, number};
use crate::memory::{bytes, list, structure, text};
use crate::types::{ANCHORS, PINS, TlsConfig};

/// A connection that waits for its trust.
pub struct Attempt<'a> {
    /// Goes on with it.
    pub go_on: &'a mut dyn FnMut(&dyn Verify) -> Outcome,
    /// The firmware, for the time.
    pub board: &'a Board,
}

/// A connection that waits for its identity.
pub struct Chosen<'a> {
    /// What it is to be but for that.
    pub config: Config<'a>,
    /// Goes on with it.
    pub go_on: &'a mut dyn FnMut(&Config<'_>) -> Outcome,
}

/// The configuration, and the attempt that the library handed out for it.
///
/// # Safety
/// Both are null or what this library handed to the function that calls this.
unsafe fn both<'a, T>(
    config: *const TlsConfig,
    attempt: *mut T,
) -> Result<(&'a TlsConfig, &'a mut T), Failure> {
    // SAFETY: passed on to the caller.
    let config = unsafe { structure(config) }?;
    // SAFETY: the caller says that it is null or ours, and nobody else has it.
    let attempt = unsafe { attempt.as_mut() }.ok_or(Failure(error::NULL))?;
    Ok((config, attempt))
}

/// The pins of a configuration.
struct Pins([Pin; PINS], usize);

impl Pins {
    fn of(config: &TlsConfig) -> Result<Pins, Failure> {
        // SAFETY: the header demands that the list is valid during the call.
        let texts: &[*const c_char] = unsafe { list(config.pins, config.pin_count) }?;
        let mut pins = Pins([Pin::Sha1([0; 20]); PINS], texts.len());
        if texts.len() > PINS {
            return Err(Failure(error::VALUE));
        }
        for (pin, &place) in pins.0.iter_mut().zip(texts) {
            // SAFETY: the header demands strings that are valid during the call.
            *pin = Pin::parse(unsafe { text(place) }?)?;
        }
        Ok(pins)
    }

    fn all(&self) -> &[Pin] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// The anchors of a configuration.
struct Anchors<'a>([TrustAnchor<'a>; ANCHORS], usize);

impl<'a> Anchors<'a> {
    fn of(config: &'a TlsConfig) -> Result<Anchors<'a>, Failure> {
        const NONE: TrustAnchor<'static> = TrustAnchor::bare(PublicKey::Rsa { n: &[], e: &[] });
        // SAFETY: the header demands that the list is valid during the call.
        let given = unsafe { list(config.anchors, config.anchor_count) }?;
        if given.len() > ANCHORS {
            return Err(Failure(error::VALUE));
        }
        let mut anchors = Anchors([NONE; ANCHORS], given.len());
        for (anchor, &place) in anchors.0.iter_mut().zip(given) {
            // SAFETY: the header demands bytes that are valid during the call.
            let der = unsafe { bytes(place) }?;
            *anchor = TrustAnchor::from_public_key(der)
                .or_else(|_| TrustAnchor::from_certificate(der))?;
        }
        Ok(anchors)
    }

    fn all(&self) -> &[TrustAnchor<'a>] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// The clock with the configuration's floor.
fn clock(config: &TlsConfig, board: &Board) -> bearcub::clock::Clock {
    let floor = bearcub::clock::Time::from_unix(config.not_before);
    floor.map_or(board.clock(), |floor| board.clock().not_before(floor))
}

/// `bearcub_trust_pins`.
///
/// # Safety
/// As the header says: only the library calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_trust_pins(
    config: *const TlsConfig,
    attempt: *mut Attempt<'_>,
) -> i32 {
    number((|| {
        // SAFETY: passed on to the caller.
        let (config, attempt) = unsafe { both(config, attempt) }?;
        let pins = Pins::of(config)?;
        (attempt.go_on)(&Trust::fingerprints(pins.all()))
    })())
}

/// `bearcub_trust_anchors`.
///
/// # Safety
/// As the header says: only the library calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_trust_anchors(
    config: *const TlsConfig,
    attempt: *mut Attempt<'_>,
) -> i32 {
    number((|| {
        // SAFETY: passed on to the caller.
        let (config, attempt) = unsafe { both(config, attempt) }?;
        let anchors = Anchors::of(config)?;
        (attempt.go_on)(&Trust::anchors(anchors.all(), clock(config, attempt.board)))
    })())
}

/// `bearcub_trust_anchors_and_pins`.
///
/// # Safety
/// As the header says: only the library calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_trust_anchors_and_pins(
    config: *const TlsConfig,
    attempt: *mut Attempt<'_>,
) -> i32 {
    number((|| {
        // SAFETY: passed on to the caller.
        let (config, attempt) = unsafe { both(config, attempt) }?;
        let (anchors, pins) = (Anchors::of(config)?, Pins::of(config)?);
        let trust = Trust::anchors(anchors.all(), clock(config, attempt.board));
        (attempt.go_on)(&trust.and_pin(pins.all()))
    })())
}

/// `bearcub_trust_learn`.
///
/// # Safety
/// As the header says: only the library calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearcub_trust_learn(
    config: *const TlsConfig,
    attempt: *mut Attempt<'_>,
) -> i32 {
    number((|| {
        // SAFETY: passed on to the caller.
        let (_, attempt) = unsafe { both(config, attempt) }?;
        (attempt.go_on)(&Trust::learn())
    })())
}

/// Reads the chain of a configuration, and hands it on.
fn with_chain(config: &TlsConfig, then: impl FnOnce(&[&[u8]], &[u8]) -> Outcome) -> Outcome {
    // SAFETY: the header demands bytes that are valid during the call.
    let key = unsafe { bytes(config.key) }?;
    if key.is_empty() {
        return Err(ConfigError::MissingPrivateKey.into());
    }
    // SAFETY: the header demands that the list is valid during the call.
    let given = unsafe { list(config.certificates, config.certificate_count) }?;
    let mut chain: [&[u8]; MAX_CHAIN] = [&[]; MAX_CHAIN];
    for (place, &certificate) in chain.iter_mut().zip(given) {
        // SAFETY: the header demands bytes that are valid during the call.
        *place = unsafe { bytes(certificate) }?;
    }
    let chain = chain.get(..given.len()).filter(|chain| !chain.is_empty());
    let chain = chain.ok_or(ConfigError::ChainLength)?;
    then(chain, key)
}

/// Opens the image of a configuration.
fn open(config: &TlsConfig) -> Result<FlashImage<impl Fn(usize) -> u32>, Failure> {
    let image = config.image;
    if image.is_null() {
        return Err(ConfigError::MissingPrivateKey.into());
    }
    if !(image as usize).is_multiple_of(4) {
        return Err(Failure(error::HANDLE));
    }
    let word = move |index: usize| {
        // SAFETY: `FlashImage` asks for words of the image's size alone, which the header demands to be there.
        let place = unsafe { image.add(index) };
        // SAFETY: as above; it is aligned. A volatile load stays one of a word.
        unsafe { place.read_volatile() }
    };
    FlashImage::open(word, config.image_size).map_err(|error| match error {
        SourceError::Missing => ConfigError::MissingPrivateKey.into(),
        _ => ConfigError::Malformed {
            input: Input::PrivateKey,
            fault: Fault::Unexpected,
            offset: 0,
        }
        .into(),
    })
}

macro_rules! identities {
    ($key:ty, $in_memory:ident, $in_flash:ident) => {
        /// A function of the header.
        ///
        /// # Safety
        /// As the header says: only the library calls it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $in_memory(
            config: *const TlsConfig,
            attempt: *mut Chosen<'_>,
        ) -> i32 {
            number((|| {
                // SAFETY: passed on to the caller.
                let (config, chosen) = unsafe { both(config, attempt) }?;
                with_chain(config, |chain, key| {
                    let identity = Identity::new(chain, <$key>::from_der(key)?)?;
                    (chosen.go_on)(&chosen.config.identity(&identity))
                })
            })())
        }

        /// A function of the header.
        ///
        /// # Safety
        /// As the header says: only the library calls it.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $in_flash(
            config: *const TlsConfig,
            attempt: *mut Chosen<'_>,
        ) -> i32 {
            number((|| {
                // SAFETY: passed on to the caller.
                let (config, chosen) = unsafe { both(config, attempt) }?;
                let source = open(config)?;
                let identity = Identity::<$key>::stored(&source)?;
                (chosen.go_on)(&chosen.config.identity(&identity))
            })())
        }
    };
}

identities!(EcKey<'_>, bearcub_identity_ec, bearcub_identity_ec_image);
identities!(RsaKey<'_>, bearcub_identity_rsa, bearcub_identity_rsa_image);

static EVERY: Algorithms<'static> = Algorithms::DEFAULT;
static P256: Algorithms<'static> = Algorithms {
    suites: &[
        Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ],
    groups: Groups::P256,
};

/// `bearcub_algorithms_default`.
#[unsafe(no_mangle)]
pub extern "C" fn bearcub_algorithms_default() -> *const c_void {
    (&raw const EVERY).cast()
}

/// `bearcub_algorithms_p256`.
#[unsafe(no_mangle)]
pub extern "C" fn bearcub_algorithms_p256() -> *const c_void {
    (&raw const P256).cast()
}

/// The algorithms that C named.
///
/// # Safety
/// `algorithms` is null or what one of the functions above gave.
///
/// # Errors
/// `NULL`.
pub unsafe fn algorithms(algorithms: *const c_void) -> Result<Algorithms<'static>, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { structure(algorithms.cast::<Algorithms<'static>>()) }.copied()
}
