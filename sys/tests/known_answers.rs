//! Known answers through the bindings: that the functions are linked, take what the declarations say, and are right.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

use bearssl_sys::*;

/// An RSA-1024 key made for this test alone, with exponent 65537 and both primes 3 modulo 4: the modulus.
const RSA_N: &str = "\
    eca6f705e6dec86d164efc66235f1f67dcece5d9d8532c71e5d957cd1df101f8216079dfdb64ec1a\
    ec9ac278d74cdb333b058be44d342b862f0c7b145cc1684ae35684afeb69881ed0262d70e52c9ee5\
    c9a97da492f13982c838bafbf61497be0593483403531a4a37299bbae3501627cce7f4bcdd96197e\
    9429668dfc726151";
const RSA_P: &str = "\
    fed9844aabd79292ba1843518b07c2c15fc8a6e00fe2e9715c5d52b0852f397291d09c5ee836b561\
    5bd0a78ca3925721ad740b41baa164e52d123abcb45e951b";
const RSA_Q: &str = "\
    edb86bb19215101e1677bc017ea2d8c047844813beafb75a5616b84aba6ca1dea38a011bbf62f900\
    9785ff4a45626bc01d0e08f9ea6804bf36649a4ded080603";
const RSA_DP: &str = "\
    1486340f47739f0c4e0c722f7900f1005dd46d0c127b75cd7960d2ae00abe2f68523c5d426e3710c\
    1c36dba789ecd9338f228f5d85c845b5e7415695a7f90e0d";
const RSA_DQ: &str = "\
    959ff89901dba4136c0cdd170bc0303186522a93d2f802ae27759175e7b52c8557e62b206dec3bd2\
    358d2fcc6db3af2272a73cdb20c16c0b768f07d878930e45";
const RSA_IQ: &str = "\
    a9d2dd9152b9da27939582a1f01faa06cf8bbdd6f14055ff8f883ef4324c1ce8eeaf13fb39e81916\
    c803bd62050a32da739cb5dce1a89e71db72a76e8ab830ff";
/// Its PKCS#1 v1.5 signature with SHA-256 over "sample", as OpenSSL makes it.
const RSA_SIGNATURE: &str = "\
    98e13d7d197e9b1bd3da50c2418738dd2a8dc63897a4bca20872264f6346ed9ce744fafe9bf3f2cf\
    bceaab14b8e6d851bece01309e66c473019dc555fdf988d290cf7f97355183949aa2deea2eea33ec\
    070d29d57d209db2e31481bef6b2e74f54bf53629bf89ca8a34708a2cdddb23e9c79aa4e4feaaea3\
    92234099bc2b18d5";

// RFC 6979, appendix A.2.5: P-256, SHA-256, message "sample".
const EC_PRIVATE: &str = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
const EC_PUBLIC: &str = "04\
    60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6\
    7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
const EC_SIGNATURE: &str = "\
    EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
    F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn pointer(bytes: &[u8]) -> *const c_void {
    bytes.as_ptr().cast()
}

fn sha256(message: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    let mut context = MaybeUninit::<br_sha256_context>::uninit();
    // SAFETY: `init` fills the context, and `digest` has room for the result.
    unsafe {
        br_sha256_init(context.as_mut_ptr());
        br_sha256_update(context.as_mut_ptr(), pointer(message), message.len());
        br_sha256_out(context.as_ptr(), digest.as_mut_ptr().cast());
    }
    digest
}

#[test]
fn sha256_gives_the_standard_answer() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(sha256(b"abc").to_vec(), hex(expected));
}

/// One hash function through its class, as the engine calls it.
fn by_class(class: *const br_hash_class, message: &[u8]) -> Vec<u8> {
    let mut context = MaybeUninit::<br_hash_compat_context>::zeroed();
    let start: *mut *const br_hash_class = context.as_mut_ptr().cast();
    // SAFETY: the union has room for any context, and the class pointer is the first field of each.
    unsafe {
        let size = ((*class).desc >> BR_HASHDESC_OUT_OFF) & BR_HASHDESC_OUT_MASK;
        let mut digest = vec![0; size as usize];
        ((*class).init)(start);
        ((*class).update)(start, pointer(message), message.len());
        ((*class).out)(start, digest.as_mut_ptr().cast());
        digest
    }
}

