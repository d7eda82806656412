//! Who the server is: how a program says whom it trusts, and what that decision is made from.
//!
//! In reading order:
//!
//! - [`policy`]: [`Trust`], where every program makes its choice, and one type for each choice
//! - [`pin`]: fingerprints of a server's key, in the forms that people paste
//! - [`key`]: public keys, and how they are hashed into fingerprints
//! - [`anchor`]: the certificate authorities that a device accepts, from DER or PEM or as constants
//! - [`name`]: the server's name, and whether a certificate's name covers it
//! - [`validity`]: whether a certificate is valid at a moment
//! - [`verified`]: the proof that a server is known, without which no password is sent
//! - [`scan`]: what a certificate says, read while it passes through, without keeping it
//!
//! Everything here is plain data and arithmetic: no TLS, no signatures. The TLS engine feeds it.

pub mod anchor;
mod der;
pub mod key;
pub mod name;
pub mod pin;
pub mod policy;
pub mod scan;
pub mod validity;
pub mod verified;

pub use anchor::TrustAnchor;
pub use key::{Curve, PublicKey};
pub use name::ServerName;
pub use pin::Pin;
pub use policy::{
    Anchors, AnyoneAccepted, Fingerprints, Learn, PinnedAnchors, Policy, TasmotaSlots, Trust,
};
pub use scan::{CertificateScanner, ScannedCertificate, ServerUsage};
pub use validity::Validity;
pub use verified::{Authenticated, PlainText, Verified};
