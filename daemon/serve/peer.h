/*
 * peer.h - who is at the other end: addresses and names of one connection
 */
#ifndef DAEMON_SERVE_PEER_H
#define DAEMON_SERVE_PEER_H

#include <stdbool.h>
#include <sys/socket.h>

struct attrs;
struct haproxy;

/* How a name came out; the digits are those of the SMTP code a rule would use. */
enum peer_name {
	PEER_NAME_OK	= 2,
	PEER_NAME_RETRY	= 4,	/* could not be looked up now */
	PEER_NAME_NONE	= 5,	/* there is none */
	PEER_NAME_FORGED = 6	/* it does not lead back to the address */
};

struct peer {
	char		*name;		/* verified, else "unknown" */
	char		*reverse_name;	/* as the PTR record says, else "unknown" */
	char		*addr;		/* "192.0.2.1", "2001:db8::1", "unknown" */
	char		*rfc_addr;	/* "IPv6:2001:db8::1": as in Received: */
	char		*port;
	char		*server_addr, *server_port;
	char		*namaddr;	/* "name[addr]", with port when that is logged */
	bool		 shows_port;	/* in namaddr */
	int		 family;	/* AF_INET, AF_INET6, AF_UNSPEC */
	enum peer_name	 name_status, reverse_status;
};

enum peer_flags {
	PEER_LOOK_UP	= 1,	/* the name of the address */
	PEER_SHOW_PORT	= 2	/* in namaddr */
};

/*
 * peer_init - from a connected socket
 *
 * client	NULL for no socket: then it is localhost[127.0.0.1]
 * passed	what came with a passed descriptor, or NULL
 * proxied	what a load balancer said, or NULL
 * flags	PEER_*
 */
void	peer_init(struct peer *p, int fd, const struct sockaddr *client,
	    socklen_t len, const struct attrs *passed,
	    const struct haproxy *proxied, unsigned flags);
/* peer_set - take name and address as told (XCLIENT, tests); NULL leaves a field */
void	peer_set_name(struct peer *p, const char *name,
	    enum peer_name status);
void	peer_set_reverse(struct peer *p, const char *name,
	    enum peer_name status);
/* peer_set_addr - 0, or -1 when it is no address */
int	peer_set_addr(struct peer *p, const char *addr);
void	peer_set_port(struct peer *p, const char *port);
void	peer_done(struct peer *p);

#endif
