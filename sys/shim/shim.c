/*
 * Real functions for what BearSSL's headers declare as "static inline", so that other languages can call them,
 * and the one symbol that the engine wants from the system.
 */

#include "bearssl.h"

/*
 * Sizes on 32-bit targets whose 64-bit integers are aligned to 8 bytes. src/ilp32.rs has the same numbers for
 * the bindings, so that a build for a board stops when the two sides disagree.
 */
#if UINTPTR_MAX == 0xFFFFFFFF
#define BEARCUB_ALIGN8 (_Alignof(struct { uint64_t u; }) == 8)
_Static_assert(!BEARCUB_ALIGN8 || sizeof(br_ssl_engine_context) == 3344, "size of br_ssl_engine_context");
_Static_assert(!BEARCUB_ALIGN8 || sizeof(br_ssl_client_context) == 3408, "size of br_ssl_client_context");
/* Where RSA keys have at most 2048 bits, every buffer for one of their numbers is smaller by this. */
#define LESS (512 - BR_X509_BUFSIZE_SIG)
_Static_assert(!BEARCUB_ALIGN8 || sizeof(br_x509_minimal_context) == 3048 - 3 * LESS, "size of br_x509_minimal_context");
_Static_assert(!BEARCUB_ALIGN8 || sizeof(br_x509_decoder_context) == 1112 - LESS, "size of br_x509_decoder_context");
#endif

/* No entropy comes from the system: callers inject it. */
br_prng_seeder
br_prng_seeder_system(const char **name)
{
	if (name != NULL) {
		*name = "none";
	}
	return 0;
}

/* ---- Multihasher ---- */

void
bearcub_multihash_setimpl(br_multihash_context *ctx, int id, const br_hash_class *impl)
{
	br_multihash_setimpl(ctx, id, impl);
}

const br_hash_class *
bearcub_multihash_getimpl(const br_multihash_context *ctx, int id)
{
	return br_multihash_getimpl(ctx, id);
}

/* ---- HMAC and its generator ---- */

const br_hash_class *
bearcub_hmac_key_get_digest(const br_hmac_key_context *kc)
{
	return br_hmac_key_get_digest(kc);
}

size_t
bearcub_hmac_size(br_hmac_context *ctx)
{
	return br_hmac_size(ctx);
}

const br_hash_class *
bearcub_hmac_get_digest(const br_hmac_context *ctx)
{
	return br_hmac_get_digest(ctx);
}

const br_hash_class *
bearcub_hmac_drbg_get_hash(const br_hmac_drbg_context *ctx)
{
	return br_hmac_drbg_get_hash(ctx);
}

/* ---- Minimal validator ---- */

void
bearcub_x509_minimal_set_hash(br_x509_minimal_context *ctx, int id, const br_hash_class *impl)
{
	br_x509_minimal_set_hash(ctx, id, impl);
}

void
bearcub_x509_minimal_set_rsa(br_x509_minimal_context *ctx, br_rsa_pkcs1_vrfy irsa)
{
	br_x509_minimal_set_rsa(ctx, irsa);
}

void
bearcub_x509_minimal_set_ecdsa(br_x509_minimal_context *ctx, const br_ec_impl *iec, br_ecdsa_vrfy iecdsa)
{
	br_x509_minimal_set_ecdsa(ctx, iec, iecdsa);
}

void
bearcub_x509_minimal_set_time(br_x509_minimal_context *ctx, uint32_t days, uint32_t seconds)
{
	br_x509_minimal_set_time(ctx, days, seconds);
}

void
bearcub_x509_minimal_set_minrsa(br_x509_minimal_context *ctx, int byte_length)
{
	br_x509_minimal_set_minrsa(ctx, byte_length);
}

void
bearcub_x509_minimal_set_name_elements(br_x509_minimal_context *ctx, br_name_element *elts, size_t num_elts)
{
	br_x509_minimal_set_name_elements(ctx, elts, num_elts);
}

/* ---- Certificate decoder ---- */

br_x509_pkey *
bearcub_x509_decoder_get_pkey(br_x509_decoder_context *ctx)
{
	return br_x509_decoder_get_pkey(ctx);
}

int
bearcub_x509_decoder_last_error(br_x509_decoder_context *ctx)
{
	return br_x509_decoder_last_error(ctx);
}

int
bearcub_x509_decoder_isCA(br_x509_decoder_context *ctx)
{
	return br_x509_decoder_isCA(ctx);
}

int
bearcub_x509_decoder_get_signer_key_type(br_x509_decoder_context *ctx)
{
	return br_x509_decoder_get_signer_key_type(ctx);
}

int
bearcub_x509_decoder_get_signer_hash_id(br_x509_decoder_context *ctx)
{
	return br_x509_decoder_get_signer_hash_id(ctx);
}

/* ---- Engine: options ---- */

uint32_t
bearcub_ssl_engine_get_flags(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_flags(cc);
}

void
bearcub_ssl_engine_set_all_flags(br_ssl_engine_context *cc, uint32_t flags)
{
	br_ssl_engine_set_all_flags(cc, flags);
}

void
bearcub_ssl_engine_add_flags(br_ssl_engine_context *cc, uint32_t flags)
{
	br_ssl_engine_add_flags(cc, flags);
}

void
bearcub_ssl_engine_remove_flags(br_ssl_engine_context *cc, uint32_t flags)
{
	br_ssl_engine_remove_flags(cc, flags);
}

void
bearcub_ssl_engine_set_versions(br_ssl_engine_context *cc, unsigned version_min, unsigned version_max)
{
	br_ssl_engine_set_versions(cc, version_min, version_max);
}

