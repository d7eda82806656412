//! The decision whom to trust, one type for each choice.
//!
//! They are separate types, and the TLS engine attaches its verifier to the type, so that a program contains
//! the code of the choices that it names and nothing else.

use super::{Pin, PublicKey, TrustAnchor};
use crate::clock::{Clock, Time};
use crate::error::{ConfigError, Fault, Input};

/// Where a program says whom it trusts. There is no default.
///
/// ```
/// use bearcub::trust::{Pin, Policy, Trust};
///
/// let pins = [Pin::parse("25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058")?];
/// let trust = Trust::fingerprints(&pins);
/// assert_eq!(trust.check(), Ok(()));
/// # Ok::<(), bearcub::error::ConfigError>(())
/// ```
///
/// | choice | the server must | the device needs |
/// |---|---|---|
/// | [`Trust::fingerprints`] | have one of the pinned keys | nothing else |
/// | [`Trust::learn`] | be the right one the first time | to store the pin that it learns |
/// | [`Trust::anchors`] | have a certificate from one of these authorities | the time |
/// | [`Trust::anchors`] with [`Anchors::and_pin`] | both | the time |
/// | [`Trust::accept_anyone_insecurely`] | nothing | a reason |
#[derive(Debug)]
pub enum Trust {}

impl Trust {
    /// Accepts a server whose key has one of these fingerprints.
    ///
    /// Names and validity of its certificate are not looked at: the key is the server. List the next key as
    /// well, before the server changes to it. An empty list is refused, and never means "any".
    #[must_use]
    pub const fn fingerprints(pins: &[Pin]) -> Fingerprints<'_> {
        Fingerprints { pins }
    }

    /// Accepts any server once, and hands its pin back for the caller to store.
    ///
    /// It is meant for the first connection, in a network that can be trusted at that moment. Everything
    /// after that is [`Trust::fingerprints`]. Do not send secrets over the connection that learns.
    #[must_use]
    pub const fn learn() -> Learn {
        Learn(())
    }

    /// Accepts a server with a certificate for the right name, valid now, from one of these authorities.
    #[must_use]
    pub const fn anchors<'a>(anchors: &'a [TrustAnchor<'a>], clock: Clock) -> Anchors<'a> {
        Anchors { anchors, clock }
    }

    /// Accepts any server at all: whoever can redirect the connection can read and change all of it.
    ///
    /// For experiments on one's own desk.
    #[must_use]
    pub const fn accept_anyone_insecurely() -> AnyoneAccepted {
        AnyoneAccepted(())
    }

    /// What the two fingerprint slots of a Tasmota device mean, where a slot of only 00 stands for "learn"
    /// and one of only FF for "accept anyone".
    ///
    /// Real fingerprints win: beside one of them, a 00 or FF slot is ignored and does not stay open, as it
    /// does in Tasmota. Without a real one, FF in any slot accepts anyone, and 00 in both learns.
    #[must_use]
    pub fn from_tasmota_slots(first: [u8; 20], second: [u8; 20]) -> TasmotaSlots {
        let [first, second] = [first, second].map(Pin::Sha1);
        match (first.is_wildcard(), second.is_wildcard()) {
            (false, false) => TasmotaSlots::Pinned([first, second]),
            (false, true) => TasmotaSlots::Pinned([first, first]),
            (true, false) => TasmotaSlots::Pinned([second, second]),
            (true, true) if [first, second].contains(&Pin::Sha1([0xff; 20])) => {
                TasmotaSlots::AnyoneAccepted(Self::accept_anyone_insecurely())
            }
            (true, true) => TasmotaSlots::Learn(Self::learn()),
        }
    }
}

/// What all choices have in common.
///
/// ```
/// use bearcub::error::ConfigError;
/// use bearcub::trust::{Policy, Trust};
///
/// assert_eq!(Trust::fingerprints(&[]).check(), Err(ConfigError::NothingTrusted));
/// ```
///
/// The trait is sealed: the choices of this module are all there are.
pub trait Policy: sealed::Sealed {
    /// Whether the choice can be acted on: something is trusted, and what it needs is there.
    ///
    /// # Errors
    ///
    /// [`ConfigError::NothingTrusted`] for an empty list; [`ConfigError::Malformed`] with [`Input::Pin`] and
    /// [`Fault::OutOfRange`] for a pin of only 00 or only FF bytes; with trust anchors also
    /// [`ConfigError::ClockNotSet`] and [`ConfigError::ClockBeforeFloor`].
    fn check(&self) -> Result<(), ConfigError>;

