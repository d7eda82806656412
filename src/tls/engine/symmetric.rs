//! Hashes, ciphers and the pseudorandom function, counted when the feature `meter` asks for it.

use bearssl_sys as br;

// Both in constant time. The lx106 multiplies 32 × 32 to 32 bits in several steps; other CPUs to 64 bits in one or two.
#[cfg(not(target_arch = "xtensa"))]
use bearssl_sys::{br_ghash_ctmul as ghash, br_poly1305_ctmul_run as poly1305};
#[cfg(target_arch = "xtensa")]
use bearssl_sys::{br_ghash_ctmul32 as ghash, br_poly1305_ctmul32_run as poly1305};

#[cfg(not(feature = "meter"))]
mod tables {
    use super::br;

    /// SHA-256.
    pub(in super::super) fn sha256() -> *const br::br_hash_class {
        &raw const br::br_sha256_vtable
    }
    /// SHA-384.
    pub(in super::super) fn sha384() -> *const br::br_hash_class {
        &raw const br::br_sha384_vtable
    }
    /// AES in counter mode, constant time.
    pub(in super::super) fn aes_ctr() -> *const br::br_block_ctr_class {
        &raw const br::br_aes_ct_ctr_vtable
    }
    pub(in super::super) const GHASH: br::br_ghash = Some(super::ghash);
    pub(in super::super) const CHACHA20: br::br_chacha20_run = Some(br::br_chacha20_ct_run);
    pub(in super::super) const POLY1305: br::br_poly1305_run = Some(super::poly1305);
}

#[cfg(feature = "meter")]
mod tables {
    use super::super::meter::{Operation, count_many};
    use super::br;
    use core::ffi::{c_int, c_void};

    macro_rules! hash {
        ($table:ident, $operation:ident, $log_block:literal, $id:expr, $out:literal, $state:literal, $flags:expr,
         $context:ty, $original:ident, $init:ident, $update:ident, $set_state:ident) => {
            static $table: br::br_hash_class = br::br_hash_class {
                context_size: size_of::<$context>(),
                desc: ($id as u32)
                    | $out << br::BR_HASHDESC_OUT_OFF
                    | $state << br::BR_HASHDESC_STATE_OFF
                    | $log_block << br::BR_HASHDESC_LBLEN_OFF
                    | br::BR_HASHDESC_MD_PADDING
                    | br::BR_HASHDESC_MD_PADDING_BE
                    | $flags,
                init: $init,
                update: $update,
                out: $original::out,
                state: $original::state,
                set_state: $set_state,
            };
            mod $original {
                use super::*;
                pub(super) unsafe extern "C" fn out(
                    context: *const *const br::br_hash_class,
                    into: *mut c_void,
                ) {
                    count_many(Operation::$operation, 1);
                    // SAFETY: the original's table is immutable.
                    let original = unsafe { &br::$original };
                    // SAFETY: the caller keeps the original's contract.
                    unsafe { (original.out)(context, into) }
                }
                pub(super) unsafe extern "C" fn state(
                    context: *const *const br::br_hash_class,
                    into: *mut c_void,
                ) -> u64 {
                    // SAFETY: the original's table is immutable.
                    let original = unsafe { &br::$original };
                    // SAFETY: the caller keeps the original's contract.
                    unsafe { (original.state)(context, into) }
                }
            }
            unsafe extern "C" fn $init(context: *mut *const br::br_hash_class) {
                // SAFETY: the original's table is immutable.
                let original = unsafe { &br::$original };
                // SAFETY: the caller keeps the original's contract.
                unsafe { (original.init)(context) };
                // SAFETY: every hash context starts with its table.
                unsafe { *context = &$table };
            }
            unsafe extern "C" fn $update(
                context: *mut *const br::br_hash_class,
                data: *const c_void,
                len: usize,
            ) {
                // Whole blocks only: what is left over is counted by the padding or by the next call's count.
                count_many(Operation::$operation, len >> $log_block);
                // SAFETY: the original's table is immutable.
                let original = unsafe { &br::$original };
                // SAFETY: the caller keeps the original's contract.
                unsafe { (original.update)(context, data, len) }
            }
            unsafe extern "C" fn $set_state(
                context: *mut *const br::br_hash_class,
                state: *const c_void,
                count: u64,
            ) {
                // SAFETY: the original's table is immutable.
                let original = unsafe { &br::$original };
                // SAFETY: the caller keeps the original's contract.
                unsafe { (original.set_state)(context, state, count) }
            }
        };
    }