void
bearcub_ssl_engine_set_x509(br_ssl_engine_context *cc, const br_x509_class **x509ctx)
{
	br_ssl_engine_set_x509(cc, x509ctx);
}

void
bearcub_ssl_engine_set_protocol_names(br_ssl_engine_context *cc, const char **names, size_t num)
{
	br_ssl_engine_set_protocol_names(cc, names, num);
}

const char *
bearcub_ssl_engine_get_selected_protocol(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_selected_protocol(cc);
}

/* ---- Engine: algorithms ---- */

void
bearcub_ssl_engine_set_hash(br_ssl_engine_context *cc, int id, const br_hash_class *impl)
{
	br_ssl_engine_set_hash(cc, id, impl);
}

const br_hash_class *
bearcub_ssl_engine_get_hash(br_ssl_engine_context *cc, int id)
{
	return br_ssl_engine_get_hash(cc, id);
}

void
bearcub_ssl_engine_set_prf_sha256(br_ssl_engine_context *cc, br_tls_prf_impl impl)
{
	br_ssl_engine_set_prf_sha256(cc, impl);
}

void
bearcub_ssl_engine_set_prf_sha384(br_ssl_engine_context *cc, br_tls_prf_impl impl)
{
	br_ssl_engine_set_prf_sha384(cc, impl);
}

void
bearcub_ssl_engine_set_aes_ctr(br_ssl_engine_context *cc, const br_block_ctr_class *impl)
{
	br_ssl_engine_set_aes_ctr(cc, impl);
}

void
bearcub_ssl_engine_set_ghash(br_ssl_engine_context *cc, br_ghash impl)
{
	br_ssl_engine_set_ghash(cc, impl);
}

void
bearcub_ssl_engine_set_chacha20(br_ssl_engine_context *cc, br_chacha20_run impl)
{
	br_ssl_engine_set_chacha20(cc, impl);
}

void
bearcub_ssl_engine_set_poly1305(br_ssl_engine_context *cc, br_poly1305_run impl)
{
	br_ssl_engine_set_poly1305(cc, impl);
}

void
bearcub_ssl_engine_set_gcm(br_ssl_engine_context *cc, const br_sslrec_in_gcm_class *impl_in, const br_sslrec_out_gcm_class *impl_out)
{
	br_ssl_engine_set_gcm(cc, impl_in, impl_out);
}

void
bearcub_ssl_engine_set_chapol(br_ssl_engine_context *cc, const br_sslrec_in_chapol_class *impl_in, const br_sslrec_out_chapol_class *impl_out)
{
	br_ssl_engine_set_chapol(cc, impl_in, impl_out);
}

void
bearcub_ssl_engine_set_ec(br_ssl_engine_context *cc, const br_ec_impl *impl)
{
	br_ssl_engine_set_ec(cc, impl);
}

const br_ec_impl *
bearcub_ssl_engine_get_ec(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_ec(cc);
}

void
bearcub_ssl_engine_set_rsavrfy(br_ssl_engine_context *cc, br_rsa_pkcs1_vrfy impl)
{
	br_ssl_engine_set_rsavrfy(cc, impl);
}

br_rsa_pkcs1_vrfy
bearcub_ssl_engine_get_rsavrfy(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_rsavrfy(cc);
}

void
bearcub_ssl_engine_set_ecdsa(br_ssl_engine_context *cc, br_ecdsa_vrfy impl)
{
	br_ssl_engine_set_ecdsa(cc, impl);
}

br_ecdsa_vrfy
bearcub_ssl_engine_get_ecdsa(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_ecdsa(cc);
}

/* ---- Engine: session ---- */

const char *
bearcub_ssl_engine_get_server_name(const br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_server_name(cc);
}

unsigned
bearcub_ssl_engine_get_version(const br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_version(cc);
}

void
bearcub_ssl_engine_get_session_parameters(const br_ssl_engine_context *cc, br_ssl_session_parameters *pp)
{
	br_ssl_engine_get_session_parameters(cc, pp);
}

void
bearcub_ssl_engine_set_session_parameters(br_ssl_engine_context *cc, const br_ssl_session_parameters *pp)
{
	br_ssl_engine_set_session_parameters(cc, pp);
}

int
bearcub_ssl_engine_get_ecdhe_curve(br_ssl_engine_context *cc)
{
	return br_ssl_engine_get_ecdhe_curve(cc);
}

int
bearcub_ssl_engine_last_error(const br_ssl_engine_context *cc)
{
	return br_ssl_engine_last_error(cc);
}

/* ---- Client ---- */

uint32_t
bearcub_ssl_client_get_server_hashes(const br_ssl_client_context *cc)
{
	return br_ssl_client_get_server_hashes(cc);
}

int
bearcub_ssl_client_get_server_curve(const br_ssl_client_context *cc)
{
	return br_ssl_client_get_server_curve(cc);
}

void
bearcub_ssl_client_set_client_certificate(br_ssl_client_context *cc, const br_ssl_client_certificate_class **pctx)
{
	br_ssl_client_set_client_certificate(cc, pctx);
}

void
bearcub_ssl_client_set_rsapub(br_ssl_client_context *cc, br_rsa_public irsapub)
{
	br_ssl_client_set_rsapub(cc, irsapub);
}

void
bearcub_ssl_client_set_min_clienthello_len(br_ssl_client_context *cc, uint16_t len)
{
	br_ssl_client_set_min_clienthello_len(cc, len);
}

void
bearcub_ssl_client_forget_session(br_ssl_client_context *cc)
{
	br_ssl_client_forget_session(cc);
}
