// Every bound type with every field, and every constant. `tests/layout.rs` includes this file with macros of its own,
// and has a test that finds what is missing here.

types! {
    br_hash_class { context_size, desc, init, update, out, state, set_state, }
    br_md5_context { vtable, buf, count, val, }
    br_sha1_context { vtable, buf, count, val, }
    br_sha224_context { vtable, buf, count, val, }
    br_sha384_context { vtable, buf, count, val, }
    br_md5sha1_context { vtable, buf, count, val_md5, val_sha1, }
    br_hash_compat_context { vtable, md5, sha1, sha224, sha256, sha384, sha512, md5sha1, }
    br_multihash_context { buf, count, val_32, val_64, impl_, }
    br_hmac_key_context { dig_vtable, ksi, kso, }
    br_hmac_context { dig, kso, out_len, }
    br_tls_prf_seed_chunk { data, len, }
    br_prng_class { context_size, init, generate, update, }
    br_hmac_drbg_context { vtable, K, V, digest_class, }
    br_block_ctr_class { context_size, block_size, log_block_size, init, run, }
    br_aes_big_ctr_keys { vtable, skey, num_rounds, }
    br_aes_small_ctr_keys { vtable, skey, num_rounds, }
    br_aes_ct_ctr_keys { vtable, skey, num_rounds, }
    br_aes_ct64_ctr_keys { vtable, skey, num_rounds, }
    br_aes_x86ni_ctr_keys { vtable, skey, num_rounds, }
    br_aes_gen_ctr_keys { vtable, c_big, c_small, c_ct, c_ct64, c_x86ni, }
    br_aes_ct64_cbcenc_keys { vtable, skey, num_rounds, }
    br_aes_ct64_cbcdec_keys { vtable, skey, num_rounds, }
    br_aes_ct64_ctrcbc_keys { vtable, skey, num_rounds, }
    br_des_ct_cbcenc_keys { vtable, skey, num_rounds, }
    br_des_ct_cbcdec_keys { vtable, skey, num_rounds, }
    br_aes_gen_cbcenc_keys { vtable, c_ct64, }
    br_aes_gen_cbcdec_keys { vtable, c_ct64, }
    br_aes_gen_ctrcbc_keys { vtable, c_ct64, }
    br_des_gen_cbcenc_keys { vtable, ct, }
    br_des_gen_cbcdec_keys { vtable, c_ct, }
    br_rsa_public_key { n, nlen, e, elen, }
    br_rsa_private_key { n_bitlen, p, plen, q, qlen, dp, dplen, dq, dqlen, iq, iqlen, }
    br_ec_public_key { curve, q, qlen, }
    br_ec_private_key { curve, x, xlen, }
    br_ec_impl { supported_curves, generator, order, xoff, mul, mulgen, muladd, }
    br_x509_certificate { data, data_len, }
    br_x500_name { data, len, }
    br_x509_pkey_key = br_x509_pkey.key { rsa, ec, }
    br_x509_pkey { key_type, key, }
    br_x509_trust_anchor { dn, flags, pkey, }
    br_x509_class { context_size, start_chain, start_cert, append, end_cert, end_chain, get_pkey, }
    br_x509_knownkey_context { vtable, pkey, usages, }
    br_t0_cpu = br_ssl_engine_context.cpu { dp, rp, ip, }
    br_name_element { oid, buf, len, status, }
    br_x509_minimal_context {
        vtable, pkey, cpu, dp_stack, rp_stack, err, server_name, key_usages, days, seconds,
        cert_length, num_certs, hbuf, hlen, pad, ee_pkey_data, pkey_data, cert_signer_key_type,
        cert_sig_hash_oid, cert_sig_hash_len, cert_sig, cert_sig_len, min_rsa_size,
        trust_anchors, trust_anchors_num, do_mhash, mhash, tbs_hash, do_dn_hash, dn_hash_impl,
        dn_hash, current_dn_hash, next_dn_hash, saved_dn_hash, name_elts, num_name_elts, irsa,
        iecdsa, iec,
    }
    br_x509_decoder_context {
        pkey, cpu, dp_stack, rp_stack, err, pad, decoded, notbefore_days, notbefore_seconds,
        notafter_days, notafter_seconds, isCA, copy_dn, append_dn_ctx, append_dn, hbuf, hlen,
        pkey_data, signer_key_type, signer_hash_id,
    }
    br_sslrec_in_class { context_size, check_length, decrypt, }
    br_sslrec_out_class { context_size, max_plaintext, encrypt, }
    br_sslrec_out_clear_context { vtable, }
    br_sslrec_in_cbc_bc = br_sslrec_in_cbc_context.bc { vtable, aes, des, }
    br_sslrec_in_cbc_context { vtable, seq, bc, mac, mac_len, iv, explicit_IV, }
    br_sslrec_out_cbc_bc = br_sslrec_out_cbc_context.bc { vtable, aes, des, }
    br_sslrec_out_cbc_context { vtable, seq, bc, mac, mac_len, iv, explicit_IV, }
    br_sslrec_in_gcm_class { inner, init, }
    br_sslrec_out_gcm_class { inner, init, }
    br_sslrec_gcm_vtable = br_sslrec_gcm_context.vtable { gen_, in_, out, }
    br_sslrec_gcm_bc = br_sslrec_gcm_context.bc { vtable, aes, }
    br_sslrec_gcm_context { vtable, seq, bc, gh, iv, h, }
    br_sslrec_in_chapol_class { inner, init, }
    br_sslrec_out_chapol_class { inner, init, }
    br_sslrec_chapol_vtable = br_sslrec_chapol_context.vtable { gen_, in_, out, }
    br_sslrec_chapol_context { vtable, seq, key, iv, ichacha, ipoly, }
    br_sslrec_ccm_vtable = br_sslrec_ccm_context.vtable { gen_, in_, out, }
    br_sslrec_ccm_bc = br_sslrec_ccm_context.bc { vtable, aes, }
    br_sslrec_ccm_context { vtable, seq, bc, iv, tag_len, }
    br_ssl_session_parameters { session_id, session_id_len, version, cipher_suite, master_secret, }
    br_ssl_engine_in = br_ssl_engine_context.in { vtable, cbc, gcm, chapol, ccm, }
    br_ssl_engine_out = br_ssl_engine_context.out { vtable, clear, cbc, gcm, chapol, ccm, }
    br_ssl_engine_context {
        err, ibuf, obuf, ibuf_len, obuf_len, max_frag_len, log_max_frag_len,
        peer_log_max_frag_len, ixa, ixb, ixc, oxa, oxb, oxc, iomode, incrypt, shutdown_recv,
        record_type_in, record_type_out, version_in, version_out, in_, out, application_data,
        rng, rng_init_done, rng_os_rand_done, version_min, version_max, suites_buf, suites_num,
        server_name, client_random, server_random, session, ecdhe_curve, ecdhe_point,
        ecdhe_point_len, reneg, saved_finished, flags, cpu, dp_stack, rp_stack, pad, hbuf_in,
        hbuf_out, saved_hbuf_out, hlen_in, hlen_out, hsrun, action, alert, close_received, mhash,
        x509ctx, chain, chain_len, cert_cur, cert_len, protocol_names, protocol_names_num,
        selected_protocol, prf10, prf_sha256, prf_sha384, iaes_cbcenc, iaes_cbcdec, iaes_ctr,
        iaes_ctrcbc, ides_cbcenc, ides_cbcdec, ighash, ichacha, ipoly, icbc_in, icbc_out,
        igcm_in, igcm_out, ichapol_in, ichapol_out, iccm_in, iccm_out, iec, irsavrfy, iecdsa,
    }
    br_ssl_client_certificate { auth_type, hash_id, chain, chain_len, }
    br_ssl_client_certificate_class {
        context_size, start_name_list, start_name, append_name, end_name, end_name_list, choose,
        do_keyx, do_sign,
    }
    br_ssl_client_certificate_rsa_context { vtable, chain, chain_len, sk, irsasign, }
    br_ssl_client_certificate_ec_context {
        vtable, chain, chain_len, sk, allowed_usages, issuer_key_type, mhash, iec, iecdsa,
    }
    br_ssl_client_auth = br_ssl_client_context.client_auth { vtable, single_rsa, single_ec, }
    br_ssl_client_context {
        eng, min_clienthello_len, hashes, server_curve, client_auth_vtable, auth_type, hash_id,
        client_auth, irsapub,
    }
}

