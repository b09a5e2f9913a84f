/*
 * tls_ticket.h - the key that a server seals session tickets with (RFC 5077 4)
 *
 * All servers of a system have to have the same; where it comes from is not
 * known here.
 */
#ifndef LIB_NET_TLS_TICKET_H
#define LIB_NET_TLS_TICKET_H

#include <stdint.h>

struct tls_ticket_key {		/* in this form between processes, too */
	unsigned char	 name[16];	/* in each ticket, in the clear */
	unsigned char	 cipher[32];
	unsigned char	 mac[32];
	int64_t		 expires;	/* no new tickets from then on */
};

#endif