#[test]
fn hash_classes_give_the_standard_answers() {
    let answers: [(*const br_hash_class, usize, &str); 5] = [
        (&raw const br_sha1_vtable, br_sha1_SIZE, "a9993e36"),
        (&raw const br_sha224_vtable, br_sha224_SIZE, "23097d22"),
        (&raw const br_sha256_vtable, br_sha256_SIZE, "ba7816bf"),
        (&raw const br_sha384_vtable, br_sha384_SIZE, "cb00753f"),
        (&raw const br_sha512_vtable, br_sha512_SIZE, "ddaf35a1"),
    ];
    for (class, size, start) in answers {
        let digest = by_class(class, b"abc");
        assert_eq!((digest.len(), &digest[..4]), (size, hex(start).as_slice()));
    }
}

#[test]
fn hmac_gives_the_answer_of_rfc_4231() {
    let message = b"what do ya want for nothing?";
    let mut out = [0u8; 32];
    let mut key = MaybeUninit::<br_hmac_key_context>::uninit();
    let mut context = MaybeUninit::<br_hmac_context>::uninit();
    // SAFETY: both contexts are filled by their `init`, and `out` has room for the result.
    let size = unsafe {
        br_hmac_key_init(
            key.as_mut_ptr(),
            &raw const br_sha256_vtable,
            pointer(b"Jefe"),
            4,
        );
        br_hmac_init(context.as_mut_ptr(), key.as_ptr(), 0);
        br_hmac_update(context.as_mut_ptr(), pointer(message), message.len());
        assert_eq!(bearcub_hmac_size(context.as_mut_ptr()), 32);
        br_hmac_out(context.as_ptr(), out.as_mut_ptr().cast())
    };
    assert_eq!(size, 32);
    assert_eq!(
        out.to_vec(),
        hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    );
}

#[test]
fn counter_mode_gives_the_answer_of_sp_800_38a() {
    let key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    let iv = hex("f0f1f2f3f4f5f6f7f8f9fafb");
    // SAFETY: asks the CPU, touches no memory of ours.
    let x86 = unsafe { br_aes_x86ni_ctr_get_vtable() };
    let classes = [
        &raw const br_aes_big_ctr_vtable,
        &raw const br_aes_small_ctr_vtable,
        &raw const br_aes_ct_ctr_vtable,
        &raw const br_aes_ct64_ctr_vtable,
        x86,
    ];
    for class in classes.into_iter().filter(|class| !class.is_null()) {
        let mut block = hex("6bc1bee22e409f96e93d7e117393172a");
        let mut context = MaybeUninit::<br_aes_gen_ctr_keys>::zeroed();
        let start: *mut *const br_block_ctr_class = context.as_mut_ptr().cast();
        // SAFETY: the union has room for any key, and the class pointer is the first field of each.
        unsafe {
            assert!((*class).context_size <= size_of::<br_aes_gen_ctr_keys>());
            ((*class).init)(start, pointer(&key), key.len());
            ((*class).run)(
                start,
                pointer(&iv),
                0xfcfd_feff,
                block.as_mut_ptr().cast(),
                block.len(),
            );
        }
        assert_eq!(block, hex("874d6191b620e3261bef6864990db6ce"));
    }
}

#[test]
fn p256_signatures_are_made_and_verified_as_in_rfc_6979() {
    let (mut private, mut public, signature) = (hex(EC_PRIVATE), hex(EC_PUBLIC), hex(EC_SIGNATURE));
    let digest = sha256(b"sample");
    let secret = br_ec_private_key {
        curve: BR_EC_secp256r1,
        x: private.as_mut_ptr(),
        xlen: private.len(),
    };
    let key = br_ec_public_key {
        curve: BR_EC_secp256r1,
        q: public.as_mut_ptr(),
        qlen: public.len(),
    };
    type Implementation = (*const br_ec_impl, br_ecdsa_sign, br_ecdsa_vrfy);
    let implementations: [Implementation; 4] = [
        (
            &raw const br_ec_p256_m15,
            Some(br_ecdsa_i15_sign_raw),
            Some(br_ecdsa_i15_vrfy_raw),
        ),
        (
            &raw const br_ec_p256_m31,
            Some(br_ecdsa_i31_sign_raw),
            Some(br_ecdsa_i31_vrfy_raw),
        ),
        (
            &raw const br_ec_prime_i15,
            Some(br_ecdsa_i15_sign_raw),
            Some(br_ecdsa_i15_vrfy_raw),
        ),
        (
            &raw const br_ec_all_m31,
            Some(br_ecdsa_i31_sign_raw),
            Some(br_ecdsa_i31_vrfy_raw),
        ),
    ];
    for (curves, sign, verify) in implementations {
        let mut made = [0u8; 64];
        let mut point = [0u8; BR_EC_KBUF_PUB_MAX_SIZE];
        // SAFETY: keys and buffers live through the calls and have the sizes that they are passed with.
        unsafe {
            let size = br_ec_compute_pub(curves, null_mut(), point.as_mut_ptr().cast(), &secret);
            assert_eq!(&point[..size], public);
            let hash = &raw const br_sha256_vtable;
            assert_eq!(
                sign.unwrap()(
                    curves,
                    hash,
                    pointer(&digest),
                    &secret,
                    made.as_mut_ptr().cast()
                ),
                64
            );
            assert_eq!(made.to_vec(), signature);
            let verify = verify.unwrap();
            assert_eq!(
                verify(curves, pointer(&digest), 32, &key, pointer(&signature), 64),
                1
            );
            let other = sha256(b"simple");
            assert_eq!(
                verify(curves, pointer(&other), 32, &key, pointer(&signature), 64),
                0
            );
        }
    }
}

