//! Record encryption (`bearssl_ssl.h`): GCM and ChaCha20-Poly1305, and the layouts of those that are not compiled.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::ManuallyDrop;

use crate::block::*;
use crate::hash::br_ghash;
use crate::mac::br_hmac_key_context;

/// Decryption of records as a table.
#[repr(C)]
pub struct br_sslrec_in_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// Whether an encrypted record may have this length: 1 or 0.
    pub check_length:
        unsafe extern "C" fn(ctx: *const *const br_sslrec_in_class, record_len: usize) -> c_int,
    /// Decrypts in place; returns where the plaintext starts and sets its length, or returns NULL.
    pub decrypt: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_in_class,
        record_type: c_int,
        version: c_uint,
        payload: *mut c_void,
        len: *mut usize,
    ) -> *mut u8,
}

/// Encryption of records as a table.
#[repr(C)]
pub struct br_sslrec_out_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// Narrows a range of buffer offsets to where plaintext may be.
    pub max_plaintext: unsafe extern "C" fn(
        ctx: *const *const br_sslrec_out_class,
        start: *mut usize,
        end: *mut usize,
    ),
    /// Encrypts in place; returns where the record starts, header included, and sets its length.
    pub encrypt: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_out_class,
        record_type: c_int,
        version: c_uint,
        plaintext: *mut c_void,
        len: *mut usize,
    ) -> *mut u8,
}

/// Context of records that are not encrypted.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_sslrec_out_clear_context {
    /// Class of the record layer.
    pub vtable: *const br_sslrec_out_class,
}

/// Class of CBC decryption of records. Opaque: not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_sslrec_in_cbc_class {
    _opaque: [u8; 0],
}

/// Class of CBC encryption of records. Opaque: not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_sslrec_out_cbc_class {
    _opaque: [u8; 0],
}

/// Class of CCM decryption of records. Opaque: not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_sslrec_in_ccm_class {
    _opaque: [u8; 0],
}

/// Class of CCM encryption of records. Opaque: not compiled, contexts only keep a pointer to it.
#[repr(C)]
pub struct br_sslrec_out_ccm_class {
    _opaque: [u8; 0],
}

/// The cipher inside [`br_sslrec_in_cbc_context`].
#[repr(C)]
pub union br_sslrec_in_cbc_bc {
    /// Class of the cipher.
    pub vtable: *const br_block_cbcdec_class,
    /// AES.
    pub aes: ManuallyDrop<br_aes_gen_cbcdec_keys>,
    /// DES.
    pub des: ManuallyDrop<br_des_gen_cbcdec_keys>,
}

/// CBC decryption of records. Only its layout is bound: it decides the size of the engine's context.
#[repr(C)]
pub struct br_sslrec_in_cbc_context {
    /// Class of the record layer.
    pub vtable: *const br_sslrec_in_cbc_class,
    /// Number of the next record.
    pub seq: u64,
    /// Cipher and key.
    pub bc: br_sslrec_in_cbc_bc,
    /// Key of the authentication.
    pub mac: br_hmac_key_context,
    /// Size of the authentication.
    pub mac_len: usize,
    /// Initialisation vector.
    pub iv: [u8; 16],
    /// Whether each record carries its own vector.
    pub explicit_IV: c_int,
}

/// The cipher inside [`br_sslrec_out_cbc_context`].
#[repr(C)]
pub union br_sslrec_out_cbc_bc {
    /// Class of the cipher.
    pub vtable: *const br_block_cbcenc_class,
    /// AES.
    pub aes: ManuallyDrop<br_aes_gen_cbcenc_keys>,
    /// DES.
    pub des: ManuallyDrop<br_des_gen_cbcenc_keys>,
}

/// CBC encryption of records. Only its layout is bound: it decides the size of the engine's context.
#[repr(C)]
pub struct br_sslrec_out_cbc_context {
    /// Class of the record layer.
    pub vtable: *const br_sslrec_out_cbc_class,
    /// Number of the next record.
    pub seq: u64,
    /// Cipher and key.
    pub bc: br_sslrec_out_cbc_bc,
    /// Key of the authentication.
    pub mac: br_hmac_key_context,
    /// Size of the authentication.
    pub mac_len: usize,
    /// Initialisation vector.
    pub iv: [u8; 16],
    /// Whether each record carries its own vector.
    pub explicit_IV: c_int,
}

/// GCM decryption of records as a table.
#[repr(C)]
pub struct br_sslrec_in_gcm_class {
    /// What every decryption has.
    pub inner: br_sslrec_in_class,
    /// Sets cipher, key, GHASH and the 4-byte implicit part of the nonce.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_in_gcm_class,
        bc_impl: *const br_block_ctr_class,
        key: *const c_void,
        key_len: usize,
        gh_impl: br_ghash,
        iv: *const c_void,
    ),
}

/// GCM encryption of records as a table.
#[repr(C)]
pub struct br_sslrec_out_gcm_class {
    /// What every encryption has.
    pub inner: br_sslrec_out_class,
    /// Sets cipher, key, GHASH and the 4-byte implicit part of the nonce.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_out_gcm_class,
        bc_impl: *const br_block_ctr_class,
        key: *const c_void,
        key_len: usize,
        gh_impl: br_ghash,
        iv: *const c_void,
    ),
}

