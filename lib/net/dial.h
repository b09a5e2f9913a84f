/*
 * dial.h - connect to a server that main.cf names: policy servers, filters
 */
#ifndef LIB_NET_DIAL_H
#define LIB_NET_DIAL_H

struct err;

/*
 * dial - connect with a time limit; each address of a host is tried
 *
 * endpoint	"unix:path", "inet:host:port" or "host:port"
 * port		a number or a name of /etc/services
 *
 * Returns a descriptor, or -1 with ERR_SYSTEM or, when endpoint cannot be
 * understood or found, ERR_CONFIG, ERR_NOT_FOUND, ERR_RETRY.
 */
int	dial(const char *endpoint, int timeout_s, struct err *err);

#endif