    hash!(
        SHA256,
        Sha256Block,
        6,
        br::br_sha256_ID,
        32,
        32,
        0,
        br::br_sha256_context,
        br_sha256_vtable,
        sha256_init,
        sha256_update,
        sha256_set_state
    );
    hash!(
        SHA384,
        Sha384Block,
        7,
        br::br_sha384_ID,
        48,
        64,
        br::BR_HASHDESC_MD_PADDING_128,
        br::br_sha384_context,
        br_sha384_vtable,
        sha384_init,
        sha384_update,
        sha384_set_state
    );

    static AES: br::br_block_ctr_class = br::br_block_ctr_class {
        context_size: size_of::<br::br_aes_ct_ctr_keys>(),
        block_size: 16,
        log_block_size: 4,
        init: aes_init,
        run: aes_run,
    };

    unsafe extern "C" fn aes_init(
        context: *mut *const br::br_block_ctr_class,
        key: *const c_void,
        len: usize,
    ) {
        // SAFETY: the context is one of AES CTR keys: the table above says its size.
        unsafe { br::br_aes_ct_ctr_init(context.cast(), key, len) };
        // SAFETY: every cipher context starts with its table.
        unsafe { *context = &AES };
    }

    unsafe extern "C" fn aes_run(
        context: *const *const br::br_block_ctr_class,
        iv: *const c_void,
        counter: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32 {
        count_many(Operation::AesBlock, len.div_ceil(16));
        // SAFETY: the caller keeps the original's contract.
        unsafe { br::br_aes_ct_ctr_run(context.cast(), iv, counter, data, len) }
    }

    unsafe extern "C" fn ghash(y: *mut c_void, h: *const c_void, data: *const c_void, len: usize) {
        count_many(Operation::GhashBlock, len.div_ceil(16));
        // SAFETY: the caller keeps the original's contract.
        unsafe { super::ghash(y, h, data, len) }
    }

    unsafe extern "C" fn chacha20(
        key: *const c_void,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32 {
        count_many(Operation::ChaCha20Block, len.div_ceil(64));
        // SAFETY: the caller keeps the original's contract.
        unsafe { br::br_chacha20_ct_run(key, iv, cc, data, len) }
    }

    #[allow(clippy::too_many_arguments)]
    unsafe extern "C" fn poly1305(
        key: *const c_void,
        iv: *const c_void,
        data: *mut c_void,
        len: usize,
        aad: *const c_void,
        aad_len: usize,
        tag: *mut c_void,
        stream: br::br_chacha20_run,
        encrypt: c_int,
    ) {
        count_many(
            Operation::Poly1305Block,
            len.div_ceil(16) + aad_len.div_ceil(16) + 1,
        );
        // SAFETY: the caller keeps the original's contract.
        unsafe { super::poly1305(key, iv, data, len, aad, aad_len, tag, stream, encrypt) }
    }

    pub(in super::super) fn sha256() -> *const br::br_hash_class {
        &SHA256
    }
    pub(in super::super) fn sha384() -> *const br::br_hash_class {
        &SHA384
    }
    pub(in super::super) fn aes_ctr() -> *const br::br_block_ctr_class {
        &AES
    }
    pub(in super::super) const GHASH: br::br_ghash = Some(ghash);
    pub(in super::super) const CHACHA20: br::br_chacha20_run = Some(chacha20);
    pub(in super::super) const POLY1305: br::br_poly1305_run = Some(poly1305);
}

pub(super) use tables::*;