/// The class pointer of [`br_sslrec_gcm_context`], for either direction.
#[repr(C)]
#[derive(Clone, Copy)]
pub union br_sslrec_gcm_vtable {
    /// Either.
    pub gen_: *const c_void,
    /// Decryption.
    pub in_: *const br_sslrec_in_gcm_class,
    /// Encryption.
    pub out: *const br_sslrec_out_gcm_class,
}

/// The cipher inside [`br_sslrec_gcm_context`].
#[repr(C)]
pub union br_sslrec_gcm_bc {
    /// Class of the cipher.
    pub vtable: *const br_block_ctr_class,
    /// AES.
    pub aes: ManuallyDrop<br_aes_gen_ctr_keys>,
}

/// GCM encryption or decryption of records.
#[repr(C)]
pub struct br_sslrec_gcm_context {
    /// Class of the record layer.
    pub vtable: br_sslrec_gcm_vtable,
    /// Number of the next record.
    pub seq: u64,
    /// Cipher and key.
    pub bc: br_sslrec_gcm_bc,
    /// GHASH.
    pub gh: br_ghash,
    /// Implicit part of the nonce.
    pub iv: [u8; 4],
    /// Key of GHASH.
    pub h: [u8; 16],
}

/// ChaCha20-Poly1305 decryption of records as a table.
#[repr(C)]
pub struct br_sslrec_in_chapol_class {
    /// What every decryption has.
    pub inner: br_sslrec_in_class,
    /// Sets the functions, the 32-byte key and the 12-byte nonce.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_in_chapol_class,
        ichacha: br_chacha20_run,
        ipoly: br_poly1305_run,
        key: *const c_void,
        iv: *const c_void,
    ),
}

/// ChaCha20-Poly1305 encryption of records as a table.
#[repr(C)]
pub struct br_sslrec_out_chapol_class {
    /// What every encryption has.
    pub inner: br_sslrec_out_class,
    /// Sets the functions, the 32-byte key and the 12-byte nonce.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_sslrec_out_chapol_class,
        ichacha: br_chacha20_run,
        ipoly: br_poly1305_run,
        key: *const c_void,
        iv: *const c_void,
    ),
}

/// The class pointer of [`br_sslrec_chapol_context`], for either direction.
#[repr(C)]
#[derive(Clone, Copy)]
pub union br_sslrec_chapol_vtable {
    /// Either.
    pub gen_: *const c_void,
    /// Decryption.
    pub in_: *const br_sslrec_in_chapol_class,
    /// Encryption.
    pub out: *const br_sslrec_out_chapol_class,
}

/// ChaCha20-Poly1305 encryption or decryption of records.
#[repr(C)]
pub struct br_sslrec_chapol_context {
    /// Class of the record layer.
    pub vtable: br_sslrec_chapol_vtable,
    /// Number of the next record.
    pub seq: u64,
    /// Key.
    pub key: [u8; 32],
    /// Nonce, to be mixed with the record's number.
    pub iv: [u8; 12],
    /// ChaCha20.
    pub ichacha: br_chacha20_run,
    /// Poly1305.
    pub ipoly: br_poly1305_run,
}

/// The class pointer of [`br_sslrec_ccm_context`], for either direction.
#[repr(C)]
#[derive(Clone, Copy)]
pub union br_sslrec_ccm_vtable {
    /// Either.
    pub gen_: *const c_void,
    /// Decryption.
    pub in_: *const br_sslrec_in_ccm_class,
    /// Encryption.
    pub out: *const br_sslrec_out_ccm_class,
}

/// The cipher inside [`br_sslrec_ccm_context`].
#[repr(C)]
pub union br_sslrec_ccm_bc {
    /// Class of the cipher.
    pub vtable: *const br_block_ctrcbc_class,
    /// AES.
    pub aes: ManuallyDrop<br_aes_gen_ctrcbc_keys>,
}

/// CCM encryption or decryption of records. Only its layout is bound.
#[repr(C)]
pub struct br_sslrec_ccm_context {
    /// Class of the record layer.
    pub vtable: br_sslrec_ccm_vtable,
    /// Number of the next record.
    pub seq: u64,
    /// Cipher and key.
    pub bc: br_sslrec_ccm_bc,
    /// Implicit part of the nonce.
    pub iv: [u8; 4],
    /// Size of the tag.
    pub tag_len: usize,
}

unsafe extern "C" {
    /// Class of records that are not encrypted.
    pub static br_sslrec_out_clear_vtable: br_sslrec_out_class;
    /// Class of GCM decryption.
    pub static br_sslrec_in_gcm_vtable: br_sslrec_in_gcm_class;
    /// Class of GCM encryption.
    pub static br_sslrec_out_gcm_vtable: br_sslrec_out_gcm_class;
    /// Class of ChaCha20-Poly1305 decryption.
    pub static br_sslrec_in_chapol_vtable: br_sslrec_in_chapol_class;
    /// Class of ChaCha20-Poly1305 encryption.
    pub static br_sslrec_out_chapol_vtable: br_sslrec_out_chapol_class;
}
