//! Hashes for pins and bindings: whatever implementation the engine links, so that there is one of each in an image.

pub(crate) use bearssl_sys::digest::{Sha1, Sha256};
