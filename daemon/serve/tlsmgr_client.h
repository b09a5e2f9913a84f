/*
 * tlsmgr_client.h - ask the tlsmgr service, which TLS can do without
 */
#ifndef DAEMON_SERVE_TLSMGR_CLIENT_H
#define DAEMON_SERVE_TLSMGR_CLIENT_H

#include <stdbool.h>

struct attrs;
struct buf;

/*
 * tlsmgr_ask - one request, one reply
 *
 * request	a whole list
 * reply	initialised; the caller's to free in any case
 *
 * Returns true when there is a reply, whose status is TLSMGR_OK. A service
 * that fails is logged, and not asked again for a while.
 */
bool	tlsmgr_ask(const struct buf *request, struct attrs *reply);
/* tlsmgr_data - replace out with the bytes of a reply's attribute; false: they are not there, or none */
bool	tlsmgr_data(const struct attrs *reply, const char *name,
	    struct buf *out);

#endif
