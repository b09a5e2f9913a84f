/*
 * tls_peer.c - who is at the other end of a session, and how it is protected
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "lib/base/log.h"
#include "lib/base/log_json.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"

#define NAME_MAX_BYTES	256	/* of a certificate's CN: the rest is no name */

/* ---- is the certificate good? ---- */

/* A certificate of a server may speak for a client, where main.cf says so. */
static bool
has_server_purpose(const struct tls *t, X509 *cert, int depth)
{
	return t->ctx->is_server && params.tls_trust_server_ccerts &&
	    cert != NULL &&
	    X509_check_purpose(cert, X509_PURPOSE_SSL_SERVER, depth > 0) == 1;
}

int
tls_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = tls_of(ssl);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	int depth = X509_STORE_CTX_get_error_depth(store);
	char name[NAME_MAX_BYTES] = "(none)";

	if (!ok && X509_STORE_CTX_get_error(store) ==
	    X509_V_ERR_INVALID_PURPOSE && has_server_purpose(t, cert, depth)) {
		ok = 1;
		/* What was wrong before stays wrong, also when the session goes on. */
		X509_STORE_CTX_set_error(store, t->verify_error);
	}
	if (ok && depth > t->ctx->verify_depth + 1) {
		ok = 0;
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_CHAIN_TOO_LONG);
	}
	/* The first thing that is wrong, nearest to the root, is the reason. */
	if (!ok && (t->verify_error == X509_V_OK || depth > t->verify_depth)) {
		t->verify_error = X509_STORE_CTX_get_error(store);
		t->verify_depth = depth;
		X509_free(t->verify_cert);
		if ((t->verify_cert = cert) != NULL)
			X509_up_ref(cert);
	}
	if ((t->ctx->log & TLS_LOG_VERBOSE) != 0) {
		if (cert != NULL)
			X509_NAME_oneline(X509_get_subject_name(cert), name,
			    sizeof(name));
		log_info("%s: depth=%d verify=%d subject=%s", t->peer, depth,
		    ok, name);
	}
	return 1;
}

static void
explain(const struct tls *t)
{
	const char *who = t->ctx->is_server ? "client" : "server";
	char issuer[NAME_MAX_BYTES] = "(unknown)";

	switch (t->verify_error) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		log_info("certificate verification failed for %s: self-signed "
		    "certificate", t->peer);
		break;
	case X509_V_ERR_CERT_UNTRUSTED:
		log_info("certificate verification failed for %s: not trusted "
		    "by local or TLSA policy", t->peer);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		if (t->verify_cert != NULL)
			X509_NAME_oneline(X509_get_issuer_name(t->verify_cert),
			    issuer, sizeof(issuer));
		log_info("certificate verification failed for %s: untrusted "
		    "issuer %s", t->peer, issuer);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
		log_info("%s certificate verification failed for %s: "
		    "certificate not yet valid", who, t->peer);
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		log_info("%s certificate verification failed for %s: "
		    "certificate has expired", who, t->peer);
		break;
	case X509_V_ERR_INVALID_PURPOSE:
		log_info("certificate verification failed for %s: not "
		    "designated for use as a %s certificate", t->peer, who);
		break;
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
		log_info("certificate verification failed for %s: certificate "
		    "chain longer than limit(%d)", t->peer,
		    t->ctx->verify_depth);
		break;
	default:
		log_info("%s certificate verification failed for %s: num=%d:%s",
		    who, t->peer, t->verify_error,
		    X509_verify_cert_error_string(t->verify_error));
	}
}

/* ---- what it says ---- */

/* The first value of this kind in a name, made fit to be shown. */
static char *
name_text(X509_NAME *name, int nid)
{
	struct buf out = BUF_INIT;
	unsigned char *utf8;
	int at = X509_NAME_get_index_by_NID(name, nid, -1), len;

	if (at == -1)
		return NULL;
	len = ASN1_STRING_to_UTF8(&utf8,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len < 0)
		return NULL;
	/* A NUL inside is there to deceive whoever reads up to it. */
	if (len <= NAME_MAX_BYTES && memchr(utf8, '\0', (size_t)len) == NULL)
		text_printable(&out, (const char *)utf8, (size_t)len, true);
	OPENSSL_free(utf8);
	return buf_take(&out);
}

static char *
issuer_text(X509 *cert)
{
	X509_NAME *name = X509_get_issuer_name(cert);
	char *text = name_text(name, NID_commonName);

	return text != NULL ? text : name_text(name, NID_organizationName);
}

static char *
print_text(const unsigned char *bytes, unsigned len)
{
	struct buf out = BUF_INIT;
	unsigned i;

	for (i = 0; i < len; i++)
		buf_addf(&out, "%s%02X", i > 0 ? ":" : "", bytes[i]);
	return buf_take(&out);
}

static char *
cert_print(X509 *cert, const EVP_MD *digest)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	return X509_digest(cert, digest, bytes, &len) == 1 ?
	    print_text(bytes, len) : NULL;
}

