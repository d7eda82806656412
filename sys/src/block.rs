//! Symmetric encryption: AES in counter mode, ChaCha20 and Poly1305 (`bearssl_block.h`).

use core::ffi::{c_int, c_uint, c_void};
use core::mem::ManuallyDrop;

/// Class of CBC encryption. Opaque: CBC is not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_block_cbcenc_class {
    _opaque: [u8; 0],
}

/// Class of CBC decryption. Opaque: CBC is not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_block_cbcdec_class {
    _opaque: [u8; 0],
}

/// Class of CTR + CBC-MAC. Opaque: CCM is not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_block_ctrcbc_class {
    _opaque: [u8; 0],
}

/// A block cipher in counter mode as a table.
#[repr(C)]
pub struct br_block_ctr_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// Size of a block.
    pub block_size: c_uint,
    /// Logarithm of the size of a block.
    pub log_block_size: c_uint,
    /// Sets the key: 16, 24 or 32 bytes for AES.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_block_ctr_class,
        key: *const c_void,
        key_len: usize,
    ),
    /// Encrypts or decrypts in place from the 12-byte `iv` and block counter `cc`; returns the next counter.
    pub run: unsafe extern "C" fn(
        ctx: *const *const br_block_ctr_class,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32,
}

/// AES key for counter mode: big tables (fast; timing depends on the cache).
#[repr(C)]
pub struct br_aes_big_ctr_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctr_class,
    /// Round keys.
    pub skey: [u32; 60],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// AES key for counter mode: small tables (small; timing depends on the cache, if there is one).
#[repr(C)]
pub struct br_aes_small_ctr_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctr_class,
    /// Round keys.
    pub skey: [u32; 60],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// AES key for counter mode: constant time, 32-bit.
#[repr(C)]
pub struct br_aes_ct_ctr_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctr_class,
    /// Round keys.
    pub skey: [u32; 60],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// AES key for counter mode: constant time, 64-bit.
#[repr(C)]
pub struct br_aes_ct64_ctr_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctr_class,
    /// Round keys.
    pub skey: [u64; 30],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// AES key for counter mode: x86 instructions.
#[repr(C)]
pub struct br_aes_x86ni_ctr_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctr_class,
    /// Round keys.
    pub skey: [u8; 16 * 15],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Room for an AES key in counter mode under any implementation.
#[repr(C)]
pub union br_aes_gen_ctr_keys {
    /// Class of the implementation in use: the first field of every arm.
    pub vtable: *const br_block_ctr_class,
    /// Big tables.
    pub c_big: ManuallyDrop<br_aes_big_ctr_keys>,
    /// Small tables.
    pub c_small: ManuallyDrop<br_aes_small_ctr_keys>,
    /// Constant time, 32-bit.
    pub c_ct: ManuallyDrop<br_aes_ct_ctr_keys>,
    /// Constant time, 64-bit.
    pub c_ct64: ManuallyDrop<br_aes_ct64_ctr_keys>,
    /// x86 instructions.
    pub c_x86ni: ManuallyDrop<br_aes_x86ni_ctr_keys>,
}

/// Key of the largest AES CBC encryption. Only its layout is bound.
#[repr(C)]
pub struct br_aes_ct64_cbcenc_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_cbcenc_class,
    /// Round keys.
    pub skey: [u64; 30],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Key of the largest AES CBC decryption. Only its layout is bound.
#[repr(C)]
pub struct br_aes_ct64_cbcdec_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_cbcdec_class,
    /// Round keys.
    pub skey: [u64; 30],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Key of the largest AES CTR + CBC-MAC. Only its layout is bound.
#[repr(C)]
pub struct br_aes_ct64_ctrcbc_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_ctrcbc_class,
    /// Round keys.
    pub skey: [u64; 30],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Key of DES CBC encryption. Only its layout is bound.
#[repr(C)]
pub struct br_des_ct_cbcenc_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_cbcenc_class,
    /// Round keys.
    pub skey: [u32; 96],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Key of DES CBC decryption. Only its layout is bound.
#[repr(C)]
pub struct br_des_ct_cbcdec_keys {
    /// Class of the implementation.
    pub vtable: *const br_block_cbcdec_class,
    /// Round keys.
    pub skey: [u32; 96],
    /// Number of rounds.
    pub num_rounds: c_uint,
}

/// Room for any AES CBC encryption key. Only its layout is bound, with the largest arm.
#[repr(C)]
pub union br_aes_gen_cbcenc_keys {
    /// Class of the implementation in use.
    pub vtable: *const br_block_cbcenc_class,
    /// The largest arm.
    pub c_ct64: ManuallyDrop<br_aes_ct64_cbcenc_keys>,
}

/// Room for any AES CBC decryption key. Only its layout is bound, with the largest arm.
#[repr(C)]
pub union br_aes_gen_cbcdec_keys {
    /// Class of the implementation in use.
    pub vtable: *const br_block_cbcdec_class,
    /// The largest arm.
    pub c_ct64: ManuallyDrop<br_aes_ct64_cbcdec_keys>,
}

/// Room for any AES CTR + CBC-MAC key. Only its layout is bound, with the largest arm.
#[repr(C)]
pub union br_aes_gen_ctrcbc_keys {
    /// Class of the implementation in use.
    pub vtable: *const br_block_ctrcbc_class,
    /// The largest arm.
    pub c_ct64: ManuallyDrop<br_aes_ct64_ctrcbc_keys>,
}

