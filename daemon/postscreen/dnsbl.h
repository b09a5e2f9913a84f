/*
 * dnsbl.h - what DNS lists say about a client, without waiting
 *
 * Each list is asked by a dnsblog process. Clients with the same address
 * share the questions and the answers; a list that does not answer within
 * postscreen_dnsbl_timeout does not count.
 */
#ifndef DAEMON_POSTSCREEN_DNSBL_H
#define DAEMON_POSTSCREEN_DNSBL_H

#include <stdbool.h>

struct dnsbl_ask;
struct dnsbl_sites;
struct event_base;

struct dnsbl_answer {
	bool		 is_complete;	/* all lists have answered, or not in time */
	int		 score;
	int		 ttl_s;		/* how long that holds, between ..._min_ttl and ..._max_ttl */
	const char	*domain;	/* the list that counted most, NULL: none did */
};

/*
 * dnsbl_start - ask about an address
 *
 * sites	kept by reference; the same each time
 * done		called when the answer is complete; never before this returns
 */
struct dnsbl_ask	*dnsbl_start(struct event_base *base,
		    const struct dnsbl_sites *sites, const char *address,
		    void (*done)(void *ctx), void *ctx);
/* dnsbl_answer - as far as it is known now */
void		 dnsbl_answer(const struct dnsbl_ask *ask,
		    struct dnsbl_answer *out);
/* dnsbl_stop - the client wants to know no more; NULL is fine */
void		 dnsbl_stop(struct dnsbl_ask *ask);

#endif
