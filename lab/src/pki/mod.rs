//! Keys, certificates and chains.
//!
//! Read in this order: [`KeyPair`] and [`Time`] are what certificates are made of, [`Template`]
//! and [`Authority`] make them, a [`Chain`] is what a server presents. The functions make whole
//! chains in the [shapes](simple) that are met in the field and with the [faults](Fault) that a
//! client must notice.
//!
//! Keys and chains are made when they are first asked for and shared within the process. The
//! names of real authorities are there to give the chains their real sizes; all have `(lab)` in
//! their organisation.

mod certificate;
mod chain;
mod der;
mod fault;
mod key;
mod shapes;
mod time;

pub use certificate::{AltName, Authority, KeyUsage, Name, Purpose, Role, Template, extension};
pub use chain::{Chain, ChainFiles, certificates_pem};
pub use fault::{Fault, faulty};
pub use key::{Hash, KeyKind, KeyPair, encode_pem};
pub use shapes::{
    AWS_HOST, LETSENCRYPT_HOST, NOW, PrivateAuthority, Shape, aws, device, letsencrypt_ecdsa,
    letsencrypt_rsa, selfsigned, simple, simple_with,
};
pub use time::{Time, Validity};

#[cfg(test)]
mod tests;
