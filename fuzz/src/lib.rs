//! What the fuzz targets share.
//!
//! `client` drives the library's client and holds it to the rules that no server can change; `framing` and `der` mutate
//! records, messages and certificates without breaking what is around a change; `recordings` are the streams to start from;
//! `puppet` is a server that does what a script says, and knows all secrets; `chain` makes certificates from what the fuzzer
//! wrote and has two verifiers judge them; `seeds` are what all of it starts from.

pub mod chain;
pub mod client;
pub mod der;
pub mod framing;
pub mod puppet;
pub mod random;
pub mod recordings;
pub mod seeds;
