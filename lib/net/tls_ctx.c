/*
 * tls_ctx.c - what all TLS sessions of a process share
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/conf/params.h"
#include "lib/mail/address.h"
#include "lib/net/stream.h"

#define DISABLING	"disabling TLS support"

void
tls_log_problems(void)
{
	const char *file, *func, *data;
	char text[256];
	unsigned long code;
	int line, flags;

	while ((code = ERR_get_error_all(&file, &line, &func, &data,
	    &flags)) != 0) {
		ERR_error_string_n(code, text, sizeof(text));
		log_warning("TLS library problem: %s:%s:%d:%s%s", text, file,
		    line, (flags & ERR_TXT_STRING) != 0 ? data : "",
		    (flags & ERR_TXT_STRING) != 0 ? ":" : "");
	}
}

/* ---- bytes come from the stream below ---- */

static int
bio_read(BIO *bio, char *data, int len)
{
	struct tls *t = BIO_get_data(bio);
	long n = stream_raw_read(t->stream, data, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (n == 0)
		t->saw_eof = true;
	else if (n == -1)
		t->errnum = errno;
	/* The session stays whole: a goodbye may still be said. */
	if (n == -1 && errno == ETIMEDOUT)
		BIO_set_retry_read(bio);
	if ((t->ctx->log & (t->peer != NULL ? TLS_LOG_HANDSHAKE_DUMP :
	    TLS_LOG_SESSION_DUMP)) != 0)
		tls_log_bytes("read from", data, n, len);
	return (int)n;
}

static int
bio_write(BIO *bio, const char *data, int len)
{
	struct tls *t = BIO_get_data(bio);
	long n = stream_raw_write(t->stream, data, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (n == -1)
		t->errnum = errno;
	if ((t->ctx->log & (t->peer != NULL ? TLS_LOG_HANDSHAKE_DUMP :
	    TLS_LOG_SESSION_DUMP)) != 0)
		tls_log_bytes("write to", data, n, len);
	return (int)n;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio, (void)num, (void)ptr;
	return cmd == BIO_CTRL_FLUSH;	/* nothing is held back */
}

static BIO_METHOD *
bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK |
	    BIO_get_new_index(), "stream");

	if (m != NULL) {
		BIO_meth_set_read(m, bio_read);
		BIO_meth_set_write(m, bio_write);
		BIO_meth_set_ctrl(m, bio_ctrl);
	}
	return m;
}

/* ---- server names ---- */

/*
 * A client says which server it wants (RFC 6066 3); a table may have a chain
 * for it. What is not in the table gets the usual one.
 */
