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

struct session_terms {		/* of all sessions */
	const struct tls_service *service;	/* whose certificate clients see; ctx NULL: nobody gets TLS */
	bool		 asks_cert;	/* of clients */
	bool		 explains;	/* log why a client's is not trusted */
};

/* session_accept - a server has connected and will say what it wants; terms are kept by reference */
void	session_accept(struct event_base *base,
	    const struct session_terms *terms, int sock);

#endif
