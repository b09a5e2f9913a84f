/*
 * dns_internal.h - between the files of dns.h
 *
 *	dns.c asks  -->  dns_reply.c takes the reply apart  -->  dns_answer.c: records
 *	      '------->  dns_hosts.c: the hosts file        ----'
 */
#ifndef LIB_NET_DNS_INTERNAL_H
#define LIB_NET_DNS_INTERNAL_H

#include <stdbool.h>

#include "lib/net/dns.h"

struct err;
struct netaddr;

#define DNS_CNAME_MAX	10	/* aliases of aliases: then it is a loop */
#define DNS_REPLY_SIZE	65535

#define DNS_NO_ANSWER	((struct dns_answer){ .ttl_s = -1 })

/* dns_answer_add - one more record, with copies of name and data; the rest of it is zero */
struct dns_rr	*dns_answer_add(struct dns_answer *a, int type,
		    const char *name, const char *data);
/* dns_answer_move - append all records of from, which is left empty */
void		 dns_answer_move(struct dns_answer *to,
		    struct dns_answer *from);
void		 dns_rr_done(struct dns_rr *rr);

/* dns_type_name - "MX", "TYPE99"; out is only used for the latter */
const char	*dns_type_name(int type, char out[12]);
/* dns_failure - fill err for a result other than DNS_FOUND, and return it */
enum dns_result	 dns_failure(enum dns_result result, const char *name,
		    int type, struct err *err);
/*
 * dns_is_host_name - letters, digits, hyphen, underscore; labels of 1..63
 *
 * All digits will do, unlike in an address: servers answer for such names.
 */
bool		 dns_is_host_name(const char *name);

/* dns_hosts_addresses - append what the hosts file has for name, as inet_protocols allows; false: nothing */
bool		 dns_hosts_addresses(const char *name, struct dns_answer *out);
/* dns_hosts_names - append the first name of an address; false: there is none */
bool		 dns_hosts_names(const struct netaddr *addr,
		    struct dns_answer *out);

#endif