static int
choose_chain(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = tls_of(ssl);
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct buf pem = BUF_INIT, title = BUF_INIT;
	struct err err = ERR_INIT;
	int found, rc = SSL_TLSEXT_ERR_OK;

	(void)arg;
	if (name == NULL || t->ctx->find_chain == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	found = address_is_hostname(name) ?
	    t->ctx->find_chain(t->ctx->find_ctx, name, &pem) : 0;
	if (found == 0) {
		log_info("TLS SNI %s from %s not matched, using default chain",
		    name, t->peer);
	} else if (found == 1) {
		buf_setf(&title, "SNI data for %s", name);
		SSL_certs_clear(ssl);
		if (tls_load_chain(ssl, &pem, title.ptr, &err) == 0) {
			t->info.servername = xstrdup(name);
		} else {
			log_warning("%s", err.text);
			found = -1;
		}
	}
	if (found == -1) {
		log_warning("error loading private keys and certificates from:"
		    " SNI data for %s: aborting TLS handshake", name);
		*alert = SSL_AD_INTERNAL_ERROR;
		rc = SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	buf_done(&pem);
	buf_done(&title);
	return rc;
}

/* ---- making one ---- */

/* A daemon has nobody to ask for a passphrase. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return 0;
}

static int
set_options(struct tls_ctx *ctx, struct err *err)
{
	unsigned long off = 0, on = 0;

	if (tls_workarounds(&off, params.tls_disable_workarounds, err) == -1 ||
	    tls_ssl_options(&on, params.tls_ssl_options, err) == -1)
		return err_prefix(err, DISABLING ": ");
	/*
	 * A peer that only knows an old server's way of renegotiation may
	 * still be talked to.
	 */
	SSL_CTX_set_options(ctx->ssl, (SSL_OP_ALL |
	    SSL_OP_LEGACY_SERVER_CONNECT) & ~off);
	if ((off & SSL_OP_LEGACY_SERVER_CONNECT) != 0)
		SSL_CTX_clear_options(ctx->ssl, SSL_OP_LEGACY_SERVER_CONNECT);
	/* One handshake, and what it proved counts to the end (CVE-2009-3555). */
	SSL_CTX_set_options(ctx->ssl, on | SSL_OP_NO_RENEGOTIATION |
	    (ctx->is_server && params.tls_preempt_cipherlist ?
	    SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
	return 0;
}

/* Groups that this library does not know are left out, not an error. */
static int
set_groups(struct tls_ctx *ctx, struct err *err)
{
	struct buf all = BUF_INIT, good = BUF_INIT;
	char *rest, *word;
	int rc = 0;

	buf_setf(&all, "%s %s", params.tls_eecdh_auto_curves,
	    params.tls_ffdhe_auto_groups);
	for (rest = all.ptr; (word = text_split(&rest, TEXT_LIST_SEP ":")) !=
	    NULL;)
		if (SSL_CTX_set1_groups_list(ctx->ssl, word) == 1)
			buf_addf(&good, "%s%s", good.len > 0 ? ":" : "", word);
	ERR_clear_error();
	if (good.len > 0 &&
	    SSL_CTX_set1_groups_list(ctx->ssl, good.ptr) != 1)
		rc = err_set(err, ERR_CONFIG, "cannot use the groups \"%s\": "
		    DISABLING, good.ptr);
	buf_done(&all);
	buf_done(&good);
	return rc;
}

static int
set_dh(struct tls_ctx *ctx, const char *file, struct err *err)
{
	EVP_PKEY *dh = NULL;
	BIO *in;

	if (file[0] == '\0' || strcasecmp(file, "auto") == 0) {
		SSL_CTX_set_dh_auto(ctx->ssl, 1);
		return 0;
	}
	if ((in = BIO_new_file(file, "r")) != NULL)
		dh = PEM_read_bio_Parameters(in, NULL);
	BIO_free(in);
	if (dh == NULL || SSL_CTX_set0_tmp_dh_pkey(ctx->ssl, dh) != 1) {
		EVP_PKEY_free(dh);
		return err_set(err, ERR_CONFIG, "cannot load DH parameters "
		    "from file %s: " DISABLING, file);
	}
	return 0;
}

static int
set_authorities(struct tls_ctx *ctx, const struct tls_setup *setup,
    struct err *err)
{
	const char *file = setup->ca_file[0] != '\0' ? setup->ca_file : NULL,
	    *dir = setup->ca_path[0] != '\0' ? setup->ca_path : NULL;

	if (file == NULL && dir == NULL)
		return 0;
	ctx->has_ca = true;
	if (SSL_CTX_load_verify_locations(ctx->ssl, file, dir) != 1) {
		if (file != NULL)
			return err_set(err, ERR_CONFIG, "cannot load "
			    "Certification Authority data, CAfile=\"%s\": "
			    DISABLING, file);
		return err_set(err, ERR_CONFIG, "cannot load Certification "
		    "Authority data, CApath=\"%s\": " DISABLING, dir);
	}
	if (params.tls_append_default_CA &&
	    SSL_CTX_set_default_verify_paths(ctx->ssl) != 1)
		return err_set(err, ERR_CONFIG, "cannot set default CAs: "
		    DISABLING);
	/* Whom a client may choose its certificate by. */
	if (ctx->is_server && file != NULL)
		SSL_CTX_set_client_CA_list(ctx->ssl,
		    SSL_load_client_CA_file(file));
	return 0;
}

static int
fill(struct tls_ctx *ctx, const struct tls_setup *setup, struct err *err)
{
	ctx->digest = EVP_get_digestbyname(setup->digest);
	if (ctx->digest == NULL)
		return err_set(err, ERR_CONFIG, "Digest algorithm \"%s\" not "
		    "found: " DISABLING, setup->digest);
	ctx->ssl = SSL_CTX_new(setup->is_server ? TLS_server_method() :
	    TLS_client_method());
	ctx->bio = bio_method();
	if (ctx->ssl == NULL || ctx->bio == NULL)
		return err_set(err, ERR_SYSTEM, "cannot allocate "
		    "SSL_CTX: " DISABLING);
	SSL_CTX_set_security_level(ctx->ssl, 0);	/* the ciphers' list decides */
	SSL_CTX_set_default_passwd_cb(ctx->ssl, no_passphrase);
	SSL_CTX_set_verify_depth(ctx->ssl, setup->verify_depth + 1);
	tls_use_tickets(ctx, setup);
	if (!setup->is_server && SSL_CTX_dane_enable(ctx->ssl) != 1)
		return err_set(err, ERR_SYSTEM, "cannot enable DANE: "
		    DISABLING);
	if (!setup->is_server && tls_use_digests(ctx->ssl, err) == -1)
		return -1;
	if ((ctx->log & TLS_LOG_VERBOSE) != 0)
		SSL_CTX_set_info_callback(ctx->ssl, tls_log_state);
	if (setup->is_server)
		SSL_CTX_set_tlsext_servername_callback(ctx->ssl, choose_chain);
	if (set_options(ctx, err) == -1 || set_groups(ctx, err) == -1 ||
	    set_authorities(ctx, setup, err) == -1 ||
	    tls_load_files(ctx->ssl, setup, err) == -1)
		return -1;
	tls_keep_sessions(ctx, setup);
	return setup->is_server ? set_dh(ctx, setup->dh_file, err) : 0;
}

struct tls_ctx *
tls_ctx_new(const struct tls_setup *setup, struct err *err)
{
	struct tls_ctx *ctx;

	if (tls_library_init(err) == -1)
		return NULL;
	ctx = xcalloc(1, sizeof(*ctx));
	if ((setup->log & TLS_LOG_VERBOSE) != 0)
		log_info("initializing the %s-side TLS engine",
		    setup->is_server ? "server" : "client");
	ctx->is_server = setup->is_server;
	ctx->log = setup->log;
	ctx->verify_depth = setup->verify_depth;
	ctx->find_chain = setup->find_chain;
	ctx->find_ctx = setup->find_ctx;
	ERR_clear_error();
	if (fill(ctx, setup, err) == 0)
		return ctx;
	tls_ctx_free(ctx);
	return NULL;
}

struct tls_ctx *
tls_ctx_or_warn(const struct tls_setup *setup)
{
	struct err err = ERR_INIT;
	struct tls_ctx *ctx = tls_ctx_new(setup, &err);

	if (ctx == NULL) {
		log_warning("%s", err.text);
		tls_log_problems();
	}
	return ctx;
}

void
tls_ctx_free(struct tls_ctx *ctx)
{
	if (ctx == NULL)
		return;
	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->bio);
	free(ctx->ca_path);
	free(ctx);
}
