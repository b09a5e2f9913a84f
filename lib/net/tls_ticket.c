/*
 * tls_ticket.c - session tickets of servers, and to what sessions belong
 *
 * A ticket that cannot be read, or no key to make one with, costs a whole
 * handshake and nothing else.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_ticket.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/conf/params.h"
#include "lib/net/tls_internal.h"

enum { TICKET_FAILED = -1, TICKET_NONE = 0, TICKET_OK = 1, TICKET_RENEW = 2 };

static bool
set_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *key)
{
	char digest[] = "sha256";
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac,
		    sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		    0),
		OSSL_PARAM_construct_end()
	};

	return EVP_MAC_CTX_set_params(mac, p) == 1;
}

static int
use_key(SSL *ssl, unsigned char name[16], unsigned char iv[EVP_MAX_IV_LENGTH],
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seals)
{
	struct tls *t = tls_of(ssl);
	const struct tls_ctx *ctx = t->ctx;
	struct tls_ticket_key key;
	int rc = TICKET_OK;

	if (!ctx->ticket_key(ctx->ticket_ctx, seals ? NULL : name, &key))
		return TICKET_NONE;
	if ((ctx->log & TLS_LOG_VERBOSE) != 0)
		log_info("%s: %s session ticket, key expiration: %lld",
		    t->peer, seals ? "Issuing" : "Decrypting",
		    (long long)key.expires);
	if (seals) {
		t->has_ticket = true;
		memcpy(name, key.name, sizeof(key.name));
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(
		    ctx->ticket_cipher)) != 1 || EVP_EncryptInit_ex2(cipher,
		    ctx->ticket_cipher, key.cipher, iv, NULL) != 1)
			rc = TICKET_FAILED;
	} else {
		if (EVP_DecryptInit_ex2(cipher, ctx->ticket_cipher, key.cipher,
		    iv, NULL) != 1)
			rc = TICKET_FAILED;
		else if (clock_now() >= key.expires)
			rc = TICKET_RENEW;
	}
	if (!set_mac(mac, &key))
		rc = TICKET_FAILED;
	OPENSSL_cleanse(&key, sizeof(key));
	return rc;
}

/*
 * Sessions begun where other authorities are trusted must not go on here. Nor
 * those of which no certificate was asked: they would be refused.
 */
static void
set_context(struct tls_ctx *ctx, const struct tls_setup *setup)
{
	unsigned char id[EVP_MAX_MD_SIZE];
	struct buf text = BUF_INIT;
	unsigned len = 0;

	buf_addf(&text, "%s\n%s\n%d\n%s\n%d\n%s\n%s\n%d\n%d", setup->ca_file,
	    setup->ca_path, setup->verify_depth, setup->digest,
	    params.tls_append_default_CA, setup->cert_file,
	    setup->chain_files, setup->asks_cert,
	    params.tls_trust_server_ccerts);
	EVP_Digest(text.ptr, text.len, id, &len, EVP_sha256(), NULL);
	SSL_CTX_set_session_id_context(ctx->ssl, id, len);
	buf_done(&text);
}

void
tls_use_tickets(struct tls_ctx *ctx, const struct tls_setup *setup)
{
	/* A cache may be added (tls_session.c). An ID stands for no more than itself. */
	SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_NO_INTERNAL |
	    (setup->always_issues_ids ? SSL_SESS_CACHE_SERVER :
	    SSL_SESS_CACHE_OFF));
	if (setup->ticket_lifetime_s > 0)
		SSL_CTX_set_timeout(ctx->ssl, setup->ticket_lifetime_s);
	set_context(ctx, setup);
	/* A client that keeps sessions takes the tickets that it is given. */
	if (!setup->is_server && setup->sessions != NULL)
		return;
	if (setup->ticket_key != NULL && setup->ticket_cipher[0] != '\0') {
		ctx->ticket_cipher =
		    EVP_get_cipherbyname(setup->ticket_cipher);
		if (ctx->ticket_cipher == NULL ||
		    EVP_CIPHER_get_mode(ctx->ticket_cipher) !=
		    EVP_CIPH_CBC_MODE ||
		    EVP_CIPHER_get_key_length(ctx->ticket_cipher) !=
		    sizeof(((struct tls_ticket_key *)NULL)->cipher)) {
			log_warning("tls_session_ticket_cipher: \"%s\" is no "
			    "CBC cipher with a key of 256 bits: session "
			    "tickets are off", setup->ticket_cipher);
			ctx->ticket_cipher = NULL;
		}
	}
	if (ctx->ticket_cipher == NULL || setup->ticket_lifetime_s <= 0) {
		/* TLS 1.3 has a ticket for the cache, too, if there is one. */
		SSL_CTX_set_options(ctx->ssl, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx->ssl, setup->sessions != NULL);
		return;
	}
	ctx->ticket_key = setup->ticket_key;
	ctx->ticket_ctx = setup->ticket_ctx;
	/* The peer numbers all sessions where some can go on. */
	SSL_CTX_set_session_cache_mode(ctx->ssl, SSL_SESS_CACHE_NO_INTERNAL |
	    SSL_SESS_CACHE_SERVER);
	SSL_CTX_set_num_tickets(ctx->ssl, 1);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx->ssl, use_key);
}
