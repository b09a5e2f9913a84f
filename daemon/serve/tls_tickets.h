/*
 * tls_tickets.h - the keys of session tickets, asked of tlsmgr
 */
#ifndef DAEMON_SERVE_TLS_TICKETS_H
#define DAEMON_SERVE_TLS_TICKETS_H

#include <stdbool.h>

struct tls_ticket_key;

/*
 * tls_tickets_key - for struct tls_setup
 *
 * name		NULL: the key to make tickets with now
 *
 * Returns false when there is none, or nobody answers; that is logged once in
 * a while.
 */
bool	tls_tickets_key(void *ctx, const unsigned char *name,
	    struct tls_ticket_key *out);

#endif