#[test]
fn rsa_signatures_are_made_and_verified_with_every_limb_size() {
    let (mut n, mut e, signature) = (hex(RSA_N), vec![1, 0, 1], hex(RSA_SIGNATURE));
    let key = br_rsa_public_key {
        n: n.as_mut_ptr(),
        nlen: n.len(),
        e: e.as_mut_ptr(),
        elen: e.len(),
    };
    let [mut p, mut q, mut dp, mut dq, mut iq] = [RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_IQ].map(hex);
    let secret = br_rsa_private_key {
        n_bitlen: 1024,
        p: p.as_mut_ptr(),
        plen: p.len(),
        q: q.as_mut_ptr(),
        qlen: q.len(),
        dp: dp.as_mut_ptr(),
        dplen: dp.len(),
        dq: dq.as_mut_ptr(),
        dqlen: dq.len(),
        iq: iq.as_mut_ptr(),
        iqlen: iq.len(),
    };
    let digest = sha256(b"sample");
    // SAFETY: asks what was compiled, touches no memory of ours.
    let wide = unsafe { (br_rsa_i62_pkcs1_sign_get(), br_rsa_i62_pkcs1_vrfy_get()) };
    let implementations: [(br_rsa_pkcs1_sign, br_rsa_pkcs1_vrfy); 3] = [
        (Some(br_rsa_i15_pkcs1_sign), Some(br_rsa_i15_pkcs1_vrfy)),
        (Some(br_rsa_i31_pkcs1_sign), Some(br_rsa_i31_pkcs1_vrfy)),
        wide,
    ];
    let mut tried = 0;
    for (sign, verify) in implementations {
        let (Some(sign), Some(verify)) = (sign, verify) else {
            continue;
        };
        let mut made = vec![0u8; 128];
        let mut opened = [0u8; 32];
        let oid = BR_HASH_OID_SHA256.as_ptr();
        // SAFETY: keys and buffers live through the calls and have the sizes that they are passed with.
        unsafe {
            assert_eq!(
                sign(oid, digest.as_ptr(), 32, &secret, made.as_mut_ptr()),
                1
            );
            assert_eq!(made, signature);
            assert_eq!(
                verify(signature.as_ptr(), 128, oid, 32, &key, opened.as_mut_ptr()),
                1
            );
            assert_eq!(opened, digest);
            made[5] ^= 1;
            assert_eq!(
                verify(made.as_ptr(), 128, oid, 32, &key, opened.as_mut_ptr()),
                0
            );
        }
        tried += 1;
    }
    assert!(tried >= 2);
    let mut modulus = vec![0u8; 128];
    // SAFETY: the key lives through the calls, and `modulus` has room for 1024 bits.
    unsafe {
        assert_eq!(
            br_rsa_i15_compute_modulus(modulus.as_mut_ptr().cast(), &secret),
            128
        );
        assert_eq!(modulus, n);
        modulus.fill(0);
        assert_eq!(
            br_rsa_i31_compute_modulus(modulus.as_mut_ptr().cast(), &secret),
            128
        );
        assert_eq!(modulus, n);
        assert_eq!(
            (
                br_rsa_i15_compute_pubexp(&secret),
                br_rsa_i31_compute_pubexp(&secret)
            ),
            (65537, 65537)
        );
    }
}

