/*
 * session.h - one connection between a client that encrypts and a server that does not
 *
 *	        +----------- session --------------+
 *	client <=> fd   tls   up   ------->        |
 *	        |             down <-------   sock <=> postscreen
 *	        +----------------------------------+
 *
 * Each direction holds one buffer: what cannot be sent on is not read either.
 */
#ifndef DAEMON_TLSPROXY_SESSION_H
#define DAEMON_TLSPROXY_SESSION_H

#include <stdbool.h>

struct event_base;
struct tls_service;

/*
 * session_accept - a server has connected and will say what it wants
 *
 * service	whose certificate clients see; ctx NULL: nobody gets TLS. Kept by reference
 * asks_cert	of clients
 */
void	session_accept(struct event_base *base,
	    const struct tls_service *service, bool asks_cert, int sock);

#endif
