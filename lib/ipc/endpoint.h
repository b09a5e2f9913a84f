/*
 * endpoint.h - reach a service: connect, trigger (spec/services.md 2)
 *
 * Paths are "public/NAME" and "private/NAME" below the queue directory, which
 * is the working directory of every daemon; commands chdir there first.
 */
#ifndef LIB_IPC_ENDPOINT_H
#define LIB_IPC_ENDPOINT_H

#include <stddef.h>

struct err;
struct stream;

/* endpoint_connect - stream to CLASS/NAME with ipc_timeout, or NULL with err */
struct stream	*endpoint_connect(const char *class, const char *name,
		    struct err *err);
/*
 * endpoint_connect_greeted - connect and check the greeting protocol
 *
 * A peer from before 3.6 that sends none is accepted when is_optional is set
 * by the caller's knowledge of the service; see attr.h for what was read.
 */
struct stream	*endpoint_connect_greeted(const char *class, const char *name,
		    const char *protocol, struct err *err);
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

#endif