/// Starts a client with one cipher suite and hands back its error and its first record bytes.
fn first_flight(entropy: Option<&[u8]>, name: &CStr) -> (c_int, Vec<u8>) {
    let mut client = Box::new(MaybeUninit::<br_ssl_client_context>::uninit());
    let (mut input, mut output) = (vec![0u8; 1024 + 325], vec![0u8; 512 + 85]);
    let cc = client.as_mut_ptr();
    // SAFETY: the context stays in its box, and the buffers outlive it.
    unsafe {
        br_ssl_client_zero(cc);
        let engine = &raw mut (*cc).eng;
        bearcub_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
        let suite = [BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
        br_ssl_engine_set_suites(engine, suite.as_ptr(), suite.len());
        bearcub_ssl_engine_set_hash(engine, br_sha256_ID, &raw const br_sha256_vtable);
        bearcub_ssl_engine_set_prf_sha256(engine, Some(br_tls12_sha256_prf));
        bearcub_ssl_engine_set_ec(engine, &raw const br_ec_p256_m31);
        bearcub_ssl_engine_set_ecdsa(engine, Some(br_ecdsa_i31_vrfy_asn1));
        bearcub_ssl_engine_set_aes_ctr(engine, &raw const br_aes_ct_ctr_vtable);
        bearcub_ssl_engine_set_ghash(engine, Some(br_ghash_ctmul));
        bearcub_ssl_engine_set_gcm(
            engine,
            &raw const br_sslrec_in_gcm_vtable,
            &raw const br_sslrec_out_gcm_vtable,
        );
        br_ssl_engine_set_buffers_bidi(
            engine,
            input.as_mut_ptr().cast(),
            input.len(),
            output.as_mut_ptr().cast(),
            output.len(),
        );
        if let Some(bytes) = entropy {
            br_ssl_engine_inject_entropy(engine, pointer(bytes), bytes.len());
        }
        br_ssl_client_reset(cc, name.as_ptr(), 0);
        let mut len = 0;
        let start = br_ssl_engine_sendrec_buf(engine, &mut len);
        let record = if start.is_null() {
            Vec::new()
        } else {
            std::slice::from_raw_parts(start, len).to_vec()
        };
        assert_eq!(
            record.is_empty(),
            br_ssl_engine_current_state(engine) & BR_SSL_SENDREC == 0
        );
        (bearcub_ssl_engine_last_error(engine), record)
    }
}

#[test]
fn a_client_with_entropy_sends_a_client_hello() {
    let (error, record) = first_flight(Some(&[7; 32]), c"mqtt.example.org");
    assert_eq!(error, BR_ERR_OK);
    // Handshake record, then ClientHello for TLS 1.2.
    assert_eq!((record[0], record[5], &record[9..11]), (22, 1, &[3, 3][..]));
    assert!(
        record
            .windows(16)
            .any(|window| window == b"mqtt.example.org")
    );
}

#[test]
fn a_client_without_entropy_refuses_to_start() {
    assert_eq!(
        first_flight(None, c"mqtt.example.org"),
        (BR_ERR_NO_RANDOM, Vec::new())
    );
    let mut name = null();
    // SAFETY: `name` is writable.
    let seeder = unsafe { br_prng_seeder_system(&mut name) };
    assert!(seeder.is_none());
    // SAFETY: the function set it to a static string.
    assert_eq!(unsafe { CStr::from_ptr(name) }, c"none");
}

#[test]
fn the_known_key_validator_hands_out_its_key() {
    let mut public = hex(EC_PUBLIC);
    let key = br_ec_public_key {
        curve: BR_EC_secp256r1,
        q: public.as_mut_ptr(),
        qlen: public.len(),
    };
    let mut context = MaybeUninit::<br_x509_knownkey_context>::uninit();
    // SAFETY: `init` fills the context, whose first field is the class that is called through.
    unsafe {
        br_x509_knownkey_init_ec(context.as_mut_ptr(), &key, BR_KEYTYPE_SIGN as u32);
        let class = (*context.as_ptr()).vtable;
        let mut usages = 0;
        let found = ((*class).get_pkey)(context.as_ptr().cast(), &mut usages);
        assert_eq!(
            (usages, c_int::from((*found).key_type)),
            (BR_KEYTYPE_SIGN as u32, BR_KEYTYPE_EC)
        );
        assert_eq!((*found).key.ec.q, public.as_mut_ptr());
    }
}
