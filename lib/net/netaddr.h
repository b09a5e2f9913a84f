/*
 * netaddr.h - socket addresses: parse, print, connect, own addresses
 */
#ifndef LIB_NET_NETADDR_H
#define LIB_NET_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct err;

struct netaddr {
	struct sockaddr_storage	ss;
	socklen_t		len;
};

#define NETADDR_TEXT_SIZE 64	/* "2001:db8::1%lo" fits */

/* netaddr_parse - numeric IPv4 or IPv6 text, with or without [ ]; port 0..65535 */
int	netaddr_parse(struct netaddr *a, const char *ip, int port,
	    struct err *err);
/* netaddr_text - printable address without brackets */
const char	*netaddr_text(const struct netaddr *a,
		    char out[NETADDR_TEXT_SIZE]);
/*
 * netaddr_reversed - the name that DNS has for an address, without its zone:
 * "4.3.2.1"; of IPv6 each half byte (RFC 1035 3.5, RFC 3596 2.5, RFC 5782 2.1)
 *
 * Returns -1 when it is no IP address.
 */
#define NETADDR_REVERSED_SIZE 64
int	netaddr_reversed(const struct netaddr *a,
	    char out[NETADDR_REVERSED_SIZE]);
int	netaddr_port(const struct netaddr *a);
/* netaddr_unmap - an IPv4 client of an IPv6 socket (::ffff:192.0.2.1) is an IPv4 client */
void	netaddr_unmap(struct netaddr *a);
bool	netaddr_is_loopback(const struct netaddr *a);
bool	netaddr_same_host(const struct netaddr *a, const struct netaddr *b);

/* netaddr_wants - inet_protocols: is this address family enabled? */
bool	netaddr_wants(int family);

/*
 * netaddr_own - addresses of this host's inet_interfaces (0 for -1, an array
 * that the caller frees otherwise)
 *
 * with_proxy	also proxy_interfaces
 */
struct netaddr	*netaddr_own(bool with_proxy, size_t *count);

/*
 * netaddr_connect - connect with a time limit
 *
 * from		address to bind to, NULL: the system chooses
 * timeout_s	0: none
 *
 * Returns a blocking descriptor without limits of its own, or -1: ERR_TIMEOUT,
 * ERR_CONFIG (from cannot be bound) or ERR_SYSTEM, errnum set.
 */
int	netaddr_connect(const struct netaddr *to, const struct netaddr *from,
	    int timeout_s, struct err *err);
/* netaddr_connect_unix - the same for the path of a UNIX-domain socket */
int	netaddr_connect_unix(const char *path, int timeout_s, struct err *err);

/* netaddr_service - port of a number, a name in known_tcp_ports or of the system (tcp), -1 when unknown */
int	netaddr_service(const char *service);

#endif