/// Room for any DES CBC encryption key. Only its layout is bound, with the largest arm.
#[repr(C)]
pub union br_des_gen_cbcenc_keys {
    /// Class of the implementation in use.
    pub vtable: *const br_block_cbcenc_class,
    /// The largest arm.
    pub ct: ManuallyDrop<br_des_ct_cbcenc_keys>,
}

/// Room for any DES CBC decryption key. Only its layout is bound, with the largest arm.
#[repr(C)]
pub union br_des_gen_cbcdec_keys {
    /// Class of the implementation in use.
    pub vtable: *const br_block_cbcdec_class,
    /// The largest arm.
    pub c_ct: ManuallyDrop<br_des_ct_cbcdec_keys>,
}

/// ChaCha20 in place: 32-byte key, 12-byte `iv`, block counter `cc`; returns the next counter.
pub type br_chacha20_run = Option<
    unsafe extern "C" fn(
        key: *const c_void,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32,
>;
/// ChaCha20 + Poly1305 in place (RFC 8439): 32-byte key, 12-byte `iv`; writes the 16-byte tag, which the caller
/// compares when `encrypt` is 0.
pub type br_poly1305_run = Option<
    unsafe extern "C" fn(
        key: *const c_void,
        iv: *const c_void,
        data: *mut c_void,
        len: usize,
        aad: *const c_void,
        aad_len: usize,
        tag: *mut c_void,
        ichacha: br_chacha20_run,
        encrypt: c_int,
    ),
>;

unsafe extern "C" {
    /// AES in counter mode, big tables.
    pub static br_aes_big_ctr_vtable: br_block_ctr_class;
    /// AES in counter mode, small tables.
    pub static br_aes_small_ctr_vtable: br_block_ctr_class;
    /// AES in counter mode, constant time, 32-bit.
    pub static br_aes_ct_ctr_vtable: br_block_ctr_class;
    /// AES in counter mode, constant time, 64-bit.
    pub static br_aes_ct64_ctr_vtable: br_block_ctr_class;
    /// AES in counter mode with x86 instructions, or NULL where the CPU or the compiler lacks them.
    pub fn br_aes_x86ni_ctr_get_vtable() -> *const br_block_ctr_class;

    /// Sets the key of [`br_aes_big_ctr_keys`].
    pub fn br_aes_big_ctr_init(ctx: *mut br_aes_big_ctr_keys, key: *const c_void, len: usize);
    /// Runs [`br_block_ctr_class::run`] with big tables.
    pub fn br_aes_big_ctr_run(
        ctx: *const br_aes_big_ctr_keys,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32;
    /// Sets the key of [`br_aes_small_ctr_keys`].
    pub fn br_aes_small_ctr_init(ctx: *mut br_aes_small_ctr_keys, key: *const c_void, len: usize);
    /// Runs [`br_block_ctr_class::run`] with small tables.
    pub fn br_aes_small_ctr_run(
        ctx: *const br_aes_small_ctr_keys,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32;
    /// Sets the key of [`br_aes_ct_ctr_keys`].
    pub fn br_aes_ct_ctr_init(ctx: *mut br_aes_ct_ctr_keys, key: *const c_void, len: usize);
    /// Runs [`br_block_ctr_class::run`] in constant time, 32-bit.
    pub fn br_aes_ct_ctr_run(
        ctx: *const br_aes_ct_ctr_keys,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32;
    /// Sets the key of [`br_aes_ct64_ctr_keys`].
    pub fn br_aes_ct64_ctr_init(ctx: *mut br_aes_ct64_ctr_keys, key: *const c_void, len: usize);
    /// Runs [`br_block_ctr_class::run`] in constant time, 64-bit.
    pub fn br_aes_ct64_ctr_run(
        ctx: *const br_aes_ct64_ctr_keys,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32;

    /// [`br_chacha20_run`] in portable C.
    pub fn br_chacha20_ct_run(
        key: *const c_void,
        iv: *const c_void,
        cc: u32,
        data: *mut c_void,
        len: usize,
    ) -> u32;
    /// [`br_chacha20_run`] with SSE2, or `None` where the CPU or the compiler lacks it.
    pub fn br_chacha20_sse2_get() -> br_chacha20_run;

    /// [`br_poly1305_run`] with 32×32→64 multiplications.
    pub fn br_poly1305_ctmul_run(
        key: *const c_void,
        iv: *const c_void,
        data: *mut c_void,
        len: usize,
        aad: *const c_void,
        aad_len: usize,
        tag: *mut c_void,
        ichacha: br_chacha20_run,
        encrypt: c_int,
    );
    /// [`br_poly1305_run`] with 32×32→32 multiplications only.
    pub fn br_poly1305_ctmul32_run(
        key: *const c_void,
        iv: *const c_void,
        data: *mut c_void,
        len: usize,
        aad: *const c_void,
        aad_len: usize,
        tag: *mut c_void,
        ichacha: br_chacha20_run,
        encrypt: c_int,
    );
    /// [`br_poly1305_run`] on the generic 15-bit integers: slow, and the smallest next to other i15 code.
    pub fn br_poly1305_i15_run(
        key: *const c_void,
        iv: *const c_void,
        data: *mut c_void,
        len: usize,
        aad: *const c_void,
        aad_len: usize,
        tag: *mut c_void,
        ichacha: br_chacha20_run,
        encrypt: c_int,
    );
    /// [`br_poly1305_run`] with 64×64→128 multiplications, or `None` where the target has none.
    pub fn br_poly1305_ctmulq_get() -> br_poly1305_run;
}
