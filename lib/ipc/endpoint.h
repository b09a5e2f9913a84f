/*
 * endpoint.h - reach a service: connect, trigger (spec/services.md 2)
 *
 * Paths are "public/NAME" and "private/NAME" below the queue directory, which
 * is the working directory of every daemon; commands chdir there first.
 */
#ifndef LIB_IPC_ENDPOINT_H
#define LIB_IPC_ENDPOINT_H

#include <stddef.h>

struct attrs;
struct buf;
struct err;
struct stream;

/* endpoint_connect - stream to CLASS/NAME with ipc_timeout, or NULL with err */
struct stream	*endpoint_connect(const char *class, const char *name,
		    struct err *err);
/*
 * endpoint_connect_greeted - connect and check the greeting protocol
 *
 * timeout_s	for each read and write, the greeting's too; ipc_timeout unless
 *		the answer is not worth that wait
 *
 * A server that greets with anything else, or not at all, is an error.
 */
struct stream	*endpoint_connect_greeted(const char *class, const char *name,
		    const char *protocol, int timeout_s, struct err *err);
/*
 * endpoint_ask - one request list, one reply list, on a connection of its own
 *
 * max_bytes	of the reply
 * reply	initialised; the caller's to free in any case
 *
 * Returns 0, or -1 with err, which names the service.
 */
int	endpoint_ask(const char *class, const char *name,
	    const char *protocol, const struct buf *request, int timeout_s,
	    size_t max_bytes, struct attrs *reply, struct err *err);
/*
 * endpoint_trigger - wake a service with bytes; socket, FIFO by file type
 *
 * timeout_s	for connect and write (trigger_timeout; master uses 1)
 * linger_ms	how long to wait for the server to close, 0: return at once,
 *		leaving the close to the kernel
 *
 * Returns 0 or -1 with the warning's text in err.
 */
int	endpoint_trigger(const char *class, const char *name,
	    const char *bytes, size_t len, int timeout_s, int linger_ms,
	    struct err *err);
/*
 * endpoint_trigger_pass - the same for a service of type "pass"
 *
 * Such a service takes a descriptor over its socket: it gets the read end of
 * a pipe that holds the bytes and the final NUL.
 */
int	endpoint_trigger_pass(const char *class, const char *name,
	    const char *bytes, size_t len, int timeout_s, struct err *err);

#endif