    /// Hands a description of the choice to `feed`, piece by piece, so that a stored session can be held to the trust
    /// that it was made under.
    ///
    /// Two choices feed the same bytes if and only if they are of the same kind, with the same pins and
    /// anchors in the same order. The time is not part of it.
    fn binding(&self, feed: &mut dyn FnMut(&[u8]));

    /// Whether a server that is accepted is thereby known: `false` for [`Learn`] and [`AnyoneAccepted`].
    fn verifies(&self) -> bool {
        true
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Fingerprints<'_> {}
    impl Sealed for super::Learn {}
    impl Sealed for super::Anchors<'_> {}
    impl Sealed for super::PinnedAnchors<'_> {}
    impl Sealed for super::AnyoneAccepted {}
}

/// Pinned keys; made by [`Trust::fingerprints`].
///
/// ```
/// use bearcub::trust::{Pin, PublicKey, Trust};
///
/// let key = PublicKey::Rsa { n: &[0xc5; 256], e: &[1, 0, 1] };
/// let pins = [Pin::sha256_of(&key)];
/// assert!(Trust::fingerprints(&pins).accepts(&key));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprints<'a> {
    pins: &'a [Pin],
}

impl<'a> Fingerprints<'a> {
    /// The pins.
    #[must_use]
    pub const fn pins(&self) -> &'a [Pin] {
        self.pins
    }

    /// Whether `key` has one of the pins.
    #[must_use]
    pub fn accepts(&self, key: &PublicKey<'_>) -> bool {
        self.pins.iter().any(|pin| pin.matches(key))
    }
}

impl Policy for Fingerprints<'_> {
    fn check(&self) -> Result<(), ConfigError> {
        check_pins(self.pins)
    }

    fn binding(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(&[1]);
        bind_pins(self.pins, feed);
    }
}

/// Trust on first use; made by [`Trust::learn`].
///
/// ```
/// use bearcub::trust::{Pin, PublicKey, Trust};
///
/// let key = PublicKey::Rsa { n: &[0xc5; 256], e: &[1, 0, 1] };
/// let learned = Trust::learn().pin(&key);
/// // Stored, and from then on:
/// assert!(Trust::fingerprints(&[learned]).accepts(&key));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learn(());

impl Learn {
    /// The pin to store for the key that a server has shown: SHA-256 over its SubjectPublicKeyInfo.
    #[must_use]
    pub fn pin(&self, key: &PublicKey<'_>) -> Pin {
        Pin::sha256_of(key)
    }
}

impl Policy for Learn {
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn binding(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(&[2]);
    }

    fn verifies(&self) -> bool {
        false
    }
}

/// Certificate authorities, and the time; made by [`Trust::anchors`].
///
/// ```
/// use bearcub::clock::Clock;
/// use bearcub::error::ConfigError;
/// use bearcub::trust::{Policy, PublicKey, Trust, TrustAnchor};
///
/// let anchors = [TrustAnchor::bare(PublicKey::Rsa { n: &[0xc5; 256], e: &[1, 0, 1] })];
/// let trust = Trust::anchors(&anchors, Clock::not_set());
/// assert_eq!(trust.check(), Err(ConfigError::ClockNotSet));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchors<'a> {
    anchors: &'a [TrustAnchor<'a>],
    clock: Clock,
}

impl<'a> Anchors<'a> {
    /// Demands one of these fingerprints besides.
    #[must_use]
    pub const fn and_pin(self, pins: &'a [Pin]) -> PinnedAnchors<'a> {
        PinnedAnchors {
            anchors: self,
            pins: Fingerprints { pins },
        }
    }

    /// The anchors.
    #[must_use]
    pub const fn anchors(&self) -> &'a [TrustAnchor<'a>] {
        self.anchors
    }

    /// The time to check validity at.
    ///
    /// # Errors
    ///
    /// Those of [`Clock::now`].
    pub const fn now(&self) -> Result<Time, ConfigError> {
        self.clock.now()
    }
}

