/*
 * rewrite_client.h - ask the trivial-rewrite service, over one kept connection
 *
 * Used by the module itself when master.cf gives that service options which
 * this process does not have. Protocol: spec/services.md 3.5.
 */
#ifndef LIB_ROUTE_REWRITE_CLIENT_H
#define LIB_ROUTE_REWRITE_CLIENT_H

#include <stdbool.h>

#include "lib/route/rewrite.h"

/* Both return false, after a warning, when the service does not answer. */

/* rewrite_client_address - external form to external form */
bool	rewrite_client_address(enum rewrite_rule rule, const char *address,
	    struct buf *out);
/* rewrite_client_resolve - as rewrite_resolve */
bool	rewrite_client_resolve(const char *sender, const char *address,
	    bool is_probe, struct resolve_reply *out);

#endif
