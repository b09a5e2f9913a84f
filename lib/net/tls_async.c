/*
 * tls_async.c - TLS over a socket that does not block, for event loops
 *
 * SPDX-License-Identifier: ISC
 */
#include "lib/net/tls_async.h"

#include <stdbool.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/tls_internal.h"

struct tls_async {
	struct tls	*tls;
	struct tls_options options;
	bool		 is_up, has_failed;
};

struct tls_async *
tls_async_new(struct tls_ctx *ctx, const struct tls_options *o, int fd,
    struct err *err)
{
	struct tls_async *a;
	struct tls *t = tls_new(ctx, o, err);

	if (t == NULL)
		return NULL;
	if (SSL_set_fd(t->ssl, fd) != 1) {
		err_set(err, ERR_SYSTEM, "%s: cannot allocate a TLS session",
		    o->peer);
		tls_free(t);
		return NULL;
	}
	/* What is written may have moved when it is tried again. */
	SSL_set_mode(t->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
	    SSL_MODE_ENABLE_PARTIAL_WRITE);
	if (ctx->is_server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	a = xcalloc(1, sizeof(*a));
	a->tls = t;
	a->options = *o;
	return a;
}

static enum tls_async_result
why_not(struct tls_async *a, int rc)
{
	switch (SSL_get_error(a->tls->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return TLS_ASYNC_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_ASYNC_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ASYNC_EOF;
	case SSL_ERROR_SYSCALL:
		a->has_failed = true;
		return TLS_ASYNC_EOF;
	default:
		a->has_failed = true;
		/* A peer that just closes is nothing to talk about. */
		if (ERR_GET_REASON(ERR_peek_error()) ==
		    SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			return TLS_ASYNC_EOF;
		}
		return TLS_ASYNC_FAILED;
	}
}

enum tls_async_result
tls_async_handshake(struct tls_async *a)
{
	int rc;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(a->tls->ssl)) != 1)
		return why_not(a, rc);
	tls_learn(a->tls, &a->options);
	a->tls->peer = NULL;
	a->is_up = true;
	return TLS_ASYNC_DONE;
}

enum tls_async_result
tls_async_read(struct tls_async *a, void *data, size_t len, size_t *n)
{
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(a->tls->ssl, data, len, n);
	return rc == 1 ? TLS_ASYNC_DONE : why_not(a, rc);
}

enum tls_async_result
tls_async_write(struct tls_async *a, const void *data, size_t len, size_t *n)
{
	int rc;

	ERR_clear_error();
	rc = SSL_write_ex(a->tls->ssl, data, len, n);
	return rc == 1 ? TLS_ASYNC_DONE : why_not(a, rc);
}

void
tls_async_free(struct tls_async *a)
{
	if (a == NULL)
		return;
	/* RFC 8446 6.1, unless the session is broken. */
	if (a->is_up && !a->has_failed)
		SSL_shutdown(a->tls->ssl);
	ERR_clear_error();
	tls_free(a->tls);
	free(a);
}
