//! Hash functions, the multihasher and GHASH (`bearssl_hash.h`).

use core::ffi::{c_int, c_void};

/// A hash function as a table: its sizes and its functions.
#[repr(C)]
pub struct br_hash_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// Packed description: identifier, output size, state size, block size, padding (`BR_HASHDESC_*`).
    pub desc: u32,
    /// Initialises the context, its class pointer included.
    pub init: unsafe extern "C" fn(ctx: *mut *const br_hash_class),
    /// Hashes more bytes.
    pub update:
        unsafe extern "C" fn(ctx: *mut *const br_hash_class, data: *const c_void, len: usize),
    /// Writes the hash of all bytes so far; the context is unchanged.
    pub out: unsafe extern "C" fn(ctx: *const *const br_hash_class, dst: *mut c_void),
    /// Writes the running state and returns the count of bytes hashed.
    pub state: unsafe extern "C" fn(ctx: *const *const br_hash_class, dst: *mut c_void) -> u64,
    /// Restores a running state.
    pub set_state:
        unsafe extern "C" fn(ctx: *mut *const br_hash_class, stb: *const c_void, count: u64),
}

/// Bit position of the identifier in [`br_hash_class::desc`].
pub const BR_HASHDESC_ID_OFF: u32 = 0;
/// Mask of the identifier in [`br_hash_class::desc`], after the shift.
pub const BR_HASHDESC_ID_MASK: u32 = 0xFF;
/// Bit position of the output size in [`br_hash_class::desc`].
pub const BR_HASHDESC_OUT_OFF: u32 = 8;
/// Mask of the output size in [`br_hash_class::desc`], after the shift.
pub const BR_HASHDESC_OUT_MASK: u32 = 0x7F;
/// Bit position of the state size in [`br_hash_class::desc`].
pub const BR_HASHDESC_STATE_OFF: u32 = 15;
/// Mask of the state size in [`br_hash_class::desc`], after the shift.
pub const BR_HASHDESC_STATE_MASK: u32 = 0xFF;
/// Bit position of the block size's logarithm in [`br_hash_class::desc`].
pub const BR_HASHDESC_LBLEN_OFF: u32 = 23;
/// Mask of the block size's logarithm in [`br_hash_class::desc`], after the shift.
pub const BR_HASHDESC_LBLEN_MASK: u32 = 0x0F;
/// Flag: Merkle-Damgård padding.
pub const BR_HASHDESC_MD_PADDING: u32 = 1 << 28;
/// Flag: the padding's length field has 128 bits.
pub const BR_HASHDESC_MD_PADDING_128: u32 = 1 << 29;
/// Flag: the padding's length field is big-endian.
pub const BR_HASHDESC_MD_PADDING_BE: u32 = 1 << 30;

/// Identifier of MD5 ‖ SHA-1.
pub const br_md5sha1_ID: c_int = 0;
/// Identifier of MD5, as TLS numbers it.
pub const br_md5_ID: c_int = 1;
/// Identifier of SHA-1, as TLS numbers it.
pub const br_sha1_ID: c_int = 2;
/// Identifier of SHA-224, as TLS numbers it.
pub const br_sha224_ID: c_int = 3;
/// Identifier of SHA-256, as TLS numbers it.
pub const br_sha256_ID: c_int = 4;
/// Identifier of SHA-384, as TLS numbers it.
pub const br_sha384_ID: c_int = 5;
/// Identifier of SHA-512, as TLS numbers it.
pub const br_sha512_ID: c_int = 6;

/// Output size of MD5 ‖ SHA-1.
pub const br_md5sha1_SIZE: usize = 36;
/// Output size of MD5.
pub const br_md5_SIZE: usize = 16;
/// Output size of SHA-1.
pub const br_sha1_SIZE: usize = 20;
/// Output size of SHA-224.
pub const br_sha224_SIZE: usize = 28;
/// Output size of SHA-256.
pub const br_sha256_SIZE: usize = 32;
/// Output size of SHA-384.
pub const br_sha384_SIZE: usize = 48;
/// Output size of SHA-512.
pub const br_sha512_SIZE: usize = 64;

/// State of MD5. Only its layout is bound: the function is not compiled.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_md5_context {
    /// Class of the hash function.
    pub vtable: *const br_hash_class,
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 64],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running state.
    pub val: [u32; 4],
}

