/*
 * tls.c - one TLS session, between a stream's buffers and its descriptor
 *
 * OpenSSL reads and writes through the stream's own raw functions, which
 * wait, and give up when the time is up: a handshake with a client that says
 * nothing ends like any other wait, and nothing here has to know about
 * "want read". What failed below is kept, since the library only says that
 * something did.
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/conf/params.h"
#include "lib/net/stream.h"

#define MS		1000
#define GOODBYE_MS	2000	/* for the peer's close_notify, when it is waited for */

static int slot_index;

static void
slot_new(void)
{
	slot_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* Once, also where a client and a server are two threads, as in tests. */
static int
slot(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, slot_new);
	return slot_index;
}

struct tls *
tls_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, slot());
}

const struct tls_info *
tls_info(const struct tls *t)
{
	return &t->info;
}

void
tls_free(struct tls *t)
{
	SSL_free(t->ssl);
	X509_free(t->verify_cert);
	SSL_SESSION_free(t->fresh);
	free(t->session_id);
	tls_info_done(&t->info);
	free(t);
}

/* ---- after the handshake ---- */

/* What a call that gave nothing means to the stream. */
static long
io_failed(struct tls *t, int rc)
{
	if (t->errnum != 0) {
		ERR_clear_error();
		errno = t->errnum;
		return -1;
	}
	if (SSL_get_error(t->ssl, rc) == SSL_ERROR_ZERO_RETURN || t->saw_eof) {
		ERR_clear_error();
		return 0;
	}
	tls_log_problems();
	errno = EPROTO;
	return -1;
}

static long
io_read(void *ctx, void *data, size_t len, int64_t deadline_ms)
{
	struct tls *t = ctx;
	size_t n;
	int rc;

	(void)deadline_ms;	/* kept below, by stream_raw_read */
	if (t->errnum == ETIMEDOUT)	/* this one may be tried again */
		t->errnum = 0;
	if ((rc = SSL_read_ex(t->ssl, data, len, &n)) == 1)
		return (long)n;
	return io_failed(t, rc);
}

static long
io_write(void *ctx, const void *data, size_t len, int64_t deadline_ms)
{
	struct tls *t = ctx;
	size_t n;
	int rc;

	(void)deadline_ms;
	if (t->errnum == ETIMEDOUT)
		t->errnum = 0;
	if ((rc = SSL_write_ex(t->ssl, data, len, &n)) == 1)
		return (long)n;
	return io_failed(t, rc) == 0 ? (errno = EPIPE, -1) : -1;
}

static bool
io_pending(void *ctx)
{
	return SSL_pending(((struct tls *)ctx)->ssl) > 0;
}

/* RFC 8446 6.1: say that no more comes, unless there is nobody to tell. */
static void
io_close(void *ctx)
{
	struct tls *t = ctx;

	if (t->errnum == 0 && !t->saw_eof) {
		stream_set_deadline(t->stream, clock_mono_ms() + GOODBYE_MS);
		if (SSL_shutdown(t->ssl) == 0 &&
		    !params.tls_fast_shutdown_enable)
			SSL_shutdown(t->ssl);
	}
	ERR_clear_error();
	tls_free(t);
}

/* ---- the handshake ---- */

