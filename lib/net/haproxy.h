/*
 * haproxy.h - the line or block in front of a connection that a load balancer
 * passes on: whose connection it is
 *
 * Versions 1 (text) and 2 (binary) of the PROXY protocol, as written down with
 * HAProxy 2.x (doc/proxy-protocol.txt). Pure: bytes in, addresses out.
 */
#ifndef LIB_NET_HAPROXY_H
#define LIB_NET_HAPROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/net/netaddr.h"

struct err;

struct haproxy {
	bool		 is_proxied;	/* false: the balancer's own, a health check */
	struct netaddr	 client, server;	/* with ports */
};

/*
 * haproxy_parse - read the header at data
 *
 * used		out: its length, when it is complete
 *
 * Returns 1 when it is complete, 0 when more bytes are needed, or -1 with
 * ERR_SYNTAX: this is no such header.
 */
int	haproxy_parse(struct haproxy *out, const char *data, size_t len,
	    size_t *used, struct err *err);

#endif
