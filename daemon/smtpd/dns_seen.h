/*
 * dns_seen.h - what a session has asked of DNS, so that it asks once
 *
 * For DNS lists: their answers stand still while a client names its
 * recipients. Answers that could not be had are kept as well; the client will
 * come back in a session of its own.
 */
#ifndef DAEMON_SMTPD_DNS_SEEN_H
#define DAEMON_SMTPD_DNS_SEEN_H

#include <uthash.h>

#include "lib/net/dns.h"

struct dns_seen {
	UT_hash_handle	 hh;
	enum dns_result	 result;
	struct dns_answer answer;
	char		*why;		/* of a failure: the resolver's sentence */
	char		 key[];		/* "type name" */
};

/* dns_seen_ask - the answer, from memory or from DNS; borrowed until dns_seen_free */
const struct dns_seen *dns_seen_ask(struct dns_seen **seen, const char *name,
	    int type);
void	dns_seen_free(struct dns_seen **seen);

#endif
