//! BearSSL 0.6: a build of the parts that a TLS 1.2 client needs, and hand-written bindings to them.
//!
//! The modules follow BearSSL's headers, and everything is re-exported flat, so that a name here is the name in C.
//! Read them in this order: [`hash`], [`mac`], [`rand`], [`block`], [`rsa`], [`ec`], [`x509`], [`record`], [`ssl`],
//! [`client`]; then [`shim`], which holds real functions for what BearSSL declares as `static inline`, and [`digest`], which
//! needs no `unsafe`.
//!
//! ```
//! use bearssl_sys::*;
//! use core::{ffi::c_void, mem::MaybeUninit};
//!
//! let mut digest = [0u8; br_sha256_SIZE];
//! let mut context = MaybeUninit::<br_sha256_context>::uninit();
//! // SAFETY: `init` fills the context before it is used, and `digest` has room for the 32 bytes of SHA-256.
//! unsafe {
//!     br_sha256_init(context.as_mut_ptr());
//!     br_sha256_update(context.as_mut_ptr(), b"abc".as_ptr().cast::<c_void>(), 3);
//!     br_sha256_out(context.as_ptr(), digest.as_mut_ptr().cast::<c_void>());
//! }
//! assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
//! ```
//!
//! # Conventions
//!
//! - Sizes are bytes unless a name says bits. Big integers are unsigned and big-endian.
//! - A function that returns `u32` as a truth value returns 1 for success and 0 for failure, in constant time.
//! - A function pointer that a context may hold as NULL is an `Option`; the entries of a class (a table of functions)
//!   are plain, because BearSSL calls them without a check. Exceptions say so.
//! - Contexts hold pointers into themselves once they are initialised: they must not be moved afterwards. Those are
//!   `!Unpin`, and not `Copy`. Get one as zeroed memory and initialise it in place.
//! - Memory that a pointer names must live as long as the context that keeps the pointer.
//!
//! # What is not here
//!
//! The server side, CBC and CCM records, DES, MD5, TLS 1.0 and 1.1, the system's random generator, the system's clock
//! and the private-key decoder are neither compiled nor bound. The README says why.
#![no_std]
#![warn(missing_docs)]
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]

pub mod block;
pub mod client;
pub mod digest;
pub mod ec;
pub mod error;
pub mod hash;
mod layout;
pub mod mac;
pub mod rand;
pub mod record;
pub mod rsa;
pub mod shim;
pub mod ssl;
pub mod suites;
pub mod x509;

pub use block::*;
pub use client::*;
pub use ec::*;
pub use error::*;
pub use hash::*;
pub use mac::*;
pub use rand::*;
pub use record::*;
pub use rsa::*;
pub use shim::*;
pub use ssl::*;
pub use suites::*;
pub use x509::*;