/* Of the whole SubjectPublicKeyInfo (RFC 5280 4.1.2.7), as TLSA records have it. */
static char *
key_print(X509 *cert, const EVP_MD *digest)
{
	unsigned char bytes[EVP_MAX_MD_SIZE], *der = NULL;
	unsigned len = 0;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	char *text = NULL;

	if (n > 0 && EVP_Digest(der, (size_t)n, bytes, &len, digest,
	    NULL) == 1)
		text = print_text(bytes, len);
	OPENSSL_free(der);
	return text;
}

static char *
or_empty(char *text)
{
	return text != NULL ? text : xstrdup("");
}

static bool
print_is_listed(const struct tls_info *info, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	bool found = false;

	while (!found && (word = text_split(&rest, TEXT_LIST_SEP "|")) != NULL)
		found = strcasecmp(word, info->cert_print) == 0 ||
		    strcasecmp(word, info->key_print) == 0;
	free(copy);
	return found;
}

static void
learn_cert(struct tls *t, const struct tls_options *o, X509 *cert)
{
	struct tls_info *info = &t->info;

	info->subject_cn = or_empty(cert == NULL ? NULL :
	    name_text(X509_get_subject_name(cert), NID_commonName));
	info->issuer_cn = or_empty(cert == NULL ? NULL : issuer_text(cert));
	info->cert_print = or_empty(cert == NULL ? NULL :
	    cert_print(cert, t->ctx->digest));
	info->key_print = or_empty(cert == NULL ? NULL :
	    key_print(cert, t->ctx->digest));
	if (cert == NULL)
		return;
	info->has_cert = true;
	info->is_trusted = t->verify_error == X509_V_OK &&
	    SSL_get_verify_result(t->ssl) == X509_V_OK &&
	    (t->ctx->is_server || !info->is_reused || t->offered_is_trusted);
	if (o->fingerprints != NULL)
		info->is_verified = print_is_listed(info, o->fingerprints);
	else if (o->tlsa_count > 0)
		/* A session that goes on began with these very records. */
		info->is_verified = info->is_trusted && (info->is_reused ||
		    SSL_get0_dane_authority(t->ssl, NULL, NULL) >= 0);
	else
		info->is_verified = info->is_trusted && o->names_len > 0;
}

/* ---- how it is protected ---- */

/* " (CURVE)", " (N bits)" */
static void
put_size(struct buf *out, EVP_PKEY *key)
{
	char curve[64];
	size_t len;

	if (EVP_PKEY_is_a(key, "EC") == 1) {
		if (EVP_PKEY_get_group_name(key, curve, sizeof(curve),
		    &len) == 1)
			buf_addf(out, " (%s)", curve);
	} else if (EVP_PKEY_is_a(key, "RSA") == 1 ||
	    EVP_PKEY_is_a(key, "RSA-PSS") == 1 ||
	    EVP_PKEY_is_a(key, "DSA") == 1 || EVP_PKEY_is_a(key, "DH") == 1) {
		buf_addf(out, " (%d bits)", EVP_PKEY_get_bits(key));
	}
}

static void
put_exchange(struct buf *out, SSL *ssl)
{
	EVP_PKEY *key = NULL;
	const char *name;

	if (SSL_get_peer_tmp_key(ssl, &key) != 1 || key == NULL)
		return;
	if (EVP_PKEY_is_a(key, "EC") == 1)
		name = "ECDHE";
	else if (EVP_PKEY_is_a(key, "DH") == 1)
		name = "DHE";
	else
		name = EVP_PKEY_get0_type_name(key);
	if (name != NULL) {
		buf_addf(out, " key-exchange %s", name);
		put_size(out, key);
	}
	EVP_PKEY_free(key);
}

static void
put_signature(struct buf *out, const char *who, EVP_PKEY *key, int type,
    int digest)
{
	const char *name;

	if (key == NULL)
		return;
	/* In TLS 1.3 an RSA key signs in no other way (RFC 8446 4.2.3). */
	if (type == NID_rsassaPss || EVP_PKEY_is_a(key, "RSA") == 1)
		name = "RSA-PSS";
	else if (EVP_PKEY_is_a(key, "EC") == 1)
		name = "ECDSA";
	else
		name = EVP_PKEY_get0_type_name(key);
	if (name == NULL)
		return;
	buf_addf(out, " %s-signature %s", who, name);
	put_size(out, key);
	if (digest != NID_undef)
		buf_addf(out, " %s-digest %s", who, OBJ_nid2sn(digest));
}

