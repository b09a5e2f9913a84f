/*
 * tls_async.h - TLS over a socket that does not block, for event loops
 *
 *	tls_async_new --> tls_async_handshake until TLS_ASYNC_DONE
 *	              --> tls_async_read, tls_async_write --> tls_async_free
 *
 * A call that cannot go on says which event it waits for, and is repeated
 * then. The rest is as in tls.h.
 */
#ifndef LIB_NET_TLS_ASYNC_H
#define LIB_NET_TLS_ASYNC_H

#include <stddef.h>

#include "lib/net/tls.h"

struct tls_async;

enum tls_async_result {
	TLS_ASYNC_DONE,
	TLS_ASYNC_WANTS_READ,	/* the socket has to become readable first */
	TLS_ASYNC_WANTS_WRITE,
	TLS_ASYNC_EOF,		/* the peer has said goodbye, or is just gone */
	TLS_ASYNC_FAILED	/* tls_log_problems may know why */
};

/*
 * tls_async_new - a session over fd, which stays the caller's
 *
 * o		timeout_s does not count; what it points to is used up to the
 *		end of the handshake
 *
 * Returns NULL with err, a line for the log.
 */
struct tls_async	*tls_async_new(struct tls_ctx *ctx,
		    const struct tls_options *o, int fd, struct err *err);
/* tls_async_handshake - logs what was agreed on, when it is done */
enum tls_async_result	tls_async_handshake(struct tls_async *a);
/* tls_async_read, tls_async_write - *n: how many bytes, of TLS_ASYNC_DONE; a write is repeated with the same bytes */
enum tls_async_result	tls_async_read(struct tls_async *a, void *data,
		    size_t len, size_t *n);
enum tls_async_result	tls_async_write(struct tls_async *a, const void *data,
		    size_t len, size_t *n);
/* tls_async_free - says goodbye, if that can be done at once; NULL is fine */
void	tls_async_free(struct tls_async *a);

#endif
