// Size of every bound type and offset of every field on 32-bit targets whose 64-bit integers are aligned to 8 bytes.
// `layout.rs` holds the bindings to these numbers when the crate is compiled for such a target, and `tests/layout.rs`
// holds C to them, so that the two agree on a board although no board is there to ask.

/// Bytes by which a buffer for an RSA number is smaller where keys have at most 2048 bits.
const LESS: usize = (4096 - crate::BR_MAX_RSA_SIZE) / 8;

ilp32! {
    br_hash_class: 28 {
        context_size: 0, desc: 4, init: 8, update: 12, out: 16, state: 20, set_state: 24,
    }
    br_md5_context: 96 { vtable: 0, buf: 4, count: 72, val: 80, }
    br_sha1_context: 104 { vtable: 0, buf: 4, count: 72, val: 80, }
    br_sha224_context: 112 { vtable: 0, buf: 4, count: 72, val: 80, }
    br_sha384_context: 208 { vtable: 0, buf: 4, count: 136, val: 144, }
    br_md5sha1_context: 120 { vtable: 0, buf: 4, count: 72, val_md5: 80, val_sha1: 96, }
    br_hash_compat_context: 208 {
        vtable: 0, md5: 0, sha1: 0, sha224: 0, sha256: 0, sha384: 0, sha512: 0, md5sha1: 0,
    }
    br_multihash_context: 392 { buf: 0, count: 128, val_32: 136, val_64: 240, impl_: 368, }
    br_hmac_key_context: 132 { dig_vtable: 0, ksi: 4, kso: 68, }
    br_hmac_context: 280 { dig: 0, kso: 208, out_len: 272, }
    br_tls_prf_seed_chunk: 8 { data: 0, len: 4, }
    br_prng_class: 16 { context_size: 0, init: 4, generate: 8, update: 12, }
    br_hmac_drbg_context: 136 { vtable: 0, K: 4, V: 68, digest_class: 132, }
    br_block_ctr_class: 20 {
        context_size: 0, block_size: 4, log_block_size: 8, init: 12, run: 16,
    }
    br_aes_big_ctr_keys: 248 { vtable: 0, skey: 4, num_rounds: 244, }
    br_aes_small_ctr_keys: 248 { vtable: 0, skey: 4, num_rounds: 244, }
    br_aes_ct_ctr_keys: 248 { vtable: 0, skey: 4, num_rounds: 244, }
    br_aes_ct64_ctr_keys: 256 { vtable: 0, skey: 8, num_rounds: 248, }
    br_aes_x86ni_ctr_keys: 248 { vtable: 0, skey: 4, num_rounds: 244, }
    br_aes_gen_ctr_keys: 256 { vtable: 0, c_big: 0, c_small: 0, c_ct: 0, c_ct64: 0, c_x86ni: 0, }
    br_aes_ct64_cbcenc_keys: 256 { vtable: 0, skey: 8, num_rounds: 248, }
    br_aes_ct64_cbcdec_keys: 256 { vtable: 0, skey: 8, num_rounds: 248, }
    br_aes_ct64_ctrcbc_keys: 256 { vtable: 0, skey: 8, num_rounds: 248, }
    br_des_ct_cbcenc_keys: 392 { vtable: 0, skey: 4, num_rounds: 388, }
    br_des_ct_cbcdec_keys: 392 { vtable: 0, skey: 4, num_rounds: 388, }
    br_aes_gen_cbcenc_keys: 256 { vtable: 0, c_ct64: 0, }
    br_aes_gen_cbcdec_keys: 256 { vtable: 0, c_ct64: 0, }
    br_aes_gen_ctrcbc_keys: 256 { vtable: 0, c_ct64: 0, }
    br_des_gen_cbcenc_keys: 392 { vtable: 0, ct: 0, }
    br_des_gen_cbcdec_keys: 392 { vtable: 0, c_ct: 0, }
    br_rsa_public_key: 16 { n: 0, nlen: 4, e: 8, elen: 12, }
    br_rsa_private_key: 44 {
        n_bitlen: 0, p: 4, plen: 8, q: 12, qlen: 16, dp: 20, dplen: 24, dq: 28, dqlen: 32,
        iq: 36, iqlen: 40,
    }
    br_ec_public_key: 12 { curve: 0, q: 4, qlen: 8, }
    br_ec_private_key: 12 { curve: 0, x: 4, xlen: 8, }
    br_ec_impl: 28 {
        supported_curves: 0, generator: 4, order: 8, xoff: 12, mul: 16, mulgen: 20, muladd: 24,
    }
    br_x509_certificate: 8 { data: 0, data_len: 4, }
    br_x500_name: 8 { data: 0, len: 4, }
    br_x509_pkey_key: 16 { rsa: 0, ec: 0, }
    br_x509_pkey: 20 { key_type: 0, key: 4, }
    br_x509_trust_anchor: 32 { dn: 0, flags: 8, pkey: 12, }
    br_x509_class: 28 {
        context_size: 0, start_chain: 4, start_cert: 8, append: 12, end_cert: 16, end_chain: 20,
        get_pkey: 24,
    }
    br_x509_knownkey_context: 28 { vtable: 0, pkey: 4, usages: 24, }
    br_t0_cpu: 12 { dp: 0, rp: 4, ip: 8, }
    br_name_element: 16 { oid: 0, buf: 4, len: 8, status: 12, }
    br_x509_minimal_context: (3048 - 3 * LESS) {
        vtable: 0, pkey: 4, cpu: 24, dp_stack: 36, rp_stack: 164, err: 292, server_name: 296,
        key_usages: 300, days: 304, seconds: 308, cert_length: 312, num_certs: 316, hbuf: 320,
        hlen: 324, pad: 328, ee_pkey_data: 584, pkey_data: 1104 - LESS,
        cert_signer_key_type: 1624 - 2 * LESS, cert_sig_hash_oid: 1626 - 2 * LESS,
        cert_sig_hash_len: 1628 - 2 * LESS, cert_sig: 1629 - 2 * LESS,
        cert_sig_len: 2142 - 3 * LESS, min_rsa_size: 2144 - 3 * LESS,
        trust_anchors: 2148 - 3 * LESS, trust_anchors_num: 2152 - 3 * LESS,
        do_mhash: 2156 - 3 * LESS, mhash: 2160 - 3 * LESS, tbs_hash: 2552 - 3 * LESS,
        do_dn_hash: 2616 - 3 * LESS, dn_hash_impl: 2620 - 3 * LESS, dn_hash: 2624 - 3 * LESS,
        current_dn_hash: 2832 - 3 * LESS, next_dn_hash: 2896 - 3 * LESS,
        saved_dn_hash: 2960 - 3 * LESS, name_elts: 3024 - 3 * LESS,
        num_name_elts: 3028 - 3 * LESS, irsa: 3032 - 3 * LESS, iecdsa: 3036 - 3 * LESS,
        iec: 3040 - 3 * LESS,
    }
    br_x509_decoder_context: (1112 - LESS) {
        pkey: 0, cpu: 20, dp_stack: 32, rp_stack: 160, err: 288, pad: 292, decoded: 548,
        notbefore_days: 552, notbefore_seconds: 556, notafter_days: 560, notafter_seconds: 564,
        isCA: 568, copy_dn: 569, append_dn_ctx: 572, append_dn: 576, hbuf: 580, hlen: 584,
        pkey_data: 588, signer_key_type: 1108 - LESS, signer_hash_id: 1109 - LESS,
    }
    br_sslrec_in_class: 12 { context_size: 0, check_length: 4, decrypt: 8, }
    br_sslrec_out_class: 12 { context_size: 0, max_plaintext: 4, encrypt: 8, }
    br_sslrec_out_clear_context: 4 { vtable: 0, }
    br_sslrec_in_cbc_bc: 392 { vtable: 0, aes: 0, des: 0, }
    br_sslrec_in_cbc_context: 568 {
        vtable: 0, seq: 8, bc: 16, mac: 408, mac_len: 540, iv: 544, explicit_IV: 560,
    }
    br_sslrec_out_cbc_bc: 392 { vtable: 0, aes: 0, des: 0, }
    br_sslrec_out_cbc_context: 568 {
        vtable: 0, seq: 8, bc: 16, mac: 408, mac_len: 540, iv: 544, explicit_IV: 560,
    }
    br_sslrec_in_gcm_class: 16 { inner: 0, init: 12, }
    br_sslrec_out_gcm_class: 16 { inner: 0, init: 12, }
    br_sslrec_gcm_vtable: 4 { gen_: 0, in_: 0, out: 0, }
    br_sslrec_gcm_bc: 256 { vtable: 0, aes: 0, }
    br_sslrec_gcm_context: 296 { vtable: 0, seq: 8, bc: 16, gh: 272, iv: 276, h: 280, }
    br_sslrec_in_chapol_class: 16 { inner: 0, init: 12, }
    br_sslrec_out_chapol_class: 16 { inner: 0, init: 12, }
    br_sslrec_chapol_vtable: 4 { gen_: 0, in_: 0, out: 0, }
    br_sslrec_chapol_context: 72 { vtable: 0, seq: 8, key: 16, iv: 48, ichacha: 60, ipoly: 64, }
    br_sslrec_ccm_vtable: 4 { gen_: 0, in_: 0, out: 0, }
    br_sslrec_ccm_bc: 256 { vtable: 0, aes: 0, }
    br_sslrec_ccm_context: 280 { vtable: 0, seq: 8, bc: 16, iv: 272, tag_len: 276, }
    br_ssl_session_parameters: 86 {
        session_id: 0, session_id_len: 32, version: 34, cipher_suite: 36, master_secret: 38,
    }
    br_ssl_engine_in: 568 { vtable: 0, cbc: 0, gcm: 0, chapol: 0, ccm: 0, }
    br_ssl_engine_out: 568 { vtable: 0, clear: 0, cbc: 0, gcm: 0, chapol: 0, ccm: 0, }
    br_ssl_engine_context: 3344 {
        err: 0, ibuf: 4, obuf: 8, ibuf_len: 12, obuf_len: 16, max_frag_len: 20,
        log_max_frag_len: 22, peer_log_max_frag_len: 23, ixa: 24, ixb: 28, ixc: 32, oxa: 36,
        oxb: 40, oxc: 44, iomode: 48, incrypt: 49, shutdown_recv: 50, record_type_in: 51,
        record_type_out: 52, version_in: 54, version_out: 56, in_: 64, out: 632,
        application_data: 1200, rng: 1204, rng_init_done: 1340, rng_os_rand_done: 1344,
        version_min: 1348, version_max: 1350, suites_buf: 1352, suites_num: 1448,
        server_name: 1449, client_random: 1705, server_random: 1737, session: 1770,
        ecdhe_curve: 1856, ecdhe_point: 1857, ecdhe_point_len: 1990, reneg: 1991,
        saved_finished: 1992, flags: 2016, cpu: 2020, dp_stack: 2032, rp_stack: 2160, pad: 2288,
        hbuf_in: 2800, hbuf_out: 2804, saved_hbuf_out: 2808, hlen_in: 2812, hlen_out: 2816,
        hsrun: 2820, action: 2824, alert: 2825, close_received: 2826, mhash: 2832, x509ctx: 3224,
        chain: 3228, chain_len: 3232, cert_cur: 3236, cert_len: 3240, protocol_names: 3244,
        protocol_names_num: 3248, selected_protocol: 3250, prf10: 3252, prf_sha256: 3256,
        prf_sha384: 3260, iaes_cbcenc: 3264, iaes_cbcdec: 3268, iaes_ctr: 3272,
        iaes_ctrcbc: 3276, ides_cbcenc: 3280, ides_cbcdec: 3284, ighash: 3288, ichacha: 3292,
        ipoly: 3296, icbc_in: 3300, icbc_out: 3304, igcm_in: 3308, igcm_out: 3312,
        ichapol_in: 3316, ichapol_out: 3320, iccm_in: 3324, iccm_out: 3328, iec: 3332,
        irsavrfy: 3336, iecdsa: 3340,
    }
    br_ssl_client_certificate: 16 { auth_type: 0, hash_id: 4, chain: 8, chain_len: 12, }
    br_ssl_client_certificate_class: 36 {
        context_size: 0, start_name_list: 4, start_name: 8, append_name: 12, end_name: 16,
        end_name_list: 20, choose: 24, do_keyx: 28, do_sign: 32,
    }
    br_ssl_client_certificate_rsa_context: 20 {
        vtable: 0, chain: 4, chain_len: 8, sk: 12, irsasign: 16,
    }
    br_ssl_client_certificate_ec_context: 36 {
        vtable: 0, chain: 4, chain_len: 8, sk: 12, allowed_usages: 16, issuer_key_type: 20,
        mhash: 24, iec: 28, iecdsa: 32,
    }
    br_ssl_client_auth: 36 { vtable: 0, single_rsa: 0, single_ec: 0, }
    br_ssl_client_context: 3408 {
        eng: 0, min_clienthello_len: 3344, hashes: 3348, server_curve: 3352,
        client_auth_vtable: 3356, auth_type: 3360, hash_id: 3361, client_auth: 3364,
        irsapub: 3400,
    }
}