impl Policy for Anchors<'_> {
    fn check(&self) -> Result<(), ConfigError> {
        if self.anchors.is_empty() {
            return Err(ConfigError::NothingTrusted);
        }
        self.now().map(drop)
    }

    fn binding(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(&[3]);
        bind_anchors(self.anchors, feed);
    }
}

/// Certificate authorities and pinned keys, both of which a server must satisfy; made by [`Anchors::and_pin`].
///
/// ```
/// use bearcub::clock::{Clock, Time};
/// use bearcub::error::ConfigError;
/// use bearcub::trust::{Policy, PublicKey, Trust, TrustAnchor};
///
/// let anchors = [TrustAnchor::bare(PublicKey::Rsa { n: &[0xc5; 256], e: &[1, 0, 1] })];
/// let clock = Clock::at(Time::from_unix(1_790_000_000).unwrap());
/// let trust = Trust::anchors(&anchors, clock).and_pin(&[]);
/// assert_eq!(trust.check(), Err(ConfigError::NothingTrusted));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedAnchors<'a> {
    anchors: Anchors<'a>,
    pins: Fingerprints<'a>,
}

impl<'a> PinnedAnchors<'a> {
    /// The authorities, and the time.
    #[must_use]
    pub const fn anchors(&self) -> Anchors<'a> {
        self.anchors
    }

    /// The pinned keys.
    #[must_use]
    pub const fn fingerprints(&self) -> Fingerprints<'a> {
        self.pins
    }
}

impl Policy for PinnedAnchors<'_> {
    fn check(&self) -> Result<(), ConfigError> {
        self.pins.check()?;
        self.anchors.check()
    }

    fn binding(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(&[4]);
        bind_anchors(self.anchors.anchors, feed);
        bind_pins(self.pins.pins, feed);
    }
}

/// No check at all; made by [`Trust::accept_anyone_insecurely`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyoneAccepted(());

impl Policy for AnyoneAccepted {
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn binding(&self, feed: &mut dyn FnMut(&[u8])) {
        feed(&[5]);
    }

    fn verifies(&self) -> bool {
        false
    }
}

/// What the slots of a Tasmota device come down to; made by [`Trust::from_tasmota_slots`].
///
/// ```
/// use bearcub::trust::{TasmotaSlots, Trust};
///
/// let real = [0x5a; 20];
/// match Trust::from_tasmota_slots(real, [0x00; 20]) {
///     TasmotaSlots::Pinned(pins) => {
///         let trust = Trust::fingerprints(&pins);
///         # let _ = trust;
///     }
///     TasmotaSlots::Learn(learn) => { /* the first connection: connect, and store the pin */ }
///     TasmotaSlots::AnyoneAccepted(insecure) => { /* better ask the user */ }
/// }
/// ```
///
/// It is not a [`Policy`] itself: a program that handles only the first case should not contain the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TasmotaSlots {
    /// At least one real fingerprint; a single one stands in both places.
    Pinned([Pin; 2]),
    /// Both slots were 00.
    Learn(Learn),
    /// No real fingerprint, and FF in at least one slot.
    AnyoneAccepted(AnyoneAccepted),
}

fn check_pins(pins: &[Pin]) -> Result<(), ConfigError> {
    if pins.is_empty() {
        return Err(ConfigError::NothingTrusted);
    }
    if pins.iter().any(Pin::is_wildcard) {
        return Err(ConfigError::Malformed {
            input: Input::Pin,
            fault: Fault::OutOfRange,
            offset: 0,
        });
    }
    Ok(())
}

// Counts and lengths come first, so that no two lists look alike to the hash.

fn bind_pins(pins: &[Pin], feed: &mut dyn FnMut(&[u8])) {
    feed(&(pins.len() as u32).to_be_bytes());
    for pin in pins {
        // The length tells the two kinds apart.
        feed(&[pin.as_bytes().len() as u8]);
        feed(pin.as_bytes());
    }
}

fn bind_anchors(anchors: &[TrustAnchor<'_>], feed: &mut dyn FnMut(&[u8])) {
    feed(&(anchors.len() as u32).to_be_bytes());
    for anchor in anchors {
        feed(&[u8::from(anchor.is_ca)]);
        feed(&(anchor.subject.len() as u32).to_be_bytes());
        feed(anchor.subject);
        // DER says its own length.
        anchor.key.describe(feed);
    }
}
