//! The implementations of the ciphers that BearSSL has for 32-bit CPUs, each over one stretch of bytes.

use core::ffi::c_void;
use core::fmt::Write;
use core::mem::MaybeUninit;

use bearssl_sys as br;

use crate::Machine;
use crate::machine::Host;

/// Bytes that are worked on: a full record's of the scenarios.
const LEN: usize = 1024;

/// Measures all of them, and tells the host.
pub fn run<M: Machine>() {
    let mut data = [0x5Au8; LEN];
    let key = [0x3Cu8; 16];
    let nonce = [0x0Fu8; 12];
    let data: *mut c_void = data.as_mut_ptr().cast();

    macro_rules! aes {
        ($name:literal, $keys:ident, $init:ident, $run:ident) => {{
            let mut keys = MaybeUninit::<br::$keys>::zeroed();
            let took = measure::<M>(|| {
                // SAFETY: the key has 16 bytes, and the context is filled from it.
                unsafe { br::$init(keys.as_mut_ptr(), key.as_ptr().cast(), key.len()) };
                // SAFETY: the context has been filled; nonce and data are as long as is said.
                unsafe { br::$run(keys.as_ptr(), nonce.as_ptr().cast(), 1, data, LEN) };
            });
            tell::<M>($name, took, size_of::<br::$keys>());
        }};
    }
    aes!(
        "aes_ct",
        br_aes_ct_ctr_keys,
        br_aes_ct_ctr_init,
        br_aes_ct_ctr_run
    );
    aes!(
        "aes_small",
        br_aes_small_ctr_keys,
        br_aes_small_ctr_init,
        br_aes_small_ctr_run
    );
    aes!(
        "aes_big",
        br_aes_big_ctr_keys,
        br_aes_big_ctr_init,
        br_aes_big_ctr_run
    );

    macro_rules! ghash {
        ($name:literal, $run:ident) => {{
            let (mut y, h) = ([0u8; 16], [0x77u8; 16]);
            let took = measure::<M>(|| {
                // SAFETY: `y` and `h` are blocks, and the data is as long as is said.
                unsafe { br::$run(y.as_mut_ptr().cast(), h.as_ptr().cast(), data, LEN) };
            });
            tell::<M>($name, took, 16);
        }};
    }
    ghash!("ghash_ctmul", br_ghash_ctmul);
    ghash!("ghash_ctmul32", br_ghash_ctmul32);

    let key = [0x3Cu8; 32];
    let took = measure::<M>(|| {
        // SAFETY: key and nonce have 32 and 12 bytes, and the data is as long as is said.
        unsafe { br::br_chacha20_ct_run(key.as_ptr().cast(), nonce.as_ptr().cast(), 1, data, LEN) };
    });
    tell::<M>("chacha20_ct", took, 32);
}

fn measure<M: Machine>(work: impl FnOnce()) -> u32 {
    let start = M::instructions();
    work();
    M::instructions().wrapping_sub(start)
}

fn tell<M: Machine>(name: &str, instructions: u32, keys: usize) {
    let _ = writeln!(
        Host::<M>::default(),
        r#"{{"event":"cipher","name":"{name}","bytes":{LEN},"instructions":{instructions},"keys":{keys}}}"#
    );
}