/// State of SHA-1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_sha1_context {
    /// Class of the hash function.
    pub vtable: *const br_hash_class,
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 64],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running state.
    pub val: [u32; 5],
}

/// State of SHA-224, and of SHA-256.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_sha224_context {
    /// Class of the hash function.
    pub vtable: *const br_hash_class,
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 64],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running state.
    pub val: [u32; 8],
}

/// State of SHA-256: the same as that of SHA-224.
pub type br_sha256_context = br_sha224_context;

/// State of SHA-384, and of SHA-512.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_sha384_context {
    /// Class of the hash function.
    pub vtable: *const br_hash_class,
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 128],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running state.
    pub val: [u64; 8],
}

/// State of SHA-512: the same as that of SHA-384.
pub type br_sha512_context = br_sha384_context;

/// State of MD5 ‖ SHA-1. Only its layout is bound: the function is not compiled.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_md5sha1_context {
    /// Class of the hash function.
    pub vtable: *const br_hash_class,
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 64],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running state of MD5.
    pub val_md5: [u32; 4],
    /// Running state of SHA-1.
    pub val_sha1: [u32; 5],
}

/// Room for the state of any hash function.
#[repr(C)]
#[derive(Clone, Copy)]
pub union br_hash_compat_context {
    /// Class of the hash function in use: the first field of every arm.
    pub vtable: *const br_hash_class,
    /// MD5.
    pub md5: br_md5_context,
    /// SHA-1.
    pub sha1: br_sha1_context,
    /// SHA-224.
    pub sha224: br_sha224_context,
    /// SHA-256.
    pub sha256: br_sha256_context,
    /// SHA-384.
    pub sha384: br_sha384_context,
    /// SHA-512.
    pub sha512: br_sha512_context,
    /// MD5 ‖ SHA-1.
    pub md5sha1: br_md5sha1_context,
}

/// Several hash functions over the same bytes, sharing one block buffer.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_multihash_context {
    /// Bytes of the block that is not full yet.
    pub buf: [u8; 128],
    /// Bytes hashed so far.
    pub count: u64,
    /// Running states of the 32-bit functions.
    pub val_32: [u32; 25],
    /// Running states of the 64-bit functions.
    pub val_64: [u64; 16],
    /// The functions in use, or NULL, at index identifier − 1.
    pub impl_: [*const br_hash_class; 6],
}

/// GHASH: mixes `data` (zero-padded to whole blocks) into `y` under the key `h`, both 16 bytes.
pub type br_ghash =
    Option<unsafe extern "C" fn(y: *mut c_void, h: *const c_void, data: *const c_void, len: usize)>;

