/*
 * dnsbl_sites.h - postscreen_dnsbl_sites: which DNS lists are asked, which
 * of their answers count, and how much
 *
 *	bl.example=127.0.0.[2..4]*2	these answers, weight 2
 *	dnswl.example*-3		any answer speaks for the client
 *
 * A list that is named more than once is asked once. No I/O here.
 */
#ifndef DAEMON_POSTSCREEN_DNSBL_SITES_H
#define DAEMON_POSTSCREEN_DNSBL_SITES_H

#include <stddef.h>

struct dnsbl_sites;
struct err;

/*
 * dnsbl_sites_parse - NULL with ERR_SYNTAX: 'bad DNSBL weight factor "x" in
 * "bl.example*x"' and its kin, as the administrator reads it
 */
struct dnsbl_sites	*dnsbl_sites_parse(const char *list, struct err *err);
void		 dnsbl_sites_free(struct dnsbl_sites *sites);

/* dnsbl_sites_count - how many lists are asked; dnsbl_sites_domain - the nth, 0 first */
size_t		 dnsbl_sites_count(const struct dnsbl_sites *sites);
const char	*dnsbl_sites_domain(const struct dnsbl_sites *sites, size_t n);
/*
 * dnsbl_sites_score - what the answer of the nth list adds to a client's score
 *
 * addresses	separated by blanks; "" for a client that is not listed
 */
int		 dnsbl_sites_score(const struct dnsbl_sites *sites, size_t n,
		    const char *addresses);

#endif