/* Before TLS 1.3 the cipher's name says it all. */
static void
learn_keys(struct tls *t)
{
	SSL *ssl = t->ssl;
	X509 *own = SSL_get_certificate(ssl),
	    *other = SSL_get0_peer_certificate(ssl);
	EVP_PKEY *own_key = own == NULL ? NULL : X509_get0_pubkey(own),
	    *other_key = other == NULL ? NULL : X509_get0_pubkey(other);
	struct buf *mine = t->ctx->is_server ? &t->info.server_part :
	    &t->info.client_part, *theirs = t->ctx->is_server ?
	    &t->info.client_part : &t->info.server_part;
	int type = NID_undef, digest = NID_undef;

	if (SSL_version(ssl) < TLS1_3_VERSION)
		return;
	put_exchange(&t->info.server_part, ssl);
	/* Nobody signs when a session goes on; who it began with is told all the same. */
	if (SSL_get_signature_type_nid(ssl, &type) == 1 ||
	    t->info.is_reused) {
		SSL_get_signature_nid(ssl, &digest);
		put_signature(mine, t->ctx->is_server ? "server" : "client",
		    own_key, type, digest);
	}
	type = digest = NID_undef;
	if (SSL_get_peer_signature_type_nid(ssl, &type) == 1 ||
	    t->info.is_reused) {
		SSL_get_peer_signature_nid(ssl, &digest);
		put_signature(theirs, t->ctx->is_server ? "client" : "server",
		    other_key, type, digest);
	}
}

/* ---- the log ---- */

void
tls_summary(struct buf *out, const struct tls_info *info)
{
	buf_addf(out, "%s with cipher %s (%d/%d bits)", info->protocol,
	    info->cipher, info->used_bits, info->cipher_bits);
}

static void
log_cert(const struct tls *t, X509 *cert)
{
	const struct tls_info *info = &t->info;
	char name[NAME_MAX_BYTES];

	if (t->ctx->is_server) {
		X509_NAME_oneline(X509_get_subject_name(cert), name,
		    sizeof(name));
		log_info("subject=%s", name);
		X509_NAME_oneline(X509_get_issuer_name(cert), name,
		    sizeof(name));
		log_info("issuer=%s", name);
	}
	log_info("%s: subject_CN=%s, %s=%s, fingerprint=%s, "
	    "pkey_fingerprint=%s", t->peer, info->subject_cn,
	    t->ctx->is_server ? "issuer" : "issuer_CN", info->issuer_cn,
	    info->cert_print, info->key_print);
}

/* How much is known of the peer. */
static const char *
kind_of(const struct tls_info *info, bool is_weak)
{
	if (info->is_verified && !is_weak)
		return "Verified";
	if (info->has_cert)
		return info->is_trusted ? "Trusted" : "Untrusted";
	return "Anonymous";
}

static void
tell_programs(const struct tls *t, const char *kind)
{
	struct log_json e;

	if (!log_json_begin(&e, "tls"))
		return;
	log_json_text(&e, t->ctx->is_server ? "client" : "relay", t->peer);
	log_json_text(&e, "tls", t->info.protocol);
	log_json_text(&e, "cipher", t->info.cipher);
	log_json_text(&e, "status", kind);
	log_json_end(&e);
}

static void
log_summary(const struct tls *t, const char *kind)
{
	const struct tls_info *info = &t->info;
	struct buf text = BUF_INIT;

	tls_summary(&text, info);
	log_info("%s TLS connection established %s %s%s%s: %s%s%s", kind,
	    t->ctx->is_server ? "from" : "to", t->peer,
	    info->servername != NULL ? " to " : "",
	    info->servername != NULL ? info->servername : "", text.ptr,
	    info->server_part.ptr, info->client_part.ptr);
	buf_done(&text);
}

void
tls_learn(struct tls *t, const struct tls_options *o)
{
	struct tls_info *info = &t->info;
	const SSL_CIPHER *cipher = SSL_get_current_cipher(t->ssl);
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	const char *name;

	info->protocol = SSL_get_version(t->ssl);
	info->cipher = SSL_CIPHER_get_name(cipher);
	info->used_bits = SSL_CIPHER_get_bits(cipher, &info->cipher_bits);
	info->is_reused = SSL_session_reused(t->ssl) == 1;
	info->asked_cert = o->asks_cert;
	learn_cert(t, o, cert);
	learn_keys(t);
	if (info->is_reused && (t->ctx->log & TLS_LOG_VERBOSE) != 0)
		log_info("%s: Reusing old session%s", t->peer,
		    t->ctx->is_server && !t->is_from_cache ?
		    " (RFC 5077 session ticket)" : "");
	/* What a chain lacks is nothing to one who goes by the fingerprint. */
	if (o->fingerprints != NULL)
		t->verify_error = info->is_verified ? X509_V_OK :
		    X509_V_ERR_DANE_NO_MATCH;
	if (cert != NULL && t->verify_error != X509_V_OK && o->explains)
		explain(t);
	name = SSL_get0_peername(t->ssl);
	if (name != NULL && (t->ctx->log & TLS_LOG_VERBOSE) != 0)
		log_info("%s: matched peername: %s", t->peer, name);
	if (cert != NULL && (t->ctx->log & TLS_LOG_VERBOSE) != 0)
		log_cert(t, cert);
	if ((t->ctx->log & TLS_LOG_SUMMARY) != 0)
		log_summary(t, kind_of(info, o->is_weak));
	tell_programs(t, kind_of(info, o->is_weak));
	tls_session_judge(t, o);
}

void
tls_info_done(struct tls_info *info)
{
	buf_done(&info->server_part);
	buf_done(&info->client_part);
	free(info->subject_cn);
	free(info->issuer_cn);
	free(info->cert_print);
	free(info->key_print);
	free(info->servername);
}