constants! {
    BR_HASHDESC_ID_OFF, BR_HASHDESC_ID_MASK, BR_HASHDESC_OUT_OFF, BR_HASHDESC_OUT_MASK,
    BR_HASHDESC_STATE_OFF, BR_HASHDESC_STATE_MASK, BR_HASHDESC_LBLEN_OFF, BR_HASHDESC_LBLEN_MASK,
    BR_HASHDESC_MD_PADDING, BR_HASHDESC_MD_PADDING_128, BR_HASHDESC_MD_PADDING_BE, br_md5sha1_ID,
    br_md5_ID, br_sha1_ID, br_sha224_ID, br_sha256_ID, br_sha384_ID, br_sha512_ID,
    br_md5sha1_SIZE, br_md5_SIZE, br_sha1_SIZE, br_sha224_SIZE, br_sha256_SIZE, br_sha384_SIZE,
    br_sha512_SIZE, BR_EC_secp256r1, BR_EC_secp384r1, BR_EC_secp521r1, BR_EC_curve25519,
    BR_EC_KBUF_PRIV_MAX_SIZE, BR_EC_KBUF_PUB_MAX_SIZE, BR_KEYTYPE_RSA, BR_KEYTYPE_EC,
    BR_KEYTYPE_KEYX, BR_KEYTYPE_SIGN, BR_MAX_RSA_SIZE, BR_X509_TA_CA, BR_X509_BUFSIZE_KEY, BR_X509_BUFSIZE_SIG,
    BR_SSL_BUFSIZE_INPUT, BR_SSL_BUFSIZE_OUTPUT, BR_SSL_BUFSIZE_MONO, BR_SSL_BUFSIZE_BIDI,
    BR_SSL30, BR_TLS10, BR_TLS11, BR_TLS12, BR_SSL_CLOSED, BR_SSL_SENDREC, BR_SSL_RECVREC,
    BR_SSL_SENDAPP, BR_SSL_RECVAPP, BR_OPT_ENFORCE_SERVER_PREFERENCES, BR_OPT_NO_RENEGOTIATION,
    BR_OPT_TOLERATE_NO_CLIENT_AUTH, BR_OPT_FAIL_ON_ALPN_MISMATCH, BR_MAX_CIPHER_SUITES,
    BR_AUTH_ECDH, BR_AUTH_RSA, BR_AUTH_ECDSA, BR_ERR_OK, BR_ERR_BAD_PARAM, BR_ERR_BAD_STATE,
    BR_ERR_UNSUPPORTED_VERSION, BR_ERR_BAD_VERSION, BR_ERR_BAD_LENGTH, BR_ERR_TOO_LARGE,
    BR_ERR_BAD_MAC, BR_ERR_NO_RANDOM, BR_ERR_UNKNOWN_TYPE, BR_ERR_UNEXPECTED, BR_ERR_BAD_CCS,
    BR_ERR_BAD_ALERT, BR_ERR_BAD_HANDSHAKE, BR_ERR_OVERSIZED_ID, BR_ERR_BAD_CIPHER_SUITE,
    BR_ERR_BAD_COMPRESSION, BR_ERR_BAD_FRAGLEN, BR_ERR_BAD_SECRENEG, BR_ERR_EXTRA_EXTENSION,
    BR_ERR_BAD_SNI, BR_ERR_BAD_HELLO_DONE, BR_ERR_LIMIT_EXCEEDED, BR_ERR_BAD_FINISHED,
    BR_ERR_RESUME_MISMATCH, BR_ERR_INVALID_ALGORITHM, BR_ERR_BAD_SIGNATURE,
    BR_ERR_WRONG_KEY_USAGE, BR_ERR_NO_CLIENT_AUTH, BR_ERR_IO, BR_ERR_RECV_FATAL_ALERT,
    BR_ERR_SEND_FATAL_ALERT, BR_ERR_X509_OK, BR_ERR_X509_INVALID_VALUE, BR_ERR_X509_TRUNCATED,
    BR_ERR_X509_EMPTY_CHAIN, BR_ERR_X509_INNER_TRUNC, BR_ERR_X509_BAD_TAG_CLASS,
    BR_ERR_X509_BAD_TAG_VALUE, BR_ERR_X509_INDEFINITE_LENGTH, BR_ERR_X509_EXTRA_ELEMENT,
    BR_ERR_X509_UNEXPECTED, BR_ERR_X509_NOT_CONSTRUCTED, BR_ERR_X509_NOT_PRIMITIVE,
    BR_ERR_X509_PARTIAL_BYTE, BR_ERR_X509_BAD_BOOLEAN, BR_ERR_X509_OVERFLOW, BR_ERR_X509_BAD_DN,
    BR_ERR_X509_BAD_TIME, BR_ERR_X509_UNSUPPORTED, BR_ERR_X509_LIMIT_EXCEEDED,
    BR_ERR_X509_WRONG_KEY_TYPE, BR_ERR_X509_BAD_SIGNATURE, BR_ERR_X509_TIME_UNKNOWN,
    BR_ERR_X509_EXPIRED, BR_ERR_X509_DN_MISMATCH, BR_ERR_X509_BAD_SERVER_NAME,
    BR_ERR_X509_CRITICAL_EXTENSION, BR_ERR_X509_NOT_CA, BR_ERR_X509_FORBIDDEN_KEY_USAGE,
    BR_ERR_X509_WEAK_PUBLIC_KEY, BR_ERR_X509_NOT_TRUSTED, BR_ALERT_CLOSE_NOTIFY,
    BR_ALERT_UNEXPECTED_MESSAGE, BR_ALERT_BAD_RECORD_MAC, BR_ALERT_RECORD_OVERFLOW,
    BR_ALERT_DECOMPRESSION_FAILURE, BR_ALERT_HANDSHAKE_FAILURE, BR_ALERT_BAD_CERTIFICATE,
    BR_ALERT_UNSUPPORTED_CERTIFICATE, BR_ALERT_CERTIFICATE_REVOKED, BR_ALERT_CERTIFICATE_EXPIRED,
    BR_ALERT_CERTIFICATE_UNKNOWN, BR_ALERT_ILLEGAL_PARAMETER, BR_ALERT_UNKNOWN_CA,
    BR_ALERT_ACCESS_DENIED, BR_ALERT_DECODE_ERROR, BR_ALERT_DECRYPT_ERROR,
    BR_ALERT_PROTOCOL_VERSION, BR_ALERT_INSUFFICIENT_SECURITY, BR_ALERT_INTERNAL_ERROR,
    BR_ALERT_USER_CANCELED, BR_ALERT_NO_RENEGOTIATION, BR_ALERT_UNSUPPORTED_EXTENSION,
    BR_ALERT_NO_APPLICATION_PROTOCOL, BR_TLS_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_RSA_WITH_AES_256_GCM_SHA384, BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, BR_TLS_FALLBACK_SCSV,
}