unsafe extern "C" {
    /// Class of SHA-1.
    pub static br_sha1_vtable: br_hash_class;
    /// Class of SHA-224.
    pub static br_sha224_vtable: br_hash_class;
    /// Class of SHA-256.
    pub static br_sha256_vtable: br_hash_class;
    /// Class of SHA-384.
    pub static br_sha384_vtable: br_hash_class;
    /// Class of SHA-512.
    pub static br_sha512_vtable: br_hash_class;

    /// Starts SHA-1.
    pub fn br_sha1_init(ctx: *mut br_sha1_context);
    /// Hashes `len` bytes.
    pub fn br_sha1_update(ctx: *mut br_sha1_context, data: *const c_void, len: usize);
    /// Writes the 20-byte hash.
    pub fn br_sha1_out(ctx: *const br_sha1_context, out: *mut c_void);
    /// Writes the 20-byte running state and returns the byte count.
    pub fn br_sha1_state(ctx: *const br_sha1_context, out: *mut c_void) -> u64;
    /// Restores a running state.
    pub fn br_sha1_set_state(ctx: *mut br_sha1_context, stb: *const c_void, count: u64);

    /// Starts SHA-224.
    pub fn br_sha224_init(ctx: *mut br_sha224_context);
    /// Hashes `len` bytes.
    pub fn br_sha224_update(ctx: *mut br_sha224_context, data: *const c_void, len: usize);
    /// Writes the 28-byte hash.
    pub fn br_sha224_out(ctx: *const br_sha224_context, out: *mut c_void);
    /// Writes the 32-byte running state and returns the byte count.
    pub fn br_sha224_state(ctx: *const br_sha224_context, out: *mut c_void) -> u64;
    /// Restores a running state.
    pub fn br_sha224_set_state(ctx: *mut br_sha224_context, stb: *const c_void, count: u64);

    /// Starts SHA-256.
    pub fn br_sha256_init(ctx: *mut br_sha256_context);
    /// Hashes `len` bytes. C has this name as a macro for SHA-224's function.
    #[link_name = "br_sha224_update"]
    pub fn br_sha256_update(ctx: *mut br_sha256_context, data: *const c_void, len: usize);
    /// Writes the 32-byte hash.
    pub fn br_sha256_out(ctx: *const br_sha256_context, out: *mut c_void);
    /// Writes the 32-byte running state and returns the byte count. A macro for SHA-224's function in C.
    #[link_name = "br_sha224_state"]
    pub fn br_sha256_state(ctx: *const br_sha256_context, out: *mut c_void) -> u64;
    /// Restores a running state. A macro for SHA-224's function in C.
    #[link_name = "br_sha224_set_state"]
    pub fn br_sha256_set_state(ctx: *mut br_sha256_context, stb: *const c_void, count: u64);

    /// Starts SHA-384.
    pub fn br_sha384_init(ctx: *mut br_sha384_context);
    /// Hashes `len` bytes.
    pub fn br_sha384_update(ctx: *mut br_sha384_context, data: *const c_void, len: usize);
    /// Writes the 48-byte hash.
    pub fn br_sha384_out(ctx: *const br_sha384_context, out: *mut c_void);
    /// Writes the 64-byte running state and returns the byte count.
    pub fn br_sha384_state(ctx: *const br_sha384_context, out: *mut c_void) -> u64;
    /// Restores a running state.
    pub fn br_sha384_set_state(ctx: *mut br_sha384_context, stb: *const c_void, count: u64);

    /// Starts SHA-512.
    pub fn br_sha512_init(ctx: *mut br_sha512_context);
    /// Hashes `len` bytes. C has this name as a macro for SHA-384's function.
    #[link_name = "br_sha384_update"]
    pub fn br_sha512_update(ctx: *mut br_sha512_context, data: *const c_void, len: usize);
    /// Writes the 64-byte hash.
    pub fn br_sha512_out(ctx: *const br_sha512_context, out: *mut c_void);
    /// Writes the 64-byte running state and returns the byte count. A macro for SHA-384's function in C.
    #[link_name = "br_sha384_state"]
    pub fn br_sha512_state(ctx: *const br_sha512_context, out: *mut c_void) -> u64;
    /// Restores a running state. A macro for SHA-384's function in C.
    #[link_name = "br_sha384_set_state"]
    pub fn br_sha512_set_state(ctx: *mut br_sha512_context, stb: *const c_void, count: u64);

    /// Clears a multihasher: no functions are registered.
    pub fn br_multihash_zero(ctx: *mut br_multihash_context);
    /// Starts every registered function.
    pub fn br_multihash_init(ctx: *mut br_multihash_context);
    /// Hashes `len` bytes with every registered function.
    pub fn br_multihash_update(ctx: *mut br_multihash_context, data: *const c_void, len: usize);
    /// Writes the hash of function `id` and returns its size, or 0 if it is not registered.
    pub fn br_multihash_out(ctx: *const br_multihash_context, id: c_int, dst: *mut c_void)
    -> usize;

    /// GHASH with 32×32→64 multiplications.
    pub fn br_ghash_ctmul(y: *mut c_void, h: *const c_void, data: *const c_void, len: usize);
    /// GHASH with 32×32→32 multiplications only: for CPUs whose long multiplication is slow.
    pub fn br_ghash_ctmul32(y: *mut c_void, h: *const c_void, data: *const c_void, len: usize);
    /// GHASH with 64×64→64 multiplications.
    pub fn br_ghash_ctmul64(y: *mut c_void, h: *const c_void, data: *const c_void, len: usize);
    /// GHASH with the x86 instruction for it, or `None` where the CPU or the compiler lacks it.
    pub fn br_ghash_pclmul_get() -> br_ghash;
}