static int
set_protocols(SSL *ssl, const struct tls_protocols *p)
{
	static const struct {
		int		 version;
		unsigned long	 option;
	} rows[] = {
		{ TLS_SSL3, SSL_OP_NO_SSLv3 }, { TLS_1_0, SSL_OP_NO_TLSv1 },
		{ TLS_1_1, SSL_OP_NO_TLSv1_1 }, { TLS_1_2, SSL_OP_NO_TLSv1_2 },
		{ TLS_1_3, SSL_OP_NO_TLSv1_3 }
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((p->excluded & 1u << (rows[i].version - TLS_SSL3)) != 0)
			SSL_set_options(ssl, rows[i].option);
	/* The system's configuration of the library may be stricter; ours counts. */
	return SSL_set_min_proto_version(ssl, p->floor) == 1 &&
	    SSL_set_max_proto_version(ssl, p->ceiling) == 1 ? 0 : -1;
}

static void
warn_unusable(const char *peer, const struct tls_tlsa *r)
{
	struct buf hex = BUF_INIT;
	size_t i;

	for (i = 0; i < r->len; i++)
		buf_addf(&hex, "%02X", r->data[i]);
	log_warning("%s: unusable TLSA RR: %u %u %u %s", peer, r->usage,
	    r->selector, r->matching, hex.ptr);
	buf_done(&hex);
}

static int
set_tlsa(struct tls *t, const struct tls_options *o, struct err *err)
{
	size_t i, usable = 0;

	if (o->tlsa_count == 0)
		return 0;
	if (SSL_dane_enable(t->ssl, o->tlsa_base) != 1)
		return err_set(err, ERR_CONFIG, "%s: cannot use TLSA records",
		    o->peer);
	/* The owner of a key that is named itself may write what it likes (RFC 7671 5.1). */
	SSL_dane_set_flags(t->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (i = 0; i < o->tlsa_count; i++)
		if (SSL_dane_tlsa_add(t->ssl, o->tlsa[i].usage,
		    o->tlsa[i].selector, o->tlsa[i].matching,
		    o->tlsa[i].data, o->tlsa[i].len) > 0)
			usable++;
		else
			warn_unusable(o->peer, &o->tlsa[i]);
	ERR_clear_error();
	if (usable == 0)
		return err_set(err, ERR_CONFIG, "%s: no TLSA record can be "
		    "used", o->peer);
	return 0;
}

static int
set_names(struct tls *t, const struct tls_options *o, struct err *err)
{
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	const char *name;
	bool any = false;

	if (params.tls_wildcard_matches_multiple_labels)
		flags |= X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS;
	SSL_set_hostflags(t->ssl, flags);
	for (name = o->names; name < o->names + o->names_len;
	    name += strlen(name) + 1) {
		if (name[0] == '\0')
			continue;
		any = true;
		if (SSL_add1_host(t->ssl, name) != 1)
			return err_set(err, ERR_CONFIG, "%s: bad name to "
			    "match: %s", o->peer, name);
	}
	/* Without one the library would take any name. */
	if (o->names_len > 0 && !any)
		return err_set(err, ERR_CONFIG, "%s: no name to match",
		    o->peer);
	return 0;
}

static int
set_options(struct tls *t, const struct tls_options *o, struct err *err)
{
	if (set_protocols(t->ssl, &o->protocols) == -1)
		return err_set(err, ERR_CONFIG, "%s: no such TLS protocol "
		    "versions", o->peer);
	if (SSL_set_cipher_list(t->ssl, o->ciphers) != 1)
		return err_set(err, ERR_CONFIG, "%s: error setting cipher "
		    "grade: \"%s\"", o->peer, o->ciphers);
	if ((t->ctx->log & TLS_LOG_VERBOSE) != 0)
		log_info("%s: TLS cipher list \"%s\"", o->peer, o->ciphers);
	if (!t->ctx->is_server || o->asks_cert)
		SSL_set_verify(t->ssl, SSL_VERIFY_PEER, tls_verify);
	if (o->servername != NULL &&
	    SSL_set_tlsext_host_name(t->ssl, o->servername) != 1)
		return err_set(err, ERR_CONFIG, "%s: bad server name \"%s\"",
		    o->peer, o->servername);
	return set_tlsa(t, o, err) == -1 ? -1 : set_names(t, o, err);
}

static int
shake_hands(struct tls *t, const struct tls_options *o, struct err *err)
{
	const char *call = t->ctx->is_server ? "SSL_accept" : "SSL_connect",
	    *side = t->ctx->is_server ? "from" : "to";
	int rc;

	stream_set_deadline(t->stream, clock_mono_ms() +
	    (int64_t)o->timeout_s * MS);
	rc = t->ctx->is_server ? SSL_accept(t->ssl) : SSL_connect(t->ssl);
	stream_set_deadline(t->stream, 0);
	if (rc == 1)
		return 0;
	if (t->errnum != 0)
		return err_set(err, ERR_EOF, "%s error %s %s: %s", call, side,
		    o->peer, strerror(t->errnum));
	if (t->saw_eof)
		return err_set(err, ERR_EOF, "%s error %s %s: lost connection",
		    call, side, o->peer);
	return err_set(err, ERR_SYNTAX, "%s error %s %s: %d", call, side,
	    o->peer, rc);
}

/*
 * A client that goes on with a session sends its part of the handshake and
 * then what it has to say; the kernel would hold that back until the former
 * is acknowledged, which a server that has nothing to say puts off.
 */
static int
attach_stream(struct tls *t)
{
	BIO *bio = BIO_new(t->ctx->bio);
	int on = 1;

	if (bio == NULL)
		return -1;
	/* Fails for a socket that is not TCP's, which waits for nobody. */
	setsockopt(stream_fd(t->stream), IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on));
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return 0;
}

struct tls *
tls_new(struct tls_ctx *ctx, const struct tls_options *o, struct err *err)
{
	struct tls *t = xcalloc(1, sizeof(*t));

	if ((ctx->log & TLS_LOG_VERBOSE) != 0)
		log_info("setting up TLS connection %s %s", ctx->is_server ?
		    "from" : "to", o->peer);
	ERR_clear_error();
	t->ctx = ctx;
	t->peer = o->peer;
	buf_init(&t->info.server_part);
	buf_init(&t->info.client_part);
	t->ssl = SSL_new(ctx->ssl);
	if (t->ssl == NULL || SSL_set_ex_data(t->ssl, slot(), t) != 1)
		err_set(err, ERR_SYSTEM, "%s: cannot allocate a TLS session",
		    o->peer);
	else if (set_options(t, o, err) == 0) {
		if (!ctx->is_server)
			tls_session_offer(t, o);
		return t;
	}
	tls_free(t);
	return NULL;
}

struct tls *
tls_start(struct tls_ctx *ctx, const struct tls_options *o, struct stream *st,
    struct err *err)
{
	struct tls *t = tls_new(ctx, o, err);
	const char *unread;

	stream_skip(st, stream_peek(st, &unread));
	if (t == NULL)
		return NULL;
	t->stream = st;
	if (attach_stream(t) == -1)
		err_set(err, ERR_SYSTEM, "%s: cannot allocate a TLS session",
		    o->peer);
	else if (shake_hands(t, o, err) == 0) {
		tls_learn(t, o);
		t->peer = NULL;
		stream_set_io(st, &(struct stream_io){ .read = io_read,
		    .write = io_write, .pending = io_pending,
		    .close = io_close, .ctx = t });
		return t;
	} else {
		tls_session_failed(t);
	}
	tls_free(t);
	return NULL;
}
